"""Publish an authority's revocation list: by the clock, and after each revocation."""

from __future__ import annotations

from datetime import timedelta

from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction

from toono.kernel.clock import now
from toono.pki import queries
from toono.pki.contracts import Profile, RevocationReason
from toono.pki.domain.issuing import Issuer, RevokedEntry, build_revocation_list
from toono.pki.models import Certificate, RevocationList
from toono.pki.operations.issue_certificate import remote_key

LIFETIME = {Profile.ROOT: timedelta(days=90), Profile.ISSUING: timedelta(hours=24)}
RENEWED_AFTER = {Profile.ROOT: timedelta(days=7), Profile.ISSUING: timedelta(hours=6)}


def publish_if_due(*, authority: Profile) -> RevocationList:
    """The list in force, renewed if it is older than it should be."""
    newest = queries.revocation_list(authority)
    if newest and now() - newest.this_update < RENEWED_AFTER[authority]:
        return newest
    return publish_revocation_list(authority=authority)


def publish_revocation_list(*, authority: Profile) -> RevocationList:
    """A new list with the next number."""
    with transaction.atomic():
        # The authority's row is locked, so that lists are made one after another: each reads all revocations committed before
        # it and takes the next number. Held for one call of the signer.
        row = Certificate.objects.select_for_update().get(pk=queries.authority(authority).pk)
        newest, moment = queries.revocation_list(authority), now().replace(microsecond=0)
        number = newest.number + 1 if newest else 1
        revoked = Certificate.objects.filter(issuer_serial=row.serial, revoked_at__isnull=False).order_by("revoked_at")
        signed = build_revocation_list(
            issuer=Issuer(queries.parsed(row.pem), remote_key(row)),
            number=number,
            entries=[_entry(certificate) for certificate in revoked],
            now=moment,
            lifetime=LIFETIME[authority],
        )
        return RevocationList.objects.create(
            authority=authority.value,
            number=number,
            der=signed.public_bytes(Encoding.DER),
            this_update=moment,
            next_update=moment + LIFETIME[authority],
        )


def _entry(row: Certificate) -> RevokedEntry:
    if row.revoked_at is None or row.reason is None:
        raise ValueError("not revoked")
    return RevokedEntry(int(row.serial, 16), row.revoked_at, RevocationReason(row.reason))
