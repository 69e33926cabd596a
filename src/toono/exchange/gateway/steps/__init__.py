"""The pipeline of a call: a table of named steps, run in this order. Rules stand in ``domain``; here is what they are asked and what is done with the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from toono.exchange.gateway.call import Call, Shared
from toono.exchange.gateway.steps import ageing, answer, client, forward, incoming, once, own, peers, person, rights, seal


class Step(NamedTuple):
    """One named step. It returns when the call may go on and raises :class:`Fault` otherwise."""

    name: str
    run: Callable[[Shared, Call], Awaitable[None] | None]
    own: bool = False
    """Whether it is a step, too, of calls that the gateway itself answers in the provider's name (metadata)."""
    here: bool = False
    """Whether it is left to the provider's gateway, where that is another one."""


STEPS: tuple[Step, ...] = (
    Step("limits", incoming.check_limits, own=True),
    Step("configuration", incoming.check_configuration, own=True),
    Step("identifiers", incoming.read_request, own=True),
    Step("client", client.authenticate_client, own=True),
    Step("own service", own.prepare, own=True),
    Step("rights", rights.check_rights),
    Step("endpoint", rights.match_endpoint),
    Step("gateway", peers.find_peer, own=True),
    Step("conditions", rights.check_conditions, here=True),
    Step("subject asked for", person.check_asked),
    Step("ageing", ageing.check_ageing, own=True),
    Step("body", incoming.read_body, own=True),
    Step("own without body", own.leave_out_body, own=True),
    Step("compose request", seal.compose_request, own=True),
    Step("log request", once.log_request_once, own=True),
    Step("forward", forward.forward),
    Step("own answer", own.answer, own=True),
    Step("subject", answer.check_subject, here=True),
    Step("subject answered", person.check_answered, here=True),
    Step("fields", answer.filter_fields, here=True),
    Step("log response", seal.log_response, own=True, here=True),
)

PEER_STEPS: tuple[Step, ...] = (
    Step("limits", incoming.check_limits),
    Step("configuration", incoming.check_configuration),
    Step("body", incoming.read_body),
    Step("message", peers.receive),
    Step("own service", own.prepare, own=True),
    Step("rights", rights.check_rights),
    Step("endpoint", rights.match_endpoint),
    Step("personal headers", peers.check_personal),
    Step("conditions", rights.check_conditions),
    Step("ageing", ageing.check_ageing, own=True),
    Step("log request", seal.log_request, own=True),
    Step("forward", forward.forward),
    Step("own answer", own.answer, own=True),
    Step("subject", answer.check_subject),
    Step("fields", answer.filter_fields),
    Step("log response", seal.log_response, own=True),
)
"""The way of a request that another gateway sends: the same, but for how it is read and who vouches for it."""
