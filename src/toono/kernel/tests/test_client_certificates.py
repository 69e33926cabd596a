"""What a TLS terminator hands on is a certificate in one of two forms, or nothing."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from toono.kernel.client_certificates import read

BEGINS = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def certificate() -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    return (
        x509.CertificateBuilder(name, name, key.public_key(), 7, BEGINS, BEGINS + timedelta(days=30)).sign(key, hashes.SHA256())
    )  # fmt: skip


def field(der: bytes) -> str:
    """As RFC 9440 writes it."""
    return f":{b64encode(der).decode()}:"


def test_both_forms_say_the_same(certificate: x509.Certificate) -> None:
    der = certificate.public_bytes(Encoding.DER)
    found = read(field(der))
    assert found is not None and found == read(quote(certificate.public_bytes(Encoding.PEM).decode()))
    assert found == (sha256(der).digest(), BEGINS, BEGINS + timedelta(days=30))


@pytest.mark.parametrize("value", ["", ":", "::", ":AAAA:", "AAAA", ":%%%:", "-----BEGIN CERTIFICATE-----", ":" + "A" * 5000 + ":"])
def test_anything_else_is_none(value: str) -> None:
    assert read(value) is None


def test_a_certificate_of_no_known_version_is_none(certificate: x509.Certificate) -> None:
    der = certificate.public_bytes(Encoding.DER)
    version = bytes.fromhex("a003020102")
    assert der.count(version) == 1
    assert read(field(der.replace(version, bytes.fromhex("a003020107")))) is None


def test_no_broken_byte_is_an_exception(certificate: x509.Certificate) -> None:
    der = certificate.public_bytes(Encoding.DER)
    for place in range(len(der)):
        broken = der[:place] + bytes([der[place] ^ 0x41]) + der[place + 1 :]
        read(field(broken))
