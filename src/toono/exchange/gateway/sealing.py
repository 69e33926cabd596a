"""Sealing: what is committed together is signed together and linked to what was committed before.

Of each member whose messages stand in a batch, one signature is made over all of them: over the root of X-Road's hash chain, as the SignedInfo of XAdES, so that a container of any
single message can be made from the rows later. The signature is checked against the certificate of the configuration before anything is
committed. The batch then becomes the next link of its writer's chain.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha512
from operator import itemgetter
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA512

from toono.exchange import limits
from toono.exchange.domain.evidence import xades
from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.exchange.domain.peers import Envelope
from toono.exchange.domain.rights import KnownMember
from toono.exchange.gateway import rows
from toono.kernel.clock import now
from toono.kernel.ids import uuid7
from toono.kernel.jose import raw_signature

_SHA512: Final = ECDSA(Prehashed(SHA512()))


class Signer(Protocol):
    """What the gateway needs of the signer's client."""

    async def sign_each(self, wanted: Sequence[tuple[str, Sequence[bytes]]]) -> Sequence[Sequence[bytes] | Exception]: ...


class OcspProof(NamedTuple):
    """A response that says that a certificate is good; it is in the database already."""

    digest: bytes
    """SHA-256 of ``der``."""
    der: bytes


class SigningFailed(Exception):
    """A member's messages could not be signed. ``reason`` is stable."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Made(NamedTuple):
    """A signature that was made: with a message of its own it is evidence for whoever receives it."""

    prepared: xades.Prepared
    document: bytes
    place: int
    """The message's place among the leaves."""
    value: bytes
    ocsp: bytes | None
    """The response that stands in the document."""
    serial: str
    """Of the signer's certificate."""

    def envelope(self, head: bytes, body: bytes) -> Envelope:
        """The message with this signature, as it goes to another gateway."""
        return Envelope(
            head=head, body=body or None, serial=self.serial, at=self.prepared.at, direct=self.prepared.direct, place=self.place,
            leaves=self.prepared.leaves, value=self.value, ocsp=self.ocsp or b"",
        )  # fmt: skip


class Received(NamedTuple):
    """A signature that another gateway made and this one has verified; it is kept as it came."""

    prepared: xades.Prepared
    value: bytes
    proof: OcspProof
    document: bytes
    place: int
    """The message's place among the leaves."""


