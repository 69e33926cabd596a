"""HTTP message signatures of clients (RFC 9421), one strict profile: one signature, ECDSA P-256 with SHA-256.

What the exchange reads must be signed: ``@method``, ``@target-uri``, the headers of the dialect (:class:`Profile`), and ``content-digest`` (RFC 9530) where there is a
body. Required parameters: ``created``, ``nonce``, ``keyid``. Parameters that we do not know are refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from toono.exchange import limits
from toono.exchange.domain.faults import Code, Fault
from toono.kernel.jose import der_signature

ALGORITHM: Final = "ecdsa-p256-sha256"
_ES256: Final = ECDSA(SHA256())
_STRING: Final = r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"'
_INPUT: Final = re.compile(
    rf"\s*([a-z*][a-z0-9_\-.*]*)=(\(\s*((?:{_STRING}\s*)*)\)((?:\s*;\s*[a-z*][a-z0-9_\-.*]*(?:=(?:-?\d{{1,15}}|{_STRING}))?)*))\s*"
)
_ITEM: Final = re.compile(_STRING)
_PARAMETER: Final = re.compile(rf";\s*([a-z*][a-z0-9_\-.*]*)(?:=(?:(-?\d{{1,15}})|{_STRING}))?")
_VALUE: Final = re.compile(r"\s*([a-z*][a-z0-9_\-.*]*)=:([A-Za-z0-9+/]*={0,2}):\s*")
_ESCAPED: Final = re.compile(r"\\(.)")
_KNOWN: Final = frozenset({"created", "expires", "nonce", "alg", "keyid", "tag"})
_DERIVED: Final = frozenset({"@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query"})
_DIGESTS: Final = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


class Profile(NamedTuple):
    """Which headers a dialect reads, so that a signature must cover them."""

    always: frozenset[str]
    """Needed in every signature."""
    prefixes: tuple[str, ...]
    """Headers that begin so are needed where they are sent,"""
    where_sent: frozenset[str] = frozenset()
    """and these too,"""
    ignored: frozenset[str] = frozenset()
    """but not these: the exchange drops them."""


XROAD: Final = Profile(
    frozenset({"@method", "@target-uri", "x-road-client"}),
    ("x-road-", "x-toono-"),
    ignored=frozenset({"x-road-request-id", "x-road-request-hash"}),
)
NATIVE: Final = Profile(frozenset({"@method", "@target-uri", "authorization"}), ("toono-",), where_sent=frozenset({"idempotency-key"}))


class SignatureInput(NamedTuple):
    """A parsed ``Signature-Input`` with its ``Signature``."""

    components: tuple[str, ...]
    parameters_text: str
    """The inner list with its parameters exactly as received: the last line of the signature base."""
    created: int
    expires: int | None
    nonce: str
    key_id: str
    value: bytes


class SignedRequest(NamedTuple):
    """What a signature is about."""

    method: str
    target_uri: str
    """Address under which the gateway is known, with path and query as received."""
    headers: Mapping[str, str]
    """Values by lower-case name; repeated ones joined by ``, `` (RFC 9421 §2.1)."""


def parse(signature_input: str, signature: str) -> SignatureInput:
    """Read the two headers.

    :raises Fault: anything that this profile does not know.
    """
    found, value = _INPUT.fullmatch(signature_input), _VALUE.fullmatch(signature)
    if found is None or value is None:
        raise _malformed("Signature-Input and Signature must each carry exactly one well-formed signature.")
    if found[1] != value[1]:
        raise _malformed("Signature-Input and Signature carry different labels.")
    components = tuple(_ESCAPED.sub(r"\1", item) for item in _ITEM.findall(found[3]))
    if len(set(components)) != len(components):
        raise _malformed("A component is covered twice.")
    parameters = _parameters(found[5])
    created, expires, nonce, key_id = (parameters.get(name) for name in ("created", "expires", "nonce", "keyid"))
    if not isinstance(created, int) or not isinstance(nonce, str) or not isinstance(key_id, str) or not isinstance(expires, int | None):
        raise _malformed("The parameters created, nonce and keyid are needed.")
    if parameters.get("alg", ALGORITHM) != ALGORITHM:
        raise _malformed(f"The algorithm must be {ALGORITHM}.")
    shortest, longest = limits.NONCE_CHARACTERS
    if not shortest <= len(nonce) <= longest:
        raise _malformed(f"A nonce has {shortest} to {longest} characters.")
    try:
        raw = base64.b64decode(value[2], validate=True)
    except binascii.Error:
        raise _malformed("The signature is not base64.") from None
    return SignatureInput(components, found[2], created, expires, nonce, key_id, raw)


def _parameters(text: str) -> dict[str, int | str]:
    parameters: dict[str, int | str] = {}
    for name, number, string in _PARAMETER.findall(text):
        if name in parameters or name not in _KNOWN:
            raise _malformed(f"The parameter {name} stands twice or is not known.")
        parameters[name] = int(number) if number else _ESCAPED.sub(r"\1", string)
    return parameters


def check_coverage(signed: SignatureInput, headers: Mapping[str, str], *, has_body: bool, profile: Profile = XROAD) -> None:
    """:raises Fault: something that must be covered by the signature is not."""
    needed = set(profile.always)
    needed |= {name for name in headers if name.startswith(profile.prefixes) or name in profile.where_sent}
    needed -= profile.ignored
    if has_body or "content-digest" in headers:
        needed.add("content-digest")
    missing = sorted(needed.difference(signed.components))
    if missing:
        raise Fault(Code.MALFORMED_SIGNATURE, "not_covered", f"The signature does not cover: {', '.join(missing)}.")


def check_time(signed: SignatureInput, now: float) -> None:
    """:raises Fault: made too long ago, in the future, or expired."""
    if not now - limits.SIGNATURE_AGE_SECONDS <= signed.created <= now + limits.SIGNATURE_AHEAD_SECONDS:
        raise Fault(
            Code.INVALID_SIGNATURE_VALUE,
            "created_outside_window",
            f"The signature was made at {signed.created}; here it is {int(now)}. It may be {limits.SIGNATURE_AGE_SECONDS} seconds old, {limits.SIGNATURE_AHEAD_SECONDS} ahead.",
        )
    if signed.expires is not None and signed.expires < now:
        raise Fault(Code.INVALID_SIGNATURE_VALUE, "signature_expired", f"The signature expired at {signed.expires}; here it is {int(now)}.")


def signature_base(signed: SignatureInput, request: SignedRequest) -> bytes:
    """The bytes under the signature (RFC 9421 §2.5).

    :raises Fault: a covered component is absent or not known.
    """
    lines = [f'"{name}": {_component(name, request)}' for name in signed.components]
    lines.append(f'"@signature-params": {signed.parameters_text}')
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def _component(name: str, request: SignedRequest) -> str:
    if not name.startswith("@"):
        value = request.headers.get(name)
        if value is None:
            raise _malformed(f"The signature covers {name[:50]}, which is not sent or not in lower case.")
        return value
    if name not in _DERIVED:
        raise _malformed(f"The component {name[:50]} is not known.")
    scheme, _, rest = request.target_uri.partition("://")
    authority, slash, target = rest.partition("/")
    path, _, query = (slash + target).partition("?")
    values = {
        "@method": request.method, "@target-uri": request.target_uri, "@scheme": scheme, "@authority": authority.lower(),
        "@request-target": slash + target, "@path": path, "@query": "?" + query,
    }  # fmt: skip
    return values[name]


def verify(signed: SignatureInput, request: SignedRequest, key: EllipticCurvePublicKey) -> None:
    """:raises Fault: the signature is not of this request and key."""
    if len(signed.value) == 64:
        try:
            key.verify(der_signature(signed.value), signature_base(signed, request), _ES256)
        except InvalidSignature:
            pass
        else:
            return
    raise Fault(
        Code.INVALID_SIGNATURE_VALUE,
        "wrong_signature",
        f"The signature does not match. For the gateway the target is {request.target_uri.partition('?')[0][:300]}; check the address, the key and the covered headers.",
    )


class DigestCheck:
    """Whether a body is the one of which ``Content-Digest`` (RFC 9530) speaks; the body is fed in pieces. Every known algorithm in the header must agree."""

    def __init__(self, content_digest: str | None) -> None:
        """:raises Fault: the header cannot be read, or has no algorithm that is known here."""
        self._said = content_digest is not None
        self._expected = [] if content_digest is None else _digests(content_digest)
        self._any = False

    def update(self, part: bytes) -> None:
        """Take the next piece of the body."""
        self._any = self._any or bool(part)
        for digest, _ in self._expected:
            digest.update(part)

    def finish(self) -> None:
        """:raises Fault: the body was another, or there was one of which nothing is said."""
        if self._any and not self._said:
            raise Fault(Code.MALFORMED_SIGNATURE, "not_covered", "A body needs Content-Digest, covered by the signature.")
        for digest, expected in self._expected:
            if not hmac.compare_digest(base64.b64encode(digest.digest()), expected):
                raise Fault(Code.INVALID_SIGNATURE_VALUE, "wrong_digest", "Content-Digest does not match the body.")


def _digests(content_digest: str) -> list[tuple[hashlib._Hash, bytes]]:
    found = [_VALUE.fullmatch(member) for member in content_digest.split(",")]
    if any(member is None for member in found):
        raise _malformed("Content-Digest cannot be read.")
    known = [(_DIGESTS[member[1]](), member[2].encode()) for member in found if member is not None and member[1] in _DIGESTS]
    if not known:
        raise _malformed("Content-Digest must be of sha-256 or sha-512.")
    return known


def _malformed(message: str) -> Fault:
    return Fault(Code.MALFORMED_SIGNATURE, "malformed_signature", message)
