"""A person brings a file, reads what will be signed, confirms by a code, and takes the signed file along.

The file is kept in the database and no longer than needed: an hour while it waits, a day once it is signed, and never after its holder removed it.
A file is prepared anew each time (the same certificate and moment give the same digest), so a process may die at any step: what was confirmed is
made to its end by whoever looks next, and nothing is signed twice.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Length

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.text import clean
from toono.pki import queries
from toono.pki.adapters import pictures
from toono.pki.contracts import (
    Confirmation,
    EarlierSignature,
    FileSigningView,
    SignatureForm,
    SignatureLevel,
    SignatureReport,
    SignedFileKind,
    SigningOrigin,
    SigningPurpose,
    SigningState,
    StampPlace,
)
from toono.pki.domain.signatures import asice, xades
from toono.pki.domain.signatures.kinds import Kind, kind_of
from toono.pki.errors import (
    FileToSignNotFound,
    FileToSignRefused,
    NoSigningCertificate,
    SignedFileTooLarge,
    SigningNotReady,
    SigningRequestOver,
    TooManyFilesToSign,
)
from toono.pki.models import Certificate, FileSigning
from toono.pki.operations import remote_signing, sign_file, sign_file_seen
from toono.pki.operations.validate import validate

LIMIT_BYTES = 25 * 1024 * 1024
KEPT_WAITING = timedelta(hours=1)
KEPT_SIGNED = timedelta(days=1)
MOST_FILES = 10
"""That one person may have here at once."""
REASON_CHARACTERS = 100
PARTY, PARTY_ID = "Тооно", "file"
_NAME_CHARACTERS = 120
_STAMP = MappingProxyType({"left": 36, "bottom": 36, "across": 236, "up": 82})
"""Points: where the first visible stamp of a page stands, and how far the next ones are from it."""
_ENDINGS = MappingProxyType(
    {
        SignatureForm.PADES: "-signed.pdf",
        SignatureForm.XADES: "-signed.xml",
        SignatureForm.ASICE_XADES: ".asice",
        SignatureForm.ASICE_CADES: ".asice",
        SignatureForm.CADES: "-signed.p7m",
        SignatureForm.JADES: "-signed.json",
    }
)


@dataclass(frozen=True, kw_only=True)
class Brought:
    """A file and how it is to be signed, as its holder chose."""

    once: UUID
    name: str
    content: bytes
    certificate: str
    inside: bool
    level: SignatureLevel
    stamped: bool
    reason: str
    language: str


# -- bringing ----------------------------------------------------------------------------------------------------------


def bring(*, actor: Actor, brought: Brought) -> FileSigningView:
    """Look at the file, decide its form, and keep it. The same form sent twice brings one file."""
    person_id = _person(actor)
    known = _files(person_id).filter(once=brought.once).first()
    if known is not None:
        return _view(known)
    file = _examined(person_id, brought)
    try:
        with transaction.atomic():
            _refuse_many(person_id)
            file.save(force_insert=True)
            audit.record(
                actor=actor, action="pki.bring_file", subject=f"file:{file.id}", sha256=file.sha256, form=file.form, certificate=file.certificate_id
            )  # fmt: skip
    except IntegrityError:  # the second click was as quick
        return _view(_files(person_id).get(once=brought.once))
    return _view(_own(person_id, file.id))


def _examined(person_id: UUID, brought: Brought) -> FileSigning:
    content, name = brought.content, _name(brought.name)
    if len(content) > LIMIT_BYTES:
        raise SignedFileTooLarge(f"{len(content)} bytes")
    if not content or (name.lower().endswith(".pdf") and kind_of(content) is not Kind.PDF):
        raise FileToSignRefused("an empty file, or a PDF that is none")
    certificate = _certificate(person_id, brought.certificate)
    form, beside, reports = _form(name, brought)
    moment = now().replace(microsecond=0)
    file = FileSigning(
        id=uuid4(), person_id=person_id, once=brought.once, certificate=certificate, name=name, content=content, size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(), pages=pictures.page_count(content) if kind_of(content) is Kind.PDF else 0,
        form=form.value, level=brought.level.value, beside=beside, language=brought.language, at=moment, made_at=moment,
        reason=clean(brought.reason)[:REASON_CHARACTERS] if form is SignatureForm.PADES else "",
        stamp=_stamp(len(reports)) if brought.stamped and form is SignatureForm.PADES else None,
        earlier=[_earlier(one).model_dump(mode="json") for one in reports], kept_until=moment + KEPT_WAITING,
    )  # fmt: skip
    sign_file.prepared_by(certificate, sign_file_seen.wanted_of(file))  # what cannot be signed is said now, not after the code
    return file


def _certificate(person_id: UUID, serial: str) -> Certificate:
    rows = remote_signing.certificates_of(person_id=person_id, purpose=SigningPurpose.SIGNATURE, only_valid=True)
    found = next((row for row in rows if row.serial == serial), None)
    if found is None:
        raise NoSigningCertificate(f"{serial} is no certificate with which this person can sign now")
    return found


def _form(name: str, brought: Brought) -> tuple[SignatureForm, bool, tuple[SignatureReport, ...]]:
    """The form, whether the signature joins others, and those others."""
    kind = kind_of(brought.content)
    if kind is None:
        return SignatureForm.ASICE_XADES, False, ()
    report = validate(name=name, content=brought.content)
    if not brought.inside:
        return SignatureForm.ASICE_XADES, False, report.signatures
    found = _INSIDE[kind](name, brought.content, report.kind) if report.signatures or kind in (Kind.PDF, Kind.XML) else None
    return (found or SignatureForm.ASICE_XADES), found is not None and bool(report.signatures), report.signatures


def _into_xml(name: str, content: bytes, _: SignedFileKind) -> SignatureForm | None:
    if xades.can_be_signed(content):
        return SignatureForm.XADES
    if name.lower().endswith(".xml"):
        raise FileToSignRefused("an XML that is broken, or has a document type")
    return None


def _into_container(_: str, content: bytes, kind: SignedFileKind) -> SignatureForm | None:
    if kind is not SignedFileKind.ASIC_E:
        return None
    return SignatureForm.ASICE_CADES if any(one.endswith(".p7s") for one in asice.names_in(content)) else SignatureForm.ASICE_XADES


_INSIDE: Mapping[Kind, Callable[[str, bytes, SignedFileKind], SignatureForm | None]] = {
    Kind.PDF: lambda *_: SignatureForm.PADES,
    Kind.XML: _into_xml,
    Kind.CONTAINER: _into_container,
    Kind.CMS: lambda *_: SignatureForm.CADES,
    Kind.JSON: lambda *_: SignatureForm.JADES,
}


def _earlier(report: SignatureReport) -> EarlierSignature:
    name = report.signatory.name if report.signatory and report.trusted else ""
    return EarlierSignature(name=name, indication=report.indication, sentence=report.sentence)


def _stamp(earlier: int) -> dict[str, Any]:
    """On the last page, beside the stamps of earlier signers: two in a row."""
    left, bottom = _STAMP["left"] + _STAMP["across"] * (earlier % 2), _STAMP["bottom"] + _STAMP["up"] * (earlier // 2 % 8)
    return StampPlace(page=-1, left=left, bottom=bottom).model_dump(mode="json")


def _name(given: str) -> str:
    """A plain name that a container takes; characters that would reorder or break the text that is confirmed are left out."""
    name = clean(given.replace("\\", "/").rpartition("/")[2]) or "file"
    stem, dot, ending = name.rpartition(".")
    if len(name) > _NAME_CHARACTERS:
        name = f"{stem[: _NAME_CHARACTERS - len(ending) - 1]}{dot}{ending}" if stem and len(ending) <= 10 else name[:_NAME_CHARACTERS]
    return name if asice.is_signable_name(name) else f"file-{name}"


def _refuse_many(person_id: UUID) -> None:
    """Counts under a lock of the person, which ends with the transaction."""
    number = int.from_bytes(hashlib.sha256(f"pki.file_signing:{person_id}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
    if _files(person_id).count() >= MOST_FILES:
        raise TooManyFilesToSign(f"{MOST_FILES} files of this person")


# -- signing -----------------------------------------------------------------------------------------------------------


def ask(*, actor: Actor, file_id: UUID) -> FileSigningView:
    """The request that the holder confirms by a code; a live one stays. The claimed time of signing is that of the request."""
    person_id = _person(actor)
    with transaction.atomic():
        file = _locked(person_id, file_id)
        if not _is_asked(file):
            _check_in_force(file)
            file.at = now().replace(microsecond=0)
            asked = remote_signing.ask(
                origin=SigningOrigin.FILE, purpose=SigningPurpose.SIGNATURE, party_id=PARTY_ID, party=PARTY, certificate=file.certificate,
                digests=[sign_file_seen.digest_of(file)], text=sign_file_seen.text_of(file), protocol={"notify": "no"},
            )  # fmt: skip
            file.request_id = asked.id
            file.save(update_fields=["at", "request"])
    return _view(_own(person_id, file_id))


def confirm(*, actor: Actor, file_id: UUID, confirmation: Confirmation) -> FileSigningView:
    """The holder confirmed by a code: sign, and make the file."""
    file = _own(_person(actor), file_id)
    if file.request_id is None:
        raise SigningRequestOver("nothing was asked for")
    if _request(file).state is SigningState.WAITING:
        _check_in_force(file)
    remote_signing.confirmed(actor=actor, request_id=file.request_id, confirmation=confirmation)
    return one(actor=actor, file_id=file_id)


def one(*, actor: Actor, file_id: UUID) -> FileSigningView:
    """The file as it stands; what was confirmed and is not made yet is made first, if the certificate is still in force."""
    person_id = _person(actor)
    file = _own(person_id, file_id)
    if file.request_id is None or file.signed_bytes or not _request(file).confirmed:
        return _view(file)
    try:
        asked = remote_signing.finished(request_id=file.request_id, wait_seconds=0.0)
    except SigningNotReady:
        return _view(file)
    if asked.state is SigningState.SIGNED and queries.in_force(file.certificate):
        _complete(actor, person_id, file_id, b64decode(asked.signatures[0]))
    return _view(_own(person_id, file_id))


def _complete(actor: Actor, person_id: UUID, file_id: UUID, signature: bytes) -> None:
    """Under the row's lock, so that of two who look at once one makes the file; as long as the time-stamps take."""
    with transaction.atomic():
        file = _locked(person_id, file_id)
        if file.signed is not None:
            return
        file.signed = sign_file.complete_by(
            actor=actor, row=file.certificate, wanted=sign_file_seen.wanted_of(file), signature=signature
        )  # fmt: skip
        file.content, file.kept_until = b"", now() + KEPT_SIGNED
        file.save(update_fields=["signed", "content", "kept_until"])


