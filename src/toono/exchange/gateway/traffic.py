"""What the gateway carries, counted: rates and quotas of agreements, and the figures that the traffic page shows.

Counting is work in memory; nothing here is waited for by a call. A task of its own, with a connection of its own, writes the counts down: those of
agreements with a rate or a quota every two seconds, all of them every ten, and the rest when the gateway ends. A process that is killed loses the counts of
its last seconds: figures are then too low by so much, and a quota may be exceeded by so much; the message log itself loses nothing.

Rates and quotas hold over all gateways: each reads what the others have written. Between two readings they may together exceed a quota by what they carry
in that time. Of a rate each process takes what the others leave, moving half of the way at each reading and never below a quarter; so one that is used alone
gives the whole rate, several come to share it within seconds, and only the first burst is let through by each of them.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from time import monotonic, perf_counter
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from toono.exchange import limits
from toono.exchange.domain import traffic
from toono.exchange.domain.answers import ProviderAnswer
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.policy import DayQuota, TokenBucket, day_begins, day_of, seconds_to_next_day
from toono.exchange.gateway.database import Database, DatabaseUnavailable
from toono.kernel.clock import now
from toono.kernel.ids import uuid7
from toono.registry.contracts import Agreement

_log = logging.getLogger(__name__)

_COLUMNS: Final = "id, at, gateway, client, service, agreement, outcome, calls, request_bytes, response_bytes, durations"
_WRITE: Final = f"""
    INSERT INTO exchange_traffic ({_COLUMNS})
    SELECT {_COLUMNS} FROM jsonb_to_recordset(%s::jsonb) AS new (
        id uuid, at timestamptz, gateway text, client text, service text, agreement text, outcome text,
        calls integer, request_bytes bigint, response_bytes bigint, durations integer[]
    ) ON CONFLICT DO NOTHING
