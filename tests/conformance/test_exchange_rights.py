"""Rights through a real gateway: endpoints, fields, hours, the citizen's authentication, consent, rate and quota; each refusal with its reason, and nothing leaves."""

from __future__ import annotations

import json
import time as clock
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha512
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

from toono.exchange.domain import authentication
from toono.exchange.tests.lab import DESK, DOCUMENTS, LOANS, PERSONS, PURPOSES, Lab, RunningGateway, answer
from toono.registry.contracts import Agreement, CitizenAuthentication, Endpoint, EndpointGrant, Hours, IssuerEntry, SubjectRule

pytest_plugins = ["toono.exchange.tests.stage"]

SARNAI, BAT = "200000000004", "200000000005"
PERSON = f"/persons/{SARNAI}"
DENIED = "server.serverproxy.access_denied"
FAILED = "server.serverproxy.service_failed.invalid_response"
Publish = Callable[..., None]


def agreement(identifier: str, service: str, *purposes: str, **more: Any) -> Agreement:
    moment = datetime.now(UTC)
    values = {
        "id": identifier, "consumer": DESK, "service": service, "purposes": tuple(PURPOSES[p] for p in purposes or ("reference",)),
        "valid_from": moment - timedelta(days=9), "valid_until": moment + timedelta(days=9),
    }  # fmt: skip
    return Agreement.model_validate(values | more)


@pytest.fixture
def publish(lab: Lab, gateway: RunningGateway) -> Iterator[Publish]:
    """Put agreements in force, and what the laboratory had before when the test is over."""

    def put(*agreements: Agreement, at: tuple[RunningGateway, ...] = (gateway,), **changes: Any) -> None:
        version = lab.publish(**changes | ({"agreements": agreements} if agreements else {}))
        for one in at:
            one.wait_until(lambda one=one: one.ready()["configuration"]["version"] == version)

    yield put
    put()


def refusal(got: httpx.Response) -> tuple[str, str]:
    return got.headers["x-road-error"], got.json()["detail"].partition(":")[0]


def says(document: object, **headers: str) -> Any:
    return answer(body=json.dumps(document, ensure_ascii=False).encode(), headers=tuple(headers.items()))


# -- endpoints --------------------------------------------------------------------------------------------------------


def test_a_call_reaches_what_its_agreement_names_and_no_disguise_reaches_more(lab: Lab, gateway: RunningGateway, publish: Publish) -> None:
    service = next(s for s in lab.configuration().services if s.id == DOCUMENTS)
    service = service.model_copy(update={"endpoints": (Endpoint(method="GET", path="/**"), Endpoint(method="POST", path="/**"))})
    granted = (EndpointGrant(method="GET", path="/documents/1*"), EndpointGrant(method="GET", path="/open/**"))
    publish(agreement("E-1", DOCUMENTS, endpoints=granted), services=(service,))
    lab.provider.speech = answer(body=b"{}")
    for path in ("/documents/1", "/documents/123", "/open/a/b", "/open/"):
        assert gateway.call(lab.desk, DOCUMENTS, path).status_code == 200
    before = len(lab.provider.heard)
    for method, path in (
        ("GET", "/documents/2"),
        ("GET", "/documents/1/2"),
        ("POST", "/documents/1"),
        ("GET", "/open"),
        ("GET", ""),
        ("GET", "/Open/a"),
    ):
        assert refusal(gateway.call(lab.desk, DOCUMENTS, path, method=method)) == (DENIED, "endpoint_not_agreed")
    for path in (
        "/open/%2e%2e/documents/2",
        "/open/..%2fdocuments/2",
        "/open//documents/2",
        "/open/%2e/x",
        "/open/a%5cb",
        "/open/%252e%252e/x",
    ):
        url = f"{gateway.url}/r1/{DOCUMENTS}{path}"
        raw = httpx.URL(url).copy_with(raw_path=url.removeprefix(gateway.url).encode())
        headers = {"X-Road-Client": DESK, "Authorization": f"Bearer {lab.desk.bearer}"}
        assert refusal(gateway.http.get(raw, headers=headers)) == ("client.invalid_request", "path_not_normal")
    assert len(lab.provider.heard) == before


# -- fields -----------------------------------------------------------------------------------------------------------

WHOLE = {
    "civil_id": SARNAI,
    "given_name": "Сарнай",
    "income": 1200000.50,
    "children": [{"name": "Оч", "born": 2014}, {"name": "Гэрэл", "born": 2016}],
}


