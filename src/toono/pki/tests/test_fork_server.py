"""One process a file, made by fork from a warm one: it starts clean, ends alone, reaches nothing, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from toono.pki.adapters import confinement, file_reader, fork_client, pictures
from toono.pki.adapters.fork_client import ForkServer, ServerGone
from toono.pki.errors import ValidationBusy
from toono.pki.tests.making import document

PROBES = "toono.pki.tests.probes"
MB = 1024 * 1024

needs_landlock = pytest.mark.skipif(confinement.landlock_version() < 1, reason="this system has no Landlock")


@pytest.fixture
def server() -> Iterator[ForkServer]:
    made = ForkServer(PROBES)
    yield made
    made.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[BinaryIO]:
    """A file that :func:`probes.hold` waits for."""
    (tmp_path / "file").write_bytes(b"0 of this file")
    with (tmp_path / "file").open("r+b", buffering=0) as opened:
        yield opened


def ask(server: ForkServer, what: str, *arguments: str, files: tuple[BinaryIO, ...] = (), seconds: float = 60, most_bytes: int = MB) -> Any:
    """The probe's answer, or ``None`` if it had none."""
    found = server.answer(PROBES, list(files), what, *arguments, seconds=seconds, most_bytes=most_bytes)
    return json.loads(found) if found else None


def later(job: Callable[..., Any], *arguments: Any, **more: Any) -> Future[Any]:
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(job, *arguments, **more)
    finally:
        pool.shutdown(wait=False)


def children(process: int) -> list[int]:
    """Also those that ended and were not asked for (zombies)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := fields_of(int(entry.name))) and int(fields[1]) == process:
            found.append(int(entry.name))
    return found


def fields_of(process: int) -> list[str]:
    """State, parent and so on, as proc(5) has them; nothing if there is no such process."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def limits_of(process: int, *names: str) -> dict[str, int]:
    """The hard limits, without those that are none."""
    lines = Path(f"/proc/{process}/limits").read_text().splitlines()
    found = {name: line[len(name) :].split()[1] for line in lines for name in names if line.startswith(name)}
    return {name: int(value) for name, value in found.items() if value != "unlimited"}


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def ended(process: int) -> bool:
    fields = fields_of(process)
    return not fields or fields[0] in "ZX"


def until(true: Callable[[], Any], seconds: float = 30) -> Any:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)
    return found


def let_go(file: BinaryIO) -> None:
    os.pwrite(file.fileno(), b"1", 0)


# -- each file has a process of its own ------------------------------------------------------------------------------


def test_each_file_has_a_new_process_of_one_server(server: ForkServer) -> None:
    one, two = ask(server, "who"), ask(server, "who")
    assert one["server"] == two["server"] == server.process().pid
    assert len({one["process"], two["process"], one["server"], os.getpid()}) == 4


def test_what_a_process_said_before_it_failed_is_no_answer(server: ForkServer) -> None:
    assert ask(server, "half") is None


def test_what_one_file_leaves_in_memory_the_next_does_not_find(server: ForkServer) -> None:
    assert [ask(server, "poison"), ask(server, "poison")] == ["as it began"] * 2


def test_no_child_stays_behind_and_none_is_left_unasked_for(server: ForkServer) -> None:
    for what in ("who", "fail", "who"):
        ask(server, what)
    assert children(server.process().pid) == []


def test_two_are_read_at_once_and_neither_sees_the_others_file(server: ForkServer, file: BinaryIO, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"of another")
    with (tmp_path / "other").open("rb") as other:
        held = later(ask, server, "hold", files=(file,))
        until(lambda: len(children(server.process().pid)) == 1)
        assert ask(server, "content", files=(other,)) == ["of another"]
        seen = ask(server, "descriptors", files=(other,))
        assert os.fstat(other.fileno()).st_ino in seen and os.fstat(file.fileno()).st_ino not in seen
        assert len(set(seen)) == 3, "nowhere, the answer, the file"
        let_go(file)
        assert held.result(30) == "1 of this file"


def test_a_process_cannot_change_the_file_that_it_reads(server: ForkServer, file: BinaryIO) -> None:
    file.seek(5)
    assert set(ask(server, "change", files=(file,))) == {"PermissionError"}
    assert (file.tell(), os.pread(file.fileno(), 100, 0)) == (5, b"0 of this file")


# -- its bounds --------------------------------------------------------------------------------------------------------


