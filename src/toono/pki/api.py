"""The door of ``pki``: certificates and their revocation, seals, time-stamps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from toono.kernel.actor import Actor, Role, system
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.pki import queries
from toono.pki.adapters import signer
from toono.pki.contracts import (
    AcceptedCeremony,
    AcmeAnswer,
    AcmeKeySecret,
    AcmeOrganisation,
    AuthorityOverview,
    CertificateInfo,
    CertificateState,
    Confirmation,
    DeskStatement,
    FileSigningView,
    FileToSign,
    HeldCertificate,
    Indication,
    KeptFiles,
    LoadedList,
    OfficerName,
    PersonName,
    Profile,
    PublicCertificate,
    RegisteredParty,
    RelyingPartyInfo,
    RequestInfo,
    RevocationReason,
    SealCheck,
    SignatureForm,
    SignatureLevel,
    SignatureReport,
    SignedFileKind,
    SigningOrigin,
    SigningPurpose,
    SigningRequestView,
    StampPlace,
    StatusAnswer,
    Subject,
    SubjectName,
    ValidationReport,
)
from toono.pki.domain.csc import Refused as CscRefused
from toono.pki.domain.profiles import PLATFORM
from toono.pki.domain.revocation import HOLDER_REASONS, REASONS
from toono.pki.domain.validation.etsi import as_etsi
from toono.pki.errors import CertificateNotFound, SigningRequestNotFound, SigningRequestRefused
from toono.pki.events import CertificateRevived, CertificateRevoked, CertificateSuspended
from toono.pki.operations import activation as _activation
from toono.pki.operations import answer_status as _answer_status
from toono.pki.operations import care_for as _care_for
from toono.pki.operations import ceremonies as _ceremonies
from toono.pki.operations import check_pdf as _check_pdf
from toono.pki.operations import csc as _csc
from toono.pki.operations import csc_documents as _csc_documents
from toono.pki.operations import establish_authorities as _establish_authorities
from toono.pki.operations import issue_certificate as _issue_certificate
from toono.pki.operations import load_trusted_list as _load_trusted_list
from toono.pki.operations import overview as _overview
from toono.pki.operations import publish_revocation_list as _publish_revocation_list
from toono.pki.operations import publish_trusted_list as _publish_trusted_list
from toono.pki.operations import relying_parties as _relying_parties
from toono.pki.operations import remote_signing as _remote
from toono.pki.operations import renew_certificates as _renew_certificates
from toono.pki.operations import request_certificate as _request_certificate
from toono.pki.operations import revoke_certificate as _revoke_certificate
from toono.pki.operations import seal_pdf as _seal_pdf
from toono.pki.operations import sign_file as _sign_file
from toono.pki.operations import sign_file_brought as _brought
from toono.pki.operations import sign_file_seen as _seen
from toono.pki.operations import sign_jws as _sign_jws
from toono.pki.operations import smart_id as _smart_id
from toono.pki.operations import time_stamp as _time_stamp
from toono.pki.operations import validate as _validate
from toono.pki.operations import validation_report as _validation_report
from toono.pki.operations.acme import challenges as _acme_challenges
from toono.pki.operations.acme import keys as _acme_keys
from toono.pki.operations.acme import protocol as _acme

# -- authorities and certificates ------------------------------------------------------------------------------


def establish_authorities(*, actor: Actor, operator: SubjectName = PLATFORM) -> None:
    """Make root, issuing authority, status responder and time-stamping unit at first start; later calls change nothing.

    ``operator`` is the legal person whom they name.

    :raises SignerUnavailable: ask again; what was made stays.
    :raises KeyMismatch: key store and database are not of the same copy.
    """
    _establish_authorities.establish_authorities(actor=actor, operator=operator)


def certificate_for(*, actor: Actor, key: str, profile: Profile, subject: Subject) -> CertificateInfo:
    """The current certificate of the key label ``key``; made, with its key, where there is none.

    Only a system or an administrator may ask. A changed ``subject`` gets a new certificate. Sign with ``.key`` of the answer:
    after a compromise it is a later generation (``seal/x/2``).

    :raises ProfileMismatch: such a label cannot have this profile.
    :raises CertificateWithdrawn: it was revoked because work ended or the right was taken away; a person must decide.
    :raises CertificateSuspended: it is suspended.
    """
    return queries.info(_issue_certificate.issue_certificate(actor=actor, label=key, profile=profile, subject=subject))


def certificate(*, serial: str) -> CertificateInfo:
    """Certificates are public; so is the answer.

    :raises CertificateNotFound:
    """
    return queries.certificate(serial)


def certificates(
    *,
    actor: Actor,
    profile: Profile | None = None,
    state: CertificateState | None = None,
    text: str = "",
    limit: int = 200,
    offset: int = 0,
) -> list[CertificateInfo]:
    """For administrators and processes, newest first. ``text`` is sought in names, register number, key label, serial."""
    if actor.role not in {Role.ADMINISTRATOR, Role.SYSTEM}:
        raise NotAllowed(f"{actor} may not list certificates")
    return queries.certificates(profile=profile, state=state, text=text, limit=limit, offset=offset)


def trust_anchors() -> tuple[str, ...]:
    """PEM of the roots in force; everything of ours leads to one of them."""
    return queries.trust_anchors()


def sign(*, key: str, digests: Sequence[bytes]) -> list[bytes]:
    """Signatures (ECDSA as DER) over ``digests`` by the key ``key``, as far as this process may use it.

    :raises SignerUnavailable: try again.
    :raises SignerRefused: the signer's table does not give this process the key.
    """
    return signer.client().sign(key=key, digests=digests)


def establish_key(*, key: str, kind: str = "P-256") -> str:
    """PEM of the public key of ``key``, which is made where there is none. For keys without a certificate, such as ``token``.

    :param kind: ``P-256``, ``P-384``, ``P-521`` or ``RSA-3072``.
    :raises SignerRefused: the key exists and is of another kind, or there is no such kind.
    """
    return signer.client().generate(key=key, kind=kind).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def public_key(*, key: str) -> str:
    """PEM of the public key of a label in the signer, on an elliptic curve or RSA.

    :raises KeyUnknown: no such key.
    """
    return signer.client().public_pem(key)


def renew_certificates(*, actor: Actor) -> int:
    """Successors for certificates that near their end; returns how many. Done daily."""
    return _renew_certificates.renew_certificates(actor=actor)


# -- ceremonies --------------------------------------------------------------------------------------------------


def request_ceremony(*, actor: Actor, authorities: Sequence[Profile], algorithm: str = "P-384", new_root: bool = False) -> bytes:
    """The file for the root's ceremony: a next generation of each authority named, the root's responder and list.

    :raises NotAllowed: neither an administrator nor the platform itself.
    :raises AlgorithmNotSupported: the signer makes no such keys.
    """
    return _ceremonies.request_ceremony(actor=actor, authorities=authorities, algorithm=algorithm, new_root=new_root)


def accept_ceremony(*, actor: Actor, request: bytes, answer: bytes, root_sha256: str) -> AcceptedCeremony:
    """Take in what the root signed, and time-stamp the transcript. Taken in twice, it changes nothing the second time.

    :raises CeremonyRefused: the answer is not one to this request, or not of the root that the witnesses wrote down.
    """
    return _ceremonies.accept_ceremony(actor=actor, request=request, answer=answer, root_sha256=root_sha256)


def roll_authority(*, actor: Actor, authority: Profile, algorithm: str = "P-384") -> CertificateInfo:
    """A next generation of an issuing authority: new key, maybe another algorithm. What the old one issued stays good and is answered for.

    :raises CeremonyRefused: no issuing authority, or the root's key is not in the signer.
    :raises AlgorithmNotSupported:
    """
    return _ceremonies.roll_authority(actor=actor, authority=authority, algorithm=algorithm)


# -- requests and the life of a certificate ----------------------------------------------------------------------


def request_at_desk(*, actor: Actor, holder_id: UUID, name: PersonName, profile: Profile, statement: DeskStatement) -> CertificateInfo:
    """A person's certificate (``PERSON`` or ``AUTHENTICATION``), issued at once: the operator has the person before them.

    ``name`` comes from the population register, now; ``statement`` is the operator's own word, kept with the request for ever.

    :raises NotAllowed: not an operator, or it is the operator's own certificate.
    :raises IdentityNotProven: the operator does not say that the person is the one on the photo.
    :raises CertificateSuspended: there is one that must be revived or revoked first.
    """
    return _request_certificate.request_at_desk(actor=actor, holder_id=holder_id, name=name, profile=profile, statement=statement)


def request_online(*, actor: Actor, name: PersonName, profile: Profile, confirmation: UUID) -> CertificateInfo:
    """The same for a citizen who is signed in and has confirmed this request by a second factor (``confirmation``: its record).

    :raises NotAllowed: not a citizen.
    :raises CertificateSuspended:
    """
    return _request_certificate.request_online(actor=actor, name=name, profile=profile, confirmation=confirmation)


def request_for_officer(*, actor: Actor, name: OfficerName) -> RequestInfo:
    """An officer's certificate that names their organisation; waits for an administrator. Asked twice, it waits once.

    :raises NotAllowed: not an officer.
    """
    return _request_certificate.request_for_officer(actor=actor, name=name)


def request_for_server(*, actor: Actor, organisation: SubjectName, request: bytes) -> RequestInfo:
    """A server's certificate for the key in ``request`` (PKCS#10, PEM or DER); waits for an administrator.

    :raises NotAllowed: not a representative of an organisation.
    :raises RequestMalformed:
    :raises WeakKey:
    :raises AlgorithmNotSupported:
    """
    return _request_certificate.request_for_server(actor=actor, organisation=organisation, request=request)


def issue_server_certificate(*, actor: Actor, organisation: SubjectName, names: tuple[str, ...], request: bytes) -> CertificateInfo:
    """A server's certificate at once, for exactly ``names``, whose control was proven before. For systems (ACME) and administrators.

    :raises RequestMalformed:
    :raises RequestNamesDiffer: the request names more, or less.
    :raises WeakKey:
    :raises AlgorithmNotSupported:
    """
    return _request_certificate.issue_server_certificate(actor=actor, organisation=organisation, names=names, request=request)


def certificate_request(*, actor: Actor, request_id: UUID) -> RequestInfo:
    """For administrators and for the one who asked.

    :raises CertificateRequestNotFound:
    """
    return _request_certificate.request(actor=actor, request_id=request_id)


def my_certificate_requests(*, actor: Actor) -> tuple[RequestInfo, ...]:
    """What this person has asked for that waits or was refused, the newest first."""
    return _request_certificate.asked_by(actor.person_id) if actor.person_id else ()


def decide_certificate_request(*, actor: Actor, request_id: UUID, approved: bool, reason: str = "") -> RequestInfo:
    """Issue what was asked for, or refuse it.

    :raises NotAllowed: not an administrator, or the one who asked.
    :raises CertificateRequestNotFound:
    :raises CertificateRequestDecided: the first decision stands.
    :raises RequestMalformed: a refusal without a reason.
    """
    return _request_certificate.decide_request(actor=actor, request_id=request_id, approved=approved, reason=reason)


def my_certificates(*, actor: Actor) -> list[HeldCertificate]:
    """A person's own certificates, those in force first, each with its history and with what the person may do now."""
    return _overview.held_certificates(actor=actor)