def test_only_granted_fields_leave_and_are_signed_logged_and_told_to_the_person(
    lab: Lab, gateway: RunningGateway, publish: Publish
) -> None:
    publish(agreement("F-1", PERSONS, fields=("/given_name", "/children/*/born", "/photo")))
    lab.provider.speech = says(WHOLE, ETag='"abc"', X_Name="income")
    got = gateway.call(lab.desk, PERSONS, PERSON, Accept_Encoding="gzip", Range="bytes=0-9")
    expected = '{"given_name":"Сарнай","children":[{"born":2014},{"born":2016}]}'
    assert (got.status_code, got.text) == (200, expected)
    assert got.headers["content-length"] == str(len(expected.encode())) and not {"etag", "x-name", "content-encoding"} & got.headers.keys()
    assert not {"accept-encoding", "range"} & {name.lower() for name, _ in lab.provider.heard[-1].headers}
    _, response = lab.log_of(got.headers["x-road-id"])
    assert bytes(response["body"]).decode() == expected
    assert bytes(response["digest"]) == sha512(sha512(bytes(response["head"])).digest() + sha512(expected.encode()).digest()).digest()
    [(civil_id, fields)] = lab.rows("SELECT civil_id, fields FROM exchange_ledgerentry WHERE message_id = %s", got.headers["x-road-id"])
    assert (civil_id, fields) == (SARNAI, ["/given_name", "/children/*/born"])


def test_numbers_and_order_survive_the_filter(lab: Lab, gateway: RunningGateway, publish: Publish) -> None:
    publish(agreement("F-1", DOCUMENTS, fields=("/b", "/a")))
    lab.provider.speech = answer(body=b'{ "a": 1.10, "x": 1, "b": [12345678901234567890123, -0.0, 1E400] }')
    assert gateway.call(lab.desk, DOCUMENTS, "/documents/1").text == '{"a":1.10,"b":[12345678901234567890123,-0.0,1E400]}'


def test_a_large_answer_is_filtered_too_and_others_do_not_wait_for_it(lab: Lab, gateway: RunningGateway, publish: Publish) -> None:
    publish(agreement("F-1", DOCUMENTS, fields=("/items/*/n",)))
    lab.provider.speech = says({"items": [{"n": n, "secret": "x" * 80} for n in range(60_000)]})
    got = gateway.call(lab.desk, DOCUMENTS, "/documents/1")
    assert got.json() == {"items": [{"n": n} for n in range(60_000)]}


def test_without_the_filter_everything_would_leave(lab: Lab, publish: Publish) -> None:
    lab.provider.speech = says(WHOLE)
    with lab.start(mutant="no-field-filter") as mutant:
        publish(agreement("F-1", PERSONS, fields=("/given_name",)), at=(mutant,))
        assert mutant.call(lab.desk, PERSONS, PERSON).json() == WHOLE


@pytest.mark.parametrize(
    ("speech", "reason"),
    [
        (answer(body=b"{}", headers=(("Content-Encoding", "gzip"),)), "not_filterable"),
        (answer(body=b'{"a":"secret","a":"secret"}'), "duplicate_member"),
        (answer(body=b"secret"), "not_json"),
        (answer(body=b'{"a":' + b"[" * 500 + b'"secret"' + b"]" * 500 + b"}"), "too_deep"),
    ],
)
def test_what_cannot_be_filtered_does_not_leave(lab: Lab, gateway: RunningGateway, publish: Publish, speech: Any, reason: str) -> None:
    publish(agreement("F-1", DOCUMENTS, fields=("/a",)))
    lab.provider.speech = speech
    got = gateway.call(lab.desk, DOCUMENTS, "/documents/1")
    assert (got.status_code, *refusal(got)) == (500, FAILED, reason)
    assert "secret" not in got.text
    outcome = lab.log_of(got.headers["x-road-id"])[-1]
    assert (outcome["error_type"], bytes(outcome["body"])) == (FAILED, b"")


