"""``toono gateway``: one more gateway beside a running platform, and the reload of one that serves.

Gateways share nothing but database, signer and configuration; of one name they share its load. A reload replaces the worker processes one after the other, each new one before its
predecessor ends, without a lost call (``exchange/gateway/generations.py``).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from toono.entry.supervisor import granian
from toono.kernel.settings import Settings, SettingsError

_TARGET = "toono.entry.gateway:application"
HANDOVER_SECONDS = 10.0
"""Between the start of a new worker and the end of the old one: it must load its configuration, on a busy machine too, and the old one's clients must leave."""
LONGEST_CALL_SECONDS = 70
"""A worker that is replaced may end its calls for so long; the longest time-out of a service is 60 seconds."""


def command(s: Settings) -> list[str]:
    """Command line of the gateway's server."""
    extra = (
        "--http1-header-read-timeout", "5000", "--respawn-interval", str(HANDOVER_SECONDS), "--workers-kill-timeout", str(LONGEST_CALL_SECONDS),
    )  # fmt: skip
    return granian(_TARGET, interface="asgi", settings=s, port=s.gateway_port, workers=s.gateway_workers, extra=extra)


def serve(s: Settings, environment: dict[str, str]) -> NoReturn:
    """Become the server of one more gateway.

    :param environment: settings of the new one, by their variables.
    :raises SettingsError: the platform was never started here, or the port is taken.
    """
    s.secret("signer_token_gateway")
    with socket.socket() as probe:
        try:
            probe.bind((s.host, s.gateway_port))
        except OSError:
            raise SettingsError(f"Port {s.gateway_port} is in use by another program. Name a free one: toono gateway --port N.") from None
    line = command(s)
    os.execve(line[0], line, os.environ | {"TOONO_HOME": str(s.home)} | environment)  # noqa: S606 - our own server


def reload(s: Settings) -> None:
    """Ask the gateway on this port to replace its workers.

    :raises SettingsError: none serves there, or a new worker could not even begin.
    """
    if subprocess.run([sys.executable, "-c", f"import {_TARGET.partition(':')[0]}"], check=False).returncode:
        raise SettingsError("The program as it is now does not load; the gateway goes on with the workers that it has.")
    try:
        server = int((s.home / "run" / f"gateway-{s.gateway_port}.worker").read_text().split()[0])
        if _TARGET.encode() not in Path(f"/proc/{server}/cmdline").read_bytes().split(b"\0"):
            raise ValueError("another program has its number now")
        os.kill(server, signal.SIGHUP)
    except (OSError, ValueError, LookupError):
        raise SettingsError(f"No gateway of {s.home} serves on port {s.gateway_port}.") from None
    print(f"The gateway on port {s.gateway_port} replaces its workers.", file=sys.stderr)
