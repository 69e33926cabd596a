"""The shelf of services: list, search, and the page of one."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from functools import lru_cache

from toono.kernel.calendar import working_time_between
from toono.kernel.clock import now
from toono.kernel.text import sort_key
from toono.services.adapters import organisations
from toono.services.contracts import KeptTime, KnownFact, Outcome, ServiceDetails, ServiceSummary, Text
from toono.services.domain import answers, terms, workflow
from toono.services.domain.definition import Definition, Meanings
from toono.services.domain.search import Index
from toono.services.errors import ServiceUnknown
from toono.services.models import Case, ServiceVersion
from toono.services.queries import definitions

KEPT_DAYS = 90
KEPT_CASES = 5000
"""Of a service with more cases the newest count."""
_KEPT_SECONDS = 60.0
_kept: dict[str, tuple[float, KeptTime]] = {}


def services(*, query: str, language: str) -> list[ServiceSummary]:
    offered = definitions.offered()
    if not query.strip():
        found = [_summary(*definitions.version(*one)) for one in offered]
        return sorted(found, key=lambda s: sort_key(s.name.to(language)))
    scores = _index(offered).find(query)
    best = sorted(scores, key=lambda code: (-scores[code], code))
    versions = dict(offered)
    return [_summary(*definitions.version(code, versions[code])) for code in best]


@lru_cache(maxsize=2)
def _index(offered: tuple[tuple[str, int], ...]) -> Index:
    index = Index()
    for code, number in offered:
        definition, _ = definitions.version(code, number)
        texts = [(definition.name.mn, 1.0), (definition.name.en, 1.0), (definition.summary.mn, 0.4), (definition.summary.en, 0.4)]
        texts += [(word, 0.9) for word in (*definition.keywords.mn, *definition.keywords.en)]
        organisation = organisations.name(definition.organisation)
        index.add(code, [*texts, (organisation.mn, 0.3), (organisation.en, 0.3)])
    return index


def _summary(definition: Definition, row: ServiceVersion) -> ServiceSummary:
    return ServiceSummary(
        code=definition.code,
        version=definition.version,
        level=row.level,
        name=definition.name,
        summary=definition.summary,
        organisation=definition.organisation,
        organisation_name=organisations.name(definition.organisation),
        fee=definition.fee,
        term_working_hours=definition.term.working_hours,
        automatic=workflow.is_automatic(definition),
    )


def service(*, code: str) -> ServiceDetails:
    definition, row = definitions.newest(code)
    meanings = definitions.meanings()
    return ServiceDetails(
        summary=_summary(definition, row),
        gives=definition.gives,
        audience=definition.audience,
        assurance=definition.assurance,
        channels=tuple(channel.value for channel in definition.channels),
        legal_basis=definition.legal_basis,
        known=tuple(_known(meanings, use.meaning) for use in definition.facts),
        questions=tuple(question.label for question in definition.questions),
        minutes_to_fill=answers.minutes_to_fill(definition),
        term=terms.promise(definition.term),
        due_if_sent_now=terms.due_at(definition.term, now()),
        kept=kept_time(definition),
        grounds=definition.grounds,
        document_title=definition.document.title,
        document_validity=_validity(definition.document.validity_days),
        appeal=definition.appeal,
    )


def _known(meanings: Meanings, code: str) -> KnownFact:
    meaning = meanings.find(code)
    if meaning is None:
        raise ServiceUnknown(f"no register gives {code} any more")
    return KnownFact(meaning=code, title=meaning.title, source=meaning.source, fields=tuple(f.label for f in meaning.fields))


def _validity(days: int | None) -> Text:
    if days is None:
        return Text(mn="Хугацаагүй хүчинтэй", en="Valid without an end")
    if days % 365 == 0:
        years = days // 365
        return Text(mn=f"Олгосноос хойш {years} жил хүчинтэй", en=f"Valid for {years} year{'s' if years > 1 else ''} from the day of issue")
    return Text(mn=f"Олгосноос хойш {days} хоног хүчинтэй", en=f"Valid for {days} days from the day of issue")


def kept_time(definition: Definition) -> KeptTime:
    """What decided cases really took; computed at most once a minute."""
    computed_at, kept = _kept.get(definition.code, (float("-inf"), None))
    if kept is None or time.monotonic() - computed_at > _KEPT_SECONDS:
        kept = _computed(definition)
        _kept[definition.code] = (time.monotonic(), kept)
    return kept


def _computed(definition: Definition) -> KeptTime:
    rows = list(
        Case.objects.filter(
            service=definition.code, decided_at__gte=now() - timedelta(days=KEPT_DAYS), outcome__in=[Outcome.GRANTED, Outcome.REFUSED]
        )
        .order_by("-decided_at")
        .values_list("submitted_at", "decided_at", "due_at")[:KEPT_CASES]
    )
    if not rows:
        return KeptTime(decided=0, on_time=0, median_minutes=None, ninety_percent_minutes=None, median_seconds=None)
    minutes = sorted(
        -(-int(working_time_between(terms.starts_at(definition.term, sent), decided).total_seconds()) // 60)
        for sent, decided, _ in rows
        if sent is not None and decided is not None
    )
    seconds = [int((decided - sent).total_seconds()) for sent, decided, _ in rows if sent is not None and decided is not None]
    return KeptTime(
        decided=len(rows),
        on_time=sum(decided <= due for _, decided, due in rows if decided is not None and due is not None),
        median_minutes=int(statistics.median(minutes)),
        ninety_percent_minutes=minutes[min(len(minutes) - 1, -(-len(minutes) * 9 // 10) - 1)],
        median_seconds=int(statistics.median(seconds)),
    )
