"""Telling the representatives of two organisations of an agreement between them: proposed, decided, about to end.

In the inbox only. Whoever represents an organisation when the event is handled is told, once, also who represents both.
"""

from __future__ import annotations

from typing import Final

import toono.identity.api as identity
import toono.registry.api as registry
from toono.kernel.clock import local
from toono.notifications.operations.notify import notify
from toono.registry.contracts import DraftState
from toono.registry.events import AgreementDecided, AgreementDrafted, AgreementEvent, AgreementExpiring

_DECIDED: Final = {
    DraftState.ACCEPTED: "agreement_accepted",
    DraftState.APPROVED: "agreement_approved",
    DraftState.REJECTED: "agreement_rejected",
}


def tell_drafted(event: AgreementDrafted) -> None:
    """Of a proposal."""
    _tell(event, "agreement_proposed")


def tell_decided(event: AgreementDecided) -> None:
    """Of what became of a proposal."""
    ended = event.remove and event.state is DraftState.APPROVED
    _tell(event, "agreement_ended" if ended else _DECIDED[event.state])


def tell_expiring(event: AgreementExpiring) -> None:
    """Of an agreement that ends in some days."""
    _tell(event, "agreement_expiring", days=str(event.days), until=f"{local(event.valid_until):%Y.%m.%d %H:%M}")


def _tell(event: AgreementEvent, template: str, **more: str) -> None:
    context = _names(event) | more
    sides = (event.owner_organisation, event.consumer_organisation)
    for person in dict.fromkeys(person for side in sides for person in identity.representatives(organisation=side)):
        notify(person_id=person, code=template, context=context, key=f"{event.name}:{event.id}:{person}", case_id=None, sms=False)


def _names(event: AgreementEvent) -> dict[str, str]:
    """Names as they are now; what has gone from the registry meanwhile keeps its code."""
    named = {"consumer": event.consumer_organisation, "owner": event.owner_organisation, "service": event.service}
    known = registry.names(named.values())
    found: dict[str, str] = {}
    for word, identifier in named.items():
        mn, en = known.get(identifier, (identifier, identifier))
        found |= {f"{word}_mn": mn, f"{word}_en": en or mn}
    return found
