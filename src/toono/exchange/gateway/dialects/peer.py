"""The dialect between gateways: a request comes as the message that the other one has signed, an answer goes with the signature of its provider."""

from __future__ import annotations

import json
from collections.abc import Iterator

from toono.exchange.domain import peers
from toono.exchange.domain.faults import Fault
from toono.exchange.gateway.call import Call, Message
from toono.exchange.gateway.dialects.sending import response
from toono.exchange.gateway.dialects.xroad import XRoad


class Peer(XRoad):
    """What is signed is X-Road's form, so it is read as such."""

    name = "peer"

    def answer(self, call: Call) -> Iterator[Message]:
        """See :class:`~toono.exchange.gateway.call.Dialect`."""
        if call.response_made is None:
            raise RuntimeError("a response goes to another gateway before it was signed")
        content = peers.pack(call.response_made.envelope(call.response_head, call.known_answer.body))
        return response(200, [("content-type", peers.MEDIA_TYPE)], content)

    def refused(self, call: Call, fault: Fault) -> Iterator[Message]:
        """See :class:`~toono.exchange.gateway.call.Dialect`."""
        told = {
            "type": fault.code.value,
            "reason": fault.reason,
            "message": fault.message,
            "id": fault.id,
            "retry_after": fault.retry_after,
        }
        return response(fault.status, [("content-type", peers.FAULT_TYPE)], json.dumps(told, ensure_ascii=False).encode())
