"""Authorizations and their challenges (RFC 8555 §7.5): the client says that its answer stands, the worker fetches it."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

from django.db import transaction
from procrastinate.contrib.django import app

from toono.kernel import audit
from toono.kernel.clock import now
from toono.kernel.jose import base64url
from toono.kernel.settings import settings
from toono.pki.adapters.acme import dns01
from toono.pki.adapters.acme.http01 import Reach, fetch
from toono.pki.contracts import AcmeAnswer
from toono.pki.domain.acme.requests import Signed
from toono.pki.errors import AcmeRefused
from toono.pki.models import AcmeAccount, AcmeAuthorization
from toono.pki.operations.acme import answers
from toono.pki.operations.acme.accounts import ACTOR
from toono.pki.operations.acme.orders import settle

VALIDATE_TASK = "pki.acme_validate"
RETRY_AFTER_SECONDS = 1


def authorization(request: Signed, account: AcmeAccount, authorization_id: UUID) -> AcmeAnswer:
    """Read, or given up by the client (§7.5.2)."""
    wanted = request.fields() if request.payload else {}
    if wanted.get("status") not in (None, "deactivated"):
        raise AcmeRefused("malformed", "An authorization can only be deactivated.")
    with transaction.atomic():
        row = _find(account, authorization_id, locked=bool(wanted))
        if wanted.get("status") == "deactivated" and row.status in {"pending", "valid"}:
            row.status, row.decided_at = "deactivated", now()
            row.save(update_fields=["status", "decided_at"])
            settle(row.order_id)
    return answers.answer(answers.authorization(row), seconds=_wait(row))


def http_challenge(request: Signed, account: AcmeAccount, authorization_id: UUID) -> AcmeAnswer:
    return _challenge(request, account, authorization_id, answers.HTTP)


def dns_challenge(request: Signed, account: AcmeAccount, authorization_id: UUID) -> AcmeAnswer:
    return _challenge(request, account, authorization_id, answers.DNS)


def _challenge(request: Signed, account: AcmeAccount, authorization_id: UUID, kind: str) -> AcmeAnswer:
    """Read, or, with an empty object, begun (§7.5.1): a job fetches the answer. Begun twice it is fetched once, and the first one begun decides."""
    begins = bool(request.payload) and request.fields() is not None
    with transaction.atomic():
        row = _find(account, authorization_id, locked=begins)
        if not answers.token(row, kind):
            raise AcmeRefused("malformed", "There is no such challenge.")
        if begins and row.status == "pending" and row.asked_at is None and row.order.expires_at > now():
            row.asked_at, row.chosen = now(), kind
            row.save(update_fields=["asked_at", "chosen"])
            app.configure_task(VALIDATE_TASK, queue="deliveries").defer(authorization_id=str(row.id))
    return answers.answer(answers.challenge(row, kind), up=answers.url("authorization", row.id), seconds=_wait(row))


def _wait(row: AcmeAuthorization) -> int | None:
    """While the answer is fetched: clients that are told nothing wait five seconds and more (§7.5.1)."""
    return RETRY_AFTER_SECONDS if row.chosen and row.status == "pending" else None


def validate(*, authorization_id: UUID) -> None:
    """Fetch the answer and decide. Done by a job; a decision stands, so a job that is done twice decides once."""
    row = AcmeAuthorization.objects.select_related("order__account").get(id=authorization_id)
    if row.status != "pending" or not row.chosen or row.order.expires_at <= now():
        return
    problem = None
    try:
        _PROOFS[row.chosen](row)
    except AcmeRefused as refused:
        problem = answers.problem_of(refused.kind, refused.detail)
    with transaction.atomic():
        row = AcmeAuthorization.objects.select_for_update().get(id=authorization_id)
        if row.status != "pending":
            return
        row.status, row.problem, row.decided_at = "invalid" if problem else "valid", problem, now()
        row.save(update_fields=["status", "problem", "decided_at"])
        settle(row.order_id)
        audit.record(actor=ACTOR, action="pki.acme_validated", subject=f"acme_authorization:{row.id}", name=row.name, status=row.status)


def _prove_http(row: AcmeAuthorization) -> None:
    """§8.3.

    :raises AcmeRefused:
    """
    found = fetch(name=row.name, token=row.token, reach=_reach())
    if not hmac.compare_digest(found.rstrip(), _key_authorization(row, answers.HTTP)):
        raise AcmeRefused("unauthorized", "The server answers another text than the one wanted.")


def _prove_dns(row: AcmeAuthorization) -> None:
    """§8.4.

    :raises AcmeRefused:
    """
    expected = base64url(hashlib.sha256(_key_authorization(row, answers.DNS)).digest())
    dns01.check(name=row.name, expected=expected, servers=_servers())


_PROOFS = {answers.HTTP: _prove_http, answers.DNS: _prove_dns}


def _key_authorization(row: AcmeAuthorization, kind: str) -> bytes:
    """§8.1."""
    return f"{answers.token(row, kind)}.{row.order.account.thumbprint}".encode()


def _servers() -> dns01.Servers:
    return dns01.Servers(own_networks=settings().acme_own_networks, alone=settings().acme_resolver_place)


def _reach() -> Reach:
    host, _, port = settings().acme_challenge_address.rpartition(":")
    return Reach(own_networks=settings().acme_own_networks, instead=(host, int(port)) if host else None)


def _find(account: AcmeAccount, authorization_id: UUID, *, locked: bool) -> AcmeAuthorization:
    """Another's looks like one that does not exist. The row is locked while it is changed, for a millisecond."""
    rows = AcmeAuthorization.objects.select_related("order")
    rows = rows.select_for_update(of=("self",)) if locked else rows
    found = rows.filter(id=authorization_id, order__account=account).first()
    if found is None:
        raise AcmeRefused("malformed", "There is no such authorization.")
    return found
