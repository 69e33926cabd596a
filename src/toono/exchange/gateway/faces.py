"""What the ways to speak to the gateway need besides the call itself: secrets that the gateways share, and where the portal is."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from toono.exchange.domain.tokens import TokenKeys
from toono.kernel.settings import Settings

TOKEN_SECRET: Final = "gateway_token_key"  # noqa: S105 - a name
TERMINATOR_SECRET: Final = "terminator_key"  # noqa: S105 - a name
INNER_SECRET: Final = "inner_key"  # noqa: S105 - a name
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Faces:
    """Read once, when the gateway starts."""

    gateway_name: str
    inner_url: str
    """The portal as our own processes reach it."""
    tokens: TokenKeys | None
    """None: this gateway gives and takes no access tokens."""
    terminator: str | None
    """By which the TLS terminator proves that the client certificate is its word; None: there is none."""
    inner: str | None
    """By which the gateway proves itself to the portal's inner addresses."""

    @classmethod
    def of(cls, settings: Settings) -> Faces:
        """:raises SettingsError: certificates are to be believed, but nobody can prove to be the terminator."""
        tokens = _secret(settings, TOKEN_SECRET)
        if tokens is None:
            _log.warning("There is no secret «%s»: the native API gives no access tokens.", TOKEN_SECRET)
        return cls(
            gateway_name=settings.gateway_name,
            inner_url=settings.inner_base_url,
            tokens=TokenKeys(tokens.split()) if tokens is not None else None,
            terminator=settings.secret(TERMINATOR_SECRET) if settings.gateway_tls else None,
            inner=_secret(settings, INNER_SECRET),
        )


def _secret(settings: Settings, name: str) -> str | None:
    return settings.secret(name) if (settings.secrets / name).exists() else None
