"""Which service's document another service reads by itself: told by what the one proves and what the other's facts and conditions name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from toono.services.domain.definition import Definition

_LITERAL = re.compile(r'"([a-z][a-z0-9_.-]{2,})"')


def feeds(first: Definition, then: Definition) -> bool:
    """Whether ``then`` reads what ``first`` gives.

    Its fact means what the document proves (or a part or the whole of it); or it looks into a register of permits for the kind of
    permit that ``first`` gives, which the condition names by the beginning of the service's code.
    """
    produced = first.document.produces
    if produced is None or first.code == then.code:
        return False
    if any(_of_one_family(produced, use.meaning) for use in then.facts if not _register_of_permits(use.meaning)):
        return True
    reads_permits = any(_register_of_permits(use.meaning) for use in then.facts)
    return reads_permits and "permit" in produced and any(first.code.startswith(kind) for kind in _kinds(then))


def _register_of_permits(meaning: str) -> bool:
    return meaning.endswith(".permits")


def _of_one_family(produced: str, meaning: str) -> bool:
    return produced == meaning or produced.startswith(f"{meaning}.") or meaning.startswith(f"{produced}.")


def _kinds(definition: Definition) -> Iterator[str]:
    """Kinds of permits that conditions name, as service codes are written."""
    conditions = (
        *(one.when for one in definition.stops), *(one.when for one in definition.questions if one.when),
        *(one.when for one in definition.workflow.automatic), *(one.when for one in definition.facts if one.when),
    )  # fmt: skip
    for condition in conditions:
        if ".kind ==" in condition:
            for literal in _LITERAL.findall(condition):
                yield literal.replace("_", "-").replace(".", "-")
