"""What an administrator gives to an organisation: names for its servers, and keys with which it makes ACME accounts."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.jose import base64url
from toono.kernel.settings import settings
from toono.pki import queries
from toono.pki.contracts import AcmeAccountInfo, AcmeKeyInfo, AcmeKeySecret, AcmeOrganisation, Profile, SubjectName
from toono.pki.domain.acme.names import entered, entries_for
from toono.pki.errors import DomainRefused, OrganisationWithoutSeal
from toono.pki.models import AcmeAccount, AcmeKey, Certificate, ServerDomain

KEY_LIFETIME = timedelta(days=7)
"""In which the account must be made; the account has no end."""


def organisation_name(code: str) -> SubjectName:
    """The organisation as the certificate of its seal names it.

    :raises OrganisationWithoutSeal: there is no valid one.
    """
    row = queries.current(label=f"seal/{code}")
    if row is None:
        raise OrganisationWithoutSeal(f"{code} has no valid seal")
    return SubjectName(common_name=row.common_name, organisation=row.organisation, register_number=row.register_number)


def domains(organisation: str) -> list[str]:
    """Names that are entered for its servers."""
    return list(
        ServerDomain.objects.filter(organisation=organisation, removed_at__isnull=True).order_by("name").values_list("name", flat=True)
    )


def owner_of(name: str) -> str | None:
    """Code of the organisation whose servers may have this name: of the closest entry; None where there is none."""
    entries = entries_for(name)
    owners = dict(ServerDomain.objects.filter(name__in=entries, removed_at__isnull=True).values_list("name", "organisation"))
    return next((owners[entry] for entry in entries if entry in owners), None)


def others_below(name: str, organisation: str) -> bool:
    """Whether a name directly below ``name`` belongs to another organisation, so that a certificate for ``*.name`` would be good for theirs too."""
    below = ServerDomain.objects.filter(name__endswith=f".{name}", removed_at__isnull=True).exclude(organisation=organisation)
    return any("." not in entry.removesuffix(f".{name}") and not entry.startswith("*.") for entry in below.values_list("name", flat=True))


def secret_of(key_id: str) -> bytes:
    """Derived from the platform's secret, so that nobody finds it in the database or in its backup."""
    return hmac.digest(settings().session_key.encode(), f"pki.acme.external-account:{key_id}".encode(), "sha256")


def organisations(*, actor: Actor) -> list[AcmeOrganisation]:
    """Every organisation with a valid seal, and what stands for its servers; and those that had one and still have something."""
    _check(actor)
    sealed = Certificate.objects.filter(profile=Profile.SEAL.value, revoked_at__isnull=True, not_after__gt=now()).order_by("issued_at")
    names = {label.removeprefix("seal/"): name for label, name in sealed.values_list("label", "organisation")}
    codes = set(names) | set(ServerDomain.objects.filter(removed_at__isnull=True).values_list("organisation", flat=True))
    return [_organisation(code, names.get(code, "")) for code in sorted(codes, key=lambda code: (names.get(code, ""), code))]


def organisation(*, actor: Actor, code: str) -> AcmeOrganisation:
    """:raises OrganisationWithoutSeal:"""
    _check(actor)
    return _organisation(code, organisation_name(code).organisation)


def add_domain(*, actor: Actor, organisation: str, name: str) -> None:
    """The same again changes nothing.

    :raises DomainRefused: no name of a server, or another organisation's.
    :raises OrganisationWithoutSeal:
    """
    _check(actor)
    organisation_name(organisation)
    wanted = entered(name)
    try:
        with transaction.atomic():
            ServerDomain.objects.create(organisation=organisation, name=wanted, added_at=now(), added_by=actor.person_id)
            audit.record(actor=actor, action="pki.add_server_domain", subject=f"organisation:{organisation}", name=wanted)
    except IntegrityError:  # it stands already, for them or for others
        if wanted not in domains(organisation):
            raise DomainRefused(f"{wanted} stands for another organisation") from None


def remove_domain(*, actor: Actor, organisation: str, name: str) -> None:
    """No new certificate for it; those that were issued stay until they end or are revoked."""
    _check(actor)
    with transaction.atomic():
        if ServerDomain.objects.filter(organisation=organisation, name=name, removed_at__isnull=True).update(removed_at=now()):
            audit.record(actor=actor, action="pki.remove_server_domain", subject=f"organisation:{organisation}", name=name)


def make_key(*, actor: Actor, organisation: str) -> AcmeKeySecret:
    """:raises OrganisationWithoutSeal:"""
    _check(actor)
    organisation_name(organisation)
    moment = now()
    with transaction.atomic():
        key = AcmeKey.objects.create(
            id=_new_name(),
            organisation=organisation,
            made_at=moment,
            made_by=actor.person_id,
            expires_at=moment + KEY_LIFETIME,
        )
        audit.record(actor=actor, action="pki.make_acme_key", subject=f"organisation:{organisation}", key=key.id)
    return AcmeKeySecret(id=key.id, secret=base64url(secret_of(key.id)), expires_at=key.expires_at)


def _new_name() -> str:
    """Neither it nor its secret begins with a hyphen: certbot, to which people hand them on a command line, would take that for an option."""
    while True:
        name = secrets.token_hex(10)
        if not base64url(secret_of(name)).startswith("-"):
            return name


def withdraw_key(*, actor: Actor, key_id: str) -> None:
    """It makes no account any more, and the account that it made may do nothing."""
    _check(actor)
    with transaction.atomic():
        if AcmeKey.objects.filter(id=key_id, withdrawn_at__isnull=True).update(withdrawn_at=now()):
            audit.record(actor=actor, action="pki.withdraw_acme_key", subject=f"acme_key:{key_id}")


def _check(actor: Actor) -> None:
    if actor.role not in {Role.ADMINISTRATOR, Role.SYSTEM}:
        raise NotAllowed(f"{actor} gives nobody's servers names or keys")


def _organisation(code: str, name: str) -> AcmeOrganisation:
    keys = AcmeKey.objects.filter(organisation=code, withdrawn_at__isnull=True).order_by("-made_at")
    accounts = {row.external_key_id: row for row in AcmeAccount.objects.filter(external_key__in=keys)}
    return AcmeOrganisation(
        code=code,
        name=name,
        domains=tuple(domains(code)),
        keys=tuple(_key(key, accounts.get(key.id)) for key in keys),
    )


def _key(key: AcmeKey, account: AcmeAccount | None) -> AcmeKeyInfo:
    made = None
    if account is not None:
        contact = tuple(one.removeprefix("mailto:") for one in account.contact)
        made = AcmeAccountInfo(made_at=account.made_at, contact=contact, active=account.status == "valid")
    return AcmeKeyInfo(id=key.id, made_at=key.made_at, expires_at=key.expires_at, account=made)
