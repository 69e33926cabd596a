"""One table of algorithms: what is weak is refused, and an authority rolls to another without touching what it has issued."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, CertificatePublicKeyTypes

from toono.pki.contracts import Profile
from toono.pki.domain.algorithms import ALGORITHMS, check_applied, check_signer_has, in_signer, name_of
from toono.pki.domain.issuing import Issuer, build_certificate, build_revocation_list
from toono.pki.errors import AlgorithmNotSupported, WeakKey
from toono.pki.signer.stores import CURVES
from toono.pki.tests.making import SUBJECT, authority

NOW = datetime.now(UTC).replace(microsecond=0)
SEAL_KEY = ec.generate_private_key(ec.SECP256R1())


def _rsa(modulus: int, exponent: int = 65537) -> rsa.RSAPublicKey:
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


GOOD = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()


@pytest.mark.parametrize(
    "key",
    [GOOD, rsa.generate_private_key(public_exponent=65537, key_size=3072).public_key(), SEAL_KEY.public_key(),
     ec.generate_private_key(ec.SECP384R1()).public_key()],
)  # fmt: skip
def test_strong_keys_are_accepted(key: CertificatePublicKeyTypes) -> None:
    assert check_applied(key) in ALGORITHMS


def _roca() -> rsa.RSAPublicKey:
    """A modulus that is, modulo every prime of the sieve, a power of 65537: as the faulty chip made them."""
    primes = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127,
              131, 137, 139, 149, 151, 157, 163, 167]  # fmt: skip
    product, multiple = math.prod(primes), (1 << 2047) // math.prod(primes) + 1
    residue = pow(65537, 4242, product)
    while any((multiple * product + residue) % small == 0 for small in range(3, 752, 2)):
        multiple += 1
    return _rsa(multiple * product + residue)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key(), "too short"),
        (_rsa(GOOD.public_numbers().n, 3), "exponent 3 "),
        (_rsa(GOOD.public_numbers().n, 65535), "exponent 65535 "),
        (_rsa(3 * (GOOD.public_numbers().n // 3)), "small factor|weak"),
        (_roca(), "ROCA"),
        (ec.generate_private_key(ec.SECP192R1()).public_key(), "too weak"),
        (ec.generate_private_key(ec.SECP224R1()).public_key(), "too weak"),
    ],
)
def test_weak_keys_are_refused(key: CertificatePublicKeyTypes, why: str) -> None:
    with pytest.raises(WeakKey, match=why):
        check_applied(key)


@pytest.mark.parametrize(
    "key",
    [ed25519.Ed25519PrivateKey.generate(), dsa.generate_private_key(2048), ec.generate_private_key(ec.SECP256K1()),
     mldsa.MLDSA65PrivateKey.generate()],
)  # fmt: skip
def test_keys_that_the_table_does_not_certify_are_refused_by_name(key: CertificateIssuerPrivateKeyTypes) -> None:
    with pytest.raises(AlgorithmNotSupported):
        check_applied(key.public_key())


def test_the_signer_makes_what_the_table_says() -> None:
    assert set(in_signer()) == set(CURVES)


@pytest.mark.parametrize("name", ["ML-DSA-65", "RSA-3072", "P-192", ""])
def test_what_the_signer_cannot_make_is_refused_clearly(name: str) -> None:
    with pytest.raises(AlgorithmNotSupported, match="P-256, P-384"):
        check_signer_has(name)


NEXT: list[CertificateIssuerPrivateKeyTypes] = [
    ec.generate_private_key(ec.SECP521R1()),
    rsa.generate_private_key(public_exponent=65537, key_size=3072),
    mldsa.MLDSA65PrivateKey.generate(),
]


def _issued(profile: Profile, key: CertificatePublicKeyTypes, issuer: Issuer) -> x509.Certificate:
    return build_certificate(
        profile=profile, subject=SUBJECT, public_key=key, issuer=issuer, serial=x509.random_serial_number(), now=NOW,
        base_url="http://toono.gov.mn",
    )  # fmt: skip


@pytest.mark.parametrize("key", NEXT, ids=name_of)
def test_an_issuing_key_rolls_to_another_algorithm_and_the_old_certificates_stay_good(key: Any) -> None:
    root, old = authority()
    assert root.certificate
    assert old.certificate
    before = _issued(Profile.SEAL, SEAL_KEY.public_key(), old)
    rolled = Issuer(_issued(Profile.ISSUING, key.public_key(), root), key, "issuing-2")
    assert rolled.certificate
    after = _issued(Profile.SEAL, SEAL_KEY.public_key(), rolled)
    after.verify_directly_issued_by(rolled.certificate)
    rolled.certificate.verify_directly_issued_by(root.certificate)
    before.verify_directly_issued_by(old.certificate)
    with pytest.raises((ValueError, TypeError, InvalidSignature)):
        before.verify_directly_issued_by(rolled.certificate)
    assert _points(before) != _points(after)
    signed = build_revocation_list(issuer=rolled, number=1, entries=[], now=NOW, lifetime=after.not_valid_after_utc - NOW)
    assert signed.is_signature_valid(rolled.certificate.public_key())
    assert not signed.is_signature_valid(old.certificate.public_key())


def _points(certificate: x509.Certificate) -> str:
    [point] = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    return str(point.full_name)


def test_a_whole_hierarchy_of_ml_dsa_can_be_built() -> None:
    """Prepared, not used: the builder needs nothing but the key (FIPS 204; RFC 9881 for its place in certificates)."""
    root_key, issuing_key = mldsa.MLDSA87PrivateKey.generate(), mldsa.MLDSA65PrivateKey.generate()
    root = _issued(Profile.ROOT, root_key.public_key(), Issuer(None, root_key))
    issuing = _issued(Profile.ISSUING, issuing_key.public_key(), Issuer(root, root_key))
    seal = _issued(Profile.SEAL, SEAL_KEY.public_key(), Issuer(issuing, issuing_key))
    root.verify_directly_issued_by(root)
    issuing.verify_directly_issued_by(root)
    seal.verify_directly_issued_by(issuing)
