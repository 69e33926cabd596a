"""Checking what the QR of a document says, without a network: the published keys are enough.

The words are described in ``operations/proofs.py``, which signs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from toono.kernel.jose import json_object

LENGTH = 2000
TYPE = "tdoc"


class NotProven(ValueError):
    """The words are not signed by a published key, or are of another form; the text says what is wrong."""


@dataclass(frozen=True)
class Proof:
    """What the signed words say. Whether the document was revoked since, they cannot know."""

    code: str
    title: str
    organisation: str
    holder: str
    issued_at: datetime
    valid_until: datetime | None
    fingerprint: str

    def in_time(self, at: datetime) -> bool:
        return self.valid_until is None or at <= self.valid_until


def read(text: str, keys: Sequence[Mapping[str, Any]]) -> Proof:
    """The words behind ``text`` – the whole address of a QR, or only what stands behind its ``#``.

    :raises NotProven:
    """
    try:
        address = urlsplit(text.strip())
    except ValueError:
        raise NotProven("this is no address") from None
    words = address.fragment or text.strip()
    if len(words) > LENGTH or words.count(".") != 2:
        raise NotProven("this is not what stands in the QR of a document")
    proof = _proof(_payload(words, keys))
    if address.fragment and proof.code != address.path.rpartition("/")[2].upper():
        raise NotProven("the signed words are those of another document")
    return proof


def _payload(words: str, keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    for key in keys:
        try:
            found = jws.deserialize_compact(words, ECKey.import_key(dict(key)), algorithms=["ES256"])
            if found.headers().get("typ") == TYPE and found.headers().get("kid") == key.get("kid"):
                return json_object(found.payload)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    raise NotProven("no published key has signed this")


def _proof(told: dict[str, Any]) -> Proof:
    try:
        until = int(told["u"])
        return Proof(
            code=str(told["c"]), title=str(told["t"]), organisation=str(told["o"]), holder=str(told["h"]),
            issued_at=datetime.fromtimestamp(int(told["i"]), UTC), valid_until=datetime.fromtimestamp(until, UTC) if until else None,
            fingerprint=str(told["f"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise NotProven("the signed words are incomplete") from error
