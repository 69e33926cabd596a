"""Encodings of JOSE (RFC 7515, RFC 7518): base64url, JSON objects without repeated names, signatures as r and s. No keys, no decisions."""

from __future__ import annotations

import binascii
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature


def base64url(raw: bytes) -> str:
    """Without padding (RFC 7515 §2)."""
    return binascii.b2a_base64(raw, newline=False).rstrip(b"=").translate(_TO_URL).decode()


_TO_URL = bytes.maketrans(b"+/", b"-_")


def from_base64url(text: str) -> bytes:
    """What stands in ``text``, which has its one canonical form, so that two texts never mean the same.

    :raises ValueError: another alphabet, padding, or bits that say nothing.
    """
    try:
        raw = binascii.a2b_base64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))
    except ValueError:
        raise ValueError("not base64url") from None
    if base64url(raw) != text:
        raise ValueError("not canonical")
    return raw


def json_object(raw: bytes) -> dict[str, Any]:
    """A JSON object in which no name stands twice, at any depth (RFC 7515 §4).

    :raises ValueError: anything else.
    """
    try:
        value = _OBJECTS.decode(raw.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


_OBJECTS = json.JSONDecoder(object_pairs_hook=_once)


def unverified_payload(jws: str) -> bytes:
    """The payload of a compact JWS (RFC 7515 §7.1), of which nothing has been checked.

    :raises ValueError: not three parts, or no base64url.
    """
    parts = jws.split(".")
    if len(parts) != 3:
        raise ValueError("no compact JWS")
    return from_base64url(parts[1])


def raw_signature(der: bytes, size: int = 32) -> bytes:
    """r and s of an ECDSA signature, ``size`` bytes each: as JOSE, RFC 9421 and XML Signature write it."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def der_signature(raw: bytes, size: int = 32) -> bytes:
    """The same as DER, as libraries want it.

    :raises ValueError: not twice ``size`` bytes.
    """
    if len(raw) != 2 * size:
        raise ValueError(f"a signature has {2 * size} bytes, not {len(raw)}")
    return encode_dss_signature(int.from_bytes(raw[:size], "big"), int.from_bytes(raw[size:], "big"))
