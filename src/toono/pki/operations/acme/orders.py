"""Orders of ACME (RFC 8555 §7.4): which names, whether they are proven, and the certificate."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction

from toono.kernel.clock import now
from toono.kernel.ids import uuid7
from toono.kernel.jose import base64url, from_base64url
from toono.pki.contracts import AcmeAnswer, Profile
from toono.pki.domain import applied
from toono.pki.domain.acme.names import is_name, split_star
from toono.pki.domain.acme.requests import Signed, public_key
from toono.pki.domain.profiles import PROFILES
from toono.pki.errors import (
    AcmeRefused,
    AlgorithmNotSupported,
    OrganisationWithoutSeal,
    RequestMalformed,
    RequestNamesDiffer,
    SignerUnavailable,
    WeakKey,
)
from toono.pki.models import AcmeAccount, AcmeAuthorization, AcmeOrder, Certificate
from toono.pki.operations.acme import answers
from toono.pki.operations.acme.accounts import ACTOR
from toono.pki.operations.acme.keys import organisation_name, others_below, owner_of
from toono.pki.operations.request_certificate import issue_server_certificate

LIFETIME = timedelta(days=1)
ORDERS_PER_HOUR = 60
"""Of one account."""
FAILURES_PER_HOUR = 5
"""Of one account for one name; then an hour's rest (a wrongly set up server asks for ever)."""
HOUR = timedelta(hours=1)


def new_order(request: Signed, account: AcmeAccount) -> AcmeAnswer:
    wanted = request.fields()
    if "notBefore" in wanted or "notAfter" in wanted:
        raise AcmeRefused("malformed", "How long a certificate lasts, its profile says: leave out notBefore and notAfter.")
    names = _names(wanted.get("identifiers"))
    _check_allowed(names, account.external_key.organisation)
    with transaction.atomic():
        # The account's row is locked, so that orders made at once are counted one after another; a millisecond.
        account = AcmeAccount.objects.select_for_update().select_related("external_key").get(id=account.id)
        _check_rates(account, names)
        moment = now()
        order = AcmeOrder.objects.create(
            id=uuid7(), account=account, names=names, status="pending", made_at=moment, expires_at=moment + LIFETIME
        )
        AcmeAuthorization.objects.bulk_create(_authorization(order, name) for name in names)
    return _shown(order, status=201)


def orders(request: Signed, account: AcmeAccount) -> AcmeAnswer:
    """The newest hundred (§7.1.2.1)."""
    found = AcmeOrder.objects.filter(account=account).order_by("-made_at").values_list("id", flat=True)[:100]
    return answers.answer({"orders": [answers.url("order", one) for one in found]})


def order(request: Signed, account: AcmeAccount, order_id: UUID) -> AcmeAnswer:
    return _shown(find(account, order_id), status=200)


def finalize(request: Signed, account: AcmeAccount, order_id: UUID) -> AcmeAnswer:
    """§7.4: the request of the server (CSR) for exactly the names of the order; the certificate is issued at once."""
    csr = _csr(request.fields().get("csr"))
    with transaction.atomic():
        # Locked: of two requests at once the second finds the order no longer ready. Held for one call of the signer.
        row = find(account, order_id, locked=True)
        if answers.order_status(row) != "ready":
            raise AcmeRefused("orderNotReady", f"The order is {answers.order_status(row)}.")
        _check_allowed(row.names, account.external_key.organisation)
        _check_own_key(csr, account)
        row.certificate = Certificate.objects.get(serial=_issued(account, row, csr))
        row.status = "valid"
        row.save(update_fields=["certificate", "status"])
    return _shown(row, status=200)


def _authorization(order: AcmeOrder, wanted: str) -> AcmeAuthorization:
    """A star is proven by dns-01 alone: a server shows only that it answers under one name."""
    name, wildcard = split_star(wanted)
    tokens = [base64url(secrets.token_bytes(32)) for _ in range(2)]
    return AcmeAuthorization(
        id=uuid7(), order=order, name=name, wildcard=wildcard, token="" if wildcard else tokens[0], dns_token=tokens[1], status="pending"
    )


def find(account: AcmeAccount, order_id: UUID, *, locked: bool = False) -> AcmeOrder:
    """An order of this account. Another's looks like one that does not exist.

    :raises AcmeRefused:
    """
    rows = AcmeOrder.objects.select_for_update() if locked else AcmeOrder.objects.all()
    found = rows.filter(id=order_id, account=account).first()
    if found is None:
        raise AcmeRefused("malformed", "There is no such order.")
    return found


