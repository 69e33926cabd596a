"""The shelf: every service that is offered, listed, searched, narrowed, in pages.

One picture of the shelf is kept in each process for as long as the catalogue stays as it is: of thousands of definitions only the few
fields of a list are read, and the words of the search.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import F, Max

from toono.kernel.money import Money
from toono.kernel.text import sort_key
from toono.services.adapters import organisations, places
from toono.services.contracts import Applicant, Facet, ServicePage, ServiceSummary, Text
from toono.services.domain.definition import StateKind
from toono.services.domain.search import Index
from toono.services.models import ServiceVersion

PAGE = 20
NATIONAL = "national"
_FIELDS = ("name", "summary", "organisation", "fee", "term", "applicants", "keywords", "workflow__states")


@dataclass(frozen=True)
class Shelf:
    """The list and its index."""

    summaries: dict[str, ServiceSummary]
    index: Index
    ordered: dict[str, tuple[str, ...]]
    """Language → codes in the order of its alphabet."""


def shelf() -> Shelf:
    """As it is now. One small query tells whether it has changed."""
    names = tuple(sorted((code, name.mn, name.en) for code, name in organisations.names().items()))
    newest = ServiceVersion.objects.aggregate(newest=Max("id"))["newest"] or 0
    with _making:
        return _shelf(newest, names)


_making = threading.Lock()
"""Making the picture takes up to a second; one thread makes it, the others wait for it."""


@lru_cache(maxsize=2)
def _shelf(newest: int, names: tuple[tuple[str, str, str], ...]) -> Shelf:
    """``newest`` and ``names`` tell one state of the shelf from another."""
    known = {code: Text(mn=mn, en=en) for code, mn, en in names}
    rows = (
        ServiceVersion.objects.filter(id__lte=newest)
        .order_by("code", "-version")
        .distinct("code")
        .values_list("code", "version", "level", *(F(f"content__definition__{field}") for field in _FIELDS))
    )
    summaries, index = {}, Index()
    for code, version, level, name, summary, organisation, fee, term, applicants, keywords, states in rows.iterator(chunk_size=500):
        one = summaries[code] = ServiceSummary(
            code=code, version=version, level=level, name=Text.model_validate(name), summary=Text.model_validate(summary),
            organisation=organisation, organisation_name=known.get(organisation) or Text(mn=organisation, en=organisation),
            fee=Money.model_validate(fee), term_working_hours=term["working_hours"], term_calendar_days=term["calendar_days"],
            automatic=not any(state["kind"] == StateKind.REVIEW for state in states), applicants=tuple(map(Applicant, applicants)),
        )  # fmt: skip
        index.add(code, _texts(one, keywords))
    ordered = {
        language: tuple(sorted(summaries, key=lambda code: sort_key(summaries[code].name.to(language)))) for language in ("mn", "en")
    }
    return Shelf(summaries, index, ordered)


def _texts(one: ServiceSummary, keywords: dict[str, list[str]]) -> list[tuple[str, float]]:
    texts = [(one.name.mn, 1.0), (one.name.en, 1.0), (one.summary.mn, 0.4), (one.summary.en, 0.4)]
    texts += [(word, 0.9) for word in (*keywords["mn"], *keywords["en"])]
    return [*texts, (one.organisation_name.mn, 0.3), (one.organisation_name.en, 0.3)]


def found(query: str, language: str) -> list[ServiceSummary]:
    """Everything that answers to the words, best first; all in the order of the alphabet where there are none."""
    all_of = shelf()
    if not query.strip():
        return [all_of.summaries[code] for code in all_of.ordered["en" if language.startswith("en") else "mn"]]
    scores = all_of.index.find(query)
    return [all_of.summaries[code] for code in sorted(scores, key=lambda code: (-scores[code], code))]


def page(*, query: str, language: str, level: str, organisation: str, applicant: str, number: int) -> ServicePage:
    """One page of the list, narrowed; each choice of narrowing counted under the others."""
    every = found(query, language)
    narrowed = {"level": level, "organisation": organisation, "applicant": applicant}
    wanted: dict[str, Callable[[ServiceSummary], bool]] = {
        "level": lambda one: one.level == level,
        "organisation": lambda one: one.organisation == organisation,
        "applicant": lambda one: applicant in one.applicants,
    }

    def fitting(*, without: str = "") -> list[ServiceSummary]:
        checks = [check for name, check in wanted.items() if name != without and narrowed[name]]
        return [one for one in every if all(check(one) for check in checks)] if checks else every

    names = {one.organisation: one.organisation_name for one in every}
    items = fitting()
    pages = max(1, -(-len(items) // PAGE))
    number = max(1, min(number, pages))
    return ServicePage(
        items=tuple(items[(number - 1) * PAGE : number * PAGE]),
        total=len(items),
        page=number,
        pages=pages,
        levels=_facets((one.level for one in fitting(without="level")), level_name, language),
        organisations=_facets((one.organisation for one in fitting(without="organisation")), lambda code: names[code], language),
        applicants=_facets(
            (whom.value for one in fitting(without="applicant") for whom in one.applicants), lambda value: _WHOM[Applicant(value)], language
        ),
    )


_WHOM = {
    Applicant.CITIZEN: Text(mn="Иргэн өөртөө", en="A citizen, for themselves"),
    Applicant.FOREIGNER: Text(mn="Гадаадын иргэн", en="A citizen of another state"),
    Applicant.CHILD: Text(mn="Хүүхдэдээ", en="A parent, for a child"),
    Applicant.LEGAL_ENTITY: Text(mn="Хуулийн этгээд", en="A legal entity"),
}


def _facets(values: Iterable[str], label: Callable[[str], Text], language: str) -> tuple[Facet, ...]:
    made = [Facet(value=value, label=label(value), count=count) for value, count in Counter(values).items()]
    return tuple(sorted(made, key=lambda one: sort_key(one.label.to(language))))


def level_name(level: str) -> Text:
    """A level of the catalogue in words."""
    if level == NATIONAL:
        return Text(mn="Улсын хэмжээнд", en="The whole country")
    return places.of_folder(level) or Text(mn=level, en=level)
