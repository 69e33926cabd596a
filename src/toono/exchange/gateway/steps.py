"""The pipeline of a call: a table of named steps, run in this order. Rules stand in ``domain``; here is what they are asked and what is done with the answer.

The request is logged durably *before* it is forwarded: a provider may act on what it receives, and where its answer is lost the
record proves that it was asked (an outcome that nobody knows). The response, with the entries of the access ledger, is logged
durably before it is answered: nothing leaves that is not in the log. Both commits are shared by all calls of the moment.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from hashlib import sha256, sha512
from time import perf_counter
from typing import Final, NamedTuple
from uuid import uuid4

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA512

from toono.exchange import limits
from toono.exchange.domain import identifiers, messages, rights, signatures, subjects
from toono.exchange.domain.answers import BadAnswer, ProviderAnswer
from toono.exchange.domain.faults import Code, Dialect, Fault
from toono.exchange.domain.paths import normal_path
from toono.exchange.gateway.call import Call, Receive, Shared
from toono.exchange.gateway.log import Entry, LogUnavailable, NonceRepeated
from toono.exchange.gateway.provider import ProviderUnreachable
from toono.exchange.gateway.rows import LedgerRow, MessageRow, NonceRow, packed
from toono.exchange.gateway.signing import SigningFailed
from toono.kernel.ids import uuid7

_SHA512: Final = ECDSA(Prehashed(SHA512()))
_SINGLE: Final = frozenset(
    {
        "x-road-id", "x-road-issue", "x-road-userid", "x-road-security-server", "x-road-represented-party", "x-toono-purpose",
        "authorization", "content-type", "content-digest", "signature", "signature-input",
    }
)  # fmt: skip
_NONCE_LIFE: Final = timedelta(seconds=limits.SIGNATURE_AGE_SECONDS + limits.SIGNATURE_AHEAD_SECONDS)


class ClientGone(Exception):
    """The client closed the connection before its request was whole; nobody is there to answer."""


# -- what came in ---------------------------------------------------------------------------------------------------


def check_limits(shared: Shared, call: Call) -> None:
    """Refuse what is too much, before anything is done for it."""
    if shared.calls_in_flight > limits.CALLS_IN_FLIGHT or shared.body_bytes_in_flight > limits.BODY_BYTES_IN_FLIGHT:
        raise Fault(Code.LOGGING_REQUEST_FAILED, "overloaded", "The gateway has as many calls as it can carry; try again in a moment.")
    if len(call.target) > limits.TARGET_BYTES:
        raise Fault(Code.INVALID_REQUEST, "address_too_long", f"The address is longer than {limits.TARGET_BYTES} bytes.")
    if len(call.headers) > limits.HEADERS or sum(len(name) + len(value) for name, value in call.headers) > limits.HEAD_BYTES:
        raise Fault(Code.INVALID_REQUEST, "head_too_large", f"More than {limits.HEADERS} headers or {limits.HEAD_BYTES} bytes of them.")
    _collect_headers(call)
    declared = call.values.get("content-length", "0")
    call.has_body = declared != "0" or "transfer-encoding" in call.values
    call.body_read = not call.has_body
    if not declared.isdigit() or int(declared) > limits.REQUEST_BODY_BYTES:
        raise _too_large()


def _collect_headers(call: Call) -> None:
    for name, value in call.headers:
        if name not in call.values:
            call.values[name] = value
        elif name in _SINGLE:
            raise Fault(Code.DUPLICATE_HEADER_FIELD, "duplicate_header", f"The header {name} stands more than once.")
        else:
            call.values[name] += ", " + value


def check_configuration(shared: Shared, call: Call) -> None:
    """The call goes through to its end by the configuration in force now."""
    call.index = shared.configuration.current(call.at)


def read_identifiers(shared: Shared, call: Call) -> None:
    """Who calls what, by which message."""
    if call.method not in identifiers.METHODS:
        raise Fault(Code.INVALID_HTTP_METHOD, "method", f"The method must be one of {', '.join(sorted(identifiers.METHODS))}.")
    call.service_id, call.service_path = identifiers.parse_target(call.path)
    clients = [value for name, value in call.headers if name == "x-road-client"]
    if not clients:
        raise Fault(Code.MISSING_HEADER_FIELD, "missing_client", "The header X-Road-Client is missing.")
    call.client_id = identifiers.parse_client(clients[-1])  # of several the last counts, as in X-Road
    given = _text(call, "x-road-id")
    call.message_id_given = given is not None
    call.message_id = given or f"{call.index.instance}-{uuid4()}"
    call.issue, call.user_id = _text(call, "x-road-issue"), _text(call, "x-road-userid")
    if "x-road-security-server" in call.values:
        identifiers.check_security_server(call.values["x-road-security-server"])
    if "x-road-represented-party" in call.values:
        identifiers.check_represented_party(call.values["x-road-represented-party"])


def _text(call: Call, name: str) -> str | None:
    value = call.values.get(name)
    if value is not None and (not value.isprintable() or len(value) > limits.IDENTIFIER_CHARACTERS):
        raise Fault(
            Code.INVALID_REQUEST, "header_value", f"{name} must be printable text of at most {limits.IDENTIFIER_CHARACTERS} characters."
        )
    return value or None


# -- who may do this ------------------------------------------------------------------------------------------------


def authenticate_client(shared: Shared, call: Call) -> None:
    """The caller proves to be the system that X-Road-Client names: by a message signature, or, in development, by a bearer key."""
    call.client = call.index.client(call.client_id)
    call.consumer = call.index.members[identifiers.member_of(call.client_id)]
    signature_input, signature = call.values.get("signature-input"), call.values.get("signature")
    scheme, _, key = call.values.get("authorization", "").partition(" ")
    if signature_input is not None and signature is not None:
        _check_signature(shared, call, signature_input, signature)
    elif signature_input is not None or signature is not None:
        raise Fault(Code.MISSING_SIGNATURE, "half_a_signature", "Signature and Signature-Input belong together; one is missing.")
    elif scheme.lower() != "bearer":
        raise Fault(Code.MISSING_SIGNATURE, "no_credentials", "The call carries no message signature (RFC 9421).")
    elif not shared.bearer_keys_allowed:
        raise Fault(Code.AUTHENTICATION_FAILED, "bearer_refused", "This exchange takes message signatures (RFC 9421) only, no bearer keys.")
    else:
        call.index.bearer_credential(call.client_id, key.strip(), call.at)


def _check_signature(shared: Shared, call: Call, signature_input: str, signature: str) -> None:
    signed = signatures.parse(signature_input, signature)
    known = call.index.signature_credential(call.client_id, signed.key_id, call.at)
    if known.public_key is None:
        raise Fault(Code.AUTHENTICATION_FAILED, "unknown_credential", f"{signed.key_id} is no key for signatures.")
    moment = call.at.timestamp()
    signatures.check_time(signed, moment)
    signatures.check_coverage(signed, call.values, has_body=call.has_body)
    signatures.verify(signed, signatures.SignedRequest(call.method, shared.base_url + call.target, call.values), known.public_key)
    call.nonce = sha256(f"{signed.key_id}\n{signed.nonce}".encode()).digest()
    if not shared.nonces.add(call.nonce, moment):
        raise _replayed()
    call.signed = signed


def check_rights(shared: Shared, call: Call) -> None:
    """An agreement in force gives the caller this service for this purpose."""
    call.service = call.index.service(call.service_id)
    call.grant = call.index.grant(call.client_id, call.service_id, call.values.get("x-toono-purpose"), call.at)


def match_endpoint(shared: Shared, call: Call) -> None:
    """The service has an endpoint for this path in normal form, and is switched on."""
    call.match = rights.match_endpoint(call.service, call.method, normal_path(call.service_path))
    rights.check_enabled(call.service)


# -- the request ----------------------------------------------------------------------------------------------------


async def read_body(shared: Shared, call: Call) -> None:
    """The whole body, within its limits, as its digest says."""
    if call.has_body:
        try:
            async with asyncio.timeout(limits.BODY_READ_SECONDS):
                call.body = await _receive_body(shared, call)
        except TimeoutError:
            raise Fault(
                Code.INVALID_REQUEST, "body_too_slow", f"The body did not arrive within {limits.BODY_READ_SECONDS:g} seconds."
            ) from None
    if call.signed is not None:
        signatures.check_digest(call.values.get("content-digest"), call.body)


async def _receive_body(shared: Shared, call: Call) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in body_parts(call):
        size += len(part)
        if size > limits.REQUEST_BODY_BYTES:
            raise _too_large()
        parts.append(part)
        call.counted_bytes += len(part)
        shared.body_bytes_in_flight += len(part)
    return b"".join(parts)


async def body_parts(call: Call) -> AsyncIterator[bytes]:
    """Parts of the body as they come."""
    receive: Receive = call.receive
    while not call.body_read:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        call.body_read = not message.get("more_body", False)
        if part := message.get("body", b""):
            yield bytes(part)


def _too_large() -> Fault:
    return Fault(Code.INVALID_REQUEST, "body_too_large", f"A request body may have {limits.REQUEST_BODY_BYTES} bytes.")


async def sign_request(shared: Shared, call: Call) -> None:
    """The consumer's signature over the request, by its key in the signer."""
    personal = call.match.endpoint.subject is not None
    dropped = messages.PERSONAL if personal else frozenset()
    if call.signed is None or call.service.entry.secret_name is not None:
        dropped |= {"authorization"}
    call.request_id = uuid4()
    call.request_headers = messages.request_headers(
        call.headers,
        request_id=str(call.request_id),
        message_id=None if call.message_id_given else call.message_id,
        purpose=None if "x-toono-purpose" in call.values else call.grant.purpose.code,
        dropped=dropped,
    )
    call.request_head = messages.request_bytes(call.method, call.target, call.request_headers)
    call.request_hash = messages.message_hash(call.request_head, call.body)
    call.request_signature = await _sign(shared, call.consumer, call.request_hash, call, Code.CANNOT_SIGN_REQUEST)


