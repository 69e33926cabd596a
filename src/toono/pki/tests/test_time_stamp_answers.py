"""Time-stamps: what is granted carries what was asked, what is refused says why."""

from __future__ import annotations

import contextlib
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from asn1crypto import cms, core, tsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from toono.pki.contracts import Profile
from toono.pki.domain import timestamps
from toono.pki.domain.profiles import TIME_STAMP_POLICY
from toono.pki.tests.making import authority, leaf

NOW = datetime(2026, 11, 22, 12, 30, 15, 999, tzinfo=UTC)
_, ISSUING = authority()
CERTIFICATE, KEY = leaf(Profile.TIMESTAMP, ISSUING)
assert ISSUING.certificate
UNIT = timestamps.Unit(
    CERTIFICATE,
    [ISSUING.certificate],
    lambda data: KEY.sign(data, ec.ECDSA(hashes.SHA256())),
)


def _request(algorithm: str = "sha256", **differences: Any) -> bytes:
    digest = hashlib.new(algorithm, b"text").digest()
    imprint = {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": differences.pop("digest", digest)}
    return bytes(tsp.TimeStampReq({"version": 1, "message_imprint": imprint, **differences}).dump())


def _info(token: bytes) -> Any:
    return cms.ContentInfo.load(token, strict=True)["content"]["encap_content_info"]["content"].parsed


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_stamp_carries_what_was_asked(algorithm: str) -> None:
    request = timestamps.parse(_request(algorithm, nonce=77, cert_req=True))
    token = timestamps.token(request, unit=UNIT, serial=5, at=NOW)
    info = _info(token)
    assert info["message_imprint"]["hashed_message"].native == hashlib.new(algorithm, b"text").digest()
    assert info["nonce"].native == 77
    assert info["serial_number"].native == 5
    assert info["gen_time"].native == NOW.replace(microsecond=0)
    assert info["policy"].dotted == TIME_STAMP_POLICY.dotted_string
    assert info["accuracy"]["seconds"].native == timestamps.ACCURACY_SECONDS


@pytest.mark.parametrize("nonce", [0, -1, 2**63, -(2**64), 2**2000, None])
def test_a_nonce_of_any_size_comes_back(nonce: int | None) -> None:
    request = timestamps.parse(_request(nonce=nonce) if nonce is not None else _request())
    assert _info(timestamps.token(request, unit=UNIT, serial=2**127 - 1, at=NOW))["nonce"].native == nonce


@pytest.mark.parametrize("parameters", [core.Null(), None])
def test_the_imprint_comes_back_as_it_was_asked(parameters: core.Null | None) -> None:
    request = tsp.TimeStampReq.load(_request())
    request["message_imprint"]["hash_algorithm"] = {"algorithm": "sha256"} | ({"parameters": parameters} if parameters else {})
    asked = request["message_imprint"].dump(force=True)
    stamped = _info(timestamps.token(timestamps.parse(request.dump(force=True)), unit=UNIT, serial=5, at=NOW))
    assert stamped["message_imprint"].dump() == asked


def test_ordering_is_not_promised_and_the_signature_names_its_certificate() -> None:
    token = timestamps.token(timestamps.parse(_request()), unit=UNIT, serial=5, at=NOW)
    assert _info(token)["ordering"].native is False
    [signer] = cms.ContentInfo.load(token)["content"]["signer_infos"]
    named = {attribute["type"].native: attribute["values"][0] for attribute in signer["signed_attrs"]}["signing_certificate_v2"]
    assert named["certs"][0]["cert_hash"].native == CERTIFICATE.fingerprint(hashes.SHA256())


def test_certificates_are_sent_only_where_asked_for_and_in_the_order_of_der() -> None:
    without = timestamps.token(timestamps.parse(_request()), unit=UNIT, serial=5, at=NOW)
    assert not cms.ContentInfo.load(without)["content"]["certificates"]
    asked = timestamps.token(timestamps.parse(_request(cert_req=True)), unit=UNIT, serial=5, at=NOW)
    sent = [c.dump() for c in cms.ContentInfo.load(asked)["content"]["certificates"]]
    assert len(sent) == 2
    assert sent == sorted(sent)


def test_a_request_for_our_policy_is_granted_and_for_another_refused() -> None:
    timestamps.parse(_request(req_policy=TIME_STAMP_POLICY.dotted_string))
    with pytest.raises(timestamps.Refused) as refused:
        timestamps.parse(_request(req_policy="1.2.3"))
    assert refused.value.failure == "unaccepted_policy"


@pytest.mark.parametrize(
    ("request_", "failure"),
    [
        (b"", "bad_data_format"),
        (b"not DER", "bad_data_format"),
        (b"\x30\x03\x02\x01\x01", "bad_data_format"),
        (_request() + b"\x00", "bad_data_format"),
        (b"\x00" * 9000, "bad_data_format"),
        (_request("sha1"), "bad_alg"),
        (_request("md5"), "bad_alg"),
        (_request("sha3_256"), "bad_alg"),
        (_request(digest=b""), "bad_data_format"),
        (_request(digest=b"d" * 6000), "bad_data_format"),
        (_request(version=2**70), "bad_request"),
        (b"\x30\x84\xff\xff\xff\xff", "bad_data_format"),
        (b"\x30\x80" * 1000, "bad_data_format"),
        (_request(digest=b"short"), "bad_data_format"),
        (_request(version=2), "bad_request"),
        (_request(extensions=[{"extn_id": "1.2.3", "critical": True, "extn_value": b""}]), "unaccepted_extensions"),
    ],
)
def test_what_is_refused_says_why(request_: bytes, failure: str) -> None:
    with pytest.raises(timestamps.Refused) as refused:
        timestamps.parse(request_)
    answer = timestamps.Refusal.load(timestamps.refusal(refused.value))
    assert answer["status"]["status"].native == "rejection"
    assert answer["status"]["fail_info"].native == {failure}


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_fail_in_another_way(noise: bytes) -> None:
    with contextlib.suppress(timestamps.Refused):
        timestamps.parse(noise)


@given(st.integers(0, len(_request(nonce=77)) - 1), st.integers(1, 255))
def test_no_changed_byte_makes_the_parser_fail_in_another_way(place: int, mask: int) -> None:
    content = bytearray(_request(nonce=77))
    content[place] ^= mask
    with contextlib.suppress(timestamps.Refused):
        timestamps.parse(bytes(content))
