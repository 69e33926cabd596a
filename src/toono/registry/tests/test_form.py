"""The form of an agreement: what is typed becomes the agreement, what stands comes back the same, what is wrong is named by its field."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from toono.kernel.clock import ULAANBAATAR
from toono.registry.contracts import Agreement, Endpoint, ServiceEntry, SubjectRule

if TYPE_CHECKING:
    from tests.stage import Stack

SUBJECT = SubjectRule(variable="civil_id", identifier="civil_id", echo_pointer="/civil_id", civil_id_pointer="/civil_id")
SERVICE = ServiceEntry(
    id="MN/GOV/register/p/person", base_url="http://127.0.0.1:1", timeout_seconds=1, title_mn="Хүн", title_en="Person",
    endpoints=(Endpoint(method="GET", path="/persons/{civil_id}", subject=SUBJECT), Endpoint(method="GET", path="/statistics")),
)  # fmt: skip
TYPED = {
    "purpose-0-code": "loan", "purpose-0-title_mn": " Зээл  судлах ", "purpose-0-title_en": "Loan", "purpose-0-basis_mn": "Хуулийн 6 дугаар зүйл",
    "valid_from": "2027.01.01", "valid_until": "2027-12-31",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _django(stack: Stack) -> None:
    """Sentences are translated, so Django has to stand."""


def parsed(standing: Agreement | None = None, **changes: Any) -> tuple[Agreement | None, dict[str, str]]:
    from django.http import QueryDict

    from toono.registry.web import agreement_form

    post = QueryDict(mutable=True)
    for name, value in (TYPED | changes).items():
        post.setlist(name, value if isinstance(value, list) else [value])
    form = agreement_form.typed(post)
    made = agreement_form.agreement_of(form, agreement_id="one", consumer="MN/COM/bank/loans", service=SERVICE, standing=standing)
    return made, form.wrong


def test_the_least_that_is_typed_is_an_agreement() -> None:
    made, wrong = parsed()
    assert made and wrong == {}
    assert made.purposes[0].title_mn == "Зээл судлах"
    assert made.valid_from == datetime(2027, 1, 1, tzinfo=ULAANBAATAR)
    assert made.valid_until == datetime(2028, 1, 1, tzinfo=ULAANBAATAR), "the last day is included"
    assert (made.endpoints, made.fields, made.hours, made.secrecy, made.consent) == ((), (), None, None, False)


EVERYTHING = {
    "endpoint": ["0"], "more_endpoints": "GET /stat*", "fields": "/civil_id\n\n  /a/*/b \n", "authentication": ["otp", "signature"],
    "rate": "5", "quota": "10,000", "weekday": ["5", "1"], "begin": "8:30", "end": "17:30", "secrecy_basis": "Хуулийн 9 дүгээр зүйл", "secrecy_days": "30",
    "purpose-2-code": "other", "purpose-2-title_mn": "Өөр", "purpose-2-title_en": "Other", "purpose-2-basis_mn": "Хуулийн 7.1",
}  # fmt: skip


def test_everything_that_is_typed_is_in_it() -> None:
    made, wrong = parsed(**EVERYTHING)
    assert made and wrong == {}
    assert [(g.method, g.path) for g in made.endpoints] == [("GET", "/persons/*"), ("GET", "/stat*")]
    assert made.fields == ("/civil_id", "/a/*/b")
    assert [p.code for p in made.purposes] == ["loan", "other"]
    assert (made.rate_per_second, made.quota_per_day) == (5, 10_000)
    assert made.hours and (made.hours.weekdays, made.hours.begin, made.hours.end) == ((1, 5), time(8, 30), time(17, 30))
    assert made.secrecy and made.secrecy.days == 30


def test_what_stands_comes_back_the_same() -> None:
    from toono.registry.web import agreement_form

    made, _ = parsed(**EVERYTHING)
    assert made
    odd = made.model_copy(
        update={"valid_from": datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), "valid_until": made.valid_until + timedelta(hours=3), "version": 4}
    )
    form = agreement_form.prefilled(odd, SERVICE)
    again = agreement_form.agreement_of(form, agreement_id=odd.id, consumer=odd.consumer, service=SERVICE, standing=odd)
    assert again == odd, form.errors


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"purpose-0-code": "Зээл"}, "purpose-0-code"),
        ({"purpose-0-title_mn": " "}, "purpose-0-title_mn"),
        ({"purpose-0-title_en": ""}, "purpose-0-title_en"),
        ({"purpose-0-basis_mn": "Усны тухай хууль"}, "purpose-0-basis_mn"),
        ({"purpose-1-title_mn": "Хагас"}, "purpose-1-code"),
        ({"more_endpoints": "/persons/*"}, "more_endpoints"),
        ({"fields": "civil_id"}, "fields"),
        ({"consent": "yes"}, "consent"),
        ({"consent": "yes", "endpoint": ["1"]}, "consent"),
        ({"rate": "0"}, "rate"),
        ({"rate": "many"}, "rate"),
        ({"quota": "9" * 30}, "quota"),
        ({"quota": "٣"}, "quota"),
        ({"begin": "08:30"}, "weekday"),
        ({"weekday": ["1"], "begin": "25:00", "end": "17:00"}, "begin"),
        ({"weekday": ["1"], "begin": "08:00", "end": "08:00"}, "end"),
        ({"secrecy_days": "5"}, "secrecy_basis"),
        ({"secrecy_basis": "Хуулийн 9 дүгээр зүйл"}, "secrecy_days"),
        ({"secrecy_basis": "Хуулийн 9 дүгээр зүйл", "secrecy_days": "4000"}, "secrecy_days"),
        ({"valid_from": "2027.02.30"}, "valid_from"),
        ({"valid_from": ""}, "valid_from"),
        ({"valid_until": "soon"}, "valid_until"),
        ({"valid_until": "2026.12.31"}, "valid_until"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(changes: dict[str, Any], field: str) -> None:
    made, wrong = parsed(**changes)
    assert made is None
    assert field in wrong


def test_consent_is_asked_where_every_chosen_call_is_about_a_person() -> None:
    made, wrong = parsed(consent="yes", endpoint=["0"])
    assert made and made.consent and wrong == {}


@pytest.mark.parametrize("endpoint", ["7", "-1", "x", "²", "0x0"])
def test_a_call_that_the_service_has_not_is_not_granted(endpoint: str) -> None:
    made, _ = parsed(endpoint=[endpoint])
    assert made and made.endpoints == ()
