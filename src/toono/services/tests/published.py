"""Small services made for one test, published as a catalogue's would be, and registers that say what the test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from toono.kernel.clock import now
from toono.kernel.ids import public_code, uuid7
from toono.services.tests.catalogue import CATALOGUE
from toono.services.tests.steps import register_says

YES = {"mn": "Тийм", "en": "Yes"}


def _text(words: str) -> dict[str, str]:
    return {"mn": words, "en": "Trial"}


def definition(**changes: Any) -> dict[str, Any]:
    """A permit that an officer of the environment office decides: who one is, how much, of what. ``changes`` replaces its parts."""
    law = {"law": _text("Хууль"), "article": "1"}
    made: dict[str, Any] = {
        "language": 1, "code": f"trial-{public_code(8).lower()}", "version": 1, "organisation": "dundgovi-environment",
        "name": _text("Туршилт"), "summary": _text("Туршилт"), "gives": _text("Туршилт"), "audience": _text("Иргэн"), "button": _text("Илгээх"),
        "channels": ["web"], "assurance": "substantial", "legal_basis": [law],
        "facts": [
            {"name": "identity", "meaning": "person.identity", "purpose": "water-use-permit"},
            {"name": "particulars", "meaning": "person.particulars", "purpose": "water-use-permit", "fresh_hours": 1},
        ],
        "questions": [
            {
                "code": "purpose", "meaning": "trial.purpose", "kind": "choice", "label": _text("Зориулалт"),
                "options": [{"value": "garden", "label": _text("Цэцэрлэг")}, {"value": "farm", "label": _text("Ферм")}],
            },
            {
                "code": "animals", "meaning": "trial.animals", "kind": "number", "label": _text("Мал"), "minimum": 1, "maximum": 999,
                "when": 'answers.purpose == "farm"',
            },
            {"code": "note", "meaning": "trial.note", "kind": "text", "label": _text("Тайлбар"), "max_length": 200},
        ],
        "declaration": _text("Үнэн зөв."),
        "workflow": {
            "states": [
                {"name": "draft", "kind": "draft", "label": _text("Илгээгээгүй")}, {"name": "review", "kind": "review", "label": _text("Хянаж байна")},
                {"name": "granted", "kind": "granted", "label": _text("Олгосон")}, {"name": "refused", "kind": "refused", "label": _text("Татгалзсан")},
            ],
            "actions": [
                {"code": "submit", "by": "citizen", "from": ["draft"], "to": "review", "label": _text("Илгээх")},
                {"code": "grant", "by": "officer", "from": ["review"], "to": "granted", "label": _text("Олгох")},
                {"code": "refuse", "by": "officer", "from": ["review"], "to": "refused", "label": _text("Татгалзах"), "needs_reason": True},
            ],
        },
        "term": {"working_hours": 40, "starts": "submission"},
        "grounds": [
            {"code": "too_much", "text": _text("Хэт их"), **law, "remedy": _text("Багасгана уу."), "fields": ["note"]},
        ],
        "appeal": _text("Гомдол"),
        "document": {"title": _text("Зөвшөөрөл"), "rows": [{"fact": "identity.given_name"}, {"question": "note"}]},
        "retention": {"drafts_days": 30, "case_years": 2, "attachments_years": 1},
    }  # fmt: skip
    return made | changes


def publish(made: dict[str, Any]) -> str:
    """Store it as the loader would, without the linter; gives its code."""
    from toono.services.domain.definition import Definition
    from toono.services.domain.digests import digest
    from toono.services.models import ServiceVersion

    read = Definition.model_validate(made)
    template = (CATALOGUE / "dundgovi" / "water-use-permit" / "document.typ").read_text()
    content = {"definition": read.model_dump(mode="json", by_alias=True), "template": template}
    ServiceVersion.objects.create(
        code=read.code, version=read.version, level="dundgovi", digest=digest(content), content=content, loaded_at=now()
    )
    return read.code


PERSON: dict[str, Any] = {"clan_name": "Боржигон", "patronymic": "Ганбат", "given_name": "Сараа", "regnum": "ЧЛ05141526"}
PARTICULARS: dict[str, Any] = {"birth_date": "1990-05-14", "age": 36, "sex": "female", "citizenship": "MNG", "alive": True}
CHILD: dict[str, Any] = {
    "civil_id": "148000000001", "regnum": "ЧЛ18250315", "relation": "охин", "given_name": "Номин", "birth_date": "2018-03-15", "minor": True,
    "alive": True,
}  # fmt: skip
BROTHER = CHILD | {"civil_id": "148000000002", "relation": "дүү", "given_name": "Тэмүүлэн"}
GROWN = CHILD | {"civil_id": "148000000003", "given_name": "Анужин", "birth_date": "2000-03-15", "minor": False}
ENTITY: dict[str, Any] = {"register": "1234567", "name": "Говийн хишиг ХХК", "position": "Захирал", "form": "ХХК"}

USUAL: dict[str, Any] = {
    "person": PERSON, "particulars": PARTICULARS, "family": {"members": [CHILD, BROTHER, GROWN]}, "represented": {"entities": [ENTITY]},
}  # fmt: skip


@contextmanager
def registers(**differences: Any) -> Iterator[dict[str, Any]]:
    """In this process every register says :data:`USUAL`, with ``differences``: fields laid over, ``None`` where it holds nothing, an exception
    where it is silent. What the block puts into the mapping is said from then on."""
    from toono.exchange.contracts import Answer
    from toono.exchange.errors import NotInRegister

    said = {name: differences.get(name, dict(usual)) for name, usual in USUAL.items()}
    said |= {name: USUAL[name] | laid_over for name, laid_over in differences.items() if isinstance(laid_over, dict)}

    def answer(path: str) -> Any:
        if "by-regnum" in path:  # somebody is registered meanwhile
            return None
        found = said[_register(path)]
        if found is None:
            raise NotInRegister("nothing there")
        if isinstance(found, Exception):
            raise found
        return Answer(
            status=200, body=found, message_id=str(uuid7()), answered_at=now(), receipt="r", service_title_mn="т", service_title_en="t"
        )

    with register_says(answer):
        yield said


def _register(path: str) -> str:
    for name in ("particulars", "family", "represented"):
        if name in path:
            return name
    return "person"


def silence() -> Exception:
    """What the exchange raises where a register does not answer."""
    from toono.exchange.errors import ProviderFault

    return ProviderFault("away")


def answer_all(actor: Any, case: Any, given: dict[str, str]) -> Any:
    """Go on with a draft or a correction until nothing is asked any more; gives the case."""
    from toono.services import api
    from toono.services.contracts import CaseView

    for _ in range(20):
        if case.next.question is None:
            return case
        code = case.next.question
        case = api.answer(actor=actor, case_id=case.id, question=code, values={code: given[code]})
        assert isinstance(case, CaseView), case
    raise AssertionError("the form does not end")


GARDEN = {"purpose": "garden", "note": "Жимсний мод"}


def sent(actor: Any, service: str, given: dict[str, str] = GARDEN, *, on_behalf: str | None = None) -> Any:
    """A case of the service, sent."""
    from toono.services import api

    case = answer_all(actor, api.start_case(actor=actor, service=service, on_behalf=on_behalf), given)
    return send(actor, case.id)


def send(actor: Any, case_id: Any) -> Any:
    """What stands on the check page is sent."""
    from toono.services import api

    return api.submit_case(actor=actor, case_id=case_id, form_token=api.check(actor=actor, case_id=case_id).form_token)


Change = Callable[[], Any]
