"""Ask other authorities for revocation material, and operators of trusted lists for their list; bounded in size and time.

Guard against being sent to places inside (SSRF): plain HTTP(S) on its usual ports, every address of the name must be a public one, the call goes to
the address that was checked, no redirect is followed. And only names from certificates whose path leads to a trusted authority are asked at all.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

AT_MOST = 6
"""Certificates asked about for one file."""
TOTAL_SECONDS = 6.0
CALL_SECONDS = 3.0
LIST_BYTES = 10 * 1024 * 1024
ANSWER_BYTES = 64 * 1024
PORTS = {"http": 80, "https": 443}

log = logging.getLogger("toono.pki")


class Unreachable(Exception):
    """The address may not be asked, or gave nothing useful in time."""


@dataclass
class Fetched:
    """What was given; what of it is true its signatures tell."""

    lists: list[bytes] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lists or self.answers)


def fetch(pairs: Iterable[tuple[x509.Certificate, x509.Certificate]]) -> Fetched:
    """Status of certificates (each with its issuer): by OCSP, else by list. What does not come in time is left out."""
    found, end = Fetched(), time.monotonic() + TOTAL_SECONDS
    for certificate, issuer in pairs:
        if not _by_answer(certificate, issuer, found, end):
            _by_list(certificate, found, end)
    return found


def get(url: str, *, most_bytes: int, seconds: float = CALL_SECONDS) -> bytes:
    """The body at a public address.

    :raises Unreachable:
    """
    return _call("GET", url, None, most_bytes, seconds)


def public_address(host: str, port: int) -> str:
    """An address of the name; all of them must be public, or one could be chosen that is not.

    :raises Unreachable:
    """
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} has no address") from error
    for address in found:
        parsed = ipaddress.ip_address(str(address).partition("%")[0])
        inner = getattr(parsed, "ipv4_mapped", None) or parsed
        if not inner.is_global or inner.is_multicast:
            raise Unreachable(f"{host} is not a public address")
    return str(sorted(found, key=lambda address: ":" in str(address))[0])


def _call(method: str, url: str, body: bytes | None, most_bytes: int, seconds: float) -> bytes:
    parts = urlsplit(url)
    try:
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise Unreachable("a port that cannot be") from error
    if parts.scheme not in PORTS or not parts.hostname or parts.username or port != PORTS[parts.scheme]:
        raise Unreachable(f"{url[:100]} may not be asked")
    address = public_address(parts.hostname, port)
    shown = f"[{address}]" if ":" in address else address
    headers = {"Host": parts.hostname, "Content-Type": "application/ocsp-request"} if body else {"Host": parts.hostname}
    target = parts._replace(netloc=f"{shown}:{port}", fragment="").geturl()
    extensions = {"sni_hostname": parts.hostname}
    end, received = time.monotonic() + seconds, b""
    try:
        with (
            httpx.Client(timeout=seconds, follow_redirects=False, trust_env=False) as client,
            client.stream(method, target, content=body, headers=headers, extensions=extensions) as answer,
        ):
            if answer.status_code != 200:
                raise Unreachable(f"{parts.hostname} answered {answer.status_code}")
            for piece in answer.iter_bytes():
                received += piece
                if len(received) > most_bytes or time.monotonic() > end:
                    raise Unreachable(f"{parts.hostname} gave too much or too slowly")
    except httpx.HTTPError as error:
        raise Unreachable(f"{parts.hostname}: {error!r}"[:200]) from error
    return received


def _by_answer(certificate: x509.Certificate, issuer: x509.Certificate, found: Fetched, end: float) -> bool:
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1()).build()  # noqa: S303 - names the key; RFC 5019 §2.1.1
    for url in _responders(certificate)[:2]:
        left = min(CALL_SECONDS, end - time.monotonic())
        if left <= 0:
            return False
        try:
            found.answers.append(_call("POST", url, request.public_bytes(Encoding.DER), ANSWER_BYTES, left))
        except Unreachable as error:
            log.info("no status: %s", error)
        else:
            return True
    return False


def _by_list(certificate: x509.Certificate, found: Fetched, end: float) -> None:
    for url in _list_addresses(certificate)[:2]:
        left = min(CALL_SECONDS, end - time.monotonic())
        if left <= 0:
            return
        try:
            found.lists.append(get(url, most_bytes=LIST_BYTES, seconds=left))
        except Unreachable as error:
            log.info("no revocation list: %s", error)
        else:
            return


def _responders(certificate: x509.Certificate) -> list[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return []
    entries = [entry.access_location for entry in access if entry.access_method == AuthorityInformationAccessOID.OCSP]
    return [entry.value for entry in entries if isinstance(entry, x509.UniformResourceIdentifier)]


def _list_addresses(certificate: x509.Certificate) -> list[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    names = [name for point in points for name in point.full_name or []]
    return [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
