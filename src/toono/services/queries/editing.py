"""Drafts of definitions as analysts and reviewers see them. Nothing is written here."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from django.db.models import QuerySet

from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed
from toono.kernel.money import Money
from toono.services.adapters import organisations, places, rights
from toono.services.contracts import (
    AnalystShelf,
    Applicant,
    Difference,
    DraftState,
    DraftSummary,
    DraftView,
    FieldState,
    Judgement,
    MissingRight,
    OwnService,
    PlacedFinding,
    Preview,
    PreviewFact,
    QuestionField,
    QuestionKind,
    QuestionPage,
    Sheet,
    StopView,
    Text,
    TrialState,
    Typed,
)
from toono.services.domain import drafts, needs, sheets, terms
from toono.services.domain import lint as linter
from toono.services.domain.answers import PageOf
from toono.services.domain.contents import shown
from toono.services.domain.definition import Definition, FactUse, Meanings, Question
from toono.services.domain.digests import digest
from toono.services.domain.drafts import NAMES, Draft, Place
from toono.services.domain.files import SERVICE
from toono.services.domain.lint import Shelf, Told
from toono.services.domain.personas import Personas
from toono.services.domain.simulation import preview as walking
from toono.services.domain.simulation.case import SimulatedCase
from toono.services.domain.simulation.world import World
from toono.services.errors import ConditionError, DraftRefused, DraftUnknown
from toono.services.models import DefinitionDraft, ServiceVersion
from toono.services.queries import definitions, shelf_contents
from toono.services.queries.question_pages import plain_field

OPEN = [state.value for state in DraftState if state.open]
FOR_REVIEW = [DraftState.SUBMITTED.value, DraftState.APPROVED.value]
"""What an administrator looks at."""


# -- who may see what --------------------------------------------------------------------------------------------


def organisation(actor: Actor) -> str:
    """For whose services an analyst writes.

    :raises NotAllowed: the actor is no analyst.
    """
    if actor.role is not Role.ANALYST or not actor.organisation or actor.person_id is None:
        raise NotAllowed(f"{actor} writes no definitions")
    return actor.organisation


def person(actor: Actor) -> UUID:
    """Who writes.

    :raises NotAllowed: a process does not.
    """
    if actor.person_id is None:
        raise NotAllowed(f"{actor} writes no definitions")
    return actor.person_id


def visible(actor: Actor) -> QuerySet[DefinitionDraft]:
    """An analyst sees the drafts of their organisation, an administrator those of all that were sent for review.

    :raises NotAllowed: the actor is neither.
    """
    if actor.role is Role.ADMINISTRATOR and actor.person_id is not None:
        return DefinitionDraft.objects.filter(state__in=[*FOR_REVIEW, DraftState.RETURNED.value, DraftState.PUBLISHED.value])
    return DefinitionDraft.objects.filter(organisation=organisation(actor))


def row(actor: Actor, draft_id: UUID, *, lock: bool = False) -> DefinitionDraft:
    """A draft that the actor may see; ``lock`` takes its row until the transaction ends (milliseconds).

    :raises DraftUnknown:
    """
    found = visible(actor).select_for_update() if lock else visible(actor)
    try:
        return found.get(id=draft_id)
    except DefinitionDraft.DoesNotExist:
        raise DraftUnknown(f"no draft {draft_id} for {actor}") from None


# -- what a draft is compared with -------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _told(meanings: Meanings, cast: str) -> Told:
    return linter.told(Personas.model_validate_json(cast), meanings)


@lru_cache(maxsize=2)
def _around(offered: tuple[tuple[str, int], ...], meanings: Meanings) -> Shelf:
    return linter.shelf((definitions.definition(*one) for one in offered), meanings)


def place(one: DefinitionDraft) -> Place:
    """Where it stands in the catalogue."""
    return Place(level=one.level, code=one.code, organisation=one.organisation, published=published(one.code))


def published(code: str) -> int:
    """The newest published version; 0 where there is none."""
    numbers = ServiceVersion.objects.filter(code=code).order_by("-version").values_list("version", flat=True)
    return numbers.first() or 0


def read(one: DefinitionDraft) -> Draft:
    """The texts as objects, with everything that reading and linting find."""
    where = place(one)
    found = drafts.draft(where, one.files)
    if found.read is None:
        return found
    meanings = definitions.meanings()
    around = _around(definitions.offered(), meanings)
    said = _told(meanings, shelf_contents.cast().model_dump_json())
    return Draft(found.definition, found.read, drafts.findings(found, meanings, around, said))


def shared() -> str:
    """Digest of what all services share: tests that were run with other meanings or another cast prove nothing."""
    return digest([definitions.meanings().model_dump(mode="json"), shelf_contents.cast().model_dump(mode="json")])


def trial_state(one: DefinitionDraft) -> TrialState:
    """Whether the tests were run on what stands in the draft now."""
    trial = one.trial
    if not trial:
        return TrialState.NONE
    if trial["revision"] != one.revision or trial["shared"] != shared():
        return TrialState.STALE
    return TrialState(trial["state"])


# -- views -------------------------------------------------------------------------------------------------------


def summary(one: DefinitionDraft) -> DraftSummary:
    """A draft in a list."""
    return DraftSummary(
        id=one.id, code=one.code, level=one.level, organisation=one.organisation, organisation_name=organisations.name(one.organisation),
        name=_name(one), published=published(one.code), state=DraftState(one.state), revision=one.revision, changed_at=one.changed_at,
    )  # fmt: skip


def _name(one: DefinitionDraft) -> Text:
    try:
        values = {f.path: f.value for s in sheets.sheet(one.files[SERVICE], sheets.NAMES).sections for f in s.fields}
    except (sheets.NotReadable, KeyError):
        values = {}
    return Text(mn=values.get("name.mn") or one.code, en=values.get("name.en") or one.code)


def shelf(actor: Actor) -> AnalystShelf:
    """The analyst's own services and open drafts."""
    own = organisation(actor)
    drafts_of = list(DefinitionDraft.objects.filter(organisation=own, state__in=OPEN).order_by("-changed_at"))
    by_code = {one.code: one.id for one in drafts_of}
    services, levels = [], set()
    for code, number in definitions.offered():
        definition, version = definitions.version(code, number)
        levels.add(version.level)
        if definition.organisation == own:
            services.append(OwnService(code=code, version=number, name=definition.name, draft_id=by_code.get(code)))
    return AnalystShelf(
        organisation=own, organisation_name=organisations.name(own), services=tuple(services), drafts=tuple(map(summary, drafts_of)),
        levels=tuple(sorted(levels)),
    )  # fmt: skip


