"""What the process that reads a stranger's file may do: so much memory and time and no more, and nothing to anybody else.

Three layers, each enough for what it is there for: limits of resources (setrlimit(2)); no file of the disk but Python's own (Landlock, Linux 5.13);
no system call beyond those that reading takes (seccomp(2)): no socket, no other process made, signalled or looked into. An operating system that
lacks one of the latter two leaves the process with the others.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import resource
import signal
import site
import struct
import sysconfig
from pathlib import Path

MEMORY_BYTES = 1536 * 1024 * 1024
PROCESSOR_SECONDS = 60
DESCRIPTORS = 64

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38


def limit() -> None:
    """Bound memory, processor time, files written (none) and core dumps (none)."""
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, DESCRIPTORS),
    ):
        resource.setrlimit(kind, (most, most))


def die_with(parent: int) -> None:
    """Be killed when the parent ends, however it ends; the parent is of one thread."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before it could be asked for
        os._exit(1)


def confine(files: int | None) -> None:
    """Give up, for ever, all files but those of :func:`readable_files` and those that are open, and all calls but those of reading.

    :raises OSError: the system has the means and refuses; nothing may be read then.
    """
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if files is not None:
        _done(_libc.syscall(_LANDLOCK_RESTRICT_SELF, files, 0))
        os.close(files)
    _filter_calls()


def _prctl(option: int, *arguments: int) -> None:
    _done(_libc.prctl(option, *map(ctypes.c_ulong, (*arguments, 0, 0, 0, 0)[:4])))


def _done(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


# -- files ---------------------------------------------------------------------------------------------------------
# linux/landlock.h; the numbers of the calls are the same on every machine.

_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many rights over files a version of Landlock knows; later ones as many as the fifth."""
_TCP_RIGHTS = 0b11
_SCOPES = 0b11
"""No signals and no abstract sockets outside."""


def readable_files() -> int | None:
    """A descriptor for :func:`confine` that leaves Python's own files readable, for what is imported late, zones of time and fonts.

    ``None`` where there is no Landlock.
    """
    version = landlock_version()
    if version < 1:
        return None
    rights = (1 << _FILE_RIGHTS[min(version, max(_FILE_RIGHTS))]) - 1
    asked = struct.pack("=QQQ", rights, _TCP_RIGHTS, _SCOPES)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    rules = _done(_libc.syscall(_LANDLOCK_CREATE_RULESET, asked, ctypes.c_size_t(len(asked)), 0))
    for place in _own_places():
        with contextlib.suppress(FileNotFoundError):
            _allow_reading(rules, place)
    return rules


def landlock_version() -> int:
    """Which of its versions this system has; below 1 if none."""
    version: int = _libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    return version


def _allow_reading(rules: int, place: Path) -> None:
    descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        allowed = _READ_FILE | _READ_FOLDER if place.is_dir() else _READ_FILE
        _done(_libc.syscall(_LANDLOCK_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", allowed, descriptor), 0))
    finally:
        os.close(descriptor)


def _own_places() -> set[Path]:
    paths = sysconfig.get_paths()
    own = {paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"], *site.getsitepackages()}
    libraries = {"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"}
    times = {"/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo"}
    fonts = {"/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/X11/fonts"}
    return {Path(__file__).resolve().parents[2], *map(Path, own | libraries | times | fonts)}


# -- calls ---------------------------------------------------------------------------------------------------------
# linux/seccomp.h, linux/filter.h. What is not listed answers "not permitted", as a machine without it would.

_FILTER_MODE = 2
_LOAD, _EQUAL, _ANSWER = 0x20, 0x15, 0x06
_ALLOW, _KILL, _NOT_PERMITTED = 0x7FFF0000, 0x80000000, 0x00050001
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Column of the numbers below, and the kernel's own name of the machine (linux/audit.h)."""
_CALLS: dict[str, tuple[int | None, int | None]] = {
    # what is open: read, write, close; without fcntl, which sends signals, and ioctl
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "lseek": (8, 62), "pread64": (17, 67), "readv": (19, 65), "writev": (20, 66),
    "fstat": (5, 80),
    # Python's own files; Landlock says which
    "open": (2, None), "openat": (257, 56), "stat": (4, None), "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291),
    "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, None), "readlinkat": (267, 78),
    "getdents64": (217, 61), "getcwd": (79, 17),
    # memory
    "mmap": (9, 222), "mprotect": (10, 226), "munmap": (11, 215), "brk": (12, 214), "mremap": (25, 216), "madvise": (28, 233),
    # its own threads and signals: waiting and being told, not sending
    "futex": (202, 98), "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "membarrier": (324, 283), "set_robust_list": (273, 99),
    "rseq": (334, 293), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    # who am I, what time is it, chance
    "getpid": (39, 172), "getppid": (110, 173), "gettid": (186, 178), "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176),
    "getegid": (108, 177), "uname": (63, 160), "sysinfo": (99, 179), "getrusage": (98, 165), "getrlimit": (97, 163), "times": (100, 153),
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "nanosleep": (35, 101), "gettimeofday": (96, 169),
    "time": (201, None), "getrandom": (318, 278),
    # the end
    "exit": (60, 93), "exit_group": (231, 94),
}  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def _filter_calls() -> None:
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return
    column, name = machine
    numbers = [pair[column] for pair in _CALLS.values() if pair[column] is not None]
    code = [_step(_LOAD, 4), _step(_EQUAL, name, 1, 0), _step(_ANSWER, _KILL), _step(_LOAD, 0)]
    code += [_step(_EQUAL, number, len(numbers) - place, 0) for place, number in enumerate(numbers)]  # type: ignore[arg-type]
    code += [_step(_ANSWER, _NOT_PERMITTED), _step(_ANSWER, _ALLOW)]
    program = _Program(len(code), b"".join(code))
    try:
        _prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.addressof(program))
    except OSError as error:
        if error.errno != errno.EINVAL:  # which is how a system without filters answers
            raise


def _step(kind: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("=HBBI", kind, if_so, if_not, value)
