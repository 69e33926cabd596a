"""Who may do this: agreement, purpose, endpoint, and what else the agreement asks for: the citizen's authentication, consent, rate and quota.

Of several agreements between the same two a call takes the first all of whose conditions it meets; where it meets those of none, the refusal is that of
the one it came furthest with.
"""

from __future__ import annotations

from collections.abc import Awaitable

from toono.exchange.domain import authentication, rights
from toono.exchange.domain.faults import Fault
from toono.exchange.domain.paths import normal_path
from toono.exchange.domain.rights import Grant
from toono.exchange.gateway import consents
from toono.exchange.gateway.call import Call, Shared
from toono.registry.contracts import CitizenAuthentication


def check_rights(shared: Shared, call: Call) -> None:
    """An agreement in force gives the caller this part of the service for this purpose at this hour."""
    call.service = call.index.service(call.service_id)
    call.normal_path = normal_path(call.service_path)
    call.grant = call.index.grant(call.client_id, call.service_id, call.purpose, method=call.method, path=call.normal_path, now=call.at)


def match_endpoint(shared: Shared, call: Call) -> None:
    """The service has an endpoint for this path in normal form, and is switched on."""
    call.match = rights.match_endpoint(call.service, call.method, call.normal_path)
    rights.check_enabled(call.service)


def check_conditions(shared: Shared, call: Call) -> Awaitable[None] | None:
    """The call meets what its agreement asks for; the rate and the quota are used up by it."""
    agreement = call.grant.agreement
    if agreement.authentication or agreement.consent or agreement.rate_per_second or agreement.quota_per_day:
        return _choose(shared, call)
    return None


async def _choose(shared: Shared, call: Call) -> None:
    furthest = -1
    for grant in call.index.grants(call.client_id, call.service_id, call.purpose, method=call.method, path=call.normal_path, now=call.at):
        passed = 0
        try:
            check_authentication(call, grant)
            passed = 1
            call.consent = await consents.needed(shared, call, grant)
            passed = 2
            call.quota_left = shared.traffic.admit(grant.agreement, call.at)
        except Fault as fault:
            if passed > furthest:
                furthest, refusal = passed, fault
            continue
        call.grant = grant
        return
    raise refusal


def check_authentication(call: Call, grant: Grant) -> None:
    """The citizen whose data are asked for is there, as the agreement asks.

    :raises Fault: they are not, or nobody who is believed says so.
    """
    allowed = grant.agreement.authentication
    if not allowed or CitizenAuthentication.NONE in allowed:
        return
    text = call.values.get(authentication.HEADER) or call.values.get(authentication.NATIVE_HEADER)
    if text is None:
        raise authentication.missing()
    found = authentication.verify(text, issuers=call.index.issuers, consumer=call.client_id, now=call.at)
    authentication.check_method(found, allowed)
    rule = call.match.endpoint.subject
    if rule is not None and rule.identifier == "thing":
        raise authentication.of_a_thing()
    if rule is not None:
        authentication.check_person(found, identifier=rule.identifier, value=call.match.variables[rule.variable])
