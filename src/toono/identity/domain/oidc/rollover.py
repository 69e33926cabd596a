"""Changing the signing key so that nobody notices: the next key is published before its first use, the old one until what it signed is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from toono.identity.domain.oidc.storage import ES256, RS256, SIGNING
from toono.identity.limits import LIMITS

FIRST = {ES256: "token", RS256: "token/rsa"}
"""Labels, in the signer, of the first key of each algorithm."""


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """One generation."""

    label: str
    """Of the signer: ``token``, ``token/2`` …, ``token/rsa``, ``token/rsa/2`` …"""
    algorithm: str = ES256
    published_at: datetime
    active_from: datetime
    """Also when its predecessor stops signing."""


def _ordered(keys: Sequence[SigningKey], algorithm: str) -> list[SigningKey]:
    return sorted((key for key in keys if key.algorithm == algorithm), key=lambda key: key.active_from)


def active(keys: Sequence[SigningKey], now: datetime, algorithm: str = ES256) -> SigningKey:
    """The key that signs: the latest that has begun; the first before any has."""
    ordered = _ordered(keys, algorithm)
    return next((key for key in reversed(ordered) if key.active_from <= now), ordered[0])


def published(keys: Sequence[SigningKey], now: datetime) -> list[SigningKey]:
    """What JWKS shows, of each algorithm the one that signs first: the future ones too, and each former one until its tokens are over."""
    return [key for algorithm in SIGNING for key in _living(keys, now, algorithm)]


def _living(keys: Sequence[SigningKey], now: datetime, algorithm: str) -> list[SigningKey]:
    ordered = _ordered(keys, algorithm)
    ends = [following.active_from + LIMITS.key_kept_after for following in ordered[1:]]
    living = [key for key, end in zip(ordered, [*ends, None], strict=False) if end is None or now < end]
    return sorted(living, key=lambda key: key != active(keys, now, algorithm))


def successors(keys: Sequence[SigningKey], now: datetime) -> list[SigningKey]:
    """The keys to make now, one of each algorithm; none of one whose next key is on its way already."""
    made = []
    for algorithm, first in FIRST.items():
        ordered = _ordered(keys, algorithm)
        if any(key.active_from > now for key in ordered):
            continue
        label = f"{first}/{len(ordered) + 1}" if ordered else first
        made.append(SigningKey(label=label, algorithm=algorithm, published_at=now, active_from=now + LIMITS.key_published_before))
    return made