def held_certificate(*, actor: Actor, serial: str) -> HeldCertificate:
    """One certificate with its history, for its holder and for administrators.

    :raises CertificateNotFound: none, or another's.
    """
    return _overview.held_certificate(actor=actor, serial=serial)


def suspend_certificate(*, actor: Actor, serial: str) -> CertificateInfo:
    """Not good until revived. The holder or an administrator may.

    :raises NotAllowed: neither.
    :raises CertificateNotFound:
    :raises CertificateNotSuspendable: of a kind that is revoked only.
    :raises CertificateSuspended: it is already.
    :raises CertificateAlreadyRevoked:
    :raises CertificateExpired:
    """
    return _revoke_certificate.suspend_certificate(actor=actor, serial=serial)


def revive_certificate(*, actor: Actor, serial: str) -> CertificateInfo:
    """Good again. The caller has asked the holder for a second factor.

    :raises NotAllowed: neither the holder nor an administrator.
    :raises CertificateNotFound:
    :raises CertificateNotSuspended:
    :raises RevivalReserved: an administrator suspended it, so an administrator revives it.
    :raises CertificateAlreadyRevoked: for ever.
    :raises CertificateExpired:
    """
    return _revoke_certificate.revive_certificate(actor=actor, serial=serial)


def renew_certificate(*, actor: Actor, serial: str, name: PersonName) -> CertificateInfo:
    """A successor with the same key for one's own certificate, in its last sixty days. ``name``: as the register has it now.

    :raises NotAllowed: not the holder.
    :raises CertificateNotFound:
    :raises CertificateNotRenewable: too early, or of a kind that is asked for anew.
    :raises CertificateAlreadyRevoked:
    :raises CertificateExpired:
    """
    return _renew_certificates.renew_own(actor=actor, serial=serial, name=name)


