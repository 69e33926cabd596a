"""The supervisor: starts the processes in order, restarts what dies, stops all cleanly, and leaves nothing behind.

- A child gets a signal when the supervisor dies, however it dies (``PR_SET_PDEATHSIG``), and stands in a process group of its
  own, so that the children of a killed child are swept before it is started again.
- What runs is noted in ``run/processes.json``; a start first sweeps what a killed supervisor left.
- One supervisor at a time per ``TOONO_HOME`` (a file lock, held for the supervisor's life).
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from toono.kernel.files import write_durably
from toono.kernel.settings import Settings, SettingsError

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
RESTART_PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
CALM_AFTER_SECONDS = 30.0


@dataclass
class Process:
    """One supervised process. ``ready`` answers whether it can be used; ``stop_signal`` asks it to end; ``socket`` is a
    file that it binds, removed before each start because a killed process leaves it behind. ``orphaned_signal`` is what the
    kernel sends it when the supervisor dies."""

    name: str
    command: list[str]
    ready: Callable[[], bool]
    environment: dict[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    orphaned_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    socket: Path | None = None
    popen: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restarts: int = 0
    restart_at: float | None = None


def _die_with_parent(parent: int, last_word: signal.Signals) -> Callable[[], None]:
    def arm() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(last_word))
        if os.getppid() != parent:  # the supervisor died between fork and prctl
            os._exit(1)

    return arm


class Supervisor:
    """Holds the lock of one home and the processes that serve it."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self.settings, self.say = settings, say
        self.processes: list[Process] = []
        self.stopping = False
        self._lock: int | None = None

    # -- the home ----------------------------------------------------------------------------------------------

    def take_home(self) -> None:
        """Lock the home and sweep what a killed supervisor left.

        :raises SettingsError: another supervisor serves this home.
        """
        for folder in (self.settings.home, self.settings.home / "run", self.settings.home / "logs", self.settings.socket_folder):
            folder.mkdir(parents=True, exist_ok=True)
        self.settings.socket_folder.chmod(0o700)
        self._lock = os.open(self.settings.home / "run" / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"Toono already runs with TOONO_HOME={self.settings.home}. Stop it, or set another TOONO_HOME and other ports."
            ) from None
        self._sweep_leftovers()

    @property
    def _note(self) -> Path:
        return self.settings.home / "run" / "processes.json"

    def _sweep_leftovers(self) -> None:
        try:
            noted = json.loads(self._note.read_text())
        except (OSError, ValueError):
            return
        for entry in noted:
            if _same_process(entry["pid"], entry["born"]) or _group_alive(entry["pid"], self.settings.home):
                self.say(f"an earlier start left {entry['name']} running; stopping it")
                _end_group(entry["pid"], signal.Signals(entry["stop_signal"]), seconds=10)
        self._note.unlink(missing_ok=True)

    def check_ports(self, ports: dict[str, int]) -> None:
        """:raises SettingsError: a port is taken, with the setting that moves it."""
        for name, port in ports.items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((self.settings.host, port))
                except OSError:
                    raise SettingsError(
                        f"Port {port} is in use by another program. Set TOONO_{name.upper()}_PORT to a free port."
                    ) from None

    # -- processes ---------------------------------------------------------------------------------------------

    def start(self, process: Process) -> None:
        """Start ``process`` and keep it running from now on. Does not wait."""
        if process not in self.processes:
            self.processes.append(process)
        self._spawn(process)

    def _spawn(self, process: Process) -> None:
        if process.socket is not None:
            process.socket.unlink(missing_ok=True)
        log = (self.settings.home / "logs" / f"{process.name}.log").open("ab")
        process.popen = subprocess.Popen(
            process.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | process.environment,
            start_new_session=True,
            preexec_fn=_die_with_parent(os.getpid(), process.orphaned_signal),
        )
        log.close()
        process.started_at, process.restart_at = time.monotonic(), None
        running = [p for p in self.processes if p.popen and p.popen.poll() is None]
        note = [
            {"name": p.name, "pid": p.popen.pid, "born": _born(p.popen.pid), "stop_signal": int(p.stop_signal)} for p in running if p.popen
        ]
        write_durably(self._note, json.dumps(note).encode())

    def wait_ready(self, process: Process, *, timeout_seconds: float = 60) -> None:
        """:raises SettingsError: the process died or did not become ready, with the end of its log."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self.stopping:
                raise KeyboardInterrupt
            if process.ready():
                return
            if process.popen and process.popen.poll() is not None:
                break
            time.sleep(0.05)
        log = self.settings.home / "logs" / f"{process.name}.log"
        tail = log.read_bytes()[-1500:].decode(errors="replace")
        raise SettingsError(f"The process «{process.name}» did not start. The end of {log}:\n{tail}")

    def tend(self) -> None:
        """Look after the children once: what died is swept and, after a pause that grows, started again."""
        for process in self.processes:
            if process.popen is None:
                continue
            now = time.monotonic()
            if process.restart_at is None:
                code = process.popen.poll()
                if code is None:
                    if process.restarts and now - process.started_at > CALM_AFTER_SECONDS:
                        process.restarts = 0
                    continue
                _end_group(process.popen.pid, signal.SIGKILL, seconds=2)
                pause = RESTART_PAUSES_SECONDS[min(process.restarts, len(RESTART_PAUSES_SECONDS) - 1)]
                process.restart_at, process.restarts = now + pause, process.restarts + 1
                self.say(f"{process.name} ended with {code}; starting it again in {pause} s")
            elif now >= process.restart_at:
                self._spawn(process)

    def run(self) -> None:
        """Tend until :meth:`ask_to_stop`."""
        while not self.stopping:
            self.tend()
            time.sleep(0.1)

    def ask_to_stop(self, *_: int | FrameType | None) -> None:
        """Signal handler: leave :meth:`run`."""
        self.stopping = True

    def stop_all(self) -> None:
        """Stop in the reverse order of starting; who does not end in time is killed."""
        for process in reversed(self.processes):
            if process.popen is not None:
                _end_group(process.popen.pid, process.stop_signal, seconds=process.stop_seconds)
                process.popen.wait()
        self._note.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def granian(
    target: str,
    *,
    interface: str,
    settings: Settings,
    port: int | None = None,
    socket_path: Path | None = None,
    workers: int = 1,
    threads: int = 1,
    extra: tuple[str, ...] = (),
) -> list[str]:
    """Command line of a Granian server for ``target`` on a port or a Unix socket."""
    place = ["--uds", str(socket_path), "--uds-permissions", "0o600"] if socket_path else ["--host", settings.host, "--port", str(port)]
    kind = ["--blocking-threads", str(threads)] if interface == "wsgi" else ["--loop", "uvloop"]
    return [
        sys.executable, "-m", "granian", target, "--interface", interface, *place, *kind, "--workers", str(workers), "--no-ws", "--http", "1",
        "--respawn-failed-workers", "--respawn-interval", "0.3", "--workers-kill-timeout", "8", "--backlog", "2048", "--log-level", "warning",
        *extra,
    ]  # fmt: skip


# -- /proc: who is who ---------------------------------------------------------------------------------------------


def _born(pid: int) -> str | None:
    """Start time of a process in clock ticks: with the pid it names a process for ever. ``None`` when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _same_process(pid: int, born: str | None) -> bool:
    return born is not None and _born(pid) == born


def _members(group: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def _group_alive(group: int, home: Path) -> bool:
    """Whether a member of the group works for this home (its environment says so)."""
    for pid in _members(group):
        try:
            if f"TOONO_HOME={home}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                return True
        except OSError:
            continue
    return False


def _end_group(group: int, how: signal.Signals, *, seconds: float) -> None:
    """Signal the leader (or, when it is gone, the whole group), wait, then kill what is left of the group."""
    try:
        os.kill(group, how) if _born(group) else os.killpg(group, how)
    except ProcessLookupError:
        return
    except PermissionError:
        pass
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(group, os.WNOHANG)
        if not _members(group):
            return
        time.sleep(0.05)
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
