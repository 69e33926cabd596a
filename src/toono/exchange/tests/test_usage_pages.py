"""The access ledger as a service for other portals: what the gateway's question is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from toono.exchange.tests.readings import civil_id, read

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
FIND, MINE = "/exchange/usage/v2/findUsage", "/exchange/usage/data/MyPersonalDataUsage/1.0"


class Portal:
    """The gateway, as it asks this service."""

    def __init__(self, stack: Any) -> None:
        token = stack.settings.secret("usage_token")
        self.http = httpx.Client(base_url=stack.base_url, headers={"Authorization": f"Bearer {token}"}, timeout=20)

    def find(self, person: str, *, asking: str | None = None, **query: Any) -> httpx.Response:
        headers = {"X-Road-UserId": asking or f"MN{person}"}
        return self.http.get(FIND, params={"userCode": f"MN{person}"} | query, headers=headers)

    def mine(self, user: str, register: str = "population", **headers: str) -> httpx.Response:
        headers = {"Information-Mediator-Client": "INSTANCE/CLASS/MEMBER/SUBSYSTEM"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.http.get(MINE, params={"userID": user, "DatabaseID": register}, headers=headers)


@pytest.fixture
def portal(stack: Any) -> Portal:
    return Portal(stack)


def test_usage_is_told_newest_first_with_the_number_of_all(portal: Portal) -> None:
    person = civil_id()
    for hours in range(5):
        read(person, NOON + timedelta(hours=hours))
    first, second = portal.find(person, limit=2).json(), portal.find(person, limit=2, offset=2).json()
    assert first["totalUsages"] == second["totalUsages"] == 5
    assert [u["logtime"] for u in first["usages"] + second["usages"]] == [f"2026-11-20T{hour:02}:00:00Z" for hour in (8, 7, 6, 5)]
    assert first["usages"][0] == {
        "logtime": "2026-11-20T08:00:00Z", "action": "Зээлийн хүсэлтийг судлах: Оршин суугаа газрын хаяг", "receiverCode": "khasar-bank",
        "receiverName": "Хасар банк ХК", "receiverSystem": "Зээлийн систем",
    }  # fmt: skip


def test_a_period_is_half_open_and_without_a_zone_by_our_clock(portal: Portal) -> None:
    person = civil_id()
    for hours in range(3):
        read(person, NOON + timedelta(hours=hours))

    def times(**query: str) -> list[str]:
        return [u["logtime"][11:16] for u in portal.find(person, **query).json()["usages"]]

    assert times(periodStart="2026-11-20T05:00:00Z") == ["06:00", "05:00"]
    assert times(periodEnd="2026-11-20T05:00:00Z") == ["04:00"]
    assert times(periodStart="2026-11-20T13:00:00", periodEnd="2026-11-20T13:30:00") == ["05:00"]
    assert times(periodStart="2026-11-20T13:00:00+08:00") == ["06:00", "05:00"]


def test_what_a_law_keeps_back_is_not_counted_either(portal: Portal) -> None:
    from toono.kernel.clock import now

    person = civil_id()
    read(person, NOON)
    read(person, NOON, visible_at=now() + timedelta(days=1), secrecy_basis_mn="Хууль")
    assert portal.find(person).json()["totalUsages"] == 1
    assert len(portal.mine(person).json()) == 1


def test_nobody_asks_for_another(portal: Portal) -> None:
    sarnai, bat = civil_id(), civil_id()
    read(sarnai, NOON)
    refused = portal.find(sarnai, asking=f"MN{bat}")
    assert refused.status_code == 400 and "usages" not in refused.json()
    assert portal.mine(f"MN{sarnai}", X_Road_UserId=f"MN{bat}").status_code == 400
    assert portal.mine(sarnai, X_Road_UserId=f"MN{sarnai}").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"offset": "-1"}, {"offset": "x"}, {"offset": "99999999999"}, {"limit": "0"}, {"limit": "10001"}, {"limit": "1.5"}, {"limit": "١"}, {"limit": ""},
        {"periodStart": "yesterday"}, {"periodEnd": "0001-01-01T00:00:00"}, {"userCode": "..."}, {"userCode": ""}, {"userCode": "MN' OR 1=1 --"},
    ],
)  # fmt: skip
def test_what_the_protocol_does_not_allow_is_refused_with_a_reason(portal: Portal, query: dict[str, str]) -> None:
    refused = portal.find(civil_id(), **query)
    assert refused.status_code == 400 and refused.json()["message"]


def test_the_user_must_be_named(portal: Portal) -> None:
    assert portal.http.get(FIND, params={"userCode": "MN123"}).json() == {"message": "X-Road-UserId is missing."}
    assert portal.http.get(FIND, headers={"X-Road-UserId": "MN123"}).json() == {"message": "userCode is missing."}


def test_a_person_of_another_country_has_no_ledger_here(portal: Portal) -> None:
    found = portal.http.get(FIND, params={"userCode": "EE37812927726"}, headers={"X-Road-UserId": "EE37812927726"})
    assert found.json() == {"totalUsages": 0, "usages": []}


def test_only_the_gateway_may_ask(stack: Any) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": stack.settings.secret("usage_token")},
    ):
        for path in (FIND, MINE, "/exchange/usage/v2/usagePeriod", "/exchange/usage/v2/heartbeat"):
            assert stack.http.get(stack.base_url + path, headers=headers).status_code == 401
    assert stack.http.post(stack.base_url + FIND).status_code in (403, 405)


def test_period_and_heartbeat(portal: Portal) -> None:
    read(civil_id(), NOON - timedelta(days=3000))
    assert portal.http.get("/exchange/usage/v2/usagePeriod").json() == {"periodStart": "2018-09-03T04:00:00Z"}
    assert portal.http.get("/exchange/usage/v2/heartbeat").json()["status"] == "OK"


def test_govstack_is_told_of_one_register(portal: Portal) -> None:
    person = civil_id()
    made = read(person, NOON)
    read(person, NOON, service="MN/GOV/auto-transport/vehicles/owner")
    [found] = portal.mine(f"MN{person}").json()
    assert (found["ID"], found["ReaderInstitutionID"], found["ReaderInitials"], found["Refrences"]) == (
        str(made), "khasar-bank", "ХБХ", [{"ReferenceID": "population"}],
    )  # fmt: skip
    assert found["SearchDateTime"] == "2026-11-20T04:00:00Z"
    assert len(portal.mine(person, "vehicles").json()) == 1 and portal.mine(person, "MCTS").json() == []
    assert portal.mine(person, "popul.tion").status_code == 400
