"""The keys that sign tokens: kept by the signer, their generations noted in the database, so that every process follows a change by itself."""

from __future__ import annotations

import threading
import time
from functools import lru_cache
from typing import Any

from django.db import transaction
from joserfc.jwk import ECKey, KeySet, RSAKey

from toono.identity import models
from toono.identity.domain.oidc import rollover
from toono.identity.domain.oidc.rollover import FIRST, SigningKey
from toono.identity.domain.oidc.storage import ES256, RS256
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.pki import api as pki

KINDS = {ES256: "P-256", RS256: "RSA-3072"}
"""Keys of the signer, by algorithm."""
KEPT_SECONDS = 30.0
"""How long a process goes by the list that it read: far less than a key is published before its first use."""

_public: dict[str, dict[str, Any]] = {}
_lock = threading.Lock()
_list: tuple[float, list[SigningKey]] = (-KEPT_SECONDS, [])


def signing_keys(*, ahead_seconds: float = 0.0) -> list[SigningKey]:
    """All generations; at least the first.

    :param ahead_seconds: how long nobody may have to ask the database for it again.
    """
    global _list
    if stale(ahead_seconds=ahead_seconds):
        known = [_read(row) for row in models.SigningKey.objects.order_by("active_from")]
        _list = (time.monotonic(), known)
    return _list[1] or [SigningKey(label=FIRST[ES256], published_at=now(), active_from=now())]


def stale(*, ahead_seconds: float = 0.0) -> bool:
    """Whether the next reading of the list will ask the database, now or within that time."""
    return not _list[1] or time.monotonic() - _list[0] > KEPT_SECONDS - ahead_seconds


def public_jwk(label: str, algorithm: str = ES256) -> dict[str, Any]:
    """The public key, asked of the signer once per process. ``kid`` is its thumbprint (RFC 7638)."""
    with _lock:
        if label not in _public:
            kind = RSAKey if algorithm == RS256 else ECKey
            key = kind.import_key(pki.public_key(key=label))
            _public[label] = dict(key.as_dict(private=False)) | {"kid": key.thumbprint(), "use": "sig", "alg": algorithm}
        return dict(_public[label])


def jwks() -> dict[str, object]:
    """What clients check by: the signing key first, then the next and the former ones."""
    return {"keys": [public_jwk(key.label, key.algorithm) for key in rollover.published(signing_keys(), now())]}


def key_set() -> KeySet:
    """The same, as keys."""
    return _key_set(tuple((key.label, key.algorithm) for key in rollover.published(signing_keys(), now())))


@lru_cache(maxsize=4)
def _key_set(keys: tuple[tuple[str, str], ...]) -> KeySet:
    return KeySet.import_key_set({"keys": [public_jwk(label, algorithm) for label, algorithm in keys]})


def sign(claims: dict[str, Any], typ: str, algorithm: str = ES256) -> str:
    label = rollover.active(signing_keys(), now(), algorithm).label
    return pki.sign_jws(key=label, payload=claims, typ=typ, kid=str(public_jwk(label, algorithm)["kid"]), algorithm=algorithm)


def establish() -> None:
    """Make the first key of each algorithm and note it. Idempotent."""
    moment = now()
    for algorithm, label in FIRST.items():
        pki.establish_key(key=label, kind=KINDS[algorithm])
        first = models.SigningKey(label=label, algorithm=algorithm, published_at=moment, active_from=moment)
        models.SigningKey.objects.bulk_create([first], ignore_conflicts=True)


def roll(*, actor: Actor) -> list[str]:
    """Publish the next key of each algorithm now; it signs from tomorrow on. Gives their labels: none while they are on their way already.

    :raises NotAllowed: neither an administrator nor a system.
    """
    if actor.role not in (Role.ADMINISTRATOR, Role.SYSTEM):
        raise NotAllowed(f"{actor} may not change the signing key")
    with transaction.atomic():
        # Held against a second one who does the same: two next keys would be one too many.
        rows = list(models.SigningKey.objects.select_for_update().order_by("active_from"))
        known = [_read(row) for row in rows]
        made = rollover.successors(known, now())
        for key in made:
            pki.establish_key(key=key.label, kind=KINDS[key.algorithm])
            models.SigningKey.objects.create(
                label=key.label, algorithm=key.algorithm, published_at=key.published_at, active_from=key.active_from
            )
            audit.record(actor=actor, action="identity.roll_key", subject=f"key:{key.label}", active_from=key.active_from.isoformat())
    forget()
    return [key.label for key in made]


def _read(row: models.SigningKey) -> SigningKey:
    return SigningKey(label=row.label, algorithm=row.algorithm, published_at=row.published_at, active_from=row.active_from)


def forget() -> None:
    """Read the list anew at the next need."""
    global _list
    _list = (-KEPT_SECONDS, [])
