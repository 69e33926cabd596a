"""Redirect addresses: RFC 6749 §3.1.2, RFC 9700 §2.1 (exact comparison), RFC 8252 §7.1 (an app's own scheme), §7.3 (any port on loopback)."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit

from toono.identity.domain.oidc.storage import Client

_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([1-9][0-9]{0,4}))?((?:[/?][\x21\x24-\x5b\x5d-\x7e]*)?)")

_OWN_SCHEME = re.compile(r"((?:[a-z]{2,}|xn--[a-z0-9-]+)(?:\.[a-z0-9-]+)+):/(?!/)[\x21\x24-\x29\x2b-\x3b\x3d\x3f-\x5b\x5d-\x7e]*")
_EVERYBODYS = frozenset({"about", "blob", "content", "data", "file", "ftp", "http", "https", "intent", "javascript", "mailto", "ws", "wss"})
"""Schemes with a meaning of their own, so no domain begins the reversed name of an app with them."""


def own_scheme(uri: str) -> str:
    """The scheme that an application claims on the person's device: a domain name backwards, so with a dot, and before a single slash (RFC 8252 §7.1, §8.4).

    Empty: the address is of no such form.
    """
    found = _OWN_SCHEME.fullmatch(uri)
    return found[1] if found and found[1].partition(".")[0] not in _EVERYBODYS else ""


def source(uri: str) -> str:
    """Where a browser's form may end to reach ``uri``: its origin, or its scheme if it has no host (Content Security Policy 3 §2.3.1)."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def is_registered(client: Client, uri: str) -> bool:
    """Whether ``uri`` is, character by character, one that the client registered.

    Only for a public client the port of a loopback address may differ, since a native app takes whichever is free.
    """
    if uri in client.redirect_uris:
        return True
    found = _LOOPBACK.fullmatch(uri)
    if not client.public or found is None or (found[2] and int(found[2]) > 65535):
        return False
    return found[1] + found[3] in client.redirect_uris


def with_parameters(uri: str, parameters: dict[str, str]) -> str:
    """``uri`` with the answer added to its query; a query that it had is kept (RFC 6749 §3.1.2)."""
    return uri + ("&" if "?" in uri else "?") + urlencode(parameters)
