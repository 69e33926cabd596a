"""The list of services: pages, narrowing, counts; a life event for whoever is signed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.services.tests.published import definition, publish

if TYPE_CHECKING:
    from tests.stage import Stack
    from toono.services.models import Document


def test_the_whole_list_is_walked_page_after_page(stack: Stack) -> None:
    from toono.services import api

    first = api.service_page()
    pages = [api.service_page(page=n + 1) for n in range(first.pages)]
    codes = [one.code for page in pages for one in page.items]
    assert len(codes) == len(set(codes)) == first.total == len(api.services())
    assert codes == [one.code for one in api.services()]
    assert api.service_page(page=10_000).page == first.pages


def test_a_list_is_narrowed_and_each_choice_counts_under_the_others(stack: Stack) -> None:
    from toono.services import api

    found = api.service_page(level="dundgovi", organisation="dundgovi-environment")
    assert found.total and {(one.level, one.organisation) for one in found.items} == {("dundgovi", "dundgovi-environment")}
    counted = {facet.value: facet.count for facet in found.organisations}
    assert counted["dundgovi-environment"] == found.total and len(counted) > 1
    for facet in found.applicants:
        assert api.service_page(level="dundgovi", organisation="dundgovi-environment", applicant=facet.value).total == facet.count
    words = {facet.value: facet.label.mn for facet in api.service_page().levels}
    assert words["national"] == "Улсын хэмжээнд" and words["dundgovi"] == "Дундговь"


def test_narrowing_by_what_is_not_there_is_an_empty_list(stack: Stack) -> None:
    from toono.services import api

    found = api.service_page(query="хаяг", level="no-such-level", applicant="dog")
    assert (found.total, found.items, found.page, found.pages) == (0, (), 1, 1)


def test_what_is_published_stands_on_the_shelf_at_once(stack: Stack) -> None:
    from toono.services import api

    word = "жүрщөнкүв"
    assert api.service_page(query=word).total == 0
    code = publish(definition(name={"mn": f"Туршилт {word}", "en": "Trial"}))
    assert [one.code for one in api.service_page(query=word).items] == [code]


def test_a_service_says_what_it_asks_of_people(stack: Stack) -> None:
    from toono.services import api

    page = api.service(code="address-reference")
    assert page.effort is not None and (page.effort.papers, page.effort.questions_most, page.effort.visits) == (0, 0, 0)
    assert page.effort.facts >= 1 and page.button is not None and "moved" in [code for code, _ in page.life_events]
    assert api.service(code=publish(definition())).effort is None  # stored without the tests that measure it


def test_a_life_event_shows_what_the_person_has_already(stack: Stack, fresh_citizen: Callable[[], Actor]) -> None:
    from toono.services import api
    from toono.services.errors import LifeEventUnknown

    actor, late, moment = fresh_citizen(), fresh_citizen(), now()
    row = _document(actor, moment + timedelta(days=1))
    _document(late, moment - timedelta(seconds=1))
    step = api.life_event_page(code="moved", actor=actor).steps[0]
    assert step.service.code == "address-reference" and step.have == (row.id, row.valid_until)
    for other in (None, fresh_citizen(), late):
        assert api.life_event_page(code="moved", actor=other).steps[0].have is None
    with pytest.raises(LifeEventUnknown):
        api.life_event_page(code="nothing")


def _document(actor: Actor, valid_until: datetime) -> Document:
    """A reference of address, as one that was issued."""
    from toono.services import api
    from toono.services.models import Case, Document

    case = Case.objects.get(id=api.start_case(actor=actor, service="address-reference", on_behalf="").id)
    return Document.objects.create(
        code=f"T{case.number}", case=case, person_id=actor.person_id, service="address-reference", title={"mn": "Лавлагаа", "en": "Reference"},
        organisation="state-registration", pdf=b"", size_bytes=0, sha256=case.number, facts_fingerprint="", fingerprint_salt="",
        template_version=1, template_digest="", issued_at=now(), valid_until=valid_until,
    )  # fmt: skip
