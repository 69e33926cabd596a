"""Key ceremonies as data: what the platform asks of the root, what comes back, and the transcript that proves how. Pure.

The three travel as files on a stick between the platform and a machine without a network. Closed world: an unknown field is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import Field, ValidationError

from toono.kernel.contract import Contract
from toono.pki.contracts import Profile, RevocationReason, SubjectName
from toono.pki.domain.algorithms import signing_hash_of
from toono.pki.errors import CeremonyRefused

ROOT_LIST_LIFETIME = timedelta(days=370)
"""Of the root's list and of its responder: until the ceremony of the next year."""
FILE_LIMIT_BYTES = 4 * 1024 * 1024


class Wanted(Contract):
    """One certificate that the root is asked for."""

    profile: Profile
    label: str
    key: str
    """Label of the key in the platform's signer."""
    subject: SubjectName
    algorithm: str
    request: str
    """PKCS#10, PEM: its signature proves that the platform's signer has the key."""


class Withdrawn(Contract):
    """One line for the root's list."""

    serial: str
    revoked_at: datetime
    reason: RevocationReason


class CeremonyRequest(Contract):
    """What the platform asks the root for. Nothing in it is secret."""

    version: int = Field(default=1, ge=1, le=1)
    platform: str
    """Address of the platform; it goes into the certificates."""
    root: str = ""
    """PEM of the root in force; empty at the first ceremony."""
    root_key: str = "pki/root"
    """Label of the root's key; a new root is a next generation (``pki/root/2``)."""
    root_subject: SubjectName
    root_algorithm: str = "P-384"
    list_number: int = Field(ge=1)
    """Number of the next list of the root."""
    wanted: tuple[Wanted, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()


class Step(Contract):
    """One step of a ceremony."""

    number: int
    at: datetime
    act: str
    by: str
    """Who did it: a witness's or custodian's name, or the machine."""
    data: dict[str, str] = {}
    previous: str
    """SHA-256 of the step before, hex; of the first step that of the title."""

    def digest(self) -> str:
        return hashlib.sha256(canonical(self.model_dump(mode="json"))).hexdigest()


class Transcript(Contract):
    """Every step, each chained to the one before: a step that is changed, left out or put in is seen."""

    title: str
    witnesses: tuple[str, ...] = Field(min_length=1)
    steps: tuple[Step, ...] = ()

    def with_step(self, act: str, *, by: str, at: datetime, data: Mapping[str, str]) -> Transcript:
        """The transcript with one more step at its end."""
        previous = self.steps[-1].digest() if self.steps else self._beginning()
        step = Step(number=len(self.steps) + 1, at=at, act=act, by=by, data=dict(data), previous=previous)
        return self.model_copy(update={"steps": (*self.steps, step)})

    def content(self) -> bytes:
        """What is signed and time-stamped."""
        return canonical(self.model_dump(mode="json"))

    def check(self) -> None:
        """:raises CeremonyRefused: the chain does not hold."""
        previous = self._beginning()
        for number, step in enumerate(self.steps, start=1):
            if step.number != number or step.previous != previous:
                raise CeremonyRefused(f"the transcript was changed at step {number}")
            previous = step.digest()

    def shape(self) -> tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]:
        """What a rehearsal must repeat: acts, hands and what was decided, without keys, digests and times."""
        return tuple((step.act, step.by, tuple(sorted((k, v) for k, v in step.data.items() if k in REPEATED))) for step in self.steps)

    def _beginning(self) -> str:
        return hashlib.sha256(canonical({"title": self.title, "witnesses": list(self.witnesses)})).hexdigest()


REPEATED = frozenset({"needed", "total", "custodian", "profile", "label", "key", "algorithm", "subject", "number", "entries", "days"})
"""Members of a step's data that another run of the same ceremony has too."""


class CeremonyAnswer(Contract):
    """What comes back from the root."""

    version: int = Field(default=1, ge=1, le=1)
    request_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    root: str
    certificates: tuple[str, ...]
    """PEM, in the order in which they were wanted."""
    revocation_list: str
    """PEM of the root's complete list."""
    transcript: Transcript
    signature: str = Field(pattern=r"^[0-9a-f]+$")
    """By the root's key over ``transcript.content()``, DER, hex."""


