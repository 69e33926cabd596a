"""Message signatures of clients. The client's side is a library that others wrote (http-message-signatures)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

from toono.exchange.domain import client_signature, signatures
from toono.exchange.domain.faults import Fault
from toono.exchange.domain.signatures import SignedRequest

KEY = ec.generate_private_key(ec.SECP256R1())
URL = "http://gateway:8401/r1/MN/GOV/a/b/c/persons/%D1%83?x=%20y"
HEADERS = {"x-road-client": "MN/GOV/a/b", "x-toono-purpose": "reference"}
COVERED = ("@method", "@target-uri", "x-road-client", "x-toono-purpose")


def check_digest(content_digest: str | None, body: bytes) -> None:
    check = signatures.DigestCheck(content_digest)
    check.update(body)
    check.finish()


class Keys(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id: str) -> ec.EllipticCurvePrivateKey:
        return KEY


@dataclass
class Sent:
    """A request as the signing library knows one."""

    method: str = "GET"
    url: str = URL
    headers: dict[str, str] = field(default_factory=lambda: dict(HEADERS))


def foreign(sent: Sent | None = None, *, covered: tuple[str, ...] = COVERED, **options: Any) -> Sent:
    """Signed by the foreign library."""
    sent = sent or Sent()
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ECDSA_P256_SHA256, key_resolver=Keys())
    values = {"created": datetime.fromtimestamp(int(time.time()), UTC), "nonce": "n" * 16, "label": "sig1", "include_alg": True} | options
    signer.sign(sent, key_id="key-1", covered_component_ids=covered, **values)
    return sent


def check(
    sent: Sent, *, method: str = "GET", url: str = URL, has_body: bool = False, now: float | None = None
) -> signatures.SignatureInput:
    headers = {name.lower(): value for name, value in sent.headers.items()}
    parsed = signatures.parse(headers["signature-input"], headers["signature"])
    signatures.check_time(parsed, now or time.time())
    signatures.check_coverage(parsed, headers, has_body=has_body)
    signatures.verify(parsed, SignedRequest(method, url, headers), KEY.public_key())
    return parsed


def refused(sent: Sent, **how: Any) -> str:
    with pytest.raises(Fault) as fault:
        check(sent, **how)
    return fault.value.reason


def test_a_signature_of_the_foreign_library_is_accepted() -> None:
    parsed = check(foreign())
    assert (parsed.key_id, parsed.nonce, parsed.components) == ("key-1", "n" * 16, COVERED)


@pytest.mark.parametrize("more", [("@authority",), ("@scheme", "@path", "@query"), ("@request-target",)])
def test_other_derived_components_may_be_covered_too(more: tuple[str, ...]) -> None:
    check(foreign(covered=COVERED + more))


def test_without_alg_and_with_expires_it_is_accepted() -> None:
    check(foreign(include_alg=False, expires=datetime.now(UTC) + timedelta(minutes=2)))


def test_our_own_client_signs_alike() -> None:
    unsigned = client_signature.prepare(
        method="GET", target_uri=URL, headers=HEADERS, key_id="key-1", created=int(time.time()), nonce="n" * 16
    )
    headers = client_signature.signed_headers(unsigned, KEY.sign(unsigned.base, ec.ECDSA(hashes.SHA256())))
    check(Sent(headers=HEADERS | headers))


@pytest.mark.parametrize(
    "change",
    [{"method": "DELETE"}, {"url": URL + "z"}, {"url": URL.replace("gateway", "other")}, {"url": URL.replace("http:", "https:")}],
)
def test_another_request_does_not_match(change: dict[str, str]) -> None:
    assert refused(foreign(), **change) == "wrong_signature"


def test_a_changed_header_does_not_match() -> None:
    sent = foreign()
    sent.headers["x-toono-purpose"] = "loan"
    assert refused(sent) == "wrong_signature"


def test_a_signature_of_another_key_or_of_another_length_does_not_match() -> None:
    sent = foreign()
    good = sent.headers["Signature"]
    sent.headers["Signature"] = "sig1=:" + "A" * 86 + "==:"
    assert refused(sent) == "wrong_signature"
    sent.headers["Signature"] = "sig1=:" + good.removeprefix("sig1=:")[:40] + ":"
    assert refused(sent) == "wrong_signature"
    sent.headers["Signature"] = "sig1=::"
    assert refused(sent) == "wrong_signature"


@pytest.mark.parametrize("left_out", COVERED)
def test_everything_that_the_exchange_reads_must_be_covered(left_out: str) -> None:
    assert refused(foreign(covered=tuple(c for c in COVERED if c != left_out))) == "not_covered"


def test_a_case_number_that_was_added_on_the_way_is_refused() -> None:
    sent = foreign()
    sent.headers["X-Road-Issue"] = "C-1"
    assert refused(sent) == "not_covered"


def test_headers_that_the_gateway_drops_need_no_cover() -> None:
    sent = foreign()
    sent.headers["X-Road-Request-Id"] = "anything"
    check(sent)


def test_a_body_must_be_covered_by_its_digest() -> None:
    assert refused(foreign(), has_body=True) == "not_covered"


@pytest.mark.parametrize(("age", "reason"), [(299, None), (302, "created_outside_window"), (-28, None), (-32, "created_outside_window")])
def test_a_signature_lives_for_its_window(age: int, reason: str | None) -> None:
    sent = foreign(created=datetime.fromtimestamp(int(time.time()) - age, UTC))
    if reason is None:
        check(sent)
    else:
        assert refused(sent) == reason


def test_an_expired_signature_is_refused() -> None:
    assert refused(foreign(expires=datetime.now(UTC) - timedelta(seconds=2))) == "signature_expired"


GOOD = '("@method" "@target-uri");created=1;nonce="nnnnnnnn";keyid="k"'


@pytest.mark.parametrize(
    "value",
    [
        "", "sig1", "sig1=()", "sig1=1", f"sig1={GOOD}, sig2={GOOD}", "sig1=" + GOOD.replace(";created=1", ""), "sig1=" + GOOD.replace(';nonce="nnnnnnnn"', ""),
        "sig1=" + GOOD.replace(';keyid="k"', ""), "sig1=" + GOOD.replace("nnnnnnnn", "short"), "sig1=" + GOOD.replace("nnnnnnnn", "n" * 129),
        "sig1=" + GOOD.replace("created=1", 'created="1"'), "sig1=" + GOOD.replace("created=1", "created"), "sig1=" + GOOD + ";created=2", "sig1=" + GOOD + ";unknown=1",
        "sig1=" + GOOD + ';alg="rsa-v1_5-sha256"', "sig1=" + GOOD + ';alg="hmac-sha256"', "sig1=" + GOOD.replace('"@target-uri"', '"@method"'),
        "sig1=" + GOOD.replace('"@method"', '"@method";req'), "sig1=" + GOOD.replace('"@method"', "@method"), "sig1=" + GOOD + ";expires=x", "sig2=" + GOOD, "SIG1=" + GOOD,
    ],
)  # fmt: skip
def test_anything_that_the_profile_does_not_know_is_refused(value: str) -> None:
    with pytest.raises(Fault) as fault:
        signatures.parse(value, "sig1=:AAAA:")
    assert fault.value.reason == "malformed_signature"


@pytest.mark.parametrize("component", ["@status", "@query-param", "X-Road-Client", "x-absent", "@METHOD"])
def test_a_component_that_is_unknown_or_absent_is_refused(component: str) -> None:
    parsed = signatures.parse(f'sig1=("{component}");created=1;nonce="nnnnnnnn";keyid="k"', "sig1=:AAAA:")
    with pytest.raises(Fault, match="malformed_signature"):
        signatures.verify(parsed._replace(value=bytes(64)), SignedRequest("GET", URL, HEADERS), KEY.public_key())


@pytest.mark.parametrize(
    ("digest", "body"),
    [
        ("sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:", b"hello"),
        ("sha-512=:m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==:", b"hello"),
        ("md5=:XUFAKrxLKna5cZ2REBfFkg==:, sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:", b"hello"),
    ],
)
def test_a_digest_says_what_the_body_is(digest: str, body: bytes) -> None:
    check_digest(digest, body)
    with pytest.raises(Fault, match="wrong_digest"):
        check_digest(digest, body + b"!")


@pytest.mark.parametrize("digest", ["", "md5=:XUFAKrxLKna5cZ2REBfFkg==:", "sha-256=LPJ", "sha-256", "sha-256=:%%:"])
def test_a_digest_that_cannot_be_used_is_refused(digest: str) -> None:
    with pytest.raises(Fault, match="malformed_signature"):
        check_digest(digest, b"hello")


def test_a_body_may_come_in_pieces() -> None:
    check = signatures.DigestCheck("sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:")
    for part in (b"he", b"", b"llo"):
        check.update(part)
    check.finish()
    check.update(b"!")
    with pytest.raises(Fault, match="wrong_digest"):
        check.finish()


NATIVE = {"authorization": "Bearer t", "toono-purpose": "reference", "toono-case": "C-1", "idempotency-key": "k" * 8}
NATIVE_COVERED = ("@method", "@target-uri", *NATIVE)


def native(covered: tuple[str, ...]) -> None:
    headers = {name.lower(): value for name, value in foreign(Sent(headers=dict(NATIVE)), covered=covered).headers.items()}
    parsed = signatures.parse(headers["signature-input"], headers["signature"])
    signatures.check_coverage(parsed, headers, has_body=False, profile=signatures.NATIVE)


def test_the_native_dialect_has_its_own_headers_to_cover() -> None:
    native(NATIVE_COVERED)
    for left_out in NATIVE_COVERED:
        with pytest.raises(Fault, match="not_covered"):
            native(tuple(c for c in NATIVE_COVERED if c != left_out))


def test_a_body_without_digest_is_refused_and_no_body_needs_none() -> None:
    check_digest(None, b"")
    with pytest.raises(Fault, match="not_covered"):
        check_digest(None, b"x")
