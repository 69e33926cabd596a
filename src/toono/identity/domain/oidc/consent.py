"""What a person is asked before a client of another organisation gets anything: single items, each of which they may leave out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toono.identity.domain.oidc.authorization_details import Details, canonical
from toono.identity.domain.oidc.userinfo import OFFLINE_SCOPE, PERSONAL_SCOPES


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing to agree to."""

    code: str
    """``claim:given_name``, ``scope:…``, ``offline``, ``detail:…``; the same code means the same thing for ever."""
    essential: bool = False
    """The client says that it cannot do without."""
    detail: Mapping[str, Any] | None = None


def items(
    *, scope: str, userinfo: tuple[str, ...], id_token: tuple[str, ...], essential: frozenset[str], details: Details
) -> tuple[Item, ...]:
    """Everything that a request would give away, in the order in which it is shown: a claim once, however many scopes and names ask for it."""
    claims = tuple(dict.fromkeys((*userinfo, *id_token)))
    found = [Item(code=f"claim:{name}", essential=name in essential) for name in claims]
    found += [Item(code=f"scope:{name}") for name in scope.split() if name not in PERSONAL_SCOPES]
    found += [Item(code=f"detail:{canonical(one)}", essential=True, detail=one) for one in details]
    return tuple([*found, Item(code="offline")] if OFFLINE_SCOPE in scope.split() else found)


@dataclass(frozen=True)
class Agreed:
    """What is left of a request after the person's word."""

    codes: frozenset[str]

    @staticmethod
    def of(asked: tuple[Item, ...], agreed: frozenset[str]) -> Agreed:
        """Never more than was asked."""
        return Agreed(agreed.intersection(item.code for item in asked))

    @property
    def offline(self) -> bool:
        return "offline" in self.codes

    def claims(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if f"claim:{name}" in self.codes)

    def details(self, asked: Details) -> Details:
        return tuple(one for one in asked if f"detail:{canonical(one)}" in self.codes)

    def scope(self, asked: str) -> str:
        kept = dict.fromkeys(PERSONAL_SCOPES, True) | {OFFLINE_SCOPE: self.offline}
        return " ".join(name for name in asked.split() if kept.get(name, f"scope:{name}" in self.codes))
