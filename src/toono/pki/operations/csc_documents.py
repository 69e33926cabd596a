"""``signatures/signDoc``: signatures around documents whose hashes their holder has confirmed.

The holder confirms the hash of the document; the key signs something that is worked out from the document, its certificate and the moment. The worker, which
cannot sign, works this out for itself from the stored document and lets the key loose for it; the signer sees to it that no more is let loose than was
confirmed, once. A confirmation is used up by the first call, for hashes or for documents; the same call again gets the same answer.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from procrastinate.contrib.django import app

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.jose import raw_signature
from toono.pki import queries
from toono.pki.adapters.signer import client
from toono.pki.contracts import FileToSign, SignatureLevel, SigningState
from toono.pki.domain import csc as rules
from toono.pki.domain.csc import Envelope, Piece, Refused
from toono.pki.domain.remote_signing import ACTIVATION_SECONDS, activation_of_documents
from toono.pki.domain.signatures import cades, jades, pades, xades
from toono.pki.domain.signatures.kinds import RAISING, Kind, found
from toono.pki.domain.signatures.pdf_file import PdfFile
from toono.pki.domain.signatures.pdf_syntax import UnfamiliarPdf
from toono.pki.domain.signatures.signatory import Material
from toono.pki.errors import DocumentClosed, NotConfirmed, NotSignable, SignerRefused
from toono.pki.models import Certificate, CscSigning, SigningRequest
from toono.pki.operations import activation, remote_signing, sign_file
from toono.pki.operations.sign_file import Prepared
from toono.pki.operations.signatories import signatory
from toono.pki.operations.time_stamp import time_stamp
from toono.pki.operations.validation_material import held_here, material_for

TASK = "pki.activate_documents"
"""Name of the job in ``tasks``, which stands above this layer."""
HASHES, DOCUMENTS = "hashes", "documents"
LATEST = timedelta(seconds=2 * ACTIVATION_SECONDS)
"""After this nothing is let loose any more, so what is not signed by then never is."""
KEPT = timedelta(hours=1)
"""How long an answer may be fetched again; documents are kept only until they are signed."""
_KINDS = {"P": Kind.PDF, "X": Kind.XML, "C": Kind.CMS, "J": Kind.JSON}
_NAMES = {"P": "document.pdf", "X": "document.xml", "C": "document.bin", "J": "document.bin"}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call that uses up a confirmation."""

    use: str
    asked: str
    """SHA-256 (hexadecimal) of what was asked for; another call finds the confirmation used up."""
    work: bytes = b""
    wants_material: bool = False
    answer: Mapping[str, object] | None = None
    """Known already, and only to be fetched later."""


def call_of(pieces: Sequence[Piece], *, wants_material: bool) -> Call:
    work = rules.packed(pieces)
    return Call(use=DOCUMENTS, asked=hashlib.sha256(work + bytes([wants_material])).hexdigest(), work=work, wants_material=wants_material)


def claim(*, request_id: UUID, call: Call) -> CscSigning:
    """The confirmation is used for this and nothing else. The request's row is locked for a moment, so of two different calls at once one is refused.

    :raises Refused: it was used for something else.
    """
    with transaction.atomic():
        SigningRequest.objects.select_for_update().get(id=request_id)
        row = CscSigning.objects.filter(request_id=request_id).first()
        if row is None:
            row = CscSigning.objects.create(
                id=uuid4(), request_id=request_id, use=call.use, asked=call.asked, work=call.work, wants_material=call.wants_material, answer=call.answer,
                at=now().replace(microsecond=0),
            )  # fmt: skip
            if call.use == DOCUMENTS:
                app.configure_task(TASK, queue="urgent").defer(signing=str(row.id))
        if (row.use, row.asked) != (call.use, call.asked):
            raise Refused("Invalid parameter SAD")
    return row


def check(*, certificate: Certificate, hashes: Sequence[str], pieces: Sequence[Piece]) -> None:
    """Whether the holder confirmed these documents, each hash for one signature, and whether they can be signed as asked.

    :raises Refused:
    """
    used = [piece.authorised_by(hashes) for piece in pieces]
    if None in used:
        raise Refused("Hash is not authorized by the SAD")
    if len(set(used)) != len(used):
        raise Refused("Numbers of signatures is too high")
    moment = now().replace(microsecond=0)
    for piece in pieces:
        try:
            prepared(certificate, piece, moment)
        except (NotSignable, DocumentClosed, UnfamiliarPdf, ValueError):
            raise Refused("Invalid parameter document") from None


