"""Data minimisation: whatever is asked or read serves something that can be named."""

from __future__ import annotations

from collections.abc import Iterator

from toono.services.domain.conditions import names
from toono.services.domain.lint.subject import Problem, Subject
from toono.services.errors import ConditionError

SELF_EVIDENT = frozenset({"person.identity", "person.particulars"})
"""Who applies, and whether they live: every case needs the first for its document and desk, the second ends it (``Outcome.LAPSED``)."""


def unused(subject: Subject) -> Iterator[Problem]:
    """Where only a rule decides, every answer and fact is read by a condition, the document, a ground or a signature; where an officer
    or expert looks, they may need it for their decision."""
    if subject.officer_looks:
        return
    definition = subject.definition
    read = _read(subject)
    for question in definition.questions:
        if ("answers", question.code) not in read:
            yield (
                f"questions.{question.code}",
                "Nobody uses the answer: no condition, no row of the document, no ground, no officer. Remove the question.",
            )
    for use in definition.facts:
        if ("facts", use.name) not in read and use.meaning not in SELF_EVIDENT:
            yield f"facts.{use.name}", "Nobody uses the fact: no condition, no row of the document, no ground, no question. Remove it."


def _read(subject: Subject) -> set[tuple[str, str]]:
    definition = subject.definition
    read: set[tuple[str, str]] = set()
    for _, when in subject.conditions:
        try:
            read |= {(path[0], path[1]) for path in names(when) if len(path) > 1}
        except ConditionError:
            continue  # told by the rule `condition`
    for row in definition.document.rows:
        read |= {("facts", row.fact.partition(".")[0])} if row.fact else set()
        read |= {("answers", row.question)} if row.question else set()
    for ground in definition.grounds:
        read |= {(root, field.partition(".")[0]) for field in ground.fields for root in ("answers", "facts")}
    read |= {("facts", q.chosen_from) for q in definition.questions if q.chosen_from}
    read |= {("answers", use.of) for use in definition.facts if use.of}
    read |= {("answers", signer.question) for signer in definition.signing.signers}
    return read
