"""The page of a service: everything that one should know before starting."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from typing import Any

from toono.kernel.clock import now
from toono.services.contracts import Burden, Effort, KeptTime, KnownFact, Outcome, ServiceDetails, SignatureKind, Text
from toono.services.domain import answers, terms
from toono.services.domain.definition import Definition, Meanings, Silence
from toono.services.domain.terms import ClockEvent
from toono.services.errors import ServiceUnknown
from toono.services.models import Case
from toono.services.queries import clock, definitions, shelf, shelf_contents

KEPT_DAYS = 90
KEPT_CASES = 5000
"""Of a service with more cases the newest count."""
_KEPT_SECONDS = 60.0
_OF_A_CLOCK = ("service", "service_version", "submitted_at", "term_started_at", "decided_at", "due_at")
_kept: dict[str, tuple[float, KeptTime]] = {}


def service(*, code: str) -> ServiceDetails:
    definition, row = definitions.newest(code)
    meanings = definitions.meanings()
    return ServiceDetails(
        summary=shelf.shelf().summaries[code],
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
        button=definition.button,
        effort=effort(row.burden),
        fees=tuple((rule.label, rule.fee) for rule in definition.fees),
        silence=_silence(definition),
        signing=_signing(definition),
        asked_again=tuple(shelf_contents.exempted_in(definition)),
        stops=tuple((stop.text, stop.instead) for stop in definition.stops),
        life_events=tuple(
            (event.code, event.title) for event in shelf_contents.life_events() if any(step.service == code for step in event.steps)
        ),
    )


def effort(stored: dict[str, Any]) -> Effort | None:
    """Of those who can get it; of all, where nobody of the cast can."""
    every = [Burden.model_validate(one) for one in stored.get("personas", ())]
    burdens = [one for one in every if one.stopped is None] or every
    if not burdens:
        return None
    questions, minutes = [one.questions for one in burdens], [one.minutes for one in burdens]
    return Effort(
        papers=max(one.attachments for one in burdens), questions_least=min(questions), questions_most=max(questions),
        minutes_least=min(minutes), minutes_most=max(minutes), facts=max(one.facts for one in burdens), visits=max(one.visits for one in burdens),
    )  # fmt: skip


def _silence(definition: Definition) -> Text | None:
    basis = definition.term.silence_basis
    if basis is None:
        return None
    law = Text(mn=f"{basis.law.mn}, {basis.article.mn}", en=f"{basis.law.en}, {basis.article.en}")
    if definition.term.silence is Silence.GRANTS:
        return Text(
            mn=f"Хугацаанд нь хариу өгөхгүй бол зөвшөөрсөнд тооцно ({law.mn}).", en=f"No answer in time counts as granted ({law.en})."
        )
    return Text(mn=f"Хугацаанд нь хариу өгөхгүй бол татгалзсанд тооцно ({law.mn}).", en=f"No answer in time counts as refused ({law.en}).")


_SIGNED = {
    SignatureKind.CODE: Text(mn="Утсандаа ирэх кодоор гарын үсэг зурна.", en="You sign by a code that comes to your phone."),
    SignatureKind.DIGITAL: Text(mn="Тоон гарын үсгээр зурна.", en="You sign with your digital signature."),
}


def _signing(definition: Definition) -> Text | None:
    own = _SIGNED.get(definition.signing.kind)
    signers = definition.signing.signers
    if own is None and not signers:
        return None
    others = [
        Text(mn=f"Мөн зурна: {', '.join(one.label.mn for one in signers)}.", en=f"Also signed by: {', '.join(one.label.en for one in signers)}.")
    ] if signers else []  # fmt: skip
    parts = [*([own] if own else []), *others]
    return Text(mn=" ".join(part.mn for part in parts), en=" ".join(part.en for part in parts))


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
            service=definition.code,
            decided_at__gte=now() - timedelta(days=KEPT_DAYS),
            outcome__in=[Outcome.GRANTED, Outcome.REFUSED],
            submitted_at__isnull=False,
        )
        .order_by("-decided_at")
        .only(*_OF_A_CLOCK)[:KEPT_CASES]
    )
    if not rows:
        return KeptTime(decided=0, on_time=0, median_minutes=None, ninety_percent_minutes=None, median_seconds=None)
    stood = clock.interruptions(row.id for row in rows)
    measured = [_taken(row, stood.get(row.id, [])) for row in rows]
    minutes = sorted(-(-int(working.total_seconds()) // 60) for working, _ in measured)
    return KeptTime(
        decided=len(rows),
        on_time=sum(row.decided_at <= row.due_at for row in rows if row.decided_at is not None and row.due_at is not None),
        median_minutes=int(statistics.median(minutes)),
        ninety_percent_minutes=minutes[min(len(minutes) - 1, -(-len(minutes) * 9 // 10) - 1)],
        median_seconds=int(statistics.median(waited.total_seconds() for _, waited in measured)),
    )


def _taken(row: Case, stood: list[ClockEvent]) -> tuple[timedelta, timedelta]:
    """What the term of a decided case really took, as its clock counts: in working time, and by the clock on the wall."""
    started = row.term_started_at or row.submitted_at
    assert started is not None and row.decided_at is not None  # noqa: S101 - the reading asks for sent and decided cases
    events = [*terms.start_of(started), *stood]
    term = definitions.definition(row.service, row.service_version).term
    return terms.taken(term, events, row.decided_at), terms.waited(events, row.decided_at)
