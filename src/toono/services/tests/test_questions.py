"""Answering: pages, groups, files, other persons, offers; twice, at once, by another, out of order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import UUID, uuid4

import pytest

from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed
from toono.services.contracts import CaseView, FieldState, NextKind, Phase, Press, PressKind, QuestionField, QuestionPage, Typed
from toono.services.errors import AttachmentUnknown, CaseUnknown, QuestionUnknown
from toono.services.tests.forms import WORDS, asked, form, options, published
from toono.services.tests.steps import answered
from toono.services.tests.test_files import EICAR, pdf, picture, upload

if TYPE_CHECKING:
    from tests.stage import Stack

Citizen = Callable[[], Actor]
HOME = {"aimag": "48", "unit": "480155", "rest": "Хөх булаг"}


@pytest.fixture
def opened(stack: Stack, fresh_citizen: Citizen) -> Callable[..., tuple[Actor, CaseView]]:
    """A draft of a service that asks these questions, by a person whom no other test uses."""

    def open_(*questions: dict[str, Any], actor: Actor | None = None, code: str = "", **more: Any) -> tuple[Actor, CaseView]:
        from toono.services import api

        person = actor or fresh_citizen()
        definition = published(form(*questions, code=code or f"form-{uuid4().hex[:8]}", **more))
        return person, api.start_case(actor=person, service=definition.code, on_behalf="")

    return open_


Opened = Callable[..., tuple[Actor, CaseView]]


def post(
    actor: Actor, case: CaseView, question: str, files: Any = None, press: Press | None = None, **values: Typed
) -> QuestionPage | CaseView:
    from toono.services import api

    return api.answer(actor=actor, case_id=case.id, question=question, values=values, files=files or {}, press=press)


def again(result: QuestionPage | CaseView) -> QuestionPage:
    """The page came back."""
    assert isinstance(result, QuestionPage), result
    return result


def onward(result: QuestionPage | CaseView) -> CaseView:
    """It was taken."""
    assert isinstance(result, CaseView), [field.error for field in result.fields]
    return result


def field(page: QuestionPage, code: str = "") -> QuestionField:
    return next(one for one in page.fields if one.code == (code or page.fields[0].code))


def kept(case: CaseView) -> dict[str, str]:
    from toono.services.models import Case

    return dict(Case.objects.get(id=case.id).answers)


# -- pages -------------------------------------------------------------------------------------------------------

PAGES = [{"code": "contact", "title": {"mn": "Холбоо барих", "en": "Contact"}, "questions": ["phone", "email", "when"], "because": WORDS}]
CONTACT = (asked("place"), asked("phone", "phone"), asked("email", "email", optional=True), asked("when", "date"), asked("last"))


def test_a_page_joins_questions_and_is_saved_as_a_whole_or_not_at_all(opened: Opened) -> None:
    from toono.services import api

    actor, case = opened(*CONTACT, pages=PAGES)
    case = onward(post(actor, case, "place", place="Хөх булаг"))
    page = api.question(actor=actor, case_id=case.id, question="email")
    assert (page.code, page.title.mn, page.position, page.total, page.previous) == ("contact", "Холбоо барих", 2, 3, "place")
    assert [one.code for one in page.fields] == ["phone", "email", "when"]
    date = {"year": "2026", "month": "13", "day": "1"}
    wrong = again(post(actor, case, "contact", phone="9911 2233", email="nobody", when=date))
    assert [bool(one.error) for one in wrong.fields] == [False, True, True] and wrong.wrong
    assert (field(wrong, "phone").values, field(wrong, "email").values, field(wrong, "when").parts) == (("9911 2233",), ("nobody",), date)
    assert set(kept(case)) == {"place"}
    case = onward(post(actor, case, "contact", phone="9911 2233", when={**date, "month": "3"}))
    assert kept(case) == {"place": "Хөх булаг", "phone": "99112233", "email": "", "when": "2026-03-01"}
    assert case.next.question == "last"


def test_a_question_that_an_answer_of_the_same_page_makes_needed_comes_on_it(opened: Opened) -> None:
    from toono.services import api

    questions = (asked("has", "yes_no"), asked("what", when="answers.has"), asked("last"))
    pages = [{"code": "both", "title": WORDS, "questions": ["has", "what"], "because": WORDS}]
    actor, case = opened(*questions, pages=pages)
    assert [f.code for f in api.question(actor=actor, case_id=case.id, question="both").fields] == ["has"]
    case = onward(post(actor, case, "both", has="yes"))
    assert case.next.question == "what"
    assert [f.code for f in api.question(actor=actor, case_id=case.id, question="what").fields] == ["has", "what"]


# -- addresses ---------------------------------------------------------------------------------------------------


def test_an_address_anywhere_is_chosen_in_two_steps_and_the_first_is_no_error(opened: Opened) -> None:
    actor, case = opened(asked("home", "address"))
    first = again(post(actor, case, "home", home={"aimag": "48"}))
    assert not first.wrong and field(first).parts["aimag"] == "48"
    assert "480155" in {unit.value for group in field(first).places for unit in group.options}
    moved = again(post(actor, case, "home", home=HOME | {"aimag": "11"}))
    assert not moved.wrong and field(moved).parts["unit"] == "" and field(moved).places[0].options[0].value.startswith("11")
    empty = again(post(actor, case, "home", home={"aimag": ""}))
    assert empty.wrong and not field(empty).places
    case = onward(post(actor, case, "home", home=HOME))
    assert case.answers[0].value.mn.startswith("Дундговь, Сайнцагаан, 3-р баг") and case.answers[0].value.mn.endswith(", Хөх булаг")


def test_an_address_inside_an_aimag_is_chosen_at_once(opened: Opened) -> None:
    from toono.services import api

    actor, case = opened(asked("home", "address", within="48"), asked("camp", "address", within="4801"))
    page = api.question(actor=actor, case_id=case.id, question="home")
    assert not field(page).aimags and len(field(page).places) > 10
    assert again(post(actor, case, "home", home={"unit": "110101", "rest": "x"})).wrong
    case = onward(post(actor, case, "home", home=HOME))
    assert len(field(api.question(actor=actor, case_id=case.id, question="camp")).places) == 1


def test_a_point_outside_the_aimag_is_refused(opened: Opened) -> None:
    actor, case = opened(asked("well", "point", within="48"))
    assert "дотор байхгүй" in field(again(post(actor, case, "well", well={"lat": "50.1", "lon": "106.2"}))).error.mn  # type: ignore[union-attr]
    assert kept(onward(post(actor, case, "well", well={"lat": "45.7", "lon": "106.2"}))) == {"well": "45.70000,106.20000"}


# -- groups ------------------------------------------------------------------------------------------------------

HERDS = asked("herds", "group", questions=[asked("kind"), asked("heads", "number")], least=1, most=2)


def test_members_are_added_changed_and_removed_one_by_one(opened: Opened) -> None:
    from toono.services import api

    actor, case = opened(HERDS)
    which: dict[str, Any] = {"actor": actor, "case_id": case.id, "question": "herds"}
    wrong = api.answer_member(**which, values={"kind": "хонь", "heads": "олон"})
    assert wrong.group == "herds" and [bool(f.error) for f in wrong.fields] == [False, True] and field(wrong, "kind").values == ("хонь",)
    for _twice in range(2):  # the button was pressed twice
        page = api.answer_member(**which, values={"kind": "хонь", "heads": "1,000"})
    assert (
        page.group is None
        and [value.mn for _, value in field(page).members[0].lines] == ["хонь", "1,000"]
        and len(field(page).members) == 1
    )
    page = api.answer_member(**which, values={"kind": "ямаа", "heads": "5"})
    full = api.answer_member(**which, values={"kind": "тэмээ", "heads": "5"})
    assert len(field(full).members) == 2 and "2-оос олныг" in field(full).error.mn  # type: ignore[union-attr]
    sheep, goats = (one.key for one in field(page).members)
    page = api.answer_member(**which, member=sheep, values={"kind": "хонь", "heads": "900"})
    assert [value.mn for one in field(page).members for _, value in one.lines] == ["хонь", "900", "ямаа", "5"]
    stale = api.answer_member(**which, member=sheep, values={"kind": "хонь", "heads": "900"})  # pressed twice: nothing is added
    assert len(field(stale).members) == 2
    for _twice in range(2):
        page = api.remove_member(**which, member=goats)
    assert len(field(page).members) == 1
    assert api.member(**which, member=goats).group is None  # gone: leads to the list
    assert onward(post(actor, case, "herds")).answers[0].value.mn == "1. хонь, 900"


def test_a_group_with_too_few_members_is_not_passed(opened: Opened) -> None:
    actor, case = opened(HERDS)
    assert again(post(actor, case, "herds")).wrong
    with pytest.raises(QuestionUnknown):
        from toono.services import api

        api.member(actor=actor, case_id=case.id, question="place")


# -- another person ----------------------------------------------------------------------------------------------


@contextmanager
def population_says(given_name: str | None, *, silent: bool = False) -> Iterator[mock.Mock]:
    """The register's answer to a question by register number; None: it holds nobody."""
    from toono.exchange import api as exchange
    from toono.exchange.contracts import Answer
    from toono.exchange.errors import ExchangeUnavailable, NotInRegister
    from toono.kernel.clock import now

    real = exchange.call

    def call(**question: Any) -> Any:
        if "/by-regnum/" not in question["path"] or (question["purpose"] == "identification" and question["case"] is None):
            return real(**question)
        if silent:
            raise ExchangeUnavailable("down")
        if given_name is None:
            raise NotInRegister("nobody")
        said = {"regnum": "УБ90010112", "given_name": given_name}
        return mock.Mock(spec=Answer, body=said, answered_at=now(), message_id="m", receipt=None)

    with mock.patch.object(exchange, "call", side_effect=call) as called:
        yield called


