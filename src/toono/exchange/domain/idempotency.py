"""Repeating a call without doing it twice (IETF draft «The Idempotency-Key HTTP Header Field»).

The key is used up, in the commit of the request, together with a fingerprint of the call; a second call under it is not forwarded. It gets the answer that the first one got, byte for
byte from the log, or hears that the first is still under way, that its outcome is unknown (the gateway that carried it has failed), or that it was another call. Where the first is known not to have reached the provider, the
call is done after all: then the key counts as one of a further attempt.
"""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

from toono.exchange import limits
from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.messages import Header

HEADER: Final = "idempotency-key"
NEEDED: Final = frozenset({"POST", "PATCH"})
ATTEMPTS: Final = 20
"""So often a key may be used where the provider was never reached."""
NOT_SENT: Final = frozenset(
    {
        "circuit_open", "connect_timeout", "connections_busy", "name_not_found", "provider_secret", "tls_authority", "tls_client_refused", "tls_expired", "tls_hostname",
        "tls_no_identity", "tls_untrusted",
    }
)  # fmt: skip
"""Reasons of faults in which the provider has certainly not heard of the call."""
_COUNTED: Final = frozenset({"content-type", "x-road-issue", "x-road-userid", "x-toono-purpose", "x-toono-subject"})
"""Not the message's id, and not the statement of the citizen's authentication: it is asked for on each call, and may be a newer one."""
_ESCAPED: Final = re.compile(r"\\(.)")
_STRING: Final = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"|([\x21\x23-\x7e]+)')


class Stored(NamedTuple):
    """What the log knows of the call under a key: a row of ``exchange_stored_answer``."""

    request_id: UUID
    message_id: str | None
    """None: of a message that is no longer kept."""
    held_until: datetime
    """Until then it may still be answered."""
    fingerprint: bytes
    status: int | None
    """None: no answer yet."""
    head: bytes
    body: bytes
    reason: str | None
    """Reason and id of a fault."""


def parse_key(value: str | None, method: str) -> str | None:
    """The key of a call: a string of RFC 8941 (§3.3.3), or the same without quotes.

    :raises Fault: needed and not there, or of another form.
    """
    if value is None:
        if method in NEEDED:
            raise Fault(
                Code.MISSING_HEADER_FIELD, "idempotency_missing", f"{method} needs an Idempotency-Key, so that it can be repeated safely."
            )
        return None
    found = _STRING.fullmatch(value)
    key = "" if found is None else _ESCAPED.sub(r"\1", found[1]) if found[1] is not None else found[2]
    shortest, longest = limits.IDEMPOTENCY_KEY_CHARACTERS
    if not shortest <= len(key) <= longest:
        raise Fault(
            Code.INVALID_REQUEST, "idempotency_malformed", f"An Idempotency-Key is a string of {shortest} to {longest} characters of ASCII."
        )
    return key


def nonce(client: str, key: str, attempt: int) -> bytes:
    """What the ``attempt`` (0, 1 …) of ``client`` under ``key`` uses up."""
    return sha256(f"idempotency\n{client}\n{attempt}\n{key}".encode()).digest()


def fingerprint(*, method: str, target: str, headers: list[Header], digests: MessageDigests, agreement: str) -> bytes:
    """By which two calls are the same: method, target, body, and what of the head says why and about whom.

    :param agreement: id and version by which the call is made; what was answered under another one may show more than this one grants.
    """
    kept = sorted(f"{name}:{value}" for name, value in headers if name in _COUNTED)
    text = "\n".join([method, target, agreement, *kept, digests.body.hex() if digests.body else ""])
    return sha256(text.encode("utf-8", "surrogateescape")).digest()


def check_same(stored: Stored | None, wanted: bytes, now: datetime) -> Stored:
    """The stored answer, if it is that of the same call.

    :raises Fault: the key belongs to another call; or that call is not done yet; or nobody will ever answer it, since its gateway failed on the way.
    """
    if stored is None:
        raise _running()
    if stored.fingerprint != wanted:
        raise Fault(Code.INVALID_REQUEST, "idempotency_reused", "This Idempotency-Key was used for another call; make a new one for each.")
    if stored.status is None:
        raise _running() if now < stored.held_until else _unknown(stored)
    return stored


def _running() -> Fault:
    return Fault(
        Code.INVALID_REQUEST,
        "idempotency_running",
        "The call under this Idempotency-Key has no answer yet.",
        retry_after=1,
    )


def _unknown(stored: Stored) -> Fault:
    return Fault(
        Code.INVALID_REQUEST,
        "idempotency_unknown",
        "The gateway failed during the call under this Idempotency-Key: whether the provider did it, nobody here knows. Ask the provider by the earlier call's "
        "message id or request id, and use a new key if it was not done.",
        earlier={"message_id": stored.message_id or "", "request_id": str(stored.request_id)},
    )


def was_not_sent(stored: Stored) -> bool:
    """Whether the provider certainly did not hear of the stored call."""
    return stored.reason is not None and stored.reason.partition(":")[0] in NOT_SENT


def answer_of(stored: Stored) -> tuple[int, list[Header], bytes]:
    """Status, headers and body of an answer from the byte form in the log."""
    status, _, *lines = stored.head.decode("utf-8", "surrogateescape").split("\r\n")
    pairs = [line.partition(":") for line in lines if line]
    return int(status), [(name, value) for name, _, value in pairs], stored.body
