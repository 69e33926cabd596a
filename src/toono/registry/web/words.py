"""Entries in words, for the administrator's pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from toono.kernel.clock import ULAANBAATAR
from toono.registry import api
from toono.registry.contracts import Agreement, Credential, DraftKind, Endpoint, Entry, Organisation, Purpose

KINDS = {
    DraftKind.ORGANISATION: gettext_lazy("Байгууллага"),
    DraftKind.SYSTEM: gettext_lazy("Мэдээллийн систем"),
    DraftKind.SERVICE: gettext_lazy("Солилцооны үйлчилгээ"),
    DraftKind.AGREEMENT: gettext_lazy("Мэдээлэл авах эрх"),
}
_FIELDS = {
    "code": gettext_lazy("Код"),
    "id": gettext_lazy("Танигч"),
    "member_class": gettext_lazy("Ангилал"),
    "register_number": gettext_lazy("Байгууллагын регистр"),
    "name_mn": gettext_lazy("Нэр"),
    "name_en": gettext_lazy("Англи нэр"),
    "unit_code": gettext_lazy("Засаг захиргааны нэгж"),
    "title_mn": gettext_lazy("Нэр"),
    "title_en": gettext_lazy("Англи нэр"),
    "credentials": gettext_lazy("Танилтын түлхүүр"),
    "base_url": gettext_lazy("Хаяг"),
    "timeout_seconds": gettext_lazy("Хариу хүлээх хугацаа, секунд"),
    "secret_name": gettext_lazy("Нууц түлхүүрийн нэр"),
    "endpoints": gettext_lazy("Дуудлага"),
    "enabled": gettext_lazy("Ажиллаж байгаа эсэх"),
    "consumer": gettext_lazy("Мэдээлэл авагч"),
    "service": gettext_lazy("Авах мэдээлэл"),
    "purposes": gettext_lazy("Зорилго, хууль зүйн үндэслэл"),
    "valid_from": gettext_lazy("Эхлэх хугацаа"),
    "valid_until": gettext_lazy("Дуусах хугацаа"),
}


@dataclass(frozen=True)
class Line:
    """One field of a draft: what stands now and what is proposed."""

    label: str
    before: tuple[str, ...] | None
    after: tuple[str, ...]

    @property
    def changed(self) -> bool:
        return self.before is not None and self.before != self.after


def name(entry: Entry, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """The entry's name in the reader's language; an agreement is named by its two sides, as far as ``names`` knows them."""
    if isinstance(entry, Agreement):
        return " → ".join(names.get(side, _short(side)) for side in (entry.consumer, entry.service))
    own = (entry.name_mn, entry.name_en) if isinstance(entry, Organisation) else (entry.title_mn, entry.title_en)
    return own[get_language() == "en"]


def sides() -> dict[str, str]:
    """What may stand on a side of an agreement, in the reader's language: a system under its organisation's name."""
    organisations = {o.code: name(o) for o in api.organisations()}
    consumers = {s.id: f"{organisations[s.id.split('/')[2]]}, {name(s)}" for s in api.systems()}
    return consumers | {s.id: name(s) for s in api.services()}


def lines(content: Entry, before: Entry | None) -> tuple[Line, ...]:
    """Every field of a draft."""
    return tuple(
        Line(str(label), _value(getattr(before, field)) if before else None, _value(getattr(content, field)))
        for field, label in _FIELDS.items()
        if hasattr(content, field)
    )


def purpose(value: Purpose) -> str:
    """``Зорилго – хууль`` in the reader's language."""
    return f"{value.title_en if get_language() == 'en' else value.title_mn} – {value.basis_mn}"


def day(moment: datetime) -> str:
    return f"{moment.astimezone(ULAANBAATAR):%Y.%m.%d %H:%M}"


def _short(identifier: str) -> str:
    return "/".join(identifier.split("/")[2:])


def _value(value: object) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(_text(item) for item in value) or (_("байхгүй"),)
    return (_text(value),)


def _text(value: object) -> str:
    match value:
        case None:
            return _("байхгүй")
        case bool():
            return _("тийм") if value else _("үгүй")
        case datetime():
            return day(value)
        case Credential():
            return f"{value.key_id} ({value.kind}, {day(value.not_after)})"
        case Endpoint():
            return f"{value.method} {value.path}"
        case Purpose():
            return purpose(value)
        case _:
            return str(value)
