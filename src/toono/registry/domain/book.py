"""A working copy of the registry: what stands, and what a file would make of it. Pure; nothing is stored.

The same walk makes the plan and the entries that are then written, so that what was planned is what happens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from toono.registry.contracts import Agreement, Change, DraftKind, Entry, Organisation, ServiceEntry, SystemEntry
from toono.registry.domain import rules

Key = tuple[DraftKind, str]


def same(one: Entry | None, other: Entry | None) -> bool:
    """Whether two entries say the same; the version of an agreement is counted by the registry and says nothing."""
    if isinstance(one, Agreement) and isinstance(other, Agreement):
        return one.model_copy(update={"version": other.version}) == other
    return one == other


class Book:
    """All entries, in memory, with what the rules ask kept beside them."""

    def __init__(self, entries: Iterable[Entry], *, instance: str, production: bool, now: datetime) -> None:
        self._now = now
        self.entries: dict[Key, Entry] = {}
        self._organisations: dict[str, Organisation] = {}
        self._registers: dict[str, str] = {}
        self._systems: set[str] = set()
        self._services: dict[str, ServiceEntry] = {}
        self._keys: dict[str, str] = {}
        self._dependants: defaultdict[Key, set[Key]] = defaultdict(set)
        self.known = rules.Known(
            instance=instance, production=production, organisations=self._organisations, register_holders=self._registers,
            systems=self._systems, services=self._services, key_holders=self._keys,
        )  # fmt: skip
        for entry in entries:
            self._note(entry)

    def put(self, entry: Entry) -> Change | None:
        """Let ``entry`` stand; None if it stands so already. :raises EntryRefused: it contradicts itself or the others."""
        key = (rules.kind_of(entry), rules.subject_of(entry))
        before = self.entries.get(key)
        if same(before, entry):
            return None
        rules.check(entry, self.known)
        if before is not None:
            self._forget(before)
        self._note(entry)
        return Change(kind=key[0], subject=key[1], before=before, after=entry)

    def remove(self, key: Key) -> Change:
        """Let an entry that stands go. :raises EntryRefused: something needs it."""
        entry = self.entries[key]
        rules.check_removal(entry, sorted(f"{kind} {subject}" for kind, subject in self._dependants[key]))
        self._forget(entry)
        return Change(kind=key[0], subject=key[1], before=entry, after=None)

    def _note(self, entry: Entry) -> None:
        key = (rules.kind_of(entry), rules.subject_of(entry))
        self.entries[key] = entry
        for needed in self._needs(entry):
            self._dependants[needed].add(key)
        match entry:
            case Organisation():
                self._organisations[entry.code] = entry
                self._registers[entry.register_number] = entry.code
            case SystemEntry():
                self._systems.add(entry.id)
                self._keys.update({c.key_id: entry.id for c in entry.credentials})
            case ServiceEntry():
                self._services[entry.id] = entry

    def _forget(self, entry: Entry) -> None:
        key = (rules.kind_of(entry), rules.subject_of(entry))
        del self.entries[key]
        for needed in self._needs(entry):
            self._dependants[needed].discard(key)
        match entry:
            case Organisation():
                del self._organisations[entry.code]
                del self._registers[entry.register_number]
            case SystemEntry():
                self._systems.discard(entry.id)
                for credential in entry.credentials:
                    del self._keys[credential.key_id]
            case ServiceEntry():
                del self._services[entry.id]

    def _needs(self, entry: Entry) -> tuple[Key, ...]:
        """An agreement that has ended holds nothing any more."""
        ended = isinstance(entry, Agreement) and entry.valid_until <= self._now
        return () if ended else rules.needs(entry)