def asked_of(called: mock.Mock) -> int:
    return sum("/by-regnum/" in call.kwargs["path"] for call in called.call_args_list)


NEIGHBOUR = {"regnum": "уб90010112", "given_name": "бат-эрдэнэ"}


def test_a_person_is_named_by_number_and_name_which_must_agree(opened: Opened) -> None:
    from toono.services import api

    actor, case = opened(asked("heir", "person"))
    with population_says("Болд"):
        wrong = again(post(actor, case, "heir", heir=NEIGHBOUR))
    with population_says(None):
        unknown = again(post(actor, case, "heir", heir=NEIGHBOUR))
    assert field(wrong).error == field(unknown).error and "таарахгүй" in field(wrong).error.mn  # type: ignore[union-attr]
    assert field(wrong).parts == NEIGHBOUR and not kept(case)
    with population_says("Бат-Эрдэнэ") as called:
        case = onward(post(actor, case, "heir", heir=NEIGHBOUR))
    assert called.call_args.kwargs["case"] == case.number
    assert kept(case) == {"heir": "УБ90010112"}
    assert field(api.question(actor=actor, case_id=case.id, question="heir")).parts == {"regnum": "УБ90010112", "given_name": ""}
    with population_says("Бат-Эрдэнэ") as called:
        onward(post(actor, case, "heir", heir={"regnum": "УБ90010112", "given_name": ""}))
        assert again(post(actor, case, "heir", heir="УБ90010113")).wrong
    assert asked_of(called) == 0


