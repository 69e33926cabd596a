"""What the gateway's login may do in the database: append, look up what it has appended, ask for consents and counts, nothing more."""

from __future__ import annotations

from typing import Final

_TABLES: Final = (
    ("exchange_batch", "INSERT, SELECT (id)"),
    ("exchange_signature", "INSERT, SELECT (id, at)"),
    ("exchange_messagerecord", "INSERT"),
    ("exchange_ledgerentry", "INSERT"),
    ("exchange_seennonce", "INSERT, SELECT (nonce)"),
    ("exchange_ocspresponse", "INSERT, SELECT (digest)"),
    ("exchange_traffic", "INSERT, SELECT"),
    ("exchange_stamp", "SELECT (id, at)"),
    ("exchange_stampleaf", "SELECT (subject)"),
    ("exchange_consent", "SELECT"),
)
_FUNCTIONS: Final = ("exchange_stored_answer(bytea)",)


def statements(role: str) -> list[str]:
    """SQL that gives ``role`` these rights and takes any other on these tables. Idempotent; run by the owner of the tables."""
    quoted = '"' + role.replace('"', '""') + '"'
    return [
        f"GRANT USAGE ON SCHEMA public TO {quoted}",
        *(f"REVOKE ALL ON {table} FROM {quoted}" for table, _ in _TABLES),
        *(f"GRANT {rights} ON {table} TO {quoted}" for table, rights in _TABLES),
        *(f"GRANT EXECUTE ON FUNCTION {function} TO {quoted}" for function in _FUNCTIONS),
    ]