def _is_asked(file: FileSigning) -> bool:
    """Whether there is a request that is not over."""
    return file.request is not None and remote_signing.view(file.request).state in (SigningState.WAITING, SigningState.SIGNED)


def _check_in_force(file: FileSigning) -> None:
    if not queries.in_force(file.certificate):
        raise NoSigningCertificate(f"{file.certificate_id} is not in force")


# -- looking, removing -------------------------------------------------------------------------------------------------


def own(*, actor: Actor) -> list[FileSigningView]:
    """The person's files, newest first."""
    return [_view(file) for file in _files(_person(actor)).order_by("-made_at")]


def content(*, actor: Actor, file_id: UUID) -> tuple[str, bytes]:
    """Name and content: of the signed file, or before that of the file as it was brought."""
    file = _own(_person(actor), file_id)
    return (_signed_name(file), bytes(file.signed)) if file.signed is not None else (file.name, bytes(file.content))


def picture(*, actor: Actor, file_id: UUID, page: int) -> bytes:
    """A page of a PDF as PNG."""
    file = _own(_person(actor), file_id)
    pdf = bytes(file.signed if file.signed is not None else file.content)
    drawn = pictures.page_picture(pdf, page) if 0 <= page < file.pages and kind_of(pdf) is Kind.PDF else b""
    if not drawn:
        raise FileToSignNotFound(f"no page {page} can be shown")
    return drawn


