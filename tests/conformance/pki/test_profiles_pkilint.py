"""pkilint (DigiCert's linter: RFC 5280, ETSI EN 319 412, CA/Browser Forum) on every profile and every kind of list: no ERROR, no FATAL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pkilint import etsi, finding_filter, loader, pkix
from pkilint.etsi import etsi_constants
from pkilint.pkix import certificate as certificate_lint
from pkilint.pkix import crl as crl_lint
from pkilint.pkix import extension, name
from pkilint.validation import ValidationFindingSeverity
from pydantic import ValidationError

from toono.pki.contracts import Profile, RevocationReason, SubjectName
from toono.pki.domain.issuing import RevokedEntry, build_certificate, build_revocation_list, distinguished_name
from toono.pki.domain.profiles import PROFILES
from toono.pki.domain.statements import QC_STATEMENTS
from toono.pki.tests.making import PERSON, SERVER, authority, leaf

ROOT, ISSUING = authority()
NOW = datetime.now(UTC).replace(microsecond=0)
BAD = {ValidationFindingSeverity.ERROR, ValidationFindingSeverity.FATAL}
LEGAL_PERSON = etsi_constants.CertificateType.NCP_LEGAL_PERSON_CERTIFICATE
NATURAL_PERSON = etsi_constants.CertificateType.NCP_NATURAL_PERSON_CERTIFICATE
QUALIFIED_PERSON = etsi_constants.CertificateType.QCP_N_QSCD_NON_EIDAS_FINAL_CERTIFICATE
ORGANISATION_SERVER = etsi_constants.CertificateType.OVCP_FINAL_CERTIFICATE
KINDS = {
    Profile.SEAL: LEGAL_PERSON,
    Profile.EXCHANGE: LEGAL_PERSON,
    Profile.CONFIGURATION: LEGAL_PERSON,
    Profile.TOKEN: LEGAL_PERSON,
    Profile.SYSTEM: LEGAL_PERSON,
    Profile.TRUSTED_LIST: LEGAL_PERSON,
    Profile.PERSON: NATURAL_PERSON,
    Profile.AUTHENTICATION: NATURAL_PERSON,
    Profile.OFFICER: NATURAL_PERSON,
    Profile.SERVER: ORGANISATION_SERVER,
}
"""The kind of certificate that pkilint is told each profile is."""
MORE_KINDS = [(Profile.PERSON, QUALIFIED_PERSON), (Profile.OFFICER, QUALIFIED_PERSON)]


def _findings(results: Iterable[object]) -> list[str]:
    return [
        f"{found.finding.severity.name} {found.finding.code}: {found.message}"
        for result in results
        for found in result.finding_descriptions  # type: ignore[attr-defined]
        if found.finding.severity in BAD
    ]


def _pem(issued: x509.Certificate | x509.CertificateRevocationList) -> str:
    return issued.public_bytes(Encoding.PEM).decode()


def _certificate(profile: Profile) -> x509.Certificate:
    found = {Profile.ROOT: ROOT, Profile.ISSUING: ISSUING}.get(profile)
    return found.certificate if found and found.certificate else leaf(profile, ISSUING)[0]


def _lint_rfc5280(issued: x509.Certificate) -> list[str]:
    validators = certificate_lint.create_pkix_certificate_validator_container(
        certificate_lint.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate_lint.create_issuer_validator_container([]),
            certificate_lint.create_validity_validator_container(),
            certificate_lint.create_subject_validator_container([]),
            certificate_lint.create_extensions_validator_container([]),
            certificate_lint.create_spki_validator_container([]),
        ],
    )
    return _findings(validators.validate(loader.load_pem_certificate(_pem(issued), "test").root))


def _lint_etsi(issued: x509.Certificate, kind: etsi_constants.CertificateType) -> list[str]:
    validators = certificate_lint.create_pkix_certificate_validator_container(
        etsi.create_decoding_validators(kind), etsi.create_validators(kind)
    )
    results = validators.validate(loader.load_pem_certificate(_pem(issued), "test").root)
    kept, _ = finding_filter.filter_results(etsi.create_etsi_finding_filters(kind), results)
    return _findings(kept)


@pytest.mark.parametrize("profile", Profile)
def test_every_certificate_obeys_rfc_5280(profile: Profile) -> None:
    assert _lint_rfc5280(_certificate(profile)) == []


def test_every_profile_is_judged() -> None:
    authorities = {profile for profile, data in PROFILES.items() if data.is_authority}
    assert set(Profile) == set(PROFILES) == set(KINDS) | authorities | {Profile.OCSP, Profile.TIMESTAMP}


@pytest.mark.parametrize(("profile", "kind"), [*KINDS.items(), *MORE_KINDS])
def test_every_certificate_has_the_shape_of_etsi(profile: Profile, kind: etsi_constants.CertificateType) -> None:
    assert _lint_etsi(_certificate(profile), kind) == []


def test_a_server_with_an_rsa_key_has_it_too() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    made = build_certificate(
        profile=Profile.SERVER, subject=SERVER, public_key=key.public_key(), issuer=ISSUING, serial=x509.random_serial_number(), now=NOW,
        base_url="http://toono.gov.mn",
    )  # fmt: skip
    assert _lint_etsi(made, ORGANISATION_SERVER) == []


@pytest.mark.parametrize("profile", [Profile.SEAL, Profile.PERSON, Profile.OFFICER])
def test_a_qualified_certificate_names_the_law_of_mongolia(profile: Profile) -> None:
    """EN 319 412-5 section 4.2.4: without it a certificate claims to be of the European Union."""
    stated = _certificate(profile).extensions.get_extension_for_oid(QC_STATEMENTS).value
    assert isinstance(stated, x509.UnrecognizedExtension)
    assert bytes.fromhex("06 06 04 00 8e 46 01 07 30 04 13 02") + b"MN" in stated.value
    assert b"https://toono.gov.mn/pki/disclosure/en" in stated.value


@pytest.mark.parametrize("profile", [Profile.AUTHENTICATION, Profile.SERVER, Profile.EXCHANGE])
def test_others_do_not_claim_to_be_qualified(profile: Profile) -> None:
    stated = [e.value.value for e in _certificate(profile).extensions if isinstance(e.value, x509.UnrecognizedExtension)]
    assert not any(bytes.fromhex("06 06 04 00 8e 46 01 01") in value for value in stated)


def test_a_persons_identifier_is_the_civil_id_and_never_the_cyrillic_register_number() -> None:
    [written] = distinguished_name(PERSON).get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)
    assert written.value == "PNOMN-990123456789"
    for number in ("УБ99010112", "уб99010112", "99010112", "PNOMN-990123456789", "99012345678\u0669"):
        with pytest.raises(ValidationError):
            PERSON.model_validate(PERSON.model_dump() | {"civil_id": number})
        with pytest.raises(ValidationError):
            SubjectName(common_name="x", organisation="x", register_number=number)


def test_the_time_stamping_unit_differs_from_it_only_where_rfc_3161_demands() -> None:
    """RFC 3161 section 2.3: the extended key usage of a TSU is critical."""
    [only] = _lint_etsi(_certificate(Profile.TIMESTAMP), LEGAL_PERSON)
    assert "eku_extension_is_critical" in only


def test_the_linter_finds_what_is_wrong() -> None:
    """The negative twin: a certificate without organizationIdentifier, valid before it begins."""
    assert ISSUING.certificate
    key = ec.generate_private_key(ec.SECP256R1())
    name_ = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    wrong = (
        x509.CertificateBuilder().subject_name(name_).issuer_name(ISSUING.certificate.subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=False)
        .sign(ISSUING.key, hashes.SHA384())
    )  # fmt: skip
    assert _lint_rfc5280(wrong)
    assert _lint_etsi(wrong, LEGAL_PERSON)
    assert _lint_etsi(_certificate(Profile.SEAL), NATURAL_PERSON)
    assert _lint_etsi(_certificate(Profile.PERSON), ORGANISATION_SERVER)


def _lint_list(signed: x509.CertificateRevocationList) -> list[str]:
    validators = crl_lint.create_pkix_crl_validator_container(
        [pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS), pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS)],
        [
            crl_lint.create_issuer_validator_container([]),
            crl_lint.create_validity_validator_container([]),
            crl_lint.create_extensions_validator_container([]),
        ],
    )
    document = loader.RFC5280CertificateListDocumentLoader().load_pem_document(_pem(signed), "test")
    return _findings(validators.validate(document.root))


REVOKED = [RevokedEntry(x509.random_serial_number(), NOW, reason) for reason in RevocationReason]
DELTA = "http://toono.gov.mn/pki/crl/issuing-delta.crl"


@pytest.mark.parametrize("entries", [[], REVOKED])
@pytest.mark.parametrize("freshest", [None, DELTA])
def test_complete_lists_obey_rfc_5280(entries: list[RevokedEntry], freshest: str | None) -> None:
    signed = build_revocation_list(issuer=ISSUING, number=7, entries=entries, now=NOW, lifetime=timedelta(days=1), freshest=freshest)
    assert _lint_list(signed) == []
    assert {line.serial_number for line in signed} == {entry.serial for entry in entries}


@pytest.mark.parametrize("entries", [[], REVOKED])
def test_lists_of_changes_obey_rfc_5280(entries: list[RevokedEntry]) -> None:
    signed = build_revocation_list(issuer=ISSUING, number=8, entries=entries, now=NOW, lifetime=timedelta(days=1), base=7, removed=[4711])
    assert _lint_list(signed) == []
    indicator = signed.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert indicator.critical
    assert indicator.value.crl_number == 7
    revived = signed.get_revoked_certificate_by_serial_number(4711)
    assert revived
    assert revived.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.remove_from_crl


def test_a_complete_list_removes_nothing() -> None:
    with pytest.raises(ValueError, match="removes nothing"):
        build_revocation_list(issuer=ISSUING, number=8, entries=[], now=NOW, lifetime=timedelta(days=1), removed=[1])


def test_the_linter_finds_what_is_wrong_in_a_list() -> None:
    """The negative twin: a list without number and key identifier."""
    assert ISSUING.certificate
    builder = x509.CertificateRevocationListBuilder().issuer_name(ISSUING.certificate.subject)
    bare = builder.last_update(NOW).next_update(NOW + timedelta(days=1)).sign(ISSUING.key, hashes.SHA384())
    assert _lint_list(bare)
