"""Sign a file in any form and level (PAdES, XAdES, ASiC-E, CAdES, JAdES; B-B to B-LTA).

A signature has three steps, so that the key may be used elsewhere and later (a person confirms on a phone): :func:`prepare` gives the digest, the
key signs it, :func:`complete` makes the file. What is prepared depends on nothing but its arguments.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import utils as asymmetric_utils

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import local
from toono.kernel.errors import NotAllowed
from toono.kernel.jose import raw_signature
from toono.pki import queries
from toono.pki.adapters.signer import client
from toono.pki.adapters.stamp_font import stamp_font
from toono.pki.contracts import FileToSign, Profile, SignatureForm, SignatureLevel
from toono.pki.domain.signatures import appearance, asice, cades, jades, pades, xades
from toono.pki.domain.signatures.kinds import RAISING, Kind, each
from toono.pki.domain.signatures.pdf_file import PdfFile
from toono.pki.domain.signatures.pdf_syntax import UnfamiliarPdf
from toono.pki.domain.signatures.signatory import Signatory
from toono.pki.errors import (
    DocumentClosed,
    NoRoomBeside,
    NoSigningCertificate,
    NotSignable,
    PdfEncrypted,
    PdfUnusual,
    SignatureDoesNotFit,
)  # fmt: skip
from toono.pki.models import Certificate
from toono.pki.operations import sign_by_pyhanko
from toono.pki.operations.signatories import signatory
from toono.pki.operations.time_stamp import time_stamp
from toono.pki.operations.validation_material import held_here, material_for

SIZE_LIMIT_BYTES = 100 * 1024 * 1024
_FIELD = "Signature"
_KINDS = {
    SignatureForm.PADES: Kind.PDF,
    SignatureForm.XADES: Kind.XML,
    SignatureForm.ASICE_XADES: Kind.CONTAINER,
    SignatureForm.ASICE_CADES: Kind.CONTAINER,
    SignatureForm.CADES: Kind.CMS,
    SignatureForm.JADES: Kind.JSON,
}
_ORDER = tuple(SignatureLevel)


@dataclass(frozen=True)
class Prepared:
    """A file that waits for the value of its signature."""

    digest: bytes
    """What the key signs."""
    completed: Callable[[bytes, SignatureLevel], bytes]
    """From the signature (DER) to the file; with its time-stamp where the form has no other place for it."""


def sign_file(*, actor: Actor, key: str, wanted: FileToSign) -> bytes:
    """The signed file, signed here and now."""
    row = certificate_to_sign(actor=actor, key=key)
    prepared = prepare(row, wanted)
    if prepared is None:
        signed = _by_pyhanko(row, wanted)
    else:
        [signature] = client().sign(key=row.key, digests=[prepared.digest])
        signed = complete(prepared, signature, wanted)
    _record(actor=actor, row=row, wanted=wanted, signed=signed)
    return signed


def digest_to_sign(*, actor: Actor, key: str, wanted: FileToSign) -> bytes:
    """What the key signs, where that happens elsewhere and later."""
    return prepared_by(certificate_to_sign(actor=actor, key=key), wanted).digest


def complete_file(*, actor: Actor, key: str, wanted: FileToSign, signature: bytes) -> bytes:
    """The signed file from the signature (DER) over :func:`digest_to_sign` of the same."""
    return complete_by(actor=actor, row=certificate_to_sign(actor=actor, key=key), wanted=wanted, signature=signature)


def complete_by(*, actor: Actor, row: Certificate, wanted: FileToSign, signature: bytes) -> bytes:
    """The same with the very certificate with which the digest was made."""
    prepared = prepared_by(row, wanted)
    _check_fits(row, prepared.digest, signature)
    signed = complete(prepared, signature, wanted)
    _record(actor=actor, row=row, wanted=wanted, signed=signed)
    return signed


def prepared_by(row: Certificate, wanted: FileToSign) -> Prepared:
    """What can be signed elsewhere and later.

    :raises NotSignable: also a PDF that is encrypted or of a structure that is not known here.
    """
    prepared = prepare(row, wanted)
    if prepared is None and b"/Encrypt" in wanted.content:
        raise PdfEncrypted("an encrypted PDF")
    if prepared is None:
        raise PdfUnusual("the structure of this PDF can be signed only at once")
    return prepared


def _check_fits(row: Certificate, digest: bytes, signature: bytes) -> None:
    """A wrong value would make a file that looks signed and is not."""
    key = queries.parsed(row.pem).public_key()
    algorithm = {32: hashes.SHA256(), 48: hashes.SHA384(), 64: hashes.SHA512()}[len(digest)]
    try:
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise InvalidSignature
        key.verify(signature, digest, ec.ECDSA(asymmetric_utils.Prehashed(algorithm)))
    except InvalidSignature as error:
        raise SignatureDoesNotFit(f"no signature by {row.serial} over this file") from error


def certificate_to_sign(*, actor: Actor, key: str) -> Certificate:
    """The certificate in force of a key that the actor may use: a system any, an officer the organisation's seal, a person the own ones.

    :raises NotAllowed:
    :raises NoSigningCertificate:
    """
    family, _, owner = key.partition("/")
    may = {
        Role.SYSTEM: family in {"seal", "person", "officer"},
        Role.OFFICER: family == "seal" and owner.partition("/")[0] == actor.organisation,
    }.get(actor.role, False)
    if not may and not (family in {"person", "officer"} and actor.person_id is not None and owner[:36] == str(actor.person_id)):
        raise NotAllowed(f"{actor} may not sign with {key}")
    row = queries.current(label=key)
    if row is None:
        raise NoSigningCertificate(f"no valid certificate for {key}")
    return row


def prepare(row: Certificate, wanted: FileToSign) -> Prepared | None:
    """Everything but the key's work. None for a PDF whose structure is not known here.

    :raises NotSignable: the file cannot have this form.
    :raises DocumentClosed: a PDF that allows no further signature.
    """
    if len(wanted.content) > SIZE_LIMIT_BYTES:
        raise NotSignable("larger than the limit")
    try:
        return _PREPARERS[wanted.form](signatory(row), row, wanted)
    except UnfamiliarPdf as error:
        if not wanted.content[:1024].lstrip().startswith(b"%PDF-"):
            raise NotSignable("no PDF") from error
        return None
    except (xades.NotXml, asice.NotContainer, jades.NotJades, IndexError) as error:
        raise (NoRoomBeside if wanted.beside else NotSignable)(str(error)) from error


def complete(prepared: Prepared, signature: bytes, wanted: FileToSign) -> bytes:
    """The file of the wanted level, from the signature (DER) over ``prepared.digest``."""
    signed = prepared.completed(signature, wanted.level)
    kind = _KINDS[wanted.form]
    raising, own = RAISING[kind], _new_signature(kind, signed, wanted)
    if wanted.level is not SignatureLevel.B_B and raising.time_stamped is not None:
        signed = raising.time_stamped(signed, _stamp, value=own)
    if _ORDER.index(wanted.level) >= _ORDER.index(SignatureLevel.B_LT):
        signed = raising.with_material(signed, material_for(_certificates(kind, signed, own)), value=own)
    if wanted.level is SignatureLevel.B_LTA and wanted.detached:
        signed = cades.archive_time_stamped(signed, _stamp, detached=wanted.content)
    elif wanted.level is SignatureLevel.B_LTA:
        signed = raising.archive_time_stamped(signed, _stamp, value=own)
    return signed


def _new_signature(kind: Kind, signed: bytes, wanted: FileToSign) -> bytes | None:
    """The value of the signature that was not there before; those that were keep their level."""
    if not wanted.beside or kind is Kind.PDF:
        return None
    earlier = RAISING[kind].values(wanted.content)
    return next(value for value in RAISING[kind].values(signed) if value not in earlier)


def _certificates(kind: Kind, signed: bytes, own: bytes | None) -> list[bytes]:
    """Those of the new signature. In a PDF a stranger's may stand among them, of which our register can tell nothing."""
    return held_here(next(one for one in each(kind, signed) if own is None or one.value == own).all_certificates)