def test_an_answer_with_two_subjects_is_refused_also_without_a_filter(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = answer(body=f'{{"civil_id":"{BAT}","civil_id":"{SARNAI}"}}'.encode())
    assert refusal(gateway.call(lab.desk, PERSONS, PERSON)) == (FAILED, "duplicate_member")


def test_of_a_providers_refusal_only_the_status_and_a_problem_leave(lab: Lab, gateway: RunningGateway, publish: Publish) -> None:
    publish(agreement("F-1", PERSONS, fields=("/given_name",)))
    lab.provider.speech = answer(404, json.dumps(WHOLE).encode(), reason="Sarnai")
    got = gateway.call(lab.desk, PERSONS, PERSON)
    assert (got.status_code, got.content) == (404, b"") and "x-road-error" not in got.headers
    assert b"Sarnai" not in bytes(lab.log_of(got.headers["x-road-id"])[-1]["head"])


# -- hours, several agreements ----------------------------------------------------------------------------------------


def test_outside_the_agreed_hours_the_call_is_refused_and_told_when_to_come_back(
    lab: Lab, gateway: RunningGateway, publish: Publish
) -> None:
    local = datetime.now(UTC) + timedelta(hours=8)
    begin = (local + timedelta(hours=2)).time().replace(second=0, microsecond=0)
    later = Hours(weekdays=(1, 2, 3, 4, 5, 6, 7), begin=begin, end=(local + timedelta(hours=4)).time().replace(second=0, microsecond=0))
    now = Hours(weekdays=(1, 2, 3, 4, 5, 6, 7), begin=(local - timedelta(hours=1)).time(), end=(local + timedelta(hours=1)).time())
    publish(agreement("H-1", PERSONS, hours=later), agreement("H-2", DOCUMENTS, hours=now))
    got = gateway.call(lab.desk, PERSONS, PERSON)
    assert (got.status_code, *refusal(got)) == (500, DENIED, "outside_hours")
    assert 7000 < int(got.headers["retry-after"]) <= 7200
    lab.provider.speech = answer(body=b"{}")
    assert gateway.call(lab.desk, DOCUMENTS, "/documents/1").status_code == 200


def test_of_several_agreements_a_call_takes_one_whose_conditions_it_meets(lab: Lab, gateway: RunningGateway, publish: Publish) -> None:
    publish(agreement("whole", PERSONS, consent=True), agreement("name", PERSONS, fields=("/given_name",)))
    lab.provider.speech = says(WHOLE)
    assert gateway.call(lab.desk, PERSONS, PERSON).json() == {"given_name": "Сарнай"}
    with consent(lab, agreement="whole"):
        got = gateway.call(lab.desk, PERSONS, PERSON)
        assert got.json() == WHOLE
        assert {record["agreement"] for record in lab.log_of(got.headers["x-road-id"])} == {"whole"}


def test_where_no_agreements_conditions_are_met_the_refusal_is_that_of_the_nearest(
    lab: Lab, gateway: RunningGateway, publish: Publish
) -> None:
    weak = agreement("N-1", PERSONS, fields=("/given_name",), authentication=(CitizenAuthentication.OTP,), consent=True)
    strong = agreement("N-2", PERSONS, authentication=(CitizenAuthentication.SIGNATURE,))
    publish(strong, weak, issuers=ISSUERS)
    assert refusal(gateway.call(lab.desk, PERSONS, PERSON)) == (DENIED, "authentication_missing")
    assert refusal(gateway.call(lab.desk, PERSONS, PERSON, X_Toono_Authentication=statement())) == (DENIED, "consent_missing")
    assert gateway.call(lab.desk, PERSONS, PERSON, X_Toono_Authentication=statement(method="signature")).status_code == 200


def test_the_only_purpose_of_what_is_called_may_be_left_out(lab: Lab, gateway: RunningGateway, publish: Publish) -> None:
    one = agreement("P-1", DOCUMENTS, "reference", endpoints=(EndpointGrant(method="GET", path="/documents/*"),))
    two = agreement("P-2", DOCUMENTS, "permit", endpoints=(EndpointGrant(method="POST", path="/documents"),))
    publish(one, two)
    lab.provider.speech = answer(body=b"{}")
    got = gateway.call(lab.desk, DOCUMENTS, "/documents/1", purpose=None)
    assert [record["purpose"] for record in lab.log_of(got.headers["x-road-id"])] == ["reference"] * 2
    publish(one, two.model_copy(update={"endpoints": ()}))
    assert refusal(gateway.call(lab.desk, DOCUMENTS, "/documents/1", purpose=None)) == (DENIED, "purpose_missing")


# -- the citizen's authentication -------------------------------------------------------------------------------------

ISSUER, KEY = "https://id.lab", ec.generate_private_key(ec.SECP256R1())
ISSUERS = (
    IssuerEntry(
        issuer=ISSUER,
        public_keys_pem=(
            KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
        ),
    ),
)


def statement(*, consumer: str = DESK, civil_id: str = SARNAI, method: str = "otp", age: int = 0) -> str:
    claims = authentication.statement(
        issuer=ISSUER, consumer=consumer, civil_id=civil_id, regnum="УБ00210112", method=CitizenAuthentication(method),
        at=datetime.now(UTC) - timedelta(seconds=age), seconds=60, identifier=str(uuid4()),
    )  # fmt: skip
    pem = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return jws.serialize_compact({"alg": "ES256", "typ": authentication.TYPE}, json.dumps(claims).encode(), ECKey.import_key(pem))


def test_where_the_citizen_must_be_there_an_issuer_says_so_of_this_person_to_this_consumer_now(
    lab: Lab, gateway: RunningGateway, publish: Publish
) -> None:
    ways = (CitizenAuthentication.OTP, CitizenAuthentication.SIGNATURE)
    publish(agreement("C-1", PERSONS, authentication=ways), issuers=ISSUERS)
    text = statement()
    for _ in range(2):
        got = gateway.call(lab.desk, PERSONS, PERSON, X_Toono_Authentication=text)
        assert got.status_code == 200
    assert text.encode() in bytes(lab.log_of(got.headers["x-road-id"])[0]["head"])  # the log proves that the citizen was there
    before = len(lab.provider.heard)
    assert refusal(gateway.call(lab.desk, PERSONS, PERSON)) == (DENIED, "authentication_missing")
    for bad, reason in (
        (statement(civil_id=BAT), "authentication_of_another"),
        (statement(consumer=LOANS), "authentication_for_another"),
        (statement(method="app"), "authentication_too_weak"),
        (statement(age=120), "authentication_expired"),
        (text[:-8] + "AAAAAAAA", "authentication_forged"),
        ("nonsense", "authentication_malformed"),
    ):
        assert refusal(gateway.call(lab.desk, PERSONS, PERSON, X_Toono_Authentication=bad)) == (DENIED, reason)
    assert len(lab.provider.heard) == before


def test_an_issuer_that_is_taken_out_of_the_configuration_is_believed_no_more(lab: Lab, gateway: RunningGateway, publish: Publish) -> None:
    publish(agreement("C-1", PERSONS, authentication=(CitizenAuthentication.OTP,)))
    got = gateway.call(lab.desk, PERSONS, PERSON, X_Toono_Authentication=statement())
    assert refusal(got) == (DENIED, "authentication_issuer_unknown")


# -- consent ----------------------------------------------------------------------------------------------------------


class consent:
    """A consent of Sarnai's to the desk, as the portal stores it, while the block lasts."""

    def __init__(self, lab: Lab, **changes: Any) -> None:
        moment = datetime.now(UTC)
        self.id = uuid4()
        self._dsn = lab.owner_dsn
        self._row = {
            "id": self.id, "civil_id": SARNAI, "regnum": "УБ00210112", "consumer": DESK, "service": PERSONS, "purpose": "reference", "agreement": "K-1",
            "fields": [], "given_at": moment - timedelta(minutes=1), "valid_until": moment + timedelta(days=1), "withdrawn_at": None,
        } | changes  # fmt: skip

    def _do(self, query: str, values: dict[str, Any]) -> None:
        with psycopg.connect(self._dsn) as connection:
            connection.execute(query, values)

    def __enter__(self) -> consent:
        names = ", ".join(self._row)
        self._do(f"INSERT INTO exchange_consent ({names}) VALUES ({', '.join(f'%({n})s' for n in self._row)})", self._row)
        return self

    def withdraw(self) -> None:
        self._do("UPDATE exchange_consent SET withdrawn_at = now() WHERE id = %(id)s", self._row)

    def __exit__(self, *_: object) -> None:
        self._do("DELETE FROM exchange_consent WHERE id = %(id)s", self._row)


def test_a_consent_lets_the_call_through_and_its_withdrawal_holds_for_the_next_one(
    lab: Lab, gateway: RunningGateway, publish: Publish
) -> None:
    publish(agreement("K-1", PERSONS, consent=True))
    got = gateway.call(lab.desk, PERSONS, PERSON)
    assert refusal(got) == (DENIED, "consent_missing")
    assert got.json()["message"].endswith("/consents/ask?agreement=K-1")
    with consent(lab) as given:
        for _ in range(3):
            got = gateway.call(lab.desk, PERSONS, PERSON)
            assert got.status_code == 200
            assert lab.rows("SELECT consent FROM exchange_ledgerentry WHERE message_id = %s", got.headers["x-road-id"]) == [(given.id,)]
        assert refusal(gateway.call(lab.desk, PERSONS, f"/persons/{BAT}")) == (DENIED, "consent_missing")
        given.withdraw()
        before = len(lab.provider.heard)
        assert refusal(gateway.call(lab.desk, PERSONS, PERSON)) == (DENIED, "consent_missing")
        assert len(lab.provider.heard) == before


YESTERDAY, TOMORROW = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"consumer": LOANS}, {"service": DOCUMENTS}, {"purpose": "loan"}, {"valid_until": YESTERDAY}, {"given_at": TOMORROW}, {"withdrawn_at": YESTERDAY}, {"civil_id": BAT},
        {"fields": ["/given_name"]}, {"fields": ["/given_name", "/income", "/other"]},
    ],
)  # fmt: skip
def test_a_consent_to_something_else_lets_nothing_through(
    lab: Lab, gateway: RunningGateway, publish: Publish, changes: dict[str, Any]
) -> None:
    publish(agreement("K-1", PERSONS, consent=True, fields=("/given_name", "/income", "/children")))
    with consent(lab, **changes):
        assert refusal(gateway.call(lab.desk, PERSONS, PERSON)) == (DENIED, "consent_missing")


