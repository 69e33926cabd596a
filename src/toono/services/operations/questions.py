"""Asking and answering: pages of questions, members of groups, files, other persons.

What needs the world outside – a scanner, the population register – happens before the row of the case is locked; under the lock the
page is read again, so that of two windows each sees what the other left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from toono.kernel.actor import Actor
from toono.kernel.clock import local, now
from toono.services.adapters import places
from toono.services.contracts import CaseView, Press, PressKind, QuestionKind, QuestionPage, Typed, Upload
from toono.services.domain import answers as rules
from toono.services.domain.answers import PageOf
from toono.services.domain.definition import Definition, Question, StateKind
from toono.services.domain.kinds import KINDS, groups
from toono.services.domain.kinds.base import one
from toono.services.errors import AlreadySubmitted, QuestionUnknown
from toono.services.models import Case
from toono.services.operations import attachments, corrections, facts, naming
from toono.services.operations.examination import FileRefused, Sound, examined
from toono.services.queries import answers, definitions, offers, question_pages
from toono.services.queries import cases as _cases
from toono.services.queries import corrections as _corrections
from toono.services.queries.access import own_case
from toono.services.queries.question_pages import Draft, Wrong

PUT_TOGETHER = frozenset({QuestionKind.FILE, QuestionKind.GROUP})
"""Answers that are saved piece by piece, and not typed into the page."""


@dataclass(frozen=True)
class Form:
    """A case whose questions may be answered now, and the pages that its person is led through."""

    case: Case
    definition: Definition
    way: list[PageOf]
    correcting: bool

    def page(self, code: str) -> PageOf:
        """The page with this code, or on which this question stands."""
        found = next((page for page in self.way if page.code == code or any(q.code == code for q in page.questions)), None)
        if found is None:
            raise QuestionUnknown(f"{self.definition.code} does not ask «{code}» here")
        return found

    def group(self, code: str) -> Question:
        """The repeating group with this code."""
        asked = self.page(code).questions[0]
        if asked.kind is not QuestionKind.GROUP:
            raise QuestionUnknown(f"«{code}» of {self.definition.code} is no group")
        return asked


def _form(actor: Actor, case_id: UUID, *, lock: bool = False) -> Form:
    """A draft, or a sent case with an open correction: then only what is to be corrected is asked."""
    case = own_case(actor, case_id, lock=lock)
    definition = definitions.definition(case.service, case.service_version)
    way = answers.asked(case, definition)
    correction = _corrections.current(case) if case.open else None
    if correction is not None:
        wanted = {*_corrections.named(correction), *(q.code for q in _corrections.to_answer(case, definition, correction))}
        return Form(case, definition, rules.pages(definition, [q for q in way if q.code in wanted]), True)
    if case.submitted_at is not None or definition.workflow.state(case.state).kind is not StateKind.DRAFT:
        raise AlreadySubmitted(f"case {case.number} is {case.state}")
    return Form(case, definition, rules.pages(definition, way), False)


def _page(form: Form, asked: PageOf, draft: Draft, *, from_check: bool) -> QuestionPage:
    return question_pages.page(form.case, form.definition, form.way, asked, draft, from_check=from_check, correcting=form.correcting)


# -- a page ------------------------------------------------------------------------------------------------------


def question(*, actor: Actor, case_id: UUID, question: str, from_check: bool) -> QuestionPage:
    """The page of a question with the saved answers."""
    form = _form(actor, case_id)
    return _page(form, form.page(question), Draft(), from_check=from_check)


def answer(
    *, actor: Actor, case_id: UUID, question: str, values: Mapping[str, Typed], files: Mapping[str, Sequence[Upload]], press: Press | None,
    from_check: bool,
) -> QuestionPage | CaseView:  # fmt: skip
    """Save the answers of a page, or give it back with what is wrong; files that arrived are kept either way."""
    before = _form(actor, case_id)
    draft = Draft(typed={q.code: values.get(q.code, "") for q in before.page(question).questions if q.kind not in PUT_TOGETHER})
    arrived = _examined(before.page(question), files, draft)
    confirmed = {} if press else naming.confirmed(before.case, before.definition, before.page(question), draft, actor=actor)
    with transaction.atomic():
        form = _form(actor, case_id, lock=True)
        asked = form.page(question)
        changed = _attach(form, asked, arrived, draft)
        changed |= _pressed(form, asked, press, draft)
        stays = press is not None or _next_step(asked, draft)
        kept = {} if stays else _read(form, asked, draft, confirmed)
        if not draft.wrong:
            form.case.answers.update(kept)
            changed |= set(kept)
        _save(form, changed)
        if stays or draft.wrong:
            return _page(form, asked, draft, from_check=from_check)
    facts.answered(form.case, form.definition, sorted(changed), actor=actor)
    return _cases.view(Case.objects.get(id=form.case.id))


def _read(form: Form, asked: PageOf, draft: Draft, confirmed: Mapping[str, str]) -> dict[str, str]:
    """The kept form of every answer of the page; what is wrong goes to ``draft``, unless something is said of it already."""
    kept: dict[str, str] = {}
    today, outside = local(now()).date(), answers.outside(form.case, form.definition)
    for one_asked in asked.questions:
        try:
            kept[one_asked.code] = rules.read(one_asked, _typed(form.case, one_asked, draft, confirmed), today, outside)
        except rules.Unacceptable as error:
            draft.wrong.setdefault(one_asked.code, Wrong(error.text, error.part))
    return kept


def _typed(case: Case, asked: Question, draft: Draft, confirmed: Mapping[str, str]) -> Typed:
    """What is to be read: as typed; files and groups as they were put together; a person as the register confirmed them."""
    if asked.kind in PUT_TOGETHER:
        return str(case.answers.get(asked.code, ""))
    if asked.kind is QuestionKind.PERSON:
        return confirmed.get(asked.code, "")
    return draft.typed.get(asked.code, "")


def _save(form: Form, changed: Iterable[str]) -> None:
    codes = set(changed)
    if codes:
        form.case.save(update_fields=["answers"])
        corrections.answered(form.case, codes)


def _pressed(form: Form, asked: PageOf, press: Press | None, draft: Draft) -> set[str]:
    """What a button does besides showing the page again."""
    if press is None:
        return set()
    if press.kind is PressKind.REMOVE:
        return _take_back(form, asked, press.of)
    chosen = next((q for q in asked.questions if q.code == press.of), None)
    found = (
        offers.offered(form.case, chosen, answers.outside(form.case, form.definition)) if chosen and press.kind is PressKind.OFFER else None
    )
    if chosen is not None and found is not None:
        parts = KINDS[chosen.kind].parts
        draft.typed[chosen.code] = parts(found[0]) if parts else found[0].split(",") if chosen.kind is QuestionKind.CHOICES else found[0]
    return set()


def _next_step(asked: PageOf, draft: Draft) -> bool:
    """Whether an aimag was chosen whose units were not shown yet; that is no error, the page only goes on."""
    for one_asked in asked.questions:
        typed = draft.typed.get(one_asked.code)
        if one_asked.kind is not QuestionKind.ADDRESS or one_asked.within or not isinstance(typed, Mapping):
            continue
        aimag, unit = one(typed.get("aimag", "")), one(typed.get("unit", ""))
        if aimag in {option.value for option in places.aimags()} and ("unit" not in typed or (unit and not unit.startswith(aimag))):
            draft.typed[one_asked.code] = {**typed, "unit": ""}
            return True
    return False


# -- files -------------------------------------------------------------------------------------------------------


def _examined(asked: PageOf, files: Mapping[str, Sequence[Upload]], draft: Draft) -> list[tuple[Question, Sound]]:
    """The sound ones of the files that arrived; the first that is not is told."""
    sound: list[tuple[Question, Sound]] = []
    for one_asked in asked.questions:
        for upload in files.get(one_asked.code, ()) if one_asked.kind is QuestionKind.FILE else ():
            try:
                sound.append((one_asked, examined(one_asked, upload)))
            except FileRefused as refused:
                draft.wrong.setdefault(one_asked.code, Wrong(refused.text))
    return sound


def _attach(form: Form, asked: PageOf, arrived: Sequence[tuple[Question, Sound]], draft: Draft) -> set[str]:
    codes = {q.code for q in asked.questions}
    changed = set()
    for one_asked, sound in arrived:
        if one_asked.code not in codes:
            continue
        try:
            attachments.attach(form.case, one_asked, sound)
            changed.add(one_asked.code)
        except FileRefused as refused:
            draft.wrong.setdefault(one_asked.code, Wrong(refused.text))
    return changed


def _take_back(form: Form, asked: PageOf, attachment: str) -> set[str]:
    found = next(
        (q for q in asked.questions if q.kind is QuestionKind.FILE and attachment in form.case.answers.get(q.code, "").split(",")), None
    )
    if found is None:
        return set()  # pressed twice: it is gone
    attachments.take_back(form.case, found, UUID(attachment))
    return {found.code}


# -- members of a group ------------------------------------------------------------------------------------------


def member(*, actor: Actor, case_id: UUID, question: str, member: str | None, from_check: bool) -> QuestionPage:
    """The page about one member of a group; None for a new one. A member that is no longer there leads to the group."""
    form = _form(actor, case_id)
    group = form.group(question)
    kept = _find(_listed(form, group), member)
    if member is not None and kept is None:
        return _page(form, form.page(question), Draft(), from_check=from_check)
    return question_pages.member_page(form.case, form.definition, form.way, group, kept, Draft(), from_check=from_check)


def answer_member(
    *, actor: Actor, case_id: UUID, question: str, member: str | None, values: Mapping[str, Typed], from_check: bool
) -> QuestionPage:
    """Save a member and give the page of its group, or the member's page back with what is wrong.

    A member that stands there word for word is not added again: the button was pressed twice.
    """
    with transaction.atomic():
        form = _form(actor, case_id, lock=True)
        group = form.group(question)
        listed = _listed(form, group)
        before, draft = _find(listed, member), Draft(typed=dict(values))
        kept = _read_member(group, draft)
        if draft.wrong:
            return question_pages.member_page(form.case, form.definition, form.way, group, before, draft, from_check=from_check)
        draft = Draft()
        if before is not None:
            listed[listed.index(before)] = kept
        elif kept not in listed and len(listed) < group.most:
            listed.append(kept)
        elif kept not in listed:
            draft.wrong[group.code] = Wrong(groups.too_many(group).text)
        _keep(form, group, listed)
        return _page(form, form.page(question), draft, from_check=from_check)


def remove_member(*, actor: Actor, case_id: UUID, question: str, member: str, from_check: bool) -> QuestionPage:
    """Take a member out and give the page of its group. Pressed twice it is once."""
    with transaction.atomic():
        form = _form(actor, case_id, lock=True)
        group = form.group(question)
        listed = _listed(form, group)
        found = _find(listed, member)
        if found is not None:
            listed.remove(found)
            _keep(form, group, listed)
        return _page(form, form.page(question), Draft(), from_check=from_check)


def _listed(form: Form, group: Question) -> list[groups.Member]:
    return groups.members(form.case.answers.get(group.code, ""))


def _find(listed: Sequence[groups.Member], key: str | None) -> groups.Member | None:
    return next((one for one in listed if groups.key(one) == key), None)


def _keep(form: Form, group: Question, listed: Sequence[groups.Member]) -> None:
    if listed:
        form.case.answers[group.code] = groups.keep(listed)
    else:
        form.case.answers.pop(group.code, None)
    _save(form, [group.code])


def _read_member(group: Question, draft: Draft) -> groups.Member:
    kept: groups.Member = {}
    for asked in group.questions:
        try:
            kept[asked.code] = rules.read(asked, draft.typed.get(asked.code, ""), local(now()).date())
        except rules.Unacceptable as error:
            draft.wrong[asked.code] = Wrong(error.text, error.part)
    return kept