async def _sign(shared: Shared, member: rights.KnownMember, digest: bytes, call: Call, code: Code) -> bytes:
    if not member.valid_from <= call.at < member.valid_until:
        raise Fault(
            code,
            "certificate_expired",
            f"The certificate of {member.entry.id} is valid from {member.valid_from} until {member.valid_until}.",
        )
    try:
        return await shared.signing.sign(member.entry.signing_key, digest)
    except SigningFailed as error:
        raise Fault(code, "signer_unavailable", str(error)) from error


def verify_request(shared: Shared, call: Call) -> None:
    """What the signer gave is the signature of the certificate that the configuration names."""
    _verify(call.consumer, call.request_signature, call.request_hash, Code.CANNOT_SIGN_REQUEST)


def _verify(member: rights.KnownMember, signature: bytes, digest: bytes, code: Code) -> None:
    try:
        member.public_key.verify(signature, digest, _SHA512)
    except InvalidSignature:
        raise Fault(
            code,
            "signature_of_another_key",
            f"The signer's key of {member.entry.id} is not that of its certificate {member.certificate_serial}.",
        ) from None


async def log_request(shared: Shared, call: Call) -> None:
    """The request is durable before the provider hears of it; its nonce too, so that no other process takes the call again."""
    row = _row(
        call,
        "request",
        head=call.request_head,
        body=call.body,
        digest=call.request_hash,
        signature=call.request_signature,
        member=call.consumer,
    )
    nonce = NonceRow(call.nonce, call.at + _NONCE_LIFE) if call.nonce is not None else None
    entry = Entry(row.id, packed(row), nonce=nonce)
    try:
        shared.log.check_room()
        await shared.log.append(entry)
    except LogUnavailable as error:
        raise Fault(Code.LOGGING_REQUEST_FAILED, error.reason, str(error)) from error
    except NonceRepeated:
        raise _replayed() from None
    call.request_logged = True


