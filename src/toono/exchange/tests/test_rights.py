"""Who may call what: each refusal tells its own reason."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from toono.exchange.domain.faults import Fault
from toono.exchange.domain.rights import ConfigurationUnusable, Index, check_enabled, match_endpoint
from toono.exchange.tests.lab import BANK, DESK, DOCUMENTS, LOANS, OFFICE, PERSONS, PROVIDER, PURPOSES, Authority, LabClient
from toono.registry.contracts import Agreement, Endpoint, ExchangeConfiguration, MemberEntry, ServiceEntry, SubjectRule, SystemEntry

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
SUBJECT = SubjectRule(variable="civil_id", identifier="civil_id", echo_pointer="/civil_id", civil_id_pointer="/civil_id")
DESK_CLIENT, LOANS_CLIENT = LabClient(DESK, "desk-key"), LabClient(LOANS, "loans-key")


@cache
def members() -> tuple[MemberEntry, ...]:
    authority = Authority()
    return tuple(
        MemberEntry(
            id=m, name_mn=m, name_en=m, signing_key="exchange/x", certificate_pem=authority.certificate_pem(m, DESK_CLIENT.key.public_key())
        )
        for m in (PROVIDER, OFFICE, BANK)
    )


def service(identifier: str = PERSONS, **more: object) -> ServiceEntry:
    values: dict[str, object] = {
        "base_url": "http://register:81/base/", "timeout_seconds": 2, "title_mn": "x", "title_en": "x",
        "endpoints": (
            Endpoint(method="GET", path="/persons/{civil_id}", subject=SUBJECT),
            Endpoint(method="GET", path="/persons/{civil_id}/address", subject=SUBJECT),
            Endpoint(method="POST", path="/persons"),
        ),
    }  # fmt: skip
    return ServiceEntry.model_validate({"id": identifier, **values, **more})


def agreement(identifier: str, *purposes: str, since: timedelta = -DAY, until: timedelta = DAY) -> Agreement:
    return Agreement(
        id=identifier,
        consumer=DESK,
        service=PERSONS,
        purposes=tuple(PURPOSES[p] for p in purposes),
        valid_from=NOW + since,
        valid_until=NOW + until,
    )


def index(
    *agreements: Agreement, services: tuple[ServiceEntry, ...] = (service(), service(DOCUMENTS, enabled=False)), **more: object
) -> Index:
    values: dict[str, object] = {
        "instance": "MN", "version": 1, "issued_at": NOW, "expires_at": NOW + DAY, "trusted_certificates_pem": (), "members": members(),
        "systems": (DESK_CLIENT.entry(), LOANS_CLIENT.entry()), "services": services, "agreements": agreements,
    }  # fmt: skip
    return Index(ExchangeConfiguration.model_validate(values | more))


def test_an_agreement_in_force_grants_its_purposes() -> None:
    granted = index(agreement("A", "reference", "permit")).grant(DESK, PERSONS, "permit", NOW)
    assert (granted.agreement.id, granted.purpose) == ("A", PURPOSES["permit"])


def test_the_only_purpose_may_be_left_out() -> None:
    assert index(agreement("A", "permit")).grant(DESK, PERSONS, None, NOW).purpose.code == "permit"
    assert index(agreement("A", "permit"), agreement("B", "permit", until=2 * DAY)).grant(DESK, PERSONS, None, NOW).agreement.id == "B"


def test_of_several_agreements_that_grant_it_the_one_that_lasts_longest_counts() -> None:
    found = index(agreement("A", "loan"), agreement("B", "loan", until=3 * DAY), agreement("C", "loan", until=2 * DAY))
    assert found.grant(DESK, PERSONS, "loan", NOW).agreement.id == "B"


@pytest.mark.parametrize(
    ("agreements", "purpose", "reason"),
    [
        ((), "reference", "no_agreement"),
        ((), None, "no_agreement"),
        ((agreement("A", "reference", until=timedelta()),), "reference", "agreement_expired"),
        ((agreement("A", "reference", until=-timedelta(microseconds=1)),), None, "agreement_expired"),
        ((agreement("A", "reference", since=DAY, until=2 * DAY),), "reference", "agreement_not_yet_valid"),
        ((agreement("A", "reference"),), "permit", "purpose_unknown"),
        ((agreement("A", "reference"),), "", "purpose_unknown"),
        ((agreement("A", "reference"), agreement("B", "permit", until=-DAY)), "permit", "agreement_expired"),
        ((agreement("A", "reference", until=-DAY),), "permit", "agreement_expired"),
        ((agreement("A", "reference", "permit"),), None, "purpose_missing"),
        ((agreement("A", "reference"), agreement("B", "permit")), None, "purpose_missing"),
        ((agreement("A"),), None, "purpose_missing"),
    ],
)
def test_each_refusal_tells_its_reason(agreements: tuple[Agreement, ...], purpose: str | None, reason: str) -> None:
    with pytest.raises(Fault) as refused:
        index(*agreements).grant(DESK, PERSONS, purpose, NOW)
    assert (refused.value.reason, refused.value.code.value) == (reason, "server.serverproxy.access_denied")


def test_anothers_agreement_grants_nothing() -> None:
    with pytest.raises(Fault, match="no_agreement"):
        index(agreement("A", "reference")).grant(LOANS, PERSONS, "reference", NOW)


@pytest.mark.parametrize(
    ("identifier", "kind", "reason"),
    [
        ("MN/GOV/nobody/x/y", "server.clientproxy.unknown_member", "unknown_provider"),
        (f"{PROVIDER}/population/nothing", "server.serverproxy.unknown_service", "unknown_service"),
        (PERSONS.lower(), "server.clientproxy.unknown_member", "unknown_provider"),
    ],
)
def test_an_unknown_service_is_told_from_an_unknown_member(identifier: str, kind: str, reason: str) -> None:
    with pytest.raises(Fault) as refused:
        index().service(identifier)
    assert (refused.value.code.value, refused.value.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("client", "reason"), [("MN/GOV/nobody/x", "unknown_member"), (f"{OFFICE}/other", "unknown_client"), (OFFICE, "unknown_client")]
)
def test_an_unknown_client_is_told_from_an_unknown_member(client: str, reason: str) -> None:
    with pytest.raises(Fault) as refused:
        index().client(client)
    assert (refused.value.code.value, refused.value.reason) == ("server.clientproxy.unknown_member", reason)


def test_a_disabled_service_is_refused() -> None:
    check_enabled(index().service(PERSONS))
    with pytest.raises(Fault, match="service_disabled"):
        check_enabled(index().service(DOCUMENTS))


def test_endpoints_are_matched_by_method_and_path() -> None:
    persons = index().service(PERSONS)
    assert match_endpoint(persons, "GET", "/persons/1/address").endpoint.path == "/persons/{civil_id}/address"
    assert match_endpoint(persons, "GET", "/persons/1").variables == {"civil_id": "1"}
    assert match_endpoint(persons, "POST", "/persons").endpoint.subject is None
    for method, path in (("POST", "/persons/1"), ("GET", "/persons"), ("GET", "/persons/1/address/x"), ("HEAD", "/persons/1"), ("GET", "")):
        with pytest.raises(Fault, match="endpoint_not_granted"):
            match_endpoint(persons, method, path)


def test_a_credential_belongs_to_its_system_and_has_its_time() -> None:
    found = index()
    assert found.signature_credential(DESK, "desk-key", NOW).public_key is not None
    assert found.bearer_credential(DESK, DESK_CLIENT.bearer, NOW).system == DESK
    cases = [
        (lambda: found.signature_credential(LOANS, "desk-key", NOW), "credential_of_another"),
        (lambda: found.signature_credential(DESK, "no-key", NOW), "unknown_credential"),
        (lambda: found.signature_credential(DESK, "desk-key-bearer", NOW), "unknown_credential"),
        (lambda: found.signature_credential(DESK, "desk-key", NOW + 800 * DAY), "credential_expired"),
        (lambda: found.signature_credential(DESK, "desk-key", NOW - 800 * DAY), "credential_not_yet_valid"),
        (lambda: found.bearer_credential(LOANS, DESK_CLIENT.bearer, NOW), "credential_of_another"),
        (lambda: found.bearer_credential(DESK, "guess", NOW), "unknown_credential"),
        (lambda: found.bearer_credential(DESK, hashlib.sha256(DESK_CLIENT.bearer.encode()).hexdigest(), NOW), "unknown_credential"),
        (lambda: found.bearer_credential(DESK, DESK_CLIENT.bearer, NOW + 800 * DAY), "credential_expired"),
    ]
    for ask, reason in cases:
        with pytest.raises(Fault) as refused:
            ask()
        assert refused.value.reason == reason


def test_two_systems_may_name_their_keys_alike() -> None:
    twin = LabClient(LOANS, "desk-key")
    found = index(systems=(DESK_CLIENT.entry(), twin.entry()))
    assert found.signature_credential(LOANS, "desk-key", NOW).public_key == twin.key.public_key()
    assert found.signature_credential(DESK, "desk-key", NOW).public_key == DESK_CLIENT.key.public_key()


def test_after_its_expiry_a_configuration_serves_no_more() -> None:
    found = index()
    found.check_fresh(NOW + DAY - timedelta(microseconds=1))
    with pytest.raises(Fault) as refused:
        found.check_fresh(NOW + DAY)
    assert refused.value.code.value == "server.clientproxy.global_conf_outdated"


@pytest.mark.parametrize(
    "broken",
    [
        service("MN/GOV/nobody/x/y"),
        service(base_url="ftp://register/"),
        service(base_url="http://user:password@register/"),
        service(base_url="http://register/?x=1"),
        service(endpoints=(Endpoint(method="GET", path="/persons/{id}", subject=SUBJECT),)),
        service(endpoints=(Endpoint(method="GET", path="/{a}/{a}"),)),
    ],
)
def test_a_configuration_that_contradicts_itself_is_not_taken(broken: ServiceEntry) -> None:
    with pytest.raises(ConfigurationUnusable):
        index(services=(broken,))


def test_a_key_that_cannot_be_used_is_not_taken() -> None:
    entry = DESK_CLIENT.entry()
    for change in ({"public_key_pem": "nonsense"}, {"public_key_pem": None}):
        credential = entry.credentials[0].model_copy(update=change)
        with pytest.raises(ConfigurationUnusable, match="desk-key"):
            index(systems=(SystemEntry(id=entry.id, title_mn="x", title_en="x", credentials=(credential,)),))


def test_the_base_address_is_joined_by_exactly_one_slash() -> None:
    known = index().service(PERSONS)
    assert (known.origin, known.base_path) == (("http", "register", 81), "/base")
