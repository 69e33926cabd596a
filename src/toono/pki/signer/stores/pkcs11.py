"""Keys in a PKCS#11 token (SoftHSM2 or a hardware module): made inside, sensitive, not extractable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pkcs11
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from toono.kernel.files import alone
from toono.kernel.jose import der_signature
from toono.pki.signer.stores import CURVES, RSA_BITS, NoSuchKey, OtherKind, PublicKey, StoreFault, kind_of

_ENCODERS = {KeyType.EC: encode_ec_public_key, KeyType.RSA: encode_rsa_public_key}
_DIGEST_INFO = {
    32: bytes.fromhex("3031300d060960864801650304020105000420"),
    48: bytes.fromhex("3041300d060960864801650304020205000430"),
    64: bytes.fromhex("3051300d060960864801650304020305000440"),
}
"""What stands before a digest of SHA-256, -384 and -512 in a DigestInfo (RFC 8017 §9.2, note 1)."""


class Pkcs11Store:
    """One key pair for each label, found by CKA_LABEL. Handles stay in memory; a lost session is opened anew."""

    name = "pkcs11"

    def __init__(self, module: str, token: str, pin: str, lock: Path) -> None:
        self._module, self._token, self._pin, self._lock = module, token, pin, lock
        self._opened: Any = None
        self._keys: dict[str, tuple[Any, PublicKey]] = {}
        lock.parent.mkdir(parents=True, exist_ok=True)

    def generate(self, label: str, kind: str) -> PublicKey:
        # A token allows two keys of one label, so two signers that make the same key at once take turns (some milliseconds;
        # for RSA as long as the module needs to find primes).
        with alone(self._lock), self._session() as session:
            try:
                _, public = self._key(session, label)
            except NoSuchKey:
                _make(session, label, kind)
                _, public = self._key(session, label)
        if kind_of(public) != kind:
            raise OtherKind(label)
        return public

    def public_key(self, label: str) -> PublicKey:
        with self._session() as session:
            return self._key(session, label)[1]

    def sign(self, label: str, digests: Sequence[bytes]) -> list[bytes]:
        with self._session() as session:
            private, public = self._key(session, label)
            if isinstance(public, rsa.RSAPublicKey):
                return [private.sign(_DIGEST_INFO[len(digest)] + digest, mechanism=Mechanism.RSA_PKCS) for digest in digests]
            width = public.curve.key_size // 8
            # SoftHSM 2.6 has no mechanism that hashes by itself; the plain one takes the digest's leftmost bits (FIPS 186-5 §6.4.1).
            signatures = [private.sign(digest[:width], mechanism=Mechanism.ECDSA) for digest in digests]
        return [der_signature(signature, len(signature) // 2) for signature in signatures]

    def _key(self, session: Any, label: str) -> tuple[Any, PublicKey]:
        if found := self._keys.get(label):
            return found
        try:
            private = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=label)
            found_public = session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=label)
        except pkcs11.NoSuchKey:
            raise NoSuchKey(label) from None
        if found_public.key_type not in _ENCODERS:
            raise StoreFault(f"The key «{label}» is neither an EC nor an RSA key.")
        public = cast(PublicKey, load_der_public_key(_ENCODERS[found_public.key_type](found_public)))
        self._keys[label] = private, public
        return private, public

    @contextmanager
    def _session(self) -> Iterator[Any]:
        try:
            if self._opened is None:
                self._opened = self._open()
            yield self._opened
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            self._opened = None
            self._keys.clear()
            raise StoreFault(
                f"The token «{self._token}» of {self._module} fails: {type(error).__name__}. Check module, token and PIN."
            ) from error

    def _open(self) -> Any:
        token = pkcs11.lib(self._module).get_token(token_label=self._token)
        try:
            return token.open(rw=True, user_pin=self._pin)
        except pkcs11.UserAlreadyLoggedIn:  # a login is the whole process's: an earlier session of ours made it
            return token.open(rw=True)


def _make(session: Any, label: str, kind: str) -> None:
    """A key pair that is made in the token, does nothing but sign, and stays there."""
    given = {
        "store": True,
        "label": label,
        "id": label.encode(),
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "private_template": {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    }
    if kind in RSA_BITS:
        session.generate_keypair(KeyType.RSA, RSA_BITS[kind], mechanism=Mechanism.RSA_PKCS_KEY_PAIR_GEN, **given)
        return
    curve = {Attribute.EC_PARAMS: encode_named_curve_parameters(CURVES[kind].name)}
    session.create_domain_parameters(KeyType.EC, curve, local=True).generate_keypair(mechanism=Mechanism.EC_KEY_PAIR_GEN, **given)
