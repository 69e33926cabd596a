"""kill -9 of web, worker and database at every step of a case: what was acknowledged is there, nothing is there twice, and pressing again goes on."""

from __future__ import annotations

import os
import random
import threading
import time
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from tests.faults.test_parts_down import KILLS, made_up
from tests.stage import Stack
from toono.entry.person import Person
from toono.entry.tour import WATER_PERMIT, declaration, document_link, start_form, typed

VICTIMS = ("web", "worker", "postgres")
SLOWEST_KILL_SECONDS = 0.06
"""About as long as a page takes: the kill falls before, into or after the work."""


class Shaken:
    """A person whose every press of a button meets a kill, and who presses again until a page comes."""

    def __init__(self, stack: Stack, person: Person, victims: list[str], chance: random.Random) -> None:
        self.stack, self.person, self._victims, self._chance = stack, person, victims, chance
        self.kills: list[tuple[str, str]] = []
        self._step = 0

    def press(self, form: Any, **values: str) -> None:
        victim = self._victims[self._step % len(self._victims)]
        self._step += 1
        wait = self._chance.uniform(0, SLOWEST_KILL_SECONDS)
        killer = threading.Thread(target=lambda: (time.sleep(wait), self.stack.kill(victim)))
        killer.start()
        self.kills.append((self.person.path, victim))
        self._until_answered(lambda: self.person.press(form=form, **values))
        killer.join()
        self.stack.wait(self.stack.serves, timeout=60)

    def open(self, path: str) -> None:
        self._until_answered(lambda: self.person.open(path))

    def _until_answered(self, act: Any) -> None:
        deadline = time.monotonic() + 90
        while True:
            try:
                act()
                if self.person.answer.status_code < 500:
                    return
            except (httpx.TransportError, AttributeError):
                pass  # no answer, or one that is no page
            assert time.monotonic() < deadline, self.person.answer.text[:500]
            time.sleep(0.2)


def _signed_in(stack: Stack, regnum: str, phone: str) -> Person:
    person = Person(stack.base_url, sms=lambda: stack.sms(phone))
    person.sign_in(regnum)
    return person


@pytest.mark.parametrize("number", range(max(1, KILLS // 3)))
def test_a_case_lives_through_a_kill_at_every_step(broken: Stack, number: int) -> None:
    seed = int(os.environ.get("CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    print(f"CHAOS_SEED={seed}")
    chance = random.Random(seed)
    victims = list(VICTIMS)
    chance.shuffle(victims)
    made, oyun = made_up(broken, 20 + number), broken.addresses["persons"]["oyun"]
    citizen = Shaken(broken, _signed_in(broken, made["regnum"], made["phone"]), victims, chance)
    page = citizen.person
    citizen.open("/services/water-use-permit/")
    citizen.press(start_form(page))
    while "/question/" in page.path:
        form = next(f for f in page.page.xpath("//main//form") if f.xpath(".//button[not(@name)]"))
        citizen.press(form, **typed(form, WATER_PERMIT))
    citizen.press(page.form(field="form_token"), **declaration(page))
    case_path = page.path
    case_id = UUID(case_path.rsplit("/", 1)[1])

    officer = Shaken(broken, _signed_in(broken, oyun["regnum"], oyun["phone"]), victims, chance)
    broken.wait(lambda: officer.person.client.get(f"/desk/{case_id}").is_success, timeout=60)
    officer.open(f"/desk/{case_id}")
    form = officer.person.form(field="action")
    officer.press(form, action="grant", reason="Нөөцийн дүгнэлттэй нийцэж байна.", **{"fill-grant-permitted": "60"})
    citizen.open(case_path)
    document_link(page)
    assert len(citizen.kills) >= 8 and len(officer.kills) == 1

    def counted(query: str) -> int:
        with psycopg.connect(broken.settings.database_dsn) as connection:
            row = connection.execute(query, {"case": case_id}).fetchone()  # type: ignore[call-overload]
        return int(row[0]) if row else -1

    seen = f"seed {seed}: {citizen.kills + officer.kills}"
    mine = "SELECT count(*) FROM services_case WHERE person_id = (SELECT person_id FROM services_case WHERE id = %(case)s)"
    assert counted(mine + " AND service = 'water-use-permit'") == 1, seen
    assert counted("SELECT count(*) FROM services_document WHERE case_id = %(case)s") == 1, seen
    for kind in ("submitted", "decided", "document_issued"):
        assert counted(f"SELECT count(*) FROM services_caselog WHERE case_id = %(case)s AND kind = '{kind}'") <= 1, (kind, seen)
    assert counted("SELECT count(*) FROM services_caselog WHERE case_id = %(case)s AND kind = 'submitted'") == 1, seen
    told = "SELECT count(*) - count(DISTINCT template) FROM notifications_message WHERE case_id = %(case)s"
    assert counted(told) == 0, seen
