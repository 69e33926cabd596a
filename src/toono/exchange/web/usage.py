"""The access ledger for other portals, as services on the exchange: the Estonian data tracker's (andmejälgija) findUsage, version 2, and GovStack's
MyPersonalDataUsage.

The gateway calls these addresses as it calls any provider, with a secret of its own: what comes here was authorised by an agreement, signed and logged. Whose
ledger is asked for is the consumer's word (``X-Road-UserId``); an agreement may demand the citizen's own statement beside it. Nobody may yet act for another here.

Sources: e-gov/AJ, doc/spetsifikatsioonid (MIT); GovStack, bb-digital-registries, Data API 1.3.0 and its test features.
"""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from toono.exchange import api, limits
from toono.exchange.contracts import Reading
from toono.exchange.web import usage_description
from toono.kernel.access import allow
from toono.kernel.actor import Role, system
from toono.kernel.clock import ULAANBAATAR, now
from toono.kernel.settings import settings

log = logging.getLogger(__name__)

ACTOR: Final = system("usage")
SECRET: Final = "usage_token"  # noqa: S105 - the name of a secret
COUNTRY: Final = "MN"
_PERSON: Final = re.compile(r"([A-Z]{2})([0-9A-Za-z-]{1,30})", re.ASCII)
_GOVSTACK_PERSON: Final = re.compile(r"([A-Z]{2})?([0-9]{1,30})", re.ASCII)
_REGISTER: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,60}", re.ASCII)
_MEDIATOR: Final = re.compile(r"[^/\s]+/[^/\s]+/[^/\s]+/[^/\s]+")

View = Callable[[HttpRequest], HttpResponse]


class _Refused(Exception):
    """The question is not one of the protocol; the argument says why."""


def _service(view: View) -> View:
    """For the gateway only; a refusal becomes the protocols' status 400."""

    @allow(Role.ANYBODY)
    @require_safe
    @wraps(view)
    def called(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {settings().secret(SECRET)}".encode()):
            return _json({"message": "Only the gateway of the exchange may ask here."}, status=401)
        try:
            return view(request)
        except _Refused as refused:
            return _json({"message": str(refused)}, status=400)

    return called


def _json(content: Any, *, status: int = 200) -> HttpResponse:
    response = JsonResponse(
        content, safe=False, status=status, content_type="application/json; charset=utf-8", json_dumps_params={"ensure_ascii": False}
    )
    response["Cache-Control"] = "no-store"
    return response


# -- andmejälgija, version 2 --------------------------------------------------------------------------------------


@_service
def find_usage(request: HttpRequest) -> HttpResponse:
    """Who has read the data of ``userCode``, newest first."""
    asking = _person("X-Road-UserId", request.headers.get("X-Road-UserId"))
    about = _person("userCode", request.GET.get("userCode"))
    if asking != about:
        raise _Refused("X-Road-UserId and userCode differ: nobody may act for another person here yet.")
    since, until = _moment(request, "periodStart"), _moment(request, "periodEnd")
    offset = _number(request, "offset", default=0, least=0, most=limits.USAGE_OFFSET)
    limit = _number(request, "limit", default=limits.USAGE_LIMIT, least=1, most=limits.USAGE_MOST)
    if about[0] != COUNTRY:
        return _json({"totalUsages": 0, "usages": []})
    found = api.usage(actor=ACTOR, civil_id=about[1], since=since, until=until, register=None, offset=offset, limit=limit)
    return _json({"totalUsages": found.total, "usages": [_usage(reading) for reading in found.readings]})


def _usage(reading: Reading) -> dict[str, str]:
    return {
        "logtime": _text(reading.at),
        "action": f"{reading.purpose_title_mn}: {reading.service_title_mn}",
        "receiverCode": reading.organisation,
        "receiverName": reading.organisation_name_mn,
        "receiverSystem": reading.system_title_mn,
    }


@_service
def usage_period(request: HttpRequest) -> HttpResponse:
    """From when on the ledger goes: entries are never removed, so there is no end."""
    return _json({"periodStart": _text(api.usage_since() or now())})


@_service
def heartbeat(request: HttpRequest) -> HttpResponse:
    """Whether the ledger can be read."""
    try:
        api.usage_since()
    except DatabaseError as error:
        log.warning("the ledger cannot be read: %s", error)
        return _json({"status": "FAIL", "message": "The ledger cannot be read at the moment."})
    return _json({"status": "OK", "message": "The ledger can be read."})


def _person(name: str, value: str | None) -> tuple[str, str]:
    """Country and code of a person.

    :raises _Refused: none is given, or none that can be.
    """
    found = _PERSON.fullmatch(value or "")
    if found is None:
        raise _Refused(f"{name} is {'not a country code and a personal code' if value else 'missing'}.")
    return found[1], found[2]


def _moment(request: HttpRequest, name: str) -> datetime | None:
    """A moment (RFC 3339); without a zone, as the protocol's own examples are, by the clock of Ulaanbaatar."""
    value = request.GET.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value.replace(" ", "+"))  # a plus that was not encoded
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=ULAANBAATAR).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Refused(f"{name} is no moment.") from None
    if not 1980 <= moment.year <= 2199:
        raise _Refused(f"{name} is out of reach.")
    return moment


