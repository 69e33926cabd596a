"""The rule of revocation: for which reasons, what may follow, and what it takes away. Pure. The steps stand in ``life_cycle.py``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from types import MappingProxyType

from toono.pki.contracts import CertificateState, Profile, RevocationReason

_ALL = frozenset(RevocationReason) - {RevocationReason.CERTIFICATE_HOLD}
_OURS = frozenset({RevocationReason.KEY_COMPROMISE, RevocationReason.SUPERSEDED, RevocationReason.CESSATION_OF_OPERATION})

REASONS: Mapping[Profile, frozenset[RevocationReason]] = MappingProxyType(
    {
        Profile.SEAL: _ALL,
        Profile.EXCHANGE: _ALL,
        Profile.SYSTEM: _ALL,
        Profile.PERSON: _ALL,
        Profile.AUTHENTICATION: _ALL,
        Profile.OFFICER: _ALL,
        Profile.SERVER: _ALL,
        # The platform's own keys belong to nobody whose name or right could change.
        Profile.TIMESTAMP: _OURS,
        Profile.CONFIGURATION: _OURS,
        Profile.TOKEN: _OURS,
        Profile.TRUSTED_LIST: _OURS,
    }
)


HOLDER_REASONS = frozenset({RevocationReason.KEY_COMPROMISE, RevocationReason.AFFILIATION_CHANGED, RevocationReason.CESSATION_OF_OPERATION})
"""Those that a natural person may give about their own certificate."""


class Succession(Enum):
    """What may take a revoked certificate's place."""

    SAME_KEY = "same_key"
    NEW_KEY = "new_key"
    NOTHING = "nothing"


_SUCCESSION = {
    RevocationReason.KEY_COMPROMISE: Succession.NEW_KEY,
    RevocationReason.AFFILIATION_CHANGED: Succession.SAME_KEY,
    RevocationReason.SUPERSEDED: Succession.SAME_KEY,
    RevocationReason.CESSATION_OF_OPERATION: Succession.NOTHING,
    RevocationReason.PRIVILEGE_WITHDRAWN: Succession.NOTHING,
    RevocationReason.CERTIFICATE_HOLD: Succession.NOTHING,
}


def state(*, not_after: datetime, revoked_at: datetime | None, now: datetime, reason: str | None = None) -> CertificateState:
    """Revoked outlives expired: a revoked certificate stays revoked for ever. One that ran out while suspended is expired."""
    held = reason == RevocationReason.CERTIFICATE_HOLD
    if revoked_at is not None and not held:
        return CertificateState.REVOKED
    if not_after <= now:
        return CertificateState.EXPIRED
    return CertificateState.SUSPENDED if revoked_at is not None else CertificateState.VALID


def succession(reason: RevocationReason) -> Succession:
    """What may be issued by itself after a revocation for ``reason``."""
    return _SUCCESSION[reason]


def touches(*, sealed_at: datetime, revoked_at: datetime, reason: RevocationReason) -> bool:
    """Whether the revocation takes away the worth of a seal made at ``sealed_at`` (by a trusted time-stamp).

    What was sealed before the revocation stays good (ETSI EN 319 102-1 §5.6.2.4), unless the key was stolen: since when the
    thief has had it nobody knows.
    """
    return reason is RevocationReason.KEY_COMPROMISE or sealed_at >= revoked_at
