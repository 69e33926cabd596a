"""Every signature algorithm that the room knows, in one table. Pure.

A new algorithm is one line here; a weak one is taken out by changing one. Sources: ETSI TS 119 312 V2.1.1 §6, §9 and
annex D (strength and years), FIPS 186-5 (curves, RSA), FIPS 204 (ML-DSA), CA/Browser Forum Baseline Requirements §6.1.5 and §6.1.6 (keys of others).
RSA of less than 3000 bits is discontinued for signatures (annex D); it is taken from servers only, where the Baseline Requirements allow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, CertificatePublicKeyTypes

from toono.pki.errors import AlgorithmNotSupported, WeakKey

SigningHash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512


@dataclass(frozen=True, kw_only=True)
class Algorithm:
    """One kind of key."""

    hash: SigningHash | None
    """What goes with the key's strength; None where the algorithm hashes by itself."""
    in_signer: bool
    """The signer makes such keys for certificates of ours. The others need a token that can (PKCS#11 3.2 for ML-DSA); RSA is for tokens alone."""
    applied: bool
    """A certificate is issued for somebody else's key of this kind."""


ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        "P-256": Algorithm(hash=hashes.SHA256(), in_signer=True, applied=True),
        "P-384": Algorithm(hash=hashes.SHA384(), in_signer=True, applied=True),
        "P-521": Algorithm(hash=hashes.SHA512(), in_signer=True, applied=True),
        "RSA-2048": Algorithm(hash=hashes.SHA256(), in_signer=False, applied=True),
        "RSA-3072": Algorithm(hash=hashes.SHA256(), in_signer=False, applied=True),
        "RSA-4096": Algorithm(hash=hashes.SHA384(), in_signer=False, applied=True),
        "ML-DSA-44": Algorithm(hash=None, in_signer=False, applied=False),
        "ML-DSA-65": Algorithm(hash=None, in_signer=False, applied=False),
        "ML-DSA-87": Algorithm(hash=None, in_signer=False, applied=False),
    }
)

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_ML_DSA = {mldsa.MLDSA44PublicKey: "ML-DSA-44", mldsa.MLDSA65PublicKey: "ML-DSA-65", mldsa.MLDSA87PublicKey: "ML-DSA-87"}
RSA_LEAST_BITS = 2048
RSA_EXPONENTS = range(2**16 + 1, 2**256)
"""BR §6.1.6. A smaller one (3, 17) lets badly padded signatures be forged."""

# ROCA (CVE-2017-15361): the moduli of a faulty chip are, modulo each of these primes, powers of 65537. A sound modulus passes all
# of these sieves with a probability of about 2^-27 (Nemec et al., CCS 2017 §3.3).
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
_ROCA_SIEVE = {prime: {pow(65537, power, prime) for power in range(prime)} for prime in _ROCA_PRIMES}


def name_of(key: CertificatePublicKeyTypes | CertificateIssuerPrivateKeyTypes) -> str:
    """The table's name of a key.

    :raises AlgorithmNotSupported: Ed25519, DSA, another curve, a size between those of the table.
    """
    public = key.public_key() if hasattr(key, "public_key") else key
    if isinstance(public, ec.EllipticCurvePublicKey):
        name = _CURVES.get(public.curve.name, public.curve.name)
    elif isinstance(public, rsa.RSAPublicKey):
        name = f"RSA-{public.key_size}"
    else:
        name = next((name for kind, name in _ML_DSA.items() if isinstance(public, kind)), type(public).__name__)
    if name not in ALGORITHMS:
        raise AlgorithmNotSupported(f"keys of kind {name} are not in the table of algorithms")
    return name


def signing_hash(key: CertificateIssuerPrivateKeyTypes) -> SigningHash | None:
    """The hash with which ``key`` signs; None where the algorithm brings its own.

    :raises AlgorithmNotSupported:
    """
    return ALGORITHMS[name_of(key)].hash


def signing_hash_of(key: ec.EllipticCurvePublicKey) -> SigningHash:
    """The hash under which a signature of this curve is made and checked.

    :raises AlgorithmNotSupported:
    """
    return ALGORITHMS[name_of(key)].hash or hashes.SHA512()


def check_signer_has(name: str) -> None:
    """:raises AlgorithmNotSupported: the signer cannot hold such a key."""
    if name not in ALGORITHMS:
        raise AlgorithmNotSupported(f"{name} is not in the table of algorithms: {', '.join(ALGORITHMS)}")
    if not ALGORITHMS[name].in_signer:
        raise AlgorithmNotSupported(f"the signer's key store cannot make {name} for a certificate; it makes {', '.join(in_signer())}")


def in_signer() -> tuple[str, ...]:
    """The algorithms of which the signer makes keys that get certificates."""
    return tuple(name for name, algorithm in ALGORITHMS.items() if algorithm.in_signer)


def check_applied(key: CertificatePublicKeyTypes) -> str:
    """Whether somebody else's key is strong enough; gives the table's name.

    :raises WeakKey: too short, a weak exponent, made by a chip known to be faulty.
    :raises AlgorithmNotSupported: strong perhaps, but not one that we issue for.
    """
    if isinstance(key, rsa.RSAPublicKey):
        _check_rsa(key)
    elif isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < 256:
        raise WeakKey(f"the curve {key.curve.name} is too weak")
    name = name_of(key)
    if not ALGORITHMS[name].applied:
        raise AlgorithmNotSupported(f"certificates for keys of kind {name} are not issued yet")
    return name


def _check_rsa(key: rsa.RSAPublicKey) -> None:
    numbers = key.public_numbers()
    if key.key_size < RSA_LEAST_BITS:
        raise WeakKey(f"RSA of {key.key_size} bits is too short: at least {RSA_LEAST_BITS}")
    if numbers.e not in RSA_EXPONENTS or numbers.e % 2 == 0:
        raise WeakKey(f"the RSA exponent {numbers.e} is weak: 65537 or a greater odd number")
    if numbers.n % 2 == 0 or any(numbers.n % prime == 0 for prime in _SMALL_PRIMES):
        raise WeakKey("the RSA modulus has a small factor")
    if all(numbers.n % prime in residues for prime, residues in _ROCA_SIEVE.items()):
        raise WeakKey("the RSA key was made by a chip with the ROCA fault (CVE-2017-15361)")


def _primes(limit: int) -> tuple[int, ...]:
    return tuple(n for n in range(3, limit, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2)))


_SMALL_PRIMES = _primes(752)
"""BR §6.1.6: no factor smaller than 752."""
