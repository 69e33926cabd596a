"""Signing in by a code, through the doors, with the real register, exchange, worker and SMS operator."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import uuid4

import pytest

from toono.identity.errors import (
    ChallengeOver,
    CodeExpired,
    CodeMalformed,
    CodeRefused,
    CodeUsedUp,
    FlowOver,
    Locked,
    RegnumMalformed,
    TooManyCodes,
    TooManyFromAddress,
)  # fmt: skip
from toono.identity.limits import LIMITS
from toono.identity.tests.flows import Visitor, api, models, other_than
from toono.kernel import clock
from toono.kernel.actor import system


@pytest.fixture
def visitor(stack, fresh_person) -> Visitor:
    return Visitor(stack, fresh_person())


def later(**time: int):
    return clock.at(clock.now() + timedelta(**time))


def test_the_right_code_begins_a_session_of_the_person_in_the_register(visitor):
    entered = visitor.sign_in()
    found = api.signed_in(session_id=entered.session_id)
    assert found is not None
    person = api.person(actor=system("tests"), person_id=found.person_id)
    assert (person.regnum, person.phone) == (visitor.person["regnum"], visitor.person["phone"])


def test_a_register_number_is_understood_however_it_is_typed(visitor):
    number = visitor.person["regnum"]
    visitor.ask(f" {number[:2].lower()} {number[2:6]}-{number[6:]} ")
    assert visitor.enter(visitor.code())


@pytest.mark.parametrize(
    "typed",
    ["", "УБ", "УБ0501011", "УБ050101123", "5501011234", "УБ05130112", "zq05010112", "УБ0501О112", "'; DROP TABLE", "УБ05010112" * 50],
)
def test_a_malformed_register_number_is_told_at_once(visitor, typed):
    with pytest.raises(RegnumMalformed):
        visitor.ask(typed)


def test_a_wrong_code_is_refused_and_the_right_one_still_good(visitor):
    visitor.ask()
    code = visitor.code()
    with pytest.raises(CodeRefused):
        visitor.enter(other_than(code))
    assert visitor.enter(code)


def test_a_malformed_code_counts_as_no_try(visitor):
    visitor.ask()
    code = visitor.code()
    for typed in ["", "12345", "abcdef", "1234567"] * 3:
        with pytest.raises(CodeMalformed):
            visitor.enter(typed)
    assert visitor.enter(code)


def test_a_code_is_good_once(visitor):
    visitor.ask()
    code = visitor.code()
    visitor.enter(code)
    with pytest.raises(CodeUsedUp):
        visitor.enter(code)


def test_a_code_expires_after_five_minutes(visitor):
    visitor.ask()
    code = visitor.code()
    with later(minutes=5, seconds=2), pytest.raises(CodeExpired):
        visitor.enter(code)
    with later(minutes=4):
        assert visitor.enter(code)


def test_after_five_wrong_tries_the_right_code_is_worth_nothing(visitor):
    visitor.ask()
    code = visitor.code()
    for _ in range(5):
        with pytest.raises(CodeRefused):
            visitor.enter(other_than(code))
    with pytest.raises(CodeUsedUp):
        visitor.enter(code)


def test_a_new_code_voids_the_earlier(visitor):
    visitor.ask()
    first = visitor.code()
    with later(seconds=61):
        api.ask_new_code(flow_id=visitor.flow_id, browser=visitor.browser, address=None, language="en")
        second = visitor.code(after=1)
        if first != second:
            with pytest.raises(CodeRefused):
                visitor.enter(first)
        assert visitor.enter(second)


def test_codes_are_given_once_a_minute_and_five_an_hour(visitor, stack):
    visitor.ask()
    with pytest.raises(TooManyCodes) as refused:
        visitor.ask()
    assert 50 < refused.value.data["retry_after_seconds"] <= 61
    for minute in (2, 4, 6, 8):
        with later(minutes=minute):
            visitor.ask()
    with later(minutes=20), pytest.raises(TooManyCodes):
        visitor.ask()
    with later(minutes=61):
        Visitor(stack, visitor.person).ask()


def test_the_limit_is_the_persons_not_the_browsers(visitor, stack):
    visitor.ask()
    with pytest.raises(TooManyCodes):
        Visitor(stack, visitor.person).ask()


def test_who_signs_in_may_do_so_again_at_once(visitor, stack):
    for _ in range(3):
        Visitor(stack, visitor.person).sign_in()


def test_ten_wrong_codes_in_a_row_lock_the_number_in_every_browser_and_longer_each_time(visitor, stack):
    code = ""
    for number, moment in ((1, 0), (2, 2)):
        with later(minutes=moment):
            visitor.ask()
            code = visitor.code(after=number - 1)
            for wrong in range(5):
                with pytest.raises(Locked if (number, wrong) == (2, 4) else CodeRefused):
                    visitor.enter(other_than(code))
    with later(minutes=4):
        for locked_out in (lambda: visitor.enter(code), Visitor(stack, visitor.person).ask):
            with pytest.raises(Locked) as refused:
                locked_out()
            assert timedelta(minutes=10) < refused.value.data["until"] - clock.now() <= timedelta(minutes=15)
    with later(minutes=18):
        other = Visitor(stack, visitor.person)
        assert other.sign_in(), "the lock ends by itself, and signing in clears the count"


def test_an_unknown_number_gets_the_very_same_answers(stack):
    """Nobody's register number: every answer is that of a person who enters wrong codes."""
    unknown = Visitor(stack, {"regnum": f"ЫЫ0505{secrets.randbelow(28) + 1:02d}99", "phone": "0"})
    unknown.ask()
    with pytest.raises(TooManyCodes):
        unknown.ask()
    for _ in range(5):
        with pytest.raises(CodeRefused) as refused:
            unknown.enter("123456")
        assert type(refused.value) is CodeRefused
    with pytest.raises(CodeUsedUp):
        unknown.enter("123456")
    with later(minutes=6), pytest.raises(CodeUsedUp):
        unknown.enter("123456")
    with later(minutes=2):
        unknown.ask()
        for _ in range(4):
            with pytest.raises(CodeRefused):
                unknown.enter("123456")
        with pytest.raises(Locked):
            unknown.enter("123456")


