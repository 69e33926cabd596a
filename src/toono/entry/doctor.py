"""``toono doctor``: asks every part whether it is well and says what to do where it is not."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg

from toono.kernel.clock import now
from toono.kernel.jose import json_object, unverified_payload
from toono.kernel.settings import Settings, settings

WARN_DAYS = 30
Finding = tuple[bool, str]


def _settings(s: Settings) -> list[Finding]:
    return [(True, f"settings: {s.mode}, home {s.home}, portal {s.base_url}")]


def _secrets(s: Settings) -> list[Finding]:
    wrong = [f.name for f in s.secrets.glob("*") if f.stat().st_mode & 0o077]
    if wrong:
        return [(False, f"secrets: others may read {', '.join(sorted(wrong))}; run: chmod 600 {s.secrets}/*")]
    return [(True, "secrets: readable by the owner only")]


def _database(s: Settings) -> list[Finding]:
    with psycopg.connect(s.database_dsn, connect_timeout=5) as connection:
        version = connection.info.server_version // 10000
        fsync = connection.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')").fetchone()
    sound = version >= 15 and fsync == ("on", "on")
    advice = "" if sound else "; needs 15 or newer, fsync = on and synchronous_commit = on: what is acknowledged must survive a power cut"
    return [(sound, f"database: PostgreSQL {version}, fsync and synchronous_commit {fsync}{advice}")]


def _gateway_rights(s: Settings) -> list[Finding]:
    with psycopg.connect(s.gateway_dsn, connect_timeout=5) as connection:
        reads = connection.execute("SELECT has_table_privilege(current_user, 'identity_person', 'SELECT')").fetchone()
    too_much = bool(reads and reads[0])
    return [
        (
            not too_much,
            "gateway's login: may read persons; give it a role of its own" if too_much else "gateway's login: only its own tables",
        )
    ]


def _answer(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - addresses of this copy's own settings
        return json.load(answer)


def _portal(s: Settings) -> list[Finding]:
    return [(_answer(s.inner_base_url + "/health/ready")["status"] == "ready", "portal: ready")]


def _gateway(s: Settings) -> list[Finding]:
    health = _answer(s.gateway_base_url + "/health/ready")
    return [(True, f"gateway: {json.dumps(health, ensure_ascii=False)}")]


def _signer(s: Settings) -> list[Finding]:
    from toono.pki.signing import SignerClient

    client = SignerClient(s.signer_socket, s.secret("signer_token_web"))
    client.public_key("pki/issuing")
    return [(True, f"signer: answers on {s.signer_socket}, keys in {s.key_store}")]


def _certificates(s: Settings) -> list[Finding]:
    import django

    django.setup()
    import toono.pki.api as pki
    from toono.kernel.actor import system

    found: list[Finding] = []
    for certificate in pki.certificates(actor=system("doctor")):
        left = (certificate.not_after - now()).days
        if certificate.revoked_at is None and left < WARN_DAYS:
            found.append((left > 0, f"certificate {certificate.common_name}: {left} days left; it is renewed at the next start"))
    return found or [(True, f"certificates: none ends within {WARN_DAYS} days")]


def _configuration(s: Settings) -> list[Finding]:
    with urllib.request.urlopen(s.inner_base_url + "/registry/configuration", timeout=5) as answer:  # noqa: S310
        jws = answer.read().decode()
    payload = json_object(unverified_payload(jws))
    hours = (datetime.fromisoformat(payload["expires_at"]).astimezone(UTC) - now()).total_seconds() / 3600
    return [(hours > 1, f"configuration of the exchange: version {payload['version']}, {hours:.0f} hours left")]


CHECKS: tuple[tuple[str, Callable[[Settings], list[Finding]], str], ...] = (
    ("settings", _settings, "set what the sentence says"),
    ("secrets", _secrets, "start Toono once; it makes them"),
    ("database", _database, "start Toono, or check TOONO_DATABASE_URL"),
    ("gateway's login", _gateway_rights, "start Toono, or check TOONO_GATEWAY_DATABASE_URL"),
    ("signer", _signer, "start Toono; see logs/signer.log"),
    ("portal", _portal, "start Toono; see logs/web.log"),
    ("gateway", _gateway, "see logs/gateway.log"),
    ("configuration", _configuration, "see logs/web.log; publish again in the registry"),
    ("certificates", _certificates, "see logs/signer.log"),
)


def doctor() -> int:
    """Print one line per finding; 0 when all is well, 1 when something needs a hand."""
    ill = 0
    s = settings()
    for name, check, advice in CHECKS:
        try:
            findings = check(s)
        except Exception as error:
            findings = [(False, f"{name}: {type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''} — {advice}")]
        for well, sentence in findings:
            ill += not well
            print(("  well  " if well else "  ILL   ") + sentence)
    print("All is well." if not ill else f"{ill} to look after.")
    return 1 if ill else 0
