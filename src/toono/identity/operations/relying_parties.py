"""Relying parties in the console: an organisation's representative registers and keeps them, the platform approves where it must.

A client for trials comes into being at once. A client that works comes into being when an administrator approves it, or approves what widens it
(:mod:`toono.identity.domain.console.bounds`); never the one who wished for it. Each act is a line of its history, and in the audit.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from toono.identity import contracts, models
from toono.identity.contracts import PartyKind as Kind
from toono.identity.contracts import PartyStage as Stage
from toono.identity.domain.console import bounds
from toono.identity.domain.oidc import registration
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.storage import Client
from toono.identity.errors import (
    ChangedMeanwhile,
    ChangeOver,
    ChangeWaiting,
    ClientMetadataRefused,
    SecondPersonNeeded,
    SecretsInUse,
)
from toono.identity.events import PartyDecided
from toono.identity.limits import LIMITS
from toono.identity.operations import clients
from toono.identity.operations.secrets import digest, random_secret
from toono.identity.operations.storage import protocol_client
from toono.identity.queries import representatives
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed, NotFound
from toono.kernel.ids import public_code, uuid7
from toono.kernel.outbox import publish
from toono.kernel.settings import settings
from toono.kernel.text import clean
from toono.registry import api as registry

WAITING, IN_FORCE, REJECTED, TAKEN_BACK = "waiting", "in_force", "rejected", "taken_back"
TEST_MARK = (" (туршилт)", " (test)")
"""Stands behind the name that people read when they sign in."""


# -- rights --------------------------------------------------------------------------------------------------------


def organisations_of(actor: Actor) -> tuple[str, ...] | None:
    """Whose systems the actor looks after; None: everybody's.

    :raises NotAllowed: neither an administrator of the platform nor a representative.
    """
    if actor.role is Role.ADMINISTRATOR:
        return None
    if actor.role is not Role.REPRESENTATIVE or actor.person_id is None:
        raise NotAllowed(f"{actor} looks after no systems")
    rows = models.Appointment.objects.filter(person_id=actor.person_id, role=Role.REPRESENTATIVE.value, ended_at=None)
    return tuple(rows.order_by("appointed_at").values_list("organisation", flat=True))


def _check(actor: Actor, organisation: str) -> None:
    own = organisations_of(actor)
    if own is not None and organisation not in own:
        raise NotAllowed(f"{actor} does not look after systems of {organisation or 'nobody'}")


def _visible(actor: Actor) -> QuerySet[models.Client]:
    own = organisations_of(actor)
    rows = models.Client.objects.filter(twin_of="")
    return rows if own is None else rows.filter(organisation__in=own)


def visible_row(actor: Actor, client_id: str, *, locked: bool = False) -> models.Client:
    rows = _visible(actor).select_for_update() if locked else _visible(actor)
    row = rows.filter(client_id=client_id).first() if client_id.isprintable() else None
    if row is None:
        raise NotFound(f"{actor} sees no relying party {client_id[:80]!r}")
    return row


def _to_change(actor: Actor, client_id: str, version: int | None = None) -> models.Client:
    """The row, held until the transaction ends, so that of two who change it at once the second sees what the first did."""
    row = visible_row(actor, client_id, locked=True)
    if row.trusted:
        raise NotAllowed("the platform's own clients are changed by its start alone")
    if version is not None and row.version != version:
        raise ChangedMeanwhile
    return row


# -- reading -------------------------------------------------------------------------------------------------------


def party_contract(row: models.Client) -> contracts.Party:
    client = protocol_client(row)
    return contracts.Party(
        client_id=row.client_id, name_mn=row.name_mn, name_en=row.name_en, organisation=row.organisation, kind=bounds.kind_of(client),
        stage=Stage(row.stage), metadata=row.metadata, version=row.version, registered_at=row.registered_at, by_itself=bool(row.registration_digest),
        trusted=row.trusted, has_secret=bool(row.secret_digest) and (row.secret_made_at is not None or not row.organisation),
        secret_made_at=row.secret_made_at, former_secret=bool(row.former_secret_digest), deactivated_at=row.deactivated_at,
        deactivated_by_platform=row.deactivated_by_platform,
    )  # fmt: skip


def parties(*, actor: Actor, text: str, organisation: str, limit: int, offset: int) -> contracts.PartyListing:
    """A page of those that the actor looks after, the newest first; those that signed themselves up among them."""
    rows = _visible(actor)
    if organisation:
        rows = rows.filter(organisation=organisation)
    for word in clean(text).split():
        rows = rows.filter(Q(name_mn__icontains=word) | Q(name_en__icontains=word) | Q(client_id__icontains=word) | Q(organisation__icontains=word))  # fmt: skip
    found = rows.order_by("-registered_at", "client_id")[offset : offset + limit]
    return contracts.PartyListing(entries=tuple(map(party_contract, found)), total=rows.count())


def party(*, actor: Actor, client_id: str) -> contracts.Party:
    """:raises NotFound: none, or none that this actor looks after."""
    return party_contract(visible_row(actor, client_id))


def client_ids(*, actor: Actor) -> list[str]:
    """Of all that the actor looks after."""
    return list(_visible(actor).values_list("client_id", flat=True))


def change_contract(row: models.ClientChange) -> contracts.PartyChange:
    return contracts.PartyChange(
        id=row.id, client_id=row.client_id, organisation=row.organisation, kind=row.kind, stage=row.stage, before=row.before, after=row.after,
        state=row.state, drafted_by=row.drafted_by, drafted_role=row.drafted_role, drafted_at=row.drafted_at, decided_by=row.decided_by,
        decided_at=row.decided_at, reason=row.reason,
    )  # fmt: skip


def _changes(actor: Actor) -> QuerySet[models.ClientChange]:
    own = organisations_of(actor)
    rows = models.ClientChange.objects.order_by("-drafted_at")
    return rows if own is None else rows.filter(organisation__in=own)


def waiting(*, actor: Actor) -> list[contracts.PartyChange]:
    """What waits for the platform's word, the oldest first."""
    return [change_contract(row) for row in _changes(actor).filter(state=WAITING).order_by("drafted_at")[:200]]