def _replayed() -> Fault:
    return Fault(Code.INVALID_SIGNATURE_VALUE, "nonce_repeated", "A call with this nonce was received before; sign each call anew.")


def _row(
    call: Call,
    direction: str,
    *,
    head: bytes,
    body: bytes,
    digest: bytes | None,
    signature: bytes | None,
    member: rights.KnownMember | None,
    status: int | None = None,
    error_type: str | None = None,
    reason: str | None = None,
) -> MessageRow:
    return MessageRow(
        id=uuid7(), message_id=call.message_id, request_id=call.request_id, direction=direction, at=call.at if direction == "request" else _later(call),
        client=call.client_id, service=call.service_id, purpose=call.grant.purpose.code, agreement=call.grant.agreement.id, issue=call.issue,
        user_id=call.user_id, status=status, error_type=error_type, reason=reason, head=head, body=body, digest=digest, signature=signature,
        certificate_serial=member.certificate_serial if member else None,
        duration_us=None if direction == "request" else int((perf_counter() - call.started) * 1_000_000),
    )  # fmt: skip


def _later(call: Call) -> datetime:
    return call.at + timedelta(seconds=perf_counter() - call.started)


# -- the provider ---------------------------------------------------------------------------------------------------


async def forward(shared: Shared, call: Call) -> None:
    """Ask the provider, within the service's time limit; its answer within the size limit."""
    service = call.service
    headers = call.request_headers
    if service.entry.secret_name is not None:
        headers = [*headers, ("authorization", f"Bearer {_secret(shared, service.entry.secret_name)}")]
    target = (service.base_path + call.service_path or "/") + (f"?{call.query}" if call.query else "")
    started = perf_counter()
    try:
        call.answer = await shared.providers.send(
            service.origin, call.method, target, headers, call.body, timeout_seconds=service.entry.timeout_seconds
        )
    except ProviderUnreachable as error:
        raise Fault(Code.NETWORK_ERROR, error.reason, str(error)) from error
    except BadAnswer as error:
        code = Code.HTTP_ERROR if error.reason == "not_http" else Code.INVALID_RESPONSE
        raise Fault(code, error.reason, str(error)) from error
    finally:
        shared.metrics.provider_seconds.observe(perf_counter() - started)
    call.counted_bytes += len(call.answer.body)
    shared.body_bytes_in_flight += len(call.answer.body)


