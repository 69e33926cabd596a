"""What happened to a case, and what is still to come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from toono.kernel.clock import now
from toono.services.contracts import DecisionView, DocumentView, FactState, FactView, Outcome, StepState, Text, TimelineStep
from toono.services.domain import terms, workflow
from toono.services.domain.definition import Definition
from toono.services.models import Case, CaseLog
from toono.services.queries.phases import waits_for_payment

Data = dict[str, Any]


def timeline(
    case: Case, definition: Definition, decision: DecisionView | None, document: DocumentView | None, known: tuple[FactView, ...]
) -> tuple[TimelineStep, ...]:
    """The applicant's timeline, oldest first; what is to come stands at the end without a time."""
    done = [s for entry in CaseLog.objects.filter(case=case) if (s := _happened(definition, entry.kind, entry.at, entry.data, decision))]
    return (*done, *_to_come(case, definition, decision, document, known))


def milestones(case: Case, definition: Definition) -> tuple[TimelineStep, ...]:
    """What a stranger who holds the tracking code may know: when it was sent, corrected, decided. No contents."""
    kinds = ("submitted", "paid", "correction_asked", "corrected", "decided", "document_issued", "withdrawn", "lapsed")
    entries = CaseLog.objects.filter(case=case, kind__in=kinds)
    return tuple(
        TimelineStep(state=StepState.DONE, at=entry.at, title=_TO_STRANGERS.get(entry.kind, _TITLES[entry.kind])) for entry in entries
    )


def _happened(definition: Definition, kind: str, at: datetime, data: Data, decision: DecisionView | None) -> TimelineStep | None:
    if kind not in _TITLES:
        return None
    title, detail = _TITLES[kind], _DETAILS[kind](data, definition) if kind in _DETAILS else None
    if kind == "decided" and decision is not None:
        title, detail = _decided_title(decision), decision.ground.text if decision.ground else None
    return TimelineStep(state=StepState.DONE, at=at, title=title, detail=detail)


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
    "copied": Text(mn="Өмнөх хүсэлтийн хуулбараас эхлүүлсэн", en="Started from a copy"),
    "migrated": Text(mn="Үйлчилгээний шинэ хувилбарт шилжсэн", en="Moved to a new version of the service"),
    "signed": Text(mn="Гарын үсэг зурсан", en="Signed"),
    "signature_declined": Text(mn="Гарын үсэг зурахаас татгалзсан", en="A signature was declined"),
    "submitted": Text(mn="Хүсэлтийг илгээсэн", en="Sent"),
    "paid": Text(mn="Төлбөрийг төлсөн", en="The fee was paid"),
    "paid_after_end": Text(
        mn="Төлбөр хүсэлт дууссаны дараа ирсэн, буцааж авах эрхтэй", en="The fee came after the end of the case; it is yours to get back"
    ),
    "facts_read": Text(mn="Бүртгэлээс мэдээлэл авсан", en="Read from the registers"),
    "register_silent": Text(mn="Бүртгэл хариу өгсөнгүй, хүлээж байна", en="A register did not answer; waiting"),
    "correction_asked": Text(mn="Хариултаа засахыг хүссэн", en="You were asked to correct answers"),
    "correction_recalled": Text(mn="Засах хүсэлтийг цуцалсан", en="The request to correct was taken back"),
    "corrected": Text(mn="Та хариултаа засаж илгээсэн", en="Corrected by you"),
    "disputed": Text(mn="Та бүртгэлийн мэдээлэл буруу гэж мэдэгдсэн", en="You said that a register is wrong"),
    "moved": Text(mn="Дараагийн шатанд шилжсэн", en="Went on to the next step"),
    "opinion_given": Text(mn="Бусад байгууллага дүгнэлтээ өгсөн", en="Another body gave its opinion"),
    "clock_extended": Text(mn="Хугацааг сунгасан", en="The term was extended"),
    "term_moved": Text(mn="Ажлын өдөр өөрчлөгдсөн тул хугацаа шилжсэн", en="The term moved, because the working days were changed"),
    "late": Text(mn="Шийдвэрлэх хугацаа өнгөрсөн", en="The term passed without a decision"),
    "decided": Text(mn="Шийдвэрлэсэн", en="Decided"),
    "document_issued": Text(mn="Баримт бэлэн болсон", en="Document issued"),
    "document_reissued": Text(mn="Баримтыг шинээр гаргасан", en="Document made anew"),
    "document_revoked": Text(mn="Баримтыг хүчингүй болгосон", en="Document revoked"),
    "document_superseded": Text(
        mn="Шинэ баримт гарсан тул энэ баримтын хүчин төгөлдөр байдал дууссан", en="A newer document took the place of this one"
    ),
    "facts_differ": Text(mn="Бүртгэлийн мэдээлэл шийдвэрээс хойш өөрчлөгдсөн", en="A register says something else since the decision"),
    "withdrawn": Text(mn="Та хүсэлтээ буцаан авсан", en="Withdrawn by you"),
    "lapsed": Text(mn="Хүсэлт гаргагч нас барсан тул дуусгавар болсон", en="Ended: the applicant has died"),
    "attachments_removed": Text(
        mn="Хадгалах хугацаа дууссан тул хавсралтыг устгасан", en="The files were removed at the end of their time"
    ),
    "emptied": Text(mn="Хадгалах хугацаа дууссан тул хүсэлтийн агуулгыг устгасан", en="The contents were removed at the end of their time"),
}

