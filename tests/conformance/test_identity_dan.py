"""A client of ДАН changes its host and nothing else: the requests that real clients send, and the answer that they read by position."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import httpx
import pytest
import yaml

from tests.conformance.test_identity_flows import Party, agree, party, person  # noqa: F401 - fixtures
from tests.stage import ROOT
from toono.identity.domain.dan.operations import OPERATIONS as MAPPED
from toono.identity.domain.dan.operations import SOURCES

SCOPE = [
    {"services": ["WS100101_getCitizenIDCardInfo"], "wsdl": "https://xyp.gov.mn/citizen-1.3.0/ws?WSDL"},
    {"services": ["WS100501_getCitizenSalaryInfo"], "wsdl": "https://xyp.gov.mn/insurance-1.3.0/ws?WSDL", "params": {"WS100501_getCitizenSalaryInfo": {"startYear": "2025", "endYear": "2026"}}},
    {"services": ["WS100103_getCitizenAddressInfo", "WS100125_checkCitizenRegnum"], "wsdl": "https://xyp.gov.mn/citizen-1.5.0/ws?WSDL"},
]  # fmt: skip


@cache
def agreed() -> frozenset[str]:
    """Services of the exchange that identity may read, by the sandbox's own configuration."""
    listed = yaml.safe_load((ROOT / "sandbox" / "connection.yaml").read_text("utf-8"))["agreements"]
    return frozenset(f"GOV/{one['service']}" for one in listed if one["consumer"] == "digital-academy/identity")


def may_answer(operation: str) -> set[int]:
    """Result codes: an answer, or that the register holds nothing, where there is an agreement; else that there is none."""
    return {0, 1} if all(SOURCES[name].service in agreed() for name in MAPPED[operation].sources) else {203}


OPERATIONS = [name for entry in SCOPE for name in entry["services"]]


@pytest.fixture
def agency(stack: Any, party: Party) -> Any:  # noqa: F811
    import toono.identity.api as identity
    from toono.kernel.actor import system

    given = {"client_name": "Хуучин систем", "redirect_uris": [party.back], "dan_operations": OPERATIONS}
    return identity.register_client(actor=system("tests"), client_id=f"{uuid4().hex}-{uuid4().hex[:16]}", metadata=given)


def code(stack: Any, party: Party, person: Any, agency: Any, *agreed: str, path: str = "/oauth2/authorize", blanks: bool = True) -> str:  # noqa: F811
    """Sign in and agree, with the scope put into the address as it is."""
    text = json.dumps(SCOPE, indent=1 if blanks else None, ensure_ascii=False)
    raw = base64.b64encode(text.encode() + b" " * 3).decode()
    query = f"response_type=code&client_id={agency.client_id}&redirect_uri={party.back}&scope={raw}&state="
    person.sign_in(person.regnum, path=f"{stack.base_url}{path}?{query}")
    assert "Хуучин систем" in person.text
    agree(person, *(f"operation:{name}" for name in agreed or OPERATIONS))
    found = parse_qs(urlsplit(party.arrived[-1]).query)
    assert found.keys() == {"code"}, "the state that came empty does not come back"
    return found["code"][0]


