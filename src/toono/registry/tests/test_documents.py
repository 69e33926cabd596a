"""The configuration file is a closed world, and every complaint names its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from toono.registry.contracts import Agreement, CredentialKind
from toono.registry.domain import document as documents
from toono.registry.errors import DocumentRefused

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
WHOLE = """
organisations:
  - {code: register, member_class: GOV, register_number: "9900001", name_mn: Бүртгэл, name_en: Register}
purposes:
  - {code: loan, title_mn: Зээл, title_en: Loan, basis_mn: Хууль}
systems:
  - organisation: bank
    code: loans
    title_mn: Зээл
    title_en: Loans
    credentials:
      - key_id: k1
        key_sha256: ${bank-key}
        not_before: 2026-01-01T00:00:00+08:00
        not_after: 2027-01-01T00:00:00+08:00
services:
  - system: register/population
    code: address
    title_mn: Хаяг
    title_en: Address
    base_url: ${sandbox_url}/population
    endpoints:
      - {method: GET, path: "/persons/{civil_id}"}
agreements:
  - id: one
    consumer: bank/loans
    service: register/population/address
    purposes: [loan]
    valid_from: -P10D
    valid_until: 2027-01-01T00:00:00+08:00
"""
VALUES = {"bank-key": "ab" * 32, "sandbox_url": "http://127.0.0.1:1"}


def context(standing: dict[str, Agreement] | None = None) -> documents.Context:
    return documents.Context(
        instance="MN",
        classes={"register": "GOV", "bank": "COM"},
        now=NOW,
        standing=standing or {},
        signer_credential=lambda label, organisation: (label, f"PEM of {organisation}"),
        issuer_key=lambda label: f"PEM of {label}",
    )


def complaints(text: str, values: dict[str, str] = VALUES) -> tuple[str, ...]:
    with pytest.raises(DocumentRefused) as refused:
        documents.read(text, name="file.yaml", values=values)
    return refused.value.sentences


def test_a_whole_document_is_read_with_its_placeholders_filled() -> None:
    found, _ = documents.read(WHOLE, name="file.yaml", values=VALUES)
    assert found.services[0].base_url == "http://127.0.0.1:1/population"
    assert found.systems[0].credentials[0].key_sha256 == "ab" * 32


def test_an_empty_document_says_nothing() -> None:
    found, _ = documents.read("", name="file.yaml", values={})
    assert found == documents.ConfigurationDocument()


def test_an_unknown_field_is_refused_with_its_line() -> None:
    text = WHOLE.replace("    title_en: Loans\n", "    title_en: Loans\n    colour: red\n")
    assert complaints(text) == ("file.yaml, line 11, systems.0.colour: this field is not known.",)


def test_an_unknown_field_deep_inside_is_refused_with_its_line() -> None:
    text = WHOLE.replace("        key_sha256", "        key_sha: x\n        key_sha256")
    assert complaints(text) == ("file.yaml, line 13, systems.0.credentials.0.key_sha: this field is not known.",)


def test_an_unknown_list_is_refused() -> None:
    assert complaints(WHOLE + "secrets: []\n") == ("file.yaml, line 31, secrets: this field is not known.",)


def test_every_complaint_is_told_at_once() -> None:
    text = WHOLE.replace("    title_en: Loans\n", "").replace("GOV,", "NGO,")
    first, second = complaints(text)
    assert first.startswith("file.yaml, line 3, organisations.0.member_class: ")
    assert second == "file.yaml, line 7, systems.0.title_en: this field is missing."


def test_data_without_lines_is_complained_about_by_its_path() -> None:
    with pytest.raises(DocumentRefused) as refused:
        documents.read({"organisations": [{"code": "x"}]}, name="data", values={})
    assert "data, organisations.0.member_class: this field is missing." in refused.value.sentences


def test_a_field_that_stands_twice_is_refused() -> None:
    text = WHOLE.replace("    code: loans\n", "    code: loans\n    code: deposits\n")
    assert complaints(text) == ("file.yaml, line 9, systems.0.code: this field stands twice.",)


def test_what_is_no_yaml_is_refused_with_its_line() -> None:
    [sentence] = complaints("organisations:\n  - {code: [}\n")
    assert sentence.startswith("file.yaml, line 2: this is no YAML")


def test_a_yaml_tag_makes_no_object() -> None:
    [sentence] = complaints("organisations: !!python/object/apply:os.system ['true']\n")
    assert "this is no YAML" in sentence


def test_a_placeholder_without_value_is_refused() -> None:
    [sentence] = complaints(WHOLE, {"sandbox_url": "http://127.0.0.1:1"})
    assert sentence == ("file.yaml, line 13, systems.0.credentials.0.key_sha256: no value was given for ${bank-key}.")


@pytest.mark.parametrize("moment", ["2027-01-01T00:00:00", "2027-01-01", "1893456000", "soon", "Purple", "P1Y", "yes"])
def test_a_moment_without_its_zone_is_refused(moment: str) -> None:
    text = WHOLE.replace("valid_until: 2027-01-01T00:00:00+08:00", f"valid_until: {moment}")
    [sentence] = complaints(text)
    assert sentence.startswith("file.yaml, line 30, agreements.0.valid_until: must be a date and time with its zone")


def test_short_names_become_identifiers() -> None:
    found, _ = documents.read(WHOLE, name="file.yaml", values=VALUES)
    assert documents.system_entry(found.systems[0], context()).id == "MN/COM/bank/loans"
    assert documents.service_entry(found.services[0], context()).id == "MN/GOV/register/population/address"


def test_a_span_counts_from_the_first_loading_and_then_stays() -> None:
    found, _ = documents.read(WHOLE, name="file.yaml", values=VALUES)
    purposes = {p.code: p for p in found.purposes}
    first = documents.agreement(found.agreements[0], purposes, context())
    assert first.valid_from == NOW - timedelta(days=10)
    assert first.valid_until == datetime(2027, 1, 1, tzinfo=timezone(timedelta(hours=8)))
    earlier = first.model_copy(update={"valid_from": NOW - timedelta(days=99)})
    again = documents.agreement(found.agreements[0], purposes, context({"one": earlier}))
    assert again.valid_from == NOW - timedelta(days=99)


def test_an_agreement_for_a_purpose_that_is_not_listed_is_refused() -> None:
    found, _ = documents.read(WHOLE, name="file.yaml", values=VALUES)
    with pytest.raises(ValueError, match="purpose loan is not in the list of purposes"):
        documents.agreement(found.agreements[0], {}, context())


def test_an_organisation_that_is_not_known_is_refused() -> None:
    found, _ = documents.read(WHOLE.replace("bank/loans", "banks/loans"), name="file.yaml", values=VALUES)
    with pytest.raises(ValueError, match="organisation banks is not in the registry"):
        documents.agreement(found.agreements[0], {p.code: p for p in found.purposes}, context())


def test_the_platforms_own_key_comes_from_the_signer() -> None:
    text = WHOLE.replace("      - key_id: k1\n        key_sha256: ${bank-key}\n", "      - signer_key: system/portal\n")
    found, _ = documents.read(text, name="file.yaml", values=VALUES)
    [credential] = documents.system_entry(found.systems[0], context()).credentials
    assert credential.kind is CredentialKind.SIGNATURE
    assert (credential.key_id, credential.public_key_pem) == ("system/portal", "PEM of bank")


@pytest.mark.parametrize(
    "fields", ["key_id: k1", "key_sha256: ab", "signer_key: system/x\n        key_id: k1", "key_id: k\n        key_sha256: a\n        public_key: b"]
)  # fmt: skip
def test_a_credential_is_one_thing_and_whole(fields: str) -> None:
    text = WHOLE.replace("key_id: k1\n        key_sha256: ${bank-key}", fields)
    found, _ = documents.read(text, name="file.yaml", values=VALUES)
    with pytest.raises(ValueError, match="a credential has key_id with public_key, certificate_sha256 or key_sha256, or signer_key alone"):
        documents.system_entry(found.systems[0], context())


# -- what an agreement, a service and the exchange may say ------------------------------------------------------------------


def one_agreement(lines: str) -> Agreement:
    found, _ = documents.read(WHOLE + lines, name="file.yaml", values=VALUES)
    return documents.agreement(found.agreements[0], {p.code: p for p in found.purposes}, context())


def test_an_agreement_says_everything_that_it_asks() -> None:
    found = one_agreement(
        """\
    endpoints: [{method: GET, path: /persons/*}]
    fields: [/civil_id, /children/*/name]
    authentication: [otp, signature]
    consent: true
    rate_per_second: 5
    quota_per_day: 1000
    hours: {weekdays: [1, 2, 3, 4, 5], begin: "08:30", end: "17:30"}
    secrecy: {basis_mn: Хуулийн 9 дүгээр зүйл, days: 30}
"""
    )
    assert [g.path for g in found.endpoints] == ["/persons/*"]
    assert found.fields == ("/civil_id", "/children/*/name")
    assert [a.value for a in found.authentication] == ["otp", "signature"]
    assert (found.consent, found.rate_per_second, found.quota_per_day) == (True, 5, 1000)
    assert found.hours and (found.hours.begin.isoformat(), found.hours.end.isoformat()) == ("08:30:00", "17:30:00")
    assert found.secrecy and found.secrecy.days == 30


@pytest.mark.parametrize("begin", ["10:30", '"24:00"', '"8:30"', '"08:30:00"', '""'])
def test_a_time_of_day_is_four_digits_in_quotes(begin: str) -> None:
    """YAML 1.1 reads an unquoted 10:30 as the number 630."""
    [sentence] = complaints(f'{WHOLE}    hours: {{weekdays: [1], begin: {begin}, end: "17:30"}}\n')
    assert "agreements.0.hours.begin: must be a time of day in quotes" in sentence


@pytest.mark.parametrize(
    "line", ["quota_per_day: 0", "rate_per_second: -1", "authentication: [password]", "secrecy: {basis_mn: x, days: 0}", "endpoints: [{method: FETCH, path: /}]"]
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_refused(line: str) -> None:
    assert len(complaints(f"{WHOLE}    {line}\n")) == 1


def test_a_purpose_may_stand_whole_in_its_agreement() -> None:
    text = WHOLE.replace("purposes: [loan]", "purposes: [{code: own, title_mn: Өөр, title_en: Other, basis_mn: Хууль}]")
    found, _ = documents.read(text, name="file.yaml", values=VALUES)
    assert documents.agreement(found.agreements[0], {}, context()).purposes[0].code == "own"


def test_a_certificate_is_a_credential() -> None:
    found, _ = documents.read(WHOLE.replace("key_sha256", "certificate_sha256"), name="file.yaml", values=VALUES)
    [credential] = documents.system_entry(found.systems[0], context()).credentials
    assert (credential.kind, credential.certificate_sha256) == (CredentialKind.CERTIFICATE, "ab" * 32)


def test_a_service_says_how_it_is_described_and_kept() -> None:
    more = "    kind: openapi\n    openapi_path: /openapi.json\n    retention: long\n    authority: PEM\n    mutual_tls: true\n    endpoints:\n"
    found, _ = documents.read(WHOLE.replace("    endpoints:\n", more), name="file.yaml", values=VALUES)
    entry = documents.service_entry(found.services[0], context())
    assert (entry.kind.value, entry.openapi_path, entry.retention.value, entry.authority_pem, entry.mutual_tls) == (
        "openapi", "/openapi.json", "long", "PEM", True,
    )  # fmt: skip


EXCHANGE = """
gateways:
  - {name: east, addresses: ["https://east.example:5500"], authority: PEM, organisations: [register]}
issuers:
  - {issuer: "https://id.example", signer_key: system/authentication}
policy: {ocsp_fresh_seconds: 60}
"""


def exchange(text: str, standing: documents.ExchangeEntry | None = None) -> documents.ExchangeEntry:
    found, _ = documents.read(text, name="file.yaml", values=VALUES)
    return documents.exchange_entry(found, standing or documents.ExchangeEntry(), context())


def test_the_exchange_says_its_gateways_issuers_and_policy() -> None:
    found = exchange(EXCHANGE)
    assert (found.gateways[0].name, found.homes) == ("east", {"register": "east"})
    assert found.issuers[0].public_keys_pem == ("PEM of system/authentication",)
    assert (found.policy.ocsp_fresh_seconds, found.policy.stamp_fresh_seconds) == (60, 300)


def test_what_the_file_does_not_say_of_the_exchange_stays() -> None:
    standing = exchange(EXCHANGE)
    assert exchange("policy: {ocsp_fresh_seconds: 61}\n", standing).gateways == standing.gateways
    assert exchange("gateways: []\n", standing).homes == {}


def test_an_organisation_is_at_one_gateway() -> None:
    second = '  - {name: west, addresses: ["https://west.example:5500"], authority: PEM, organisations: [register]}\nissuers:'
    with pytest.raises(ValueError, match="register is at the gateways east and west"):
        exchange(EXCHANGE.replace("issuers:", second, 1))


@pytest.mark.parametrize("keys", ["", ", public_keys: [x], signer_key: system/a"])
def test_an_issuer_has_keys_or_the_platforms_own(keys: str) -> None:
    with pytest.raises(ValueError, match="has public_keys, or signer_key alone"):
        exchange(f'issuers: [{{issuer: "https://id.example"{keys}}}]\n')


def test_a_text_that_only_looks_like_a_placeholder_is_kept() -> None:
    found, _ = documents.read(WHOLE.replace("name_en: Register", 'name_en: "$${bank-key}"'), name="file.yaml", values={**VALUES})
    assert found.organisations[0].name_en == "${bank-key}"
