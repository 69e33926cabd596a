"""Rules of signing by a key that stands far from its holder: what binds a confirmation to what was seen, who owns a key, when a request is over.

Pure: moments are arguments.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from toono.kernel.jose import unverified_payload
from toono.pki.contracts import SigningState

HASHES = {32: "SHA-256", 48: "SHA-384", 64: "SHA-512"}
"""A digest's length in bytes, and the hash that it is of."""
ACTIVATION_SECONDS = 300
"""How long the signer signs what was confirmed."""
EVIDENCE_AGE = timedelta(minutes=5)
"""How old a confirmation may be when the key is let loose by it."""
REQUEST_LIFETIME = timedelta(minutes=10)
MOST_WAITING = 5
"""Requests of one relying party that may wait for one person: nobody is worn down by questions."""
MOST_DIGESTS = 50
TEXT_LIMIT = 131_072
"""Characters of a text to be signed; as many as the ESign client takes."""
VERIFICATION_DIGITS = 5


def binding(*, request: UUID, party: str, key: str, digests: Sequence[str], text: str) -> str:
    """SHA-256 (hexadecimal) of exactly what the holder sees and what will be signed: the confirmation is worth something for this alone."""
    return binding_of_digest(request=request, party=party, key=key, digests=digests, text_sha256=hashlib.sha256(text.encode()).hexdigest())


def binding_of_digest(*, request: UUID, party: str, key: str, digests: Sequence[str], text_sha256: str) -> str:
    """The same for whoever knows of the shown text only its SHA-256 (hexadecimal), as the signer does."""
    seen = [str(request), party, key, list(digests), text_sha256]
    return hashlib.sha256(json.dumps(seen, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def activation_of_documents(code: str) -> str:
    """The name of the activation under which whole documents are signed; the code's own name is that of the digests that were shown."""
    return str(uuid5(UUID(code), "documents"))


def verification_code(request: UUID, material: str) -> str:
    """Five digits that both screens show, so that the holder sees that the question is the one that they began."""
    number = int.from_bytes(hashlib.sha256(f"{request}|{material}".encode()).digest()[-4:], "big")
    return f"{number % 10**VERIFICATION_DIGITS:0{VERIFICATION_DIGITS}d}"


def is_exact(text: str, digests: Sequence[str]) -> bool:
    """Whether the shown text itself is what is signed: every digest is of it."""
    content = text.encode()
    made = {b64encode(hashlib.new(name, content).digest()).decode() for name in ("sha256", "sha384", "sha512")}
    return bool(text) and bool(digests) and set(digests) <= made


def owns(person_id: UUID, key: str) -> bool:
    """Whether the label is of a key of this person: ``person/<id>``, also with more behind it."""
    owner = key.split("/")[1] if "/" in key else ""
    return owner == str(person_id) or owner.startswith(f"{person_id}-")


def confirms_jws(signing_input: str, confirms: str) -> bool:
    """Whether a JWS that is to be signed says the digest of what the person saw: its member ``digest``."""
    try:
        payload = json.loads(unverified_payload(f"{signing_input}."))
    except ValueError:
        return False
    found = payload.get("digest") if isinstance(payload, dict) else None
    return isinstance(found, str) and hmac.compare_digest(found, confirms)


def standing(*, state: SigningState, expires_at: datetime, confirmed_at: datetime | None, now: datetime) -> SigningState:
    """Where a request stands at a moment: what nobody answered in time is over; what was confirmed is made to its end."""
    if state is SigningState.WAITING and confirmed_at is None and now > expires_at:
        return SigningState.EXPIRED
    if state is SigningState.WAITING and confirmed_at is not None and now > confirmed_at + timedelta(seconds=ACTIVATION_SECONDS):
        return SigningState.EXPIRED
    return state


def digests_of(values: Sequence[str]) -> list[bytes]:
    """The digests, all of one length that a known hash has.

    :raises ValueError: not base64, of another length, mixed, none, or too many.
    """
    if not 0 < len(values) <= MOST_DIGESTS:
        raise ValueError("too few or too many digests")
    found = [b64decode(value, validate=True) for value in values]
    if len({len(digest) for digest in found}) != 1 or len(found[0]) not in HASHES:
        raise ValueError("a digest has 32, 48 or 64 bytes")
    return found
