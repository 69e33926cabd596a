"""Forms of the pages of signing in, as a browser sends them."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID, uuid4

from tests.properties.cast import OUT, Browser, Cast, Endpoint, asked, form
from tests.properties.checks import Manners
from tests.properties.drafts import Draft
from tests.properties.wire import Answered

PAGE = Manners("page")
SECRET = "abcdefghijklmnopqrstuvwxyzABCDEF"
"""Of the cookie against forged forms; Django takes it unmasked as well."""


def _form(path: str, values: dict[str, Any], cookies: list[list[Any]], flow: UUID | None = None, **more: Any) -> Draft:
    draft = Draft(
        "POST", path.split("/"), form=form(csrfmiddlewaretoken=SECRET, **values), query=[["flow", str(flow)]] if flow else [],
        cookies=[["toono_csrf", SECRET], *cookies], **more,
    )  # fmt: skip
    draft.others = {"csrfmiddlewaretoken": SECRET[::-1]} | draft.others
    return draft


def _flow(cast: Cast, *, browser: Browser | None = None, agreed: bool | None = None, kind: str = "oidc") -> tuple[UUID, str]:
    """A request that waits for its person, and the mark of its browser; with a ``browser`` signed in, with items to agree to."""
    from urllib.parse import urlencode

    from toono.identity.models import Flow
    from toono.identity.operations.sign_in import new_flow

    mark = secrets.token_urlsafe(32)
    query = urlencode({"client_id": cast.stranger.id} | asked())
    flow = new_flow(browser=mark, client_id=cast.stranger.id, query=query, kind=kind)
    if browser is not None:
        items = [{"code": "scope:openid", "essential": True, "detail": {}}, {"code": "claim:given_name", "essential": False, "detail": {}}]
        Flow.objects.filter(id=flow).update(session=browser.row.id, items=items, agreed=["claim:given_name"] if agreed else None)
    return flow, mark


def _to(place: str) -> Any:
    return lambda answer: answer.status == 303 and place in answer.header("Location")


def _shown(answer: Answered) -> bool:
    return answer.status == 200


def _number() -> str:
    """A register number that is in form and, most likely, nobody's."""
    return f"УЯ{20 + secrets.randbelow(70):02d}0{1 + secrets.randbelow(9)}{10 + secrets.randbelow(18)}{secrets.randbelow(100):02d}"


def _sign_in(cast: Cast) -> Draft:
    flow, mark = _flow(cast)
    other, _ = cast.kept("another browser's flow", lambda: _flow(cast))
    return _form(
        "identity/sign-in",
        {"regnum": _number()},
        [["identity_browser", mark]],
        flow,
        others={"flow": str(other)},
        gained=lambda answer: _to("/identity/code")(answer) or answer.status == 429,
    )


def _challenge(cast: Cast, flow: UUID) -> tuple[str, Any]:
    """A code that was drawn for Сарнай in this flow."""
    from toono.identity.models import Challenge
    from toono.identity.operations.secrets import keyed_digest
    from toono.identity.operations.sign_in import _code_digest
    from toono.kernel.clock import now

    number = cast.sarnai.person.regnum
    key = keyed_digest("regnum", f"{number}{uuid4().hex}")
    row = Challenge.objects.create(
        flow_id=flow,
        regnum=number,
        guard_key=key,
        language="mn",
        created_at=now(),
        prepared_at=now(),
        person_id=cast.sarnai.person.id,
        drawn_at=now(),
    )
    code = f"{secrets.randbelow(1_000_000):06d}"
    Challenge.objects.filter(id=row.id).update(code_digest=_code_digest(row.id, code))
    return code, row


def _code(cast: Cast) -> Draft:
    flow, mark = _flow(cast)
    code, _ = _challenge(cast, flow)
    gained = _to(f"/oidc/authorize/{flow}")
    others = {"identity_browser": secrets.token_urlsafe(32), "code": f"{(int(code) + 1) % 1_000_000:06d}"}
    return _form("identity/code", {"code": code}, [["identity_browser", mark]], flow, gained=gained, secrets=[code], others=others)


def _new_code(cast: Cast) -> Draft:
    from toono.identity.models import Challenge
    from toono.kernel.clock import now

    flow, mark = _flow(cast)
    Challenge.objects.create(flow_id=flow, regnum=_number(), guard_key=uuid4().hex, language="mn", created_at=now())
    gained = lambda answer: _to("/identity/code")(answer) or answer.status == 429  # noqa: E731
    return _form("identity/new-code", {}, [["identity_browser", mark]], flow, gained=gained)


