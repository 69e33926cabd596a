"""The question ``/asic`` of X-Road: signed documents of one message id, for one of its two parties.

Source: X-Road ``AsicContainerClientRequestProcessor.java``, UG-SS §11.2: parameters, their combinations, and statuses.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from toono.exchange import queries
from toono.exchange.contracts import Direction, EvidenceFile
from toono.exchange.domain.evidence import container, zips
from toono.exchange.errors import AsicNotFound, AsicNotStamped, AsicParametersContradict, AsicStampFailed
from toono.exchange.models import MessageRecord
from toono.exchange.operations.evidence import container_of, name_of
from toono.exchange.operations.stamp import stamp_pending
from toono.exchange.queries import Shelf
from toono.pki.errors import AuthoritiesMissing, SignerUnavailable

ZIP = "application/zip"


class Question(NamedTuple):
    """What is asked for."""

    client: str
    """System that asks, ``INSTANCE/CLASS/MEMBER/SUBSYSTEM``: it sees what it has sent or received."""
    message_id: str
    direction: Direction | None
    unique: bool
    """One container instead of a ZIP file; of several the newest."""
    force: bool
    """Give a time-stamp now to what has none."""


def answer(question: Question) -> EvidenceFile:
    """The container, or a ZIP file of them.

    :raises AsicParametersContradict: ``unique`` without a direction.
    :raises AsicNotFound: nothing that the client may see.
    :raises AsicNotStamped, AsicStampFailed, EvidenceIncomplete: there is no whole evidence yet, or it is damaged.
    """
    if question.unique and question.direction is None:
        raise AsicParametersContradict('The parameter "unique" needs "requestOnly" or "responseOnly".')
    records = _records(question)
    if not records:
        raise AsicNotFound("No signed documents were found.")
    shelf = _stamped(records, force=question.force)
    if question.unique:
        return EvidenceFile(name=name_of(records[-1]), media_type=container.MEDIA_TYPE, content=container_of(shelf, records[-1]))
    entries = [zips.Entry(name_of(record), container_of(shelf, record), packed=False) for record in records]
    return EvidenceFile(name=_zip_name(question), media_type=ZIP, content=zips.write(entries, at=_latest(records)))


def _records(question: Question) -> list[MessageRecord]:
    found = queries.records(message_id=question.message_id, party=question.client)
    return [r for r in found if r.signature is not None and question.direction in (None, Direction(r.direction))]


def _stamped(records: list[MessageRecord], *, force: bool) -> Shelf:
    shelf = Shelf()
    shelf.load(records)
    if all(_has_stamp(shelf, record) for record in records):
        return shelf
    if not force:
        raise AsicNotStamped("A signature has no time-stamp yet.")
    try:
        stamp_pending(at_once=True)
    except (SignerUnavailable, AuthoritiesMissing) as error:
        raise AsicStampFailed("The time-stamp could not be had.") from error
    shelf = Shelf()
    shelf.load(records)
    if not all(_has_stamp(shelf, record) for record in records):
        raise AsicStampFailed("The time-stamp could not be had.")
    return shelf


def _has_stamp(shelf: Shelf, record: MessageRecord) -> bool:
    return record.signature is not None and shelf.stamped(record.signature) is not None


def _latest(records: list[MessageRecord]) -> datetime:
    return max(record.at for record in records)


def _zip_name(question: Question) -> str:
    """``{message id}[-request|-response].zip``"""
    stem = container.file_name(question.message_id, question.direction or "all", 0).rsplit("-", 2)[0]
    return f"{stem}-{question.direction}.zip" if question.direction else f"{stem}.zip"
