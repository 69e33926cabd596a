"""The relying-party interface of Smart-ID, version 3, as eID Mongolia uses it: what is signed, what is shown, which links count.

Source: https://sk-eid.github.io/smart-id-documentation/rp-api/ (ACSP_V2, RAW_DIGEST_SIGNATURE, device links). Keys here are on P-256, so a signature
is ``ecdsa-with-SHA256``; that is what the interface's clients take in place of ``rsassa-pss`` with SHA-256, and nothing else.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from toono.kernel.jose import base64url
from toono.kernel.text import clean

SCHEME = "smart-id"
ACSP = "ACSP_V2"
RAW = "RAW_DIGEST_SIGNATURE"
ALGORITHM = "ecdsa-with-SHA256"
ALGORITHMS = frozenset({"rsassa-pss", ALGORITHM})
"""What a client may name; both are answered by :data:`ALGORITHM`."""
LEVELS = {"ADVANCED": 1, "QUALIFIED": 2, "QSCD": 3}
INTERACTIONS = {"displayTextAndPIN": ("displayText60", 60), "confirmationMessage": ("displayText200", 200)}
"""What our page can do: type, member that holds the text, its longest length."""
KNOWN_INTERACTIONS = INTERACTIONS | {"confirmationMessageAndVerificationCodeChoice": ("displayText200", 200)}
LINK_TYPES = frozenset({"QR", "Web2App", "App2App"})
LINK_AGE_SECONDS = 15
"""How long a rotating link counts after it was made; it is made anew every second."""
_MEMBERS = frozenset(
    {
        "relyingPartyUUID", "relyingPartyName", "certificateLevel", "signatureProtocol", "signatureProtocolParameters", "interactions",
        "initialCallbackUrl", "nonce", "capabilities", "requestProperties",
    }
)  # fmt: skip


class BadRequest(Exception):
    """The request is not of the interface; the argument says why, for the client's developer."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request, understood."""

    party_uuid: str
    party_name: str
    level: str
    challenge: str
    """``rpChallenge``, or the digest to be signed: base64."""
    interactions: str
    """As they came, base64: their hash is signed."""
    interaction: str
    """The one that will be used; empty where our page can do none of them."""
    text: str
    callback: str


def read(body: Mapping[str, Any], protocol: str) -> Asked:
    """A request for an authentication (:data:`ACSP`) or a signature (:data:`RAW`).

    :raises BadRequest: a member is missing, unknown, or of another kind.
    """
    unknown = body.keys() - _MEMBERS
    if unknown:
        raise BadRequest(f"unknown members: {', '.join(sorted(map(str, unknown)))[:200]}")
    if body.get("signatureProtocol") != protocol:
        raise BadRequest(f"signatureProtocol must be {protocol}")
    level = body.get("certificateLevel", "QUALIFIED")
    if not isinstance(level, str) or level not in LEVELS:
        raise BadRequest("certificateLevel is unknown")
    interactions = _text(body, "interactions", 4000)
    interaction, text = _interaction(interactions)
    return Asked(
        party_uuid=_text(body, "relyingPartyUUID", 36), party_name=_text(body, "relyingPartyName", 120), level=level,
        challenge=_challenge(body.get("signatureProtocolParameters"), protocol), interactions=interactions, interaction=interaction, text=text,
        callback=_text(body, "initialCallbackUrl", 500) if "initialCallbackUrl" in body else "",
    )  # fmt: skip