def settle(order_id: UUID) -> None:
    """Bring an order's status to what its authorizations say. The caller holds a transaction."""
    row = AcmeOrder.objects.select_for_update().get(id=order_id)
    if row.status != "pending":
        return
    statuses = set(row.authorizations.values_list("status", flat=True))
    if statuses == {"valid"}:
        row.status = "ready"
    elif statuses & {"invalid", "deactivated"}:
        row.status = "invalid"
        row.problem = answers.problem_of("unauthorized", "The control over a name of the order was not proven.")
    row.save(update_fields=["status", "problem"])


def failures(account: AcmeAccount, name: str, since: datetime) -> int:
    failed = AcmeAuthorization.objects.filter(order__account=account, name=name, status="invalid", decided_at__gt=since)
    return failed.count()


def _names(identifiers: object) -> list[str]:
    if not isinstance(identifiers, list) or not 1 <= len(identifiers) <= applied.NAMES_LIMIT:
        raise AcmeRefused("malformed", f"identifiers must be a list of 1 to {applied.NAMES_LIMIT}.")
    names: dict[str, None] = {}
    for one in identifiers:
        if not isinstance(one, dict) or one.keys() != {"type", "value"} or not isinstance(one["value"], str):
            raise AcmeRefused("malformed", "An identifier holds type and value.")
        if one["type"] != "dns":
            raise AcmeRefused("unsupportedIdentifier", "Only names of the domain system (dns) are certified.")
        names[one["value"].lower()] = None
    return list(names)


def _check_allowed(names: list[str], organisation: str) -> None:
    try:
        organisation_name(organisation)
    except OrganisationWithoutSeal:
        raise AcmeRefused("unauthorized", "The organisation has no valid seal at the moment.") from None
    refused = {name: why for name in names if (why := _why_refused(name, organisation))}
    if refused:
        raise AcmeRefused("rejectedIdentifier", "Not for this organisation: " + ", ".join(refused)[:300] + ".", of_names=refused)


def _why_refused(name: str, organisation: str) -> str:
    bare, star = split_star(name)
    if not is_name(bare):
        return "This is no name of a server."
    if star and not PROFILES[Profile.SERVER].wildcards:
        return "Names with a star are not certified."
    if owner_of(name) != organisation:
        return "This name is not entered for the organisation."
    return "A name below it belongs to another organisation." if star and others_below(bare, organisation) else ""


def _check_rates(account: AcmeAccount, names: list[str]) -> None:
    since = now() - HOUR
    recent = AcmeOrder.objects.filter(account=account, made_at__gt=since)
    if recent.count() >= ORDERS_PER_HOUR:
        raise AcmeRefused("rateLimited", f"More than {ORDERS_PER_HOUR} orders in an hour.", seconds=int(HOUR.total_seconds()))
    for name in {split_star(one)[0] for one in names}:
        if failures(account, name, since) >= FAILURES_PER_HOUR:
            raise AcmeRefused("rateLimited", f"{name} failed {FAILURES_PER_HOUR} times in an hour.", seconds=int(HOUR.total_seconds()))


def _csr(value: object) -> bytes:
    try:
        return from_base64url(value if isinstance(value, str) else "!")
    except ValueError:
        raise AcmeRefused("badCSR", "csr must be a certificate request, DER, base64url.") from None


def _check_own_key(csr: bytes, account: AcmeAccount) -> None:
    """§11.1: the account's key is no server's."""
    try:
        key = applied.parse(csr).public_key
    except (RequestMalformed, WeakKey, AlgorithmNotSupported) as error:
        raise AcmeRefused("badCSR", f"{error}.") from None
    if _spki(key) == _spki(public_key(account.jwk)):
        raise AcmeRefused("badCSR", "The request holds the account's own key.")


def _spki(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _issued(account: AcmeAccount, row: AcmeOrder, csr: bytes) -> str:
    try:
        name = organisation_name(account.external_key.organisation)
        return issue_server_certificate(actor=ACTOR, organisation=name, names=tuple(row.names), request=csr).serial
    except (RequestMalformed, RequestNamesDiffer, WeakKey, AlgorithmNotSupported) as error:
        raise AcmeRefused("badCSR", f"{error}.") from None
    except SignerUnavailable:
        raise AcmeRefused("serverInternal", "The authority is not available at the moment; ask again later.") from None


def _shown(row: AcmeOrder, *, status: int) -> AcmeAnswer:
    return answers.answer(answers.order(row), status=status, location=answers.url("order", row.id))
