"""A request at a machine endpoint, as the protocol sees it: no framework, nothing decided."""

from __future__ import annotations

from dataclasses import dataclass

from toono.identity.domain.oidc.certificate import Certificate
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.refusals import DirectRefusal


@dataclass(frozen=True, kw_only=True)
class Request:
    """What came, and by what it was proven."""

    parameters: Parameters | None
    """The form; None when it is none, or too long."""
    authorization: str | None = None
    dpop: tuple[str, ...] = ()
    """Each header ``DPoP``."""
    certificate: Certificate | None = None
    """Shown to the trusted TLS terminator."""
    method: str = "POST"
    path: str = "/oidc/token"
    """Below the issuer; with it, what a DPoP proof must name as ``htu``."""

    def form(self) -> Parameters:
        """:raises DirectRefusal: no form, or a parameter twice (RFC 6749 §3.2)."""
        if self.parameters is None:
            raise DirectRefusal("invalid_request", "the request is no form, or too long")
        if self.parameters.repeated:
            raise DirectRefusal("invalid_request", "a parameter is repeated")
        return self.parameters
