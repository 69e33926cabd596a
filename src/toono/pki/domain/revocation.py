"""The rule of revocation: which certificate may be revoked, for which reasons, and what may follow. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from types import MappingProxyType

from toono.pki.contracts import CertificateState, Profile, RevocationReason
from toono.pki.domain.profiles import PROFILES
from toono.pki.errors import CertificateAlreadyRevoked, CertificateExpired, CertificateNotRevocable, ReasonNotAllowed

_OURS = frozenset({RevocationReason.KEY_COMPROMISE, RevocationReason.SUPERSEDED, RevocationReason.CESSATION_OF_OPERATION})

REASONS: Mapping[Profile, frozenset[RevocationReason]] = MappingProxyType(
    {
        Profile.SEAL: frozenset(RevocationReason),
        Profile.EXCHANGE: frozenset(RevocationReason),
        Profile.SYSTEM: frozenset(RevocationReason),
        Profile.PERSON: frozenset(RevocationReason),
        # The platform's own keys belong to nobody whose name or right could change.
        Profile.TIMESTAMP: _OURS,
        Profile.CONFIGURATION: _OURS,
        Profile.TOKEN: _OURS,
    }
)


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
}


def state(*, not_after: datetime, revoked_at: datetime | None, now: datetime) -> CertificateState:
    """Revoked outlives expired: a revoked certificate stays revoked for ever."""
    if revoked_at is not None:
        return CertificateState.REVOKED
    return CertificateState.EXPIRED if not_after <= now else CertificateState.VALID


def check_revocation(*, profile: Profile, state: CertificateState, reason: RevocationReason) -> None:
    """Whether a certificate in ``state`` may be revoked for ``reason``. Valid → revoked is the only step there is.

    :raises CertificateNotRevocable: an authority, or the status responder.
    :raises CertificateAlreadyRevoked: the first revocation stands.
    :raises CertificateExpired: nothing is left to revoke.
    :raises ReasonNotAllowed: the reason does not fit the profile.
    """
    if not PROFILES[profile].revocable:
        raise CertificateNotRevocable
    if state is CertificateState.REVOKED:
        raise CertificateAlreadyRevoked
    if state is CertificateState.EXPIRED:
        raise CertificateExpired
    if reason not in REASONS[profile]:
        raise ReasonNotAllowed(f"{reason} is no reason for {profile}")


def succession(reason: RevocationReason) -> Succession:
    """What may be issued by itself after a revocation for ``reason``."""
    return _SUCCESSION[reason]


def touches(*, sealed_at: datetime, revoked_at: datetime, reason: RevocationReason) -> bool:
    """Whether the revocation takes away the worth of a seal made at ``sealed_at`` (by a trusted time-stamp).

    What was sealed before the revocation stays good (ETSI EN 319 102-1 §5.6.2.4), unless the key was stolen: since when the
    thief has had it nobody knows.
    """
    return reason is RevocationReason.KEY_COMPROMISE or sealed_at >= revoked_at
