"""A request on its way through the checks of the token endpoint."""

from __future__ import annotations

from dataclasses import dataclass

from toono.identity.domain.oidc import authorization_details, resources
from toono.identity.domain.oidc.authorization_details import Details
from toono.identity.domain.oidc.parameters import Parameters
from toono.identity.domain.oidc.refusals import DirectRefusal
from toono.identity.domain.oidc.request import Request
from toono.identity.domain.oidc.storage import Client, Provider


@dataclass(kw_only=True)
class TokenRequest:
    """What came, and who sent it once that is proven."""

    provider: Provider
    request: Request
    parameters: Parameters
    proven: Client | None = None

    @property
    def client(self) -> Client:
        assert self.proven is not None  # noqa: S101 - the first check narrows it
        return self.proven

    def get(self, name: str) -> str | None:
        return self.parameters.get(name)

    def needed(self, name: str) -> str:
        """:raises DirectRefusal: the parameter is missing."""
        found = self.get(name)
        if found is None:
            raise DirectRefusal("invalid_request", f"{name} is missing")
        return found

    def resources(self, allowed: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """RFC 8707 §2.2.

        :raises DirectRefusal: ``invalid_target``.
        """
        try:
            return resources.wanted(self.client, self.get("resource"), allowed=allowed)
        except resources.InvalidTarget as error:
            raise DirectRefusal("invalid_target", str(error)) from None

    def scope(self, allowed: frozenset[str]) -> str:
        """What is asked for; all that is allowed where nothing is (RFC 6749 §3.3, §6).

        :raises DirectRefusal: ``invalid_scope``: more than is allowed.
        """
        asked = self.get("scope")
        if asked is None:
            return " ".join(sorted(allowed))
        wanted = frozenset(asked.split())
        if not wanted <= allowed:
            raise DirectRefusal("invalid_scope", "scope asks for more than is allowed")
        return " ".join(sorted(wanted))

    def details(self, allowed: Details | None = None) -> Details:
        """RFC 9396 §6.

        :raises DirectRefusal: ``invalid_authorization_details``.
        """
        try:
            found = authorization_details.parse(self.client, self.get("authorization_details"))
        except authorization_details.InvalidDetails as error:
            raise DirectRefusal("invalid_authorization_details", str(error)) from None
        if allowed is None:
            if authorization_details.of_credential(found) is not None:
                raise DirectRefusal("invalid_authorization_details", "signatures are asked for at the authorization endpoint")
            return found
        if not authorization_details.within(found, allowed):
            raise DirectRefusal("invalid_authorization_details", "more is asked for than was granted")
        return found or allowed
