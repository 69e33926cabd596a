"""A page of questions, ready to be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from toono.services.adapters import places
from toono.services.contracts import FieldState, GroupMember, OptionGroup, QuestionField, QuestionKind, QuestionPage, Text, Typed
from toono.services.domain import answers as rules
from toono.services.domain.answers import PageOf
from toono.services.domain.definition import Definition, Question
from toono.services.domain.kinds import KINDS, choices, files, groups
from toono.services.domain.kinds.base import empty, one, several
from toono.services.models import Case
from toono.services.queries import answers, definitions, offers

TYPED_LENGTH = 5000
"""More of what was typed is not shown again."""


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a field."""

    text: Text
    part: str | None = None


@dataclass
class Draft:
    """What is on the page and not saved: as typed, and what is wrong with it, by question."""

    typed: dict[str, Typed] = field(default_factory=dict)
    wrong: dict[str, Wrong] = field(default_factory=dict)


def page(
    case: Case, definition: Definition, way: list[PageOf], asked: PageOf, draft: Draft, *, from_check: bool, correcting: bool
) -> QuestionPage:
    """One page of the way; what was typed stands over what is saved."""
    position = way.index(asked)
    outside = answers.outside(case, definition)
    return QuestionPage(
        case_id=case.id,
        service=case.service,
        service_name=definition.name,
        code=asked.code,
        title=asked.title,
        fields=tuple(_field(case, definition, question, draft, outside) for question in asked.questions),
        position=position + 1,
        total=len(way),
        previous=way[position - 1].code if position else None,
        from_check=from_check,
        correcting=correcting,
    )


def member_page(
    case: Case, definition: Definition, way: list[PageOf], group: Question, kept: groups.Member | None, draft: Draft, *, from_check: bool
) -> QuestionPage:
    """The questions about one member of a group (a new one where there is none), saved answers and what was typed over them."""
    position = next(n for n, one in enumerate(way, 1) if one.code == group.code)
    return QuestionPage(
        case_id=case.id,
        service=case.service,
        service_name=definition.name,
        code=group.code,
        title=group.label,
        fields=tuple(_plain_field(question, draft, (kept or {}).get(question.code, "")) for question in group.questions),
        position=position,
        total=len(way),
        previous=group.code,
        from_check=from_check,
        group=group.code,
        member=groups.key(kept) if kept else None,
    )


# -- one field ---------------------------------------------------------------------------------------------------


def _plain_field(question: Question, draft: Draft, kept: str) -> QuestionField:
    wrong = draft.wrong.get(question.code)
    error = (wrong.text, wrong.part) if wrong else (None, None)
    return plain_field(question, draft.typed.get(question.code), *error, kept=kept)


def plain_field(
    question: Question, typed: Typed | None, error: Text | None = None, error_part: str | None = None, *, kept: str = ""
) -> QuestionField:
    """What every kind has: what was typed, else what is saved; and what is wrong with it."""
    values, parts = _inputs(question, typed, kept)
    return QuestionField(
        code=question.code,
        kind=question.kind,
        label=question.label,
        hint=question.hint,
        unit=question.unit,
        options=() if question.kind.chosen else choices.of(question, rules.NOTHING) or (),
        optional=question.optional,
        max_length=question.max_length,
        values=values,
        parts=parts,
        error=error,
        error_part=error_part,
    )


def _inputs(question: Question, typed: Typed | None, kept: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """What stands in the inputs: as typed, else as saved."""
    if isinstance(typed, Mapping):
        return (), {str(name): one(part)[:TYPED_LENGTH] for name, part in typed.items()}
    if typed is not None and not isinstance(typed, str):
        return tuple(several(typed)), {}
    if typed is not None:
        return ((typed[:TYPED_LENGTH],) if typed else ()), {}
    split = KINDS[question.kind].parts
    if not kept:
        return (), {}
    if split is not None:
        return (), split(kept)
    return (tuple(kept.split(",")) if question.kind is QuestionKind.CHOICES else (kept,)), {}


def _field(case: Case, definition: Definition, question: Question, draft: Draft, outside: rules.Outside) -> QuestionField:
    plain = _plain_field(question, draft, case.answers.get(question.code, ""))
    more: dict[str, object] = {}
    if question.kind.chosen:
        more = _chosen(definition, question, outside)
    elif question.kind is QuestionKind.ADDRESS:
        more = _units(question, plain.parts)
    elif question.kind is QuestionKind.FILE:
        more = {
            "files": answers.file_notes(case, question.code),
            "files_most": question.files,
            "accepts": files.accepts(question),
            "values": (),
        }
    elif question.kind is QuestionKind.GROUP:
        more = {"members": _members(case, question), "least": question.least, "most": question.most, "values": ()}
    if empty(draft.typed.get(question.code, "")):
        more["offer"] = offers.offer(case, question, outside)
    return plain.model_copy(update=more)


def _chosen(definition: Definition, question: Question, outside: rules.Outside) -> dict[str, object]:
    use = next((use for use in definition.facts if use.name == question.chosen_from), None)
    meaning = definitions.meanings().find(use.meaning) if use else None
    options = choices.of(question, outside)
    state = FieldState.PENDING if options is None else FieldState.READY if options else FieldState.NOTHING_HELD
    return {"options": options or (), "state": state, "source": meaning.source if meaning else None}


def _units(question: Question, parts: dict[str, str]) -> dict[str, object]:
    """The units to choose from: at once where the definition narrows them, else below the aimag that was chosen."""
    if question.within:
        return {"places": places.below(question.within)}
    aimag = parts.get("aimag", "")
    below: tuple[OptionGroup, ...] = places.below(aimag) if aimag in {option.value for option in places.aimags()} else ()
    return {"aimags": places.aimags(), "places": below}


def _members(case: Case, question: Question) -> tuple[GroupMember, ...]:
    listed = groups.members(case.answers.get(question.code, ""))
    return tuple(
        GroupMember(
            key=groups.key(kept), lines=tuple((asked.label, rules.shown(asked, kept.get(asked.code, ""))) for asked in question.questions)
        )
        for kept in listed
    )
