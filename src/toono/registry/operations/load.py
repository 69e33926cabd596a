"""A configuration file becomes entries: each difference is drafted, and taken where a second person approves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction

import toono.pki.api as pki
from toono.kernel import audit
from toono.kernel.actor import Actor, system
from toono.kernel.clock import now
from toono.kernel.contract import Contract
from toono.kernel.settings import settings
from toono.pki.contracts import Profile
from toono.registry import models, queries
from toono.registry.contracts import Draft, Entry
from toono.registry.domain import document as documents
from toono.registry.domain import rules
from toono.registry.domain.document import ConfigurationDocument, Context, Place, Source
from toono.registry.errors import EntryRefused
from toono.registry.operations.drafts import draft_entry, enter
from toono.registry.operations.lock import lock_registry
from toono.registry.operations.publish import publish, subject_name

Text = TypeVar("Text", bound=Contract)
Take = Callable[[Entry], None]


def load_configuration(
    *, drafted_by: Actor, approved_by: Actor, document: str | Mapping[str, object], values: Mapping[str, str], name: str
) -> int:
    """Enter all of ``document`` or nothing; publish if anything changed. Returns the number of entries that changed."""
    rules.check_administrator(drafted_by)
    rules.check_two_persons(drafted_by=drafted_by.person_id, approver=approved_by)
    found, source = documents.read(document, name=name, values=values)
    changed: list[Entry] = []

    def take(entry: Entry) -> None:
        if enter(drafted_by=drafted_by, approved_by=approved_by, entry=entry):
            changed.append(entry)

    with transaction.atomic():
        lock_registry()
        _go_through(found, source, take)
        if changed or not models.PublishedConfiguration.objects.exists():
            audit.record(actor=approved_by, action="registry.load_configuration", subject=f"file:{name}", changed=len(changed))
            publish(actor=approved_by)
    return len(changed)


def draft_configuration(*, actor: Actor, document: str | Mapping[str, object], values: Mapping[str, str], name: str) -> tuple[Draft, ...]:
    """Draft every entry of ``document`` that differs from what stands. What it names must stand already."""
    rules.check_administrator(actor)
    found, source = documents.read(document, name=name, values=values)
    drafts: list[Draft] = []

    def take(entry: Entry) -> None:
        if queries.standing(rules.kind_of(entry), rules.subject_of(entry)) != entry:
            drafts.append(draft_entry(actor=actor, entry=entry))

    with transaction.atomic():
        _go_through(found, source, take)
    return tuple(drafts)


def _go_through(found: ConfigurationDocument, source: Source, take: Take) -> None:
    """Hand over every entry in the order in which they need each other.

    :raises DocumentRefused: naming the place of the first kind of entry that is refused.
    """
    purposes = {p.code: p for p in found.purposes}
    _each("organisations", found.organisations, lambda text: text, source, take)
    context = _context()
    _each("systems", found.systems, lambda text: documents.system_entry(text, context), source, take)
    _each("services", found.services, lambda text: documents.service_entry(text, context), source, take)
    _each("agreements", found.agreements, lambda text: documents.agreement(text, purposes, context), source, take)


def _each(part: str, texts: tuple[Text, ...], entry: Callable[[Text], Entry], source: Source, take: Take) -> None:
    documents.refuse(
        source.sentence(place, complaint)
        for number, text in enumerate(texts)
        for place, complaint in _complaints((part, number), text, entry, take)
    )


def _complaints(place: Place, text: Text, entry: Callable[[Text], Entry], take: Take) -> Iterator[tuple[Place, str]]:
    try:
        take(entry(text))
    except EntryRefused as refused:
        yield from ((place, sentence) for sentence in refused.data["sentences"])
    except ValueError as wrong:
        yield place, str(wrong)


def _context() -> Context:
    organisations = {o.code: o for o in queries.organisations()}

    def signer_credential(label: str, code: str) -> tuple[str, str]:
        """The platform's own client key, made by the signer if it is not there; its label is the key id."""
        info = pki.certificate_for(actor=system("registry"), key=label, profile=Profile.SYSTEM, subject=subject_name(organisations[code]))
        key = x509.load_pem_x509_certificate(info.pem.encode()).public_key()
        return info.key, key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    return Context(
        instance=settings().exchange_instance,
        classes={code: o.member_class for code, o in organisations.items()},
        now=now(),
        standing={a.id: a for a in queries.agreements()},
        signer_credential=signer_credential,
    )
