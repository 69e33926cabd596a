"""The relying-party interface of Smart-ID, version 3: a session is a request to sign."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding

from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed, Unavailable
from toono.kernel.settings import settings
from toono.pki import queries
from toono.pki.contracts import RelyingPartyInfo, SigningOrigin, SigningPurpose, SigningRequestView, SigningState
from toono.pki.domain import smart_id as rules
from toono.pki.domain.smart_id import ACSP, ALGORITHM, RAW, Asked, BadRequest, Link
from toono.pki.errors import (
    CertificateLevelMissing,
    NoPersonCertificate,
    SigningRequestNotFound,
    SigningRequestRefused,
)
from toono.pki.models import Certificate, SigningRequest
from toono.pki.operations import relying_parties, remote_signing

COMPLIANT = bytes.fromhex("0604008E460101")
"""id-etsi-qcs-QcCompliance (EN 319 412-5 §4.2.1) as it stands in the statements of a qualified certificate."""
STATEMENTS = "1.3.6.1.5.5.7.1.3"
NUMBER = re.compile(r"PNOMN-([0-9]{12})-([0-9A-F]{4})-Q")
RESULT_KEPT = timedelta(minutes=10)
POLL_STEP_SECONDS = 0.25
LONGEST_POLL_SECONDS = 20.0
POLLS = threading.BoundedSemaphore(4)
"""Threads of one process that may stand and wait for persons; beyond them a question is answered at once, and asked again by its client."""
END_RESULTS = {SigningState.REFUSED: "USER_REFUSED", SigningState.EXPIRED: "TIMEOUT"}
UNUSABLE = "DOCUMENT_UNUSABLE"
"""The end result where the holder's certificate was revoked, suspended, or ended while it was waited for."""


# -- beginning -----------------------------------------------------------------------------------------------------


def begin(
    *, party: RelyingPartyInfo, purpose: SigningPurpose, addressed: str, to: str, link: bool, body: Mapping[str, Any]
) -> dict[str, object]:
    """Begin a session; the answer as the interface has it.

    :param addressed: ``etsi``, ``document``, or ``anonymous``.
    :param to: semantics identifier or document number.
    :param link: a device link (QR, same device) instead of a notification.
    :raises SigningRequestRefused: the request is not of the interface.
    :raises RelyingPartyNotAllowed: another number, name or place than was registered.
    :raises NoPersonCertificate: nobody of this name, or without a certificate.
    :raises CertificateLevelMissing: the certificate is of a lower level.
    """
    try:
        asked = rules.read(body, ACSP if purpose is SigningPurpose.AUTHENTICATION else RAW)
    except BadRequest as error:
        raise SigningRequestRefused(str(error)) from None
    relying_parties.check_names(party=party, uuid=asked.party_uuid, name=asked.party_name, callback=asked.callback)
    holder = _holder(addressed, to, purpose, asked.level) if addressed != "anonymous" else None
    protocol = _protocol(asked, link)
    digests = _digests(purpose, protocol, asked.party_name) if holder and not link else _raw_digests(purpose, asked)
    opened = holder if (not link or purpose is SigningPurpose.SIGNATURE) else None
    if opened is None and holder is not None:
        protocol["expects"] = holder.serial
    made = remote_signing.ask(
        origin=SigningOrigin.SMART_ID, purpose=purpose, party_id=str(party.id), party=asked.party_name, certificate=opened,
        digests=digests if opened is not None else [], text=asked.text, protocol=protocol,
    )  # fmt: skip
    answer: dict[str, object] = {"sessionID": str(made.id), "vc": {"type": "numeric5", "value": made.verification_code}}
    if not link:
        return answer
    base = f"{settings().base_url}/dl"
    return answer | {"sessionToken": protocol["token"], "sessionSecret": protocol["secret"], "deviceLinkBase": base}


def _holder(addressed: str, to: str, purpose: SigningPurpose, level: str) -> Certificate:
    """The person who is meant: ``PNOMN-<civil id>``, the bare civil id, or a document number that we gave."""
    number = NUMBER.fullmatch(to)
    civil_id = (number[1] if number else "") if addressed == "document" else to.removeprefix("PNOMN-")
    if not re.fullmatch(r"[0-9]{12}", civil_id):
        raise NoPersonCertificate("no such person")
    found = remote_signing.certificate_of_civil_id(civil_id=civil_id, purpose=purpose)
    if number and document_number(found) != to:
        raise NoPersonCertificate("no such document")
    if rules.LEVELS[level_of(found)] < rules.LEVELS[level]:
        raise CertificateLevelMissing(f"the certificate is {level_of(found)}")
    return found


