"""What changes from one version of a service to another, in words of the service, for whom, and what becomes of open cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from toono.kernel.money import Money
from toono.services.contracts import Applicant, Burden, BurdenChange, Change, Difference, OpenCases, Text
from toono.services.domain import terms
from toono.services.domain.burden import of_walks
from toono.services.domain.definition import Definition, DocumentRow, Meanings, MigrationRule, Question, StateKind
from toono.services.domain.migration import declared
from toono.services.domain.personas import Personas
from toono.services.domain.simulation.walks import Walk, walks
from toono.services.domain.terms import Length

_ADDED, _REMOVED = Text(mn="нэмэгдсэн", en="added"), Text(mn="хасагдсан", en="removed")
_PARTS = {
    "question": Text(mn="Асуулт", en="Question"), "fact": Text(mn="Бүртгэлээс авах мэдээлэл", en="Fact from a register"),
    "stop": Text(mn="Урьдчилсан саад", en="Stop"), "page": Text(mn="Хуудас", en="Page"), "state": Text(mn="Төлөв", en="State"),
    "action": Text(mn="Үйлдэл", en="Action"), "rule": Text(mn="Автомат дүрэм", en="Automatic rule"),
    "ground": Text(mn="Татгалзах үндэслэл", en="Ground of refusal"), "fee": Text(mn="Хураамжийн дүрэм", en="Rule of the fee"),
    "term": Text(mn="Хугацааны салбар", en="Branch of the term"), "document": Text(mn="Баримтын мөр", en="Row of the document"),
    "law": Text(mn="Хуулийн үндэслэл", en="Legal basis"), "channel": Text(mn="Суваг", en="Channel"),
    "audience": Text(mn="Хэнд зориулсан", en="Who may apply"), "notice": Text(mn="Мэдэгдэл", en="Notice"),
}  # fmt: skip
_FIELDS = {
    "accepts": "файлын төрөл|kinds of file", "aimag": "аймаг|aimag", "applicants": "хүсэлт гаргагч|applicants", "article": "зүйл|article",
    "asks": "ажилтны бөглөх зүйл|what an officer fills in", "asks_again": "дахин асуух эрх|exemption", "because": "шалтгаан|reason",
    "by": "хэн хийх|who does it", "calendar_days": "хоног|days", "chosen_from": "сонгох жагсаалт|list to choose from",
    "columns": "багана|columns", "confirm": "хоёр дахь ажилтны баталгаа|confirmation by a second officer", "decimals": "бутархай орон|decimals",
    "earliest_days": "хамгийн эрт өдөр|earliest day", "fact": "мэдээлэл|fact", "fee": "дүн|amount", "fields": "холбогдох талбар|fields",
    "files": "файлын тоо|number of files", "fresh_hours": "мэдээллийн хүчинтэй хугацаа|age of the fact", "from": "эхлэх төлөв|from",
    "function": "албан үүрэг|function", "ground": "үндэслэл|ground", "hint": "тайлбар|hint", "instead": "хийж болох зүйл|what one can do",
    "kind": "төрөл|kind", "label": "үг хэллэг|wording", "latest_days": "хамгийн сүүлийн өдөр|latest day", "law": "хууль|law",
    "least": "доод тоо|least number", "max_length": "тэмдэгтийн тоо|length", "maximum": "дээд хэмжээ|maximum", "meaning": "утга|meaning",
    "minimum": "доод хэмжээ|minimum", "most": "дээд тоо|greatest number", "needs_reason": "тайлбар шаардах|reason needed",
    "of": "хэний тухай|about whom", "opinion": "асуух байгууллага|who is asked", "optional": "заавал биш эсэх|optional",
    "options": "сонголт|options", "purpose": "зорилго|purpose", "questions": "дотоод асуулт|questions inside", "reasons": "бэлэн тайлбар|ready reasons",
    "remedy": "яавал болох|what would help", "reuse": "өмнөх хариулт санал болгох|reuse", "text": "үг хэллэг|wording", "title": "нэр|title",
    "to": "дараагийн төлөв|to", "unit": "нэгж|unit", "when": "нөхцөл|condition", "within": "нутаг|area", "working_hours": "ажлын цаг|working hours",
    "action": "үйлдэл|action", "filled": "бөглөсөн зүйл|filled in", "question": "асуулт|question",
}  # fmt: skip
"""Fields of parts in words: Mongolian, English."""


def difference(old: Definition, new: Definition, meanings: Meanings, cast: Personas) -> Difference:
    """From ``old`` to ``new``; both have the same code."""
    walked_old, walked_new = list(walks(old, meanings, cast)), list(walks(new, meanings, cast))
    rule = declared(old, new)
    around = _Around(renamed=rule.renamed if rule else {}, walked=walked_new, meanings=meanings)
    return Difference(
        service=new.code,
        old_version=old.version,
        new_version=new.version,
        changes=tuple(change for family in _FAMILIES for change in family(old, new, around)),
        affected=tuple(_affected(old, new, walked_old, walked_new)),
        open_cases=open_cases(old, new),
        rule=(rule.rule if rule else MigrationRule.CONTINUE).value,
        consequence=_consequence(old, new),
        missing=tuple(missing(old, new)),
    )


# -- families of changes -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Around:
    """What a family of changes needs besides the two versions."""

    renamed: Mapping[str, str]
    walked: list[Walk]
    """Of the newer version."""
    meanings: Meanings


def _questions(old: Definition, new: Definition, around: _Around) -> Iterator[Change]:
    before = {around.renamed.get(q.code, q.code): q for q in old.questions}
    after = {q.code: q for q in new.questions}
    for code, question in after.items():
        where = f"questions.{code}"
        if code not in before:
            whom = _for_whom(new, code, around.walked)
            must = _must(question)
            yield _change(
                "question",
                where,
                f"Шинэ асуулт{whom[0]}: «{question.label.mn}»{must[0]}",
                f"New question{whom[1]}: “{question.label.en}”{must[1]}",
            )
        else:
            yield from _changed("question", where, question.label, before[code], question)
    for code, question in before.items():
        if code not in after:
            yield _gone("question", f"questions.{code}", question.label, _REMOVED)
    order = [code for code in before if code in after]
    if order != [code for code in after if code in before]:
        yield _change("question", "questions", "Асуултын дараалал өөрчлөгдсөн", "The order of the questions changes")


def _must(question: Question) -> tuple[str, str]:
    return (" (заавал биш)", " (optional)") if question.optional else ("", "")


_WHOM = {
    Applicant.CITIZEN: ("иргэнд", "citizens"), Applicant.FOREIGNER: ("гадаадын иргэнд", "foreigners"), Applicant.CHILD: ("хүүхдэд", "children"),
    Applicant.LEGAL_ENTITY: ("хуулийн этгээдэд", "companies"),
}  # fmt: skip


def _for_whom(new: Definition, code: str, walked: Iterable[Walk]) -> tuple[str, str]:
    """«, хуулийн этгээдэд» where not everybody who may apply is asked."""
    asked = {way.applicant for way in walked if any(q.code == code for q in way.asked)}
    if not asked or asked == set(new.applicants):
        return "", ""
    words = [_WHOM[one] for one in new.applicants if one in asked]
    return ", " + ", ".join(mn for mn, _ in words), " for " + ", ".join(en for _, en in words)


def _facts(old: Definition, new: Definition, around: _Around) -> Iterator[Change]:
    yield from _parts(
        "fact", "facts", _by(old.facts, "name"), _by(new.facts, "name"), lambda one: _fact_title(one.meaning, around.meanings)
    )


def _fact_title(code: str, meanings: Meanings) -> Text:
    meaning = meanings.find(code)
    return meaning.title if meaning else _same(code)


def _stops(old: Definition, new: Definition, around: _Around) -> Iterator[Change]:
    yield from _parts("stop", "stops", _by(old.stops, "code"), _by(new.stops, "code"), lambda one: one.text)


def _fees(old: Definition, new: Definition, around: _Around) -> Iterator[Change]:
    if old.fee != new.fee:
        yield _change("fee", "fee", f"Хураамж: {_money(old.fee, new.fee)}", f"Fee: {_money(old.fee, new.fee)}")
    before, after = {rule.label.mn: rule for rule in old.fees}, {rule.label.mn: rule for rule in new.fees}
    for name, rule in after.items():
        if name in before and before[name].fee != rule.fee:
            amount = _money(before[name].fee, rule.fee)
            yield _change("fee", "fees", f"Хураамж, {rule.label.mn}: {amount}", f"Fee, {rule.label.en}: {amount}")
        if name not in before:
            yield _change("fee", "fees", f"Шинэ хураамж, {rule.label.mn}: {rule.fee.text}", f"New fee, {rule.label.en}: {rule.fee.text}")
        elif before[name].when != rule.when:
            yield _change("fee", "fees", f"Хураамж, {rule.label.mn}: нөхцөл өөрчлөгдсөн", f"Fee, {rule.label.en}: its condition changes")
    for name, rule in before.items():
        if name not in after:
            yield _gone("fee", "fees", rule.label, _REMOVED)


def _money(old: Money, new: Money) -> str:
    delta = new.amount_mungu - old.amount_mungu
    return f"{old.text} → {new.text} ({'+' if delta > 0 else '−'}{Money(amount_mungu=abs(delta)).text})"


def _term(old: Definition, new: Definition, around: _Around) -> Iterator[Change]:
    before, after = old.term, new.term
    lengths = [terms.measure(Length(one.working_hours, one.calendar_days)) for one in (before, after)]
    if lengths[0] != lengths[1]:
        yield _change("term", "term", f"Хугацаа: {lengths[0].mn} → {lengths[1].mn}", f"Term: {lengths[0].en} → {lengths[1].en}")
    for field, mn, en in (
        ("starts", "Хугацаа тоолж эхлэх нь", "The start of the term"), ("on_correction", "Засварын үеийн хугацаа", "The term during a correction"),
        ("silence", "Хариу өгөөгүйн үр дагавар", "The consequence of silence"),
    ):  # fmt: skip
        if getattr(before, field) != getattr(after, field):
            both = f"{getattr(before, field)} → {getattr(after, field)}"
            yield _change("term", f"term.{field}", f"{mn}: {both}", f"{en}: {both}")
    if before.extension != after.extension:
        hours = [one.working_hours if one else 0 for one in (before.extension, after.extension)]
        yield _change(
            "term",
            "term.extension",
            f"Сунгах боломж: ажлын {hours[0]} → {hours[1]} цаг",
            f"Extension: {hours[0]} → {hours[1]} working hours",
        )
    yield from _parts("term", "term.branches", _by(before.branches, "when"), _by(after.branches, "when"), lambda one: one.because)


def _workflow(old: Definition, new: Definition, around: _Around) -> Iterator[Change]:
    yield from _parts("state", "workflow.states", _by(old.workflow.states, "name"), _by(new.workflow.states, "name"), lambda one: one.label)
    yield from _parts(
        "action", "workflow.actions", _by(old.workflow.actions, "code"), _by(new.workflow.actions, "code"), lambda one: one.label
    )
    yield from _parts(
        "rule", "workflow.automatic", _by(old.workflow.automatic, "when"), _by(new.workflow.automatic, "when"), lambda one: _same(one.when)
    )
    yield from _parts("ground", "grounds", _by(old.grounds, "code"), _by(new.grounds, "code"), lambda one: one.text)


def _document(old: Definition, new: Definition, around: _Around) -> Iterator[Change]:
    before, after = old.document, new.document
    if before.validity_days != after.validity_days:
        days = [(f"{d} хоног", f"{d} days") if d else ("хугацаагүй", "without an end") for d in (before.validity_days, after.validity_days)]
        yield _change(
            "document",
            "document.validity_days",
            f"Баримт хүчинтэй: {days[0][0]} → {days[1][0]}",
            f"The document is valid: {days[0][1]} → {days[1][1]}",
        )
    if before.title != after.title:
        yield _change("wording", "document.title", f"Баримтын нэр: «{after.title.mn}»", f"The document is called “{after.title.en}”")
    rows = [{row.fact or row.question or row.filled or "": _row(row, d, around.meanings) for row in d.document.rows} for d in (old, new)]
    for names, other, what in ((rows[1], rows[0], _ADDED), (rows[0], rows[1], _REMOVED)):
        yield from (_gone("document", f"document.rows.{name}", label, what) for name, label in names.items() if name not in other)
    for name, label in rows[1].items():
        if name in rows[0] and rows[0][name] != label:
            where, was = f"document.rows.{name}", rows[0][name]
            yield _change(
                "wording", where, f"Баримтын мөр «{was.mn}» → «{label.mn}»", f"Row of the document “{was.en}” is now called “{label.en}”"
            )
    if before.supersedes != after.supersedes:
        mn = "Шинэ баримт өмнөхийг орлоно" if after.supersedes else "Шинэ баримт өмнөхийг орлохгүй"
        yield _change(
            "document",
            "document.supersedes",
            mn,
            f"A new document {'takes' if after.supersedes else 'does not take'} the place of older ones",
        )


def _row(row: DocumentRow, definition: Definition, meanings: Meanings) -> Text:
    """What the row is called on the document."""
    if row.label is not None:
        return row.label
    if row.fact is not None:
        name, _, field = row.fact.partition(".")
        use = next((one for one in definition.facts if one.name == name), None)
        meaning = meanings.find(use.meaning) if use else None
        found = next((one.label for one in meaning.fields if one.name == field), meaning.title) if meaning else None
        return found or _same(row.fact)
    asked = {q.code: q for action in definition.workflow.actions for q in action.asks} | {q.code: q for q in definition.questions}
    question = asked.get(row.question or row.filled or "")
    return question.label if question else _same(row.question or row.filled or "")


def _surroundings(old: Definition, new: Definition, around: _Around) -> Iterator[Change]:
    """Who may apply, how it is signed, by which way, how long it is kept, on what law it stands, how it is worded."""
    for kind, field in (("audience", "applicants"), ("channel", "channels"), ("notice", "notifications")):
        before, after = list(getattr(old, field)), list(getattr(new, field))
        yield from (_gone(kind, field, _VALUES.get(str(one), _same(str(one))), _ADDED) for one in after if one not in before)
        yield from (_gone(kind, field, _VALUES.get(str(one), _same(str(one))), _REMOVED) for one in before if one not in after)
    laws = [{f"{one.law.mn}, {one.article.mn}": one for one in d.legal_basis} for d in (old, new)]
    yield from _parts(
        "law", "legal_basis", laws[0], laws[1], lambda one: Text(mn=f"{one.law.mn}, {one.article.mn}", en=f"{one.law.en}, {one.article.en}")
    )
    for field, kind, mn, en in _PLAIN:
        if getattr(old, field) != getattr(new, field):
            was, now = getattr(old, field), getattr(new, field)
            short = isinstance(was, str) and isinstance(now, str)
            yield _change(
                kind, field, f"{mn}: {was} → {now}" if short else f"{mn} өөрчлөгдсөн", f"{en}: {was} → {now}" if short else f"{en} changes"
            )


_VALUES = {
    "citizen": Text(mn="иргэн", en="citizens"), "foreigner": Text(mn="гадаадын иргэн", en="foreigners"), "child": Text(mn="хүүхэд", en="children"),
    "legal_entity": Text(mn="хуулийн этгээд", en="companies"), "web": Text(mn="портал", en="web"), "mobile": Text(mn="гар утас", en="mobile phone"),
    "operator": Text(mn="үйлчилгээний ажилтан", en="operator at a counter"), "kiosk": Text(mn="ТҮЦ машин", en="kiosk"),
    "received": Text(mn="хүлээн авсан", en="received"), "waiting": Text(mn="бүртгэл хүлээж байна", en="a register is silent"),
    "granted": Text(mn="зөвшөөрсөн", en="granted"), "refused": Text(mn="татгалзсан", en="refused"), "document": Text(mn="баримт", en="document"),
    "correction": Text(mn="засах хүсэлт", en="correction asked for"), "payment": Text(mn="төлбөр", en="payment"),
    "message": Text(mn="зурвас", en="message"), "late": Text(mn="хугацаа хэтэрсэн", en="late"), "lapsed": Text(mn="дуусгавар болсон", en="lapsed"),
}  # fmt: skip
"""Applicants, channels and notices in words."""

_PLAIN = (
    ("organisation", "audience", "Байгууллага", "Organisation"), ("assurance", "signing", "Таних түвшин", "Level of assurance"),
    ("signing", "signing", "Гарын үсэг", "The way of signing"), ("retention", "retention", "Хадгалах хугацаа", "How long it is kept"),
    ("pages", "wording", "Хуудасны хуваарилалт", "The grouping on pages"), ("appeal", "law", "Гомдол гаргах журам", "The way of appeal"),
    ("declaration", "wording", "Баталгааны үг", "The declaration"), ("name", "wording", "Үйлчилгээний нэр", "The name of the service"),
    ("summary", "wording", "Товч тайлбар", "The summary"), ("gives", "wording", "Юу авах тайлбар", "What one gets, in words"),
    ("audience", "wording", "Хэнд зориулсан тайлбар", "Who may order it, in words"), ("button", "wording", "Товчны үг", "The word on the button"),
    ("keywords", "wording", "Хайлтын үг", "The words for the search"),
)  # fmt: skip

_FAMILIES: tuple[Callable[[Definition, Definition, _Around], Iterator[Change]], ...] = (
    _questions, _facts, _stops, _fees, _term, _workflow, _document, _surroundings,
)  # fmt: skip


# -- parts in words ----------------------------------------------------------------------------------------------


def _by(parts: Iterable[Any], key: str) -> dict[str, Any]:
    return {str(getattr(one, key)): one for one in parts}


def _same(words: str) -> Text:
    return Text(mn=words or "–", en=words or "–")


def _change(kind: str, where: str, mn: str, en: str) -> Change:
    return Change(kind=kind, where=where, text=Text(mn=mn, en=en))


def _gone(kind: str, where: str, title: Text, what: Text) -> Change:
    part = _PARTS[kind]
    return _change(kind, where, f"{part.mn} {what.mn}: «{title.mn}»", f"{part.en} {what.en}: “{title.en}”")


def _parts(kind: str, where: str, before: dict[str, Any], after: dict[str, Any], title: Callable[[Any], Text]) -> Iterator[Change]:
    for name, one in after.items():
        if name not in before:
            yield _gone(kind, f"{where}.{name}", title(one), _ADDED)
        else:
            yield from _changed(kind, f"{where}.{name}", title(one), before[name], one)
    for name, one in before.items():
        if name not in after:
            yield _gone(kind, f"{where}.{name}", title(one), _REMOVED)


def _changed(kind: str, where: str, title: Text, before: BaseModel, after: BaseModel) -> Iterator[Change]:
    old, new = before.model_dump(mode="json", by_alias=True), after.model_dump(mode="json", by_alias=True)
    fields = [name for name in new if old.get(name) != new[name] and name in _FIELDS]
    if not fields:
        return
    words = [tuple(_FIELDS[name].split("|")) for name in fields]
    shown = [_scalar(old.get(name), new[name]) for name in fields]
    mn = ", ".join(f"{word[0]}{value}" for word, value in zip(words, shown, strict=True))
    en = ", ".join(f"{word[1]}{value}" for word, value in zip(words, shown, strict=True))
    part = _PARTS[kind]
    wording = set(fields) <= {"label", "hint", "text", "instead", "remedy", "because"}
    yield _change(
        "wording" if wording else kind, where, f"{part.mn} «{title.mn}» өөрчлөгдсөн: {mn}", f"{part.en} “{title.en}” changes: {en}"
    )


def _scalar(old: Any, new: Any) -> str:
    plain = (str, int, float, bool, type(None))
    if isinstance(old, plain) and isinstance(new, plain) and max(len(str(old)), len(str(new))) <= 60:
        return f" ({'–' if old is None else old} → {'–' if new is None else new})"
    return ""


# -- for whom ----------------------------------------------------------------------------------------------------


def _affected(old: Definition, new: Definition, walked_old: list[Walk], walked_new: list[Walk]) -> Iterator[BurdenChange]:
    before, after = (_by_person(of_walks(d, w)) for d, w in ((old, walked_old), (new, walked_new)))
    for key in {**before, **after}:
        was, now = before.get(key), after.get(key)
        either = now or was
        if was != now and either is not None:
            yield BurdenChange(persona=either.persona, title=either.title, applicant=either.applicant, before=was, after=now)


def _by_person(burdens: Iterable[Burden]) -> dict[tuple[str, Applicant], Burden]:
    return {(one.persona, one.applicant): one for one in burdens}


# -- open cases --------------------------------------------------------------------------------------------------


def open_cases(old: Definition, new: Definition) -> OpenCases:
    """What the changes mean for drafts and open cases, whatever is declared beside the renaming."""
    rule = declared(old, new)
    renamed, states = (rule.renamed, rule.states) if rule else ({}, {})
    if any(True for _ in _homeless(old, new, states)) or any(_narrowed(q, renamed, new) for q in old.questions):
        return OpenCases.RESTART
    counterparts = {renamed.get(q.code, q.code) for q in old.questions}
    asked_anew = [q for q in new.questions if q.code not in counterparts and not q.optional]
    dropped = [code for code in counterparts if new.question(code) is None]
    return OpenCases.MIGRATE if asked_anew or dropped or renamed or states else OpenCases.SAFE


def _homeless(old: Definition, new: Definition, states: Mapping[str, str]) -> Iterator[str]:
    """Open states of the older version that the newer does not have."""
    known = {state.name: state for state in new.workflow.states}
    for state in old.workflow.states:
        home = known.get(states.get(state.name, state.name))
        if not state.kind.final and (home is None or home.kind.final or (state.kind is StateKind.DRAFT) != (home.kind is StateKind.DRAFT)):
            yield state.name


def _narrowed(question: Question, renamed: Mapping[str, str], new: Definition) -> bool:
    """Whether an answer that fitted may fit no longer."""
    after = new.question(renamed.get(question.code, question.code))
    if after is None:
        return False
    if after.kind != question.kind or (question.optional and not after.optional) or after.questions != question.questions:
        return True
    if {o.value for o in question.options} - {o.value for o in after.options} or set(question.accepts) - set(after.accepts):
        return True
    lower, upper = ("minimum", "earliest_days", "least"), ("maximum", "latest_days", "most", "max_length", "files", "decimals")
    return (
        any(_inwards(getattr(question, field), getattr(after, field), 1) for field in lower)
        or any(_inwards(getattr(question, field), getattr(after, field), -1) for field in upper)
        or not (question.within or "").startswith(after.within or "")
    )


def _inwards(before: Any, after: Any, direction: int) -> bool:
    """Whether a bound was drawn, or moved so that less fits; ``direction`` 1 for a lower bound, -1 for an upper one."""
    return after is not None and (before is None or (after - before) * direction > 0)


def missing(old: Definition, new: Definition) -> Iterator[Text]:
    """What the declared rule forgets."""
    rule = declared(old, new)
    if rule is None or rule.rule is not MigrationRule.MIGRATE:
        return
    for name in _homeless(old, new, rule.states):
        yield Text(
            mn=f"«{name}» төлөвт байгаа хүсэлт хаашаа шилжихийг `states` дотор бичнэ үү.",
            en=f"Write in `states` where cases in the state “{name}” go.",
        )
    for code in rule.renamed:
        if old.question(code) is None:
            yield Text(
                mn=f"`renamed`: өмнөх хувилбарт «{code}» асуулт байхгүй.", en=f"`renamed`: the older version has no question “{code}”."
            )
    for name in rule.states:
        if name not in {state.name for state in old.workflow.states}:
            yield Text(mn=f"`states`: өмнөх хувилбарт «{name}» төлөв байхгүй.", en=f"`states`: the older version has no state “{name}”.")


def _consequence(old: Definition, new: Definition) -> Text:
    rule = declared(old, new)
    if rule is None or rule.rule is MigrationRule.CONTINUE:
        return Text(
            mn=f"Ноорог, нээлттэй хүсэлт бүр эхэлсэн хувилбараараа ({old.version}) дуусна.",
            en=f"Drafts and open cases end as they began, with version {old.version}.",
        )
    dropped = [q.label for q in old.questions if new.question(rule.renamed.get(q.code, q.code)) is None]
    tail = _dropped(dropped)
    if rule.rule is MigrationRule.RESTART:
        return Text(
            mn="Ноорог шинээр эхэлнэ, тохирох хариултууд хэвээр үлдэнэ. Илгээсэн хүсэлт эхэлсэн хувилбараараа дуусна." + tail[0],
            en="Drafts begin anew with the answers that still fit. Sent cases end as they began." + tail[1],
        )
    return Text(
        mn=f"Ноорог, нээлттэй хүсэлт {new.version} дугаар хувилбарт шилжинэ. Шинэ асуулт байвал хариулахыг хүснэ." + tail[0],
        en=f"Drafts and open cases go over to version {new.version}. Whoever lacks an answer is asked for it." + tail[1],
    )


def _dropped(labels: list[Text]) -> tuple[str, str]:
    if not labels:
        return "", ""
    return (
        f" Хасагдах хариулт: {', '.join(f'«{one.mn}»' for one in labels)}.",
        f" Answers dropped: {', '.join(f'“{one.en}”' for one in labels)}.",
    )
