"""Settings: each refusal is a sentence that says what to set."""

from __future__ import annotations

from pathlib import Path

import pytest

from toono.kernel.settings import SettingsError, load

PRODUCTION = {
    "TOONO_MODE": "production",
    "TOONO_SANDBOX": "no",
    "TOONO_KEY_STORE": "pkcs11",
    "TOONO_PKCS11_MODULE": "/usr/lib/softhsm/libsofthsm2.so",
    "TOONO_KEY_STORE_PASSPHRASE": "1234",
    "TOONO_SECRET_KEY": "x" * 50,
    "TOONO_DATABASE_URL": "postgresql://toono:secret@db/toono",
    "TOONO_GATEWAY_DATABASE_URL": "postgresql://gateway:secret@db/toono",
    "TOONO_PUBLIC_URL": "https://toono.example",
    "TOONO_OPERATOR_POST": "Sukhbaatar Square 1; Ulaanbaatar; 14201 | Сүхбаатарын талбай 1; Улаанбаатар; 14201",
    "TOONO_SMS_HOST": "smpp.example",
    "TOONO_SMS_PASSWORD": "secret",
}


def test_a_complete_production_setting_is_accepted() -> None:
    assert load(PRODUCTION).production


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"TOONO_SANDBOX": "yes"}, "TOONO_SANDBOX is on"),
        ({"TOONO_DEBUG": "yes"}, "TOONO_DEBUG is on"),
        ({"TOONO_KEY_STORE": "file"}, "TOONO_KEY_STORE is file"),
        ({"TOONO_SECRET_KEY": "short"}, "TOONO_SECRET_KEY is missing or shorter"),
        ({"TOONO_SECRET_KEY": None}, "TOONO_SECRET_KEY is missing or shorter"),
        ({"TOONO_KEY_STORE_PASSPHRASE": None}, "TOONO_KEY_STORE_PASSPHRASE is missing"),
        ({"TOONO_PKCS11_MODULE": None}, "TOONO_PKCS11_MODULE is missing"),
        ({"TOONO_DATABASE_URL": None}, "TOONO_DATABASE_URL is missing"),
        ({"TOONO_GATEWAY_DATABASE_URL": None}, "TOONO_GATEWAY_DATABASE_URL is missing"),
        ({"TOONO_PUBLIC_URL": "http://toono.example"}, "TOONO_PUBLIC_URL must be an https:// address"),
        ({"TOONO_OPERATOR_POST": None}, "TOONO_OPERATOR_POST is missing"),
        ({"TOONO_SMS_HOST": None}, "TOONO_SMS_HOST is missing"),
        ({"TOONO_SMS_PASSWORD": None}, "TOONO_SMS_PASSWORD is missing"),
    ],
)
def test_production_refuses_what_is_fit_for_development_only(change: dict[str, str | None], said: str) -> None:
    environment = {k: v for k, v in (PRODUCTION | change).items() if v is not None}
    with pytest.raises(SettingsError, match=said):
        load(environment)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"TOONO_WEB_PORT": "eighty"}, "must be a whole number"),
        ({"TOONO_WEB_PORT": "70000"}, "between 1 and 65535"),
        ({"TOONO_WEB_THREADS": "0"}, "must be 1 or more"),
        ({"TOONO_DEBUG": "maybe"}, "must be yes or no"),
        ({"TOONO_MODE": "test"}, "must be one of: development, production"),
        ({"TOONO_WBE_PORT": "1"}, "TOONO_WBE_PORT is not a setting"),
        ({"TOONO_SECRET_KEY_FILE": "/nonexistent"}, "cannot be read"),
        ({"TOONO_SECRET_KEY_FILE": "/x", "TOONO_SECRET_KEY": "y"}, "both set"),
        ({"TOONO_WEB_PORT_FILE": "/x"}, "is not a setting"),
    ],
)
def test_a_bad_setting_is_named_in_a_sentence(environment: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load(environment)


def test_the_clock_is_judged_by_the_kernel_in_production_and_not_in_development() -> None:
    assert load(PRODUCTION).asks_kernel_clock
    assert not load({}).asks_kernel_clock
    assert not load(PRODUCTION | {"TOONO_CLOCK_CHECK": "off"}).asks_kernel_clock
    assert load({"TOONO_CLOCK_CHECK": "kernel"}).asks_kernel_clock


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (PRODUCTION | {"TOONO_ACME_CHALLENGE_ADDRESS": "127.0.0.1:80"}, "TOONO_ACME_CHALLENGE_ADDRESS is set"),
        ({"TOONO_ACME_CHALLENGE_ADDRESS": "127.0.0.1"}, "must be host:port"),
        ({"TOONO_ACME_CHALLENGE_ADDRESS": "127.0.0.1:99999"}, "must be host:port"),
        ({"TOONO_ACME_NETWORKS": "10.20.0.0/33"}, "TOONO_ACME_NETWORKS is"),
        ({"TOONO_ACME_RESOLVER": "10.0.0.53"}, "must be address:port"),
        ({"TOONO_ACME_RESOLVER": "resolver:53"}, "must be address:port"),
        ({"TOONO_ACME_RESOLVER": "10.0.0.53:0"}, "must be address:port"),
        ({"TOONO_CLOCK_CHECK": "ntp"}, "must be one of"),
        ({"TOONO_OPERATOR_EMAIL": "a@b.mn, c@d.mn"}, "must be one address of mail"),
        ({"TOONO_OPERATOR_EMAIL": "a@b.mn?subject=x"}, "must be one address of mail"),
        ({"TOONO_OPERATOR_POST": "Street 1; Town"}, "an English and a Mongolian address"),
        ({"TOONO_OPERATOR_POST": "Street 1 | Гудамж 1; Хот"}, "an English and a Mongolian address"),
        ({"TOONO_OPERATOR_POST": "Street 1; Town; 1; 2 | Гудамж 1; Хот"}, "an English and a Mongolian address"),
    ],
)
def test_a_wrong_setting_of_the_pki_stops_the_start(environment: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load(environment)


def test_the_operator_is_reached_where_it_says_and_has_an_invented_address_in_development_only() -> None:
    own = load(PRODUCTION | {"TOONO_OPERATOR_EMAIL": "pki@toono.example"})
    assert own.operator_mail == "pki@toono.example"
    assert own.operator_places == {
        "en": ("Sukhbaatar Square 1", "Ulaanbaatar", "14201"), "mn": ("Сүхбаатарын талбай 1", "Улаанбаатар", "14201")
    }  # fmt: skip
    assert load(PRODUCTION).operator_mail == "support@toono.example"
    assert load({}).operator_places["en"] == ("Example Street 1", "Ulaanbaatar", "")


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 60 + "\n")
    assert load({"TOONO_SECRET_KEY_FILE": str(tmp_path / "key")}).secret_key == "k" * 60


def test_a_deep_home_still_gives_a_socket_path_that_the_kernel_takes(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    assert len(str(load({"TOONO_HOME": str(deep)}).signer_socket)) < 107
