"""Templates: what a message says, as data. A closed world: an unknown, unused or missing placeholder is refused.

A file ``templates/<code>.yaml`` has ``placeholders`` (names), ``inbox`` (title and body, each ``mn`` and ``en``; absent where nothing
goes to the inbox) and ``sms`` (``mn`` and ``en``). ``{name}`` stands for the value of a placeholder.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator

from toono.kernel.contract import Contract
from toono.kernel.text import clean
from toono.notifications.domain.text import length
from toono.notifications.errors import ContextMismatch, TemplateMalformed, TemplateUnknown

LANGUAGES = ("mn", "en")
SMS_PARTS = 3
"""No text message is longer than so many parts; the longest value in it is shortened to fit."""
LONGEST_VALUE = 5000
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Wording(Contract):
    """The same in both languages."""

    mn: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def used(self) -> set[str]:
        """Names of the placeholders that stand in it."""
        return set(_PLACEHOLDER.findall(self.mn)) | set(_PLACEHOLDER.findall(self.en))

    def filled(self, language: str, context: Mapping[str, str]) -> str:
        """The wording with the values in their places."""
        wording: str = getattr(self, language)
        return _PLACEHOLDER.sub(lambda found: context[found[1]], wording)


class InboxPart(Contract):
    """What stands in the inbox."""

    title: Wording
    body: Wording


class Template(Contract):
    """One kind of message."""

    code: str
    placeholders: tuple[str, ...]
    inbox: InboxPart | None = None
    sms: Wording

    @model_validator(mode="after")
    def _closed(self) -> Template:
        wordings = [self.sms] + ([self.inbox.title, self.inbox.body] if self.inbox else [])
        used, declared = set().union(*(w.used() for w in wordings)), set(self.placeholders)
        if not all(_NAME.fullmatch(name) for name in self.placeholders) or len(declared) != len(self.placeholders):
            raise ValueError("a placeholder is a lower-case name, declared once")
        if used != declared:
            raise ValueError(f"placeholders used but not declared or declared but not used: {sorted(used ^ declared)}")
        for wording in wordings:
            if any(set("{}") & set(_PLACEHOLDER.sub("", text)) for text in (wording.mn, wording.en)):
                raise ValueError("a brace that belongs to no placeholder")
        return self

    def check(self, context: Mapping[str, str]) -> None:
        """Refuse a context that is not exactly what the template needs.

        :raises ContextMismatch: a missing or unknown placeholder, an empty or unprintable value.
        """
        missing, unknown = set(self.placeholders) - set(context), set(context) - set(self.placeholders)
        if missing or unknown:
            raise ContextMismatch(f"{self.code}: missing {sorted(missing)}, unknown {sorted(unknown)}")
        for name, value in context.items():
            if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_VALUE or not _printable(value):
                raise ContextMismatch(f"{self.code}: {name} is empty, too long or has control characters")

    def sms_text(self, language: str, context: Mapping[str, str]) -> str:
        """The text message; the longest values are shortened until it fits into the allowed parts."""
        values = dict(context)
        while length(text := self.sms.filled(language, values)).parts > SMS_PARTS:
            longest = max(self.sms.used(), key=lambda name: len(values[name]))
            values[longest] = values[longest][:-2].rstrip() + "…"
        return text


def cleaned(context: Mapping[str, str]) -> dict[str, str]:
    """Values as they are printed: each line clean (NFC, no control characters), line ends as one character."""
    return {name: "\n".join(clean(line) for line in value.splitlines()) for name, value in context.items()}


def _printable(value: str) -> bool:
    return all(letter == "\n" or unicodedata.category(letter)[0] != "C" for letter in value)


def parse(code: str, source: str) -> Template:
    """A template from the text of its file.

    :raises TemplateMalformed: it breaks the rules above.
    """
    try:
        content: Any = yaml.safe_load(source)
        template = Template.model_validate({"code": code, **content})
    except (yaml.YAMLError, TypeError, ValidationError) as error:
        raise TemplateMalformed(f"template {code}: {error}") from None
    for language in LANGUAGES:
        if length(_PLACEHOLDER.sub("", getattr(template.sms, language))).parts > SMS_PARTS - 1:
            raise TemplateMalformed(f"template {code}: the text message in {language} leaves no room for its values")
    return template


@cache
def templates() -> dict[str, Template]:
    """Every template, by code.

    :raises TemplateMalformed: a file breaks the rules.
    """
    folder = resources.files("toono.notifications") / "templates"
    files = [f for f in folder.iterdir() if f.name.endswith(".yaml")]
    return {f.name[:-5]: parse(f.name[:-5], f.read_text(encoding="utf-8")) for f in files}


def template(code: str) -> Template:
    """The template with this code.

    :raises TemplateUnknown: there is none.
    """
    try:
        return templates()[code]
    except KeyError:
        raise TemplateUnknown(f"no template «{code}»") from None
