"""The scope ``credential``: a client of the signing service sends a person to confirm signatures over certain documents (CSC API v2.0.0.2, chapter 8).

It comes as parameters of the authorization request (§8.4.2) or as an object of ``authorization_details`` (RFC 9396) of the type ``credential``. Either way it is
asked for alone, never remembered and never left out for a trusted client: the person confirms each time, on the page of the request to sign, by a code.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

SCOPE = "credential"
TYPE = "credential"
RESOURCE = "/csc/v2"
"""Of the signing service, below the issuer."""
FIELDS = frozenset({"type", "locations", "credentialID", "signatureQualifier", "documentDigests", "hashAlgorithmOID", "description"})
_TEXTS = ("credentialID", "signatureQualifier", "hashAlgorithmOID", "description")
PARAMETERS = (*_TEXTS, "numSignatures", "hashes", "hash")
"""Of the authorization request (§8.4.2): those that :func:`from_parameters` reads."""
MOST_DIGESTS = 50
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")


class InvalidCredential(Exception):
    """The request cannot be read."""


def checked(one: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object of ``authorization_details`` of this type, its digests in plain base64.

    :raises InvalidCredential:
    """
    for name in _TEXTS:
        if name in one and not _is_text(one[name]):
            raise InvalidCredential(f"the field {name} is of another kind")
    locations = one.get("locations", [""])
    if (
        not isinstance(locations, list)
        or not 0 < len(locations) <= 10
        or not all(isinstance(place, str) and len(place) <= 500 for place in locations)
    ):
        raise InvalidCredential("the field locations is of another kind")
    digests = one.get("documentDigests")
    if not isinstance(digests, list) or not 0 < len(digests) <= MOST_DIGESTS:
        raise InvalidCredential(f"documentDigests is an array of 1 to {MOST_DIGESTS} objects")
    if not _is_text(one.get("credentialID")) and not _is_text(one.get("signatureQualifier")):
        raise InvalidCredential("credentialID is missing")
    if not _is_text(one.get("hashAlgorithmOID")):
        raise InvalidCredential("hashAlgorithmOID is missing")
    return {**one, "documentDigests": [_digest(digest) for digest in digests]}


def _digest(one: Any) -> dict[str, str]:
    if not isinstance(one, dict) or not one.keys() <= {"hash", "label"} or not isinstance(one.get("hash"), str):
        raise InvalidCredential("an object of documentDigests has a hash and a label")
    label = one.get("label", "")
    if not isinstance(label, str) or len(label) > 200 or not (label == "" or label.isprintable()):
        raise InvalidCredential("a label is a text of one line, at most 200 characters")
    return {"hash": _plain(one["hash"])} | ({"label": label} if label else {})


def from_parameters(get: Mapping[str, str]) -> Mapping[str, Any]:
    """The same from parameters of the authorization request: ``hashes`` are base64url, with commas between.

    :raises InvalidCredential: in the words of §8.4.2.
    """
    count = get.get("numSignatures")
    if count is None or not _NUMBER.fullmatch(count):
        raise InvalidCredential("Missing (or invalid type) integer parameter numSignatures")
    hashes = (get.get("hashes") or get.get("hash") or "").split(",")
    if hashes == [""]:
        raise InvalidCredential("Missing (or invalid type) string parameter hashes")
    if int(count) != len(hashes):
        raise InvalidCredential("Invalid value for parameter numSignatures")
    return checked(
        {"type": TYPE, "documentDigests": [{"hash": one} for one in hashes]} | {name: get[name] for name in _TEXTS if name in get}
    )


def _plain(given: str) -> str:
    """Base64 in its usual alphabet with padding; base64url is taken as well."""
    usual = given.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        raw = base64.b64decode(usual + "=" * (-len(usual) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidCredential("Invalid Base64 hash string parameter") from None
    if len(raw) not in (32, 48, 64):
        raise InvalidCredential("Invalid digest value length")
    return base64.b64encode(raw).decode()


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 500 and value.isprintable()
