"""Revoking a certificate, from the page to the revocation list: the slice that others are copied from."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError
from typing import Any

import httpx
import pytest
from cryptography import x509

from toono.kernel.actor import Actor
from toono.kernel.errors import NotAllowed
from toono.pki.contracts import CertificateInfo, CertificateState, Profile, RevocationReason
from toono.pki.errors import CertificateAlreadyRevoked, CertificateNotFound, CertificateNotRevocable, ReasonNotAllowed
from toono.pki.tests.making import code

SealOf = Callable[..., CertificateInfo]
SignIn = Callable[[str], httpx.Client]
THEFT = RevocationReason.KEY_COMPROMISE


@pytest.fixture
def anu_online(stack: Any, browser_client: SignIn) -> httpx.Client:
    return browser_client(stack.addresses["persons"]["anu"]["regnum"])


def _form(client: httpx.Client, address: str, **fields: str) -> httpx.Response:
    """Fill in the page's form and send it, as a browser would."""
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(address).text)
    assert token
    return client.post(address, data={"csrfmiddlewaretoken": token[1], **fields}, follow_redirects=False)


# -- the door -------------------------------------------------------------------------------------------------------


def test_anu_revokes_and_the_certificate_says_so(seal_of: SealOf, anu: Actor) -> None:
    from toono.pki import api

    revoked = api.revoke_certificate(actor=anu, serial=seal_of().serial, reason=THEFT)
    assert (revoked.state, revoked.reason) == (CertificateState.REVOKED, THEFT)
    assert api.certificate(serial=revoked.serial) == revoked


def test_bat_cannot_revoke_and_neither_can_the_platform_by_itself(seal_of: SealOf, bat: Actor, platform: Actor) -> None:
    from toono.pki import api

    made = seal_of()
    for actor in (bat, platform):
        with pytest.raises(NotAllowed):
            api.revoke_certificate(actor=actor, serial=made.serial, reason=THEFT)
    assert api.certificate(serial=made.serial).state is CertificateState.VALID


def test_the_act_is_in_the_audit_with_who_what_and_why(seal_of: SealOf, anu: Actor) -> None:
    from toono.kernel.models import AuditRecord
    from toono.pki import api

    made = seal_of()
    api.revoke_certificate(actor=anu, serial=made.serial, reason=THEFT)
    [record] = AuditRecord.objects.filter(action="pki.revoke_certificate", subject=f"certificate:{made.serial}")
    assert (record.person_id, record.details) == (anu.person_id, {"key": made.key, "reason": "key_compromise"})


def test_the_event_is_told_once(seal_of: SealOf, anu: Actor) -> None:
    from toono.kernel.models import OutboxEvent
    from toono.pki import api

    made = seal_of()
    api.revoke_certificate(actor=anu, serial=made.serial, reason=THEFT)
    [event] = OutboxEvent.objects.filter(name="pki.certificate_revoked", payload__serial=made.serial)
    assert (event.payload["key"], event.payload["profile"], event.payload["reason"]) == (made.key, "seal", "key_compromise")


