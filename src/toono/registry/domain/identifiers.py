"""Names of entries: ``INSTANCE/CLASS/organisation/system/service``, as X-Road's but narrower."""

from __future__ import annotations

import re

# Narrower than X-Road's strict identifiers (A-Z a-z 0-9 ' ( ) + , - . = ?): what needs no escape anywhere.
PART = re.compile(r"[a-z0-9][a-z0-9.-]{0,59}")
EXCHANGE = "exchange"
"""The one name under which the exchange's own settings stand."""


def organisation_of(identifier: str) -> str:
    """The organisation's code in an identifier of a system or service."""
    return identifier.split("/")[2]
