"""What a newer version changes for somebody who has begun with an older one, in words."""

from __future__ import annotations

from toono.services.contracts import Text
from toono.services.domain import terms
from toono.services.domain.definition import Definition


def between(old: Definition, new: Definition) -> list[Text]:
    """New and dropped questions, the fee, the promised time: what the person notices."""
    return [*_questions(old, new), *_fee(old, new), *_term(old, new)]


def _questions(old: Definition, new: Definition) -> list[Text]:
    renamed = {now: before for one in new.migrations if old.version in one.from_versions for before, now in one.renamed.items()}
    before, after = {q.code for q in old.questions}, {renamed.get(q.code, q.code) for q in new.questions}
    added = [q.label for q in new.questions if renamed.get(q.code, q.code) not in before]
    dropped = [q.label for q in old.questions if q.code not in after]
    return [
        *(Text(mn=f"Шинэ асуулт: {label.mn}", en=f"New question: {label.en}") for label in added),
        *(Text(mn=f"Асуухаа больсон: {label.mn}", en=f"No longer asked: {label.en}") for label in dropped),
    ]


def _fee(old: Definition, new: Definition) -> list[Text]:
    if old.fee == new.fee:
        return []
    return [Text(mn=f"Төлбөр: {old.fee.text} → {new.fee.text}", en=f"Fee: {old.fee.text} → {new.fee.text}")]


def _term(old: Definition, new: Definition) -> list[Text]:
    before, after = terms.promise(old.term), terms.promise(new.term)
    return [] if before == after else [Text(mn=f"Хугацаа: {after.mn}", en=f"Term: {after.en}")]
