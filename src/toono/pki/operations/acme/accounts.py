"""Accounts of ACME (RFC 8555 §7.3): made with an organisation's key, changed, given another key, ended."""

from __future__ import annotations

import re
from typing import Any

from django.db import IntegrityError, transaction

from toono.kernel import audit
from toono.kernel.actor import system
from toono.kernel.clock import now
from toono.kernel.ids import uuid7
from toono.pki.contracts import AcmeAnswer
from toono.pki.domain.acme.requests import Jwk, Signed, checked_jwk, parse_binding, parse_key_change, thumbprint
from toono.pki.errors import AcmeRefused
from toono.pki.models import AcmeAccount, AcmeKey
from toono.pki.operations.acme import answers
from toono.pki.operations.acme.keys import secret_of

ACTOR = system("acme")
MOST_CONTACTS = 5
_MAIL = re.compile(r"mailto:[^@\s,?\"<>\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,190}")


def new_account(request: Signed, jwk: Jwk) -> AcmeAnswer:
    """The account of this key; made where there is none and the request is bound to an organisation's key."""
    wanted = request.fields()
    found = AcmeAccount.objects.filter(thumbprint=thumbprint(jwk)).first()
    if found is not None:
        check_usable(found)
        return _shown(found, status=200)
    if wanted.get("onlyReturnExisting") is True:
        raise AcmeRefused("accountDoesNotExist", "There is no account with this key.")
    if "externalAccountBinding" not in wanted:
        raise AcmeRefused("externalAccountRequired", "An account is made with a key that an administrator has given to the organisation.")
    contact = _contact(wanted)
    binding = parse_binding(wanted["externalAccountBinding"], jwk=jwk, url=request.url)
    try:
        with transaction.atomic():
            row = _made(binding, jwk, contact)
    except IntegrityError:  # two requests at once with the same account key, or with the same binding
        raise AcmeRefused("unauthorized", "The external account binding, or the key, was used by another request.") from None
    return _shown(row, status=201)


def change_account(request: Signed, account: AcmeAccount) -> AcmeAnswer:
    """Another contact, or the end (§7.3.2, §7.3.6); an empty request only reads."""
    wanted = request.fields() if request.payload else {}
    if "contact" in wanted:
        account.contact = _contact(wanted)
    if wanted.get("status") == "deactivated":
        account.status = "deactivated"
    elif wanted.get("status") not in (None, "valid"):
        raise AcmeRefused("malformed", "An account can only be deactivated.")
    with transaction.atomic():
        account.save(update_fields=["contact", "status"])
        if wanted:
            _record(account, "pki.acme_account_changed", status=account.status)
    return _shown(account, status=200)


def change_key(request: Signed, account: AcmeAccount) -> AcmeAnswer:
    """§7.3.5: the old key signs outside, the new one inside."""
    inner = parse_key_change(request.payload, url=request.url)
    wanted = inner.fields()
    old = wanted.get("oldKey")
    if wanted.get("account") != answers.url("account", account.id) or not isinstance(old, dict):
        raise AcmeRefused("malformed", "The inner request must name this account and its present key.")
    if thumbprint(checked_jwk(old)) != account.thumbprint:
        raise AcmeRefused("malformed", "oldKey is not the account's present key.")
    jwk = inner.jwk or {}
    other = AcmeAccount.objects.filter(thumbprint=thumbprint(jwk)).first()
    if other is not None:
        raise AcmeRefused("malformed", "The new key is an account's already.", http_status=409, location=answers.url("account", other.id))
    with transaction.atomic():
        account.jwk, account.thumbprint = jwk, thumbprint(jwk)
        account.save(update_fields=["jwk", "thumbprint"])
        _record(account, "pki.acme_key_changed", thumbprint=account.thumbprint)
    return _shown(account, status=200)


def check_usable(account: AcmeAccount) -> None:
    """:raises AcmeRefused: it was ended, by its owner or by an administrator; §7.3.6 wants 401."""
    if account.status != "valid":
        raise AcmeRefused("unauthorized", "The account is deactivated.", http_status=401)
    if account.external_key.withdrawn_at is not None:
        raise AcmeRefused("unauthorized", "The organisation's right to this account was withdrawn.", http_status=401)


def _made(binding: Signed, jwk: Jwk, contact: list[str]) -> AcmeAccount:
    """The key's row is locked until the account stands, so that one key makes one account; a millisecond."""
    key = AcmeKey.objects.select_for_update().filter(id=binding.kid).first()
    if key is None:
        raise AcmeRefused("unauthorized", "The external account binding does not verify.")
    binding.verify_mac(secret_of(key.id))
    if key.withdrawn_at is not None or key.expires_at <= now() or AcmeAccount.objects.filter(external_key=key).exists():
        raise AcmeRefused("unauthorized", "The organisation's key was used, withdrawn, or has expired.")
    row = AcmeAccount.objects.create(
        id=uuid7(), external_key=key, thumbprint=thumbprint(jwk), jwk=jwk, contact=contact, status="valid", made_at=now()
    )
    _record(row, "pki.acme_account_made", organisation_code=key.organisation)
    return row


def _record(account: AcmeAccount, action: str, **details: Any) -> None:
    audit.record(actor=ACTOR, action=action, subject=f"acme_account:{account.id}", **details)


def _contact(wanted: dict[str, Any]) -> list[str]:
    contact = wanted.get("contact", [])
    if not isinstance(contact, list) or len(contact) > MOST_CONTACTS or not all(isinstance(one, str) for one in contact):
        raise AcmeRefused("invalidContact", f"contact must be a list of at most {MOST_CONTACTS} addresses.")
    if not all(one.startswith("mailto:") for one in contact):
        raise AcmeRefused("unsupportedContact", "Only mailto: addresses are known.")
    if not all(_MAIL.fullmatch(one) for one in contact):
        raise AcmeRefused("invalidContact", "A contact is no address of mail.")
    return contact


def _shown(row: AcmeAccount, *, status: int) -> AcmeAnswer:
    return answers.answer(answers.account(row), status=status, location=answers.url("account", row.id))
