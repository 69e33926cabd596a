"""Certificate status: good, suspended, revoked and unknown are told apart, and a malformed request is answered as such."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import example, given
from hypothesis import strategies as st

from toono.pki.contracts import Profile, RevocationReason, StatusAnswer
from toono.pki.domain import der, status
from toono.pki.domain.status_requests import MOST_CERTIFICATES, CertificateId, MalformedRequest, parse
from toono.pki.operations import kept_answers
from toono.pki.operations.kept_answers import Answering, Kept, KeptAnswers
from toono.pki.tests.making import authority, leaf

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_, ISSUING = authority()
RESPONDER, RESPONDER_KEY = leaf(Profile.OCSP, ISSUING)
CERTIFICATE, _ = leaf(Profile.SEAL, ISSUING)
GOOD = status.Status(known=True)


def _request(
    certificate: x509.Certificate = CERTIFICATE, nonce: bytes | None = None, algorithm: hashes.HashAlgorithm | None = None
) -> bytes:
    assert ISSUING.certificate
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, ISSUING.certificate, algorithm or hashes.SHA1())
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def _answer_der(request: bytes, *found: status.Status) -> bytes:
    return status.answer(parse(request), found or (GOOD,), responder=status.Responder.of(RESPONDER, RESPONDER_KEY), now=NOW)


def _answer(request: bytes, *found: status.Status) -> ocsp.OCSPResponse:
    answer = ocsp.load_der_ocsp_response(_answer_der(request, *found))
    key = RESPONDER.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
    return answer


def _extended(extensions: bytes, *, certificates: int = 1) -> bytes:
    """A request about ``certificates`` with these extensions (DER of each)."""
    one = ocsp.load_der_ocsp_request(_request())
    name = der.sequence(der.oid("1.3.14.3.2.26"), der.NULL)
    asked = der.sequence(name, der.octets(one.issuer_name_hash), der.octets(one.issuer_key_hash), der.integer(one.serial_number))
    extended = der.explicit(2, der.sequence(extensions)) if extensions else b""
    return der.sequence(der.sequence(der.sequence(*[der.sequence(asked)] * certificates), extended))


def _nonce(content: bytes, *, critical: bytes = b"") -> bytes:
    return der.sequence(der.oid("1.3.6.1.5.5.7.48.1.2"), critical, der.octets(content))


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_a_certificate_of_ours_is_found_by_every_hash(algorithm: hashes.HashAlgorithm) -> None:
    [asked] = parse(_request(algorithm=algorithm)).certificates
    assert ISSUING.certificate
    assert status.question(asked) in status.questions(ISSUING.certificate)
    assert asked.serial == CERTIFICATE.serial_number


def test_a_question_about_somebody_elses_certificate_does_not_concern_us() -> None:
    other = authority()[1].certificate  # the same name, another key
    assert other
    assert status.question(parse(_request()).certificates[0]) not in status.questions(other)


def test_what_the_general_library_reads_is_read_the_same() -> None:
    theirs = ocsp.load_der_ocsp_request(_request(nonce=b"n" * 32))
    ours = parse(_request(nonce=b"n" * 32))
    [asked] = ours.certificates
    assert (asked.serial, asked.issuer_name_hash, asked.issuer_key_hash) == (
        theirs.serial_number,
        theirs.issuer_name_hash,
        theirs.issuer_key_hash,
    )
    assert ours.nonce == theirs.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce


def test_good_suspended_revoked_and_unknown_are_told_apart() -> None:
    assert _answer(_request()).certificate_status is ocsp.OCSPCertStatus.GOOD
    assert _answer(_request(), status.UNKNOWN).certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    for reason, flag in {
        RevocationReason.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
        RevocationReason.CERTIFICATE_HOLD: x509.ReasonFlags.certificate_hold,
    }.items():
        answer = _answer(_request(), status.Status(known=True, revoked=status.Revoked(NOW, reason)))
        assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
        assert answer.revocation_reason is flag
        assert answer.revocation_time_utc == NOW


def test_every_reason_has_the_number_of_the_standard() -> None:
    assert set(status.REASON_CODES) == set(RevocationReason)
    for reason in RevocationReason:
        answer = _answer(_request(), status.Status(known=True, revoked=status.Revoked(NOW, reason)))
        assert answer.revocation_reason is not None
        assert answer.revocation_reason.name == reason.value


def test_an_answer_says_until_when_it_holds_and_who_gives_it() -> None:
    answer = _answer(_request())
    assert answer.this_update_utc == answer.produced_at_utc == NOW
    assert answer.next_update_utc == NOW + timedelta(hours=1)
    assert answer.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(RESPONDER.public_key()).digest
    assert answer.certificates == [RESPONDER]


def test_the_nonce_comes_back_and_none_is_made_up() -> None:
    assert _answer(_request(nonce=b"n" * 32)).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 32
    assert not list(_answer(_request()).extensions)


def test_of_several_certificates_each_is_answered_at_its_place() -> None:
    answer = asn1_ocsp.OCSPResponse.load(_answer_der(_extended(_nonce(der.octets(b"n")), certificates=2), GOOD, status.UNKNOWN))
    said = answer.response_data
    assert [one["cert_status"].name for one in said["responses"]] == ["good", "unknown"]
    assert said["response_extensions"][0]["extn_value"].parsed.native == b"n"


def test_too_many_certificates_are_refused() -> None:
    assert len(parse(_extended(b"", certificates=MOST_CERTIFICATES)).certificates) == MOST_CERTIFICATES
    with pytest.raises(MalformedRequest):
        parse(_extended(b"", certificates=MOST_CERTIFICATES + 1))


@pytest.mark.parametrize("request_", [b"", b"x", b"\x30\x00", b"\x30\x80" * 500, _request()[:-1], _request() + b"\x00", b"\x00" * 5000])
def test_a_malformed_request_is_found(request_: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse(request_)


@pytest.mark.parametrize("length", [1, 16, 32, 128])
def test_a_nonce_of_a_length_that_the_standard_allows_is_taken(length: int) -> None:
    assert parse(_extended(_nonce(der.octets(b"n" * length)))).nonce == b"n" * length


@pytest.mark.parametrize(
    "extension",
    [
        _nonce(der.octets(b"")),
        _nonce(der.octets(b"n" * 129)),
        _nonce(der.octets(b"n" * 2000)),
        _nonce(b"bare"),
        _nonce(der.octets(b"n")) + _nonce(der.octets(b"m")),
        der.sequence(der.oid("1.2.3.4"), b"\x01\x01\xff", der.octets(b"")),
    ],
    ids=["empty", "129", "2000", "not wrapped", "twice", "critical and unknown"],
)
def test_an_extension_that_cannot_be_answered_is_malformed(extension: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse(_extended(extension))


def test_an_unknown_extension_that_is_not_critical_changes_nothing() -> None:
    assert parse(_extended(der.sequence(der.oid("1.2.3.4"), der.octets(b"x")))).nonce is None


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_fail_in_another_way(noise: bytes) -> None:
    with contextlib.suppress(MalformedRequest):
        parse(noise)


@given(st.integers(0, len(_request(nonce=b"n")) - 1), st.integers(1, 255))
@example(0, 1)
def test_no_changed_byte_makes_the_parser_fail_in_another_way(place: int, mask: int) -> None:
    content = bytearray(_request(nonce=b"n"))
    content[place] ^= mask
    with contextlib.suppress(MalformedRequest):
        status.answer(parse(bytes(content)), (GOOD,), responder=status.Responder.of(RESPONDER, RESPONDER_KEY), now=NOW)


# -- what is kept ------------------------------------------------------------------------------------------------


def _asked(serial: int = 1, form: bytes = b"f") -> CertificateId:
    return CertificateId(form, "sha1", b"", b"", serial)


def _kept(at: datetime = NOW) -> Kept:
    answer = StatusAnswer(der=b"signed", produced_at=at, fresh_until=at + timedelta(hours=1), keepable=True)
    return Kept(answer, Answering(frozenset(), status.Responder.of(RESPONDER, RESPONDER_KEY)), GOOD)


def _following() -> KeptAnswers:
    import time

    kept = KeptAnswers()
    kept.confirm(time.monotonic())
    return kept


def test_a_kept_answer_is_given_for_half_its_life() -> None:
    kept = _following()
    answer = _kept()
    kept.keep(_asked(), answer, kept.generation)
    assert kept.find(_asked(), NOW + timedelta(minutes=29)) is answer
    assert kept.find(_asked(), NOW + timedelta(minutes=30)) is None
    assert kept.find(_asked(), NOW - timedelta(seconds=1)) is None  # the clock was set back
    assert kept.find(_asked(form=b"other"), NOW) is None


def test_nothing_kept_is_given_without_word_from_the_database() -> None:
    import time

    kept = KeptAnswers()
    kept.keep(_asked(), _kept(), kept.generation)
    assert kept.find(_asked(), NOW) is None
    kept.confirm(time.monotonic() - 1)
    assert kept.find(_asked(), NOW) is None
    kept.confirm(time.monotonic())
    assert kept.find(_asked(), NOW) is not None


def test_a_change_forgets_the_certificate_and_what_was_read_before_it() -> None:
    kept = _following()
    kept.keep(_asked(1), _kept(), kept.generation)
    kept.keep(_asked(2), _kept(), kept.generation)
    before = kept.generation
    kept.forget(1)
    kept.keep(_asked(1), _kept(), before)  # read before the change, signed after it
    assert kept.find(_asked(1), NOW) is None
    assert kept.find(_asked(2), NOW) is not None
    kept.forget(None)
    assert kept.find(_asked(2), NOW) is None
    assert len(kept) == 0


def test_the_oldest_give_way_and_the_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answers, "MOST_ANSWERS", 3)
    kept = _following()
    for serial in range(10):
        kept.keep(_asked(serial), _kept(), kept.generation)
    assert len(kept) == 3
    assert kept.find(_asked(0), NOW) is None
    assert kept.find(_asked(9), NOW) is not None