def remove(*, actor: Actor, file_id: UUID) -> None:
    """The holder needs it no longer, or will not sign it. A second time nothing is left to do."""
    person_id = _person(actor)
    with transaction.atomic():
        file = FileSigning.objects.select_for_update(of=("self",)).filter(id=file_id, person_id=person_id).first()
        if file is None:
            return
        request_id = file.request_id
        waits = request_id is not None and not _request(file).confirmed and _request(file).state is SigningState.WAITING
        file.delete()
        if waits and request_id is not None:
            remote_signing.refuse(actor=actor, request_id=request_id)


def forget() -> int:
    """Files whose time is over go; how many."""
    return FileSigning.objects.filter(kept_until__lt=now()).delete()[1].get("pki.FileSigning", 0)


def _files(person_id: UUID) -> QuerySet[Any]:
    """Without the contents, which can be large."""
    rows = FileSigning.objects.select_related("certificate", "request", "request__certificate").defer("content", "signed")
    return rows.annotate(signed_bytes=Coalesce(Length("signed"), 0)).filter(person_id=person_id, kept_until__gt=now())


def _own(person_id: UUID, file_id: UUID) -> Any:
    file = _files(person_id).filter(id=file_id).first()
    if file is None:
        raise FileToSignNotFound(f"no file {file_id} of this person")
    return file


