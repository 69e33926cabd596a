"""The common parts of a definition as forms. A form and the text of the file say the same: what a form changes is changed in the text,
and everything else of the text (comments, order, quotes) stays as its author wrote it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, MutableMapping, MutableSequence
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from toono.services.contracts import Finding, Option, QuestionKind, Sheet, SheetField, SheetFieldKind, SheetSection, Text
from toono.services.domain.definition import OnCorrection, TermStart

NAMES, QUESTIONS, TERM, GROUNDS = "names", "questions", "term", "grounds"
LISTS = {QUESTIONS: "questions", GROUNDS: "grounds"}
"""Sheets of parts that stand in an order, can be added and taken away."""


class NotReadable(ValueError):
    """The text is no YAML mapping; it must be put right as text first."""


class NoSuchPart(LookupError):
    """The list has no part of this code."""


def _words(mn: str, en: str) -> Text:
    return Text(mn=mn, en=en)


_LINE, _AREA, _NUMBER, _CHECK, _CHOICE, _LIST, _MONEY = (
    SheetFieldKind.LINE, SheetFieldKind.AREA, SheetFieldKind.NUMBER, SheetFieldKind.CHECK, SheetFieldKind.CHOICE, SheetFieldKind.LIST,
    SheetFieldKind.MONEY,
)  # fmt: skip
Row = tuple[str, Text, SheetFieldKind]

_LANGUAGES = (("mn", "монголоор", "Mongolian"), ("en", "англиар", "English"))


def _both(path: str, mn: str, en: str, kind: SheetFieldKind = _LINE) -> tuple[Row, ...]:
    return tuple((f"{path}.{code}", _words(f"{mn}, {in_mn}", f"{en}, {in_en}"), kind) for code, in_mn, in_en in _LANGUAGES)


_NAMES: tuple[tuple[Text, tuple[Row, ...]], ...] = (
    (_words("Нэр", "Name"), (*_both("name", "Нэр", "Name"), *_both("summary", "Нэг өгүүлбэрээр", "In one sentence"))),
    (
        _words("Юу, хэнд", "What, for whom"),
        (
            *_both("gives", "Юу авах вэ", "What one gets", _AREA), *_both("audience", "Хэн авч болох вэ", "Who may order it", _AREA),
            *_both("button", "Товчны үйл үг", "Verb of the button"),
        ),
    ),
    (
        _words("Хайлтын үг", "Words to find it by"),
        tuple((f"keywords.{c}", _words(f"Түлхүүр үг, {mn}", f"Keywords, {en}"), _LIST) for c, mn, en in _LANGUAGES),
    ),
    (
        _words("Баталгааны үг, гомдол", "Declaration, appeal"),
        (*_both("declaration", "Баталгааны үг", "Declaration", _AREA), *_both("appeal", "Гомдол гаргах", "Appeal", _AREA)),
    ),
)  # fmt: skip

_TERM: tuple[tuple[Text, tuple[Row, ...]], ...] = (
    (
        _words("Хугацаа", "Term"),
        (
            ("term.working_hours", _words("Ажлын цаг", "Working hours"), _NUMBER),
            ("term.calendar_days", _words("Эсвэл хуанлийн хоног", "Or calendar days"), _NUMBER),
            ("term.starts", _words("Хэзээнээс тоолох вэ", "Counted from"), _CHOICE),
            ("term.on_correction", _words("Иргэн засаж байх хооронд", "While the citizen corrects"), _CHOICE),
        ),
    ),
    (_words("Төлбөр", "Fee"), (("fee.amount_mungu", _words("Төгрөг", "Tugrug"), _MONEY),)),
)
_QUESTION: tuple[Row, ...] = (
    *_both("label", "Асуулт", "Question"), *_both("hint", "Тайлбар", "Hint", _AREA),
    ("meaning", _words("Утга", "Meaning"), _LINE), ("optional", _words("Хоосон үлдээж болно", "May be left empty"), _CHECK),
    ("when", _words("Хэзээ асуух вэ (CEL)", "Asked when (CEL)"), _LINE),
)  # fmt: skip
_BY_KIND: dict[QuestionKind, tuple[Row, ...]] = {
    QuestionKind.TEXT: (("max_length", _words("Тэмдэгтийн тоо", "Length"), _NUMBER),),
    QuestionKind.NUMBER: (
        ("minimum", _words("Доод хэмжээ", "Smallest"), _NUMBER), ("maximum", _words("Дээд хэмжээ", "Greatest"), _NUMBER),
        ("decimals", _words("Бутархай орон", "Decimals"), _NUMBER), *_both("unit", "Нэгж", "Unit"),
    ),
    QuestionKind.MONEY: (
        ("minimum", _words("Доод дүн, ₮", "Smallest, ₮"), _NUMBER), ("maximum", _words("Дээд дүн, ₮", "Greatest, ₮"), _NUMBER),
    ),
    QuestionKind.DATE: (
        ("earliest_days", _words("Хамгийн эрт, өнөөдрөөс хоногоор", "Earliest, in days from today"), _NUMBER),
        ("latest_days", _words("Хамгийн сүүлд, өнөөдрөөс хоногоор", "Latest, in days from today"), _NUMBER),
    ),
    QuestionKind.FILE: (("files", _words("Файлын тоо", "Number of files"), _NUMBER),),
}  # fmt: skip
_CHOICES: dict[str, tuple[Option, ...]] = {
    "term.starts": (
        Option(value=TermStart.SUBMISSION, label=_words("Илгээсэн (төлсөн) мөчөөс", "The moment of sending (of payment)")),
        Option(value=TermStart.NEXT_WORKING_DAY, label=_words("Дараагийн ажлын өдрөөс", "The next working day")),
    ),
    "term.on_correction": (
        Option(value=OnCorrection.PAUSE, label=_words("Хугацаа зогсоно", "The clock stands")),
        Option(value=OnCorrection.CONTINUE, label=_words("Хугацаа үргэлжилнэ", "The clock runs")),
        Option(value=OnCorrection.RESTART, label=_words("Хугацаа шинээр эхэлнэ", "The clock begins anew")),
    ),
}
_OMITTED = {"optional": False, "term.on_correction": "pause", "decimals": 0, "files": 1}
"""What the language assumes by itself; a form does not write it where nothing stood before."""


# -- reading -----------------------------------------------------------------------------------------------------


def sheet(text: str, name: str, part: str = "", findings: tuple[Finding, ...] = ()) -> Sheet:
    """A form with the values of the text, and findings beside their fields.

    :param part: of a list (questions, grounds): the code of the one that is edited; empty for the list itself.
    :raises NotReadable, NoSuchPart:
    """
    data = _plain(text)
    if name in LISTS and not part:
        return Sheet(name=name, part="", sections=(), parts=tuple(_parts(data, LISTS[name])))
    sections = tuple(
        SheetSection(title=title, fields=tuple(_field(data, path, label, kind, findings) for path, label, kind in rows))
        for title, rows in _sections(data, name, part)
    )
    return Sheet(name=name, part=part, sections=sections, parts=())


def _plain(text: str) -> Any:
    try:
        data = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise NotReadable(str(error)) from error
    if not isinstance(data, dict):
        raise NotReadable("no mapping")
    return data


def _sections(data: Any, name: str, part: str) -> Iterator[tuple[Text, tuple[Row, ...]]]:
    if name == NAMES:
        yield from _NAMES
    elif name == TERM:
        yield from _TERM
    else:
        found = _find(data.get(LISTS[name]), part)
        if not isinstance(found, dict):
            raise NoSuchPart(part)
        rows = _ground(found)
        if name == QUESTIONS:
            kind = found.get("kind")
            rows = (*_QUESTION, *(_BY_KIND.get(QuestionKind(kind), ()) if kind in set(QuestionKind) else ()))
        yield _words(f"«{part}»", f"“{part}”"), tuple((f"{LISTS[name]}.{part}.{path}", label, kind) for path, label, kind in rows)


def _ground(found: Mapping[str, Any]) -> tuple[Row, ...]:
    article: tuple[Row, ...] = (("article", _words("Зүйл", "Article"), _LINE),)
    if isinstance(found.get("article"), Mapping):
        article = _both("article", "Зүйл", "Article")
    return (
        *_both("text", "Үндэслэл", "Ground", _AREA), *_both("law", "Хууль", "Law"), *article, *_both("remedy", "Яавал болох вэ", "What would help", _AREA),
    )  # fmt: skip


def _parts(data: Any, family: str) -> Iterator[tuple[str, str]]:
    """Code and Mongolian words of each part of a list."""
    for one in data.get(family) or ():
        if isinstance(one, dict):
            words = one.get("label") or one.get("text") or {}
            yield str(one.get("code", "")), str(words.get("mn", "") if isinstance(words, dict) else "")


def _field(data: Any, path: str, label: Text, kind: SheetFieldKind, findings: tuple[Finding, ...]) -> SheetField:
    value = _value(data, path.split("."))
    said = tuple(one for one in findings if _concerns(one.where, path))
    return SheetField(
        path=path, label=label, kind=kind, value=_shown(value, kind), options=_CHOICES.get(path, ()), findings=said,
    )  # fmt: skip


def _concerns(where: str, path: str) -> bool:
    """Whether a finding is best shown at this field: it names the field, or (without a language) its first one."""
    return where == path or (path == f"{where}.mn")


def _shown(value: Any, kind: SheetFieldKind) -> str:
    if value is None:
        return ""
    if kind is _CHECK:
        return "yes" if value is True else ""
    if kind is _MONEY:
        return str(value // 100) if isinstance(value, int) else str(value)
    if kind is _LIST:
        return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
    return str(value)


def _value(node: Any, path: list[str]) -> Any:
    for part in path:
        if isinstance(node, Mapping):
            node = node.get(part)
        elif isinstance(node, list):
            node = _find(node, part)
        else:
            return None
    return node


def _find(parts: Any, code: str) -> Any:
    return next((one for one in parts or () if isinstance(one, Mapping) and str(one.get("code")) == code), None)


# -- writing -----------------------------------------------------------------------------------------------------


def _writer() -> YAML:
    """Writes a text back as it was read: comments, quotes, order, lists indented as the catalogue has them."""
    writer = YAML()
    writer.width = 1_000_000
    writer.preserve_quotes = True
    writer.indent(mapping=2, sequence=4, offset=2)
    return writer


def changed(text: str, name: str, part: str, values: Mapping[str, str]) -> str:
    """The text after a form was filled in. What is empty is taken away where the language allows it to be missing.

    :param values: by path; a path that the form does not have changes nothing, a box that is not ticked is missing.
    :raises NotReadable, NoSuchPart:
    """
    plain = _plain(text)
    writer = _writer()
    data = writer.load(text)
    for _, rows in _sections(plain, name, part):
        for path, _label, kind in rows:
            if path in values or kind is _CHECK:
                _write(data, path.split("."), _typed(values.get(path, ""), kind), _OMITTED.get(_tail(path)))
    return _dumped(writer, data)


def _tail(path: str) -> str:
    return path if path.startswith("term.") else path.rpartition(".")[2]


def _typed(said: str, kind: SheetFieldKind) -> Any:
    text = " ".join(said.split()) if kind is not _AREA else " ".join(said.replace("\r", "").split())
    if kind is _CHECK:
        return bool(text)
    if not text:
        return None
    if kind is _LIST:
        return [one.strip() for one in text.split(",") if one.strip()]
    if kind in (_NUMBER, _MONEY):
        return _number(text, 100 if kind is _MONEY else 1)
    return text


def _number(text: str, times: int) -> Any:
    """A number as YAML has it; what is none stays a text, and the reading says what is wrong."""
    try:
        found = Decimal(text.replace(" ", "").replace(",", "")) * times
    except InvalidOperation:
        return text
    if not found.is_finite():
        return text
    return int(found) if found == found.to_integral_value() else float(found)


def _write(data: Any, path: list[str], value: Any, assumed: Any) -> None:
    node = data
    for part in path[:-1]:
        below = node.get(part) if isinstance(node, Mapping) else _find(node, part)
        if isinstance(node, Mapping) and not isinstance(below, (Mapping, MutableSequence)):
            if value in (None, False):
                return
            below = _flow({})
            node[part] = below  # type: ignore[index]
        node = below
    last = path[-1]
    if not isinstance(node, MutableMapping):
        return
    if value is None or (value == assumed and last not in node):
        node.pop(last, None)
        _prune(data, path[:-1])
    elif node.get(last) != value:
        node[last] = _listed(value) if isinstance(value, list) else value


def _prune(data: Any, path: list[str]) -> None:
    """A hint without words is no hint."""
    above = data
    for part in path[:-1]:
        above = above.get(part) if isinstance(above, Mapping) else _find(above, part)
    if path and isinstance(above, MutableMapping) and isinstance(above.get(path[-1]), Mapping) and not above[path[-1]]:
        above.pop(path[-1])


def _flow(value: dict[str, Any]) -> CommentedMap:
    made = CommentedMap(value)
    made.fa.set_flow_style()
    return made


def _listed(values: list[str]) -> Any:
    made = CommentedSeq(values)
    made.fa.set_flow_style()
    return made


def _dumped(writer: YAML, data: Any) -> str:
    out = io.StringIO()
    writer.dump(data, out)
    return out.getvalue()


# -- lists -------------------------------------------------------------------------------------------------------


def moved(text: str, name: str, part: str, by: int) -> str:
    """The part ``by`` places further down (negative: up); at the end of the list it stays.

    :raises NotReadable, NoSuchPart:
    """
    writer, data, parts, place = _listed_part(text, name, part)
    target = max(0, min(len(parts) - 1, place + by))
    parts.insert(target, parts.pop(place))
    return _dumped(writer, data)


def removed(text: str, name: str, part: str) -> str:
    """Without the part.

    :raises NotReadable, NoSuchPart:
    """
    writer, data, parts, place = _listed_part(text, name, part)
    parts.pop(place)
    if not parts and name == QUESTIONS:
        data.pop(LISTS[name])
    return _dumped(writer, data)


def _listed_part(text: str, name: str, part: str) -> tuple[YAML, Any, Any, int]:
    _plain(text)
    writer = _writer()
    data = writer.load(text)
    parts = data.get(LISTS[name])
    if not isinstance(parts, MutableSequence):
        raise NoSuchPart(part)
    place = next((n for n, one in enumerate(parts) if isinstance(one, Mapping) and str(one.get("code")) == part), None)
    if place is None:
        raise NoSuchPart(part)
    return writer, data, parts, place


def added(text: str, name: str, code: str, kind: str = "") -> str:
    """A new part at the end of its list, with what the language wants of it still to be written.

    :param kind: of a question.
    :raises NotReadable:
    """
    _plain(text)
    writer = _writer()
    data = writer.load(text)
    if not isinstance(data.get(LISTS[name]), MutableSequence):
        _insert(data, LISTS[name])
    data[LISTS[name]].append(CommentedMap(_new(name, code, kind)))
    return _dumped(writer, data)


def _insert(data: Any, family: str) -> None:
    """A new list stands where the language shows it, before the declaration."""
    keys = list(data)
    place = keys.index("declaration") if family == "questions" and "declaration" in keys else len(keys)
    data.insert(place, family, _writer().load("[]"))
    data[family].fa.set_block_style()


_NEW_BY_KIND: dict[str, dict[str, Any]] = {
    QuestionKind.TEXT: {"max_length": 200},
    QuestionKind.NUMBER: {"minimum": 0, "maximum": 100},
    QuestionKind.MONEY: {"minimum": 0, "maximum": 1_000_000},
}


def _new(name: str, code: str, kind: str) -> dict[str, Any]:
    to_write = _flow({"mn": "…", "en": "…"})
    if name == GROUNDS:
        return {
            "code": code,
            "text": to_write,
            "law": _flow({"mn": "…", "en": "…"}),
            "article": "…",
            "remedy": _flow({"mn": "…", "en": "…"}),
        }
    made: dict[str, Any] = {"code": code, "meaning": f"{code}.{code}", "kind": kind, "label": to_write, **_NEW_BY_KIND.get(kind, {})}
    if kind in (QuestionKind.CHOICE, QuestionKind.CHOICES):
        made["options"] = [
            _flow({"value": value, "label": _flow({"mn": words, "en": words})}) for value, words in (("first", "… 1"), ("second", "… 2"))
        ]
    return made
