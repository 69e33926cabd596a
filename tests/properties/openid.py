"""Valid requests at the endpoints of the OpenID Provider."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from tests.properties.cast import (
    ASSERTION,
    BACK,
    NEXT,
    OUT,
    RESOURCE,
    VERIFIER,
    Browser,
    Cast,
    Client,
    Endpoint,
    Recipe,
    asked,
    form,
    has,
    jwk,
    thumbprint,
)
from tests.properties.checks import Manners
from tests.properties.drafts import Draft, encoded, signed
from tests.properties.wire import Answered

MACHINE, BROWSER, PUBLIC = Manners("any"), Manners("any"), Manners("any", private=False)
DETAILS = [{"type": "toono_exchange", "services": ["GOV/state-registration/population/person"], "purpose": "identification"}]


def _post(path: str, values: dict[str, Any], **more: Any) -> Draft:
    return Draft("POST", path.split("/"), form=form(**values), **more)


def _by_secret(client: Client) -> dict[str, Any]:
    return {"headers": [["Authorization", client.basic()]], "secrets": [client.secret]}


def _by_key(cast: Cast, client: Client) -> dict[str, Any]:
    return {"client_assertion_type": ASSERTION, "client_assertion": cast.assertion(client)}


def _gives(*members: str) -> Callable[[Answered], bool]:
    return lambda answer: has(answer, *members)


# -- token -----------------------------------------------------------------------------------------------------------


def _code(cast: Cast) -> Draft:
    client, code = cast.full, cast.code(cast.full)
    values = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    draft = _post("oidc/token", values, **_by_secret(client), gained=_gives("access_token"))
    draft.secrets += [code, VERIFIER]
    draft.others = {"code": cast.kept("other code", lambda: cast.code(cast.other)), "secret": cast.other.secret}
    return draft


def _code_fapi(cast: Cast) -> Draft:
    client, code = cast.fapi, cast.code(cast.fapi, jkt=thumbprint(cast.device_key))
    values = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER} | _by_key(cast, client)
    draft = _post("oidc/token", values, headers=[["DPoP", cast.proof("/oidc/token")]], gained=_gives("access_token"), secrets=[code])
    draft.others = {"code": cast.kept("keyed code", lambda: cast.code(cast.keyed))}
    return draft


def _refresh(cast: Cast) -> Draft:
    value = cast.refresh(cast.full)
    values = {"grant_type": "refresh_token", "refresh_token": value, "scope": "openid register"}
    draft = _post("oidc/token", values, **_by_secret(cast.full), gained=_gives("access_token"))
    draft.secrets.append(value)
    draft.others = {"refresh_token": cast.kept("other refresh", lambda: cast.refresh(cast.other))}
    return draft


def _for_itself(cast: Cast) -> Draft:
    values = {"grant_type": "client_credentials", "scope": "api", "resource": RESOURCE} | _by_key(cast, cast.keyed)
    return _post("oidc/token", values, gained=_gives("access_token"))


def _in_detail(cast: Cast) -> Draft:
    values = {
        "grant_type": "client_credentials",
        "client_id": cast.full.id,
        "client_secret": cast.full.secret,
        "authorization_details": encoded(DETAILS, "json"),
    }
    return _post(
        "oidc/token", values, gained=_gives("access_token"), secrets=[cast.full.secret], others={"client_secret": cast.other.secret}
    )


def _device_code(cast: Cast) -> Draft:
    value = cast.approved(cast.full, "device")
    draft = _post(
        "oidc/token",
        {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": value},
        **_by_secret(cast.full),
        gained=_gives("access_token"),
    )
    draft.secrets.append(value)
    draft.others = {"device_code": cast.kept("other device", lambda: cast.approved(cast.other, "device"))}
    return draft


def _ciba_code(cast: Cast) -> Draft:
    value = cast.approved(cast.full, "ciba")
    draft = _post(
        "oidc/token",
        {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": value},
        **_by_secret(cast.full),
        gained=_gives("access_token"),
    )
    draft.secrets.append(value)
    draft.others = {"auth_req_id": cast.kept("other ciba", lambda: cast.approved(cast.other, "ciba"))}
    return draft


def _exchange(cast: Cast) -> Draft:
    value = cast.token(cast.full, audience=RESOURCE, resources=(RESOURCE,))
    values = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": value, "resource": NEXT, "scope": "api",
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    }  # fmt: skip
    draft = _post("oidc/token", values, **_by_secret(cast.next), gained=_gives("access_token"))
    draft.secrets.append(value)
    draft.others = {"subject_token": cast.kept("other subject", lambda: cast.token(cast.other, audience=RESOURCE, resources=(RESOURCE,)))}
    return draft


# -- the other endpoints for machines --------------------------------------------------------------------------------


def _pushed(cast: Cast) -> Draft:
    values = asked(
        claims=encoded(
            {"userinfo": {"given_name": None, "civil_id": {"essential": True}}, "id_token": {"acr": {"values": ["substantial"]}}}, "json"
        ),
        resource=RESOURCE,
    )
    return _post("oidc/par", values, **_by_secret(cast.full), gained=_gives("request_uri"))


def _pushed_fapi(cast: Cast) -> Draft:
    values = asked() | _by_key(cast, cast.fapi)
    return _post("oidc/par", values, headers=[["DPoP", cast.proof("/oidc/par")]], gained=_gives("request_uri"))


def _pushed_signed(cast: Cast) -> Draft:
    inner = asked(authorization_details=DETAILS, claims={"userinfo": {"given_name": {"essential": True}}})
    values = {"request": cast.request_object(cast.keyed, inner)} | _by_key(cast, cast.keyed)
    return _post("oidc/par", values, gained=_gives("request_uri"))


def _userinfo(cast: Cast) -> Draft:
    value = cast.kept("userinfo", lambda: cast.token(cast.full))
    return Draft("GET", ["oidc", "userinfo"], headers=[["Authorization", f"Bearer {value}"]], gained=_gives("sub"), secrets=[value])


def _userinfo_bound(cast: Cast) -> Draft:
    value = cast.kept("userinfo bound", lambda: cast.token(cast.full, jkt=thumbprint(cast.device_key)))
    proof = cast.proof("/oidc/userinfo", method="POST", token=value)
    return Draft(
        "POST",
        ["oidc", "userinfo"],
        form=[],
        headers=[["Authorization", f"DPoP {value}"], ["DPoP", proof]],
        gained=_gives("sub"),
        secrets=[value],
    )


def _userinfo_form(cast: Cast) -> Draft:
    value = cast.kept("userinfo", lambda: cast.token(cast.full))
    return _post("oidc/userinfo", {"access_token": value}, gained=_gives("sub"), secrets=[value])


def _is_active(answer: Answered) -> bool:
    return answer.status == 200 and (
        b'"active":true' in answer.body.replace(b" ", b"")
        or answer.header("Content-Type").startswith("application/token-introspection+jwt")
    )


def _introspect(cast: Cast) -> Draft:
    value = cast.kept("introspect", lambda: cast.token(cast.full))
    draft = _post("oidc/introspect", {"token": value, "token_type_hint": "access_token"}, **_by_secret(cast.full), gained=_is_active)
    draft.secrets.append(value)
    draft.others = {
        "token": cast.kept("introspect other", lambda: cast.token(cast.other)),
        "secret": cast.other.secret,
    }
    return draft


def _introspect_refresh(cast: Cast) -> Draft:
    value = cast.kept("introspect refresh", lambda: cast.refresh(cast.keyed))
    draft = _post("oidc/introspect", {"token": value} | _by_key(cast, cast.keyed), gained=_is_active, secrets=[value])
    draft.others = {"token": cast.kept("introspect other refresh", lambda: cast.refresh(cast.other))}
    return draft


def _introspect_signed(cast: Cast) -> Draft:
    draft = _introspect(cast)
    draft.headers.append(["Accept", "application/token-introspection+jwt"])
    draft.others = {}
    return draft


def _revoke(cast: Cast) -> Draft:
    value = cast.token(cast.full)
    draft = _post("oidc/revoke", {"token": value}, **_by_secret(cast.full))
    draft.secrets.append(value)
    draft.others = {"secret": cast.other.secret}
    return draft


def _revoke_refresh(cast: Cast) -> Draft:
    value = cast.refresh(cast.keyed)
    return _post("oidc/revoke", {"token": value, "token_type_hint": "refresh_token"} | _by_key(cast, cast.keyed), secrets=[value])


def _device(cast: Cast) -> Draft:
    values = {"scope": "openid register", "authorization_details": encoded(DETAILS, "json")}
    return _post(
        "oidc/device-authorization", values, **_by_secret(cast.full), gained=_gives("device_code"), others={"secret": cast.other.secret}
    )


def _ciba(cast: Cast) -> Draft:
    values = {"scope": "openid register", "login_hint": cast.bat.person.regnum, "binding_message": "ТАНЫ КОД 7", "requested_expiry": "60"}
    return _post(
        "oidc/backchannel-authentication",
        values,
        **_by_secret(cast.full),
        gained=_gives("auth_req_id"),
        others={"secret": cast.other.secret},
    )


def _ciba_hint(cast: Cast) -> Draft:
    values = {"scope": "openid", "id_token_hint": cast.id_token(cast.keyed, None)} | _by_key(cast, cast.keyed)
    return _post(
        "oidc/backchannel-authentication", values, gained=_gives("auth_req_id"), others={"id_token_hint": cast.id_token(cast.other)}
    )


# -- registration ----------------------------------------------------------------------------------------------------


def _statement(cast: Cast) -> str:
    import toono.identity.api as identity
    from toono.kernel.actor import system

    bounds = {
        "grant_types": ["authorization_code", "refresh_token"], "scope": "openid register offline_access", "redirect_hosts": ["agency.example"], "resources": [RESOURCE],
        "authorization_details_types": ["toono_exchange"],
    }  # fmt: skip
    return identity.software_statement(actor=system("tests"), software_id=f"soft-{uuid4().hex[:8]}", client_name="Програм", bounds=bounds)


def _register(cast: Cast) -> Draft:
    document = {
        "software_statement": _statement(cast), "redirect_uris": [BACK], "grant_types": ["authorization_code", "refresh_token"], "scope": "openid register",
        "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [jwk(cast.device_key, kid="k", use="sig")]}, "post_logout_redirect_uris": [OUT],
        "subject_type": "pairwise", "userinfo_signed_response_alg": "ES256", "dpop_bound_access_tokens": True, "client_name#en": "Program", "resources": [RESOURCE],
    }  # fmt: skip
    del document["client_name#en"]
    return Draft("POST", ["oidc", "register"], document=document, gained=_gives("registration_access_token"))


def _register_forged(cast: Cast) -> Draft:
    """The statement is signed by a stranger: whatever is done to it, nothing is registered."""
    claims = {
        "iss": cast.base,
        "exp": 4_000_000_000,
        "jti": "x",
        "software_id": "x",
        "client_name": "x",
        "redirect_hosts": ["agency.example"],
        "scope": "openid",
    }
    statement = signed({"alg": "ES256", "typ": "software-statement+jwt"}, claims, cast.device_key)
    draft = Draft("POST", ["oidc", "register"], document={"software_statement": statement, "redirect_uris": [BACK]}, valid=False)
    statement.spoil, statement.home = "foreign", "software_statement"
    return draft


def _managed(cast: Cast) -> Draft:
    from toono.identity.models import Client as Row
    from toono.identity.operations.secrets import digest

    def make() -> tuple[str, str]:
        name, token = f"own-{uuid4().hex[:10]}", secrets.token_urlsafe(32)
        Row.objects.create(
            client_id=name,
            name_mn="x",
            name_en="x",
            metadata={"client_name": "x", "redirect_uris": [BACK]},
            registration_digest=digest(token),
        )
        return name, token

    (name, token), (other, _) = make(), cast.kept("managed", make)
    draft = Draft(
        "GET" if int(uuid4()) % 2 else "DELETE", ["oidc", "register", name], headers=[["Authorization", f"Bearer {token}"]], secrets=[token]
    )
    draft.others = {"path[2]": other}
    return draft


# -- browsers --------------------------------------------------------------------------------------------------------


def _gets_code(answer: Answered) -> bool:
    place = urlsplit(answer.header("Location"))
    return answer.status == 303 and ("code=" in place.query or "response=" in place.query) and place.netloc == "agency.example"


def _authorize(cast: Cast) -> Draft:
    values = {"client_id": cast.full.id} | asked(
        claims=encoded({"userinfo": {"given_name": None}}, "json"),
        max_age="3600",
        resource=RESOURCE,
        authorization_details=encoded(DETAILS, "json"),
    )
    return Draft(
        "GET",
        ["oidc", "authorize"],
        query=form(**values),
        cookies=cast.sarnai.cookies(),
        gained=_gets_code,
        others={"redirect_uri": "https://evil.example/back"},
    )


def _authorize_signed(cast: Cast) -> Draft:
    request = cast.request_object(
        cast.keyed,
        asked(response_mode="jwt", claims={"id_token": {"auth_time": {"essential": True}}}, max_age=3600, authorization_details=DETAILS),
    )
    return Draft(
        "GET", ["oidc", "authorize"], query=form(client_id=cast.keyed.id, request=request), cookies=cast.sarnai.cookies(), gained=_gets_code
    )


def _authorize_pushed(cast: Cast) -> Draft:
    uri = cast.pushed(cast.fapi, asked(client_id=cast.fapi.id))
    draft = Draft(
        "GET", ["oidc", "authorize"], query=form(client_id=cast.fapi.id, request_uri=uri), cookies=cast.sarnai.cookies(), gained=_gets_code
    )
    draft.others = {
        "request_uri": cast.kept("other pushed", lambda: cast.pushed(cast.full, asked(client_id=cast.full.id))),
        "client_id": cast.keyed.id,
    }
    return draft


def _authorize_stranger(cast: Cast) -> Draft:
    """Nobody is signed in, or must agree first: a page follows."""
    values = {"client_id": cast.stranger.id} | asked(
        login_hint="УБ95010112", ui_locales="en mn", acr_values="substantial", response_mode="form_post", prompt="consent"
    )
    cookies = cast.sarnai.cookies() if int(uuid4()) % 2 else []
    return Draft("GET", ["oidc", "authorize"], query=form(**values), cookies=cookies, gained=lambda answer: answer.status == 303)


def _authorize_posted(cast: Cast) -> Draft:
    return _post(
        "oidc/authorize", {"client_id": cast.full.id} | asked(response_mode="form_post"), gained=lambda answer: answer.status == 303
    )


def _authorize_hinted(cast: Cast) -> Draft:
    values = {"client_id": cast.full.id} | asked(id_token_hint=cast.id_token(cast.full), prompt="none", response_mode="form_post.jwt")
    draft = Draft("GET", ["oidc", "authorize"], query=form(**values), cookies=cast.sarnai.cookies())
    draft.gained = lambda answer: answer.status == 200 and b'name="response"' in answer.body
    return draft


def _leaves(cast: Cast, browser: Browser) -> Draft:
    values = {"id_token_hint": cast.id_token(cast.full, browser), "post_logout_redirect_uri": OUT, "state": "s", "client_id": cast.full.id}
    return Draft(
        "GET",
        ["oidc", "end-session"],
        query=form(**values),
        cookies=browser.cookies(),
        gained=lambda answer: answer.header("Location").startswith(OUT),
    )


def _end_session(cast: Cast) -> Draft:
    return _leaves(cast, cast.browser(cast.sarnai.person))


def _end_session_unasked(cast: Cast) -> Draft:
    """Without a hint the person is asked, so no site signs anybody out."""
    draft = _leaves(cast, cast.sarnai)
    draft.query = form(client_id=cast.full.id, post_logout_redirect_uri=OUT)
    draft.gained = lambda answer: answer.status == 200
    return draft


def _end_session_posted(cast: Cast) -> Draft:
    draft = _leaves(cast, cast.sarnai)
    return Draft("POST", ["oidc", "end-session"], form=draft.query, gained=lambda answer: answer.status == 303)


def _public(*path: str) -> Recipe:
    return lambda _: Draft("GET", list(path))


def _notice(cast: Cast) -> Draft:
    """The worker's: a delivery under way, with its proof."""
    from toono.identity.models import LogoutDelivery
    from toono.identity.operations.logouts import proof
    from toono.kernel.clock import now

    def make() -> UUID:
        return LogoutDelivery.objects.create(
            client_id=cast.full.id, person_id=cast.sarnai.person.id, session_id=uuid4(), created_at=now()
        ).id

    one, other = cast.kept("notice", make), cast.kept("other notice", make)
    draft = Draft(
        "POST",
        ["oidc", "inner", "logout-notice", str(one)],
        form=[],
        headers=[["Authorization", f"Bearer {proof(one)}"]],
        secrets=[proof(one)],
    )
    draft.others = {"Authorization": f"Bearer {proof(other)}"}
    return draft


