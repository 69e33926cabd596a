"""How clients prove who they are. The signing client is a library that others wrote (http-message-signatures)."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

from toono.exchange.tests.lab import DESK, DOCUMENTS, PERSONS, Lab, LabClient, RunningGateway, answer

pytest_plugins = ["toono.exchange.tests.stage"]

PERSON = "/persons/200000000002"


class Keys(HTTPSignatureKeyResolver):
    def __init__(self, client: LabClient) -> None:
        self.client = client

    def resolve_private_key(self, key_id: str) -> bytes:
        return self.client.private_pem


def signed(
    client: LabClient, url: str, *, method: str = "GET", body: bytes = b"", system: str | None = None, **options: Any
) -> httpx.Request:
    """A call signed by the foreign library, its nonce new unless given."""
    headers = {"X-Road-Client": system or client.system, "X-Toono-Purpose": "reference", "X-Road-Issue": "C-1"}
    covered = ["@method", "@target-uri", "x-road-client", "x-toono-purpose", "x-road-issue"]
    if body:
        covered.append("content-digest")
    request = httpx.Request(method, url, headers=headers, content=body or None)
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ECDSA_P256_SHA256, key_resolver=Keys(client))
    values = {"created": datetime.now(UTC), "nonce": secrets.token_urlsafe(16), "label": "sig1", "include_alg": True} | options
    signer.sign(request, key_id=client.key_id, covered_component_ids=covered, body=body or None, **values)
    return request


def refusal(got: httpx.Response) -> tuple[str, str]:
    return got.headers["x-road-error"].rpartition(".")[2], got.json()["detail"].partition(":")[0]


def url_of(gateway: RunningGateway, service: str = PERSONS, path: str = PERSON) -> str:
    return f"{gateway.url}/r1/{service}{path}"


def test_a_signed_call_is_answered_and_its_signature_stays_in_the_log(lab: Lab, gateway: RunningGateway) -> None:
    request = signed(lab.desk, url_of(gateway))
    got = gateway.http.send(request)
    assert got.status_code == 200
    head = bytes(lab.log_of(got.headers["x-road-id"])[0]["head"]).decode()
    assert request.headers["Signature"] in head and request.headers["Signature-Input"] in head


def test_a_signed_body_is_answered_and_a_changed_one_refused(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = answer(body=b"{}")
    url = url_of(gateway, DOCUMENTS, "/documents")
    assert gateway.http.send(signed(lab.desk, url, method="POST", body=b"{}")).status_code == 200
    request = signed(lab.desk, url, method="POST", body=b"{}")
    changed = httpx.Request("POST", url, headers={k: v for k, v in request.headers.items() if k != "content-length"}, content=b"[]")
    before = len(lab.provider.heard)
    assert refusal(gateway.http.send(changed)) == ("invalid_signature_value", "wrong_digest")
    uncovered = signed(lab.desk, url, method="POST")
    with_body = httpx.Request("POST", url, headers={k: v for k, v in uncovered.headers.items() if k != "content-length"}, content=b"[]")
    assert refusal(gateway.http.send(with_body)) == ("malformed_signature", "not_covered")
    assert len(lab.provider.heard) == before


def test_a_forged_signature_is_refused(lab: Lab, gateway: RunningGateway) -> None:
    stranger = LabClient(lab.desk.system, lab.desk.key_id)
    assert refusal(gateway.http.send(signed(stranger, url_of(gateway)))) == ("invalid_signature_value", "wrong_signature")


def test_a_forged_signature_would_pass_if_nobody_checked_it(lab: Lab) -> None:
    with lab.start(mutant="no-signature-check") as mutant:
        stranger = LabClient(lab.desk.system, lab.desk.key_id)
        assert mutant.http.send(signed(stranger, url_of(mutant))).status_code == 200


def test_a_signature_for_another_address_or_purpose_is_refused(lab: Lab, gateway: RunningGateway) -> None:
    moved = signed(lab.desk, url_of(gateway))
    moved.url = httpx.URL(url_of(gateway, path="/persons/200000000003"))
    assert refusal(gateway.http.send(moved)) == ("invalid_signature_value", "wrong_signature")
    changed = signed(lab.desk, url_of(gateway))
    changed.headers["X-Toono-Purpose"] = "permit"
    assert refusal(gateway.http.send(changed)) == ("invalid_signature_value", "wrong_signature")
    added = signed(lab.desk, url_of(gateway))
    added.headers["X-Road-UserId"] = "MN200000000009"
    assert refusal(gateway.http.send(added)) == ("malformed_signature", "not_covered")


def test_a_key_signs_for_its_own_system_only(lab: Lab, gateway: RunningGateway) -> None:
    assert refusal(gateway.http.send(signed(lab.loans, url_of(gateway), system=DESK))) == (
        "ssl_authentication_failed",
        "credential_of_another",
    )


def test_a_credential_that_has_expired_is_refused(lab: Lab, gateway: RunningGateway) -> None:
    assert refusal(gateway.http.send(signed(lab.old, url_of(gateway)))) == ("ssl_authentication_failed", "credential_expired")


@pytest.mark.parametrize("age", [timedelta(seconds=310), timedelta(seconds=-60)])
def test_a_signature_outside_its_window_is_refused(lab: Lab, gateway: RunningGateway, age: timedelta) -> None:
    old = signed(lab.desk, url_of(gateway), created=datetime.now(UTC) - age)
    assert refusal(gateway.http.send(old)) == ("invalid_signature_value", "created_outside_window")


def again(request: httpx.Request) -> httpx.Request:
    return httpx.Request(request.method, request.url, headers=request.headers)


def test_a_call_cannot_be_replayed(lab: Lab, gateway: RunningGateway) -> None:
    request = signed(lab.desk, url_of(gateway))
    assert gateway.http.send(request).status_code == 200
    before = len(lab.provider.heard)
    assert refusal(gateway.http.send(again(request))) == ("invalid_signature_value", "nonce_repeated")
    assert len(lab.provider.heard) == before


def signed_for(lab: Lab, address: str) -> httpx.Request:
    return signed(lab.desk, f"{address}/r1/{PERSONS}{PERSON}")


def test_a_call_cannot_be_replayed_after_a_restart_nor_at_another_process(lab: Lab) -> None:
    """Both processes are known by one address, as behind a balancer; the memory of the first is not that of the second."""
    address = "http://exchange.lab"
    with lab.start(TOONO_GATEWAY_URL=address) as first, lab.start(TOONO_GATEWAY_URL=address) as second:
        request = signed_for(lab, address)

        def send(to: RunningGateway, what: httpx.Request) -> httpx.Response:
            return to.http.get(f"{to.url}/r1/{PERSONS}{PERSON}", headers={k: v for k, v in what.headers.items() if k != "host"})

        assert send(first, request).status_code == 200
        before = len(lab.provider.heard)
        assert refusal(send(second, request)) == ("invalid_signature_value", "nonce_repeated")
        with lab.start(TOONO_GATEWAY_URL=address) as restarted:
            assert refusal(send(restarted, request)) == ("invalid_signature_value", "nonce_repeated")
            assert send(restarted, signed_for(lab, address)).status_code == 200
        assert len(lab.provider.heard) == before + 1


def test_a_call_could_be_replayed_if_nobody_kept_nonces(lab: Lab) -> None:
    with lab.start(mutant="no-nonce-memory") as mutant:
        request = signed(lab.desk, url_of(mutant))
        assert [mutant.http.send(again(request)).status_code for _ in range(2)] == [200, 200]


def test_many_replays_at_the_same_time_let_one_through(lab: Lab, gateway: RunningGateway) -> None:
    import concurrent.futures

    request = signed(lab.desk, url_of(gateway))
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: httpx.get(request.url, headers=request.headers).status_code, range(16)))
    assert sorted(found) == [200] + [500] * 15


def test_a_bearer_key_is_refused_in_production(lab: Lab) -> None:
    with lab.start() as development:
        assert development.call(lab.desk, PERSONS, PERSON).status_code == 200
        started = time.monotonic()
        development.wait_until(lambda: (lab.home / "exchange" / "configuration.jws").exists() or time.monotonic() > started + 5)
    production = {
        "TOONO_MODE": "production", "TOONO_SANDBOX": "no", "TOONO_KEY_STORE": "pkcs11", "TOONO_PKCS11_MODULE": "unused", "TOONO_SECRET_KEY": "k" * 50,
        "TOONO_KEY_STORE_PASSPHRASE": "unused", "TOONO_DATABASE_URL": "postgresql://unused", "TOONO_PUBLIC_URL": "https://portal.example",
        "TOONO_SMS_HOST": "unused", "TOONO_SMS_PASSWORD": "unused", "TOONO_OPERATOR_POST": "Street 1; Town | Гудамж 1; Хот",
    }  # fmt: skip
    with lab.start(**production) as strict:  # serves by the configuration on disk: its registry is not there
        assert refusal(strict.call(lab.desk, PERSONS, PERSON)) == ("ssl_authentication_failed", "bearer_refused")
        assert strict.http.send(signed(lab.desk, url_of(strict))).status_code == 200
