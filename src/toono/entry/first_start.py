"""What a home needs before its processes can serve: folders, secrets, databases, rights, and the first data.

Every step may be done again without harm, so a start that was cut off is simply done again. Steps that are costly are
marked by the digest of their inputs and passed over when nothing changed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import yaml
from psycopg import sql

from toono.entry.portal_agreements import with_needs
from toono.kernel.files import write_durably
from toono.kernel.settings import Settings

SOURCE = Path(__file__).resolve().parents[3]
CATALOGUE = SOURCE / "catalogue"
CONNECTION = SOURCE / "sandbox" / "connection.yaml"

SECRETS = (
    "secret_key", "key_store_passphrase", "gateway_database_password", "portal_client_secret", "sms_password", "register_token",
    "bank_token", "bank_notice_key",
    "signer_token_web", "signer_token_gateway", "signer_token_worker", "gateway_token_key", "inner_key", "usage_token", "terminator_key",
)  # fmt: skip
EXTENSIONS = ("pg_trgm", "btree_gist", "unaccent")


def make_secrets(settings: Settings) -> None:
    """Each secret once, readable by the owner only."""
    settings.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in SECRETS:
        file = settings.secrets / name
        if not file.exists():
            # SMPP 3.4 §4.1.1 allows a password of eight octets.
            write_durably(file, secrets.token_urlsafe(6 if name == "sms_password" else 48).encode())


def make_databases(settings: Settings) -> None:
    """The databases, extensions and the gateway's role, where they are missing."""
    with psycopg.connect(_maintenance(settings), autocommit=True) as connection:
        wanted = [settings.database_dsn] + ([settings.sandbox_dsn] if settings.sandbox else [])
        for dsn in wanted:
            name = urlsplit(dsn).path.lstrip("/")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name)))
        if not settings.gateway_database_url:
            password = sql.Literal(settings.secret("gateway_database_password"))
            exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'toono_gateway'").fetchone()
            verb = sql.SQL("ALTER" if exists else "CREATE")
            connection.execute(sql.SQL("{} ROLE toono_gateway LOGIN PASSWORD {}").format(verb, password))
    with psycopg.connect(settings.database_dsn, autocommit=True) as connection:
        for extension in EXTENSIONS:
            connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))


def _maintenance(settings: Settings) -> str:
    """A database that surely exists on the server: the wanted one if it can be opened, else ``postgres``."""
    try:
        psycopg.connect(settings.database_dsn, connect_timeout=3).close()
        return settings.database_dsn
    except psycopg.OperationalError:
        return urlsplit(settings.database_dsn)._replace(path="/postgres").geturl()