def test_a_consent_covers_an_agreement_that_grants_less_than_was_shown(lab: Lab, gateway: RunningGateway, publish: Publish) -> None:
    publish(agreement("K-2", PERSONS, consent=True, fields=("/given_name",)))
    lab.provider.speech = says(WHOLE)
    for shown in (["/given_name"], ["/income", "/given_name"], []):
        with consent(lab, fields=shown):
            assert gateway.call(lab.desk, PERSONS, PERSON).json() == {"given_name": "Сарнай"}


def test_a_person_who_is_asked_for_by_register_number_is_found_by_it(lab: Lab, gateway: RunningGateway, publish: Publish) -> None:
    rule = SubjectRule(variable="regnum", identifier="regnum", echo_pointer="/regnum", civil_id_pointer="/civil_id")
    service = next(s for s in lab.configuration().services if s.id == PERSONS)
    service = service.model_copy(update={"endpoints": (Endpoint(method="GET", path="/by-regnum/{regnum}", subject=rule),)})
    publish(agreement("K-1", PERSONS, consent=True), services=(service,))
    lab.provider.speech = says({"regnum": "УБ00210112", "civil_id": SARNAI})
    path = "/by-regnum/%D1%83%D0%B100210112"  # in lower case
    assert refusal(gateway.call(lab.desk, PERSONS, path)) == (DENIED, "consent_missing")
    with consent(lab):
        assert gateway.call(lab.desk, PERSONS, path).status_code == 200


