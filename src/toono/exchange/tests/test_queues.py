"""Sealing and message log: who is signed with whom, what links to what, bounds, and what happens when the other side fails."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import NameOID

from toono.exchange import limits
from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.exchange.domain.rights import KnownMember
from toono.exchange.gateway import rows
from toono.exchange.gateway.log import LogUnavailable, MessageLog, NonceRepeated, _without_repetitions
from toono.exchange.gateway.sealing import Chain, Entry, Sealer, SigningFailed
from toono.registry.contracts import MemberEntry


class Signer:
    """Signs with keys of its own; what it was asked for is kept."""

    def __init__(self) -> None:
        self.keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("a", "b")}
        self.asked: list[tuple[str, int]] = []
        self.fault = ""

    async def sign_each(self, wanted: Sequence[tuple[str, Sequence[bytes]]]) -> list[list[bytes] | Exception]:
        await asyncio.sleep(60 if self.fault == "silent" else 0)
        if self.fault == "gone":
            raise OSError("gone")
        return [self._sign(key, digests) for key, digests in wanted][: 1 if self.fault == "one answer" else None]

    def _sign(self, key: str, digests: Sequence[bytes]) -> list[bytes] | Exception:
        self.asked.append((key, len(digests)))
        if self.fault == "broken" and key == "a":
            return OSError("broken")
        used = self.keys["b" if self.fault == "another key" else key]
        made = [used.sign(digest, ec.ECDSA(Prehashed(hashes.SHA512()))) for digest in digests]
        return made[1:] if self.fault == "one too few" else made

    def member(self, name: str, *, until: timedelta = timedelta(days=1)) -> KnownMember:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        moment = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(self.keys[name].public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(moment - timedelta(days=2)).not_valid_after(moment + until).sign(self.keys[name], hashes.SHA256())
        )  # fmt: skip
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        entry = MemberEntry(id=f"MN/GOV/{name}", name_mn=name, name_en=name, signing_key=name, certificate_pem=pem)
        return KnownMember(
            entry,
            self.keys[name].public_key(),
            f"{certificate.serial_number:x}",
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )


def entry(member: KnownMember | None, text: str, **more: object) -> Entry:
    digest = hashlib.sha512(text.encode()).digest()
    return Entry((b"x",), member, MessageDigests(digest, None) if member else None, None if member else digest, **more)  # type: ignore[arg-type]


def test_each_member_signs_once_and_everything_is_linked() -> None:
    async def run() -> None:
        signer = Signer()
        a, b = signer.member("a"), signer.member("b")
        chain = Chain("main")
        batch = [
            entry(a, "1"),
            entry(b, "2"),
            entry(a, "3"),
            entry(None, "4"),
            entry(b, "5", reading=(b"r",), reading_commitment=bytes(64)),
        ]
        sealed = await Sealer(signer, lambda _: None).seal(batch, chain)
        assert sealed is not None and sorted(signer.asked) == [("a", 1), ("b", 1)]
        (batches, _), _, (signatures, _), (messages, _), (readings, _) = sealed.values
        assert (len(batches), len(signatures), len(messages), len(readings)) == (1, 2, 5, 1)
        content = batches[0][5][4:]
        documents = [hashlib.sha512(batch[n].made.document).digest() for n in (0, 1)]  # type: ignore[union-attr]
        assert content == b"".join([*documents, hashlib.sha512(b"4").digest(), bytes(64)])
        assert sealed.link == hashlib.sha512(bytes(64) + hashlib.sha512(content).digest()).digest()
        assert [e.made.place for e in batch if e.made] == [0, 0, 1, 1]
        chain.advance(sealed)
        following = await Sealer(signer, lambda _: None).seal([entry(a, "6")], chain)
        assert following is not None
        content = following.values[0][0][0][5][4:]
        assert following.link == hashlib.sha512(sealed.link + hashlib.sha512(content).digest()).digest()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("broken", "signer_unavailable"), ("gone", "signer_unavailable"), ("one answer", "signer_unavailable"), ("one too few", "signer_unavailable"), ("silent", "signer_unavailable"), ("another key", "signature_of_another_key"),
    ],
)  # fmt: skip
def test_a_member_that_cannot_sign_is_refused_and_the_others_go_on(fault: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SIGNER_SECONDS", 0.05)

    async def run() -> None:
        signer = Signer()
        sealer, a, b = Sealer(signer, lambda _: None), signer.member("a"), signer.member("b")
        signer.fault = fault
        refused, good = entry(a, "1"), entry(b, "2")
        sealed = await sealer.seal([refused, good], Chain("main"))
        with pytest.raises(SigningFailed) as failure:
            await refused.done
        assert failure.value.reason == reason
        if fault in {"broken", "another key"}:
            assert sealed is not None and sealed.entries == [good] and not good.done.done()
        else:
            assert sealed is None
        signer.fault = ""
        assert await sealer.seal([entry(a, "3")], Chain("main")) is not None

    asyncio.run(run())


def test_an_expired_certificate_signs_nothing() -> None:
    async def run() -> None:
        signer = Signer()
        late = entry(signer.member("a", until=-timedelta(days=1)), "1")
        assert await Sealer(signer, lambda _: None).seal([late], Chain("main")) is None
        with pytest.raises(SigningFailed) as failure:
            await late.done
        assert failure.value.reason == "certificate_expired" and signer.asked == []

    asyncio.run(run())


def test_a_batch_begins_at_once_and_the_next_one_some_milliseconds_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOG_GATHER_SECONDS", 0.2)
    monkeypatch.setattr(limits, "LOG_BATCH_ENTRIES", 5)

    async def run() -> None:
        log = MessageLog("postgresql://127.0.0.1:9/nothing", Sealer(Signer(), lambda _: None), gateway="main")

        def come(count: int) -> None:
            for number in range(count):
                asyncio.ensure_future(log.append(entry(None, str(number)))).add_done_callback(
                    lambda task: task.cancelled() or task.exception()
                )

        async def gathered() -> tuple[int, bool]:
            """How many there were, and whether they had to wait."""
            begun = asyncio.get_running_loop().time()
            batch = await log._gather()
            return len(batch or ()), asyncio.get_running_loop().time() - begun > 0.1

        come(1)
        await asyncio.sleep(0)
        assert await gathered() == (1, False)  # nothing was written just now
        come(2)
        second = asyncio.create_task(gathered())
        await asyncio.sleep(0.02)
        third = asyncio.create_task(gathered())  # a further writer waits for its turn and takes nothing away
        come(1)
        assert await second == (3, True)
        come(5)
        await asyncio.sleep(0)
        assert await third == (5, True)
        come(6)
        await asyncio.sleep(0)
        assert await gathered() == (5, False)  # a whole batch does not wait

    asyncio.run(run())


def test_a_log_without_database_takes_so_much_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOG_QUEUE_ENTRIES", 10)
    monkeypatch.setattr(limits, "LOG_WAIT_SECONDS", 0.05)

    async def run() -> None:
        log = MessageLog("postgresql://127.0.0.1:9/nothing", Sealer(Signer(), lambda _: None), gateway="main")
        log.open()
        waiting = [asyncio.create_task(log.append(entry(None, str(n)))) for n in range(10)]
        await asyncio.sleep(0)
        with pytest.raises(LogUnavailable) as refused:
            log.check_room()
        assert refused.value.reason == "overloaded"
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(f) for f in found} == {LogUnavailable} and not log.healthy
        await log.close()

    asyncio.run(run())


def test_of_two_that_use_up_the_same_in_one_batch_the_first_goes_on() -> None:
    async def run() -> None:
        moment = datetime.now(UTC)
        nonces = [rows.NonceRow(b"1", moment), rows.NonceRow(b"2", moment)]
        batch = [
            entry(None, "1", nonces=(nonces[0],)),
            entry(None, "2", nonces=(nonces[1], nonces[0])),
            entry(None, "3", nonces=(nonces[1],)),
        ]
        assert _without_repetitions(batch) == [batch[0], batch[2]]
        with pytest.raises(NonceRepeated) as repeated:
            await batch[1].done
        assert repeated.value.nonce == nonces[0]

    asyncio.run(run())


def test_columns_are_arrays_as_the_database_reads_them() -> None:
    place = rows.types_of(rows.LedgerPlace)
    one, two = uuid4(), uuid4()
    columns = rows.columns([rows.packed(rows.LedgerPlace(one, 1)), rows.packed(rows.LedgerPlace(two, 2))], place)
    head = "00000001 00000001 {:08x} 00000002 00000001"
    assert columns[0] == bytes.fromhex(head.format(2950) + f"00000010 {one.hex} 00000010 {two.hex}")
    assert columns[1] == bytes.fromhex(head.format(23) + "00000004 00000001 00000004 00000002")
    assert rows.columns([], place)[0] == bytes.fromhex("00000000 00000000 00000b86")


def test_a_list_of_texts_travels_as_one_text_and_nothing_as_none() -> None:
    assert rows._element(rows.TextArray(("/a", "/b"))) == b"\x00\x00\x00\x05/a\n/b"
    assert rows._element(rows.TextArray()) == b"\x00\x00\x00\x00"
    assert (rows._element(None), rows._element(True)) == (b"\xff\xff\xff\xff", b"\x00\x00\x00\x01\x01")
