"""The small encoder gives the very bytes that a general library gives."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from toono.pki.domain import der


@given(st.integers(-(2**200), 2**200) | st.sampled_from([0, 127, 128, 255, 256, -1, -127, -128, -129, -256, -32768]))
def test_integers(number: int) -> None:
    assert der.integer(number) == core.Integer(number).dump()


@given(st.binary(max_size=70_000))
def test_octets_of_every_length(content: bytes) -> None:
    assert der.octets(content) == core.OctetString(content).dump()


@pytest.mark.parametrize("length", [0, 127, 128, 255, 256, 65535, 65536])
def test_lengths_at_their_edges(length: int) -> None:
    assert der.octets(bytes(length)) == core.OctetString(bytes(length)).dump()


@pytest.mark.parametrize(
    "dotted", ["1.2.840.113549.1.7.2", "2.16.840.1.101.3.4.2.1", "2.5.29.32.0", "1.3.6.1.4.1.32473.496.2.1", "0.4.0.2042.1.1"]
)
def test_object_identifiers(dotted: str) -> None:
    assert der.oid(dotted) == core.ObjectIdentifier(dotted).dump()


@given(st.lists(st.binary(max_size=300).map(der.octets), max_size=8))
def test_members_of_a_set_stand_in_order_whatever_order_they_came_in(members: list[bytes]) -> None:
    assert der.set_of(*members) == der.set_of(*reversed(members)) == der.element(0x31, *sorted(members))


@given(st.integers(-(10**9), 10**11))
def test_times(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert der.generalized_time(moment) == core.GeneralizedTime(moment).dump()
