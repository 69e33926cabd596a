"""Publish an authority's revocation list and its list of changes: by the clock, and after each change.

Both carry one number and say the same (RFC 5280 §5.2.3). The list of changes begins at the oldest complete list that is still in time,
so whoever holds any complete list that they may still use needs only the changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction
from django.db.models import QuerySet

from toono.kernel.clock import now
from toono.kernel.settings import settings
from toono.pki import queries
from toono.pki.contracts import Profile, RevocationReason
from toono.pki.domain.issuing import CRL_REASONS, RevokedEntry, addresses, build_revocation_list
from toono.pki.domain.profiles import slug
from toono.pki.errors import KeyUnknown
from toono.pki.models import Certificate, CertificateStep, RevocationList
from toono.pki.operations.issue_certificate import issuer_of

LIFETIME = timedelta(hours=24)
RENEWED_AFTER = timedelta(minutes=55)
"""The job that asks comes every hour."""
ROOT_LIFETIME = timedelta(days=90)
ROOT_RENEWED_AFTER = timedelta(days=7)
"""The root's key may be away between ceremonies."""
OVERLAP = timedelta(minutes=5)
"""A step is noted a moment before it is committed; one that a list has just missed is told by the next list of changes."""
_MOVES = ("revoke", "suspend", "revive")
KEPT_AFTER_END = timedelta(days=30)
"""How long a list stays in the table after its end."""


def publish_revocation_list(*, authority: Certificate) -> RevocationList:
    """The list in force: a new one with the next number if anything has changed or the last grows old, else the last.

    :raises SignerUnavailable: nothing was published.
    :raises KeyUnknown: the authority's key is not in the signer.
    """
    with transaction.atomic():
        # The authority's row is locked, so that lists are made one after another: each reads all changes committed before it and
        # takes the next number, and who waited finds that nothing is left to publish. Held for two calls of the signer.
        row = Certificate.objects.select_for_update().get(pk=authority.pk)
        newest, moment = queries.revocation_list(slug(row.key)), now().replace(microsecond=0)
        entries = _entries(row)
        content = _digest(entries)
        if newest and newest.content == content and moment - newest.this_update < _renewed_after(row):
            return newest
        return _publish(row, entries, content, number=newest.number + 1 if newest else 1, moment=moment)


def publish_due_lists() -> None:
    """Every authority's lists, as far as they are due; then those that ended long ago are removed. The root's wait where its key is away."""
    for authority in queries.authorities():
        try:
            publish_revocation_list(authority=authority)
        except KeyUnknown:
            if authority.profile != Profile.ROOT:
                raise
    _remove_old_lists()


def _remove_old_lists() -> None:
    """Lists that ended long ago leave the table; the newest of an authority always stays, it holds the number."""
    ended = RevocationList.objects.filter(next_update__lt=now() - KEPT_AFTER_END)
    for name in ended.order_by().values_list("authority", flat=True).distinct():
        newest = queries.revocation_list(name)
        ended.filter(authority=name, number__lt=newest.number if newest else 0).delete()


def _publish(row: Certificate, entries: list[RevokedEntry], content: str, *, number: int, moment: datetime) -> RevocationList:
    name, lifetime = slug(row.key), _lifetime(row)
    issuer = issuer_of(row)
    complete = build_revocation_list(
        issuer=issuer,
        number=number,
        entries=entries,
        now=moment,
        lifetime=lifetime,
        freshest=addresses(name, settings().base_url)["delta"],
    )
    base = RevocationList.objects.filter(authority=name, next_update__gt=moment).order_by("number").first()
    changes, revived = _changes(row, base, entries) if base else ([], [])
    delta = build_revocation_list(
        issuer=issuer,
        number=number,
        base=base.number if base else number,
        entries=changes,
        removed=revived,
        now=moment,
        lifetime=lifetime,
    )
    return RevocationList.objects.create(
        authority=name,
        number=number,
        der=complete.public_bytes(Encoding.DER),
        delta=delta.public_bytes(Encoding.DER),
        content=content,
        this_update=moment,
        next_update=moment + lifetime,
    )


def _changes(row: Certificate, base: RevocationList, entries: list[RevokedEntry]) -> tuple[list[RevokedEntry], list[int]]:
    """What stands otherwise than in ``base``, or was moved since, and who was revived.

    Not only ``base`` counts but every list since, for somebody may hold one of those: of what was suspended and revived in between
    ``base`` knows nothing, so the steps are looked at too (RFC 5280 §5.2.4).
    """
    then, standing = _lines(bytes(base.der)), {entry.serial: entry for entry in entries}
    moves = CertificateStep.objects.filter(certificate__issuer_serial__in=_serials(row), at__gt=base.this_update - OVERLAP)
    moved = {int(serial, 16) for serial in moves.filter(act__in=_MOVES).values_list("certificate_id", flat=True)}
    changes = [entry for entry in entries if entry.serial in moved or then.get(entry.serial) is not CRL_REASONS[entry.reason]]
    return changes, sorted((then.keys() | moved) - standing.keys())


def _lines(der: bytes) -> dict[int, x509.ReasonFlags]:
    """What a list says: reason by serial number."""
    listed = x509.load_der_x509_crl(der)
    return {line.serial_number: line.extensions.get_extension_for_class(x509.CRLReason).value.reason for line in listed}


def _serials(row: Certificate) -> QuerySet[Certificate, str]:
    """Serial numbers of every certificate of this authority's key."""
    return Certificate.objects.filter(key=row.key, profile=row.profile).values_list("serial", flat=True)


def _entries(row: Certificate) -> list[RevokedEntry]:
    """Everything that is revoked or suspended among the certificates of this authority's key, in the order of its happening."""
    revoked = Certificate.objects.filter(issuer_serial__in=_serials(row), revoked_at__isnull=False).order_by("revoked_at", "serial")
    return [
        RevokedEntry(int(serial, 16), at, RevocationReason(reason))
        for serial, at, reason in revoked.values_list("serial", "revoked_at", "reason")
        if at and reason
    ]


def _digest(entries: Iterable[RevokedEntry]) -> str:
    told = "\n".join(f"{entry.serial:x} {entry.revoked_at.isoformat()} {entry.reason}" for entry in entries)
    return hashlib.sha256(told.encode()).hexdigest()


def _lifetime(row: Certificate) -> timedelta:
    return ROOT_LIFETIME if row.profile == Profile.ROOT else LIFETIME


def _renewed_after(row: Certificate) -> timedelta:
    return ROOT_RENEWED_AFTER if row.profile == Profile.ROOT else RENEWED_AFTER
