"""Reading: persons, appointments, sessions, flows."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs
from uuid import UUID

from django.db.models import QuerySet

from toono.identity import contracts, models
from toono.identity.domain.oidc import redirection
from toono.identity.domain.oidc.storage import digest
from toono.identity.limits import LIMITS
from toono.kernel import regnum as regnums
from toono.kernel.actor import Role
from toono.kernel.clock import now
from toono.kernel.settings import settings


def person_contract(row: models.Person) -> contracts.Person:
    return contracts.Person(
        id=row.id, civil_id=row.civil_id, regnum=row.regnum, clan_name=row.clan_name, patronymic=row.patronymic, given_name=row.given_name,
        birth_date=row.birth_date, phone=row.phone, unit_code=row.unit_code, aimag_code=row.aimag_code,
    )  # fmt: skip


def person(person_id: UUID) -> contracts.Person | None:
    row = models.Person.objects.filter(id=person_id).first()
    return person_contract(row) if row else None


def appointments(person_id: UUID) -> tuple[contracts.Appointment, ...]:
    rows = (
        models.Appointment.objects.filter(person_id=person_id, ended_at=None).order_by("appointed_at").values_list("role", "organisation")
    )
    return tuple(contracts.Appointment(role=Role(role), organisation=organisation or None) for role, organisation in rows)


def representatives(organisation: str) -> list[UUID]:
    return _appointed(Role.REPRESENTATIVE, organisation)


def officers(organisation: str) -> list[UUID]:
    return _appointed(Role.OFFICER, organisation)


def administrators() -> list[UUID]:
    return list(dict.fromkeys(_appointed(Role.ADMINISTRATOR)))


def _appointed(role: Role, organisation: str | None = None) -> list[UUID]:
    """Who holds the right now; in one organisation, or wherever."""
    rows = models.Appointment.objects.filter(role=role.value, ended_at=None, **({"organisation": organisation} if organisation else {}))
    return list(rows.order_by("appointed_at", "id").values_list("person_id", flat=True))


def living_sessions() -> QuerySet[models.Session]:
    """Sessions that are neither ended, nor idle for too long, nor too old."""
    moment = now()
    idle = timedelta(minutes=settings().sessions_idle_minutes)
    return models.Session.objects.filter(ended_at=None, expires_at__gt=moment, last_used_at__gt=moment - idle)


def session_of_browser(token: str | None) -> models.Session | None:
    """The living session whose cookie value is ``token``."""
    return living_sessions().filter(token_digest=digest(token)).first() if token else None


def sessions(person_id: UUID, current: str | None) -> list[contracts.SessionView]:
    return [
        contracts.SessionView(
            id=row.id, started_at=row.auth_time, last_used_at=row.last_used_at, device=row.device, current=str(row.id) == current
        )
        for row in living_sessions().filter(person_id=person_id).order_by("-last_used_at")
    ]


def flow_of_browser(flow_id: UUID, browser: str | None) -> models.Flow | None:
    """An open flow, if it belongs to the browser that shows ``browser``."""
    if not browser:
        return None
    return (
        models.Flow.objects.select_related("session")
        .filter(id=flow_id, browser_digest=digest(browser), finished_at=None, expires_at__gt=now())
        .first()
    )


def register_answers() -> bool:
    """False for a while after a reading of the register failed. Told to everybody alike, so it tells nothing of one person."""
    return not models.Challenge.objects.filter(register_failed_at__gt=now() - LIMITS.outage_shown_for).exists()


def return_origin(query: str) -> str:
    """Where the answer goes (:func:`.redirection.source`). The query was checked before the flow was kept, so the address is one that the client registered."""
    return redirection.source(parse_qs(query)["redirect_uri"][0])


def resources_asked(query: str) -> tuple[str, ...]:
    """As checked, too: at most one."""
    return tuple(parse_qs(query).get("resource", ()))


def _hints(query: str) -> tuple[str, str]:
    """``login_hint``, if it is a register number, and the first of ``ui_locales`` that is ours (Core §3.1.2.1)."""
    asked = parse_qs(query)
    locales = [locale.partition("-")[0].lower() for locale in asked.get("ui_locales", [""])[0].split()]
    return regnums.normalise(asked.get("login_hint", [""])[0]) or "", next((one for one in locales if one in ("mn", "en")), "")


def flow_view(row: models.Flow) -> contracts.FlowView:
    login_hint, language = _hints(row.query)
    client = models.Client.objects.get(client_id=row.client_id)
    return contracts.FlowView(
        id=row.id, client_name_mn=client.name_mn, client_name_en=client.name_en, code_asked=row.challenge_set.exists(), login_hint=login_hint, language=language,
        return_origin=return_origin(row.query), register_answers=register_answers(),
    )  # fmt: skip


def party_names(client_ids: list[str]) -> dict[str, tuple[str, str]]:
    rows = models.Client.objects.filter(client_id__in=client_ids).values_list("client_id", "name_mn", "name_en")
    return {client_id: (name_mn, name_en) for client_id, name_mn, name_en in rows}
