"""Files of a hundred megabytes: read in the process of their own within its memory, or refused with the indication that says so."""

from __future__ import annotations

import json
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from toono.pki.adapters.fork_client import ForkServer
from toono.pki.contracts import Coverage, Profile, SignedFileKind, SubIndication
from toono.pki.domain.validation import limits, pdf
from toono.pki.domain.validation.reading import Reading
from toono.pki.tests.making import authority, document, leaf, sealed_by

MB = 1024 * 1024
_, ISSUING = authority()
SIGNER, KEY = leaf(Profile.SEAL, ISSUING)
assert ISSUING.certificate


WATCHED = "toono.pki.tests.watched_reading"
SERVER = ForkServer(WATCHED)


def read(path: Path, signed: Path | None = None) -> tuple[Reading, int]:
    """The reading as the portal has it made, and the most memory that its process took, in megabytes; the file itself, mapped, counts."""
    with path.open("rb") as file, (signed or path).open("rb") as other:
        files: list[BinaryIO] = [file, other] if signed else [file]
        done = SERVER.answer(WATCHED, files, seconds=120, most_bytes=MB)
    assert done, "its limits ended it"
    reading, memory = json.loads(done)
    return Reading.model_validate_json(reading), memory


@pytest.fixture(scope="module")
def large_pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed PDF of a hundred megabytes: a page with one large attached stream."""
    writer = IncrementalPdfFileWriter(BytesIO(document()))
    writer.root["/Large"] = writer.add_object(generic.StreamObject(stream_data=bytes(100 * MB)))
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    path = tmp_path_factory.mktemp("large") / "large.pdf"
    path.write_bytes(sealed_by(SIGNER, KEY, [ISSUING.certificate], out.getvalue()))
    return path


def test_a_signed_pdf_of_a_hundred_megabytes_is_read(large_pdf: Path) -> None:
    found, memory = read(large_pdf)
    [one] = found.signatures
    assert (one.failure, one.bound, one.coverage, found.failure) == (None, True, Coverage.WHOLE, None)
    assert memory < 100 + 200


def test_one_byte_changed_in_its_middle_is_found(large_pdf: Path) -> None:
    with large_pdf.open("r+b") as file:
        file.seek(60 * MB)
        file.write(b"x")
    try:
        [one] = read(large_pdf)[0].signatures
        assert one.failure is SubIndication.HASH_FAILURE
    finally:
        with large_pdf.open("r+b") as file:
            file.seek(60 * MB)
            file.write(b"\0")


def test_a_signature_container_of_ten_megabytes_within_a_pdf_is_read(tmp_path: Path) -> None:
    """The container grows after it was signed: what is not signed in it may be any size."""
    room = 24 * MB
    signed = sealed_by(SIGNER, KEY, [ISSUING.certificate], document(), room=room)
    start = signed.index(b"/Contents <") + len(b"/Contents <")
    grown = asn1_cms.ContentInfo.load(bytes.fromhex(signed[start : start + room].decode()).rstrip(b"\0"), strict=False)
    attribute = asn1_cms.CMSAttribute({"type": "1.3.6.1.4.1.32473.1", "values": [core.OctetString(bytes(10 * MB))]})
    grown["content"]["signer_infos"][0]["unsigned_attrs"] = [attribute]
    container = grown.dump(force=True)
    assert len(container) > 10 * MB
    path = tmp_path / "grown.pdf"
    path.write_bytes(signed[:start] + container.hex().encode().ljust(room, b"0") + signed[start + room :])
    found, memory = read(path)
    [one] = found.signatures
    assert (one.failure, one.bound, one.coverage) == (None, True, Coverage.WHOLE)
    assert memory < 300
    path.write_bytes(path.read_bytes().replace(b"/MediaBox", b"/MediaBix"))
    assert read(path)[0].signatures[0].failure is SubIndication.HASH_FAILURE


@pytest.mark.parametrize(
    "text",
    [
        b"<>", b"<41>", b"<4>", b"<4 1\n42\t\r\f43\x00>", b"<41%comment\n42>", b"<41", b"<", b"<4x>", b"<4<1>", b"<" + b"30" * 5000 + b">", b"<" + b"3 " * 5001 + b">", b"<" + b"41" * 5000,
        b"<" + b"41" * 5000 + b"(x)>",
    ],
)  # fmt: skip
def test_strings_of_digits_are_read_as_the_library_reads_them(text: bytes) -> None:
    """The judge is the library's own reader, which takes one digit after the other."""

    def outcome(reader: Any) -> object:
        stream = BytesIO(b"ab" + text + b"rest")
        stream.seek(2)
        try:
            found = reader(stream)
        except Exception as error:
            return type(error)
        return type(found), found, stream.tell()

    assert outcome(pdf._hex_string) == outcome(pdf._by_digit)


