"""Check the seal of a PDF that anybody may have made or changed."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESIndeterminate
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from toono.kernel.clock import now
from toono.pki import queries
from toono.pki.contracts import RevocationReason, SealCheck, SealStatus
from toono.pki.domain.profiles import SEAL_POLICY
from toono.pki.domain.seals import Findings, Path, judge, worst
from toono.pki.models import Certificate

SIZE_LIMIT_BYTES = 20 * 1024 * 1024

_OUT_OF_TIME = {
    AdESIndeterminate.EXPIRED,
    AdESIndeterminate.NOT_YET_VALID,
    AdESIndeterminate.OUT_OF_BOUNDS_NO_POE,
    AdESIndeterminate.NO_POE,
}

_DAMAGED = (PdfError, SignatureValidationError, ValueError, KeyError, IndexError)

log = logging.getLogger("toono.pki")


def check_pdf(*, pdf: bytes) -> SealCheck:
    """One answer for the whole document: the worst of its seals'."""
    if len(pdf) > SIZE_LIMIT_BYTES:
        return SealCheck(status=SealStatus.UNREADABLE, detail="larger than the limit")
    try:
        seals = list(PdfFileReader(BytesIO(pdf)).embedded_regular_signatures)
    except Exception as error:  # a hostile file makes the reader fail in any way; every way means the same
        log.info("a PDF cannot be read: %r", error)
        return SealCheck(status=SealStatus.UNREADABLE, detail=repr(error)[:200])
    if not seals and b"/ByteRange" in pdf:
        return SealCheck(status=SealStatus.UNREADABLE, detail="there is a signature of an unknown kind")
    if not seals:
        return SealCheck(status=SealStatus.UNSEALED)
    return worst([_check(seal) for seal in seals])


def _check(seal: Any) -> SealCheck:
    roots = [queries.parsed_for_cms(text) for text in queries.trust_anchors()]
    try:
        read = _read(seal, roots)
    except _DAMAGED as error:
        log.info("a seal is damaged: %r", error)
        return SealCheck(status=SealStatus.ALTERED, detail=repr(error)[:200])
    except Exception as error:  # the reader's own failure says nothing about the seal
        log.exception("a seal could not be checked")
        return SealCheck(status=SealStatus.INDETERMINATE, detail=repr(error)[:200])
    return judge(_findings(read))


@dataclass(frozen=True)
class _Read:
    """What the bytes alone say."""

    certificate: x509.Certificate
    name: dict[str, Any]
    is_seal: bool
    intact: bool
    path: Path
    stamped_at: datetime | None
    stamp_certificate: x509.Certificate | None
    """None without a time-stamp, or with one that does not verify."""
    detail: str


def _read(seal: Any, roots: list[x509.Certificate]) -> _Read:
    claimed = _claimed_time(seal)
    status = asyncio.run(
        async_validate_pdf_signature(
            seal,
            signer_validation_context=_context(roots, claimed or now()),
            ts_validation_context=_context(roots, now()),
        )
    )
    stamp, certificate = status.timestamp_validity, status.signing_cert
    return _Read(
        certificate=certificate,
        name=certificate.subject.native,
        is_seal=_has_seal_policy(certificate),
        intact=status.intact and status.valid and _unchanged(status),
        path=_path(status),
        stamped_at=claimed,
        stamp_certificate=stamp.signing_cert if stamp and stamp.trusted else None,
        detail=str(status.summary()),
    )


def _findings(read: _Read) -> Findings:
    """Joined with what our register knows. A register that does not answer is an error here, never a verdict."""
    row = _registered(read.certificate)
    stamped = read.stamp_certificate is not None and _good(read.stamp_certificate)
    return Findings(
        intact=read.intact,
        path=read.path,
        is_seal=read.is_seal,
        known=row is not None,
        revoked_at=row.revoked_at if row else None,
        reason=RevocationReason(row.reason) if row and row.reason else None,
        sealed_at=read.stamped_at if stamped else None,
        stamp_failed=read.stamped_at is not None and not stamped,
        checked_at=now(),
        organisation=read.name.get("organization_name"),
        register_number=str(read.name.get("organization_identifier", "")).removeprefix("NTRMN-") or None,
        serial=queries.hexadecimal(read.certificate.serial_number),
        detail=read.detail,
    )


def _context(roots: list[x509.Certificate], moment: datetime) -> ValidationContext:
    """Nothing is fetched from addresses that a stranger's file names; revocation we know from our own register."""
    return ValidationContext(trust_roots=roots, moment=moment, allow_fetching=False, revocation_mode="soft-fail")


def _claimed_time(seal: Any) -> datetime | None:
    """Time in the seal's time-stamp, not yet verified. The certificate must have been valid then, not today."""
    times: list[datetime] = [
        stamp["encap_content_info"]["content"].parsed["gen_time"].native for stamp in extract_tst_data_iter(seal.signer_info, signed=False)
    ]
    return times[0] if times else None


def _unchanged(status: Any) -> bool:
    """Nothing was added after the seal but material to check it later (a DSS, a document time-stamp)."""
    if status.coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return True
    return bool(status.docmdp_ok) and status.modification_level is ModificationLevel.LTA_UPDATES


def _path(status: Any) -> Path:
    if status.trust_problem_indic is None and status.validation_path is not None:
        return Path.OURS
    return Path.UNDECIDED if status.trust_problem_indic in _OUT_OF_TIME else Path.FOREIGN


def _has_seal_policy(certificate: x509.Certificate) -> bool:
    policies = certificate.certificate_policies_value or []
    return any(policy["policy_identifier"].dotted == SEAL_POLICY.dotted_string for policy in policies)


def _registered(certificate: x509.Certificate) -> Certificate | None:
    """Our register's row of this very certificate; the serial number alone would let a stranger borrow its status."""
    row = Certificate.objects.filter(serial=queries.hexadecimal(certificate.serial_number)).first()
    return row if row and queries.parsed_for_cms(row.pem).dump() == certificate.dump() else None


def _good(certificate: x509.Certificate) -> bool:
    """Whether a time-stamping unit's certificate is ours and its key was not stolen."""
    row = _registered(certificate)
    return row is not None and row.reason != RevocationReason.KEY_COMPROMISE