def test_an_act_that_cannot_be_recorded_does_not_happen(seal_of: SealOf, anu: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    from toono.kernel import audit
    from toono.kernel.models import OutboxEvent
    from toono.pki import api

    made = seal_of()

    def fail(**_: Any) -> None:
        raise OSError("the audit cannot be written")

    monkeypatch.setattr(audit, "record", fail)
    with pytest.raises(OSError, match="audit"):
        api.revoke_certificate(actor=anu, serial=made.serial, reason=THEFT)
    assert api.certificate(serial=made.serial).state is CertificateState.VALID
    assert not OutboxEvent.objects.filter(payload__serial=made.serial).exists()


def test_the_second_revocation_is_refused_and_the_first_reason_stands(seal_of: SealOf, anu: Actor) -> None:
    from toono.pki import api

    made = seal_of()
    api.revoke_certificate(actor=anu, serial=made.serial, reason=THEFT)
    with pytest.raises(CertificateAlreadyRevoked):
        api.revoke_certificate(actor=anu, serial=made.serial, reason=RevocationReason.SUPERSEDED)
    assert api.certificate(serial=made.serial).reason is THEFT


def test_what_is_not_there_or_not_revocable_is_refused(stack: Any, anu: Actor) -> None:
    from toono.pki import api

    with pytest.raises(CertificateNotFound):
        api.revoke_certificate(actor=anu, serial="beef", reason=THEFT)
    [root] = [c for c in api.certificates(actor=anu, profile=Profile.ROOT) if c.state is CertificateState.VALID][:1]
    with pytest.raises(CertificateNotRevocable):
        api.revoke_certificate(actor=anu, serial=root.serial, reason=THEFT)
    [unit] = [c for c in api.certificates(actor=anu, profile=Profile.TIMESTAMP) if c.state is CertificateState.VALID][:1]
    with pytest.raises(ReasonNotAllowed):
        api.revoke_certificate(actor=anu, serial=unit.serial, reason=RevocationReason.AFFILIATION_CHANGED)


def _revoke_at_once(serial: str, anu: Actor, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two administrators revoke at once; each, past the rule, waits a moment for the other before it goes on."""
    from django.db import connection

    from toono.pki import api
    from toono.pki.operations import revoke_certificate as operation

    both, real = Barrier(2), operation.check_revocation

    def slow(**state: Any) -> None:
        real(**state)
        try:
            both.wait(0.7)
        except BrokenBarrierError:
            return

    monkeypatch.setattr(operation, "check_revocation", slow)

    def revoke(reason: RevocationReason) -> str:
        try:
            api.revoke_certificate(actor=anu, serial=serial, reason=reason)
            return "done"
        except CertificateAlreadyRevoked:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        return sorted(threads.map(revoke, (THEFT, RevocationReason.SUPERSEDED)))


def test_of_two_who_revoke_at_once_one_is_told_that_it_is_done(seal_of: SealOf, anu: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _revoke_at_once(seal_of().serial, anu, monkeypatch) == ["done", "refused"]


def test_without_the_lock_both_would_have_done_it(seal_of: SealOf, anu: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: the test above guards something."""
    from toono.pki.models import Certificate
    from toono.pki.operations import revoke_certificate as operation

    monkeypatch.setattr(operation, "_locked", lambda serial: Certificate.objects.get(serial=serial))
    assert _revoke_at_once(seal_of().serial, anu, monkeypatch) == ["done", "done"]


# -- what follows ---------------------------------------------------------------------------------------------------


def _list(stack: Any) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(stack.http.get(f"{stack.base_url}/pki/crl/issuing.crl").raise_for_status().content)


def _number(revocations: x509.CertificateRevocationList) -> int:
    return revocations.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_the_worker_publishes_a_list_with_the_revoked_certificate_and_a_higher_number(stack: Any, seal_of: SealOf, anu: Actor) -> None:
    from toono.pki import api

    made, before = seal_of(), _list(stack)
    serial = int(made.serial, 16)
    assert before.get_revoked_certificate_by_serial_number(serial) is None
    api.revoke_certificate(actor=anu, serial=made.serial, reason=THEFT)
    stack.wait(lambda: _list(stack).get_revoked_certificate_by_serial_number(serial))
    after = _list(stack)
    entry = after.get_revoked_certificate_by_serial_number(serial)
    assert entry
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    assert _number(after) > _number(before)


# -- the pages ------------------------------------------------------------------------------------------------------


def test_anu_finds_a_certificate_and_revokes_it_on_its_page(stack: Any, seal_of: SealOf, anu_online: httpx.Client) -> None:
    from toono.pki import api

    made = seal_of()
    address = f"{stack.base_url}/admin/certificates/{made.serial}"
    found = anu_online.get(f"{stack.base_url}/admin/certificates", params={"text": made.key, "profile": "seal", "state": "valid"})
    assert f"/admin/certificates/{made.serial}" in found.text
    answer = _form(anu_online, address, reason="superseded", sure="yes")
    assert (answer.status_code, answer.headers["location"]) == (302, f"/admin/certificates/{made.serial}")
    assert "Шинэ гэрчилгээгээр сольсон" in anu_online.get(address).text
    assert api.certificate(serial=made.serial).reason is RevocationReason.SUPERSEDED


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sure": "yes"}, "Үндэслэлээ сонгоно уу"),
        ({"sure": "yes", "reason": "because"}, "Үндэслэлээ сонгоно уу"),
        ({"reason": "superseded"}, "Буцаах боломжгүйг ойлгосноо тэмдэглэнэ үү"),
    ],
)
def test_the_page_asks_for_what_is_missing_and_nothing_happens(
    stack: Any, seal_of: SealOf, anu_online: httpx.Client, fields: dict[str, str], message: str
) -> None:
    from toono.pki import api

    made = seal_of()
    answer = _form(anu_online, f"{stack.base_url}/admin/certificates/{made.serial}", **fields)
    assert answer.status_code == 200
    assert message in answer.text
    assert api.certificate(serial=made.serial).state is CertificateState.VALID


