"""Is this document genuine? By code, or by the file itself. For anybody; tells nothing about persons."""

from __future__ import annotations

import hashlib
import re

from toono.kernel.clock import now
from toono.pki import api as pki
from toono.services.adapters import organisations
from toono.services.contracts import DocumentStatus, Text, Verification, VerificationStatus
from toono.services.errors import FileTooLarge
from toono.services.models import Document
from toono.services.queries.access import HEAVY
from toono.services.queries.documents import status

LIMIT_BYTES = 5 * 1024 * 1024
_CODE = re.compile(rb"toono:([2-9A-Z]{20})(?![2-9A-Z])")
"""Stands in the metadata of every document of ours, uncompressed as PDF/A demands."""


def verify_document(*, code: str) -> Verification:
    """By the code on the paper."""
    wanted = re.sub(r"[\s\-–·.]", "", code).upper()
    row = Document.objects.defer(*HEAVY).filter(code=wanted).first() if re.fullmatch(r"[2-9A-Z]{20}", wanted) else None
    if row is None:
        return _unknown(VerificationStatus.UNKNOWN, wanted[:20] or None)
    return _known(row, VerificationStatus(status(row, now()).value))


def verify_file(*, pdf: bytes) -> Verification:
    """By the bytes. The archive decides: what is byte for byte an issued file is genuine. The seal is looked at besides."""
    if len(pdf) > LIMIT_BYTES:
        raise FileTooLarge(f"{len(pdf)} bytes")
    digest = hashlib.sha256(pdf).hexdigest()
    files = Document.objects.defer(*HEAVY)
    row = files.filter(sha256=digest).first() or files.filter(editions__sha256=digest).first()
    if row is not None:
        state = status(row, now())
        word = VerificationStatus.GENUINE if state is DocumentStatus.VALID else VerificationStatus(state.value)
        return _known(row, word, seal_intact=_seal_intact(pdf))
    codes = set(_CODE.findall(pdf))
    if b"%PDF-" not in pdf[:1024] or not codes:
        return _unknown(VerificationStatus.NOT_A_DOCUMENT, None)
    named = Document.objects.defer(*HEAVY).filter(code__in=[code.decode() for code in codes]).first()
    if named is None:
        return _unknown(VerificationStatus.UNKNOWN, sorted(codes)[0].decode(), seal_intact=_seal_intact(pdf))
    return _known(named, VerificationStatus.ALTERED, seal_intact=False)


def _seal_intact(pdf: bytes) -> bool | None:
    """Whether the seal holds; None when that cannot be decided now."""
    check = pki.check_pdf(pdf=pdf)
    return None if check.indeterminate else check.intact and check.trusted and not check.revoked


def _known(row: Document, word: VerificationStatus, *, seal_intact: bool | None = None) -> Verification:
    return Verification(
        status=word,
        code=row.code,
        title=Text(**row.title),
        organisation_name=organisations.name(row.organisation),
        issued_at=row.issued_at,
        valid_until=row.valid_until,
        revoked_at=row.revoked_at,
        facts_fingerprint=row.facts_fingerprint,
        seal_intact=seal_intact,
        checked_at=now(),
    )


def _unknown(word: VerificationStatus, code: str | None, *, seal_intact: bool | None = None) -> Verification:
    return Verification(
        status=word, code=code, title=None, organisation_name=None, issued_at=None, valid_until=None, revoked_at=None,
        facts_fingerprint=None, seal_intact=seal_intact, checked_at=now(),
    )  # fmt: skip
