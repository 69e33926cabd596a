"""A configuration file becomes changes: planned, drafted one by one, or entered at once where two administrators stand for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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
from toono.registry import models
from toono.registry.contracts import Agreement, Change, Draft, DraftKind, Entry, ExchangeEntry, Organisation, Plan
from toono.registry.domain import document as documents
from toono.registry.domain import persons, rules
from toono.registry.domain.book import Book, Key
from toono.registry.domain.document import ConfigurationDocument, Context, Place, Source
from toono.registry.domain.identifiers import EXCHANGE
from toono.registry.errors import EntryRefused
from toono.registry.operations.drafts import draft_change, enter
from toono.registry.operations.lock import lock_registry
from toono.registry.operations.publish import PLATFORM, publish, subject_name
from toono.registry.queries import entries

Text = TypeVar("Text", bound=Contract)
Document = str | Mapping[str, object]
_GOES = (DraftKind.SERVICE, DraftKind.SYSTEM, DraftKind.ORGANISATION)
"""Order in which what is not named is removed, after the agreements."""


def plan_configuration(*, document: Document, values: Mapping[str, str], name: str, prune: bool) -> Plan:
    """What entering ``document`` would change. Nothing is written."""
    return _planned(document, values=values, name=name, prune=prune)


def load_configuration(
    *, drafted_by: Actor, approved_by: Actor, document: Document, values: Mapping[str, str], name: str, prune: bool
) -> int:
    """Enter all of ``document`` or nothing; publish if anything changed. Returns the number of entries that changed."""
    persons.check_administrator(drafted_by)
    persons.check_two_persons(drafted_by=drafted_by.person_id, approver=approved_by)
    with transaction.atomic():
        lock_registry()
        changes = _planned(document, values=values, name=name, prune=prune).changes
        if changes or not models.PublishedConfiguration.objects.exists():
            enter(drafted_by=drafted_by, approved_by=approved_by, changes=changes)
            audit.record(actor=approved_by, action="registry.load_configuration", subject=f"file:{name}", changed=len(changes))
            publish(actor=approved_by)
    return len(changes)


def draft_configuration(*, actor: Actor, document: Document, values: Mapping[str, str], name: str) -> tuple[Draft, ...]:
    """Draft every entry of ``document`` that differs from what stands."""
    persons.check_administrator(actor)
    with transaction.atomic():
        changes = _planned(document, values=values, name=name, prune=False).changes
        return tuple(draft_change(actor=actor, change=change) for change in changes)


def _planned(document: Document, *, values: Mapping[str, str], name: str, prune: bool) -> Plan:
    found, source = documents.read(document, name=name, values=values)
    return _Walk(entries.book(now()), found, source).plan(prune=prune)


@dataclass
class _Walk:
    """Goes through a file in the order in which its entries need each other, and keeps what changes."""

    book: Book
    found: ConfigurationDocument
    source: Source

    def plan(self, *, prune: bool) -> Plan:
        """:raises DocumentRefused: naming the place of the first kind of entry that is refused."""
        standing = frozenset(self.book.entries) - {(DraftKind.EXCHANGE, EXCHANGE)}
        self.named: set[Key] = set()
        self.changes: list[Change] = []
        found, purposes = self.found, {p.code: p for p in self.found.purposes}
        self._each("organisations", found.organisations, lambda text: text)
        context = _context(self.book)
        self._each("systems", found.systems, lambda text: documents.system_entry(text, context))
        self._each("services", found.services, lambda text: documents.service_entry(text, context))
        self._each("agreements", found.agreements, lambda text: documents.agreement(text, purposes, context))
        self._exchange(context)
        unnamed = standing - self.named
        if prune:
            self._prune(unnamed)
        return Plan(changes=tuple(self.changes), unnamed=len(unnamed))

    def _each(self, part: str, texts: tuple[Text, ...], entry: Callable[[Text], Entry]) -> None:
        documents.refuse(
            self.source.sentence(place, complaint)
            for number, text in enumerate(texts)
            for place, complaint in self._complaints((part, number), lambda text=text: entry(text))  # type: ignore[misc]
        )

    def _exchange(self, context: Context) -> None:
        if self.found.gateways is None and self.found.issuers is None and self.found.policy is None:
            return
        entry = self.book.entries.get((DraftKind.EXCHANGE, EXCHANGE))
        standing = entry if isinstance(entry, ExchangeEntry) else ExchangeEntry()
        made = self._complaints(("gateways, issuers, policy",), lambda: documents.exchange_entry(self.found, standing, context))
        documents.refuse(self.source.sentence(place, complaint) for place, complaint in made)

    def _complaints(self, place: Place, entry: Callable[[], Entry]) -> Iterator[tuple[Place, str]]:
        try:
            self._take(entry())
        except EntryRefused as refused:
            yield from ((place, sentence) for sentence in refused.data["sentences"])
        except ValueError as wrong:
            yield place, str(wrong)

    def _take(self, entry: Entry) -> None:
        key = (rules.kind_of(entry), rules.subject_of(entry))
        if key in self.named:
            raise ValueError(f"{key[0]} {key[1]} stands twice")
        self.named.add(key)
        change = self.book.put(entry)
        if change is not None:
            self.changes.append(change)

    def _prune(self, unnamed: frozenset[Key]) -> None:
        """Agreements end before anything is entered, so that what they held is free; the rest goes afterwards."""
        agreements = [self.book.remove(key) for key in sorted(unnamed) if key[0] is DraftKind.AGREEMENT]
        self.changes[:0] = agreements
        complaints: list[str] = []
        for kind in _GOES:
            for key in sorted(key for key in unnamed if key[0] is kind):
                try:
                    self.changes.append(self.book.remove(key))
                except EntryRefused as refused:
                    complaints += [f"{self.source.name}: {kind} {key[1]} cannot be removed: {s}." for s in refused.data["sentences"]]
        documents.refuse(complaints)


def _context(book: Book) -> Context:
    organisations = {e.code: e for e in book.entries.values() if isinstance(e, Organisation)}

    def signer_credential(label: str, code: str) -> tuple[str, str]:
        """The platform's own client key, made by the signer if it is not there; its label is the key id."""
        info = pki.certificate_for(actor=system("registry"), key=label, profile=Profile.SYSTEM, subject=subject_name(organisations[code]))
        return info.key, _public_key(info.pem)

    def issuer_key(label: str) -> str:
        """The key by which the platform itself vouches for a citizen, made by the signer if it is not there."""
        profile = Profile.TOKEN if label.startswith("identity/") else Profile.SYSTEM
        return _public_key(pki.certificate_for(actor=system("registry"), key=label, profile=profile, subject=PLATFORM).pem)

    return Context(
        instance=settings().exchange_instance,
        classes={code: o.member_class for code, o in organisations.items()},
        now=now(),
        standing={e.id: e for e in book.entries.values() if isinstance(e, Agreement)},
        signer_credential=signer_credential,
        issuer_key=issuer_key,
    )


def _public_key(certificate_pem: str) -> str:
    key = x509.load_pem_x509_certificate(certificate_pem.encode()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