def authority_overview(*, actor: Actor) -> AuthorityOverview:
    """Counts, what ends soon, what waits: the console. For administrators."""
    return _overview.authority_overview(actor=actor)


# -- revocation ------------------------------------------------------------------------------------------------


def revocation_reasons(*, profile: Profile, holder: bool = False) -> tuple[RevocationReason, ...]:
    """The reasons that fit a profile, in the order of the enum; empty where nothing may be revoked. ``holder``: theirs to give."""
    fitting = REASONS.get(profile, frozenset())
    return tuple(reason for reason in RevocationReason if reason in fitting and (not holder or reason in HOLDER_REASONS))


def revoke_certificate(*, actor: Actor, serial: str, reason: RevocationReason) -> CertificateInfo:
    """Revoke for good. An administrator may, the natural person whose it is, and a system that of a server.

    Publishes ``CertificateRevoked``; written to the audit.

    :raises NotAllowed: somebody else.
    :raises CertificateNotFound:
    :raises CertificateAlreadyRevoked: the first revocation stands.
    :raises CertificateExpired:
    :raises CertificateNotRevocable: an authority or the status responder.
    :raises ReasonNotAllowed: the reason does not fit the profile.
    """
    return _revoke_certificate.revoke_certificate(actor=actor, serial=serial, reason=reason)


def on_certificate_revoked(event: CertificateRevoked | CertificateSuspended | CertificateRevived) -> None:
    """Subscriber: the lists of its authority are published anew after every revocation, suspension and revival."""
    authority = queries.authority_of(event.serial)
    if authority is not None:
        _publish_revocation_list.publish_revocation_list(authority=authority)


def publish_due_lists() -> None:
    """Renew the revocation lists that are older than they should be. Done hourly. The root's waits where its key is away."""
    _publish_revocation_list.publish_due_lists()


def revocation_list(*, authority: str, changes: bool = False) -> bytes | None:
    """The list in force, DER, of the authority with this name in addresses (``issuing-persons``); None before the first was published.

    :param changes: only what has changed since the oldest list that may still be used (a delta list).
    """
    newest = queries.revocation_list(authority)
    content = (newest.delta if changes else newest.der) if newest else None
    return bytes(content) if content else None


def authority_certificate(*, authority: Profile) -> str:
    """PEM of the current certificate of an authority.

    :raises AuthoritiesMissing:
    """
    return queries.authority(authority).pem


def authority_by_name(*, name: str) -> str:
    """PEM of the authority with this name in addresses: of earlier generations too.

    :raises CertificateNotFound:
    """
    return queries.authority_by_slug(name).pem


def answer_status(*, request: bytes) -> StatusAnswer:
    """OCSP: DER request in, answer out; a bad request is answered as the protocol says, never by an exception."""
    return _answer_status.answer_status(request=request)


def follow_status_changes() -> None:
    """Have this process hear of every change of a certificate, so that it may keep status answers. Called once at its start."""
    _answer_status.follow_changes()


# -- seals, time-stamps, tokens --------------------------------------------------------------------------------


def seal_pdf(*, actor: Actor, organisation: str, pdf: bytes, reason: str, location: str) -> bytes:
    """The PDF with the organisation's seal: PAdES B-T, time-stamped by our own unit. PDF/A-2b stays PDF/A-2b.

    A system may seal for any organisation, an officer for their own. Call it where the document is kept in the same
    transaction: the audit of the seal commits with it.

    :raises NoSealCertificate: none, or revoked, or expired.
    :raises UnreadablePdf:
    :raises SignerUnavailable: nothing was sealed.
    """
    return _seal_pdf.seal_pdf(actor=actor, organisation=organisation, pdf=pdf, reason=reason, location=location)


