"""Requests to addresses that a stranger chose: to the public network only, to the very address that was looked at, within bounds (OWASP SSRF).

Whoever owns a name may let it lead anywhere, to ourselves, to the cloud's metadata, to a neighbour's register, and elsewhere a moment later (rebinding).
So a name is resolved once, each of its addresses must be public, and the connection is made to one of these; the name is shown in the request
and checked in TLS. A redirect is a new request with all its checks. One clock runs for the whole of it, however slowly the other side drips.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, cast
from urllib.parse import SplitResult, urljoin, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
USUAL_PORTS = {"http": 80, "https": 443}
LOOKUP_SECONDS = 5.0
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is assigned to public networks (RFC 4291 §2.4)."""
_SPECIAL: tuple[Network, ...] = (
    IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv6Network("2001::/23"), IPv6Network("2001:db8::/32"), IPv6Network("2002::/16"), IPv6Network("3fff::/20"),
)  # fmt: skip
"""Of the registries of special addresses (RFC 6890), where the interpreter's own table is older or makes exceptions; 6to4 and Teredo among them."""
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 behind a translator (RFC 6052 §2.1)."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Unreachable(Exception):
    """The address may not be asked, or gave nothing useful within the bounds; the message says which, in English, without the address's answer."""


class NameUnknown(Unreachable):
    """The name has no address, or its name servers do not say in time."""


class NotPublic(Unreachable):
    """The address may not be asked: its scheme, port or form, or the network it leads into."""


class AnswerTooLong(Unreachable):
    """The answer has more bytes than wanted."""


@dataclass(frozen=True)
class Reach:
    """Which addresses one caller asks."""

    schemes: frozenset[str] = frozenset(USUAL_PORTS)
    any_port: bool = False
    """Else the scheme's usual one."""
    networks: Sequence[Network] = ()
    """Allowed beside the public one."""
    instead: tuple[str, int] | None = None
    """Host and port that are asked whatever the name says. For tests and the sandbox."""
    hosts: Callable[[str], bool] = bool
    """Which may stand in an address, also in one that a redirect leads to."""
    certificate_checked: bool = True
    """Of https. False where the certificate is what the other side is about to get."""

    def allows(self, address: Address) -> bool:
        return is_public(address, beside=self.networks)


@dataclass(frozen=True)
class Bounds:
    """Of one fetch."""

    most_bytes: int
    seconds: float
    """Of each request with its answer, the look-up of the name included."""
    redirects: int = 0


@dataclass(frozen=True)
class Answer:
    """What the other side said."""

    status: int
    content: bytes
    url: str
    """Where it stood in the end."""


@dataclass(frozen=True)
class Question:
    """What is asked of the other side."""

    method: str = "GET"
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


PUBLIC = Reach()


def is_public(address: Address, *, beside: Sequence[Network] = ()) -> bool:
    """Whether everybody reaches the same machine at ``address``, or one of the networks ``beside`` holds it.

    IPv4 in the clothes of IPv6 (mapped, translated) is judged without them; tunnels (6to4, Teredo) are refused, whatever lies at their end.
    """
    if isinstance(address, IPv6Address):
        within = address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFFFFFF) if address in _TRANSLATED else None)
        if within is not None:
            return is_public(within, beside=beside)
    if any(address in network for network in beside):
        return True
    if any(address in network for network in _SPECIAL) or (address.version == 6 and address not in _GLOBAL_UNICAST):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def address_of(host: str, port: int, *, reach: Reach = PUBLIC, seconds: float = LOOKUP_SECONDS) -> Address:
    """An address of the name, IPv4 before IPv6; all must be allowed, or one could be chosen that is not.

    :raises NameUnknown:
    :raises NotPublic:
    """
    found = {ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in _looked_up(host, port, seconds)}
    if not found:
        raise NameUnknown(f"{host} has no address")
    if not all(reach.allows(address) for address in found):
        raise NotPublic(f"{host} leads into a network that is not public")
    return min(found, key=lambda address: (address.version, int(address)))


