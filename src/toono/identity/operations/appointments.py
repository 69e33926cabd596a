"""Rights beyond one's own affairs: given and taken by an administrator, each act in the audit."""

from __future__ import annotations

from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from toono.identity import contracts, models, queries
from toono.identity.errors import MayNotAppoint
from toono.identity.operations import registration
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.regnum import masked
from toono.kernel.text import clean
from toono.registry import api as registry

APPOINTABLE = frozenset({Role.OFFICER, Role.OPERATOR, Role.ADMINISTRATOR, Role.LEADER, Role.REPRESENTATIVE, Role.ANALYST, Role.SUPPORT})
OF_THE_PLATFORM = frozenset({Role.ADMINISTRATOR, Role.SUPPORT})
"""Roles that may be held without an organisation."""
FIRST_START = "first-start"
"""The process that appoints the first administrators, when there is nobody yet who could."""
ADMINISTRATORS = 2
"""With so many, each act finds a second person who did not ask for it."""


def _may_appoint(actor: Actor, person_id: UUID) -> None:
    first_start = actor.role == Role.SYSTEM and actor.process == FIRST_START
    administrator = actor.role == Role.ADMINISTRATOR and actor.person_id is not None and actor.person_id != person_id
    if not (first_start or administrator):
        raise MayNotAppoint(f"{actor} may not appoint")


def appoint_first(*, actor: Actor, regnum: str, typed: contracts.TypedPerson | None) -> contracts.Person:
    """An administrator where there are not yet two: whoever holds the machine states it, and from the second one on each act needs two of them."""
    if actor.role is not Role.SYSTEM or actor.process != FIRST_START:
        raise MayNotAppoint(f"{actor} may not appoint")
    person = registration.typed_person(regnum, typed) if typed else registration.known_person(regnum)
    with transaction.atomic():
        with connection.cursor() as cursor:  # held to the commit, so that of two such commands the second counts the first's
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('toono.identity.first'))")
        standing = models.Appointment.objects.filter(role=Role.ADMINISTRATOR.value, ended_at=None).exclude(person=person)
        if standing.values("person").distinct().count() >= ADMINISTRATORS:
            raise MayNotAppoint("there are administrators who appoint")
        appoint(actor=actor, regnum=person.regnum, role=Role.ADMINISTRATOR, organisation=None)
    return queries.person_contract(person)


def appoint(*, actor: Actor, regnum: str, role: Role, organisation: str | None) -> contracts.Appointment:
    """Give the right; a second time changes nothing."""
    if actor.role not in (Role.ADMINISTRATOR, Role.SYSTEM):
        raise MayNotAppoint
    if role not in APPOINTABLE or (organisation is None and role not in OF_THE_PLATFORM):
        raise MayNotAppoint(f"{role} is not given by appointment, or needs an organisation")
    if organisation is not None:
        registry.organisation(organisation)
    person = registration.known_person(regnum)
    _may_appoint(actor, person.id)
    with transaction.atomic():
        row, created = models.Appointment.objects.get_or_create(
            person=person, role=role.value, organisation=organisation or "", ended_at=None, defaults={"appointed_at": now()}
        )
        if created:
            audit.record(
                actor=actor,
                action="identity.appoint",
                subject=f"person:{person.id}",
                role=role.value,
                organisation=organisation,
                appointment=str(row.id),
            )
    return contracts.Appointment(role=role, organisation=organisation)


def listing(*, actor: Actor, text: str, limit: int, offset: int) -> contracts.AppointmentListing:
    """Those that stand, the newest first, to whoever gives and takes them."""
    if actor.role is not Role.ADMINISTRATOR:
        raise MayNotAppoint(f"{actor} gives no appointments")
    rows = models.Appointment.objects.filter(ended_at=None).select_related("person").order_by("-appointed_at", "id")
    for word in clean(text).split()[:5]:
        named = Q(person__given_name__icontains=word) | Q(person__patronymic__icontains=word)
        rows = rows.filter(named | Q(organisation__icontains=word) | Q(role=word))
    return contracts.AppointmentListing(entries=tuple(_entry(actor, row) for row in rows[offset : offset + limit]), total=rows.count())


def _entry(actor: Actor, row: models.Appointment) -> contracts.AppointmentEntry:
    person = row.person
    return contracts.AppointmentEntry(
        person_id=person.id, name=f"{person.patronymic} {person.given_name}".strip(), regnum=masked(person.regnum), role=Role(row.role),
        organisation=row.organisation or None, appointed_at=row.appointed_at, own=person.id == actor.person_id,
    )  # fmt: skip


def end_appointment(*, actor: Actor, person_id: UUID, role: Role, organisation: str | None) -> None:
    """Take the right; holds from the next page the person opens. A second time changes nothing."""
    _may_appoint(actor, person_id)
    with transaction.atomic():
        ended = models.Appointment.objects.filter(
            person_id=person_id, role=role.value, organisation=organisation or "", ended_at=None
        ).update(ended_at=now())
        if ended:
            audit.record(
                actor=actor, action="identity.end_appointment", subject=f"person:{person_id}", role=role.value, organisation=organisation
            )