def seal_pdfs(*, actor: Actor, organisation: str, pdfs: Sequence[bytes], reason: str, location: str) -> list[bytes]:
    """Many documents sealed as :func:`seal_pdf` does, in order, with two requests to the signer for each thousand. All or none.

    Raises as :func:`seal_pdf`.
    """
    return _seal_pdf.seal_pdfs(actor=actor, organisation=organisation, pdfs=pdfs, reason=reason, location=location)


def check_pdf(*, pdf: bytes) -> SealCheck:
    """What the seal of any PDF is worth; a damaged or hostile file is an answer, not an exception."""
    return _check_pdf.check_pdf(pdf=pdf)


def time_stamp(*, digest: bytes) -> bytes:
    """RFC 3161 token (DER) over a SHA-256, -384 or -512 digest.

    :raises DigestNotSupported:
    :raises SignerUnavailable:
    """
    return _time_stamp.time_stamp(digest=digest)


def answer_time_stamp(*, request: bytes) -> bytes:
    """RFC 3161: TimeStampReq in, TimeStampResp out, both DER; a refusal is an answer too."""
    return _time_stamp.answer_time_stamp(request=request)


def sign_jws(
    *,
    key: str,
    payload: dict[str, object],
    typ: str,
    kid: str,
    chain: Sequence[str] = (),
    confirmation: Confirmation | None = None,
    algorithm: str = "ES256",
) -> str:
    """Compact JWS with the signer's key ``key``; take the label from ``certificate_for(…).key``.

    ``chain`` is what stands in the header ``x5c``: PEM, the signer's certificate first, then the authorities above it.
    ``confirmation`` is needed for the key of a natural person: it signs only what its holder confirmed, which stands in the payload as ``digest``.
    ``algorithm`` is ``ES256`` for a key on P-256 and ``RS256`` for an RSA key.

    :raises AlgorithmNotSupported: another algorithm, or one that does not fit the key.
    :raises SigningNotReady: the key was not let loose in time; the holder confirms anew.
    """
    return _sign_jws.sign_jws(key=key, payload=payload, typ=typ, kid=kid, chain=chain, confirmation=confirmation, algorithm=algorithm)


# -- remote signing --------------------------------------------------------------------------------------------


def let_loose(*, confirmation: Confirmation, key: str, signing_input: str = "", request_id: UUID | None = None) -> None:
    """For the worker: let a natural person's key sign what the audit proves that its holder confirmed.

    :raises NotConfirmed: it proves no such thing.
    """
    _activation.let_loose(confirmation=confirmation, key=key, signing_input=signing_input, request=request_id)


def draw_code(*, challenge_id: UUID, person_id: UUID, confirms: str, number: str) -> str:
    """For the worker: a one-time code of six digits by which this person confirms one thing, to be sent to ``number``. Drawn and checked by the signer.

    :raises CodeWithheld: none goes there now.
    """
    return _activation.draw_code(challenge_id=challenge_id, person_id=person_id, confirms=confirms, number=number)


def enter_code(*, challenge_id: UUID, person_id: UUID, typed: str) -> bool:
    """For the pages: whether these six digits are the code; the signer counts what is wrong."""
    return _activation.enter_code(challenge_id=challenge_id, person_id=person_id, typed=typed)


def number_usable_from(*, person_id: UUID, number: str) -> datetime | None:
    """When this person's codes go to a number that changed; None where they do already."""
    return _activation.number_usable_from(person_id=person_id, number=number)


def signing_certificates(*, person_id: UUID, purpose: SigningPurpose, only_valid: bool = False) -> list[CertificateInfo]:
    """A natural person's certificates for signing (their own and as officers) or for authentication, newest first."""
    return [queries.info(row) for row in _remote.certificates_of(person_id=person_id, purpose=purpose, only_valid=only_valid)]


def signing_holder(*, civil_id: str, purpose: SigningPurpose) -> CertificateInfo:
    """The valid certificate by which relying parties know the person with this civil id.

    :raises NoPersonCertificate: no such person, or none.
    """
    return queries.info(_remote.certificate_of_civil_id(civil_id=civil_id, purpose=purpose))


def ask_signature(
    *,
    origin: SigningOrigin,
    purpose: SigningPurpose,
    party_id: str,
    party: str,
    certificate: str,
    digests: Sequence[str],
    text: str,
    protocol: Mapping[str, str],
    handle: str = "",
) -> SigningRequestView:
    """Ask the holder of the certificate with this serial number; they are told. Without one, whoever opens the request's link is asked.

    :param party_id: who asks: number of a relying party, or name of a client of the OpenID Provider.
    :param digests: base64, of what will be signed.
    :param text: what the holder reads.
    :param handle: a secret of the client, to ask later how the request stands.
    :raises SigningRequestRefused: digests or text cannot be signed.
    :raises TooManySigningRequests:
    """
    return _remote.ask(
        origin=origin, purpose=purpose, party_id=party_id, party=party, certificate=queries.row(certificate) if certificate else None,
        digests=digests, text=text, protocol=protocol, handle=handle,
    )  # fmt: skip


def take_signing_request(
    *, actor: Actor, request_id: UUID, certificate: str, digests: Sequence[str], protocol: Mapping[str, str]
) -> SigningRequestView:
    """The first person who opens the link of a request that is addressed to nobody becomes its holder.

    :raises SigningRequestNotFound:
    :raises SigningRequestOver: another was first, or its time is over.
    """
    return _remote.take(actor=actor, request_id=request_id, certificate=queries.row(certificate), digests=digests, protocol=protocol)


def signing_requests(*, actor: Actor, limit: int = 50) -> list[SigningRequestView]:
    """The person's own requests to sign, newest first, answered ones too."""
    return _remote.own(actor=actor, limit=limit)


