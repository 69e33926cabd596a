"""Settings: one typed object, read from the environment once.

Every setting is a field of :class:`Settings`; its variable is ``TOONO_`` and the field's name in capitals. A secret may
stand in a file named by ``TOONO_<NAME>_FILE``. A missing or wrong setting raises :class:`SettingsError`, whose
text is a sentence that says what to set. ``docs/reference/settings.md`` is generated from this file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "TOONO_"


class SettingsError(Exception):
    """A setting is missing or wrong. The message is a sentence for the person who starts Toono."""


def _setting(default: Any, doc: str, *, secret: bool = False, choices: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"doc": doc, "secret": secret, "choices": choices})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that an operator can set. Paths are absolute after loading."""

    mode: str = _setting("development", "What this copy is for.", choices=("development", "production"))
    home: Path = _setting(Path("var"), "Folder of all state: database, keys, logs, addresses.json.")  # noqa: RUF009 - a Path is immutable
    debug: bool = _setting(False, "Show technical error pages. Refused in production.")

    host: str = _setting("127.0.0.1", "Address on which the processes listen.")
    web_port: int = _setting(8400, "Port of the portal, the issuer and the public pages.")
    gateway_port: int = _setting(8401, "Port of the exchange gateway.")
    sandbox_port: int = _setting(8402, "Port of the sandbox (registers, SMS inbox). Development only.")
    sms_port: int = _setting(8403, "Port of the SMS operator's SMPP server in the sandbox. Development only.")
    database_port: int = _setting(8404, "Port of the embedded PostgreSQL.")

    web_workers: int = _setting(2, "Processes of the portal.")
    web_threads: int = _setting(12, "Threads of each process of the portal.")
    worker_processes: int = _setting(1, "Processes of the worker.")
    worker_threads: int = _setting(4, "Jobs that each process of the worker does at the same time.")
    gateway_workers: int = _setting(1, "Processes of the exchange gateway. One fills a core.")

    public_url: str = _setting("", "Address under which people reach the portal. Empty: http://<host>:<web_port>.")
    inner_url: str = _setting(
        "", "Address under which our own processes reach the portal (configuration, tokens). Empty: http://<host>:<web_port>."
    )
    gateway_url: str = _setting("", "Address of the exchange gateway. Empty: http://<host>:<gateway_port>.")
    gateway_name: str = _setting(
        "main", "Name of this gateway in the configuration of the exchange. Several that share a name share its load."
    )
    gateway_tls: bool = _setting(
        False,
        "Believe the header Client-Cert (RFC 9440) of the TLS terminator before the gateway and the portal, which must know the secret `terminator_key`.",
    )
    database_url: str = _setting(
        "", "PostgreSQL 15 or newer, as postgresql://user:password@host:port/name. Empty: the embedded one.", secret=True
    )
    gateway_database_url: str = _setting("", "The gateway's own login to the same database. Empty: a role made at start.", secret=True)
    sandbox_database_url: str = _setting(
        "", "The sandbox's own database. Empty: the database toono_sandbox beside the main one.", secret=True
    )

    secret_key: str = _setting(
        "", "Key of sessions and form tokens, 50 characters or more. Empty in development: made at first start.", secret=True
    )
    key_store: str = _setting(
        "file", "Where private keys stand: `file` (encrypted folder, development only) or `pkcs11`.", choices=("file", "pkcs11")
    )
    key_store_passphrase: str = _setting(
        "", "Opens the encrypted folder of keys, or the token's PIN. Empty in development: made at first start.", secret=True
    )
    pkcs11_module: str = _setting("", "Path of the PKCS#11 library, when key_store is pkcs11.")
    pkcs11_token: str = _setting("toono", "Label of the PKCS#11 token.")

    clock_check: str = _setting(
        "",
        "How the clock is judged before a time-stamp: `kernel` (it must be synchronised by NTP, and know its error) or `off`. Empty: kernel in production, off in development. A clock that jumps is refused always.",
        choices=("kernel", "off"),
    )
    acme_challenge_address: str = _setting(
        "",
        "Where every ACME challenge is fetched, as host:port, whatever the name says. For tests and the sandbox; refused in production. Empty: at the name's own public address, port 80.",
    )
    acme_networks: str = _setting(
        "",
        "Networks beside the public internet in which servers may answer ACME challenges, as 10.20.0.0/16,10.30.0.0/16 (the state's own network). Empty: public addresses only.",
    )

    acme_resolver: str = _setting(
        "",
        "Name server that is asked alone for the answers to ACME's dns-01, as address:port (a resolver of yours that keeps no answers). Empty: the servers of the name's own zone, found by the system's resolver.",
    )

    sandbox: bool = _setting(True, "Start the sandbox and connect it. Refused in production.")
    sms_host: str = _setting("", "SMPP server of the SMS operator. Empty in development: the sandbox.")
    sms_system_id: str = _setting("toono", "Login at the SMS operator.")
    sms_password: str = _setting("", "Password at the SMS operator. Empty in development: the sandbox's.", secret=True)

    bank_url: str = _setting("", "Where invoices of fees are opened. Empty in development: the bank of the sandbox.")
    bank_token: str = _setting("", "Token that we show to the bank. Empty in development: the sandbox's.", secret=True)
    bank_notice_key: str = _setting("", "Key with which the bank signs its notices. Empty in development: the sandbox's.", secret=True)

    exchange_instance: str = _setting("MN", "Instance identifier of the exchange (first part of every identifier).")
    exchange_dialect: str = _setting("7.8", "Which error types the X-Road face gives.", choices=("7.7", "7.8"))
    configuration_validity_hours: int = _setting(24, "How long a published configuration of the exchange may be used.")
    archive_url: str = _setting(
        "", "Where archives of the message log go: `s3://bucket/prefix` or a folder. Empty: the folder archive in TOONO_HOME."
    )
    archive_s3_endpoint: str = _setting("", "Address of an S3-compatible storage other than that of Amazon.")
    archive_s3_key_id: str = _setting("", "Access key of the archive's storage.")
    archive_s3_secret: str = _setting("", "Secret key of the archive's storage.", secret=True)
    clamd: str = _setting(
        "",
        "ClamAV's daemon that looks through files of applications: `unix:/run/clamav/clamd.ctl` or `tcp://host:3310`. Empty: structure checks only.",
    )
    traces_url: str = _setting("", "OpenTelemetry collector (OTLP over HTTP) for the traces of the exchange. Empty: none.")
    operator_email: str = _setting(
        "",
        "Where the operator answers questions about certificates and signatures; stands in the trusted list. Empty: support@ the portal's host.",
    )
    operator_post: str = _setting(
        "",
        "The operator's postal address in English and, after a bar, in Mongolian, as `Street 1; Ulaanbaatar; 14201 | Гудамж 1; Улаанбаатар; 14201` (the postal code may be left out); stands in the trusted list. Empty in development: an invented one.",
    )
    helpline: str = _setting("1800-1111", "Telephone number shown on every page.")
    sessions_idle_minutes: int = _setting(30, "A session ends after so many minutes without a click.")
    log_level: str = _setting("INFO", "How much the processes write.", choices=("DEBUG", "INFO", "WARNING", "ERROR"))

    # -- derived ---------------------------------------------------------------------------------------------

    @property
    def production(self) -> bool:
        return self.mode == "production"

    @property
    def base_url(self) -> str:
        """Address of the portal without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.web_port}").rstrip("/")

    @property
    def inner_base_url(self) -> str:
        """The portal as our own processes reach it, past whatever stands before it for people."""
        return (self.inner_url or f"http://{self.host}:{self.web_port}").rstrip("/")

    @property
    def gateway_base_url(self) -> str:
        return (self.gateway_url or f"http://{self.host}:{self.gateway_port}").rstrip("/")

    @property
    def sandbox_base_url(self) -> str:
        return f"http://{self.host}:{self.sandbox_port}"

    @property
    def bank_base_url(self) -> str:
        return (self.bank_url or f"{self.sandbox_base_url}/bank").rstrip("/")

    @property
    def acme_own_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Networks of the state in which servers may answer challenges."""
        return tuple(ip_network(one.strip()) for one in self.acme_networks.split(",") if one.strip())

    @property
    def acme_resolver_place(self) -> tuple[str, int] | None:
        """Address and port of the name server that is asked alone for dns-01."""
        host, _, port = self.acme_resolver.rpartition(":")
        return (str(ip_address(host.strip("[]"))), int(port)) if host else None

    @property
    def operator_mail(self) -> str:
        """The operator's address of mail; ``support`` at the portal's host where none is set (RFC 2142 §3)."""
        return self.operator_email or f"support@{urlsplit(self.base_url).hostname}"

    @property
    def operator_places(self) -> Mapping[str, tuple[str, str, str]]:
        """The operator's street, town and postal code (or an empty text), by language.

        :raises ValueError: not two addresses, or one without street or town.
        """
        english, mongolian = (self.operator_post or _INVENTED_POST).split("|")
        return {"en": _place(english), "mn": _place(mongolian)}

    @property
    def asks_kernel_clock(self) -> bool:
        """Whether the kernel must vouch for the clock before a time-stamp."""
        return (self.clock_check or ("kernel" if self.production else "off")) == "kernel"

    @property
    def secure(self) -> bool:
        """Whether people reach the portal by TLS; decides cookie names and flags."""
        return urlsplit(self.base_url).scheme == "https"

    @property
    def signer_socket(self) -> Path:
        """Unix socket of the signer. The kernel allows 107 bytes; a deep ``home`` gets a short link beside /tmp."""
        return self.socket_folder / "signer.sock"

    @property
    def socket_folder(self) -> Path:
        folder = self.home / "run"
        if len(str(folder)) <= 80:
            return folder
        import hashlib

        return Path(f"/tmp/toono-{os.getuid()}-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}")  # noqa: S108 - made 0700 by entry

    @property
    def secrets(self) -> Path:
        """Folder of what is made at first start; nobody but the owner reads it."""
        return self.home / "secrets"

    def secret(self, name: str) -> str:
        """A secret made at first start.

        :raises SettingsError: it was not made; the start makes it in development only.
        """
        try:
            return (self.secrets / name).read_text().strip()
        except OSError:
            raise SettingsError(f"The secret «{name}» is missing in {self.secrets}. Run `toono up` once.") from None

    @property
    def embedded_database(self) -> bool:
        return not self.database_url

    @property
    def database_dsn(self) -> str:
        """Login of web and worker."""
        return self.database_url or self._embedded("toono", "toono")

    @property
    def gateway_dsn(self) -> str:
        """Login of the gateway, which may only append to the message log and the access ledger."""
        if self.gateway_database_url:
            return self.gateway_database_url
        parts = urlsplit(self.database_dsn)
        place = parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=f"toono_gateway:{self.secret('gateway_database_password')}@{place}").geturl()

    @property
    def sandbox_dsn(self) -> str:
        """Login of the sandbox to its own database."""
        if self.sandbox_database_url:
            return self.sandbox_database_url
        return urlsplit(self.database_dsn)._replace(path="/toono_sandbox").geturl()

    def _embedded(self, user: str, database: str) -> str:
        return f"postgresql://{user}:{self.secret('database_password')}@127.0.0.1:{self.database_port}/{database}"

    @property
    def session_key(self) -> str:
        return self.secret_key or self.secret("secret_key")

    @property
    def passphrase(self) -> str:
        """Opens the key store."""
        return self.key_store_passphrase or self.secret("key_store_passphrase")


