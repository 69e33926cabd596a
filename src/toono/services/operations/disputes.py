"""«This is wrong»: a person contradicts what a register told; the keeper of the register is to answer."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.outbox import publish
from toono.kernel.text import clean
from toono.services import events
from toono.services.contracts import DisputedFact, DisputeView, Text
from toono.services.errors import CatalogueError, DisputeRefused
from toono.services.models import Case, Fact, FactDispute
from toono.services.operations.facts import note
from toono.services.queries import definitions
from toono.services.queries.access import own_case
from toono.services.queries.cases import disputed_label
from toono.services.queries.facts import views

LENGTH = 1000


def dispute(*, actor: Actor, case_id: UUID, fact: str, field: str, text: str) -> DisputeView:
    """Keep what the person says is right, and tell. Once for a field of a reading: again gives the first."""
    said = " ".join(clean(text).split())
    if not said or len(said) > LENGTH:
        raise DisputeRefused(f"{len(said)} characters")
    case = own_case(actor, case_id)
    row = Fact.objects.filter(case=case, name=fact, retired_at__isnull=True).first()
    if row is None or (field and not any(line["name"] == field for line in row.value)):
        raise DisputeRefused(f"case {case.number} has no fact {fact[:40]!r} with a field {field[:40]!r}")
    with transaction.atomic():
        # Two presses at once meet at the unique index on fact and field: the second waits for the first, then finds its row.
        made, first = FactDispute.objects.get_or_create(fact=row, field=field, defaults={"case": case, "text": said, "at": now()})
        if first:
            _tell(case, row, made, actor)
    return DisputeView(fact=row.name, field=made.field, label=disputed_label(row, made.field), text=made.text, at=made.at)


def _tell(case: Case, fact: Fact, made: FactDispute, actor: Actor) -> None:
    meaning = definitions.meanings().find(fact.meaning)
    if meaning is None:
        raise CatalogueError(f"no register gives {fact.meaning} any more")
    note(case, "disputed", actor=actor, titles=[fact.title], fact=fact.name, field=made.field)
    audit.record(actor=actor, action="services.dispute_fact", subject=f"case:{case.id}", fact=fact.name, field=made.field)
    publish(events.FactDisputed(dispute_id=made.id, case_id=case.id, organisation=meaning.organisation))


def disputed_fact(*, actor: Actor, dispute_id: UUID) -> DisputedFact:
    """A dispute, for the room that brings it to the keeper of the register.

    :raises NotAllowed: the actor is no system process, or there is no such dispute.
    """
    found = FactDispute.objects.filter(id=dispute_id).select_related("fact", "case").first()
    if actor.role is not Role.SYSTEM or found is None:
        raise NotAllowed(f"{actor} may not read dispute {dispute_id}")
    definition = definitions.definition(found.case.service, found.case.service_version)
    shown = next((v for v in views(definition, {found.fact.name: found.fact}) if v.name == found.fact.name), None)
    value = next((line.words.mn if line.words else line.value for line in (shown.fields if shown else ()) if line.name == found.field), "")
    return DisputedFact(
        case_id=found.case_id, person_id=found.case.person_id, message_id=found.fact.message_id, title=Text(**found.fact.title), field=found.field,
        label=disputed_label(found.fact, found.field), value=value, text=found.text, at=found.at, case_number=found.case.number,
    )  # fmt: skip
