"""Faults: one internal table of what can go wrong, rendered in the dialect of X-Road 7.7 or 7.8.

Source: X-Road ``ErrorCodes.java`` (release-7.7, release-7.8) and the message protocol for REST, section on error messages. The status is 500 where the type begins with
``server.`` and 400 otherwise. ``detail`` carries the stable reason and the fault's own id; ``message`` says the same in words.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import Final, Literal
from uuid import uuid4
from xml.sax.saxutils import escape

Dialect = Literal["7.7", "7.8"]


class Code(Enum):
    """A type of error, as X-Road 7.8 names it. The 7.7 name is derived; irregular ones stand in :data:`_OLD`."""

    INVALID_REQUEST = "client.invalid_request"
    CLIENT_INVALID_REQUEST = "server.clientproxy.invalid_request"
    INVALID_HTTP_METHOD = "server.clientproxy.invalid_http_method"
    MISSING_HEADER_FIELD = "server.clientproxy.missing_header_field"
    DUPLICATE_HEADER_FIELD = "server.clientproxy.duplicate_header_field"
    INVALID_CLIENT_IDENTIFIER = "server.clientproxy.invalid_client_identifier"
    INVALID_SECURITY_SERVER = "server.clientproxy.invalid_security_server"
    UNKNOWN_MEMBER = "server.clientproxy.unknown_member"
    AUTHENTICATION_FAILED = "server.clientproxy.ssl_authentication_failed"
    MISSING_SIGNATURE = "server.clientproxy.missing_signature"
    MALFORMED_SIGNATURE = "server.clientproxy.malformed_signature"
    INVALID_SIGNATURE_VALUE = "server.clientproxy.invalid_signature_value"
    GLOBAL_CONF_OUTDATED = "server.clientproxy.global_conf_outdated"
    CANNOT_SIGN_REQUEST = "server.clientproxy.cannot_create_signature"
    LOGGING_REQUEST_FAILED = "server.clientproxy.logging_failed"
    TIMESTAMPER_FAILED = "server.clientproxy.logging_failed.timestamper_failed"
    DATABASE_ERROR = "server.clientproxy.database_error"
    INCONSISTENT_RESPONSE = "server.clientproxy.inconsistent_response"
    GATEWAY_UNREACHABLE = "server.clientproxy.network_error"
    GATEWAY_ANSWER = "server.clientproxy.http_error"
    CLIENT_INTERNAL_ERROR = "server.clientproxy.internal_error"
    SERVER_INVALID_REQUEST = "server.serverproxy.invalid_request"
    UNKNOWN_SERVICE = "server.serverproxy.unknown_service"
    ACCESS_DENIED = "server.serverproxy.access_denied"
    SERVICE_DISABLED = "server.serverproxy.service_disabled"
    SERVICE_TYPE = "server.serverproxy.service_type"
    SERVICE_MISSING_URL = "server.serverproxy.service_missing_url"
    SERVICE_MALFORMED_URL = "server.serverproxy.service_malformed_url"
    NETWORK_ERROR = "server.serverproxy.service_failed.network_error"
    HTTP_ERROR = "server.serverproxy.service_failed.http_error"
    INVALID_RESPONSE = "server.serverproxy.service_failed.invalid_response"
    CANNOT_SIGN_RESPONSE = "server.serverproxy.cannot_create_signature"
    INVALID_RESPONSE_SIGNATURE = "server.serverproxy.invalid_signature_value"
    LOGGING_RESPONSE_FAILED = "server.serverproxy.logging_failed"
    SERVER_INTERNAL_ERROR = "server.serverproxy.internal_error"

    def text(self, dialect: Dialect) -> str:
        """The type as it stands on the wire."""
        return self.value if dialect == "7.8" else _OLD_TYPES[self]

    @property
    def status(self) -> int:
        return 500 if self.value.startswith("server.") else 400


_OLD: Final = {
    "clientproxy": "ClientProxy",
    "serverproxy": "ServerProxy",
    "global_conf_outdated": "OutdatedGlobalConf",
    "hashchain_unused_inputs": "HashChainUnusedInputs",
    "io_error": "IOError",
    "hsm_non_operational": "HSMNonOperational",
}


def old_type(value: str) -> str:
    """The name that releases up to 7.7 gave: ``server.serverproxy.access_denied`` → ``Server.ServerProxy.AccessDenied``."""
    return ".".join(_OLD.get(part) or "".join(word.capitalize() for word in part.split("_")) for part in value.split("."))


_OLD_TYPES: Final = {code: old_type(code.value) for code in Code}


class Fault(Exception):
    """A call is not done. ``reason`` is stable and finer than the type; ``message`` is for an engineer to read."""

    def __init__(
        self, code: Code, reason: str, message: str, *, retry_after: int | None = None, earlier: dict[str, str] | None = None
    ) -> None:
        """
        :param retry_after: seconds after which the same call may be done.
        :param earlier: ``message_id`` and ``request_id`` of an earlier call, about which this fault tells.
        """
        super().__init__(f"{code.value} ({reason}): {message}")
        self.code, self.reason, self.retry_after, self.earlier = code, reason, retry_after, earlier
        self.message = message.encode("utf-8", "backslashreplace").decode()  # it may quote bytes that are no text
        self.id = str(uuid4())

    def type(self, dialect: Dialect) -> str:
        return self.code.text(dialect)

    @property
    def status(self) -> int:
        return self.code.status

    @property
    def detail(self) -> str:
        """``agreement_expired: 6f0c…``: the reason and the id under which this very fault stands in the gateway's own log."""
        return f"{self.reason}: {self.id}"


_XML_TYPES: Final = ("text/xml", "application/xml", "text/*")


def xml_type(accept: str | None) -> str | None:
    """The first XML type that ``Accept`` names (text/xml, application/xml, or text/* for text/xml), whatever its weight and whatever else it names."""
    named = (part.partition(";")[0].strip().lower() for part in (accept or "").split(","))
    found = next((kind for kind in named if kind in _XML_TYPES), None)
    return "text/xml" if found == "text/*" else found


def body(fault: Fault, *, dialect: Dialect, accept: str | None) -> tuple[str, bytes]:
    """Content type and body of an error message."""
    fields = {"type": fault.type(dialect), "message": fault.message, "detail": fault.detail}
    kind = xml_type(accept)
    if kind is None:
        return "application/json", json.dumps(fields, ensure_ascii=False).encode()
    inner = "".join(f"<{name}>{escape(_xml_text(value))}</{name}>" for name, value in fields.items())
    return f"{kind};charset=utf-8", f'<?xml version="1.0" encoding="UTF-8"?><error>{inner}</error>'.encode()


def _xml_text(value: str) -> str:
    """``value`` without characters that XML 1.0 cannot carry (§2.2)."""
    return "".join(c for c in value if c in "\t\n\r" or "\x20" <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff")