_INVENTED_POST = "Example Street 1; Ulaanbaatar | Жишээ гудамж 1; Улаанбаатар"
_MAIL = re.compile(r"[^@\s,?\"<>|]{1,64}@[A-Za-z0-9.-]{1,190}")


def _place(address: str) -> tuple[str, str, str]:
    street, town, *code = (part.strip() for part in address.split(";"))
    if not street or not town or len(code) > 1:
        raise ValueError("an address is street; town; postal code")
    return street, town, code[0] if code else ""


def _convert(name: str, kind: str, raw: str) -> Any:
    variable = PREFIX + name.upper()
    if kind == "bool":
        if raw.lower() in {"1", "true", "yes", "on"}:
            return True
        if raw.lower() in {"0", "false", "no", "off"}:
            return False
        raise SettingsError(f"{variable} is «{raw}», but must be yes or no.")
    if kind == "int":
        try:
            number = int(raw)
        except ValueError:
            raise SettingsError(f"{variable} is «{raw}», but must be a whole number.") from None
        if name.endswith("_port") and not 1 <= number <= 65535:
            raise SettingsError(f"{variable} is {number}, but a port lies between 1 and 65535.")
        if number < 1:
            raise SettingsError(f"{variable} is {number}, but must be 1 or more.")
        return number
    return Path(raw) if kind == "Path" else raw