def _number(request: HttpRequest, name: str, *, default: int, least: int, most: int) -> int:
    value = request.GET.get(name)
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,10}", value, re.ASCII) or not least <= int(value) <= most:
        raise _Refused(f"{name} is no number from {least} to {most}.")
    return int(value)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


# -- GovStack -----------------------------------------------------------------------------------------------------


@_service
def my_personal_data_usage(request: HttpRequest) -> HttpResponse:
    """Who has read the data of ``userID`` in the register ``DatabaseID`` (the code of its system, say, ``population``), newest first.

    ``X-Road-UserId`` is not part of that protocol; where a consumer gives it, it must name the same person.
    """
    if not _MEDIATOR.fullmatch(request.headers.get("Information-Mediator-Client", "")):
        raise _Refused("Invalid format of Information-Mediator-Client, should match INSTANCE/CLASS/MEMBER/SUBSYSTEM")
    person, register = _GOVSTACK_PERSON.fullmatch(request.GET.get("userID", "")), _REGISTER.fullmatch(request.GET.get("DatabaseID", ""))
    if person is None:
        raise _Refused("Invalid userID")
    if register is None:
        raise _Refused("Invalid DatabaseID")
    asking = request.headers.get("X-Road-UserId")
    if asking is not None and asking not in {person[0], f"{person[1] or COUNTRY}{person[2]}"}:
        raise _Refused("X-Road-UserId and userID differ: nobody may act for another person here yet.")
    if (person[1] or COUNTRY) != COUNTRY:
        return _json([])
    found = api.usage(actor=ACTOR, civil_id=person[2], since=None, until=None, register=register[0], offset=0, limit=limits.USAGE_LIMIT)
    return _json([_personal_data_usage(reading, register[0]) for reading in found.readings])


def _personal_data_usage(reading: Reading, register: str) -> dict[str, Any]:
    """As GovStack spells it, ``Refrences`` too. The reader is the system: the ledger does not hold which official sat before it."""
    return {
        "ID": str(reading.id),
        "ReaderID": reading.system,
        "ReaderInitials": "".join(word[0] for word in reading.organisation_name_mn.split()).upper(),
        "ReaderInstitutionID": reading.organisation,
        "ReaderInstitutionName": reading.organisation_name_mn,
        "ReaderApplicationName": reading.system_title_mn,
        "SearchDateTime": _text(reading.at),
        "Refrences": [{"ReferenceID": register}],
    }


# -- the description ----------------------------------------------------------------------------------------------


@allow(Role.ANYBODY)
@require_safe
def description(request: HttpRequest) -> HttpResponse:
    """The OpenAPI description of these services, as the exchange gives it to consumers."""
    return _json(usage_description.description(f"{settings().inner_base_url}/exchange/usage"))