def document_number(certificate: Certificate) -> str:
    """By what a relying party knows a person again: stays while the person is the same, whatever certificates come and go."""
    owner = remote_signing.owner(certificate)
    return f"PNOMN-{certificate.register_number}-{hashlib.sha256(f'document:{owner}'.encode()).hexdigest()[:4].upper()}-Q"


def level_of(certificate: Certificate) -> str:
    """``QUALIFIED`` where the certificate itself says so (QcCompliance), else ``ADVANCED``."""
    for extension in queries.parsed(certificate.pem).extensions:
        if extension.oid.dotted_string == STATEMENTS:
            return "QUALIFIED" if COMPLIANT in extension.value.public_bytes() else "ADVANCED"
    return "ADVANCED"


def _protocol(asked: Asked, link: bool) -> dict[str, str]:
    found = {
        "challenge": asked.challenge, "interactions": asked.interactions, "interaction": asked.interaction, "callback": asked.callback,
        "level": asked.level, "flow": "Notification", "server_random": b64encode(secrets.token_bytes(24)).decode(),
        "verifier": secrets.token_urlsafe(32),
    }  # fmt: skip
    if link:
        found |= {"flow": "", "token": secrets.token_urlsafe(18), "secret": b64encode(secrets.token_bytes(24)).decode(), "notify": "no"}
    return found


def _raw_digests(purpose: SigningPurpose, asked: Asked) -> list[str]:
    return [asked.challenge] if purpose is SigningPurpose.SIGNATURE else []


def _digests(purpose: SigningPurpose, protocol: Mapping[str, str], party: str) -> list[str]:
    """What the holder's key will sign, once it is known by which way they came."""
    if purpose is SigningPurpose.SIGNATURE:
        return [protocol["challenge"]]
    payload = rules.acsp_payload(
        server_random=protocol["server_random"], challenge=protocol["challenge"], user_challenge=rules.user_challenge(protocol["verifier"]),
        party_name=party, interactions=protocol["interactions"], interaction=protocol["interaction"], callback=protocol["callback"],
        flow=protocol["flow"],
    )  # fmt: skip
    return [b64encode(hashlib.sha256(payload).digest()).decode()]


# -- device links --------------------------------------------------------------------------------------------------


def open_link(*, address: str) -> tuple[UUID, str]:
    """The session of a device link and the way by which it was opened.

    :raises SigningRequestNotFound: no link of ours, of no session that waits, copied too late, or made by somebody else.
    """
    link = rules.read_link(address)
    row = _session_of(link) if link else None
    if link is None or row is None or row.state is not SigningState.WAITING:
        raise SigningRequestNotFound("no such device link")
    if link.token:
        expected = rules.auth_code(
            secret=row.protocol["secret"], protocol=ACSP if row.purpose is SigningPurpose.AUTHENTICATION else RAW,
            challenge=row.protocol["challenge"], party_name=row.party, interactions=row.protocol["interactions"],
            callback=row.protocol["callback"], unprotected=link.unprotected,
        )  # fmt: skip
        if not rules.link_counts(link, expected=expected, elapsed_seconds=(now() - row.asked_at).total_seconds()):
            raise SigningRequestNotFound("the link is old, or not of the relying party")
    return row.id, link.kind


def _session_of(link: Link) -> SigningRequestView | None:
    rows = SigningRequest.objects.select_related("certificate").filter(origin=SigningOrigin.SMART_ID.value)
    if link.token:
        row = rows.filter(protocol__token=link.token).first()
        return remote_signing.view(row) if row else None
    try:
        row = rows.filter(id=UUID(link.session), verification_code=link.code, protocol__has_key="token").first()
    except ValueError:
        return None
    return remote_signing.view(row) if row else None


