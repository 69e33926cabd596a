"""Fetches the answer to an ``http-01`` challenge (RFC 8555 §8.3), and nothing else: the asker names the server, so the request must not
reach what only we can reach (:mod:`toono.kernel.public_network`).

Only public addresses are asked, and the networks that the settings name as the state's own; redirects are followed three times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toono.kernel import public_network
from toono.kernel.public_network import Address, AnswerTooLong, Bounds, NameUnknown, Network, Unreachable
from toono.pki.domain.acme.names import is_name
from toono.pki.errors import AcmeRefused

BODY_LIMIT_BYTES = 1024
MOST_REDIRECTS = 3
WHOLE_SECONDS = 10.0
"""For each request with its answer, however slowly it drips."""


@dataclass(frozen=True)
class Reach:
    """Where a challenge may be fetched."""

    own_networks: Sequence[Network] = ()
    """Allowed beside public addresses."""
    instead: tuple[str, int] | None = None
    """Host and port that are asked whatever the name says. For tests and the sandbox."""

    def allows(self, address: Address) -> bool:
        """Whether a server at ``address`` may be asked."""
        return public_network.is_public(address, beside=self.own_networks)

    def of_challenges(self) -> public_network.Reach:
        # Whoever leads here controls the name already; a certificate for it is what they are asking for.
        return public_network.Reach(networks=self.own_networks, instead=self.instead, hosts=is_name, certificate_checked=False)


def fetch(*, name: str, token: str, reach: Reach) -> bytes:
    """What stands at the challenge's address on the server called ``name``.

    :raises AcmeRefused: ``dns`` where it cannot be resolved, ``connection`` where it does not answer or may not be asked,
        ``unauthorized`` where it answers something else than a short document.
    """
    bounds = Bounds(BODY_LIMIT_BYTES, WHOLE_SECONDS, MOST_REDIRECTS)
    try:
        answer = public_network.fetch(f"http://{name}/.well-known/acme-challenge/{token}", bounds=bounds, reach=reach.of_challenges())
    except NameUnknown as error:
        raise AcmeRefused("dns", f"{error}.") from None
    except AnswerTooLong as error:
        raise AcmeRefused("unauthorized", f"{error}.") from None
    except Unreachable as error:
        raise AcmeRefused("connection", f"{error}.") from None
    if answer.status != 200:
        raise AcmeRefused("unauthorized", f"The server answers {answer.status} at {answer.url[:200]}.")
    return answer.content
