"""Ids, text, register numbers, money, working time: pure values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.kernel import regnum, text
from toono.kernel.calendar import add_working_time, is_working_day, working_time_between
from toono.kernel.clock import ULAANBAATAR, at, now
from toono.kernel.ids import public_code, uuid7, uuid7_text
from toono.kernel.money import Money


def test_ids_rise_and_carry_version_7() -> None:
    ids = [made for _ in range(2500) for made in (uuid7(), UUID(uuid7_text()))]
    assert ids == sorted(ids) and len(set(ids)) == 5000
    assert {i.version for i in ids} == {7} and {i.variant for i in ids} == {"specified in RFC 4122"}


def test_an_id_tells_its_millisecond() -> None:
    before = datetime.now(UTC).timestamp() * 1000
    assert abs((uuid7().int >> 80) - before) < 1000


def test_public_codes_have_no_letter_that_is_misread() -> None:
    assert not set("".join(public_code(20) for _ in range(200))) & set("AEIOULY01")


def test_mongolian_order_puts_o_before_barred_o() -> None:
    assert sorted(["Ү", "Я", "Ө", "О", "У", "П", "Ё", "Е"], key=text.sort_key) == ["Е", "Ё", "О", "Ө", "П", "У", "Ү", "Я"]


def test_folding_forgives_look_alikes_but_cleaning_changes_no_letter() -> None:
    assert text.fold("Өвөрхангай") == text.fold("оворхангай")
    assert text.fold("хvн") == text.fold("хүн")
    assert text.clean("  Ө\u0306  Бат\u200b\x00 ") == "Ө̆ Бат"


@given(st.text())
def test_cleaning_twice_is_cleaning_once(value: str) -> None:
    assert text.clean(text.clean(value)) == text.clean(value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("уб05031512", "УБ05031512"),
        (" УБ 05-03-15 12 ", "УБ05031512"),
        ("YБ05031512", "УБ05031512"),
        ("AA05233199", "АА05233199"),
        ("ӨҮ05031512", "ӨҮ05031512"),
        ("УБ05131512", None),
        ("УБ05023012", None),
        ("УБ0503151", None),
        ("УБ٠٥٠٣١٥١٢", None),
        ("QW05031512", None),
        ("", None),
        ("УБ05031512; DROP TABLE", None),
    ],
)
def test_a_register_number_is_read_as_it_was_meant(typed: str, meant: str | None) -> None:
    assert regnum.normalise(typed) == meant


def test_months_above_twenty_are_of_this_century() -> None:
    born = regnum.birth_date("УБ05231512")
    assert born is not None and (born.year, born.month, born.day) == (2005, 3, 15)


@given(st.text(max_size=20))
def test_no_typed_text_breaks_the_reading(typed: str) -> None:
    value = regnum.normalise(typed)
    assert value is None or regnum.birth_date(value)


def test_money_is_whole_and_never_negative() -> None:
    assert Money(amount_mungu=1_200_000).text == "12,000 ₮"
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Money(amount_mungu=-1)
    with pytest.raises(ValueError, match="Extra inputs"):
        Money(amount_mungu=1, tax=2)  # type: ignore[call-arg]


def _local(*when: int) -> datetime:
    return datetime(*when, tzinfo=ULAANBAATAR)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (_local(2026, 11, 20, 9, 0), 1, _local(2026, 11, 20, 10, 0)),  # a Friday
        (_local(2026, 11, 20, 11, 30), 1, _local(2026, 11, 20, 13, 30)),  # over lunch
        (_local(2026, 11, 20, 16, 30), 1, _local(2026, 11, 23, 8, 30)),  # over the weekend
        (_local(2026, 11, 21, 12, 0), 8, _local(2026, 11, 23, 17, 0)),  # from a Saturday
        (_local(2026, 11, 22, 2, 0), 40, _local(2026, 11, 30, 17, 0)),  # five working days over Republic Day
        (_local(2026, 12, 31, 16, 0), 2, _local(2027, 1, 4, 9, 0)),  # over New Year's Day
    ],
)
def test_a_term_ends_on_the_working_clock(start: datetime, hours: int, end: datetime) -> None:
    assert add_working_time(start, timedelta(hours=hours)) == end
    assert working_time_between(start, end) == timedelta(hours=hours)


def test_lunar_holidays_are_no_working_days() -> None:
    tsagaan_sar = _local(2026, 2, 18, 12, 0).date()
    assert not is_working_day(tsagaan_sar)


@given(st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2027, 12, 1)), st.integers(0, 200))  # noqa: DTZ001
def test_adding_working_time_and_measuring_it_agree(start: datetime, hours: int) -> None:
    aware = start.replace(tzinfo=UTC)
    assert working_time_between(aware, add_working_time(aware, timedelta(hours=hours))) == timedelta(hours=hours)


def test_the_clock_can_be_set_for_a_block_only() -> None:
    with at(datetime(2030, 1, 1, tzinfo=UTC)):
        assert now().year == 2030
    assert now().year < 2030
