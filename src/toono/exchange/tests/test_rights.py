"""Who may call what: each refusal tells its own reason."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time, timedelta
from functools import cache

import pytest

from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.rights import ConfigurationUnusable, Grant, Index, check_enabled, match_endpoint
from toono.exchange.tests.lab import BANK, DESK, DOCUMENTS, LOANS, OFFICE, PERSONS, PROVIDER, PURPOSES, Authority, LabClient
from toono.exchange.tests.test_paths import lines_of
from toono.registry.contracts import (
    Agreement,
    Credential,
    CredentialKind,
    Endpoint,
    EndpointGrant,
    ExchangeConfiguration,
    Hours,
    IssuerEntry,
    MemberEntry,
    ServiceEntry,
    SubjectRule,
    SystemEntry,
)

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


def agreement(identifier: str, *purposes: str, since: timedelta = -DAY, until: timedelta = DAY, **more: object) -> Agreement:
    values: dict[str, object] = {
        "id": identifier, "consumer": DESK, "service": PERSONS, "purposes": tuple(PURPOSES[p] for p in purposes),
        "valid_from": NOW + since, "valid_until": NOW + until,
    }  # fmt: skip
    return Agreement.model_validate(values | more)


def index(
    *agreements: Agreement, services: tuple[ServiceEntry, ...] = (service(), service(DOCUMENTS, enabled=False)), **more: object
) -> Index:
    values: dict[str, object] = {
        "instance": "MN", "version": 1, "issued_at": NOW, "expires_at": NOW + DAY, "trusted_certificates_pem": (), "members": members(),
        "systems": (DESK_CLIENT.entry(), LOANS_CLIENT.entry()), "services": services, "agreements": agreements,
    }  # fmt: skip
    return Index(ExchangeConfiguration.model_validate(values | more))


def ask(
    found: Index, purpose: str | None, *, client: str = DESK, method: str = "GET", path: str = "/persons/1", now: datetime = NOW
) -> list[Grant]:
    every = found.grants(client, PERSONS, purpose, method=method, path=path, now=now)
    assert found.grant(client, PERSONS, purpose, method=method, path=path, now=now) is every[0]
    return every


def test_an_agreement_in_force_grants_its_purposes() -> None:
    [granted] = ask(index(agreement("A", "reference", "permit")), "permit")
    assert (granted.agreement.id, granted.purpose, granted.projection) == ("A", PURPOSES["permit"], None)


def test_the_only_purpose_may_be_left_out() -> None:
    assert ask(index(agreement("A", "permit")), None)[0].purpose.code == "permit"
    assert ask(index(agreement("A", "permit"), agreement("B", "permit", until=2 * DAY)), None)[0].agreement.id == "B"
    old = agreement("B", "reference", until=-DAY)
    elsewhere = agreement("C", "loan", endpoints=grants("GET /documents/**"))
    assert ask(index(agreement("A", "permit"), old, elsewhere), None)[0].agreement.id == "A"


def test_of_several_agreements_that_grant_it_the_widest_comes_first_and_of_equal_ones_that_which_lasts_longest() -> None:
    found = index(agreement("A", "loan"), agreement("B", "loan", until=3 * DAY), agreement("C", "loan", until=2 * DAY))
    assert [grant.agreement.id for grant in ask(found, "loan")] == ["B", "C", "A"]
    found = index(
        agreement("one", "loan", fields=("/a",), until=9 * DAY), agreement("consent", "loan", consent=True, until=9 * DAY), agreement("all", "loan"),
        agreement("two", "loan", fields=("/a", "/b")), agreement("other", "reference"), agreement("past", "loan", until=-DAY),
    )  # fmt: skip
    assert [grant.agreement.id for grant in ask(found, "loan")] == ["all", "consent", "two", "one"]


def grants(*texts: str) -> tuple[EndpointGrant, ...]:
    return tuple(EndpointGrant(method=method, path=path) for method, _, path in (text.partition(" ") for text in texts))


@pytest.mark.parametrize(
    ("granted", "method", "path", "reaches"),
    [
        (("GET /persons/*",), "GET", "/persons/1", True),
        (("GET /persons/*",), "GET", "/persons/1/address", False),
        (("GET /persons/**",), "GET", "/persons/1/address", True),
        (("GET /persons/*",), "HEAD", "/persons/1", False),
        (("GET /persons/*",), "POST", "/persons/1", False),
        (("* /persons/*",), "DELETE", "/persons/1", True),
        (("POST /persons", "GET /persons/*/address"), "GET", "/persons/1/address", True),
        (("POST /persons", "GET /persons/*/address"), "GET", "/persons/1", False),
        (("* **",), "GET", "", True),
        ((), "TRACE", "/whatever", True),
    ],
)
def test_an_agreement_reaches_the_parts_of_a_service_that_it_names(granted: tuple[str, ...], method: str, path: str, reaches: bool) -> None:
    found = index(agreement("A", "loan", endpoints=grants(*granted)))
    if reaches:
        assert ask(found, "loan", method=method, path=path)[0].agreement.id == "A"
    else:
        with pytest.raises(Fault, match="endpoint_not_agreed"):
            ask(found, "loan", method=method, path=path)


NIGHT = Hours(weekdays=(1, 2, 3, 4, 5, 6, 7), begin=time(22), end=time(6))
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # a Monday, twelve o'clock in Ulaanbaatar
ALWAYS = {"valid_from": NOON - 300 * DAY, "valid_until": NOON + 3000 * DAY}


def test_outside_its_hours_an_agreement_grants_nothing_and_says_when_it_will() -> None:
    found = index(agreement("A", "loan", hours=NIGHT, **ALWAYS))
    with pytest.raises(Fault) as refused:
        ask(found, "loan", now=NOON)
    assert (refused.value.reason, refused.value.retry_after) == ("outside_hours", 10 * 3600)
    assert ask(found, "loan", now=NOON + timedelta(hours=10))[0].agreement.id == "A"
    both = index(agreement("A", "loan", hours=NIGHT, **ALWAYS), agreement("B", "loan", fields=("/a",), **ALWAYS))
    assert [grant.agreement.id for grant in ask(both, "loan", now=NOON)] == ["B"]


def test_a_refusal_names_the_nearest_miss() -> None:
    past, elsewhere = (
        agreement("P", "loan", until=-DAY, valid_from=NOW - 9 * DAY),
        agreement("E", "loan", endpoints=grants("GET /documents/*")),
    )
    closed = agreement("C", "loan", hours=Hours(weekdays=(), begin=time(0), end=time(0)))
    for agreements, reason, named in (
        ((past,), "agreement_expired", "P"),
        ((past, elsewhere), "endpoint_not_agreed", "E"),
        ((past, elsewhere, closed), "outside_hours", "C"),
    ):
        with pytest.raises(Fault) as refused:
            ask(index(*agreements), "loan")
        assert refused.value.reason == reason and f"agreement {named} " in refused.value.message
        assert refused.value.retry_after is None


def test_fields_are_compiled_once() -> None:
    found = index(agreement("A", "loan", fields=("/a", "/b/*")), agreement("B", "permit", fields=("/a", "/b/*")))
    first, second = ask(found, "loan")[0].projection, ask(found, "permit")[0].projection
    assert first is second and first is not None and first.pointers == ("/a", "/b/*")


@pytest.mark.parametrize("fields", [("a",), ("/a~2",), ("/a~",), ("/x" * 65,)])
def test_an_agreement_with_a_field_that_is_no_pointer_is_not_taken(fields: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationUnusable, match="agreement A"):
        index(agreement("A", "loan", fields=fields))


def test_hours_by_another_clock_are_not_taken() -> None:
    with pytest.raises(ConfigurationUnusable, match="hours of the agreement A"):
        index(agreement("A", "loan", hours=Hours(weekdays=(1,), begin=time(9, tzinfo=UTC), end=time(18))))


def many(count: int) -> Index:
    """``count`` agreements of hundreds of systems, and the same three of one of them."""
    wanted = [agreement(f"W{n}", "loan", endpoints=grants("GET /persons/*", "POST /persons"), fields=(f"/{n}",)) for n in range(3)]
    others = [
        agreement(
            f"A{n}", "loan", "permit", consumer=f"{OFFICE}/system-{n % 400}", service=PERSONS if n % 2 else DOCUMENTS,
            endpoints=grants(f"GET /persons/*/{n}", "GET /documents/**"), fields=("/a", f"/b/{n}"), hours=NIGHT, quota_per_day=n + 1,
        )
        for n in range(count)
    ]  # fmt: skip
    return index(*others[: count // 2], *wanted, *others[count // 2 :])


def test_a_decision_costs_the_same_among_ten_thousand_agreements_as_among_ten() -> None:
    def lines(found: Index) -> int:
        assert len(ask(found, "loan")) == 3
        return min(lines_of(lambda: ask(found, "loan")) for _ in range(3))  # the first time a glob learns

    assert lines(many(10_000)) == lines(many(10)) < 300


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
    found = index(*agreements)
    with pytest.raises(Fault) as refused:
        ask(found, purpose)
    with pytest.raises(Fault, match=reason):
        found.grant(DESK, PERSONS, purpose, method="GET", path="/persons/1", now=NOW)
    assert (refused.value.reason, refused.value.code.value) == (reason, "server.serverproxy.access_denied")


def test_anothers_agreement_grants_nothing() -> None:
    with pytest.raises(Fault, match="no_agreement"):
        ask(index(agreement("A", "reference")), "reference", client=LOANS)


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


def test_a_client_certificate_belongs_to_its_systems_and_has_its_time() -> None:
    def with_certificate(client: LabClient, digest: str | None) -> SystemEntry:
        credential = Credential(
            kind=CredentialKind.CERTIFICATE, key_id="tls", certificate_sha256=digest, not_before=NOW - DAY, not_after=NOW + DAY
        )
        return client.entry().model_copy(update={"credentials": (credential,)})

    found = index(systems=(with_certificate(DESK_CLIENT, "AB" * 32), with_certificate(LOANS_CLIENT, "ab" * 32)))
    for client in (DESK, LOANS):
        assert found.certificate_credential(client, "ab" * 32, NOW).system == client
    cases = [
        (OFFICE, "ab" * 32, NOW, "credential_of_another"),
        (DESK, "cd" * 32, NOW, "unknown_credential"),
        (DESK, "", NOW, "unknown_credential"),
        (DESK, "ab" * 32, NOW + DAY, "credential_expired"),
        (DESK, "ab" * 32, NOW - 2 * DAY, "credential_not_yet_valid"),
    ]
    for client, digest, moment, reason in cases:
        with pytest.raises(Fault) as refused:
            found.certificate_credential(client, digest, moment)
        assert (refused.value.reason, refused.value.code) == (reason, Code.AUTHENTICATION_FAILED)
    with pytest.raises(ConfigurationUnusable, match="no digest"):
        index(systems=(with_certificate(DESK_CLIENT, None),))


def test_what_a_client_has_agreed_on_is_listed() -> None:
    found = index(agreement("A", "loan"), agreement("B", "permit", until=-DAY), agreement("C", "loan", service=DOCUMENTS))
    assert [a.id for a in found.agreements_of(DESK)] == ["A", "B", "C"] and not found.agreements_of(LOANS)


def test_an_issuers_key_that_cannot_be_used_is_not_taken() -> None:
    with pytest.raises(ConfigurationUnusable, match=r"issuer https://id\.example"):
        index(issuers=(IssuerEntry(issuer="https://id.example", public_keys_pem=("nonsense",)),))


def test_two_systems_may_name_their_keys_alike() -> None:
    twin = LabClient(LOANS, "desk-key")
    found = index(systems=(DESK_CLIENT.entry(), twin.entry()))
    assert found.signature_credential(LOANS, "desk-key", NOW).public_key == twin.key.public_key()
    assert found.signature_credential(DESK, "desk-key", NOW).public_key == DESK_CLIENT.key.public_key()


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
