"""Made-up persons, and what the registers say of them: the personas of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

from toono.identity.domain.dan.answers import NotRead, Result
from toono.identity.domain.dan.operations import SOURCES
from toono.identity.domain.oidc.userinfo import CLAIMS_BY_SCOPE, REGISTER_SCOPE
from toono.identity.mock.words import Language

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C reads ten times as fast."""


class PersonsUnreadable(Exception):
    """The file holds no personas; the text says what is amiss."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who can be chosen at the sign-in page."""

    code: str
    """Name of the persona: ``herder``."""
    title: Mapping[str, str]
    story: Mapping[str, str]
    regnum: str
    civil_id: str
    given_name: str
    answers: Mapping[str, Mapping[str, Any] | None]
    """What the registers say, by meaning."""

    @property
    def subject(self) -> str:
        """``sub``: the same at every start, so that a client's own records stay true."""
        return str(uuid5(NAMESPACE_URL, f"toono:persona:{self.civil_id}"))

    @property
    def organisation(self) -> str:
        """Register number of the first organisation that the person leads; empty: none."""
        found = self.answers.get("person.legal_entities") or {}
        return next((str(one["register"]) for one in found.get("entities", ())), "")

    def claims(self) -> dict[str, str]:
        """What the register says, as the scope ``register`` gives it; the claims of other scopes are made of it."""
        known = self.answers["person.identity"] or {}
        return {name: str(known[name]) for name in CLAIMS_BY_SCOPE[REGISTER_SCOPE] if known.get(name)}

    def told(self, language: Language) -> tuple[str, str]:
        """Title and story."""
        return self.title[language], self.story[language]

    def read(self, source: str, entity: str) -> Mapping[str, Any]:
        """One reading of a register, in the shape that the exchange gives it.

        :param source: of :data:`~toono.identity.domain.dan.operations.SOURCES`; of a thing of the person's, its key after a slash.
        :param entity: register number of the organisation for which the person signed in; empty: for themselves.
        :raises NotRead:
        """
        name, _, thing = source.partition("/")
        known = SOURCES.get(name)
        if known is None:
            raise NotRead(Result.PROVIDER_UNREACHABLE)
        key = thing or (entity or "-" if "{entity}" in known.path else "")
        found = self.answers.get(f"{known.meaning}/{key}" if key else known.meaning)
        if found is None:
            raise NotRead(Result.NOT_FOUND)
        return found


def persons(path: Path) -> tuple[Person, ...]:
    """The personas of a file, in its sequence.

    :raises PersonsUnreadable:
    """
    try:
        with path.open("rb") as file:
            listed = yaml.load(file, Loader=_LOADER)["personas"]  # noqa: S506 - either is a safe one
        found = tuple(_person(one) for one in listed)
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise PersonsUnreadable(f"{path}: no personas can be read ({error!r})") from None
    if not found:
        raise PersonsUnreadable(f"{path}: no personas")
    return found


def _person(one: Mapping[str, Any]) -> Person:
    return Person(
        code=one["code"], title=one["title"], story=one["story"], regnum=one["regnum"], civil_id=one["civil_id"], answers=one["answers"],
        given_name=one["answers"]["person.identity"]["given_name"],
    )  # fmt: skip
