"""The interface of the Cloud Signature Consortium, version 2: what each method answers.

Source: CSC API v2.0.0.2, chapter 11. A credential is a certificate of the person for whom the access token speaks; it needs SCAL2: the hashes are
named when the credential is authorised, and the holder confirms them on the platform's own page. A client sends the person there with the scope
``credential`` (chapter 8; the access token is the activation data), or, where it cannot send anybody anywhere, by ``credentials/authorize`` without
authentication data: the answer is 202 and a handle. No factor of the holder's is ever collected by a client, so there is nothing for
``credentials/getChallenge`` to begin. Names of version 1 (``hash``, ``hashAlgo``) are taken as well.
"""

from __future__ import annotations

import binascii
import hashlib
import secrets
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
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
from toono.pki.domain import csc as rules
from toono.pki.domain.csc import ECDSA, HASH, Body, Refused, flag, optional
from toono.pki.domain.remote_signing import MOST_DIGESTS, TEXT_LIMIT, is_exact
from toono.pki.errors import DigestNotSupported, SigningNotReady, SigningRequestRefused, TooManySigningRequests
from toono.pki.models import Certificate
from toono.pki.operations import csc_documents, remote_signing, time_stamp
from toono.pki.operations.activation import WAIT_SECONDS

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
    service: bool = True
    """The token has the scope ``service``; one for a single authorisation has not."""
    transaction: UUID | None = None
    """The request to sign that the person confirmed for this token, or for the one that stands in ``SAD``."""


Answer = tuple[int, dict[str, object]]


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
    optional(body, "lang", str)
    base = settings().base_url
    return 200, {
        "specs": "2.0.0.2", "name": "Тооно", "logo": f"{base}/favicon.ico", "region": "MN", "lang": "mn",
        "description": "Remote signing with keys of natural persons, confirmed one by one.", "authType": ["oauth2code"], "oauth2Issuer": base,
        "asynchronousOperationMode": True, "validationInfo": True, "methods": sorted([*METHODS, *OAUTH]), "signAlgorithms": {"algos": list(ECDSA)},
        "signature_formats": {
            "formats": list(rules.ENVELOPES), "envelope_properties": [[one.value for one in offered] for offered in rules.ENVELOPES.values()],
        },
        "conformance_levels": list(rules.LEVELS),
    }  # fmt: skip


def _list(caller: Caller | None, body: Body) -> Answer:
    own = _caller(caller)
    if body.get("userID") is not None:
        raise Refused("userID parameter MUST be null")
    only_valid = flag(body, "onlyValid")
    rows = remote_signing.certificates_of(person_id=own.person_id, purpose=SigningPurpose.SIGNATURE, only_valid=only_valid)
    found: dict[str, object] = {"credentialIDs": [row.serial for row in rows]}
    if flag(body, "credentialInfo"):
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
    if flag(body, "certInfo"):
        certificate |= {
            "issuerDN": parsed.issuer.rfc4514_string(), "serialNumber": row.serial.upper(), "subjectDN": parsed.subject.rfc4514_string(),
            "validFrom": f"{row.not_before:%Y%m%d%H%M%SZ}", "validTo": f"{row.not_after:%Y%m%d%H%M%SZ}",
        }  # fmt: skip
    flag(body, "authInfo")
    return {
        "key": {"status": "enabled" if standing is CertificateState.VALID else "disabled", "algo": list(ECDSA), "len": 256, "curve": P256},
        "cert": certificate, "auth": {"mode": "oauth2code"}, "SCAL": "2", "multisign": MOST_DIGESTS, "lang": "mn",
    }  # fmt: skip


# -- authorising ---------------------------------------------------------------------------------------------------------


def _authorize(caller: Caller | None, body: Body) -> Answer:
    """Ask the holder; the answer is a handle. What they read is ``description``, or the whole of ``clientData`` if it is what is signed."""
    own = _caller(caller)
    row = _own_credential(own, body)
    hashes = rules.hashes(body)
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