def signing_request(*, actor: Actor, request_id: UUID) -> SigningRequestView:
    """One of the person's own.

    :raises SigningRequestNotFound: none of theirs.
    """
    return _remote.one(actor=actor, request_id=request_id)


def sign_confirmed(*, actor: Actor, request_id: UUID, confirmation: Confirmation) -> SigningRequestView:
    """Sign what the holder has confirmed by a code. A second time, or on a second device, it is as it is.

    :raises SigningRequestNotFound: none of theirs.
    :raises SigningRequestOver: refused, or its time is over.
    :raises SigningContentChanged: something else was confirmed.
    :raises SigningNotReady: confirmed and kept; signed when it is next asked for.
    """
    return _remote.confirmed(actor=actor, request_id=request_id, confirmation=confirmation)


def refuse_signature(*, actor: Actor, request_id: UUID) -> SigningRequestView:
    """The holder refuses. A second time nothing changes.

    :raises SigningRequestNotFound: none of theirs.
    :raises SigningRequestOver: it was confirmed, or its time is over.
    """
    return _remote.refuse(actor=actor, request_id=request_id)


def signing_outcome(*, request_id: UUID, wait_seconds: float = 0.0) -> SigningRequestView:
    """For whoever asked: how it stands; what was confirmed and not yet signed is signed now.

    :raises SigningRequestNotFound:
    :raises SigningNotReady: confirmed, and signed in a moment.
    """
    return _remote.finished(request_id=request_id, wait_seconds=wait_seconds)


def signing_by_handle(*, party_id: str, handle: str) -> SigningRequestView | None:
    """The request that this client began under this handle."""
    return _remote.by_handle(party_id=party_id, handle=handle)


def give_activation_data(*, request_id: UUID) -> str:
    """Signature activation data of a signed request, by which its client fetches the signatures; a new one voids the earlier."""
    return _remote.give_activation_data(request_id=request_id)


def signed_under(*, party_id: str, activation_data: str) -> SigningRequestView | None:
    """The signed request that this client may fetch by its activation data."""
    return _remote.by_activation_data(party_id=party_id, given=activation_data)


def let_documents_loose(*, signing_id: UUID) -> None:
    """For the worker: let a natural person's key sign what follows from documents whose hashes the audit proves that its holder confirmed.

    :raises NotConfirmed: it proves no such thing.
    """
    _csc_documents.let_loose(signing_id=signing_id)


def forget_csc_documents() -> int:
    """Take away documents and answers that no client may fetch any more; gives how many."""
    return _csc_documents.forget()


def csc_ask(*, person_id: UUID, client_id: str, client: str, detail: Mapping[str, Any], way_back: str) -> SigningRequestView:
    """A client of the Cloud Signature Consortium's interface sends a person to confirm signatures; the page for it is the request's own.

    :param detail: ``credentialID``, ``documentDigests`` (``hash`` and ``label``), ``hashAlgorithmOID``, ``description``.
    :raises SigningRequestRefused: in the interface's own words.
    :raises TooManySigningRequests:
    """
    try:
        return _csc.ask_by_page(person_id=person_id, client_id=client_id, client=client, detail=detail, way_back=way_back)
    except CscRefused as refused:
        raise SigningRequestRefused(refused.description) from refused


def signing_way_back(*, asked: SigningRequestView) -> str:
    """Where the person goes on after answering; empty where they only close the page."""
    return asked.protocol.get("way_back", "") if asked.origin is SigningOrigin.CSC else smart_id_way_back(asked=asked)


def csc_answer(
    *, method: str, person_id: UUID | None, client_id: str, client: str, body: Mapping[str, object], service: bool = True,
    transaction: UUID | None = None,
) -> tuple[int, dict[str, object]]:  # fmt: skip
    """What a method of the interface of the Cloud Signature Consortium answers: status and body, refusals included.

    :param person_id: for whom the access token speaks; None without one. ``client``: the name by which persons know the caller.
    :param service: whether the token has the scope ``service``.
    :param transaction: the request that the person confirmed for a token of the scope ``credential``.
    :raises SigningRequestNotFound: no such method.
    """
    if method not in _csc.METHODS:
        raise SigningRequestNotFound(f"no method {method[:60]}")
    caller = None
    if person_id is not None:
        caller = _csc.Caller(person_id=person_id, client_id=client_id, client=client, service=service, transaction=transaction)
    return _csc.answer(method=method, caller=caller, body=body)


def smart_id_begin(
    *, party: RelyingPartyInfo, purpose: SigningPurpose, addressed: str, to: str, link: bool, body: Mapping[str, object]
) -> dict[str, object]:
    """Begin a session of the interface of Smart-ID; its answer.

    :param addressed: ``etsi``, ``document`` or ``anonymous``; ``to``: semantics identifier or document number.
    :param link: by a device link (QR, same device) instead of a notification.
    :raises SigningRequestRefused: the request is not of the interface.
    :raises RelyingPartyNotAllowed: another number, name or place than was registered.
    :raises NoPersonCertificate: nobody of this name, or without a certificate.
    :raises CertificateLevelMissing:
    :raises TooManySigningRequests:
    """
    return _smart_id.begin(party=party, purpose=purpose, addressed=addressed, to=to, link=link, body=body)


def smart_id_session(*, party: RelyingPartyInfo, session_id: str, timeout_milliseconds: int) -> dict[str, object]:
    """How a session stands; waits so long, at most twenty seconds. :raises SigningRequestNotFound: none of this relying party."""
    return _smart_id.session(party=party, session_id=session_id, timeout_milliseconds=timeout_milliseconds)


