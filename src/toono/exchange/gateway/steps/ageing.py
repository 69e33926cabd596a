"""Whether what the exchange lives by is young enough for this call."""

from __future__ import annotations

from toono.exchange.domain.faults import Code
from toono.exchange.gateway.call import Call, Shared


def check_ageing(shared: Shared, call: Call) -> None:
    """Both organisations can sign their message: asked before anything is logged or sent, so that no provider acts on what could not be answered."""
    shared.ageing.check(call, call.consumer)
    shared.ageing.check(call, call.service.provider, code=Code.CANNOT_SIGN_RESPONSE)
