"""Certificate status: good, revoked and unknown are told apart, and a malformed request is answered as such."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from toono.pki.contracts import Profile, RevocationReason
from toono.pki.domain import status
from toono.pki.tests.making import authority, leaf

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_, ISSUING = authority()
RESPONDER, RESPONDER_KEY = leaf(Profile.OCSP, ISSUING)
CERTIFICATE, _ = leaf(Profile.SEAL, ISSUING)


def _request(
    certificate: x509.Certificate = CERTIFICATE, nonce: bytes | None = None, algorithm: hashes.HashAlgorithm | None = None
) -> bytes:
    assert ISSUING.certificate
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, ISSUING.certificate, algorithm or hashes.SHA1())
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def _answer(request: bytes, *, revoked: status.Revoked | None = None, known: bool = True) -> ocsp.OCSPResponse:
    der = status.answer(status.parse(request), revoked=revoked, known=known, responder=RESPONDER, key=RESPONDER_KEY, now=NOW)
    answer = ocsp.load_der_ocsp_response(der)
    key = RESPONDER.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
    return answer


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384()])
def test_a_certificate_of_ours_is_found_by_every_hash(algorithm: hashes.HashAlgorithm) -> None:
    asked = status.parse(_request(algorithm=algorithm))
    assert ISSUING.certificate
    assert status.concerns(asked, ISSUING.certificate)
    assert asked.serial == CERTIFICATE.serial_number


def test_a_question_about_somebody_elses_certificate_does_not_concern_us() -> None:
    other = authority()[1].certificate  # the same name, another key
    assert other
    assert not status.concerns(status.parse(_request()), other)


def test_good_revoked_and_unknown_are_told_apart() -> None:
    assert _answer(_request()).certificate_status is ocsp.OCSPCertStatus.GOOD
    assert _answer(_request(), known=False).certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    answer = _answer(_request(), revoked=status.Revoked(NOW, RevocationReason.KEY_COMPROMISE))
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert answer.revocation_reason is x509.ReasonFlags.key_compromise
    assert answer.revocation_time_utc == NOW


def test_the_nonce_comes_back_and_none_is_made_up() -> None:
    assert _answer(_request(nonce=b"n" * 32)).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 32
    assert not list(_answer(_request()).extensions)


@pytest.mark.parametrize("request_", [b"", b"x", b"\x30\x00", b"\x30\x80" * 500, _request()[:-1], _request() + b"\x00", b"\x00" * 5000])
def test_a_malformed_request_is_found(request_: bytes) -> None:
    with pytest.raises(status.MalformedRequest):
        status.parse(request_)


@pytest.mark.parametrize("length", [129, 2000])
def test_a_nonce_of_a_wrong_length_is_malformed(length: int) -> None:
    with pytest.raises(status.MalformedRequest):
        status.parse(_request(nonce=b"n" * length))


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_fail_in_another_way(noise: bytes) -> None:
    with contextlib.suppress(status.MalformedRequest):
        status.parse(noise)


@given(st.integers(0, len(_request()) - 1), st.integers(1, 255))
def test_no_changed_byte_makes_the_parser_fail_in_another_way(place: int, mask: int) -> None:
    content = bytearray(_request())
    content[place] ^= mask
    with contextlib.suppress(status.MalformedRequest):
        status.parse(bytes(content))
