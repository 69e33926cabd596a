"""Archives hold what was archived, in its order, and follow each other; whatever is taken out, put in or changed is found."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.exchange.domain.evidence import archive
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.tests import evidence as e

FILES = [("a-request-1.asice", b"one"), ("a-response-2.asice", b"two"), ("b-request-3.asice", b"three")]


def lines(content: bytes) -> list[str]:
    return e.entry(content, "linkinginfo").decode().splitlines()


def test_the_linking_info_is_xroads() -> None:
    """Digests are chained as hexadecimal text; the first line names what came before."""
    content = archive.write(FILES, archive.FIRST)
    digest, expected = "", ["- - SHA-512"]
    for name, file in FILES:
        digest = hashlib.sha512((digest + hashlib.sha512(file).hexdigest()).encode()).hexdigest()
        expected.append(f"{digest} {name}")
    assert lines(content) == expected
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.namelist() == [*(name for name, _ in FILES), "linkinginfo"]
        assert all(info.compress_type == zipfile.ZIP_STORED for info in file.infolist())
    assert archive.last_digest(content).hex() == digest


def test_archives_follow_each_other() -> None:
    first = archive.write(FILES[:2], archive.FIRST)
    second = archive.write(FILES[2:], archive.last_digest(first), "mlog-1.zip")
    assert lines(second)[0] == f"{archive.last_digest(first).hex()} mlog-1.zip SHA-512"
    found = archive.verify(second, archive.last_digest(first))
    assert (found.previous_digest, found.previous_name) == (archive.last_digest(first), "mlog-1.zip")
    assert archive.last_digest(second) == archive.last_digest(archive.write(FILES, archive.FIRST))  # one chain, however it is cut
    for other in (archive.FIRST, hashlib.sha512(first).digest()):
        with pytest.raises(Refused, match="does not follow"):
            archive.verify(second, other)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=9))
def test_what_is_written_is_read_and_the_same_each_time(contents: list[bytes]) -> None:
    files = [(f"{number}.asice", content) for number, content in enumerate(contents)]
    content = archive.write(files, archive.FIRST)
    assert content == archive.write(files, archive.FIRST)
    assert list(archive.verify(content, archive.FIRST).containers.items()) == files


def without_last(content: bytes) -> bytes:
    return content[: content.rindex(b"\n", 0, -1) + 1]


def reordered(content: bytes) -> bytes:
    first, one, two, *rest = content.splitlines(keepends=True)
    return b"".join([first, two, one, *rest])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a-request-1.asice", b"0ne"),
        ("b-request-3.asice", None),
        ("c-request-4.asice", b"four"),
        ("linkinginfo", None),
        ("linkinginfo", b""),
        ("linkinginfo", b"- - SHA-512\n"),
        ("linkinginfo", without_last),
        ("linkinginfo", reordered),
        ("linkinginfo", lambda c: c.replace(b"SHA-512", b"SHA-256")),
        ("linkinginfo", lambda c: c.replace(b"- -", b"00 -", 1)),
        ("linkinginfo", lambda c: c.replace(b"- -", b"xx -", 1)),
        ("linkinginfo", lambda c: c + c.splitlines(keepends=True)[-1]),
        ("linkinginfo", b"\xff"),
    ],
)
def test_an_archive_that_was_changed_is_refused(name: str, change: bytes | Callable[[bytes], bytes] | None) -> None:
    with pytest.raises(Refused) as refused:
        archive.verify(e.changed(archive.write(FILES, archive.FIRST), name, change))
    assert refused.value.finding.code == "invalid_archive"


def test_a_file_and_its_line_taken_out_of_the_middle_are_missed() -> None:
    content = e.changed(archive.write(FILES, archive.FIRST), "a-response-2.asice", None)
    with pytest.raises(Refused, match="is not the file"):
        archive.verify(
            e.changed(content, "linkinginfo", lambda c: b"".join(line for line in c.splitlines(keepends=True) if b"a-response" not in line))
        )


@pytest.mark.parametrize("files", [[], [("a b.asice", b"")], [("", b"")], [("a.asice", b""), ("A.asice", b"")], [("a\n.asice", b"")]])
def test_names_that_the_linking_info_cannot_hold_are_refused(files: list[tuple[str, bytes]]) -> None:
    with pytest.raises(ValueError, match="names"):
        archive.write(files, archive.FIRST)


def test_a_digest_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        archive.write(FILES, b"")


def test_an_archive_is_told_from_a_container() -> None:
    assert archive.is_archive(archive.write(FILES, archive.FIRST))
    assert not archive.is_archive(e.zipped({"mimetype": b"x", "message.xml": b"linkinginfo"}))
    assert not archive.is_archive(b"linkinginfo")
