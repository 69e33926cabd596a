"""What the client does, seen from a server. Signatures and assertions are judged by libraries that others wrote."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import toono_exchange.client
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from joserfc import jwt
from joserfc.jwk import ECKey
from scripted import Gateway, Heard, answer, problem
from toono_exchange import Client, Refused, Unavailable, Untrusted

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
SYSTEM, SERVICE = "MN/COM/bank/loans", "MN/GOV/agency/register/persons"
NETWORK = "server.serverproxy.service_failed.network_error"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toono_exchange.client, "_PAUSE_SECONDS", (0.001, 0.01))


@pytest.fixture
def gateways() -> Iterator[Callable[[], Gateway]]:
    made: list[Gateway] = []

    def make(**how: Any) -> Gateway:
        made.append(Gateway(**how))
        return made[-1]

    yield make
    for gateway in made:
        gateway.close()


def client(*gateways: Gateway, **how: Any) -> Client:
    return Client([g.url for g in gateways], system=SYSTEM, key=KEY, key_id="bank-1", **how)


def call(one: Client, **how: Any) -> toono_exchange.Answer:
    return one.call(SERVICE, "/persons/1", purpose="loan", **how)


# -- what is sent ------------------------------------------------------------------------------------------------------


class Keys(HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id: str) -> bytes:
        assert key_id == "bank-1"
        return PUBLIC


@dataclass
class Received:
    method: str
    url: str
    headers: dict[str, str]


def covered(gateway: Gateway, heard: Heard) -> set[str]:
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ECDSA_P256_SHA256, key_resolver=Keys())
    [found] = verifier.verify(Received(heard.method, gateway.url + heard.path, heard.headers), max_age=dt.timedelta(seconds=30))
    assert len(found.parameters["nonce"]) >= 16
    return {name.strip('"') for name in found.covered_components}


def test_a_call_is_signed_over_all_that_matters_as_a_foreign_library_confirms(gateways: Callable[..., Gateway]) -> None:
    gateway = gateways()
    with client(gateway) as one:
        found = one.call(
            SERVICE, "/persons/%D1%83?a=%20&b='%7C", purpose="loan", method="POST", case="C-1", subject="200000000001", user="MN1", message_id="M-1", idempotency_key="k-12345678",
            body={"нэр": 1},
        )  # fmt: skip
    [heard] = gateway.heard
    assert heard.path == "/v1/MN/GOV/agency/register/persons/persons/%D1%83?a=%20&b='%7C"
    assert covered(gateway, heard) == {
        "@method", "@target-uri", "authorization", "toono-purpose", "toono-case", "toono-subject", "toono-user", "toono-message-id", "idempotency-key", "content-digest", "@signature-params",
    }  # fmt: skip
    assert json.loads(heard.body) == {"нэр": 1} and heard.headers["content-type"] == "application/json"
    assert heard.headers["idempotency-key"] == '"k-12345678"'
    assert (found.status, found.ok, found.message_id, found.receipt, found.attempts) == (200, True, "MN-1", "cmVjZWlwdA==", 1)


def test_where_gateways_share_an_address_that_is_what_is_signed(gateways: Callable[..., Gateway]) -> None:
    gateway = gateways()
    with client(gateway, address="https://exchange.example/") as one:
        call(one)
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ECDSA_P256_SHA256, key_resolver=Keys())
    [heard] = gateway.heard
    assert verifier.verify(Received("GET", "https://exchange.example" + heard.path, heard.headers), max_age=dt.timedelta(seconds=30))


def test_the_assertion_is_a_jwt_for_the_token_endpoint_as_a_foreign_library_confirms(gateways: Callable[..., Gateway]) -> None:
    gateway = gateways()
    with client(gateway) as one:
        call(one)
        call(one)
    [asked] = gateway.tokens  # one token serves both calls
    form = parse_qs(asked.body.decode())
    assert form["grant_type"] == ["client_credentials"] and form["client_assertion_type"] == [
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    ]
    found = jwt.decode(form["client_assertion"][0], ECKey.import_key(PUBLIC), algorithms=["ES256"])
    assert found.header["kid"] == "bank-1" and found.claims["iss"] == found.claims["sub"] == SYSTEM
    assert found.claims["aud"] == gateway.url + "/oauth/token" and 0 < found.claims["exp"] - time.time() <= 60
    assert {h.headers["authorization"] for h in gateway.heard} == {"Bearer token-1"}


def test_an_answer_of_the_register_is_an_answer_whatever_its_status(gateways: Callable[..., Gateway]) -> None:
    gateway = gateways()
    for status in (404, 500, 503):
        gateway.replies = [answer(status, {"own": status})]
        with client(gateway) as one:
            found = call(one)
        assert (found.status, found.ok, found.json(), found.attempts) == (status, False, {"own": status}, 1)


# -- what is tried again -----------------------------------------------------------------------------------------------


def test_the_next_gateway_is_asked_where_one_is_not_there_and_remembered(gateways: Callable[..., Gateway]) -> None:
    gone, there = gateways(), gateways()
    gone.close()
    with client(gone, there) as one:
        assert call(one, method="POST").attempts == 2
        assert call(one).attempts == 1


def test_a_broken_connection_is_tried_again_where_that_is_safe(gateways: Callable[..., Gateway]) -> None:
    gateway = gateways()
    for how in ({}, {"method": "PUT"}, {"method": "POST"}, {"method": "PATCH", "idempotency_key": "k-12345678"}):
        gateway.replies = [None, answer()]
        with client(gateway) as one:
            assert call(one, **how).attempts == 2
    keys = [h.headers["idempotency-key"] for h in gateway.heard if h.method == "POST"]
    assert len(keys) == 2 and len(set(keys)) == 1
    nonces = [h.headers["signature-input"] for h in gateway.heard]
    assert len(set(nonces)) == len(nonces)  # each attempt is signed anew


@pytest.mark.parametrize(
    "reply",
    [
        problem(503, "database_unavailable"), problem(429, "rate_exceeded", Retry_After="0"), problem(504, "timeout", outcome="unknown", xroad_type=NETWORK),
        problem(502, "connection_closed", outcome="unknown", xroad_type=NETWORK), problem(409, "idempotency_running", outcome="unknown", Retry_After="0"),
    ],
)  # fmt: skip
def test_what_may_pass_is_tried_again(gateways: Callable[..., Gateway], reply: Any) -> None:
    gateway = gateways()
    gateway.replies = [reply, reply, answer()]
    with client(gateway) as one:
        assert call(one, method="POST").attempts == 3


def test_an_outcome_that_only_the_register_knows_is_told_at_once(gateways: Callable[..., Gateway]) -> None:
    gateway = gateways()
    gateway.replies = [problem(409, "idempotency_unknown", outcome="unknown"), answer()]
    with client(gateway) as one, pytest.raises(Unavailable) as error:
        call(one, method="POST")
    assert (error.value.code, error.value.outcome, len(gateway.heard)) == ("idempotency_unknown", "unknown", 1)


def test_it_comes_again_when_it_was_told_to_and_not_after_its_deadline(gateways: Callable[..., Gateway]) -> None:
    gateway = gateways()
    gateway.replies = [problem(429, "rate_exceeded", Retry_After="1"), answer()]
    begun = time.monotonic()
    with client(gateway) as one:
        assert call(one).attempts == 2 and time.monotonic() - begun >= 1
        gateway.replies = [problem(429, "quota_exceeded", Retry_After="40000")]
        begun = time.monotonic()
        with pytest.raises(Unavailable) as error:
            call(one)
    assert time.monotonic() - begun < 1 and (error.value.code, error.value.status, error.value.outcome) == (
        "quota_exceeded",
        429,
        "not_done",
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "header_value"), (401, "wrong_signature"), (403, "agreement_expired"), (404, "unknown_service"), (422, "idempotency_reused")],
)
def test_what_is_refused_is_told_at_once(gateways: Callable[..., Gateway], status: int, code: str) -> None:
    gateway = gateways()
    gateway.replies = [problem(status, code)]
    with client(gateway) as one, pytest.raises(Refused) as error:
        call(one)
    assert (error.value.code, error.value.status, error.value.message_id, len(gateway.heard)) == (code, status, "MN-2", 1)


def test_a_register_that_answers_nonsense_is_not_asked_again(gateways: Callable[..., Gateway]) -> None:
    gateway = gateways()
    gateway.replies = [problem(502, "other_person", outcome="unknown", xroad_type="server.serverproxy.service_failed.invalid_response")]
    with client(gateway) as one, pytest.raises(Unavailable) as error:
        call(one)
    assert (error.value.code, error.value.outcome, len(gateway.heard)) == ("other_person", "unknown", 1)


def test_an_outcome_that_was_unknown_once_stays_unknown(gateways: Callable[..., Gateway]) -> None:
    gateway = gateways()
    gateway.replies = [None, problem(403, "agreement_expired")]
    with client(gateway) as one, pytest.raises(Refused) as error:
        call(one, method="POST")
    assert error.value.outcome == "unknown"
    gateway.replies = [None, problem(503, "database_unavailable")]
    with client(gateway) as one, pytest.raises(Unavailable) as late:
        call(one, method="POST")
    assert (late.value.outcome, len(gateway.heard)) == ("unknown", 2 + 6)


def test_a_token_that_is_not_taken_is_replaced_once(gateways: Callable[..., Gateway]) -> None:
    gateway = gateways()
    gateway.replies = [problem(401, "token_expired"), answer()]
    with client(gateway) as one:
        assert call(one).attempts == 1
    assert [h.headers["authorization"] for h in gateway.heard] == ["Bearer token-1", "Bearer token-2"]
    gateway.replies = [problem(401, "token_unknown")]
    with client(gateway) as one, pytest.raises(Refused):
        call(one)
    assert len(gateway.heard) == 4


def test_where_no_token_is_given_the_reason_is_told(gateways: Callable[..., Gateway]) -> None:
    gateway, other = gateways(), gateways()
    gateway.token_replies = [(401, {}, b'{"error":"invalid_client","error_description":"unknown key"}')]
    with client(gateway) as one, pytest.raises(Refused, match="unknown key"):
        call(one)
    gateway.token_replies = [(503, {}, b"{}")] * 9
    with client(gateway, other) as one:
        assert call(one, method="POST").attempts == 2 and len(other.heard) == 1


# -- whom it believes --------------------------------------------------------------------------------------------------


def authority(folder: Path, name: str) -> tuple[Path, Callable[[ThreadingHTTPServer], None]]:
    """An authority's PEM file, and what makes a server show a certificate of it."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    moment = dt.datetime.now(dt.UTC)

    def issue(common: x509.Name, public: ec.EllipticCurvePublicKey, *, root: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(common)
            .issuer_name(subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
        )
        builder = builder.not_valid_before(moment - dt.timedelta(days=1)).not_valid_after(moment + dt.timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        if root:
            builder = builder.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
        else:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
            )
        return builder.sign(key, hashes.SHA256())

    own = ec.generate_private_key(ec.SECP256R1())
    leaf = issue(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gateway")]), own.public_key(), root=False)
    (folder / f"{name}.pem").write_bytes(issue(subject, key.public_key(), root=True).public_bytes(serialization.Encoding.PEM))
    both = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + leaf.public_bytes(serialization.Encoding.PEM)
    (folder / f"{name}-gateway.pem").write_bytes(both)

    def wrap(server: ThreadingHTTPServer) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / f"{name}-gateway.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)

    return folder / f"{name}.pem", wrap


def test_only_the_named_authority_is_believed(gateways: Callable[..., Gateway], tmp_path: Path) -> None:
    right, wrap = authority(tmp_path, "right")
    wrong, _ = authority(tmp_path, "wrong")
    gateway = gateways(wrap=wrap)
    with client(gateway, trust=right) as one:
        assert call(one).ok
    with client(gateway, trust=wrong) as one, pytest.raises(Untrusted):
        call(one)
    assert len(gateway.heard) == 1


def test_without_an_authority_there_is_no_client_by_tls() -> None:
    with pytest.raises(ValueError, match="trust"):
        Client(["https://exchange.example"], system=SYSTEM, key=KEY, key_id="bank-1")
    with pytest.raises(ValueError, match="at least one"):
        Client([], system=SYSTEM, key=KEY, key_id="bank-1")
    with pytest.raises(ValueError, match="P-256"):
        Client(["http://x"], system=SYSTEM, key=ec.generate_private_key(ec.SECP384R1()), key_id="bank-1")
    with pytest.raises(ValueError, match="id"):
        Client(["http://x"], system=SYSTEM, key=KEY, key_id='a"b')
