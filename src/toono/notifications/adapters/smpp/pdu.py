"""Packets of SMPP 3.4, as far as a sender of texts needs them. Pure functions; submit and deliver go through the codec of ``smpp34``."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import smpp34

from toono.notifications.domain.text import is_plain, length

BIND_TRANSCEIVER, QUERY_SM, SUBMIT_SM, DELIVER_SM, UNBIND, ENQUIRE_LINK = 0x09, 0x03, 0x04, 0x05, 0x06, 0x15
RESPONSE, GENERIC_NACK = 0x80000000, 0x80000000
ROK, RINVCMDID, TEMPORARY_ERROR = 0x00, 0x03, 0x64
HEADER = struct.Struct(">IIII")
LONGEST_PDU = 70_000
LONGEST_SHORT_MESSAGE = 254
TAG_USER_REFERENCE, TAG_RECEIPTED_ID, TAG_STATE, TAG_PAYLOAD = 0x0204, 0x001E, 0x0427, 0x0424
UCS2, GSM = 0x08, 0x00
# §5.2.28; 1 is «en route», 6 «accepted».
STATES = {2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 7: "UNKNOWN", 8: "REJECTD"}
ALPHANUMERIC, INTERNATIONAL, ISDN = 5, 1, 1


@dataclass(frozen=True)
class ReceiptRead:
    """What a delivery receipt says."""

    provider_message_id: str
    status: str
    reference: int | None


def packet(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    """A whole packet."""
    return HEADER.pack(HEADER.size + len(body), command, status, sequence) + body


def bind(sequence: int, system_id: str, password: str) -> bytes:
    """bind_transceiver (§4.1.5)."""
    body = system_id.encode() + b"\x00" + password.encode() + b"\x00" + b"\x00" + bytes([0x34, 0, 0]) + b"\x00"
    return packet(BIND_TRANSCEIVER, ROK, sequence, body)


def submit(sequence: int, *, sender: str, phone: str, text: str, reference: int, lifetime_seconds: int) -> bytes:
    """submit_sm (§4.4.1) with a receipt asked for. A long text travels whole in message_payload and is cut by the operator."""
    octets = text.encode("ascii" if is_plain(text) else "utf-16-be")
    whole = length(text).parts == 1 and len(octets) <= LONGEST_SHORT_MESSAGE
    tlvs = [smpp34.Tlv(TAG_USER_REFERENCE, reference.to_bytes(2, "big"))]
    if not whole:
        tlvs.append(smpp34.Tlv(TAG_PAYLOAD, octets))
    message = smpp34.SubmitSm(
        sender,
        "976" + phone,
        octets if whole else b"",
        source_addr_ton=ALPHANUMERIC,
        dest_addr_ton=INTERNATIONAL,
        dest_addr_npi=ISDN,
        registered_delivery=1,
        data_coding=GSM if is_plain(text) else UCS2,
        validity_period=_validity(lifetime_seconds),
        tlvs=tlvs,
        sequence_number=sequence,
    )
    return bytes(message.encode())


def _validity(seconds: int) -> str:
    """A relative time (§7.1.1.2): YYMMDDhhmmsstnnp."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"0000{day:02d}{hour:02d}{minute:02d}{second:02d}000R"


def query(sequence: int, *, sender: str, provider_message_id: str) -> bytes:
    """query_sm (§4.8.1): what became of a text?"""
    body = provider_message_id.encode() + b"\x00" + bytes([ALPHANUMERIC, 0]) + sender.encode() + b"\x00"
    return packet(QUERY_SM, ROK, sequence, body)


def first_string(body: bytes) -> str:
    """The C-octet string with which a body begins."""
    return body.split(b"\x00", 1)[0].decode("latin-1")


def queried_status(body: bytes) -> str | None:
    """The status in a query_sm_resp, as receipts write it; None while the text is on its way."""
    rest = body.split(b"\x00", 2)
    return STATES.get(rest[2][0]) if len(rest) == 3 and rest[2] else None


def receipt(pdu: bytes) -> ReceiptRead | None:
    """The receipt in a deliver_sm; None if it is something else (say, an answer of a person).

    The optional parameters are believed first, then the text of Appendix B.
    """
    message = smpp34.decode(pdu)
    if not isinstance(message, smpp34.DeliverSm) or not message.esm_class & 0x3C:
        return None
    values = {tlv.tag: tlv.value for tlv in message.tlvs}
    text = message.short_message.decode("latin-1")
    written_id, written_status = re.search(r"\bid:(\S+)", text), re.search(r"\bstat:(\S+)", text)
    identifier = values.get(TAG_RECEIPTED_ID, b"").rstrip(b"\x00").decode("latin-1") or (written_id and written_id[1])
    state = values.get(TAG_STATE, b"")
    status = (STATES.get(state[0]) if state else None) or (written_status and written_status[1])
    if not identifier or not status:
        return None
    reference = values.get(TAG_USER_REFERENCE)
    return ReceiptRead(identifier[:65], status[:10], int.from_bytes(reference[:2], "big") if reference else None)
