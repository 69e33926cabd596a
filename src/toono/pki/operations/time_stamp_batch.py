"""Time-stamps for many signatures at once: one request to the signer instead of one for each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from toono.kernel.clock import now
from toono.kernel.ids import uuid7
from toono.pki.adapters.signer import client
from toono.pki.domain import timestamps
from toono.pki.operations import time_stamp


def time_stamps(*, digests: Sequence[bytes]) -> list[bytes]:
    """Tokens (DER) over digests of SHA-256, of one moment; at most 1000.

    A token is a pure function of its unit, number and moment. So each is built twice: once to learn what is to be signed, once with
    the signature.
    """
    if len(digests) <= 1:
        return [time_stamp.time_stamp(digest=digest) for digest in digests]
    (unit, key), moment = time_stamp.unit_and_key(), now()
    numbered = [(timestamps.StampRequest("sha256", digest), uuid7().int) for digest in digests]
    wanted: list[bytes] = []

    def note(data: bytes) -> bytes:
        wanted.append(data)
        return b""

    for request, serial in numbered:
        timestamps.token(request, unit=replace(unit, sign=note), serial=serial, at=moment)
    signatures = client().sign(key=key, digests=[hashlib.sha256(data).digest() for data in wanted])
    signing = replace(unit, sign=dict(zip(wanted, signatures, strict=True)).__getitem__)
    return [timestamps.token(request, unit=signing, serial=serial, at=moment) for request, serial in numbered]