def test_a_number_alone_names_nobody_and_oneself_is_no_other_person(opened: Opened) -> None:
    from toono.identity import api as identity

    actor, case = opened(asked("heir", "person"))
    own = identity.person(actor=actor, person_id=actor.person_id)  # type: ignore[arg-type]
    with population_says("Бат-Эрдэнэ") as called:
        assert again(post(actor, case, "heir", heir="УБ90010112")).wrong
        assert "өөрийн" in field(again(post(actor, case, "heir", heir={"regnum": own.regnum, "given_name": own.given_name}))).error.mn  # type: ignore[union-attr]
    assert asked_of(called) == 0 and not kept(case)


def test_while_the_population_register_is_silent_nobody_is_named_and_the_rest_stays(opened: Opened) -> None:
    actor, case = opened(asked("place"), asked("heir", "person"))
    case = onward(post(actor, case, "place", place="x"))
    with population_says("", silent=True):
        assert "хариу өгөхгүй" in field(again(post(actor, case, "heir", heir=NEIGHBOUR))).error.mn  # type: ignore[union-attr]
    assert kept(case) == {"place": "x"}


def test_names_are_not_found_out_by_trying_not_even_many_at_once_or_by_several_cases(opened: Opened) -> None:
    from django.db import close_old_connections

    from toono.services import limits

    actor, first = opened(asked("heir", "person"))
    _, second = opened(asked("heir", "person"), actor=actor)

    def guess(number: int) -> str:
        try:
            page = again(post(actor, first if number % 2 else second, "heir", heir=NEIGHBOUR | {"given_name": f"Бат{number}"}))
            return field(page).error.mn  # type: ignore[union-attr]
        finally:
            close_old_connections()

    with population_says("Бат-Эрдэнэ") as called:
        with ThreadPoolExecutor(8) as pool:
            said = list(pool.map(guess, range(limits.PERSON_TRIES + 10)))
        assert "хэт олон удаа" in field(again(post(actor, second, "heir", heir=NEIGHBOUR))).error.mn  # type: ignore[union-attr]
    assert asked_of(called) <= limits.PERSON_TRIES
    assert sum("хэт олон удаа" in one for one in said) >= 10


