"""Messages between two gateways: what travels, and when it is believed. Pure.

A message travels with everything from which its evidence is made again: the head in X-Road's byte form, the body, and what the signature's row holds. The receiver makes the
container that an auditor would get, and verifies it by the very code by which the auditor would. So what is believed between gateways is exactly what can be proven later.

Framing (``application/vnd.toono.peer-message``): the line ``TOONO-PEER-1``, the length of a JSON object (4 bytes, big endian), the object, and its parts one after the other
in the order head, body, leaves, value, ocsp. The object::

    {"serial": "…", "at": "2026-11-22T08:00:00Z", "direct": false, "place": 0, "sizes": [head, body or null, leaves, 64, ocsp]}

``serial``: of the signer's certificate, hex; the certificate itself stands in the configuration. ``at``: signing time. ``direct``, ``leaves``, ``value``: as in :class:`xades.Prepared`;
``place``: the message's place among the leaves. ``ocsp``: the response that stands in the signature.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha512
from struct import Struct
from typing import Any, Final, NamedTuple

from cryptography import x509

from toono.exchange import limits
from toono.exchange.domain import ageing
from toono.exchange.domain.ageing import Grade
from toono.exchange.domain.evidence import container, hashchain, verify, xades
from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.exchange.domain.evidence.message import Direction, Message
from toono.exchange.domain.evidence.trust import Anchors, Authority
from toono.exchange.domain.evidence.xades import Prepared, Signatory
from toono.exchange.domain.rights import Index, KnownMember
from toono.registry.contracts import ExchangePolicy

PATH: Final = "/peer/v1/messages"
"""Where a gateway takes messages of others."""
MEDIA_TYPE: Final = "application/vnd.toono.peer-message"
FAULT_TYPE: Final = "application/vnd.toono.peer-fault+json"
"""A fault instead of a message: ``type`` (7.8 dialect), ``reason``, ``message``, ``id``, ``retry_after``."""
_MAGIC: Final = b"TOONO-PEER-1\n"
_LENGTH: Final = Struct("!I")
_FIELDS: Final = {"serial": str, "at": str, "direct": bool, "place": int, "sizes": list}
_TOLERATED: Final = frozenset({"not_time_stamped", "member_not_told"})
"""What stays open in a message of this moment: its time-stamp comes within the minute; whose certificate it is stands in our own configuration."""


class PeerRefused(Exception):
    """A message of another gateway is not believed. ``reason`` is stable."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Envelope(NamedTuple):
    """A signed message on its way."""

    head: bytes
    body: bytes | None
    serial: str
    at: datetime
    direct: bool
    place: int
    leaves: tuple[bytes, ...]
    value: bytes
    ocsp: bytes

    @property
    def digests(self) -> MessageDigests:
        return MessageDigests(sha512(self.head).digest(), sha512(self.body).digest() if self.body is not None else None)

    def prepared(self, signatory: Signatory) -> Prepared:
        """What was signed."""
        return xades.restore(signatory, leaves=self.leaves, direct=self.direct, at=self.at)


def pack(envelope: Envelope) -> bytes:
    """The bytes of a message on its way."""
    leaves = b"".join(envelope.leaves)
    parts = (envelope.head, envelope.body, leaves, envelope.value, envelope.ocsp)
    described = {
        "serial": envelope.serial, "at": f"{envelope.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "direct": envelope.direct, "place": envelope.place,
        "sizes": [None if part is None else len(part) for part in parts],
    }  # fmt: skip
    head = json.dumps(described).encode()
    return b"".join((_MAGIC, _LENGTH.pack(len(head)), head, *(part for part in parts if part is not None)))


def unpack(content: bytes) -> Envelope:
    """:raises PeerRefused: ``peer_malformed``."""
    try:
        return _unpack(content)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, OverflowError) as error:
        raise PeerRefused("peer_malformed", f"The message of the other gateway cannot be read: {error}.") from None