def take(*, actor: Actor, request_id: UUID, flow: str) -> SigningRequestView:
    """The signed-in person opened the link: the session is theirs from now on, if it was meant for them or for nobody.

    :raises SigningRequestNotFound: it is another's.
    :raises NoPersonCertificate: they have none for this.
    :raises CertificateLevelMissing:
    """
    if actor.role is not Role.CITIZEN or actor.person_id is None:
        raise NotAllowed(f"{actor} signs nothing")
    row = SigningRequest.objects.select_related("certificate").filter(id=request_id).first()
    if row is None or flow not in rules.LINK_TYPES:
        raise SigningRequestNotFound(f"no request {request_id}")
    if row.person_id is not None:
        return remote_signing.one(actor=actor, request_id=request_id)
    purpose = SigningPurpose(row.purpose)
    found = remote_signing.certificates_of(person_id=actor.person_id, purpose=purpose, only_valid=True)
    if not found:
        raise NoPersonCertificate("the person who opened the link has no certificate")
    if rules.LEVELS[level_of(found[0])] < rules.LEVELS[row.protocol["level"]]:
        raise CertificateLevelMissing(f"the certificate is {level_of(found[0])}")
    if row.protocol.get("expects") not in (None, *(one.serial for one in found)):
        raise SigningRequestNotFound("the session is addressed to somebody else")
    protocol = row.protocol | {"flow": flow}
    digests = _digests(purpose, protocol, row.party)
    return remote_signing.take(actor=actor, request_id=request_id, certificate=found[0], digests=digests, protocol={"flow": flow})


def way_back(asked: SigningRequestView) -> str:
    """Where a person who came on the same device goes back to after signing; empty where nowhere."""
    told = asked.protocol
    if asked.state is not SigningState.SIGNED or not told.get("callback") or told.get("flow") not in ("Web2App", "App2App"):
        return ""
    return rules.callback_address(told["callback"], secret=told["secret"], verifier=told["verifier"], value=told["token"])


# -- how it stands ---------------------------------------------------------------------------------------------------


def session(*, party: RelyingPartyInfo, session_id: str, timeout_milliseconds: int) -> dict[str, object]:
    """How the session stands; waits so long for the person, as far as there are threads to wait.

    :raises SigningRequestNotFound: none of this relying party, or over for long.
    """
    try:
        identifier = UUID(session_id)
    except ValueError:
        raise SigningRequestNotFound("no such session") from None
    if not SigningRequest.objects.filter(id=identifier, party_id=str(party.id)).exists():
        raise SigningRequestNotFound("no such session")
    seconds = min(timeout_milliseconds / 1000, LONGEST_POLL_SECONDS)
    if seconds <= 0 or not POLLS.acquire(blocking=False):
        return _told(_now(identifier))
    try:
        deadline, pause = monotonic() + seconds, threading.Event()
        while (found := _now(identifier)).state is SigningState.WAITING and monotonic() < deadline:
            pause.wait(POLL_STEP_SECONDS)
        return _told(found)
    finally:
        POLLS.release()


def _now(identifier: UUID) -> SigningRequestView:
    try:
        return remote_signing.finished(request_id=identifier, wait_seconds=0)
    except Unavailable:  # confirmed, and not signed yet: it runs
        return remote_signing.view(SigningRequest.objects.select_related("certificate").get(id=identifier))


def _told(found: SigningRequestView) -> dict[str, object]:
    if found.answered_at is not None and now() > found.answered_at + RESULT_KEPT:
        raise SigningRequestNotFound("the session is over for long")
    if found.state is SigningState.WAITING and not found.protocol["interaction"]:
        return {"state": "COMPLETE", "result": {"endResult": "REQUIRED_INTERACTION_NOT_SUPPORTED_BY_APP"}}
    if found.state is SigningState.WAITING:
        return {"state": "RUNNING"}
    if found.state is not SigningState.SIGNED:
        unusable = found.state is SigningState.EXPIRED and found.certificate and not queries.in_force(queries.row(found.certificate))
        return {"state": "COMPLETE", "result": {"endResult": UNUSABLE if unusable else END_RESULTS[found.state]}}
    certificate = queries.row(found.certificate)
    value = b64encode(queries.parsed(certificate.pem).public_bytes(Encoding.DER)).decode()
    signature: dict[str, object] = {
        "value": found.signatures[0], "signatureAlgorithm": ALGORITHM, "signatureAlgorithmParameters": {"hashAlgorithm": "SHA-256"},
        "flowType": found.protocol["flow"] or "QR",
    }  # fmt: skip
    protocol = RAW
    if found.purpose is SigningPurpose.AUTHENTICATION:
        protocol = ACSP
        signature |= {"serverRandom": found.protocol["server_random"], "userChallenge": rules.user_challenge(found.protocol["verifier"])}
    return {
        "state": "COMPLETE", "result": {"endResult": "OK", "documentNumber": document_number(certificate)}, "signatureProtocol": protocol,
        "signature": signature, "cert": {"value": value, "certificateLevel": level_of(certificate)},
        "interactionTypeUsed": found.protocol["interaction"],
    }  # fmt: skip
