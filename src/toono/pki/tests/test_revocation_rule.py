"""The rule of revocation, state by state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from toono.pki.contracts import CertificateState, Profile, RevocationReason
from toono.pki.domain.life_cycle import check_revocation
from toono.pki.domain.revocation import Succession, state, succession, touches
from toono.pki.errors import CertificateAlreadyRevoked, CertificateExpired, CertificateNotRevocable, ReasonNotAllowed

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_certificate_is_valid_until_its_last_moment() -> None:
    assert state(not_after=NOON, revoked_at=None, now=NOON - HOUR) is CertificateState.VALID
    assert state(not_after=NOON, revoked_at=None, now=NOON) is CertificateState.EXPIRED


def test_a_revoked_certificate_stays_revoked_after_its_end() -> None:
    assert state(not_after=NOON, revoked_at=NOON - HOUR, now=NOON + HOUR) is CertificateState.REVOKED


@pytest.mark.parametrize("reason", set(RevocationReason) - {RevocationReason.CERTIFICATE_HOLD})
@pytest.mark.parametrize("profile", [Profile.SEAL, Profile.EXCHANGE, Profile.SYSTEM])
def test_a_valid_certificate_of_an_organisation_may_be_revoked_for_every_reason(profile: Profile, reason: RevocationReason) -> None:
    check_revocation(profile=profile, state=CertificateState.VALID, reason=reason)


@pytest.mark.parametrize("profile", [Profile.TIMESTAMP, Profile.CONFIGURATION, Profile.TOKEN])
def test_the_platforms_own_keys_have_no_affiliation_or_right_to_lose(profile: Profile) -> None:
    check_revocation(profile=profile, state=CertificateState.VALID, reason=RevocationReason.KEY_COMPROMISE)
    for reason in (RevocationReason.AFFILIATION_CHANGED, RevocationReason.PRIVILEGE_WITHDRAWN):
        with pytest.raises(ReasonNotAllowed):
            check_revocation(profile=profile, state=CertificateState.VALID, reason=reason)


@pytest.mark.parametrize("profile", [Profile.ROOT, Profile.ISSUING, Profile.ISSUING_PERSONS, Profile.ISSUING_SERVERS, Profile.OCSP])
def test_an_authority_is_not_revoked_from_a_page(profile: Profile) -> None:
    with pytest.raises(CertificateNotRevocable):
        check_revocation(profile=profile, state=CertificateState.VALID, reason=RevocationReason.KEY_COMPROMISE)


def test_the_first_revocation_stands() -> None:
    with pytest.raises(CertificateAlreadyRevoked):
        check_revocation(profile=Profile.SEAL, state=CertificateState.REVOKED, reason=RevocationReason.KEY_COMPROMISE)


def test_an_expired_certificate_is_not_revoked() -> None:
    with pytest.raises(CertificateExpired):
        check_revocation(profile=Profile.SEAL, state=CertificateState.EXPIRED, reason=RevocationReason.SUPERSEDED)


def test_every_reason_says_what_may_follow() -> None:
    assert {reason: succession(reason) for reason in RevocationReason} == {
        RevocationReason.KEY_COMPROMISE: Succession.NEW_KEY,
        RevocationReason.AFFILIATION_CHANGED: Succession.SAME_KEY,
        RevocationReason.SUPERSEDED: Succession.SAME_KEY,
        RevocationReason.CESSATION_OF_OPERATION: Succession.NOTHING,
        RevocationReason.PRIVILEGE_WITHDRAWN: Succession.NOTHING,
        RevocationReason.CERTIFICATE_HOLD: Succession.NOTHING,
    }


def test_a_seal_made_before_the_revocation_stays_good_unless_the_key_was_stolen() -> None:
    before, after = NOON - HOUR, NOON + HOUR
    for reason in RevocationReason:
        assert touches(sealed_at=after, revoked_at=NOON, reason=reason)
        assert touches(sealed_at=NOON, revoked_at=NOON, reason=reason)
        assert touches(sealed_at=before, revoked_at=NOON, reason=reason) == (reason is RevocationReason.KEY_COMPROMISE)