NOT_SHOWN = {
    "assigned": "whose work it is, within the office",
    "taken": "whose work it is, within the office",
    "given_back": "whose work it is, within the office",
    "handed_over": "whose work it is, within the office",
    "warned": "officers were told that the term ends",
    "opinion_reminded": "officers of another body were told that their answer is due",
    "attachment_opened": "an officer looks at what was sent, as often as the work needs",
    "proposed": "a second officer is yet to confirm; the decision itself has a line",
    "confirmed": "as before",
    "sent_back": "as before",
    "clock_started": "as old as the line of sending or paying",
    "clock_paused": "as old as the line of the request to correct",
    "clock_resumed": "as old as the line of the correction",
    "clock_restarted": "as old as the line of the correction",
    "person_named": "stands among the answers",
    "expiry_told": "the draft's page says when it is removed",
}
"""What the log tells besides, and why the applicant's timeline does not."""


_TO_STRANGERS = {
    "correction_asked": Text(mn="Хариулт засахыг хүссэн", en="Corrections were asked for"),
    "corrected": Text(mn="Засварыг илгээсэн", en="Corrections were sent"),
    "withdrawn": Text(mn="Хүсэлтийг буцаан авсан", en="Withdrawn"),
    "lapsed": Text(mn="Хүсэлт дуусгавар болсон", en="Ended without a decision"),
}
"""The same said to somebody who need not be the applicant; of an end no reason is told."""


def _joined(texts: list[Data]) -> Text | None:
    return Text(mn="; ".join(t["mn"] for t in texts), en="; ".join(t["en"] for t in texts)) if texts else None


def _labels(data: Data, definition: Definition) -> Text | None:
    found = [q.label for code in data.get("questions", []) if (q := definition.question(code))]
    return Text(mn="; ".join(one.mn for one in found), en="; ".join(one.en for one in found)) if found else None


def _words(data: Data, definition: Definition) -> Text | None:
    said = data.get("reason") or data.get("text")
    return Text(mn=said, en=said) if said else None


def _titles(data: Data, definition: Definition) -> Text | None:
    return _joined(data.get("titles", []))


def _action(data: Data, definition: Definition) -> Text | None:
    action = definition.workflow.action(data.get("action", ""))
    return action.label if action else None


def _signer(data: Data, definition: Definition) -> Text | None:
    return next((one.label for one in definition.signing.signers if one.question == data.get("role")), None)


def _due(data: Data, definition: Definition) -> Text | None:
    return _was_due(words) if (words := _moment(data, "due")) else None


def _was_due(words: Text) -> Text:
    return Text(mn=f"{words.mn} гэхэд шийдэх ёстой байсан", en=f"It was due on {words.en}")


def _moved_to(data: Data, definition: Definition) -> Text | None:
    words = _moment(data, "after")
    return Text(mn=f"{words.mn} гэхэд шийднэ ({data['decree']})", en=f"To be decided by {words.en} ({data['decree']})") if words else None


def _moment(data: Data, name: str) -> Text | None:
    return terms.in_words(datetime.fromisoformat(data[name])) if name in data else None


_DETAILS: dict[str, Callable[[Data, Definition], Text | None]] = {
    "facts_read": _titles, "facts_differ": _titles, "disputed": _titles, "migrated": lambda data, _: _joined(data.get("changes", [])),
    "correction_asked": _labels, "corrected": _labels, "document_revoked": _words, "clock_extended": _words, "moved": _action,
    "opinion_given": _action, "signed": _signer, "signature_declined": _signer, "late": _due, "term_moved": _moved_to,
}  # fmt: skip
"""What a line says besides its title, from the log's data; nothing once the case was emptied."""


def _to_come(
    case: Case, definition: Definition, decision: DecisionView | None, document: DocumentView | None, known: tuple[FactView, ...]
) -> list[TimelineStep]:
    """What is still ahead; the first of it is what happens now."""
    if (case.outcome is not None and case.outcome != Outcome.GRANTED) or document is not None or (not case.open and decision is None):
        return []
    ahead: list[tuple[Text, Text | None]] = []
    if case.submitted_at is None:
        ahead.append((Text(mn="Та мэдээллээ шалгаад илгээнэ", en="You check and send it"), None))
    elif waits_for_payment(case):
        ahead.append((Text(mn="Та төлбөрөө төлнө", en="You pay the fee"), None))
    if case.correcting_since is not None and case.open:
        ahead.append((Text(mn="Та хариултаа засаж илгээнэ", en="You correct your answers and send them"), None))
    if any(fact.state is FactState.PENDING for fact in known) and case.submitted_at is not None:
        ahead.append((Text(mn="Бүртгэлээс мэдээлэл авна", en="Reading from the registers"), None))
    if decision is None:
        ahead.append(_decision_to_come(case, definition))
    ahead.append((Text(mn="Баримт бэлэн болно", en="The document is made"), None))
    return [
        TimelineStep(state=StepState.NEXT if position else StepState.NOW, at=None, title=title, detail=detail)
        for position, (title, detail) in enumerate(ahead)
    ]


def _decision_to_come(case: Case, definition: Definition) -> tuple[Text, Text | None]:
    by = _DECIDES_BY_RULE if workflow.is_automatic(definition) else _DECIDES_OFFICER
    if case.submitted_at is not None and case.due_at is None:
        return by, None
    if case.due_at is not None and case.paused_at is None and case.due_at < now():
        return by, _was_due(terms.in_words(case.due_at))
    words = terms.in_words(case.due_at or terms.due_at(definition.term, now()))
    return by, Text(mn=f"{words.mn} гэхэд", en=f"By {words.en}")


_DECIDES_BY_RULE = Text(mn="Дүрмээр шууд шийднэ", en="Decided by rule at once")
_DECIDES_OFFICER = Text(mn="Мэргэжилтэн шийднэ", en="An officer decides")
