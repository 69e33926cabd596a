"""Values that no database holds, in the console's addresses and forms: an answer that says what is amiss, never a fault."""

from __future__ import annotations

from uuid import uuid4

from toono.identity.tests.flows import models
from toono.identity.tests.test_console_parties import appointed, codes  # noqa: F401 - fixtures
from toono.identity.tests.test_console_roles import window  # noqa: F401 - a fixture
from toono.kernel.actor import Role

NEW = "/identity/systems/new?kind=web&stage=test&organisation=%00"
NOTHING = "\x00"


def _send(browser, path, form, /, **changes):
    """The page's own form, with other values."""
    page = str(browser.answer.url)
    return browser.client.post(path, data=dict(form.form_values()) | changes, headers={"Referer": page})


def test_an_organisation_that_is_no_text_is_an_unknown_one(window):  # noqa: F811
    administrator, _ = window(Role.ADMINISTRATOR)
    before = models.Client.objects.count()
    administrator.open(NEW)
    assert administrator.answer.status_code == 200
    answer = _send(
        administrator, NEW, administrator.form(field="client_name"), client_name="Цаг", client_name_en="Hours", redirect_uris="https://a.example/cb",
        token_endpoint_auth_method="client_secret_basic",
    )  # fmt: skip
    assert answer.status_code == 404 and models.Client.objects.count() == before


def test_an_appointment_at_an_organisation_that_is_no_text_is_none(window):  # noqa: F811
    administrator, _ = window(Role.ADMINISTRATOR)
    administrator.open("/admin/identity/appointments")
    form = next(f for f in administrator.page.xpath("//main//form") if f.xpath(".//input[@name='regnum']"))
    standing = models.Appointment.objects.filter(ended_at=None).count()
    answer = _send(administrator, "/admin/identity/appointments", form, do="end", person=str(uuid4()), role="officer", organisation=NOTHING)
    assert answer.status_code in (200, 302)
    assert models.Appointment.objects.filter(ended_at=None).count() == standing