def _record(*, actor: Actor, row: Certificate, wanted: FileToSign, signed: bytes) -> None:
    """Into the audit, in the caller's transaction."""
    audit.record(
        actor=actor,
        action="pki.sign_file",
        subject=f"certificate:{row.serial}",
        form=wanted.form.value,
        level=wanted.level.value,
        sha256=hashlib.sha256(signed).hexdigest(),
    )


def _stamp(digest: bytes) -> bytes:
    return time_stamp(digest=digest)


def _pades(who: Signatory, row: Certificate, wanted: FileToSign) -> Prepared:
    file = PdfFile(wanted.content)
    permission = file.permission()
    if permission == pades.CLOSED:
        raise DocumentClosed("a certifying signature allows no other")
    place = draw = None
    if wanted.stamp is not None and permission is None:  # a certified document shows no new picture, readers would call it a change
        page = file.page(wanted.stamp.page)
        place = pades.Place(page, wanted.stamp.left, wanted.stamp.bottom, wanted.stamp.width, wanted.stamp.height)
        draw = appearance.drawing(_lines(row, wanted), width=place.width, height=place.height, font=stamp_font())
    said = pades.Said(row.common_name, wanted.at, wanted.reason, wanted.location)
    stamped = wanted.level is not SignatureLevel.B_B
    prepared = pades.prepare(file, who, said, field=pades.field_name(file, _FIELD), stamped=stamped, place=place, draw=draw)
    attributes = cades.signed_attributes(who, prepared.digest(who.hash), at=None)

    def completed(signature: bytes, level: SignatureLevel) -> bytes:
        token = _stamp(hashlib.sha256(signature).digest()) if level is not SignatureLevel.B_B else None
        return pades.sealed(prepared, who, attributes, signature, token)

    return Prepared(who.digest(attributes), completed)