def canonical(value: object) -> bytes:
    """JSON in the one form whose digest is taken: sorted, without spaces, UTF-8 (all values are texts and whole numbers: RFC 8785)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(content: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(content).hexdigest()


def read_request(content: bytes) -> CeremonyRequest:
    """:raises CeremonyRefused:"""
    try:
        return CeremonyRequest.model_validate_json(_limited(content))
    except ValidationError as error:
        raise CeremonyRefused(f"this is no request for a ceremony: {error.error_count()} faults") from None


def read_answer(content: bytes) -> CeremonyAnswer:
    """:raises CeremonyRefused:"""
    try:
        return CeremonyAnswer.model_validate_json(_limited(content))
    except ValidationError as error:
        raise CeremonyRefused(f"this is no answer of a ceremony: {error.error_count()} faults") from None


def public_key_of(wanted: Wanted) -> ec.EllipticCurvePublicKey:
    """The key that a request names, when the request is signed by it.

    :raises CeremonyRefused:
    """
    try:
        request = x509.load_pem_x509_csr(wanted.request.encode())
        key = request.public_key()
        proven = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CeremonyRefused(f"the request for {wanted.label} cannot be read: {error}") from None
    if not proven or not isinstance(key, ec.EllipticCurvePublicKey):
        raise CeremonyRefused(f"the request for {wanted.label} is not signed by its own key")
    return key


def check_answer(request_content: bytes, answer: CeremonyAnswer, *, now: datetime) -> tuple[x509.Certificate, Sequence[x509.Certificate]]:
    """The root and the certificates, when the answer is one to this very request and everything in it is signed by that root.

    :raises CeremonyRefused: the message says what does not fit.
    """
    request = read_request(request_content)
    if answer.request_sha256 != digest(request_content):
        raise CeremonyRefused("the answer is to another request")
    root = loaded(answer.root)
    if request.root and loaded(request.root) != root:
        raise CeremonyRefused("the answer is of another root")
    answer.transcript.check()
    _check_signature(root, answer)
    if len(answer.certificates) != len(request.wanted):
        raise CeremonyRefused("the answer has not the certificates that were asked for")
    certificates = [loaded(pem) for pem in answer.certificates]
    for wanted, certificate in zip(request.wanted, certificates, strict=True):
        if certificate.public_key() != public_key_of(wanted):
            raise CeremonyRefused(f"the certificate of {wanted.label} has another key than its request")
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise CeremonyRefused(f"the certificate of {wanted.label} is not valid now")
    _check_issued(root, [root, *certificates])
    _check_list(root, answer.revocation_list, request.list_number)
    return root, certificates


def _check_signature(root: x509.Certificate, answer: CeremonyAnswer) -> None:
    key = root.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise CeremonyRefused("the root has no key of an elliptic curve")
    try:
        key.verify(bytes.fromhex(answer.signature), answer.transcript.content(), ec.ECDSA(signing_hash_of(key)))
    except (InvalidSignature, ValueError):
        raise CeremonyRefused("the transcript is not signed by the root") from None


def _check_issued(root: x509.Certificate, certificates: Sequence[x509.Certificate]) -> None:
    for certificate in certificates:
        try:
            certificate.verify_directly_issued_by(root)
        except (ValueError, TypeError, InvalidSignature):
            raise CeremonyRefused(f"certificate {certificate.serial_number:x} is not of this root") from None


def _check_list(root: x509.Certificate, pem: str, number: int) -> None:
    try:
        found = x509.load_pem_x509_crl(pem.encode())
        numbered = found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        good = found.is_signature_valid(root.public_key()) and numbered == number  # type: ignore[arg-type]
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound):
        good = False
    if not good:
        raise CeremonyRefused("the root's list is not the one that was asked for")


def loaded(pem: str) -> x509.Certificate:
    """:raises CeremonyRefused: no certificate in PEM."""
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise CeremonyRefused(f"a certificate cannot be read: {error}") from None


def _limited(content: bytes) -> bytes:
    if len(content) > FILE_LIMIT_BYTES:
        raise CeremonyRefused("the file is too large")
    return content