def test_without_the_limit_names_could_be_tried_out(opened: Opened) -> None:
    from toono.services import limits

    actor, case = opened(asked("heir", "person"))
    with population_says("Бат-Эрдэнэ") as called, mock.patch.object(limits, "PERSON_TRIES", 10**6):
        for number in range(12):
            post(actor, case, "heir", heir=NEIGHBOUR | {"given_name": f"Бат{number}"})
    assert asked_of(called) == 12


# -- chosen from a register --------------------------------------------------------------------------------------

VEHICLES = [{"name": "vehicles", "meaning": "person.vehicles", "purpose": "address-reference"}]


def test_what_a_register_holds_is_chosen_and_its_silence_and_emptiness_are_told(opened: Opened) -> None:
    from toono.services import api
    from toono.services.queries import facts

    actor, case = opened(asked("car", "vehicle", chosen_from="vehicles"), facts=VEHICLES)
    car = {"plate": "1234УБА", "make": "Toyota", "model": "Prius", "year": 2015.0, "colour": "цагаан"}

    def page(known: dict[str, Any]) -> QuestionField:
        with mock.patch.object(facts, "values", lambda *_: known):
            return field(api.question(actor=actor, case_id=case.id, question="car"))

    assert page({}).state is FieldState.PENDING and page({}).source
    assert page({"vehicles": {"items": []}}).state is FieldState.NOTHING_HELD
    ready = page({"vehicles": {"items": [car]}})
    assert ready.state is FieldState.READY and [(o.value, o.label.mn) for o in ready.options] == [("1234УБА", "1234УБА · Toyota · Prius")]
    with mock.patch.object(facts, "values", lambda *_: {"vehicles": {"items": [car]}}):
        assert again(post(actor, case, "car", car="9999УБА")).wrong
        assert onward(post(actor, case, "car", car="1234 уба")).answers[0].value.mn == "1234УБА · Toyota · Prius"


# -- offers ------------------------------------------------------------------------------------------------------


def test_an_earlier_answer_to_the_same_meaning_is_offered_and_never_taken_silently(opened: Opened) -> None:
    from toono.services import api

    fresh = {"reuse": "offer"}
    questions = (
        asked("camp", "address", within="48", **fresh), asked("kinds", "choices", options=options("a", "b"), **fresh),
        asked("agrees", "yes_no", **fresh), asked("phone", "phone"), {**asked("consented"), "meaning": "herder.consent.text", **fresh},
    )  # fmt: skip
    actor, first = opened(*questions)
    given: dict[str, Typed] = {"camp": HOME, "kinds": ["a", "b"], "agrees": "yes", "phone": "99112233", "consented": "тийм"}
    first = answered(actor, first, given)
    _, second = opened(*questions, actor=actor)

    def offer(code: str) -> QuestionField:
        return field(api.question(actor=actor, case_id=second.id, question=code))

    assert offer("camp").offer is None  # the first was not sent
    api.submit_case(actor=actor, case_id=first.id, form_token=api.check(actor=actor, case_id=first.id).form_token)
    camp = offer("camp")
    assert camp.offer and "Хөх булаг" in camp.offer.value.mn and not camp.parts and not kept(second)
    assert offer("kinds").offer and not any(offer(code).offer for code in ("agrees", "phone", "consented"))
    filled = again(post(actor, second, "camp", press=Press(kind=PressKind.OFFER, of="camp")))
    assert field(filled).parts == HOME and field(filled).offer is None and not kept(second)
    ticked = again(post(actor, second, "kinds", press=Press(kind=PressKind.OFFER, of="kinds")))
    assert field(ticked).values == ("a", "b")
    for code in ("agrees", "phone", "consented"):
        assert not field(again(post(actor, second, code, press=Press(kind=PressKind.OFFER, of=code)))).values


