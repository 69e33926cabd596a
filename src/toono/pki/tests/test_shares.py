"""Secrets in shares: any so many give it back, fewer tell nothing, a wrong letter is found."""

from __future__ import annotations

import secrets
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toono.pki.domain.shares import _divided, _times, join, parse, split
from toono.pki.errors import SharesWrong

BYTES = st.integers(min_value=0, max_value=255)


@given(BYTES, BYTES, BYTES)
def test_the_field_is_a_field(a: int, b: int, c: int) -> None:
    assert _times(a, b) == _times(b, a)
    assert _times(a, _times(b, c)) == _times(_times(a, b), c)
    assert _times(a, b ^ c) == _times(a, b) ^ _times(a, c)
    assert _times(a, 1) == a
    if b:
        assert _divided(_times(a, b), b) == a


def test_it_is_the_field_of_aes() -> None:
    """FIPS 197 section 4.2, the example; and the multiplication by x of section 4.2.1."""
    assert _times(0x57, 0x83) == 0xC1
    assert _times(0x57, 0x13) == 0xFE


@settings(max_examples=60, deadline=None)
@given(secret=st.binary(min_size=1, max_size=40), numbers=st.tuples(st.integers(2, 6), st.integers(0, 4)), data=st.data())
def test_any_so_many_shares_give_the_secret_back(secret: bytes, numbers: tuple[int, int], data: st.DataObject) -> None:
    needed, total = numbers[0], numbers[0] + numbers[1]
    shares = split(secret, needed=needed, total=total, random=secrets.token_bytes)
    chosen = data.draw(st.lists(st.sampled_from(shares), min_size=needed, max_size=total, unique=True))
    assert join(chosen) == secret
    assert join([parse(share.text()) for share in chosen]) == secret


def test_every_pair_of_three_gives_it_back_and_one_does_not() -> None:
    shares = split(b"secret", needed=2, total=3, random=secrets.token_bytes)
    assert {join(pair) for pair in combinations(shares, 2)} == {b"secret"}
    for share in shares:
        with pytest.raises(SharesWrong):
            join([share])
        with pytest.raises(SharesWrong):
            join([share, share])


def test_fewer_shares_fit_every_secret_equally_well() -> None:
    """Two of three-of-three: for each value of the last share there is exactly one secret, so the two tell nothing."""
    first, second, third = split(b"\x2a", needed=3, total=3, random=secrets.token_bytes)
    found = {join([first, second, type(third)(**(vars(third) | {"values": bytes([value])}))]) for value in range(256)}
    assert len(found) == 256


def test_a_share_does_not_contain_the_secret_and_differs_each_time() -> None:
    secret = secrets.token_bytes(24)
    one, two = (split(secret, needed=2, total=2, random=secrets.token_bytes) for _ in range(2))
    assert not {share.values for share in one} & {share.values for share in two}
    assert all(secret.hex() not in share.text() for share in (*one, *two))


def test_shares_of_two_secrets_do_not_mix() -> None:
    one, two = (split(b"secret", needed=2, total=2, random=secrets.token_bytes) for _ in range(2))
    with pytest.raises(SharesWrong, match="not of one secret"):
        join([one[0], two[1]])


def test_a_changed_share_is_found_when_there_is_one_more_than_needed() -> None:
    shares = list(split(b"secret", needed=2, total=3, random=secrets.token_bytes))
    shares[0] = type(shares[0])(**(vars(shares[0]) | {"values": bytes(6)}))
    with pytest.raises(SharesWrong, match="changed"):
        join(shares)


@given(data=st.data())
def test_one_wrong_letter_is_found(data: st.DataObject) -> None:
    text = split(b"secret", needed=2, total=3, random=secrets.token_bytes)[0].text()
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("0123456789abcdefghijkmnoxyz:- "))
    wrong = text[:place] + letter + text[place + 1 :]
    if wrong.strip() == text:
        return
    with pytest.raises(SharesWrong):
        parse(wrong)


@pytest.mark.parametrize(("needed", "total"), [(1, 3), (0, 3), (4, 3), (2, 256), (-1, 2)])
def test_numbers_that_cannot_be_are_refused(needed: int, total: int) -> None:
    with pytest.raises(SharesWrong):
        split(b"secret", needed=needed, total=total, random=secrets.token_bytes)
    with pytest.raises(SharesWrong):
        split(b"", needed=2, total=3, random=secrets.token_bytes)