def _secret(shared: Shared, name: str) -> str:
    found = shared.provider_secrets.get(name)
    if found is None:
        if not name.replace("-", "").replace("_", "").isalnum():
            raise Fault(Code.SERVICE_MALFORMED_URL, "provider_secret", "The name of the provider's secret is not a name.")
        try:
            found = shared.provider_secrets[name] = (shared.secrets / name).read_text().strip()
        except OSError:
            raise Fault(Code.SERVICE_MALFORMED_URL, "provider_secret", f"The gateway has no secret «{name}» for this provider.") from None
    return found


def _answer(call: Call) -> ProviderAnswer:
    if call.answer is None:
        raise RuntimeError("a step that needs the answer stands before «forward»")
    return call.answer


def check_subject(shared: Shared, call: Call) -> None:
    """A successful answer of an endpoint about persons is about the person who was asked for."""
    rule, answer = call.match.endpoint.subject, _answer(call)
    if rule is not None and 200 <= answer.status < 300:
        encoding = next((value for name, value in answer.headers if name == "content-encoding"), None)
        call.civil_id = subjects.subject_of(rule, call.match.variables, encoding=encoding, body=answer.body)


async def sign_response(shared: Shared, call: Call) -> None:
    """The provider's signature over the response, by its key in the signer. It covers the hash of the request."""
    answer = _answer(call)
    call.response_headers = messages.response_headers(
        answer.headers,
        message_id=call.message_id,
        client=identifiers.encode_identifier(call.client_id),
        service=call.service.encoded_id,
        request_id=str(call.request_id),
        request_hash=b64encode(call.request_hash).decode(),
    )
    call.response_head = messages.response_bytes(answer.status, answer.reason, call.response_headers)
    call.response_hash = messages.message_hash(call.response_head, answer.body)
    call.response_signature = await _sign(shared, call.service.provider, call.response_hash, call, Code.CANNOT_SIGN_RESPONSE)


