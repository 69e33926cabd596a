"""Answers of a case: which questions it is asked, whether they are answered, how they are shown. The rules stand in ``domain/answers``;
here they are given what they must know besides: facts, units, names of files."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from toono.kernel.clock import local, now
from toono.services.adapters import places
from toono.services.contracts import AnswerLine, FileNote, Option, QuestionKind, Text
from toono.services.domain import answers as rules
from toono.services.domain.definition import Definition, Question
from toono.services.domain.kinds import choices, files
from toono.services.models import Attachment, Case, Fact
from toono.services.queries import definitions, facts

HEAVY = ("content",)
"""Columns of an attachment that a list leaves in the database."""


def facts_seen(case: Case) -> rules.Facts:
    """Facts of the case as conditions read them."""
    return facts.values(facts.current(case))


def outside(case: Case, definition: Definition, seen: rules.Facts | None = None) -> rules.Outside:
    """What reading and showing the case's answers must know besides; each is looked up when it is first needed."""

    @lru_cache(maxsize=1)
    def known() -> rules.Facts:
        return facts_seen(case) if seen is None else seen

    @lru_cache(maxsize=1)
    def names() -> dict[str, str]:
        return {str(note.id): note.name for note in _notes(case)}

    return rules.Outside(
        choices=lambda code: _choices(definition, code, known()), unit=places.words, box=places.box, file_name=lambda one: names().get(one)
    )


def _choices(definition: Definition, code: str, seen: rules.Facts) -> tuple[Option, ...] | None:
    question = definition.question(code)
    use = next((use for use in definition.facts if question and use.name == question.chosen_from), None)
    meaning = definitions.meanings().find(use.meaning) if use else None
    if use is None or meaning is None or use.name not in seen:
        return None
    return choices.of_items(meaning, seen[use.name].get("items", ()))


def asked(case: Case, definition: Definition) -> list[Question]:
    """The questions that this person is asked, in order."""
    return rules.asked(definition, case.answers, facts_seen(case))


def relevant(case: Case, definition: Definition) -> dict[str, str]:
    """The answers to asked questions."""
    return rules.relevant(definition, case.answers, facts_seen(case))


def next_question(case: Case, definition: Definition) -> Question | None:
    """The first asked question without an answer that is acceptable today."""
    seen = facts_seen(case)
    return rules.next_question(definition, case.answers, local(now()).date(), seen, outside(case, definition, seen))


def shown(case: Case, definition: Definition, question: Question) -> Text:
    """The case's answer to a question, as people read it."""
    return rules.shown(question, case.answers.get(question.code, ""), outside(case, definition))


def lines(case: Case, definition: Definition, have: dict[str, Fact] | None = None) -> tuple[AnswerLine, ...]:
    """The answered questions on this person's way through the form."""
    seen = facts_seen(case) if have is None else facts.values(have)
    known = outside(case, definition, seen)
    notes = {note.id: note for note in _notes(case)} if any(q.kind is QuestionKind.FILE for q in definition.questions) else {}
    way = [q for q in rules.asked(definition, case.answers, seen) if q.code in case.answers]
    return tuple(
        AnswerLine(
            question=q.code, label=q.label, value=rules.shown(q, case.answers[q.code], known), files=_files(q, case.answers[q.code], notes)
        )
        for q in way
    )


def _files(question: Question, kept: str, notes: dict[UUID, FileNote]) -> tuple[FileNote, ...]:
    return tuple(notes[one] for one in files.ids(kept) if one in notes) if question.kind is QuestionKind.FILE else ()


def file_notes(case: Case, question: str) -> tuple[FileNote, ...]:
    """The files that the answer to a question names, in its order."""
    notes = {note.id: note for note in _notes(case)}
    return tuple(notes[one] for one in files.ids(case.answers.get(question, "")) if one in notes)


def _notes(case: Case) -> list[FileNote]:
    return [
        FileNote(id=row.id, name=row.name, media_type=row.media_type, size_bytes=row.size_bytes, pages=row.pages, added_at=row.added_at)
        for row in Attachment.objects.defer(*HEAVY).filter(case_id=case.id)
    ]
