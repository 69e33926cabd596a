"""Status answers kept in the memory of a process, so that what many ask is signed once.

What is kept is given only while the process is known to hear of changes: the database tells every change of a certificate
(``adapters/status_changes.py``), and each beat of that listening confirms that nothing was missed. Without a beat in the last second
nothing kept is given, and the database is asked every time: a revocation is seen by every process within a second, whatever fails.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from toono.pki.contracts import StatusAnswer
from toono.pki.domain.status import Responder, Status
from toono.pki.domain.status_requests import CertificateId

MOST_ANSWERS = 20_000
"""About 25 MB. Only certificates that exist are kept, in the few ways in which one can be asked about."""
TRUSTED_SECONDS = 0.9
RENEWED_AFTER = timedelta(minutes=30)
"""Half of an answer's life."""


@dataclass(frozen=True)
class Answering:
    """An authority about whose certificates may be asked."""

    serials: frozenset[str]
    """Of every certificate of this name and key."""
    responder: Responder
    """The delegate; where there is none, the authority itself."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and what it was made from: enough to sign another with somebody's nonce."""

    answer: StatusAnswer
    answering: Answering
    status: Status


class KeptAnswers:
    """Answers by certificate and by the form of the question. Safe for threads."""

    def __init__(self) -> None:
        self._answers: dict[int, dict[bytes, Kept]] = {}
        self._count = 0
        self._lock = threading.Lock()
        self._confirmed = float("-inf")
        self.generation = 0
        """Counts what was heard. Read it before the database; what was read is kept only if nothing was heard since."""

    @property
    def trusted(self) -> bool:
        """Whether all that was committed until a second ago has been heard."""
        return time.monotonic() - self._confirmed < TRUSTED_SECONDS

    def find(self, asked: CertificateId, now: datetime) -> Kept | None:
        """What is kept of this question, if it may be used."""
        of_certificate = self._answers.get(asked.serial)
        kept = of_certificate.get(asked.encoded) if of_certificate else None
        if kept is None or kept.answer.produced_at is None or not self.trusted:
            return None
        return kept if kept.answer.produced_at <= now < kept.answer.produced_at + RENEWED_AFTER else None

    def keep(self, asked: CertificateId, kept: Kept, generation: int) -> None:
        """Keep an answer made from what was read at ``generation``; those kept longest give way."""
        with self._lock:  # for some microseconds: that forgetting and keeping do not pass each other
            if generation != self.generation:
                return
            of_certificate = self._answers.setdefault(asked.serial, {})
            self._count += asked.encoded not in of_certificate
            of_certificate[asked.encoded] = kept
            while self._count > MOST_ANSWERS:
                self._count -= len(self._answers.pop(next(iter(self._answers))))

    def forget(self, serial: int | None) -> None:
        """A certificate has changed; None: forget all."""
        with self._lock:
            self.generation += 1
            if serial is None:
                self._answers, self._count = {}, 0
            else:
                self._count -= len(self._answers.pop(serial, {}))

    def confirm(self, begun: float) -> None:
        """All that was committed before the moment ``begun`` (monotonic) has been heard."""
        self._confirmed = begun

    def __len__(self) -> int:
        return self._count
