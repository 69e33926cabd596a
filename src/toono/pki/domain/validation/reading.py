"""What the bytes of a signed file alone say, before anybody asks whom to trust. Plain data: it crosses a process's border as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict

from toono.kernel.contract import Contract
from toono.pki.contracts import Coverage, SignedFileKind, SubIndication
from toono.pki.domain.validation.tlv import TooLarge, Unread


class Record(Contract):
    """Bytes travel as base64."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


class StampReading(Record):
    """One RFC 3161 token."""

    kind: str
    """``signature``, ``content``, ``archive``, ``container`` or ``file``; see :class:`toono.pki.contracts.StampReport`."""
    time: datetime | None = None
    certificate: bytes | None = None
    """Of the unit that signed it, DER."""
    failure: SubIndication | None = None
    """What is wrong with it whoever signed it: its imprint, its own signature, its form."""
    algorithms: tuple[str, ...] = ()
    """As of a signature, with the digest of what it is over."""
    detail: str = ""


class SignatureReading(Record):
    """One signature: its cryptography is decided here, its worth is not."""

    id: str
    failure: SubIndication | None = None
    unread: bool = False
    """The failure is ours: it has a form that is not read here."""
    detail: str = ""
    certificate: bytes | None = None
    """The signer's, DER."""
    bound: bool = False
    """A signed attribute names the certificate (ESS, XAdES SigningCertificate, JAdES x5t)."""
    claimed_time: datetime | None = None
    algorithm: str = ""
    algorithms: tuple[str, ...] = ()
    """The signer's key and every digest on which the signature rests, by the names of ``algorithm_ends``."""
    coverage: Coverage = Coverage.WHOLE
    changes_permitted: bool = False
    """The signer allowed what was done afterwards (DocMDP)."""
    covered: tuple[str, ...] = ()
    stamps: tuple[StampReading, ...] = ()
    material: bool = False
    """The file itself carries revocation material."""


class Reading(Record):
    """A whole file."""

    kind: SignedFileKind = SignedFileKind.UNKNOWN
    signatures: tuple[SignatureReading, ...] = ()
    stamp: StampReading | None = None
    """The file is a time-stamp and nothing else."""
    certificates: tuple[bytes, ...] = ()
    """All that stand in it, DER; in no order, none of them trusted."""
    lists: tuple[bytes, ...] = ()
    """Revocation lists, DER."""
    answers: tuple[bytes, ...] = ()
    """OCSP responses, DER."""
    uncovered: tuple[str, ...] = ()
    failure: SubIndication | None = None
    """The file as a whole cannot be read."""
    unread: bool = False
    """As of a signature."""
    detail: str = ""


def unreadable(error: Exception) -> SubIndication:
    """What a reader's failure means: a broken form, or only that the file is larger than is looked at or not read here, which proves nothing."""
    return SubIndication.GENERIC if isinstance(error, TooLarge | Unread) else SubIndication.FORMAT_FAILURE


def refused(kind: SignedFileKind, error: Exception) -> Reading:
    """The reading of a file that its reader gave up."""
    return Reading(kind=kind, failure=unreadable(error), unread=isinstance(error, Unread), detail=str(error)[:300])


class Material:
    """Collects certificates and revocation material of a file, each once, within bounds. More than the bounds is left out."""

    def __init__(self, certificates: int, total_bytes: int) -> None:
        self._most, self._room = certificates, total_bytes
        self.certificates: dict[bytes, None] = {}
        self.lists: dict[bytes, None] = {}
        self.answers: dict[bytes, None] = {}

    def add_certificate(self, der: bytes) -> None:
        if len(self.certificates) < self._most and len(der) <= 64 * 1024:
            self.certificates.setdefault(der)

    def add_list(self, der: bytes) -> None:
        self._add(self.lists, der)

    def add_answer(self, der: bytes) -> None:
        self._add(self.answers, der)

    @property
    def any_status(self) -> bool:
        return bool(self.lists or self.answers)

    def _add(self, place: dict[bytes, None], der: bytes) -> None:
        if der not in place and len(der) <= self._room and len(place) < self._most:
            self._room -= len(der)
            place[der] = None
