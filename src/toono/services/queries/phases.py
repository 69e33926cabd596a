"""Where a case stands: its state in the definition, and what is built in beside the states."""

from __future__ import annotations

from toono.services.contracts import Outcome, Phase, Text
from toono.services.domain import workflow
from toono.services.domain.definition import Definition
from toono.services.models import Case

LABELS = {
    Phase.WITHDRAWN: Text(mn="Та буцаан авсан", en="Withdrawn by you"),
    Phase.LAPSED: Text(mn="Хүсэлт дуусгавар болсон", en="Ended without a decision"),
    Phase.WAITING_FOR_PAYMENT: Text(mn="Төлбөр хүлээж байна", en="Waiting for the payment"),
    Phase.CORRECTION: Text(mn="Засвар хүлээж байна", en="Waiting for your correction"),
}
"""Of the phases that no definition names."""


def waits_for_payment(case: Case) -> bool:
    """Sent, with a fee that is not paid."""
    return case.open and case.submitted_at is not None and case.fee_mungu > 0 and case.paid_at is None


def phase(case: Case, definition: Definition) -> Phase:
    """Where the case stands, in the words that every service shares."""
    return workflow.phase(definition, case.state, waiting=case.waiting_since is not None, standing=_standing(case))


def _standing(case: Case) -> Phase | None:
    if case.outcome == Outcome.WITHDRAWN:
        return Phase.WITHDRAWN
    if case.outcome == Outcome.LAPSED:
        return Phase.LAPSED
    if not case.open:
        return None
    if waits_for_payment(case):
        return Phase.WAITING_FOR_PAYMENT
    return Phase.CORRECTION if case.correcting_since is not None else None


def label(case: Case, definition: Definition) -> Text:
    """The state in words: the definition's own, or the platform's where a phase is built in."""
    return LABELS.get(phase(case, definition)) or definition.workflow.state(case.state).label