@pytest.mark.parametrize("encoding", ["form", "multipart", "query", "query with json"])
def test_a_whole_flow_by_each_encoding(stack: Any, party: Party, person: Any, agency: Any, encoding: str) -> None:  # noqa: F811
    given = {
        "grant_type": "authorization_code", "code": code(stack, party, person, agency), "client_id": agency.client_id,
        "client_secret": agency.client_secret, "redirect_uri": party.back,
    }  # fmt: skip
    url = f"{stack.base_url}/oauth2/token"
    tokens = {
        "form": lambda: httpx.post(url, data=given, timeout=30),
        "multipart": lambda: httpx.post(url, files={name: (None, value) for name, value in given.items()}, timeout=30),
        "query": lambda: httpx.post(f"{url}?{urlencode(given)}", timeout=30),
        "query with json": lambda: httpx.post(f"{url}?{urlencode(given)}", json={}, timeout=30),
    }[encoding]()
    assert tokens.status_code == 200, tokens.text
    assert tokens.json().keys() == {"access_token", "token_type", "expires_in"} and type(tokens.json()["expires_in"]) is int
    header = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
    address = f"{stack.base_url}/oauth2/api/v1/service"
    answer = (httpx.get if encoding == "form" else httpx.post)(address, headers=header, timeout=30)
    found = answer.raise_for_status().json()
    assert found[0] == {"citizen_loginType": 0} and [list(one) for one in found[1:]] == [["services", "wsdl"]] * 3
    assert [(list(one["services"]), one["wsdl"]) for one in found[1:]] == [(entry["services"], entry["wsdl"]) for entry in SCOPE]
    card = found[1]["services"]["WS100101_getCitizenIDCardInfo"]
    assert list(card) == ["request", "requestId", "response", "resultCode", "resultMessage"]
    assert (card["resultCode"], card["resultMessage"], card["request"]["auth"], card["request"]["regnum"]) == (
        0,
        "амжилттай",
        None,
        person.regnum,
    )
    assert (
        card["response"]["civilId"] == person.civil_id and card["response"]["regnum"] == person.regnum and card["response"]["image"] is None
    )
    assert list(card["response"]) == sorted(card["response"]) and len(card["response"]) == 30
    salary = found[2]["services"]["WS100501_getCitizenSalaryInfo"]
    assert salary["resultCode"] in may_answer("WS100501_getCitizenSalaryInfo") and salary["request"]["startYear"] == "2025"
    assert found[3]["services"]["WS100125_checkCitizenRegnum"]["response"] == {"valid": True}
    assert found[3]["services"]["WS100103_getCitizenAddressInfo"]["response"]["aimagCityName"]
    again = httpx.post(url, data=given, timeout=30)
    assert again.status_code == 400 and again.json()["error"] == "invalid_grant"
    assert httpx.get(address, headers=header).status_code == 401, "a code used twice ends what it gave"