def history(*, actor: Actor, client_id: str) -> list[contracts.PartyChange]:
    """Everything that was wished for one relying party, newest first."""
    return [change_contract(row) for row in _changes(actor).filter(client_id=client_id[:80])[:200]] if client_id.isprintable() else []


def change(*, actor: Actor, change_id: UUID) -> contracts.PartyChange:
    """:raises NotFound: none, or of a system that this actor does not look after."""
    row = _changes(actor).filter(id=change_id).first()
    if row is None:
        raise NotFound(f"no change {change_id}")
    return change_contract(row)


# -- registering and changing --------------------------------------------------------------------------------------


def checked(client_id: str, metadata: Mapping[str, Any], *, stage: Stage, secret_digest: str) -> Client:
    """The client that the metadata describe, if it may be one of this stage.

    :raises ClientMetadataRefused: a member is amiss; ``reason`` says which.
    """
    loopback = stage is Stage.TEST or not settings().production
    try:
        found = registration.client(client_id, metadata, secret_digest=secret_digest, loopback=loopback)
    except DirectRefusal as refusal:
        raise ClientMetadataRefused(refusal.description, reason=refusal.description) from None
    if stage is Stage.TEST and bounds.beyond_test(found):
        members = ", ".join(bounds.beyond_test(found))
        raise ClientMetadataRefused(members, reason=f"more than a client for trials may have: {members}")
    return found


def _has_secret(metadata: Mapping[str, Any]) -> bool:
    return str(metadata.get("token_endpoint_auth_method", "client_secret_basic")).startswith("client_secret")


def _unknown_secret(metadata: Mapping[str, Any]) -> str:
    """Stands until the organisation makes its own: without it a client by secret would have to prove nothing."""
    return digest(random_secret()) if _has_secret(metadata) else ""


def _new_id(organisation: str, kind: Kind) -> str:
    """ДАН's clients expect hexadecimal with a dash."""
    if kind is Kind.DAN:
        return f"{secrets.token_hex(16)}-{secrets.token_hex(8)}"
    return f"{organisation}-{public_code(10).lower()}"