def _read(name: str, secret: bool, environment: Mapping[str, str]) -> str | None:
    variable = PREFIX + name.upper()
    value = environment.get(variable)
    file = environment.get(variable + "_FILE") if secret else None
    if file is None:
        return value
    if value is not None:
        raise SettingsError(f"{variable} and {variable}_FILE are both set; leave one of them.")
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise SettingsError(f"{variable}_FILE names {file}, which cannot be read ({error.strerror}).") from None


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from ``environment`` (default: the process's own).

    :raises SettingsError: an unknown, unreadable or forbidden setting.
    """
    environment = os.environ if environment is None else environment
    declared = {f.name: f for f in fields(Settings)}
    allowed = {PREFIX + n.upper() for n in declared} | {PREFIX + n.upper() + "_FILE" for n, f in declared.items() if f.metadata["secret"]}
    unknown = sorted(v for v in environment if v.startswith(PREFIX) and v not in allowed)
    if unknown:
        raise SettingsError(f"{unknown[0]} is not a setting of Toono; see docs/reference/settings.md.")
    values: dict[str, Any] = {}
    for name, f in declared.items():
        raw = _read(name, f.metadata["secret"], environment)
        if raw is None or (raw == "" and f.default is not MISSING):
            continue
        value = _convert(name, str(f.type), raw)
        if f.metadata["choices"] and value not in f.metadata["choices"]:
            raise SettingsError(f"{PREFIX}{name.upper()} is «{value}», but must be one of: {', '.join(f.metadata['choices'])}.")
        values[name] = value
    settings = Settings(**values)
    settings = _absolute(settings)
    _check_acme(settings)
    _check_operator(settings)
    _check_production(settings)
    return settings


def _absolute(settings: Settings) -> Settings:
    from dataclasses import replace

    return replace(settings, home=settings.home.expanduser().resolve())


def _check_acme(settings: Settings) -> None:
    host, _, port = settings.acme_challenge_address.rpartition(":")
    if settings.acme_challenge_address and not (host and port.isdecimal() and 1 <= int(port) <= 65535):
        raise SettingsError(f"TOONO_ACME_CHALLENGE_ADDRESS is «{settings.acme_challenge_address}», but must be host:port.")
    try:
        place = settings.acme_resolver_place
    except ValueError:
        place = None
    if settings.acme_resolver and not (place and 1 <= place[1] <= 65535):
        raise SettingsError(
            f"TOONO_ACME_RESOLVER is «{settings.acme_resolver}», but must be address:port, as 10.0.0.53:53 or [fd00::53]:53."
        )
    try:
        _ = settings.acme_own_networks
    except ValueError as error:
        raise SettingsError(f"TOONO_ACME_NETWORKS is «{settings.acme_networks}»: {error}. Write it as 10.20.0.0/16,10.30.0.0/16.") from None


def _check_operator(settings: Settings) -> None:
    if settings.operator_email and not _MAIL.fullmatch(settings.operator_email):
        raise SettingsError(f"TOONO_OPERATOR_EMAIL is «{settings.operator_email}», but must be one address of mail, as pki@example.mn.")
    try:
        _ = settings.operator_places
    except ValueError:
        raise SettingsError(
            f"TOONO_OPERATOR_POST is «{settings.operator_post}», but must be an English and a Mongolian address, each with street and town, as "
            "Street 1; Ulaanbaatar; 14201 | Гудамж 1; Улаанбаатар; 14201."
        ) from None


def _check_production(settings: Settings) -> None:
    """Refuse what is fit for development only, each with its own sentence."""
    if not settings.production:
        return
    refusals = [
        (settings.debug, "TOONO_DEBUG is on; a production copy never shows technical pages. Unset it."),
        (settings.sandbox, "TOONO_SANDBOX is on; a production copy has no invented persons. Set TOONO_SANDBOX=no."),
        (settings.key_store == "file", "TOONO_KEY_STORE is file; in production private keys stand in a token. Set TOONO_KEY_STORE=pkcs11."),
        (
            bool(settings.acme_challenge_address),
            "TOONO_ACME_CHALLENGE_ADDRESS is set; in production a server proves its name at its own address. Unset it.",
        ),
        (len(settings.secret_key) < 50, "TOONO_SECRET_KEY is missing or shorter than 50 characters. Set TOONO_SECRET_KEY_FILE."),
        (
            not settings.key_store_passphrase,
            "TOONO_KEY_STORE_PASSPHRASE is missing. Set TOONO_KEY_STORE_PASSPHRASE_FILE to a file with the token's PIN.",
        ),
        (settings.key_store == "pkcs11" and not settings.pkcs11_module, "TOONO_PKCS11_MODULE is missing; name the library of your token."),
        (
            not settings.database_url,
            "TOONO_DATABASE_URL is missing; production does not run on the embedded database. Set TOONO_DATABASE_URL_FILE.",
        ),
        (
            not settings.gateway_database_url,
            "TOONO_GATEWAY_DATABASE_URL is missing; the gateway has a login of its own. Set TOONO_GATEWAY_DATABASE_URL_FILE.",
        ),
        (not settings.secure, "TOONO_PUBLIC_URL must be an https:// address in production."),
        (
            not settings.operator_post,
            "TOONO_OPERATOR_POST is missing; the trusted list names its operator's postal address. Set it as Street 1; Town | Гудамж 1; Хот.",
        ),
        (not settings.sms_host, "TOONO_SMS_HOST is missing; name the SMS operator's SMPP server."),
        (not settings.sms_password, "TOONO_SMS_PASSWORD is missing. Set TOONO_SMS_PASSWORD_FILE."),
    ]
    for refused, sentence in refusals:
        if refused:
            raise SettingsError(sentence)


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return load()


def reference_table() -> str:
    """Markdown table of every setting, for ``docs/reference/settings.md``."""
    rows = ["| Setting | Default | Meaning |", "|---|---|---|"]
    for f in fields(Settings):
        name = PREFIX + f.name.upper() + (" (or `…_FILE`)" if f.metadata["secret"] else "")
        default = "" if f.default in ("", None) else f"`{f.default}`"
        choices = f" One of: {', '.join(f.metadata['choices'])}." if f.metadata["choices"] else ""
        rows.append(f"| `{name}` | {default} | {f.metadata['doc']}{choices} |".replace("` (or", "` (or"))
    return "\n".join(rows) + "\n"