def test_an_xml_of_a_hundred_megabytes_is_refused_before_it_becomes_a_tree(tmp_path: Path) -> None:
    path = tmp_path / "large.xml"
    path.write_bytes(b"<a>" + b"<b/>" * (25 * MB) + b"</a>")
    found, memory = read(path)
    assert (found.kind, found.failure, found.detail) == (SignedFileKind.XADES, SubIndication.GENERIC, "the XML is larger than the limit")
    assert memory < 100


def test_an_xml_within_the_limit_of_bytes_that_is_nothing_but_elements_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "elements.xml"
    path.write_bytes(b"<a>" + b"<b/>" * (limits.XML_BYTES // 4 - 10) + b"</a>")
    found, memory = read(path)
    assert (found.failure, found.detail) == (SubIndication.GENERIC, "the XML has more elements than the limit")
    assert memory < 200


def test_an_xml_with_as_many_elements_as_may_be_stays_within_its_readers_memory(tmp_path: Path) -> None:
    path = tmp_path / "elements.xml"
    path.write_bytes(b"<a>" + b"<b/>" * (limits.XML_TAGS - 2) + b"</a>")
    found, memory = read(path)
    assert found.failure is None and memory < 700


def test_a_pdf_without_an_end_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "zeros.pdf"
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(100 * MB)
    found, memory = read(path)
    assert (found.failure, found.detail) == (SubIndication.FORMAT_FAILURE, "the PDF does not end as one")
    assert memory < 100


@pytest.fixture(scope="module")
def large_container(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ASiC-S whose one member has a hundred megabytes, signed by OpenSSL."""
    folder = tmp_path_factory.mktemp("container")
    (folder / "c.pem").write_bytes(SIGNER.public_bytes(Encoding.PEM))
    (folder / "k.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with (folder / "big").open("wb") as big:
        big.truncate(100 * MB)
    command = [
        "openssl",
        "cms",
        "-sign",
        "-binary",
        "-cades",
        "-in",
        "big",
        "-signer",
        "c.pem",
        "-inkey",
        "k.pem",
        "-outform",
        "DER",
        "-out",
        "p7s",
    ]
    subprocess.run(command, cwd=folder, check=True)
    with zipfile.ZipFile(folder / "large.asics", "w") as made:
        made.writestr("mimetype", "application/vnd.etsi.asic-s+zip")
        made.write(folder / "big", "big")
        made.write(folder / "p7s", "META-INF/signature.p7s")
    (folder / "big").unlink()
    return folder / "large.asics"


def test_a_member_of_a_hundred_megabytes_is_read_piece_by_piece(large_container: Path) -> None:
    found, memory = read(large_container)
    [one] = found.signatures
    assert (found.kind, one.failure, one.covered) == (SignedFileKind.ASIC_S, None, ("big",))
    assert memory < 100 + 100


def test_a_member_that_unpacks_to_more_than_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.asics"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("mimetype", "application/vnd.etsi.asic-s+zip")
        for name in ("one", "two", "three"):
            made.writestr(name, bytes(MB))
            made.getinfo(name).file_size = limits.CONTAINER_BYTES // 2  # what its list of files says
    found, memory = read(path)
    assert (found.failure, found.detail) == (SubIndication.GENERIC, "larger than the limit when unpacked")
    assert memory < 100


def test_a_detached_signature_over_a_hundred_megabytes_is_read(large_container: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(large_container) as whole:
        (tmp_path / "p7s").write_bytes(whole.read("META-INF/signature.p7s"))
    with (tmp_path / "big").open("wb") as big:
        big.truncate(100 * MB)
    found, memory = read(tmp_path / "p7s", tmp_path / "big")
    assert found.signatures[0].failure is None
    assert memory < 100 + 100


def test_a_jws_and_a_file_above_the_limit_are_refused_unread(tmp_path: Path) -> None:
    jws, more = tmp_path / "large.jws", tmp_path / "more"
    jws.write_bytes(b"eyJhbGciOiJFUzI1NiJ9." + b"A" * (100 * MB) + b".AA")
    with more.open("wb") as file:
        file.truncate(limits.FILE_BYTES + 1)
    for path, detail in ((jws, "the JWS is larger than the limit"), (more, "the file is larger than the limit")):
        found, memory = read(path)
        assert (found.failure, found.detail) == (SubIndication.GENERIC, detail)
        assert memory < 100
