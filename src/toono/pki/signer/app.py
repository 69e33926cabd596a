"""The signer: the only process that reaches private keys. Others ask it over a Unix socket.

=========================  ==================================================  ======================================
``POST /sign``             ``{"key": label, "digests": [base64, …]}``          ``{"signatures": [base64, …]}``
``POST /sign-each``        ``{"wanted": [{"key": …, "digests": […]}, …]}``     ``{"answers": [as of /sign, or a problem, …]}``
``POST /keys``             ``{"key": label, "kind": "P-256" … "RSA-3072"}``    ``{"key": label, "public_key": PEM}``
``GET /keys/<label>``                                                          ``{"key": label, "public_key": PEM}``
``POST /codes``            ``{"id": UUID, "key": …, "confirms": text,          ``{"code": six digits}``
                           "number": text}``
``POST /codes/entered``    ``{"id": UUID, "key": …, "code": six digits}``      ``{"verdict": "right" | "wrong" …}``
``POST /codes/number``     ``{"key": …, "number": text}``                      ``{"usable_from": time | null}``
``POST /activations``      ``{"id": UUID, "key": …, "digests": […],            ``{"id": UUID}``
                           "seconds": 1…600, "proof": {…}}``
``POST /activations/end``  ``{"id": UUID, "key": …}``                          ``{"id": UUID}``
``POST /activations/…``    ``…/state``, ``{"id": UUID, "key": …}``             ``{"granted": true | false}``
``GET /health``            no token                                            ``{"status": "ok", "store": "file"}``
=========================  ==================================================  ======================================

Keys of natural persons (``activations.py``) sign only with ``"activation": UUID`` beside ``key`` and ``digests`` in ``POST /sign``. An activation is
granted only on a ``proof``: a code that the signer drew for this holder and this very content, and that was typed in (``codes.py``, ``proofs.py``).

``Authorization: Bearer <token>`` says which process asks; ``rights.py`` what it may. A refusal is a problem document
(RFC 9457) and one line of JSON in the log. Only labels, counts and reasons are logged, never digests or tokens.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Set
from functools import cache
from typing import Any, NoReturn

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from toono.kernel.clock import now
from toono.kernel.settings import SettingsError, settings
from toono.pki.signer.activations import IDENTIFIER, LONGEST_SECONDS, MOST_DIGESTS, Activations, Refused, needs_activation
from toono.pki.signer.codes import CODE, CONFIRMS, CodeRefused, Codes, derived_secret
from toono.pki.signer.proofs import NotProven, holder_of, prove
from toono.pki.signer.rights import CLIENTS, Tokens, Verb, may
from toono.pki.signer.stores import HASHES, KINDS, LABEL, KeyStore, NoSuchKey, OtherKind, PublicKey, StoreFault

BODY_LIMIT_BYTES = 256 * 1024
BATCH_LIMIT = 1000
TURN, RSA_TURN = 32, 1
"""Digests signed by an EC and by an RSA key before other requests get a turn: a big batch delays nobody by more than a few milliseconds."""

_CODE_MEMBERS: dict[str, frozenset[str]] = {
    "/codes": frozenset({"id", "key", "confirms", "number"}),
    "/codes/entered": frozenset({"id", "key", "code"}),
    "/codes/number": frozenset({"key", "number"}),
}

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = dict[str, Any]

log = logging.getLogger("toono.signer")


class Refusal(Exception):
    """A request that is answered no."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


def open_store() -> KeyStore:
    """The store that the settings name."""
    s = settings()
    if s.key_store == "file":
        from toono.pki.signer.stores.file import FileStore

        return FileStore(s.home / "keys", s.passphrase)
    from toono.pki.signer.stores.pkcs11 import Pkcs11Store

    return Pkcs11Store(s.pkcs11_module, s.pkcs11_token, s.passphrase, s.socket_folder / "key-generation.lock")


def read_tokens() -> Tokens:
    """The clients' tokens as the first start made them."""
    return Tokens({client: settings().secret(f"signer_token_{client}") for client in CLIENTS})


