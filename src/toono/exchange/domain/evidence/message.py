"""What a logged message says of itself: who asked whom for what. X-Road's byte form of REST messages, and its SOAP messages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

from toono.exchange.domain.evidence.documents import Element, elements, parse
from toono.exchange.domain.evidence.findings import Refused

_CODE: Final = "malformed_message"
_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_STATUS: Final = re.compile(r"[1-9][0-9]{2}")
_SERVICE_PATH: Final = re.compile(r"/r1/([^/?]+)/([^/?]+)/([^/?]+)/([^/?]+)/([^/?]+)([/?].*)?", re.DOTALL)
_SOAP: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"
_XROAD: Final = "{http://x-road.eu/xsd/xroad.xsd}"
_ID: Final = "{http://x-road.eu/xsd/identifiers}"
_PARTS: Final = ("xRoadInstance", "memberClass", "memberCode", "subsystemCode", "serviceCode", "serviceVersion")


class Direction(StrEnum):
    """A request is signed by the consumer's organisation, a response by the provider's."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, kw_only=True)
class Message:
    """The head of a message."""

    direction: Direction
    client: str
    """``INSTANCE/CLASS/MEMBER[/SUBSYSTEM]`` that asked."""
    service: str
    """``INSTANCE/CLASS/MEMBER/SUBSYSTEM/SERVICE[/VERSION]`` that was asked."""
    message_id: str = ""
    request_id: str = ""
    user_id: str = ""
    issue: str = ""
    purpose: str = ""
    what: str = ""
    """Method and path of a request, status of a response."""

    @property
    def signer(self) -> str:
        """``INSTANCE/CLASS/MEMBER`` that must have signed."""
        system = self.client if self.direction is Direction.REQUEST else self.service
        return "/".join(system.split("/")[:3])

    @property
    def instance(self) -> str:
        return self.signer.partition("/")[0]


def read(content: bytes) -> Message:
    """:raises Refused: ``malformed_message``; it is neither form, or does not name its parties."""
    return _soap(content) if content.lstrip()[:1] == b"<" else _rest(content)


def _rest(content: bytes) -> Message:
    try:
        first, second, *lines = content.decode().removesuffix("\r\n").split("\r\n")
    except ValueError:
        raise Refused(_CODE, "The message is neither in the byte form of REST messages nor a SOAP envelope.") from None
    if not all(":" in line for line in lines):
        raise Refused(_CODE, "A header line of the message has no colon.")
    headers = {name.lower(): value for name, _, value in (line.partition(":") for line in lines)}
    if first in _METHODS:
        found = _SERVICE_PATH.fullmatch(second)
        direction, service = Direction.REQUEST, "/".join(unquote(part) for part in found.groups()[:5]) if found else ""
    elif _STATUS.fullmatch(first):
        direction, service = Direction.RESPONSE, _identifier(headers.get("x-road-service", ""))
    else:
        raise Refused(_CODE, "The message begins with neither a method nor a status.")
    client = _identifier(headers.get("x-road-client", ""))
    if not 3 <= client.count("/") + 1 <= 4 or not 5 <= service.count("/") + 1 <= 6:
        raise Refused(_CODE, "The message does not name its client and its service.")
    return Message(
        direction=direction,
        client=client,
        service=service,
        message_id=headers.get("x-road-id", ""),
        request_id=headers.get("x-road-request-id", ""),
        user_id=headers.get("x-road-userid", ""),
        issue=headers.get("x-road-issue", ""),
        purpose=headers.get("x-toono-purpose", ""),
        what=f"{first} {second}".strip(),
    )


def _identifier(encoded: str) -> str:
    return "/".join(unquote(part) for part in encoded.strip().split("/"))


def _soap(content: bytes) -> Message:
    envelope = parse(content.lstrip(), _CODE)
    header, body = envelope.find(f"{_SOAP}Header"), envelope.find(f"{_SOAP}Body")
    content_elements = elements(body) if body is not None else []
    if envelope.tag != f"{_SOAP}Envelope" or header is None or len(content_elements) != 1:
        raise Refused(_CODE, "The message is no SOAP envelope with a header and one body.")
    client, service = header.find(f"{_XROAD}client"), header.find(f"{_XROAD}service")
    if client is None or service is None:
        raise Refused(_CODE, "The message does not name its client and its service.")
    name = content_elements[0].tag.rpartition("}")[2]
    response = name == f"{service.findtext(f'{_ID}serviceCode')}Response"
    identifiers = _members(client), _members(service)
    if min(identifier.count("/") for identifier in identifiers) < 2:
        raise Refused(_CODE, "The message does not name its client and its service.")

    def said(tag: str) -> str:
        return header.findtext(f"{_XROAD}{tag}") or ""

    return Message(
        direction=Direction.RESPONSE if response else Direction.REQUEST,
        client=identifiers[0],
        service=identifiers[1],
        message_id=said("id"),
        user_id=said("userId"),
        issue=said("issue"),
        what=name,
    )


def _members(identifier: Element) -> str:
    return "/".join(text for part in _PARTS if (text := identifier.findtext(f"{_ID}{part}")))
