"""What is taken as a file of an answer, and what is not: judged by bytes, decoded with bounds, looked through by a scanner."""

from __future__ import annotations

import io
import socket
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from PIL import Image

from toono.services import limits
from toono.services.adapters import inspection, scanners
from toono.services.adapters.inspection import Fault
from toono.services.contracts import Upload
from toono.services.domain.definition import Question
from toono.services.operations import examination
from toono.services.tests import clamd
from toono.services.tests.forms import asked

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
QUESTION = Question.model_validate(asked("proof", "file", files=2))
ONLY_PDF = Question.model_validate(asked("proof", "file", accepts=["pdf"]))


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    """A picture, red at its left upper corner."""
    made, out = Image.new("RGB", size, "white"), io.BytesIO()
    made.paste("red", (0, 0, 10, 10))
    made.save(out, kind, **options)
    return out.getvalue()


def pdf(*, catalogue: str = "", page: str = "", pages: int = 1, trailer: str = "") -> bytes:
    """A small PDF, written by hand so that it can be spoilt."""
    kids = " ".join(f"{3 + n} 0 R" for n in range(pages))
    objects = [f"<</Type/Catalog/Pages 2 0 R{catalogue}>>", f"<</Type/Pages/Kids[{kids}]/Count {pages}>>"]
    objects += [f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]{page}>>"] * pages
    out, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode()
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    return out + f"trailer<</Size {len(objects) + 1}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()