def _locked(person_id: UUID, file_id: UUID) -> FileSigning:
    """The row is locked until the transaction ends: two who ask or finish at once come one after the other."""
    rows = FileSigning.objects.select_for_update(of=("self",)).select_related("certificate", "request", "request__certificate")
    file = rows.filter(id=file_id, person_id=person_id, kept_until__gt=now()).first()
    if file is None:
        raise FileToSignNotFound(f"no file {file_id} of this person")
    return file


def _request(file: FileSigning) -> Any:
    assert file.request is not None  # noqa: S101 - whoever calls has looked
    return remote_signing.view(file.request)


def _view(file: Any) -> FileSigningView:
    return FileSigningView(
        id=file.id, name=file.name, size_bytes=file.size_bytes, sha256=file.sha256, pages=file.pages, form=SignatureForm(file.form),
        level=SignatureLevel(file.level), beside=file.beside, stamped=file.stamp is not None,
        earlier=tuple(EarlierSignature.model_validate(one) for one in file.earlier), certificate=file.certificate_id,
        signer=file.certificate.common_name, organisation=file.certificate.organisation, in_force=queries.in_force(file.certificate),
        request=_request(file) if file.request is not None else None, signed=bool(file.signed_bytes), signed_name=_signed_name(file),
        signed_bytes=file.signed_bytes, kept_until=file.kept_until,
    )  # fmt: skip


def _signed_name(file: FileSigning) -> str:
    ending = _ENDINGS[SignatureForm(file.form)]
    stem, dot, own = file.name.rpartition(".")
    if ending == ".asice":
        return file.name if file.beside else f"{file.name}.asice"
    return f"{stem or own}{ending if not file.beside or ending.endswith((own, 'pdf', 'xml')) else f'-signed{dot}{own}'}"


def _person(actor: Actor) -> UUID:
    if actor.role is not Role.CITIZEN or actor.person_id is None:
        raise NotAllowed(f"{actor} brings no files")
    return actor.person_id
