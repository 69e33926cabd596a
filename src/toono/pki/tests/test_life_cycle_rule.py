"""The life of a certificate as a machine: what leads where, and that nothing leads back from a revocation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.kernel.actor import Role
from toono.kernel.errors import Conflict
from toono.pki.contracts import CertificateAct, CertificateState, Profile, RevocationReason
from toono.pki.domain.life_cycle import (
    HELD,
    TRANSITIONS,
    acts,
    check_renewal,
    check_revival,
    check_revocation,
    check_suspension,
    may,
    next_state,
)
from toono.pki.domain.profiles import PROFILES
from toono.pki.domain.revocation import state
from toono.pki.errors import (
    CertificateAlreadyRevoked,
    CertificateExpired,
    CertificateNotRenewable,
    CertificateNotSuspendable,
    CertificateNotSuspended,
    CertificateSuspended,
    ReasonNotAllowed,
    RevivalReserved,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
VALID, SUSPENDED, REVOKED, EXPIRED = CertificateState.VALID, CertificateState.SUSPENDED, CertificateState.REVOKED, CertificateState.EXPIRED
HOLD = RevocationReason.CERTIFICATE_HOLD


@given(st.lists(st.sampled_from(list(CertificateAct))))
def test_whatever_is_done_a_revoked_certificate_never_comes_back(tried: list[CertificateAct]) -> None:
    now, revoked = VALID, False
    for act in tried:
        try:
            now = next_state(now, act)
        except Conflict:
            continue
        finally:
            revoked = revoked or now is REVOKED
        assert not revoked or now is REVOKED


def test_nothing_leads_out_of_an_end() -> None:
    assert not [step for step in TRANSITIONS if step[0] in {REVOKED, EXPIRED}]


@pytest.mark.parametrize(
    ("standing", "act", "error"),
    [
        (REVOKED, CertificateAct.REVIVE, CertificateAlreadyRevoked),
        (REVOKED, CertificateAct.SUSPEND, CertificateAlreadyRevoked),
        (REVOKED, CertificateAct.RENEW, CertificateAlreadyRevoked),
        (EXPIRED, CertificateAct.REVIVE, CertificateExpired),
        (EXPIRED, CertificateAct.SUSPEND, CertificateExpired),
        (SUSPENDED, CertificateAct.SUSPEND, CertificateSuspended),
        (SUSPENDED, CertificateAct.RENEW, CertificateSuspended),
        (VALID, CertificateAct.REVIVE, CertificateNotSuspended),
    ],
)
def test_each_wrong_step_has_its_own_answer(standing: CertificateState, act: CertificateAct, error: type[Exception]) -> None:
    with pytest.raises(error):
        next_state(standing, act)


def test_a_hold_is_a_suspension_and_every_other_reason_a_revocation() -> None:
    for reason in RevocationReason:
        found = state(not_after=NOON + DAY, revoked_at=NOON, now=NOON, reason=reason)
        assert found is (SUSPENDED if reason is HOLD else REVOKED)


def test_a_certificate_that_runs_out_while_suspended_is_expired() -> None:
    assert state(not_after=NOON, revoked_at=NOON - DAY, now=NOON, reason=HOLD) is EXPIRED


@pytest.mark.parametrize("profile", Profile)
def test_only_what_says_so_can_be_suspended(profile: Profile) -> None:
    if PROFILES[profile].suspendable:
        check_suspension(profile=profile, state=VALID)
    else:
        with pytest.raises(CertificateNotSuspendable):
            check_suspension(profile=profile, state=VALID)


def test_servers_and_messages_are_never_suspended() -> None:
    """CA/Browser Forum Baseline Requirements section 4.9.13."""
    assert not any(PROFILES[profile].suspendable for profile in (Profile.SERVER, Profile.EXCHANGE, Profile.TIMESTAMP, Profile.OCSP))


def test_a_suspension_is_no_reason_to_revoke() -> None:
    with pytest.raises(ReasonNotAllowed):
        check_revocation(profile=Profile.PERSON, state=VALID, reason=HOLD)


def test_a_holder_gives_a_holders_reasons_only() -> None:
    check_revocation(profile=Profile.PERSON, state=VALID, reason=RevocationReason.KEY_COMPROMISE, holder=True)
    with pytest.raises(ReasonNotAllowed):
        check_revocation(profile=Profile.PERSON, state=VALID, reason=RevocationReason.PRIVILEGE_WITHDRAWN, holder=True)


def test_what_an_administrator_suspended_the_holder_cannot_revive() -> None:
    check_revival(state=SUSPENDED, holder=True, suspended_by_holder=True)
    check_revival(state=SUSPENDED, holder=False, suspended_by_holder=False)
    with pytest.raises(RevivalReserved):
        check_revival(state=SUSPENDED, holder=True, suspended_by_holder=False)


def test_a_renewal_is_for_the_last_sixty_days() -> None:
    check_renewal(profile=Profile.PERSON, state=VALID, not_after=NOON + 60 * DAY, now=NOON)
    with pytest.raises(CertificateNotRenewable):
        check_renewal(profile=Profile.PERSON, state=VALID, not_after=NOON + 61 * DAY, now=NOON)
    with pytest.raises(CertificateNotRenewable):
        check_renewal(profile=Profile.SEAL, state=VALID, not_after=NOON + DAY, now=NOON)


@pytest.mark.parametrize("act", [CertificateAct.SUSPEND, CertificateAct.REVIVE, CertificateAct.REVOKE, CertificateAct.RENEW])
@pytest.mark.parametrize("profile", Profile)
def test_a_citizen_acts_on_their_own_certificate_and_on_nothing_else(act: CertificateAct, profile: Profile) -> None:
    assert may(role=Role.CITIZEN, act=act, profile=profile, own=True) == (profile in HELD)
    assert not may(role=Role.CITIZEN, act=act, profile=profile, own=False)
    for role in set(Role) - {Role.CITIZEN, Role.OFFICER, Role.ADMINISTRATOR, Role.SYSTEM}:
        assert not may(role=role, act=act, profile=profile, own=True)


def test_a_process_revokes_servers_and_nothing_else() -> None:
    for profile in Profile:
        assert may(role=Role.SYSTEM, act=CertificateAct.REVOKE, profile=profile, own=False) == (profile is Profile.SERVER)
        assert not may(role=Role.SYSTEM, act=CertificateAct.REVIVE, profile=profile, own=False)


@given(
    role=st.sampled_from(list(Role)),
    profile=st.sampled_from(list(Profile)),
    standing=st.sampled_from(list(CertificateState)),
    days=st.integers(min_value=1, max_value=400),
    own=st.booleans(),
    by_holder=st.booleans(),
)
def test_every_button_that_is_shown_would_be_obeyed(
    role: Role, profile: Profile, standing: CertificateState, days: int, own: bool, by_holder: bool
) -> None:
    shown = acts(role=role, profile=profile, state=standing, not_after=NOON + days * DAY, now=NOON, own=own, suspended_by_holder=by_holder)
    holder = role is not Role.ADMINISTRATOR
    for act in shown:
        assert may(role=role, act=act, profile=profile, own=own)
    if CertificateAct.SUSPEND in shown:
        check_suspension(profile=profile, state=standing)
    if CertificateAct.REVIVE in shown:
        check_revival(state=standing, holder=holder, suspended_by_holder=by_holder)
    if CertificateAct.REVOKE in shown:
        check_revocation(profile=profile, state=standing, reason=RevocationReason.KEY_COMPROMISE, holder=holder)
    if CertificateAct.RENEW in shown:
        check_renewal(profile=profile, state=standing, not_after=NOON + days * DAY, now=NOON)
