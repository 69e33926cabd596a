"""Forms and lists of identity's console, as the browsers of an administrator and of support send them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from tests.properties.cast import Browser, Cast, Endpoint
from tests.properties.drafts import Draft
from tests.properties.pages import PAGE, _form
from tests.properties.wire import Answered

HOST = "agency.example"


def _went_well(answer: Answered) -> bool:
    """A page, or the way to the next one; not to where one signs in."""
    return answer.status == 200 or (answer.status == 302 and not answer.header("Location").startswith("/sign-in"))


_TABLES = ("client", "clientchange", "appointment", "softwarestatement", "supportact", "phonechange", "trialrun", "person")
"""What the console writes. Looks are left out: one that finds nobody is kept on purpose."""


def _written() -> tuple[Any, ...]:
    """How many rows there are, and which transaction wrote last to each table; changes with every row that is written or removed."""
    from django.db import connection

    counts = ", ".join(f"(SELECT (count(*), max(xmin::text::bigint))::text FROM identity_{table})" for table in _TABLES)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}")
        return tuple(cursor.fetchone())


def _staff(cast: Cast, role: str, which: int, organisation: str = "") -> Browser:
    """Somebody with this one right beside their own affairs."""

    def make() -> Browser:
        from toono.identity import models
        from toono.kernel.clock import now

        person = cast.person(cast.persons[which]["regnum"])
        models.Appointment.objects.get_or_create(
            person_id=person.id, role=role, organisation=organisation, ended_at=None, defaults={"appointed_at": now()}
        )
        return cast.browser(person)

    return cast.kept(f"browser of {role} {which}", make, seconds=10_000)  # type: ignore[no-any-return]


def _administrator(cast: Cast) -> Browser:
    return _staff(cast, "administrator", 2)


def _support(cast: Cast) -> Browser:
    return _staff(cast, "support", 3)


def _actor(browser: Browser, role: str, organisation: str | None = None) -> Any:
    from toono.kernel.actor import Actor, Role

    return Actor(role=Role(role), person_id=browser.person.id, session_id=str(browser.row.id), organisation=organisation)


def _organisation(cast: Cast) -> str:
    """One without people of its own, so that the platform keeps its secrets."""
    import toono.registry.api as registry

    return str(cast.kept("an organisation", lambda: registry.organisations()[-1].code, seconds=10_000))


def _sent(
    cast: Cast, path: str, values: dict[str, Any], *, query: dict[str, str] | None = None, by: Any = _administrator, **more: Any
) -> Draft:
    draft = _form(path, values, by(cast).cookies(), gained=_went_well, kept=_written, **more)
    draft.query = [[name, value] for name, value in (query or {}).items()]
    return draft


def _list(path: str, by: Any = _administrator, **query: str) -> Any:
    def recipe(cast: Cast) -> Draft:
        return Draft(
            "GET",
            path.split("/"),
            query=[[name, value] for name, value in query.items()],
            cookies=by(cast).cookies(),
            gained=_went_well,
            kept=_written,
        )

    return recipe


# -- systems -----------------------------------------------------------------------------------------------------------

WEB = {
    "client_name": "Цаг захиалга", "client_name_en": "Booking", "redirect_uris": f"https://{HOST}/cb", "post_logout_redirect_uris": f"https://{HOST}/out",
    "token_endpoint_auth_method": "client_secret_basic", "scope": "offline_access", "guards": "pairwise",
}  # fmt: skip
MORE: dict[str, Any] = {
    "guards": "par", "scope": "register", "grants": "urn:openid:params:grant-type:ciba", "backchannel_token_delivery_mode": "ping",
    "backchannel_client_notification_endpoint": f"https://{HOST}/ping", "backchannel_logout_uri": f"https://{HOST}/logout", "resources": f"https://{HOST}/api",
    "authorization_details_types": "toono_exchange", "signing": "service", "jwks_uri": f"https://{HOST}/keys", "id_token_encrypted_response_alg": "ECDH-ES",
    "id_token_encrypted_response_enc": "A128GCM", "userinfo_encrypted_response_alg": "RSA-OAEP-256",
}  # fmt: skip


def _new(kind: str, stage: str, values: dict[str, Any]) -> Any:
    def recipe(cast: Cast) -> Draft:
        query = {"kind": kind, "stage": stage, "organisation": _organisation(cast)}
        return _sent(cast, "identity/systems/new", {"form_id": str(uuid4())} | values, query=query)

    return recipe


def _system(cast: Cast) -> tuple[str, int]:
    """A client for trials of some organisation, and its version; a fresh one."""
    import toono.identity.api as identity
    from toono.identity.contracts import PartyKind, PartyStage

    metadata = {
        "client_name": "Цаг", "client_name#en": "Hours", "redirect_uris": [f"https://{HOST}/cb"], "scope": "openid", "subject_type": "pairwise",
        "token_endpoint_auth_method": "client_secret_basic", "grant_types": ["authorization_code"],
    }  # fmt: skip
    made = identity.register_party(
        actor=_actor(_administrator(cast), "administrator"), form_id=uuid4(), organisation=_organisation(cast), kind=PartyKind.WEB, stage=PartyStage.TEST, metadata=metadata
    )  # fmt: skip
    return made.client_id, identity.party(actor=_actor(_administrator(cast), "administrator"), client_id=made.client_id).version


def _change(cast: Cast) -> Draft:
    client_id, version = _system(cast)
    return _sent(cast, f"identity/systems/change/{client_id}", WEB | {"version": str(version), "client_name": "Өөр нэр"})


def _act(path: str, *, valid: bool = True, **values: str) -> Any:
    return lambda cast: _sent(cast, f"identity/systems/{path}/{_system(cast)[0]}", values, valid=valid)


def _decided(cast: Cast) -> Draft:
    """A wish of a representative, which an administrator looks at."""
    from toono.identity import models
    from toono.kernel.clock import now

    row = models.ClientChange.objects.create(
        id=uuid4(), client_id=f"wish-{uuid4().hex[:10]}", organisation=_organisation(cast), kind="register", stage="production", state="waiting",
        drafted_by=cast.sarnai.person.id, drafted_role="representative", drafted_at=now(), after={
            "client_name": "Хүсэлт", "redirect_uris": [f"https://{HOST}/cb"], "scope": "openid", "token_endpoint_auth_method": "client_secret_basic",
        },
    )  # fmt: skip
    return _sent(cast, f"identity/systems/changes/{row.id}", {"do": "approve", "reason": "Зөв"})


# -- statements and appointments ---------------------------------------------------------------------------------------


def _statement(cast: Cast) -> Draft:
    values = {
        "organisation": _organisation(cast), "client_name": "Өөрөө бүртгүүлэх", "grants": "authorization_code", "scopes": "register", "hosts": HOST,
        "resources": f"https://{HOST}/api", "details": "toono_exchange", "signing": "credential",
    }  # fmt: skip
    return _sent(cast, "identity/systems/statements", values)


def _taken_back(cast: Cast) -> Draft:
    import toono.identity.api as identity

    actor = _actor(_administrator(cast), "administrator")
    bounds = {"grant_types": ["client_credentials"], "scope": "openid", "redirect_hosts": []}
    identity.issue_party_statement(actor=actor, organisation=_organisation(cast), client_name="Буцаах", bounds=bounds)
    [entry] = identity.party_statements(actor=actor, limit=1, offset=0).entries
    return _sent(cast, "identity/systems/statements", {"do": "take_back", "statement": entry.identifier, "reason": "Алдаа"})


def _appointed(cast: Cast) -> Draft:
    values = {"do": "appoint", "regnum": cast.bat.person.regnum, "role": "officer", "organisation": _organisation(cast)}
    return _sent(cast, "admin/identity/appointments", values)


def _ended(cast: Cast) -> Draft:
    values = {"do": "end", "person": str(cast.bat.person.id), "role": "officer", "organisation": _organisation(cast)}
    return _sent(cast, "admin/identity/appointments", values)


# -- support -----------------------------------------------------------------------------------------------------------


def _forget_looks() -> None:
    """Looks are counted, so that nobody tries numbers; each example has a count of its own."""
    from datetime import timedelta

    from django.db.models import F

    from toono.identity import models

    models.SupportLook.objects.update(at=F("at") - timedelta(days=2))


def _looked_for(cast: Cast) -> Draft:
    _forget_looks()
    return _sent(cast, "admin/identity/support", {"regnum": cast.bat.person.regnum, "phone": "", "reason": "Хүсэлт 17"}, by=_support)


def _look(cast: Cast) -> UUID:
    import toono.identity.api as identity

    _forget_looks()
    return identity.look_at_account(
        actor=_actor(_support(cast), "support"), regnum=cast.bat.person.regnum, phone="", reason="Хүсэлт 17"
    ).look_id


def _second(cast: Cast) -> Browser:
    return _staff(cast, "support", 5)


def _their_look(cast: Cast) -> str:
    """By which another supporter has Сарнай's account open."""

    def make() -> str:
        import toono.identity.api as identity

        found = identity.look_at_account(
            actor=_actor(_second(cast), "support"), regnum=cast.sarnai.person.regnum, phone="", reason="Хүсэлт 18"
        )
        return str(found.look_id)

    return str(cast.kept("another's look", make))


