"""What is wrong with an address of a client, as a code that a page can say in words: RFC 9700 §2.1, RFC 8252 §7."""

from __future__ import annotations

from urllib.parse import urlsplit

from toono.identity.domain.oidc.redirection import own_scheme

LOOPBACK = ("127.0.0.1", "::1")


def fault(address: str, *, loopback: bool, app: bool = False) -> str:
    """The first thing that is wrong; empty: nothing.

    :param loopback: plain http on the person's own machine may stand for https.
    :param app: an application's own scheme may stand for it, too.
    """
    if app and own_scheme(address):
        return ""
    if any(c.isspace() for c in address):
        return "space"
    if not address.isascii():
        return "letters"
    if "*" in address:
        return "pattern"
    if "#" in address:
        return "fragment"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "unreadable"
    if "@" in parts.netloc:
        return "user"
    if host == "localhost":
        return "localhost"
    if parts.scheme not in ("http", "https") or not host:
        return "whole"
    if parts.scheme == "http" and not (loopback and host in LOOPBACK):
        return "https"
    if set('\\"<>') & set(address):
        return "letters"
    return ""