@contextmanager
def upload(content: bytes, name: str) -> Iterator[Upload]:
    """As it lies after arriving."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        yield Upload(name=name, path=Path(file.name), size_bytes=len(content))


@contextmanager
def scanner(address: str = "") -> Iterator[None]:
    with mock.patch.object(scanners, "settings", lambda: SimpleNamespace(clamd=address)):
        yield


def taken(content: bytes, name: str, question: Question = QUESTION) -> examination.Sound:
    with scanner(), upload(content, name) as arrived:
        return examination.examined(question, arrived)


def refused(content: bytes, name: str, question: Question = QUESTION) -> str:
    with pytest.raises(examination.FileRefused) as error:
        taken(content, name, question)
    assert name.rsplit("/", 1)[-1][:20] in error.value.text.mn
    return error.value.text.mn


# -- types -------------------------------------------------------------------------------------------------------


def test_a_pdf_is_kept_as_it_came() -> None:
    content = pdf(pages=3)
    sound = taken(content, "Диплом.PDF")
    assert (sound.name, sound.inspected.media_type, sound.inspected.pages) == ("Диплом.pdf", "application/pdf", 3)
    assert sound.inspected.content == content


def test_what_typst_makes_is_a_pdf() -> None:
    import typst

    assert taken(typst.compile(b"Lorem #pagebreak() ipsum", format="pdf"), "a.pdf").inspected.pages == 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_is_drawn_anew_without_what_was_hidden_in_it(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret words"
    exif.get_ifd(0x8825)[2] = (45.0, 46.0, 0.0)
    content = picture(kind, exif=exif, icc_profile=b"x" * 200) + b"PK\x03\x04 a program behind the picture"
    assert b"secret words" in content
    sound = taken(content, "photo.jpg")
    kept = Image.open(io.BytesIO(sound.inspected.content))
    assert not kept.getexif() and not {"icc_profile", "comment", "exif"} & set(kept.info)
    assert b"secret" not in sound.inspected.content and b"program" not in sound.inspected.content
    assert (kept.size, kept.format) == ((60, 40), kind)
    assert sound.name == ("photo.jpg" if kind == "JPEG" else "photo.png")


def test_a_picture_taken_sideways_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    kept = Image.open(io.BytesIO(taken(picture(exif=exif, quality=95), "a.jpg").inspected.content))
    assert kept.size == (40, 60)
    red = kept.convert("RGB").getpixel((36, 4))
    assert isinstance(red, tuple) and red[0] > 200 and red[1] < 80


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1"])
def test_pictures_of_every_mode_are_taken(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    out = io.BytesIO()
    Image.new(mode, (20, 20)).save(out, kind)
    assert taken(out.getvalue(), f"a.{kind.lower()}").inspected.content


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"MZ\x90\x00 program", "diplom.pdf", "PDF ч биш"),
        (b"PK\x03\x04 word", "diplom.docx", "PDF ч биш"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "a.png", "PDF ч биш"),
        (b"<html>%PDF-1.7</html>", "a.pdf", "гэмтсэн"),
        (picture(), "diplom.pdf", "зөрж байна"),
        (pdf(), "photo.jpg", "зөрж байна"),
        (pdf(), "photo.exe", "зөрж байна"),
        (picture()[:200], "a.jpg", "гэмтсэн"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "a.png", "гэмтсэн"),
        (pdf()[:-30], "a.pdf", "гэмтсэн"),
        (pdf().replace(b"/Kids", b"/Fids"), "a.pdf", ""),
        (b"%PDF-1.7\n" + b"x" * 5000 + b"\n%%EOF", "a.pdf", "гэмтсэн"),
        (b"", "a.pdf", "хоосон"),
        (pdf(catalogue="/OpenAction<</S/JavaScript/JS(app.alert(1))>>"), "a.pdf", "програм"),
        (pdf(catalogue="/Names<</EmbeddedFiles<</Names[]>>>>"), "a.pdf", "програм"),
        (pdf(page="/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 1 1]/A<</S/Launch/F(cmd.exe)>>>>]"), "a.pdf", "програм"),
        (pdf(page="/AA<</O<</S/JavaScript/JS(1)>>>>"), "a.pdf", "програм"),
        (pdf(pages=limits.PDF_PAGES + 1), "a.pdf", "300-аас олон"),
    ],
)  # fmt: skip
def test_what_is_no_sound_file_is_refused_with_a_sentence(content: bytes, name: str, words: str) -> None:
    if words:
        assert words in refused(content, name)
    else:
        assert taken(content, name).inspected.pages == 1  # a page without kids is a leaf


def test_a_file_behind_a_password_is_refused() -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.pdf_utils.writer import copy_into_new_writer

    writer, out = copy_into_new_writer(PdfFileReader(io.BytesIO(pdf()))), io.BytesIO()
    writer.encrypt("owner", "user")
    writer.write(out)
    assert "нууц үгтэй" in refused(out.getvalue(), "a.pdf")


def test_a_question_about_a_pdf_takes_no_picture() -> None:
    assert "ийм төрлийн файл" in refused(picture(), "a.jpg", ONLY_PDF)


# -- bombs -------------------------------------------------------------------------------------------------------


def _png_of(width: int, height: int) -> bytes:
    """A PNG that announces a size and brings hardly any bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    head = struct.pack("!IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (width + 1) * min(height, 2000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_picture_that_would_grow_beyond_bounds_is_not_decoded() -> None:
    began = time.monotonic()
    assert "50 сая" in refused(_png_of(30000, 30000), "a.png")
    assert time.monotonic() - began < limits.INSPECTION_SECONDS


def test_a_pdf_that_would_fill_the_memory_breaks_only_the_process_that_looks_at_it() -> None:
    bomb = zlib.compress(b"\0" * 900_000_000, 9)  # under a megabyte
    content = b"%PDF-1.7\n1 0 obj\n<</Type/XRef/Size 3/W[1 2 1]/Root 2 0 R/Filter/FlateDecode/Length " + str(len(bomb)).encode()
    content += b">>\nstream\n" + bomb + b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n"
    assert len(content) < limits.FILE_BYTES
    assert "гэмтсэн" in refused(content, "a.pdf")


def test_a_decoder_that_hangs_is_ended() -> None:
    with mock.patch.object(limits, "INSPECTION_SECONDS", 0.01):
        assert "гэмтсэн" in refused(pdf(), "a.pdf")


def test_the_process_that_looks_gets_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOONO_SECRET_KEY", "secret")
    with mock.patch.object(inspection.subprocess, "run", wraps=inspection.subprocess.run) as run:
        taken(pdf(), "a.pdf")
    assert not any(name.startswith("TOONO_") for name in run.call_args.kwargs["env"])


def test_every_fault_has_its_sentence() -> None:
    assert set(examination._FAULTS) == set(Fault)


# -- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"), ("C:\\Users\\x\\Диплом.PDF", "Диплом.pdf"), ("a\u202efdp.exe", "afdp.pdf"), ("  .pdf", "pdf.pdf"),
        ('a"b\r\nSet-Cookie: x.pdf', "a b Set-Cookie x.pdf"), ("х" * 300 + ".pdf", "х" * 96 + ".pdf"), ("тайлан 2026.03.02", "тайлан 2026.03.pdf"),
        ("", "file.pdf"), ("\u0430\u0306.pdf", "\u04d1.pdf"),
    ],
)  # fmt: skip
def test_a_name_can_do_no_harm(typed: str, kept: str) -> None:
    assert examination.file_name(typed, inspection.PDF) == kept


