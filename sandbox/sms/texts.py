"""What a submit_sm says: alphabets, parts of a long text, phone numbers. Pure functions.

Sources: SMPP 3.4 §5.2.19 (data_coding), §5.3.2.32 (message_payload); 3GPP TS 23.038 §6.2.1 (GSM 7 bit alphabet),
TS 23.040 §9.2.3.24 (parts).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sandbox.sms.protocol import UDH_INDICATOR, Status, Tag

_GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = dict(zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True))


class TextRefused(Exception):
    """The text cannot be read. ``status`` is the SMPP command status to answer with."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status


class Tlv(Protocol):
    """An optional parameter, as the codec gives it."""

    @property
    def tag(self) -> int: ...
    @property
    def value(self) -> bytes: ...


@dataclass(frozen=True)
class Part:
    """A text, or one of the ``total`` parts of a long one."""

    body: str
    reference: int = 0
    total: int = 1
    sequence: int = 1


def phone_number(address: str) -> str:
    """The eight digits of a Mongolian number, with or without 976 or +976.

    :raises TextRefused: anything else.
    """
    match = re.fullmatch(r"(?:\+?976)?([0-9]{8})", address)
    if not match:
        raise TextRefused(Status.RINVDSTADR, "not a Mongolian number")
    return match[1]


def _gsm(octets: bytes) -> str:
    """The GSM default alphabet, one septet per octet, as SMPP carries it."""
    letters, escaped = [], False
    for octet in octets:
        if octet > 0x7F:
            raise TextRefused(Status.RSUBMITFAIL, "an octet above 127 in the GSM alphabet")
        if octet == 0x1B and not escaped:
            escaped = True
            continue
        letters.append(_GSM_EXTENSION.get(octet, " ") if escaped else _GSM[octet])
        escaped = False
    return "".join(letters)


def decode(octets: bytes, data_coding: int) -> str:
    """The text in the alphabet that ``data_coding`` names.

    :raises TextRefused: an unknown alphabet, or octets that are none of its letters.
    """
    try:
        match data_coding:
            case 0x00:
                return _gsm(octets)
            case 0x01:
                return octets.decode("ascii")
            case 0x03:
                return octets.decode("latin-1")
            case 0x06:
                return octets.decode("iso8859-5")
            case 0x08:
                return octets.decode("utf-16-be")
    except UnicodeDecodeError as error:
        raise TextRefused(Status.RSUBMITFAIL, f"octets that are no letters: {error}") from None
    raise TextRefused(Status.RSUBMITFAIL, f"data_coding {data_coding} is not known here")


def part(short_message: bytes, tlvs: Sequence[Tlv], esm_class: int, data_coding: int) -> Part:
    """What one submit_sm carries: a whole text, or a part by user data header or by SAR parameters.

    :raises TextRefused: both message fields used, or contents that cannot be read.
    """
    by_tag = {tlv.tag: tlv.value for tlv in tlvs}
    payload = by_tag.get(Tag.MESSAGE_PAYLOAD)
    if payload is not None and short_message:
        raise TextRefused(Status.RINVMSGLEN, "short_message and message_payload together")
    octets = short_message if payload is None else payload
    reference, total, sequence = 0, 1, 1
    if esm_class & UDH_INDICATOR:
        reference, total, sequence, octets = _user_data_header(octets)
    elif Tag.SAR_TOTAL_SEGMENTS in by_tag:
        reference, total, sequence = (
            int.from_bytes(by_tag.get(t, b"\x00"), "big") for t in (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)
        )
    if not 1 <= sequence <= total:
        raise TextRefused(Status.RSUBMITFAIL, f"part {sequence} of {total}")
    return Part(decode(octets, data_coding), reference, total, sequence)


def _user_data_header(octets: bytes) -> tuple[int, int, int, bytes]:
    """Reference, total, sequence and the rest of a message that begins with a user data header."""
    if not octets or len(octets) < octets[0] + 1:
        raise TextRefused(Status.RINVMSGLEN, "the user data header is cut off")
    header, rest = octets[1 : octets[0] + 1], octets[octets[0] + 1 :]
    while len(header) >= 2:
        identifier, length = header[0], header[1]
        value, header = header[2 : 2 + length], header[2 + length :]
        if (identifier, length, len(value)) == (0x00, 3, 3):
            return value[0], value[1], value[2], rest
        if (identifier, length, len(value)) == (0x08, 4, 4):
            return int.from_bytes(value[:2], "big"), value[2], value[3], rest
    return 0, 1, 1, rest
