"""The signer's process: plain ASGI on a Unix socket, no Django; the only process that can reach private keys."""

from __future__ import annotations

from toono.pki.signer.app import application

__all__ = ["application"]
