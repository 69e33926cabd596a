"""Whatever comes to an endpoint over real HTTP, it is answered or refused: no unhandled error, nothing kept that cannot be read again.

A little of it, for the server in front of the application; the wide search, from valid requests and in one process, stands in ``tests/properties``.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = 25
PATHS = (
    "/oidc/authorize", "/oidc/token", "/oidc/par", "/oidc/introspect", "/oidc/revoke", "/oidc/userinfo", "/oidc/device-authorization",
    "/oidc/backchannel-authentication", "/oidc/register", "/oidc/register/x", "/oidc/end-session", "/oidc/end-session/confirm", "/identity/consent", "/identity/device",
    "/oauth2/authorize", "/oauth2/token", "/oauth2/api/v1/service", "/login", "/oidc/inner/logout-notice/00000000-0000-4000-8000-000000000000",
)  # fmt: skip
NAMES = (
    "client_id",
    "redirect_uri",
    "scope",
    "grant_type",
    "code",
    "token",
    "request",
    "request_uri",
    "state",
    "client_assertion",
    "claims",
    "flow",
    "x",
)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["demo-rp", "portal", "http://127.0.0.1/callback", "openid", "code", "client_credentials", "\x00", "a.b.c", "-1", "{}"]
    ),
)
BODIES = st.one_of(
    st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=8).map(lambda form: urlencode(form).encode()),
    st.binary(max_size=60),
    st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=4).map(lambda form: json.dumps(form).encode()),
)
KINDS = st.sampled_from(["application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "text/plain", ""])
HEADERS = st.one_of(
    st.none(),
    st.binary(max_size=30).map(lambda raw: bytes(c for c in raw if c > 32 and c != 127) or b"x"),
    TEXTS.map(lambda text: b"Basic " + (base64.b64encode(text.encode()) or b"x")),
)


@pytest.mark.parametrize("path", PATHS)
def test_an_endpoint_never_fails(stack: Any, path: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(
        method=st.sampled_from(["GET", "POST", "DELETE"]), query=st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=6), body=BODIES, kind=KINDS, header=HEADERS,
        proof=HEADERS, tail=st.one_of(st.just(""), st.just("%00"), st.text(max_size=5).map(lambda text: quote(text, safe=""))),
    )  # fmt: skip
    def send(method: str, query: dict[str, str], body: bytes, kind: str, header: bytes | None, proof: bytes | None, tail: str) -> None:
        # What answers before it has read a body hangs up afterwards, and a next request on the same line could meet that.
        headers = (
            {"Content-Type": kind.encode(), "Connection": b"close"}
            | ({"Authorization": header} if header else {})
            | ({"DPoP": proof} if proof else {})
        )
        target = f"{stack.base_url}{path}{tail if path.endswith('/x') else ''}"
        answer = stack.http.request(method, target, params=query, content=body, headers=headers, follow_redirects=False)
        assert answer.status_code < 500, (answer.status_code, method, target, query, body, headers)

    send()


@pytest.mark.parametrize("text", ['"\\u0000"', '"\\ud800"', "NaN", "1e999", "1" * 5000, "[" * 2000, '{"a":1,"a":2}'])
def test_what_json_allows_and_a_database_does_not(stack: Any, text: str) -> None:
    import toono.identity.api as identity
    from toono.kernel.actor import system

    registered = {"client_name": "x", "redirect_uris": ["http://127.0.0.1/x"], "dan_operations": ["WS100101_getCitizenIDCardInfo"]}
    client_id = f"dan-{uuid4().hex}"
    identity.register_client(actor=system("tests"), client_id=client_id, metadata=registered)
    entry = '[{"services":["WS100101_getCitizenIDCardInfo"],"wsdl":"https://xyp.gov.mn/citizen-1.3.0/ws","params":{"x":{"y":TEXT}}}]'
    scope = base64.b64encode(entry.replace("TEXT", text).encode()).decode()
    asked = {"response_type": "code", "client_id": client_id, "redirect_uri": "http://127.0.0.1/x", "scope": scope}
    answer = httpx.get(f"{stack.base_url}/oauth2/authorize?{urlencode(asked)}")
    assert answer.status_code == 303 and ("error=invalid_scope" in answer.headers["Location"] or text == '{"a":1,"a":2}')
    for document in ('{"software_statement":TEXT}', '{"jwks":{"keys":[{"kty":"EC","kid":TEXT}]}}'):
        body = document.replace("TEXT", text)
        assert httpx.post(f"{stack.base_url}/oidc/register", content=body, headers={"Content-Type": "application/json"}).status_code == 400
    parts = ('{"alg":"ES256"}', '{"iss":TEXT,"jti":TEXT}'.replace("TEXT", text))
    signed = ".".join([*(base64.urlsafe_b64encode(one.encode()).rstrip(b"=").decode() for one in parts), "AA"])
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"grant_type": "client_credentials", "client_assertion": signed, "client_assertion_type": kind}
    assert httpx.post(f"{stack.base_url}/oidc/token", data=form).status_code in (400, 401)
