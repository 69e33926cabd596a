"""Evidence: the request before it is forwarded, the response with the ledger's entry before it is answered.

Nothing is forwarded that is not durable: a provider may act on what it receives, and where its answer is lost the record proves that it was asked (an
outcome that nobody knows). Nothing is answered that is not durable. Both are signed by their organisation, with all messages of the moment.
"""

from __future__ import annotations

import os
from base64 import b64encode
from datetime import datetime, timedelta
from hashlib import sha512
from time import perf_counter
from uuid import uuid4

from toono.exchange.domain import commitment, identifiers, messages
from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.gateway.call import Call, Shared
from toono.exchange.gateway.log import LogUnavailable, NonceRepeated
from toono.exchange.gateway.rows import LedgerRow, MessageRow, TextArray, packed
from toono.exchange.gateway.sealing import Entry, Received, SigningFailed
from toono.exchange.gateway.steps.client import replayed
from toono.kernel.ids import uuid7


def compose_request(shared: Shared, call: Call) -> None:
    """The request's bytes, as they are signed, logged and forwarded."""
    dropped = messages.PERSONAL if call.match.endpoint.subject is not None or call.grant.projection is not None else frozenset()
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
    call.request_digests = MessageDigests(sha512(call.request_head).digest(), call.body_digest)
    call.request_hash = messages.message_hash(call.request_digests)


async def log_request(shared: Shared, call: Call) -> None:
    """The request, signed by its consumer, is durable before the provider hears of it; so is what it uses up, so that no other process takes the call again."""
    entry = Entry(
        message=packed(_row(call, "request", head=call.request_head, body=call.body, digest=call.request_hash)),
        member=call.consumer,
        digests=call.request_digests,
        nonces=tuple(call.nonces),
        received=call.received,
    )
    try:
        shared.log.check_room()
        await shared.log.append(entry)
    except LogUnavailable as error:
        raise Fault(Code.LOGGING_REQUEST_FAILED, error.reason, str(error)) from error
    except SigningFailed as error:
        raise Fault(Code.CANNOT_SIGN_REQUEST, error.reason, str(error)) from error
    except NonceRepeated as error:
        raise call.repeated(error.nonce) if call.repeated is not None else replayed() from None
    call.request_made = entry.made
    call.request_logged = True


def _digests(head: bytes, body: bytes) -> MessageDigests:
    return MessageDigests(sha512(head).digest(), sha512(body).digest() if body else None)


async def log_response(shared: Shared, call: Call) -> None:
    """The response, signed by its provider, and the ledger's entry are durable, in one commit, before anybody sees the answer."""
    answer = call.known_answer
    call.response_headers = messages.response_headers(
        answer.headers,
        message_id=call.message_id,
        client=identifiers.encode_identifier(call.client_id),
        service=call.service.encoded_id,
        request_id=str(call.request_id),
        request_hash=b64encode(call.request_hash).decode(),
    )
    call.response_head = messages.response_bytes(answer.status, answer.reason, call.response_headers)
    digests = _digests(call.response_head, answer.body)
    call.response_hash = messages.message_hash(digests)
    row = _row(call, "response", head=call.response_head, body=answer.body, digest=call.response_hash, status=answer.status)
    reading = _ledger_row(call, call.civil_id) if call.civil_id is not None else None
    entry = Entry(
        message=packed(row), member=call.service.provider, digests=digests, reading=packed(reading) if reading else None,
        reading_commitment=commitment.of_reading(reading._asdict()) if reading else None,
    )  # fmt: skip
    await _append_outcome(shared, entry)
    call.response_made = entry.made


async def log_received_response(shared: Shared, call: Call, received: Received) -> None:
    """The response as another gateway gave it, with its provider's signature, is durable before anybody sees it. The reading stands in the ledger by that gateway's doing."""
    answer = call.known_answer
    row = _row(call, "response", head=call.response_head, body=answer.body, digest=call.response_hash, status=answer.status)
    entry = Entry(message=packed(row), member=call.service.provider, digests=None, received=received)
    await _append_outcome(shared, entry)
    call.response_made = entry.made


async def log_fault(shared: Shared, call: Call, fault: Fault) -> None:
    """A call whose request is in the log and that is not done leaves its outcome there too.

    An answer that was refused is not kept, only its digest: it may be about a person with whom this call has nothing to do.
    """
    refused = sha512(call.answer.body).digest() if call.answer is not None else None
    row = _row(
        call, "response", head=b"", body=b"", digest=refused, status=call.dialect.status(fault), error_type=call.dialect.error_type(fault),
        reason=fault.detail,
    )  # fmt: skip
    await _append_outcome(shared, Entry(message=packed(row), member=None, digests=None, commitment=commitment.of_outcome(row._asdict())))


async def _append_outcome(shared: Shared, entry: Entry) -> None:
    try:
        await shared.log.append(entry)
    except LogUnavailable as error:
        raise Fault(Code.LOGGING_RESPONSE_FAILED, error.reason, str(error)) from error
    except SigningFailed as error:
        raise Fault(Code.CANNOT_SIGN_RESPONSE, error.reason, str(error)) from error


def _row(
    call: Call, direction: str, *, head: bytes, body: bytes, digest: bytes | None, status: int | None = None, error_type: str | None = None,
    reason: str | None = None,
) -> MessageRow:  # fmt: skip
    return MessageRow(
        id=uuid7(), retention=call.service.entry.retention.value, message_id=call.message_id, request_id=call.request_id, direction=direction,
        at=call.at if direction == "request" else _later(call), client=call.client_id, service=call.service_id, purpose=call.grant.purpose.code,
        agreement=call.grant.agreement.id, issue=call.issue, user_id=call.user_id, status=status, error_type=error_type, reason=reason, head=head, body=body,
        digest=digest, duration_us=None if direction == "request" else int((perf_counter() - call.started) * 1_000_000),
    )  # fmt: skip


def _later(call: Call) -> datetime:
    return call.at + timedelta(seconds=perf_counter() - call.started)


def _ledger_row(call: Call, civil_id: str) -> LedgerRow:
    agreement, purpose, service = call.grant.agreement, call.grant.purpose, call.service.entry
    provider, consumer, at = call.service.provider.entry, call.consumer.entry, _later(call)
    return LedgerRow(
        id=uuid7(), civil_id=civil_id, at=at, message_id=call.message_id, request_id=call.request_id,
        consumer=call.client_id, consumer_title_mn=call.client.title_mn, consumer_title_en=call.client.title_en,
        organisation=identifiers.organisation_of(call.client_id), organisation_name_mn=consumer.name_mn, organisation_name_en=consumer.name_en,
        provider=identifiers.organisation_of(call.service_id), provider_name_mn=provider.name_mn, provider_name_en=provider.name_en,
        service=call.service_id, service_title_mn=service.title_mn, service_title_en=service.title_en, agreement=agreement.id,
        purpose=purpose.code, purpose_title_mn=purpose.title_mn, purpose_title_en=purpose.title_en, basis_mn=purpose.basis_mn, basis_en=purpose.basis_en,
        issue=call.issue, fields=TextArray(call.fields), consent=call.consent, receipt=b64encode(call.request_hash).decode(),
        visible_at=at + timedelta(days=agreement.secrecy.days) if agreement.secrecy else at,
        secrecy_basis_mn=agreement.secrecy.basis_mn if agreement.secrecy else None, salt=os.urandom(16),
    )  # fmt: skip
