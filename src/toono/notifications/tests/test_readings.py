"""Telling persons that their data were read, as they wish."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from toono.exchange.tests.readings import civil_id, read
from toono.notifications.domain import week

ULAANBAATAR = ZoneInfo("Asia/Ulaanbaatar")


class Citizen:
    """A person with an inbox."""

    def __init__(self) -> None:
        from toono.kernel.actor import Actor, Role

        self.civil_id, self.actor = civil_id(), Actor(role=Role.CITIZEN, person_id=uuid4())

    def choose(self, notice: str, *, sms: bool = False) -> None:
        import toono.notifications.api as api
        from toono.notifications.contracts import ReadingNotice

        api.choose_reading_preference(actor=self.actor, civil_id=self.civil_id, notice=ReadingNotice(notice), sms=sms)

    def preference(self) -> tuple[str, bool]:
        import toono.notifications.api as api

        found = api.reading_preference(actor=self.actor, civil_id=self.civil_id)
        return found.notice.value, found.sms

    def inbox(self) -> Any:
        import toono.notifications.api as api

        return api.inbox(actor=self.actor, limit=100)

    def texts(self) -> int:
        from toono.notifications.models import Delivery

        return Delivery.objects.filter(message__person_id=self.actor.person_id, channel="sms").count()


@pytest.fixture
def sarnai(stack: Any) -> Citizen:
    return Citizen()


@pytest.fixture
def begin(stack: Any) -> datetime:
    """A moment up to which every reading was looked at; each test goes on from where the one before ended, and counts its own persons only."""
    import toono.exchange.api as exchange
    from toono.kernel.clock import now
    from toono.notifications.models import ReadingPreference, ReadingsTold

    ReadingPreference.objects.filter(notice="each").update(notice="none")

    row = ReadingsTold.objects.filter(id=1).first()
    moment = max(now(), row.until if row else now()) + timedelta(hours=1)
    ReadingsTold.objects.update_or_create(id=1, defaults={"until": moment})
    assert exchange.settled_until() < moment
    return moment


def round_at(moment: datetime) -> int:
    from toono.kernel.clock import at
    from toono.notifications.operations.readings import tell_of_each

    with at(moment):
        return tell_of_each()


def weeks_at(moment: datetime) -> int:
    from toono.kernel.clock import at
    from toono.notifications.operations.readings import tell_of_weeks

    with at(moment):
        return tell_of_weeks()


def test_who_never_chose_has_the_digest_without_text_message(sarnai: Citizen) -> None:
    assert sarnai.preference() == ("weekly", False)


def test_who_becomes_known_to_the_platform_has_it_without_ever_looking(stack: Any, fresh_citizen: Any) -> None:
    from toono.notifications.models import ReadingPreference

    person = fresh_citizen().person_id
    row = stack.wait(lambda: ReadingPreference.objects.filter(person_id=person).first(), timeout=20)
    assert row.notice == "weekly" and not row.sms and len(row.civil_id) == 12


def test_who_wishes_it_is_told_of_each_reading_once(sarnai: Citizen, begin: datetime) -> None:
    sarnai.choose("each")
    read(sarnai.civil_id, begin + timedelta(seconds=5))
    read(civil_id(), begin + timedelta(seconds=6))
    assert round_at(begin + timedelta(seconds=80)) == 0  # could still be joined by a late commit
    assert round_at(begin + timedelta(seconds=120)) == 1
    assert round_at(begin + timedelta(seconds=180)) == 0
    [message] = sarnai.inbox()
    assert message.title_mn == "Хасар банк ХК таны мэдээллийг уншлаа"
    assert "Зээлийн хүсэлтийг судлах" in message.body_mn and "Registered address" in message.body_en
    assert sarnai.texts() == 0


def test_a_reading_that_is_committed_late_is_told_of(sarnai: Citizen, begin: datetime) -> None:
    sarnai.choose("each")
    round_at(begin + timedelta(seconds=100))
    read(sarnai.civil_id, begin + timedelta(seconds=12))  # its commit came after that round
    assert round_at(begin + timedelta(seconds=160)) == 1


def test_text_messages_only_where_they_are_wished(sarnai: Citizen, begin: datetime) -> None:
    sarnai.choose("each", sms=True)
    assert sarnai.preference() == ("each", True)
    read(sarnai.civil_id, begin + timedelta(seconds=5))
    round_at(begin + timedelta(minutes=3))
    assert len(sarnai.inbox()) == 1 and sarnai.texts() == 1


def test_who_wishes_nothing_hears_nothing(sarnai: Citizen, begin: datetime) -> None:
    sarnai.choose("none", sms=True)
    assert sarnai.preference() == ("none", False)
    read(sarnai.civil_id, begin + timedelta(seconds=5))
    round_at(begin + timedelta(minutes=3))
    weeks_at(begin + timedelta(days=15))
    assert sarnai.inbox() == []


def test_a_reading_that_a_law_keeps_back_is_told_of_when_it_may_be_known(sarnai: Citizen, begin: datetime) -> None:
    sarnai.choose("each")
    until = begin + timedelta(hours=3)
    read(sarnai.civil_id, begin + timedelta(seconds=5), organisation_name_mn="Цагдаа", visible_at=until, secrecy_basis_mn="Хууль")
    assert round_at(until - timedelta(seconds=1)) == 0
    assert sarnai.inbox() == []
    assert round_at(until + timedelta(seconds=100)) == 1
    assert sarnai.inbox()[0].title_mn == "Цагдаа таны мэдээллийг уншлаа"


def test_after_a_rest_everything_is_told_of_in_several_windows(sarnai: Citizen, begin: datetime) -> None:
    sarnai.choose("each")
    for minutes in (1, 12, 25, 59):
        read(sarnai.civil_id, begin + timedelta(minutes=minutes))
    assert round_at(begin + timedelta(hours=1, minutes=2)) == 4


def test_a_round_that_is_cut_off_is_done_again_and_tells_nothing_twice(
    sarnai: Citizen, begin: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toono.notifications.operations import readings

    sarnai.choose("each", sms=True)
    read(sarnai.civil_id, begin + timedelta(seconds=1))
    read(sarnai.civil_id, begin + timedelta(seconds=2))
    whole, told = readings.notify, []

    def cut_off(**values: Any) -> Any:
        if told:
            raise SystemExit("power cut")
        told.append(values["key"])
        return whole(**values)

    monkeypatch.setattr(readings, "notify", cut_off)
    with pytest.raises(SystemExit):
        round_at(begin + timedelta(minutes=3))
    assert sarnai.inbox() == [] and sarnai.texts() == 0
    monkeypatch.undo()
    assert round_at(begin + timedelta(minutes=3)) == 2
    assert len(sarnai.inbox()) == 2 and sarnai.texts() == 2


def test_two_workers_tell_once(sarnai: Citizen, begin: datetime) -> None:
    from django.db import close_old_connections

    sarnai.choose("each")
    for second in range(20):
        read(sarnai.civil_id, begin + timedelta(seconds=second))
    told, start = [], threading.Barrier(3)

    def work() -> None:
        start.wait()
        told.append(round_at(begin + timedelta(minutes=4)))
        close_old_connections()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [0, 0, 20] and len(sarnai.inbox()) == 20


def test_a_name_that_cannot_be_printed_does_not_stop_the_others(sarnai: Citizen, begin: datetime) -> None:
    sarnai.choose("each")
    read(sarnai.civil_id, begin + timedelta(seconds=1), purpose_title_mn="")
    read(sarnai.civil_id, begin + timedelta(seconds=2), organisation_name_en="")
    assert round_at(begin + timedelta(minutes=3)) == 1
    assert sarnai.inbox()[0].title_en == "Хасар банк ХК read your data"


def monday(after: datetime) -> datetime:
    return week.begin(after, ULAANBAATAR) + timedelta(days=7)


def test_the_digest_comes_on_monday_at_nine_and_counts_what_could_be_known(sarnai: Citizen, begin: datetime) -> None:
    from toono.kernel.clock import at

    first = monday(begin + timedelta(days=7))
    with at(first - timedelta(days=6)):
        assert sarnai.preference() == ("weekly", False)
    for day in (5, 4):
        read(sarnai.civil_id, first - timedelta(days=day))
    read(
        sarnai.civil_id,
        first - timedelta(days=3),
        organisation="police",
        organisation_name_mn="Цагдаа",
        visible_at=first + timedelta(days=2),
        secrecy_basis_mn="Х",
    )
    read(sarnai.civil_id, first + timedelta(hours=1))
    weeks_at(first + timedelta(hours=8, minutes=59))
    assert sarnai.inbox() == []
    weeks_at(first + timedelta(hours=9))
    weeks_at(first + timedelta(days=1))
    [digest] = sarnai.inbox()
    assert digest.title_mn == "Таны мэдээллийг 2 удаа уншлаа" and "Хасар банк ХК – 2" in digest.body_mn and "Цагдаа" not in digest.body_mn
    weeks_at(first + timedelta(days=7, hours=10))
    assert sarnai.inbox()[0].title_en == "Your data were read 2 times" and "Цагдаа – 1" in sarnai.inbox()[0].body_mn
    weeks_at(first + timedelta(days=14, hours=10))
    assert len(sarnai.inbox()) == 2 and sarnai.texts() == 0  # a week without readings is not told of


def test_many_organisations_fit_into_a_digest(sarnai: Citizen, begin: datetime) -> None:
    from toono.kernel.clock import at

    first = monday(begin + timedelta(days=7))
    with at(first - timedelta(days=6)):
        sarnai.preference()
    for number in range(23):
        read(sarnai.civil_id, first - timedelta(days=2, seconds=number), organisation=f"o-{number}", organisation_name_mn=f"Газар {number}")
    weeks_at(first + timedelta(hours=9))
    assert sarnai.inbox()[0].body_mn.count(" – 1") == 20 and "бусад – 3" in sarnai.inbox()[0].body_mn


@pytest.mark.parametrize(
    ("moment", "told_up_to"),
    [
        ("2026-11-23T08:59:00+08:00", "2026-11-16"), ("2026-11-23T09:00:00+08:00", "2026-11-23"), ("2026-11-22T23:59:00+08:00", "2026-11-16"),
        ("2026-11-29T23:59:59+08:00", "2026-11-23"),
    ],
)  # fmt: skip
def test_when_a_week_may_be_told(moment: str, told_up_to: str) -> None:
    found = week.told_up_to(datetime.fromisoformat(moment).astimezone(UTC), ULAANBAATAR)
    assert f"{found:%Y-%m-%dT%H:%M}" == f"{told_up_to}T00:00"


def test_only_a_citizen_has_a_wish(stack: Any) -> None:
    import toono.notifications.api as api
    from toono.kernel.actor import ANYBODY, Actor, Role
    from toono.kernel.errors import NotAllowed
    from toono.notifications.contracts import ReadingNotice

    for actor in (ANYBODY, Actor(role=Role.OFFICER, person_id=uuid4(), organisation="police")):
        with pytest.raises(NotAllowed):
            api.reading_preference(actor=actor, civil_id="1")
        with pytest.raises(NotAllowed):
            api.choose_reading_preference(actor=actor, civil_id="1", notice=ReadingNotice.EACH, sms=False)