def test_anothers_answer_is_never_offered(opened: Opened, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor, first = opened(asked("note", reuse="offer"))
    first = answered(actor, first, {"note": "миний нууц"})
    api.submit_case(actor=actor, case_id=first.id, form_token=api.check(actor=actor, case_id=first.id).form_token)
    other, second = opened(asked("note", reuse="offer"))
    assert field(api.question(actor=other, case_id=second.id, question="note")).offer is None


# -- files -------------------------------------------------------------------------------------------------------

PROOF = asked("proof", "file", files=2)


def attach(actor: Actor, case: CaseView, content: bytes, name: str, press: bool = False, **values: Typed) -> QuestionPage | CaseView:
    with upload(content, name) as arrived:
        pressed = Press(kind=PressKind.UPLOAD, of="proof") if press else None
        return post(actor, case, "proof", files={"proof": [arrived]}, press=pressed, **values)


def stored(case: CaseView) -> list[Any]:
    from toono.services.models import Attachment

    return list(Attachment.objects.filter(case=case.id).order_by("added_at"))


def test_files_are_added_listed_taken_back_and_go_with_the_answer(opened: Opened) -> None:
    actor, case = opened(PROOF, asked("last"))
    assert "Файл хавсаргана уу" in field(again(post(actor, case, "proof"))).error.mn  # type: ignore[union-attr]
    page = again(attach(actor, case, pdf(pages=2), "Диплом.pdf", press=True))
    assert [(one.name, one.pages) for one in field(page).files] == [("Диплом.pdf", 2)] and not page.wrong
    page = again(attach(actor, case, pdf(pages=2), "Диплом.pdf", press=True))  # pressed twice
    assert len(field(page).files) == 1
    page = again(attach(actor, case, picture(), "зураг.jpg", press=True))
    assert [one.media_type for one in field(page).files] == ["application/pdf", "image/jpeg"]
    third = again(attach(actor, case, picture("PNG"), "c.png", press=True))
    assert "2-оос олон" in field(third).error.mn and len(stored(case)) == 2  # type: ignore[union-attr]
    first = field(page).files[0]
    for _twice in range(2):
        page = again(post(actor, case, "proof", press=Press(kind=PressKind.REMOVE, of=str(first.id))))
    assert [one.name for one in field(page).files] == ["зураг.jpg"] and len(stored(case)) == 1
    case = onward(post(actor, case, "proof"))
    assert case.next.question == "last" and case.answers[0].value.mn == "зураг.jpg"
    assert [note.name for note in case.answers[0].files] == ["зураг.jpg"]


def test_the_same_file_posted_by_many_at_once_is_one(opened: Opened) -> None:
    from django.db import close_old_connections

    actor, case = opened(PROOF)

    def once(_: int) -> None:
        try:
            attach(actor, case, pdf(), "a.pdf", press=True)
        finally:
            close_old_connections()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(once, range(6)))
    assert len(stored(case)) == 1 and kept(case) == {"proof": str(stored(case)[0].id)}


