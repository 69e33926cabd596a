"""rfc3161-client (Trail of Bits, strict DER) on our time-stamps."""

from __future__ import annotations

from typing import Any

import pytest
import rfc3161_client as client
from cryptography import x509

from toono.pki.domain.profiles import TIME_STAMP_POLICY


def _verifier(stack: Any, request: client.TimeStampRequest) -> client.Verifier:
    issuing, root = (
        x509.load_der_x509_certificate(stack.http.get(f"{stack.base_url}/pki/certificates/{name}.cer").content)
        for name in ("issuing", "root")
    )
    builder = client.VerifierBuilder.from_request(request).add_root_certificate(root).add_intermediate_certificate(issuing)
    return builder.policy_id(TIME_STAMP_POLICY).build()


def _stamp(stack: Any, request: client.TimeStampRequest) -> client.TimeStampResponse:
    headers = {"Content-Type": "application/timestamp-query"}
    answer = stack.http.post(f"{stack.base_url}/pki/tsa", content=request.as_bytes(), headers=headers)
    return client.decode_timestamp_response(answer.content)


@pytest.mark.parametrize("algorithm", [client.HashAlgorithm.SHA256, client.HashAlgorithm.SHA512])
def test_the_strict_reader_takes_our_stamp(stack: Any, algorithm: client.HashAlgorithm) -> None:
    request = client.TimestampRequestBuilder().data(b"text").hash_algorithm(algorithm).nonce(nonce=True).build()
    response = _stamp(stack, request)
    assert response.status == client.PKIStatus.GRANTED
    assert _verifier(stack, request).verify_message(response, b"text")


def test_the_strict_reader_refuses_our_stamp_for_another_text_or_request(stack: Any) -> None:
    request = client.TimestampRequestBuilder().data(b"text").build()
    response = _stamp(stack, request)
    with pytest.raises(client.VerificationError):
        _verifier(stack, request).verify_message(response, b"other text")
    other = client.TimestampRequestBuilder().data(b"text").build()  # another nonce
    with pytest.raises(client.VerificationError):
        _verifier(stack, other).verify_message(response, b"text")


def test_serial_numbers_are_never_given_twice(stack: Any) -> None:
    request = client.TimestampRequestBuilder().data(b"text").build()
    numbers = [_stamp(stack, request).tst_info.serial_number for _ in range(20)]
    assert len(set(numbers)) == len(numbers)


def test_a_token_from_the_door_verifies_like_one_over_http(stack: Any) -> None:
    import hashlib

    from asn1crypto import cms, tsp

    from toono.pki import api

    digest = hashlib.sha256(b"text").digest()
    token = cms.ContentInfo.load(api.time_stamp(digest=digest))
    response = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump()
    request = client.TimestampRequestBuilder().data(b"text").nonce(nonce=False).hash_algorithm(client.HashAlgorithm.SHA256).build()
    assert _verifier(stack, request).verify_message(client.decode_timestamp_response(response), b"text")


def test_a_digest_of_another_hash_is_refused(stack: Any) -> None:
    from toono.pki import api
    from toono.pki.errors import DigestNotSupported

    with pytest.raises(DigestNotSupported):
        api.time_stamp(digest=b"short")