def smart_id_open_link(*, address: str) -> tuple[UUID, str]:
    """The request behind a device link, and the way by which it was opened.

    :raises SigningRequestNotFound: no link of ours, over, copied too late, or not made by the relying party.
    """
    return _smart_id.open_link(address=address)


def smart_id_take(*, actor: Actor, request_id: UUID, flow: str) -> SigningRequestView:
    """The signed-in person has opened the link of this request by that way.

    :raises SigningRequestNotFound: it is another's.
    :raises SigningRequestOver: another was first.
    :raises NoPersonCertificate: they have none for this.
    :raises CertificateLevelMissing:
    """
    return _smart_id.take(actor=actor, request_id=request_id, flow=flow)


def smart_id_way_back(*, asked: SigningRequestView) -> str:
    """Where a person who came on the same device goes back to after signing; empty where nowhere."""
    return _smart_id.way_back(asked)


def register_relying_party(*, actor: Actor, names: Sequence[str], callbacks: Sequence[str] = ()) -> RegisteredParty:
    """A new relying party of the interface of Smart-ID; its secret is told only here. Audited.

    :raises NotAllowed: not an administrator.
    :raises SigningRequestRefused: a name or an origin cannot be.
    """
    return _relying_parties.register(actor=actor, names=names, callbacks=callbacks)


def end_relying_party(*, actor: Actor, party_id: UUID) -> None:
    """It asks nothing any more. Idempotent; audited. :raises NotAllowed: not an administrator."""
    _relying_parties.end(actor=actor, party_id=party_id)


def relying_parties(*, actor: Actor) -> list[RelyingPartyInfo]:
    """All relying parties of the interface of Smart-ID. :raises NotAllowed: not an administrator."""
    return _relying_parties.every(actor=actor)


def relying_party(*, secret: str) -> RelyingPartyInfo:
    """Whose secret this is. :raises RelyingPartyUnknown:"""
    return _relying_parties.proven(secret=secret)


def check_relying_party(*, party: RelyingPartyInfo, uuid: str, name: str, callback: str) -> None:
    """:raises RelyingPartyNotAllowed: it appears under another number, name or place than it has registered."""
    _relying_parties.check_names(party=party, uuid=uuid, name=name, callback=callback)


# -- signatures on any file, and their care --------------------------------------------------------------------


def sign_file(
    *,
    actor: Actor,
    key: str,
    name: str,
    content: bytes,
    form: SignatureForm,
    level: SignatureLevel,
    reason: str = "",
    location: str = "",
    stamp: StampPlace | None = None,
    detached: bool = False,
    beside: bool = False,
) -> bytes:
    """The signed file. A system signs with any key, an officer with the organisation's seal, a person with the own keys.

    ``name`` is the file's (its ending tells the media type; it stands in containers). ``reason``, ``location`` and ``stamp`` are for PDFs;
    a document that a seal has certified gets no visible stamp. ``detached`` leaves the content out of a CAdES. Call it where the file is
    kept in the same transaction: the audit commits with it. ``beside``: the file carries signatures of this form already, and one more joins
    them; for XML, containers, CMS with the content inside, and JSON (a PDF takes it either way).

    :raises NotAllowed:
    :raises NoSigningCertificate: none, or revoked, or expired.
    :raises NotSignable: the file cannot have this form: no PDF, XML with a DTD or signed already without ``beside``, a name that no container
        takes, over 100 MB; or another signature would break those that are there.
    :raises DocumentClosed: a seal allows no further signature.
    :raises SignerUnavailable: nothing was signed.
    """
    wanted = FileToSign(
        name=name, content=content, form=form, level=level, at=now().replace(microsecond=0),
        reason=reason, location=location, stamp=stamp, detached=detached, beside=beside,
    )  # fmt: skip
    return _sign_file.sign_file(actor=actor, key=key, wanted=wanted)


def digest_to_sign(*, actor: Actor, key: str, wanted: FileToSign) -> bytes:
    """What ``key`` has to sign for ``wanted``, where that happens elsewhere and later (a person confirms on a phone). Raises as :func:`sign_file`."""
    return _sign_file.digest_to_sign(actor=actor, key=key, wanted=wanted)


def complete_file(*, actor: Actor, key: str, wanted: FileToSign, signature: bytes) -> bytes:
    """The signed file, from the signature (DER) over :func:`digest_to_sign` of the same. Raises as :func:`sign_file`, and:

    :raises SignatureDoesNotFit: not by this key, or over something else.
    """
    return _sign_file.complete_file(actor=actor, key=key, wanted=wanted, signature=signature)


# -- a file that its holder brings to be signed ------------------------------------------------------------------

FILE_LIMIT_BYTES = _brought.LIMIT_BYTES
FILE_KEPT_WAITING, FILE_KEPT_SIGNED = _brought.KEPT_WAITING, _brought.KEPT_SIGNED


def bring_file(
    *,
    actor: Actor,
    once: UUID,
    name: str,
    content: bytes,
    certificate: str,
    inside: bool,
    level: SignatureLevel,
    stamped: bool = False,
    reason: str = "",
    language: str = "mn",
) -> FileSigningView:
    """A person brings a file to sign with their own key, or with that of their office. It is looked at and kept for an hour; nothing is signed yet.

    :param once: of the form; sent twice, it brings one file.
    :param certificate: serial number of one of the person's certificates.
    :param inside: the signature goes into the file (PDF, XML) or joins those that it carries; what can do neither, and everything without this,
        goes into a container.
    :param stamped: a PDF gets a visible stamp on its last page.
    :raises NotAllowed: not a citizen.
    :raises NoSigningCertificate: none of theirs, or not in force.
    :raises SignedFileTooLarge: more than :data:`FILE_LIMIT_BYTES`.
    :raises NotSignable: with a class for each reason: ``FileToSignRefused``, ``PdfEncrypted``, ``PdfUnusual``, ``NoRoomBeside``.
    :raises DocumentClosed: a PDF that allows no further signature.
    :raises TooManyFilesToSign:
    :raises ValidationBusy: ask again.
    """
    return _brought.bring(
        actor=actor,
        brought=_brought.Brought(
            once=once, name=name, content=content, certificate=certificate, inside=inside, level=level, stamped=stamped, reason=reason,
            language=language,
        ),
    )  # fmt: skip


