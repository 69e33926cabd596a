"""The protocol ACME (RFC 8555): every address with what may ask there, and the checks that each request passes, in their order."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from uuid import UUID

from toono.kernel.clock import now
from toono.kernel.settings import settings
from toono.pki.contracts import AcmeAnswer
from toono.pki.domain.acme import nonces
from toono.pki.domain.acme.requests import Jwk, Signed, parse
from toono.pki.errors import AcmeRefused
from toono.pki.models import AcmeAccount, AcmeNonce
from toono.pki.operations.acme import accounts, answers, certificates, challenges, orders

BODY_LIMIT_BYTES = 64 * 1024
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

BY_ACCOUNT: dict[str, Callable[[Signed, AcmeAccount], AcmeAnswer]] = {
    "new-order": orders.new_order,
    "key-change": accounts.change_key,
}
"""Asked by an account (``kid``), about nothing that is named in the address."""

ABOUT: dict[str, Callable[[Signed, AcmeAccount, UUID], AcmeAnswer]] = {
    "order": orders.order,
    "order/finalize": orders.finalize,
    "authorization": challenges.authorization,
    "challenge": challenges.http_challenge,
    "challenge/dns-01": challenges.dns_challenge,
}
"""Asked by an account about what its address names."""


def directory() -> AcmeAnswer:
    """§7.1.1."""
    places = {
        "newNonce": "new-nonce",
        "newAccount": "new-account",
        "newOrder": "new-order",
        "revokeCert": "revoke-cert",
        "keyChange": "key-change",
    }
    meta = {"website": settings().base_url, "externalAccountRequired": True}
    return answers.answer({name: answers.url(place) for name, place in places.items()} | {"meta": meta})


def new_nonce() -> str:
    """§6.5; good for an hour."""
    return nonces.make(secret=_nonce_secret(), noise=secrets.token_bytes(nonces.RANDOM_BYTES), now=now())


def respond(*, place: str, named: str, part: str, body: bytes) -> AcmeAnswer:
    """The answer to a POST at ``/acme/<place>[/<named>[/<part>]]``; a refusal is an answer too."""
    try:
        return _responded(place, named, part, body)
    except AcmeRefused as refused:
        return answers.problem(refused)


def _responded(place: str, named: str, part: str, body: bytes) -> AcmeAnswer:
    if len(body) > BODY_LIMIT_BYTES:
        raise AcmeRefused("malformed", "The request is too large.")
    signed = parse(body)
    if signed.url != answers.url(*[step for step in (place, named, part) if step]):
        raise AcmeRefused("unauthorized", "The url in the request's header is another than the one asked.")
    _check_age(signed)
    account = _account(signed.kid) if signed.kid is not None else None
    jwk: Jwk = account.jwk if account else signed.jwk or {}
    signed.verify(jwk)
    _use_nonce(signed)
    if account is not None:
        accounts.check_usable(account)
    return _handled(place, named, part, signed, jwk, account)


def _handled(place: str, named: str, part: str, signed: Signed, jwk: Jwk, account: AcmeAccount | None) -> AcmeAnswer:
    if place == "new-account" and not named:
        if account is not None:
            raise AcmeRefused("malformed", "An account is asked for with jwk in the header.")
        return accounts.new_account(signed, jwk)
    if place == "revoke-cert" and not named:
        return certificates.revoke(signed, jwk, account)
    if account is None:
        raise AcmeRefused("malformed", "This is asked with kid in the header.")
    if place == "account" and named == str(account.id):
        return orders.orders(signed, account) if part == "orders" else accounts.change_account(signed, account)
    if place == "certificate" and not part:
        return certificates.certificate(signed, account, named)
    if not named and place in BY_ACCOUNT:
        return BY_ACCOUNT[place](signed, account)
    about = ABOUT.get(f"{place}/{part}" if part else place)
    if about is None or not _UUID.fullmatch(named):
        raise AcmeRefused("malformed", "There is nothing at this address.")
    return about(signed, account, UUID(named))


def _account(kid: str) -> AcmeAccount:
    prefix = answers.url("account") + "/"
    named = kid.removeprefix(prefix)
    found = None
    if kid.startswith(prefix) and _UUID.fullmatch(named):
        found = AcmeAccount.objects.select_related("external_key").filter(id=UUID(named)).first()
    if found is None:
        raise AcmeRefused("accountDoesNotExist", "There is no such account.")
    return found


def _check_age(signed: Signed) -> None:
    if not nonces.is_good(signed.nonce or "", secret=_nonce_secret(), now=now()):
        raise AcmeRefused("badNonce", "The nonce is not ours, or too old.")


def _use_nonce(signed: Signed) -> None:
    """After the signature, so that nobody uses up the nonces of others. The table's key decides between two at once."""
    _, first = AcmeNonce.objects.get_or_create(nonce=signed.nonce or "", defaults={"used_at": now()})
    if not first:
        raise AcmeRefused("badNonce", "The nonce was used already.")


def forget_nonces() -> None:
    """Those that are too old to be used anyhow. Done hourly."""
    AcmeNonce.objects.filter(used_at__lt=now() - 2 * nonces.LIFETIME).delete()


def _nonce_secret() -> bytes:
    return f"pki.acme.nonce:{settings().session_key}".encode()