def ask_by_page(*, person_id: UUID, client_id: str, client: str, detail: Mapping[str, Any], way_back: str) -> SigningRequestView:
    """The request that a client makes with the scope ``credential`` (§8.4.2): its ``detail`` in the words of ``authorization_details``.

    :param way_back: where the page sends the person when they have answered.
    :raises Refused:
    :raises TooManySigningRequests:
    """
    own = Caller(person_id=person_id, client_id=client_id, client=client)
    if detail.get("signatureQualifier") is not None:
        raise Refused("Invalid parameter signatureQualifier")  # a legal quality that these certificates do not have is not claimed
    row, digests = _own_credential(own, detail), detail.get("documentDigests") or []
    hashes = rules.hashes({"hashes": [one.get("hash") for one in digests], "hashAlgorithmOID": detail.get("hashAlgorithmOID")})
    if detail.get("numSignatures", len(hashes)) != len(hashes) or len(set(hashes)) != len(hashes):
        raise Refused("Invalid value for parameter numSignatures")
    if _standing(row) is not CertificateState.VALID:
        raise Refused("The credential identified by credentialID is disabled")
    labels = [clean(str(one.get("label", ""))) for one in digests]
    try:
        return remote_signing.ask(
            origin=SigningOrigin.CSC, purpose=SigningPurpose.SIGNATURE, party_id=client_id, party=client, certificate=row, digests=hashes,
            text=_listed(labels, clean(str(detail.get("description", "")))), protocol={"way_back": way_back, "notify": "no"},
        )  # fmt: skip
    except SigningRequestRefused:
        raise Refused("Invalid digest value length") from None


def _listed(labels: Sequence[str], description: str) -> str:
    """What the holder reads: how many signatures, over which documents. In the platform's language, for it stands in what is confirmed."""
    lines = [description] if description else []
    lines.append(f"Гарын үсгийн тоо: {len(labels)}")
    lines += [f"{number}. {label or 'нэргүй баримт'}" for number, label in enumerate(labels, 1)]
    return "\n".join(lines)


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


def _extend(caller: Caller | None, body: Body) -> Answer:
    """New activation data for the rest of an authorisation (§11.11); what the holder confirmed grows neither in hashes nor in time."""
    own = _caller(caller)
    row, found = _own_credential(own, body), _authorised(own, body)
    if found.certificate != row.serial:
        raise Refused("Invalid parameter SAD")
    if body.get("hashes", body.get("hash")) is not None and not set(rules.hashes(body)) <= set(found.digests):
        raise Refused("Hash is not authorized by the SAD")
    return 200, {"SAD": remote_signing.give_activation_data(request_id=found.id), "expiresIn": _seconds_left(found)}


def _authorised(own: Caller, body: Body) -> SigningRequestView:
    """What the holder has confirmed: by activation data of ``credentials/authorize``, or by a token of the scope ``credential``."""
    given = body.get("SAD")
    if given is None and own.transaction is None:
        raise Refused("Missing (or invalid type) string parameter SAD")
    if given is not None and not isinstance(given, str):
        raise Refused("Missing (or invalid type) string parameter SAD")
    if own.transaction is not None:
        found = remote_signing.signed_one(party_id=own.client_id, request_id=own.transaction)
    else:
        found = remote_signing.by_activation_data(party_id=own.client_id, given=str(given))
    if found is None or found.person_id != own.person_id:
        raise Refused("Invalid parameter SAD")
    if _seconds_left(found) <= 0:
        raise Refused("SAD expired")
    return found


def _seconds_left(found: SigningRequestView) -> int:
    ends = (found.answered_at or now()) + timedelta(seconds=SAD_SECONDS)
    return max(0, int((ends - now()).total_seconds()))


# -- signing -------------------------------------------------------------------------------------------------------------


