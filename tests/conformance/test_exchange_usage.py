"""The access ledger for other portals, through the real gateway, held against its OpenAPI description by a library that others wrote (openapi-core).

The scenarios of GovStack are those of its public features (bb-digital-registries, data_my_personal_data_usage.feature): what is asked and what status
and shape are expected. Its harness calls a bare address; here the same questions come through the gateway, which wants to know the consumer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
import pytest
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.validation.response.exceptions import InvalidData
from werkzeug.datastructures import Headers, ImmutableMultiDict

from toono.exchange.tests.readings import civil_id, read

SERVICE = "MN/GOV/digital-academy/ledger/usage"
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
CONNECTION = """
purposes:
  - code: own-usage
    title_mn: Иргэнд өөрийнх нь мэдээллийг хэн уншсаныг харуулах
    title_en: To show a person who has read their data
    basis_mn: Хүний хувийн мэдээлэл хамгаалах тухай хуулийн 18 дугаар зүйл
    basis_en: Law on Protection of Personal Data, article 18
systems:
  - {organisation: digital-academy, code: ledger, title_mn: Мэдээлэл уншсан бүртгэл, title_en: Access ledger}
services:
  - system: digital-academy/ledger
    code: usage
    title_mn: Мэдээлэл уншсан бүртгэлийн үйлчилгээ
    title_en: Access ledger for other portals
    base_url: ${portal_url}/exchange/usage
    timeout_seconds: 10
    secret_name: usage_token
    kind: openapi
    openapi_path: /openapi.json
    endpoints:
      - {method: GET, path: /v2/findUsage}
      - {method: GET, path: /v2/usagePeriod}
      - {method: GET, path: /v2/heartbeat}
      - {method: GET, path: /data/MyPersonalDataUsage/1.0}
agreements:
  - id: khasar-bank-usage
    consumer: khasar-bank/loans
    service: digital-academy/ledger/usage
    purposes: [own-usage]
    valid_from: 2022-01-01T00:00:00+08:00
    valid_until: 2046-01-01T00:00:00+08:00
