"""The key ceremony: what it signs, what it refuses, that its transcript cannot be changed, and that it can be rehearsed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from toono.pki.ceremony import Ceremony, rehearse
from toono.pki.contracts import Profile, RevocationReason
from toono.pki.domain.ceremonies import CeremonyRequest, Transcript, Wanted, Withdrawn, canonical, check_answer, digest
from toono.pki.errors import CeremonyRefused, SharesWrong
from toono.pki.signer.stores.file import FileStore
from toono.pki.tests.making import SUBJECT
from toono.pki.tests.test_key_stores import MODULES

WITNESSES = ("Ану", "Дорж")
CUSTODIANS = ("Оюун", "Бат", "Сарнай")
KEYS = {profile: ec.generate_private_key(ec.SECP384R1()) for profile in (Profile.ISSUING, Profile.ISSUING_PERSONS, Profile.ISSUING_SERVERS)}
KEYS[Profile.OCSP] = ec.generate_private_key(ec.SECP256R1())
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
"""The ceremonies' own clock stands still, so it does not matter when a run of all tests comes to this file."""


def _ceremony(title: str = "x") -> Ceremony:
    return Ceremony(title, WITNESSES, clock=lambda: NOW)


def _wanted(profile: Profile, *, key: ec.EllipticCurvePrivateKey | None = None) -> Wanted:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, profile.value)])
    proof = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key or KEYS[profile], hashes.SHA384())
    label = f"pki/{profile.value.replace('_', '-')}"
    return Wanted(
        profile=profile, label=label, key=label, subject=SUBJECT.model_copy(update={"common_name": f"CA {profile.value}"}), algorithm="P-384",
        request=proof.public_bytes(Encoding.PEM).decode(),
    )  # fmt: skip


def _request(**changes: object) -> bytes:
    withdrawn = Withdrawn(serial="beef", revoked_at=NOW, reason=RevocationReason.KEY_COMPROMISE)
    request = CeremonyRequest(
        platform="http://toono.gov.mn", root_subject=SUBJECT, list_number=3, wanted=tuple(_wanted(profile) for profile in KEYS),
        withdrawn=(withdrawn,),
    )  # fmt: skip
    return canonical(request.model_copy(update=changes).model_dump(mode="json"))


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "root", "a-passphrase-of-the-test")


@pytest.fixture
def held(store: FileStore) -> Callable[..., tuple[bytes, Ceremony]]:
    """A first ceremony up to the signature."""

    def begin(content: bytes | None = None) -> tuple[bytes, Ceremony]:
        ceremony = _ceremony("Анхны ёслол")
        ceremony.make_pin(custodians=CUSTODIANS, needed=2)
        return content or _request(), ceremony

    return begin


Held = Callable[..., tuple[bytes, Ceremony]]


def test_the_root_signs_what_was_asked_and_the_platform_would_take_it(held: Held, store: FileStore) -> None:
    content, ceremony = held()
    answer = ceremony.sign(content, store)
    root, certificates = check_answer(content, answer, now=NOW)
    assert [c.public_key() for c in certificates] == [key.public_key() for key in KEYS.values()]
    assert root.public_key() == store.public_key("pki/root")
    signed = x509.load_pem_x509_crl(answer.revocation_list.encode())
    assert signed.get_revoked_certificate_by_serial_number(0xBEEF)
    assert signed.next_update_utc
    assert signed.next_update_utc - NOW > timedelta(days=365)


def test_the_transcript_tells_every_step_and_no_secret(held: Held, store: FileStore) -> None:
    content, ceremony = held()
    pin, shares = _ceremony().make_pin(custodians=CUSTODIANS, needed=2)
    answer = ceremony.sign(content, store)
    acts = [step.act for step in answer.transcript.steps]
    assert acts == [
        "pin_made", "share_given", "share_given", "share_given", "request_read", "root_key_made", "root_made", "certificate_issued",
        "certificate_issued", "certificate_issued", "certificate_issued", "list_signed", "witnessed", "witnessed",
    ]  # fmt: skip
    told = answer.transcript.content().decode()
    assert pin not in told
    assert not any(share.values.hex() in told for share in shares.values())


def test_every_change_of_the_transcript_is_seen(held: Held, store: FileStore) -> None:
    content, ceremony = held()
    transcript = ceremony.sign(content, store).transcript
    transcript.check()
    steps = transcript.steps
    changed = steps[3].model_copy(update={"by": "Хэн нэгэн"})
    for wrong in (steps[1:], (*steps[:2], *steps[3:]), (*steps[:3], changed, *steps[4:]), (steps[1], steps[0], *steps[2:])):
        with pytest.raises(CeremonyRefused, match="changed at step"):
            transcript.model_copy(update={"steps": wrong}).check()
    with pytest.raises(CeremonyRefused):
        transcript.model_copy(update={"witnesses": ("Ану", "Бат")}).check()


def test_what_is_cut_off_at_the_end_breaks_the_signature(held: Held, store: FileStore) -> None:
    content, ceremony = held()
    answer = ceremony.sign(content, store)
    short = answer.transcript.model_copy(update={"steps": answer.transcript.steps[:-1]})
    short.check()
    with pytest.raises(CeremonyRefused, match="not signed by the root"):
        check_answer(content, answer.model_copy(update={"transcript": short}), now=NOW)