def to_review(actor: Actor) -> tuple[DraftSummary, ...]:
    """Drafts that wait for an administrator: the longest waiting first."""
    if actor.role is not Role.ADMINISTRATOR:
        raise NotAllowed(f"{actor} reviews no drafts")
    return tuple(map(summary, visible(actor).filter(state__in=FOR_REVIEW).order_by("changed_at")))


def draft(actor: Actor, draft_id: UUID) -> DraftView:
    """Everything about one draft."""
    one = row(actor, draft_id)
    found = read(one)
    state, trial = DraftState(one.state), trial_state(one)
    judgement = Judgement.model_validate(one.trial["judgement"]) if one.trial.get("judgement") else None
    sound = not found.findings and trial is TrialState.DONE and judgement is not None and not judgement.findings
    analyst, reviewer = actor.role is Role.ANALYST, actor.role is Role.ADMINISTRATOR
    writable = state in {DraftState.EDITING, DraftState.RETURNED, DraftState.APPROVED}
    return DraftView(
        summary=summary(one),
        files=tuple((name, one.files.get(name, "")) for name in NAMES),
        findings=_placed(one, found),
        readable=found.definition is not None,
        trial=trial,
        judgement=judgement,
        difference=Difference.model_validate(one.trial["difference"]) if one.trial.get("difference") else None,
        missing_rights=missing_rights(found.definition) if found.definition else (),
        note=one.note,
        may_edit=analyst and writable,
        may_submit=analyst and sound and state in {DraftState.EDITING, DraftState.RETURNED},
        may_review=reviewer and state is DraftState.SUBMITTED and str(actor.person_id) not in one.writers,
        may_publish=sound and state is DraftState.APPROVED,
        personas=tuple((persona.code, persona.title) for persona in shelf_contents.cast().personas),
    )


def _placed(one: DefinitionDraft, found: Draft) -> tuple[PlacedFinding, ...]:
    lines = {name: drafts.Lines(one.files.get(name, "")) for name in NAMES}
    return tuple(
        PlacedFinding(finding=finding, line=lines[finding.file].of(finding.where) if finding.file in lines else None)
        for finding in found.findings
    )


def missing_rights(definition: Definition) -> tuple[MissingRight, ...]:
    """What the definition reads, and no agreement of the portal allows yet."""
    meanings = definitions.meanings()
    sources = {one.service: one.source for one in meanings.meanings}
    return tuple(
        MissingRight(service=need.service, source=sources[need.service], purposes=purposes, fields=fields)
        for need, purposes, fields in rights.missing(needs.needs([definition], meanings))
    )


def sheet(actor: Actor, draft_id: UUID, name: str, part: str) -> Sheet:
    """A form over the draft's text.

    :raises DraftRefused: there is no such form; or the text cannot be read, and must be put right as text.
    """
    one = row(actor, draft_id)
    if name not in {sheets.NAMES, sheets.QUESTIONS, sheets.TERM, sheets.GROUNDS}:
        raise DraftUnknown(f"no form {name}")
    try:
        return sheets.sheet(one.files.get(SERVICE, ""), name, part, read(one).findings)
    except (sheets.NotReadable, sheets.NoSuchPart) as error:
        raise DraftRefused(str(error)) from error


