"""A production copy: real keys in a token, another database, no invented persons; and each refusal of what is fit for development only."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.stage import ROOT, Stack, free_ports

SOFTHSM = next(
    (p for p in map(Path, ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")) if p.exists()),
    Path("/usr/lib/softhsm/libsofthsm2.so"),
)


@pytest.fixture(scope="module")
def production(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Settings of a production copy: a token of its own, and a database of its own on the stage's server."""
    folder = tmp_path_factory.mktemp("production")
    (folder / "tokens").mkdir()
    (folder / "softhsm.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    hsm = {"SOFTHSM2_CONF": str(folder / "softhsm.conf")}
    make = ["softhsm2-util", "--init-token", "--free", "--label", "toono", "--pin", "123456", "--so-pin", "654321"]
    subprocess.run(make, env=os.environ | hsm, check=True, capture_output=True)
    name = f"production_{secrets.token_hex(4)}"
    server = stack.settings.database_dsn
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    web, gateway = free_ports(2)
    (folder / "secret_key").write_text(secrets.token_urlsafe(60))
    yield {k: v for k, v in os.environ.items() if not k.startswith(("TOONO_", "DJANGO_"))} | {
        **hsm,
        "TOONO_MODE": "production",
        "TOONO_SANDBOX": "no",
        "TOONO_HOME": str(folder / "home"),
        "TOONO_PUBLIC_URL": "https://toono.example",
        "TOONO_KEY_STORE": "pkcs11",
        "TOONO_PKCS11_MODULE": str(SOFTHSM),
        "TOONO_KEY_STORE_PASSPHRASE": "123456",
        "TOONO_SECRET_KEY_FILE": str(folder / "secret_key"),
        "TOONO_DATABASE_URL": server.rsplit("/", 1)[0] + f"/{name}",
        "TOONO_GATEWAY_DATABASE_URL": stack.settings.gateway_dsn.rsplit("/", 1)[0] + f"/{name}",
        "TOONO_OPERATOR_POST": "Example Street 1; Ulaanbaatar | Жишээ гудамж 1; Улаанбаатар",
        "TOONO_SMS_HOST": "127.0.0.1",
        "TOONO_SMS_PASSWORD": "password",
        "TOONO_WEB_PORT": str(web),
        "TOONO_GATEWAY_PORT": str(gateway),
    }


def toono(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "toono.entry", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def first_administrators(production: dict[str, str]) -> None:
    """Whoever holds the machine appoints two, before there is a register to ask; from then on administrators appoint."""

    def appoint(regnum: str, **facts: str) -> subprocess.CompletedProcess[str]:
        return toono(production, "identity", "appoint", regnum, *(f"--{name.replace('_', '-')}={value}" for name, value in facts.items()))

    facts = {"clan_name": "Боржигон", "patronymic": "Дорж", "given_name": "Сараа", "phone": "88112233"}
    partly = appoint("УБ85010112", civil_id="110085010112")
    assert partly.returncode == 2 and "--clan-name, --given-name, --patronymic, --phone" in partly.stderr
    unknown = appoint("УБ85010112")
    assert unknown.returncode == 2 and "the population register cannot be asked; say who it is" in unknown.stderr
    nonsense = appoint("УБ85990112", civil_id="110085010112", **facts)
    assert nonsense.returncode == 2 and "is no register number" in nonsense.stderr
    first = appoint("УБ85010112", civil_id="110085010112", **facts)
    assert first.returncode == 0 and "Дорж Сараа is an administrator" in first.stdout, first.stderr
    other = appoint("УБ85010112", civil_id="110085010113", **facts | {"given_name": "Туяа"})
    assert other.returncode == 0 and "Сараа" in other.stdout, "who is known stays as they are"
    twice = appoint("УБ86020213", civil_id="110085010112", **facts)
    assert twice.returncode == 2 and "another person's" in twice.stderr
    assert appoint("УБ86020213", civil_id="110086020213", **facts | {"given_name": "Наран"}).returncode == 0
    third = appoint("УБ87030314", civil_id="110087030314", **facts | {"given_name": "Болд"})
    assert third.returncode == 2 and "administrators who appoint" in third.stderr
    with psycopg.connect(production["TOONO_DATABASE_URL"]) as connection:
        rows = connection.execute(
            "SELECT p.given_name, a.role, a.ended_at FROM identity_appointment a JOIN identity_person p ON p.id = a.person_id ORDER BY appointed_at"
        ).fetchall()
        told = connection.execute("SELECT count(*) FROM kernel_auditrecord WHERE action = 'identity.appoint'").fetchone()
    assert rows == [("Сараа", "administrator", None), ("Наран", "administrator", None)] and told == (2,)


def test_a_production_copy_serves_with_its_keys_in_a_token(production: dict[str, str]) -> None:
    home = Path(production["TOONO_HOME"])
    process = subprocess.Popen(
        [sys.executable, "-m", "toono.entry", "up"], cwd=ROOT, env=production, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        deadline = time.monotonic() + 90
        while not (home / "addresses.json").exists():
            assert process.poll() is None and time.monotonic() < deadline, process.communicate()[0].decode()[-2000:]
            time.sleep(0.2)
        told = json.loads((home / "addresses.json").read_text())
        assert told["portal"] == "https://toono.example"
        assert not {"persons", "clients", "sms_inbox", "faults"} & set(told)
        page = httpx.get(f"http://127.0.0.1:{production['TOONO_WEB_PORT']}/", headers={"Host": "toono.example"})
        assert page.status_code == 200
        assert page.headers["strict-transport-security"].startswith("max-age=63072000")
        assert not list(home.glob("keys/*")), "private keys stand in files"
        well = toono(production, "doctor")
        assert well.returncode == 0 and "keys in pkcs11" in well.stdout, well.stdout
        refused = toono(production, "tour")
        assert refused.returncode == 2 and "needs the sandbox's made-up persons" in refused.stderr
        first_administrators(production)
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"TOONO_SANDBOX": "yes"}, "TOONO_SANDBOX is on"),
        ({"TOONO_KEY_STORE": "file"}, "TOONO_KEY_STORE is file"),
        ({"TOONO_SECRET_KEY_FILE": None}, "TOONO_SECRET_KEY is missing"),
        ({"TOONO_DEBUG": "yes"}, "TOONO_DEBUG is on"),
    ],
)
def test_what_is_fit_for_development_only_stops_the_start(production: dict[str, str], change: dict[str, str | None], said: str) -> None:
    environment = {k: v for k, v in (production | change).items() if v is not None}
    refused = toono(environment, "up")
    assert refused.returncode == 2
    assert said in refused.stderr and "Traceback" not in refused.stderr
