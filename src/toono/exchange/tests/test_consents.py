"""Consents: what is asked, given, grown out of, taken back."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from toono.exchange.contracts import ConsentAnswer
from toono.exchange.domain import consents as rules
from toono.exchange.tests.readings import civil_id, read
from toono.registry.contracts import Agreement, Purpose

START = datetime(2026, 11, 1, tzinfo=UTC)
LOAN = Purpose(
    code="loan-application",
    title_mn="Зээлийн хүсэлтийг судлах",
    title_en="To examine an application",
    basis_mn="Хууль, 6.1",
    basis_en="Law, 6.1",
)
RENEWAL = Purpose(code="address-renewal", title_mn="Хаяг шинэчлэх", title_en="To renew an address", basis_mn="Хууль, 6.2")
BANK, REGISTER = "MN/COM/khasar-bank/loans", "MN/GOV/state-registration/population/address"


REGISTERED = ("https://bank.example/back", "https://bank.example/back?case=7")


@pytest.mark.parametrize(
    ("wanted", "state", "found"),
    [
        (REGISTERED[0], "", "https://bank.example/back?consent=given"),
        (REGISTERED[0], "a.b-c_~1", "https://bank.example/back?consent=given&state=a.b-c_~1"),
        (REGISTERED[1], "1", "https://bank.example/back?case=7&consent=given&state=1"),
        ("https://bank.example/back/", "", None),
        ("https://bank.example/bac", "", None),
        ("https://BANK.example/back", "", None),
        ("https://bank.example/back#x", "", None),
        ("https://evil.example/back", "", None),
        ("", "", None),
        (REGISTERED[0], "a&consent=given", None),
        (REGISTERED[0], "a\r\nLocation: x", None),
        (REGISTERED[0], "x" * 201, None),
    ],
)
def test_a_person_is_led_back_to_a_registered_address_only(wanted: str, state: str, found: str | None) -> None:
    assert rules.way_back(REGISTERED, wanted, state=state, answer=ConsentAnswer.GIVEN) == found


def agreement(**other: Any) -> Agreement:
    values: dict[str, Any] = {
        "id": "consented", "consumer": BANK, "service": REGISTER, "purposes": (LOAN,), "valid_from": START, "valid_until": START + timedelta(days=3000),
        "fields": ("/aimag", "/text"), "consent": True, "quota_per_day": 50,
    } | other  # fmt: skip
    return Agreement(**values)


class Registry:
    """What the registry's door says, as a test wants it."""

    def __init__(self) -> None:
        self.agreement: Agreement | None = agreement()

    def standing(self, identifier: str) -> Agreement | None:
        return self.agreement if self.agreement and self.agreement.id == identifier else None

    def names(self, identifiers: Iterable[str]) -> dict[str, tuple[str, str]]:
        known = {
            BANK: ("Зээлийн систем", "Loan system"), REGISTER: ("Оршин суугаа газрын хаяг", "Registered address"),
            "khasar-bank": ("Хасар банк ХК", "Khasar Bank JSC"), "state-registration": ("УБЕГ", "State Registration"),
        }  # fmt: skip
        return {identifier: known[identifier] for identifier in identifiers if identifier in known}