# -- what the key signs ------------------------------------------------------------------------------------------------


def prepared(certificate: Certificate, piece: Piece, at: datetime) -> Prepared:
    """The same for the same certificate, document and moment, so the worker finds by itself what the pages will ask the signer for.

    :raises NotSignable: or ``DocumentClosed``, ``UnfamiliarPdf``: the document cannot be signed so.
    """
    if piece.by_digest:
        return _over_digest(certificate, piece, at)
    if piece.envelope is Envelope.CERTIFICATION:
        return _certifying(certificate, piece, at)
    made = sign_file.prepare(certificate, _wanted(piece, at))
    if made is None:
        raise NotSignable("the structure of this PDF can be signed only at once")
    return made


def _wanted(piece: Piece, at: datetime) -> FileToSign:
    return FileToSign(
        name=_NAMES[piece.format], content=piece.content, form=rules.FORMS[piece.format], level=piece.level, at=at,
        detached=piece.envelope is Envelope.DETACHED, beside=piece.envelope is Envelope.PARALLEL,
    )  # fmt: skip


def _over_digest(certificate: Certificate, piece: Piece, at: datetime) -> Prepared:
    """Over a digest: beside a file, or a CMS for the place that the client keeps free in its PDF, where the PDF says the time (EN 319 142-1 §6.3)."""
    who = signatory(certificate)
    if piece.format in ("X", "J"):
        prepare = xades.prepare_over_digest if piece.format == "X" else jades.prepare_over_digest
        ready = prepare(piece.digest, who, at=at, uri=piece.address)
        return Prepared(who.digest(ready.to_be_signed), lambda signature, _: ready.completed(raw_signature(signature)))
    attributes = cades.signed_attributes(who, piece.digest, at=None if piece.format == "P" else at)
    return Prepared(who.digest(attributes), lambda signature, _: cades.signed_data(who, attributes, signature))


def _certifying(certificate: Certificate, piece: Piece, at: datetime) -> Prepared:
    """The author's signature of a PDF: further signatures and filled-in forms stay allowed (ISO 32000-1 §12.8.2.2)."""
    who, file = signatory(certificate), PdfFile(piece.content)
    if file.permission() is not None or any(True for _ in pades.contents(file)):
        raise DocumentClosed("only the first signature of a document certifies it")
    said = pades.Said(certificate.common_name, at, "", "")
    stamped = piece.level is not SignatureLevel.B_B
    ready = pades.prepare(file, who, said, field=pades.field_name(file, "Signature"), stamped=stamped, certify=pades.OPEN_FOR_SIGNATURES)
    attributes = cades.signed_attributes(who, ready.digest(who.hash), at=None)

    def completed(signature: bytes, level: SignatureLevel) -> bytes:
        token = time_stamp(digest=hashlib.sha256(signature).digest()) if level is not SignatureLevel.B_B else None
        return pades.sealed(ready, who, attributes, signature, token)

    return Prepared(who.digest(attributes), completed)


# -- in the worker's process -------------------------------------------------------------------------------------------


def let_loose(*, signing_id: UUID) -> None:
    """Let the key loose for what follows from the documents.

    :raises NotConfirmed: the audit holds no fresh confirmation of these documents by the key's own holder.
    """
    row = CscSigning.objects.select_related("request__certificate").filter(id=signing_id, use=DOCUMENTS).first()
    if row is None or row.answer is not None:
        return
    certificate, confirmation = _certificate(row), remote_signing.confirmation_of(row.request)
    request = activation.confirmed_request(confirmation, certificate.key, row.request_id)
    pieces = rules.unpacked(bytes(row.work))
    if not activation.proven(confirmation) or not all(piece.authorised_by(request.digests) for piece in pieces):
        raise NotConfirmed(f"no confirmation {confirmation.challenge_id} of these documents")
    proof = {"code": str(confirmation.challenge_id), "documents": request.digests} | activation.seen_of(request)
    client().activate(
        activation=activation_of_documents(str(confirmation.challenge_id)), key=certificate.key, seconds=ACTIVATION_SECONDS, proof=proof,
        digests=[prepared(certificate, piece, row.at).digest for piece in pieces],
    )  # fmt: skip


# -- in the pages' process ---------------------------------------------------------------------------------------------


