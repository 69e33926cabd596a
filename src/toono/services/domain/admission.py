"""What a draft must be before anything of it is computed: small, plain YAML, conditions that end soon, a template that only speaks.

An analyst's text is data of a stranger. These bounds hold before the linter, the tests and the typesetter look at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from toono.services.contracts import Finding
from toono.services.domain import conditions, templates
from toono.services.domain.definition import Definition
from toono.services.errors import ConditionError

FILE_BYTES = 200_000
"""Of one file; the largest definition of the catalogue has 15,000."""
DEPTH = 20
"""Of lists and mappings in each other."""
NODES = 20_000
"""Values of a file."""


def unfit(files: Mapping[str, str], *, template: str) -> list[Finding]:
    """Why the texts may not even be read; empty for what may.

    :param files: name → text.
    :param template: name of the file that is no YAML.
    """
    found = []
    for name, text in files.items():
        if len(text.encode()) > FILE_BYTES:
            found.append(Finding(file=name, where="", rule="size", message=f"The file is larger than {FILE_BYTES} bytes; shorten it."))
        elif name == template:
            found += [Finding(file=name, where=where, rule="template", message=why) for where, why in templates.problems(text)]
        else:
            found += [Finding(file=name, where=where, rule="yaml", message=why) for where, why in _shape(text)]
    return found


def _shape(text: str) -> Iterator[tuple[str, str]]:
    """Bounds of a YAML file by its events: nothing of it is built."""
    depth = nodes = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            line = f"line {event.start_mark.line + 1}" if event.start_mark else ""
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                yield line, "Anchors and aliases (`&`, `*`) are not used here; write the value out, or put it in quotes."
                return
            if getattr(event, "tag", None):
                yield line, "Tags (`!`) are not used here; write the plain value, or put it in quotes."
                return
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            nodes += isinstance(event, yaml.NodeEvent)
            if depth > DEPTH or nodes > NODES:
                yield line, f"The file is deeper than {DEPTH} levels or has more than {NODES} values."
                return
    except yaml.YAMLError:
        return  # said with its place when the file is read


def costly(definition: Definition, name: str) -> list[Finding]:
    """Conditions that could take long: loops in loops, expressions too deep to read. ``name`` is how findings call the file."""
    return [
        Finding(file=name, where=where, rule="condition", message=why)
        for where, expression in _conditions(definition)
        for why in _too_much(expression)
    ]


def _conditions(definition: Definition) -> Iterator[tuple[str, str]]:
    families: dict[str, tuple[Any, ...]] = {
        "facts": definition.facts, "questions": definition.questions, "stops": definition.stops, "fees": definition.fees,
        "term.branches": definition.term.branches, "workflow.automatic": definition.workflow.automatic,
    }  # fmt: skip
    for family, parts in families.items():
        for place, part in enumerate(parts):
            if part.when:
                yield f"{family}.{getattr(part, 'name', None) or getattr(part, 'code', place)}.when", part.when


def _too_much(expression: str) -> Iterator[str]:
    try:
        deep = conditions.loops(expression) > 1
    except RecursionError:
        yield "The expression is too deep; write it with fewer brackets."
        return
    except ConditionError:
        return  # the linter says so
    if deep:
        yield "A loop (`exists`, `all`, `map` …) in a loop takes too long; name the inner thing by a fact or question of its own."
