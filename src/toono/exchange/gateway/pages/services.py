"""``/v1/listServices``: what the one who asks may call, for which purposes, and how much of it is left today."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from toono.exchange.domain import metadata
from toono.exchange.domain.rights import KnownService
from toono.exchange.gateway.call import Call, Message, Receive, Scope, Send, Shared
from toono.exchange.gateway.pages.asking import answered, json_response
from toono.registry.contracts import Agreement, Hours, ServiceEntry


async def list_services(shared: Shared, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one question."""
    await answered(shared, scope, receive, send, _listed)


async def _listed(shared: Shared, call: Call) -> Iterable[Message]:
    valid = [
        a for a in call.index.agreements_of(call.client_id) if a.valid_from <= call.at < a.valid_until and a.service in call.index.services
    ]
    services = [
        _service(shared, call, identifier, [a for a in valid if a.service == identifier])
        for identifier in sorted({a.service for a in valid})
    ]
    return json_response(200, json.dumps({"client": call.client_id, "services": services}, ensure_ascii=False).encode())


def _service(shared: Shared, call: Call, identifier: str, agreements: list[Agreement]) -> dict[str, Any]:
    known = call.index.services[identifier]
    return {
        "id": identifier, "url": f"{shared.base_url}/v1/{known.encoded_id}", "title_mn": known.entry.title_mn, "title_en": known.entry.title_en,
        "provider_name_mn": known.provider.entry.name_mn, "provider_name_en": known.provider.entry.name_en, "enabled": known.entry.enabled,
        "openapi": _description(shared, known),
        "agreements": [_agreement(shared, call, known.entry, agreement) for agreement in agreements],
    }  # fmt: skip


def _description(shared: Shared, known: KnownService) -> str | None:
    if known.entry.openapi_path is None:
        return None
    system, _, code = known.encoded_id.rpartition("/")
    return f"{shared.base_url}/v1/{system}/{metadata.GET_OPENAPI}?serviceCode={quote(code)}"


def _agreement(shared: Shared, call: Call, service: ServiceEntry, agreement: Agreement) -> dict[str, Any]:
    endpoints = metadata.allowed_endpoints(service, [agreement], call.at) or ()
    return {
        "id": agreement.id, "version": agreement.version, "valid_from": _moment(agreement.valid_from), "valid_until": _moment(agreement.valid_until),
        "purposes": [
            {"code": p.code, "title_mn": p.title_mn, "title_en": p.title_en, "basis_mn": p.basis_mn, "basis_en": p.basis_en} for p in agreement.purposes
        ],
        "endpoints": [{"method": method, "path": path} for method, path in endpoints], "fields": list(agreement.fields),
        "authentication": [way.value for way in agreement.authentication], "consent": agreement.consent, "hours": _hours(agreement.hours),
        "rate_per_second": agreement.rate_per_second, "quota_per_day": agreement.quota_per_day, "quota_left": shared.traffic.left(agreement, call.at),
    }  # fmt: skip


def _hours(hours: Hours | None) -> dict[str, Any] | None:
    if hours is None:
        return None
    return {
        "weekdays": list(hours.weekdays),
        "begin": hours.begin.strftime("%H:%M"),
        "end": hours.end.strftime("%H:%M"),
        "zone": "Asia/Ulaanbaatar",
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
