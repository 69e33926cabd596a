"""The console of a representative: the systems of their own organisation, and none of another's."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from tests.properties.cast import Browser, Cast, Endpoint
from tests.properties.console import HOST, MORE, WEB, _actor, _sent, _staff, _went_well, _written
from tests.properties.drafts import Draft
from tests.properties.pages import PAGE

MARK = "Хөршийн-нууц-"
"""Begins the names of the other organisation's systems, which nothing of ours shows."""
METADATA: dict[str, Any] = {
    "client_name#en": "Hours", "redirect_uris": [f"https://{HOST}/cb"], "scope": "openid", "subject_type": "pairwise", "grant_types": ["authorization_code"],
    "token_endpoint_auth_method": "client_secret_basic",
}  # fmt: skip


def _organisations(cast: Cast) -> tuple[str, str]:
    """Ours and theirs."""
    import toono.registry.api as registry

    found = cast.kept("two organisations", lambda: [one.code for one in registry.organisations()[:2]], seconds=10_000)
    return found[0], found[1]


def _representative(cast: Cast) -> Browser:
    return _staff(cast, "representative", 4, _organisations(cast)[0])


def _neighbour(cast: Cast) -> Browser:
    return _staff(cast, "representative", 6, _organisations(cast)[1])


def _party(cast: Cast, browser: Browser, organisation: str, stage: str, name: str, kind: str = "web") -> tuple[str, str]:
    """A new system, or the wish for one: its client and the change."""
    import toono.identity.api as identity
    from toono.identity.contracts import PartyKind, PartyStage

    dan: dict[str, Any] = {
        "client_name#en": "Hours",
        "redirect_uris": [f"https://{HOST}/cb"],
        "dan_operations": ["WS100101_getCitizenIDCardInfo"],
        "token_endpoint_auth_method": "client_secret_post",
    }
    made = identity.register_party(
        actor=_actor(browser, "representative", organisation), form_id=uuid4(), organisation=organisation, kind=PartyKind(kind), stage=PartyStage(stage),
        metadata={"client_name": name} | (dan if kind == "dan" else METADATA),
    )  # fmt: skip
    return made.client_id, str(made.change_id)


def _ours(cast: Cast, stage: str = "test") -> tuple[str, str]:
    return _party(cast, _representative(cast), _organisations(cast)[0], stage, "Цаг")


def _theirs(cast: Cast, stage: str = "test") -> tuple[str, str]:
    def make() -> tuple[str, str]:
        return _party(cast, _neighbour(cast), _organisations(cast)[1], stage, MARK + stage)

    return cast.kept(f"their system {stage}", make, seconds=10_000)  # type: ignore[no-any-return]


def _state_of(cast: Cast) -> list[Any]:
    """Everything of the other organisation."""
    from toono.identity import models

    code = _organisations(cast)[1]
    parties = models.Client.objects.filter(organisation=code, twin_of="").order_by("client_id")
    changes = models.ClientChange.objects.filter(organisation=code).order_by("id")
    return [*parties.values_list("client_id", "version", "deactivated_at", "secret_digest"), *changes.values_list("id", "state")]


def _guarded(cast: Cast, draft: Draft) -> Draft:
    _theirs(cast)
    draft.unseen = [MARK]
    draft.theirs = lambda: _state_of(cast)
    return draft


def _read(path: str, **query: str) -> Any:
    def recipe(cast: Cast) -> Draft:
        draft = Draft(
            "GET",
            path.split("/"),
            query=[[name, value] for name, value in query.items()],
            cookies=_representative(cast).cookies(),
            gained=_went_well,
            kept=_written,
        )
        return _guarded(cast, draft)

    return recipe


def _read_of(path: str, **query: str) -> Any:
    """A page of one system."""

    def recipe(cast: Cast) -> Draft:
        own = cast.kept("our system to read", lambda: _ours(cast))[0]
        draft = _read(f"identity/systems/{path}/{own}", **query)(cast)
        draft.others = {"path[3]": _theirs(cast)[0]}
        return draft  # type: ignore[no-any-return]

    return recipe


def _new(kind: str, stage: str, values: dict[str, Any]) -> Any:
    def recipe(cast: Cast) -> Draft:
        ours, theirs = _organisations(cast)
        query = {"kind": kind, "stage": stage, "organisation": ours}
        draft = _sent(cast, "identity/systems/new", {"form_id": str(uuid4())} | values, query=query, by=_representative)
        draft.others |= {"organisation": theirs}
        return _guarded(cast, draft)

    return recipe


def _like_theirs(cast: Cast) -> Draft:
    """The form filled in from another system of theirs."""
    ours, theirs = cast.kept("our system to read", lambda: _ours(cast))[0], _theirs(cast)[0]
    draft: Draft = _read("identity/systems/new", kind="web", stage="test", organisation=_organisations(cast)[0], **{"from": ours})(cast)
    draft.others = {"from": theirs}
    return draft


