"""Fetches the answer to an ``http-01`` challenge (RFC 8555 §8.3), and nothing else: the asker names the server, so the request must not
reach what only we can reach (our own ports, the cloud's metadata, a neighbour's register).

A name is resolved once and the connection goes to the address that was looked at. Only public addresses are asked, and the networks that
the settings name as the state's own; redirects are followed three times, each looked at in the same way.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urljoin, urlsplit

from toono.pki.domain.acme.names import is_name
from toono.pki.errors import AcmeRefused

BODY_LIMIT_BYTES = 1024
MOST_REDIRECTS = 3
CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 10.0
"""For each request with its answer, however slowly it drips."""
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Reach:
    """Where a challenge may be fetched."""

    own_networks: Sequence[IPv4Network | IPv6Network] = ()
    """Allowed beside public addresses."""
    instead: tuple[str, int] | None = None
    """Host and port that are asked whatever the name says. For tests and the sandbox."""

    def allows(self, address: Address) -> bool:
        """Whether a server at ``address`` may be asked. An IPv4 address in IPv6 clothes is looked at without them."""
        if isinstance(address, IPv6Address):
            inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
            if inner is not None:
                return address.ipv4_mapped is not None and self.allows(inner)
        if any(address in network for network in self.own_networks):
            return True
        return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def fetch(*, name: str, token: str, reach: Reach) -> bytes:
    """What stands at the challenge's address on the server called ``name``.

    :raises AcmeRefused: ``dns`` where it cannot be resolved, ``connection`` where it does not answer or may not be asked,
        ``unauthorized`` where it answers something else than a short document.
    """
    url = f"http://{name}/.well-known/acme-challenge/{token}"
    for _ in range(MOST_REDIRECTS + 1):
        status, content, location = _get(url, reach)
        if status not in _REDIRECTS:
            break
        url = _led_to(url, location)
    if status != 200:
        raise AcmeRefused("unauthorized", f"The server answers {status} at {url[:200]}.")
    if len(content) > BODY_LIMIT_BYTES:
        raise AcmeRefused("unauthorized", f"The server's answer is longer than {BODY_LIMIT_BYTES} bytes.")
    return content


def _led_to(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise AcmeRefused("connection", "The server leads to an address that cannot be read.") from None


def _get(url: str, reach: Reach) -> tuple[int, bytes, str]:
    try:
        parts = urlsplit(url)
        scheme, name, port = parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        raise AcmeRefused("connection", "The server leads to an address that cannot be read.") from None
    if scheme not in _PORTS or not is_name(name) or port != _PORTS[scheme] or parts.username is not None:
        raise AcmeRefused("connection", f"The server leads to {url[:200]}, where challenges are not fetched.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii() or any(letter <= " " or letter == "\x7f" for letter in path):
        raise AcmeRefused("connection", "The server leads to an address that cannot be read.")
    try:
        with closing(_connected(name, scheme, reach)) as connection:
            return _asked(connection, name, scheme, path)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise AcmeRefused("connection", f"{name} does not answer: {type(error).__name__}.") from None


def _asked(connection: socket.socket, name: str, scheme: str, path: str) -> tuple[int, bytes, str]:
    """One request over an open connection, which is cut when its time is over."""
    cut = threading.Event()

    def end() -> None:
        cut.set()
        with suppress(OSError):  # it has just ended by itself
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(WHOLE_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        client = http.client.HTTPConnection(name, _PORTS[scheme])
        client.sock = connection
        client.request("GET", path, headers={"User-Agent": "Toono-ACME", "Accept": "*/*", "Connection": "close"})
        response = client.getresponse()
        found = response.status, response.read(BODY_LIMIT_BYTES + 1), response.headers.get("Location", "")
    finally:
        timer.cancel()
    if cut.is_set():
        raise TimeoutError("the answer did not end in time")
    return found


def _connected(name: str, scheme: str, reach: Reach) -> socket.socket:
    target = reach.instead or (str(_address(name, reach)), _PORTS[scheme])
    plain = socket.create_connection(target, timeout=CONNECT_SECONDS)
    if scheme == "http":
        return plain
    context = ssl.create_default_context()
    # Whoever leads here controls the name already; a certificate for it is what they are asking for.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=name)


def _address(name: str, reach: Reach) -> Address:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        raise AcmeRefused("dns", f"{name} cannot be resolved.") from None
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    allowed = next((address for address in addresses if reach.allows(address)), None)
    if allowed is None:
        raise AcmeRefused("connection", f"{name} has no address at which challenges are fetched.")
    return allowed