def _lines(row: Certificate, wanted: FileToSign) -> list[str]:
    """What a visible stamp says: who (largest), for whom, when by the clock in Ulaanbaatar, why."""
    lines = [row.common_name]
    if row.organisation and row.organisation != row.common_name:
        lines.append(row.organisation)
    deed = "Тоон тамга дарсан" if row.profile == Profile.SEAL else "Тоон гарын үсэг зурсан"
    lines.append(f"{deed}: {local(wanted.at):%Y.%m.%d %H:%M}")
    return [*lines, *(line for line in (wanted.reason, wanted.location) if line)]


def _cades(who: Signatory, row: Certificate, wanted: FileToSign) -> Prepared:
    if wanted.beside:
        return _cades_beside(who, wanted)
    return _cms(who, wanted.content, wanted.at, inside=None if wanted.detached else wanted.content)


def _cades_beside(who: Signatory, wanted: FileToSign) -> Prepared:
    try:
        content, earlier = cades.message(wanted.content), cades.signature_values(wanted.content)
        if content is None or not earlier or wanted.detached:
            raise NoRoomBeside("a signature can stand beside others only where what they signed is inside")
        attributes = cades.signed_attributes(who, who.digest(content), at=wanted.at)
        cades.signed_beside(wanted.content, who, attributes, b"")  # what cannot be taken apart is refused before the key signs
    except ValueError as error:
        raise NoRoomBeside(f"no CMS signature in DER: {error}") from error
    return Prepared(who.digest(attributes), lambda signature, _: cades.signed_beside(wanted.content, who, attributes, signature))


def _cms(who: Signatory, content: bytes, at: datetime, *, inside: bytes | None) -> Prepared:
    attributes = cades.signed_attributes(who, who.digest(content), at=at)
    return Prepared(who.digest(attributes), lambda signature, _: cades.signed_data(who, attributes, signature, content=inside))


