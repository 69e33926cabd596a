"""Messages are archived once, in files that verify alone and follow each other, and a kill at any line changes nothing of that."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import randrange
from typing import Any

import pytest

from toono.exchange.adapters.storage.folder import FolderStorage
from toono.exchange.domain import archives
from toono.exchange.domain.evidence import archive as form
from toono.exchange.domain.evidence import container
from toono.exchange.errors import ArchiveUnavailable
from toono.exchange.tests.written import Writer, Written
from toono.kernel import clock


@pytest.mark.parametrize(
    ("moment", "begin", "end"),
    [
        ("2026-11-22T00:00:00+00:00", "2026-11-22T00:00:00+00:00", "2026-11-22T06:00:00+00:00"),
        ("2026-11-22T05:59:59.999999+00:00", "2026-11-22T00:00:00+00:00", "2026-11-22T06:00:00+00:00"),
        ("2026-11-30T23:30:00+00:00", "2026-11-30T18:00:00+00:00", "2026-12-01T00:00:00+00:00"),
        ("2026-11-22T07:59:00+08:00", "2026-11-21T18:00:00+00:00", "2026-11-22T00:00:00+00:00"),
    ],
)
def test_a_day_has_four_spans(moment: str, begin: str, end: str) -> None:
    assert archives.span(datetime.fromisoformat(moment)) == archives.Span(datetime.fromisoformat(begin), datetime.fromisoformat(end))


def test_the_name_is_as_x_roads_and_begins_the_digest_of_the_file() -> None:
    moment = datetime(2026, 11, 22, 7, 8, 9, tzinfo=UTC)
    name = archives.name("standard", moment, moment + timedelta(minutes=1), b"x")
    assert name == f"mlog-standard-20261122070809-20261122070909-{hashlib.sha512(b'x').hexdigest()[:16]}.zip"
    assert re.fullmatch(r"mlog(-\w+)?-\d{14}-\d{14}-[0-9a-f]{16}\.zip", name)


# -- with the database -------------------------------------------------------------------------------------------


@pytest.fixture
def begin(stack: Any) -> Iterator[datetime]:
    """Begin of a span long ago. All that the test does is taken back, and no older message and no archive is in its way."""
    from django.db import connection, transaction

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # past the guards, for this transaction
            cursor.execute("DELETE FROM exchange_archive")
            cursor.execute("DELETE FROM exchange_messagerecord")
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2000 + randrange(3000))
        yield day + timedelta(hours=6)
        transaction.set_rollback(True)


@pytest.fixture
def folder(tmp_path: Path, stack: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive in a folder of the test's own."""
    from toono.exchange.operations import archive

    monkeypatch.setattr(archive, "storage", lambda _: FolderStorage(tmp_path))
    return tmp_path


@pytest.fixture
def writer(stack: Any) -> Writer:
    return Writer(stack.settings)


def stamp() -> None:
    from toono.exchange.operations.stamp import stamp_pending

    stamp_pending(at_once=True, look_back_seconds=20 * 365 * 86_400)


def write(writer: Writer, moment: datetime, *, bodies: int = 10, count: int = 4) -> list[Written]:
    made = []
    for n in range(count):
        made += writer.batch([writer.message(body=b"x" * bodies), writer.message()], at=moment + timedelta(milliseconds=100 * n))
    return made


def archive_at(moment: datetime) -> list[str]:
    from toono.exchange.operations.archive import archive_due

    with clock.at(moment):
        return archive_due()


def messages_in(folder: Path, names: list[str]) -> list[bytes]:
    found = []
    for name in names:
        for content in form.verify((folder / name).read_bytes()).containers.values():
            found.append(container.read(content)["message.xml"])
    return found


