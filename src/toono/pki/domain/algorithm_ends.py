"""Until when an algorithm is trusted: one table for everybody who asks. Pure.

A signature that was proven to exist before the end of its algorithms stays good; care renews what will end, validation answers by the proven moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa


def _start_of(year: int, month: int = 1) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


_QUANTUM = _start_of(2036)
"""NIST IR 8547 (draft, table 2): RSA, ECDSA and EdDSA are disallowed after 2035. ETSI recommends them and states no end; so does it the SHA-2 and SHA-3
families, which are looked at again by then as well."""
_RECOMMENDED = (
    *("sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"),
    *("P-256", "P-384", "P-521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "Ed25519", "Ed448"),
)
_OPEN = _start_of(9999)
"""Nobody states an end (FIPS 204)."""
ALGORITHM_ENDS: Mapping[str, datetime] = MappingProxyType(
    {
        "md5": _start_of(2004, 8),
        "sha1": _start_of(2012, 8),
        "sha224": _start_of(2026),
        "RSA-2048": _start_of(2026),
        # As PKCS#1 v1.5 legacy until then; PSS has no end, but a key does not say how it signs.
        "RSA-3072": _start_of(2034),
        "RSA-4096": _start_of(2034),
        **dict.fromkeys(_RECOMMENDED, _QUANTUM),
        **dict.fromkeys(("ML-DSA-44", "ML-DSA-65", "ML-DSA-87"), _OPEN),
    }
)
"""The moment from which an algorithm is trusted no longer: ETSI TS 119 312 V2.1.1 (2026-06), table D.1 and D.2 and its machine-readable form (MD5: as
the EU's validator DSS has it). Reviewed each year: a later edition moves these dates. What does not stand here was never trusted."""
BROKEN = frozenset({"md5", "sha1"})
"""Digests for which two texts with one value were made; where no moment is known, they are not taken at all."""

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_RSA_STEPS = ((4096, "RSA-4096"), (3000, "RSA-3072"), (2048, "RSA-2048"))
"""Least bits of each step; 3000 is that of the one whose usual size is 3072 (TS 119 312 table D.2)."""
_OTHERS: tuple[tuple[type, str], ...] = (
    (ed25519.Ed25519PublicKey, "Ed25519"), (ed448.Ed448PublicKey, "Ed448"), (mldsa.MLDSA44PublicKey, "ML-DSA-44"),
    (mldsa.MLDSA65PublicKey, "ML-DSA-65"), (mldsa.MLDSA87PublicKey, "ML-DSA-87"),
)  # fmt: skip
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def name_of_key(key: object) -> str:
    """The table's name of a public key; of one that does not stand there a name that says what it is."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name, key.curve.name)
    if isinstance(key, rsa.RSAPublicKey):
        return next((name for least, name in _RSA_STEPS if key.key_size >= least), f"RSA-{key.key_size}")
    return next((name for kind, name in _OTHERS if isinstance(key, kind)), type(key).__name__)


def end_of(name: str) -> datetime:
    """Of one that was never trusted, before all signatures."""
    return ALGORITHM_ENDS.get(name, _NEVER)


def strong_until(names: Iterable[str]) -> datetime:
    """Until when all of these are trusted."""
    return min(map(end_of, names))


def outlived(names: Iterable[str], at: datetime) -> str | None:
    """The one of these that is trusted no longer at a moment, the longest ended first; None when all are."""
    worst = min(names, key=end_of, default=None)
    return worst if worst is not None and end_of(worst) <= at else None


def broken(names: Iterable[str]) -> str | None:
    """The one of these that is taken at no moment; None when there is none."""
    return next((name for name in names if name in BROKEN or name not in ALGORITHM_ENDS), None)