def _text(body: Mapping[str, Any], name: str, most: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
        raise BadRequest(f"{name} must be a text of 1 to {most} characters")
    return value


def _challenge(parameters: Any, protocol: str) -> str:
    """``rpChallenge`` has 32 to 64 bytes; a digest is of SHA-256."""
    if not isinstance(parameters, dict):
        raise BadRequest("signatureProtocolParameters is missing")
    hashed, algorithm = parameters.get("signatureAlgorithmParameters"), parameters.get("signatureAlgorithm")
    if str(algorithm) not in ALGORITHMS or not isinstance(hashed, dict) or hashed.get("hashAlgorithm") != "SHA-256":
        raise BadRequest("the holder's key signs ecdsa-with-SHA256: ask for hashAlgorithm SHA-256")
    name, least, most = ("rpChallenge", 32, 64) if protocol == ACSP else ("digest", 32, 32)
    value = parameters.get(name)
    try:
        size = len(b64decode(value, validate=True)) if isinstance(value, str) else 0
    except (binascii.Error, ValueError):
        size = 0
    if not least <= size <= most:
        raise BadRequest(f"{name} must be base64 of {least} to {most} bytes")
    return str(value)


def _interaction(encoded: str) -> tuple[str, str]:
    """The first interaction that our page can do, with its text; nothing where it can do none."""
    try:
        found = json.loads(b64decode(encoded, validate=True).decode())
    except (binascii.Error, ValueError, RecursionError):
        raise BadRequest("interactions must be base64 of a JSON array") from None
    if not isinstance(found, list) or not 0 < len(found) <= 5:
        raise BadRequest("interactions must be an array of 1 to 5")
    read = [_one_interaction(one) for one in found]
    return next((one for one in read if one[0] in INTERACTIONS), ("", ""))


def _one_interaction(one: Any) -> tuple[str, str]:
    kind = one.get("type") if isinstance(one, dict) else None
    if not isinstance(kind, str) or kind not in KNOWN_INTERACTIONS:
        raise BadRequest("an interaction is of an unknown type")
    member, most = KNOWN_INTERACTIONS[kind]
    text = one.get(member)
    if one.keys() != {"type", member} or not isinstance(text, str) or not 0 < len(text) <= most or clean(text) != text:
        raise BadRequest(f"{kind} has {member} of 1 to {most} characters, and nothing else")
    return kind, text


def acsp_payload(
    *,
    server_random: str,
    challenge: str,
    user_challenge: str,
    party_name: str,
    interactions: str,
    interaction: str,
    callback: str,
    flow: str,
) -> bytes:
    """What an authentication signs. The hash of what was shown stands in it."""
    shown = b64encode(hashlib.sha256(interactions.encode()).digest()).decode()
    parts = [SCHEME, ACSP, server_random, challenge, user_challenge, _b64(party_name), "", shown, interaction, callback, flow]
    return "|".join(parts).encode()


def _b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def user_challenge(verifier: str) -> str:
    """SHA-256 of the verifier that goes back with the person, to the browser that began."""
    return base64url(hashlib.sha256(verifier.encode()).digest())


# -- device links --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Link:
    """A device link as it arrived: rotating, with ``authCode``, or of eID Mongolia, with session and verification code."""

    kind: str
    token: str = ""
    elapsed: int | None = None
    auth_code: str = ""
    unprotected: str = ""
    """The link without its code: what the code is over."""
    session: str = ""
    code: str = ""


def read_link(address: str) -> Link | None:
    """``address``: the whole link as it was opened; None if it is none of ours."""
    base, _, query = address.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    found = dict(pairs)
    if len(pairs) != len(found) or any("\0" in value for value in found.values()):
        return None
    if found.keys() == {"sessionId", "vc"}:
        return Link(kind="QR", session=found["sessionId"], code=found["vc"])
    kind, elapsed = found.get("deviceLinkType", ""), found.get("elapsedSeconds")
    if kind not in LINK_TYPES or pairs[-1][0] != "authCode" or found.get("version") != "1.0":
        return None
    if (elapsed is None) is (kind == "QR") or (elapsed is not None and not re.fullmatch(r"[0-9]{1,6}", elapsed)):
        return None
    return Link(
        kind=kind, token=found.get("sessionToken", ""), elapsed=int(elapsed) if elapsed is not None else None, auth_code=found["authCode"],
        unprotected=f"{base}?{query.rpartition('&authCode=')[0]}",
    )  # fmt: skip


def auth_code(*, secret: str, protocol: str, challenge: str, party_name: str, interactions: str, callback: str, unprotected: str) -> str:
    """HMAC by the session's secret, which only the relying party's server has, so nobody else can make a link of this session."""
    payload = "|".join([SCHEME, protocol, challenge, _b64(party_name), "", interactions, callback, unprotected])
    return base64url(hmac.digest(b64decode(secret), payload.encode(), "sha256"))


def link_counts(link: Link, *, expected: str, elapsed_seconds: float) -> bool:
    """Whether a rotating link is of this session and fresh. A link of the same device has no age: it was never on a screen to be copied."""
    fresh = link.elapsed is None or -LINK_AGE_SECONDS <= elapsed_seconds - link.elapsed <= LINK_AGE_SECONDS
    return fresh and hmac.compare_digest(expected.encode(), link.auth_code.encode())


def callback_address(callback: str, *, secret: str, verifier: str, value: str) -> str:
    """Where the person goes back to: the browser proves by the verifier that it is the one that began."""
    joint = "&" if "?" in callback else "?"
    sent = {"value": value, "sessionSecretDigest": base64url(hashlib.sha256(b64decode(secret)).digest()), "userChallengeVerifier": verifier}
    return f"{callback}{joint}{urlencode(sent)}"
