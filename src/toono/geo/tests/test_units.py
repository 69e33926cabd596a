"""Administrative units: all of them, in Mongolian order, found however they are typed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from toono.geo.contracts import Kind, Level
from toono.geo.errors import UnitDataWrong

if TYPE_CHECKING:
    from tests.stage import Stack

HEAD = "code,level,type,name_mn,name_en,parent_code,iso_3166_2,nso_code\n"


def test_every_unit_is_there(stack: Stack) -> None:
    from toono.geo import api as geo

    assert [len(geo.units(level=level)) for level in Level] == [22, 339, 1842]
    kinds = [u.kind for u in geo.units()]
    assert {k: kinds.count(k) for k in Kind} == {
        Kind.AIMAG: 21, Kind.CAPITAL: 1, Kind.SOUM: 330, Kind.DISTRICT: 9, Kind.BAG: 1638, Kind.KHOROO: 204,
    }  # fmt: skip


def test_a_unit_is_found_by_its_code(stack: Stack) -> None:
    from toono.geo import api as geo

    dundgovi = geo.unit("48")
    assert dundgovi
    assert (dundgovi.name_mn, dundgovi.name_en, dundgovi.iso_3166_2) == ("Дундговь", "Dundgovi", "MN-059")
    for code in ("", "99", "4", "48015", "0048", "48%"):
        assert geo.unit(code) is None


def test_aimags_stand_in_the_order_of_the_mongolian_alphabet(stack: Stack) -> None:
    from toono.geo import api as geo

    names = [u.name_mn for u in geo.units(level=Level.AIMAG)]
    assert names == [
        "Архангай", "Баян-Өлгий", "Баянхонгор", "Булган", "Говь-Алтай", "Говьсүмбэр", "Дархан-Уул", "Дорноговь",
        "Дорнод", "Дундговь", "Завхан", "Орхон", "Өвөрхангай", "Өмнөговь", "Сүхбаатар", "Сэлэнгэ", "Төв", "Увс",
        "Улаанбаатар", "Ховд", "Хөвсгөл", "Хэнтий",
    ]  # fmt: skip
    assert names != sorted(names)


def test_numbered_units_stand_in_the_order_of_their_numbers(stack: Stack) -> None:
    from toono.geo import api as geo

    khoroos = [u.name_mn for u in geo.units(parent="1110")]
    assert khoroos == [f"{n}-р хороо" for n in range(1, 44)]


def test_children_are_those_of_the_parent_only(stack: Stack) -> None:
    from toono.geo import api as geo

    assert {u.parent_code for u in geo.units(parent="48")} == {"48"}
    assert len(geo.units(parent="48")) == 15
    assert geo.units(parent="48", level=Level.BAG) == ()
    assert geo.units(parent="none") == ()


def test_the_way_to_a_unit_begins_at_its_aimag(stack: Stack) -> None:
    from toono.geo import api as geo

    assert [u.name_mn for u in geo.path("480151")] == ["Дундговь", "Сайнцагаан", "1-р баг, Наран"]
    assert [u.code for u in geo.path("48")] == ["48"]
    for code in ("480199", "4899", "99", ""):
        assert geo.path(code) == ()


@pytest.mark.parametrize("typed", ["Өмнөговь", "өмнөговь", "омноговь", "ОМНОГОВЬ", " Umnugovi ", "umnugovi"])
def test_a_unit_is_found_however_it_is_typed(stack: Stack, typed: str) -> None:
    from toono.geo import api as geo

    assert geo.search(typed)[0].code == "46"


def test_whole_names_are_found_first_and_larger_units_before_smaller(stack: Stack) -> None:
    from toono.geo import api as geo

    found = geo.search("Булган")
    assert (found[0].code, found[0].level) == ("63", Level.AIMAG)
    assert found[1].level is Level.SOUM and found[1].name_mn == "Булган"
    assert [u.code for u in found] == list(dict.fromkeys(u.code for u in found))


def test_a_search_for_nothing_or_for_nonsense_finds_nothing(stack: Stack) -> None:
    from toono.geo import api as geo

    for typed in ("", "   ", "qqq", "%", "_", "\\"):
        assert geo.search(typed) == ()


def test_a_search_gives_no_more_than_is_asked_and_never_over_fifty(stack: Stack) -> None:
    from toono.geo import api as geo

    assert len(geo.search("баг", limit=3)) == 3
    assert len(geo.search("баг", limit=10_000)) == 50


def test_loading_again_changes_nothing(stack: Stack) -> None:
    from toono.geo import api as geo

    before = geo.units()
    assert geo.load_units() == 2203
    assert geo.units() == before


def test_a_unit_that_was_changed_is_set_right_by_loading(stack: Stack) -> None:
    from toono.geo import api as geo
    from toono.geo.models import AdministrativeUnit

    AdministrativeUnit.objects.filter(code="48").update(name_mn="Өөр", folded="x")
    geo.load_units()
    assert [u.name_mn for u in geo.search("дундговь")][:1] == ["Дундговь"]


@pytest.mark.parametrize(
    "rows",
    [
        "48,aimag,aimag,Дундговь,,,,\n48,aimag,aimag,Дундговь,,,,\n",
        "4801,soum,soum,Сайнцагаан,,48,,\n",
        "48,aimag,aimag,Дундговь,,,,\n4901,soum,soum,Сайнцагаан,,48,,\n",
        "48,aimag,aimag,Дундговь,,,,\n480151,bag,bag,Наран,,48,,\n",
        "48,aimag,aimag,Дундговь,,,,\n4801,bag,bag,Наран,,48,,\n",
        "480,aimag,aimag,Дундговь,,,,\n",
        "48,province,aimag,Дундговь,,,,\n",
        "48,aimag,aimag,Дундговь,,99,,\n",
    ],
)
def test_a_file_that_contradicts_itself_is_refused(stack: Stack, rows: str, tmp_path: Path) -> None:
    from toono.geo.operations.load_units import read_units

    file = tmp_path / "units.csv"
    file.write_text(HEAD + rows, encoding="utf-8")
    with pytest.raises(UnitDataWrong):
        read_units(file)


def test_aimags_have_their_population_and_nothing_else_has(stack: Stack) -> None:
    from toono.geo import api as geo

    known = {u.name_mn: geo.population(u.code) for u in geo.units(level=Level.AIMAG)}
    assert known.pop("Улаанбаатар") is None
    assert known["Дундговь"] == 46920
    assert all(known.values())
    assert geo.population("4801") is None


def test_every_aimag_and_soum_has_its_rectangle_inside_that_of_its_aimag_and_a_bag_has_none(stack: Stack) -> None:
    from toono.geo import api as geo

    for unit in (*geo.units(level=Level.AIMAG), *geo.units(level=Level.SOUM)):
        box, whole = geo.box(unit.code), geo.box(unit.code[:2])
        assert box and whole and box.west < box.east and box.south < box.north, unit
        inside = (box.west - whole.west, box.south - whole.south, whole.east - box.east, whole.north - box.north)
        assert min(inside) > -0.05, unit  # both were simplified apart from each other
    assert geo.box("480155") is None and geo.box("99") is None
    mandalgovi = (45.763, 106.270)
    saintsagaan = geo.box("4801")
    assert saintsagaan and saintsagaan.south < mandalgovi[0] < saintsagaan.north and saintsagaan.west < mandalgovi[1] < saintsagaan.east
