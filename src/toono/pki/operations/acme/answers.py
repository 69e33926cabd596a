"""How things of ACME look in answers (RFC 8555 §7.1), and their addresses."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from toono.kernel.clock import now
from toono.kernel.settings import settings
from toono.pki.contracts import AcmeAnswer
from toono.pki.errors import AcmeRefused
from toono.pki.models import AcmeAccount, AcmeAuthorization, AcmeOrder

JSON = "application/json"
HTTP, DNS = "http-01", "dns-01"
STATUSES = {"unauthorized": 403, "orderNotReady": 403, "externalAccountRequired": 403, "rateLimited": 429, "serverInternal": 500}
"""Of each type of problem; 400 of the others."""


def url(*parts: object) -> str:
    """Address of something under ``/acme/``."""
    return "/".join([settings().base_url, "acme", *(str(part) for part in parts)])


def answer(content: dict[str, Any], *, status: int = 200, location: str = "", up: str = "", seconds: int | None = None) -> AcmeAnswer:
    """``seconds``: after how long to ask again."""
    encoded = json.dumps(content).encode()
    return AcmeAnswer(status=status, media_type=JSON, content=encoded, location=location, up=up, retry_after=seconds)


def problem(refused: AcmeRefused) -> AcmeAnswer:
    """The refusal as a problem document (§6.7)."""
    content = problem_of(refused.kind, refused.detail)
    if refused.algorithms:
        content["algorithms"] = list(refused.algorithms)
    if refused.of_names:
        content["subproblems"] = [
            problem_of(refused.kind, why) | {"identifier": {"type": "dns", "value": name}} for name, why in refused.of_names.items()
        ]
    status = refused.http_status or STATUSES.get(refused.kind, 400)
    return AcmeAnswer(
        status=status,
        media_type="application/problem+json",
        content=json.dumps(content | {"status": status}).encode(),
        retry_after=refused.seconds,
        location=refused.location,
    )


def problem_of(kind: str, detail: str) -> dict[str, Any]:
    """As it stands in an order or a challenge."""
    return {"type": f"urn:ietf:params:acme:error:{kind}", "detail": detail}


def account(row: AcmeAccount) -> dict[str, Any]:
    return {"status": row.status, "contact": row.contact, "orders": url("account", row.id, "orders")}


def order(row: AcmeOrder) -> dict[str, Any]:
    """§7.1.3. An order whose time is over is invalid, whatever stands in the table."""
    content: dict[str, Any] = {
        "status": order_status(row),
        "expires": row.expires_at.isoformat(timespec="seconds"),
        "identifiers": [{"type": "dns", "value": name} for name in row.names],
        "authorizations": [url("authorization", one) for one in row.authorizations.order_by("id").values_list("id", flat=True)],
        "finalize": url("order", row.id, "finalize"),
    }
    if row.certificate_id:
        content["certificate"] = url("certificate", row.certificate_id)
    if row.problem:
        content["error"] = row.problem
    return content


def order_status(row: AcmeOrder) -> str:
    over = row.status in {"pending", "ready"} and row.expires_at <= now()
    return "invalid" if over else row.status


def authorization(row: AcmeAuthorization) -> dict[str, Any]:
    """§7.1.4."""
    over = row.status == "pending" and row.order.expires_at <= now()
    content = {
        "status": "expired" if over else row.status,
        "expires": row.order.expires_at.isoformat(timespec="seconds"),
        "identifier": {"type": "dns", "value": row.name},
        "challenges": [challenge(row, kind) for kind in _shown(row)],
    }
    return content | {"wildcard": True} if row.wildcard else content


def _shown(row: AcmeAuthorization) -> list[str]:
    """All that are offered; of a decided authorization the one that decided."""
    offered = [kind for kind in (HTTP, DNS) if token(row, kind)]
    return [row.chosen] if row.chosen and row.status in {"valid", "invalid"} else offered


def challenge(row: AcmeAuthorization, kind: str) -> dict[str, Any]:
    """§8.3, §8.4."""
    content: dict[str, Any] = {"type": kind, "url": challenge_url(row.id, kind), "token": token(row, kind), "status": "pending"}
    if kind != row.chosen or row.status == "deactivated":
        return content
    content["status"] = "processing" if row.status == "pending" else row.status
    if row.status == "valid" and row.decided_at:
        content["validated"] = row.decided_at.isoformat(timespec="seconds")
    if row.problem:
        content["error"] = row.problem
    return content


def token(row: AcmeAuthorization, kind: str) -> str:
    """Of one of the challenges; empty where it is not offered."""
    return row.dns_token if kind == DNS else row.token


def challenge_url(authorization: UUID, kind: str) -> str:
    return url("challenge", authorization, *([DNS] if kind == DNS else []))
