"""The portal as a relying party of the platform's own OpenID Provider: OpenID Connect Core 1.0 §3.1, RFC 7636, RFC 9207.

It speaks to the provider over real HTTP and believes nothing that it has not checked itself, so the provider can move to another
process, machine or vendor without a change here. While both are one process, a sign-in holds one thread and waits for another;
:data:`_free_threads` keeps half of them free, so that threads that wait can never use up the threads they wait for.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from toono.channels.errors import SignInBusy, SignInFailed
from toono.kernel.clock import now
from toono.kernel.jose import base64url
from toono.kernel.settings import settings

CLIENT_ID = "portal"
ALGORITHM = "ES256"
WAIT_FOR_THREAD_SECONDS = 3.0
CALL_SECONDS = 6.0
KEYS_KEPT_SECONDS = 600.0
KEYS_ASKED_AGAIN_SECONDS = 10.0
CLOCK_SKEW_SECONDS = 5

_free_threads = threading.BoundedSemaphore(max(settings().web_threads // 2, 1))


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the portal asked; kept in its session under ``state`` until the answer comes."""

    state: str
    nonce: str
    verifier: str
    next: str

    @staticmethod
    def new(next_path: str) -> Question:
        return Question(
            state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48), next=next_path
        )


@dataclass(frozen=True, kw_only=True)
class Identified:
    """Who signed in, proven by an id token."""

    person_id: str
    session_id: str
    auth_time: int


def redirect_uri() -> str:
    return settings().base_url + "/callback"


def authorization_url(question: Question) -> str:
    """Where to send the browser."""
    challenge = base64url(hashlib.sha256(question.verifier.encode()).digest())
    parameters = {
        "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": redirect_uri(), "scope": "openid", "state": question.state,
        "nonce": question.nonce, "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    return f"{settings().base_url}/oidc/authorize?{urlencode(parameters)}"


def identify(question: Question, code: str) -> Identified:
    """Exchange the code and check what comes back.

    :raises SignInFailed: refused, or not genuine.
    :raises SignInBusy: no answer; signing in again may succeed.
    """
    tokens = _exchange(question, code)
    id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
    if not isinstance(id_token, str) or not isinstance(access_token, str) or str(tokens.get("token_type")).lower() != "bearer":
        raise SignInFailed("the token answer is incomplete")
    claims = check_id_token(id_token, access_token=access_token, nonce=question.nonce)
    return Identified(person_id=claims["sub"], session_id=claims["sid"], auth_time=claims["auth_time"])


# -- the provider over HTTP -----------------------------------------------------------------------------------


@cache
def _http() -> httpx.Client:
    """One client for all threads; made in the worker process, after any fork."""
    return httpx.Client(timeout=CALL_SECONDS, follow_redirects=False, limits=httpx.Limits(max_connections=settings().web_threads))


@contextmanager
def _thread_to_wait_with() -> Iterator[None]:
    if not _free_threads.acquire(timeout=WAIT_FOR_THREAD_SECONDS):
        raise SignInBusy("half of the threads wait for the provider already")
    try:
        yield
    except httpx.HTTPError as error:
        raise SignInBusy(f"the provider does not answer: {error!r}") from error
    finally:
        _free_threads.release()


def _exchange(question: Question, code: str) -> dict[str, Any]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri(), "code_verifier": question.verifier}
    # RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
    basic = httpx.BasicAuth(quote_plus(CLIENT_ID), quote_plus(settings().secret("portal_client_secret")))
    with _thread_to_wait_with():
        answer = _http().post(settings().inner_base_url + "/oidc/token", data=form, auth=basic)
    if answer.status_code >= 500:
        raise SignInBusy(f"the token endpoint answers {answer.status_code}")
    return _json(answer)


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if answer.status_code != 200 or not isinstance(found, dict):
        error = found.get("error") if isinstance(found, dict) else None
        raise SignInFailed(f"the provider answers {answer.status_code} {error}")
    return found


class _Keys:
    """The provider's public keys, kept for ten minutes; asked again at an unknown key id, but not more than every ten seconds."""

    def __init__(self) -> None:
        self._lock, self._keys, self._fetched = threading.Lock(), None, 0.0  # type: tuple[threading.Lock, KeySet | None, float]

    def get(self, *, unknown_key: bool = False) -> KeySet:
        age = time.monotonic() - self._fetched
        if self._keys is None or age > (KEYS_ASKED_AGAIN_SECONDS if unknown_key else KEYS_KEPT_SECONDS):
            with _thread_to_wait_with():
                found = _json(_http().get(settings().inner_base_url + "/oidc/jwks"))
            with self._lock:
                self._keys, self._fetched = KeySet.import_key_set(found), time.monotonic()  # type: ignore[arg-type]
        return self._keys


_keys = _Keys()


# -- the id token ---------------------------------------------------------------------------------------------


def check_id_token(token: str, *, access_token: str, nonce: str) -> dict[str, Any]:
    """The claims of a genuine id token for this portal, this question and this access token (Core §3.1.3.7, §3.1.3.8).

    :raises SignInFailed: anything is amiss.
    """
    claims = _verified(token)
    moment = int(now().timestamp())
    digest = base64url(hashlib.sha256(access_token.encode()).digest()[:16])
    checks = {
        "iss": claims.get("iss") == settings().base_url,
        "aud": claims.get("aud") in (CLIENT_ID, [CLIENT_ID]) and claims.get("azp") in (None, CLIENT_ID),
        "exp": _is_time(claims.get("exp")) and claims["exp"] > moment - CLOCK_SKEW_SECONDS,
        "iat": _is_time(claims.get("iat")) and claims["iat"] <= moment + CLOCK_SKEW_SECONDS,
        "nonce": hmac.compare_digest(str(claims.get("nonce")), nonce),
        "at_hash": claims.get("at_hash") == digest,
        "sub": isinstance(claims.get("sub"), str),
        "sid": isinstance(claims.get("sid"), str),
        "auth_time": _is_time(claims.get("auth_time")),
        "acr": claims.get("acr") == "substantial",
    }
    failed = [name for name, good in checks.items() if not good]
    if failed:
        raise SignInFailed(f"id token: {', '.join(failed)}")
    return claims


def _is_time(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _verified(token: str) -> dict[str, Any]:
    """One algorithm only, so that neither ``none`` nor a symmetric one can be put in its place."""
    try:
        try:
            decoded = jwt.decode(token, _keys.get(), algorithms=[ALGORITHM])
        except (InvalidKeyIdError, ValueError):
            decoded = jwt.decode(token, _keys.get(unknown_key=True), algorithms=[ALGORITHM])
    except (JoseError, ValueError) as error:
        raise SignInFailed(f"id token: {error!r}") from error
    return dict(decoded.claims)
