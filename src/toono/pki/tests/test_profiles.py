"""What certificates of each profile contain, and that they stay inside their issuer's life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from pydantic import ValidationError

from toono.pki.contracts import Profile, SubjectName
from toono.pki.domain.issuing import Issuer, build_certificate, subject_name
from toono.pki.domain.profiles import PROFILES, fits
from toono.pki.tests.making import OFFICER, PERSON, SERVER, SUBJECT, authority, leaf

LEAVES = [profile for profile, data in PROFILES.items() if not data.is_authority]


def test_the_authorities_are_what_they_should_be() -> None:
    root, issuing = (issuer.certificate for issuer in authority())
    assert root and issuing
    assert (root.not_valid_after_utc - root.not_valid_before_utc).days == 20 * 365
    assert (issuing.not_valid_after_utc - issuing.not_valid_before_utc).days == 10 * 365
    assert issuing.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=0)
    for certificate in (root, issuing):
        assert certificate.public_key().curve.name == "secp384r1"  # type: ignore[union-attr]
    issuing.verify_directly_issued_by(root)


@pytest.mark.parametrize("profile", LEAVES)
def test_a_certificate_below_the_authorities_signs_no_other(profile: Profile) -> None:
    _, issuing = authority()
    certificate, _ = leaf(profile, issuing)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert not usage.value.key_cert_sign
    assert usage.value.content_commitment == (profile in {Profile.SEAL, Profile.EXCHANGE, Profile.PERSON, Profile.OFFICER})


def test_the_status_responder_lives_ninety_days_and_is_not_asked_about() -> None:
    certificate, _ = leaf(Profile.OCSP, authority()[1])
    assert certificate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=90, minutes=5)


def test_the_time_stamping_unit_has_one_critical_usage() -> None:
    certificate, _ = leaf(Profile.TIMESTAMP, authority()[1])
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert usage.critical
    assert list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def test_only_the_seal_carries_the_seals_policy() -> None:
    _, issuing = authority()
    policies = {
        profile: leaf(profile, issuing)[0].extensions.get_extension_for_class(x509.CertificatePolicies).value[0].policy_identifier
        for profile in LEAVES
    }
    assert len(set(policies.values())) == len(LEAVES)


def test_no_certificate_outlives_its_issuer() -> None:
    _root, issuing = authority()
    assert issuing.certificate
    late = issuing.certificate.not_valid_after_utc - timedelta(days=10)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = build_certificate(
        profile=Profile.SEAL, subject=SUBJECT, public_key=key.public_key(), issuer=Issuer(issuing.certificate, issuing.key),
        serial=1, now=late, base_url="http://toono.gov.mn",
    )  # fmt: skip
    assert certificate.not_valid_after_utc == issuing.certificate.not_valid_after_utc


def test_the_name_comes_back_as_it_was_given() -> None:
    assert subject_name(leaf(Profile.SEAL, authority()[1])[0]) == SUBJECT


@pytest.mark.parametrize("register", ["УБ99010112", "123456", "12345678", "", "123456a"])
def test_only_a_legal_entitys_register_number_goes_into_a_certificate(register: str) -> None:
    with pytest.raises(ValidationError):
        SubjectName(common_name="x", organisation="x", register_number=register)


@pytest.mark.parametrize("letter", ["\x00", "\n", "\t", "\x7f", "\x85", "\u200b", "\u202e", "\u2028", "\ue000"])
def test_a_name_that_a_screen_would_show_otherwise_goes_into_no_certificate(letter: str) -> None:
    """Control characters, directions, invisible ones: of organisations, persons, officers and servers alike, wherever they stand in the name."""
    for name in (f"Бат{letter}", f"{letter}Бат", f"Ба{letter}т"):
        for given, part in (
            (SUBJECT, "common_name"), (SUBJECT, "organisation"), (PERSON, "given_name"), (PERSON, "patronymic"), (OFFICER, "organisation"),
            (SERVER, "organisation"),
        ):  # fmt: skip
            with pytest.raises(ValidationError, match="control characters"):
                type(given).model_validate(given.model_dump() | {part: name})
        with pytest.raises(ValidationError, match="control characters"):
            SubjectName.of(name, "9000001")


def test_a_profile_goes_with_its_own_key_labels_only() -> None:
    assert fits(Profile.SEAL, "seal/state-registration")
    assert not fits(Profile.SEAL, "exchange/state-registration")
    assert not fits(Profile.ISSUING, "seal/state-registration")


def test_every_profile_names_keys_that_the_signer_knows() -> None:
    from toono.pki.signer.rights import Verb, may

    for profile, data in PROFILES.items():
        own = profile is not Profile.SERVER  # a server's key is its own, the signer makes none
        assert may("web", Verb.GENERATE, data.keys.replace("*", "state-registration")) == own


def test_a_certificate_begins_a_little_early_for_slow_clocks() -> None:
    certificate, _ = leaf(Profile.SEAL, authority()[1])
    assert certificate.not_valid_before_utc < datetime.now(UTC) - timedelta(minutes=4)
