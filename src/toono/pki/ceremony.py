"""The key ceremony on the machine without a network: opens the root's token by shares of its PIN, signs what the platform asks for, and
writes the transcript. Free of Django and of any database: it needs a PKCS#11 token and the request's file, and leaves the answer's.

The PIN is made by the machine and known to nobody; custodians have shares of it, any ``needed`` of whom open the token. A rehearsal does
the same on a practice token and compares what was done (``Transcript.shape``).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from toono.kernel.clock import now
from toono.pki.contracts import Profile
from toono.pki.domain.algorithms import check_signer_has, signing_hash_of
from toono.pki.domain.ceremonies import (
    ROOT_LIST_LIFETIME,
    CeremonyAnswer,
    CeremonyRequest,
    Transcript,
    Wanted,
    digest,
    loaded,
    public_key_of,
    read_request,
)
from toono.pki.domain.issuing import Issuer, RevokedEntry, build_certificate, build_revocation_list
from toono.pki.domain.profiles import PROFILES, slug
from toono.pki.domain.shares import Share, join, split
from toono.pki.errors import CeremonyRefused
from toono.pki.signer.stores import KeyStore, NoSuchKey
from toono.pki.signing import RemoteKey, elliptic

PIN_BYTES = 16
MACHINE = "machine"
SIGNABLE = frozenset({Profile.ISSUING, Profile.ISSUING_PERSONS, Profile.ISSUING_SERVERS, Profile.OCSP})
"""What a root signs; whatever else a request names is refused."""


class StoreKey(RemoteKey):
    """A key in a store that this very process has opened; looks like :class:`RemoteKey`."""

    def __init__(self, store: KeyStore, label: str) -> None:
        self._store, self._key = store, label
        self._public_key = elliptic(store.public_key(label), label)

    def sign(self, data: bytes, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # type: ignore[override]
        """DER signature over the hash of ``data``, or over ``data`` itself if the algorithm says it is a hash already."""
        algorithm = signature_algorithm.algorithm
        hashed = bytes(data) if isinstance(algorithm, Prehashed) else hashlib.new(algorithm.name, data).digest()
        return self._store.sign(self._key, [hashed])[0]


@dataclass
class Ceremony:
    """One ceremony, from its opening to the signature under its transcript. Every method is a step or some of them."""

    title: str
    witnesses: Sequence[str]
    clock: Callable[[], datetime] = now
    transcript: Transcript = field(init=False)

    def __post_init__(self) -> None:
        names = [*self.witnesses]
        if len(names) < 2 or len(set(names)) != len(names):
            raise CeremonyRefused("a ceremony needs two different witnesses at least")
        self.transcript = Transcript(title=self.title, witnesses=tuple(names))

    def note(self, act: str, *, by: str = MACHINE, **data: str) -> None:
        """A step, at this moment."""
        self.transcript = self.transcript.with_step(act, by=by, at=self.clock(), data=data)

    # -- the secret -----------------------------------------------------------------------------------------------

    def make_pin(self, *, custodians: Sequence[str], needed: int) -> tuple[str, Mapping[str, Share]]:
        """A new PIN of the token, and each custodian's share of it. The transcript names the custodians, never a share.

        :raises SharesWrong: numbers that cannot be.
        """
        if len(set(custodians)) != len(custodians):
            raise CeremonyRefused("each custodian keeps one share")
        secret = secrets.token_bytes(PIN_BYTES)
        shares = split(secret, needed=needed, total=len(custodians), random=secrets.token_bytes)
        self.note("pin_made", needed=str(needed), total=str(len(custodians)), secret=shares[0].secret)
        for custodian, share in zip(custodians, shares, strict=True):
            self.note("share_given", by=custodian, custodian=custodian, point=str(share.point))
        return secret.hex(), dict(zip(custodians, shares, strict=True))

    def unlock(self, shares: Mapping[str, Share]) -> str:
        """The PIN from the shares that custodians brought.

        :raises SharesWrong: too few, or damaged.
        """
        pin = join(list(shares.values())).hex()
        for custodian, share in shares.items():
            self.note("share_returned", by=custodian, custodian=custodian, point=str(share.point))
        self.note("pin_restored", secret=next(iter(shares.values())).secret)
        return pin

    # -- the root's work ------------------------------------------------------------------------------------------

    def sign(self, content: bytes, store: KeyStore) -> CeremonyAnswer:
        """Do what the request asks, and close the transcript with the root's signature.

        :raises CeremonyRefused: the request asks for what no root signs, or its root is not in this token. Nothing is given out.
        """
        request = read_request(content)
        self.note("request_read", request=digest(content), platform=request.platform, software=version("toono"), store=store.name)
        root, key = self._root(request, store)
        issuer = Issuer(root, key, slug(request.root_key))
        certificates = [self._issue(wanted, issuer, request) for wanted in request.wanted]
        revocation_list = self._list(issuer, request)
        for witness in self.witnesses:
            self.note("witnessed", by=witness, root=digest(root.public_bytes(Encoding.DER)))
        signature = key.sign(self.transcript.content(), ec.ECDSA(signing_hash_of(key.public_key())))
        return CeremonyAnswer(
            request_sha256=digest(content),
            root=_pem(root),
            certificates=tuple(_pem(certificate) for certificate in certificates),
            revocation_list=_pem(revocation_list),
            transcript=self.transcript,
            signature=signature.hex(),
        )

    def _root(self, request: CeremonyRequest, store: KeyStore) -> tuple[x509.Certificate, StoreKey]:
        if request.root:
            root = loaded(request.root)
            try:
                found = store.public_key(request.root_key)
            except NoSuchKey:
                raise CeremonyRefused(f"this token has no key {request.root_key}") from None
            if found != root.public_key():
                raise CeremonyRefused("the root that the request names has another key than this token")
            self.note("root_found", key=request.root_key, root=digest(root.public_bytes(Encoding.DER)))
            return root, StoreKey(store, request.root_key)
        check_signer_has(request.root_algorithm)
        store.generate(request.root_key, request.root_algorithm)
        key = StoreKey(store, request.root_key)
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.note("root_key_made", key=request.root_key, algorithm=request.root_algorithm, public_key=digest(spki))
        root = build_certificate(
            profile=Profile.ROOT, subject=request.root_subject, public_key=key.public_key(), issuer=Issuer(None, key),
            serial=x509.random_serial_number(), now=self._moment(), base_url=request.platform,
        )  # fmt: skip
        self.note("root_made", subject=request.root_subject.common_name, root=digest(root.public_bytes(Encoding.DER)))
        return root, key

    def _issue(self, wanted: Wanted, issuer: Issuer, request: CeremonyRequest) -> x509.Certificate:
        if wanted.profile not in SIGNABLE:
            raise CeremonyRefused(f"a root issues no certificate of profile {wanted.profile}")
        public_key = public_key_of(wanted)
        lifetime = ROOT_LIST_LIFETIME if wanted.profile is Profile.OCSP else PROFILES[wanted.profile].lifetime
        certificate = build_certificate(
            profile=wanted.profile, subject=wanted.subject, public_key=public_key, issuer=issuer, serial=x509.random_serial_number(),
            now=self._moment(), base_url=request.platform, lifetime=lifetime,
        )  # fmt: skip
        self.note(
            "certificate_issued", profile=wanted.profile.value, label=wanted.label, key=wanted.key, algorithm=wanted.algorithm,
            subject=wanted.subject.common_name, days=_days(lifetime), certificate=digest(certificate.public_bytes(Encoding.DER)),
        )  # fmt: skip
        return certificate

    def _list(self, issuer: Issuer, request: CeremonyRequest) -> x509.CertificateRevocationList:
        entries = [RevokedEntry(int(line.serial, 16), line.revoked_at, line.reason) for line in request.withdrawn]
        signed = build_revocation_list(
            issuer=issuer, number=request.list_number, entries=entries, now=self._moment(), lifetime=ROOT_LIST_LIFETIME
        )
        self.note(
            "list_signed", number=str(request.list_number), entries=str(len(entries)), days=_days(ROOT_LIST_LIFETIME),
            list=digest(signed.public_bytes(Encoding.DER)),
        )  # fmt: skip
        return signed

    def _moment(self) -> datetime:
        return self.clock().replace(microsecond=0)


def rehearse(done: Transcript, content: bytes, store: KeyStore, *, clock: Callable[[], datetime] = now) -> Transcript:
    """Do the ceremony of ``done`` once more with the same request on a practice token, and compare.

    :raises CeremonyRefused: the transcript does not hold, or the run was another than the one that it tells of.
    """
    done.check()
    again = Ceremony(done.title, done.witnesses, clock)
    request = read_request(content)
    _rehearse_secret(done, again)
    if request.root:
        request = request.model_copy(update={"root": _pem(_practice_root(request, store, clock()))})
    again.sign(request.model_dump_json().encode(), store)
    if again.transcript.shape() != done.shape():
        differing = next((n for n, (a, b) in enumerate(zip(again.transcript.shape(), done.shape(), strict=False), start=1) if a != b), 0)
        raise CeremonyRefused(f"the rehearsal went another way than the transcript, first at step {differing or len(done.steps)}")
    return again.transcript


def _rehearse_secret(done: Transcript, again: Ceremony) -> None:
    """Make or restore a practice PIN with the custodians of the transcript."""
    made = next((step for step in done.steps if step.act == "pin_made"), None)
    given = [step.by for step in done.steps if step.act == "share_given"]
    returned = [step.by for step in done.steps if step.act == "share_returned"]
    if made:
        again.make_pin(custodians=given, needed=int(made.data["needed"]))
    if returned:
        practice = split(
            secrets.token_bytes(PIN_BYTES), needed=max(2, len(returned)), total=max(2, len(returned)), random=secrets.token_bytes
        )
        again.unlock(dict(zip(returned, practice, strict=False)))


def _practice_root(request: CeremonyRequest, store: KeyStore, moment: datetime) -> x509.Certificate:
    store.generate(request.root_key, request.root_algorithm)
    key = StoreKey(store, request.root_key)
    return build_certificate(
        profile=Profile.ROOT, subject=request.root_subject, public_key=key.public_key(), issuer=Issuer(None, key),
        serial=x509.random_serial_number(), now=moment.replace(microsecond=0), base_url=request.platform,
    )  # fmt: skip


def _pem(made: x509.Certificate | x509.CertificateRevocationList) -> str:
    return made.public_bytes(Encoding.PEM).decode()


def _days(lifetime: timedelta) -> str:
    return str(lifetime.days)