def _xades(who: Signatory, row: Certificate, wanted: FileToSign) -> Prepared:
    prepared = xades.prepare_enveloped(wanted.content, who, at=wanted.at, beside=wanted.beside)
    return Prepared(
        who.digest(prepared.to_be_signed), lambda signature, _: prepared.completed(raw_signature(signature, who.coordinate_bytes))
    )


def _asice_xades(who: Signatory, row: Certificate, wanted: FileToSign) -> Prepared:
    files, data = _packed_files(wanted)
    kinds = {name: _media_type(name) for name in data}
    prepared = xades.prepare_detached({name: (kinds[name], content) for name, content in data.items()}, who, at=wanted.at)
    files.setdefault("META-INF/manifest.xml", asice.open_document_manifest(kinds))
    place = asice.free_name(files, asice.XADES_SIGNATURES)

    def completed(signature: bytes, _: SignatureLevel) -> bytes:
        return asice.packed({**files, place: prepared.completed(raw_signature(signature, who.coordinate_bytes))})

    return Prepared(who.digest(prepared.to_be_signed), completed)


def _asice_cades(who: Signatory, row: Certificate, wanted: FileToSign) -> Prepared:
    files, data = _packed_files(wanted)
    place = asice.free_name(files, asice.CADES_SIGNATURE)
    manifest = asice.manifest(
        place, "application/pkcs7-signature", {name: (_media_type(name), content) for name, content in data.items()}
    )  # fmt: skip
    inner = _cms(who, manifest, wanted.at, inside=None)
    files[asice.free_name(files, asice.CADES_MANIFEST)] = manifest
    return Prepared(inner.digest, lambda signature, level: asice.packed({**files, place: inner.completed(signature, level)}))


def _packed_files(wanted: FileToSign) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """All files of the container, and those to sign."""
    if not wanted.beside:
        if not asice.is_signable_name(wanted.name):
            raise NotSignable("a file in a container needs a plain name")
        return {wanted.name: wanted.content}, {wanted.name: wanted.content}
    files = asice.unpacked(wanted.content)
    data = asice.data_in(files)
    if not data or not asice.signatures_in(files) or asice.is_of_the_exchange(files):
        raise NoRoomBeside("a container without files or signatures, or one of the exchange")
    return files, data


def _media_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _jades(who: Signatory, row: Certificate, wanted: FileToSign) -> Prepared:
    if wanted.beside:
        prepared = jades.prepare_beside(wanted.content, who, at=wanted.at)
    else:
        prepared = jades.prepare(wanted.content, who, at=wanted.at, media_type=_media_type(wanted.name))
    return Prepared(
        who.digest(prepared.to_be_signed), lambda signature, _: prepared.completed(raw_signature(signature, who.coordinate_bytes))
    )


_PREPARERS: dict[SignatureForm, Callable[[Signatory, Certificate, FileToSign], Prepared]] = {
    SignatureForm.PADES: _pades,
    SignatureForm.XADES: _xades,
    SignatureForm.ASICE_XADES: _asice_xades,
    SignatureForm.ASICE_CADES: _asice_cades,
    SignatureForm.CADES: _cades,
    SignatureForm.JADES: _jades,
}


def _by_pyhanko(row: Certificate, wanted: FileToSign) -> bytes:
    """Without a visible stamp: pyHanko draws none in Cyrillic."""
    said = pades.Said(row.common_name, wanted.at, wanted.reason, wanted.location)
    signed = sign_by_pyhanko.sign(row=row, pdf=wanted.content, said=said, field=_FIELD, level=wanted.level, certify=False)
    if wanted.level in {SignatureLevel.B_LT, SignatureLevel.B_LTA}:
        signed = sign_by_pyhanko.with_material(signed, material_for(held_here(sign_by_pyhanko.certificates_in(signed))))
    return sign_by_pyhanko.with_time_stamp(signed) if wanted.level is SignatureLevel.B_LTA else signed
