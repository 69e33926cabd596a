"""Keys in a PKCS#11 token (SoftHSM2 or a hardware module): made inside, sensitive, not extractable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

from toono.kernel.files import alone
from toono.kernel.jose import der_signature
from toono.pki.signer.stores import CURVES, NoSuchKey, OtherCurve, StoreFault


class Pkcs11Store:
    """One key pair for each label, found by CKA_LABEL. Handles stay in memory; a lost session is opened anew."""

    name = "pkcs11"

    def __init__(self, module: str, token: str, pin: str, lock: Path) -> None:
        self._module, self._token, self._pin, self._lock = module, token, pin, lock
        self._opened: Any = None
        self._keys: dict[str, tuple[Any, ec.EllipticCurvePublicKey]] = {}
        lock.parent.mkdir(parents=True, exist_ok=True)

    def generate(self, label: str, curve: str) -> ec.EllipticCurvePublicKey:
        # A token allows two keys of one label, so two signers that make the same key at once take turns (some milliseconds).
        with alone(self._lock), self._session() as session:
            try:
                _, public = self._key(session, label)
            except NoSuchKey:
                parameters = session.create_domain_parameters(
                    KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters(CURVES[curve].name)}, local=True
                )
                parameters.generate_keypair(
                    mechanism=Mechanism.EC_KEY_PAIR_GEN,
                    store=True,
                    label=label,
                    id=label.encode(),
                    private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
                )
                _, public = self._key(session, label)
        if public.curve.name != CURVES[curve].name:
            raise OtherCurve(label)
        return public

    def public_key(self, label: str) -> ec.EllipticCurvePublicKey:
        with self._session() as session:
            return self._key(session, label)[1]

    def sign(self, label: str, digests: Sequence[bytes]) -> list[bytes]:
        with self._session() as session:
            private, public = self._key(session, label)
            width = public.curve.key_size // 8
            # SoftHSM 2.6 has no mechanism that hashes by itself; the plain one takes the digest's leftmost bits (FIPS 186-5 §6.4.1).
            signatures = [private.sign(digest[:width], mechanism=Mechanism.ECDSA) for digest in digests]
        return [der_signature(signature, len(signature) // 2) for signature in signatures]

    def _key(self, session: Any, label: str) -> tuple[Any, ec.EllipticCurvePublicKey]:
        if found := self._keys.get(label):
            return found
        try:
            private = session.get_key(object_class=ObjectClass.PRIVATE_KEY, key_type=KeyType.EC, label=label)
            point = session.get_key(object_class=ObjectClass.PUBLIC_KEY, key_type=KeyType.EC, label=label)
        except pkcs11.NoSuchKey:
            raise NoSuchKey(label) from None
        public = load_der_public_key(encode_ec_public_key(point))
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise StoreFault(f"The key «{label}» is not an EC key.")
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