def _sign_hash(caller: Caller | None, body: Body) -> Answer:
    """The signatures that the holder has made over these hashes."""
    own = _authorised_caller(caller)
    row, hashes = _own_credential(own, body), rules.hashes(body)
    algorithm = body.get("signAlgo")
    if not isinstance(algorithm, str):
        raise Refused("Missing (or invalid type) string parameter signAlgo")
    if algorithm not in ECDSA or len(b64decode(hashes[0])) != ECDSA[algorithm]:
        raise Refused("Invalid parameter signAlgo")
    later, found = rules.is_asynchronous(body), _authorised(own, body)
    if found.certificate != row.serial:
        raise Refused("Invalid parameter SAD")
    made = dict(zip(found.digests, found.signatures, strict=True))
    if not set(hashes) <= made.keys():
        raise Refused("Hash is not authorized by the SAD")
    answer: dict[str, object] = {"signatures": [made[one] for one in hashes]}
    asked = hashlib.sha256("\n".join(hashes).encode()).hexdigest() if later else ""
    claimed = csc_documents.claim(
        request_id=found.id, call=csc_documents.Call(use=csc_documents.HASHES, asked=asked, answer=answer if later else None)
    )
    return 200, {"responseID": str(claimed.id)} if later else answer


def _sign_document(caller: Caller | None, body: Body) -> Answer:
    """AdES signatures around documents whose hashes the holder has confirmed."""
    own = _authorised_caller(caller)
    if body.get("signatureQualifier") is not None:
        raise Refused("Invalid parameter signatureQualifier")
    row, pieces = _own_credential(own, body), rules.pieces(body)
    later, wants_material = rules.is_asynchronous(body), flag(body, "returnValidationInfo")
    found = _authorised(own, body)
    if found.certificate != row.serial:
        raise Refused("Invalid parameter SAD")
    csc_documents.check(certificate=row, hashes=found.digests, pieces=pieces)
    signing = csc_documents.claim(request_id=found.id, call=csc_documents.call_of(pieces, wants_material=wants_material))
    if later:
        return 200, {"responseID": str(signing.id)}
    try:
        return 200, csc_documents.finished(signing, wait_seconds=WAIT_SECONDS)
    except SigningNotReady:
        raise Refused("The signatures are not ready yet; ask again", error="temporarily_unavailable", status=503) from None


def _poll(caller: Caller | None, body: Body) -> Answer:
    """The answer of a call with ``operationMode`` A; 202 while it is not made."""
    own, given = _authorised_caller(caller), body.get("responseID")
    if not isinstance(given, str):
        raise Refused("Missing (or invalid type) string parameter responseID")
    try:
        signing = csc_documents.of_caller(signing_id=UUID(given), party_id=own.client_id, person_id=own.person_id)
    except ValueError:
        signing = None
    if signing is None or signing.forgotten:
        raise Refused("Invalid parameter responseID")
    try:
        return 200, csc_documents.finished(signing, wait_seconds=0)
    except SigningNotReady:
        return 202, {"responseID": given}


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


def _authorised_caller(caller: Caller | None) -> Caller:
    """Also one whose token is good for a single authorisation only."""
    if caller is None or not (caller.service or caller.transaction):
        raise Refused("The access token is missing, has ended, or is not for this service", error="invalid_token", status=401)
    return caller


def _caller(caller: Caller | None) -> Caller:
    if caller is None or not caller.service:
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


def _standing(row: Certificate) -> CertificateState:
    return queries.info(row).state


METHODS: dict[str, Callable[[Caller | None, Body], Answer]] = {
    "info": _info,
    "credentials/list": _list,
    "credentials/info": _details,
    "credentials/authorize": _authorize,
    "credentials/authorizeCheck": _check,
    "credentials/extendTransaction": _extend,
    "signatures/signHash": _sign_hash,
    "signatures/signDoc": _sign_document,
    "signatures/signPolling": _poll,
    "signatures/timestamp": _timestamp,
}
OAUTH = ("oauth2/authorize", "oauth2/pushed_authorize", "oauth2/token", "oauth2/revoke")
"""At the addresses that the metadata of ``oauth2Issuer`` give (RFC 8414)."""
