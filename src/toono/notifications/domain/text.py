"""Length of a text message, phones in logs. Sources: 3GPP TS 23.038 §6.2.1, TS 23.040 §9.2.3.24."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The Latin letters, digits and signs of the GSM alphabet that are the same in ASCII, so that no operator mistakes them.
_PLAIN = frozenset("\n !\"#%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
GSM_SINGLE, GSM_PART, UCS2_SINGLE, UCS2_PART = 160, 153, 70, 67


@dataclass(frozen=True)
class Length:
    """How much a text costs to send."""

    ucs2: bool
    """Whether it needs two octets a letter: any Cyrillic letter does."""
    units: int
    parts: int
    """How many messages the operator bills."""


def length(text: str) -> Length:
    """Alphabet, units and parts of a text."""
    ucs2 = not is_plain(text)
    units = len(text.encode("utf-16-be")) // 2 if ucs2 else len(text)
    single, part = (UCS2_SINGLE, UCS2_PART) if ucs2 else (GSM_SINGLE, GSM_PART)
    return Length(ucs2, units, 1 if units <= single else -(-units // part))


def is_plain(text: str) -> bool:
    """Whether the text needs no more than one octet a letter."""
    return set(text) <= _PLAIN


def is_phone(phone: str) -> bool:
    """Whether this is a Mongolian number: eight digits."""
    return re.fullmatch(r"[0-9]{8}", phone) is not None


def masked_phone(phone: str) -> str:
    """A phone as logs may show it: ``40●●●●76``."""
    return phone[:2] + "●" * max(len(phone) - 4, 0) + phone[-2:] if len(phone) > 4 else "●" * len(phone)
