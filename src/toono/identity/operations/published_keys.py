"""Keys that clients publish at their ``jwks_uri``: read from the registered address only, within bounds, never from our own network.

The address is an administrator's or a statement's word, yet whoever owns its name may let it lead anywhere (RFC 9700 §4.15, OWASP SSRF). So the name is
resolved here, every address that it has must be a public one, and the connection is made to exactly that address, with the name shown and checked in TLS.
No redirect is followed. What was read serves for a while; a signature by an unknown key has it read anew, once a minute at most.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.registration import usable_keys
from toono.identity.domain.oidc.storage import Keys
from toono.kernel.jose import json_object
from toono.kernel.settings import settings

SECONDS = 3.0
"""For the whole reading: somebody waits for a token."""
LONGEST_BYTES = 65536
KEPT_SECONDS = 600.0
ANEW_AFTER_SECONDS = 60.0
"""Between two readings of one address, whatever came of the first."""
MOST_ADDRESSES = 10_000
log = logging.getLogger(__name__)


class Refused(Exception):
    """The address may not be read, or what it answers is no key set."""


@dataclass
class _Kept:
    """What is known of one address; the lock lets one thread read and the others go on with what there is."""

    keys: Keys = ()
    read_at: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


_kept: dict[str, _Kept] = {}


def keys(uri: str, anew: bool) -> Keys:
    """The usable keys at ``uri``; those known before, or none, while it cannot be read.

    :param anew: the known ones do not fit.
    """
    kept = _kept.setdefault(uri, _Kept())
    if len(_kept) > MOST_ADDRESSES:
        _kept.clear()
    # Who comes while another reads waits for it only if there is nothing to go by.
    if _is_due(kept, anew) and kept.lock.acquire(blocking=not kept.keys, timeout=-1 if kept.keys else SECONDS):
        try:
            _read_once(uri, kept, anew)
        finally:
            kept.lock.release()
    return kept.keys


def _is_due(kept: _Kept, anew: bool) -> bool:
    return time.monotonic() - kept.read_at > (ANEW_AFTER_SECONDS if anew or not kept.keys else KEPT_SECONDS)


def _read_once(uri: str, kept: _Kept, anew: bool) -> None:
    if not _is_due(kept, anew):
        return  # another has just done it
    try:
        kept.keys = read(uri)
    except Refused as error:
        log.info("keys of a client at %s: %s", uri, error)
    kept.read_at = time.monotonic()


def forget() -> None:
    """Read everything anew at the next need."""
    _kept.clear()


def read(uri: str) -> Keys:
    """Read the address now.

    :raises Refused:
    """
    address, parts = _public_address(uri), urlsplit(uri)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    place = f"[{address}]" if ":" in address else address
    target = parts._replace(netloc=f"{place}:{port}").geturl()
    until = time.monotonic() + SECONDS
    try:
        with (
            httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as http,
            http.stream(
                "GET", target, headers={"Host": parts.netloc, "Accept": "application/jwk-set+json, application/json"},
                extensions={"sni_hostname": parts.hostname},
            ) as answer,
        ):  # fmt: skip
            if answer.status_code != 200:
                raise Refused(f"status {answer.status_code}")
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > LONGEST_BYTES or time.monotonic() > until:
                    raise Refused("too long, or too slow")
        return usable_keys(json_object(body))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, DirectRefusal) as error:
        raise Refused(type(error).__name__) from None


def _public_address(uri: str) -> str:
    """An address of the name, if all that it has are public; in development this machine itself may stand for the world.

    :raises Refused:
    """
    parts = urlsplit(uri)
    local = not settings().production
    if parts.scheme != "https" and not (local and parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1")):
        raise Refused("not https")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused("the name is not known") from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses or not all(_is_public(one) or (local and one.is_loopback) for one in addresses):
        raise Refused("the name leads into a network that is not public")
    return str(addresses[0])


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Also within IPv6: an address of the older kind (mapped, 6to4, Teredo, NAT64) is judged as what it leads to."""
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in ipaddress.ip_network("64:ff9b::/96"):
            within = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if within is not None:
            return _is_public(within)
    return address.is_global and not address.is_multicast