def test_the_page_answers_a_second_revocation_by_saying_that_it_was_done(
    stack: Any, seal_of: SealOf, anu: Actor, anu_online: httpx.Client
) -> None:
    from toono.pki import api

    made = seal_of()
    address = f"{stack.base_url}/admin/certificates/{made.serial}"
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', anu_online.get(address).text)
    assert token
    api.revoke_certificate(actor=anu, serial=made.serial, reason=THEFT)
    answer = anu_online.post(address, data={"csrfmiddlewaretoken": token[1], "reason": "superseded", "sure": "yes"})
    assert answer.status_code == 409
    assert "аль хэдийн хүчингүй болгосон" in answer.text


def test_an_authoritys_page_offers_no_revocation(stack: Any, anu: Actor, anu_online: httpx.Client) -> None:
    from toono.pki import api

    root = api.certificates(actor=anu, profile=Profile.ROOT)[0]
    page = anu_online.get(f"{stack.base_url}/admin/certificates/{root.serial}")
    assert page.status_code == 200
    assert "ёслолын журмаар" in page.text
    assert 'name="reason"' not in page.text


def test_a_citizen_sees_no_such_page_and_a_stranger_is_sent_to_sign_in(stack: Any, seal_of: SealOf, browser_client: SignIn) -> None:
    bat, made = browser_client(stack.addresses["persons"]["bat"]["regnum"]), seal_of()
    for path in ("/admin/certificates", f"/admin/certificates/{made.serial}"):
        assert bat.get(stack.base_url + path).status_code == 404
        answer = stack.http.get(stack.base_url + path, follow_redirects=False)
        assert answer.status_code == 302
        assert answer.headers["location"].startswith("/sign-in")


def test_a_form_without_its_token_is_refused(stack: Any, seal_of: SealOf, anu_online: httpx.Client) -> None:
    from toono.pki import api

    made = seal_of()
    answer = anu_online.post(f"{stack.base_url}/admin/certificates/{made.serial}", data={"reason": "superseded", "sure": "yes"})
    assert answer.status_code >= 400
    assert api.certificate(serial=made.serial).state is CertificateState.VALID


def test_an_unknown_serial_is_an_unknown_page(stack: Any, anu_online: httpx.Client) -> None:
    assert anu_online.get(f"{stack.base_url}/admin/certificates/beef").status_code == 404


@pytest.mark.parametrize("query", ["?page=0", "?page=99999", "?page=x", "?profile=nonsense&state=nonsense", "?text=%00%ff"])
def test_odd_filters_do_no_harm(stack: Any, anu_online: httpx.Client, query: str) -> None:
    assert anu_online.get(f"{stack.base_url}/admin/certificates{query}").status_code == 200


def test_a_list_of_more_than_a_page_is_turned_with_its_filters(stack: Any, seal_of: SealOf, anu_online: httpx.Client) -> None:
    own, address = code(), f"{stack.base_url}/admin/certificates"
    for number in range(51):
        seal_of(f"{own}-{number}")
    first = anu_online.get(f"{address}?text={own}&profile=seal")
    leads_on = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert leads_on and 'rel="prev"' not in first.text
    second = anu_online.get(address + html.unescape(leads_on[1]))
    assert second.text.count(f"seal/{own}-") == 2 and 'rel="next"' not in second.text  # the key stands twice in a row, once for the eye
    leads_back = re.search(r'rel="prev" href="([^"]+)"', second.text)
    assert leads_back
    assert anu_online.get(address + html.unescape(leads_back[1])).text.count(f"seal/{own}-") == 100
