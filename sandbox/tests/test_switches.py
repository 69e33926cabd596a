"""Fault switches and settings."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.faults import FaultRefused, Faults
from sandbox.settings import SandboxSettingsError, load

GOOD = {
    "SANDBOX_DATABASE_URL": "postgresql://localhost/x",
    "SANDBOX_REGISTER_TOKEN": "t",
    "SANDBOX_BANK_TOKEN": "b",
    "SANDBOX_BANK_NOTICE_KEY": "k",
    "SANDBOX_SMPP_PASSWORD": "p",
}


@pytest.mark.parametrize("wish", [{"register": "dead"}, {"sms": "slow"}, {"colour": "red"}, {"slow_seconds": -1}, {"only": "x"}, [], None])
def test_a_wish_that_is_no_switch_is_refused_and_changes_nothing(wish: Any) -> None:
    faults = Faults()
    with pytest.raises(FaultRefused):
        faults.set({"register": "down", **wish} if isinstance(wish, dict) and "register" not in wish else wish)
    assert faults.shown() == Faults().shown()


def test_a_fault_may_concern_some_persons_only_until_the_next_wish() -> None:
    faults = Faults()
    faults.set({"register": "down", "only": ["990000000001"]})
    assert faults.register_fault("УБ00010112", "990000000001") == "down"
    assert faults.register_fault("УБ00010113", "990000000002") == "up"
    faults.set({"sms": "reject"})
    assert faults.register_fault("УБ00010113", "990000000002") == "down"


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_a_missing_setting_stops_the_start_with_its_name(missing: str) -> None:
    with pytest.raises(SandboxSettingsError, match=missing):
        load({k: v for k, v in GOOD.items() if k != missing})


@pytest.mark.parametrize("port", ["0", "65536", "abc", "-1"])
def test_a_bad_port_stops_the_start(port: str) -> None:
    with pytest.raises(SandboxSettingsError, match="SANDBOX_SMPP_PORT"):
        load({**GOOD, "SANDBOX_SMPP_PORT": port})


def test_good_settings_are_read() -> None:
    assert load(GOOD).smpp_system_id == "toono"
