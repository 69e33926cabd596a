"""The person's consent, asked for on every call whose agreement needs it. Nothing is remembered: what is withdrawn does not count for the next call."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from urllib.parse import quote
from uuid import UUID

from toono.exchange import limits
from toono.exchange.domain.consents import covers
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.rights import Grant
from toono.exchange.domain.subjects import folded
from toono.exchange.gateway.call import Call, Shared
from toono.exchange.gateway.database import DatabaseUnavailable

_FIND: Final = {
    identifier: f"""
        SELECT id, fields FROM exchange_consent
        WHERE {identifier} = %s AND consumer = %s AND service = %s AND purpose = %s
          AND given_at <= %s AND valid_until > %s AND withdrawn_at IS NULL
        ORDER BY given_at DESC LIMIT {limits.CONSENTS_LOOKED_AT}
    """  # noqa: S608 - fixed names
    for identifier in ("civil_id", "regnum")
}
_SKEW: Final = timedelta(seconds=limits.CONSENT_SKEW_SECONDS)
PAGE: Final = "/consents/ask?agreement="
"""Where a person gives consent, below the portal's address."""


async def needed(shared: Shared, call: Call, grant: Grant) -> UUID | None:
    """The consent by which the call may go on; None where the agreement needs none.

    :raises Fault: there is none (``consent_missing``), nobody can tell now (``consent_unknown``), or the endpoint does not say whose consent it would be.
    """
    agreement, rule = grant.agreement, call.match.endpoint.subject
    if not agreement.consent:
        return None
    if rule is None or rule.identifier not in _FIND:
        raise Fault(Code.ACCESS_DENIED, "consent_without_person", "The agreement needs consent, but this endpoint is not about one person.")
    person = folded(call.match.variables[rule.variable])
    values = (person, call.client_id, call.service_id, grant.purpose.code, call.at + _SKEW, call.at)
    try:
        found = await shared.database.fetch(_FIND[rule.identifier], values)
    except DatabaseUnavailable as error:
        raise Fault(Code.DATABASE_ERROR, "consent_unknown", "Whether the person consents cannot be asked now.", retry_after=1) from error
    for consent, fields in found:
        if covers(fields, agreement.fields):
            return UUID(str(consent))
    address = f"{shared.portal_url}{PAGE}{quote(agreement.id, safe='')}"
    raise Fault(Code.ACCESS_DENIED, "consent_missing", f"The person has not consented to this reading. They may do so at {address}")
