"""What a draft may be at all: small, plain, and a template that only speaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from toono.services.adapters import archives, typesetter
from toono.services.domain import admission, conditions, templates
from toono.services.domain.definition import Definition
from toono.services.domain.drafts import NAMES, Lines, Place, draft
from toono.services.tests.catalogue import CATALOGUE
from toono.services.tests.published import definition

HEAD = '#import "letterhead.typ": letter, data\n\n'


@pytest.mark.parametrize("path", sorted(CATALOGUE.glob("*/*/document.typ")), ids=lambda path: path.parent.name)
def test_every_template_of_the_catalogue_is_plain(path: Path) -> None:
    assert list(templates.problems(path.read_text())) == []


@pytest.mark.parametrize(
    "piece",
    [
        '#read("/etc/passwd")', '#include "/etc/passwd"', '#image("a.png")', '#json("x")', '#plugin("x.wasm")', '#import "@preview/cetz:0.2.2": *',
        "#let x = 1", "#while true {}", "#{ 1 }", "#(1)", "#show: it => it", "#sys.inputs", '#letter[a](read("x"))', '#letter[a].with(read("x"))',
        '#strong[a](read("x"))', '#data.x.replace(read("x"), "")', '#data.x.at(read("x"))', '$ read("x") $', '\\\\#read("x")', "#letter", "#eval(\"1\")",
    ],
)  # fmt: skip
def test_a_template_cannot_read_loop_or_fetch(piece: str) -> None:
    assert list(templates.problems(f"{HEAD}#letter[ Эхлэл {piece} төгсгөл ]"))


@pytest.mark.parametrize("piece", ["\\#5", "100 \\$", "#strong[Чухал].", "#data.facts_day;-нд", "#linebreak()", "[тэмдэглэл] (хаалт)"])
def test_a_template_may_say_what_it_likes(piece: str) -> None:
    assert list(templates.problems(f"{HEAD}#letter[ {piece} ]")) == []


def test_a_template_without_the_letterhead_is_named() -> None:
    assert [where for where, _ in templates.problems("#letter[x]")] == ["line 1"]


def test_a_file_that_holds_itself_is_not_read() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    found = admission.unfit({"service.yaml": bomb}, template="document.typ")
    assert [(one.rule, one.where) for one in found] == [("yaml", "line 1")]


@pytest.mark.parametrize(
    "text", ["x: !!python/object:os.system 1\n", "[" * 30 + "]" * 30, "- a\n" * 20_001, "x: " + "a" * admission.FILE_BYTES]
)
def test_what_is_tagged_deep_or_large_is_not_read(text: str) -> None:
    assert admission.unfit({"service.yaml": text}, template="document.typ")


def test_a_loop_in_a_loop_is_refused_and_one_loop_is_not() -> None:
    once, twice = "facts.a.items.exists(f, f.x > 1)", "facts.a.items.exists(f, facts.a.items.all(g, g.x == f.x))"
    assert (conditions.loops(once), conditions.loops(twice)) == (1, 2)
    made = definition(stops=[{"code": "slow", "when": twice, "text": {"mn": "а", "en": "a"}, "instead": {"mn": "а", "en": "a"}}])
    assert [one.where for one in admission.costly(Definition.model_validate(made), "service.yaml")] == ["stops.slow.when"]


def test_brackets_without_end_are_refused_with_a_sentence() -> None:
    deep = "(" * 200 + "true" + ")" * 200
    made = definition(stops=[{"code": "deep", "when": deep, "text": {"mn": "а", "en": "a"}, "instead": {"mn": "а", "en": "a"}}])
    assert "too deep" in admission.costly(Definition.model_validate(made), "service.yaml")[0].message


def _files(service: str = "dundgovi/water-use-permit") -> dict[str, str]:
    return {name: (CATALOGUE / service / name).read_text() for name in NAMES}


PLACE = Place(level="dundgovi", code="water-use-permit", organisation="dundgovi-environment", published=1)


def test_the_files_of_the_catalogue_are_a_draft_without_findings() -> None:
    found = draft(PLACE, _files())
    assert found.findings == () and found.read is not None


def test_bad_yaml_is_a_finding_with_its_line() -> None:
    found = draft(PLACE, {**_files(), "service.yaml": "language: 1\ncode: [\n"})
    assert found.definition is None and found.findings[0].rule == "yaml" and found.findings[0].where.startswith("line ")


def test_another_organisations_name_an_old_version_and_another_code_are_findings() -> None:
    found = draft(Place(level="dundgovi", code="x", organisation="y", published=7), _files())
    assert sorted(one.where for one in found.findings) == ["code", "organisation", "version"]


def test_a_finding_leads_to_its_line() -> None:
    text = _files()["service.yaml"]
    lines = Lines(text)
    number = lines.of("questions.amount.when")
    assert number is not None and text.splitlines()[number - 1].strip() == "- code: amount"
    assert text.splitlines()[(lines.of("term.working_hours") or 0) - 1].strip() == "working_hours: 40"
    assert lines.of("line 7") == 7 and Lines("[").of("questions") is None


# -- archives ----------------------------------------------------------------------------------------------------


def test_an_archive_gives_back_what_was_packed() -> None:
    assert archives.unpacked(archives.packed("dundgovi/water-use-permit", _files()), NAMES) == _files()


def _zip(entries: dict[str, bytes]) -> bytes:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"PK\x03\x04nothing", _zip({"a/service.yaml": b"x" * 50_000_000}), _zip({"a/service.yaml": b"\xff\xfe"}),
        _zip({"a/service.yaml": b"x", "b/service.yaml": b"x"}), _zip({f"a/{n}": b"x" for n in range(30)}), _zip({"readme": b"x"}),
    ],
)  # fmt: skip
def test_what_is_no_archive_of_one_service_is_refused(content: bytes) -> None:
    with pytest.raises(archives.Unreadable):
        archives.unpacked(content, NAMES)


def test_names_that_climb_out_are_only_names() -> None:
    assert archives.unpacked(_zip({"../../etc/service.yaml": b"language: 1"}), NAMES) == {"service.yaml": "language: 1"}


# -- the typesetter ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/pyproject.toml", "pyproject.toml", "/etc/hostname", "../../../../../etc/hostname"])
def test_the_typesetter_reads_no_file_even_where_a_template_asks(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from toono.services.errors import CatalogueError

    monkeypatch.chdir(CATALOGUE.parent)
    with pytest.raises(CatalogueError):
        typesetter.picture(template=f'#read("{path}")', data={"url": "https://toono.example/d/X"})
