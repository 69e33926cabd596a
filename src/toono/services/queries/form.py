"""The form of a case beside its questions: what conditions read, what stops the person, the sections of the check page."""

from __future__ import annotations

from toono.services.contracts import AnswerLine, AnswerSection, Applicant, StopView, Text
from toono.services.domain import answers
from toono.services.domain.conditions import Values, holds
from toono.services.domain.definition import Definition
from toono.services.domain.representation import OWN_CITIZENSHIP, PARTICULARS
from toono.services.models import Case, Fact
from toono.services.queries import facts


def values(case: Case, definition: Definition, have: dict[str, Fact] | None = None) -> Values:
    """What conditions of this case read."""
    known = facts.values(facts.current(case) if have is None else have)
    return {"answers": answers.typed(definition, case.answers), "facts": known}


def stop(case: Case, definition: Definition, have: dict[str, Fact] | None = None) -> StopView | None:
    """Why the person cannot get the service: not of those for whom it is, or the first stop of the definition that holds."""
    known = facts.current(case) if have is None else have
    if _foreigner(case, definition, known):
        return _NOT_FOR_FOREIGNERS
    if not definition.stops:
        return None
    read = values(case, definition, known)
    found = next((one for one in definition.stops if holds(one.when, read)), None)
    return StopView(code=found.code, text=found.text, instead=found.instead) if found else None


_NOT_FOR_FOREIGNERS = StopView(
    code="citizens_only",
    text=Text(mn="Энэ үйлчилгээг зөвхөн Монгол Улсын иргэн авна.", en="Only citizens of Mongolia can get this service."),
    instead=Text(
        mn="Бүртгэл дэх иргэншил тань буруу бол бүртгэлийг хариуцсан байгууллагад мэдэгдэнэ үү.",
        en="If your citizenship in the register is wrong, tell the keeper of the register.",
    ),
)


def _foreigner(case: Case, definition: Definition, have: dict[str, Fact]) -> bool:
    if case.applicant != Applicant.CITIZEN or Applicant.FOREIGNER in definition.applicants:
        return False
    name = next((use.name for use in definition.facts if use.meaning == PARTICULARS and use.of is None), None)
    citizenship = facts.values(have).get(name or "", {}).get("citizenship")
    return bool(citizenship) and citizenship != OWN_CITIZENSHIP


def sections(definition: Definition, answered: tuple[AnswerLine, ...]) -> tuple[AnswerSection, ...]:
    """The lines as the definition's pages join them; what stands alone comes together between them."""
    pages = {code: page for page in definition.pages for code in page.questions}
    made: list[tuple[str, Text | None, list[AnswerLine]]] = []
    for line in answered:
        page = pages.get(line.question)
        key = page.code if page else ""
        if not made or made[-1][0] != key:
            made.append((key, page.title if page else None, []))
        made[-1][2].append(line)
    return tuple(AnswerSection(title=title, lines=tuple(found)) for _, title, found in made)