class Signer:
    """The ASGI application around one store, one table of tokens, the activations and the codes; without these two no person's key signs."""

    def __init__(self, store: KeyStore, tokens: Tokens, activations: Activations | None = None, codes: Codes | None = None) -> None:
        self._store, self._tokens, self._activations, self._codes = store, tokens, activations, codes

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        note: dict[str, Any] = {"method": scope["method"], "path": scope["path"][:200]}
        try:
            status, answer = 200, await self._answer(scope, receive, note)
        except Refusal as refusal:
            status, answer = refusal.status, _problem(refusal)
            _note_refused(refusal, note)
        except StoreFault as fault:
            status, answer = 503, _problem(Refusal(503, "store_fault", "The key store fails; see the signer's log."))
            log.error(json.dumps({"event": "store_fault", "detail": str(fault), **note}))
        await _send(send, status, answer)

    async def _answer(self, scope: dict[str, Any], receive: Receive, note: dict[str, Any]) -> Answer:
        method, path = scope["method"], scope["path"]
        if (method, path) == ("GET", "/health"):
            return {"status": "ok", "store": self._store.name}
        client = note["client"] = self._client(scope)
        if (method, path) == ("POST", "/sign"):
            return await self._sign(client, _object(await _body(receive), {"key", "digests"}, {"activation"}), note)
        if (method, path) == ("POST", "/sign-each"):
            return await self._sign_each(client, _object(await _body(receive), {"wanted"}), note)
        if (method, path) == ("POST", "/keys"):
            return self._generate(client, _object(await _body(receive), {"key", "kind"}), note)
        if method == "POST" and path in ("/activations", "/activations/end", "/activations/state"):
            members = {"id", "key", "digests", "seconds", "proof"} if path == "/activations" else {"id", "key"}
            return self._activate(client, path, _object(await _body(receive), members), note)
        if method == "POST" and path in _CODE_MEMBERS:
            return self._code(client, path, _object(await _body(receive), set(_CODE_MEMBERS[path])), note)
        if method == "GET" and path.startswith("/keys/"):
            return self._public(client, path.removeprefix("/keys/"), note)
        raise Refusal(404, "no_such_operation", f"There is no {method} {path[:100]}.")

    def _client(self, scope: dict[str, Any]) -> str:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"").decode("latin-1")
        scheme, _, token = given.partition(" ")
        client = self._tokens.client(token) if scheme.lower() == "bearer" else None
        return client or _refuse(401, "unknown_client", "The bearer token is missing or unknown.")

    async def _sign(self, client: str, asked: dict[str, Any], note: dict[str, Any]) -> Answer:
        label = _permitted(client, Verb.SIGN, asked["key"], note)
        digests = _digests(asked["digests"])
        note["count"] = len(digests)
        if needs_activation(label):
            return _signatures(self._sign_activated(asked.get("activation"), label, digests))
        if "activation" in asked:
            _refuse(400, "body_malformed", f"The key «{label}» needs no activation.")
        signatures: list[bytes] = []
        try:
            turn = _turn(self._store.public_key(label))
            for start in range(0, len(digests), turn):
                part = digests[start : start + turn]
                signatures += self._store.sign(label, part)
                if len(part) == turn:
                    await asyncio.sleep(0)
        except NoSuchKey:
            _refuse(404, "key_unknown", f"There is no key «{label}».")
        return _signatures(signatures)

    def _sign_activated(self, given: object, label: str, digests: list[bytes]) -> list[bytes]:
        if given is None or self._activations is None:
            _refuse(403, "activation_missing", f"The key «{label}» signs only what its holder has confirmed.")
        try:
            return self._activations.sign(_identifier(given), label, digests, lambda wanted: self._store.sign(label, wanted))
        except NoSuchKey:
            _refuse(404, "key_unknown", f"There is no key «{label}».")
        except Refused as refused:
            _refuse(403, str(refused), "The activation does not allow this.")

    def _activate(self, client: str, path: str, asked: dict[str, Any], note: dict[str, Any]) -> Answer:
        """Grant an activation, end it, or say whether it stands."""
        grants = path == "/activations"
        label = _permitted(client, Verb.ACTIVATE if grants else Verb.READ, asked["key"], note)
        identifier = _identifier(asked["id"])
        if self._activations is None or not needs_activation(label):
            _refuse(400, "no_activation", f"The key «{label}» needs no activation.")
        if path == "/activations/state":
            return {"granted": self._activations.granted(identifier, label)}
        try:
            if grants:
                digests, seconds = _bounds(asked)
                self._prove(identifier, label, digests, asked)
                self._activations.grant(identifier, label, digests, seconds)
            else:
                self._activations.end(identifier)
        except Refused as refused:
            _refuse(409, str(refused), "There is another activation of this name.")
        log.info(json.dumps({"event": "activation", "id": identifier, **note}))
        return {"id": identifier}

    def _prove(self, identifier: str, label: str, digests: list[bytes], asked: dict[str, Any]) -> None:
        """What is let loose is what the key's own holder confirmed by a code of this signer: not the word of whoever asks."""
        if self._codes is None:
            _refuse(403, "code_missing", "This signer draws no codes.")
        try:
            prove(self._codes, activation=identifier, key=label, digests=digests, proof=asked["proof"])
        except NotProven as reason:
            _refuse(403, str(reason), "No code of this holder confirms this.")

    def _code(self, client: str, path: str, asked: dict[str, Any], note: dict[str, Any]) -> Answer:
        """Draw a code for the phone, check what was typed, or say whether a number gets codes."""
        verb = {"/codes": Verb.ACTIVATE, "/codes/entered": Verb.SIGN}.get(path, Verb.READ)
        label = _permitted(client, verb, asked["key"], note)
        if self._codes is None or not needs_activation(label):
            _refuse(400, "no_activation", f"The key «{label}» needs no code.")
        try:
            holder = holder_of(label)
        except NotProven as reason:
            _refuse(400, str(reason), f"The key «{label}» is of nobody.")
        identifier = _identifier(asked["id"]) if "id" in asked else ""
        if path == "/codes/number":
            usable_from = self._codes.usable_from(holder, _text_of(asked["number"]))
            return {"usable_from": usable_from.isoformat() if usable_from else None}
        if path == "/codes/entered":
            verdict = self._codes.enter(identifier, holder, _matching(CODE, asked["code"]))
            log.info(json.dumps({"event": "code_entered", "id": identifier, "verdict": verdict.value, **note}))
            return {"verdict": verdict.value}
        try:
            drawn = self._codes.draw(identifier, holder, _matching(CONFIRMS, asked["confirms"]), _text_of(asked["number"]))
        except CodeRefused as refused:
            _refuse(409, str(refused), "No code is drawn for this holder now.")
        log.info(json.dumps({"event": "code_drawn", "id": identifier, **note}))
        return {"code": drawn}

    async def _sign_each(self, client: str, asked: dict[str, Any], note: dict[str, Any]) -> Answer:
        """Several keys in one request; what is refused of one says nothing of the others."""
        wanted = asked["wanted"]
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= BATCH_LIMIT:
            _refuse(400, "batch_malformed", f"wanted must be a list of 1 to {BATCH_LIMIT} objects.")
        answers: list[Answer] = []
        for one in wanted:
            own = dict(note)
            try:
                answers.append(await self._sign(client, _members(one, {"key", "digests"}), own))
            except Refusal as refusal:
                answers.append(_problem(refusal))
                _note_refused(refusal, own)
        note["count"] = len(answers)
        return {"answers": answers}

    def _generate(self, client: str, asked: dict[str, Any], note: dict[str, Any]) -> Answer:
        label = _permitted(client, Verb.GENERATE, asked["key"], note)
        if asked["kind"] not in KINDS:
            _refuse(400, "kind_unknown", f"The kind must be one of {', '.join(KINDS)}.")
        try:
            public = self._store.generate(label, asked["kind"])
        except OtherKind:
            _refuse(409, "other_kind", f"The key «{label}» exists and is of another kind.")
        return _key_answer(label, public)

    def _public(self, client: str, label: str, note: dict[str, Any]) -> Answer:
        label = _permitted(client, Verb.READ, label, note)
        try:
            return _key_answer(label, self._store.public_key(label))
        except NoSuchKey:
            _refuse(404, "key_unknown", f"There is no key «{label}».")


