"""What the signer answers to good, bad and hostile requests. The application is called as a server would call it."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from toono.pki.signer.app import BATCH_LIMIT, BODY_LIMIT_BYTES, Signer
from toono.pki.signer.rights import Tokens
from toono.pki.signer.stores import StoreFault
from toono.pki.signer.stores.file import FileStore

DIGEST = base64.b64encode(bytes(32)).decode()


class Caller:
    """Speaks ASGI to one signer."""

    def __init__(self, folder: Path) -> None:
        self.signer = Signer(FileStore(folder, "passphrase"), Tokens({"web": "web-token", "gateway": "gateway-token"}))

    def ask(self, method: str, path: str, body: Any = None, token: str | None = "web-token") -> tuple[int, dict[str, Any]]:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
        scope = {"type": "http", "method": method, "path": path, "headers": headers}
        parts = [content[i : i + 65536] for i in range(0, len(content), 65536)] or [b""]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(self.signer(scope, receive, send))
        return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    caller = Caller(tmp_path)
    assert caller.ask("POST", "/keys", {"key": "seal/x", "kind": "P-256"})[0] == 200
    return caller


def test_a_batch_gets_as_many_signatures(caller: Caller) -> None:
    status, answer = caller.ask("POST", "/sign", {"key": "seal/x", "digests": [DIGEST] * BATCH_LIMIT})
    assert status == 200
    assert len(answer["signatures"]) == BATCH_LIMIT


def test_health_needs_no_token(caller: Caller) -> None:
    assert caller.ask("GET", "/health", token=None) == (200, {"status": "ok", "store": "file"})


@pytest.mark.parametrize("token", [None, "", "wrong", "web-token "])
def test_without_a_known_token_nothing_is_done(caller: Caller, token: str | None) -> None:
    status, problem = caller.ask("POST", "/sign", {"key": "seal/x", "digests": [DIGEST]}, token)
    assert (status, problem["code"]) == (401, "unknown_client")


@pytest.mark.parametrize("key", ["pki/root", "pki/issuing", "seal/x", "token", "configuration"])
def test_the_gateway_cannot_sign_as_an_authority_or_a_seal(caller: Caller, key: str) -> None:
    status, problem = caller.ask("POST", "/sign", {"key": key, "digests": [DIGEST]}, "gateway-token")
    assert (status, problem["code"]) == (403, "not_permitted")


def test_several_keys_sign_in_one_request_and_a_refusal_of_one_says_nothing_of_the_others(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = [
        {"key": "seal/x", "digests": [DIGEST] * 2},
        {"key": "exchange/x", "digests": [DIGEST]},
        {"key": "seal/none", "digests": [DIGEST]},
        {"key": "seal/x"},
        7,
    ]
    status, answer = caller.ask("POST", "/sign-each", {"wanted": wanted})
    assert status == 200 and len(answer["answers"]) == len(wanted)
    assert len(answer["answers"][0]["signatures"]) == 2
    assert [one["code"] for one in answer["answers"][1:]] == ["not_permitted", "key_unknown", "body_malformed", "body_malformed"]
    refusals = [json.loads(record.message)["code"] for record in caplog.records]
    assert refusals == ["not_permitted", "key_unknown", "body_malformed", "body_malformed"]


@pytest.mark.parametrize("wanted", [[], {}, None, [{"key": "seal/x", "digests": [DIGEST]}] * 1001])
def test_a_question_to_several_keys_that_is_none_is_refused(caller: Caller, wanted: Any) -> None:
    assert caller.ask("POST", "/sign-each", {"wanted": wanted})[1]["code"] == "batch_malformed"


def test_an_unknown_key_is_told(caller: Caller) -> None:
    assert caller.ask("POST", "/sign", {"key": "seal/y", "digests": [DIGEST]})[1]["code"] == "key_unknown"
    assert caller.ask("GET", "/keys/seal/y")[1]["code"] == "key_unknown"


BAD_BODIES: list[tuple[Any, str]] = [
    (b"", "body_malformed"),
    (b"not json", "body_malformed"),
    (b"[" * 100_000, "body_malformed"),
    (b'{"key": "seal/x", "digests": ["\xff"]}', "body_malformed"),
    ([], "body_malformed"),
    ({"key": "seal/x"}, "body_malformed"),
    ({"key": "seal/x", "digests": [DIGEST], "also": 1}, "body_malformed"),
    ({"key": "seal/x", "digests": []}, "batch_malformed"),
    ({"key": "seal/x", "digests": DIGEST}, "batch_malformed"),
    ({"key": "seal/x", "digests": [DIGEST] * (BATCH_LIMIT + 1)}, "batch_malformed"),
    ({"key": "seal/x", "digests": ["?"]}, "digest_malformed"),
    ({"key": "seal/x", "digests": [1]}, "digest_malformed"),
    ({"key": "seal/x", "digests": ["AAAA"]}, "digest_malformed"),
    ({"key": "../keys", "digests": [DIGEST]}, "label_malformed"),
    ({"key": "seal/x\n", "digests": [DIGEST]}, "label_malformed"),
    ({"key": None, "digests": [DIGEST]}, "label_malformed"),
]


@pytest.mark.parametrize(("body", "code"), BAD_BODIES)
def test_a_malformed_request_is_answered_by_a_problem_that_says_what_is_wrong(caller: Caller, body: Any, code: str) -> None:
    status, problem = caller.ask("POST", "/sign", body)
    assert (status, problem["code"]) == (400, code)
    assert problem["detail"]


def test_a_body_over_the_limit_is_not_read_to_its_end(caller: Caller) -> None:
    status, problem = caller.ask("POST", "/sign", b"x" * (BODY_LIMIT_BYTES + 1))
    assert (status, problem["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("kind", ["P-192", "RSA-2048", "RSA", "", None, ["P-256"], {}])
def test_a_kind_must_be_known(caller: Caller, kind: Any) -> None:
    status, problem = caller.ask("POST", "/keys", {"key": "seal/z", "kind": kind})
    assert (status, problem["code"]) == (400, "kind_unknown")
    assert "RSA-3072" in problem["detail"]


def test_a_kind_stays(caller: Caller) -> None:
    assert caller.ask("POST", "/keys", {"key": "token/rsa", "kind": "RSA-3072"})[0] == 200
    for key, kind in (("seal/x", "P-384"), ("seal/x", "RSA-3072"), ("token/rsa", "P-256")):
        status, problem = caller.ask("POST", "/keys", {"key": key, "kind": kind})
        assert (status, problem["code"]) == (409, "other_kind")


@pytest.mark.parametrize("key", ["token/rsa", "token/rsa/2"])
def test_an_rsa_key_is_made_told_and_signs(caller: Caller, key: str) -> None:
    made = caller.ask("POST", "/keys", {"key": key, "kind": "RSA-3072"})[1]["public_key"]
    assert caller.ask("GET", f"/keys/{key}")[1]["public_key"] == made
    public = load_pem_public_key(made.encode())
    assert isinstance(public, rsa.RSAPublicKey) and public.key_size == 3072
    answer = caller.ask("POST", "/sign", {"key": key, "digests": [DIGEST] * 2})[1]
    for signature in answer["signatures"]:
        public.verify(base64.b64decode(signature), bytes(32), padding.PKCS1v15(), Prehashed(hashes.SHA256()))


def test_an_unknown_operation_is_refused(caller: Caller) -> None:
    assert caller.ask("DELETE", "/keys/seal/x")[0] == 404
    assert caller.ask("GET", "/sign")[0] == 404


def test_each_refusal_is_one_line_of_json_without_secrets(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "toono.signer"):
        caller.ask("POST", "/sign", {"key": "pki/root", "digests": [DIGEST]}, "gateway-token")
        caller.ask("POST", "/sign", {"key": "pki/root", "digests": [DIGEST]}, "guessed-token")
    first, second = (json.loads(record.getMessage()) for record in caplog.records)
    assert first == {
        "event": "refused", "code": "not_permitted", "method": "POST", "path": "/sign",
        "client": "gateway", "key": "pki/root", "verb": "sign",
    }  # fmt: skip
    assert second["code"] == "unknown_client"
    assert not any(secret in caplog.text for secret in ("gateway-token", "guessed-token", DIGEST))


def test_a_failing_store_is_told_without_its_details(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StoreFault("the token at /secret/place fails")

    monkeypatch.setattr(FileStore, "sign", fail)
    status, problem = caller.ask("POST", "/sign", {"key": "seal/x", "digests": [DIGEST]})
    assert (status, problem["code"]) == (503, "store_fault")
    assert "secret" not in json.dumps(problem)


class Together:
    """Asks a signer several things at the same time and notes in which order digests are signed and answers come."""

    def __init__(self, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        self.caller, self.order = caller, list[str]()
        sign = FileStore.sign

        def noted(store: FileStore, label: str, digests: Sequence[bytes]) -> list[bytes]:
            self.order.append(f"{label} {len(digests)}")
            return sign(store, label, digests)

        monkeypatch.setattr(FileStore, "sign", noted)

    def ask(self, *questions: tuple[str, Any]) -> list[str]:
        async def all_of_them() -> None:
            await asyncio.gather(*(self._ask(path, body) for path, body in questions))

        asyncio.run(all_of_them())
        return self.order

    async def _ask(self, path: str, asked: Any) -> None:
        body = json.dumps(asked).encode()
        scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"authorization", b"Bearer web-token")]}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if "body" in message:
                assert "signatures" in json.loads(message["body"]) or "answers" in json.loads(message["body"])
                self.order.append("answer")

        await self.caller.signer(scope, receive, send)


@pytest.fixture
def together(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> Together:
    assert caller.ask("POST", "/keys", {"key": "token/rsa", "kind": "RSA-3072"})[0] == 200
    return Together(caller, monkeypatch)


def test_a_big_batch_lets_others_have_their_turn(together: Together) -> None:
    """While a thousand signatures are made, another request is answered."""
    order = together.ask(("/sign", {"key": "seal/x", "digests": [DIGEST] * BATCH_LIMIT}), ("/sign", {"key": "seal/x", "digests": [DIGEST]}))
    assert order[:4] == ["seal/x 32", "seal/x 1", "answer", "seal/x 32"]
    assert (order.count("answer"), order[-1]) == (2, "answer")


def test_others_have_their_turn_after_every_rsa_signature(together: Together) -> None:
    order = together.ask(("/sign", {"key": "token/rsa", "digests": [DIGEST] * 3}), ("/sign", {"key": "seal/x", "digests": [DIGEST]}))
    assert order == ["token/rsa 1", "seal/x 1", "answer", "token/rsa 1", "token/rsa 1", "answer"]


def test_others_have_their_turn_between_rsa_signatures_that_are_wanted_in_one_question(together: Together) -> None:
    one = {"key": "token/rsa", "digests": [DIGEST]}
    order = together.ask(("/sign-each", {"wanted": [one] * 3}), ("/sign", {"key": "seal/x", "digests": [DIGEST]}))
    assert order == ["token/rsa 1", "seal/x 1", "answer", "token/rsa 1", "token/rsa 1", "answer"]