def test_a_sign_in_belongs_to_its_browser(visitor, stack, fresh_person):
    visitor.ask()
    code = visitor.code()
    for browser in (None, "", secrets.token_urlsafe(32), Visitor(stack, fresh_person()).browser):
        with pytest.raises(FlowOver):
            api.enter_code(flow_id=visitor.flow_id, browser=browser, code=code, address=None, device="", replaces=None)
        with pytest.raises(FlowOver):
            api.flow(flow_id=visitor.flow_id, browser=browser)
    assert visitor.enter(code)


def test_another_persons_code_does_not_sign_me_in(visitor, stack, fresh_person):
    mallory = Visitor(stack, fresh_person())
    visitor.ask()
    mallory.ask()
    code = visitor.code()
    if code != mallory.code():
        with pytest.raises(CodeRefused):
            mallory.enter(code)


def test_a_sign_in_is_over_after_half_an_hour_or_when_unknown(visitor):
    with later(minutes=31), pytest.raises(FlowOver):
        visitor.ask()
    visitor.flow_id = uuid4()
    with pytest.raises(FlowOver):
        visitor.ask()


def test_one_address_may_not_ask_without_end(stack, fresh_person, monkeypatch):
    address = f"2001:db8::{secrets.token_hex(2)}"
    monkeypatch.setattr("toono.identity.operations.sign_in.LIMITS", type(LIMITS)(address_requests=3))
    for _ in range(3):
        Visitor(stack, fresh_person(), address=address).ask()
    with pytest.raises(TooManyFromAddress):
        Visitor(stack, fresh_person(), address=address).ask()
    Visitor(stack, fresh_person(), address="2001:db8::ffff:1").ask()
    with later(minutes=11):
        Visitor(stack, fresh_person(), address=address).ask()


