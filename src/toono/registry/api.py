"""The door of the registry: who takes part in the exchange, what they offer, and who may call what and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from toono.kernel.actor import Actor, Role
from toono.kernel.actor import system as _system
from toono.kernel.clock import now as _now
from toono.pki.contracts import Profile
from toono.pki.events import CertificateRevoked
from toono.registry.contracts import (
    Agreement,
    Draft,
    DraftKind,
    DraftState,
    Entry,
    Link,
    Listing,
    Organisation,
    Plan,
    Publication,
    ServiceEntry,
    SystemEntry,
    Validity,
)
from toono.registry.domain import persons, writing
from toono.registry.domain.persons import Step
from toono.registry.errors import EntryNotFound
from toono.registry.operations import drafts as _drafts
from toono.registry.operations import load as _load
from toono.registry.operations import publish as _publish
from toono.registry.queries import drafts as _read_drafts
from toono.registry.queries import entries as _entries
from toono.registry.queries import listings as _listings
from toono.registry.queries import publications as _publications

# -- reading ---------------------------------------------------------------------------------------------------


def organisation(code: str) -> Organisation:
    """:raises OrganisationNotFound: no organisation under this code."""
    return _entries.organisation(code)


def organisations() -> tuple[Organisation, ...]:
    """All of them, in the order of the Mongolian alphabet."""
    return _entries.organisations()


def systems() -> tuple[SystemEntry, ...]:
    """All systems, by id."""
    return _entries.systems()


def services() -> tuple[ServiceEntry, ...]:
    """All services on the exchange, by id."""
    return _entries.services()


def agreements() -> tuple[Agreement, ...]:
    """All agreements that were approved and not removed, by id; their dates tell which hold."""
    return _entries.agreements()


def system(identifier: str) -> SystemEntry | None:
    """One system by its id; None where none stands."""
    found = _entries.standing(DraftKind.SYSTEM, identifier)
    return found if isinstance(found, SystemEntry) else None


def service(identifier: str) -> ServiceEntry | None:
    """One service by its id; None where none stands."""
    found = _entries.standing(DraftKind.SERVICE, identifier)
    return found if isinstance(found, ServiceEntry) else None


def agreement(identifier: str) -> Agreement | None:
    """One agreement by its id; None where none stands. For processes and pages that show its terms; its parties' pages use :func:`entry`."""
    found = _entries.standing(DraftKind.AGREEMENT, identifier)
    return found if isinstance(found, Agreement) else None


