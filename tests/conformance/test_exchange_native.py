"""The native API over real sockets. The client is made of libraries that others wrote."""

from __future__ import annotations

import concurrent.futures
import json
import secrets
from typing import Any
from uuid import UUID

import httpx
import pytest

from toono.exchange.tests.lab import DESK, DOCUMENTS, PERSONS, Lab, LabClient, RunningGateway, answer, says
from toono.exchange.tests.speaking import Speaker, sign

pytest_plugins = ["toono.exchange.tests.stage"]

CIVIL_ID = "200000000001"
PERSON = f"/persons/{CIVIL_ID}"


@pytest.fixture(scope="module")
def desk(lab: Lab, gateway: RunningGateway) -> Speaker:
    return Speaker(lab.desk, gateway.url)


def problem(got: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem document, whose shape is checked."""
    assert got.headers["content-type"] == "application/problem+json"
    document = got.json()
    assert (
        document["status"] == got.status_code
        and document["code"] == got.headers["toono-error"]
        and document["detail"]
        and document["title"]
    )
    assert UUID(document["instance"].removeprefix("urn:uuid:")) and document["outcome"] in ("not_done", "unknown")
    assert document.get("message_id") == got.headers.get("toono-message-id")
    return got.status_code, document["code"]


def test_a_person_is_read_and_both_messages_are_evidence_in_the_form_of_x_road(lab: Lab, desk: Speaker) -> None:
    message_id = f"T-{secrets.token_hex(4)}"
    got = desk.call(
        PERSONS, PERSON, Toono_Case="C-17", Toono_User=f"MN{CIVIL_ID}", Toono_Subject=CIVIL_ID, Toono_Message_Id=message_id, X_Extra="1"
    )
    assert got.status_code == 200 and got.json()["civil_id"] == CIVIL_ID
    assert (
        got.headers["toono-message-id"] == message_id and UUID(got.headers["toono-request-id"]) and len(got.headers["toono-receipt"]) == 88
    )
    assert not [name for name in got.headers if name.startswith("x-road-")]
    request, response = lab.log_of(message_id)
    assert (request["client"], request["service"], request["issue"], request["user_id"], request["purpose"]) == (
        DESK,
        PERSONS,
        "C-17",
        f"MN{CIVIL_ID}",
        "reference",
    )
    lines = bytes(request["head"]).decode().split("\r\n")
    assert lines[:2] == ["GET", f"/r1/{PERSONS}{PERSON}"]
    own = [
        "x-road-client:" + DESK,
        "x-road-id:" + message_id,
        "x-road-issue:C-17",
        f"x-road-userid:MN{CIVIL_ID}",
        "x-toono-purpose:reference",
        f"x-toono-subject:{CIVIL_ID}",
    ]
    assert [line for line in lines if line in own] == own and lines.count("x-toono-purpose:reference") == 1 and "x-extra:1" in lines
    assert not [line for line in lines if line.startswith(("authorization:", "signature", "toono-"))]
    assert f"x-road-request-hash:{got.headers['toono-receipt']}\r\n" in bytes(response["head"]).decode()


def test_the_provider_hears_x_roads_headers_and_never_the_access_token(lab: Lab, desk: Speaker) -> None:
    lab.provider.speech = answer(body=b"[]", headers=(("Toono-Receipt", "forged"), ("X-Road-Id", "forged"), ("X-Own", "1")))
    got = desk.call(DOCUMENTS, "/documents/1?a=%20&b")
    assert got.status_code == 200 and got.headers["toono-receipt"] != "forged" and got.headers["x-own"] == "1"
    heard = lab.provider.heard[-1]
    assert (heard.target, heard.header("authorization")) == ("/base/documents/1?a=%20&b", "Bearer let-me-in")
    assert heard.header("x-road-client") == DESK and heard.header("signature") is None


REFUSALS: list[tuple[str, dict[str, Any], int, str]] = [
    ("no token", {"token": "x", "Authorization": "Basic eDp5"}, 401, "token_missing"),
    ("another token", {"token": "x.y.z"}, 401, "token_unknown"),
    ("no purpose", {"purpose": None}, 400, "missing_purpose"),
    ("another purpose", {"purpose": "loan"}, 403, "purpose_unknown"),
    ("no agreement", {"service": DOCUMENTS.replace("documents", "nothing")}, 404, "unknown_service"),
    ("unknown provider", {"service": "MN/GOV/nobody/x/y"}, 404, "unknown_provider"),
    ("short address", {"service": "MN/GOV"}, 404, "uri_too_short"),
    ("other path", {"path": "/persons/1/more"}, 403, "endpoint_not_granted"),
    ("dot segments", {"path": "/persons/%2e%2e/1"}, 400, "path_not_normal"),
    ("another person", {"Toono_Subject": "200000000002"}, 400, "subject_mismatch"),
    ("no person", {"Toono_Subject": "УХ99112233".encode().hex()}, 400, "subject_malformed"),
    ("no one in particular", {"service": DOCUMENTS, "path": "/documents/1", "Toono_Subject": CIVIL_ID}, 400, "subject_unexpected"),
    ("headers of the other dialect", {"X_Road_Client": "MN/COM/lab-bank/loans"}, 400, "foreign_header"),
    ("purpose of the other dialect", {"X_Toono_Purpose": "permit"}, 400, "foreign_header"),
    ("vanishing header", {"Connection": "toono-purpose"}, 400, "connection_header"),
    ("long case", {"Toono_Case": "x" * 256}, 400, "header_value"),
    ("post without key", {"service": DOCUMENTS, "path": "/documents", "method": "POST", "content": b"{}"}, 400, "idempotency_missing"),
    (
        "short key",
        {"service": DOCUMENTS, "path": "/documents", "method": "POST", "content": b"{}", "Idempotency_Key": "short"},
        400,
        "idempotency_malformed",
    ),
    ("service off", {"service": f"{PERSONS.rpartition('/')[0]}/closed"}, 503, "service_disabled"),
]


@pytest.mark.parametrize(("how", "status", "code"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
def test_each_refusal_is_a_problem_document_and_reaches_no_provider(
    lab: Lab, desk: Speaker, how: dict[str, Any], status: int, code: str
) -> None:
    arguments: dict[str, Any] = {"service": PERSONS, "path": PERSON} | how
    before = len(lab.provider.heard)
    got = desk.call(arguments.pop("service"), arguments.pop("path"), **arguments)
    assert problem(got) == (status, code) and got.json()["outcome"] == "not_done"
    assert len(lab.provider.heard) == before
    assert ("www-authenticate" in got.headers) is (status == 401)


def test_a_token_is_worth_nothing_without_its_key(lab: Lab, gateway: RunningGateway, desk: Speaker) -> None:
    url = f"{gateway.url}/v1/{PERSONS}{PERSON}"
    headers = {"Authorization": f"Bearer {desk.token()}", "Toono-Purpose": "reference"}
    assert problem(httpx.get(url, headers=headers)) == (401, "no_credentials")
    thief = LabClient(lab.desk.system, lab.desk.key_id)
    assert problem(desk.send(sign(thief, httpx.Request("GET", url, headers=headers)))) == (401, "wrong_signature")
    loans = sign(lab.loans, httpx.Request("GET", url, headers=headers))
    assert problem(desk.send(loans)) == (401, "token_of_another_key")
    for left_out in ("authorization", "toono-purpose", "@method", "@target-uri"):
        covered = [c for c in ("@method", "@target-uri", "authorization", "toono-purpose") if c != left_out]
        assert problem(desk.send(sign(lab.desk, httpx.Request("GET", url, headers=headers), covered=covered))) == (401, "not_covered")


def test_what_was_signed_cannot_be_changed_or_sent_again(lab: Lab, desk: Speaker) -> None:
    changed = desk.request("GET", f"/v1/{PERSONS}{PERSON}")
    changed.headers["Toono-Purpose"] = "permit"
    assert problem(desk.send(changed)) == (401, "wrong_signature")
    moved = desk.request("GET", f"/v1/{PERSONS}{PERSON}")
    moved.url = httpx.URL(str(moved.url).replace(CIVIL_ID, "200000000002"))
    assert problem(desk.send(moved)) == (401, "wrong_signature")
    body = desk.request("POST", f"/v1/{DOCUMENTS}/documents", content=b"{}", Idempotency_Key=secrets.token_hex(8))
    other = httpx.Request("POST", body.url, headers=[(k, v) for k, v in body.headers.items() if k != "content-length"], content=b"[]")
    assert problem(desk.send(other)) == (400, "wrong_digest")
    once = desk.request("GET", f"/v1/{PERSONS}{PERSON}")
    assert desk.send(once).status_code == 200
    assert problem(desk.send(httpx.Request("GET", once.url, headers=once.headers))) == (401, "nonce_repeated")


def test_a_fault_of_the_provider_says_that_the_outcome_is_not_known(lab: Lab, desk: Speaker) -> None:
    lab.provider.speech = says(b"", keep=False)
    got = desk.call(DOCUMENTS, "/documents/1")
    assert problem(got) == (502, "connection_closed") and got.json()["outcome"] == "unknown"
    assert lab.log_of(got.headers["toono-message-id"])[1]["status"] == 502
    lab.provider.speech = answer(404, b'{"error":"none"}', reason="Not Found")
    passed = desk.call(DOCUMENTS, "/documents/1")
    assert (passed.status_code, passed.json(), "toono-error" in passed.headers) == (404, {"error": "none"}, False)


def test_large_bodies_go_both_ways_whole(lab: Lab, desk: Speaker) -> None:
    body = secrets.token_bytes(3_000_000)
    lab.provider.speech = answer(body=body)
    got = desk.call(DOCUMENTS, "/documents", method="POST", content=body[::-1], Idempotency_Key=secrets.token_hex(8))
    assert got.content == body and lab.provider.heard[-1].body == body[::-1]


# -- idempotency -----------------------------------------------------------------------------------------------------


def post(desk: Speaker, key: str, content: bytes = b"{}", path: str = "/documents", **more: Any) -> httpx.Response:
    return desk.call(DOCUMENTS, path, method="POST", content=content, Idempotency_Key=key, **more)


@pytest.mark.parametrize("quoted", [False, True])
def test_a_repeated_call_gets_the_first_answer_and_is_done_once(lab: Lab, desk: Speaker, quoted: bool) -> None:
    key = secrets.token_hex(8)
    lab.provider.speech = answer(201, b'{"number":1}', reason="Created", headers=(("Location", "/documents/1"),))
    before = len(lab.provider.heard)
    first = post(desk, f'"{key}"' if quoted else key)
    lab.provider.speech = answer(201, b'{"number":2}', reason="Created")
    again = post(desk, key)
    assert (first.status_code, first.json(), "idempotency-replayed" in first.headers) == (201, {"number": 1}, False)
    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (201, {"number": 1}, "true")
    assert again.headers["location"] == "/documents/1" and again.headers["toono-receipt"] == first.headers["toono-receipt"]
    assert again.headers["toono-message-id"] == first.headers["toono-message-id"]
    assert len(lab.provider.heard) == before + 1 and len(lab.log_of(first.headers["toono-message-id"])) == 2


def test_a_repeated_call_would_be_done_twice_if_nobody_looked_at_its_key(lab: Lab) -> None:
    with lab.start(mutant="no-idempotency") as mutant:
        lab.provider.speech = answer(body=b"{}")
        desk, key, before = Speaker(lab.desk, mutant.url), secrets.token_hex(8), len(lab.provider.heard)
        assert [post(desk, key).status_code for _ in range(2)] == [200, 200]
        assert len(lab.provider.heard) == before + 2


def test_a_key_belongs_to_one_call_and_one_client(lab: Lab, desk: Speaker) -> None:
    key = secrets.token_hex(8)
    lab.provider.speech = answer(body=b"{}")
    assert post(desk, key).status_code == 200
    assert problem(post(desk, key, b"[]")) == (422, "idempotency_reused")
    assert problem(post(desk, key, Toono_Case="another")) == (422, "idempotency_reused")
    assert problem(desk.call(DOCUMENTS, "/documents/1", Idempotency_Key=key)) == (422, "idempotency_reused")


def test_at_the_same_time_a_call_is_done_once(lab: Lab, desk: Speaker) -> None:
    key, released = secrets.token_hex(8), []

    def slow(connection: Any, heard: Any) -> bool:
        import time

        while not released:
            time.sleep(0.01)
        return answer(body=b'{"done":1}')(connection, heard)

    lab.provider.speech = slow
    before = len(lab.provider.heard)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        running = [pool.submit(post, desk, key) for _ in range(6)]
        done, _ = concurrent.futures.wait(running, timeout=20, return_when=concurrent.futures.FIRST_COMPLETED)
        early = [problem(future.result()) for future in done]
        released.append(True)
        found = [future.result() for future in running]
    assert early and set(early) == {(409, "idempotency_running")}
    assert sum(got.status_code == 200 for got in found) >= 1 and {got.status_code for got in found} <= {200, 409}
    assert len(lab.provider.heard) == before + 1
    assert post(desk, key).json() == {"done": 1}


def test_an_unknown_outcome_stays_unknown_and_is_not_tried_again(lab: Lab, desk: Speaker) -> None:
    key = secrets.token_hex(8)
    lab.provider.speech = says(b"", keep=False)
    first = post(desk, key)
    lab.provider.speech = answer(body=b"{}")
    before = len(lab.provider.heard)
    again = post(desk, key)
    assert problem(first) == problem(again) == (502, "connection_closed")
    assert again.json()["outcome"] == "unknown" and again.json()["instance"] == first.json()["instance"]
    assert len(lab.provider.heard) == before


def test_what_never_reached_the_provider_is_done_under_the_same_key(lab: Lab, desk: Speaker) -> None:
    key = secrets.token_hex(8)
    secret = lab.home / "secrets" / "fresh_secret"
    service = next(s for s in lab.configuration().services if s.id == DOCUMENTS)
    lab.publish(
        services=(
            *[s for s in lab.configuration().services if s.id != DOCUMENTS],
            service.model_copy(update={"secret_name": "fresh_secret"}),
        )
    )
    wait_for(desk, lab)
    try:
        first = post(desk, key)
        assert problem(first) == (502, "provider_secret") and first.json()["outcome"] == "not_done"
        secret.write_text("now-it-is-there")
        lab.provider.speech = answer(body=b'{"done":1}')
        assert post(desk, key).json() == {"done": 1}
        assert post(desk, key).headers["idempotency-replayed"] == "true"
    finally:
        lab.publish()
        wait_for(desk, lab)


def wait_for(desk: Speaker, lab: Lab) -> None:
    import time

    for _ in range(200):
        if httpx.get(desk.base_url + "/health/ready").json()["configuration"]["version"] == lab.version:
            return
        time.sleep(0.05)
    raise AssertionError("the configuration was not taken")


def test_across_gateways_a_call_is_done_once_and_a_token_is_good_at_each(lab: Lab) -> None:
    address = "http://exchange.lab"
    with lab.start(TOONO_GATEWAY_URL=address) as one, lab.start(TOONO_GATEWAY_URL=address) as two:
        first, second = Speaker(lab.desk, address, send_to=one.url), Speaker(lab.desk, address, send_to=two.url)
        second._token = first.token()
        key = secrets.token_hex(8)
        lab.provider.speech = answer(body=b'{"done":1}')
        assert post(first, key).json() == {"done": 1}
        request = second.request("POST", f"/v1/{DOCUMENTS}/documents", content=b"{}", Idempotency_Key=key)
        replayed = second.send(request)
        assert (replayed.json(), replayed.headers["idempotency-replayed"]) == ({"done": 1}, "true")
        assert problem(first.send(request)) == (401, "nonce_repeated")  # somebody who saw the repeated call gets nothing by it elsewhere


# -- questions -------------------------------------------------------------------------------------------------------


def test_a_client_hears_what_it_may_call(lab: Lab, desk: Speaker) -> None:
    got = desk.send(desk.request("GET", "/v1/listServices", purpose=None))
    listed = got.json()
    assert got.status_code == 200 and listed["client"] == DESK
    assert {s["id"] for s in listed["services"]} >= {PERSONS, DOCUMENTS}
    persons = next(s for s in listed["services"] if s["id"] == PERSONS)
    [agreement] = persons["agreements"]
    assert agreement["id"] == "A-1" and [p["code"] for p in agreement["purposes"]] == ["reference", "permit"]
    assert agreement["endpoints"] == [{"method": "GET", "path": "/persons/*"}] and persons["url"] == f"{desk.base_url}/v1/{PERSONS}"
    assert (
        Speaker(lab.loans, desk.base_url)
        .send(Speaker(lab.loans, desk.base_url).request("GET", "/v1/listServices", purpose=None))
        .json()["services"]
        == []
    )
    repeated = desk.request("GET", "/v1/listServices", purpose=None)
    assert desk.send(repeated).status_code == 200
    assert problem(desk.send(httpx.Request("GET", repeated.url, headers=repeated.headers))) == (401, "nonce_repeated")
    assert problem(httpx.get(desk.base_url + "/v1/listServices")) == (401, "token_missing")


def test_answers_are_as_the_description_says_which_a_foreign_validator_accepts(lab: Lab, desk: Speaker) -> None:
    import jsonschema_rs
    from openapi_spec_validator import validate

    served = httpx.get(desk.base_url + "/v1/openapi.json")
    document = served.json()
    assert served.headers["content-type"] == "application/vnd.oai.openapi+json" and document["servers"] == [{"url": desk.base_url}]
    validate(document)

    def fits(name: str, value: Any) -> None:
        jsonschema_rs.validate({"$ref": f"#/components/schemas/{name}", "components": document["components"]}, value)

    fits("Services", desk.send(desk.request("GET", "/v1/listServices", purpose=None)).json())
    fits("Methods", desk.call(PERSONS.rpartition("/")[0], "/listMethods").json())
    fits("Problem", desk.call(PERSONS, PERSON, purpose="loan").json())
    fits("TokenError", httpx.post(desk.base_url + "/oauth/token").json())
    with pytest.raises(jsonschema_rs.ValidationError):
        fits("Problem", {"title": "x"})


def test_the_type_of_a_problem_can_be_looked_up(desk: Speaker) -> None:
    document = desk.call(PERSONS, PERSON, purpose="loan").json()
    found = httpx.get(document["type"])
    assert (found.status_code, found.json()["code"], found.json()["title"]) == (200, "purpose_unknown", document["title"])
    assert httpx.get(desk.base_url + "/v1/problems/No!").status_code == 404


# -- tokens ------------------------------------------------------------------------------------------------------------


def form(gateway: RunningGateway, client: LabClient, **claims: Any) -> dict[str, str]:
    import time

    from joserfc import jwt
    from joserfc.jwk import ECKey

    moment = int(time.time())
    values = {
        "iss": client.system,
        "sub": client.system,
        "aud": gateway.url,
        "iat": moment,
        "exp": moment + 60,
        "jti": secrets.token_hex(16),
    } | claims
    assertion = jwt.encode({"alg": "ES256", "kid": client.key_id}, values, ECKey.import_key(client.private_pem))
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": assertion}


def error_of(got: httpx.Response) -> tuple[int, str]:
    assert got.headers["cache-control"] == "no-store" and set(got.json()) == {"error", "error_description"}
    return got.status_code, got.json()["error"]


def test_a_token_is_given_once_for_an_assertion(lab: Lab, gateway: RunningGateway) -> None:
    sent = form(gateway, lab.desk)
    got = httpx.post(gateway.url + "/oauth/token", data=sent)
    assert got.status_code == 200 and got.headers["cache-control"] == "no-store"
    assert set(got.json()) == {"access_token", "token_type", "expires_in"} and got.json()["expires_in"] == 300
    assert error_of(httpx.post(gateway.url + "/oauth/token", data=sent)) == (401, "invalid_client")
    with lab.start(TOONO_GATEWAY_URL=gateway.url) as other:
        assert error_of(httpx.post(other.url + "/oauth/token", data=sent)) == (401, "invalid_client")
        assert httpx.post(other.url + "/oauth/token", data=form(gateway, lab.desk)).status_code == 200


def test_an_assertion_would_do_twice_if_nobody_remembered_it(lab: Lab) -> None:
    with lab.start(mutant="assertions-again-and-again") as mutant:
        sent = form(mutant, lab.desk)
        assert [httpx.post(mutant.url + "/oauth/token", data=sent).status_code for _ in range(2)] == [200, 200]


def test_what_is_left_of_a_quota_is_told_and_then_when_to_come_again(lab: Lab, gateway: RunningGateway) -> None:
    lab.provider.speech = answer(body=b"[]")
    changed = tuple(a.model_copy(update={"quota_per_day": 2}) if a.id == "A-2" else a for a in lab.configuration().agreements)
    with lab.start() as fresh:  # its counts begin anew: the agreement had no quota before
        desk = Speaker(lab.desk, fresh.url)
        lab.publish(agreements=tuple(a.model_copy(update={"id": "A-2-few"}) if a.id == "A-2" else a for a in changed))
        try:
            wait_for(desk, lab)
            found = [desk.call(DOCUMENTS, "/documents/1") for _ in range(3)]
            assert [got.headers.get("ratelimit") for got in found] == ['"day";r=1', '"day";r=0', None]
            assert problem(found[2]) == (429, "quota_exceeded") and 0 < int(found[2].headers["retry-after"]) <= 86_400
            listed = desk.send(desk.request("GET", "/v1/listServices", purpose=None)).json()["services"]
            [agreement] = next(s for s in listed if s["id"] == DOCUMENTS)["agreements"]
            assert (agreement["quota_per_day"], agreement["quota_left"]) == (2, 0)
            refused = fresh.call(lab.desk, DOCUMENTS, "/documents/1")
            assert refused.status_code == 500 and refused.headers["retry-after"].isdigit()
        finally:
            lab.publish()
            wait_for(Speaker(lab.desk, gateway.url), lab)


def test_no_token_for_another_an_expired_or_an_unknown_client(lab: Lab, gateway: RunningGateway) -> None:
    thief, nobody = LabClient(lab.desk.system, lab.desk.key_id), LabClient("MN/GOV/nobody/x", "lab-desk")
    for sent in (
        form(gateway, thief),
        form(gateway, nobody),
        form(gateway, lab.old),
        form(gateway, lab.desk, iss=lab.loans.system, sub=lab.loans.system),
    ):
        assert error_of(httpx.post(gateway.url + "/oauth/token", data=sent)) == (401, "invalid_client")
    assert error_of(httpx.post(gateway.url + "/oauth/token", data={"grant_type": "password"})) == (400, "unsupported_grant_type")
    assert error_of(httpx.get(gateway.url + "/oauth/token")) == (405, "invalid_request")
    assert error_of(httpx.post(gateway.url + "/oauth/token", data={"x": "y" * 20_000})) == (413, "invalid_request")
    described = httpx.get(gateway.url + "/.well-known/oauth-authorization-server").json()
    assert described["token_endpoint"] == gateway.url + "/oauth/token" and described["token_endpoint_auth_methods_supported"] == [
        "private_key_jwt"
    ]


def test_without_the_database_there_is_no_token_and_the_client_may_come_again(lab: Lab, gateway: RunningGateway) -> None:
    lab.database.cut()
    got = httpx.post(gateway.url + "/oauth/token", data=form(gateway, lab.desk), timeout=20)
    assert error_of(got) == (503, "temporarily_unavailable") and got.headers["retry-after"]
    lab.database.restore()
    gateway.wait_until(lambda: gateway.ready()["database"] == "ok")
    assert json.loads(httpx.post(gateway.url + "/oauth/token", data=form(gateway, lab.desk)).content)["access_token"]
