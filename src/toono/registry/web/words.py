"""Entries in words, for pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from types import MappingProxyType

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from toono.kernel.clock import ULAANBAATAR
from toono.registry import api
from toono.registry.contracts import (
    Agreement,
    CitizenAuthentication,
    Credential,
    Draft,
    DraftKind,
    DraftState,
    Endpoint,
    EndpointGrant,
    Entry,
    ExchangeEntry,
    ExchangePolicy,
    GatewayEntry,
    Hours,
    IssuerEntry,
    Organisation,
    Purpose,
    Retention,
    Secrecy,
)

KINDS = {
    DraftKind.ORGANISATION: gettext_lazy("Байгууллага"),
    DraftKind.SYSTEM: gettext_lazy("Мэдээллийн систем"),
    DraftKind.SERVICE: gettext_lazy("Солилцооны үйлчилгээ"),
    DraftKind.AGREEMENT: gettext_lazy("Мэдээлэл авах эрх"),
    DraftKind.EXCHANGE: gettext_lazy("Солилцооны ерөнхий тохиргоо"),
}
AUTHENTICATIONS = {
    CitizenAuthentication.NONE: gettext_lazy("Шаардахгүй"),
    CitizenAuthentication.OTP: gettext_lazy("Нэг удаагийн код"),
    CitizenAuthentication.APP: gettext_lazy("Гар утасны программ"),
    CitizenAuthentication.SIGNATURE: gettext_lazy("Тоон гарын үсэг"),
}
RETENTIONS = {
    Retention.SHORT: gettext_lazy("богино"),
    Retention.STANDARD: gettext_lazy("ердийн"),
    Retention.LONG: gettext_lazy("урт"),
}
WEEKDAYS = (
    gettext_lazy("Даваа"),
    gettext_lazy("Мягмар"),
    gettext_lazy("Лхагва"),
    gettext_lazy("Пүрэв"),
    gettext_lazy("Баасан"),
    gettext_lazy("Бямба"),
    gettext_lazy("Ням"),
)
_FIELDS = {
    "code": gettext_lazy("Код"),
    "id": gettext_lazy("Танигч"),
    "version": gettext_lazy("Хувилбар"),
    "member_class": gettext_lazy("Ангилал"),
    "register_number": gettext_lazy("Байгууллагын регистр"),
    "name_mn": gettext_lazy("Нэр"),
    "name_en": gettext_lazy("Англи нэр"),
    "unit_code": gettext_lazy("Засаг захиргааны нэгж"),
    "title_mn": gettext_lazy("Нэр"),
    "title_en": gettext_lazy("Англи нэр"),
    "credentials": gettext_lazy("Танилтын түлхүүр"),
    "return_urls": gettext_lazy("Зөвшөөрлийн дараа иргэнийг буцаах хаяг"),
    "base_url": gettext_lazy("Хаяг"),
    "timeout_seconds": gettext_lazy("Хариу хүлээх хугацаа, секунд"),
    "secret_name": gettext_lazy("Нууц түлхүүрийн нэр"),
    "kind": gettext_lazy("Төрөл"),
    "openapi_path": gettext_lazy("Тодорхойлолтын хаяг"),
    "retention": gettext_lazy("Мэдээ хадгалах хугацаа"),
    "authority_pem": gettext_lazy("Итгэх гэрчилгээ"),
    "mutual_tls": gettext_lazy("Өөрийн гэрчилгээгээ үзүүлэх эсэх"),
    "enabled": gettext_lazy("Ажиллаж байгаа эсэх"),
    "consumer": gettext_lazy("Мэдээлэл авагч"),
    "service": gettext_lazy("Авах мэдээлэл"),
    "purposes": gettext_lazy("Зорилго, хууль зүйн үндэслэл"),
    "endpoints": gettext_lazy("Дуудлага"),
    "fields": gettext_lazy("Авах талбар"),
    "authentication": gettext_lazy("Иргэний баталгаажуулалт"),
    "consent": gettext_lazy("Иргэний зөвшөөрөл шаардах эсэх"),
    "rate_per_second": gettext_lazy("Секундэд авах дээд тоо"),
    "quota_per_day": gettext_lazy("Өдөрт авах дээд тоо"),
    "hours": gettext_lazy("Авч болох цаг"),
    "secrecy": gettext_lazy("Иргэнд хойшлуулж мэдэгдэх үндэслэл"),
    "valid_from": gettext_lazy("Эхлэх хугацаа"),
    "valid_until": gettext_lazy("Дуусах хугацаа"),
    "gateways": gettext_lazy("Солилцооны цэг"),
    "homes": gettext_lazy("Байгууллагын цэг"),
    "issuers": gettext_lazy("Иргэнийг баталгаажуулагч"),
    "policy": gettext_lazy("Хуучрахыг тэвчих хугацаа, секунд"),
}
_EMPTY = {
    "endpoints": gettext_lazy("бүгд"),
    "fields": gettext_lazy("бүгд"),
    "authentication": gettext_lazy("шаардахгүй"),
    "rate_per_second": gettext_lazy("хязгааргүй"),
    "quota_per_day": gettext_lazy("хязгааргүй"),
    "hours": gettext_lazy("цагийн хязгааргүй"),
}
"""What nothing means in a field, where it is not simply missing."""


@dataclass(frozen=True)
class Line:
    """One field of an entry: what stands now, or stood before, and what is proposed."""

    label: str
    before: tuple[str, ...] | None
    after: tuple[str, ...]

    @property
    def changed(self) -> bool:
        return self.before is not None and self.before != self.after


def name(entry: Entry, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """The entry's name in the reader's language; an agreement is named by its two sides, as far as ``names`` knows them."""
    match entry:
        case Agreement():
            return " → ".join(names.get(side, short(side)) for side in (entry.consumer, entry.service))
        case ExchangeEntry():
            return _("Солилцоо бүхэлдээ")
        case Organisation():
            own = (entry.name_mn, entry.name_en)
        case _:
            own = (entry.title_mn, entry.title_en)
    return own[get_language() == "en"]


def names_of(entries: Iterable[Entry]) -> dict[str, str]:
    """Names of everything that these entries mention: organisations by code, consumers under their organisation, services."""
    mentioned = {side for e in entries for side in _mentioned(e)}
    return known_names(mentioned)


def known_names(identifiers: Iterable[str]) -> dict[str, str]:
    """Names in the reader's language. A system, whose own name may be «Зээлийн систем», stands under its organisation's."""
    wanted = set(identifiers)
    found = api.names(wanted | {identifier.split("/")[2] for identifier in wanted if "/" in identifier})
    english = get_language() == "en"
    named = {identifier: both[english] for identifier, both in found.items()}
    for identifier in wanted & found.keys():
        parts = identifier.split("/")
        if len(parts) == 4:
            named[identifier] = f"{named.get(parts[2], parts[2])}, {found[identifier][english]}"
    return named


def _mentioned(entry: Entry) -> tuple[str, ...]:
    match entry:
        case Agreement():
            return entry.consumer, entry.service
        case Organisation() | ExchangeEntry():
            return ()
        case _:
            return (entry.id,)


def lines(content: Entry, before: Entry | None) -> tuple[Line, ...]:
    """Every field of an entry, beside what stood before."""
    return tuple(
        Line(str(label), _value(field, getattr(before, field)) if before else None, _value(field, getattr(content, field)))
        for field, label in _FIELDS.items()
        if hasattr(content, field)
    )


def changes(content: Entry, before: Entry | None) -> tuple[Line, ...]:
    """The fields in which a version differs from the one before; none for the first. The number of the version says nothing new."""
    version = str(_FIELDS["version"])
    return tuple(line for line in lines(content, before) if line.changed and line.label != version) if before else ()


def state(draft: Draft) -> str:
    """Where a draft is, in words."""
    match draft.state:
        case DraftState.PENDING:
            return _("Эзэмшигчийн зөвшөөрлийг хүлээж байна") if draft.drafted_for else _("Хоёр дахь администраторыг хүлээж байна")
        case DraftState.ACCEPTED:
            return _("Администраторын баталгааг хүлээж байна")
        case DraftState.APPROVED:
            return _("Баталсан")
        case DraftState.REJECTED:
            return _("Буцааж авсан") if draft.decided_by == draft.drafted_by else _("Татгалзсан")


def purpose(value: Purpose) -> str:
    """``Зорилго – хууль`` in the reader's language."""
    english = get_language() == "en"
    return f"{value.title_en if english else value.title_mn} – {(value.basis_en if english else '') or value.basis_mn}"