ENDPOINTS = (
    Endpoint("oidc/token", MACHINE, (_code, _code_fapi, _refresh, _for_itself, _in_detail, _device_code, _ciba_code, _exchange)),
    Endpoint("oidc/par", MACHINE, (_pushed, _pushed_fapi, _pushed_signed)),
    Endpoint("oidc/userinfo", MACHINE, (_userinfo, _userinfo_bound, _userinfo_form)),
    Endpoint("oidc/introspect", MACHINE, (_introspect, _introspect_refresh, _introspect_signed)),
    Endpoint("oidc/revoke", MACHINE, (_revoke, _revoke_refresh)),
    Endpoint("oidc/device-authorization", MACHINE, (_device,)),
    Endpoint("oidc/backchannel-authentication", MACHINE, (_ciba, _ciba_hint)),
    Endpoint("oidc/register", MACHINE, (_register, _register_forged)),
    Endpoint("oidc/register/…", MACHINE, (_managed,)),
    Endpoint("oidc/inner/logout-notice", MACHINE, (_notice,)),
    Endpoint("oidc/jwks", PUBLIC, (_public("oidc", "jwks"),)),
    Endpoint(".well-known", PUBLIC, (_public(".well-known", "openid-configuration"), _public(".well-known", "oauth-authorization-server"))),
    Endpoint(
        "oidc/authorize",
        BROWSER,
        (_authorize, _authorize_signed, _authorize_pushed, _authorize_stranger, _authorize_posted, _authorize_hinted),
    ),
    Endpoint("oidc/end-session", BROWSER, (_end_session, _end_session_unasked, _end_session_posted)),
)
