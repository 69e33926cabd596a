"""What scripts of other sites may ask and read at the provider: by the table, with no cookie, and nothing anywhere else."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from toono.identity.domain.oidc import scripts
from toono.identity.tests.flows import CHALLENGE, api

POSTED = sorted(path for path, methods in scripts.METHODS.items() if methods == "POST")
READ = sorted(path for path, methods in scripts.METHODS.items() if not methods)
ORIGIN = {"Origin": "https://page.example"}
SEEN = "WWW-Authenticate, DPoP-Nonce, X-Request-Id"
BACK = "https://page.example/back"
FORM = "application/x-www-form-urlencoded"


def question(method="POST", names="authorization,content-type,dpop"):
    """What a browser sends before the request itself."""
    return ORIGIN | {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": names}


def offers(answer):
    return {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("access-control-")}


@pytest.fixture
def page(stack):
    """A public client, as a page's script is one, and a server of the same house, whose token can be given at once."""
    from toono.kernel.actor import system

    def register(**metadata):
        return api.register_client(
            actor=system("tests"), client_id=f"page-{uuid4().hex[:8]}", metadata={"client_name": "Хуудас"} | metadata
        )

    def page():
        return register(
            redirect_uris=[BACK], scope="openid", token_endpoint_auth_method="none",
            grant_types=["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
        ).client_id  # fmt: skip

    def server():
        made = register(grant_types=["client_credentials"], redirect_uris=[], scope="api", resources=["https://registers.example"])
        return {"client_id": made.client_id, "client_secret": made.client_secret}

    return {
        "/oidc/token": lambda: {"grant_type": "client_credentials"} | server(),
        "/oidc/revoke": lambda: {"client_id": page(), "token": "anything"},
        "/oidc/device-authorization": lambda: {"client_id": page(), "scope": "openid"},
        "/oidc/par": lambda: {
            "client_id": page(), "response_type": "code", "redirect_uri": BACK, "scope": "openid", "state": "s",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        },
    }  # fmt: skip


def test_the_table_is_what_pages_need():
    """Written out, since a line too many opens an address to everybody's scripts."""
    assert POSTED == ["/oidc/device-authorization", "/oidc/par", "/oidc/revoke", "/oidc/token"]
    assert READ == ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/oidc/jwks"]
    assert scripts.METHODS["/oidc/userinfo"] == "GET, POST" and len(scripts.METHODS) == 8


@pytest.mark.parametrize("path", POSTED)
def test_a_good_answer_and_a_refusal_can_be_read(stack, page, path):
    good = httpx.post(stack.base_url + path, data=page[path](), headers=ORIGIN)
    assert good.status_code in (200, 201), good.text
    refused = [
        httpx.post(stack.base_url + path, data={"client_id": "nobody"}, headers=ORIGIN),
        httpx.post(stack.base_url + path + "?x=1", headers=ORIGIN),
        httpx.post(stack.base_url + path, json={}, headers=ORIGIN),
        httpx.get(stack.base_url + path, headers=ORIGIN),
    ]
    assert [answer.status_code for answer in refused] == [401, 400, 400, 405]
    for answer in (good, *refused):
        assert offers(answer) == {"access-control-allow-origin": "*", "access-control-expose-headers": SEEN}


def test_userinfo_without_a_token_says_how_it_is_shown_and_no_word_of_an_error(stack):
    """RFC 6750 §3.1."""
    asked = [("GET", {}), ("POST", {}), ("GET", {"Authorization": "Basic eDp5"})]
    for answer in [httpx.request(method, stack.base_url + "/oidc/userinfo", headers=headers) for method, headers in asked]:
        assert (answer.status_code, answer.json()) == (401, {}) and answer.headers["X-Request-Id"]
        assert answer.headers["WWW-Authenticate"].startswith("Bearer, DPoP algs=") and "error" not in answer.headers["WWW-Authenticate"]
        assert offers(answer) == {"access-control-allow-origin": "*", "access-control-expose-headers": SEEN}


@pytest.mark.parametrize("path", READ)
def test_what_everybody_reads_needs_no_question(stack, path):
    read = httpx.get(stack.base_url + path, headers=ORIGIN)
    assert read.status_code == 200 and offers(read) == {"access-control-allow-origin": "*"}
    assert httpx.options(stack.base_url + path, headers=question("GET")).status_code == 405


@pytest.mark.parametrize(("path", "methods"), [(path, methods) for path, methods in scripts.METHODS.items() if methods])
def test_a_browser_that_asks_first_is_told(stack, path, methods):
    told = httpx.options(stack.base_url + path, headers=question())
    assert (told.status_code, told.content) == (204, b"") and "content-type" not in told.headers
    assert offers(told) == {
        "access-control-allow-origin": "*", "access-control-allow-methods": methods, "access-control-max-age": "3600",
        "access-control-allow-headers": "Authorization, Content-Type, DPoP",
    }  # fmt: skip
    plain = httpx.options(stack.base_url + path)
    assert plain.status_code == 405 and plain.headers["Allow"] == methods


def test_the_question_costs_no_database(stack):
    from django.db import connection
    from django.test import Client

    def refuse(*_):
        raise AssertionError("the database was asked")

    browser = Client(SERVER_NAME="127.0.0.1")
    with connection.execute_wrapper(refuse):
        for path, methods in scripts.METHODS.items():
            if methods:
                assert browser.options(path, headers=question()).status_code == 204
        with pytest.raises(AssertionError):
            connection.cursor().execute("SELECT 1")


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_a_fault_can_be_read_too(stack, monkeypatch, caplog, accept):
    from django.db import OperationalError
    from django.test import Client

    def away(**_):
        raise OperationalError("gone")

    monkeypatch.setattr("toono.identity.api.machine_answer", away)
    form = {"content_type": FORM, "data": "grant_type=x"}
    browser = Client(SERVER_NAME="127.0.0.1", raise_request_exception=False)
    failed = browser.post("/oidc/token", **form, headers=ORIGIN | {"Accept": accept})
    assert failed.status_code == 503 and failed["Retry-After"] == "30"
    assert offers(failed)["access-control-allow-origin"] == "*"
    assert sum("POST /oidc/token: ui.database_away" in line or "gone" in line for line in caplog.messages) == 1, "told once in the log"
    closed = browser.post("/oidc/introspect", **form, headers=ORIGIN)
    assert closed.status_code == 503 and offers(closed) == {}


def test_a_body_beyond_all_measure_is_refused_readably(stack):
    answer = httpx.post(stack.base_url + "/oidc/token", content=b"a=" + b"b" * 6_000_000, headers=ORIGIN | {"Content-Type": FORM})
    assert answer.status_code == 413 and offers(answer)["access-control-allow-origin"] == "*"


def test_no_cookie_counts(stack, browser_client):
    """A browser that is signed in gets what everybody gets, and no leave to send its cookies."""
    signed_in = browser_client(stack.addresses["persons"]["sarnai"]["regnum"])
    assert "identity_session" in signed_in.cookies
    for path, methods in scripts.METHODS.items():
        for method in methods.split(", ") if methods else ["GET"]:
            given = {"data": {"client_id": "nobody"}} if method == "POST" else {}
            with_cookies = signed_in.request(method, stack.base_url + path, headers=ORIGIN, **given)
            without = httpx.request(method, stack.base_url + path, headers=ORIGIN, **given)
            assert (with_cookies.status_code, with_cookies.content) == (without.status_code, without.content)
            assert "set-cookie" not in with_cookies.headers and "access-control-allow-credentials" not in with_cookies.headers


def test_nothing_else_is_offered(stack):
    """Every other route of the room: pages, and what is for servers."""
    from django.urls import reverse

    from toono.identity.web.urls import urlpatterns

    some = {name: str(uuid4()) for name in ("flow_id", "change_id", "run_id", "look_id", "delivery_id")} | {"client_id": "portal"}
    paths = {reverse(f"identity:{r.name}", kwargs={name: some[name] for name in r.pattern.converters}) for r in urlpatterns}
    assert paths >= scripts.METHODS.keys(), "the table names routes that are there"
    assert paths >= {"/oidc/introspect", "/oidc/backchannel-authentication", "/oidc/register", "/oidc/authorize", "/oidc/end-session"}
    assert paths >= {"/oauth2/authorize", "/oauth2/token", "/oauth2/api/v1/service"}
    for path in paths - scripts.METHODS.keys():
        for method, headers in (("GET", ORIGIN), ("POST", ORIGIN), ("OPTIONS", question())):
            answer = httpx.request(method, stack.base_url + path, headers=headers)
            assert answer.status_code < 500 and offers(answer) == {}, (method, path)


# -- the same of the plane for machines, and of the mock ---------------------------------------------------------------


def test_the_plane_offers_what_the_portal_offers(stack):
    from tests.properties.lean import PATHS, Plane
    from tests.properties.wire import Sent

    form = (("content-type", FORM), *ORIGIN.items())
    asked = (
        Sent("OPTIONS", "", tuple(question().items()), b""), Sent("OPTIONS", "", tuple(ORIGIN.items()), b""),
        Sent("GET", "", tuple(ORIGIN.items()), b""), Sent("HEAD", "", tuple(ORIGIN.items()), b""), Sent("PUT", "", form, b""),
        Sent("POST", "", form, b"client_id=nobody&grant_type=x"), Sent("POST", "", tuple(ORIGIN.items()), b"{}"),
    )  # fmt: skip
    with Plane(stack.base_url) as plane:
        for path in PATHS:
            for one in asked if path != "/oidc/jwks" else asked[:4]:
                here = plane.send(Sent(one.method, path, one.headers, one.body))
                there = httpx.request(one.method, stack.base_url + path, headers=dict(one.headers), content=one.body)
                told = {name.lower(): value for name, value in here.headers if name.lower().startswith("access-control-")}
                assert (here.status, told, here.failure) == (there.status_code, offers(there), ""), (one.method, path)
                if here.status == 204:
                    assert {n: there.headers[n] for n, _ in here.headers} == dict(here.headers) and here.body == b""
    assert set(PATHS) & scripts.METHODS.keys() == {"/oidc/token", "/oidc/jwks"}


def test_the_mock_offers_what_the_platform_offers():
    from toono.identity.tests.test_mock_provider import running

    with running() as mock:
        for path, methods in scripts.METHODS.items():
            answers = [mock.http.request(method, path, headers=ORIGIN) for method in ("GET", "POST", "PUT")]
            assert all(offers(answer) == {k.lower(): v for k, v in scripts.offered(path).items()} for answer in answers), path
            told = mock.http.options(path, headers=question())
            assert (told.status_code, told.content) == ((204, b"") if methods else (405, told.content))
            assert offers(told).get("access-control-allow-methods", "") == methods
            assert mock.http.options(path, headers=ORIGIN).status_code == 405
        for path in (
            "/oidc/introspect",
            "/oidc/backchannel-authentication",
            "/oidc/register",
            "/oauth2/token",
            "/oauth2/api/v1/service",
            "/mock",
        ):
            for method, headers in (("GET", ORIGIN), ("POST", ORIGIN), ("OPTIONS", question())):
                assert offers(mock.http.request(method, path, headers=headers)) == {}, path
        assert offers(mock.http.get("/oidc/authorize")) == {}