# -- preview -----------------------------------------------------------------------------------------------------


def preview(
    actor: Actor, draft_id: UUID, *, persona: str, applicant: str = "", said: str = "", typed: dict[str, Typed] | None = None
) -> Preview:
    """The draft walked as one of the cast."""
    one = row(actor, draft_id)
    definition = drafts.draft(place(one), one.files).definition
    cast = shelf_contents.cast()
    person = cast.find(persona)
    if definition is None or person is None:
        raise DraftRefused("the definition cannot be read, or nobody of the cast is called so")
    meanings = definitions.meanings()
    whom = Applicant(applicant) if applicant in set(Applicant) else None
    stand = walking.walk(definition, World(person, cast, meanings), applicant=whom, said=said, typed=typed)
    case = stand.case
    page = _page(one, definition, stand, case, typed or {}) if case and stand.page else None
    stop = next((s for s in definition.stops if s.code == stand.stop), None)
    done = case is not None and page is None and stop is None and not stand.cannot
    return Preview(
        persona=person.code, title=person.title, story=person.story, applicant=case.applicant if case else None,
        applicants=tuple(stand.applicants), page=page, errors=bool(stand.wrong),
        facts=_facts(definition, case, meanings) if case else (), answers=tuple(walking.lines(case, places.words)) if case else (),
        said=stand.said, stop=StopView(code=stop.code, text=stop.text, instead=stop.instead) if stop else None, cannot=_cannot(stand),
        fee=_fee(definition, case), term=_term(definition, case) if case and done else None,
    )  # fmt: skip


def _cannot(stand: walking.Stand) -> Text | None:
    if stand.case is None and not stand.cannot:
        return Text(mn="Энэ үйлчилгээ энэ хүнд зориулагдаагүй.", en="The service is not for this person.")
    if not stand.cannot:
        return None
    return Text(mn=f"Цааш явахгүй: {stand.cannot}", en=f"It does not go on: {stand.cannot}")


def _fee(definition: Definition, case: SimulatedCase | None) -> Money:
    rule = next((one for one in definition.fees if case is not None and _holds(case, one.when)), None)
    return rule.fee if rule else definition.fee


def _holds(case: SimulatedCase, when: str) -> bool:
    try:
        return case.holds(when)
    except ConditionError:
        return False


def _term(definition: Definition, case: SimulatedCase) -> Text:
    return terms.measure(terms.length(definition.term, case.values))


def _facts(definition: Definition, case: SimulatedCase, meanings: Meanings) -> tuple[PreviewFact, ...]:
    found = []
    for use in definition.facts:
        reading, meaning = case.facts.get(use.name), meanings.find(use.meaning)
        if reading is None or meaning is None or reading.key == "–":
            continue
        content = reading.content
        kinds = {one.name: one for one in meaning.fields}
        lines = tuple((kinds[n].label, shown(kinds[n].kind, v).mn) for n, v in content.fields.items() if n in kinds) if content else ()
        found.append(
            PreviewFact(
                title=meaning.title,
                source=meaning.source,
                known=content is not None,
                lines=lines,
                items=len(content.items) if content else 0,
            )
        )
    return tuple(found)


def _page(one: DefinitionDraft, definition: Definition, stand: walking.Stand, case: SimulatedCase, typed: dict[str, Typed]) -> QuestionPage:
    page: PageOf = stand.page  # type: ignore[assignment]
    position = next((n for n, other in enumerate(stand.way) if other.code == page.code), 0)
    return QuestionPage(
        case_id=one.id, service=one.code, service_name=definition.name, code=page.code, title=page.title,
        fields=tuple(_field(question, case, stand, typed if stand.wrong else {}) for question in page.questions),
        position=position + 1, total=len(stand.way), previous=None,
    )  # fmt: skip


def _field(question: Question, case: SimulatedCase, stand: walking.Stand, typed: dict[str, Typed]) -> QuestionField:
    wrong = stand.wrong.get(question.code)
    field = plain_field(question, typed.get(question.code), wrong.text if wrong else None, wrong.part if wrong else None)
    more: dict[str, object] = {}
    if question.kind.chosen:
        options = case.choices(question.code)
        state = FieldState.PENDING if options is None else FieldState.READY if options else FieldState.NOTHING_HELD
        more = {"options": options or (), "state": state, "source": _source(case, question)}
    elif question.kind is QuestionKind.ADDRESS:
        aimag = question.within or field.parts.get("aimag", "")
        more = {"places": places.below(aimag) if aimag else (), "aimags": () if question.within else places.aimags()}
    return field.model_copy(update=more)


def _source(case: SimulatedCase, question: Question) -> Text | None:
    use: FactUse | None = next((one for one in case.definition.facts if one.name == question.chosen_from), None)
    return case.meaning(use).source if use else None
