"""Load somebody else's trusted list: from a file or an address, under a pinned certificate; fetched anew by the clock."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.certificates import UNREADABLE
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed, NotFound
from toono.kernel.public_network import Unreachable
from toono.kernel.text import clean
from toono.pki import queries
from toono.pki.adapters import fetching
from toono.pki.contracts import LoadedList
from toono.pki.domain import trusted_lists
from toono.pki.domain.trusted_lists import ReadList
from toono.pki.errors import TrustedListRefused, TrustedListUnreachable
from toono.pki.models import TrustedList, TrustedService

LIST_BYTES = 20 * 1024 * 1024
FETCH_SECONDS = 30.0
OLDEST_FETCH = timedelta(hours=20)

log = logging.getLogger("toono.pki")


def load_trusted_list(*, actor: Actor, title: str, pin: bytes, xml: bytes | None = None, address: str = "") -> LoadedList:
    """Load a list, or a newer one under the same title. Written to the audit."""
    _allow(actor)
    title, address = clean(title)[:200], address.strip()[:500]
    if not title or bool(xml) == bool(address):
        raise TrustedListRefused("a title, and either a file or an address")
    certificate = _certificate(pin)
    content = xml if xml is not None else _fetched(address)
    return _store(actor, title, certificate, content, address)


def remove_trusted_list(*, actor: Actor, list_id: int) -> None:
    """Nobody is believed by this list any more. Written to the audit."""
    _allow(actor)
    with transaction.atomic():
        row = TrustedList.objects.select_for_update().filter(id=list_id).first()
        if row is None:
            raise NotFound(f"trusted list {list_id}")
        audit.record(actor=actor, action="pki.remove_trusted_list", subject=f"trusted_list:{row.id}", title=row.title)
        row.delete()


def refresh_trusted_lists(*, actor: Actor) -> int:
    """Fetch lists that have an address; how many are newer now. One that fails keeps what it had, and says so on the administrator's page."""
    renewed = 0
    for row in TrustedList.objects.exclude(address="").filter(checked_at__lt=now() - OLDEST_FETCH):
        before = row.sequence_number
        try:
            loaded = _store(actor, row.title, _certificate(row.pin.encode()), _fetched(row.address), row.address)
        except (TrustedListRefused, TrustedListUnreachable) as error:
            log.warning("the trusted list %s was not renewed: %s", row.title, error)
            TrustedList.objects.filter(id=row.id).update(checked_at=now(), problem=str(error)[:300])
        else:
            renewed += loaded.sequence_number > before
    return renewed


def _store(actor: Actor, title: str, pin: x509.Certificate, xml: bytes, address: str) -> LoadedList:
    read, at = _read(xml, pin), now()
    _check_time(read, at)
    values = {
        "address": address,
        "pin": pin.public_bytes(Encoding.PEM).decode(),
        "territory": read.territory,
        "sequence_number": read.sequence_number,
        "issued_at": read.issued_at,
        "next_update": read.next_update,
        "xml": xml,
        "loaded_at": at,
        "checked_at": at,
        "problem": "",
    }
    with transaction.atomic():
        # The row is locked, so that of two loads at once the older list does not win.
        row = TrustedList.objects.select_for_update().filter(title=title).first()
        if row is not None and read.sequence_number < row.sequence_number:
            raise TrustedListRefused(f"number {read.sequence_number} is older than {row.sequence_number}, which is loaded")
        if row is not None and read.sequence_number == row.sequence_number and bytes(row.xml) == xml and row.pin == values["pin"]:
            TrustedList.objects.filter(id=row.id).update(checked_at=at, problem="", address=address)
            return queries.loaded_list(TrustedList.objects.get(id=row.id))
        row, _created = TrustedList.objects.update_or_create(title=title, defaults=values)
        row.services.all().delete()
        TrustedService.objects.bulk_create(
            TrustedService(trusted_list=row, name=one.name, kind=one.kind, certificate=one.certificate, granted=one.granted)
            for one in read.services
        )
        audit.record(
            actor=actor,
            action="pki.load_trusted_list",
            subject=f"trusted_list:{row.id}",
            title=title,
            sequence_number=read.sequence_number,
            sha256=hashlib.sha256(xml).hexdigest(),
        )
        return queries.loaded_list(row)


def _read(xml: bytes, pin: x509.Certificate) -> ReadList:
    if len(xml) > LIST_BYTES:
        raise TrustedListRefused("larger than the limit")
    try:
        return trusted_lists.read(xml, pin=pin)
    except trusted_lists.NotBelieved as error:
        raise TrustedListRefused(str(error)) from error


def _check_time(read: ReadList, at: datetime) -> None:
    if read.next_update is None or read.next_update <= at:
        raise TrustedListRefused("the list is closed or past its time")
    if read.issued_at > at + timedelta(minutes=10):
        raise TrustedListRefused("the list is of the future")


def _certificate(pin: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pin) if b"-----BEGIN" in pin else x509.load_der_x509_certificate(pin)
    except UNREADABLE as error:
        raise TrustedListRefused("the pinned certificate cannot be read") from error


def _fetched(address: str) -> bytes:
    try:
        return fetching.get(address, most_bytes=LIST_BYTES, seconds=FETCH_SECONDS)
    except Unreachable as error:
        raise TrustedListUnreachable(str(error)) from error


def _allow(actor: Actor) -> None:
    if actor.role is not Role.ADMINISTRATOR:
        raise NotAllowed(f"{actor} may not change whom we trust")
