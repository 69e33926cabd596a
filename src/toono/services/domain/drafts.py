"""A definition that is being written: its three texts read as the loader would read its files, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from toono.services.contracts import Finding
from toono.services.domain import admission
from toono.services.domain.definition import Definition, Meanings
from toono.services.domain.files import SERVICE, TESTS, Read, parse_text
from toono.services.domain.lint import Shelf, Told, lint
from toono.services.domain.trials import Trials

TEMPLATE = "document.typ"
TO_WRITE = "…"
"""What stands where words are still to be written."""
NAMES = (SERVICE, TEMPLATE, TESTS)
"""The files of a definition, in the order in which they are shown."""


@dataclass(frozen=True)
class Place:
    """Where a draft stands in the catalogue."""

    level: str
    code: str
    organisation: str
    published: int
    """The newest published version; 0 for a new service."""


@dataclass(frozen=True)
class Draft:
    """The texts, read."""

    definition: Definition | None
    """None while the text cannot be read."""
    read: Read | None
    """None unless definition and tests can be read."""
    findings: tuple[Finding, ...]


def draft(place: Place, files: Mapping[str, str]) -> Draft:
    """The texts as objects, as far as they can be read; computes nothing of them."""
    texts = {name: files.get(name, "") for name in NAMES}
    unfit = admission.unfit(texts, template=TEMPLATE)
    if any(one.file == SERVICE for one in unfit):
        return Draft(None, None, tuple(unfit))
    definition, findings = parse_text(texts[SERVICE], SERVICE, Definition)
    if definition is None:
        return Draft(None, None, (*unfit, *findings))
    findings += admission.costly(definition, SERVICE)
    trials = None
    if not any(one.file == TESTS for one in unfit):
        trials, problems = parse_text(texts[TESTS], TESTS, Trials)
        findings += problems
    found = (*unfit, *findings, *_misplaced(definition, place), *_to_write(definition, texts[TEMPLATE]))
    read = Read(level=place.level, file=SERVICE, definition=definition, template=texts[TEMPLATE], trials=trials)
    return Draft(definition, None if findings or unfit else read, found)


def _misplaced(definition: Definition, place: Place) -> list[Finding]:
    """It says who it is, and stays what it was begun as."""
    wanted: tuple[tuple[str, object, object, str], ...] = (
        ("code", definition.code, place.code, "the code of this draft"),
        ("organisation", definition.organisation, place.organisation, "your organisation"),
        ("version", definition.version, place.published + 1, "the number after the newest published version"),
    )
    return [
        Finding(file=SERVICE, where=where, rule="place", message=f"«{said}» stands here; write «{right}», {why}.")
        for where, said, right, why in wanted
        if said != right
    ]


def _to_write(definition: Definition, template: str) -> Iterator[Finding]:
    """Places that a new draft leaves to its author."""
    for where in _unwritten(definition.model_dump(mode="json", by_alias=True), ""):
        yield Finding(file=SERVICE, where=where, rule="to_write", message="Words are still to be written here.")
    for number, line in enumerate(template.splitlines(), 1):
        if line.strip() == TO_WRITE:
            yield Finding(file=TEMPLATE, where=f"line {number}", rule="to_write", message="The statement is still to be written.")


def _unwritten(value: Any, where: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _unwritten(part, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            name = part.get("code") or part.get("name") if isinstance(part, dict) else None
            yield from _unwritten(part, f"{where}.{name if isinstance(name, str) else place}")
    elif isinstance(value, str) and value.strip() == TO_WRITE:
        yield where


def findings(one: Draft, meanings: Meanings, around: Shelf, said: Told) -> tuple[Finding, ...]:
    """What the reading found; where it found nothing in the texts, what the linter says besides."""
    return one.findings if one.read is None else (*one.findings, *lint(one.read, meanings, around=around, said=said))


# -- the line of a finding ---------------------------------------------------------------------------------------


class Lines:
    """Where in a YAML text the parts stand of which findings speak."""

    def __init__(self, text: str) -> None:
        try:
            self._root = yaml.compose(text, Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, RecursionError):
            self._root = None

    def of(self, where: str) -> int | None:
        """Line (from 1) of the deepest part of ``questions.amount.when`` that is there; a part of a list is named by place, code or name."""
        if where.startswith("line "):
            return int(where.removeprefix("line ")) if where.removeprefix("line ").isdigit() else None
        node, line = self._root, None
        for part in where.split(".") if where else ():
            node = _step(node, part)
            if node is None:
                break
            line = node.start_mark.line + 1
        return line


def _step(node: yaml.Node | None, part: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode):
        named = (one for one in node.value if any(getattr(_step(one, key), "value", None) == part for key in ("code", "name")))
        return next(named, None) or (node.value[int(part)] if part.isdigit() and int(part) < len(node.value) else None)
    return None
