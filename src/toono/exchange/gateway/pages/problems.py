"""``/v1/problems/{reason}``: the address in ``type`` of a problem document."""

from __future__ import annotations

import json
import re
from typing import Final

from toono.exchange.domain import problems
from toono.exchange.gateway.call import Receive, Scope, Send, Shared
from toono.exchange.gateway.dialects.sending import deliver
from toono.exchange.gateway.pages.asking import json_response

PREFIX: Final = "/v1/problems/"
_REASON: Final = re.compile(r"[a-z0-9_]{1,60}")


async def problem(shared: Shared, scope: Scope, receive: Receive, send: Send) -> None:
    """What a reason is called and where it is explained."""
    reason = scope["raw_path"].decode("ascii", "replace").removeprefix(PREFIX)
    if not _REASON.fullmatch(reason):
        await deliver(send, json_response(404, b'{"title":"No such problem"}'))
        return
    document = {
        "type": problems.type_of(reason, base_url=shared.base_url),
        "title": problems.title_of(reason),
        "code": reason,
        "documentation": shared.base_url + "/v1/openapi.json",
    }
    await deliver(send, json_response(200, json.dumps(document).encode()))
