"""The signer as this process of Django reaches it."""

from __future__ import annotations

from functools import cache

from toono.kernel.settings import settings
from toono.pki.adapters.shared_signing import SharingSignerClient
from toono.pki.signing import SignerClient

_process = "web"


def act_as(process: str) -> None:
    """Which row of the signer's table of rights this process has: ``web`` (if nothing is said) or ``worker``."""
    global _process
    _process = process
    client.cache_clear()
    sharing_client.cache_clear()


@cache
def client() -> SignerClient:
    """One client for all threads of the process."""
    return SignerClient(settings().signer_socket, settings().secret(f"signer_token_{_process}"))


@cache
def sharing_client() -> SharingSignerClient:
    """The same for what many threads sign at the same time: status answers, time-stamps."""
    return SharingSignerClient(settings().signer_socket, settings().secret(f"signer_token_{_process}"))