@pytest.mark.parametrize(
    ("content", "name", "words"), [(EICAR, "a.pdf", "хортой код"), (b"MZ", "a.pdf", "PDF ч биш"), (picture(), "a.pdf", "зөрж")]
)
def test_a_bad_file_is_refused_and_a_good_one_beside_it_is_kept(opened: Opened, content: bytes, name: str, words: str) -> None:
    actor, case = opened(PROOF)
    with upload(content, name) as bad, upload(pdf(), "good.pdf") as good:
        page = again(post(actor, case, "proof", files={"proof": [bad, good]}))
    assert words in field(page).error.mn  # type: ignore[union-attr]
    assert [one.name for one in field(page).files] == ["good.pdf"] and [one.name for one in stored(case)] == ["good.pdf"]


def test_a_file_on_a_page_with_other_questions_is_kept_while_they_are_corrected(opened: Opened) -> None:
    pages = [{"code": "both", "title": WORDS, "questions": ["heads", "proof"], "because": WORDS}]
    actor, case = opened(asked("heads", "number"), PROOF, pages=pages)
    with upload(pdf(), "a.pdf") as arrived:
        page = again(post(actor, case, "both", files={"proof": [arrived]}, heads="олон"))
    assert field(page, "heads").error and not field(page, "proof").error and len(field(page, "proof").files) == 1
    assert onward(post(actor, case, "both", heads="5")).next.kind is NextKind.CHECK


def test_a_case_does_not_grow_beyond_its_limit(opened: Opened) -> None:
    from toono.services import limits

    actor, case = opened(PROOF)
    with mock.patch.object(limits, "CASE_BYTES", 1000):
        attach(actor, case, pdf(), "a.pdf", press=True)
        page = again(attach(actor, case, pdf(pages=9), "b.pdf", press=True))
    assert "60 МБ" in field(page).error.mn and len(stored(case)) == 1  # type: ignore[union-attr]


def test_a_file_of_another_case_cannot_be_named(opened: Opened) -> None:
    actor, first = opened(PROOF)
    attach(actor, first, pdf(), "a.pdf", press=True)
    other, second = opened(PROOF)
    page = again(post(other, second, "proof", proof=str(stored(first)[0].id)))
    assert page.wrong and not kept(second)


def _sent(actor: Actor, case: CaseView) -> CaseView:
    from toono.services import api

    return api.submit_case(actor=actor, case_id=case.id, form_token=api.check(actor=actor, case_id=case.id).form_token)


def test_a_file_is_read_by_its_owner_the_organisation_and_whom_it_asks_and_by_nobody_else(
    opened: Opened, oyun: Actor, dorj: Actor, anu: Actor, fresh_citizen: Citizen
) -> None:
    from toono.kernel.models import AuditRecord
    from toono.services import api
    from toono.services.models import Case

    actor, case = opened(PROOF)
    onward(attach(actor, case, pdf(), "a.pdf"))
    file: dict[str, UUID] = {"case_id": case.id, "attachment_id": stored(case)[0].id}
    assert api.attachment(actor=actor, **file).content == pdf()
    expert = Actor(role=Role.OFFICER, person_id=oyun.person_id, organisation="health-ministry")

    def unknown(whoever: Actor) -> None:
        with pytest.raises((AttachmentUnknown, NotAllowed)):
            api.attachment(actor=whoever, **file)

    unknown(oyun)  # a draft is nobody's business
    _sent(actor, case)
    assert api.attachment(actor=oyun, **file).name == "a.pdf"
    assert AuditRecord.objects.filter(action="services.open_attachment", subject=f"case:{case.id}", person_id=oyun.person_id).exists()
    for stranger in (fresh_citizen(), expert, dorj, anu):
        unknown(stranger)
    Case.objects.filter(id=case.id).update(opinion_organisation="health-ministry")
    assert api.attachment(actor=expert, **file).content
    Case.objects.filter(id=case.id).update(opinion_organisation=None)
    unknown(expert)
    with pytest.raises(AttachmentUnknown):
        api.attachment(actor=actor, case_id=uuid4(), attachment_id=file["attachment_id"])


def test_files_of_a_branch_that_was_left_are_not_sent(opened: Opened) -> None:
    actor, case = opened(asked("has", "yes_no"), {**PROOF, "when": "answers.has"})
    case = onward(post(actor, case, "has", has="yes"))
    onward(attach(actor, case, pdf(), "a.pdf"))
    onward(post(actor, case, "has", has="no"))
    assert len(stored(case)) == 1
    assert _sent(actor, case).phase is Phase.WITH_OFFICER
    assert stored(case) == []