def test_a_span_that_is_over_is_archived_whole_and_once(writer: Writer, begin: datetime, folder: Path) -> None:
    from toono.exchange.models import Archive

    written = write(writer, begin + timedelta(hours=1)) + write(writer, begin + timedelta(hours=5, minutes=59))
    stamp()
    assert archive_at(begin + timedelta(hours=6, minutes=14)) == []  # it may not have settled
    [name] = archive_at(begin + timedelta(hours=6, minutes=15))
    assert archive_at(begin + timedelta(hours=6, minutes=16)) == []
    assert sorted(messages_in(folder, [name])) == sorted(m.head for m in written)
    row = Archive.objects.get(name=name)
    assert (row.begin, row.end, row.messages, row.retention) == (begin, begin + timedelta(hours=6), 16, "standard")
    content = (folder / name).read_bytes()
    assert (row.size, bytes(row.digest), bytes(row.previous)) == (len(content), form.last_digest(content), bytes(64))
    assert hashlib.sha512(content).hexdigest()[:16] in name


def test_archives_of_a_class_follow_each_other_and_classes_do_not_mix(stack: Any, begin: datetime, folder: Path) -> None:
    standard, short = Writer(stack.settings), Writer(stack.settings, retention="short")
    for hours in (1, 7, 13):
        write(standard, begin + timedelta(hours=hours))
    write(short, begin + timedelta(hours=1))
    stamp()
    names = archive_at(begin + timedelta(hours=25))
    assert [name.split("-")[1] for name in names] == ["short", "standard", "standard", "standard"]
    previous, previous_name = bytes(64), ""
    for name in names[1:]:
        found = form.verify((folder / name).read_bytes(), previous)
        assert found.previous_name == previous_name
        previous, previous_name = found.last_digest, name
    assert form.verify((folder / names[0]).read_bytes()).previous_digest == bytes(64)


