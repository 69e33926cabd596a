"""Naming another person in an answer: by register number and given name, which the population register confirms or not."""

from __future__ import annotations

from collections.abc import Mapping

from toono.identity import api as identity
from toono.kernel.actor import Actor, system
from toono.kernel.clock import local, now
from toono.services import limits
from toono.services.adapters import persons as population
from toono.services.contracts import QuestionKind, Typed
from toono.services.domain import answers as rules
from toono.services.domain.answers import PageOf
from toono.services.domain.definition import Definition, Meaning, Question
from toono.services.domain.kinds import persons
from toono.services.domain.kinds.base import empty
from toono.services.errors import CatalogueError, RegisterSilent
from toono.services.models import Case, CaseLog
from toono.services.operations.facts import note
from toono.services.queries import definitions
from toono.services.queries.facts import IDENTITY
from toono.services.queries.question_pages import Draft, Wrong


def confirmed(case: Case, definition: Definition, asked: PageOf, draft: Draft, *, actor: Actor) -> dict[str, str]:
    """The persons of the page whose number and name agree; of the others ``draft`` says why not.

    The register is asked before anything is locked, each time under the number of the case: whom somebody names sees it. A try is
    counted, and committed, before it is made, so that many at once are no more tries than one after another.
    """
    agreed: dict[str, str] = {}
    for one_asked in asked.questions:
        typed = draft.typed.get(one_asked.code, "")
        if one_asked.kind is not QuestionKind.PERSON or empty(typed):
            continue
        try:
            agreed[one_asked.code] = _agreed(case, definition, one_asked, typed, actor=actor)
        except rules.Unacceptable as error:
            draft.wrong[one_asked.code] = Wrong(error.text, error.part)
    return agreed


def _agreed(case: Case, definition: Definition, asked: Question, typed: Typed, *, actor: Actor) -> str:
    kept = case.answers.get(asked.code, "")
    name = persons.given_name(typed)
    number = rules.read(asked, typed if name or not kept else _number(typed), local(now()).date())
    if number == kept and not name:
        return number
    if not name:
        raise _disagree(asked)
    person = identity.person(actor=system("services"), person_id=case.person_id)
    if number == person.regnum:
        raise _yourself(asked)
    note(case, "person_named", actor=actor, question=asked.code)
    since = now() - limits.PERSON_WINDOW
    if CaseLog.objects.filter(case__person_id=case.person_id, kind="person_named", at__gt=since).count() > limits.PERSON_TRIES:
        raise _too_often(asked)
    try:
        agree = population.agree(
            meaning=_identity(), regnum=number, given_name=name, purpose=_purpose(definition), case_number=case.number,
            user=person.civil_id,
        )  # fmt: skip
    except RegisterSilent:
        raise _silent(asked) from None
    if not agree:
        raise _disagree(asked)
    return number


def _number(typed: Typed) -> Typed:
    return typed.get("regnum", "") if isinstance(typed, Mapping) else typed


def _identity() -> Meaning:
    meaning = definitions.meanings().find(IDENTITY)
    if meaning is None:
        raise CatalogueError(f"no register gives {IDENTITY} any more")
    return meaning


def _purpose(definition: Definition) -> str:
    """Under which purpose persons are confirmed: the one of the definition's own reading of names."""
    return next((use.purpose for use in definition.facts if use.meaning == IDENTITY), "identification")


def _disagree(asked: Question) -> rules.Unacceptable:
    return rules.Unacceptable(
        f"{asked.label.mn}: регистрийн дугаар, нэр хоёр таарахгүй байна. Үнэмлэхээс нь харж дахин бичнэ үү.",
        f"{asked.label.en}: the register number and the name do not agree. Look at their identity card and type them again.",
        part="regnum",
    )


def _yourself(asked: Question) -> rules.Unacceptable:
    return rules.Unacceptable(
        f"{asked.label.mn}: энэ таны өөрийн дугаар байна. Өөр хүний дугаарыг бичнэ үү.",
        f"{asked.label.en}: this is your own number. Type another person's.",
        part="regnum",
    )


def _too_often(asked: Question) -> rules.Unacceptable:
    return rules.Unacceptable(
        f"{asked.label.mn}: өнөөдөр хэт олон удаа оролдсон байна. Таны хариултууд хадгалагдсан; маргааш үргэлжлүүлнэ үү.",
        f"{asked.label.en}: there were too many tries today. Your answers are kept; go on tomorrow.",
        part="regnum",
    )


def _silent(asked: Question) -> rules.Unacceptable:
    return rules.NotKnownNow(
        f"{asked.label.mn}: хүн амын бүртгэл одоогоор хариу өгөхгүй байна. Бусад хариулт тань хадгалагдсан; түр хүлээгээд дахин оролдоно уу.",
        f"{asked.label.en}: the population register does not answer at the moment. Your other answers are kept; try again a little later.",
        part="regnum",
    )
