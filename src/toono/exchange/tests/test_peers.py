"""What travels between gateways: read in one way only, and believed only where the very evidence holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from toono.exchange import limits
from toono.exchange.domain import peers
from toono.exchange.domain.evidence import xades
from toono.exchange.domain.evidence.message import Direction
from toono.exchange.domain.evidence.trust import Anchors, Authority
from toono.exchange.domain.evidence.xades import Signatory
from toono.exchange.domain.peers import Believed, Envelope, PeerRefused
from toono.exchange.domain.rights import KnownMember
from toono.exchange.tests.evidence import BODY, CONSUMER, PROVIDER, REQUEST, RESPONSE, Exchange, digests, other
from toono.registry.contracts import ExchangePolicy, MemberEntry

NOW = datetime.now(UTC).replace(microsecond=0)
SECOND = timedelta(seconds=1)
POLICY = ExchangePolicy(ocsp_fresh_seconds=600, ocsp_grace_seconds=600)


@pytest.fixture(scope="module")
def exchange() -> Exchange:
    return Exchange.make()


def envelope(
    exchange: Exchange,
    head: bytes = REQUEST,
    body: bytes | None = BODY,
    *,
    others: int = 2,
    at: datetime = NOW,
    told: datetime | None = None,
) -> Envelope:
    """A message signed together with others."""
    messages = [*(digests(other(head, 2000 + n), b"x") for n in range(others)), digests(head, body)]
    prepared = xades.prepare(Signatory.of(exchange.certificate), messages, at)
    return Envelope(
        head=head, body=body, serial=f"{exchange.certificate.serial_number:x}", at=prepared.at, direct=prepared.direct, place=len(messages) - 1,
        leaves=tuple(prepared.leaves), value=exchange.sign(prepared.digest), ocsp=exchange.ocsp(told or at),
    )  # fmt: skip


def member(exchange: Exchange, name: str = CONSUMER) -> KnownMember:
    pem = exchange.certificate.public_bytes(Encoding.PEM).decode()
    entry = MemberEntry(id=name, name_mn="Байгууллага", name_en="Organisation", signing_key="exchange/x", certificate_pem=pem)
    return KnownMember(
        entry, exchange.key.public_key(), f"{exchange.certificate.serial_number:x}", exchange.certificate.not_valid_before_utc, exchange.certificate.not_valid_after_utc,
    )  # fmt: skip


def believe(
    exchange: Exchange, sent: Envelope, *, direction: Direction = Direction.REQUEST, name: str = CONSUMER, now: datetime = NOW
) -> Believed:
    anchors = Anchors(
        instance="MN", authorities=tuple(Authority(c) for c in (exchange.root.certificate, exchange.issuing.certificate) if c)
    )
    return peers.believe(sent, direction, member=member(exchange, name), anchors=anchors, policy=POLICY, now=now)


def reason(exchange: Exchange, sent: Envelope, **how: object) -> str:
    with pytest.raises(PeerRefused) as refused:
        believe(exchange, sent, **how)  # type: ignore[arg-type]
    return refused.value.reason


@pytest.mark.parametrize("others", [0, 1, 5])
@pytest.mark.parametrize("body", [None, BODY])
def test_a_message_arrives_as_it_was_sent_and_is_believed(exchange: Exchange, others: int, body: bytes | None) -> None:
    sent = envelope(exchange, body=body, others=others)
    assert sent.direct == (others == 0 and body is None)
    received = peers.unpack(peers.pack(sent))
    assert received == sent
    assert believe(exchange, received).message.signer == CONSUMER


def test_a_response_is_believed_of_its_provider(exchange: Exchange) -> None:
    sent = envelope(exchange, RESPONSE)
    assert believe(exchange, sent, direction=Direction.RESPONSE, name=PROVIDER).message.direction is Direction.RESPONSE
    assert reason(exchange, sent, direction=Direction.REQUEST, name=PROVIDER) == "signer_of_another"
    assert reason(exchange, sent, direction=Direction.RESPONSE, name=CONSUMER) == "signer_of_another"


def test_another_message_under_a_true_signature_is_refused(exchange: Exchange) -> None:
    sent = envelope(exchange)
    assert reason(exchange, sent._replace(head=other(REQUEST, 9))) == "other_message"
    assert reason(exchange, sent._replace(body=b"{}")) == "other_message"
    assert reason(exchange, sent._replace(body=None)) == "other_message"
    assert reason(exchange, sent._replace(place=0)) == "other_message"


def test_a_body_beside_a_message_that_was_signed_without_one_is_refused(exchange: Exchange) -> None:
    sent = envelope(exchange, body=None, others=0)
    assert sent.direct
    assert reason(exchange, sent._replace(body=b"{}")) == "unsigned_attachment"


def test_a_signature_that_does_not_hold_is_refused(exchange: Exchange) -> None:
    sent = envelope(exchange)
    assert reason(exchange, sent._replace(value=bytes(64))) == "invalid_signature_value"
    assert reason(exchange, sent._replace(at=NOW - SECOND)) == "invalid_signature_value"
    assert reason(exchange, sent._replace(leaves=(sent.leaves[0], bytes(64), sent.leaves[2]))) == "invalid_signature_value"


def test_a_certificate_that_is_not_the_configurations_is_refused(exchange: Exchange) -> None:
    assert reason(exchange, envelope(exchange)._replace(serial="1234")) == "certificate_not_configured"
    stranger = Exchange.make()
    sent = envelope(stranger)._replace(serial=f"{exchange.certificate.serial_number:x}")
    assert reason(exchange, sent) == "invalid_signature_value"


def test_only_a_message_of_now_is_taken(exchange: Exchange) -> None:
    sent = envelope(exchange)
    assert believe(exchange, sent, now=NOW + limits.SIGNATURE_AGE_SECONDS * SECOND)
    assert reason(exchange, sent, now=NOW + (limits.SIGNATURE_AGE_SECONDS + 1) * SECOND) == "signature_time"
    early = reason(exchange, sent, now=NOW - (limits.SIGNATURE_AHEAD_SECONDS + 1) * SECOND)
    assert early in ("signature_time", "malformed_signature")


def test_the_word_of_the_authority_must_be_there_and_young(exchange: Exchange) -> None:
    assert reason(exchange, envelope(exchange)._replace(ocsp=b"")) == "no_certificate_status"
    assert believe(exchange, envelope(exchange, told=NOW - 1000 * SECOND))
    assert reason(exchange, envelope(exchange, told=NOW - 1300 * SECOND)) == "ocsp_too_old"


def test_every_cut_and_every_addition_is_noticed(exchange: Exchange) -> None:
    content = peers.pack(envelope(exchange))
    for changed in (
        content[:-1],
        content + b"x",
        b"",
        content[:5],
        content[len(b"TOONO-PEER-1\n") :],
        content.replace(b'"place"', b'"plaice"'),
    ):
        with pytest.raises(PeerRefused) as refused:
            peers.unpack(changed)
        assert refused.value.reason == "peer_malformed"


@cache
def stage() -> tuple[Exchange, bytes]:
    made = Exchange.make()
    return made, peers.pack(envelope(made))


@settings(max_examples=150, deadline=None)
@given(place=st.integers(min_value=0), bits=st.integers(min_value=1, max_value=255))
def test_no_changed_byte_makes_another_message_believed(place: int, bits: int) -> None:
    exchange, sent = stage()
    content = bytearray(sent)
    content[place % len(content)] ^= bits
    try:
        found = believe(exchange, peers.unpack(bytes(content)))
    except PeerRefused:
        return
    genuine = peers.unpack(sent)
    assert (found.envelope.head, found.envelope.body, found.envelope.value) == (genuine.head, genuine.body, genuine.value)