def test_a_large_span_becomes_several_files_without_a_gap(
    writer: Writer, begin: datetime, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toono.exchange import limits
    from toono.exchange.models import Archive

    monkeypatch.setattr(limits, "ARCHIVE_BYTES", 20_000)
    monkeypatch.setattr(limits, "ARCHIVE_ROWS", 3)
    written = write(writer, begin + timedelta(hours=1), count=10)
    stamp()
    names = archive_at(begin + timedelta(hours=7))
    assert len(names) > 2
    assert sorted(messages_in(folder, names)) == sorted(m.head for m in written)
    rows = list(Archive.objects.order_by("end"))
    assert [row.begin for row in rows] == [begin, *[row.end for row in rows[:-1]]]
    assert rows[-1].end == begin + timedelta(hours=6)
    assert sum(row.messages for row in rows) == len(written)


def test_what_is_not_time_stamped_waits_and_nothing_is_left_out(writer: Writer, begin: datetime, folder: Path) -> None:
    write(writer, begin + timedelta(hours=1))
    stamp()
    late = write(writer, begin + timedelta(hours=2), count=1)
    assert archive_at(begin + timedelta(hours=7)) == []
    stamp()
    [name] = archive_at(begin + timedelta(hours=7))
    assert {m.head for m in late} < set(messages_in(folder, [name]))


def test_outcomes_without_an_answer_are_in_no_archive_and_hold_nothing_up(writer: Writer, begin: datetime, folder: Path) -> None:
    from toono.exchange.models import Archive

    writer.batch([writer.message()], at=begin + timedelta(hours=1), outcomes=2)
    stamp()
    [name] = archive_at(begin + timedelta(hours=7))
    assert Archive.objects.get(name=name).messages == 1


def test_a_message_whose_evidence_is_broken_stays_and_holds_nobody_up(writer: Writer, begin: datetime, folder: Path) -> None:
    from django.db import connection

    from toono.exchange.models import Archive
    from toono.exchange.operations.partitions import prepare_storage
    from toono.exchange.operations.prune import drop_expired

    with clock.at(begin):
        prepare_storage()
    written = write(writer, begin + timedelta(hours=1))
    stamp()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE exchange_messagerecord SET head = 'x' WHERE id = %s", [written[0].id])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    [name] = archive_at(begin + timedelta(hours=7))
    assert Archive.objects.get(name=name).messages == len(written) - 1
    with clock.at(begin + timedelta(days=1200)):
        assert not [n for n in drop_expired() if "standard" in n and f"{begin:%Y_%m}" in n]


class Killed(BaseException):
    """The process ends here."""


KILLS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {}


def kill(function: Callable[[pytest.MonkeyPatch], None]) -> Callable[[pytest.MonkeyPatch], None]:
    KILLS[function.__name__.replace("_", " ")] = function
    return function


@kill
def before_the_file(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FolderStorage, "write", lambda *_: _raise())


@kill
def after_the_file(patch: pytest.MonkeyPatch) -> None:
    real = FolderStorage.write
    patch.setattr(FolderStorage, "write", lambda self, name, content: (real(self, name, content), _raise()))


@kill
def before_the_commit(patch: pytest.MonkeyPatch) -> None:
    from toono.exchange.models import Archive

    real = Archive.save
    patch.setattr(Archive, "save", lambda self, **how: (real(self, **how), _raise()))


def _raise() -> None:
    raise Killed


@pytest.mark.parametrize("where", KILLS)
def test_a_kill_anywhere_leaves_one_and_the_same_file(
    writer: Writer, begin: datetime, folder: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    from toono.exchange.models import Archive

    written = write(writer, begin + timedelta(hours=1))
    stamp()
    with monkeypatch.context() as patch:
        KILLS[where](patch)
        with pytest.raises(Killed):
            archive_at(begin + timedelta(hours=7))
    assert not Archive.objects.exists()
    write(writer, begin + timedelta(hours=7))  # meanwhile life goes on
    stamp()
    [name] = archive_at(begin + timedelta(hours=8))
    assert [file.name for file in folder.iterdir()] == [name]
    assert sorted(messages_in(folder, [name])) == sorted(m.head for m in written)


def test_a_storage_that_is_down_leaves_all_for_later(
    writer: Writer, begin: datetime, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(writer, begin + timedelta(hours=1))
    stamp()
    blocked = folder / "file"
    blocked.write_text("")
    from toono.exchange.operations import archive

    with monkeypatch.context() as patch:
        patch.setattr(archive, "storage", lambda _: FolderStorage(blocked / "no-folder"))
        with pytest.raises(ArchiveUnavailable):
            archive_at(begin + timedelta(hours=7))
    assert len(archive_at(begin + timedelta(hours=7))) == 1


def test_while_one_process_archives_another_does_nothing(writer: Writer, begin: datetime, folder: Path, stack: Any) -> None:
    import psycopg

    write(writer, begin + timedelta(hours=1))
    stamp()
    with psycopg.connect(stack.settings.database_dsn) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('toono.exchange.archive'))")
        assert archive_at(begin + timedelta(hours=7)) == []
        other.execute("SELECT pg_advisory_unlock(hashtext('toono.exchange.archive'))")
    assert len(archive_at(begin + timedelta(hours=7))) == 1


# -- storage -----------------------------------------------------------------------------------------------------


def test_a_folder_keeps_files_for_their_owner(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "new" / "folder")
    storage.write("a.zip", b"one")
    storage.write("a.zip", b"one")
    assert storage.read("a.zip") == b"one"
    assert (tmp_path / "new" / "folder" / "a.zip").stat().st_mode & 0o777 == 0o640
    with pytest.raises(ArchiveUnavailable):
        storage.read("b.zip")


def test_the_setting_chooses_the_storage(tmp_path: Path) -> None:
    from toono.exchange.adapters.storage import storage
    from toono.exchange.adapters.storage.s3 import S3Storage
    from toono.kernel.settings import load

    environment = {"TOONO_HOME": str(tmp_path), "TOONO_SECRET_KEY": "x", "TOONO_DATABASE_URL": "postgresql://a@b/c"}
    settings = load(environment)
    assert (storage(settings).folder, storage(dataclasses.replace(settings, archive_url="/x/y")).folder) == (
        tmp_path / "archive",
        Path("/x/y"),
    )
    assert isinstance(
        storage(dataclasses.replace(settings, archive_url="s3://bucket/a/b", archive_s3_endpoint="http://localhost:1")), S3Storage
    )
