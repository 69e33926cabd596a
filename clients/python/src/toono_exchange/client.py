"""The client: one call is as many attempts as are safe, at as many gateways as there are, until its deadline."""

from __future__ import annotations

import json
import random
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from toono_exchange.errors import ExchangeError, Outcome, Refused, Unavailable, Untrusted
from toono_exchange.signing import Key

_WITH_KEY = frozenset({"POST", "PATCH"})
"""May do something each time, so that they go under a key; every other method may be repeated as it is (RFC 9110 §9.2.2)."""
_TOKEN_AGAIN = frozenset({"token_expired", "token_unknown", "token_of_another_key"})
_LATER = frozenset({409, 429, 502, 503, 504})
_TOKEN_MARGIN_SECONDS = 30.0
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_PAUSE_SECONDS = (0.1, 5.0)
"""First and longest pause between attempts; it doubles, and a part of it is left to chance so that many clients do not come back together."""
_IDLE_SECONDS = 3.0
"""A gateway closes a connection that is silent for five: one that is nearly so old is not used again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the register answered, whatever its status."""

    status: int
    headers: httpx.Headers
    content: bytes
    attempts: int
    """How often the call was sent."""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def message_id(self) -> str:
        """By which the exchange knows the call."""
        return str(self.headers.get("toono-message-id", ""))

    @property
    def receipt(self) -> str:
        """SHA-512 of the request (base64), as the person sees it who was read."""
        return str(self.headers.get("toono-receipt", ""))

    @property
    def replayed(self) -> bool:
        """Whether it was answered before under the same idempotency key."""
        return bool(self.headers.get("idempotency-replayed") == "true")

    @property
    def warnings(self) -> list[str]:
        """Why the exchange may soon not answer any more: tell its operator."""
        return self.headers.get_list("toono-warning")

    def json(self) -> Any:
        """The content, read as JSON."""
        return json.loads(self.content)


class _Token(NamedTuple):
    text: str
    good_until: float


