"""A gateway takes no configuration but one that the platform signed, that holds now, and that is not older than its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from toono.registry.contracts import ExchangeConfiguration
from toono.registry.errors import (
    ConfigurationExpired,
    ConfigurationForged,
    ConfigurationMalformed,
    ConfigurationRefused,
    ConfigurationRolledBack,
)
from toono.registry.verification import CONFIGURATION_POLICY, TYPE, verify_configuration

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
EXCHANGE_POLICY = x509.ObjectIdentifier("1.3.6.1.4.1.32473.496.1.4")


class Holder:
    """A key with its certificate."""

    def __init__(
        self,
        name: str,
        issuer: Holder | None = None,
        *,
        path_length: int | None = None,
        policy: x509.ObjectIdentifier | None = None,
        days: tuple[int, int] = (-1, 365),
        curve: ec.EllipticCurve | None = None,
        signs: bool = True,
        extra: x509.ExtensionType | None = None,
    ) -> None:
        authority = path_length is not None
        self.key = ec.generate_private_key(curve or (ec.SECP384R1() if authority else ec.SECP256R1()))
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(issuer.name if issuer else self.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + timedelta(days=days[0]))
            .not_valid_after(NOW + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(authority, path_length), critical=True)
            .add_extension(_usage(signs and not authority, authority), critical=True)
        )
        if policy:
            builder = builder.add_extension(x509.CertificatePolicies([x509.PolicyInformation(policy, None)]), False)
        if extra:
            builder = builder.add_extension(extra, critical=True)
        self.certificate = builder.sign(issuer.key if issuer else self.key, hashes.SHA384())

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def x5c(self) -> str:
        return base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()


def _usage(signs: bool, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(signs, False, False, False, not signs and not authority, authority, authority, False, False)


ROOT = Holder("root", path_length=1)
ISSUING = Holder("issuing", ROOT, path_length=0)
SIGNER = Holder("configuration", ISSUING, policy=CONFIGURATION_POLICY)


def payload(**changes: Any) -> dict[str, Any]:
    given = {
        "instance": "MN", "version": 10, "issued_at": NOW.isoformat(),
        "expires_at": (NOW + timedelta(hours=24)).isoformat(), "trusted_certificates_pem": [ROOT.pem],
        "members": [], "systems": [], "services": [], "agreements": [],
    }  # fmt: skip
    return given | changes


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(content: Any = None, *, signer: Holder = SIGNER, chain: tuple[Holder, ...] = (SIGNER, ISSUING), **header: Any) -> str:
    full = {"alg": "ES256", "typ": TYPE, "kid": "1", "x5c": [c.x5c for c in chain]} | header
    head = {k: v for k, v in full.items() if v is not None}
    body = json.dumps(payload() if content is None else content).encode()
    text = f"{encoded(json.dumps(head).encode())}.{encoded(body)}"
    r, s = decode_dss_signature(signer.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    size = (signer.key.key_size + 7) // 8
    return f"{text}.{encoded(r.to_bytes(size, 'big') + s.to_bytes(size, 'big'))}"


def verified(jws: str, *, anchors: tuple[Holder, ...] = (ROOT,), **asked: Any) -> ExchangeConfiguration:
    return verify_configuration(jws, anchors_pem=[a.pem for a in anchors], **({"now": NOW} | asked))


def test_a_configuration_that_the_platform_signed_is_taken() -> None:
    assert verified(signed()).version == 10


def test_the_root_may_stand_in_the_chain_and_the_issuing_authority_among_the_anchors() -> None:
    assert verified(signed(chain=(SIGNER, ISSUING, ROOT))).version == 10
    assert verified(signed(chain=(SIGNER,)), anchors=(ROOT, ISSUING)).version == 10


def test_several_anchors_may_stand_in_one_text() -> None:
    other = Holder("other", path_length=1)
    assert verify_configuration(signed(), anchors_pem=[other.pem + ROOT.pem], now=NOW).version == 10


def test_a_changed_payload_is_refused() -> None:
    head, _, signature = signed().split(".")
    changed = encoded(json.dumps(payload(version=11)).encode())
    with pytest.raises(ConfigurationForged, match="signature does not fit"):
        verified(f"{head}.{changed}.{signature}")


JWS = signed()


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(max_examples=1000, deadline=None)
@given(place=st.integers(0, len(JWS) - 1), letter=st.sampled_from("ABCwxyz0189-_."))
def test_any_changed_letter_is_refused(place: int, letter: str) -> None:
    changed = JWS[:place] + letter + JWS[place + 1 :]
    if changed != JWS:
        with pytest.raises(ConfigurationRefused):
            verified(changed)


def test_a_certificate_of_a_version_that_does_not_exist_is_refused() -> None:
    """RFC 5280 §4.1.2.1: v1 to v3 are 0 to 2."""
    der = SIGNER.certificate.public_bytes(Encoding.DER)
    version = der.index(bytes.fromhex("a003020102"))
    broken = der[: version + 4] + b"\x07" + der[version + 5 :]
    header, _, rest = JWS.partition(".")
    content = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    content["x5c"][0] = base64.b64encode(broken).decode()
    with pytest.raises(ConfigurationMalformed, match="cannot be read"):
        verified(f"{encoded(json.dumps(content).encode())}.{rest}")


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: encoded(b) + ".." + encoded(b)))
def test_anything_else_is_refused_without_another_error(text: str) -> None:
    with pytest.raises(ConfigurationRefused):
        verified(text)


def test_a_signature_by_another_key_is_refused() -> None:
    stranger = Holder("stranger", ISSUING, policy=CONFIGURATION_POLICY)
    with pytest.raises(ConfigurationForged, match="signature does not fit"):
        verified(signed(signer=stranger))


def test_a_member_of_the_exchange_cannot_sign_a_configuration() -> None:
    member = Holder("member", ISSUING, policy=EXCHANGE_POLICY)
    bare = Holder("bare", ISSUING)
    for other in (member, bare):
        with pytest.raises(ConfigurationForged, match="not for configurations"):
            verified(signed(signer=other, chain=(other, ISSUING)))


def test_a_chain_to_another_root_of_the_same_name_is_refused() -> None:
    root = Holder("root", path_length=1)
    issuing = Holder("issuing", root, path_length=0)
    signer = Holder("configuration", issuing, policy=CONFIGURATION_POLICY)
    for chain in ((signer, issuing), (signer, issuing, root), (signer, ISSUING), (signer,)):
        with pytest.raises(ConfigurationForged, match="does not lead to an anchor"):
            verified(signed(signer=signer, chain=chain))


def test_a_certificate_that_signs_itself_is_refused() -> None:
    alone = Holder("configuration", policy=CONFIGURATION_POLICY)
    with pytest.raises(ConfigurationForged):
        verified(signed(signer=alone, chain=(alone,)))


def test_without_anchors_nothing_is_taken() -> None:
    with pytest.raises(ConfigurationForged):
        verified(signed(), anchors=())


def test_a_member_cannot_issue_certificates() -> None:
    member = Holder("member", ISSUING, policy=CONFIGURATION_POLICY)
    signer = Holder("configuration", member, policy=CONFIGURATION_POLICY)
    with pytest.raises(ConfigurationForged, match="is no authority"):
        verified(signed(signer=signer, chain=(signer, member, ISSUING)))


def test_an_authority_below_the_issuing_one_is_refused() -> None:
    below = Holder("below", ISSUING, path_length=0)
    signer = Holder("configuration", below, policy=CONFIGURATION_POLICY)
    with pytest.raises(ConfigurationForged, match="may not have another authority below it"):
        verified(signed(signer=signer, chain=(signer, below, ISSUING)))


@pytest.mark.parametrize("days", [(-30, -1), (1, 30)])
def test_certificates_hold_only_in_their_time(days: tuple[int, int]) -> None:
    signer = Holder("configuration", ISSUING, policy=CONFIGURATION_POLICY, days=days)
    with pytest.raises(ConfigurationForged, match="is not valid at"):
        verified(signed(signer=signer, chain=(signer, ISSUING)))
    issuing = Holder("issuing", ROOT, path_length=0, days=days)
    signer = Holder("configuration", issuing, policy=CONFIGURATION_POLICY)
    with pytest.raises(ConfigurationForged, match="is not valid at"):
        verified(signed(signer=signer, chain=(signer, issuing)))


def test_a_certificate_not_for_signatures_is_refused() -> None:
    signer = Holder("configuration", ISSUING, policy=CONFIGURATION_POLICY, signs=False)
    with pytest.raises(ConfigurationForged, match="not for signatures"):
        verified(signed(signer=signer, chain=(signer, ISSUING)))


def test_a_critical_extension_that_is_not_understood_is_refused() -> None:
    constraint = x509.NameConstraints([x509.DNSName("example.mn")], None)
    signer = Holder("configuration", ISSUING, policy=CONFIGURATION_POLICY, extra=constraint)
    with pytest.raises(ConfigurationForged, match="not understood"):
        verified(signed(signer=signer, chain=(signer, ISSUING)))


def test_a_key_of_another_curve_is_refused() -> None:
    signer = Holder("configuration", ISSUING, policy=CONFIGURATION_POLICY, curve=ec.SECP384R1())
    with pytest.raises(ConfigurationForged, match=r"not of P-256"):
        verified(signed(signer=signer, chain=(signer, ISSUING)))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"}, {"alg": "HS256"}, {"alg": "ES384"}, {"alg": None}, {"typ": "JWT"}, {"typ": None},
        {"x5c": None}, {"x5c": []}, {"x5c": ["!"]}, {"x5c": ["AAAA"]}, {"x5c": [1]}, {"x5c": "AAAA"},
        {"x5c": [SIGNER.x5c] * 5}, {"crit": ["b64"]}, {"b64": False}, {"jwk": {}}, {"jku": "https://evil.example"},
    ],
)  # fmt: skip
def test_a_header_that_is_not_as_agreed_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationMalformed):
        verified(signed(**header))


@pytest.mark.parametrize("change", [{"surprise": 1}, {"members": [{"id": "MN/GOV/x"}]}, {"version": "ten"}])
def test_a_payload_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationMalformed):
        verified(signed(payload(**change)))


def test_a_payload_that_lacks_a_field_is_refused() -> None:
    content = payload()
    del content["agreements"]
    with pytest.raises(ConfigurationMalformed):
        verified(signed(content))


def test_an_expired_configuration_is_refused_after_the_grace_of_its_policy() -> None:
    last = NOW + timedelta(hours=24) + timedelta(days=1)  # the policy's grace
    assert verified(signed(), now=last - timedelta(seconds=1)).version == 10
    with pytest.raises(ConfigurationExpired):
        verified(signed(), now=last)


def test_a_configuration_from_the_future_is_refused() -> None:
    assert verified(signed(), now=NOW - timedelta(minutes=4)).version == 10
    with pytest.raises(ConfigurationExpired):
        verified(signed(), now=NOW - timedelta(minutes=6))


def test_an_older_version_is_refused_and_the_same_one_taken() -> None:
    assert verified(signed(), lowest_version=10).version == 10
    with pytest.raises(ConfigurationRolledBack):
        verified(signed(), lowest_version=11)


def test_a_configuration_of_another_instance_is_refused() -> None:
    assert verified(signed(), instance="MN").instance == "MN"
    with pytest.raises(ConfigurationForged):
        verified(signed(), instance="EE")


def test_the_policy_is_the_one_of_the_profile() -> None:
    from toono.pki.contracts import Profile
    from toono.pki.domain.profiles import PROFILES

    assert CONFIGURATION_POLICY in PROFILES[Profile.CONFIGURATION].policies
    others = [p for profile, data in PROFILES.items() if profile is not Profile.CONFIGURATION for p in data.policies]
    assert CONFIGURATION_POLICY not in others


def _without(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"toono.registry.verification.{name}", lambda *_, **__: None)


@pytest.mark.parametrize(
    ("guard", "attack"),
    [
        ("_check_signer", lambda: _by(Holder("member", ISSUING, policy=EXCHANGE_POLICY))),
        ("_check_certificate", lambda: _by(Holder("late", ISSUING, policy=CONFIGURATION_POLICY, days=(-9, -1)))),
        ("_check_use", lambda: signed(payload(expires_at=(NOW - timedelta(days=1)).isoformat()))),
    ],
)
def test_each_guard_is_what_stops_the_attack(guard: str, attack: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    jws = attack()
    with pytest.raises(ConfigurationRefused):
        verified(jws)
    _without(guard, monkeypatch)
    assert verified(jws).version == 10


def _by(signer: Holder) -> str:
    return signed(signer=signer, chain=(signer, ISSUING))
