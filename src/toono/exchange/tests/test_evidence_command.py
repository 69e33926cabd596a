"""``toono exchange verify`` and its sentences: what a citizen or a court reads."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from toono.exchange import verifying
from toono.exchange.domain.evidence import archive, verificationconf, words
from toono.exchange.domain.evidence.findings import Finding
from toono.exchange.domain.evidence.verify import Outcome, verify
from toono.exchange.tests import evidence as e
from toono.exchange.tests.test_evidence_verificationconf import configuration

NOW = datetime.now(UTC).replace(microsecond=0)
AT = NOW - timedelta(minutes=2)
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def exchange() -> e.Exchange:
    return e.Exchange.make()


@pytest.fixture
def run(exchange: e.Exchange, tmp_path: Path) -> Run:
    """The command on a file or folder; its exit code and what it says."""
    anchors = tmp_path / "verificationconf.zip"
    anchors.write_bytes(
        verificationconf.write(configuration(exchange), stamping=[exchange.stamping[0]], address="x", stamping_url="x", at=NOW)
    )
    parser = argparse.ArgumentParser()
    verifying.add_arguments(parser)

    def call(file: Path | bytes, *options: str, anchored: bool = True) -> tuple[int, str]:
        path = file
        if isinstance(path, bytes):
            path = tmp_path / "file"
            path.write_bytes(file)  # type: ignore[arg-type]
        said: list[str] = []
        code = verifying.run(parser.parse_args([str(path), *(["--anchors", str(anchors)] if anchored else []), *options]), said.append)
        return code, "\n".join(said)

    return call


def test_a_valid_container_is_explained(exchange: e.Exchange, run: Run) -> None:
    code, said = run(exchange.container(e.RESPONSE, e.BODY, at=AT))
    assert code == 0
    assert "Valid. The message in this file is unchanged and its signature holds." in said
    assert f"The service {e.SERVICE} of Газар <&> {e.PROVIDER} ({e.PROVIDER}) answered the system {e.CONSUMER}/desk: 200 OK." in said
    assert "existed by" in said and "Its authority confirmed" in said and "It does not prove that what the message says is true." in said
    code, said = run(exchange.container(at=AT), "--language", "mn")
    assert code == 0 and "Хүчинтэй. Энэ файл дахь зурвас өөрчлөгдөөгүй" in said and "Зорилго: reference." in said


def test_an_invalid_container_says_why_and_that_its_own_words_are_not_proven(exchange: e.Exchange, run: Run) -> None:
    code, said = run(e.changed(exchange.container(e.RESPONSE, e.BODY, at=AT), "attachment1", b"{}"))
    assert code == 1
    lines = [line.strip() for line in said.splitlines()]
    assert lines[1:4] == [
        "Invalid. This file proves nothing.",
        "The message was changed after it was signed.",
        "The file itself says the following, which is not proven:",
    ]
    assert "malformed_signature.invalid_hash_chain_ref" in lines[-1]
    assert not any("existed by" in line or "Unchanged" in line for line in lines)


def test_without_anchors_it_is_undecided(exchange: e.Exchange, run: Run) -> None:
    code, said = run(exchange.container(at=AT), anchored=False)
    assert code == 2
    assert "Undecided." in said and "No list of trusted authorities was given" in said and "Who gave it was not checked." in said


def test_a_file_that_is_nothing_is_invalid_and_one_that_is_not_there_unreadable(run: Run, tmp_path: Path) -> None:
    assert run(b"nothing")[0] == 1
    assert run(tmp_path / "absent")[0] == 3
    assert run(tmp_path / "absent", anchored=False)[0] == 3


def test_anchors_that_are_none_are_unreadable(exchange: e.Exchange, run: Run, tmp_path: Path) -> None:
    (tmp_path / "verificationconf.zip").write_bytes(b"nonsense")
    code, said = run(exchange.container(at=AT))
    assert code == 3 and "malformed_global_conf" in said


def test_what_a_stranger_wrote_does_not_move_the_terminal(exchange: e.Exchange, run: Run) -> None:
    _, said = run(exchange.container(e.REQUEST.replace(b"2026/17", b"\x1b[2J\x1b]0;title\x07\xe2\x80\xae"), at=AT))
    assert "\x1b" not in said and "\x07" not in said and "\u202e" not in said and "\N{REPLACEMENT CHARACTER}" in said


def archives(exchange: e.Exchange, folder: Path, count: int = 3) -> list[Path]:
    digest, name, paths = archive.FIRST, "", []
    for number in range(count):
        files = [(f"MN-{number}-{n}-request-0.asice", exchange.container(e.other(e.REQUEST, 10 * number + n), at=AT)) for n in range(2)]
        path = folder / f"mlog-{number}.zip"
        path.write_bytes(archive.write(files, digest, name))
        digest, name = archive.last_digest(path.read_bytes()), path.name
        paths.append(path)
    return paths


def test_an_archive_is_verified_with_all_that_is_in_it(exchange: e.Exchange, run: Run, tmp_path: Path) -> None:
    first, second, _ = archives(exchange, tmp_path)
    code, said = run(first)
    assert code == 0 and said.count("Valid.") == 2 and "The archive's chain is whole: 2 files." in said
    assert len(said.splitlines()) == 6  # a name and a sentence for each
    digest = re.findall(r"[0-9a-f]{128}", said)[-1]
    assert run(second, "--previous", digest)[0] == 0
    assert run(first, "--previous", "0")[0] == 0
    assert run(second, "--previous", "0")[0] == 1
    assert run(second, "--previous", "abcd")[0] == 3
    assert run(second, "--previous", "x")[0] == 3


def test_a_container_in_an_archive_that_does_not_hold_makes_it_invalid(exchange: e.Exchange, run: Run) -> None:
    """Its chain was made over the forged file, and is whole."""
    forged = e.changed(exchange.container(at=AT), "message.xml", e.other(e.REQUEST, 9))
    code, said = run(archive.write([("a.asice", exchange.container(at=AT)), ("b.asice", forged)], archive.FIRST))
    assert code == 1 and "Valid." in said and "Invalid." in said


def test_a_folder_of_archives_is_one_chain(exchange: e.Exchange, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "archives"
    folder.mkdir()
    assert run(folder)[0] == 3
    _, middle, _ = archives(exchange, folder)
    assert run(folder)[0] == 0
    middle.unlink()
    code, said = run(folder)
    assert code == 2 and "The archive before this one is not in the folder: mlog-1.zip" in said


def test_an_old_archive_that_was_taken_away_is_bridged_by_its_digest(exchange: e.Exchange, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "archives"
    folder.mkdir()
    first, *_ = archives(exchange, folder)
    digest = archive.last_digest(first.read_bytes()).hex()
    first.unlink()
    assert run(folder)[0] == 2
    assert run(folder, "--previous", digest)[0] == 0


def test_an_archive_that_was_changed_is_found_in_a_folder(exchange: e.Exchange, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "archives"
    folder.mkdir()
    paths = archives(exchange, folder)
    paths[1].write_bytes(e.changed(paths[1].read_bytes(), "linkinginfo", lambda content: content[:-2]))
    code, said = run(folder)
    assert code == 1 and "The archive was changed, or is not complete." in said


def test_the_verifier_needs_no_platform(exchange: e.Exchange, tmp_path: Path) -> None:
    """Without settings, without a database, without Django: as it runs on the machine of a court."""
    path = tmp_path / "file.asice"
    path.write_bytes(exchange.container(at=AT))
    program = (
        "import argparse, sys\nfrom toono.exchange import verifying\nparser = argparse.ArgumentParser()\nverifying.add_arguments(parser)\n"
        "code = verifying.run(parser.parse_args(sys.argv[1:]), print)\nassert not any(name.partition('.')[0] == 'django' for name in sys.modules)\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], env={"PATH": "/usr/bin"}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "")


# -- words -------------------------------------------------------------------------------------------------------------


def test_every_code_has_a_sentence_in_both_languages() -> None:
    for code, sentence in words._REASONS.items():
        for language in ("mn", "en"):
            assert words.reason(Finding(code, ""), language) == sentence[language]  # type: ignore[arg-type]
    assert words.reason(Finding("malformed_signature.hashchain_unused_inputs", ""), "en") == "The message is not part of what was signed."
    assert words.reason(Finding("malformed_signature.malformed_hash_chain", ""), "en").startswith("The signature is broken")
    assert words.reason(Finding("invalid_cert_path.cert_validation", ""), "en").startswith("The signer's certificate was not good")
    assert words.reason(Finding("something", ""), "en") == "The file did not pass a check."


def test_the_codes_that_the_checks_give_have_sentences_of_their_own() -> None:
    folder = Path(words.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py") if path.name not in ("words.py", "verificationconf.py"))
    codes = set(re.findall(r'(?:Refused|Finding)\(\s*"([a-z_.]+)"', text)) | set(re.findall(r': Final = "([a-z_]+_[a-z_]+)"\n', text))
    generic = {
        "malformed_hash_chain",
        "invalid_reference",
        "asic_hash_chain_result_not_found",
        "asic_hash_chain_not_found",
        "message_shares_step",
    }
    unexplained = {code for code in codes if words.reason(Finding(code, ""), "en") == words._OTHER["en"]}
    assert len(codes) > 15
    assert unexplained <= generic  # those stand below malformed_signature, which explains them, or are notes


def test_the_sentences_are_spelt_right() -> None:
    sources = [Path(words.__file__), Path(verifying.__file__)]
    found = {word for source in sources for word in re.findall(r"[А-ЯӨҮЁа-яөүё]{3,}", source.read_text())}
    said = subprocess.run(
        ["hunspell", "-d", "mn_MN", "-i", "utf-8", "-l"], input="\n".join(found), capture_output=True, text=True, check=True
    )
    assert len(found) > 80 and said.stdout.split() == []


def test_both_languages_say_the_same_number_of_things(exchange: e.Exchange) -> None:
    anchors = exchange.anchors
    for content in (
        exchange.container(at=AT),
        exchange.container(at=AT, stamped=False),
        b"",
        e.changed(exchange.container(at=AT), "message.xml", b"x"),
    ):
        verdict = verify(content, anchors, NOW)
        assert len(words.explain(verdict, "mn")) == len(words.explain(verdict, "en")) >= 2


def test_an_expert_is_told_of_the_older_form(tmp_path: Path) -> None:
    foreign = e.Foreign(tmp_path)
    verdict = verify(e.zipped(e.batch(foreign, [e.other(e.REQUEST, n) for n in range(3)], 1)), foreign.anchors, NOW)
    assert verdict.outcome is Outcome.VALID
    assert any("message_shares_step" in line for line in words.explain(verdict, "en"))


def test_a_holder_is_named_as_a_person_would(exchange: e.Exchange) -> None:
    assert words.holder(exchange.certificate) == "Сорилын улсын газар, Сорилын газар (NTRMN-9000001)"
