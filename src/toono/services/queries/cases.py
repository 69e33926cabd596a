"""Cases as their owners see them: where they stand, what happened, what is next and by when."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from toono.kernel.actor import Actor
from toono.kernel.clock import local, now
from toono.services.adapters import organisations
from toono.services.contracts import (
    AnswerLine,
    CaseSummary,
    CaseView,
    DecisionView,
    DocumentView,
    FactState,
    FactView,
    NextKind,
    NextStep,
    Outcome,
    Phase,
    StepState,
    TermView,
    Text,
    TimelineStep,
)
from toono.services.domain import answers, terms, workflow
from toono.services.domain.definition import By, Definition
from toono.services.models import Case, CaseLog, Document
from toono.services.queries import definitions, documents, facts
from toono.services.queries.access import citizen, own_case


def case(*, actor: Actor, case_id: UUID) -> CaseView:
    return view(own_case(actor, case_id))


def cases(*, actor: Actor) -> list[CaseSummary]:
    rows = Case.objects.filter(person_id=citizen(actor)).exclude(submitted_at__isnull=True, open=False).order_by("-created_at")
    rows = rows.defer("answers")
    made = dict(Document.objects.filter(case__in=rows).values_list("case_id", "id"))
    return [_summary(row, made.get(row.id)) for row in rows]


def _summary(row: Case, document_id: UUID | None) -> CaseSummary:
    definition = definitions.definition(row.service, row.service_version)
    return CaseSummary(
        id=row.id, number=row.number, service=row.service, service_name=definition.name,
        organisation_name=organisations.name(row.organisation), state_label=definition.workflow.state(row.state).label,
        phase=workflow.phase(definition, row.state, waiting=row.waiting_since is not None), created_at=row.created_at,
        submitted_at=row.submitted_at, due_at=row.due_at, decided_at=row.decided_at,
        outcome=Outcome(row.outcome) if row.outcome else None, document_id=document_id,
    )  # fmt: skip


def view(row: Case) -> CaseView:
    """Everything about a case."""
    definition = definitions.definition(row.service, row.service_version)
    have = facts.current(row)
    document = documents.of_case(row.id) if row.outcome == Outcome.GRANTED else None
    phase = workflow.phase(definition, row.state, waiting=row.waiting_since is not None)
    decision, term, known = _decision(row, definition), _term(row, definition), facts.views(definition, have)
    return CaseView(
        id=row.id,
        number=row.number,
        service=row.service,
        service_version=row.service_version,
        service_name=definition.name,
        organisation=row.organisation,
        organisation_name=organisations.name(row.organisation),
        channel=row.channel,
        aimag_code=row.aimag_code,
        state=row.state,
        state_label=definition.workflow.state(row.state).label,
        phase=phase,
        created_at=row.created_at,
        submitted_at=row.submitted_at,
        due_at=row.due_at,
        decided_at=row.decided_at,
        outcome=Outcome(row.outcome) if row.outcome else None,
        decision=decision,
        term=term,
        facts=known,
        answers=answer_lines(definition, row.answers),
        timeline=_timeline(row, definition, decision, document, known),
        next=next_step(row, definition, phase, document),
        document=document,
        may_withdraw=row.open and row.decided_at is None and bool(workflow.actions(definition, row.state, By.CITIZEN)),
    )


def answer_lines(definition: Definition, given: dict[str, str]) -> tuple[AnswerLine, ...]:
    """The answered questions on this person's way through the form."""
    way = [q for q in answers.asked(definition, given) if q.code in given]
    return tuple(AnswerLine(question=q.code, label=q.label, value=answers.shown(q, given[q.code])) for q in way)


def _decision(row: Case, definition: Definition) -> DecisionView | None:
    if row.decided_at is None or row.outcome not in {Outcome.GRANTED, Outcome.REFUSED}:
        return None
    action = definition.workflow.action(row.action or "")
    return DecisionView(
        outcome=Outcome(row.outcome),
        at=row.decided_at,
        automatic=row.automatic,
        action_label=action.label if action else definition.workflow.state(row.state).label,
        ground=definition.ground(row.ground) if row.ground else None,
        reason=row.reason,
        appeal=definition.appeal if row.outcome == Outcome.REFUSED else None,
    )


def _term(row: Case, definition: Definition) -> TermView | None:
    if row.submitted_at is None or row.due_at is None:
        return None
    return terms.view(definition.term, row.submitted_at, row.due_at, row.decided_at or now())


# -- what to do now ----------------------------------------------------------------------------------------------


def next_step(row: Case, definition: Definition, phase: Phase, document: DocumentView | None) -> NextStep:
    """What the person does or waits for now."""
    if phase is Phase.DRAFT:
        question = answers.next_question(definition, row.answers, local(now()).date())
        if question is not None:
            return NextStep(kind=NextKind.QUESTION, question=question.code, text=question.label)
        return NextStep(kind=NextKind.CHECK, text=Text(mn="Мэдээллээ шалгаад илгээнэ үү.", en="Check what you will send, and send it."))
    if phase is Phase.GRANTED:
        if document is not None:
            return NextStep(kind=NextKind.DOCUMENT, text=Text(mn="Баримтаа нээж, татаж авна уу.", en="Open and save your document."))
        return NextStep(
            kind=NextKind.WAIT,
            text=Text(mn="Баримтыг бэлтгэж байна. Хэдхэн секунд болно.", en="The document is being made. It takes seconds."),
        )
    if phase is Phase.REFUSED:
        return NextStep(
            kind=NextKind.REFUSAL,
            text=Text(mn="Татгалзсан үндэслэл, цаашид хийж болох зүйлийг уншина уу.", en="Read why, and what you can do now."),
        )
    if phase is Phase.WITHDRAWN:
        return NextStep(kind=NextKind.NOTHING, text=Text(mn="Та энэ хүсэлтийг буцаан авсан.", en="You have withdrawn this case."))
    return NextStep(kind=NextKind.WAIT, text=_waiting(row, phase))


