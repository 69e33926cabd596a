"""Looking for malware: the test file always, everything else by clamd where one is set.

Protocol: clamd(8), commands ``zINSTREAM`` (chunks with their length as 32 bits, an empty one ends) and ``zVERSION``.
"""

from __future__ import annotations

import logging
import re
import socket
import struct
import time
from pathlib import Path
from urllib.parse import urlsplit

from toono.kernel.settings import SettingsError, settings
from toono.services import limits

log = logging.getLogger(__name__)

_EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The file by which every scanner is tested (eicar.org). In two parts, so that no scanner takes this module for it."""


class Infected(Exception):
    """The file carries malware; the message is its name."""


class ScannerSilent(Exception):
    """A scanner is set, but does not answer usefully: the file cannot be judged now."""


def scan(path: Path) -> str:
    """Who found nothing: ``ClamAV 1.4.6/27461``; empty where no scanner is set.

    :raises Infected:
    :raises ScannerSilent:
    """
    if _EICAR in path.read_bytes():
        raise Infected("Eicar-Test-Signature")
    address = settings().clamd
    if not address:
        return ""
    try:
        version = _ask(address, b"zVERSION\0", None)
        verdict = _ask(address, b"zINSTREAM\0", path)
    except OSError as error:
        raise ScannerSilent(f"clamd at {address}: {error}") from error
    return _judged(verdict, version)


def _judged(verdict: str, version: str) -> str:
    if verdict == "stream: OK":
        return "/".join(version.split("/")[:2])[:60]
    found = re.fullmatch(r"stream: (.+) FOUND", verdict)
    if found:
        raise Infected(found[1])
    raise ScannerSilent(f"clamd says «{verdict[:200]}»")


def _ask(address: str, command: bytes, path: Path | None) -> str:
    """One command on a connection of its own, with the file behind it if one is given; the whole within the time-out."""
    deadline = time.monotonic() + limits.SCANNER_SECONDS
    with _connected(address) as connection:
        connection.sendall(command)
        if path is not None:
            _stream(connection, path, deadline)
        answer = b""
        while not answer.endswith(b"\0"):
            connection.settimeout(_left(deadline))
            more = connection.recv(4096)
            if not more or len(answer) > 4096:
                raise ConnectionError("the answer breaks off")
            answer += more
    return answer.rstrip(b"\0\n").decode("utf-8", "replace")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left


def _stream(connection: socket.socket, path: Path, deadline: float) -> None:
    with path.open("rb") as file:
        while chunk := file.read(limits.SCANNER_CHUNK_BYTES):
            connection.settimeout(_left(deadline))
            connection.sendall(struct.pack("!I", len(chunk)) + chunk)
    connection.sendall(struct.pack("!I", 0))


def _connected(address: str) -> socket.socket:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(limits.SCANNER_SECONDS)
        try:
            connection.connect(parts.path)
        except OSError:
            connection.close()
            raise
        return connection
    if parts.scheme == "tcp" and parts.hostname:
        return socket.create_connection((parts.hostname, parts.port or 3310), timeout=limits.SCANNER_SECONDS)
    raise SettingsError(f"TOONO_CLAMD is «{address}», but must be unix:/path or tcp://host:port.")