def test_one_address_may_not_guess_without_end(stack, fresh_person, monkeypatch):
    address = f"2001:db8:1::{secrets.token_hex(2)}"
    monkeypatch.setattr("toono.identity.operations.sign_in.LIMITS", type(LIMITS)(address_failures=4))
    guesser = Visitor(stack, fresh_person(), address=address)
    guesser.ask()
    code = guesser.code()
    for _ in range(4):
        with pytest.raises(CodeRefused):
            guesser.enter(other_than(code))
    with pytest.raises(TooManyFromAddress):
        guesser.enter(code)


def test_a_register_that_is_down_loses_nothing(stack, visitor):
    stack.faults(register="down")
    visitor.ask()
    stack.wait(lambda: not api.flow(flow_id=visitor.flow_id, browser=visitor.browser).register_answers, timeout=20)
    assert visitor.texts() == []
    stack.faults()
    assert visitor.enter(visitor.code()), "the code comes by itself once the register answers"
    stack.wait(
        lambda: api.flow(flow_id=visitor.flow_id, browser=visitor.browser).register_answers, timeout=LIMITS.outage_shown_for.seconds + 10
    )


@pytest.mark.parametrize("fault", ["nonsense", "other_person"])
def test_an_answer_that_cannot_be_believed_registers_nobody(stack, visitor, fault):
    stack.faults(register=fault)
    visitor.ask()
    stack.wait(lambda: not api.flow(flow_id=visitor.flow_id, browser=visitor.browser).register_answers, timeout=20)
    assert not models.Person.objects.filter(regnum=visitor.person["regnum"]).exists()
    stack.faults()
    assert visitor.enter(visitor.code())


def test_who_signed_in_before_can_do_so_while_the_register_is_down(stack, visitor):
    visitor.sign_in()
    stack.faults(register="down")
    assert Visitor(stack, visitor.person).sign_in()


def test_no_code_is_drawn_when_it_is_no_longer_wanted(visitor):
    visitor.ask()
    code = visitor.code()
    challenge = models.Challenge.objects.get(flow_id=visitor.flow_id)
    assert code not in str(models.Challenge.objects.filter(id=challenge.id).values().get()), "the clear code is stored nowhere"
    with later(minutes=16), pytest.raises(ChallengeOver):
        api.draw_code(challenge_id=challenge.id)
    drawn = api.draw_code(challenge_id=challenge.id)
    assert (drawn.phone, drawn.language) == (visitor.person["phone"], "mn")
    visitor.enter(drawn.code)
    with pytest.raises(ChallengeOver):
        api.draw_code(challenge_id=challenge.id)
    with pytest.raises(ChallengeOver):
        api.draw_code(challenge_id=uuid4())


def test_no_code_is_drawn_for_a_challenge_that_a_newer_one_replaced(visitor):
    visitor.ask()
    visitor.code()
    older = models.Challenge.objects.get(flow_id=visitor.flow_id)
    with later(seconds=61):
        visitor.ask()
        with pytest.raises(ChallengeOver):
            api.draw_code(challenge_id=older.id)


def test_many_wrong_codes_at_once_are_all_counted(visitor):
    """Guesses side by side must not slip past the count: of forty at once five are tried."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    visitor.ask()
    wrong = other_than(visitor.code())

    def guess(_: int) -> type[Exception]:
        try:
            visitor.enter(wrong)
        except (CodeRefused, Locked) as error:
            return type(error)
        finally:
            connection.close()
        raise AssertionError("a wrong code was accepted")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(guess, range(40)))
    assert answers.count(CodeRefused) == LIMITS.code_tries
    assert answers.count(CodeUsedUp) == 40 - LIMITS.code_tries


def test_the_right_code_entered_many_times_at_once_begins_one_session(visitor):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    visitor.ask()
    code = visitor.code()

    def enter(_: int) -> bool:
        try:
            return bool(visitor.enter(code))
        except CodeUsedUp:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(enter, range(16))) == 1