def test_what_the_person_left_out_is_not_told(stack: Any, party: Party, person: Any, agency: Any) -> None:  # noqa: F811
    given = {
        "grant_type": "authorization_code", "code": code(stack, party, person, agency, "WS100125_checkCitizenRegnum", path="/login", blanks=False),
        "client_id": agency.client_id, "client_secret": agency.client_secret, "redirect_uri": party.back,
    }  # fmt: skip
    token = httpx.post(f"{stack.base_url}/oauth2/token", data=given, timeout=30).json()["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    found = httpx.get(f"{stack.base_url}/oauth2/api/v1/service", headers=header, timeout=30).json()
    assert found[1]["services"]["WS100101_getCitizenIDCardInfo"]["resultCode"] == 203
    assert found[3]["services"]["WS100125_checkCitizenRegnum"]["resultCode"] == 0
    assert httpx.get(f"{stack.base_url}/oidc/userinfo", headers=header).status_code == 403


def test_what_is_amiss_is_told_in_the_key_error(stack: Any, party: Party, agency: Any) -> None:  # noqa: F811
    url = f"{stack.base_url}/oauth2/token"
    form = {
        "grant_type": "authorization_code",
        "code": "x",
        "client_id": agency.client_id,
        "client_secret": agency.client_secret,
        "redirect_uri": party.back,
    }
    assert httpx.post(url, data=form).json()["error"] == "invalid_grant"
    assert httpx.post(url, data=form | {"client_secret": "x"}).json()["error"] == "invalid_client"
    assert httpx.post(f"{url}?client_id=x", data=form).json()["error"] == "invalid_request"
    assert httpx.post(url, content=b"\xff", headers={"Content-Type": "application/json"}).json()["error"] in (
        "invalid_request",
        "invalid_client",
    )
    assert httpx.get(f"{stack.base_url}/oauth2/api/v1/service").status_code == 401
    good = {"response_type": "code", "client_id": agency.client_id, "redirect_uri": party.back, "scope": "e30="}
    address = f"{stack.base_url}/oauth2/authorize?"
    assert "error=invalid_scope" in httpx.get(address + urlencode(good)).headers["Location"]
    for changes in ({"redirect_uri": "https://evil.example"}, {"client_id": "portal"}, {"client_id": "nobody"}):
        assert httpx.get(address + urlencode(good | changes)).status_code == 400


def test_who_represents_an_organisation_signs_in_for_it_and_nobody_else_does(stack: Any, party: Party, person: Any, agency: Any) -> None:  # noqa: F811
    import toono.identity.api as identity
    from toono.kernel.actor import Role, system

    raw = base64.b64encode(json.dumps(SCOPE).encode()).decode()
    asked = {
        "response_type": "code",
        "client_id": agency.client_id,
        "redirect_uri": party.back,
        "scope": raw,
        "state": "s",
        "login_type": "ORG",
    }
    path = f"{stack.base_url}/oauth2/authorize?{urlencode(asked)}"
    person.sign_in(person.regnum, path=path)
    agree(person, *(f"operation:{name}" for name in OPERATIONS))
    assert party.answer["error"] == "access_denied" and party.answer["state"] == "s"
    identity.appoint(actor=system("first-start"), regnum=person.regnum, role=Role.REPRESENTATIVE, organisation="khasar-bank")
    stack.wait(lambda: not person.sign_in(person.regnum, path=path), timeout=60)
    agree(person, *(f"operation:{name}" for name in OPERATIONS))
    given = {
        "grant_type": "authorization_code", "code": party.answer["code"], "client_id": agency.client_id, "client_secret": agency.client_secret,
        "redirect_uri": party.back,
    }  # fmt: skip
    token = httpx.post(f"{stack.base_url}/oauth2/token", data=given, timeout=30).json()["access_token"]
    found = httpx.get(f"{stack.base_url}/oauth2/api/v1/service", headers={"Authorization": f"Bearer {token}"}, timeout=30).json()
    assert found[0] == {"citizen_loginType": 1}
    assert found[1]["services"]["WS100101_getCitizenIDCardInfo"]["request"]["regnum"] == "9900901", "the organisation's register number"


def test_every_mapped_operation_is_answered_over_the_exchange(stack: Any, party: Party, person: Any) -> None:  # noqa: F811
    """All of them in one request: the answer has the sequence of the scope, and each register that may be read was."""
    import toono.identity.api as identity
    from toono.kernel.actor import system

    by_endpoint: dict[str, list[str]] = {}
    for name, operation in MAPPED.items():
        by_endpoint.setdefault(operation.endpoint, []).append(name)
    asked = [{"services": names, "wsdl": f"https://xyp.gov.mn/{endpoint}-1.5.0/ws?WSDL"} for endpoint, names in by_endpoint.items()]
    given = {"client_name": "Бүх лавлагаа", "redirect_uris": [party.back], "dan_operations": list(MAPPED)}
    client = identity.register_client(actor=system("tests"), client_id=f"dan-{uuid4().hex}", metadata=given)
    raw = base64.b64encode(json.dumps(asked).encode()).decode()
    query = {"response_type": "code", "client_id": client.client_id, "redirect_uri": party.back, "scope": raw, "state": "s"}
    person.sign_in(person.regnum, path=f"{stack.base_url}/oauth2/authorize?{urlencode(query)}")
    agree(person, *(f"operation:{name}" for name in MAPPED))
    form = {
        "grant_type": "authorization_code", "code": party.answer["code"], "client_id": client.client_id, "client_secret": client.client_secret,
        "redirect_uri": party.back,
    }  # fmt: skip
    token = httpx.post(f"{stack.base_url}/oauth2/token", data=form, timeout=30).json()["access_token"]
    answer = httpx.get(f"{stack.base_url}/oauth2/api/v1/service", headers={"Authorization": f"Bearer {token}"}, timeout=60)
    found = answer.raise_for_status().json()
    assert [(list(one["services"]), one["wsdl"]) for one in found[1:]] == [(entry["services"], entry["wsdl"]) for entry in asked]
    told = {name: envelope for one in found[1:] for name, envelope in one["services"].items()}
    wrong = {name: envelope["resultCode"] for name, envelope in told.items() if envelope["resultCode"] not in may_answer(name)}
    assert wrong == {}
    assert told["WS100101_getCitizenIDCardInfo"]["response"]["regnum"] == person.regnum
