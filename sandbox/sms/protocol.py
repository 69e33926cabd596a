"""Numbers of SMPP 3.4.

Commands: §5.1.2.1; command statuses: §5.1.3; message states: §5.2.28; optional parameters: §5.3.2.
"""

from __future__ import annotations

from enum import IntEnum

RESPONSE = 0x80000000
"""Set in the command id of an answer."""


class Command(IntEnum):
    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    ENQUIRE_LINK = 0x15
    GENERIC_NACK = 0x80000000


class Status(IntEnum):
    ROK = 0x00
    RINVMSGLEN = 0x01
    RINVCMDLEN = 0x02
    RINVCMDID = 0x03
    RINVBNDSTS = 0x04
    RALYBND = 0x05
    RSYSERR = 0x08
    RINVDSTADR = 0x0B
    RINVPASWD = 0x0E
    RINVSYSID = 0x0F
    RSUBMITFAIL = 0x45
    RTHROTTLED = 0x58
    RQUERYFAIL = 0x67


class Tag(IntEnum):
    USER_MESSAGE_REFERENCE = 0x0204
    RECEIPTED_MESSAGE_ID = 0x001E
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


MESSAGE_STATES = {"DELIVRD": 2, "UNDELIV": 5}
UDH_INDICATOR = 0x40
"""In esm_class: the text begins with a user data header."""
RECEIPT = 0x04
"""In esm_class: the deliver_sm is a delivery receipt."""
INTERFACE_VERSION = 0x34
"""SMPP 3.4."""
