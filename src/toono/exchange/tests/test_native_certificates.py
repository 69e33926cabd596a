"""Client certificates as TLS terminators hand them on."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from toono.exchange.domain import client_certificates
from toono.exchange.domain.faults import Fault

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "system")])
CERTIFICATE = (
    x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(KEY.public_key()).serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
).sign(KEY, hashes.SHA256())  # fmt: skip
DER, PEM = CERTIFICATE.public_bytes(serialization.Encoding.DER), CERTIFICATE.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(
    "value", [f":{base64.b64encode(DER).decode()}:", f" :{base64.b64encode(DER).decode()}: ", quote(PEM, safe=""), quote(PEM)]
)
def test_a_certificate_is_read_in_the_form_of_rfc_9440_and_in_that_of_nginx(value: str) -> None:
    assert client_certificates.read(value) == (CERTIFICATE.fingerprint(hashes.SHA256()).hex(), NOW, NOW + timedelta(days=1))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "::",
        ":%%:",
        ":AAAA:",
        base64.b64encode(DER).decode(),
        quote(PEM[:-40]),
        "-----BEGIN%20CERTIFICATE-----",
        f":{base64.b64encode(DER[:-1]).decode()}:",
    ],
)
def test_what_is_no_certificate_is_refused(value: str) -> None:
    with pytest.raises(Fault, match="client_certificate_unreadable"):
        client_certificates.read(value)


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        (NOW - timedelta(seconds=1), "client_certificate_not_yet_valid"),
        (NOW, None),
        (NOW + timedelta(hours=23), None),
        (NOW + timedelta(days=1), "client_certificate_expired"),
    ],
)
def test_a_certificate_counts_in_its_time(moment: datetime, reason: str | None) -> None:
    found = client_certificates.read(f":{base64.b64encode(DER).decode()}:")
    if reason is None:
        client_certificates.check_time(found, moment)
        return
    with pytest.raises(Fault) as refused:
        client_certificates.check_time(found, moment)
    assert refused.value.reason == reason
