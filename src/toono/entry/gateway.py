"""The exchange gateway's process: plain ASGI behind Granian, no Django."""

from __future__ import annotations

from toono.exchange.gateway.app import application

__all__ = ["application"]