def register(
    *, actor: Actor, form_id: UUID, organisation: str, kind: Kind, stage: Stage, metadata: Mapping[str, Any]
) -> contracts.PartyDrafted:
    """A client for trials: at once, with its secret. A client that works: when the platform has approved it.

    :param form_id: of the form that was filled in; sent twice, it registers once, and the secret is not told again.
    """
    _check(actor, organisation)
    registry.organisation(organisation)
    client_id = _new_id(organisation, kind)
    found = checked(client_id, metadata, stage=stage, secret_digest=_unknown_secret(metadata))
    waits = stage is Stage.PRODUCTION
    secret = random_secret() if stage is Stage.TEST and _has_secret(metadata) else None
    try:
        with transaction.atomic():
            _note(actor, client_id, organisation, "register", stage=stage.value, after=metadata, waits=waits, change_id=form_id)
            if not waits:
                _enter(found, metadata, organisation, stage, secret)
    except ChangeWaiting:
        # The form's id is in the history already: of two that come at once the database lets one in, and the other finds it.
        known = models.ClientChange.objects.filter(id=form_id, organisation=organisation, kind="register").first()
        if known is None:
            raise
        return contracts.PartyDrafted(client_id=known.client_id, change_id=known.id, waits=known.state == WAITING)
    return contracts.PartyDrafted(client_id=client_id, change_id=form_id, waits=waits, client_secret=secret)


def _enter(found: Client, metadata: Mapping[str, Any], organisation: str, stage: Stage, secret: str | None) -> None:
    marks = TEST_MARK if stage is Stage.TEST else ("", "")
    models.Client.objects.create(
        client_id=found.client_id, name_mn=(found.name_mn + marks[0])[:200], name_en=(found.name_en + marks[1])[:200],
        secret_digest=digest(secret) if secret else found.secret_digest, secret_made_at=now() if secret else None, metadata=dict(metadata),
        registered_at=now(), organisation=organisation, stage=stage.value,
    )  # fmt: skip


def draft_change(*, actor: Actor, client_id: str, version: int, metadata: Mapping[str, Any]) -> contracts.PartyDrafted | None:
    """Change a registration: at once where it is narrowed or its keys change, else when the platform has approved it. None: nothing differs.

    :param version: of the registration that the actor saw.
    """
    with transaction.atomic():
        row = _to_change(actor, client_id, version)
        if not bounds.differences(row.metadata, metadata):
            return None
        stage, before = Stage(row.stage), protocol_client(row)
        after = checked(client_id, metadata, stage=stage, secret_digest=row.secret_digest or _unknown_secret(metadata))
        waits = stage is Stage.PRODUCTION and bool(bounds.widened(before, after))
        noted = _note(
            actor,
            client_id,
            row.organisation,
            "change",
            stage=row.stage,
            before=row.metadata,
            after=metadata,
            waits=waits,
            base=row.version,
        )
        if not waits:
            _apply(row, after, metadata)
    return contracts.PartyDrafted(client_id=client_id, change_id=noted.id, waits=waits)


def _apply(row: models.Client, found: Client, metadata: Mapping[str, Any]) -> None:
    marks = TEST_MARK if row.stage == Stage.TEST.value else ("", "")
    row.name_mn, row.name_en = (found.name_mn + marks[0])[:200], (found.name_en + marks[1])[:200]
    row.metadata, row.version = dict(metadata), row.version + 1
    if not _has_secret(metadata):
        row.secret_digest, row.former_secret_digest, row.secret_made_at = "", "", None
    elif not row.secret_digest:
        row.secret_digest = digest(random_secret())
    row.save()


def _note(
    actor: Actor, client_id: str, organisation: str, kind: str, *, waits: bool = False, stage: str = "", base: int = 0,
    before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None, reason: str = "", change_id: UUID | None = None,
) -> models.ClientChange:  # fmt: skip
    """A line of the history, with its record in the audit. One may wait at a time: of two at once the second is refused by the database."""
    moment = now()
    try:
        with transaction.atomic():
            row = models.ClientChange.objects.create(
                id=change_id or uuid7(), client_id=client_id, organisation=organisation, kind=kind, stage=stage, before=before, after=after, base_version=base,
                state=WAITING if waits else IN_FORCE, drafted_by=actor.person_id, drafted_role=actor.role.value, drafted_at=moment,
                decided_at=None if waits else moment, reason=clean(reason)[:500],
            )  # fmt: skip
    except IntegrityError:
        raise ChangeWaiting(client_id) from None
    members = bounds.differences(before, after)
    audit.record(actor=actor, action=f"identity.party_{kind}", subject=f"client:{client_id}", waits=waits, members=members)
    return row


