"""The door of insight. The handlers are connected to their events by ``entry.subscriptions``."""

from __future__ import annotations

from datetime import date

from toono.feedback.events import CaseRated
from toono.insight import queries
from toono.insight.contracts import Figures, SignOn
from toono.insight.domain.period import Period
from toono.insight.operations.count import count
from toono.insight.operations.rebuild import rebuild as _rebuild
from toono.services.events import CaseDecided, CaseLapsed, CaseSubmitted, CaseWithdrawn, DocumentIssued


def figures(*, since: date, until: date) -> Figures:
    """The figures of whole days in Ulaanbaatar, both ends included. Open to everybody: no line crosses two dimensions.

    :raises PeriodReversed: the period ends before it begins.
    :raises PeriodTooLong: it is longer than a year.
    """
    return queries.figures(Period(since, until))


def sign_on(*, since: date, until: date) -> SignOn:
    """The single sign-on in whole days of Ulaanbaatar, both ends included, as :mod:`toono.identity` adds it up. Open to everybody.

    :raises PeriodReversed: the period ends before it begins.
    :raises PeriodTooLong: it is longer than a year.
    """
    return queries.sign_on(Period(since, until))


def rebuild() -> int:
    """Count anew from the events in the outbox that were handled so far; gives their number.

    Needed after a change of what is counted, or when counters are doubted. Pages go on showing the old figures until it is
    done; counting waits for it. Takes about a minute for a million events.
    """
    return _rebuild()


def on_case_submitted(event: CaseSubmitted) -> None:
    """Count an application. Called once per event, in a transaction; so are the others."""
    count(event)


def on_case_decided(event: CaseDecided) -> None:
    """Count a decision, whether it kept its term, and the working time that it took."""
    count(event)


def on_case_withdrawn(event: CaseWithdrawn) -> None:
    """Count a case that its owner took back."""
    count(event)


def on_case_lapsed(event: CaseLapsed) -> None:
    """Count a case that ended without a decision."""
    count(event)


def on_document_issued(event: DocumentIssued) -> None:
    """Count a document."""
    count(event)


def on_case_rated(event: CaseRated) -> None:
    """Count a rating."""
    count(event)
