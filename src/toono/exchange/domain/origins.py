"""Where a request over HTTP goes."""

from __future__ import annotations

from urllib.parse import SplitResult

Origin = tuple[str, str, int]
"""Scheme, host, port."""


def origin_of(address: SplitResult) -> Origin:
    """The port is the scheme's own where none stands; a missing host is empty."""
    return address.scheme, address.hostname or "", address.port or (443 if address.scheme == "https" else 80)
