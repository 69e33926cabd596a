"""Software statements after they were issued: listed with what became of them, taken back while they are unused."""

# ruff: noqa: F811 - fixtures of another module, by their names
from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from toono.identity.contracts import StatementState
from toono.identity.errors import ReasonMissing, StatementOver
from toono.identity.tests.flows import Late, api
from toono.identity.tests.test_console_parties import appointed, codes, keeper, platform  # noqa: F401 - fixtures
from toono.identity.tests.test_console_roles import window  # noqa: F401 - fixture
from toono.kernel import clock
from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed, NotFound

audit = Late("toono.kernel.models")
BOUNDS = {"grant_types": ["client_credentials"], "scope": "openid", "redirect_hosts": []}


@pytest.fixture
def issued(platform: Actor, codes: list[str]) -> Any:
    return api.issue_party_statement(actor=platform, organisation=codes[0], client_name="Тайлан", bounds=BOUNDS)


def entry(actor: Actor, issued: Any) -> Any:
    return next(e for e in api.party_statements(actor=actor, limit=50, offset=0).entries if e.software_id == issued.software_id)


def registered(issued: Any) -> Any:
    sent = {"software_statement": issued.text, "grant_types": ["client_credentials"], "response_types": []}
    return api.register_by_statement(document=json.dumps(sent).encode())


def test_who_issued_it_when_and_until_when_are_listed_and_its_text_is_not(platform: Actor, issued: Any, codes: list[str]) -> None:
    found = entry(platform, issued)
    assert (found.state, found.organisation, found.client_name, found.client_id) == (StatementState.UNUSED, codes[0], "Тайлан", "")
    assert found.issued_by and abs(found.expires_at - issued.expires_at) < timedelta(seconds=2)
    assert found.expires_at - found.issued_at == timedelta(days=30)
    assert issued.text not in found.model_dump_json()


def test_what_was_taken_back_registers_nobody(platform: Actor, anu: Actor, issued: Any) -> None:
    """Its twin, that was not, does."""
    api.take_back_statement(actor=anu, identifier=entry(platform, issued).identifier, reason="  Алдаатай\nолгосон ")
    refused = registered(issued)
    assert (refused.status, refused.body["error"]) == (400, "invalid_software_statement")
    found = entry(platform, issued)
    assert found.state is StatementState.TAKEN_BACK and found.taken_back_by and found.taken_back_by != found.issued_by
    assert "Алдаатай" in found.reason and found.client_id == ""
    told = audit.AuditRecord.objects.get(action="identity.take_back_software_statement", subject=f"software:{issued.software_id}")
    assert told.details["statement"] == found.identifier and "Алдаатай" in told.details["reason"]
    other = api.issue_party_statement(actor=platform, organisation=found.organisation, client_name="Тайлан", bounds=BOUNDS)
    assert registered(other).status == 201


def test_a_second_click_changes_nothing_and_is_written_down_once(platform: Actor, anu: Actor, issued: Any) -> None:
    identifier = entry(platform, issued).identifier
    api.take_back_statement(actor=platform, identifier=identifier, reason="нэг")
    api.take_back_statement(actor=anu, identifier=identifier, reason="хоёр")
    assert entry(platform, issued).reason == "нэг"
    told = audit.AuditRecord.objects.filter(action="identity.take_back_software_statement", subject=f"software:{issued.software_id}")
    assert told.count() == 1


def test_a_client_that_was_registered_stays_and_is_named(platform: Actor, issued: Any) -> None:
    made = registered(issued)
    found = entry(platform, issued)
    assert (found.state, found.client_id) == (StatementState.USED, made.body["client_id"]) and found.used_at is not None
    with pytest.raises(StatementOver):
        api.take_back_statement(actor=platform, identifier=found.identifier, reason="оройтсон")
    assert entry(platform, issued).state is StatementState.USED
    assert api.party(actor=platform, client_id=made.body["client_id"]).deactivated_at is None


def test_of_a_registration_and_a_taking_back_at_once_one_counts(platform: Actor, codes: list[str]) -> None:
    for _ in range(5):
        issued = api.issue_party_statement(actor=platform, organisation=codes[0], client_name="Уралдаан", bounds=BOUNDS)
        identifier, line = entry(platform, issued).identifier, threading.Barrier(2)

        def alone(act: Any, line: threading.Barrier = line) -> Any:
            from django.db import connection

            try:
                line.wait(5)
                return act()
            except StatementOver:
                return False
            finally:
                connection.close()

        def take(identifier: str = identifier) -> bool:
            api.take_back_statement(actor=platform, identifier=identifier, reason="зэрэг")
            return True

        with ThreadPoolExecutor(2) as threads:
            made, taken = threads.map(alone, [lambda issued=issued: registered(issued).status == 201, take])
        assert made is not taken
        assert entry(platform, issued).state is (StatementState.USED if made else StatementState.TAKEN_BACK)


def test_without_a_reason_or_by_another_role_or_after_its_time_nothing_is_taken_back(
    platform: Actor, keeper: Actor, issued: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = entry(platform, issued).identifier
    for reason in ("", "  \n "):
        with pytest.raises(ReasonMissing):
            api.take_back_statement(actor=platform, identifier=identifier, reason=reason)
    for other in (keeper, Actor(role=Role.SUPPORT, person_id=keeper.person_id)):
        with pytest.raises(NotAllowed):
            api.take_back_statement(actor=other, identifier=identifier, reason="х")
        with pytest.raises(NotAllowed):
            api.party_statements(actor=other, limit=50, offset=0)
    for unknown in ("", "x", identifier[:-1] + "\0", "a" * 400):
        with pytest.raises(NotFound):
            api.take_back_statement(actor=platform, identifier=unknown, reason="х")
    with monkeypatch.context() as later:
        moment = clock.now() + timedelta(days=31)
        for module in ("statements",):
            later.setattr(f"toono.identity.operations.{module}.now", lambda: moment)
        assert entry(platform, issued).state is StatementState.EXPIRED
        with pytest.raises(StatementOver):
            api.take_back_statement(actor=platform, identifier=identifier, reason="х")
    assert registered(issued).status == 201, "none of this has used it up"


def test_the_page_lists_asks_for_a_reason_and_says_what_it_did(window: Any, issued: Any) -> None:
    person, _ = window(Role.ADMINISTRATOR)
    person.open("/identity/systems/statements")
    assert issued.software_id in person.text and "Мэдүүлгээр бүртгүүлсэн систем хэвээр ажиллана" in person.text
    [form] = person.page.xpath(f"//li[.//*[contains(., '{issued.software_id}')]]//form[.//input[@value='take_back']]")
    sent = dict(form.form_values())

    def post(**more: str) -> Any:
        return person.client.post("/identity/systems/statements", data=sent | more, headers={"Referer": str(person.answer.url)})

    asked = post(reason=" ")
    assert asked.status_code == 400 and "Шалтгаанаа бичнэ үү" in asked.text and f"#reason-{sent['statement']}" in asked.text
    done = post(reason="<b>Туршив</b>")
    assert str(done.url).endswith("?done=statement_taken_back") and done.history
    person.open("/identity/systems/statements?done=statement_taken_back")
    assert "Мэдүүлгийг буцааж авлаа" in person.text and "<b>Туршив</b>" in person.text, "as text, not as markup"
    assert registered(issued).status == 400
    assert (
        person.client.post("/identity/systems/statements", data={k: v for k, v in sent.items() if k != "csrfmiddlewaretoken"}).status_code
        == 403
    )
