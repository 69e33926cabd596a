"""Changing the signing key so that nobody notices: the next key is published before its first use, the old one until what it signed is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from toono.identity.limits import LIMITS


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """One generation."""

    label: str
    """Of the signer: ``token``, ``token/2`` …"""
    published_at: datetime
    active_from: datetime
    """Also when its predecessor stops signing."""


def next_label(keys: Sequence[SigningKey]) -> str:
    return f"token/{len(keys) + 1}" if keys else "token"


def active(keys: Sequence[SigningKey], now: datetime) -> SigningKey:
    """The key that signs: the latest that has begun; the first before any has."""
    ordered = sorted(keys, key=lambda key: key.active_from)
    return next((key for key in reversed(ordered) if key.active_from <= now), ordered[0])


def published(keys: Sequence[SigningKey], now: datetime) -> list[SigningKey]:
    """What JWKS shows, the one that signs first: the future ones too, and each former one until its tokens are over."""
    ordered = sorted(keys, key=lambda key: key.active_from)
    ends = [following.active_from + LIMITS.key_kept_after for following in ordered[1:]]
    living = [key for key, end in zip(ordered, [*ends, None], strict=True) if end is None or now < end]
    return sorted(living, key=lambda key: key != active(keys, now))


def successor(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    """The key to make now; None while one is on its way already."""
    if any(key.active_from > now for key in keys):
        return None
    return SigningKey(label=next_label(keys), published_at=now, active_from=now + LIMITS.key_published_before)
