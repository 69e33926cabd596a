"""Sessions at the provider: new at sign-in, ended by hand, by idleness, by age; nobody reaches another's."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from toono.identity.contracts import Redirection, SignInRequired
from toono.identity.errors import FlowOver, RequestRefused
from toono.identity.tests.flows import Visitor, api, models, query
from toono.kernel import clock
from toono.kernel.actor import Actor, Role, system
from toono.kernel.errors import NotAllowed


@pytest.fixture
def visitor(stack, fresh_person) -> Visitor:
    return Visitor(stack, fresh_person())


def citizen(entered) -> Actor:
    found = api.signed_in(session_id=entered.session_id)
    return Actor(role=Role.CITIZEN, person_id=found.person_id, session_id=str(entered.session_id))


def test_the_cookie_is_256_bits_and_stored_only_as_a_digest(visitor):
    entered = visitor.sign_in()
    assert len(entered.session_token) >= 43
    assert entered.session_token not in str(models.Session.objects.filter(id=entered.session_id).values().get())


def test_signing_in_ends_the_session_that_the_browser_held(stack, visitor, fresh_person):
    """A token planted in a browser before is worth nothing after somebody signs in there."""
    planted = visitor.sign_in()
    victim = Visitor(stack, fresh_person())
    victim.ask()
    entered = victim.enter(victim.code(), replaces=planted.session_token)
    assert entered.session_token != planted.session_token
    assert api.signed_in(session_id=planted.session_id) is None
    assert api.signed_in(session_id=entered.session_id)


def test_an_unused_session_ends_after_the_idle_time_and_a_used_one_does_not(stack, visitor):
    entered = visitor.sign_in()
    idle = stack.settings.sessions_idle_minutes
    start = clock.now()
    with clock.at(start + timedelta(minutes=idle - 1)):
        assert api.signed_in(session_id=entered.session_id).touched
    with clock.at(start + timedelta(minutes=idle + 1)):
        assert api.signed_in(session_id=entered.session_id)
    with clock.at(start + timedelta(minutes=3 * idle)):
        assert api.signed_in(session_id=entered.session_id) is None


def test_no_session_lives_longer_than_twelve_hours(stack, visitor):
    entered = visitor.sign_in()
    start = clock.now()
    step = stack.settings.sessions_idle_minutes - 1
    for minutes in range(0, 12 * 60 - 1, step):
        with clock.at(start + timedelta(minutes=minutes)):
            assert api.signed_in(session_id=entered.session_id)
    with clock.at(start + timedelta(hours=12, seconds=1)):
        assert api.signed_in(session_id=entered.session_id) is None


def test_a_person_sees_and_ends_their_own_sessions(stack, visitor):
    phone, computer = visitor.sign_in(), Visitor(stack, visitor.person).sign_in()
    actor = citizen(computer)
    assert {(s.id, s.current) for s in api.sessions(actor=actor)} == {(phone.session_id, False), (computer.session_id, True)}
    api.end_session(actor=actor, session_id=phone.session_id)
    api.end_session(actor=actor, session_id=phone.session_id)
    assert api.signed_in(session_id=phone.session_id) is None and api.signed_in(session_id=computer.session_id)


def test_a_neighbour_neither_sees_nor_ends_it(stack, visitor, fresh_person, oyun):
    own = visitor.sign_in()
    neighbour = citizen(Visitor(stack, fresh_person()).sign_in())
    assert own.session_id not in {s.id for s in api.sessions(actor=neighbour)}
    for actor in (neighbour, oyun, Actor(role=Role.ANYBODY)):
        for session_id in (own.session_id, uuid4()):
            with pytest.raises(NotAllowed):
                api.end_session(actor=actor, session_id=session_id)
    assert api.signed_in(session_id=own.session_id)


def test_an_administrator_ends_any(visitor, anu):
    entered = visitor.sign_in()
    api.end_session(actor=anu, session_id=entered.session_id)
    assert api.signed_in(session_id=entered.session_id) is None


def test_the_waiting_request_is_answered_to_the_session_that_signed_in_for_it(stack, visitor, fresh_person):
    entered = visitor.sign_in()
    foreign = Visitor(stack, fresh_person()).sign_in()
    for token in (None, "guess", foreign.session_token):
        assert isinstance(api.resume_authorization(flow_id=visitor.flow_id, session_token=token, browser=visitor.browser), SignInRequired)
    with pytest.raises(FlowOver):
        api.resume_authorization(flow_id=visitor.flow_id, session_token=entered.session_token, browser="another")
    outcome = api.resume_authorization(flow_id=visitor.flow_id, session_token=entered.session_token, browser=visitor.browser)
    assert isinstance(outcome, Redirection) and "code" in parse_qs(urlsplit(outcome.url).query)
    with pytest.raises(FlowOver):
        api.resume_authorization(flow_id=visitor.flow_id, session_token=entered.session_token, browser=visitor.browser)


def test_prompt_login_is_satisfied_by_the_sign_in_that_it_asked_for(stack, visitor):
    entered = visitor.sign_in()
    outcome = api.authorization(query=query(prompt="login"), session_token=entered.session_token, browser=visitor.browser)
    assert isinstance(outcome, SignInRequired)
    visitor.flow_id = outcome.flow_id
    again = visitor.sign_in()
    outcome = api.resume_authorization(flow_id=visitor.flow_id, session_token=again.session_token, browser=visitor.browser)
    assert isinstance(outcome, Redirection) and "code=" in outcome.url


def test_whoever_is_signed_in_is_signed_in_everywhere(visitor):
    entered = visitor.sign_in()
    outcome = api.authorization(query=query(prompt="none"), session_token=entered.session_token, browser="any")
    assert isinstance(outcome, Redirection) and "code=" in outcome.url
    api.end_session(actor=system("tests"), session_id=entered.session_id)
    outcome = api.authorization(query=query(prompt="none"), session_token=entered.session_token, browser="any")
    assert isinstance(outcome, Redirection) and "error=login_required" in outcome.url


def test_a_false_request_is_shown_on_a_page(stack):
    for changes in ({"client_id": "nobody"}, {"redirect_uri": "https://evil.example/callback"}):
        with pytest.raises(RequestRefused):
            api.authorization(query=query(**changes), session_token=None, browser="any")
    with pytest.raises(RequestRefused):
        api.authorization(query=query() + "&state=2", session_token=None, browser="any")


def test_housekeeping_removes_what_has_ended_and_nothing_else(visitor):
    from toono.identity.operations.housekeeping import remove_ended

    entered = visitor.sign_in()
    api.resume_authorization(flow_id=visitor.flow_id, session_token=entered.session_token, browser=visitor.browser)
    remove_ended()
    assert (
        models.Flow.objects.filter(id=visitor.flow_id).exists()
        and models.AuthorizationCode.objects.filter(grant__session_id=entered.session_id).exists()
    )
    for table in (
        models.AuthorizationCode.objects.filter(grant__session_id=entered.session_id),
        models.Flow.objects.filter(id=visitor.flow_id),
        models.Session.objects.filter(id=entered.session_id),
    ):
        table.update(expires_at=clock.now() - timedelta(days=2))
    remove_ended()
    assert not models.Flow.objects.filter(id=visitor.flow_id).exists() and not models.Session.objects.filter(id=entered.session_id).exists()
