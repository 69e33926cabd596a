"""Archives judged by Python's ``zipfile``, by X-Road's description of the linking info, and by a storage that speaks S3 and is not ours (moto)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import re
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import randrange
from typing import Any

import boto3
import pytest

from tests.stage import free_ports
from toono.exchange.adapters.storage.folder import FolderStorage
from toono.exchange.adapters.storage.s3 import S3Storage
from toono.exchange.errors import ArchiveUnavailable
from toono.exchange.tests.written import Writer
from toono.kernel import clock

KEY = {"key_id": "archive", "secret": "very-secret"}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Address of a storage with one bucket."""
    [port] = free_ports(1)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(port, server)
        outside(address).create_bucket(Bucket="toono")
        yield address
    finally:
        server.terminate()
        server.wait(20)


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the storage did not start")


def outside(address: str) -> Any:
    """A client of the storage that is not ours."""
    return boto3.client("s3", endpoint_url=address, aws_access_key_id="x", aws_secret_access_key="y", region_name="us-east-1")


def storage(address: str, bucket: str = "toono") -> S3Storage:
    return S3Storage(bucket=bucket, prefix="mlog/2026", endpoint=address, **KEY)


def test_a_file_goes_and_comes_whole_with_its_checksum(s3: str) -> None:
    ours, content = storage(s3), bytes(range(256)) * 5000
    ours.write("a.zip", content)
    ours.write("a.zip", content)
    assert ours.read("a.zip") == content
    found = outside(s3).head_object(Bucket="toono", Key="mlog/2026/a.zip", ChecksumMode="ENABLED")
    assert (found["ContentLength"], found["ContentType"]) == (len(content), "application/zip")
    assert found["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(content).digest()).decode()


def test_what_is_not_there_or_not_ours_is_told(s3: str) -> None:
    with pytest.raises(ArchiveUnavailable):
        storage(s3).read("missing.zip")
    with pytest.raises(ArchiveUnavailable):
        storage(s3, bucket="nobody").write("a.zip", b"x")
    [closed] = free_ports(1)
    with pytest.raises(ArchiveUnavailable):
        storage(f"http://127.0.0.1:{closed}").write("a.zip", b"x")


@pytest.fixture
def begin(stack: Any) -> Iterator[datetime]:
    """Begin of a span long ago, with nothing else to archive; all is taken back."""
    from django.db import connection, transaction

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("DELETE FROM exchange_archive")
            cursor.execute("DELETE FROM exchange_messagerecord")
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2000 + randrange(3000))
        yield day
        transaction.set_rollback(True)


def linking_info(content: bytes, previous: str, previous_name: str) -> str:
    """Follow the chain by X-Road's description; its last digest. ``digest = SHA-512(hex of the one before ‖ hex of the file's SHA-512)``."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        lines = file.read("linkinginfo").decode().splitlines()
        assert lines[0] == f"{previous or '-'} {previous_name or '-'} SHA-512"
        assert sorted(line.split()[1] for line in lines[1:]) == sorted(set(file.namelist()) - {"linkinginfo"})
        for line in lines[1:]:
            digest, name = line.split()
            assert re.fullmatch(r".+-(request|response)-[0-9a-v]+\.asice", name)
            previous = hashlib.sha512((previous + hashlib.sha512(file.read(name)).hexdigest()).encode()).hexdigest()
            assert previous == digest
    return previous


def archive_into(target: Any, writer: Writer, begin: datetime, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    from toono.exchange.operations import archive
    from toono.exchange.operations.stamp import stamp_pending

    for hours in (1, 7, 13):
        moment = begin + timedelta(hours=hours)
        writer.batch([writer.message(body=b'{"a":1}'), writer.message()], at=moment)
        writer.batch([writer.message(direction="response", body=b"{}")], at=moment + timedelta(seconds=1))
    stamp_pending(at_once=True, look_back_seconds=20 * 365 * 86_400)
    monkeypatch.setattr(archive, "storage", lambda _: target)
    with clock.at(begin + timedelta(days=1)):
        return archive.archive_due()


def test_archives_in_s3_chain_by_the_description(stack: Any, s3: str, begin: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    names = archive_into(storage(s3), Writer(stack.settings), begin, monkeypatch)
    assert len(names) == 3
    previous, previous_name = "", ""
    for name in names:
        content = outside(s3).get_object(Bucket="toono", Key=f"mlog/2026/{name}")["Body"].read()
        previous, previous_name = linking_info(content, previous, previous_name), name
        assert hashlib.sha512(content).hexdigest().startswith(name.removesuffix(".zip").rpartition("-")[2])


def test_a_folder_of_archives_is_verified_alone(stack: Any, begin: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the command, in a process that has no settings, no database and no network."""
    names = archive_into(FolderStorage(tmp_path), Writer(stack.settings), begin, monkeypatch)
    code = (
        "import argparse, sys; from toono.exchange import verifying; parser = argparse.ArgumentParser();"
        "verifying.add_arguments(parser); sys.exit(verifying.run(parser.parse_args(sys.argv[1:]), print))"
    )

    def verify() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code, str(tmp_path)], env={"PATH": ""}, capture_output=True, text=True)

    whole = verify()
    assert whole.returncode == 2 and whole.stdout.count("chain is whole: 3 files") == 3, whole.stderr  # no anchors were given
    (tmp_path / names[1]).rename(tmp_path / "kept")
    assert "is not in the folder" in verify().stdout
    (tmp_path / "kept").rename(tmp_path / names[1])
    damaged = bytearray((tmp_path / names[2]).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / names[2]).write_bytes(bytes(damaged))
    assert verify().returncode == 1