def _guarded(cast: Cast, draft: Draft) -> Draft:
    """Сарнай's account is not the one that is open."""
    from toono.identity import models

    sarnai = cast.sarnai.person
    draft.unseen = [f"{sarnai.patronymic} {sarnai.given_name}", sarnai.regnum]
    draft.theirs = lambda: (
        models.Session.objects.filter(person_id=sarnai.id, ended_at=None).count(), models.PhoneChange.objects.filter(person_id=sarnai.id).count(),
        models.Person.objects.values_list("phone", "given_phone").get(id=sarnai.id),
    )  # fmt: skip
    draft.others |= {"path[3]": _their_look(cast)}
    return draft


def _helped(**values: str) -> Any:
    def recipe(cast: Cast) -> Draft:
        _no_wish(cast)
        sent = dict(values)
        if values["do"] == "end_sessions" and "session" in values:
            sent["session"] = str(cast.browser(cast.bat.person).row.id)
        draft = _sent(cast, f"admin/identity/support/{_look(cast)}/act", sent, by=_support)
        draft.gained = lambda answer: answer.status == 200 or answer.header("Location").startswith("/admin/identity/support/")
        if "session" in sent:
            draft.others["session"] = str(cast.kept("Сарнай's other session", lambda: cast.browser(cast.sarnai.person)).row.id)
            draft.gained = lambda _: False  # an unknown session is answered like one that is over; ``theirs`` tells whether it ended
            draft.valid = False
        return _guarded(cast, draft)

    return recipe


