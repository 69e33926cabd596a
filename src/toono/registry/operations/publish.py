"""Publication: what the registry holds, signed, under a version that only rises."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction

import toono.pki.api as pki
from toono.kernel import audit
from toono.kernel.actor import Actor, Role, system
from toono.kernel.clock import now
from toono.kernel.settings import settings
from toono.pki.contracts import CertificateInfo, Profile, SubjectName
from toono.pki.errors import CertificateWithdrawn
from toono.registry import models
from toono.registry.contracts import ExchangeConfiguration, MemberEntry, Organisation
from toono.registry.domain.identifiers import organisation_of
from toono.registry.domain.selection import (
    carried_agreements,
    carried_services,
    carried_systems,
    is_due,
    next_version,
)
from toono.registry.errors import AdministratorRequired, ConfigurationRefused, PublicationRefused
from toono.registry.operations.lock import lock_registry
from toono.registry.queries import entries, publications
from toono.registry.verification import TYPE, verify_configuration

KEY = "configuration"
PLATFORM = SubjectName(common_name="Toono exchange configuration", organisation="Тооно", register_number="0000000")
"""The platform itself. No legal entity has this register number."""


def publish_configuration(*, actor: Actor) -> int:
    """Publish what stands now; returns the version."""
    if actor.role not in {Role.ADMINISTRATOR, Role.SYSTEM}:
        raise AdministratorRequired(f"{actor} may not publish")
    with transaction.atomic():
        lock_registry()
        return publish(actor=actor)


def publish_if_due(*, actor: Actor) -> int | None:
    """Publish again when half of the validity has passed, or when nothing was published yet; else None.

    Whether it is due is asked under the lock, so two workers at the same time publish once.
    """
    with transaction.atomic():
        lock_registry()
        last = publications.publication()
        if last and not is_due(issued_at=last.issued_at, expires_at=last.expires_at, now=now()):
            return None
        return publish(actor=actor)


def publish(*, actor: Actor) -> int:
    """Build, sign, check and store. The caller holds the lock."""
    last = publications.publication()
    configuration = _configuration(next_version(last.version if last else None, now()))
    jws = _signed(configuration)
    _check(jws, last.version if last else 0)
    digest = hashlib.sha256(jws.encode()).hexdigest()
    models.PublishedConfiguration.objects.create(
        version=configuration.version, issued_at=configuration.issued_at, expires_at=configuration.expires_at,
        digest=digest, jws=jws,
    )  # fmt: skip
    audit.record(
        actor=actor, action="registry.publish_configuration", subject=f"configuration:{configuration.version}",
        digest=digest, agreements=len(configuration.agreements),
    )  # fmt: skip
    return configuration.version


def _signed(configuration: ExchangeConfiguration) -> str:
    """The configuration with the signer's certificate and the authorities above it in its header."""
    info = pki.certificate_for(actor=system("registry"), key=KEY, profile=Profile.CONFIGURATION, subject=PLATFORM)
    return pki.sign_jws(
        key=info.key, payload=configuration.model_dump(mode="json"), typ=TYPE, kid=info.serial,
        chain=(info.pem, *info.chain_pem),
    )  # fmt: skip


def _check(jws: str, lowest_version: int) -> None:
    """What a gateway would refuse is never given out."""
    try:
        verify_configuration(
            jws, anchors_pem=pki.trust_anchors(), now=now(),
            lowest_version=lowest_version, instance=settings().exchange_instance,
        )  # fmt: skip
    except ConfigurationRefused as error:
        raise PublicationRefused(f"gateways would refuse the new configuration: {error}") from error


def _configuration(version: int) -> ExchangeConfiguration:
    systems, issued_at, exchange = entries.systems(), now(), entries.exchange()
    certified = _certified({organisation_of(s.id) for s in systems})
    members = frozenset(organisation.code for organisation, _ in certified)
    return ExchangeConfiguration(
        instance=settings().exchange_instance,
        version=version,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(hours=settings().configuration_validity_hours),
        trusted_certificates_pem=_authorities(info for _, info in certified),
        members=tuple(_member(organisation, info, exchange.homes.get(organisation.code)) for organisation, info in certified),
        systems=carried_systems(systems, members),
        services=carried_services(entries.services(), members),
        agreements=carried_agreements(entries.published_agreements(), members, issued_at),
        gateways=exchange.gateways,
        issuers=exchange.issuers,
        policy=exchange.policy,
    )


def _certified(codes: Iterable[str]) -> list[tuple[Organisation, CertificateInfo]]:
    """Each organisation with the certificate of its messages; one whose right was withdrawn is left out."""
    organisations = {o.code: o for o in entries.organisations()}
    found = []
    for code in sorted(codes):
        try:
            found.append((organisations[code], _certificate(organisations[code])))
        except CertificateWithdrawn:
            continue
    return found


def _certificate(organisation: Organisation) -> CertificateInfo:
    return pki.certificate_for(
        actor=system("registry"), key=f"exchange/{organisation.code}", profile=Profile.EXCHANGE,
        subject=subject_name(organisation),
    )  # fmt: skip


def subject_name(organisation: Organisation) -> SubjectName:
    """The organisation in a certificate; a long name is cut there, its register number is what counts."""
    return SubjectName.of(organisation.name_mn, organisation.register_number)


def _member(organisation: Organisation, info: CertificateInfo, gateway: str | None) -> MemberEntry:
    return MemberEntry(
        id=f"{settings().exchange_instance}/{organisation.member_class}/{organisation.code}",
        name_mn=organisation.name_mn,
        name_en=organisation.name_en,
        signing_key=info.key,
        certificate_pem=info.pem,
        gateway=gateway,
    )


def _authorities(certificates: Iterable[CertificateInfo]) -> tuple[str, ...]:
    """Root and issuing authorities, each once."""
    chains = [pem for info in certificates for pem in info.chain_pem]
    return tuple(dict.fromkeys([*pki.trust_anchors(), *chains]))
