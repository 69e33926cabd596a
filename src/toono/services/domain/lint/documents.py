"""The document and the notices: they name what is there, and tell the applicant what they must know."""

from __future__ import annotations

from collections.abc import Iterator

from toono.services.domain.definition import DocumentRow, Notice
from toono.services.domain.lint.subject import Problem, Subject


def document(subject: Subject) -> Iterator[Problem]:
    """Each row names a fact, an answer, or what an officer fills in."""
    filled = {q.code for action in subject.definition.workflow.actions for q in action.asks}
    for position, row in enumerate(subject.definition.document.rows):
        where = f"document.rows.{position}"
        if row.question is not None and subject.definition.question(row.question) is None:
            yield where, f"No question is called «{row.question}»."
        if row.filled is not None and row.filled not in filled:
            yield where, f"No action asks an officer for «{row.filled}»."
        if row.fact is not None:
            yield from _fact(subject, where, row, row.fact)


def _fact(subject: Subject, where: str, row: DocumentRow, path: str) -> Iterator[Problem]:
    name, _, field = path.partition(".")
    _, meaning = subject.uses.get(name, (None, None))
    if meaning is None or (field and field not in {one.name for one in meaning.fields}):
        yield where, f"No fact gives «{path}»."
    elif not field and meaning.items is None:
        yield where, f"«{path}» has no list; name one of its fields: {', '.join(one.name for one in meaning.fields)}."
    elif not field and meaning.items is not None:
        columns = {one.name for one in meaning.items.fields}
        for column in row.columns:
            if column not in columns:
                yield where, f"The items of «{path}» have no field «{column}»."


def notices(subject: Subject) -> Iterator[Problem]:
    """What one is told is not left to chance."""
    definition = subject.definition
    needed = [Notice.REFUSED, Notice.DOCUMENT]
    if definition.fee.amount_mungu or any(rule.fee.amount_mungu for rule in definition.fees):
        needed.append(Notice.PAYMENT)
    if subject.officer_looks:
        needed += [Notice.CORRECTION, Notice.LATE]
    for notice in needed:
        if notice not in definition.notifications:
            yield "notifications", f"The applicant must be told of «{notice}»; add it."


def migrations(subject: Subject) -> Iterator[Problem]:
    """A newer version says what becomes of open cases of the one before."""
    definition = subject.definition
    named = [version for one in definition.migrations for version in one.from_versions]
    if definition.version > 1 and definition.version - 1 not in named:
        before = definition.version - 1
        yield (
            "migrations",
            f"Say what becomes of open cases of version {before}: `{{from_versions: [{before}], rule: continue}}`, or `migrate`, `restart`.",
        )
    for version in sorted({v for v in named if named.count(v) > 1}):
        yield "migrations", f"Version {version} stands under two rules."
    for position, one in enumerate(definition.migrations):
        where = f"migrations.{position}"
        late = [version for version in one.from_versions if not 1 <= version < definition.version]
        if late:
            yield where, f"Version {late[0]} is not older than this one."
        for code in one.renamed.values():
            if definition.question(code) is None:
                yield f"{where}.renamed", f"No question is called «{code}»."
        for name in one.states.values():
            if name not in subject.states:
                yield f"{where}.states", f"No state is called «{name}»."
