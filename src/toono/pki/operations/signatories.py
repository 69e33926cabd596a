"""A row of the register as somebody who signs."""

from __future__ import annotations

from functools import lru_cache

from toono.pki import queries
from toono.pki.domain.signatures.signatory import Signatory
from toono.pki.models import Certificate


def signatory(row: Certificate) -> Signatory:
    """Certificate and authorities above it, without the root."""
    return _signatory(row.pem, queries.chain(row)[:-1])


@lru_cache(maxsize=1024)
def _signatory(pem: str, above: tuple[str, ...]) -> Signatory:
    """Made once for each certificate: reading and encoding its chain costs more than signing."""
    return Signatory(queries.parsed(pem), tuple(queries.parsed(text) for text in above))