def day(moment: datetime) -> str:
    return f"{moment.astimezone(ULAANBAATAR):%Y.%m.%d %H:%M}"


def short(identifier: str) -> str:
    """An identifier without instance and class."""
    return "/".join(identifier.split("/")[2:])


def _value(field: str, value: object) -> tuple[str, ...]:
    if field in _EMPTY and (value is None or value == ()):
        return (str(_EMPTY[field]),)
    if isinstance(value, ExchangePolicy):
        return tuple(f"{name}: {seconds}" for name, seconds in value.model_dump().items())
    if isinstance(value, dict):
        return tuple(f"{key} → {item}" for key, item in sorted(value.items())) or (_("байхгүй"),)
    if isinstance(value, tuple):
        return tuple(_text(item) for item in value) or (_("байхгүй"),)
    return (_text(value),)


def _text(value: object) -> str:
    match value:
        case None:
            return _("байхгүй")
        case bool():
            return _("тийм") if value else _("үгүй")
        case int():
            return f"{value:,}"
        case datetime():
            return day(value)
        case CitizenAuthentication():
            return str(AUTHENTICATIONS[value])
        case Retention():
            return str(RETENTIONS[value])
        case Credential():
            return f"{value.key_id} ({value.kind}, {day(value.not_after)})"
        case Endpoint() | EndpointGrant():
            return f"{value.method} {value.path}"
        case Purpose():
            return purpose(value)
        case Hours():
            return f"{', '.join(str(WEEKDAYS[d - 1]) for d in value.weekdays)}; {_clock(value.begin)}–{_clock(value.end)}"
        case Secrecy():
            return _("%(basis)s; %(days)s хоног") % {"basis": value.basis_mn, "days": value.days}
        case GatewayEntry():
            return f"{value.name}: {', '.join(value.addresses)}"
        case IssuerEntry():
            return value.issuer
        case _:
            return str(value)


def _clock(moment: time) -> str:
    return f"{moment:%H:%M}"