def _waiting(row: Case, phase: Phase) -> Text:
    due = terms.in_words(row.due_at) if row.due_at else Text(mn="–", en="–")
    if phase is Phase.WAITING_FOR_REGISTER or row.waiting_since is not None:
        return Text(
            mn="Бүртгэл түр хариу өгөхгүй байна. Таны хүсэлт хадгалагдсан; бүртгэл хариу өгмөгц бид үргэлжлүүлнэ. Танаас юу ч шаардахгүй.",
            en="A register does not answer at the moment. Your case is kept; we go on as soon as it answers. You need not do anything.",
        )
    if phase is Phase.WITH_OFFICER:
        return Text(mn=f"Мэргэжилтэн {due.mn} гэхэд шийднэ. Шийдмэгц мэдэгдэнэ.", en=f"An officer decides by {due.en}. We will tell you.")
    return Text(mn="Хүсэлтийг боловсруулж байна. Хэдхэн секунд болно.", en="We are working on it. It takes seconds.")


# -- what happened -----------------------------------------------------------------------------------------------


def _timeline(
    row: Case, definition: Definition, decision: DecisionView | None, document: DocumentView | None, known: tuple[FactView, ...]
) -> tuple[TimelineStep, ...]:
    done = [step for entry in CaseLog.objects.filter(case=row) if (step := _happened(entry.kind, entry.at, entry.data, decision))]
    return (*done, *_to_come(row, definition, decision, document, known))


def _happened(kind: str, at: datetime, data: dict[str, Any], decision: DecisionView | None) -> TimelineStep | None:
    if kind not in _TITLES:
        return None
    detail: Text | None = None
    if kind == "facts_read":
        detail = Text(mn="; ".join(t["mn"] for t in data["titles"]), en="; ".join(t["en"] for t in data["titles"]))
    elif kind == "decided" and decision is not None:
        detail = decision.ground.text if decision.ground else None
        return TimelineStep(state=StepState.DONE, at=at, title=_decided_title(decision), detail=detail)
    elif kind == "document_revoked":
        detail = Text(mn=data["reason"], en=data["reason"])
    return TimelineStep(state=StepState.DONE, at=at, title=_TITLES[kind], detail=detail)


def _decided_title(decision: DecisionView) -> Text:
    granted = decision.outcome is Outcome.GRANTED
    if decision.automatic:
        return (
            Text(mn="Зөвшөөрсөн (дүрмээр)", en="Granted (by rule)") if granted else Text(mn="Татгалзсан (дүрмээр)", en="Refused (by rule)")
        )
    return (
        Text(mn="Мэргэжилтэн зөвшөөрсөн", en="Granted by an officer")
        if granted
        else Text(mn="Мэргэжилтэн татгалзсан", en="Refused by an officer")
    )


_TITLES = {
    "started": Text(mn="Хүсэлтийг эхлүүлсэн", en="Started"),
    "submitted": Text(mn="Хүсэлтийг илгээсэн", en="Sent"),
    "facts_read": Text(mn="Бүртгэлээс мэдээлэл авсан", en="Read from the registers"),
    "register_silent": Text(mn="Бүртгэл хариу өгсөнгүй, хүлээж байна", en="A register did not answer; waiting"),
    "decided": Text(mn="Шийдвэрлэсэн", en="Decided"),
    "document_issued": Text(mn="Баримт бэлэн болсон", en="Document issued"),
    "document_revoked": Text(mn="Баримтыг хүчингүй болгосон", en="Document revoked"),
    "withdrawn": Text(mn="Та хүсэлтээ буцаан авсан", en="Withdrawn by you"),
}


def _to_come(
    row: Case, definition: Definition, decision: DecisionView | None, document: DocumentView | None, known: tuple[FactView, ...]
) -> list[TimelineStep]:
    """What is still ahead; the first of it is what happens now."""
    if row.outcome in {Outcome.REFUSED, Outcome.WITHDRAWN} or document is not None or (not row.open and decision is None):
        return []
    ahead: list[tuple[Text, Text | None]] = []
    if row.submitted_at is None:
        ahead.append((Text(mn="Та мэдээллээ шалгаад илгээнэ", en="You check and send it"), None))
    if any(fact.state is FactState.PENDING for fact in known) and row.submitted_at is not None:
        ahead.append((Text(mn="Бүртгэлээс мэдээлэл авна", en="Reading from the registers"), None))
    if decision is None:
        due = row.due_at or terms.due_at(definition.term, now())
        words = terms.in_words(due)
        by = _DECIDES_BY_RULE if workflow.is_automatic(definition) else _DECIDES_OFFICER
        ahead.append((by, Text(mn=f"{words.mn} гэхэд", en=f"By {words.en}")))
    ahead.append((Text(mn="Баримт бэлэн болно", en="The document is made"), None))
    return [
        TimelineStep(state=StepState.NEXT if position else StepState.NOW, at=None, title=title, detail=detail)
        for position, (title, detail) in enumerate(ahead)
    ]


_DECIDES_BY_RULE = Text(mn="Дүрмээр шууд шийднэ", en="Decided by rule at once")
_DECIDES_OFFICER = Text(mn="Мэргэжилтэн шийднэ", en="An officer decides")