def _unpack(content: bytes) -> Envelope:
    begin = len(_MAGIC) + _LENGTH.size
    if not content.startswith(_MAGIC) or len(content) < begin:
        raise ValueError("another form")
    (size,) = _LENGTH.unpack_from(content, len(_MAGIC))
    if size > limits.PEER_DESCRIPTION_BYTES:
        raise ValueError("its description is too long")
    told: dict[str, Any] = json.loads(content[begin : begin + size])
    if not isinstance(told, dict) or {name: type(value) for name, value in told.items()} != _FIELDS:
        raise ValueError("its description is not of the agreed shape")
    parts: list[bytes | None] = []
    place = begin + size
    for number, length in enumerate(told["sizes"]):
        if length is None and number == 1:
            parts.append(None)
            continue
        if type(length) is not int or not 0 <= length <= len(content) - place:
            raise ValueError("its parts are not as long as it says")
        parts.append(content[place : place + length])
        place += length
    if len(parts) != 5 or place != len(content):
        raise ValueError("its parts are not as many as agreed")
    head, body, leaves, value, ocsp = parts
    if head is None or leaves is None or value is None or ocsp is None or body == b"":
        raise ValueError("a part is missing")
    if len(leaves) % 64 or not 0 <= told["place"] < len(leaves) // 64 <= limits.LOG_BATCH_ENTRIES or len(value) != xades.VALUE_BYTES:
        raise ValueError("its signature is not of the agreed shape")
    at = datetime.strptime(told["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    cut = tuple(leaves[n : n + 64] for n in range(0, len(leaves), 64))
    return Envelope(head, body, told["serial"], at, told["direct"], told["place"], cut, value, ocsp)


class Believed(NamedTuple):
    """A message whose signature holds."""

    envelope: Envelope
    message: Message
    signatory: Signatory
    document: bytes
    """``signatures.xml``"""


def anchors_of(index: Index) -> Anchors:
    """Whom the configuration trusts to certify members."""
    found = [c for pem in index.configuration.trusted_certificates_pem for c in x509.load_pem_x509_certificates(pem.encode())]
    return Anchors(instance=index.instance, authorities=tuple(Authority(certificate) for certificate in found))


def signatory_of(member: KnownMember) -> tuple[Signatory, x509.Certificate]:
    """The member's certificate in the configuration."""
    certificate = x509.load_pem_x509_certificate(member.entry.certificate_pem.encode())
    return Signatory.of(certificate), certificate


def believe(
    envelope: Envelope, direction: Direction, *, member: KnownMember, anchors: Anchors, policy: ExchangePolicy, now: datetime
) -> Believed:
    """The message, if it goes in ``direction`` and ``member`` signed it a moment ago with the certificate of the configuration, and that was good.

    :raises PeerRefused:
    """
    if envelope.serial != member.certificate_serial:
        raise PeerRefused(
            "certificate_not_configured",
            f"The message is signed with the certificate {envelope.serial[:64]}; the configuration names {member.certificate_serial} for {member.entry.id}.",
        )
    if envelope.leaves[envelope.place] != (envelope.digests.head if envelope.direct else hashchain.leaf(envelope.digests)):
        raise PeerRefused("other_message", "The signature that came with the message is over another one.")
    signatory, certificate = signatory_of(member)
    document = xades.document(signatory, envelope.prepared(signatory), envelope.value, envelope.ocsp or None)
    verdict = verify.verify(_container(envelope, document), anchors, now)
    if verdict.failure is not None:
        raise PeerRefused(verdict.failure.code.replace(".", "_"), f"The signature does not hold: {verdict.failure.detail}")
    left = [finding for finding in verdict.open if finding.code not in _TOLERATED]
    if left or verdict.message is None or verdict.status is None:
        raise PeerRefused(
            left[0].code if left else "no_certificate_status", f"The signature is not proven: {left[0].detail if left else ''}"
        )
    if verdict.certificate != certificate or verdict.message.signer != member.entry.id or verdict.message.direction is not direction:
        raise PeerRefused("signer_of_another", f"The message is no {direction} signed by {member.entry.id}.")
    _check_times(envelope, verdict.status.this_update, verdict.status.next_update, policy, now)
    return Believed(envelope, verdict.message, signatory, document)


def _check_times(envelope: Envelope, this_update: datetime, next_update: datetime | None, policy: ExchangePolicy, now: datetime) -> None:
    age = now - envelope.at
    if not -timedelta(seconds=limits.SIGNATURE_AHEAD_SECONDS) <= age <= timedelta(seconds=limits.SIGNATURE_AGE_SECONDS):
        raise PeerRefused("signature_time", f"The message was signed at {envelope.at:%Y-%m-%dT%H:%M:%SZ}, which is not now.")
    if ageing.ocsp(now, this_update=this_update, next_update=next_update, policy=policy).grade is Grade.DEAD:
        raise PeerRefused("ocsp_too_old", f"The word of the authority in the signature is of {this_update:%Y-%m-%dT%H:%M:%SZ}.")


def _container(envelope: Envelope, document: bytes) -> bytes:
    chain = None
    if not envelope.direct:
        result = hashchain.result_xml(hashchain.root(envelope.leaves))
        chain = result, hashchain.chain_xml(envelope.leaves, envelope.place, envelope.digests)
    return container.write(container.Parts(envelope.head, envelope.body, document, chain), envelope.at)
