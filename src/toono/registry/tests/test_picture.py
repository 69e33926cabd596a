"""The picture of who calls whom: every pair one line, the thicker the more it calls, and nothing that a name could break out with."""

from __future__ import annotations

from lxml import etree

from toono.registry.contracts import Link
from toono.registry.web.picture import MOST_LINKS, THICKEST, THINNEST, drawing, edges, stroke

NAMES = {
    "bank": "Банк <b>&", "register": "Бүртгэл", "MN/COM/bank/loans": "Банк <b>&, Зээл", "MN/COM/bank/cards": "Банк <b>&, Карт",
    "MN/GOV/register/p/address": "Хаяг", "MN/GOV/register/p/person": "Хүн " * 40,
}  # fmt: skip
LINKS = tuple(
    Link(consumer=f"MN/COM/bank/{consumer}", service=f"MN/GOV/register/p/{service}", agreements=1)
    for consumer, service in (("loans", "address"), ("loans", "person"), ("cards", "address"))
)
CALLS = {("MN/COM/bank/loans", "MN/GOV/register/p/person"): 1000, ("MN/COM/bank/cards", "MN/GOV/register/p/address"): 10}
SVG = "{http://www.w3.org/2000/svg}"


def drawn(calls: dict[tuple[str, str], int]) -> etree._Element:
    return etree.fromstring(
        drawing(edges(LINKS, calls, NAMES), title="Зураг", description="Үгээр").replace(
            "<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1
        )
    )


def test_every_pair_is_one_line_and_every_node_one_point() -> None:
    picture = drawn(CALLS)
    assert len(picture.findall(f"{SVG}path")) == 3
    assert len(picture.findall(f"{SVG}circle")) == 4
    heads = [t for t in picture.findall(f"{SVG}text") if t.get("font-weight")]
    assert [t.findtext(f"{SVG}title") for t in heads] == ["Банк <b>&", "Бүртгэл"], "an organisation is named once on its side"


def test_a_name_is_text_and_a_long_one_is_cut_but_told_whole() -> None:
    texts = {"".join(t.itertext()) for t in drawn({}).findall(f"{SVG}text")}
    assert "Хүн " * 40 + ("Хүн " * 40)[:41] + "…" in texts
    assert "ЗээлЗээл" in texts, "a system stands under its organisation without its name"


def test_who_calls_more_has_the_thicker_line_and_stands_first() -> None:
    found = edges(LINKS, CALLS, NAMES)
    assert [e.calls for e in found] == [1000, 10, 0]
    widths = [stroke(e.calls, 1000) for e in found]
    assert widths[0] == THICKEST > widths[1] > widths[2] == THINNEST


def test_where_nobody_counts_all_lines_are_alike() -> None:
    found = edges(LINKS, {}, NAMES)
    assert {e.calls for e in found} == {None}
    assert len({p.get("stroke-width") for p in drawn({}).findall(f"{SVG}path")}) == 1


def test_nothing_in_it_needs_a_style_or_a_script() -> None:
    picture = drawn(CALLS)
    assert not [e for e in picture.iter() if "style" in e.attrib or e.tag in (f"{SVG}script", f"{SVG}style")]
    assert drawing((), title="x", description="y").startswith("<svg") and MOST_LINKS < 100
