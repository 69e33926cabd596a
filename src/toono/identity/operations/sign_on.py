"""Figures of the single sign-on: who is connected, how many people, how many sign-ins.

A grant is one person let in to one system. Grants are removed soon after they end, so a job adds them up beforehand: each run counts what was given since
the last one, up to a minute ago, when all that was given by then is committed.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from django.db import connection, transaction
from django.db.models import Count, Max, Sum

from toono.identity import contracts, models
from toono.identity.operations.trial_runs import TWIN
from toono.kernel.clock import now

BEHIND = timedelta(minutes=1)
"""No transaction that gives a grant takes longer: statements are stopped after fifteen seconds."""

_COUNT = """
    INSERT INTO identity_signincount AS c (client_id, organisation, day, count)
    SELECT g.client_id, coalesce(max(k.organisation), ''), (g.created_at AT TIME ZONE 'Asia/Ulaanbaatar')::date, count(*)
    FROM identity_grant g LEFT JOIN identity_client k ON k.client_id = g.client_id
    WHERE g.created_at >= %s AND g.created_at < %s AND g.client_id NOT LIKE %s
    GROUP BY 1, 3
    ON CONFLICT (client_id, day) DO UPDATE SET count = c.count + excluded.count
"""


def count_sign_ins() -> None:
    """Add up what came since the last run. The row is held, so of two runs at once the second finds nothing left."""
    until = now() - BEHIND
    with transaction.atomic():
        models.SignInsCounted.objects.bulk_create([models.SignInsCounted(id=1, until=until - timedelta(days=2))], ignore_conflicts=True)
        row = models.SignInsCounted.objects.select_for_update().get(id=1)
        if row.until >= until:
            return
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [row.until, until, TWIN + "%"])
        row.until = until
        row.save(update_fields=["until"])


@lru_cache(maxsize=1)
def _users(_minute: int) -> int:
    """Counted once a minute in each process: a public page shows it, and millions of rows are not counted for every visit."""
    return models.Person.objects.count()


def figures(*, since: date, until: date, organisations: tuple[str, ...] | None) -> contracts.SignOnFigures:
    """Figures of the days ``since`` to ``until``, both counted.

    :param organisations: of these only; None: of the whole platform.
    """
    parties = models.Client.objects.filter(twin_of="", trusted=False, stage="production", deactivated_at=None)
    counts = models.SignInCount.objects.filter(day__gte=since, day__lte=until)
    if organisations is not None:
        parties, counts = parties.filter(organisation__in=organisations), counts.filter(organisation__in=organisations)
    days = dict(counts.values_list("day").annotate(total=Sum("count")))
    span = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    systems = counts.values("client_id").annotate(total=Sum("count"), organisation=Max("organisation")).order_by("-total", "client_id")
    owners = counts.exclude(organisation="").values("organisation").annotate(total=Sum("count")).order_by("-total", "organisation")
    return contracts.SignOnFigures(
        organisations=parties.exclude(organisation="").aggregate(n=Count("organisation", distinct=True))["n"], systems=parties.count(),
        users=_users(int(now().timestamp() // 60)), sign_ins=sum(days.values()),
        days=tuple(contracts.SignInDay(day=day, count=days.get(day, 0)) for day in span),
        by_organisation=tuple(contracts.SignInsOf(organisation=r["organisation"], client_id="", count=r["total"]) for r in owners[:100]),
        by_system=tuple(
            contracts.SignInsOf(organisation=r["organisation"], client_id=r["client_id"], count=r["total"]) for r in systems[:100]
        ),
    )  # fmt: skip
