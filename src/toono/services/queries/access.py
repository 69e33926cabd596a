"""Whose case or document it is: the one place where ownership is checked. Another's is answered like an unknown one."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed
from toono.services.errors import CaseUnknown, DocumentUnknown
from toono.services.models import Case, Document

HEAVY = ("pdf",)
"""Columns that a list of documents leaves in the database."""


def citizen(actor: Actor) -> UUID:
    """The person for whom a citizen's door works.

    :raises NotAllowed: the actor is no citizen.
    """
    if actor.role is not Role.CITIZEN or actor.person_id is None:
        raise NotAllowed(f"{actor} has no cases of their own")
    return actor.person_id


def desk(actor: Actor) -> str:
    """The organisation for which an officer decides.

    :raises NotAllowed: the actor is no officer.
    """
    if actor.role is not Role.OFFICER or not actor.organisation or actor.person_id is None:
        raise NotAllowed(f"{actor} decides no cases")
    return actor.organisation


def own_case(actor: Actor, case_id: UUID, *, lock: bool = False) -> Case:
    """The citizen's own case.

    ``lock`` takes the row's lock until the transaction ends (milliseconds: no network call is made under it), so that sending,
    answering, withdrawing and deciding of one case happen one after another, each seeing what the one before left.

    :raises CaseUnknown:
    """
    return _one(_cases(lock).filter(id=case_id, person_id=citizen(actor)), case_id)


def any_case(case_id: UUID) -> Case:
    """A case, for a system process, which asks whose it is by itself.

    :raises CaseUnknown:
    """
    return _one(_cases(False).filter(id=case_id), case_id)


def desk_case(actor: Actor, case_id: UUID, *, lock: bool = False) -> Case:
    """A sent case of the officer's organisation; ``lock`` as in :func:`own_case`.

    :raises CaseUnknown:
    """
    return _one(_cases(lock).filter(id=case_id, organisation=desk(actor), submitted_at__isnull=False), case_id)


def _cases(lock: bool) -> QuerySet[Case]:
    return Case.objects.select_for_update() if lock else Case.objects.all()


def _one(found: QuerySet[Case], case_id: UUID) -> Case:
    case = found.first()
    if case is None:
        raise CaseUnknown(f"no case {case_id} for this actor")
    return case


def readable_document(actor: Actor, document_id: UUID) -> Document:
    """A document without its bytes: the owner's, or for an officer one of the own organisation.

    :raises DocumentUnknown:
    """
    readable = {"organisation": desk(actor)} if actor.role is Role.OFFICER else {"person_id": citizen(actor)}
    found = Document.objects.defer(*HEAVY).filter(id=document_id, **readable).first()
    if found is None:
        raise DocumentUnknown(f"no document {document_id} for this actor")
    return found
