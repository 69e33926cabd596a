"""The life of a certificate as a state machine: which act leads from which state to which, and who may do it. Pure.

``revoked`` and ``expired`` are ends: nothing leads out of them. A suspended certificate that runs out cannot be revived; it stays on the
list as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from toono.kernel.actor import Role
from toono.pki.contracts import CertificateAct, CertificateState, Profile, RevocationReason
from toono.pki.domain.profiles import PROFILES, RENEWED_BEFORE
from toono.pki.domain.revocation import HOLDER_REASONS, REASONS
from toono.pki.errors import (
    CertificateAlreadyRevoked,
    CertificateExpired,
    CertificateNotRenewable,
    CertificateNotRevocable,
    CertificateNotSuspendable,
    CertificateNotSuspended,
    CertificateSuspended,
    ReasonNotAllowed,
    RevivalReserved,
)

VALID, SUSPENDED, REVOKED, EXPIRED = CertificateState.VALID, CertificateState.SUSPENDED, CertificateState.REVOKED, CertificateState.EXPIRED
SUSPEND, REVIVE, REVOKE, RENEW = CertificateAct.SUSPEND, CertificateAct.REVIVE, CertificateAct.REVOKE, CertificateAct.RENEW

TRANSITIONS: Mapping[tuple[CertificateState, CertificateAct], CertificateState] = MappingProxyType(
    {
        (VALID, SUSPEND): SUSPENDED,
        (VALID, REVOKE): REVOKED,
        (VALID, RENEW): VALID,
        (SUSPENDED, REVIVE): VALID,
        (SUSPENDED, REVOKE): REVOKED,
    }
)
"""Everything else is refused."""

HELD = frozenset({Profile.PERSON, Profile.AUTHENTICATION, Profile.OFFICER})
"""Certificates of natural persons: their holder suspends, revives, revokes and renews them."""

ACTS_OF: Mapping[Role, frozenset[CertificateAct]] = MappingProxyType(
    {
        Role.ADMINISTRATOR: frozenset({SUSPEND, REVIVE, REVOKE}),
        Role.CITIZEN: frozenset({SUSPEND, REVIVE, REVOKE, RENEW}),  # of their own
        Role.OFFICER: frozenset({SUSPEND, REVIVE, REVOKE, RENEW}),  # of their own
        Role.SYSTEM: frozenset({REVOKE}),  # of servers, by ACME
    }
)


def may(*, role: Role, act: CertificateAct, profile: Profile, own: bool) -> bool:
    """Whether somebody in ``role`` may do ``act`` with a certificate of ``profile``; ``own``: they are its holder."""
    if act not in ACTS_OF.get(role, frozenset()):
        return False
    if role is Role.ADMINISTRATOR:
        return True
    if role is Role.SYSTEM:
        return profile is Profile.SERVER
    return own and profile in HELD


def next_state(state: CertificateState, act: CertificateAct) -> CertificateState:
    """Where ``act`` leads from ``state``.

    :raises CertificateAlreadyRevoked: the first revocation stands, for ever.
    :raises CertificateExpired: nothing is left to do.
    :raises CertificateSuspended: revive or revoke it first.
    :raises CertificateNotSuspended: there is nothing to revive.
    """
    if (state, act) in TRANSITIONS:
        return TRANSITIONS[state, act]
    if state is REVOKED:
        raise CertificateAlreadyRevoked
    if state is EXPIRED:
        raise CertificateExpired
    raise CertificateSuspended if state is SUSPENDED else CertificateNotSuspended


def check_revocation(*, profile: Profile, state: CertificateState, reason: RevocationReason, holder: bool = False) -> None:
    """Whether a certificate in ``state`` may be revoked for ``reason``; ``holder``: by the one who holds it.

    :raises CertificateNotRevocable: an authority, or the status responder.
    :raises CertificateAlreadyRevoked: the first revocation stands.
    :raises CertificateExpired: nothing is left to revoke.
    :raises ReasonNotAllowed: the reason does not fit the profile, or is not the holder's to give.
    """
    if not PROFILES[profile].revocable:
        raise CertificateNotRevocable
    next_state(state, REVOKE)
    if reason not in REASONS[profile] or (holder and reason not in HOLDER_REASONS):
        raise ReasonNotAllowed(f"{reason} is no reason for {profile}")


def check_suspension(*, profile: Profile, state: CertificateState) -> None:
    """:raises CertificateNotSuspendable: servers, messages and the platform's own keys are revoked, never suspended (BR §4.9.13).
    :raises CertificateSuspended: it is already.
    """
    if not PROFILES[profile].suspendable:
        raise CertificateNotSuspendable
    next_state(state, SUSPEND)


def check_revival(*, state: CertificateState, holder: bool, suspended_by_holder: bool) -> None:
    """Who suspended may revive; an administrator may revive all.

    :raises CertificateNotSuspended:
    :raises RevivalReserved: the holder asks, but an administrator suspended it.
    """
    next_state(state, REVIVE)
    if holder and not suspended_by_holder:
        raise RevivalReserved


def check_renewal(*, profile: Profile, state: CertificateState, not_after: datetime, now: datetime) -> None:
    """:raises CertificateNotRenewable: too early, or of a kind that renews itself or is asked for anew."""
    next_state(state, RENEW)
    if profile not in HELD or not_after - now > RENEWED_BEFORE:
        raise CertificateNotRenewable


def acts(
    *, role: Role, profile: Profile, state: CertificateState, not_after: datetime, now: datetime, own: bool, suspended_by_holder: bool
) -> tuple[CertificateAct, ...]:
    """What somebody may do with a certificate at this moment: the buttons of a page."""
    found = [
        act for act in (SUSPEND, REVIVE, REVOKE, RENEW) if (state, act) in TRANSITIONS and may(role=role, act=act, profile=profile, own=own)
    ]
    data = PROFILES[profile]
    refused = {
        SUSPEND: not data.suspendable,
        REVOKE: not data.revocable,
        REVIVE: role is not Role.ADMINISTRATOR and not suspended_by_holder,
        RENEW: not_after - now > RENEWED_BEFORE,
    }
    return tuple(act for act in found if not refused[act])
