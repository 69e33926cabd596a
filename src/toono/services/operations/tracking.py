"""Where a case stands, for anybody who holds its tracking code. Few tries for those who guess."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from django.db import connection

from toono.kernel.clock import now
from toono.kernel.settings import settings
from toono.services.adapters import organisations
from toono.services.contracts import Outcome, Text, TrackingView
from toono.services.errors import TooManyTracked, TrackingUnknown
from toono.services.models import Case, TrackingTry
from toono.services.queries import definitions, phases, timeline

WINDOW = timedelta(minutes=10)
TRIES = 20
"""Wrong codes from one network address within a window; wide enough for a mobile operator behind which many people stand."""
KEPT = timedelta(days=1)

_LABELS = {Outcome.WITHDRAWN.value: Text(mn="Буцаан авсан", en="Withdrawn")}

# One statement finds or makes the row and adds to it, so that tries at the same moment are all counted.
_COUNT = """
    INSERT INTO services_trackingtry (address_digest, window_start, count) VALUES (%s, %s, 1)
    ON CONFLICT (address_digest, window_start) DO UPDATE SET count = services_trackingtry.count + 1
"""


def track(*, code: str, address: str | None) -> TrackingView:
    """The case with this tracking code; spaces, dashes and small letters are forgiven.

    :param address: the browser's network address, of which a keyed digest is kept for a day; None is not counted.
    """
    if address is not None and _tries(address) >= TRIES:
        raise TooManyTracked(f"{TRIES} wrong codes in {WINDOW}", retry_after_seconds=int(WINDOW.total_seconds()))
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    case = Case.objects.filter(tracking_code=plain, submitted_at__isnull=False).first() if len(plain) == 12 else None
    if case is None or case.submitted_at is None:
        if address is not None:
            _count(address)
        raise TrackingUnknown("no case has this tracking code")
    definition = definitions.definition(case.service, case.service_version)
    return TrackingView(
        service_name=definition.name, organisation_name=organisations.name(case.organisation), phase=phases.phase(case, definition),
        state_label=_LABELS.get(case.outcome or "") or phases.label(case, definition), submitted_at=case.submitted_at,
        due_at=case.due_at if case.open else None, decided_at=case.decided_at, steps=timeline.milestones(case, definition),
    )  # fmt: skip


def forget_tries() -> int:
    """Remove counted tries of windows long past; gives how many."""
    return TrackingTry.objects.filter(window_start__lt=now() - KEPT).delete()[0]


def _digest(address: str) -> str:
    """Keyed, since an address has too little entropy for a plain hash."""
    return hmac.new(settings().session_key.encode(), b"toono.services.tracking:" + address.encode(), hashlib.sha256).hexdigest()


def _window() -> datetime:
    seconds = int(WINDOW.total_seconds())
    return datetime.fromtimestamp(int(now().timestamp()) // seconds * seconds, UTC)


def _tries(address: str) -> int:
    row = TrackingTry.objects.filter(address_digest=_digest(address), window_start=_window()).first()
    return row.count if row else 0


def _count(address: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [_digest(address), _window()])
