"""Publish the root of each hour: in the database, on a page, and as files that anybody may mirror.

An hour is published when nothing can arrive in it any more: publication takes the lock of the time-stamps, and under that lock none is given a moment in an hour that stands here
(``stamp.py``). Hours without a time-stamp are published too, so that the chain has no hole.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.db import connection, transaction

import toono.pki.api as pki
from toono.exchange import limits
from toono.exchange.domain import roots
from toono.exchange.errors import RootSignerMissing
from toono.exchange.models import HourlyRoot, Stamp
from toono.exchange.operations.stamp import LOCK
from toono.kernel.actor import system
from toono.kernel.clock import now
from toono.kernel.files import write_durably
from toono.kernel.settings import settings
from toono.pki.contracts import CertificateInfo, CertificateState, Profile

_OWN = system("exchange")


def publish_roots() -> list[datetime]:
    """Publish every hour that is over; the hours. Files that are missing are written again.

    :raises SignerUnavailable: nothing of this hour was published; those before are.
    :raises RootSignerMissing: the registry has published nothing yet, so that no key speaks for the exchange.
    """
    published: list[datetime] = []
    while len(published) < limits.ROOTS_AT_ONCE and (hour := _publish_next()) is not None:
        published.append(hour)
    write_files()
    return published


def folder() -> Path:
    """Where the files stand: ``2026-11-22T07Z.jws``, for mirroring."""
    return settings().home / "exchange" / "roots"


def write_files() -> None:
    """Each published hour as a file; what stands already is left as it is."""
    known = {path.name for path in folder().glob("*.jws")}
    for row in HourlyRoot.objects.order_by("-hour")[: limits.ROOTS_LISTED]:
        file = f"{roots.name(row.hour)}.jws"
        if file not in known:
            write_durably(folder() / file, row.jws.encode(), mode=0o644)


def _publish_next() -> datetime | None:
    """One hour, one transaction; None when none is over."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LOCK)
        last = HourlyRoot.objects.order_by("-hour").first()
        first = None if last else Stamp.objects.order_by("at").values_list("at", flat=True).first()
        hour = next(roots.due(last.hour if last else None, first, now()), None)
        if hour is not None:
            _publish(hour, bytes(last.root) if last else roots.NOTHING)
    return hour


def _publish(hour: datetime, previous: bytes) -> None:
    stamps = Stamp.objects.filter(at__gte=hour, at__lt=hour + roots.HOUR).order_by("id")
    leaves = [bytes(digest) for digest in stamps.values_list("result_digest", flat=True)]
    payload = roots.payload(instance=settings().exchange_instance, hour=hour, leaves=leaves, previous=previous)
    signer = _signer()
    jws = pki.sign_jws(key=signer.key, payload=payload, typ=roots.TYPE, kid=signer.serial, chain=(signer.pem, *signer.chain_pem))
    HourlyRoot.objects.create(
        hour=hour, leaves=b"".join(leaves), root=roots.root(leaves, previous), previous=previous, jws=jws, published_at=now()
    )  # fmt: skip


def _signer() -> CertificateInfo:
    """Who signs the exchange's configuration speaks for the exchange here too; ``typ`` keeps the two apart."""
    found = pki.certificates(actor=_OWN, profile=Profile.CONFIGURATION, state=CertificateState.VALID, limit=1)
    if not found:
        raise RootSignerMissing("no certificate of the profile configuration")
    return found[0]
