"""pkilint (DigiCert's linter, RFC 6960) on status answers: no ERROR, no FATAL."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from pkilint import loader, pkix
from pkilint.pkix import extension, name
from pkilint.pkix import ocsp as ocsp_lint
from pkilint.validation import ValidationFindingSeverity

from toono.pki.contracts import Profile, RevocationReason
from toono.pki.domain import der, status
from toono.pki.domain.status_requests import parse
from toono.pki.tests.making import authority, leaf

ROOT, ISSUING = authority()
NOW = datetime.now(UTC).replace(microsecond=0)
BAD = {ValidationFindingSeverity.ERROR, ValidationFindingSeverity.FATAL}
GOOD = status.Status(known=True)
FOUND = {
    "good": GOOD,
    "unknown": status.UNKNOWN,
    "revoked": status.Status(known=True, revoked=status.Revoked(NOW, RevocationReason.SUPERSEDED)),
    "suspended": status.Status(known=True, revoked=status.Revoked(NOW, RevocationReason.CERTIFICATE_HOLD)),
}


def _request(nonce: bytes | None, *, certificates: int = 1) -> bytes:
    assert ISSUING.certificate
    builder = ocsp.OCSPRequestBuilder().add_certificate(leaf(Profile.SEAL, ISSUING)[0], ISSUING.certificate, hashes.SHA256())
    one = builder.build()
    algorithm = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"))
    asked = der.sequence(algorithm, der.octets(one.issuer_name_hash), der.octets(one.issuer_key_hash), der.integer(one.serial_number))
    carried = der.sequence(der.oid("1.3.6.1.5.5.7.48.1.2"), der.octets(der.octets(nonce))) if nonce else b""
    extensions = der.explicit(2, der.sequence(carried)) if carried else b""
    return der.sequence(der.sequence(der.sequence(*[der.sequence(asked)] * certificates), extensions))


def _findings(answer: bytes) -> list[str]:
    decoders = [
        ocsp_lint.create_response_decoder(),
        pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
        pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
    ]
    validators = ocsp_lint.create_pkix_ocsp_response_validator_container(decoders, [])
    document = loader.RFC6960OCSPResponseDocumentLoader().load_der_document(answer, "test")
    return [
        f"{one.finding.code}: {one.message}"
        for result in validators.validate(document.root)
        for one in result.finding_descriptions
        if one.finding.severity in BAD
    ]


def _delegate() -> status.Responder:
    return status.Responder.of(*leaf(Profile.OCSP, ISSUING))


@pytest.mark.parametrize("nonce", [None, b"n" * 32])
@pytest.mark.parametrize("found", FOUND.values(), ids=FOUND)
def test_answers_about_one_certificate(found: status.Status, nonce: bytes | None) -> None:
    assert _findings(status.answer(parse(_request(nonce)), [found], responder=_delegate(), now=NOW)) == []


def test_an_answer_about_several_certificates() -> None:
    request = parse(_request(b"n" * 16, certificates=len(FOUND)))
    assert _findings(status.answer(request, list(FOUND.values()), responder=_delegate(), now=NOW)) == []


def test_an_answer_of_the_authority_itself() -> None:
    """Where it has no delegate (an earlier generation of its key)."""
    assert isinstance(ISSUING.certificate, x509.Certificate)
    responder = status.Responder.of(ISSUING.certificate, ISSUING.key)  # type: ignore[arg-type]
    assert _findings(status.answer(parse(_request(None)), [GOOD], responder=responder, now=NOW)) == []


@pytest.mark.parametrize("reason", status.Refusal)
def test_refusals(reason: status.Refusal) -> None:
    assert _findings(status.refusal(reason)) == []
    assert ocsp.load_der_ocsp_response(status.refusal(reason)).response_status.name == reason.name


def test_the_linter_finds_what_is_wrong() -> None:
    """The negative twin: an answer that ends before it begins."""
    answer = status.answer(parse(_request(None)), [GOOD], responder=_delegate(), now=NOW)
    later, earlier = (moment.strftime("%Y%m%d%H%M%SZ").encode() for moment in (NOW + status.ANSWER_LIFETIME, NOW.replace(year=2020)))
    assert _findings(answer.replace(later, earlier)) != []