@pytest.fixture
def registry(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    import toono.registry.api as door

    made = Registry()
    monkeypatch.setattr(door, "agreement", made.standing)
    monkeypatch.setattr(door, "names", made.names)
    yield made


class Citizen:
    """A person at the doors of consent."""

    def __init__(self) -> None:
        import toono.exchange.api as api
        from toono.kernel.actor import Actor, Role

        self.api, self.civil_id, self.actor = api, civil_id(), Actor(role=Role.CITIZEN, person_id=uuid4())
        self.regnum = "уб" + self.civil_id[:8]

    def offer(self) -> Any:
        return self.api.consent_offer(actor=self.actor, civil_id=self.civil_id, agreement="consented")

    def give(self, *purposes: str, token: str | None = None) -> tuple[UUID, ...]:
        given: tuple[UUID, ...] = self.api.give_consent(
            actor=self.actor, civil_id=self.civil_id, regnum=self.regnum, agreement="consented",
            purposes=purposes or ("loan-application",), token=token or self.offer().token,
        )  # fmt: skip
        return given

    def withdraw(self, consent_id: UUID) -> None:
        self.api.withdraw_consent(actor=self.actor, civil_id=self.civil_id, consent_id=consent_id)

    def all(self) -> Any:
        return self.api.consents(actor=self.actor, civil_id=self.civil_id)


@pytest.fixture
def sarnai(registry: Registry) -> Citizen:
    return Citizen()


def events(name: str, consent_id: UUID) -> int:
    from toono.kernel.models import OutboxEvent

    return OutboxEvent.objects.filter(name=name, payload__consent_id=str(consent_id)).count()


def test_an_offer_says_who_reads_what_for_what_and_how_long(sarnai: Citizen) -> None:
    offer = sarnai.offer()
    assert (offer.organisation_name_mn, offer.provider_name_mn, offer.service_title_mn) == (
        "Хасар банк ХК",
        "УБЕГ",
        "Оршин суугаа газрын хаяг",
    )
    assert [field.mn for field in offer.fields] == ["аймаг, нийслэл", "бүтэн бичвэр"]
    assert offer.purposes == (LOAN,) and offer.quota_per_day == 50 and not offer.given
    from toono.kernel.clock import now

    assert timedelta(days=364) < offer.valid_until - now() <= timedelta(days=365)


def test_a_consent_ends_with_its_agreement_if_that_is_earlier(sarnai: Citizen, registry: Registry) -> None:
    from toono.kernel.clock import now

    end = now() + timedelta(days=9)
    registry.agreement = agreement(valid_until=end)
    assert sarnai.offer().valid_until == end


@pytest.mark.parametrize(
    "other", [{"consent": False}, {"valid_until": START + timedelta(days=1)}, {"valid_from": START + timedelta(days=2999)}, None]
)
def test_an_agreement_that_asks_nobody_is_not_offered(sarnai: Citizen, registry: Registry, other: dict[str, Any] | None) -> None:
    from toono.exchange.errors import ConsentNotOffered

    registry.agreement = agreement(**other) if other is not None else None
    with pytest.raises(ConsentNotOffered):
        sarnai.offer()
    with pytest.raises(ConsentNotOffered):
        sarnai.give(token="x")


def test_what_is_given_stands_in_the_table_that_the_gateway_asks(sarnai: Citizen) -> None:
    from toono.exchange.models import Consent

    [made] = sarnai.give()
    row = Consent.objects.get(id=made)
    assert (row.civil_id, row.regnum, row.consumer, row.service, row.purpose, row.agreement) == (
        sarnai.civil_id, sarnai.regnum.upper(), BANK, REGISTER, "loan-application", "consented",
    )  # fmt: skip
    assert row.fields == ["/aimag", "/text"] and row.withdrawn_at is None
    assert events("exchange.consent_given", made) == 1
    assert sarnai.offer().given


def test_giving_the_same_twice_gives_one_consent(sarnai: Citizen) -> None:
    [made] = sarnai.give()
    assert sarnai.give() == (made,)
    assert len(sarnai.all()) == 1 and events("exchange.consent_given", made) == 1


def test_two_windows_at_once_give_one_consent(sarnai: Citizen) -> None:
    from django.db import close_old_connections

    token, made, start = sarnai.offer().token, [], threading.Barrier(4)

    def give() -> None:
        start.wait()
        made.extend(sarnai.give(token=token))
        close_old_connections()

    threads = [threading.Thread(target=give) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4 and len(set(made)) == 1 and len(sarnai.all()) == 1


def test_what_changed_since_it_was_shown_is_not_consented_to(sarnai: Citizen, registry: Registry) -> None:
    from toono.exchange.errors import ConsentOfferChanged

    token = sarnai.offer().token
    registry.agreement = agreement(fields=("/aimag", "/text", "/regnum"))
    with pytest.raises(ConsentOfferChanged):
        sarnai.give(token=token)
    assert sarnai.all() == []


@pytest.mark.parametrize("purposes", [("address-renewal",), ("loan-application", "address-renewal"), ("",)])
def test_a_purpose_that_was_not_offered_cannot_be_consented_to(sarnai: Citizen, purposes: tuple[str, ...]) -> None:
    from toono.exchange.errors import ConsentPurposeMissing

    with pytest.raises(ConsentPurposeMissing):
        sarnai.give(*purposes)
    assert sarnai.all() == []


def test_each_purpose_is_a_consent_of_its_own(sarnai: Citizen, registry: Registry) -> None:
    registry.agreement = agreement(purposes=(LOAN, RENEWAL))
    first = sarnai.give("address-renewal")
    assert [c.purpose for c in sarnai.all()] == ["address-renewal"] and not sarnai.offer().given
    second = sarnai.give("loan-application")
    assert sarnai.offer().given and len({*first, *second}) == 2
    sarnai.withdraw(first[0])
    assert {c.purpose: c.state.value for c in sarnai.all()} == {"address-renewal": "withdrawn", "loan-application": "standing"}


def test_a_consent_that_was_withdrawn_stays_as_history_and_may_be_given_anew(sarnai: Citizen) -> None:
    from toono.exchange.models import Consent

    [made] = sarnai.give()
    sarnai.withdraw(made)
    at = Consent.objects.get(id=made).withdrawn_at
    sarnai.withdraw(made)
    assert Consent.objects.get(id=made).withdrawn_at == at and events("exchange.consent_withdrawn", made) == 1
    assert [c.state.value for c in sarnai.all()] == ["withdrawn"] and not sarnai.offer().given
    [again] = sarnai.give()
    assert again != made and [c.state.value for c in sarnai.all()] == ["standing", "withdrawn"]


def test_nobody_withdraws_anothers_consent(sarnai: Citizen) -> None:
    from toono.exchange.errors import ConsentNotFound

    [made] = sarnai.give()
    bat = Citizen()
    for identifier in (made, uuid4()):
        with pytest.raises(ConsentNotFound):
            bat.withdraw(identifier)
    assert sarnai.all()[0].state.value == "standing" and bat.all() == []


def test_an_agreement_that_has_grown_needs_a_new_consent(sarnai: Citizen, registry: Registry) -> None:
    [made] = sarnai.give()
    registry.agreement = agreement(fields=("/aimag", "/text", "/regnum"))
    assert [c.state.value for c in sarnai.all()] == ["outgrown"] and not sarnai.offer().given
    [grown] = sarnai.give()
    assert [(c.id, c.state.value) for c in sarnai.all()] == [(grown, "standing"), (made, "replaced")]
    sarnai.withdraw(grown)  # and the older one does not rise again
    registry.agreement = agreement()
    assert {c.state.value for c in sarnai.all()} == {"withdrawn", "replaced"}


def test_an_agreement_that_has_shrunk_needs_none(sarnai: Citizen, registry: Registry) -> None:
    [made] = sarnai.give()
    registry.agreement = agreement(fields=("/aimag",))
    assert [c.state.value for c in sarnai.all()] == ["standing"] and sarnai.give() == (made,)


def test_time_and_the_end_of_the_agreement_end_a_consent(sarnai: Citizen, registry: Registry) -> None:
    from toono.kernel.clock import at, now

    sarnai.give()
    with at(now() + timedelta(days=366)):
        assert [c.state.value for c in sarnai.all()] == ["expired"]
    registry.agreement = None
    assert [(c.state.value, c.purpose_title_mn) for c in sarnai.all()] == [("expired", "loan-application")]


def test_a_person_sees_what_was_read_by_a_consent(sarnai: Citizen) -> None:
    [made] = sarnai.give()
    assert sarnai.all()[0].readings == 0 and sarnai.all()[0].last_read_at is None
    read(sarnai.civil_id, START)
    read(sarnai.civil_id, START + timedelta(hours=1), consent=made)
    read(sarnai.civil_id, START + timedelta(hours=2), consent=made)
    read(civil_id(), START + timedelta(hours=3), consent=made)
    [shown] = sarnai.all()
    assert (shown.readings, shown.last_read_at) == (2, START + timedelta(hours=2))


def test_only_a_citizen_consents(sarnai: Citizen) -> None:
    from toono.kernel.actor import ANYBODY, Actor, Role, system
    from toono.kernel.errors import NotAllowed

    for actor in (
        ANYBODY,
        system("tests"),
        Actor(role=Role.OFFICER, person_id=uuid4(), organisation="khasar-bank"),
        Actor(role=Role.CITIZEN),
    ):
        sarnai.actor = actor
        for door in (sarnai.offer, lambda: sarnai.give(token="x"), lambda: sarnai.withdraw(uuid4()), sarnai.all):
            with pytest.raises(NotAllowed):
                door()


@pytest.mark.parametrize(
    ("consented", "granted", "covered"),
    [
        ([], [], True), ([], ["/a"], True), (["/a"], [], False), (["/a"], ["/a"], True), (["/a", "/b"], ["/b"], True), (["/a"], ["/a", "/b"], False),
    ],
)  # fmt: skip
def test_when_a_consent_covers_an_agreement(consented: list[str], granted: list[str], covered: bool) -> None:
    assert rules.covers(consented, granted) is covered


def test_the_token_of_an_offer_stands_for_all_that_is_shown() -> None:
    changes: tuple[dict[str, Any], ...] = (
        {"fields": ("/aimag",)}, {"purposes": (LOAN, RENEWAL)}, {"quota_per_day": None}, {"consumer": "MN/COM/other/x"}, {"service": REGISTER + "x"},
        {"valid_until": START + timedelta(days=2999)},
    )  # fmt: skip
    assert len({rules.token(agreement()), *(rules.token(agreement(**change)) for change in changes)}) == len(changes) + 1
    assert rules.token(agreement(fields=("/text", "/aimag"), version=7)) == rules.token(agreement())
