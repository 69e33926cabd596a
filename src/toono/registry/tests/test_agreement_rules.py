"""What an agreement may ask, and what it has to tell."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from toono.registry.contracts import (
    Agreement,
    CitizenAuthentication,
    Endpoint,
    EndpointGrant,
    Hours,
    Purpose,
    Secrecy,
    ServiceEntry,
    SubjectRule,
)
from toono.registry.domain.agreements import complaints, granted_endpoints
from toono.registry.domain.citations import names_law_and_article

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
LAW = "Усны тухай хуулийн 28 дугаар зүйл"
SUBJECT = SubjectRule(variable="civil_id", identifier="civil_id", echo_pointer="/civil_id", civil_id_pointer="/civil_id")
SERVICE = ServiceEntry(
    id="MN/GOV/register/population/person", base_url="http://127.0.0.1:1", timeout_seconds=5, title_mn="Хүн", title_en="Person",
    endpoints=(
        Endpoint(method="GET", path="/persons/{civil_id}", subject=SUBJECT),
        Endpoint(method="GET", path="/statistics"),
        Endpoint(method="POST", path="/statistics/queries"),
    ),
)  # fmt: skip


def agreement(**changes: Any) -> Agreement:
    given = {
        "id": "one", "consumer": "MN/COM/bank/loans", "service": SERVICE.id, "valid_from": NOW, "valid_until": NOW + timedelta(days=1),
        "purposes": (Purpose(code="loan", title_mn="Зээл", title_en="Loan", basis_mn=LAW),),
    }  # fmt: skip
    return Agreement(**(given | changes))


def grant(method: str, path: str) -> EndpointGrant:
    return EndpointGrant(method=method, path=path)


def hours(*weekdays: int, begin: time = time(8, 30), end: time = time(17, 30)) -> Hours:
    return Hours(weekdays=weekdays, begin=begin, end=end)


def purpose(**changes: str) -> tuple[Purpose, ...]:
    return (agreement().purposes[0].model_copy(update=changes),)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"endpoints": (grant("GET", "/persons/*"), grant("*", "/statistics/**"))},
        {"fields": ("/civil_id", "/address/aimag", "/children/*/name", "/a~1b/~0")},
        {"authentication": (CitizenAuthentication.OTP, CitizenAuthentication.SIGNATURE)},
        {"authentication": (CitizenAuthentication.NONE,)},
        {"consent": True, "endpoints": (grant("GET", "/persons/*"),)},
        {"hours": hours(1, 2, 5)},
        {"hours": hours(6, 7, begin=time(22), end=time(4))},
        {"secrecy": Secrecy(basis_mn=LAW, days=90)},
        {"rate_per_second": 1, "quota_per_day": 1},
    ],
)
def test_an_agreement_in_order_is_taken(changes: dict[str, Any]) -> None:
    assert list(complaints(agreement(**changes), SERVICE)) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"purposes": purpose(basis_mn="Усны тухай хууль")}, "names no law with its article"),
        ({"purposes": purpose(basis_mn="28 дугаар зүйл")}, "names no law with its article"),
        ({"purposes": purpose(title_en=" ")}, "has no title"),
        ({"endpoints": (grant("GET", "/companies/*"),)}, "has no endpoint that it can match"),
        ({"endpoints": (grant("POST", "/persons/*"),)}, "has no endpoint that it can match"),
        ({"endpoints": (grant("GET", "persons/*"),)}, "a glob begins with / or *"),
        ({"endpoints": (grant("GET", "/persons/../*"),)}, "no segment . or .."),
        ({"endpoints": (grant("GET", "/persons/*\\"),)}, "backslash"),
        ({"endpoints": (grant("GET", "/persons/*"),) * 2}, "an endpoint stands twice"),
        ({"fields": ("civil_id",)}, "is no JSON pointer"),
        ({"fields": ("",)}, "is no JSON pointer"),
        ({"fields": ("/a~2",)}, "is no JSON pointer"),
        ({"fields": ("/address", "/address/aimag")}, "/address/aimag lies within another one"),
        ({"fields": ("/a", "/a")}, "a field stands twice"),
        ({"fields": tuple(f"/f{n}" for n in range(201))}, "more than 200 fields"),
        ({"authentication": (CitizenAuthentication.NONE, CitizenAuthentication.OTP)}, "none stands alone"),
        ({"authentication": (CitizenAuthentication.OTP,) * 2}, "an authentication stands twice"),
        ({"consent": True}, "consent cannot be asked for GET /statistics: its address names no person"),
        ({"consent": True, "endpoints": (grant("GET", "/**"),)}, "consent cannot be asked for GET /statistics"),
        ({"hours": hours()}, "weekdays are numbers"),
        ({"hours": hours(1, 1)}, "weekdays are numbers"),
        ({"hours": hours(2, 1)}, "weekdays are numbers"),
        ({"hours": hours(0)}, "weekdays are numbers"),
        ({"hours": hours(8)}, "weekdays are numbers"),
        ({"hours": hours(1, begin=time(8), end=time(8))}, "at the same time"),
        ({"hours": hours(1, begin=time(8, 0, 1))}, "whole minutes"),
        ({"hours": hours(1, begin=time(8, tzinfo=UTC))}, "whole minutes"),
        ({"secrecy": Secrecy(basis_mn="нууц", days=1)}, "secrecy names no law with its article"),
    ],
)
def test_an_agreement_out_of_order_is_refused_with_its_reason(changes: dict[str, Any], sentence: str) -> None:
    found = list(complaints(agreement(**changes), SERVICE))
    assert any(sentence in s for s in found), found


def test_a_grant_opens_the_endpoints_that_it_can_match_and_no_others() -> None:
    opened = granted_endpoints(agreement(endpoints=(grant("GET", "/persons/990*"),)), SERVICE)
    assert [e.path for e in opened] == ["/persons/{civil_id}"]
    assert granted_endpoints(agreement(), SERVICE) == SERVICE.endpoints


@pytest.mark.parametrize(
    "basis", [LAW, "Хүний хувийн мэдээлэл хамгаалах тухай хуулийн 6.1.2", "Засгийн газрын 2018 оны 300 дугаар тогтоолын 2 дугаар зүйл", "Гэрээний 7 дугаар заалт"]
)  # fmt: skip
def test_a_basis_that_names_law_and_article(basis: str) -> None:
    assert names_law_and_article(basis)


@pytest.mark.parametrize("basis", ["", "хууль", "Усны тухай хууль", "2021 оны хууль", "6.1", "28 дугаар зүйл"])
def test_a_basis_that_does_not(basis: str) -> None:
    assert not names_law_and_article(basis)
