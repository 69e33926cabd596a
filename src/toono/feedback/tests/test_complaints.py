"""«I do not recognise this»: a complaint to the owner of the register, and its answer."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from toono.exchange.tests.readings import civil_id, read

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
OWNER = "state-registration"


class Citizen:
    """A person with readings to complain of."""

    def __init__(self) -> None:
        from toono.kernel.actor import Actor, Role

        self.civil_id, self.actor = civil_id(), Actor(role=Role.CITIZEN, person_id=uuid4())

    def complain(self, reading_id: UUID, words: str = "") -> Any:
        import toono.feedback.api as api

        return api.complain(actor=self.actor, civil_id=self.civil_id, reading_id=reading_id, words=words)

    def complaint(self, reading_id: UUID) -> Any:
        import toono.feedback.api as api

        return api.complaint_of_reading(actor=self.actor, reading_id=reading_id)

    def inbox(self) -> Any:
        import toono.notifications.api as notifications

        return notifications.inbox(actor=self.actor, limit=10)


@pytest.fixture
def sarnai(stack: Any) -> Citizen:
    return Citizen()


@pytest.fixture
def officer(stack: Any) -> Any:
    from toono.kernel.actor import Actor, Role

    return Actor(role=Role.OFFICER, person_id=uuid4(), organisation=OWNER)


def count(name: str, complaint_id: UUID) -> int:
    from toono.kernel.models import OutboxEvent

    return OutboxEvent.objects.filter(name=name, payload__complaint_id=str(complaint_id)).count()


def test_a_complaint_goes_to_the_owner_of_the_register_with_the_reading(sarnai: Citizen, officer: Any) -> None:
    import toono.feedback.api as api

    reading_id = read(sarnai.civil_id, NOON)
    assert sarnai.complaint(reading_id) is None
    made = sarnai.complain(reading_id, "  Би энэ банкнаас зээл   хүсээгүй.\n")
    assert made.organisation == OWNER and made.state.value == "open" and made.words == "Би энэ банкнаас зээл хүсээгүй."
    assert made.due_at - made.opened_at == timedelta(days=30)
    assert sarnai.complaint(reading_id) == made
    seen = api.complaint(actor=officer, complaint_id=made.id)
    assert (
        seen.reading.id == reading_id
        and seen.reading.organisation_name_mn == "Хасар банк ХК"
        and seen.reading.receipt == made.reading.receipt
    )
    assert made.id in {c.id for c in api.complaints(actor=officer)}
    assert sarnai.civil_id not in seen.model_dump_json()
    assert count("feedback.complaint_opened", made.id) == 1


def test_one_complaint_for_a_reading(sarnai: Citizen) -> None:
    reading_id = read(sarnai.civil_id, NOON)
    first, again = sarnai.complain(reading_id, "Нэг"), sarnai.complain(reading_id, "Хоёр")
    assert again == first and count("feedback.complaint_opened", first.id) == 1
    assert sarnai.complain(read(sarnai.civil_id, NOON)).id != first.id


def test_a_double_click_makes_one(sarnai: Citizen) -> None:
    from django.db import close_old_connections

    reading_id, made, start = read(sarnai.civil_id, NOON), [], threading.Barrier(4)

    def click() -> None:
        start.wait()
        made.append(sarnai.complain(reading_id).id)
        close_old_connections()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4 and len(set(made)) == 1 and count("feedback.complaint_opened", made[0]) == 1


def test_nobody_complains_of_anothers_reading_or_of_one_that_is_kept_back(sarnai: Citizen) -> None:
    from toono.exchange.errors import ReadingNotFound
    from toono.kernel.clock import now

    kept = read(sarnai.civil_id, now(), visible_at=now() + timedelta(days=5), secrecy_basis_mn="Хууль")
    for reading_id in (read(civil_id(), NOON), kept, uuid4()):
        with pytest.raises(ReadingNotFound):
            sarnai.complain(reading_id)


def test_too_many_words_keep_nothing(sarnai: Citizen) -> None:
    from toono.feedback.errors import ComplaintTooLong

    reading_id = read(sarnai.civil_id, NOON)
    with pytest.raises(ComplaintTooLong):
        sarnai.complain(reading_id, "а" * 1001)
    assert sarnai.complaint(reading_id) is None
    assert sarnai.complain(reading_id, "а" * 1000).words == "а" * 1000


def test_the_answer_is_told_to_the_person_once(sarnai: Citizen, officer: Any) -> None:
    import toono.feedback.api as api

    reading_id = read(sarnai.civil_id, NOON)
    made = sarnai.complain(reading_id)
    for _ in range(2):
        api.answer_complaint(
            actor=officer, complaint_id=made.id, finding="unlawful", words="Ажилтан эрхгүй уншсан.\n\nТүүнд сануулга өгсөн. "
        )
    answered = sarnai.complaint(reading_id)
    assert (answered.state.value, answered.finding.value, answered.answer) == (
        "answered",
        "unlawful",
        "Ажилтан эрхгүй уншсан.\nТүүнд сануулга өгсөн.",
    )
    [message] = sarnai.inbox()
    assert made.number in message.body_mn and "хууль ёсных биш" in message.body_mn and "Түүнд сануулга өгсөн." in message.body_mn
    assert count("feedback.complaint_answered", made.id) == 1


def test_a_second_answer_does_not_replace_the_first(sarnai: Citizen, officer: Any) -> None:
    import toono.feedback.api as api
    from toono.feedback.errors import AlreadyAnswered

    made = sarnai.complain(read(sarnai.civil_id, NOON))
    api.answer_complaint(actor=officer, complaint_id=made.id, finding="lawful", words="Зээлийн хүсэлтээр уншсан.")
    with pytest.raises(AlreadyAnswered):
        api.answer_complaint(actor=officer, complaint_id=made.id, finding="lawful", words="Өөр үг.")
    assert api.complaint(actor=officer, complaint_id=made.id).answer == "Зээлийн хүсэлтээр уншсан."


@pytest.mark.parametrize(
    ("finding", "words", "error"),
    [
        ("", "Үг", "FindingMissing"),
        ("perhaps", "Үг", "FindingMissing"),
        ("lawful", " \n ", "AnswerMissing"),
        ("lawful", "а" * 4001, "AnswerMissing"),
    ],
)
def test_half_an_answer_is_none(sarnai: Citizen, officer: Any, finding: str, words: str, error: str) -> None:
    import toono.feedback.api as api
    from toono.feedback import errors

    made = sarnai.complain(read(sarnai.civil_id, NOON))
    with pytest.raises(getattr(errors, error)):
        api.answer_complaint(actor=officer, complaint_id=made.id, finding=finding, words=words)
    assert api.complaint(actor=officer, complaint_id=made.id).state.value == "open" and sarnai.inbox() == []


def test_another_organisation_neither_sees_nor_answers(sarnai: Citizen) -> None:
    import toono.feedback.api as api
    from toono.feedback.errors import ComplaintNotFound
    from toono.kernel.actor import Actor, Role

    made = sarnai.complain(read(sarnai.civil_id, NOON))
    bank = Actor(role=Role.REPRESENTATIVE, person_id=uuid4(), organisation="khasar-bank")
    assert made.id not in {c.id for c in api.complaints(actor=bank, limit=500)}
    with pytest.raises(ComplaintNotFound):
        api.complaint(actor=bank, complaint_id=made.id)
    with pytest.raises(ComplaintNotFound):
        api.answer_complaint(actor=bank, complaint_id=made.id, finding="lawful", words="Манай эрх.")


def test_only_those_who_answer_for_an_organisation_see_complaints(sarnai: Citizen) -> None:
    import toono.feedback.api as api
    from toono.kernel.actor import ANYBODY, Actor, Role, system
    from toono.kernel.errors import NotAllowed

    for actor in (
        ANYBODY,
        sarnai.actor,
        system("tests"),
        Actor(role=Role.OPERATOR, person_id=uuid4(), organisation=OWNER),
        Actor(role=Role.OFFICER, person_id=uuid4()),
    ):
        with pytest.raises(NotAllowed):
            api.complaints(actor=actor)
        with pytest.raises(NotAllowed):
            api.open_complaints(actor=actor)


def test_open_complaints_come_first_and_the_most_urgent_at_the_top(sarnai: Citizen, stack: Any) -> None:
    import toono.feedback.api as api
    from toono.kernel.actor import Actor, Role
    from toono.kernel.clock import at, now

    owner = f"owner-{uuid4().hex[:8]}"
    officer = Actor(role=Role.OFFICER, person_id=uuid4(), organisation=owner)
    made = []
    for day in range(3):
        with at(now() + timedelta(days=day)):
            made.append(sarnai.complain(read(sarnai.civil_id, NOON, provider=owner)).id)
    api.answer_complaint(actor=officer, complaint_id=made[0], finding="lawful", words="Тийм.")
    assert [c.id for c in api.complaints(actor=officer)] == [made[1], made[2], made[0]] and api.open_complaints(actor=officer) == 2
