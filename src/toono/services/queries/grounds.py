"""Why the case before was refused, beside the answers that the ground names."""

from __future__ import annotations

from toono.services.contracts import AnswerLine, Ground, Outcome
from toono.services.models import Case
from toono.services.queries import definitions


def before(case: Case) -> Ground | None:
    """The ground on which the case was refused of which this one is a copy."""
    if case.copied_from is None:
        return None
    old = Case.objects.filter(id=case.copied_from, person_id=case.person_id, outcome=Outcome.REFUSED.value).first()
    if old is None or not old.ground:
        return None
    return definitions.definition(old.service, old.service_version).ground(old.ground)


def beside(case: Case, lines: tuple[AnswerLine, ...]) -> tuple[AnswerLine, ...]:
    """The lines, with the ground at those that it names."""
    ground = before(case)
    if ground is None:
        return lines
    return tuple(line.model_copy(update={"note": ground.text}) if line.question in ground.fields else line for line in lines)
