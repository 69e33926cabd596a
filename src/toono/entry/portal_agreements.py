"""The agreements of the portal itself: made of what the catalogue needs, never typed twice. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toono.services.contracts import ExchangeNeed, ReadingPurpose

ORGANISATION, SYSTEM = "digital-academy", "portal"
CONSUMER = f"{ORGANISATION}/{SYSTEM}"
VALID = {"valid_from": "2022-01-01T00:00:00+08:00", "valid_until": "2046-01-01T00:00:00+08:00"}
Document = dict[str, Any]


def with_needs(document: Mapping[str, Any], needs: Iterable[ExchangeNeed], *, return_url: str) -> Document:
    """The registry's document with the portal's agreements in it.

    An agreement that the document has already between the portal and a service gets the purposes that it lacks, and is narrowed to the
    fields that are read; a purpose that the document words itself keeps its words.

    :param return_url: where a person goes on after giving consent.
    """
    needs = tuple(needs)
    known = {purpose["code"] for purpose in document.get("purposes", ())}
    purposes = {purpose.code: purpose for need in needs for purpose in need.purposes if purpose.code not in known}
    standing = {(one["consumer"], one["service"]): one for one in document.get("agreements", ())}
    agreements = {one["id"]: one for one in document.get("agreements", ())}
    for need in needs:
        agreement = _agreement(need, standing.get((CONSUMER, _short(need.service))))
        agreements[agreement["id"]] = agreement
    return {
        **document,
        "systems": [_leading_back(system, return_url) for system in document.get("systems", ())],
        "purposes": [*document.get("purposes", ()), *map(_purpose, purposes.values())],
        "agreements": list(agreements.values()),
    }


def _agreement(need: ExchangeNeed, standing: Mapping[str, Any] | None) -> Document:
    system, code = need.service.split("/")[-2:]
    base = dict(
        standing or {"id": f"portal-{system}-{code}", "consumer": CONSUMER, "service": _short(need.service), "purposes": [], **VALID}
    )
    codes = dict.fromkeys([*base["purposes"], *(purpose.code for purpose in need.purposes)])
    return {**base, "purposes": list(codes), "fields": list(need.fields), "consent": need.consent}


def _short(service: str) -> str:
    """As the document writes it: without instance and class."""
    return service.split("/", 2)[2]


def _purpose(purpose: ReadingPurpose) -> Document:
    return {
        "code": purpose.code, "title_mn": purpose.title.mn[:200], "title_en": purpose.title.en[:200],
        "basis_mn": purpose.basis.mn[:500], "basis_en": purpose.basis.en[:500],
    }  # fmt: skip


def _leading_back(system: Mapping[str, Any], return_url: str) -> Document:
    if (system["organisation"], system["code"]) != (ORGANISATION, SYSTEM):
        return dict(system)
    return {**system, "return_urls": list(dict.fromkeys([*system.get("return_urls", ()), return_url]))}