def _act(path: str, stage: str = "test", **values: str) -> Any:
    def recipe(cast: Cast) -> Draft:
        draft = _sent(cast, f"identity/systems/{path}/{_ours(cast)[0]}", values, by=_representative)
        draft.others |= {"path[3]": _theirs(cast)[0]}
        return _guarded(cast, draft)

    return recipe


def _change(cast: Cast) -> Draft:
    draft: Draft = _act("change", **(WEB | {"version": "1", "client_name": "Өөр нэр"}))(cast)
    return draft


def _taken_back(cast: Cast) -> Draft:
    draft = _sent(
        cast, f"identity/systems/changes/{_ours(cast, 'production')[1]}", {"do": "reject", "reason": "Бодлоо"}, by=_representative
    )
    draft.others |= {"path[3]": _theirs(cast, "production")[1]}
    return _guarded(cast, draft)


def _approved(cast: Cast) -> Draft:
    """Which a representative may not, whatever else the request says."""
    from toono.identity import models

    change = _ours(cast, "production")[1]
    draft = _guarded(cast, _sent(cast, f"identity/systems/changes/{change}", {"do": "approve"}, by=_representative, valid=False))
    others = draft.theirs
    draft.theirs = lambda: (others(), models.ClientChange.objects.get(id=change).state == "in_force")
    return draft


def _wish(cast: Cast) -> Draft:
    draft: Draft = _read(f"identity/systems/changes/{cast.kept('our wish', lambda: _ours(cast, 'production'))[1]}")(cast)
    draft.others = {"path[3]": _theirs(cast, "production")[1]}
    return draft


# -- trials ------------------------------------------------------------------------------------------------------------


def _trial(cast: Cast, browser: Browser, client_id: str, organisation: str) -> str:
    import toono.identity.api as identity
    from toono.identity.contracts import TrialFlow

    return str(identity.start_trial(actor=_actor(browser, "representative", organisation), client_id=client_id, flow=TrialFlow.CODE).id)


def _their_trial(cast: Cast) -> str:
    return str(cast.kept("their trial", lambda: _trial(cast, _neighbour(cast), _theirs(cast)[0], _organisations(cast)[1])))


def _our_trial(cast: Cast) -> str:
    return str(cast.kept("our trial", lambda: _trial(cast, _representative(cast), _ours(cast)[0], _organisations(cast)[0])))


def _shown_trial(cast: Cast) -> Draft:
    draft: Draft = _read(f"identity/systems/trial/{_our_trial(cast)}")(cast)
    draft.others = {"path[3]": _their_trial(cast)}
    return draft


def _asked_trial(cast: Cast) -> Draft:
    """A trial of the code flow has nobody to ask."""
    draft = _sent(cast, f"identity/systems/trial/{_our_trial(cast)}/ask", {}, by=_representative, valid=False)
    draft.others |= {"path[3]": _their_trial(cast)}
    return _guarded(cast, draft)


def _came_back(cast: Cast) -> Draft:
    """With the state of a trial that waits, and a code that nobody gave: one step more is told, and it is over."""
    import toono.identity.api as identity

    ours = cast.kept("our system to try", lambda: _ours(cast))[0]
    run = _trial(cast, _representative(cast), ours, _organisations(cast)[0])
    actor = _actor(_representative(cast), "representative", _organisations(cast)[0])
    state = str(identity.trial(actor=actor, run_id=UUID(run)).steps[-1].sent["state"])
    draft: Draft = _read("identity/systems/trial/callback", code="x", state=state, iss=cast.base)(cast)
    draft.kept = lambda: None  # the browser comes back by an address, which takes the next steps
    return draft


ENDPOINTS = (
    Endpoint(
        "identity/systems of a representative", PAGE,
        (_read("identity/systems", text="Цаг", page="1"), _read("identity/systems/figures", days="30"), _read("identity/systems/failures", days="7", number="A"), _read("identity/systems/choose", kind="web", stage="test")),
    ),
    Endpoint("identity/systems/of/… of a representative", PAGE, (_read_of("of"), _read_of("failures-of", days="7"), _read_of("change"))),
    Endpoint("identity/systems/new of a representative", PAGE, (_new("web", "test", WEB), _new("web", "production", WEB | MORE), _like_theirs)),
    Endpoint("identity/systems/change/… of a representative", PAGE, (_change,)),
    Endpoint("identity/systems/changes/… of a representative", PAGE, (_taken_back, _approved, _wish)),
    Endpoint(
        "identity/systems/secret/… of a representative", PAGE,
        (_act("secret"), _act("secret-end"), _act("deactivate", reason="Шалтгаан"), _act("reactivate"), _act("try", flow="code")),
    ),
    Endpoint("identity/systems/trial/… of a representative", PAGE, (_shown_trial, _asked_trial, _came_back)),
)  # fmt: skip