@dataclass(slots=True, eq=False)
class Entry:
    """What one call wants durable in one commit."""

    message: rows.Packed
    """A :class:`rows.MessageRow`."""
    member: KnownMember | None
    """Whose key signs; None for an outcome without an answer."""
    digests: MessageDigests | None
    """Of the message, where it is signed."""
    commitment: bytes | None = None
    """Of the outcome, where it is not."""
    reading: rows.Packed | None = None
    """A :class:`rows.LedgerRow`."""
    reading_commitment: bytes | None = None
    nonces: tuple[rows.NonceRow, ...] = ()
    received: Received | None = None
    """The member's signature, where another gateway made it."""
    made: Made | None = None
    """The signature, once the entry is durable."""
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    size: int = field(init=False)
    """Bytes of its rows."""

    def __post_init__(self) -> None:
        self.size = sum(map(len, self.message)) + (sum(map(len, self.reading)) if self.reading else 0)

    def refuse(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Sealed(NamedTuple):
    """A batch ready to be committed. ``values`` are the columns of :data:`rows.APPEND` in its order."""

    id: UUID
    entries: list[Entry]
    values: list[tuple[Sequence[rows.Packed], Sequence[rows.ColumnType]]]
    link: bytes


@dataclass(slots=True)
class Chain:
    """Where a writer's chain stands: the last link that was committed."""

    gateway: str
    id: UUID = field(default_factory=uuid7)
    number: int = 0
    link: bytes = bytes(64)

    def advance(self, sealed: Sealed) -> None:
        self.number, self.link = self.number + 1, sealed.link


class _Unsigned(NamedTuple):
    """One member's messages of a batch, before they are signed."""

    member: KnownMember
    entries: list[Entry]
    signatory: xades.Signatory
    prepared: xades.Prepared

    def refuse(self, failure: SigningFailed) -> None:
        for entry in self.entries:
            entry.refuse(failure)


class _Signed(NamedTuple):
    member: KnownMember
    entries: list[Entry]
    prepared: xades.Prepared
    value: bytes
    proof: OcspProof | None
    document: bytes
    first: int = 0
    """Place of the first of the entries among the leaves."""


class Sealer:
    """Makes batches ready. ``failures`` counts signatures that came to nothing since the last success."""

    def __init__(self, signer: Signer, ocsp: Callable[[str], OcspProof | None]) -> None:
        """:param ocsp: serial number of a certificate to the proof that stands in its signatures."""
        self._signer, self._ocsp = signer, ocsp
        self._signatories: dict[str, xades.Signatory] = {}
        self.failures = 0
        self.signatures = 0

    def _signatory(self, member: KnownMember) -> xades.Signatory:
        found = self._signatories.get(member.certificate_serial)
        if found is None:
            certificate = x509.load_pem_x509_certificate(member.entry.certificate_pem.encode())
            found = self._signatories[member.certificate_serial] = xades.Signatory.of(certificate)
        return found

    async def seal(self, batch: Sequence[Entry], chain: Chain) -> Sealed | None:
        """``batch`` signed and linked; entries whose member cannot sign are refused and left out. None if none is left."""
        moment = now()
        groups: dict[str, list[Entry]] = defaultdict(list)
        for entry in batch:
            if entry.member is not None and entry.received is None:
                groups[entry.member.entry.id].append(entry)
        signed = await self._sign([one for group in groups.values() if (one := self._prepared(group, moment)) is not None])
        signed += [
            _Signed(e.member, [e], e.received.prepared, e.received.value, e.received.proof, e.received.document, e.received.place)
            for e in batch
            if e.received is not None and e.member is not None
        ]
        unsigned = [entry for entry in batch if entry.member is None]
        if not signed and not unsigned:
            return None
        return _linked(signed, unsigned, chain, moment)

    def _prepared(self, entries: list[Entry], moment: datetime) -> _Unsigned | None:
        """What the member of ``entries`` is to sign; None, and they are refused, where it may not."""
        member = entries[0].member
        if member is None:
            raise RuntimeError("an entry without a member stands among those to be signed")
        signatory = self._signatory(member)
        prepared = xades.prepare(signatory, [e.digests for e in entries if e.digests is not None], moment.replace(microsecond=0))
        found = _Unsigned(member, entries, signatory, prepared)
        if member.valid_from <= moment < member.valid_until:
            return found
        self.failures += 1
        found.refuse(
            SigningFailed(
                "certificate_expired",
                f"The certificate of {member.entry.id} is valid from {member.valid_from} until {member.valid_until}.",
            )
        )
        return None

    async def _sign(self, wanted: list[_Unsigned]) -> list[_Signed]:
        """All of them in one question to the signer; those whose member does not sign are refused and left out."""
        if not wanted:
            return []
        answers: Sequence[Sequence[bytes] | Exception]
        try:
            async with asyncio.timeout(limits.SIGNER_SECONDS):
                answers = await self._signer.sign_each([(one.member.entry.signing_key, [one.prepared.digest]) for one in wanted])
        except Exception as error:
            answers = [error] * len(wanted)
        if len(answers) != len(wanted):
            answers = [ValueError(f"{len(answers)} answers to {len(wanted)} questions")] * len(wanted)
        signed = []
        for one, answer in zip(wanted, answers, strict=True):
            try:
                signed.append(self._signed(one, answer))
            except SigningFailed as failure:
                self.failures += 1
                one.refuse(failure)
        return signed

    def _signed(self, one: _Unsigned, answer: Sequence[bytes] | Exception) -> _Signed:
        """:raises SigningFailed: the answer is no signature of the member's."""
        member, prepared = one.member, one.prepared
        if isinstance(answer, Exception):
            told = f"{type(answer).__name__} {answer}".strip()
            raise SigningFailed("signer_unavailable", f"The signer does not sign with {member.entry.signing_key}: {told}")
        if len(answer) != 1:
            raise SigningFailed("signer_unavailable", f"The signer gave {len(answer)} signatures for one digest.")
        check_signature(member, answer[0], prepared.digest)
        value, proof = raw_signature(answer[0]), self._ocsp(member.certificate_serial)
        document = xades.document(one.signatory, prepared, value, proof.der if proof else None)
        self.failures = 0
        self.signatures += 1
        return _Signed(member, one.entries, prepared, value, proof, document)


def check_signature(member: KnownMember, der: bytes, digest: bytes) -> None:
    """What the signer gave is the signature of the certificate that the configuration names.

    :raises SigningFailed: it is another key's.
    """
    try:
        member.public_key.verify(der, digest, _SHA512)
    except InvalidSignature:
        raise SigningFailed(
            "signature_of_another_key", f"The signer's key of {member.entry.id} is not that of its certificate {member.certificate_serial}."
        ) from None


def _linked(signed: list[_Signed], unsigned: list[Entry], chain: Chain, moment: datetime) -> Sealed:
    batch = uuid7()
    content = [sha512(one.document).digest() for one in signed]
    signatures: list[rows.Packed] = []
    messages: list[rows.Packed] = []
    readings: list[rows.Packed] = []
    entries: list[Entry] = []
    for position, one in enumerate(signed):
        identifier = uuid7()
        signatures.append(
            rows.packed(
                rows.SignatureRow(
                    id=identifier, batch=batch, position=position, member=one.member.entry.id, certificate_serial=one.member.certificate_serial,
                    ocsp=one.proof.digest if one.proof else None, at=one.prepared.at, leaves=b"".join(one.prepared.leaves), direct=one.prepared.direct,
                    value=one.value, document_digest=content[position],
                )
            )
        )  # fmt: skip
        for index, entry in enumerate(one.entries, one.first):
            messages.append(entry.message + rows.packed(rows.Place(batch, identifier, index)))
            proof = one.proof.der if one.proof is not None else None
            entry.made = Made(one.prepared, one.document, index, one.value, proof, one.member.certificate_serial)
        entries += one.entries
    for entry in unsigned:
        messages.append(entry.message + rows.packed(rows.Place(batch, None, len(content))))
        content.append(entry.commitment or b"")
    entries += unsigned
    for entry in entries:
        if entry.reading is not None:
            readings.append(entry.reading + rows.packed(rows.LedgerPlace(batch, len(content))))
            content.append(entry.reading_commitment or b"")
    whole = b"".join(content)
    link = sha512(chain.link + sha512(whole).digest()).digest()
    row = rows.packed(rows.BatchRow(batch, chain.gateway, chain.id, chain.number + 1, moment, whole, link))
    # In one order everywhere, so that two processes that meet the same nonces wait for each other and never in a circle.
    nonces = [rows.packed(nonce) for nonce in sorted((n for entry in entries for n in entry.nonces), key=itemgetter(0))]
    values: list[tuple[Sequence[rows.Packed], Sequence[rows.ColumnType]]] = [
        ([row], rows.BATCH_TYPES), (nonces, rows.NONCE_TYPES), (signatures, rows.SIGNATURE_TYPES), (messages, rows.MESSAGE_TYPES), (readings, rows.LEDGER_TYPES),
    ]  # fmt: skip
    return Sealed(batch, entries, values, link)
