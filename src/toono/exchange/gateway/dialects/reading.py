"""What every dialect asks of the headers that it reads."""

from __future__ import annotations

from typing import Final

from toono.exchange import limits
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.gateway.call import Call

_READ: Final = ("x-road-", "x-toono-", "toono-")
_READ_TOO: Final = frozenset(
    {"authorization", "content-digest", "content-type", "idempotency-key", "signature", "signature-input", "client-cert"}
)


def text_of(call: Call, name: str) -> str | None:
    """The value of a header that becomes part of evidence; None where it is empty or absent.

    :raises Fault: not printable text, or too long.
    """
    value = call.values.get(name)
    if value is not None and (not value.isprintable() or len(value) > limits.IDENTIFIER_CHARACTERS):
        raise Fault(
            Code.INVALID_REQUEST, "header_value", f"{name} must be printable text of at most {limits.IDENTIFIER_CHARACTERS} characters."
        )
    return value or None


def check_connection(call: Call) -> None:
    """``Connection`` makes a header end at this hop (RFC 9110 §7.6.1); one that was read and signed may not vanish from the message so.

    :raises Fault: it names one that the exchange reads.
    """
    for name in call.values.get("connection", "").lower().split(","):
        if name.strip().startswith(_READ) or name.strip() in _READ_TOO:
            raise Fault(
                Code.INVALID_REQUEST, "connection_header", f"Connection may not name {name.strip()[:50]}, which belongs to the message."
            )
