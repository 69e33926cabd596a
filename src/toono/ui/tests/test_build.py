"""What the build leaves behind: small, ours, and made once."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import brotli
import pytest
from fontTools.ttLib import TTFont

from toono.ui import api, build
from toono.ui.messages import used

KB = 1024
MONGOLIAN = "АБВГДЕЁЖЗИЙКЛМНОӨПРСТУҮФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмноөпрстуүфхцчшщъыьэюя"


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    build.build()


def _file(name: str) -> Path:
    return build.ROOT / api.static(name).removeprefix("/static/")


@pytest.mark.parametrize(("name", "limit"), [("toono.css", 15 * KB), ("toono.js", 12 * KB), ("favicon.svg", 4 * KB)])
def test_what_travels_compressed_is_within_its_weight(name: str, limit: int) -> None:
    path = _file(name)
    compressed = path.with_name(path.name + ".br").read_bytes()
    assert brotli.decompress(compressed) == path.read_bytes()
    assert len(compressed) <= limit
    assert path.with_name(path.name + ".gz").stat().st_size <= limit


@pytest.mark.parametrize("weight", ["400", "700"])
def test_each_font_is_small_and_has_every_letter_that_pages_use(weight: str) -> None:
    path = _file(f"noto-{weight}.woff2")
    assert path.stat().st_size <= 15 * KB
    letters = set(TTFont(path).getBestCmap())
    assert {ord(c) for c in MONGOLIAN + "₮№«»–…" + "".join(map(chr, range(0x20, 0x7F)))} <= letters
    texts = {c for room in ("ui", "channels") for m in used(room) for c in "".join(m)}
    assert {c for c in texts if ord(c) not in letters} == set()


def test_documents_get_whole_fonts_with_kazakh_letters_and_their_licence() -> None:
    for name in ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"):
        assert {ord(c) for c in MONGOLIAN + "ӘәҒғҚқҢңҰұҺһІі₮№"} <= set(TTFont(api.font_folder() / name).getBestCmap())
    assert "SIL Open Font License" in (api.font_folder() / "OFL.txt").read_text()


def test_names_carry_the_hash_of_their_content_so_that_they_may_be_kept_for_ever() -> None:
    names = json.loads(build.MANIFEST.read_text())
    assert set(names) == {"toono.css", "toono.js", "favicon.svg", "noto-400.woff2", "noto-700.woff2"}
    for plain, hashed in names.items():
        assert hashed == build._hashed(plain, (build.ROOT / hashed).read_bytes())
        assert re.fullmatch(r".+\.[0-9a-f]{12}\..+", hashed)


def test_nothing_that_belongs_to_another_government_is_shipped() -> None:
    style = _file("toono.css").read_text()
    assert "GDS Transport" not in style and "crown" not in style.lower().replace("crown copyright", "")
    assert "govuk-frontend" in style[:200] and "MIT" in style[:200]
    assert set(re.findall(r"url\(\"?([^)\"]+)", style)) == {Path(api.static(f"noto-{w}.woff2")).name for w in ("400", "700")}


def test_the_lock_file_names_no_address_of_an_index() -> None:
    lock = json.loads((build.HERE / "package-lock.json").read_text())
    assert all("resolved" not in package and (name == "" or "integrity" in package) for name, package in lock["packages"].items())


def test_a_second_build_takes_a_moment_and_changes_nothing() -> None:
    before, begun = build.MANIFEST.stat().st_mtime_ns, time.monotonic()
    build.build()
    assert time.monotonic() - begun < 1
    assert build.MANIFEST.stat().st_mtime_ns == before


def test_a_catalogue_that_changed_is_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "room/locale/en/LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Тооно"\nmsgstr "Toono"\n'
    )
    monkeypatch.setattr(build, "SOURCE", tmp_path)
    build.make_catalogues()
    assert b"Toono" in (folder / "django.mo").read_bytes()
