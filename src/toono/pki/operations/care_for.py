"""Long-term care: one more archive time-stamp before the newest one's certificate or algorithm ends."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from toono.kernel.clock import now
from toono.kernel.errors import ToonoError
from toono.pki import queries
from toono.pki.contracts import KeptFiles, Profile
from toono.pki.domain.signatures import care
from toono.pki.domain.signatures.care import Outlook
from toono.pki.domain.signatures.kinds import RAISING, Found, Kind, each, kind_of
from toono.pki.errors import CertificateNotFound
from toono.pki.operations.time_stamp import time_stamp
from toono.pki.operations.validation_material import material_for

KEEPERS: dict[str, KeptFiles] = {}
"""Who keeps files, by name; filled when a process starts."""
FILES_A_RUN = 2000
FILES_AT_ONCE = 50
LATER = timedelta(days=1)
"""When a file that could not be cared for is looked at again."""
YEARLY = timedelta(days=365)
"""When a file that is not ours to care for is looked at again: what it needs may have become possible."""

log = logging.getLogger("toono.pki")


def care_for(*, content: bytes, name: str) -> bytes | None:
    """The file with an archive time-stamp more for each signature that needs one, or None."""
    read = _read(content)
    if read is None:
        log.info("%s is not a signed file that is cared for here", name)
        return None
    kind, signatures = read
    grown, proven = content, []
    for held in filter(_is_due, signatures):
        try:
            grown = RAISING[kind].with_material(grown, material_for(held.all_certificates), value=held.value)
            proven.append(held.value)
        except CertificateNotFound:
            log.info("%s has a signature with a certificate that our register does not hold", name)
    for value in proven:
        # Read anew, after all have their material: the stamp of a container covers all its signatures at once.
        if _is_due(next(one for one in each(kind, grown) if one.value == value)):
            try:
                grown = RAISING[kind].archive_time_stamped(grown, lambda digest: time_stamp(digest=digest), value=value)
            except ValueError:
                log.info("%s is signed over something that is not in it", name)
                return None
    return grown if proven else None


def _is_due(held: Found) -> bool:
    outlook = care.outlook(held)
    return outlook.is_due(now()) and _would_help(outlook)


def care_due_at(*, content: bytes) -> datetime | None:
    """When it is due, or None."""
    read = _read(content)
    return min(care.outlook(one).due_at for one in read[1]) if read else None


def care_for_kept_files() -> int:
    """Over all keepers, some files at a time. A file that fails is tried again tomorrow and holds up no other."""
    return sum(_care_for_files_of(keeper) for keeper in KEEPERS.values())


def _care_for_files_of(keeper: KeptFiles) -> int:
    cared = seen = 0
    while seen < FILES_A_RUN:
        due = keeper.due(at=now(), limit=FILES_AT_ONCE)
        for file in due:
            try:
                grown = care_for(content=file.content, name=file.name)
            except ToonoError:
                log.exception("%s of %s could not be cared for", file.id, keeper.name)
                keeper.cared(file_id=file.id, content=None, next_at=now() + LATER)
                continue
            keeper.cared(file_id=file.id, content=grown, next_at=_next(grown or file.content))
            cared += grown is not None
        seen += len(due)
        if len(due) < FILES_AT_ONCE:
            break
    return cared


def _next(content: bytes) -> datetime:
    due_at = care_due_at(content=content)
    return max(due_at, now() + LATER) if due_at else now() + YEARLY


def _would_help(outlook: Outlook) -> bool:
    """Whether a stamp given now lasts longer than what is there. Else the unit itself must be replaced first."""
    unit = queries.authority(Profile.TIMESTAMP)
    return care.unit_end(queries.parsed(unit.pem)) > outlook.until


def _read(content: bytes) -> tuple[Kind, list[Found]] | None:
    kind = kind_of(content)
    if kind is None:
        return None
    try:
        held = each(kind, content)
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return (kind, held) if all(one.certificates or one.stamps or one.archive_stamps for one in held) else None