def test_an_answer_that_does_not_fit_its_request_is_refused(held: Held, store: FileStore, tmp_path: Path) -> None:
    content, ceremony = held()
    answer = ceremony.sign(content, store)
    other = _ceremony("Өөр").sign(content, FileStore(tmp_path / "other", "p"))
    cases: list[tuple[bytes, dict[str, object], str]] = [
        (_request(list_number=4), {}, "another request"),
        (content, {"certificates": answer.certificates[:-1]}, "has not the certificates"),
        (content, {"certificates": (answer.certificates[1], answer.certificates[0], *answer.certificates[2:])}, "another key"),
        (content, {"certificates": other.certificates}, "not of this root"),
        (content, {"revocation_list": other.revocation_list}, "list is not the one"),
        (content, {"signature": other.signature}, "not signed by the root"),
        (content, {"root": other.root}, "not signed by the root"),
    ]
    for asked, changes, why in cases:
        with pytest.raises(CeremonyRefused, match=why):
            check_answer(asked, answer.model_copy(update=changes), now=NOW)


def test_a_root_signs_no_leaf(held: Held, store: FileStore) -> None:
    stranger = _wanted(Profile.ISSUING).model_copy(update={"profile": Profile.SEAL})
    content, ceremony = held(_request(wanted=(stranger,)))
    with pytest.raises(CeremonyRefused, match="issues no certificate of profile seal"):
        ceremony.sign(content, store)


def test_a_request_that_another_key_signed_is_refused(held: Held, store: FileStore) -> None:
    wanted = _wanted(Profile.ISSUING)
    broken = wanted.model_copy(update={"request": wanted.request.replace("\nMI", "\nMj", 1)})
    content, ceremony = held(_request(wanted=(broken,)))
    with pytest.raises(CeremonyRefused):
        ceremony.sign(content, store)


def test_the_second_ceremony_needs_the_roots_own_token(held: Held, store: FileStore, tmp_path: Path) -> None:
    content, ceremony = held()
    first = ceremony.sign(content, store)
    again = _request(root=first.root, list_number=4)
    answer = _ceremony("Хоёр дахь").sign(again, store)
    assert answer.root == first.root
    check_answer(again, answer, now=NOW)
    stranger = FileStore(tmp_path / "stranger", "p")
    with pytest.raises(CeremonyRefused, match="has no key"):
        _ceremony("Хоёр дахь").sign(again, stranger)
    stranger.generate("pki/root", "P-384")
    with pytest.raises(CeremonyRefused, match="another key"):
        _ceremony("Хоёр дахь").sign(again, stranger)


@pytest.mark.parametrize("junk", [b"", b"{}", b"[]", b'{"version": 2}', b"\xff", b'{"version":1,"more":1}'])
def test_junk_is_no_request(junk: bytes, store: FileStore) -> None:
    with pytest.raises(CeremonyRefused):
        _ceremony().sign(junk, store)


@pytest.mark.parametrize("names", [[], ["Ану"], ["Ану", "Ану"]])
def test_nobody_holds_a_ceremony_alone(names: list[str]) -> None:
    with pytest.raises(CeremonyRefused):
        Ceremony("x", names)


def test_a_rehearsal_repeats_the_ceremony_on_a_practice_token(held: Held, store: FileStore, tmp_path: Path) -> None:
    content, ceremony = held()
    done = ceremony.sign(content, store).transcript
    again = rehearse(done, content, FileStore(tmp_path / "practice", "p"))
    assert again.shape() == done.shape()
    assert again != done


def test_a_rehearsal_of_a_later_ceremony_uses_the_custodians_who_came(held: Held, store: FileStore, tmp_path: Path) -> None:
    content, ceremony = held()
    first = ceremony.sign(content, store)
    _, shares = _ceremony().make_pin(custodians=CUSTODIANS, needed=2)
    later = _ceremony("Хоёр дахь")
    later.unlock({name: shares[name] for name in CUSTODIANS[1:]})
    again = _request(root=first.root, list_number=4)
    done = later.sign(again, store).transcript
    assert rehearse(done, again, FileStore(tmp_path / "practice", "p")).shape() == done.shape()


def test_a_rehearsal_that_goes_another_way_says_where(held: Held, store: FileStore, tmp_path: Path) -> None:
    content, ceremony = held()
    done = ceremony.sign(content, store).transcript
    fewer = _request(wanted=(_wanted(Profile.ISSUING),))
    with pytest.raises(CeremonyRefused, match="first at step 9"):
        rehearse(done, fewer, FileStore(tmp_path / "practice", "p"))


# -- the command, with SoftHSM2 ----------------------------------------------------------------------------------


