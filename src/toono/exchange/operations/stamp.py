"""Time-stamp what gateways have committed: signatures and links of batches, many under one token (RFC 3161).

Each minute one round takes whatever has no time-stamp yet, oldest first, in trees of bounded size; a tree with its places and token is one transaction. When the
time-stamping unit does not answer, the round ends and a later one takes everything.

Who sees what: ids rise with time, but a commit becomes visible a little after its ids were made, and clocks of gateways differ. So a round looks back
from the newest stamped entry, and the hourly round further back; nothing is stamped twice, since an entry has one place only.

Lock: one advisory lock lets one round work at a time, whichever process it runs in. It also orders time-stamps against the hourly root
(``roots.py``): under it no time-stamp is ever given a moment in an hour that has been published.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha512
from uuid import UUID

from django.db import connection, transaction

import toono.pki.api as pki
from toono.exchange import limits
from toono.exchange.domain import partitions
from toono.exchange.domain.evidence import hashchain
from toono.exchange.models import HourlyRoot, Stamp
from toono.kernel.clock import now
from toono.kernel.ids import uuid7

LOCK = "SELECT pg_advisory_xact_lock(hashtext('toono.exchange.stamps'))"
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('toono.exchange.stamps'))"

_PENDING = """
SELECT found.id, found.leaf FROM (
    SELECT id, document_digest AS leaf FROM exchange_signature WHERE id >= %(since)s AND id < %(until)s
    UNION ALL
    SELECT id, link AS leaf FROM exchange_batch WHERE id >= %(since)s AND id < %(until)s
) found
WHERE NOT EXISTS (SELECT 1 FROM exchange_stampleaf place WHERE place.subject = found.id)
ORDER BY found.id LIMIT %(limit)s
"""
_PLACES = """
INSERT INTO exchange_stampleaf (subject, stamp, position)
SELECT subject, %s, number - 1 FROM unnest(%s::uuid[]) WITH ORDINALITY AS taken (subject, number)
"""


def stamp_pending(*, at_once: bool = False, look_back_seconds: float = limits.STAMP_WINDOW_SECONDS) -> int:
    """Give a time-stamp to what has none; how many signatures and batches got one.

    :param at_once: the youngest too.
    :param look_back_seconds: how far before the newest stamped entry to look for late ones.
    :raises SignerUnavailable: the time-stamping unit does not answer; the trees before are stamped.
    """
    settled = timedelta() if at_once else timedelta(seconds=limits.STAMP_SETTLE_SECONDS)
    ahead = timedelta(seconds=limits.STAMP_AHEAD_SECONDS) if at_once else timedelta()
    until = partitions.floor(now() - settled + ahead)
    since = _since(look_back_seconds)
    count = 0
    while taken := _stamp_tree(since, until, wait=at_once):
        count += taken
    return count


def _since(look_back_seconds: float) -> UUID:
    """Where to begin: before the newest stamped entry, which is the newest of the oldest, since each tree takes the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject FROM exchange_stampleaf ORDER BY subject DESC LIMIT 1")
        row = cursor.fetchone()
    if row is None:
        return UUID(int=0)
    newest = min(partitions.moment_of(row[0]), now())  # a gateway whose clock is ahead hides nobody else's entries
    return partitions.floor(newest - timedelta(seconds=look_back_seconds))


def _stamp_tree(since: UUID, until: UUID, *, wait: bool) -> int:
    """One tree, one transaction; how many it holds. The signer is asked inside: a token that nobody stored proves nothing and does no harm.

    :param wait: until another round has ended; else its being at work is enough.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LOCK if wait else _TRY_LOCK)
            if cursor.fetchone()[0] is False:
                return 0
            cursor.execute(_PENDING, {"since": since, "until": until, "limit": limits.STAMP_LEAVES})
            found = [(subject, bytes(leaf)) for subject, leaf in cursor.fetchall()]
        if not found:
            return 0
        stamp = _stamp([leaf for _, leaf in found])
        _keep_places(stamp.id, (subject for subject, _ in found))
    return len(found)


def _stamp(leaves: Sequence[bytes]) -> Stamp:
    digest = sha512(hashchain.stamp_result_xml(hashchain.stamp_root(leaves))).digest()
    token = pki.time_stamp(digest=digest)
    return Stamp.objects.create(id=uuid7(), at=_open_moment(), leaves=b"".join(leaves), result_digest=digest, token=token)


def _open_moment() -> datetime:
    """Now; but never inside an hour that was published, should the clock have been set back."""
    published = HourlyRoot.objects.order_by("-hour").values_list("hour", flat=True).first()
    return now() if published is None else max(now(), published + timedelta(hours=1))


def _keep_places(stamp: UUID, subjects: Iterable[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [stamp, list(subjects)])