def fetch(url: str, *, bounds: Bounds, reach: Reach = PUBLIC, question: Question | None = None) -> Answer:
    """Ask, and follow as many redirects as the bounds allow; whatever status comes last is given.

    :raises NameUnknown:
    :raises NotPublic:
    :raises AnswerTooLong:
    :raises Unreachable: it does not answer, or not in time, or not in HTTP.
    """
    for left in range(bounds.redirects, -1, -1):
        status, content, location = _asked(url, bounds, reach, question or Question())
        if status not in _REDIRECTS or not location or not left:
            break
        url = _led_to(url, location)
    return Answer(status, content, url)


def _led_to(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise NotPublic("leads to an address that cannot be read") from None


def _asked(url: str, bounds: Bounds, reach: Reach, question: Question) -> tuple[int, bytes, str]:
    parts, port = _checked(url, reach)
    host, end = cast(str, parts.hostname), time.monotonic() + bounds.seconds
    target = reach.instead or (str(address_of(host, port, reach=reach, seconds=bounds.seconds)), port)
    try:
        with closing(_connected(target, parts, reach, end)) as connection:
            return _exchanged(connection, parts, end, bounds.most_bytes, question)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{host} does not answer: {type(error).__name__}") from error


def _checked(url: str, reach: Reach) -> tuple[SplitResult, int]:
    """The parts of an address that may be asked, and its port.

    :raises NotPublic:
    """
    try:
        parts = urlsplit(url)
        port = parts.port or USUAL_PORTS.get(parts.scheme, 0)
    except ValueError:
        raise NotPublic("the address cannot be read") from None
    usual = USUAL_PORTS.get(parts.scheme)
    may_be = parts.scheme in reach.schemes and "@" not in parts.netloc and (reach.any_port or port == usual)
    if not may_be or not parts.hostname or not reach.hosts(parts.hostname):
        raise NotPublic(f"{url[:200]!r} may not be asked")
    if not url.isascii() or any(letter <= " " or letter == "\x7f" for letter in url):
        raise NotPublic("the address cannot be read")
    return parts, port


def _looked_up(host: str, port: int, seconds: float) -> Sequence[tuple[Any, ...]]:
    """As ``getaddrinfo``, which knows no limit of time: whoever owns the name could let its name servers keep silent. So it runs beside."""
    found: queue.SimpleQueue[Sequence[tuple[Any, ...]] | None] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError):
            found.put(None)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        answer = found.get(timeout=seconds)
    except queue.Empty:
        answer = None
    if answer is None:
        raise NameUnknown(f"{host} cannot be resolved")
    return answer


def _connected(target: tuple[str, int], parts: SplitResult, reach: Reach, end: float) -> socket.socket:
    plain = socket.create_connection(target, timeout=_left(end))
    if parts.scheme == "http":
        return plain
    context = ssl.create_default_context()
    if not reach.certificate_checked:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain.settimeout(_left(end))
    try:
        return context.wrap_socket(plain, server_hostname=parts.hostname)
    except BaseException:
        plain.close()
        raise


def _exchanged(connection: socket.socket, parts: SplitResult, end: float, most_bytes: int, question: Question) -> tuple[int, bytes, str]:
    client = http.client.HTTPConnection("unused")
    client.sock = cast(socket.socket, _Timed(connection, end))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    client.request(
        question.method, path, body=question.content, headers={"Host": parts.netloc, "User-Agent": "Toono", "Connection": "close", **question.headers}
    )  # fmt: skip
    response = client.getresponse()
    content = response.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise AnswerTooLong(f"{parts.hostname} answers with more than {most_bytes} bytes")
    if response.length:
        raise Unreachable(f"{parts.hostname} broke off")
    return response.status, content, response.headers.get("Location", "")


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("the answer did not end in time")
    return left


class _Timed:
    """A connection for ``http.client`` in which every read and write is given what is left of the whole's time. Its owner closes it."""

    def __init__(self, connection: socket.socket, end: float) -> None:
        self._connection, self._end = connection, end

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(_left(self._end))
        self._connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reading(self._connection, self._end))

    def close(self) -> None:
        """``http.client`` does so before it has read the answer."""


class _Reading(io.RawIOBase):
    def __init__(self, connection: socket.socket, end: float) -> None:
        self._connection, self._end = connection, end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._end))
        return self._connection.recv_into(buffer)
