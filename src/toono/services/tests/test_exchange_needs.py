"""What the catalogue reads is exactly what the registry lets the portal read: every register, purpose and field, and nothing else."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from toono.entry.portal_agreements import CONSUMER, with_needs
from toono.registry.contracts import Agreement, Purpose, ServiceEntry
from toono.registry.domain import agreements as rules
from toono.registry.domain import document as documents
from toono.services.contracts import ExchangeNeed
from toono.services.domain.definition import Definition, Meanings
from toono.services.domain.needs import needs

ROOT = Path(__file__).resolve().parents[4]
CATALOGUE = ROOT / "catalogue"
VALUES = {"sandbox_url": "http://sandbox", "portal_url": "http://portal", "bank-signature": "x", "bank-key": "0" * 64}


@cache
def meanings() -> Meanings:
    return Meanings.model_validate(yaml.safe_load((CATALOGUE / "meanings.yaml").read_text(encoding="utf-8")))


@cache
def definitions() -> tuple[Definition, ...]:
    files = sorted(CATALOGUE.glob("*/*/service.yaml"))
    return tuple(Definition.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files)


@cache
def needed() -> tuple[ExchangeNeed, ...]:
    return needs(definitions(), meanings())


@cache
def configuration() -> documents.ConfigurationDocument:
    text = (ROOT / "sandbox" / "connection.yaml").read_text(encoding="utf-8")
    whole = with_needs(yaml.safe_load(text), needed(), return_url="http://portal/cases/consented")
    return documents.read(whole, name="connection", values=VALUES)[0]


def _services() -> dict[str, Any]:
    return {f"MN/GOV/{one.system}/{one.code}": one for one in configuration().services}


def _agreements() -> dict[str, Any]:
    return {f"MN/GOV/{one.service}": one for one in configuration().agreements if one.consumer == CONSUMER}


def test_every_register_that_a_meaning_names_is_connected_with_its_path_and_checks_whom_it_answers_about() -> None:
    services = _services()
    for meaning in meanings().meanings:
        service = services[meaning.service]
        endpoint = next(one for one in service.endpoints if one.path == meaning.path)
        organisation = next(one for one in configuration().organisations if one.code == meaning.organisation)
        assert organisation.name_mn in meaning.source.mn or organisation.name_en in meaning.source.en, meaning.code
        if meaning.subject.value == "legal_entity":
            assert endpoint.subject is None
        else:
            assert endpoint.subject is not None
            assert f"{{{endpoint.subject.variable}}}" in meaning.path


def test_every_purpose_that_the_catalogue_names_stands_in_an_agreement() -> None:
    agreements = _agreements()
    missing = [
        (definition.code, use.meaning, use.purpose)
        for definition in definitions()
        for use in definition.facts
        if (meaning := meanings().find(use.meaning)) is None or use.purpose not in agreements[meaning.service].purposes
    ]
    assert missing == []


def test_an_agreement_lets_read_the_declared_fields_and_the_key_and_no_other() -> None:
    agreements = _agreements()
    for meaning in meanings().meanings:
        if meaning.service not in agreements:
            continue
        fields = set(agreements[meaning.service].fields)
        declared = {one.pointer for one in meaning.fields}
        if meaning.items:
            declared |= {f"{meaning.items.pointer}/*{one.pointer}" for one in meaning.items.fields}
        assert declared <= fields
        assert len(fields - declared) <= 2, (meaning.code, fields - declared)
    assert agreements["MN/GOV/bank-of-mongolia/credit/loans"].consent
    assert [one for one in agreements.values() if one.consent] == [agreements["MN/GOV/bank-of-mongolia/credit/loans"]]


def test_the_registry_takes_every_agreement() -> None:
    """Its own rules find nothing to complain about: laws with articles, pointers that do not lie within each other, consent for one person."""
    services = _services()
    purposes: dict[str, Purpose] = {one.code: one for one in configuration().purposes}
    for name, one in _agreements().items():
        service = services[name]
        agreement = Agreement(
            id=one.id, consumer=f"MN/GOV/{one.consumer}", service=name, purposes=tuple(purposes[str(code)] for code in one.purposes),
            valid_from=one.valid_from, valid_until=one.valid_until, fields=one.fields, consent=one.consent,
        )  # fmt: skip
        entry = ServiceEntry(
            id=name,
            base_url="http://x",
            timeout_seconds=4,
            endpoints=service.endpoints,
            title_mn=service.title_mn,
            title_en=service.title_en,
        )
        assert list(rules.complaints(agreement, entry)) == [], one.id


def test_what_the_platform_reads_beside_the_facts_is_needed_too() -> None:
    by_service = {one.service: {purpose.code for purpose in one.purposes} for one in needed()}
    for definition in definitions():
        kinds = {applicant.value for applicant in definition.applicants}
        purpose = next((use.purpose for use in definition.facts), definition.code)
        own = {use.meaning: use.purpose for use in definition.facts}
        if "child" in kinds:
            assert own.get("person.family", purpose) in by_service["MN/GOV/state-registration/population/family"]
        if "legal_entity" in kinds:
            assert own.get("person.legal_entities", purpose) in by_service["MN/GOV/state-registration/legal-entities/represented"]


def test_a_standing_agreement_keeps_its_name_and_words_and_is_narrowed() -> None:
    document: dict[str, Any] = {
        "purposes": [{"code": "address-reference", "title_mn": "Өөр", "title_en": "Other", "basis_mn": "Хууль 1.1"}],
        "systems": [{"organisation": "digital-academy", "code": "portal"}, {"organisation": "khasar-bank", "code": "loans"}],
        "agreements": [
            {
                "id": "old",
                "consumer": CONSUMER,
                "service": "state-registration/population/address",
                "purposes": ["address-reference"],
                "valid_from": "x",
            },
            {"id": "bank", "consumer": "khasar-bank/loans", "service": "state-registration/population/address", "purposes": ["loan"]},
        ],
    }
    made = with_needs(document, needed(), return_url="http://portal/back")
    by_id = {one["id"]: one for one in made["agreements"]}
    assert by_id["bank"] == document["agreements"][1]
    assert by_id["old"]["valid_from"] == "x" and "/text" in by_id["old"]["fields"] and by_id["old"]["purposes"][0] == "address-reference"
    assert [p["title_en"] for p in made["purposes"] if p["code"] == "address-reference"] == ["Other"]
    assert made["systems"][0]["return_urls"] == ["http://portal/back"] and "return_urls" not in made["systems"][1]
    assert with_needs(made, needed(), return_url="http://portal/back") == made
