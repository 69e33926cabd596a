"""The linter of the catalogue: what must hold between the parts of a definition, as a table of named checks.

Each finding tells the author what is wrong and what to write. A catalogue with findings is not loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toono.kernel.clock import local, now
from toono.services.contracts import Finding, LifeEvent
from toono.services.domain import admission, templates
from toono.services.domain.definition import Meanings
from toono.services.domain.files import LIFE_EVENTS, SERVICE, Catalogue, Read, read_catalogue
from toono.services.domain.lint import conditions, documents, money_and_time, once_only, parts, texts, usage, workflow
from toono.services.domain.lint.subject import Check, Problem, Shelf, Subject, Told, shelf, told

__all__ = ["CHECKS", "Check", "Problem", "Shelf", "Subject", "Told", "lint", "lint_catalogue", "lint_read", "shelf", "told"]


def lint_catalogue(folder: Path) -> list[Finding]:
    """Everything that is wrong under ``folder``, in the order of its files."""
    return lint_read(read_catalogue(folder))


def lint_read(catalogue: Catalogue) -> list[Finding]:
    """The same of a folder that was read already."""
    read = catalogue.services
    findings = [*catalogue.findings, *_twice(read), *_life_events(catalogue.life_events, {one.definition.code for one in read})]
    if catalogue.meanings is not None:
        around = shelf([one.definition for one in read], catalogue.meanings)
        said = told(catalogue.cast, catalogue.meanings)
        findings += [finding for one in read for finding in lint(one, catalogue.meanings, around=around, said=said)]
    return findings


def lint(read: Read, meanings: Meanings, *, around: Shelf | None = None, said: Told | None = None) -> list[Finding]:
    """What is wrong with one definition.

    :param around: the catalogue in which it stands; left out, it stands alone.
    :param said: what registers say about the cast (:func:`told`), to try conditions with.
    """
    template = read.file.removesuffix(SERVICE) + read.definition.document.template
    spoken = [Finding(file=template, where=where, rule="template", message=message) for where, message in templates.problems(read.template)]
    unsafe = [*spoken, *admission.costly(read.definition, read.file)]
    if unsafe:
        return unsafe  # nothing of it is computed
    subject = Subject(
        definition=read.definition, meanings=meanings, shelf=around or shelf([read.definition], meanings), told=said or {}, today=local(now()).date(),
    )  # fmt: skip
    return [Finding(file=read.file, where=where, rule=rule, message=message) for rule, check in CHECKS for where, message in check(subject)]


def _life_events(events: Sequence[LifeEvent], codes: set[str]) -> list[Finding]:
    findings = []
    for event in events:
        for position, step in enumerate(event.steps):
            if step.service not in codes:
                where, message = f"steps.{position}.service", f"No service is called «{step.service}»."
                findings.append(Finding(file=f"{LIFE_EVENTS}/{event.code}.yaml", where=where, rule="life_event", message=message))
    return findings


def _twice(read: Sequence[Read]) -> list[Finding]:
    seen: dict[str, str] = {}
    findings = []
    for one in read:
        first = seen.setdefault(one.definition.code, one.file)
        if first != one.file:
            message = f"The code «{one.definition.code}» stands in {first} too."
            findings.append(Finding(file=one.file, where="code", rule="code", message=message))
    return findings


CHECKS: tuple[tuple[str, Check], ...] = (
    ("unique", parts.unique),
    ("unique", parts.channels),
    ("fact", parts.facts),
    ("chosen_from", parts.chosen),
    ("page", parts.pages),
    ("signing", parts.signing),
    ("stop", parts.stops),
    ("once_only", once_only.once_only),
    ("issued_here", once_only.issued_here),
    ("condition", conditions.conditions),
    ("workflow", workflow.workflow),
    ("actor", workflow.actors),
    ("opinion", workflow.opinions),
    ("rule", workflow.rules),
    ("ground", workflow.grounds),
    ("fee", money_and_time.fees),
    ("term", money_and_time.term),
    ("unused", usage.unused),
    ("document", documents.document),
    ("notice", documents.notices),
    ("migration", documents.migrations),
    ("text", texts.texts),
    ("reading", texts.reading),
    ("one_thing", texts.one_thing),
)
"""The checks in order: the rule's name in findings, and the check."""
