"""Small services made for tests of questions."""

from __future__ import annotations

from typing import Any

from toono.services.domain.definition import Definition

WORDS = {"mn": "Үг", "en": "Word"}
_STATES = [("draft", "draft"), ("review", "review"), ("granted", "granted"), ("refused", "refused"), ("withdrawn", "withdrawn")]
_ACTIONS = [
    ("submit", "citizen", ["draft"], "review"), ("withdraw", "citizen", ["draft", "review"], "withdrawn"),
    ("grant", "officer", ["review"], "granted"), ("refuse", "officer", ["review"], "refused"),
]  # fmt: skip


def asked(code: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    """A question as ``service.yaml`` says it."""
    label = {"mn": f"Асуулт {code}?", "en": f"Question {code}?"}
    limits = {"max_length": 100} if kind == "text" else {"minimum": 1, "maximum": 1000} if kind in {"number", "money"} else {}
    return {"code": code, "meaning": f"form.{code}", "kind": kind, "label": label, **limits, **more}


def options(*values: str) -> list[dict[str, Any]]:
    """Options of a choice."""
    return [{"value": value, "label": {"mn": f"Сонголт {value}", "en": f"Option {value}"}} for value in values]


def form(*questions: dict[str, Any], code: str = "form", **more: Any) -> Definition:
    """A service of Dundgovi's environment office that asks ``questions`` and is decided by an officer."""
    content: dict[str, Any] = {
        "language": 1, "code": code, "version": 1, "organisation": "dundgovi-environment", "name": {"mn": f"Маягт {code}", "en": f"Form {code}"},
        "summary": WORDS, "gives": WORDS, "audience": WORDS, "button": WORDS, "channels": ["web", "mobile"], "assurance": "substantial",
        "legal_basis": [{"law": WORDS, "article": "1"}], "questions": list(questions), "declaration": WORDS, "appeal": WORDS,
        "workflow": {
            "states": [{"name": name, "kind": kind, "label": WORDS} for name, kind in _STATES],
            "actions": [{"code": one, "by": by, "from": source, "to": to, "label": WORDS} for one, by, source, to in _ACTIONS],
        },
        "term": {"working_hours": 40, "starts": "next_working_day"},
        "grounds": [{"code": "no", "text": WORDS, "law": WORDS, "article": "1", "remedy": WORDS}],
        "document": {"title": WORDS, "rows": [{"question": questions[0]["code"]}] if questions else [{"fact": "identity.regnum"}]},
        "retention": {"case_years": 10},
    }  # fmt: skip
    return Definition.model_validate(content | more)


def published(definition: Definition) -> Definition:
    """The same, offered by the platform from now on."""
    from toono.kernel.clock import now
    from toono.services.domain.digests import digest
    from toono.services.models import ServiceVersion

    content = {"definition": definition.model_dump(mode="json", by_alias=True), "template": '#import "letterhead.typ": *'}
    ServiceVersion.objects.get_or_create(
        code=definition.code, version=definition.version,
        defaults={"level": "tests", "digest": digest(content), "content": content, "loaded_at": now()},
    )  # fmt: skip
    return definition
