"""Names: each stands once, and whatever names another part names one that is there."""

from __future__ import annotations

from collections.abc import Iterator

from toono.services.contracts import Applicant, QuestionKind, SignatureKind
from toono.services.domain.definition import FactUse, Meaning, MeaningSubject
from toono.services.domain.lint.subject import Problem, Subject

_CHOSEN_FROM = {
    QuestionKind.FAMILY_MEMBER: "person.family",
    QuestionKind.LEGAL_ENTITY: "person.legal_entities",
    QuestionKind.VEHICLE: "person.vehicles",
    QuestionKind.PROPERTY: "person.property",
    QuestionKind.PARCEL: "person.land",
}
_SUBJECT_OF = {
    QuestionKind.PERSON: MeaningSubject.PERSON,
    QuestionKind.FAMILY_MEMBER: MeaningSubject.PERSON,
    QuestionKind.LEGAL_ENTITY: MeaningSubject.LEGAL_ENTITY,
    QuestionKind.VEHICLE: MeaningSubject.VEHICLE,
    QuestionKind.PROPERTY: MeaningSubject.PROPERTY,
    QuestionKind.PARCEL: MeaningSubject.PARCEL,
}
IDENTIFICATION = "identification"
"""The purpose that every service may name: to make sure who somebody is."""


def unique(subject: Subject) -> Iterator[Problem]:
    """Two parts of one name cannot be told apart."""
    d = subject.definition
    lists = {
        "questions": [q.code for q in d.questions],
        "facts": [f.name for f in d.facts],
        "stops": [s.code for s in d.stops],
        "pages": [p.code for p in d.pages],
        "workflow.states": [s.name for s in d.workflow.states],
        "workflow.actions": [a.code for a in d.workflow.actions],
        "grounds": [g.code for g in d.grounds],
        **{f"workflow.actions.{a.code}.asks": [q.code for q in a.asks] for a in d.workflow.actions},
        **{f"questions.{q.code}.questions": [p.code for p in q.questions] for q in d.questions},
    }
    for where, codes in lists.items():
        for code in sorted({c for c in codes if codes.count(c) > 1}):
            yield f"{where}.{code}", f"«{code}» stands twice; give each its own name."


def facts(subject: Subject) -> Iterator[Problem]:
    """A fact is given by a register, about a subject that is known when it is read, for a purpose that is known."""
    for use in subject.definition.facts:
        where = f"facts.{use.name}"
        meaning = subject.meanings.find(use.meaning)
        if meaning is None:
            yield f"{where}.meaning", f"No register gives «{use.meaning}»; see meanings.yaml."
            continue
        yield from _about(subject, where, use, meaning)
        if use.purpose not in {*subject.shelf.codes, subject.definition.code, IDENTIFICATION}:
            yield f"{where}.purpose", f"«{use.purpose}» is no purpose; write the service's own code, «{subject.definition.code}»."


def _about(subject: Subject, where: str, use: FactUse, meaning: Meaning) -> Iterator[Problem]:
    if use.of is None:
        if meaning.subject is MeaningSubject.LEGAL_ENTITY and Applicant.LEGAL_ENTITY not in subject.definition.applicants:
            yield (
                f"{where}.of",
                f"«{meaning.code}» is about a legal entity, but none may apply: add `legal_entity` to `applicants`, "
                "or name in `of` the question that chooses one.",
            )
        elif meaning.subject not in {MeaningSubject.PERSON, MeaningSubject.LEGAL_ENTITY}:
            yield f"{where}.of", f"«{meaning.code}» is about a {meaning.subject}; name in `of` the question that chooses it."
        return
    question = subject.definition.question(use.of)
    if question is None:
        yield f"{where}.of", f"No question is called «{use.of}»."
    elif _SUBJECT_OF.get(question.kind) is not meaning.subject:
        yield f"{where}.of", f"«{meaning.code}» is about a {meaning.subject}; «{use.of}» of kind {question.kind} does not choose one."


def chosen(subject: Subject) -> Iterator[Problem]:
    """A question that chooses an item chooses from the register that has such items."""
    for where, question in subject.asked:
        if question.chosen_from is None:
            continue
        use, meaning = subject.uses.get(question.chosen_from, (None, None))
        wanted = _CHOSEN_FROM[question.kind]
        if use is None:
            yield f"{where}.chosen_from", f"No fact is called «{question.chosen_from}»; add one of the meaning «{wanted}»."
        elif meaning is not None and meaning.code != wanted:
            yield f"{where}.chosen_from", f"A question of kind {question.kind} chooses from «{wanted}», not from «{meaning.code}»."
        elif use.of == question.code:
            yield f"{where}.chosen_from", f"«{use.name}» is read about what this question chooses; it cannot be chosen from too."


def pages(subject: Subject) -> Iterator[Problem]:
    """A page joins questions that follow each other, each on one page only."""
    order = [question.code for question in subject.definition.questions]
    taken: set[str] = set()
    for page in subject.definition.pages:
        where = f"pages.{page.code}"
        unknown = [code for code in page.questions if code not in order]
        if unknown:
            yield where, f"No question is called «{unknown[0]}»."
            continue
        places = [order.index(code) for code in page.questions]
        if places != list(range(places[0], places[0] + len(places))):
            yield where, "The questions of a page stand one after another in `questions`, in the same order."
        if taken & set(page.questions):
            yield where, f"«{sorted(taken & set(page.questions))[0]}» stands on another page already."
        if page.code in order:
            yield where, f"«{page.code}» is the code of a question too; their addresses would be the same."
        taken |= set(page.questions)
        groups = [code for code in page.questions if (q := subject.definition.question(code)) and q.kind is QuestionKind.GROUP]
        if groups:
            yield where, f"«{groups[0]}» is a group, which has a page of its own."


def signing(subject: Subject) -> Iterator[Problem]:
    """Who must sign is named by a question that names people, and there is a way of signing."""
    sign = subject.definition.signing
    if sign.signers and sign.kind is SignatureKind.NONE:
        yield "signing.kind", "Others must sign, but nothing says how; write `kind: code` or `kind: digital`."
    for position, signer in enumerate(sign.signers):
        where = f"signing.signers.{position}.question"
        question = subject.definition.question(signer.question)
        if question is None:
            yield where, f"No question is called «{signer.question}»."
        elif question.kind not in {QuestionKind.PERSON, QuestionKind.FAMILY_MEMBER}:
            yield where, f"«{signer.question}» is of kind {question.kind}; who signs is named by one of kind person or family_member."


def stops(subject: Subject) -> Iterator[Problem]:
    """A stop says what is so and, in other words, what the person can do."""
    for stop in subject.definition.stops:
        if stop.text.mn == stop.instead.mn:
            yield f"stops.{stop.code}.instead", "It says again why; say what the person can do."


def channels(subject: Subject) -> Iterator[Problem]:
    """Whoever may apply is named once."""
    for name in ("channels", "applicants", "notifications"):
        values = list(getattr(subject.definition, name))
        for value in sorted({v for v in values if values.count(v) > 1}):
            yield name, f"«{value}» stands twice."
