"""Redirect addresses: RFC 6749 §3.1.2, RFC 9700 §2.1 (exact comparison), RFC 8252 §7.3 (any port on loopback for native apps)."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from toono.identity.domain.oidc.storage import Client

_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([1-9][0-9]{0,4}))?((?:[/?][\x21\x24-\x5b\x5d-\x7e]*)?)")


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
