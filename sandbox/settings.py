"""Settings of the sandbox process, from variables that begin with ``SANDBOX_``."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass


class SandboxSettingsError(Exception):
    """A setting is missing or wrong. The message is a sentence for the person who starts the sandbox."""


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    """What the sandbox needs to know. The HTTP port is given to the server that runs :mod:`sandbox.app`."""

    database_url: str
    """Database of its own; tables are made at start."""
    register_token: str
    """Bearer token that callers of the population register show."""
    host: str
    """Address on which the SMPP server listens."""
    smpp_port: int
    smpp_system_id: str
    smpp_password: str
    bank_token: str
    """Bearer token that callers of the bank show."""
    bank_notice_key: str
    """Key with which the bank signs its notices."""

    def token(self, register: str) -> str:
        """Bearer token of another register: each has its own, made from the population register's so that it need not be handed over."""
        name = f"register_token_{register.replace('-', '_')}"
        return hmac.new(self.register_token.encode(), name.encode(), hashlib.sha256).hexdigest()


def load(environment: Mapping[str, str] | None = None) -> SandboxSettings:
    """Settings from ``environment`` (default: the process's own).

    :raises SandboxSettingsError: a variable is missing or wrong.
    """
    environment = os.environ if environment is None else environment

    def required(name: str, meaning: str) -> str:
        value = environment.get(name, "")
        if not value:
            raise SandboxSettingsError(f"{name} is missing; set it to {meaning}.")
        return value

    port = environment.get("SANDBOX_SMPP_PORT", "8403")
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise SandboxSettingsError(f"SANDBOX_SMPP_PORT is «{port}», but a port lies between 1 and 65535.")
    return SandboxSettings(
        database_url=required("SANDBOX_DATABASE_URL", "the address of the sandbox's own database"),
        register_token=required("SANDBOX_REGISTER_TOKEN", "the token that callers of the register show"),
        host=environment.get("SANDBOX_HOST", "127.0.0.1"),
        smpp_port=int(port),
        smpp_system_id=environment.get("SANDBOX_SMPP_SYSTEM_ID", "toono"),
        smpp_password=required("SANDBOX_SMPP_PASSWORD", "the password of the SMPP login (at most 8 characters)"),
        bank_token=required("SANDBOX_BANK_TOKEN", "the token that callers of the bank show"),
        bank_notice_key=required("SANDBOX_BANK_NOTICE_KEY", "the key with which the bank signs its notices"),
    )
