"""An agreement as a form: what was typed becomes an agreement, or complaints that name their field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from toono.kernel.clock import ULAANBAATAR
from toono.kernel.text import clean, paragraphs
from toono.registry.contracts import (
    Agreement,
    CitizenAuthentication,
    EndpointGrant,
    Hours,
    Purpose,
    Secrecy,
    ServiceEntry,
)
from toono.registry.domain.citations import names_law_and_article

MOST_PURPOSES = 8
_VARIABLE = re.compile(r"\{[^{}/]*\}")
_CODE = re.compile(r"[a-z0-9-]{2,60}")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DAY = re.compile(r"(\d{4})[.\-/](\d{1,2})[.\-/](\d{1,2})")
_GRANT = re.compile(r"(\*|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|TRACE)\s+(\S+)")
_PURPOSE_FIELDS = ("code", "title_mn", "title_en", "basis_mn", "basis_en")
_SINGLE = ("more_endpoints", "fields", "rate", "quota", "begin", "end", "secrecy_basis", "secrecy_days", "valid_from", "valid_until")
_LISTS = ("endpoint", "authentication", "weekday")


@dataclass
class Typed:
    """What stands in the fields: as it was typed, or of the agreement that is to be changed."""

    purposes: list[dict[str, str]]
    single: dict[str, str]
    lists: dict[str, list[str]]
    consent: bool = False
    errors: list[dict[str, str]] = field(default_factory=list)

    def complain(self, where: str, text: str) -> None:
        self.errors.append({"href": f"#{where}", "text": text})

    @property
    def wrong(self) -> dict[str, str]:
        """Complaint by field."""
        return {e["href"][1:]: e["text"] for e in reversed(self.errors)}


def glob_of(template: str) -> str:
    """The glob that opens one endpoint: each variable any one segment."""
    return _VARIABLE.sub("*", template)


def empty() -> Typed:
    return Typed(purposes=[{}], single={}, lists={name: [] for name in _LISTS})


def prefilled(agreement: Agreement, service: ServiceEntry) -> Typed:
    """An agreement that stands, in the fields."""
    own = {(e.method, glob_of(e.path)): str(number) for number, e in enumerate(service.endpoints)}
    grants = [(g.method, g.path) for g in agreement.endpoints]
    hours, secrecy = agreement.hours, agreement.secrecy
    return Typed(
        purposes=[p.model_dump() for p in agreement.purposes],
        single={
            "more_endpoints": "\n".join(f"{method} {path}" for method, path in grants if (method, path) not in own),
            "fields": "\n".join(agreement.fields),
            "rate": str(agreement.rate_per_second or ""),
            "quota": str(agreement.quota_per_day or ""),
            "begin": f"{hours.begin:%H:%M}" if hours else "",
            "end": f"{hours.end:%H:%M}" if hours else "",
            "secrecy_basis": secrecy.basis_mn if secrecy else "",
            "secrecy_days": str(secrecy.days) if secrecy else "",
            "valid_from": _first_day(agreement.valid_from),
            "valid_until": _last_day(agreement.valid_until),
        },
        lists={
            "endpoint": [own[grant] for grant in grants if grant in own],
            "authentication": [a.value for a in agreement.authentication if a is not CitizenAuthentication.NONE],
            "weekday": [str(day) for day in hours.weekdays] if hours else [],
        },
        consent=agreement.consent,
    )


def typed(post: QueryDict) -> Typed:
    """What was sent, cleaned."""
    purposes = [{name: clean(post.get(f"purpose-{n}-{name}", ""))[:500] for name in _PURPOSE_FIELDS} for n in range(MOST_PURPOSES)]
    filled = [p for p in purposes if any(p.values())]
    lines = {"fields", "more_endpoints"}
    single = {name: _lines(post.get(name, "")) if name in lines else clean(post.get(name, ""))[:500] for name in _SINGLE}
    lists = {name: post.getlist(name)[:100] for name in _LISTS}
    return Typed(purposes=filled or [{}], single=single, lists=lists, consent=post.get("consent") == "yes")


def _lines(text: str) -> str:
    return paragraphs(text[:20_000])


def agreement_of(form: Typed, *, agreement_id: str, consumer: str, service: ServiceEntry, standing: Agreement | None) -> Agreement | None:
    """The agreement that the form describes; None, and complaints in the form, where it describes none."""
    parts: dict[str, Any] = {
        "purposes": tuple(p for n, typed in enumerate(form.purposes) if (p := _purpose(form, n, typed))),
        "endpoints": _endpoints(form, service),
        "fields": tuple(form.single.get("fields", "").splitlines()),
        "authentication": _authentication(form),
        "consent": form.consent,
        "rate_per_second": _number(form, "rate", 1_000_000),
        "quota_per_day": _number(form, "quota", 1_000_000_000),
        "hours": _hours(form),
        "secrecy": _secrecy(form),
    } | _validity(form, standing)
    _check_fields(form)
    _check_consent(form, service)
    if form.errors:
        return None
    return Agreement(id=agreement_id, consumer=consumer, service=service.id, version=standing.version if standing else 1, **parts)


def _purpose(form: Typed, number: int, given: Mapping[str, str]) -> Purpose | None:
    before = len(form.errors)
    if not _CODE.fullmatch(given.get("code", "")):
        form.complain(f"purpose-{number}-code", _("Зорилгын кодыг жижиг латин үсэг, тоо, зураасаар бичнэ үү"))
    if not given.get("title_mn"):
        form.complain(f"purpose-{number}-title_mn", _("Ямар зорилгоор авахаа бичнэ үү. Иргэн үүнийг уншина"))
    if not given.get("title_en"):
        form.complain(f"purpose-{number}-title_en", _("Зорилгыг англиар бичнэ үү"))
    if not names_law_and_article(given.get("basis_mn", "")):
        form.complain(f"purpose-{number}-basis_mn", _("Хуулийн нэр, зүйлийг бичнэ үү. Жишээ нь: Усны тухай хуулийн 28 дугаар зүйл"))
    if len(form.errors) > before:
        return None
    return Purpose(**{name: given.get(name, "") for name in _PURPOSE_FIELDS})


def _endpoints(form: Typed, service: ServiceEntry) -> tuple[EndpointGrant, ...]:
    grants = []
    for text in form.lists["endpoint"]:
        if text.isascii() and text.isdigit() and int(text) < len(service.endpoints):
            endpoint = service.endpoints[int(text)]
            grants.append(EndpointGrant(method=endpoint.method, path=glob_of(endpoint.path)))
    for line in form.single.get("more_endpoints", "").splitlines():
        found = _GRANT.fullmatch(line)
        if found is None:
            form.complain("more_endpoints", _("Мөр бүрийг «GET /зам/*» хэлбэрээр бичнэ үү"))
            break
        grants.append(EndpointGrant(method=found[1], path=found[2]))
    return tuple(dict.fromkeys(grants))


def _authentication(form: Typed) -> tuple[CitizenAuthentication, ...]:
    known = {a.value: a for a in CitizenAuthentication if a is not CitizenAuthentication.NONE}
    return tuple(dict.fromkeys(known[value] for value in form.lists["authentication"] if value in known))


def _number(form: Typed, name: str, largest: int) -> int | None:
    text = form.single.get(name, "").replace(" ", "").replace(",", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:12]) <= largest):
        form.complain(name, _("Эерэг бүхэл тоо бичнэ үү"))
        return None
    return int(text)


def _hours(form: Typed) -> Hours | None:
    days = sorted({int(d) for d in form.lists["weekday"] if d in set("1234567")})
    begin, end = (_clock(form.single.get(name, "")) for name in ("begin", "end"))
    if not days and not form.single.get("begin") and not form.single.get("end"):
        return None
    if not days:
        form.complain("weekday", _("Гараг сонгоно уу"))
    if begin is None:
        form.complain("begin", _("Цагийг 08:30 хэлбэрээр бичнэ үү"))
    if end is None or end == begin:
        form.complain("end", _("Эхлэхээс өөр цагийг 17:30 хэлбэрээр бичнэ үү"))
    if begin is None or end is None or begin == end or not days:
        return None
    return Hours(weekdays=tuple(days), begin=begin, end=end)


def _clock(text: str) -> time | None:
    found = _CLOCK.fullmatch(text)
    return time(int(found[1]), int(found[2])) if found else None


def _secrecy(form: Typed) -> Secrecy | None:
    basis, days = form.single.get("secrecy_basis", ""), form.single.get("secrecy_days", "")
    if not basis and not days:
        return None
    if not names_law_and_article(basis):
        form.complain("secrecy_basis", _("Хойшлуулж мэдэгдэхийг зөвшөөрсөн хуулийн нэр, зүйлийг бичнэ үү"))
    number = _number(form, "secrecy_days", 3660)
    if number is None and not days:
        form.complain("secrecy_days", _("Хэдэн хоногийн дараа мэдэгдэхээ бичнэ үү"))
    return Secrecy(basis_mn=basis, days=number) if number is not None else None


def _validity(form: Typed, standing: Agreement | None) -> dict[str, datetime]:
    """First and last day by the clock of Ulaanbaatar. A day that was not touched keeps the moment of the agreement that stands."""
    first = _moment(form, "valid_from", standing.valid_from if standing else None, _first_day, 0)
    last = _moment(form, "valid_until", standing.valid_until if standing else None, _last_day, 1)
    if first and last and first >= last:
        form.complain("valid_until", _("Дуусах өдөр эхлэх өдрөөс хойш байна"))
    return {"valid_from": first, "valid_until": last} if first and last else {}


def _moment(form: Typed, name: str, standing: datetime | None, shown: Any, days: int) -> datetime | None:
    text = form.single.get(name, "")
    if standing is not None and text == shown(standing):
        return standing
    found = _DAY.fullmatch(text)
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year <= 2100:
        form.complain(name, _("Өдрийг 2026.11.22 хэлбэрээр бичнэ үү"))
        return None
    return datetime.combine(day, time(), tzinfo=ULAANBAATAR) + timedelta(days=days)


def _first_day(moment: datetime) -> str:
    return f"{moment.astimezone(ULAANBAATAR):%Y.%m.%d}"


def _last_day(moment: datetime) -> str:
    """The last day on which it holds."""
    return f"{(moment - timedelta(microseconds=1)).astimezone(ULAANBAATAR):%Y.%m.%d}"


def _check_fields(form: Typed) -> None:
    for line in form.single.get("fields", "").splitlines():
        if not line.startswith("/"):
            form.complain("fields", _("Талбарыг JSON заагчаар бичнэ үү. Жишээ нь: /address/aimag"))
            return


def _check_consent(form: Typed, service: ServiceEntry) -> None:
    chosen = [service.endpoints[int(n)] for n in form.lists["endpoint"] if n.isascii() and n.isdigit() and int(n) < len(service.endpoints)]
    asked = chosen if chosen and not form.single.get("more_endpoints") else service.endpoints
    if form.consent and any(endpoint.subject is None for endpoint in asked):
        form.complain("consent", _("Хүнийг заагаагүй дуудлага орсон тул зөвшөөрөл асуух боломжгүй. Хүнийг заасан дуудлагыг сонгоно уу"))
