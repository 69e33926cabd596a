"""One change of the registry at a time."""

from __future__ import annotations

from django.db import connection

_LOCK = 0x746F6F6E6F01  # any number that nobody else takes


def lock_registry() -> None:
    """Wait until no other transaction is changing or publishing the registry; hold it until this one ends.

    Approvals and publications run one after another, because a publication must hold every approval that was committed
    before it, and versions must rise in the order of commits. Without the lock two approvals at the same time would
    each publish a configuration without the other's change. The lock is held while one document is signed (some tens
    of milliseconds) and is taken before anything is read, so that every read sees what the former holder committed.
    Readers take no lock.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("the registry is locked for the length of a transaction; there is none")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
