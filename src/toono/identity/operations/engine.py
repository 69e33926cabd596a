"""The pure protocol joined with the database, the signer and the clock: the provider at this moment."""

from __future__ import annotations

from toono.identity.domain.oidc.storage import Provider
from toono.identity.operations import keys, published_keys
from toono.identity.operations.secrets import keyed_digest, random_secret
from toono.identity.operations.storage import DatabaseStorage
from toono.kernel.clock import now
from toono.kernel.ids import uuid7_text
from toono.kernel.settings import settings

storage = DatabaseStorage()


def provider() -> Provider:
    return Provider(
        issuer=settings().base_url, storage=storage, now=now(), keys=keys.key_set, sign=keys.sign, random=random_secret,
        identifier=uuid7_text, mac=keyed_digest, published_keys=published_keys.keys,
    )  # fmt: skip