def names(identifiers: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Mongolian and English name of organisations (by code), systems and services (by id); unknown ones are left out."""
    return _listings.names(identifiers)


def entry(*, actor: Actor, kind: DraftKind, subject: str) -> Entry:
    """One entry that stands; an agreement to administrators and to representatives of its two sides only.

    :raises EntryNotFound: nothing stands under this name, or it is not theirs.
    """
    found = _entries.found(kind, subject)
    _check_may_read(actor, found)
    return found


def versions(*, actor: Actor, kind: DraftKind, subject: str) -> tuple[Draft, ...]:
    """Each approved change of an entry, newest first, also after it was removed.

    :raises EntryNotFound: there was never such an entry, or it is not theirs.
    """
    found = _read_drafts.versions(kind, subject)
    if not found:
        raise EntryNotFound(f"no {kind} {subject}")
    _check_may_read(actor, found[0].content)
    return found


def _check_may_read(actor: Actor, entry: Entry) -> None:
    """Administrators read everything. A representative reads what the exchange offers, and the agreements of their own organisation."""
    if actor.role is Role.REPRESENTATIVE and actor.organisation is not None:
        if not isinstance(entry, Agreement) or actor.organisation in _sides(entry):
            return
        raise EntryNotFound(f"no agreement of {actor.organisation}")
    persons.check_administrator(actor)


def _sides(agreement: Agreement) -> tuple[str, str]:
    return agreement.consumer.split("/")[2], agreement.service.split("/")[2]


# -- lists for pages -----------------------------------------------------------------------------------------------


def list_organisations(*, actor: Actor, text: str = "", limit: int = 50, offset: int = 0) -> Listing:
    """A page of the organisations in which every word of ``text`` is found. :raises AdministratorRequired:"""
    persons.check_administrator(actor)
    return _listings.organisations(text, limit=limit, offset=offset)


def list_systems(*, actor: Actor, text: str = "", organisation: str | None = None, limit: int = 50, offset: int = 0) -> Listing:
    """A page of systems, for administrators of all or of one organisation, for representatives of their own. :raises AdministratorRequired:"""
    narrowed = [organisation] if organisation is not None else None
    return _listings.systems(text, organisations=_own(actor) or narrowed, limit=limit, offset=offset)


def list_services(*, actor: Actor, text: str = "", organisation: str | None = None, limit: int = 50, offset: int = 0) -> Listing:
    """A page of all services; what is offered may be known to every representative. :raises AdministratorRequired:"""
    _own(actor)
    return _listings.services(text, organisation=organisation, limit=limit, offset=offset)


def list_agreements(
    *,
    actor: Actor,
    text: str = "",
    organisation: str | None = None,
    consumer: str | None = None,
    service: str | None = None,
    validity: Validity | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Listing:
    """A page of agreements: for administrators all, for representatives those on whose sides their organisation stands.

    :param organisation: code of an organisation on either side.
    :param consumer, service: id of a side.
    :raises AdministratorRequired: the actor is neither.
    """
    narrowed = [organisation] if organisation is not None else None
    return _listings.agreements(
        text,
        organisations=_own(actor) or narrowed,
        consumer=consumer,
        service=service,
        validity=validity,
        now=_now(),
        limit=limit,
        offset=offset,
    )


def counts(*, actor: Actor) -> dict[str, int]:
    """How many organisations, systems, services and agreements stand, and how many drafts are not decided. :raises AdministratorRequired:"""
    persons.check_administrator(actor)
    return _listings.counts() | {"drafts": _read_drafts.how_many_wait()}


def links(*, actor: Actor, organisation: str | None = None, limit: int = 60) -> tuple[tuple[Link, ...], int]:
    """Who calls whom by agreements in force, and how many such pairs there are. :raises AdministratorRequired:"""
    persons.check_administrator(actor)
    return _listings.links(organisation=organisation, now=_now(), limit=limit)


def _own(actor: Actor) -> list[str] | None:
    """A representative's organisation; None for an administrator, who sees all."""
    if actor.role is Role.REPRESENTATIVE and actor.person_id is not None and actor.organisation is not None:
        return [actor.organisation]
    persons.check_administrator(actor)
    return None


Weights = Callable[[], Mapping[tuple[str, str], int]]
_weights: list[Weights] = []


def weigh_links_by(provider: Weights) -> None:
    """Have the picture of who calls whom drawn by calls: ``provider`` gives them for the last seven days by consumer and service.

    For the room above that counts calls; call it from ``AppConfig.ready``. Without it every line has the same width.
    """
    _weights[:] = [provider]


def weights() -> Mapping[tuple[str, str], int]:
    """Calls of the last seven days by consumer and service; empty where nobody counts."""
    return _weights[0]() if _weights else {}


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
    """Propose an agreement, or a change of one, as an administrator or as a representative of the consumer.

    The version in ``agreement`` says nothing; the registry counts.

    :raises AdministratorRequired: the actor is neither.
    :raises EntryRefused: it contradicts itself or the registry.
    """
    return _drafts.draft_entry(actor=actor, entry=agreement)


def draft_removal(*, actor: Actor, kind: DraftKind, subject: str) -> Draft:
    """Propose that an entry go. An agreement ends with the approval; anything else goes when nothing needs it.

    :raises AdministratorRequired: the actor is no administrator, and no representative of the agreement's consumer.
    :raises EntryNotFound: nothing stands under this name.
    :raises EntryRefused: something needs it; the sentences name what.
    """
    return _drafts.draft_removal(actor=actor, kind=kind, subject=subject)


def accept_draft(*, actor: Actor, draft_id: UUID) -> Draft:
    """As a representative of the owner, let the consumer have what its representative proposed; an administrator countersigns.

    :raises RepresentativeRequired: the actor does not represent the owner.
    :raises SamePerson: the actor drafted it.
    :raises DraftNotFound, DraftDecided, DraftOutdated, EntryRefused: as :func:`approve_draft`.
    """
    return _drafts.accept_draft(actor=actor, draft_id=draft_id)


def approve_draft(*, actor: Actor, draft_id: UUID) -> Draft:
    """Let a draft of any kind stand and publish the new configuration, in one transaction.

    :raises AdministratorRequired: the actor is no administrator.
    :raises SamePerson: the actor drafted or accepted it.
    :raises OwnerHasNotAccepted: a representative drafted it, and the owner's representative comes first.
    :raises DraftNotFound, DraftDecided, DraftOutdated: there is nothing (left) to approve.
    :raises EntryRefused: it contradicts what stands now.
    :raises SignerUnavailable: nothing was changed; try again.
    """
    return _drafts.approve_draft(actor=actor, draft_id=draft_id)


def reject_draft(*, actor: Actor, draft_id: UUID, reason: str = "") -> Draft:
    """Refuse a draft, or take back one's own or one's organisation's.

    :raises AdministratorRequired: the actor is neither an administrator nor a representative.
    :raises ReasonMissing: a representative drafted it and would not learn why.
    :raises DraftNotFound, DraftDecided: there is nothing (left) to refuse, or it is not theirs.
    """
    return _drafts.reject_draft(actor=actor, draft_id=draft_id, reason=reason)


def draft(*, actor: Actor, draft_id: UUID) -> Draft:
    """One draft. :raises AdministratorRequired, DraftNotFound:"""
    if actor.role is not Role.REPRESENTATIVE:
        persons.check_administrator(actor)
    row = _read_drafts.row(draft_id)
    persons.check_may_see(actor, _read_drafts.proposal(row))
    return _read_drafts.draft_contract(row)


def possible_steps(*, actor: Actor, draft: Draft) -> frozenset[Step]:
    """What the actor can do with a draft now: for the buttons of a page."""
    return persons.possible(actor, _read_drafts.proposal_of(draft))


def drafts(*, actor: Actor, state: DraftState = DraftState.PENDING, limit: int = 100) -> tuple[Draft, ...]:
    """All drafts in a state: those that wait oldest first, decided ones newest first. :raises AdministratorRequired:"""
    persons.check_administrator(actor)
    return _read_drafts.in_state(state, limit=limit)


def waiting_drafts(*, actor: Actor, limit: int = 100, offset: int = 0) -> tuple[Draft, ...]:
    """Drafts that are not decided, oldest first: all, or those of the representative's organisation. :raises AdministratorRequired:"""
    own = _own(actor)
    return _read_drafts.waiting(organisation=own[0] if own else None, limit=limit, offset=offset)


def decided_drafts(*, actor: Actor, limit: int = 50, offset: int = 0) -> tuple[Draft, ...]:
    """Drafts that were approved or refused, newest first: all, or those of the representative's organisation. :raises AdministratorRequired:"""
    own = _own(actor)
    return _read_drafts.decided(organisation=own[0] if own else None, limit=limit, offset=offset)


# -- files -------------------------------------------------------------------------------------------------------


def load_configuration(
    *,
    drafted_by: Actor,
    approved_by: Actor,
    document: str | Mapping[str, object],
    values: Mapping[str, str] | None = None,
    credentials: Mapping[str, str] | None = None,
    name: str = "configuration",
    prune: bool = False,
) -> int:
    """Enter organisations, systems, services, agreements and the exchange's own settings from a file, all or nothing; idempotent.

    Needs the signer and established authorities, as every change is published. Returns how many entries changed.

    :param document: YAML text (complaints then name lines) or the data read from it.
    :param values: what stands for ``${name}`` in the file, such as addresses.
    :param credentials: the same, for public keys (PEM) and digests of keys (SHA-256, hex).
    :param name: of the file, for complaints.
    :param prune: remove what the file does not name.
    :raises DocumentRefused: with a sentence for each unknown, missing or wrong field; nothing was changed.
    :raises AdministratorRequired, SamePerson: the two persons are not two administrators.
    """
    return _load.load_configuration(
        drafted_by=drafted_by,
        approved_by=approved_by,
        document=document,
        values={**(values or {}), **(credentials or {})},
        name=name,
        prune=prune,
    )


def plan_configuration(
    *,
    document: str | Mapping[str, object],
    values: Mapping[str, str] | None = None,
    name: str = "configuration",
    prune: bool = False,
) -> Plan:
    """What :func:`load_configuration` would change now, in order. Nothing is entered.

    A key of the platform (``signer_key``) that the file names and that is not there yet is made, since the plan tells its digest.

    :raises DocumentRefused: with a sentence for each unknown, missing or wrong field.
    """
    return _load.plan_configuration(document=document, values=values or {}, name=name, prune=prune)


def exported_configuration() -> str:
    """Everything that stands, as such a file (YAML): planned against the same registry it makes no difference."""
    return writing.written(_entries.book(_now()).entries.values())


def draft_configuration(
    *,
    actor: Actor,
    document: str | Mapping[str, object],
    values: Mapping[str, str] | None = None,
    name: str = "configuration",
) -> tuple[Draft, ...]:
    """Draft each entry of a file that differs from what stands; a second person approves them one by one, in their order.

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
    return _publications.published_configuration()


def publication() -> Publication | None:
    """Version, dates and digest of the newest configuration; None before the first."""
    return _publications.publication()


def on_certificate_revoked(event: CertificateRevoked) -> None:
    """Subscriber: publish without the revoked certificate, and with its successor if one may follow.

    An organisation whose certificate was withdrawn leaves the exchange, with its systems, services and agreements.
    """
    if event.profile in {Profile.EXCHANGE, Profile.CONFIGURATION}:
        _publish.publish_configuration(actor=_system("registry"))