# -- the platform's word -------------------------------------------------------------------------------------------


def _waiting_row(actor: Actor, change_id: UUID) -> models.ClientChange:
    """Held until the transaction ends: of two who decide at once the first counts."""
    row = _changes(actor).filter(id=change_id).select_for_update().first()
    if row is None:
        raise NotFound(f"no change {change_id}")
    if row.state != WAITING:
        raise ChangeOver
    return row


def approve(*, actor: Actor, change_id: UUID) -> None:
    """An administrator lets it be; never their own wish."""
    if actor.role is not Role.ADMINISTRATOR:
        raise NotAllowed(f"{actor} approves nothing")
    with transaction.atomic():
        row = _waiting_row(actor, change_id)
        if row.drafted_by == actor.person_id:
            raise SecondPersonNeeded
        stage, after = Stage(row.stage), row.after or {}
        if row.kind == "register":
            found = checked(row.client_id, after, stage=stage, secret_digest=_unknown_secret(after))
            _enter(found, after, row.organisation, stage, None)
        else:
            client = _to_change(actor, row.client_id)
            whole = bounds.merged(client.metadata, row.before or {}, after)
            _apply(client, checked(row.client_id, whole, stage=stage, secret_digest=client.secret_digest or _unknown_secret(whole)), whole)
        _decide(actor, row, IN_FORCE, "")


def reject(*, actor: Actor, change_id: UUID, reason: str) -> None:
    """An administrator refuses it; or whoever looks after the system takes it back."""
    with transaction.atomic():
        row = _waiting_row(actor, change_id)
        own = actor.role is Role.REPRESENTATIVE or row.drafted_by == actor.person_id
        _decide(actor, row, TAKEN_BACK if own else REJECTED, reason)


def _decide(actor: Actor, row: models.ClientChange, state: str, reason: str) -> None:
    row.state, row.decided_by, row.decided_at, row.reason = state, actor.person_id, now(), clean(reason)[:500]
    row.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    audit.record(actor=actor, action=f"identity.party_{state}", subject=f"client:{row.client_id}", change=str(row.id))
    if state != TAKEN_BACK and row.drafted_by is not None:
        publish(PartyDecided(organisation=row.organisation, client_id=row.client_id, drafted_by=row.drafted_by, approved=state == IN_FORCE, reason=row.reason))  # fmt: skip


# -- statements ----------------------------------------------------------------------------------------------------

_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}|127\.0\.0\.1")
MOST_HOSTS = 20


def statement(*, actor: Actor, organisation: str, client_name: str, bounds: Mapping[str, Any]) -> contracts.SoftwareStatement:
    """A statement for this organisation; what is registered with it is the organisation's from its first moment.

    :param bounds: the most that may be registered, as of :func:`registration.statement_claims`.
    :raises ClientMetadataRefused: a bound that no client could have.
    :raises OrganisationNotFound:
    """
    if actor.role is not Role.ADMINISTRATOR:
        raise NotAllowed(f"{actor} issues no statements")
    registry.organisation(organisation)
    hosts = bounds.get("redirect_hosts", ())
    if not 2 <= len(client_name) <= 150 or len(hosts) > MOST_HOSTS or not all(_HOST.fullmatch(host) for host in hosts):
        raise ClientMetadataRefused("a name or a host", reason="client_name or redirect_hosts")
    software_id, issued = f"{organisation}-{public_code(6).lower()}", now()
    text = clients.software_statement(
        actor=actor, software_id=software_id, client_name=client_name, bounds={**bounds, "organisation": organisation}
    )
    return contracts.SoftwareStatement(text=text, software_id=software_id, expires_at=issued + LIMITS.software_statement_lifetime)


# -- secrets -------------------------------------------------------------------------------------------------------


