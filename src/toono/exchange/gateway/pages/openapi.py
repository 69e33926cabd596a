"""``/v1/openapi.json``: the description of the native API, with this gateway as its server."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

from toono.exchange.gateway.call import Receive, Scope, Send, Shared
from toono.exchange.gateway.dialects.sending import deliver
from toono.exchange.gateway.pages.asking import json_response

PATH: Final = "/v1/openapi.json"


@cache
def document() -> dict[str, Any]:
    """The description as it stands in the file beside this one; its copy for readers is ``docs/reference/exchange-openapi.yaml``."""
    found: dict[str, Any] = yaml.safe_load(resources.files(__package__).joinpath("openapi.yaml").read_bytes())
    return found


async def description(shared: Shared, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request."""
    own = {**document(), "servers": [{"url": shared.base_url}]}
    await deliver(send, json_response(200, json.dumps(own, ensure_ascii=False).encode(), content_type="application/vnd.oai.openapi+json"))
