"""Reading what a submit_sm carries."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sandbox.sms.protocol import Status, Tag
from sandbox.sms.texts import Part, TextRefused, decode, part, phone_number


@dataclass
class Parameter:
    tag: int
    value: bytes


@pytest.mark.parametrize("address", ["40406076", "97640406076", "+97640406076"])
def test_a_number_is_known_with_and_without_its_country(address: str) -> None:
    assert phone_number(address) == "40406076"


@pytest.mark.parametrize("address", ["", "4040607", "8613800138000", "+4040607a", "ЖЖ406076"])
def test_what_is_no_mongolian_number_is_refused(address: str) -> None:
    with pytest.raises(TextRefused) as refusal:
        phone_number(address)
    assert refusal.value.status == Status.RINVDSTADR


def test_the_gsm_alphabet_is_not_ascii() -> None:
    assert decode(b"\x00\x02\x11\x40 \x1b\x65", 0) == "@$_¡ €"


def test_cyrillic_is_two_octets_a_letter() -> None:
    assert decode("Өнөөдөр үүр".encode("utf-16-be"), 8) == "Өнөөдөр үүр"


@pytest.mark.parametrize(("octets", "coding"), [(b"\x04", 8), (b"\xd8\x00", 8), (b"\x80", 0), (b"\xff", 1), (b"x", 4)])
def test_octets_that_are_no_letters_are_refused(octets: bytes, coding: int) -> None:
    with pytest.raises(TextRefused):
        decode(octets, coding)


def test_parts_are_known_by_user_data_header_and_by_parameters() -> None:
    assert part(b"\x05\x00\x03\x07\x02\x01hi", [], 0x40, 0) == Part("hi", 7, 2, 1)
    assert part(b"\x06\x08\x04\x01\x07\x02\x02hi", [], 0x40, 0) == Part("hi", 263, 2, 2)
    sar = [
        Parameter(Tag.SAR_MSG_REF_NUM, b"\x00\x09"),
        Parameter(Tag.SAR_TOTAL_SEGMENTS, b"\x03"),
        Parameter(Tag.SAR_SEGMENT_SEQNUM, b"\x02"),
    ]
    assert part(b"hi", sar, 0, 0) == Part("hi", 9, 3, 2)


@pytest.mark.parametrize("octets", [b"", b"\x05\x00", b"\x05\x00\x03\x07\x02\x03hi", b"\x05\x00\x03\x07\x02\x00hi"])
def test_a_header_that_is_cut_off_or_out_of_order_is_refused(octets: bytes) -> None:
    with pytest.raises(TextRefused):
        part(octets, [], 0x40, 0)


def test_two_places_for_one_text_are_refused() -> None:
    with pytest.raises(TextRefused):
        part(b"hi", [Parameter(Tag.MESSAGE_PAYLOAD, b"ho")], 0, 0)