def _note_refused(refusal: Refusal, note: dict[str, Any]) -> None:
    log.warning(json.dumps({"event": "refused", "code": refusal.code, **note}, ensure_ascii=True))


def _refuse(status: int, code: str, detail: str) -> NoReturn:
    raise Refusal(status, code, detail)


def _permitted(client: str, verb: Verb, label: object, note: dict[str, Any]) -> str:
    if not isinstance(label, str) or not LABEL.fullmatch(label):
        _refuse(400, "label_malformed", "The key's label is malformed.")
    note["key"], note["verb"] = label, verb.value
    if not may(client, verb, label):
        _refuse(403, "not_permitted", f"«{client}» may not {verb.value} with «{label}».")
    return label


def _digests(given: object) -> list[bytes]:
    if not isinstance(given, list) or not 1 <= len(given) <= BATCH_LIMIT:
        _refuse(400, "batch_malformed", f"digests must be a list of 1 to {BATCH_LIMIT} texts.")
    try:
        digests = [b64decode(text, validate=True) for text in given]
    except (ValueError, TypeError):
        _refuse(400, "digest_malformed", "A digest is not base64.")
    if not all(len(digest) in HASHES for digest in digests):
        _refuse(400, "digest_malformed", "A digest must have 32, 48 or 64 bytes.")
    return digests


