"""Hears from the database which certificates have changed (PostgreSQL's LISTEN and NOTIFY; the triggers stand in migration 0004)."""

from __future__ import annotations

import logging
import select
import threading
import time
from collections.abc import Callable

import psycopg

CHANNEL = "pki_status"
BEAT_SECONDS = 0.25
PAUSE_SECONDS = 0.5
_PATIENCE = "-c statement_timeout=2000 -c application_name=toono-pki-status"

log = logging.getLogger(__name__)


class StatusChanges:
    """One connection that listens for as long as the process lives, and comes back after every fault.

    ``heard`` gets the serial number of a changed certificate, or None where all must be read anew: an authority changed, or the
    connection was away and something may have been missed. ``confirmed`` gets the monotonic moment up to which everything was heard:
    a query begun then has come back, and notifications come before its end.
    """

    def __init__(self, dsn: str, *, heard: Callable[[int | None], None], confirmed: Callable[[float], None]) -> None:
        self._dsn, self._heard, self._confirmed = dsn, heard, confirmed
        self._told = False

    def start(self) -> None:
        """Listen in the background until the process ends."""
        threading.Thread(target=self._run, name="status-changes", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self._listen()
            except (psycopg.Error, OSError) as error:
                if not self._told:  # once for each time that it is away
                    log.warning("changes of certificates are not heard, the database is asked for each: %s", error)
                self._told = True
            time.sleep(PAUSE_SECONDS)

    def _listen(self) -> None:
        with psycopg.connect(
            self._dsn, autocommit=True, connect_timeout=5, options=_PATIENCE, keepalives_idle=5, tcp_user_timeout=3000
        ) as connection:
            connection.add_notify_handler(lambda notice: self._heard(_serial(notice.payload)))
            connection.execute(f"LISTEN {CHANNEL}")
            self._heard(None)
            self._told = False
            while True:
                begun = time.monotonic()
                connection.execute("SELECT 1")
                self._confirmed(begun)
                select.select([connection.fileno()], [], [], BEAT_SECONDS)


def _serial(payload: str) -> int | None:
    return int(payload, 16) if payload else None