def test_limits_are_the_childs_and_not_the_servers(server: ForkServer, file: BinaryIO) -> None:
    held = later(ask, server, "hold", files=(file,))
    [child] = until(lambda: children(server.process().pid))
    wanted = {
        "Max address space": confinement.MEMORY_BYTES,
        "Max cpu time": confinement.PROCESSOR_SECONDS,
        "Max file size": 0,
        "Max core file size": 0,
        "Max open files": confinement.DESCRIPTORS,
    }
    until(lambda: limits_of(child, *wanted) == wanted)
    assert limits_of(server.process().pid, "Max address space", "Max cpu time") == {}
    let_go(file)
    assert held.result(30)


def test_who_asks_for_too_much_memory_or_says_too_much_ends_alone(server: ForkServer) -> None:
    began = server.process().pid
    assert ask(server, "memory", "100") == 100 * MB
    assert ask(server, "memory", "1600") is None
    assert len(ask(server, "much", str(MB // 2))) == MB // 2
    assert ask(server, "who")["server"] == began
    assert ask(server, "much", str(2 * MB)) is None
    assert ask(server, "who")


def test_who_takes_too_long_is_ended_and_others_are_not(server: ForkServer, file: BinaryIO) -> None:
    held = later(ask, server, "hold", files=(file,))
    process = server.process()
    first = until(lambda: children(process.pid))
    assert ask(server, "spin", seconds=0.3) is None
    assert children(process.pid) == first
    let_go(file)
    assert held.result(30) == "1 of this file"


def test_after_a_crash_the_next_file_meets_other_memory_and_what_is_in_hand_is_finished(server: ForkServer, file: BinaryIO) -> None:
    began = server.process()
    held = later(ask, server, "hold", files=(file,))
    until(lambda: children(began.pid))
    assert ask(server, "fail") is None
    assert server.process().pid == began.pid, "an exception is no crash"
    assert ask(server, "crash") is None
    assert ask(server, "who")["server"] == server.process().pid != began.pid
    let_go(file)
    assert held.result(30) == "1 of this file"
    until(lambda: ended(began.pid))


# -- what it reaches ---------------------------------------------------------------------------------------------------


def test_neither_server_nor_child_has_our_environment(server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOONO_SECRET_KEY", "the key of all keys")
    assert set(ask(server, "who")["environment"]) <= {"LANG", "PATH", "LC_CTYPE"}
    environment = Path(f"/proc/{server.process().pid}/environ").read_bytes()
    assert sorted(line.partition(b"=")[0] for line in environment.split(b"\0") if line) == [b"LANG", b"PATH"]


def test_what_reads_knows_neither_settings_nor_the_database() -> None:
    readers = f"import sys, {file_reader.READER}, {file_reader.DRAWER}, {fork_client.SERVER}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-I", "-c", readers], capture_output=True, text=True, check=True).stdout.split()
    assert {"django", "psycopg", "toono.kernel.settings", "toono.pki.models", "toono.pki.signing"}.isdisjoint(loaded)
    assert "toono.pki.domain.validation.formats" in loaded


@needs_landlock
def test_a_poisoned_reader_reaches_no_file_no_process_and_no_socket(server: ForkServer, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of somebody")
    with socket.socket(socket.AF_UNIX) as signer:
        signer.bind(str(tmp_path / "signer"))
        signer.listen()
        found = ask(server, "tries", str(tmp_path / "secret"), str(tmp_path / "signer"))
    assert {what for what, reason in found.items() if not reason} == set()
    assert not (tmp_path / "secret.new").exists()
    assert ask(server, "who")["server"] == server.process().pid


def test_what_is_imported_late_is_found(server: ForkServer) -> None:
    assert ask(server, "late_import") == "this"


# -- ends --------------------------------------------------------------------------------------------------------------


def test_a_server_killed_with_a_file_in_hand_takes_its_child_along_and_the_file_is_read_all_the_same(
    server: ForkServer, file: BinaryIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_reader, "_server", server)
    held = later(file_reader.run, PROBES, [file], "hold")
    killed = server.process()
    [child] = until(lambda: children(killed.pid))
    monkeypatch.setattr(killed, "poll", lambda: None)  # its lines end a moment before it can be seen to have ended
    killed.kill()
    until(lambda: ended(child))
    until(lambda: children(server.process().pid))
    let_go(file)
    assert json.loads(held.result(30)) == "1 of this file"
    assert killed.wait(10) == -signal.SIGKILL and server.process().pid != killed.pid


def test_a_server_killed_while_nobody_asked_is_begun_again_and_nobody_notices(server: ForkServer) -> None:
    began = ask(server, "who")["server"]
    server.process().kill()
    until(lambda: ended(began))
    assert ask(server, "who")["server"] != began


def test_a_server_that_is_killed_again_and_again_is_told_as_busy(
    server: ForkServer, file: BinaryIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_reader, "_server", server)
    held = later(file_reader.run, PROBES, [file], "hold")
    for _ in range(2):
        process = server.process()
        until(partial(children, process.pid))
        process.kill()
        process.wait(10)
    with pytest.raises(ValidationBusy):
        held.result(30)
    assert file_reader._places.acquire(timeout=1), "its place is given back"
    file_reader._places.release()


def test_a_server_that_cannot_start_is_told_as_busy(file: BinaryIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_reader, "_server", ForkServer("toono.pki.tests.no_such_program"))
    with pytest.raises(ValidationBusy):
        file_reader.run(PROBES, [file])


def test_where_bounds_are_refused_nothing_is_read(
    file: BinaryIO, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unbounded = "toono.pki.tests.refused_bounds"
    monkeypatch.setattr(file_reader, "_server", ForkServer(unbounded))
    with pytest.raises(ValidationBusy):
        file_reader.run(unbounded, [file])
    assert "refuses the bounds" in caplog.text


def test_a_server_that_stands_still_is_replaced(server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    still = server.process()
    ask(server, "who")
    still.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(fork_client, "PATIENCE_SECONDS", 0.3)
    assert ask(server, "who", seconds=0.2) is None
    monkeypatch.undo()
    until(lambda: still.poll() is not None)
    assert ask(server, "who")["server"] != still.pid


PARENT = f"""
import os, sys, threading
from toono.pki.adapters.fork_client import ForkServer
server = ForkServer("{PROBES}")
with open(sys.argv[1], "rb") as file:
    threading.Thread(target=lambda: server.answer("{PROBES}", [file], "hold", seconds=60, most_bytes=99)).start()
    print(server.process().pid, flush=True)
    threading.Event().wait()
"""


def test_nothing_outlives_a_parent_that_is_killed(file: BinaryIO) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(file.name)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        server = int(parent.stdout.readline())
        [child] = until(lambda: children(server))
        parent.kill()
        until(lambda: ended(child) and ended(server))


def test_a_process_forked_from_ours_begins_a_server_of_its_own_and_does_not_hold_ours(server: ForkServer) -> None:
    ours = server.process()
    ask(server, "who")
    held, hold = os.pipe()
    forked = os.fork()
    if forked == 0:
        os.close(hold)
        os._exit(0 if server._server is None and os.read(held, 1) == b"" else 1)
    server.close()
    assert ours.wait(10) == 0, "it ended though the forked process still runs"
    os.close(hold)
    assert os.waitpid(forked, 0)[1] == 0


def test_no_descriptor_stays_open_in_the_portal_whatever_happens(server: ForkServer, file: BinaryIO) -> None:
    ask(server, "who")
    before = open_descriptors()
    for what in ("content", "fail", "crash"):
        ask(server, what, files=(file, file))
    ask(server, "spin", seconds=0.1)
    held = later(ask, server, "hold", files=(file,))
    until(lambda: children(server.process().pid))
    server.process().kill()
    with pytest.raises(ServerGone):
        held.result(30)
    ask(server, "who")
    assert open_descriptors() == before


# -- pictures take the same way ----------------------------------------------------------------------------------------


def test_a_page_is_drawn_and_a_broken_file_is_not() -> None:
    pdf = document()
    assert pictures.page_count(pdf) == 1
    assert pictures.page_picture(pdf, 0).startswith(b"\x89PNG")
    assert pictures.page_picture(pdf, 7) == b""
    assert pictures.page_count(b"%PDF-1.7 of no kind") == 0


UNBOUND = f"""
import sys, {file_reader.DRAWER} as drawer
sys.stdout.buffer.write(drawer.answer([memoryview(sys.stdin.buffer.read())], ["0", "1000"]))
"""


@pytest.mark.parametrize("font", [b"DejaVuSans", b"LiberationSans", b"Helvetica"])
def test_a_font_that_the_file_does_not_carry_is_found_within_the_bounds_too(font: bytes) -> None:
    pdf = page_in(font)
    unbound = subprocess.run([sys.executable, "-I", "-c", UNBOUND], input=pdf, capture_output=True, check=True).stdout
    assert pictures.page_picture(pdf, 0) == unbound.partition(b"\n")[2] != b""


def page_in(font: bytes) -> bytes:
    """A page with the Cyrillic letters а, б, в in a font that it only names."""
    text = b"BT /F 30 Tf 10 40 Td (ABC) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 100]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/TrueType/BaseFont/%s/Encoding<</Differences[65/afii10065/afii10066/afii10067]>>>>" % font,
    ]
    file, places = b"%PDF-1.7\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj%sendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return file + b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (table, len(file))
