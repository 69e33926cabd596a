"""The person whom the client names beside the address (``Toono-Subject``): the one that the address asks for, and the one that the answer is about."""

from __future__ import annotations

from toono.exchange.domain.faults import Code, Fault
from toono.exchange.gateway.call import Call, Shared


def check_asked(shared: Shared, call: Call) -> None:
    """:raises Fault: the address asks for another person, or for nobody in particular."""
    if call.subject is None:
        return
    rule = call.match.endpoint.subject
    if rule is None:
        raise Fault(Code.INVALID_REQUEST, "subject_unexpected", "Toono-Subject is sent, but this endpoint is not about one person.")
    if rule.identifier == "civil_id" and call.match.variables[rule.variable] != call.subject:
        raise Fault(Code.INVALID_REQUEST, "subject_mismatch", "Toono-Subject names another person than the address.")


def check_answered(shared: Shared, call: Call) -> None:
    """:raises Fault: the answer is about another person; an address by register number does not tell before."""
    if call.subject is not None and call.civil_id is not None and call.civil_id != call.subject:
        raise Fault(Code.INVALID_RESPONSE, "other_person", "The provider's answer is about another person than Toono-Subject names.")
