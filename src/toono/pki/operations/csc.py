"""The interface of the Cloud Signature Consortium, version 2: what each method answers.

Source: CSC API v2.0.0.2, chapter 11. A credential is a certificate of the person for whom the access token speaks; it needs SCAL2: the hashes are
named when the credential is authorised, the holder confirms them on the platform's own page (the answer is 202 and a handle), and only then there
are activation data. Names of version 1 (``hash``, ``hashAlgo``) are taken as well.
"""

from __future__ import annotations

import binascii
import secrets
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding

from toono.kernel.clock import now
from toono.kernel.errors import Unavailable
from toono.kernel.settings import settings
from toono.kernel.text import clean
from toono.pki import queries
from toono.pki.contracts import CertificateState, SigningOrigin, SigningPurpose, SigningRequestView, SigningState
from toono.pki.domain.remote_signing import MOST_DIGESTS, TEXT_LIMIT, is_exact
from toono.pki.errors import DigestNotSupported, SigningRequestRefused, TooManySigningRequests
from toono.pki.models import Certificate
from toono.pki.operations import remote_signing, time_stamp

ECDSA = {"1.2.840.10045.4.3.2": 32, "1.2.840.10045.4.3.3": 48, "1.2.840.10045.4.3.4": 64}
"""ecdsa-with-SHA256, -384, -512, and the length of the digest in bytes."""
HASH = {"2.16.840.1.101.3.4.2.1": 32, "2.16.840.1.101.3.4.2.2": 48, "2.16.840.1.101.3.4.2.3": 64}
P256 = "1.2.840.10045.3.1.7"
SAD_SECONDS = 300
"""How long after the signature its client may fetch it."""
STATUS = {
    CertificateState.VALID: "valid", CertificateState.EXPIRED: "expired", CertificateState.REVOKED: "revoked",
    CertificateState.SUSPENDED: "suspended",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Caller:
    """For whom and by whom a method is called."""

    person_id: UUID
    client_id: str
    client: str
    """The client's name, as persons read it."""


class Refused(Exception):
    """A method's refusal, in the interface's own words."""

    def __init__(self, description: str, *, error: str = "invalid_request", status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


Answer = tuple[int, dict[str, object]]
Body = Mapping[str, Any]


def answer(*, method: str, caller: Caller | None, body: Body) -> Answer:
    """Status and body of a method's answer, refusals included. ``info`` alone needs no caller.

    :raises KeyError: no such method.
    """
    ask = METHODS[method]
    try:
        return ask(caller, body)
    except Refused as refused:
        return refused.status, {"error": refused.error, "error_description": refused.description}


# -- what there is -----------------------------------------------------------------------------------------------------


def _info(caller: Caller | None, body: Body) -> Answer:
    _optional(body, "lang", str)
    base = settings().base_url
    return 200, {
        "specs": "2.0.0.2", "name": "Тооно", "logo": f"{base}/favicon.ico", "region": "MN", "lang": "mn",
        "description": "Remote signing with keys of natural persons, confirmed one by one.", "authType": ["oauth2code"], "oauth2Issuer": base,
        "asynchronousOperationMode": False, "methods": sorted(METHODS), "signAlgorithms": {"algos": list(ECDSA)},
        "signature_formats": {"formats": [], "envelope_properties": []}, "conformance_levels": [],
    }  # fmt: skip


def _list(caller: Caller | None, body: Body) -> Answer:
    own = _caller(caller)
    if body.get("userID") is not None:
        raise Refused("userID parameter MUST be null")
    only_valid = _flag(body, "onlyValid")
    rows = remote_signing.certificates_of(person_id=own.person_id, purpose=SigningPurpose.SIGNATURE, only_valid=only_valid)
    found: dict[str, object] = {"credentialIDs": [row.serial for row in rows]}
    if _flag(body, "credentialInfo"):
        found["credentialInfos"] = [{"credentialID": row.serial} | _credential(row, body) for row in rows]
    return 200, found | ({"onlyValid": True} if only_valid else {})


def _details(caller: Caller | None, body: Body) -> Answer:
    return 200, _credential(_own_credential(_caller(caller), body), body)


def _credential(row: Certificate, body: Body) -> dict[str, object]:
    """A credential's description, as ``certificates``, ``certInfo`` and ``authInfo`` want it."""
    wanted = body.get("certificates", "single")
    if wanted not in ("none", "single", "chain"):
        raise Refused("Invalid parameter certificates")
    parsed, standing = queries.parsed(row.pem), _standing(row)
    certificate: dict[str, object] = {"status": STATUS[standing]}
    if wanted != "none":
        chain = (row.pem, *queries.chain(row)) if wanted == "chain" else (row.pem,)
        certificate["certificates"] = [b64encode(queries.parsed(pem).public_bytes(Encoding.DER)).decode() for pem in chain]
    if _flag(body, "certInfo"):
        certificate |= {
            "issuerDN": parsed.issuer.rfc4514_string(), "serialNumber": row.serial.upper(), "subjectDN": parsed.subject.rfc4514_string(),
            "validFrom": f"{row.not_before:%Y%m%d%H%M%SZ}", "validTo": f"{row.not_after:%Y%m%d%H%M%SZ}",
        }  # fmt: skip
    auth: dict[str, object] = {"mode": "explicit"}
    if _flag(body, "authInfo"):
        auth |= {"expression": "PAGE", "objects": [{"type": "ChallengeResponse", "id": "PAGE", "generator": "oob", "label": "Тооно"}]}
    return {
        "key": {"status": "enabled" if standing is CertificateState.VALID else "disabled", "algo": list(ECDSA), "len": 256, "curve": P256},
        "cert": certificate, "auth": auth, "SCAL": "2", "multisign": MOST_DIGESTS, "lang": "mn",
    }  # fmt: skip


# -- authorising ---------------------------------------------------------------------------------------------------------


def _authorize(caller: Caller | None, body: Body) -> Answer:
    """Ask the holder; the answer is a handle. What they read is ``description``, or the whole of ``clientData`` if it is what is signed."""
    own = _caller(caller)
    row = _own_credential(own, body)
    hashes = _hashes(body)
    count = body.get("numSignatures")
    if type(count) is not int:
        raise Refused("Missing (or invalid type) integer parameter numSignatures")
    if count < 1:
        raise Refused("Invalid value for parameter numSignatures")
    if count > MOST_DIGESTS:
        raise Refused("Numbers of signatures is too high")
    if count != len(hashes):
        raise Refused("Invalid value for parameter numSignatures")
    if body.get("authData") not in (None, []):
        raise Refused("The authentication data is invalid", error="invalid_authentication_data")
    if _standing(row) is not CertificateState.VALID:
        raise Refused("The credential identified by credentialID is disabled")
    handle = secrets.token_urlsafe(32)
    try:
        remote_signing.ask(
            origin=SigningOrigin.CSC, purpose=SigningPurpose.SIGNATURE, party_id=own.client_id, party=own.client, certificate=row,
            digests=hashes, text=_shown(body, hashes), protocol={}, handle=handle,
        )  # fmt: skip
    except TooManySigningRequests:
        raise Refused("Too many authorizations of this client wait for the holder", status=429) from None
    except SigningRequestRefused:
        raise Refused("Invalid digest value length") from None
    return 202, {"handle": handle}


def _shown(body: Body, hashes: list[str]) -> str:
    """The text for the holder. One that is itself signed is shown to the letter; a mere description is tidied."""
    whole = body.get("clientData")
    if isinstance(whole, str) and len(whole) <= TEXT_LIMIT and is_exact(whole, hashes):
        return _plain(whole)
    description = body.get("description", "")
    if not isinstance(description, str) or len(description) > 500:
        raise Refused("Invalid parameter description")
    return _plain(description) if is_exact(description, hashes) else clean(description)


def _plain(text: str) -> str:
    """A text that is signed to the letter may hold nothing that a screen shows otherwise than it stands."""
    if any(unicodedata.category(letter)[0] == "C" and letter not in "\n\t" for letter in text):
        raise Refused("Invalid parameter clientData")
    return text


def _check(caller: Caller | None, body: Body) -> Answer:
    own, handle = _caller(caller), body.get("handle")
    found = remote_signing.by_handle(party_id=own.client_id, handle=handle) if isinstance(handle, str) else None
    if found is None or found.person_id != own.person_id:
        raise Refused("Invalid parameter handle")
    try:
        found = remote_signing.finished(request_id=found.id, wait_seconds=0)
    except Unavailable:
        return 202, {"handle": handle}
    if found.state is SigningState.WAITING:
        return 202, {"handle": handle}
    if found.state is not SigningState.SIGNED:
        raise Refused("The authentication data is invalid", error="invalid_authentication_data")
    return 200, {"SAD": remote_signing.give_activation_data(request_id=found.id), "expiresIn": _seconds_left(found)}


def _seconds_left(found: SigningRequestView) -> int:
    ends = (found.answered_at or now()) + timedelta(seconds=SAD_SECONDS)
    return max(0, int((ends - now()).total_seconds()))


# -- signing -------------------------------------------------------------------------------------------------------------


def _sign_hash(caller: Caller | None, body: Body) -> Answer:
    """The signatures that the holder has made over these hashes."""
    own = _caller(caller)
    row, hashes = _own_credential(own, body), _hashes(body)
    algorithm = body.get("signAlgo")
    if not isinstance(algorithm, str):
        raise Refused("Missing (or invalid type) string parameter signAlgo")
    if algorithm not in ECDSA or len(b64decode(hashes[0])) != ECDSA[algorithm]:
        raise Refused("Invalid parameter signAlgo")
    if body.get("operationMode", "S") != "S":
        raise Refused("Invalid parameter operationMode")
    given = body.get("SAD")
    if not isinstance(given, str):
        raise Refused("Missing (or invalid type) string parameter SAD")
    found = remote_signing.by_activation_data(party_id=own.client_id, given=given)
    if found is None or found.person_id != own.person_id or found.certificate != row.serial:
        raise Refused("Invalid parameter SAD")
    if _seconds_left(found) <= 0:
        raise Refused("SAD expired")
    made = dict(zip(found.digests, found.signatures, strict=True))
    if not set(hashes) <= made.keys():
        raise Refused("Hash is not authorized by the SAD")
    return 200, {"signatures": [made[one] for one in hashes]}


def _timestamp(caller: Caller | None, body: Body) -> Answer:
    _caller(caller)
    given, algorithm = body.get("hash"), body.get("hashAlgo")
    if not isinstance(given, str):
        raise Refused("Missing (or invalid type) string parameter hash")
    if not isinstance(algorithm, str):
        raise Refused("Missing (or invalid type) string parameter hashAlgo")
    if algorithm not in HASH:
        raise Refused("Invalid parameter hashAlgo")
    if body.get("nonce") is not None:
        raise Refused("Invalid parameter nonce")
    try:
        digest = b64decode(given, validate=True)
        if len(digest) != HASH[algorithm]:
            raise ValueError
        return 200, {"timestamp": b64encode(time_stamp.time_stamp(digest=digest)).decode()}
    except (binascii.Error, ValueError, DigestNotSupported):
        raise Refused("Invalid parameter hash") from None


# -- reading parameters ----------------------------------------------------------------------------------------------------


def _caller(caller: Caller | None) -> Caller:
    if caller is None:
        raise Refused("The access token is missing, has ended, or is not for this service", error="invalid_token", status=401)
    return caller


def _own_credential(caller: Caller, body: Body) -> Certificate:
    serial = body.get("credentialID")
    if not isinstance(serial, str):
        raise Refused("Missing (or invalid type) string parameter credentialID")
    rows = remote_signing.certificates_of(person_id=caller.person_id, purpose=SigningPurpose.SIGNATURE, only_valid=False)
    found = next((row for row in rows if row.serial == serial), None)
    if found is None:
        raise Refused("Invalid parameter credentialID")
    return found


def _hashes(body: Body) -> list[str]:
    """``hashes``, or ``hash`` of version 1; all of one length, which the hash algorithm, where it is named, must have."""
    given = body.get("hashes", body.get("hash"))
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise Refused("Missing (or invalid type) array parameter hash")
    if not given:
        raise Refused("Empty hash array")
    if len(given) > MOST_DIGESTS:
        raise Refused("Numbers of signatures is too high")
    try:
        lengths = {len(b64decode(one, validate=True)) for one in given}
    except (binascii.Error, ValueError):
        raise Refused("Invalid Base64 hash string parameter") from None
    algorithm = body.get("hashAlgorithmOID", body.get("hashAlgo"))
    if algorithm is not None and algorithm not in HASH:
        raise Refused("Invalid parameter hashAlgorithmOID")
    if len(lengths) != 1 or not lengths <= set(HASH.values()) or (algorithm is not None and lengths != {HASH[algorithm]}):
        raise Refused("Invalid digest value length")
    return [b64encode(b64decode(one)).decode() for one in given]


def _flag(body: Body, name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Refused(f"Invalid parameter {name}")
    return value


def _optional(body: Body, name: str, kind: type) -> None:
    if name in body and not isinstance(body[name], kind):
        raise Refused(f"Invalid parameter {name}")


def _standing(row: Certificate) -> CertificateState:
    return queries.info(row).state


METHODS: dict[str, Callable[[Caller | None, Body], Answer]] = {
    "info": _info,
    "credentials/list": _list,
    "credentials/info": _details,
    "credentials/authorize": _authorize,
    "credentials/authorizeCheck": _check,
    "signatures/signHash": _sign_hash,
    "signatures/timestamp": _timestamp,
}