"""  # noqa: S608 - fixed names
"""Rows written a second time, because nobody knows whether the first time was committed, have the same ids and are left out."""
_READ: Final = "SELECT id, at, agreement, calls FROM exchange_traffic WHERE at >= %s AND agreement = ANY(%s)"


_LEAST_SHARE: Final = 0.25


class Carried(NamedTuple):
    """One call that is over. Nothing of it that names a person or a path."""

    client: str
    """A system of the configuration; empty where the caller named none. One that could not prove to be it is counted under the name it gave."""
    service: str
    agreement: str
    """Empty where the request did not come into the log: the provider never heard of it, and it counts for no quota."""
    outcome: str
    """``2xx``, ``4xx`` … of the provider, or the reason of a fault."""
    let_in_by: str
    """The agreement whose quota it has used; empty where there is none."""
    request_bytes: int
    response_bytes: int
    seconds: float


class CountedCall(Protocol):
    """What is read of a call that is over. ``client``, ``service`` and ``grant`` it has only if it came so far."""

    body: bytes
    answer: ProviderAnswer | None
    request_logged: bool
    quota_left: int | None
    started: float


def carried(call: CountedCall, outcome: str) -> Carried:
    """What is counted of ``call``, however far it came."""
    grant = getattr(call, "grant", None)
    agreement = grant.agreement.id if grant is not None else ""
    client, service = getattr(call, "client", None), getattr(call, "service", None)
    return Carried(
        client=client.id if client is not None else "",
        service=service.entry.id if service is not None else "",
        agreement=agreement if call.request_logged else "",
        outcome=outcome,
        let_in_by=agreement if call.quota_left is not None else "",
        request_bytes=len(call.body),
        response_bytes=len(call.answer.body) if call.answer is not None else 0,
        seconds=perf_counter() - call.started,
    )


class _Key(NamedTuple):
    day: date
    client: str
    service: str
    agreement: str
    outcome: str


@dataclass(slots=True)
class _Counts:
    calls: int = 0
    charged: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    durations: list[int] = field(default_factory=lambda: [0] * traffic.COUNTS)

    def add(self, carried: Carried) -> None:
        self.calls += 1
        self.charged += bool(carried.let_in_by)
        self.request_bytes += carried.request_bytes
        self.response_bytes += carried.response_bytes
        self.durations[traffic.bucket(carried.seconds)] += 1


class _Row(NamedTuple):
    id: UUID
    at: datetime
    key: _Key
    counts: _Counts


@dataclass(slots=True)
class _Agreed:
    """What is known of one agreement with a rate or a quota."""

    used: DayQuota
    seen: dict[UUID, datetime] = field(default_factory=dict)
    """Rows of the table that are counted already."""
    own: set[UUID] = field(default_factory=set)
    """Rows on their way into the table: still counted as calls of this process, though others, and the next reading, may see them."""
    caught_up: bool = False
    """Whether the rows of the whole day have been read."""
    rate: int = 0
    """As agreed; 0: none."""
    bucket: TokenBucket = field(default_factory=lambda: TokenBucket(1, 1, monotonic()))
    """Of the rate, the part that this process gives."""
    others: int = 0
    """Calls of other processes found at the last reading."""

    def set_rate(self, rate: int) -> None:
        if rate != self.rate:
            self.rate, self.bucket = rate, TokenBucket(rate, rate, monotonic())

    def share(self, seconds: float) -> None:
        """Take what the others, in these seconds, left of the rate."""
        left = max(self.rate * _LEAST_SHARE, self.rate - self.others / seconds)
        self.bucket.rate = (self.bucket.rate + left) / 2
        self.others = 0


class Traffic:
    """The counts of one process. Used from one event loop."""

    def __init__(self, database: Database, gateway: str) -> None:
        """:param database: with connections that calls do not use; closed with this."""
        self._database, self._gateway = database, gateway
        self._agreed: dict[str, _Agreed] = {}
        self._read_at = monotonic()
        self._counts: dict[_Key, _Counts] = {}
        self._unwritten: list[_Row] = []
        self._task: asyncio.Task[None] | None = None
        self._said = ""

    # -- asked by calls ----------------------------------------------------------------------------------------------

    def admit(self, agreement: Agreement, moment: datetime) -> int | None:
        """Let one call in under the rate and the quota of ``agreement``; what is left of today's quota after it, None where there is none.

        :raises Fault: ``rate_exceeded`` or ``quota_exceeded``, with the seconds to wait; then nothing is used up.
        """
        known = self._known(agreement, day_of(moment))
        if agreement.rate_per_second is not None:
            known.set_rate(agreement.rate_per_second)
            if (wait := known.bucket.wait_seconds(monotonic())) > 0:
                message = f"The agreement {agreement.id} allows {agreement.rate_per_second} calls a second."
                raise Fault(Code.ACCESS_DENIED, "rate_exceeded", message, retry_after=ceil(wait))
        left = None
        if agreement.quota_per_day is not None:
            left = _use_quota(known.used, agreement, agreement.quota_per_day, moment)
        if agreement.rate_per_second is not None:
            known.bucket.take()
        return left

    def _known(self, agreement: Agreement, day: date) -> _Agreed:
        known = self._agreed.get(agreement.id)
        if known is None:
            known = self._agreed[agreement.id] = _Agreed(DayQuota(day))
        return known

    def left(self, agreement: Agreement, moment: datetime) -> int | None:
        """What is left of today's quota; None where there is none. For an agreement that this process has not yet carried a call for: all of it."""
        if agreement.quota_per_day is None:
            return None
        known = self._agreed.get(agreement.id)
        return agreement.quota_per_day if known is None else known.used.left(agreement.quota_per_day, day_of(moment))

    def record(self, carried: Carried, moment: datetime) -> None:
        """A call is over. Where its request did not even come into the log, its quota is given back.

        :param moment: when it came.
        """
        day = day_of(moment)
        if carried.let_in_by and not carried.agreement and (known := self._agreed.get(carried.let_in_by)):
            known.used.give_back(day)
        key = _Key(day, carried.client, carried.service, carried.agreement, carried.outcome)
        if key not in self._counts and len(self._counts) >= limits.TRAFFIC_KEYS:
            key = _Key(day, "", "", "", carried.outcome)
        self._counts.setdefault(key, _Counts()).add(carried)

    # -- the task ----------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to write and to read. The database need not be there."""
        self._task = asyncio.create_task(self._keep_writing(), name="traffic")

    async def close(self) -> None:
        """Write what waits, if the database takes it in time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            async with asyncio.timeout(limits.TRAFFIC_CLOSE_SECONDS):
                await self.write(everything=True)  # what a write under way left behind
                await self.write(everything=True)
        except (DatabaseUnavailable, TimeoutError) as error:
            _log.warning("The last counts of traffic are lost: %s", str(error) or type(error).__name__)
        await self._database.close()

    async def _keep_writing(self) -> None:
        written = monotonic()
        while True:
            try:
                await self.read()
                everything = monotonic() - written >= limits.TRAFFIC_WRITE_SECONDS
                await self.write(everything=everything)
                if everything:
                    written = monotonic()
                self._said = ""
            except DatabaseUnavailable as error:
                if not self._said:  # once, not every two seconds
                    self._said = str(error)
                    _log.warning("Counts of traffic cannot be written or read: %s", error)
            except Exception:
                _log.exception("Counting traffic failed")
            await asyncio.sleep(limits.QUOTA_SECONDS)

    async def write(self, *, everything: bool) -> None:
        """Write counts down: all, or only those of agreements with a rate or a quota.

        :raises DatabaseUnavailable: they are kept for the next time.
        """
        if not self._unwritten:
            due = [key for key in self._counts if everything or key.agreement in self._agreed]
            self._unwritten = [_Row(uuid7(), _at(key.day), key, self._counts.pop(key)) for key in due]
            for row in self._unwritten:
                if (known := self._agreed.get(row.key.agreement)) is not None:
                    known.own.add(row.id)
        if not self._unwritten:
            return
        rows = self._unwritten
        await self._database.fetch(_WRITE, [json.dumps([self._content(row) for row in rows])])
        self._unwritten = []
        for row in rows:
            if (known := self._agreed.get(row.key.agreement)) is not None and row.id in known.own:
                known.own.discard(row.id)
                known.seen[row.id] = row.at
                known.used.written(row.counts.charged, row.key.day)
                known.used.heard(row.counts.calls - row.counts.charged, row.key.day)

    def _content(self, row: _Row) -> dict[str, object]:
        key, counts = row.key, row.counts
        return {
            "id": str(row.id), "at": row.at.isoformat(), "gateway": self._gateway, "client": key.client, "service": key.service, "agreement": key.agreement,
            "outcome": key.outcome, "calls": counts.calls, "request_bytes": counts.request_bytes, "response_bytes": counts.response_bytes,
            "durations": counts.durations,
        }  # fmt: skip

    async def read(self) -> None:
        """Hear what other gateways have carried for agreements with a rate or a quota.

        :raises DatabaseUnavailable: the counts known so far stay.
        """
        moment = now()
        today = day_of(moment)
        self._agreed = {name: known for name, known in self._agreed.items() if known.used.day >= today}  # yesterday's are over
        fresh = [name for name, known in self._agreed.items() if not known.caught_up]
        if fresh:
            self._hear(await self._database.fetch(_READ, [day_begins(today), fresh]))
            for name in fresh:
                self._agreed[name].caught_up, self._agreed[name].others = True, 0
        late = moment - timedelta(seconds=limits.TRAFFIC_LATE_SECONDS)
        others = [name for name in self._agreed if name not in fresh]
        if others:
            self._hear(await self._database.fetch(_READ, [late, others]))
        seconds, self._read_at = max(0.1, monotonic() - self._read_at), monotonic()
        forgotten = late - timedelta(seconds=limits.TRAFFIC_LATE_SECONDS)
        for known in self._agreed.values():
            known.share(seconds)
            known.seen = {row: at for row, at in known.seen.items() if at > forgotten}

    def _hear(self, rows: Iterable[tuple[object, ...]]) -> None:
        for row, at, agreement, calls in rows:
            known = self._agreed[str(agreement)]
            if not isinstance(row, UUID) or not isinstance(at, datetime) or not isinstance(calls, int):
                raise TypeError("exchange_traffic has columns of other types")
            if row not in known.seen and row not in known.own and known.used.heard(calls, day_of(at)):
                known.seen[row] = at
                known.others += calls


def _use_quota(used: DayQuota, agreement: Agreement, quota: int, moment: datetime) -> int:
    day = day_of(moment)
    left = used.left(quota, day)
    if left == 0:
        message = f"The agreement {agreement.id} allows {quota} calls a day; today's are used up."
        raise Fault(Code.ACCESS_DENIED, "quota_exceeded", message, retry_after=seconds_to_next_day(moment))
    used.take(day)
    return left - 1


def _at(day: date) -> datetime:
    """The end of the interval that is written now; of counts of a day that is over, its last moment."""
    following = day_begins(day + timedelta(days=1))
    return min(now(), following - timedelta(microseconds=1))
