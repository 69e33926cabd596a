"""pkilint (DigiCert's linter: RFC 5280, ETSI EN 319 412) on every profile, on lists and on status answers: no ERROR, no FATAL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pkilint import etsi, finding_filter, loader, pkix
from pkilint.etsi import etsi_constants
from pkilint.pkix import certificate as certificate_lint
from pkilint.pkix import crl as crl_lint
from pkilint.pkix import extension, name
from pkilint.pkix import ocsp as ocsp_lint
from pkilint.validation import ValidationFindingSeverity

from toono.pki.contracts import Profile, RevocationReason
from toono.pki.domain import status
from toono.pki.domain.issuing import RevokedEntry, build_revocation_list
from toono.pki.tests.making import authority, leaf

ROOT, ISSUING = authority()
NOW = datetime.now(UTC).replace(microsecond=0)
BAD = {ValidationFindingSeverity.ERROR, ValidationFindingSeverity.FATAL}
LEGAL_PERSON = etsi_constants.CertificateType.NCP_LEGAL_PERSON_CERTIFICATE
NATURAL_PERSON = etsi_constants.CertificateType.NCP_NATURAL_PERSON_CERTIFICATE
OURS_FOR_LEGAL_PERSONS = [Profile.SEAL, Profile.EXCHANGE, Profile.CONFIGURATION, Profile.TOKEN, Profile.SYSTEM]


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


def _lint_etsi(issued: x509.Certificate, kind: etsi_constants.CertificateType = LEGAL_PERSON) -> list[str]:
    validators = certificate_lint.create_pkix_certificate_validator_container(
        etsi.create_decoding_validators(kind), etsi.create_validators(kind)
    )
    results = validators.validate(loader.load_pem_certificate(_pem(issued), "test").root)
    kept, _ = finding_filter.filter_results(etsi.create_etsi_finding_filters(kind), results)
    return _findings(kept)


@pytest.mark.parametrize("profile", Profile)
def test_every_certificate_obeys_rfc_5280(profile: Profile) -> None:
    assert _lint_rfc5280(_certificate(profile)) == []


@pytest.mark.parametrize("profile", OURS_FOR_LEGAL_PERSONS)
def test_every_certificate_of_a_legal_person_has_the_shape_of_etsi(profile: Profile) -> None:
    assert _lint_etsi(_certificate(profile)) == []


def test_the_certificate_of_a_natural_person_has_the_shape_of_etsi() -> None:
    assert _lint_etsi(_certificate(Profile.PERSON), NATURAL_PERSON) == []


def test_the_time_stamping_unit_differs_from_it_only_where_rfc_3161_demands() -> None:
    """RFC 3161 section 2.3: the extended key usage of a TSU is critical."""
    [only] = _lint_etsi(_certificate(Profile.TIMESTAMP))
    assert "eku_extension_is_critical" in only


def test_the_linter_finds_what_is_wrong() -> None:
    """The negative twin: a certificate without organizationIdentifier, valid before it begins."""
    from cryptography.hazmat.primitives.asymmetric import ec

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
    assert _lint_etsi(wrong)


@pytest.mark.parametrize("entries", [0, 3])
def test_revocation_lists_obey_rfc_5280(entries: int) -> None:
    reasons = list(RevocationReason)
    revoked = [RevokedEntry(x509.random_serial_number(), NOW, reasons[n]) for n in range(entries)]
    signed = build_revocation_list(issuer=ISSUING, number=7, entries=revoked, now=NOW, lifetime=timedelta(days=1))
    validators = crl_lint.create_pkix_crl_validator_container(
        [pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS), pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS)],
        [
            crl_lint.create_issuer_validator_container([]),
            crl_lint.create_validity_validator_container([]),
            crl_lint.create_extensions_validator_container([]),
        ],
    )
    document = loader.RFC5280CertificateListDocumentLoader().load_pem_document(_pem(signed), "test")
    assert _findings(validators.validate(document.root)) == []


@pytest.mark.parametrize("what", ["good", "revoked", "unknown"])
def test_status_answers_obey_rfc_6960(what: str) -> None:
    certificate, _ = leaf(Profile.SEAL, ISSUING)
    responder, key = leaf(Profile.OCSP, ISSUING)
    assert ISSUING.certificate
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, ISSUING.certificate, hashes.SHA256())
    asked = builder.add_extension(x509.OCSPNonce(b"n" * 32), critical=False).build().public_bytes(Encoding.DER)
    revoked = status.Revoked(NOW, RevocationReason.SUPERSEDED) if what == "revoked" else None
    answer = status.answer(status.parse(asked), revoked=revoked, known=what != "unknown", responder=responder, key=key, now=NOW)
    validators = ocsp_lint.create_pkix_ocsp_response_validator_container(
        [
            ocsp_lint.create_response_decoder(),
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [],
    )
    document = loader.RFC6960OCSPResponseDocumentLoader().load_der_document(answer, "test")
    assert _findings(validators.validate(document.root)) == []