def test_when_nobody_can_tell_whether_there_is_a_consent_there_is_no_call(lab: Lab, gateway: RunningGateway, publish: Publish) -> None:
    publish(agreement("K-1", PERSONS, consent=True))
    with consent(lab):
        assert gateway.call(lab.desk, PERSONS, PERSON).status_code == 200
        before = len(lab.provider.heard)
        lab.database.cut()
        got = gateway.call(lab.desk, PERSONS, PERSON)
        assert (got.status_code, *refusal(got)) == (500, "server.clientproxy.database_error", "consent_unknown")
        assert got.headers["retry-after"] == "1" and len(lab.provider.heard) == before
        lab.database.restore()
        gateway.wait_until(lambda: gateway.call(lab.desk, PERSONS, PERSON).status_code == 200)


def test_an_endpoint_about_nobody_in_particular_cannot_be_consented_to(lab: Lab, gateway: RunningGateway, publish: Publish) -> None:
    publish(agreement("K-1", DOCUMENTS, consent=True))
    assert refusal(gateway.call(lab.desk, DOCUMENTS, "/documents/1")) == (DENIED, "consent_without_person")


def test_without_the_step_that_asks_everybody_would_be_let_in(lab: Lab, publish: Publish) -> None:
    asked = agreement("K-1", PERSONS, consent=True, authentication=(CitizenAuthentication.SIGNATURE,), rate_per_second=1, quota_per_day=1)
    with lab.start(mutant="no-conditions") as mutant:
        publish(asked, at=(mutant,))
        assert [mutant.call(lab.desk, PERSONS, PERSON).status_code for _ in range(3)] == [200] * 3


# -- rate and quota ---------------------------------------------------------------------------------------------------


