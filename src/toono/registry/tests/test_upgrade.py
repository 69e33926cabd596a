"""What was approved before there were versions is numbered, searchable and guarded after the upgrade."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from toono.kernel.text import fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stage import Stack

AGREEMENT = {
    "id": "one", "consumer": "MN/COM/bank/loans", "service": "MN/GOV/register/p/address", "valid_from": "2026-01-01T00:00:00Z",
    "valid_until": "2027-01-01T00:00:00Z", "purposes": [{"code": "loan", "title_mn": "Зээл", "title_en": "Loan", "basis_mn": "Хууль"}],
}  # fmt: skip
BANK = {"code": "bank", "member_class": "COM", "register_number": "9900001", "name_mn": "Банк", "name_en": "Bank", "unit_code": None}


@pytest.fixture
def older(stack: Stack) -> Iterator[str]:
    """An empty database of the former shape; gives its address."""
    name = f"upgrade_{uuid4().hex[:8]}"
    dsn = urlsplit(stack.settings.database_dsn)._replace(path=f"/{name}").geturl()
    with psycopg.connect(stack.settings.database_dsn, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name)))
        try:
            migrate(stack, dsn, "0001")
            yield dsn
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def migrate(stack: Stack, dsn: str, *to: str) -> None:
    environment = {**os.environ, **stack.environment, "TOONO_DATABASE_URL": dsn, "DJANGO_SETTINGS_MODULE": "toono.entry.django_settings"}
    environment |= {"TOONO_SECRET_KEY": "x" * 60}
    subprocess.run([sys.executable, "-m", "django", "migrate", "-v0", "registry", *to], env=environment, check=True, capture_output=True)


def draft(connection: psycopg.Connection[Any], kind: str, subject: str, content: dict[str, Any], state: str, day: int) -> None:
    decided = (uuid4(), f"2026-01-{day:02}T00:00:00Z") if state != "pending" else (None, None)
    connection.execute(
        "INSERT INTO registry_draft (id, kind, subject, content, base_digest, drafted_by, drafted_at, state, decided_by, decided_at, reason)"
        " VALUES (%s, %s, %s, %s, '', %s, %s, %s, %s, %s, '')",
        [uuid4(), kind, subject, json.dumps(content), uuid4(), f"2026-01-{day:02}T00:00:00Z", state, *decided],
    )


def test_what_stood_before_is_numbered_and_found(stack: Stack, older: str) -> None:
    with psycopg.connect(older, autocommit=True) as connection:
        run = connection.execute
        run(
            "INSERT INTO registry_organisation VALUES ('bank','COM','9900001','Банк','Bank',NULL,'x'), ('register','GOV','9900002','Бүртгэл','R',NULL,'y')"
        )
        run("INSERT INTO registry_system (id, organisation_id, title_mn, title_en, credentials) VALUES ('MN/COM/bank/loans','bank','Зээл','Loans','[]'),"
            " ('MN/GOV/register/p','register','Хүн ам','P','[]')")  # fmt: skip
        run("INSERT INTO registry_service (id, system_id, base_url, timeout_seconds, endpoints, title_mn, title_en, enabled)"
            " VALUES ('MN/GOV/register/p/address','MN/GOV/register/p','http://x',1,'[]','Хаяг','Address',true)")  # fmt: skip
        run("INSERT INTO registry_agreement (id, consumer_id, service_id, purposes, valid_from, valid_until) VALUES"
            " ('one','MN/COM/bank/loans','MN/GOV/register/p/address',%s,'2026-01-01','2027-01-01')", [json.dumps(AGREEMENT["purposes"])])  # fmt: skip
        for state, day in (("approved", 3), ("approved", 1), ("rejected", 2), ("pending", 4)):
            draft(connection, "agreement", "one", AGREEMENT, state, day)
        draft(connection, "organisation", "bank", BANK, "approved", 1)
    migrate(stack, older)
    with psycopg.connect(older, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT extract(day FROM drafted_at)::int, version, consumer, owner FROM registry_draft WHERE kind = 'agreement' ORDER BY 1"
        )
        assert rows.fetchall() == [
            (1, 1, "bank", "register"),
            (2, None, "bank", "register"),
            (3, 2, "bank", "register"),
            (4, None, "bank", "register"),
        ]
        assert connection.execute("SELECT version, ended_at FROM registry_agreement").fetchall() == [(2, None)]
        searched = dict(connection.execute("SELECT code, search FROM registry_organisation").fetchall())
        assert "9900001" in searched["bank"] and fold("Бүртгэл") in searched["register"]
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="a decided one is never changed"):
            connection.execute("UPDATE registry_draft SET reason = 'x' WHERE state = 'approved'")
        connection.execute("UPDATE registry_draft SET reason = 'x' WHERE state = 'pending'")
