"""What a person is called: OpenID Connect Core §8. Public: the same for every client. Pairwise: random for each sector, so that two sectors cannot compare their lists."""

from __future__ import annotations

from toono.identity.domain.oidc.storage import Client, Provider


def name(provider: Provider, client: Client, subject: str) -> str:
    """``sub`` of the person for this client."""
    return provider.storage.pairwise(client.sector, subject) if client.subject_type == "pairwise" else subject


def person(provider: Provider, client: Client, sub: str) -> str | None:
    """Whom the client means by ``sub``; None if it names nobody."""
    return provider.storage.subject_of(client.sector, sub) if client.subject_type == "pairwise" else sub