def _read(path: str, *, signed_in: bool = False) -> Any:
    def recipe(cast: Cast) -> Draft:
        flow, mark = _flow(cast, browser=cast.sarnai if signed_in else None)
        cookies = [["identity_browser", mark], *(cast.sarnai.cookies() if signed_in else [])]
        return Draft(
            "GET", path.split("/"), query=[["flow", str(flow)]], cookies=cookies, gained=lambda answer: answer.status in (200, 303)
        )

    return recipe


def _consent(cast: Cast) -> Draft:
    flow, mark = _flow(cast, browser=cast.sarnai)
    other, _ = cast.kept("another browser's consent", lambda: _flow(cast, browser=cast.bat))
    values = {"do": "agree", "item": "claim:given_name"}
    cookies = [["identity_browser", mark], *cast.sarnai.cookies()]
    return _form(
        "identity/consent",
        values,
        cookies,
        flow,
        gained=_to("/oidc/authorize/"),
        others={"flow": str(other), "identity_session": cast.bat.token},
    )


def _resume(cast: Cast) -> Draft:
    flow, mark = _flow(cast, browser=cast.sarnai, agreed=True)
    cookies = [["identity_browser", mark], *cast.sarnai.cookies()]
    draft = Draft("GET", ["oidc", "authorize", str(flow)], cookies=cookies, gained=lambda answer: "code=" in answer.header("Location"))
    draft.others = {"identity_session": cast.bat.token, "identity_browser": secrets.token_urlsafe(32)}
    return draft


def _sessions(cast: Cast) -> Draft:
    own, others = cast.browser(cast.sarnai.person), cast.kept("Bat's session", lambda: cast.browser(cast.bat.person))
    return _form(
        "identity/sessions",
        {"session": str(own.row.id)},
        cast.sarnai.cookies(),
        gained=_to("/identity/sessions"),
        others={"session": str(others.row.id)},
    )


def _device(cast: Cast) -> Draft:
    """Wrong codes are counted for the person, so each example has a person's own count."""
    from toono.identity.models import AddressCount, Approval

    AddressCount.objects.filter(kind="user_code").delete()
    value = cast.approved(cast.full, "device")
    from toono.identity.domain.oidc.device_grant import ALPHABET
    from toono.identity.operations.secrets import digest

    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    Approval.objects.filter(digest=digest(value)).update(state="pending", user_code=letters, grant_id=None)
    return _form(
        "identity/device",
        {"user_code": f"{letters[:4]}-{letters[4:]}"},
        cast.sarnai.cookies(),
        gained=lambda answer: b'name="approval"' in answer.body,
    )


def _decide(cast: Cast) -> Draft:
    from toono.identity.models import Approval
    from toono.identity.operations.secrets import digest

    def pending(client: Any) -> Any:
        value = cast.approved(client, "ciba")
        Approval.objects.filter(digest=digest(value)).update(state="pending", grant_id=None)
        return Approval.objects.get(digest=digest(value))

    row = pending(cast.full)
    theirs = cast.kept("Bat's approval", lambda: pending(cast.full))
    Approval.objects.filter(id=theirs.id).update(person_id=cast.bat.person.id)
    draft = _form("identity/requests/decide", {"approval": str(row.id), "do": "agree"}, cast.sarnai.cookies(), gained=_shown)
    draft.others |= {"approval": str(theirs.id)}
    return draft


def _connections(cast: Cast) -> Draft:
    return _form("identity/connections", {"client": cast.stranger.id}, cast.sarnai.cookies(), gained=_to("/identity/connections"))


def _confirm(cast: Cast) -> Draft:
    from urllib.parse import urlencode

    browser = cast.browser(cast.sarnai.person)
    query = urlencode({"client_id": cast.full.id, "post_logout_redirect_uri": OUT, "state": "s"})
    return _form("oidc/end-session/confirm", {"query": query}, browser.cookies(), gained=_to(OUT))


ENDPOINTS = (
    Endpoint("identity/sign-in", PAGE, (_sign_in, _read("identity/sign-in"))),
    Endpoint("identity/code", PAGE, (_code, _read("identity/code"))),
    Endpoint("identity/new-code", PAGE, (_new_code, _read("identity/new-code"))),
    Endpoint("identity/consent", PAGE, (_consent, _read("identity/consent", signed_in=True))),
    Endpoint("oidc/authorize/…", Manners("any"), (_resume,)),
    Endpoint("identity/sessions", PAGE, (_sessions,)),
    Endpoint("identity/device", PAGE, (_device,)),
    Endpoint("identity/requests/decide", PAGE, (_decide,)),
    Endpoint("identity/connections", PAGE, (_connections,)),
    Endpoint("oidc/end-session/confirm", Manners("any"), (_confirm,)),
)
