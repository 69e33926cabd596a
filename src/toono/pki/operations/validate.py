"""Validate any signed file: read it in a process of its own, join it with what we trust and know, judge, say it in words."""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO

from cryptography import x509

from toono.kernel.clock import now
from toono.kernel.text import clean
from toono.pki import queries
from toono.pki.adapters import fetching, file_reader
from toono.pki.contracts import Indication, SignatureReport, StampReport, SubIndication, ValidationReport
from toono.pki.domain.validation import judging, limits, paths
from toono.pki.domain.validation.judging import World
from toono.pki.domain.validation.reading import Reading
from toono.pki.domain.validation.status import Status
from toono.pki.errors import SignedFileTooLarge
from toono.pki.operations import validation_words

PIECE_BYTES = 1024 * 1024
OWN_SOURCE = "Тооно"

log = logging.getLogger("toono.pki")


def validate(*, name: str, content: bytes | BinaryIO, signed_content: bytes | BinaryIO | None = None) -> ValidationReport:
    """The report; nothing of the file is kept."""
    with _on_disk(content) as file, _on_disk(signed_content) as signed:
        assert file is not None  # noqa: S101 - for the type: content is never None
        size, digest = _measured(file)
        reading = file_reader.read(file, signed)
    report = _joined(reading, name=clean(name)[:200], size=size, digest=digest, at=now())
    log.info("validated %s of %d bytes: %s %s", report.kind, size, report.indication, report.sub_indication or "")
    return validation_words.explained(report)


def _joined(reading: Reading, *, name: str, size: int, digest: str, at: datetime) -> ValidationReport:
    world = _world(reading, at)
    reports, stamp, detail, missing = _judged(reading, world)
    if missing and (fetched := fetching.fetch(_askable(missing, world), at=at)):
        world = replace(world, lists=(*world.lists, *fetched.lists), answers=(*world.answers, *fetched.answers))
        reports, stamp, detail, missing = _judged(reading, world)
    if stamp is not None:
        indication, failure = stamp.indication, stamp.sub_indication
    else:
        indication, failure, detail = _answer(reading, reports)
    return ValidationReport(
        name=name,
        size_bytes=size,
        sha256=digest,
        kind=reading.kind,
        indication=indication,
        sub_indication=failure,
        unread=reading.unread,
        signatures=reports,
        stamp=stamp,
        uncovered=reading.uncovered[: limits.NAMES_TOLD],
        checked_at=at,
        detail=detail,
    )


def _judged(
    reading: Reading, world: World
) -> tuple[tuple[SignatureReport, ...], StampReport | None, str, dict[tuple[x509.Certificate, x509.Certificate], None]]:
    """The signatures; the time-stamp, if the file is one, with what is wrong with it for experts; and what could be asked elsewhere."""
    judged = [judging.judge(one, world) for one in reading.signatures]
    missing = {pair: None for one in judged for pair in one.missing}
    if reading.stamp is None:
        return tuple(one.report for one in judged), None, "", missing
    stamp, worth = judging.judge_stamp(reading.stamp, world)
    return (), stamp, worth.detail, dict.fromkeys(worth.missing)


def _answer(reading: Reading, reports: tuple[SignatureReport, ...]) -> tuple[Indication, SubIndication | None, str]:
    """For the whole file: that of the worst signature, and files that nobody signed."""
    if reading.failure is not None:
        return judging.indication(reading.failure), reading.failure, reading.detail
    if not reports:
        return Indication.INDETERMINATE, None, ""
    worst = judging.worst(reports)
    if worst.sub_indication is None and reading.uncovered:
        return Indication.INDETERMINATE, SubIndication.SIG_CONSTRAINTS_FAILURE, "the container holds files that nobody signed"
    return worst.indication, worst.sub_indication, worst.detail


def _world(reading: Reading, at: datetime) -> World:
    own = queries.authorities_ever()
    stamps = (stamp.certificate for one in reading.signatures for stamp in one.stamps)
    alone = reading.stamp.certificate if reading.stamp else None
    encoded = {der for der in (*reading.certificates, *stamps, alone, *(one.certificate for one in reading.signatures)) if der}
    known = World(
        now=at,
        anchors=(),
        certificates=own,
        register={**_registered(encoded, at), **_registered((paths.der(one) for one in own), at)},
    )
    return judging.world_of(reading, now=at, anchors=[*queries.own_anchors(OWN_SOURCE), *queries.loaded_anchors(at)], more=known)


def _registered(encoded: Iterable[bytes], at: datetime) -> dict[bytes, Status]:
    """What our register says of certificates that it holds, bit for bit: a serial number alone would let a stranger borrow a status."""
    wanted = {der: certificate for der in encoded if (certificate := paths.parsed(der)) is not None}
    rows = queries.by_serials({queries.hexadecimal(certificate.serial_number) for certificate in wanted.values()})
    found = {}
    for der, certificate in wanted.items():
        row = rows.get(queries.hexadecimal(certificate.serial_number))
        if row is not None and paths.der(queries.parsed(row.pem)) == der:
            found[der] = Status("register", at, None, row.revoked_at, row.reason)
    return found


def _askable(missing: Iterable[tuple[x509.Certificate, x509.Certificate]], world: World) -> list[tuple[x509.Certificate, x509.Certificate]]:
    """Those whose authority is on a loaded list. Ours we need not ask, and an address in a stranger's certificate is never called."""
    own = set(queries.authorities_ever())
    return [pair for pair in missing if pair[1] not in own][: fetching.AT_MOST]


@contextmanager
def _on_disk(content: bytes | BinaryIO | None) -> Iterator[BinaryIO | None]:
    """The content as a file without a name, gone with its descriptor.

    :raises SignedFileTooLarge:
    """
    if content is None:
        yield None
        return
    if not isinstance(content, bytes):
        try:
            content.fileno()
        except (OSError, AttributeError):
            content.seek(0)
            content = content.read(limits.FILE_BYTES + 1)
    if not isinstance(content, bytes):
        yield content
        return
    if len(content) > limits.FILE_BYTES:
        raise SignedFileTooLarge(f"{len(content)} bytes")
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file


def _measured(file: BinaryIO) -> tuple[int, str]:
    """Size and SHA-256.

    :raises SignedFileTooLarge:
    """
    file.seek(0)
    size, state = 0, hashlib.sha256()
    while piece := file.read(PIECE_BYTES):
        size += len(piece)
        state.update(piece)
        if size > limits.FILE_BYTES:
            raise SignedFileTooLarge(f"more than {limits.FILE_BYTES} bytes")
    return size, state.hexdigest()
