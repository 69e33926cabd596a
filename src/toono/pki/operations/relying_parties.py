"""Relying parties of the interface of Smart-ID: registered by an administrator, known by number and secret, under registered names only."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.text import clean
from toono.pki.contracts import RegisteredParty, RelyingPartyInfo
from toono.pki.errors import RelyingPartyNotAllowed, RelyingPartyUnknown, SigningRequestRefused
from toono.pki.models import RelyingParty
from toono.pki.operations.remote_signing import digest

MOST_NAMES = 20
ORIGIN = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?|http://127\.0\.0\.1(:[0-9]{1,5})?")


def register(*, actor: Actor, names: Sequence[str], callbacks: Sequence[str]) -> RegisteredParty:
    """A new relying party; its secret is told only here.

    :raises NotAllowed: not an administrator.
    :raises SigningRequestRefused: a name or an origin cannot be.
    """
    _administrator(actor)
    tidy = [clean(name) for name in names]
    if not 0 < len(tidy) <= MOST_NAMES or not all(0 < len(name) <= 120 for name in tidy) or "|" in "".join(tidy):
        raise SigningRequestRefused(f"1 to {MOST_NAMES} names of 1 to 120 characters, without |")
    if not all(ORIGIN.fullmatch(origin) for origin in callbacks):
        raise SigningRequestRefused("a callback is an origin: https://host")
    row, secret = RelyingParty(id=uuid4(), names=tidy, callbacks=list(callbacks), registered_at=now()), f"rp_sk_{secrets.token_urlsafe(32)}"
    row.secret_digest = digest(secret)
    with transaction.atomic():
        row.save(force_insert=True)
        audit.record(actor=actor, action="pki.register_relying_party", subject=f"relying-party:{row.id}", names=tidy)
    return RegisteredParty(id=row.id, secret=secret)


def end(*, actor: Actor, party_id: UUID) -> None:
    """It asks nothing any more. Idempotent; audited."""
    _administrator(actor)
    with transaction.atomic():
        if RelyingParty.objects.filter(id=party_id, ended_at=None).update(ended_at=now()):
            audit.record(actor=actor, action="pki.end_relying_party", subject=f"relying-party:{party_id}")


def every(*, actor: Actor) -> list[RelyingPartyInfo]:
    """All of them, newest first."""
    _administrator(actor)
    return [_info(row) for row in RelyingParty.objects.order_by("-registered_at")]


def proven(*, secret: str) -> RelyingPartyInfo:
    """The relying party whose secret this is.

    :raises RelyingPartyUnknown:
    """
    shown = digest(secret)
    row = RelyingParty.objects.filter(secret_digest=shown, ended_at=None).first()
    if row is None or not hmac.compare_digest(row.secret_digest, shown):
        raise RelyingPartyUnknown("no relying party has this secret")
    return _info(row)


def check_names(*, party: RelyingPartyInfo, uuid: str, name: str, callback: str) -> None:
    """:raises RelyingPartyNotAllowed: it appears under another's number, or a name or place that it has not registered."""
    try:
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(callback)) if callback else ""
    except ValueError:  # no address at all: as little registered as any other
        origin = "?"
    if uuid != str(party.id) or name not in party.names or (origin and origin not in party.callbacks):
        raise RelyingPartyNotAllowed("relyingPartyUUID, relyingPartyName and initialCallbackUrl must be those that were registered")


def _info(row: RelyingParty) -> RelyingPartyInfo:
    return RelyingPartyInfo(
        id=row.id, names=tuple(row.names), callbacks=tuple(row.callbacks), registered_at=row.registered_at, ended_at=row.ended_at
    )  # fmt: skip


def _administrator(actor: Actor) -> None:
    if actor.role not in (Role.ADMINISTRATOR, Role.SYSTEM):
        raise NotAllowed(f"{actor} may not register relying parties")