def _check_keeper(actor: Actor, organisation: str) -> None:
    """An organisation's secret is shown to its own people only; the platform keeps it where there are none."""
    if actor.role is Role.ADMINISTRATOR and organisation and representatives(organisation):
        raise NotAllowed("the organisation has people of its own who keep its secrets")


def make_secret(*, actor: Actor, client_id: str) -> str:
    """A new secret, told only here. The one before stays good until it is ended, so that a system can be changed over in peace.

    :raises SecretsInUse: two are good already.
    """
    with transaction.atomic():
        row = _to_change(actor, client_id)
        _check_keeper(actor, row.organisation)
        if not _has_secret(row.metadata):
            raise NotAllowed("this client has no secret")
        if row.former_secret_digest:
            raise SecretsInUse
        secret, known = random_secret(), row.secret_made_at is not None or not row.organisation
        row.former_secret_digest = row.secret_digest if known else ""
        row.secret_digest, row.secret_made_at, row.version = digest(secret), now(), row.version + 1
        row.save()
        _note(actor, client_id, row.organisation, "secret", stage=row.stage)
    return secret


def end_former_secret(*, actor: Actor, client_id: str) -> None:
    """The secret before is worth nothing from now on. Idempotent."""
    with transaction.atomic():
        row = _to_change(actor, client_id)
        if row.former_secret_digest:
            row.former_secret_digest, row.version = "", row.version + 1
            row.save(update_fields=["former_secret_digest", "version"])
            _note(actor, client_id, row.organisation, "secret_end", stage=row.stage)


def end_old_secrets() -> None:
    """Former secrets that nobody ended."""
    old = models.Client.objects.exclude(former_secret_digest="").filter(secret_made_at__lt=now() - LIMITS.former_secret_kept)
    old.update(former_secret_digest="")


# -- off and on ----------------------------------------------------------------------------------------------------


def deactivate(*, actor: Actor, client_id: str, reason: str) -> None:
    """From now on the protocol does not know it, and everything given under it is dead. Idempotent."""
    with transaction.atomic():
        row = _to_change(actor, client_id)
        if row.deactivated_at is not None:
            return
        row.deactivated_at, row.deactivated_by_platform = now(), actor.role is Role.ADMINISTRATOR
        row.version += 1
        row.save(update_fields=["deactivated_at", "deactivated_by_platform", "version"])
        models.Grant.objects.filter(client_id=client_id, revoked_at=None).update(revoked_at=row.deactivated_at)
        models.AccessToken.objects.filter(client_id=client_id, revoked_at=None).update(revoked_at=row.deactivated_at)
        _note(actor, client_id, row.organisation, "deactivate", stage=row.stage, reason=reason)


def reactivate(*, actor: Actor, client_id: str) -> None:
    """Let it in again. What the platform switched off only the platform switches on. Idempotent."""
    with transaction.atomic():
        row = _to_change(actor, client_id)
        if row.deactivated_at is None:
            return
        if row.deactivated_by_platform and actor.role is not Role.ADMINISTRATOR:
            raise NotAllowed("the platform switched it off")
        row.deactivated_at, row.deactivated_by_platform, row.version = None, False, row.version + 1
        row.tokens_from = now()
        row.save(update_fields=["deactivated_at", "deactivated_by_platform", "tokens_from", "version"])
        _note(actor, client_id, row.organisation, "reactivate", stage=row.stage)


def assign(*, actor: Actor, client_id: str, organisation: str) -> None:
    """Give a client that registered itself, or that an administrator entered, to the organisation whose system it is.

    :raises OrganisationNotFound:
    """
    if actor.role is not Role.ADMINISTRATOR:
        raise NotAllowed(f"{actor} assigns nothing")
    registry.organisation(organisation)
    with transaction.atomic():
        row = _to_change(actor, client_id)
        if row.organisation == organisation:
            return
        if row.organisation:
            raise NotAllowed("it belongs to an organisation already")
        if row.secret_digest and row.secret_made_at is None:
            row.secret_made_at = row.registered_at or now()
        row.organisation, row.version = organisation, row.version + 1
        row.save(update_fields=["organisation", "secret_made_at", "version"])
        _note(actor, client_id, organisation, "assign", stage=row.stage)