def brought_files(*, actor: Actor) -> list[FileSigningView]:
    """The person's own, newest first."""
    return _brought.own(actor=actor)


def brought_file(*, actor: Actor, file_id: UUID) -> FileSigningView:
    """One as it stands; what was confirmed and is not made yet is made now.

    :raises FileToSignNotFound: none of theirs, or removed.
    """
    return _brought.one(actor=actor, file_id=file_id)


def brought_content(*, actor: Actor, file_id: UUID) -> tuple[str, bytes]:
    """Name and content of the signed file; before that, of the file as it was brought.

    :raises FileToSignNotFound:
    """
    return _brought.content(actor=actor, file_id=file_id)


def brought_picture(*, actor: Actor, file_id: UUID, page: int) -> bytes:
    """A page of a brought PDF, counted from 0, as PNG.

    :raises FileToSignNotFound: also for a page that cannot be drawn.
    :raises ValidationBusy: ask again.
    """
    return _brought.picture(actor=actor, file_id=file_id, page=page)


def ask_file_signature(*, actor: Actor, file_id: UUID) -> FileSigningView:
    """Its request (``.request``), which a code has to confirm; one that waits stays as it is.

    :raises FileToSignNotFound:
    :raises NoSigningCertificate: revoked, suspended or ended since.
    :raises TooManySigningRequests:
    """
    return _brought.ask(actor=actor, file_id=file_id)


def sign_brought_file(*, actor: Actor, file_id: UUID, confirmation: Confirmation) -> FileSigningView:
    """Sign what the holder has confirmed by a code. A second time, or on a second device, it is as it is.

    :raises FileToSignNotFound:
    :raises NoSigningCertificate: revoked, suspended or ended since.
    :raises SigningRequestOver: its time is over; ask anew.
    :raises SigningContentChanged: something else was confirmed.
    :raises SigningNotReady: confirmed and kept; made when the file is next looked at.
    """
    return _brought.confirm(actor=actor, file_id=file_id, confirmation=confirmation)


def remove_brought_file(*, actor: Actor, file_id: UUID) -> None:
    """File and signed file are gone; a request that waits is refused."""
    _brought.remove(actor=actor, file_id=file_id)


def forget_brought_files() -> int:
    """Files whose time is over are removed; returns how many. Done every ten minutes."""
    return _brought.forget()


def signature_form_words(*, form: SignatureForm) -> str:
    """A form in a few words, in the language of the call."""
    return _seen.form_words(form)


def care_for(*, content: bytes, name: str) -> bytes | None:
    """A signed file with one more archive time-stamp, where what it has nears its end; None where nothing is to be done.

    What keeps a file calls this about once a day or a year, or registers with :func:`keep`.

    :raises SignerUnavailable: ask again.
    """
    return _care_for.care_for(content=content, name=name)


def care_due_at(*, content: bytes) -> datetime | None:
    """When :func:`care_for` will have something to do; None for a file without a signature that is cared for here."""
    return _care_for.care_due_at(content=content)


def keep(files: KeptFiles) -> None:
    """Register whoever keeps signed files for years; the daily job then cares for them. Called once by each process's start."""
    _care_for.KEEPERS[files.name] = files


def care_for_kept_files() -> int:
    """Care for the files that are due, of every keeper; returns how many got a time-stamp. Done daily."""
    return _care_for.care_for_kept_files()


# -- ACME ------------------------------------------------------------------------------------------------------


def acme_directory() -> AcmeAnswer:
    """Where an ACME client asks for what (RFC 8555 §7.1.1)."""
    return _acme.directory()


def acme_nonce() -> str:
    """A fresh nonce; good once, for an hour."""
    return _acme.new_nonce()


def answer_acme(*, place: str, named: str, part: str, body: bytes) -> AcmeAnswer:
    """The answer to a signed request at ``/acme/<place>[/<named>[/<part>]]``; a bad one is answered by a problem, never by an exception."""
    return _acme.respond(place=place, named=named, part=part, body=body)


def validate_acme(*, authorization_id: UUID) -> None:
    """Fetch a server's answer to a challenge and decide. Done by a job."""
    _acme_challenges.validate(authorization_id=authorization_id)


def forget_acme_nonces() -> None:
    """Used nonces that are too old to come again leave the table. Done hourly."""
    _acme.forget_nonces()


def acme_organisations(*, actor: Actor) -> list[AcmeOrganisation]:
    """For administrators: every organisation with a valid seal, the names of its servers, its keys and accounts."""
    return _acme_keys.organisations(actor=actor)


def acme_organisation(*, actor: Actor, code: str) -> AcmeOrganisation:
    """:raises OrganisationWithoutSeal:"""
    return _acme_keys.organisation(actor=actor, code=code)


def add_server_domain(*, actor: Actor, organisation: str, name: str) -> None:
    """Let servers of an organisation have certificates for ``portal.nam.mn``, or by ``*.nam.mn`` for every name below.

    :raises DomainRefused: no name of a server, or another organisation's.
    :raises OrganisationWithoutSeal:
    """
    _acme_keys.add_domain(actor=actor, organisation=organisation, name=name)