def test_files_are_copied_into_a_new_application_and_not_shared(opened: Opened) -> None:
    from toono.services.models import Case
    from toono.services.operations import attachments

    actor, old = opened(PROOF)
    onward(attach(actor, old, pdf(), "a.pdf"))
    _, new = opened(PROOF, actor=actor)
    one = str(stored(old)[0].id)
    copied = attachments.copy(Case.objects.get(id=old.id), Case.objects.get(id=new.id), [one, str(uuid4())])
    assert list(copied) == [one] and [str(row.id) for row in stored(new)] == list(copied.values()) != [one]


# -- correcting --------------------------------------------------------------------------------------------------


def test_while_a_case_is_corrected_only_what_is_named_can_be_changed(opened: Opened, oyun: Actor) -> None:
    from toono.services import api

    actor, case = opened(asked("place"), PROOF, asked("last"))
    case = onward(post(actor, case, "place", place="Хөх булаг"))
    case = onward(attach(actor, case, pdf(), "old.pdf"))
    case = onward(post(actor, case, "last", last="x"))
    _sent(actor, case)
    old = stored(case)[0].id
    api.ask_correction(actor=oyun, case_id=case.id, fields={"proof": "Хуучин хувилбар байна"})
    page = api.question(actor=actor, case_id=case.id, question="proof")
    assert page.correcting and (page.position, page.total) == (1, 1)
    for other in ("place", "last"):
        with pytest.raises(QuestionUnknown):
            api.question(actor=actor, case_id=case.id, question=other)
        with pytest.raises(QuestionUnknown):
            post(actor, case, other, **{other: "өөр"})
    again(post(actor, case, "proof", press=Press(kind=PressKind.REMOVE, of=str(old))))
    onward(attach(actor, case, pdf(pages=2), "new.pdf"))
    new = next(row.id for row in stored(case) if row.id != old)
    assert api.attachment(actor=oyun, case_id=case.id, attachment_id=old).name == "old.pdf"
    with pytest.raises(AttachmentUnknown):  # not sent yet
        api.attachment(actor=oyun, case_id=case.id, attachment_id=new)
    _sent(actor, case)
    assert {api.attachment(actor=oyun, case_id=case.id, attachment_id=one).name for one in (old, new)} == {"old.pdf", "new.pdf"}


def test_anothers_questions_files_and_members_are_unknown(opened: Opened, fresh_citizen: Citizen) -> None:
    from toono.services import api

    actor, case = opened(PROOF, HERDS)
    attach(actor, case, pdf(), "a.pdf")
    stranger, one = fresh_citizen(), stored(case)[0].id
    for attempt in (
        lambda: api.question(actor=stranger, case_id=case.id, question="proof"),
        lambda: attach(stranger, case, pdf(), "b.pdf"),
        lambda: post(stranger, case, "proof", press=Press(kind=PressKind.REMOVE, of=str(one))),
        lambda: api.member(actor=stranger, case_id=case.id, question="herds"),
        lambda: api.answer_member(actor=stranger, case_id=case.id, question="herds", values={"kind": "x", "heads": "1"}),
        lambda: api.remove_member(actor=stranger, case_id=case.id, question="herds", member="x"),
    ):
        with pytest.raises(CaseUnknown):
            attempt()
    assert len(stored(case)) == 1


def test_the_population_register_itself_confirms_whom_one_names(opened: Opened, fresh_person: Callable[[], dict[str, Any]]) -> None:
    facts = [{"name": "identity", "meaning": "person.identity", "purpose": "address-reference"}]
    actor, case = opened(asked("heir", "person"), facts=facts)
    neighbour = fresh_person()
    named = {"regnum": neighbour["regnum"].lower(), "given_name": neighbour["given_name"]}
    assert "таарахгүй" in field(again(post(actor, case, "heir", heir=named | {"given_name": "Хэнчбиш"}))).error.mn  # type: ignore[union-attr]
    onward(post(actor, case, "heir", heir=named))
    assert kept(case) == {"heir": neighbour["regnum"]}