class Client:
    """A system of the exchange. May be used from many threads."""

    def __init__(
        self, urls: Sequence[str], *, system: str, key: str | Path | EllipticCurvePrivateKey, key_id: str, trust: str | Path | None = None, address: str | None = None,
        timeout: float = 65.0, connect_timeout: float = 3.0, attempts: int = 6, clock: Callable[[], float] = time.time, transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        """
        :param urls: gateways, the preferred one first.
        :param system: ``INSTANCE/CLASS/MEMBER/SYSTEM``.
        :param key: private key on P-256, or its PEM file.
        :param trust: PEM file of the authority that alone is believed; needed for ``https``.
        :param address: address under which the gateways are known, and which is signed; None: each by its own.
        :param timeout: seconds for one attempt; the exchange itself waits for a register for 60 at most.
        :param attempts: most attempts of one call.
        :param clock: seconds since 1970.
        :raises ValueError: no gateway, or one by https without an authority.
        """
        self._urls = [url.rstrip("/") for url in urls]
        if not self._urls:
            raise ValueError("at least one gateway is needed")
        if trust is None and any(url.startswith("https:") for url in self._urls):
            raise ValueError("name the authority of the gateways: trust=…")
        self.system = system
        self._key = Key(key, key_id) if isinstance(key, EllipticCurvePrivateKey) else Key.load(key, key_id)
        self._address, self._clock = address.rstrip("/") if address else None, clock
        self._http = httpx.Client(
            verify=_only(trust),
            timeout=httpx.Timeout(timeout, connect=connect_timeout),
            limits=httpx.Limits(keepalive_expiry=_IDLE_SECONDS),
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )
        self._attempts = attempts
        self._tokens: dict[str, _Token] = {}
        self._lock = threading.Lock()
        self._preferred = 0

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # -- what one asks for ---------------------------------------------------------------------------------------------

    def call(
        self, service: str, path: str, *, purpose: str, method: str = "GET", case: str | None = None, subject: str | None = None, user: str | None = None,
        authentication: str | None = None, message_id: str | None = None, idempotency_key: str | None = None, body: Any = None, content: bytes | None = None,
        content_type: str | None = None, deadline: float = 70.0,
    ) -> Answer:  # fmt: skip
        """Call ``service`` (``INSTANCE/CLASS/MEMBER/SYSTEM/SERVICE``).

        :param path: path with query below the service's address, percent-encoded.
        :param body: sent as JSON; or give ``content`` and ``content_type``.
        :param idempotency_key: under which the call is done once; made for POST and PATCH if there is none.
        :param deadline: seconds after which no further attempt is begun.
        :raises Refused: the exchange does not do this call.
        :raises Unavailable: no answer until the deadline.
        :raises Untrusted: what answers is not a gateway.
        """
        if idempotency_key is None and method in _WITH_KEY:
            idempotency_key = str(uuid4())
        named = {
            "toono-purpose": purpose, "toono-case": case, "toono-subject": subject, "toono-user": user, "toono-authentication": authentication,
            "toono-message-id": message_id, "idempotency-key": f'"{idempotency_key}"' if idempotency_key is not None else None,
        }  # fmt: skip
        headers = {name: value for name, value in named.items() if value is not None}
        if body is not None:
            content, content_type = json.dumps(body, ensure_ascii=False).encode(), "application/json"
        return self._ask(method, f"/v1/{_quoted(service)}{path}", headers, content, content_type, deadline=deadline)

    def services(self, *, deadline: float = 20.0) -> list[dict[str, Any]]:
        """What this system may call, with its agreements and what is left of their quotas.

        :raises ExchangeError: see :meth:`call`.
        """
        found = self._ask("GET", "/v1/listServices", {}, None, None, deadline=deadline)
        services: list[dict[str, Any]] = found.json()["services"]
        return services

    def evidence(self, message_id: str, *, stamp_now: bool = False, deadline: float = 30.0) -> bytes:
        """The signed messages of an own call: a ZIP of containers that ``toono exchange verify`` explains.

        :param stamp_now: do not wait for the next time-stamp; they come once a minute.
        :raises Refused: the exchange knows no such message of this system.
        :raises Unavailable: ``not_stamped_yet``: come again in a minute.
        """
        path = f"/v1/messages/{quote(message_id, safe='')}/evidence{'?force' if stamp_now else ''}"
        return self._ask("GET", path, {}, None, None, deadline=deadline).content

    def outcomes(self, message_id: str, *, deadline: float = 20.0) -> list[dict[str, Any]]:
        """What became of the own calls under a message id, oldest first; ``state`` of each is ``answered``, ``not_done``, ``unknown`` or ``running``.

        :raises Refused: the exchange knows no such call of this system: it was not done.
        """
        found = self._ask("GET", f"/v1/messages/{quote(message_id, safe='')}", {}, None, None, deadline=deadline)
        calls: list[dict[str, Any]] = found.json()["calls"]
        return calls

    # -- attempts ------------------------------------------------------------------------------------------------------

    def _ask(
        self, method: str, path: str, headers: dict[str, str], content: bytes | None, content_type: str | None, *, deadline: float
    ) -> Answer:
        ends = time.monotonic() + deadline
        pause, longest = _PAUSE_SECONDS
        gateway, attempt, sent_before = self._preferred, 0, False
        while True:
            attempt += 1
            url = self._urls[gateway % len(self._urls)]
            try:
                answer = self._attempt(url, method, path, headers, content, content_type, attempt)
                self._preferred = gateway % len(self._urls)
                return answer
            except Refused as error:
                if sent_before and error.outcome == "not_done":
                    error.outcome = "unknown"  # this attempt did nothing; the one before may have
                raise
            except _Again as again:
                sent_before = sent_before or again.error.outcome == "unknown"
                wait = again.after if again.after is not None else pause * (0.5 + random.random() / 2)  # noqa: S311 - not a secret
                last = attempt >= self._attempts or time.monotonic() + wait >= ends
                if last:
                    if sent_before:
                        again.error.outcome = "unknown"
                    raise again.error from again.cause
                if again.next_gateway:
                    gateway += 1
                if again.after is not None or not again.next_gateway or (gateway - self._preferred) % len(self._urls) == 0:
                    time.sleep(wait)  # each gateway was tried, or this one said when to come
                    pause = min(pause * 2, longest)

    def _attempt(
        self, url: str, method: str, path: str, headers: dict[str, str], content: bytes | None, content_type: str | None, attempt: int
    ) -> Answer:
        got = self._send(url, method, path, headers, content, content_type, fresh_token=False)
        if got.headers.get("toono-error") in _TOKEN_AGAIN:
            got = self._send(url, method, path, headers, content, content_type, fresh_token=True)
        if "toono-error" not in got.headers:
            return Answer(got.status_code, got.headers, got.content, attempt)
        raise _problem(got)

    def _send(
        self,
        url: str,
        method: str,
        path: str,
        headers: dict[str, str],
        content: bytes | None,
        content_type: str | None,
        *,
        fresh_token: bool,
    ) -> httpx.Response:
        signed = {"authorization": f"Bearer {self._token(url, fresh=fresh_token)}", **headers}
        target = f"{self._address or url}{path}"
        more = self._key.signature_headers(method, target, signed, content, now=self._clock())
        kind = {"content-type": content_type} if content_type is not None else {}
        # What was signed is what is sent: the address is not written anew by anybody on the way.
        raw = [(name.encode(), value.encode()) for name, value in {**kind, **signed, **more}.items()]
        request = self._http.build_request(method, f"{url}{path}", headers=raw, content=content)
        request.url = _exact(url, path)
        return _carried(lambda: self._http.send(request))

    def _token(self, url: str, *, fresh: bool) -> str:
        """An access token; all gateways take each other's, so one is enough where they share an address."""
        issuer = self._address or url
        with self._lock:
            found = self._tokens.get(issuer)
        if found is not None and not fresh and found.good_until > time.monotonic():
            return found.text
        form = {
            "grant_type": "client_credentials", "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._key.assertion(self.system, f"{issuer}/oauth/token", now=self._clock()),
        }  # fmt: skip
        got = _carried(lambda: self._http.post(f"{url}/oauth/token", data=form), sent_may_act=False)
        if got.status_code >= 500 or got.status_code == 429:
            raise _Again(
                Unavailable("token_unavailable", f"{url} gives no access token now.", status=got.status_code), after=_retry_after(got)
            )
        try:
            document = got.json()
        except ValueError:
            document = {}
        if got.status_code != 200 or "access_token" not in document:
            raise Refused(
                str(document.get("error", "no_token")),
                str(document.get("error_description", "No access token was given.")),
                status=got.status_code,
                document=document,
            )
        text = str(document["access_token"])
        with self._lock:
            self._tokens[issuer] = _Token(text, time.monotonic() + float(document["expires_in"]) - _TOKEN_MARGIN_SECONDS)
        return text


class _Again(Exception):
    """An attempt came to nothing, but a further one may not."""

    def __init__(
        self, error: ExchangeError, *, after: float | None = None, next_gateway: bool = True, cause: Exception | None = None
    ) -> None:
        super().__init__(str(error))
        self.error, self.after, self.next_gateway, self.cause = error, after, next_gateway, cause


def _carried(send: Callable[[], httpx.Response], *, sent_may_act: bool = True) -> httpx.Response:
    """The answer of one gateway.

    :raises _Again: it could not be reached, or its answer did not come.
    :raises Untrusted: its certificate is another authority's.
    """
    try:
        return send()
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        if isinstance(_root(error), ssl.SSLCertVerificationError):
            raise Untrusted("untrusted_gateway", f"What answers is not a gateway of this exchange: {error}") from error
        raise _Again(Unavailable("gateway_unreachable", str(error) or type(error).__name__), cause=error) from error
    except httpx.TransportError as error:
        outcome: Outcome = "unknown" if sent_may_act else "not_done"
        raise _Again(Unavailable("connection_broken", str(error) or type(error).__name__, outcome=outcome), cause=error) from error


def _root(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _problem(got: httpx.Response) -> Exception:
    """What a problem document of the exchange means: refused for good, or come again."""
    try:
        document = got.json()
    except ValueError:
        document = {}
    code = str(document.get("code", got.headers.get("toono-error", "")))
    outcome: Outcome = "not_done" if document.get("outcome") == "not_done" else "unknown"
    detail = str(document.get("detail", f"The exchange answered {got.status_code}."))
    if got.status_code not in _LATER or code == "idempotency_reused":
        return Refused(code, detail, outcome=outcome, status=got.status_code, document=document)
    after = _retry_after(got)
    error = Unavailable(code, detail, outcome=outcome, status=got.status_code, document=document)
    if code == "idempotency_unknown":
        return error  # a gateway failed during the call: it will stay so
    if got.status_code in (502, 504) and not str(document.get("xroad_type", "")).endswith(".network_error"):
        return error  # the register answers, but nothing that may be passed on: it will do so again
    return _Again(error, after=after, next_gateway=got.status_code == 503 and after is None)


def _retry_after(got: httpx.Response) -> float | None:
    value = got.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None


def _quoted(service: str) -> str:
    return "/".join(quote(part, safe="'()+,-.=") for part in service.split("/"))


def _exact(url: str, path: str) -> httpx.URL:
    """``url`` and ``path`` with the path and query exactly as given: httpx would write some characters in another way, and the signature would not match."""
    base = httpx.URL(url)
    prefix = base.raw_path.decode().rstrip("/")
    return base.copy_with(raw_path=(prefix + path).encode("ascii"))


def _only(trust: str | Path | None) -> ssl.SSLContext | bool:
    """Trust in one authority and in nobody else, not even in those of the machine."""
    if trust is None:
        return True  # plain http, see Client: nobody is asked
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=str(trust))
    return context