def migrate(settings: Settings, say: Callable[[str], None]) -> None:
    """Bring the tables to this version and give the gateway its narrow rights."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from toono.exchange.api import gateway_grants, prepare_storage

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        say("making the tables")
        call_command("migrate", verbosity=0, interactive=False)
    prepare_storage()
    role = urlsplit(settings.gateway_dsn).username or "toono_gateway"
    with connection.cursor() as cursor:
        for statement in gateway_grants(role):
            cursor.execute(statement)


def _once(settings: Settings, name: str, inputs: str, work: Callable[[], None]) -> None:
    """Do ``work`` unless it was done with the same ``inputs``; the mark stands in the database that it describes."""
    from django.db import connection

    digest = hashlib.sha256(inputs.encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS entry_done (name text PRIMARY KEY, digest text NOT NULL)")
        cursor.execute("SELECT digest FROM entry_done WHERE name = %s", [name])
        row = cursor.fetchone()
        if row and row[0] == digest:
            return
        work()
        cursor.execute("INSERT INTO entry_done VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET digest = excluded.digest", [name, digest])


def _digest_of(folder: Path) -> str:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return hashlib.sha256(
        b"".join(str(p.relative_to(folder)).encode() + hashlib.sha256(p.read_bytes()).digest() for p in files)
    ).hexdigest()


def load_platform(settings: Settings, say: Callable[[str], None]) -> None:
    """Authorities, units, and the catalogue: what every copy of Toono has."""
    import toono.geo.api as geo
    import toono.identity.api as identity
    import toono.pki.api as pki
    import toono.services.api as services
    from toono.kernel.actor import system

    actor = system("first-start")
    pki.establish_authorities(actor=actor)
    identity.establish(actor=actor)

    def load_units() -> None:
        say("loading administrative units")
        geo.load_units()

    def load_catalogue() -> None:
        say("loading the catalogue")
        services.load_catalogue(actor=actor, folder=CATALOGUE)

    _once(settings, "units", _digest_of(SOURCE / "src" / "toono" / "geo" / "data"), load_units)
    _once(settings, "catalogue", _digest_of(CATALOGUE), load_catalogue)
    anchors = "\n".join(pki.trust_anchors()).encode()
    file = settings.home / "exchange" / "anchors.pem"
    if not file.exists() or file.read_bytes() != anchors:
        write_durably(file, anchors, mode=0o644)


def connect_sandbox(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    """Enter the sandbox's organisations, systems, services and agreements into the registry; returns the bank's credentials.

    Drafted by one invented person, approved by another, as for any agency.
    """
    import toono.registry.api as registry
    import toono.services.api as services
    from toono.kernel.actor import Actor, Role

    clients = _client_credentials(settings)
    drafter = Actor(role=Role.ADMINISTRATOR, person_id=_invented_person("drafter"), process="first-start")
    approver = Actor(role=Role.ADMINISTRATOR, person_id=_invented_person("approver"), process="first-start")
    document = with_needs(
        yaml.safe_load(CONNECTION.read_text(encoding="utf-8")), services.exchange_needs(), return_url=f"{settings.base_url}/cases/consented"
    )
    _make_register_tokens(settings, document)
    values = {"sandbox_url": settings.sandbox_base_url, "portal_url": settings.inner_base_url}
    credentials = {"bank-signature": clients["public_key_pem"], "bank-key": hashlib.sha256(clients["bearer_key"].encode()).hexdigest()}

    def load() -> None:
        say("connecting the sandbox's registers by configuration")
        registry.load_configuration(
            drafted_by=drafter,
            approved_by=approver,
            document=document,
            name="sandbox/connection.yaml",
            values=values,
            credentials=credentials,
        )

    _once(settings, "connection", json.dumps([document, values, credentials], default=str), load)
    return clients


def _make_register_tokens(settings: Settings, document: dict[str, Any]) -> None:
    """Each of the sandbox's registers has a token of its own, which both sides make from the first one (``sandbox/settings.py``)."""
    master = settings.secret("register_token").encode()
    for name in sorted({str(service.get("secret_name", "")) for service in document["services"]}):
        if name.startswith("register_token_"):
            token, file = hmac.new(master, name.encode(), hashlib.sha256).hexdigest().encode(), settings.secrets / name
            if not file.exists() or file.read_bytes() != token:
                write_durably(file, token)


def _invented_person(name: str) -> Any:
    from uuid import NAMESPACE_URL, uuid5

    return uuid5(NAMESPACE_URL, f"https://toono.example/first-start/{name}")


def _client_credentials(settings: Settings) -> dict[str, Any]:
    """The invented bank's own key and bearer key: it is the client's, so it stands in the open for developers."""
    file = settings.home / "clients" / "bank.json"
    if not file.exists():
        from cryptography.hazmat.primitives import serialization as s
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        content = {
            "bearer_key": secrets.token_urlsafe(32),
            "private_key_pem": key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode(),
            "public_key_pem": key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo).decode(),
        }
        write_durably(file, json.dumps(content).encode())
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def appoint_cast(settings: Settings, cast: dict[str, dict[str, str]]) -> None:
    """Give the sandbox's officer, operator, administrators, supporters and representatives their appointments (needs the running exchange)."""
    import toono.identity.api as identity
    from toono.kernel.actor import Role, system

    actor = system("first-start")
    wanted = (
        (cast["oyun"], Role.OFFICER, "dundgovi-environment"),
        (cast["enkhjin"], Role.ANALYST, "dundgovi-environment"),
        (cast["dorj"], Role.OPERATOR, "digital-academy"),
        (cast["anu"], Role.ADMINISTRATOR, "digital-academy"),
        (cast["naran"], Role.ADMINISTRATOR, "digital-academy"),
        (cast["dorj"], Role.SUPPORT, "digital-academy"),
        (cast["naran"], Role.SUPPORT, "digital-academy"),
        (cast["tulga"], Role.REPRESENTATIVE, "khasar-bank"),
        (cast["bold"], Role.REPRESENTATIVE, "state-registration"),
    )

    def appoint() -> None:
        for person, role, organisation in wanted:
            identity.appoint(actor=actor, regnum=person["regnum"], role=role, organisation=organisation)

    _once(settings, "cast", json.dumps([(p["regnum"], r, o) for p, r, o in wanted]), appoint)


def environment(settings: Settings) -> dict[str, str]:
    """What the children inherit so that they read the same settings, whatever the folder they run in."""
    return {
        "TOONO_HOME": str(settings.home),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
    }
