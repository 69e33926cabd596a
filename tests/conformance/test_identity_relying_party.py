"""The portal believes an id token only if every part of it is right: OpenID Connect Core 1.0 §3.1.3.7, §3.1.3.8, RFC 8725."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

ACCESS, NONCE = "access-token", "the-nonce"
KEY = ECKey.generate_key("P-256", auto_kid=True)


@pytest.fixture
def party(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The portal's own code, with a key whose private half the test holds in the provider's place."""
    from toono.channels import relying_party

    class Keys:
        def get(self, *, unknown_key: bool = False) -> KeySet:
            return KeySet([KEY])

    monkeypatch.setattr(relying_party, "_keys", Keys())
    return relying_party


def claims(**changes: Any) -> dict[str, Any]:
    from toono.kernel.settings import settings

    half = hashlib.sha256(ACCESS.encode()).digest()[:16]
    now = int(time.time())
    good = {
        "iss": settings().base_url, "aud": "portal", "sub": "person-1", "sid": "sid-1", "iat": now, "exp": now + 300, "auth_time": now,
        "nonce": NONCE, "acr": "substantial", "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
    }  # fmt: skip
    return {k: v for k, v in (good | changes).items() if v is not None}


def token(**changes: Any) -> str:
    return jwt.encode({"alg": "ES256", "kid": KEY.kid}, claims(**changes), KEY)


def check(party: Any, value: str) -> dict[str, Any]:
    found: dict[str, Any] = party.check_id_token(value, access_token=ACCESS, nonce=NONCE)
    return found


def test_a_good_token_is_believed(party: Any) -> None:
    assert check(party, token())["sub"] == "person-1"
    assert check(party, token(aud=["portal"], azp="portal"))["sid"] == "sid-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"}, {"iss": None}, {"aud": "demo-rp"}, {"aud": ["portal", "demo-rp"]}, {"aud": None}, {"azp": "demo-rp"},
        {"exp": -60}, {"exp": None}, {"exp": "4000000000"}, {"exp": True}, {"iat": 600}, {"iat": None},
        {"nonce": "another"}, {"nonce": None}, {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, {"at_hash": None}, {"sub": None}, {"sub": 1}, {"sid": None},
        {"auth_time": None}, {"acr": "low"}, {"acr": None},
    ],
)  # fmt: skip
def test_a_wrong_or_missing_claim_signs_nobody_in(party: Any, changes: dict[str, Any]) -> None:
    """Numbers of ``exp`` and ``iat`` are seconds from the moment of the test."""
    times = {name: int(time.time()) + seconds for name, seconds in changes.items() if name in ("exp", "iat") and type(seconds) is int}
    with pytest.raises(party.SignInFailed):
        check(party, token(**changes | times))


def unsigned(header: dict[str, str], payload: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in (header, payload)]
    return ".".join([*parts, ""])


def test_a_token_that_the_provider_did_not_sign_signs_nobody_in(party: Any) -> None:
    head, body, signature = token().split(".")
    stranger = ECKey.generate_key("P-256", auto_kid=True)
    changed = base64.urlsafe_b64encode(json.dumps(claims(sub="person-2")).encode()).rstrip(b"=").decode()
    public_pem = KEY.as_pem(private=False)
    forged = [
        f"{head}.{changed}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.",
        f"{head}.{body}",
        "",
        "a.b.c",
        unsigned({"alg": "none"}, claims()),
        unsigned({"alg": "none", "kid": str(KEY.kid)}, claims()),
        jwt.encode({"alg": "ES256", "kid": stranger.kid}, claims(), stranger),
        jwt.encode({"alg": "ES256", "kid": KEY.kid}, claims(), stranger),
        jwt.encode({"alg": "ES256", "jwk": stranger.as_dict(private=False)}, claims(), stranger),
        jwt.encode({"alg": "HS256", "kid": KEY.kid}, claims(), OctKey.import_key(public_pem.replace(b"-----", b""))),
        jwt.encode({"alg": "RS256", "kid": KEY.kid}, claims(), RSAKey.generate_key(2048)),
        jws.serialize_compact({"alg": "ES256", "kid": KEY.kid}, b"no json", KEY),
    ]
    for value in forged:
        with pytest.raises(party.SignInFailed):
            check(party, value)


def test_another_access_token_does_not_go_with_it(party: Any) -> None:
    with pytest.raises(party.SignInFailed):
        party.check_id_token(token(), access_token="another", nonce=NONCE)


@pytest.fixture
def slow_provider(party: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A token endpoint that answers when it is let."""
    gate = threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            gate.wait(10)
            self.send_response(503)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    class Elsewhere:
        def __getattr__(self, name: str) -> Any:
            from toono.kernel.settings import settings

            return f"http://127.0.0.1:{server.server_port}" if name == "inner_base_url" else getattr(settings(), name)

    monkeypatch.setattr(party, "settings", Elsewhere)
    yield gate
    gate.set()
    server.shutdown()


def test_at_most_half_of_the_threads_wait_for_the_provider(party: Any, slow_provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else so many sign-ins at once as there are threads would wait for each other for ever."""
    monkeypatch.setattr(party, "WAIT_FOR_THREAD_SECONDS", 0.2)
    monkeypatch.setattr(party, "_free_threads", threading.BoundedSemaphore(2))
    question = party.Question.new("/")
    answers: list[str] = []

    def ask() -> None:
        try:
            party.identify(question, "code")
        except party.SignInBusy as busy:
            answers.append(str(busy))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        if len(answers) == 2:
            break
        time.sleep(0.02)
    assert len(answers) == 2 and all("half of the threads" in a for a in answers)
    slow_provider.set()
    for thread in threads:
        thread.join(10)
    assert sum("503" in a for a in answers) == 2


def test_a_provider_that_does_not_answer_in_time_is_told_as_busy(party: Any, slow_provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    monkeypatch.setattr(party, "_http", lambda: httpx.Client(timeout=0.2))
    with pytest.raises(party.SignInBusy):
        party.identify(party.Question.new("/"), "code")
