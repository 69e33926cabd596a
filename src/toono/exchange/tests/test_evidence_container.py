"""Containers are written in X-Road's order, the same each time, and read without falling into what others put into ZIP files."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from toono.exchange import limits
from toono.exchange.domain.evidence import container
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.tests import evidence as e

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)


@pytest.fixture(scope="module")
def exchange() -> e.Exchange:
    return e.Exchange.make()


@pytest.fixture(scope="module")
def whole(exchange: e.Exchange) -> bytes:
    return exchange.container(e.RESPONSE, e.BODY, at=AT, batch=[(e.RESPONSE, None)])


def test_the_entries_stand_in_xroads_order(whole: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(whole)) as file:
        assert file.comment == b"mimetype=application/vnd.etsi.asic-e+zip"
        assert file.namelist() == [
            "mimetype", "message.xml", "META-INF/signatures.xml", "sig-hashchainresult.xml", "sig-hashchain.xml", "ts-hashchainresult.xml", "ts-hashchain.xml",
            "META-INF/manifest.xml", "META-INF/ASiCManifest.xml", "META-INF/timestamp.tst", "attachment1",
        ]  # fmt: skip
        assert file.infolist()[0].compress_type == zipfile.ZIP_STORED  # so that the type can be told from the first bytes
        assert file.read("message.xml") == e.RESPONSE
        assert file.read("attachment1") == e.BODY
    assert whole[30:38] == b"mimetype"
    assert whole[38:].startswith(b"application/vnd.etsi.asic-e+zip")


def test_a_direct_signature_without_a_stamp_has_the_fewest_entries(exchange: e.Exchange) -> None:
    content = exchange.container(at=AT, stamped=False)
    assert list(container.read(content)) == ["mimetype", "message.xml", "META-INF/signatures.xml", "META-INF/manifest.xml"]


def test_the_same_parts_give_the_same_bytes(exchange: e.Exchange) -> None:
    parts = exchange.parts(e.RESPONSE, e.BODY, at=AT)
    assert container.write(parts, AT) == container.write(parts, AT)
    assert container.write(parts, AT) != container.write(parts, AT + timedelta(seconds=2))


def test_what_is_written_is_read(exchange: e.Exchange) -> None:
    parts = exchange.parts(e.RESPONSE, b"", at=AT)
    entries = container.read(container.write(parts, AT))
    assert parts.chain is not None and parts.stamp is not None
    assert entries["message.xml"] == e.RESPONSE and entries["attachment1"] == b"" and entries["META-INF/timestamp.tst"] == parts.stamp.token
    assert (entries["sig-hashchainresult.xml"], entries["sig-hashchain.xml"]) == parts.chain


@pytest.mark.parametrize(
    ("message_id", "number", "name"),
    [
        ("MN-1234", 0, "MN-1234-request-0.asice"),
        ("a/b c:d\\..", 31, "a%2Fb+c%3Ad%5C..-request-v.asice"),
        ("x" * 400, 32, "x" * 226 + "-request-10.asice"),
        ("~a*", 1, "%7Ea*-request-1.asice"),
        ("ө", 2**128 + 5, "%D3%A9-request-5.asice"),
        ("..", -1, "..-request-fvvvvvvvvvvvv.asice"),
    ],
)
def test_names_of_files_are_those_of_xroad_and_safe(message_id: str, number: int, name: str) -> None:
    assert container.file_name(message_id, "request", number) == name
    assert len(name) < 256


def made(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as file:
        for name, content in entries:
            file.writestr(name, content)
    return target.getvalue()


KIND = ("mimetype", b"application/vnd.etsi.asic-e+zip")
MESSAGE, SIGNATURE = ("message.xml", e.REQUEST), ("META-INF/signatures.xml", b"<x/>")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "malformed_container"),
        (b"PK\x03\x04", "malformed_container"),
        (b"not a zip", "malformed_container"),
        (made(), "malformed_container"),
        (made(MESSAGE, SIGNATURE), "asic_mime_type_not_found"),
        (made(("mimetype", b"application/zip"), MESSAGE, SIGNATURE), "asic_invalid_mime_type"),
        (made(KIND, SIGNATURE), "asic_message_not_found"),
        (made(KIND, ("message.xml", b" "), SIGNATURE), "asic_message_not_found"),
        (made(KIND, MESSAGE), "asic_signature_not_found"),
        (made(KIND, MESSAGE, SIGNATURE, ("sig-hashchain.xml", b"<x/>")), "asic_hash_chain_result_not_found"),
        (made(KIND, MESSAGE, SIGNATURE, ("ts-hashchainresult.xml", b"<x/>")), "asic_hash_chain_not_found"),
        (made(KIND, MESSAGE, SIGNATURE, ("../message.xml", b"x")), "malformed_container"),
        (made(KIND, MESSAGE, SIGNATURE, ("/etc/passwd", b"x")), "malformed_container"),
        (made(KIND, MESSAGE, SIGNATURE, ("a//b", b"x")), "malformed_container"),
        (made(KIND, MESSAGE, SIGNATURE, ("a\\b", b"x")), "malformed_container"),
        (made(KIND, MESSAGE, SIGNATURE, ("new\nline", b"x")), "malformed_container"),
        (made(KIND, MESSAGE, SIGNATURE, ("MESSAGE.XML", b"x")), "malformed_container"),
        (made(KIND, MESSAGE, SIGNATURE, *((f"file{n}", b"") for n in range(limits.CONTAINER_ENTRIES))), "malformed_container"),
        (made(KIND, MESSAGE, SIGNATURE, method=zipfile.ZIP_BZIP2), "malformed_container"),
        (made(KIND, MESSAGE, SIGNATURE) + b"tail", "malformed_container"),
        (b"head" + made(KIND, MESSAGE, SIGNATURE), "malformed_container"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_no_sound_container_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        container.read(content)
    assert refused.value.finding.code == code


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.raises(Refused, match="same name"):
        container.read(made(KIND, MESSAGE, ("message.xml", e.RESPONSE), SIGNATURE))


def test_a_bomb_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONTAINER_BYTES", 1_000_000)
    bomb = made(KIND, MESSAGE, SIGNATURE, ("attachment1", bytes(50_000_000)), method=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    with pytest.raises(Refused, match="more than 1000000 bytes"):
        container.read(bomb)


def test_a_size_that_lies_is_refused(whole: bytes) -> None:
    """The directory says less than there is; a reader that trusts it would show another content than one that does not."""
    place = whole.rindex(b"PK\x01\x02")  # of the last entry, the body
    lying = whole[: place + 24] + struct.pack("<I", 3) + whole[place + 28 :]
    with pytest.raises(Refused, match="malformed_container"):
        container.read(lying)


def test_an_entry_that_only_one_kind_of_reader_sees_is_refused(whole: bytes) -> None:
    """Between two entries stands a third that the directory at the end does not name: X-Road's reader would take it, Python's would not."""
    with zipfile.ZipFile(io.BytesIO(whole)) as file:
        second = file.infolist()[1].header_offset
        start = file.start_dir
    hidden = made(("attachment2", b"hidden"))
    hidden = hidden[: hidden.index(b"PK\x01\x02")]
    content = bytearray(whole[:second] + hidden + whole[second:])
    place = start + len(hidden)
    for number in range(11):  # the directory is made to fit, so that only the gap is wrong
        (offset,) = struct.unpack_from("<I", content, place + 42)
        if number:
            struct.pack_into("<I", content, place + 42, offset + len(hidden))
        place += 46 + sum(struct.unpack_from("<HHH", content, place + 28))
    struct.pack_into("<I", content, place + 16, start + len(hidden))
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as file:
        assert file.testzip() is None and "attachment2" not in file.namelist()
    with pytest.raises(Refused, match="between the entries"):
        container.read(bytes(content))


def test_containers_with_descriptors_as_java_writes_them_are_read() -> None:
    entries = {"mimetype": KIND[1], "message.xml": e.REQUEST, "META-INF/signatures.xml": b"<x/>"}
    content = e.zipped(entries)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert all(info.flag_bits & 0x08 for info in file.infolist())
    assert container.read(content) == entries
