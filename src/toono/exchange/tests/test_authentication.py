"""The citizen's authentication is believed only if a known issuer says it, to this consumer, now, of this person."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

from toono.exchange import limits
from toono.exchange.domain.authentication import TYPE, IssuerUnusable, Statement, check_method, check_person, issuer_keys, statement, verify
from toono.exchange.domain.faults import Code, Fault
from toono.registry.contracts import CitizenAuthentication, IssuerEntry

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ISSUER, DESK = "https://id.toono.mn", "MN/GOV/lab-office/desk"
KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


ISSUERS = issuer_keys([IssuerEntry(issuer=ISSUER, public_keys_pem=(public_pem(OTHER), public_pem(KEY)))])


def claims(**changes: Any) -> dict[str, Any]:
    made = statement(
        issuer=ISSUER, consumer=DESK, civil_id="200000000004", regnum="УБ00210112", method=CitizenAuthentication.OTP, at=NOW, seconds=300, identifier="one"
    )  # fmt: skip
    return {name: value for name, value in (made | changes).items() if value is not None}


def signed(content: dict[str, Any] | bytes | None = None, *, key: ec.EllipticCurvePrivateKey = KEY, **header: Any) -> str:
    """As a foreign library makes it."""
    raw = content if isinstance(content, bytes) else json.dumps(claims() if content is None else content).encode()
    head = {name: value for name, value in ({"alg": "ES256", "typ": TYPE} | header).items() if value is not None}
    return jws.serialize_compact(head, raw, ECKey.import_key(private_pem(key)), algorithms=["ES256"])


def believed(text: str, *, now: datetime = NOW, consumer: str = DESK) -> Statement:
    return verify(text, issuers=ISSUERS, consumer=consumer, now=now)


def refusal(text: str, **more: Any) -> str:
    with pytest.raises(Fault) as refused:
        believed(text, **more)
    assert refused.value.code is Code.ACCESS_DENIED
    return refused.value.reason


def test_a_statement_of_a_known_issuer_is_believed_by_any_of_its_keys_and_again() -> None:
    expected = Statement("200000000004", "УБ00210112", CitizenAuthentication.OTP, "one")
    text = signed(kid="k1")
    assert [believed(text), believed(text), believed(signed(key=OTHER))] == [expected] * 3


def encoded(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned() -> str:
    return f"{encoded({'alg': 'none', 'typ': TYPE})}.{encoded(claims())}."


def by_the_public_key_as_a_secret() -> str:
    text = f"{encoded({'alg': 'HS256', 'typ': TYPE})}.{encoded(claims())}"
    return f"{text}.{encoded(hmac.digest(public_pem(KEY).encode(), text.encode(), 'sha256'))}"


def with_another_payload() -> str:
    head, _, signature = signed().split(".")
    return f"{head}.{encoded(claims(civil_id='200000000999'))}.{signature}"


def in_der() -> str:
    head, payload, _ = signed().split(".")
    return f"{head}.{payload}.{encoded(KEY.sign(f'{head}.{payload}'.encode(), ec.ECDSA(hashes.SHA256())))}"


def with_a_longer_number() -> str:
    """The same two numbers, the second with a zero before it."""
    text, _, signature = signed().rpartition(".")
    raw = urlsafe_b64decode(signature + "==")
    return f"{text}.{encoded(raw[:32] + bytes(1) + raw[32:])}"


def with_a_zero_signature() -> str:
    return signed().rpartition(".")[0] + "." + encoded(bytes(64))


def twice_in_the_payload() -> str:
    return signed(json.dumps(claims()).replace("{", '{"civil_id": "200000000999", ', 1).encode())


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (unsigned, "authentication_malformed"),
        (by_the_public_key_as_a_secret, "authentication_malformed"),
        (with_another_payload, "authentication_forged"),
        (in_der, "authentication_forged"),
        (with_a_zero_signature, "authentication_forged"),
        (with_a_longer_number, "authentication_forged"),
        (twice_in_the_payload, "authentication_malformed"),
        (lambda: signed(key=ec.generate_private_key(ec.SECP256R1())), "authentication_forged"),
        (lambda: signed(claims(iss="https://id.example")), "authentication_issuer_unknown"),
        (lambda: signed(typ="JWT"), "authentication_malformed"),
        (lambda: signed(typ=None), "authentication_malformed"),
        (lambda: signed(jwk=ECKey.import_key(public_pem(OTHER)).as_dict(private=False)), "authentication_malformed"),
        (lambda: signed(claims(aud="MN/COM/lab-bank/loans")), "authentication_for_another"),
        (lambda: signed(claims(aud=[DESK])), "authentication_malformed"),
        (lambda: signed(claims(method="password")), "authentication_malformed"),
        (lambda: signed(claims(jti=None)), "authentication_malformed"),
        (lambda: signed(claims(jti="")), "authentication_malformed"),
        (lambda: signed(claims(admin=True)), "authentication_malformed"),
        (lambda: signed(claims(exp=True)), "authentication_malformed"),
        (lambda: signed(claims(exp=NOW.timestamp() + 9.5)), "authentication_malformed"),
        (lambda: signed(claims(exp=10**400)), "authentication_too_long"),
        (lambda: signed(claims(iat=-(10**400), exp=5 - 10**400)), "authentication_expired"),
        (lambda: signed(b"[]"), "authentication_malformed"),
        (lambda: signed(b"{"), "authentication_malformed"),
        (lambda: signed(claims(jti="x" * 5000)), "authentication_malformed"),
        (lambda: "", "authentication_malformed"),
        (lambda: "a.b", "authentication_malformed"),
        (lambda: "ө.ө.ө", "authentication_malformed"),
        (lambda: signed() + "=", "authentication_malformed"),
        (lambda: signed() + ".", "authentication_malformed"),
        (lambda: signed() + ", " + signed(), "authentication_malformed"),
    ],
)
def test_whatever_else_is_refused_with_its_reason(made: Callable[[], str], reason: str) -> None:
    assert refusal(made()) == reason


def test_another_consumer_cannot_use_it() -> None:
    assert refusal(signed(), consumer="MN/COM/lab-bank/loans") == "authentication_for_another"


SKEW = timedelta(seconds=limits.AUTHENTICATION_SKEW_SECONDS)
SECOND = timedelta(seconds=1)


def test_it_has_its_time_and_clocks_may_differ_a_little() -> None:
    text, end = signed(), NOW + timedelta(seconds=300)
    for moment in (NOW - SKEW, NOW, end + SKEW - SECOND):
        assert believed(text, now=moment)
    assert refusal(text, now=NOW - SKEW - SECOND) == "authentication_not_yet_valid"
    assert refusal(text, now=end + SKEW) == "authentication_expired"


def test_its_life_is_bounded_also_when_its_issuer_wants_more() -> None:
    begin = int(NOW.timestamp())
    assert believed(signed(claims(exp=begin + limits.AUTHENTICATION_SECONDS)))
    assert refusal(signed(claims(exp=begin + limits.AUTHENTICATION_SECONDS + 1))) == "authentication_too_long"
    assert refusal(signed(claims(exp=begin))) == "authentication_too_long"
    made = statement(
        issuer=ISSUER, consumer=DESK, civil_id="1", regnum="x", method=CitizenAuthentication.APP, at=NOW, seconds=99_999, identifier="y"
    )
    assert made["exp"] == begin + limits.AUTHENTICATION_SECONDS


def test_it_is_about_the_person_of_the_call() -> None:
    found = believed(signed())
    check_person(found, identifier="civil_id", value="200000000004")
    check_person(found, identifier="regnum", value="уб00210112")
    for identifier, value in (
        ("civil_id", "200000000999"),
        ("regnum", "УБ00210113"),
        ("civil_id", "УБ00210112"),
        ("regnum", "200000000004"),
    ):
        with pytest.raises(Fault, match="authentication_of_another"):
            check_person(found, identifier=identifier, value=value)


def test_only_the_agreed_ways_count() -> None:
    found = believed(signed())
    check_method(found, (CitizenAuthentication.SIGNATURE, CitizenAuthentication.OTP))
    with pytest.raises(Fault, match="authentication_too_weak"):
        check_method(found, (CitizenAuthentication.SIGNATURE, CitizenAuthentication.APP))


def test_a_key_on_another_curve_is_not_taken() -> None:
    with pytest.raises(IssuerUnusable, match="P-256"):
        issuer_keys([IssuerEntry(issuer=ISSUER, public_keys_pem=(public_pem(ec.generate_private_key(ec.SECP384R1())),))])
