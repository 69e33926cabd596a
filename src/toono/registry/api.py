"""The door of the registry: who takes part in the exchange, what they offer, and who may call what and why."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from toono.kernel.actor import Actor
from toono.kernel.actor import system as _system
from toono.pki.contracts import Profile
from toono.pki.events import CertificateRevoked
from toono.registry import queries
from toono.registry.contracts import (
    Agreement,
    Draft,
    DraftState,
    Organisation,
    Publication,
    ServiceEntry,
    SystemEntry,
)
from toono.registry.domain import rules
from toono.registry.operations import drafts as _drafts
from toono.registry.operations import load as _load
from toono.registry.operations import publish as _publish

# -- reading ---------------------------------------------------------------------------------------------------


def organisation(code: str) -> Organisation:
    """:raises OrganisationNotFound: no organisation under this code."""
    return queries.organisation(code)


def organisations() -> tuple[Organisation, ...]:
    """All of them, in the order of the Mongolian alphabet."""
    return queries.organisations()


def systems() -> tuple[SystemEntry, ...]:
    """All systems, by id."""
    return queries.systems()


def services() -> tuple[ServiceEntry, ...]:
    """All services on the exchange, by id."""
    return queries.services()


def agreements() -> tuple[Agreement, ...]:
    """All agreements that were ever approved, by id; their dates tell which hold."""
    return queries.agreements()


# -- drafts and approval -----------------------------------------------------------------------------------------


def draft_organisation(*, actor: Actor, organisation: Organisation) -> Draft:
    """Propose an organisation, or a change of one.

    :raises AdministratorRequired: the actor is no administrator.
    :raises EntryRefused: it contradicts itself or the registry.
    """
    return _drafts.draft_entry(actor=actor, entry=organisation)


def draft_system(*, actor: Actor, system: SystemEntry) -> Draft:
    """Propose a system, or a change of one, such as another credential. Raises as :func:`draft_organisation`."""
    return _drafts.draft_entry(actor=actor, entry=system)


def draft_service(*, actor: Actor, service: ServiceEntry) -> Draft:
    """Propose a service, or a change of one, such as switching it off. Raises as :func:`draft_organisation`."""
    return _drafts.draft_entry(actor=actor, entry=service)


def draft_agreement(*, actor: Actor, agreement: Agreement) -> Draft:
    """Propose an agreement, or a change of one, such as ending it today. Raises as :func:`draft_organisation`."""
    return _drafts.draft_entry(actor=actor, entry=agreement)


def approve_draft(*, actor: Actor, draft_id: UUID) -> Draft:
    """Let a draft of any kind stand and publish the new configuration, in one transaction.

    :raises AdministratorRequired: the actor is no administrator.
    :raises SamePerson: the actor drafted it.
    :raises DraftNotFound, DraftDecided, DraftOutdated: there is nothing (left) to approve.
    :raises EntryRefused: it contradicts what stands now.
    :raises SignerUnavailable: nothing was changed; try again.
    """
    return _drafts.approve_draft(actor=actor, draft_id=draft_id)


def reject_draft(*, actor: Actor, draft_id: UUID, reason: str = "") -> Draft:
    """Refuse a draft, or take back one's own.

    :raises AdministratorRequired: the actor is no administrator.
    :raises DraftNotFound, DraftDecided: there is nothing (left) to refuse.
    """
    return _drafts.reject_draft(actor=actor, draft_id=draft_id, reason=reason)


def draft(*, actor: Actor, draft_id: UUID) -> Draft:
    """One draft. :raises AdministratorRequired, DraftNotFound:"""
    rules.check_administrator(actor)
    return queries.draft(draft_id)


def drafts(*, actor: Actor, state: DraftState = DraftState.PENDING, limit: int = 100) -> tuple[Draft, ...]:
    """Drafts that wait (oldest first) or were decided (newest first). :raises AdministratorRequired:"""
    rules.check_administrator(actor)
    return queries.drafts(state, limit)


# -- files -------------------------------------------------------------------------------------------------------


def load_configuration(
    *,
    drafted_by: Actor,
    approved_by: Actor,
    document: str | Mapping[str, object],
    values: Mapping[str, str] | None = None,
    credentials: Mapping[str, str] | None = None,
    name: str = "configuration",
) -> int:
    """Enter organisations, systems, services and agreements from a file, all or nothing; idempotent.

    Needs the signer and established authorities, as every change is published. Returns how many entries changed.

    :param document: YAML text (complaints then name lines) or the data read from it.
    :param values: what stands for ``${name}`` in the file, such as addresses.
    :param credentials: the same, for public keys (PEM) and digests of keys (SHA-256, hex).
    :param name: of the file, for complaints.
    :raises DocumentRefused: with a sentence for each unknown, missing or wrong field; nothing was changed.
    :raises AdministratorRequired, SamePerson: the two persons are not two administrators.
    """
    return _load.load_configuration(
        drafted_by=drafted_by,
        approved_by=approved_by,
        document=document,
        values={**(values or {}), **(credentials or {})},
        name=name,
    )


def draft_configuration(
    *,
    actor: Actor,
    document: str | Mapping[str, object],
    values: Mapping[str, str] | None = None,
    name: str = "configuration",
) -> tuple[Draft, ...]:
    """Draft each entry of a file that differs from what stands; a second person approves them one by one.

    :raises DocumentRefused: with a sentence for each unknown, missing or wrong field; nothing was drafted.
    :raises AdministratorRequired: the actor is no administrator.
    """
    return _load.draft_configuration(actor=actor, document=document, values=values or {}, name=name)


# -- publication -------------------------------------------------------------------------------------------------


def publish_configuration(*, actor: Actor) -> int:
    """Sign and store what stands now under a version above all earlier ones; returns the version.

    :raises AdministratorRequired: the actor is neither an administrator nor a process.
    :raises SignerUnavailable: nothing was published; the former configuration stays.
    """
    return _publish.publish_configuration(actor=actor)


def published_configuration() -> str:
    """The newest configuration as compact JWS. :raises NothingPublished:"""
    return queries.published_configuration()


def publication() -> Publication | None:
    """Version, dates and digest of the newest configuration; None before the first."""
    return queries.publication()


def on_certificate_revoked(event: CertificateRevoked) -> None:
    """Subscriber: publish without the revoked certificate, and with its successor if one may follow.

    An organisation whose certificate was withdrawn leaves the exchange, with its systems, services and agreements.
    """
    if event.profile in {Profile.EXCHANGE, Profile.CONFIGURATION}:
        _publish.publish_configuration(actor=_system("registry"))