# -- scanners ----------------------------------------------------------------------------------------------------


HIDDEN = pdf().replace(b"startxref", b"% " + EICAR + b"\nstartxref")


@pytest.mark.parametrize("name", ["eicar.com", "eicar.pdf", "photo.jpg"])
def test_the_test_file_of_scanners_is_always_refused(name: str) -> None:
    assert "хортой код" in refused(EICAR, name)
    assert "хортой код" in refused(HIDDEN, "hidden.pdf")


def test_without_the_check_the_test_file_would_pass_inside_a_pdf() -> None:
    with mock.patch.object(scanners, "_EICAR", b"\0never\0"):
        assert taken(HIDDEN, "hidden.pdf")


def test_clamd_looks_through_every_file() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with clamd.running(Path(folder)) as address, scanner(address):
            with upload(pdf(), "a.pdf") as sound:
                assert examination.examined(QUESTION, sound).scanned_by.startswith("ClamAV ")
            with upload(pdf() + clamd.MARK + b"\n%%EOF", "a.pdf") as bad, pytest.raises(examination.FileRefused) as error:
                examination.examined(QUESTION, bad)
            assert "хортой код" in error.value.text.mn
            with upload(b"x" * (9 * 1024 * 1024) + clamd.MARK, "large.pdf") as large, pytest.raises(scanners.Infected) as found:
                scanners.scan(large.path)
            assert str(found.value) == "Toono.Test.Malware.UNOFFICIAL"


@contextmanager
def says(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A scanner that greets with a version and then does ``answer``."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(2):
            try:
                connection, _address = server.accept()
            except OSError:
                return
            with connection:
                command = connection.recv(10)
                if command.startswith(b"zVERSION"):
                    connection.sendall(b"ClamAV 1.4.6/27461/Sun Nov 22\0")
                else:
                    answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.close()
        thread.join(5)


def _read_all(connection: socket.socket) -> bytes:
    """The stream as INSTREAM brings it."""
    got, file = b"", connection.makefile("rb")
    while length := struct.unpack("!I", file.read(4))[0]:
        got += file.read(length)
    return got


def test_the_scanner_gets_every_byte_and_its_name_is_kept() -> None:
    got: list[bytes] = []

    def sound(connection: socket.socket) -> None:
        got.append(_read_all(connection))
        connection.sendall(b"stream: OK\0")

    content = pdf() + b"\n" * 300_000 + b"%%EOF\n"
    with says(sound) as address, scanner(address), upload(content, "a.pdf") as arrived:
        assert scanners.scan(arrived.path) == "ClamAV 1.4.6/27461"
    assert got == [content]


@pytest.mark.parametrize(
    "answer",
    [
        lambda connection: connection.sendall(b"INSTREAM size limit exceeded. ERROR\0"),
        lambda connection: connection.close(),
        lambda connection: connection.sendall(b"<html>"),
        lambda _connection: time.sleep(0.5),
    ],
)
def test_a_scanner_that_does_not_answer_usefully_lets_nothing_through(answer: Callable[[socket.socket], None]) -> None:
    soon = mock.patch.object(limits, "SCANNER_SECONDS", 0.2)
    with (
        soon,
        says(answer) as address,
        scanner(address),
        upload(pdf(), "a.pdf") as arrived,
        pytest.raises(examination.FileRefused) as error,
    ):
        examination.examined(QUESTION, arrived)
    assert "одоо шалгах боломжгүй" in error.value.text.mn and "хадгалагдсан" in error.value.text.mn


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "unix:/nowhere/clamd.ctl"])
def test_a_scanner_that_is_not_there_lets_nothing_through(address: str) -> None:
    with scanner(address), upload(pdf(), "a.pdf") as arrived, pytest.raises(examination.FileRefused):
        examination.examined(QUESTION, arrived)


def test_a_file_that_is_too_large_is_not_looked_at() -> None:
    with scanner(), upload(b"x", "a.pdf") as arrived, pytest.raises(examination.FileRefused) as error:
        examination.examined(QUESTION, Upload(name="a.pdf", path=arrived.path, size_bytes=limits.FILE_BYTES + 1))
    assert "10 МБ-аас том" in error.value.text.mn
