"""What the gateway's login may do in the database: append, look up what it has appended, nothing more."""

from __future__ import annotations

from typing import Final

_TABLES: Final = (
    ("exchange_messagerecord", "INSERT, SELECT (id)"),
    ("exchange_ledgerentry", "INSERT"),
    ("exchange_seennonce", "INSERT, SELECT (nonce)"),
)


def statements(role: str) -> list[str]:
    """SQL that gives ``role`` these rights and takes any other on these tables. Idempotent; run by the owner of the tables."""
    quoted = '"' + role.replace('"', '""') + '"'
    return [
        f"GRANT USAGE ON SCHEMA public TO {quoted}",
        *(f"REVOKE ALL ON {table} FROM {quoted}" for table, _ in _TABLES),
        *(f"GRANT {rights} ON {table} TO {quoted}" for table, rights in _TABLES),
    ]