def _identifier(given: object) -> str:
    if not isinstance(given, str) or not IDENTIFIER.fullmatch(given):
        _refuse(400, "activation_malformed", "An activation is named by a UUID in lower case.")
    return given


def _matching(pattern: re.Pattern[str], given: object) -> str:
    if not isinstance(given, str) or not pattern.fullmatch(given):
        _refuse(400, "body_malformed", "A text of the body has not the shape that it must have.")
    return given


def _text_of(given: object) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= 40:
        _refuse(400, "body_malformed", "A number is a text of 1 to 40 characters.")
    return given


def _bounds(asked: dict[str, Any]) -> tuple[list[bytes], int]:
    digests, seconds = _digests(asked["digests"]), asked["seconds"]
    if len(digests) > MOST_DIGESTS:
        _refuse(400, "batch_malformed", f"An activation names at most {MOST_DIGESTS} digests.")
    if type(seconds) is not int or not 1 <= seconds <= LONGEST_SECONDS:
        _refuse(400, "activation_malformed", f"An activation lasts 1 to {LONGEST_SECONDS} seconds.")
    return digests, seconds


def _signatures(made: list[bytes]) -> Answer:
    return {"signatures": [b64encode(signature).decode() for signature in made]}


def _object(body: bytes, members: set[str], may: Set[str] = frozenset()) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        _refuse(400, "body_malformed", "The body is not JSON.")
    return _members(value, members, may)


def _members(value: object, members: set[str], may: Set[str] = frozenset()) -> dict[str, Any]:
    if not isinstance(value, dict) or not members <= value.keys() <= members | set(may):
        _refuse(400, "body_malformed", f"The body must be an object of exactly {', '.join(sorted(members))}.")
    return value


async def _body(receive: Receive) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            _refuse(400, "body_malformed", "The request ended early.")
        part = message.get("body", b"")
        size += len(part)
        if size > BODY_LIMIT_BYTES:
            _refuse(413, "body_too_large", f"The body is larger than {BODY_LIMIT_BYTES} bytes.")
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _turn(public: PublicKey) -> int:
    return RSA_TURN if isinstance(public, rsa.RSAPublicKey) else TURN


def _key_answer(label: str, public: PublicKey) -> Answer:
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {"key": label, "public_key": pem.decode()}


def _problem(refusal: Refusal) -> Answer:
    return {"type": "about:blank", "title": refusal.code, "status": refusal.status, "code": refusal.code, "detail": refusal.detail}


async def _send(send: Send, status: int, answer: Answer) -> None:
    body = json.dumps(answer).encode()
    kind = b"application/json" if status == 200 else b"application/problem+json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                _signer()
            except (SettingsError, StoreFault) as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


@cache
def _signer() -> Signer:
    folder = settings().home / "signer"
    codes = Codes(folder / "codes.sqlite3", now, derived_secret(settings().passphrase))
    return Signer(open_store(), read_tokens(), Activations(folder / "activations.sqlite3", now), codes)


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """What the server runs: the signer of this process's settings."""
    if scope["type"] == "lifespan":
        return await _lifespan(receive, send)
    await _signer()(scope, receive, send)