def test_a_rate_lets_a_burst_through_then_refuses_with_the_time_to_wait(lab: Lab, gateway: RunningGateway, publish: Publish) -> None:
    publish(agreement(f"R-{uuid4()}", PERSONS, rate_per_second=4), agreement("A-2", DOCUMENTS))
    began = clock.monotonic()
    got = [gateway.call(lab.desk, PERSONS, PERSON) for _ in range(12)]
    took = clock.monotonic() - began
    good = sum(one.status_code == 200 for one in got)
    assert 4 <= good <= 4 + 4 * took + 1 and good < 12
    refused = next(one for one in got if one.status_code != 200)
    assert (refused.status_code, *refusal(refused)) == (500, DENIED, "rate_exceeded")
    lab.provider.speech = answer(body=b"{}")
    assert gateway.call(lab.desk, DOCUMENTS, "/documents/1").status_code == 200  # others are not held up
    lab.provider.speech = says({"civil_id": SARNAI})
    gateway.wait_until(lambda: gateway.call(lab.desk, PERSONS, PERSON).status_code == 200, timeout=int(refused.headers["retry-after"]) + 1)


def test_a_quota_holds_over_several_gateways_and_over_their_restart(lab: Lab, gateway: RunningGateway, publish: Publish) -> None:
    name, mine, theirs = f"Q-{uuid4()}", 0, 4

    def heard() -> bool:
        """Whether the second knows of the calls that the first has carried."""
        nonlocal mine
        mine += 1
        return second.call(lab.desk, PERSONS, PERSON).headers["x-toono-quota-left"] == str(1000 - theirs - mine)

    with lab.start() as second:
        publish(agreement(name, PERSONS, quota_per_day=1000), at=(gateway, second))
        left = [gateway.call(lab.desk, PERSONS, PERSON).headers["x-toono-quota-left"] for _ in range(theirs)]
        assert left == ["999", "998", "997", "996"]
        second.wait_until(heard, timeout=10)
        publish(agreement(name, PERSONS, quota_per_day=theirs + mine + 1), at=(gateway, second))
        last = second.call(lab.desk, PERSONS, PERSON)
        assert (last.status_code, last.headers["x-toono-quota-left"]) == (200, "0")
        before = len(lab.provider.heard)
        got = second.call(lab.desk, PERSONS, PERSON)
        assert (got.status_code, *refusal(got)) == (500, DENIED, "quota_exceeded")
        assert 0 < int(got.headers["retry-after"]) <= 86_400 and len(lab.provider.heard) == before
    # What the second had not written yet it wrote when it ended.
    [(carried,)] = lab.rows("SELECT sum(calls) FROM exchange_traffic WHERE agreement = %s AND outcome = '2xx'", name)
    assert carried == theirs + mine + 1
    gateway.wait_until(lambda: refused_for(gateway.call(lab.desk, PERSONS, PERSON)) == "quota_exceeded", timeout=6)
    with lab.start() as third:
        publish(agreement(name, PERSONS, quota_per_day=theirs + mine + 1), at=(third,))
        third.wait_until(lambda: refused_for(third.call(lab.desk, PERSONS, PERSON)) == "quota_exceeded", timeout=6)


def refused_for(got: httpx.Response) -> str | None:
    return refusal(got)[1] if "x-road-error" in got.headers else None


def test_traffic_is_written_down_by_outcome(lab: Lab, publish: Publish) -> None:
    name = f"T-{uuid4()}"
    with lab.start() as one:
        publish(agreement(name, PERSONS), at=(one,))
        for _ in range(3):
            one.call(lab.desk, PERSONS, PERSON)
        lab.provider.speech = answer(404, b"{}", reason="Not Found")
        one.call(lab.desk, PERSONS, PERSON)
        lab.provider.speech = answer(body=b"{}")
        one.call(lab.desk, PERSONS, PERSON)
        one.call(lab.desk, PERSONS, PERSON, purpose="loan")
    rows = lab.rows(
        "SELECT outcome, client, service, calls, request_bytes, response_bytes, durations FROM exchange_traffic WHERE agreement = %s", name
    )
    assert {(row[0], row[3]) for row in rows} == {("2xx", 3), ("4xx", 1), ("no_subject", 1)}
    assert all(row[1:3] == (DESK, PERSONS) and sum(row[6]) == row[3] and len(row[6]) == 31 for row in rows)
    assert next(row[5] for row in rows if row[0] == "2xx") > 100
    assert (
        lab.rows("SELECT sum(calls) FROM exchange_traffic WHERE outcome = 'purpose_unknown' AND agreement = '' AND client = %s", DESK)[0][0]
        >= 1
    )
