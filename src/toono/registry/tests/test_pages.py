"""The administrator's pages, through the real web process."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from toono.kernel.actor import Actor, Role
from toono.registry.contracts import DraftState, Organisation
from toono.registry.tests import invented as new

if TYPE_CHECKING:
    import httpx

    from tests.stage import Stack


@pytest.fixture
def client(stack: Stack, browser_client: Callable[[str], httpx.Client]) -> httpx.Client:
    """Ану in her browser."""
    return browser_client(stack.addresses["persons"]["anu"]["regnum"])


def drafted(actor: Actor) -> Any:
    import toono.registry.api as registry

    name = f"Туршилт {secrets.token_hex(4)}"
    office = Organisation(
        code=new.code(), member_class="GOV", register_number=new.register_number(),
        name_mn=name, name_en=name.replace("Туршилт", "Test"),
    )  # fmt: skip
    return registry.draft_organisation(actor=actor, organisation=office)


def post(client: httpx.Client, page: str, address: str, **fields: str) -> httpx.Response:
    """Send a form with the token of the page on which it stands."""
    text = client.get(page).text
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
    assert found
    url = str(client.get(page).url)
    data = {"csrfmiddlewaretoken": found[1], **fields}
    return client.post(address, data=data, headers={"Referer": url}, follow_redirects=True)


def test_another_administrators_draft_is_approved_by_a_button(stack: Stack, client: httpx.Client, anu: Actor) -> None:
    import toono.registry.api as registry

    draft = drafted(Actor(role=Role.ADMINISTRATOR, person_id=uuid4()))
    base = f"{stack.base_url}/admin/registry"
    assert draft.content.name_mn in client.get(base).text
    page = f"{base}/drafts/{draft.id}"
    assert draft.content.register_number in client.get(page).text
    answer = post(client, page, f"{page}/approve")
    assert "Баталлаа. Шинэ тохиргоо нийтлэгдлээ." in answer.text
    assert registry.organisation(draft.subject).name_mn == draft.content.name_mn
    assert registry.draft(actor=anu, draft_id=draft.id).decided_by == anu.person_id


def test_ones_own_draft_has_no_approve_button_and_is_refused_without_it(stack: Stack, client: httpx.Client, anu: Actor) -> None:
    import toono.registry.api as registry

    draft = drafted(anu)
    page = f"{stack.base_url}/admin/registry/drafts/{draft.id}"
    text = client.get(page).text
    assert "Та санал болгосон тул өөр администратор шалгаж батална." in text
    assert f"{draft.id}/approve" not in text
    assert f"{draft.id}/approve" not in client.get(f"{stack.base_url}/admin/registry").text
    answer = post(client, page, f"{page}/approve")
    assert answer.status_code == 403
    assert "Өөрийн оруулсан төслийг өөрөө батлах боломжгүй" in answer.text
    assert registry.draft(actor=anu, draft_id=draft.id).state is DraftState.PENDING


def test_a_draft_is_rejected_with_its_reason(stack: Stack, client: httpx.Client, anu: Actor) -> None:
    import toono.registry.api as registry

    draft = drafted(Actor(role=Role.ADMINISTRATOR, person_id=uuid4()))
    page = f"{stack.base_url}/admin/registry/drafts/{draft.id}"
    answer = post(client, page, f"{page}/reject", reason="Регистр буруу")
    assert "Төслийг буцаалаа." in answer.text
    assert registry.draft(actor=anu, draft_id=draft.id).reason == "Регистр буруу"
    assert "Регистр буруу" in client.get(page).text


def test_a_file_is_proposed_by_a_form_that_names_each_mistake(stack: Stack, client: httpx.Client) -> None:
    import toono.registry.api as registry

    page = f"{stack.base_url}/admin/registry/propose"
    code = new.code()
    number = new.register_number()
    entry = f'code: {code}, member_class: GOV, register_number: "{number}", name_mn: Туршилт, name_en: Test'
    wrong = post(client, page, page, document=f"organisations:\n  - {{{entry}, colour: red}}\n")
    assert wrong.status_code == 400
    assert "YAML, line 2, organisations.0.colour: this field is not known." in wrong.text
    assert code in wrong.text
    right = post(client, page, page, document=f"organisations:\n  - {{{entry}}}\n")
    assert "Төсөл орлоо. Өөр хүн шалгаж батална." in right.text
    assert code not in {o.code for o in registry.organisations()}


def test_pages_are_for_administrators_only(stack: Stack, browser_client: Callable[[str], httpx.Client], anu: Actor) -> None:
    base = f"{stack.base_url}/admin/registry"
    draft = drafted(Actor(role=Role.ADMINISTRATOR, person_id=uuid4()))
    pages = [base, f"{base}/propose", f"{base}/drafts/{draft.id}"]
    for person in ("sarnai", "oyun", "dorj"):
        client = browser_client(stack.addresses["persons"][person]["regnum"])
        assert [client.get(page).status_code for page in pages] == [404, 404, 404]
    for page in pages:
        answer = stack.http.get(page, follow_redirects=False)
        assert answer.status_code == 302
        assert "/sign-in" in answer.headers["location"]


def test_an_approval_needs_a_form_of_ours(stack: Stack, client: httpx.Client, anu: Actor) -> None:
    import toono.registry.api as registry

    draft = drafted(Actor(role=Role.ADMINISTRATOR, person_id=uuid4()))
    page = f"{stack.base_url}/admin/registry/drafts/{draft.id}"
    assert client.get(f"{page}/approve").status_code == 405
    assert client.post(f"{page}/approve", headers={"Referer": page}).status_code == 403
    assert registry.draft(actor=anu, draft_id=draft.id).state is DraftState.PENDING


def test_the_pages_of_representatives_are_theirs_only(
    stack: Stack, client: httpx.Client, browser_client: Callable[[str], httpx.Client]
) -> None:
    import toono.registry.api as registry
    from toono.registry.tests.test_agreements import agreement, representative

    mine = registry.draft_agreement(actor=representative("khasar-bank"), agreement=agreement("MN/COM/khasar-bank/loans"))
    others = registry.draft_agreement(
        actor=Actor(role=Role.ADMINISTRATOR, person_id=uuid4()), agreement=agreement("MN/GOV/digital-academy/portal")
    )
    base = f"{stack.base_url}/exchange/agreements"
    bank = browser_client(stack.addresses["persons"]["tulga"]["regnum"])
    assert bank.get(base).status_code == 200
    assert mine.content.id in bank.get(f"{base}/drafts/{mine.id}").text
    hidden = [
        f"{base}/drafts/{others.id}",
        f"{base}/of/portal-address",
        f"{base}/of/portal-address/change",
        f"{base}/of/portal-address/end",
    ]
    hidden += [
        f"{base}/of/portal-address/versions",
        f"{stack.base_url}/admin/registry",
        f"{stack.base_url}/admin/registry/drafts/{mine.id}",
    ]
    assert {page: bank.get(page).status_code for page in hidden} == dict.fromkeys(hidden, 404)
    assert "/of/portal-address" not in bank.get(base, params={"text": "portal-address"}).text
    assert client.get(base).status_code == 404, "an administrator represents nobody"
    assert stack.http.get(base, follow_redirects=False).status_code == 302


def test_a_representative_accepts_nothing_of_which_another_is_the_owner(
    stack: Stack, browser_client: Callable[[str], httpx.Client]
) -> None:
    import toono.registry.api as registry
    from toono.registry.tests.test_agreements import agreement, representative

    draft = registry.draft_agreement(actor=representative("khasar-bank"), agreement=agreement("MN/COM/khasar-bank/loans"))
    base = f"{stack.base_url}/exchange/agreements"
    bank = browser_client(stack.addresses["persons"]["tulga"]["regnum"])
    page = f"{base}/drafts/{draft.id}"
    assert post(bank, page, f"{page}/accept").status_code == 404
    register = browser_client(stack.addresses["persons"]["bold"]["regnum"])
    refused = post(register, page, f"{page}/reject")
    assert refused.status_code == 400 and "Татгалзсан шалтгаанаа бичээгүй байна" in refused.text
    assert "Төслийг буцаалаа." in post(register, page, f"{page}/reject", reason="Зүйл буруу").text
    assert "Зүйл буруу" in bank.get(page).text


def test_lists_are_searched_with_look_alikes_and_turned_page_by_page(stack: Stack, client: httpx.Client) -> None:
    base = f"{stack.base_url}/admin/registry"
    assert "khasar-bank" in client.get(f"{base}/organisations", params={"text": "xасаp Банк"}).text, (
        "a Latin x and p are taken for Cyrillic"
    )
    assert "khasar-bank" not in client.get(f"{base}/organisations", params={"text": "хасар цагдаа"}).text
    assert "khasar-bank-loans-renewal" in client.get(f"{base}/agreements", params={"validity": "ended", "text": "хасар"}).text
    assert "khasar-bank-loans-renewal" not in client.get(f"{base}/agreements", params={"validity": "in_force"}).text
    for query in ("?page=0", "?page=99999", "?page=x", "?validity=x", "?text=%25_%5C", "?text=" + "a" * 5000, "?consumer=x&service=y"):
        assert client.get(f"{base}/agreements{query}").status_code == 200, query


def test_what_does_not_stand_is_not_found(stack: Stack, client: httpx.Client) -> None:
    base = f"{stack.base_url}/admin/registry"
    for page in ("organisations/none", "systems/MN/COM/none/x", "services/x", "agreements/none", "agreements/none/change", "remove/system/x",
                 "remove/colour/x", "history/agreement/none", "history/colour/x"):  # fmt: skip
        assert client.get(f"{base}/{page}").status_code == 404, page


def test_a_removal_is_proposed_by_a_page_that_names_what_needs_it(stack: Stack, client: httpx.Client) -> None:
    page = f"{stack.base_url}/admin/registry/remove/service/MN/GOV/state-registration/population/address"
    refused = post(client, page, page)
    assert refused.status_code == 400 and "agreement portal-address needs it" in refused.text