"""


class Asked:
    """A question as the judge wants to see it: its address below the service."""

    content_type = "application/json"
    body = None

    def __init__(self, path: str, query: str, headers: dict[str, str]) -> None:
        self.host_url, self.path, self.method = "http://ledger.example", path, "get"
        self.parameters = RequestParameters(query=ImmutableMultiDict(parse_qsl(query)), header=Headers(headers))


class Answered:
    """An answer as the judge wants to see it."""

    def __init__(self, got: httpx.Response) -> None:
        self.status_code, self.content_type, self.headers, self.data = (
            got.status_code,
            got.headers["content-type"],
            dict(got.headers),
            got.content,
        )


class Consumer:
    """A portal of somebody else, known to the exchange, that shows a person who read their data."""

    def __init__(self, stack: Any) -> None:
        bank = stack.addresses["clients"]["bank"]
        self.base = f"{stack.gateway_url}/r1/{SERVICE}"
        self.headers = {"X-Road-Client": bank["client"], "Authorization": "Bearer " + bank["bearer_key"], "X-Toono-Purpose": "own-usage"}
        self.http = httpx.Client(timeout=20)
        self.description: OpenAPI | None = None

    def ask(self, path: str, *, query: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.get(self.base + path, params=query, headers=self.headers | own)

    def openapi(self) -> httpx.Response:
        """The description, as the exchange gives it to everybody (X-Road: getOpenAPI)."""
        return self.http.get(self.base.removesuffix("/usage") + "/getOpenAPI", params={"serviceCode": "usage"}, headers=self.headers)

    def judged(self, path: str, *, query: dict[str, Any] | None = None, **headers: str) -> Any:
        """Ask, and have question and answer held against the description."""
        got = self.ask(path, query=query, **headers)
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        assert self.description is not None
        asked, answered = Asked(path, urlsplit(str(got.request.url)).query, own), Answered(got)
        self.description.validate_request(asked)
        self.description.validate_response(asked, answered)
        return got.json()


@pytest.fixture(scope="module")
def consumer(stack: Any) -> Consumer:
    """A consumer with an agreement that the gateway knows of, and the description as the exchange gives it."""
    import toono.registry.api as registry
    from toono.kernel.actor import Actor, Role

    drafter, approver = (Actor(role=Role.ADMINISTRATOR, person_id=uuid4()) for _ in range(2))
    registry.load_configuration(
        drafted_by=drafter, approved_by=approver, document=CONNECTION, name="usage", values={"portal_url": stack.settings.inner_base_url}
    )
    made = Consumer(stack)
    deadline = time.monotonic() + 15
    while not made.ask("/v2/heartbeat").is_success:
        assert time.monotonic() < deadline, made.ask("/v2/heartbeat").text
        time.sleep(0.1)
    described = made.openapi()
    assert described.status_code == 200, described.text
    content = described.json()
    content["servers"] = [{"url": "http://ledger.example"}]
    made.description = OpenAPI.from_dict(content)
    return made


# -- andmejälgija, version 2 --------------------------------------------------------------------------------------


def test_the_description_is_sound_and_gives_no_inner_address_away(consumer: Consumer, stack: Any) -> None:
    assert consumer.description is not None
    consumer.description.check_spec()
    text = consumer.openapi().text
    assert stack.settings.inner_base_url not in text
    assert {"/v2/findUsage", "/v2/usagePeriod", "/v2/heartbeat"} <= set(json.loads(text)["paths"])


def test_find_usage_answers_as_described(consumer: Consumer) -> None:
    person = civil_id()
    for minute in range(7):
        read(person, NOON + timedelta(minutes=minute))
    user = f"MN{person}"
    seen: list[str] = []
    while True:
        page = consumer.judged("/v2/findUsage", query={"userCode": user, "offset": len(seen), "limit": 3}, X_Road_UserId=user)
        assert page["totalUsages"] == 7
        if not page["usages"]:
            break
        seen += [usage["logtime"] for usage in page["usages"]]
    assert seen == sorted(seen, reverse=True) and len(set(seen)) == 7
    assert (
        consumer.judged(
            "/v2/findUsage",
            query={"userCode": f"MN{civil_id()}"[:14]} | {"userCode": user, "periodEnd": "2026-11-20T04:01:00Z"},
            X_Road_UserId=user,
        )["totalUsages"]
        == 1
    )


def test_usage_period_and_heartbeat_answer_as_described(consumer: Consumer) -> None:
    read(civil_id(), NOON)
    assert consumer.judged("/v2/usagePeriod")["periodStart"] <= "2026-11-20T04:00:00Z"
    assert consumer.judged("/v2/heartbeat")["status"] == "OK"


def test_a_refusal_passes_through_the_exchange_as_the_provider_gave_it(consumer: Consumer) -> None:
    sarnai, bat = civil_id(), civil_id()
    read(sarnai, NOON)
    got = consumer.ask("/v2/findUsage", query={"userCode": f"MN{sarnai}"}, X_Road_UserId=f"MN{bat}")
    assert got.status_code == 400 and "x-road-error" not in got.headers and "usages" not in got.text
    assert consumer.ask("/v2/findUsage", query={"userCode": f"MN{sarnai}"}).status_code == 400


def test_without_an_agreement_nobody_reads_the_ledger(consumer: Consumer) -> None:
    got = consumer.http.get(consumer.base + "/v2/heartbeat", headers=consumer.headers | {"X-Toono-Purpose": "loan-application"})
    assert got.headers["x-road-error"].endswith("access_denied")


def test_the_client_cannot_hand_in_a_secret_of_its_own(consumer: Consumer, stack: Any) -> None:
    """The gateway's secret is the gateway's: what a client sends as ``Authorization`` never reaches the portal in its place."""
    direct = stack.http.get(stack.base_url + "/exchange/usage/v2/heartbeat", headers={"Authorization": consumer.headers["Authorization"]})
    assert direct.status_code == 401


# -- GovStack -----------------------------------------------------------------------------------------------------

Usage = Callable[[str, str], httpx.Response]


@pytest.fixture
def my_usage(consumer: Consumer) -> Usage:
    def ask(user: str, database: str) -> httpx.Response:
        started = time.monotonic()
        got = consumer.ask(
            "/data/MyPersonalDataUsage/1.0",
            query={"userID": user, "DatabaseID": database},
            Information_Mediator_Client="INSTANCE/CLASS/MEMBER/SUBSYSTEM",
        )
        assert time.monotonic() - started < 15
        return got

    return ask


@pytest.mark.parametrize("user", ["EE378129277266", "EE378129127223", "EE334569121212", "EE390029120500", "282392302", "748382347"])
def test_govstack_a_user_gets_a_list_of_who_has_read_their_data(my_usage: Usage, user: str) -> None:
    got = my_usage(user, "MCTS")
    assert got.status_code == 200 and got.headers["content-type"].startswith("application/json") and got.json() == []


def test_govstack_records_have_the_template_s_fields(consumer: Consumer, my_usage: Usage) -> None:
    person = civil_id()
    read(person, NOON)
    [record] = my_usage(f"MN{person}", "population").json()
    assert set(record) == {
        "ID", "ReaderID", "ReaderInitials", "ReaderInstitutionID", "ReaderInstitutionName", "ReaderApplicationName", "SearchDateTime", "Refrences",
    }  # fmt: skip
    assert datetime.fromisoformat(record["SearchDateTime"]) == NOON and record["Refrences"] == [{"ReferenceID": "population"}]
    consumer.judged(
        "/data/MyPersonalDataUsage/1.0",
        query={"userID": person, "DatabaseID": "population"},
        Information_Mediator_Client="INSTANCE/CLASS/MEMBER/SUBSYSTEM",
    )


@pytest.mark.parametrize(("user", "database"), [("...", "MCTS"), ("EE378129277266", "...")])
def test_govstack_an_invalid_user_or_database_is_refused(my_usage: Usage, user: str, database: str) -> None:
    assert my_usage(user, database).status_code == 400


def test_govstack_the_mediator_s_client_must_be_named(consumer: Consumer) -> None:
    got = consumer.ask("/data/MyPersonalDataUsage/1.0", query={"userID": "3782347", "DatabaseID": "MCTS"})
    assert (
        got.status_code == 400 and "Invalid format of Information-Mediator-Client, should match INSTANCE/CLASS/MEMBER/SUBSYSTEM" in got.text
    )


def test_the_judge_finds_a_wrong_answer(consumer: Consumer) -> None:
    """Otherwise its silence would prove nothing."""
    got = consumer.ask("/v2/heartbeat")
    asked, answered = Asked("/v2/heartbeat", "", {}), Answered(got)
    answered.data = got.content.replace(b'"OK"', b'"FINE"')
    assert consumer.description is not None
    with pytest.raises(InvalidData):
        consumer.description.validate_response(asked, answered)