class Machine:
    """A machine without a network, with SoftHSM2 tokens of its own and the real command."""

    def __init__(self, folder: Path) -> None:
        (folder / "tokens").mkdir(parents=True)
        (folder / "softhsm2.conf").write_text(
            f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
        self.folder = folder
        self.module = next(path for path in MODULES if Path(path).exists())
        # No settings of the platform: the command needs neither database nor signer.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("TOONO_", "DJANGO_"))}
        self.environment = kept | {"SOFTHSM2_CONF": str(folder / "softhsm2.conf")}

    def token(self, label: str, pin: str) -> Path:
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "87654321", "--pin", pin]
        subprocess.run(command, check=True, capture_output=True, env=self.environment)
        (self.folder / f"{label}.pin").write_text(f"{pin}\n")
        return self.folder / f"{label}.pin"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        program = (
            "import argparse, sys; from toono.pki import commands; p = argparse.ArgumentParser(); "
            "commands.add_arguments(p.add_subparsers(required=True)); a = p.parse_args(); "
            "assert not commands.needs_platform(a); sys.exit(commands.run(a, print))"
        )
        command = [sys.executable, "-c", program, "ceremony", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


def test_the_command_holds_a_first_and_a_second_ceremony_and_rehearses_them(machine: Machine, tmp_path: Path) -> None:
    transport = machine.token("toono-root", "1234-transport")
    token = ["--module", machine.module, "--token", "toono-root", "--witness", "Ану", "--witness", "Дорж"]
    (tmp_path / "first.json").write_bytes(_request())
    custodians = [part for name in CUSTODIANS for part in ("--custodian", name)]
    first = machine.run(
        "hold", str(tmp_path / "first.json"), "--to", str(tmp_path / "first"), "--title", "Анхны ёслол", *custodians, "--needed", "2",
        "--transport-pin-file", str(transport), *token,
    )  # fmt: skip
    assert first.returncode == 0, first.stdout + first.stderr
    assert "root SHA-256" in first.stdout
    answer = json.loads((tmp_path / "first" / "answer.json").read_text())
    assert (tmp_path / "first" / "share-1.txt").stat().st_mode & 0o077 == 0

    (tmp_path / "second.json").write_bytes(_request(root=answer["root"], list_number=4))
    shares = [part for n in (1, 3) for part in ("--share", f"{CUSTODIANS[n - 1]}={tmp_path / 'first' / f'share-{n}.txt'}")]
    ask = ["hold", str(tmp_path / "second.json"), "--to", str(tmp_path / "second"), "--title", "Хоёр дахь ёслол"]
    too_few = machine.run(*ask, *shares[:2], *token)
    assert too_few.returncode == 1
    assert "2 are needed" in too_few.stdout
    second = machine.run(*ask, *shares, *token)
    assert second.returncode == 0, second.stdout + second.stderr
    assert json.loads((tmp_path / "second" / "answer.json").read_text())["root"] == answer["root"]

    by_transport = machine.run(
        "hold", str(tmp_path / "second.json"), "--to", str(tmp_path / "third"), "--title", "Гурав дахь", *custodians, "--needed", "2",
        "--transport-pin-file", str(transport), *token,
    )  # fmt: skip
    assert by_transport.returncode == 1
    assert "does not open with the transport PIN" in by_transport.stdout

    for number, name in enumerate(("first", "second"), start=1):
        practice = machine.token(f"practice-{number}", "5678-practice")
        again = machine.run(
            "rehearse", str(tmp_path / f"{name}.json"), str(tmp_path / name / "answer.json"), "--pin-file", str(practice),
            "--module", machine.module, "--token", f"practice-{number}",
        )  # fmt: skip
        assert again.returncode == 0, again.stdout + again.stderr
        assert "the same" in again.stdout


def test_a_changed_transcript_is_not_rehearsed(machine: Machine, held: Held, store: FileStore, tmp_path: Path) -> None:
    content, ceremony = held()
    answer = ceremony.sign(content, store)
    first = answer.transcript.steps[0].model_copy(update={"by": "Хэн нэгэн"})
    changed = answer.transcript.model_copy(update={"steps": (first, *answer.transcript.steps[1:])})
    (tmp_path / "request.json").write_bytes(content)
    (tmp_path / "answer.json").write_text(answer.model_copy(update={"transcript": changed}).model_dump_json())
    practice = machine.token("practice", "5678-practice")
    again = machine.run(
        "rehearse", str(tmp_path / "request.json"), str(tmp_path / "answer.json"), "--pin-file", str(practice), "--module", machine.module,
        "--token", "practice",
    )  # fmt: skip
    assert again.returncode == 1
    assert "changed at step 2" in again.stdout


def test_a_share_with_a_wrong_letter_opens_nothing() -> None:
    _, shares = _ceremony().make_pin(custodians=CUSTODIANS, needed=2)
    from toono.pki.domain.shares import parse

    text = shares["Бат"].text()
    with pytest.raises(SharesWrong, match="letter by letter"):
        parse(text[:40] + ("0" if text[40] != "0" else "1") + text[41:])


def test_two_transcripts_of_one_title_begin_alike_and_of_another_do_not() -> None:
    one, two = (Transcript(title=title, witnesses=WITNESSES).with_step("x", by="y", at=NOW, data={}) for title in ("А", "Б"))
    assert one.steps[0].previous != two.steps[0].previous
    assert digest(one.content()) != digest(two.content())
