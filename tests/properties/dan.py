"""Valid requests at the endpoints in the manner of ДАН."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.properties.cast import BACK, CHALLENGE, OPERATION, VERIFIER, WSDL, Cast, Endpoint, form, has
from tests.properties.checks import Manners
from tests.properties.drafts import Draft, encoded

SCOPE = [{"services": [OPERATION], "wsdl": WSDL, "params": {OPERATION: {"x": "y"}}}]
DETAIL = {"type": "dan", "agreed": [OPERATION], "organisation": "", "entries": [{"services": [OPERATION], "wsdl": WSDL, "params": {}}]}
REFUSED = {
    "type": "dan",
    "agreed": [],
    "organisation": "",
    "entries": [{"services": [OPERATION, "WS100103_getCitizenAddressInfo"], "wsdl": WSDL, "params": {}}] * 3,
}


def _authorize(cast: Cast) -> Draft:
    values: dict[str, Any] = {
        "response_type": "code",
        "client_id": cast.dan.id,
        "redirect_uri": BACK,
        "scope": encoded(SCOPE, "base64"),
        "state": "s",
    }
    if int(uuid4()) % 2:
        values |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256", "login_type": "ORG"}
    draft = Draft("GET", [["oauth2", "authorize"], ["login"]][int(uuid4()) % 2], query=form(**values))
    draft.gained = lambda answer: answer.status == 303 and answer.header("Location").startswith("/identity/sign-in")
    draft.others = {"redirect_uri": "https://evil.example/back"}
    return draft


def _token(cast: Cast) -> Draft:
    code = cast.code(cast.dan, challenge="", scope="dan", authorization_details=(DETAIL,), offline=False)
    values = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": cast.dan.id,
        "client_secret": cast.dan.secret,
        "redirect_uri": BACK,
    }
    draft = Draft(
        "POST", ["oauth2", "token"], form=form(**values), gained=lambda answer: has(answer, "access_token"), secrets=[code, cast.dan.secret]
    )
    draft.others = {
        "code": cast.kept("other dan", lambda: cast.code(cast.dan_other, challenge="", scope="dan", authorization_details=(DETAIL,))),
        "client_secret": cast.dan_other.secret,
    }
    return draft


def _token_multipart(cast: Cast) -> Draft:
    draft = _token(cast)
    draft.multipart = True
    return draft


def _token_query(cast: Cast) -> Draft:
    draft = _token(cast)
    draft.query, draft.form = draft.form or [], None
    if int(uuid4()) % 2:
        draft.document = {}
    return draft


def _token_json(cast: Cast) -> Draft:
    draft = _token(cast)
    draft.document, draft.form = dict(draft.form or []), None
    return draft


def _token_basic(cast: Cast) -> Draft:
    """With the secret in the header, and PKCE."""
    code = cast.code(cast.dan, scope="dan", authorization_details=(DETAIL,), offline=False)
    values = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    return Draft(
        "POST", ["oauth2", "token"], form=form(**values), headers=[["Authorization", cast.dan.basic()]], secrets=[code, cast.dan.secret],
        gained=lambda answer: has(answer, "access_token"), others={"secret": cast.dan_other.secret},
    )  # fmt: skip


def _data(cast: Cast, detail: dict[str, Any], name: str) -> Draft:
    token = cast.kept(
        name,
        lambda: cast.token(
            cast.dan, audience=f"{cast.base}/oauth2/api/v1/service", scope="dan", authorization_details=(detail,), offline=False
        ),
    )
    other = cast.kept("a token of another kind", lambda: cast.token(cast.full))
    draft = Draft(
        "GET" if int(uuid4()) % 2 else "POST",
        ["oauth2", "api", "v1", "service"],
        headers=[["Authorization", f"Bearer {token}"]],
        secrets=[token],
    )
    draft.others = {"Authorization": f"Bearer {other}"}
    return draft


def _service(cast: Cast) -> Draft:
    return _data(cast, DETAIL, "dan data")


def _service_refused(cast: Cast) -> Draft:
    """Everything was unticked: no register is read."""
    return _data(cast, REFUSED, "dan nothing")


ENDPOINTS = (
    Endpoint("oauth2/authorize", Manners("any"), (_authorize,)),
    Endpoint("oauth2/token", Manners("any"), (_token, _token_multipart, _token_query, _token_json, _token_basic)),
    Endpoint("oauth2/api/v1/service", Manners("any"), (_service_refused, _service_refused, _service_refused, _service)),
)
