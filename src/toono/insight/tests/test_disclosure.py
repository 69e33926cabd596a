"""What rests on few people is withheld, and cannot be found by subtraction."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from toono.insight.contracts import Line
from toono.insight.domain.disclosure import FEWEST, decisions, ratings, withheld


def lines(*sizes: int) -> list[Line]:
    return [Line(key=str(n), ratings=size, stars=5 * size) for n, size in enumerate(sizes)]


def test_what_rests_on_five_is_told() -> None:
    assert withheld(lines(5, 9), ratings) == frozenset()


def test_one_small_line_takes_the_next_smallest_with_it() -> None:
    assert withheld(lines(50, 2, 9), ratings) == {"1", "2"}


def test_two_small_lines_of_five_together_are_enough() -> None:
    assert withheld(lines(50, 2, 3), ratings) == {"1", "2"}


def test_two_small_lines_of_less_than_five_take_a_third() -> None:
    assert withheld(lines(50, 2, 2), ratings) == {"0", "1", "2"}


def test_a_line_without_anything_hides_nothing_and_is_not_hidden() -> None:
    assert withheld(lines(0, 7, 6), ratings) == frozenset()


def test_decisions_are_counted_granted_and_refused() -> None:
    assert withheld([Line(key="a", granted=2, refused=2), Line(key="b", granted=9)], decisions) == {"a", "b"}


@given(st.lists(st.integers(0, 30), max_size=12))
def test_nobody_can_subtract_their_way_to_a_small_line(sizes: list[int]) -> None:
    table = lines(*sizes)
    hidden = [line for line in table if line.key in withheld(table, ratings)]
    shown = [line for line in table if line not in hidden and line.ratings]
    assert all(line.ratings >= FEWEST for line in shown)
    if hidden and shown:
        assert len(hidden) > 1
        assert sum(line.ratings for line in hidden) >= FEWEST
