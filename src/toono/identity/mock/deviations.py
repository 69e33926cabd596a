"""Answers that are wrong on purpose: for the check of a client, and, once each, at the press of a button."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from toono.identity.domain.oidc.storage import ApprovalState
from toono.identity.mock.keys import Generations
from toono.identity.mock.memory import Memory
from toono.kernel.jose import base64url, from_base64url

Parameters = dict[str, str]
Claims = dict[str, Any]
OTHER_ISSUER = "https://other-provider.example"
BY_THE_MOCK = "made by the mock"


@dataclass(frozen=True, kw_only=True)
class Ping:
    """What tells a client that its person has answered (CIBA Core §10.2)."""

    address: str
    token: str
    auth_req_id: str
    false: bool = False
    """The client must not believe it."""


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """Where and how an answer differs from a right one. What is None stays as it is."""

    answer: Callable[[Parameters], Parameters] | None = None
    """What the browser brings back to the client."""
    id_token: Callable[[Generations, Claims], str] | None = None
    reply: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]] | None = None
    """Status and body of the token endpoint, in place of a good reply."""
    userinfo: Callable[[Claims], Claims] | None = None
    service: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] | None = None
    """ДАН's array."""
    expires: bool = False
    """The access token is over when it arrives."""
    rolls_key: bool = False
    """The key changes just before the id token is signed."""
    loses_reply: bool = False
    """The token endpoint does its work, and the connection breaks before the reply."""
    hands_over: bool = False
    """The browser is not sent back; the address is shown, to be opened in another browser."""
    signed_answer: Callable[[Generations, Claims], str] | None = None
    """An answer by JARM."""
    poll: Callable[[Memory, str], None] | None = None
    """What happens to a request that waits, under this digest, just before its client asks for it again."""
    loses_poll: bool = False
    """The client is told to wait, and the connection breaks before the reply."""
    early_pings: Callable[[Ping], list[Ping]] | None = None
    """What is sent before the person has answered, made of the right ping."""
    pings: Callable[[Ping], list[Ping]] | None = None
    """What is sent in place of the right ping."""
    refusal: tuple[str, str] | None = None
    """An endpoint (its name in :data:`~toono.identity.mock.endpoints.REFUSABLE`) that refuses, and its ``error``."""
    expires_push: bool = False
    """The pushed request is over when the browser comes with it."""
    registered: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    """The reply to a registration."""
    stranger: bool = False
    """Over TLS, a certificate that no authority of ours has signed."""


# -- the answer by the browser --------------------------------------------------------------------------------------


def changed(**values: str | None) -> Callable[[Parameters], Parameters]:
    """Parameters with these values; without those that are None."""
    return lambda found: {name: value for name, value in {**found, **values}.items() if value is not None}


def refused(error: str) -> Callable[[Parameters], Parameters]:
    """An error in place of the code."""
    return changed(code=None, error=error, error_description=BY_THE_MOCK)


def another_state(found: Parameters) -> Parameters:
    return found | {"state": secrets.token_urlsafe(24)}


# -- the id token ---------------------------------------------------------------------------------------------------


def claiming(change: Callable[[Claims], Claims]) -> Callable[[Generations, Claims], str]:
    """A token that is rightly signed and says something else."""
    return lambda keys, claims: keys.sign({k: v for k, v in {**claims, **change(claims)}.items() if v is not None}, "JWT")


def broken_signature(keys: Generations, claims: Claims) -> str:
    """One byte in the middle of the signature is another."""
    head, _, signature = keys.sign(claims, "JWT").rpartition(".")
    raw = bytearray(from_base64url(signature))
    raw[len(raw) // 2] ^= 1
    return f"{head}.{base64url(bytes(raw))}"


def _parts(header: Claims, claims: Claims) -> str:
    return ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))


def unsigned(keys: Generations, claims: Claims) -> str:
    """RFC 8725 §2.1: ``alg`` is ``none``."""
    return _parts({"alg": "none", "typ": "JWT", "kid": keys.current.kid}, claims) + "."


def signed_by_the_public_key(keys: Generations, claims: Claims) -> str:
    """RFC 8725 §2.1: the public key, which everybody has, taken for a shared secret. By hand, for no library does this any more."""
    text = _parts({"alg": "HS256", "typ": "JWT", "kid": keys.current.kid}, claims)
    return f"{text}.{base64url(hmac.digest(keys.current.as_pem(private=False), text.encode(), 'sha256'))}"


def signed_by_a_stranger(keys: Generations, claims: Claims) -> str:
    """Another key, under a ``kid`` that JWKS never shows."""
    return keys.sign(claims, "JWT", keys.stranger)


def expired(claims: Claims) -> Claims:
    return {"iat": claims["iat"] - 7200, "exp": claims["iat"] - 3600, "auth_time": claims["auth_time"] - 7200}


def expired_answer(claims: Claims) -> Claims:
    return {"exp": claims["exp"] - 7200}


# -- replies to the client ------------------------------------------------------------------------------------------


def token_refused(_: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return 400, {"error": "invalid_grant", "error_description": BY_THE_MOCK}


def another_subject(claims: Claims) -> Claims:
    return claims | {"sub": secrets.token_urlsafe(16)}


def another_sequence(array: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was asked for stands elsewhere: backwards, and behind an element that nobody asked for."""
    head, *rest = array
    foreign = {"services": {}, "wsdl": "https://xyp.gov.mn/meta-1.5.0/ws?WSDL"}
    return [head, foreign, *reversed(rest)]


def registers_away(array: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every operation with a result code and no data."""
    head, *rest = array
    away = {"response": None, "resultCode": 801, "resultMessage": "мэдээллийн сан холбогдоогүй байна"}
    return [head, *({**one, "services": {name: {**found, **away} for name, found in one["services"].items()}} for one in rest)]


# -- requests that are answered elsewhere ---------------------------------------------------------------------------


def too_soon(memory: Memory, digest: str) -> None:
    """``slow_down``: whenever it is asked, it was too soon."""
    memory.hasten_approval(digest)


def over(memory: Memory, digest: str) -> None:
    """``expired_token``."""
    memory.expire_approval(digest)


def said_no(memory: Memory, digest: str) -> None:
    """``access_denied``."""
    memory.answer_approval(digest, ApprovalState.REFUSED)


def used_up(memory: Memory, digest: str) -> None:
    """``invalid_grant``: as if somebody else had redeemed it."""
    memory.answer_approval(digest, ApprovalState.USED)


def by_another(right: Ping) -> list[Ping]:
    """CIBA Core §10.2: the token is not the one that the client gave."""
    return [replace(right, token=secrets.token_urlsafe(32), false=True)]


def of_another_request(right: Ping) -> list[Ping]:
    return [replace(right, auth_req_id=secrets.token_urlsafe(32), false=True)]


def twice(right: Ping) -> list[Ping]:
    return [right, right]


def none(_: Ping) -> list[Ping]:
    return []


# -- registration ---------------------------------------------------------------------------------------------------


def without_a_name(reply: dict[str, Any]) -> dict[str, Any]:
    """RFC 7591 §3.2.1: ``client_id`` is required."""
    return {name: value for name, value in reply.items() if name != "client_id"}
