"""The verdict on one seal: from what was found to one answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from toono.pki.contracts import RevocationReason, SealCheck, SealStatus
from toono.pki.domain.revocation import touches

WORST_FIRST = tuple(SealStatus)


class Path(Enum):
    """Whether the certificate leads to our root."""

    OURS = "ours"
    FOREIGN = "foreign"
    UNDECIDED = "undecided"  # leads there, but not valid at the time known to us


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What the readers found about one signature."""

    intact: bool
    path: Path
    is_seal: bool
    """The certificate carries the policy of seals."""
    known: bool
    """Our register holds this very certificate."""
    revoked_at: datetime | None = None
    reason: RevocationReason | None = None
    sealed_at: datetime | None = None
    """By a trusted time-stamp."""
    stamp_failed: bool = False
    """There is a time-stamp, but it cannot be trusted."""
    checked_at: datetime
    organisation: str | None = None
    register_number: str | None = None
    serial: str | None = None
    detail: str = ""


def judge(found: Findings) -> SealCheck:
    """One answer for one signature. Without a trusted time-stamp the seal is only as good as its certificate is now."""
    revoked = _revoked(found)
    return SealCheck(
        status=_status(found, revoked),
        intact=found.intact,
        trusted=found.path is Path.OURS and found.is_seal,
        revoked=revoked,
        sealed_at=found.sealed_at,
        organisation=found.organisation,
        register_number=found.register_number,
        serial=found.serial,
        detail=found.detail,
    )


def worst(checks: list[SealCheck]) -> SealCheck:
    """The answer for a document of several signatures: that of the worst."""
    return min(checks, key=lambda check: WORST_FIRST.index(check.status))


def _status(found: Findings, revoked: bool | None) -> SealStatus:
    if not found.intact:
        return SealStatus.ALTERED
    if found.path is Path.FOREIGN or not found.is_seal:
        return SealStatus.FOREIGN
    if revoked:
        return SealStatus.REVOKED
    if found.path is Path.UNDECIDED or revoked is None or found.stamp_failed:
        return SealStatus.INDETERMINATE
    return SealStatus.VALID


def _revoked(found: Findings) -> bool | None:
    if not found.known:
        return None
    if found.revoked_at is None or found.reason is None:
        return False
    return touches(sealed_at=found.sealed_at or found.checked_at, revoked_at=found.revoked_at, reason=found.reason)