def verify_response(shared: Shared, call: Call) -> None:
    """The signature is the one of the certificate that the configuration names for the provider."""
    _verify(call.service.provider, call.response_signature, call.response_hash, Code.INVALID_RESPONSE_SIGNATURE)


async def log_response(shared: Shared, call: Call) -> None:
    """The response and the ledger's entry are durable, in one commit, before anybody sees the answer."""
    answer = _answer(call)
    row = _row(
        call, "response", head=call.response_head, body=answer.body, digest=call.response_hash, signature=call.response_signature,
        member=call.service.provider, status=answer.status,
    )  # fmt: skip
    await _append_outcome(shared, Entry(row.id, packed(row), packed(_ledger_row(call)) if call.civil_id is not None else None))


async def log_fault(shared: Shared, call: Call, fault: Fault, dialect: Dialect) -> None:
    """A call whose request is in the log and that is not done leaves its outcome there too.

    An answer that was refused is not kept, only its digest: it may be about a person with whom this call has nothing to do.
    """
    refused = sha512(call.answer.body).digest() if call.answer is not None else None
    row = _row(
        call, "response", head=b"", body=b"", digest=refused, signature=None, member=None, status=fault.status,
        error_type=fault.type(dialect), reason=fault.detail,
    )  # fmt: skip
    await _append_outcome(shared, Entry(row.id, packed(row)))


async def _append_outcome(shared: Shared, entry: Entry) -> None:
    try:
        await shared.log.append(entry)
    except LogUnavailable as error:
        raise Fault(Code.LOGGING_RESPONSE_FAILED, error.reason, str(error)) from error


def _ledger_row(call: Call) -> LedgerRow:
    purpose, service, provider, consumer = call.grant.purpose, call.service.entry, call.service.provider.entry, call.consumer.entry
    return LedgerRow(
        id=uuid7(), civil_id=call.civil_id or "", at=_later(call), message_id=call.message_id, request_id=call.request_id,
        consumer=call.client_id, consumer_title_mn=call.client.title_mn, consumer_title_en=call.client.title_en,
        organisation=identifiers.organisation_of(call.client_id), organisation_name_mn=consumer.name_mn, organisation_name_en=consumer.name_en,
        provider=identifiers.organisation_of(call.service_id), provider_name_mn=provider.name_mn, provider_name_en=provider.name_en,
        service=call.service_id, service_title_mn=service.title_mn, service_title_en=service.title_en,
        purpose=purpose.code, purpose_title_mn=purpose.title_mn, purpose_title_en=purpose.title_en, basis_mn=purpose.basis_mn,
        issue=call.issue, receipt=b64encode(call.request_hash).decode(),
    )  # fmt: skip


class Step(NamedTuple):
    """One named step. It returns when the call may go on and raises :class:`Fault` otherwise."""

    name: str
    run: Callable[[Shared, Call], Awaitable[None] | None]


STEPS: tuple[Step, ...] = (
    Step("limits", check_limits),
    Step("configuration", check_configuration),
    Step("identifiers", read_identifiers),
    Step("client", authenticate_client),
    Step("rights", check_rights),
    Step("endpoint", match_endpoint),
    Step("body", read_body),
    Step("sign request", sign_request),
    Step("verify request", verify_request),
    Step("log request", log_request),
    Step("forward", forward),
    Step("subject", check_subject),
    Step("sign response", sign_response),
    Step("verify response", verify_response),
    Step("log response", log_response),
)
