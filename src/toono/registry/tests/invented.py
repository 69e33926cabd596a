"""Names for organisations that no other test uses."""

from __future__ import annotations

import secrets


def code() -> str:
    return f"test-{secrets.token_hex(6)}"


def register_number() -> str:
    """A register number that stands in no entry (those of the sandbox begin with 99)."""
    import toono.registry.api as registry

    taken = {o.register_number for o in registry.organisations()}
    return next(n for n in iter(lambda: f"9{secrets.randbelow(9 * 10**5):06}", "") if n not in taken)
