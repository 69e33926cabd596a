"""What the person does or waits for now."""

from __future__ import annotations

from toono.kernel.clock import now
from toono.services.contracts import CorrectionView, DocumentView, NextKind, NextStep, Phase, StopView, Text
from toono.services.domain import terms
from toono.services.domain.definition import Definition
from toono.services.models import Case
from toono.services.queries import answers, clock

_CHECK = NextStep(kind=NextKind.CHECK, text=Text(mn="Мэдээллээ шалгаад илгээнэ үү.", en="Check what you will send, and send it."))
_MADE = NextStep(kind=NextKind.DOCUMENT, text=Text(mn="Баримтаа нээж, татаж авна уу.", en="Open and save your document."))
_MAKING = NextStep(
    kind=NextKind.WAIT, text=Text(mn="Баримтыг бэлтгэж байна. Хэдхэн секунд болно.", en="The document is being made. It takes seconds.")
)
_REFUSED = NextStep(
    kind=NextKind.REFUSAL,
    text=Text(mn="Татгалзсан үндэслэл, цаашид хийж болох зүйлийг уншина уу.", en="Read why, and what you can do now."),
)
_WITHDRAWN = NextStep(kind=NextKind.NOTHING, text=Text(mn="Та энэ хүсэлтийг буцаан авсан.", en="You have withdrawn this case."))
_LAPSED = NextStep(
    kind=NextKind.NOTHING,
    text=Text(
        mn="Хүсэлт гаргагч нас барсан тул хүсэлт шийдвэргүй дуусгавар болсон. Өв залгамжлагч нь нас барсны бүртгэлийн лавлагаатайгаар шинээр "
        "хүсэлт гаргах, эсвэл байгууллагад хандаж өгсөн баримтаа буцааж авах эрхтэй.",
        en="The applicant has died, so the case ended without a decision. An heir may apply anew with the record of death, or ask the "
        "organisation to give back what was handed in.",
    ),
)
_PAYMENT = NextStep(
    kind=NextKind.PAYMENT,
    text=Text(
        mn="Төлбөрөө төлнө үү. Төлсөн цагаас хугацаа тоологдож, хүсэлтийг шийдэж эхэлнэ.",
        en="Pay the fee. The term starts and work begins when it is paid.",
    ),
)
_REGISTER = Text(
    mn="Бүртгэл түр хариу өгөхгүй байна. Таны хүсэлт хадгалагдсан; бүртгэл хариу өгмөгц бид үргэлжлүүлнэ. Танаас юу ч шаардахгүй.",
    en="A register does not answer at the moment. Your case is kept; we go on as soon as it answers. You need not do anything.",
)
_WORKING = Text(mn="Хүсэлтийг боловсруулж байна. Хэдхэн секунд болно.", en="We are working on it. It takes seconds.")


def next_step(
    case: Case,
    definition: Definition,
    phase: Phase,
    *,
    document: DocumentView | None,
    stop: StopView | None,
    correction: CorrectionView | None,
) -> NextStep:
    """What the person does or waits for now."""
    if phase is Phase.DRAFT:
        return _of_draft(case, definition, stop)
    if phase is Phase.CORRECTION and correction is not None:
        return _of_correction(case, definition, correction)
    settled = {
        Phase.GRANTED: _MADE if document else _MAKING, Phase.REFUSED: _REFUSED, Phase.WITHDRAWN: _WITHDRAWN, Phase.LAPSED: _LAPSED,
        Phase.WAITING_FOR_PAYMENT: _PAYMENT,
    }  # fmt: skip
    return settled.get(phase) or NextStep(kind=NextKind.WAIT, text=_waiting(case, phase))


def _of_draft(case: Case, definition: Definition, stop: StopView | None) -> NextStep:
    if stop is not None:
        return NextStep(kind=NextKind.STOP, text=stop.text)
    question = answers.next_question(case, definition)
    return NextStep(kind=NextKind.QUESTION, question=question.code, text=question.label) if question else _CHECK


def _of_correction(case: Case, definition: Definition, correction: CorrectionView) -> NextStep:
    """To the first answer that is still to be gone through, and nowhere else."""
    if correction.complete:
        return _CHECK
    left = {field.question for field in correction.fields if not field.answered}
    way = answers.asked(case, definition)
    question = next((q for q in way if q.code in left or q.code not in case.answers), None)
    text = Text(
        mn=f"{len(correction.fields)} хариултаа засаж, дахин илгээнэ үү.",
        en=f"Correct {len(correction.fields)} answer{'s' if len(correction.fields) > 1 else ''} and send again.",
    )
    return NextStep(kind=NextKind.CORRECTION, question=question.code if question else None, text=text)


def _waiting(case: Case, phase: Phase) -> Text:
    due = terms.in_words(case.due_at) if case.due_at else None
    if phase is Phase.WAITING_FOR_REGISTER or case.waiting_since is not None:
        return _REGISTER
    if due and clock.overdue(case, phase, now()):
        return Text(
            mn=f"{due.mn} гэхэд шийдэх ёстой байсан, хугацаа хэтэрсэн байна. Гомдол гаргаж болно.",
            en=f"It was to be decided by {due.en}; the term has passed. You can complain.",
        )
    if phase is Phase.WITH_OFFICER and due:
        return Text(mn=f"Мэргэжилтэн {due.mn} гэхэд шийднэ. Шийдмэгц мэдэгдэнэ.", en=f"An officer decides by {due.en}. We will tell you.")
    if phase is Phase.WITH_EXPERT and due:
        return Text(
            mn=f"Өөр байгууллагын дүгнэлтийг хүлээж байна. Шийдвэр {due.mn} гэхэд гарна.",
            en=f"We wait for the opinion of another body. You get the decision by {due.en}.",
        )
    return _WORKING