def remove_server_domain(*, actor: Actor, organisation: str, name: str) -> None:
    """No new certificate for it."""
    _acme_keys.remove_domain(actor=actor, organisation=organisation, name=name)


def make_acme_key(*, actor: Actor, organisation: str) -> AcmeKeySecret:
    """A key with which the organisation makes one ACME account (external account binding), within a week.

    :raises OrganisationWithoutSeal:
    """
    return _acme_keys.make_key(actor=actor, organisation=organisation)


def withdraw_acme_key(*, actor: Actor, key_id: str) -> None:
    """It makes no account any more, and the account that it made may do nothing."""
    _acme_keys.withdraw_key(actor=actor, key_id=key_id)


# -- validation of any signed file, trusted lists, public repository -------------------------------------------


def validate(*, name: str, content: bytes | BinaryIO, signed_content: bytes | BinaryIO | None = None) -> ValidationReport:
    """What the signatures of any file are worth. A damaged or hostile file is an answer, not an exception; nothing of it is kept.

    ``name`` is what the sender calls it; it decides nothing. ``signed_content`` is what a detached signature was made over. Files of the disk
    (110 MB at most) are read in place, by a process with bounds of its own. Sentences are in the language that is active.

    :raises ValidationBusy: too many files are being read; try again.
    :raises SignedFileTooLarge:
    """
    return _validate.validate(name=name, content=content, signed_content=signed_content)


def validation_as_data(*, report: ValidationReport) -> dict[str, Any]:
    """The report with the names of ETSI TS 119 102-2, ready for JSON."""
    return as_etsi(report)


def validation_rows(*, signature: SignatureReport) -> list[tuple[str, str]]:
    """What is known of a signature as pairs of label and text, in the language that is active."""
    return _validation_report.rows(signature)


def validation_stamp_rows(*, report: ValidationReport) -> list[tuple[str, str]]:
    """What is known of the time-stamp that a file is, as :func:`validation_rows`; nothing for any other file."""
    return _validation_report.stamp_rows(report)


def validation_verdict(*, indication: Indication) -> str:
    """The answer in one or two words, in the language that is active."""
    return _validation_report.verdict(indication)


def validation_kind(*, kind: SignedFileKind) -> str:
    """The sort of file in words, in the language that is active."""
    return _validation_report.kind(kind)


def sealed_report(*, report: ValidationReport) -> bytes:
    """The report as PDF/A-2b under the platform's own seal, in the language that is active.

    :raises SignerUnavailable:
    """
    return _validation_report.sealed_report(actor=OWN, report=report)


def trusted_list() -> bytes:
    """Our trusted list in force (TS 119 612), signed XML; the first one is made when it is first asked for.

    :raises AuthoritiesMissing:
    """
    newest = queries.published_trusted_list() or _publish_trusted_list.publish_trusted_list(actor=OWN)
    return bytes(newest.xml)


def publish_trusted_list() -> int:
    """Publish our list anew if a service changed or it grows old; its number. Done hourly."""
    return _publish_trusted_list.publish_trusted_list(actor=OWN).number


def load_trusted_list(*, actor: Actor, title: str, pin: bytes, xml: bytes | None = None, address: str = "") -> LoadedList:
    """Believe the services of somebody else's trusted list from now on, or of its newer number. Only an administrator may; written to the audit.

    ``pin`` is the certificate (PEM or DER) that signs the list. Either ``xml`` or a public ``address`` from which it is fetched daily.

    :raises NotAllowed:
    :raises TrustedListRefused: not a list, not signed by the pin, past its time, older than what is loaded.
    :raises TrustedListUnreachable: the address does not answer, or is not a public one.
    """
    return _load_trusted_list.load_trusted_list(actor=actor, title=title, pin=pin, xml=xml, address=address)


def remove_trusted_list(*, actor: Actor, list_id: int) -> None:
    """Believe nobody by this list any more. Only an administrator may; written to the audit.

    :raises NotAllowed:
    :raises NotFound:
    """
    _load_trusted_list.remove_trusted_list(actor=actor, list_id=list_id)


def loaded_trusted_lists(*, actor: Actor) -> list[LoadedList]:
    """By title. For administrators."""
    if actor.role is not Role.ADMINISTRATOR:
        raise NotAllowed(f"{actor} may not see whom we trust")
    return [queries.loaded_list(row) for row in queries.loaded_lists()]


def refresh_trusted_lists() -> int:
    """Fetch loaded lists anew; how many are newer. Done daily."""
    return _load_trusted_list.refresh_trusted_lists(actor=OWN)


def public_certificates(*, text: str, limit: int = 50) -> list[PublicCertificate]:
    """Certificates of organisations, servers and the platform by serial number, register number or name; never of natural persons."""
    return [queries.public_certificate(row) for row in queries.public_certificates(text=text, limit=limit)]


def public_certificate(*, serial: str) -> bytes:
    """One of them, DER.

    :raises CertificateNotFound: also for a natural person's.
    """
    found = queries.certificate(serial)
    if found.profile not in queries.PUBLIC_PROFILES:
        raise CertificateNotFound("a natural person's certificate is not handed out")
    return queries.parsed(found.pem).public_bytes(Encoding.DER)


def public_authorities() -> list[PublicCertificate]:
    """Our authorities, the root first: their certificates and lists are what others check with."""
    return [queries.public_certificate(row) for row in queries.authorities()]


# -- the process -----------------------------------------------------------------------------------------------


def act_as(*, process: str) -> None:
    """Called once by the worker's start: ``worker`` uses the worker's token at the signer. Without it a process is ``web``."""
    signer.act_as(process)


OWN = system("pki")
"""Who acts in the room's own jobs."""