def _account(cast: Cast) -> Draft:
    draft = Draft(
        "GET",
        f"admin/identity/support/{_look(cast)}".split("/"),
        cookies=_support(cast).cookies(),
        gained=lambda answer: answer.status == 200,
        kept=_written,
    )
    return _guarded(cast, draft)


def _no_wish(cast: Cast) -> None:
    """One wish for a number may wait for a person."""
    from toono.identity import models

    models.PhoneChange.objects.filter(person_id=cast.bat.person.id, state="waiting").update(state="lapsed")


def _wish(cast: Cast, browser: Browser) -> str:
    import toono.identity.api as identity
    from toono.identity import models

    _no_wish(cast)
    _forget_looks()
    actor = _actor(browser, "support")
    look = identity.look_at_account(actor=actor, regnum=cast.bat.person.regnum, phone="", reason="Хүсэлт 19").look_id
    identity.ask_phone_change(actor=actor, look_id=look, phone=f"99{int(uuid4()) % 10**6:06d}", evidence="Иргэний үнэмлэх")
    return str(models.PhoneChange.objects.get(person_id=cast.bat.person.id, state="waiting").id)


def _decides(do: str) -> Any:
    return lambda cast: _sent(cast, "admin/identity/phones", {"change": _wish(cast, _second(cast)), "do": do}, by=_support)


def _decides_own(cast: Cast) -> Draft:
    """Who wished for it approves it never, whatever else the request says."""
    draft = _sent(cast, "admin/identity/phones", {"change": _wish(cast, _support(cast)), "do": "approve"}, by=_support, valid=False)
    draft.theirs = lambda: _phone_of(cast)
    return draft


def _phone_of(cast: Cast) -> str:
    from toono.identity import models

    return str(models.Person.objects.values_list("phone", flat=True).get(id=cast.bat.person.id))


def _assigned(cast: Cast) -> Draft:
    """A system that registered itself."""
    from toono.identity import models
    from toono.kernel.clock import now

    name = f"own-{uuid4().hex[:10]}"
    models.Client.objects.create(
        client_id=name,
        name_mn="x",
        name_en="x",
        metadata={"client_name": "x", "redirect_uris": [f"https://{HOST}/cb"]},
        registered_at=now(),
    )
    return _sent(cast, f"identity/systems/assign/{name}", {"organisation": _organisation(cast)})


ENDPOINTS = (
    Endpoint("identity/systems", PAGE, (_list("identity/systems", text="Цаг", page="1"), _list("identity/systems/figures", days="30"))),
    Endpoint("identity/systems/choose", PAGE, (_list("identity/systems/choose", organisation="x", kind="web", stage="test"),)),
    Endpoint("identity/systems/failures", PAGE, (_list("identity/systems/failures", days="7"),)),
    Endpoint(
        "identity/systems/new", PAGE,
        (
            _new("web", "test", WEB), _new("web", "production", WEB | MORE), _new("native", "production", WEB | {"redirect_uris": "http://127.0.0.1/cb"}),
            _new("machine", "production", WEB | {"resources": f"https://{HOST}/api"}), _new("dan", "production", WEB | {"operations": "WS100101_getCitizenIDCardInfo"}),
        ),
    ),
    Endpoint("identity/systems/change/…", PAGE, (_change,)),
    Endpoint("identity/systems/changes/…", PAGE, (_decided,)),
    Endpoint(
        "identity/systems/secret/…", PAGE,
        (_act("secret"), _act("secret-end"), _act("deactivate", reason="Шалтгаан"), _act("reactivate"), _assigned),
    ),
    Endpoint("identity/systems/statements", PAGE, (_statement, _taken_back, _list("identity/systems/statements", page="1"))),
    Endpoint("admin/identity/appointments", PAGE, (_appointed, _ended, _list("admin/identity/appointments", text="Бат", page="1"))),
    Endpoint("admin/identity/support", PAGE, (_looked_for, _list("admin/identity/support", by=_support))),
    Endpoint(
        "admin/identity/support/…", PAGE,
        (
            _account, _helped(do="unlock"), _helped(do="end_sessions"), _helped(do="end_sessions", session=""),
            _helped(do="phone", phone="99112233", evidence="Иргэний үнэмлэх"),
        ),
    ),
    Endpoint("admin/identity/phones", PAGE, (_decides("approve"), _decides("refuse"), _decides_own, _list("admin/identity/phones", by=_support))),
    Endpoint("identity/looks", PAGE, (_list("identity/looks", by=lambda cast: cast.sarnai),)),
)  # fmt: skip