def finished(row: CscSigning, *, wait_seconds: float) -> dict[str, object]:
    """The answer; made now if that is not done yet. Two who come to it at once make the same signatures, and the first answer stays.

    :raises SigningNotReady: the worker did not come to it; ask again.
    :raises Refused: its time is over, or the certificate is no longer in force.
    """
    if row.answer is not None:
        return dict(row.answer)
    if row.forgotten or now() > row.at + LATEST:
        raise Refused("SAD expired")
    certificate, pieces = _certificate(row), rules.unpacked(bytes(row.work))
    if not queries.in_force(certificate):
        raise Refused("The credential identified by credentialID is disabled")
    ready = [prepared(certificate, piece, row.at) for piece in pieces]
    wanted = activation.Wanted(key=certificate.key, digests=tuple(one.digest for one in ready))
    confirmation = remote_signing.confirmation_of(row.request)
    try:
        made = activation.sign(confirmation=confirmation, wanted=wanted, wait_seconds=wait_seconds, documents=True)
    except SignerRefused as refusal:
        if refusal.data.get("reason") != "activation_expired":
            raise
        raise Refused("SAD expired") from refusal
    signed = [_completed(one, signature, piece, row) for one, signature, piece in zip(ready, made, pieces, strict=True)]
    return _kept(row, _answer(pieces, signed, row))


def _completed(ready: Prepared, signature: bytes, piece: Piece, row: CscSigning) -> bytes:
    if not piece.by_digest:
        return sign_file.complete(ready, signature, _wanted(piece, row.at))
    signed = ready.completed(signature, piece.level)
    kind = _kind(piece)
    stamped = RAISING[kind].time_stamped
    if piece.level is not SignatureLevel.B_B and stamped is not None:
        signed = stamped(signed, lambda digest: time_stamp(digest=digest))
    if piece.level is SignatureLevel.B_LT and piece.format != "P":
        signed = RAISING[kind].with_material(signed, material_for(held_here(found(kind, signed).all_certificates)))
    return signed


def _kind(piece: Piece) -> Kind:
    """Of what is made; into a PDF that the client keeps goes a CMS."""
    return Kind.CMS if piece.by_digest and piece.format == "P" else _KINDS[piece.format]


def _answer(pieces: Sequence[Piece], signed: Sequence[bytes], row: CscSigning) -> dict[str, object]:
    named = {
        "DocumentWithSignature": [b64encode(one).decode() for piece, one in zip(pieces, signed, strict=True) if not piece.beside],
        "SignatureObject": [b64encode(one).decode() for piece, one in zip(pieces, signed, strict=True) if piece.beside],
    }
    answer: dict[str, object] = {name: values for name, values in named.items() if values}
    if row.wants_material:
        answer["validationInfo"] = _validation_info(pieces, signed)
    return answer


def _validation_info(pieces: Sequence[Piece], signed: Sequence[bytes]) -> dict[str, list[str]]:
    held = [one for piece, content in zip(pieces, signed, strict=True) for one in found(_kind(piece), content).all_certificates]
    material: Material = material_for(held_here(held))
    return {
        name: [b64encode(one).decode() for one in values]
        for name, values in (("ocsp", material.answers), ("crl", material.lists), ("certificates", material.certificates))
    }


def _kept(row: CscSigning, answer: dict[str, object]) -> dict[str, object]:
    """The first answer stays; the documents go."""
    with transaction.atomic():
        if CscSigning.objects.filter(id=row.id, answer__isnull=True).update(answer=answer, work=b"", answered_at=now()):
            person = Actor(role=Role.CITIZEN, person_id=row.request.person_id)
            digest = hashlib.sha256(json.dumps(answer, sort_keys=True).encode()).hexdigest()
            audit.record(
                actor=person, action="pki.sign_documents", subject=f"signing:{row.request_id}", party=row.request.party_id, sha256=digest
            )
            return answer
    kept: dict[str, object] = CscSigning.objects.get(id=row.id).answer or {}
    return kept


def of_caller(*, signing_id: UUID, party_id: str, person_id: UUID) -> CscSigning | None:
    """What this client began for this person, while it may be fetched."""
    rows = CscSigning.objects.select_related("request__certificate").filter(id=signing_id, at__gte=now() - KEPT)
    return rows.filter(request__party_id=party_id, request__person_id=person_id, request__state=SigningState.SIGNED.value).first()


def forget() -> int:
    """Documents that were never signed, and answers whose time to be fetched is over; the confirmation stays used up."""
    rows = CscSigning.objects.filter(at__lt=now() - KEPT)
    return rows.filter(forgotten=False).update(work=b"", answer=None, forgotten=True)


def _certificate(row: CscSigning) -> Certificate:
    certificate = row.request.certificate
    if certificate is None:
        raise NotConfirmed("a request without a certificate")
    return certificate
