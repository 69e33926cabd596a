"""The signer checks the second factor itself: what a process that lies gets from it, and what a power cut leaves of the counting."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from toono.pki.domain.remote_signing import binding_of_digest
from toono.pki.signer import codes as rules
from toono.pki.signer.app import Signer
from toono.pki.signer.codes import CodeRefused, Codes, Verdict
from toono.pki.signer.rights import Tokens
from toono.pki.signer.stores.file import FileStore
from toono.pki.tests.test_activations import DIGEST, GUARDED, KEY, OTHER, REQUEST, TEXT, Caller, Clock, text

HOLDER = KEY.split("/")[1]
PHONE, NEW_PHONE = "99112233", "88112233"
SEEN = {"request": str(REQUEST), "party": "Хаан Банк", "text_sha256": TEXT}


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    made = Caller(tmp_path)
    for key in GUARDED:
        assert made.ask("/keys", "web", key=key, kind="P-256")[0] == 200
    return made


def bound(*digests: bytes, key: str = KEY) -> str:
    return binding_of_digest(request=REQUEST, party="Хаан Банк", key=key, digests=list(map(text, digests)), text_sha256=TEXT)


def draw(caller: Caller, confirms: str, *, client: str = "worker", key: str = KEY, number: str = PHONE, name: str = "") -> Any:
    name = name or str(uuid4())
    status, answer = caller.ask("/codes", client, id=name, key=key, confirms=confirms, number=number)
    return (name, answer["code"]) if status == 200 else (status, answer["code"])


def enter(caller: Caller, name: str, code: str, *, client: str = "web", key: str = KEY) -> Any:
    status, answer = caller.ask("/codes/entered", client, id=name, key=key, code=code)
    return answer["verdict"] if status == 200 else (status, answer["code"])


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


# -- two processes, one factor --------------------------------------------------------------------------------------


def test_who_types_a_code_cannot_draw_it_and_who_draws_it_cannot_type_it(caller: Caller) -> None:
    for client in ("web", "gateway"):
        assert draw(caller, bound(DIGEST), client=client) == (403, "not_permitted")
    name, code = draw(caller, bound(DIGEST))
    for client in ("worker", "gateway"):
        assert enter(caller, name, code, client=client) == (403, "not_permitted")
    assert enter(caller, name, code) == "right"


def test_the_worker_with_the_whole_database_lets_nothing_loose_without_a_typed_code(caller: Caller) -> None:
    """It may claim any proof; the code that it drew was never typed in."""
    name, _ = draw(caller, bound(DIGEST))
    assert caller.grant(DIGEST, proof={"code": name} | SEEN) == (403, "code_missing")
    assert caller.grant(DIGEST, proof={"code": str(uuid4())} | SEEN) == (403, "code_missing")


def test_without_its_codes_the_signer_lets_nothing_loose(caller: Caller, tmp_path: Path) -> None:
    proof = caller.confirm(DIGEST)
    bare = Caller(tmp_path / "bare")
    bare.signer = Signer(FileStore(tmp_path / "keys", "pass"), Tokens({"worker": "worker-token"}), caller.signer._activations)
    assert bare.grant(DIGEST, proof=proof) == (403, "code_missing")


def test_a_code_for_one_content_lets_no_other_loose(caller: Caller) -> None:
    proof = caller.confirm(DIGEST)
    for digests, key, changed in (
        ((OTHER,), KEY, {}),
        ((DIGEST, OTHER), KEY, {}),
        ((DIGEST,), KEY, {"party": "Өөр банк"}),
        ((DIGEST,), KEY, {"text_sha256": "cd" * 32}),
        ((DIGEST,), KEY, {"request": str(uuid4())}),
        ((DIGEST,), GUARDED[1], {}),  # another key of the same holder was not what they saw
    ):
        assert caller.grant(*digests, key=key, proof=proof | changed) == (403, "proof_differs")
    bat = "person/0192e8a0-0000-7000-8000-000000000002"
    assert caller.grant(DIGEST, key=bat, proof=proof) == (403, "code_missing"), "a code is its holder's"


def test_if_the_signer_did_not_compare_another_digest_would_be_let_loose(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: the refusals above come from the comparison with what the code confirms."""
    proof = caller.confirm(DIGEST)
    from toono.pki.signer import proofs

    monkeypatch.setattr(proofs, "_confirms", lambda *_: True)
    assert isinstance(caller.grant(OTHER, proof=proof), str)


@pytest.mark.parametrize(
    "proof", [None, {}, [], "x", SEEN, {"code": "x"} | SEEN, {"code": str(uuid4())}, {"code": str(uuid4())} | SEEN | {"more": 1}]
)
def test_a_proof_of_another_shape_is_refused(caller: Caller, proof: Any) -> None:
    wanted = {"id": str(uuid4()), "key": KEY, "digests": [text(DIGEST)], "seconds": 60, "proof": proof}
    status, answer = caller.ask("/activations", "worker", **wanted)
    assert (status, answer["code"]) == (403, "proof_malformed")


def test_a_proof_is_worth_something_for_a_moment(caller: Caller) -> None:
    proof = caller.confirm(DIGEST)
    caller.clock.now += rules.ENTERED_LIFETIME + timedelta(seconds=1)
    assert caller.grant(DIGEST, proof=proof) == (403, "code_missing")


def test_a_replayed_activation_makes_no_second_one(caller: Caller) -> None:
    proof = caller.confirm(DIGEST)
    granted = caller.grant(DIGEST, proof=proof)
    first = caller.sign(DIGEST, activation=granted)
    assert caller.grant(DIGEST, proof=proof) == granted and caller.sign(DIGEST, activation=granted) == first
    assert caller.sign(OTHER, activation=granted)[1]["code"] == "activation_differs"
    assert caller.grant(DIGEST, proof=proof, name=str(uuid4())) == (403, "proof_differs")
    assert draw(caller, bound(OTHER), name=granted) == (409, "code_differs"), "nor is the same name drawn for something else"
    assert draw(caller, bound(DIGEST), name=granted) == (409, "code_used")


def test_a_jws_is_let_loose_only_if_it_says_what_was_confirmed(caller: Caller) -> None:
    def jws(said: str) -> str:
        return "e30." + urlsafe_b64encode(json.dumps({"digest": said}).encode()).decode().rstrip("=")

    name, code = draw(caller, "ab" * 32)
    assert enter(caller, name, code) == "right"
    good, bad = jws("ab" * 32), jws("cd" * 32)
    digest = {one: sha256(one.encode()).digest() for one in (good, bad)}
    assert caller.grant(digest[bad], proof={"code": name, "jws": bad}) == (403, "proof_differs")
    assert caller.grant(digest[bad], proof={"code": name, "jws": good}) == (403, "proof_differs")
    assert caller.grant(digest[good], proof={"code": name, "jws": good}) == name


def test_documents_are_signed_under_a_name_of_their_own_and_no_more_than_were_shown(caller: Caller) -> None:
    shown = [text(DIGEST), text(OTHER)]
    proof = caller.confirm(DIGEST, OTHER) | {"documents": shown}
    name = str(uuid5(UUID(proof["code"]), "documents"))
    made = [bytes([number]) * 32 for number in (1, 2, 3)]
    assert caller.grant(*made[:2], proof=proof, name=proof["code"]) == (403, "proof_differs")
    assert caller.grant(*made, proof=proof, name=name) == (403, "proof_differs")
    assert caller.grant(made[0], proof=proof | {"documents": shown[:1]}, name=name) == (403, "proof_differs")
    assert caller.grant(*made[:2], proof=proof, name=name) == name
    assert caller.grant(made[0], made[2], proof=proof, name=name) == (409, "activation_differs"), "once, and then these"


# -- guessing ---------------------------------------------------------------------------------------------------------


def test_a_code_is_worth_five_tries_and_then_nothing(caller: Caller) -> None:
    name, code = draw(caller, bound(DIGEST))
    assert [enter(caller, name, other_than(code)) for _ in range(rules.TRIES)] == ["wrong"] * rules.TRIES
    assert enter(caller, name, code) == "used_up"
    again = draw(caller, bound(DIGEST), name=name)[1]
    assert enter(caller, name, again) == "used_up", "drawn again, the tries stay counted"


def test_wrong_codes_in_a_row_lock_the_holder_over_all_codes(caller: Caller) -> None:
    for _ in range(2):
        name, code = draw(caller, bound(DIGEST))
        for _ in range(rules.TRIES):
            assert enter(caller, name, other_than(code)) == "wrong"
    assert draw(caller, bound(DIGEST)) == (409, "holder_locked")
    caller.clock.now += rules.FIRST_LOCK + timedelta(seconds=1)
    name, code = draw(caller, bound(DIGEST))
    assert enter(caller, name, code) == "right"
    again = draw(caller, bound(OTHER))
    assert enter(caller, again[0], again[1]) == "right", "a right one ends the row"


def test_codes_of_a_day_are_bounded(caller: Caller) -> None:
    for _ in range(rules.MOST_A_DAY):
        assert isinstance(draw(caller, bound(DIGEST))[0], str)
    assert draw(caller, bound(DIGEST)) == (409, "codes_too_many")
    caller.clock.now += timedelta(days=1, seconds=1)
    assert isinstance(draw(caller, bound(DIGEST))[0], str)


def test_a_code_ends_after_five_minutes_and_the_earlier_when_drawn_again(caller: Caller) -> None:
    name, first = draw(caller, bound(DIGEST))
    second = next(code for _ in range(9) if (code := draw(caller, bound(DIGEST), name=name)[1]) != first)
    assert enter(caller, name, first) == "wrong" and enter(caller, name, second) == "right"
    late, code = draw(caller, bound(DIGEST))
    caller.clock.now += rules.CODE_LIFETIME + timedelta(seconds=1)
    assert enter(caller, late, code) == "expired"


def test_a_code_of_another_holder_or_of_nobody_is_unknown(caller: Caller) -> None:
    name, code = draw(caller, bound(DIGEST))
    assert enter(caller, name, code, key="person/0192e8a0-0000-7000-8000-000000000002") == "unknown"
    assert enter(caller, str(uuid4()), code) == "unknown"
    assert enter(caller, name, code, key="person/someone") == (400, "holder_unknown")
    assert enter(caller, name, "12345") == (400, "body_malformed") and enter(caller, name, code, key="seal/x") == (400, "no_activation")


def test_the_file_alone_tells_no_code_and_no_number(tmp_path: Path) -> None:
    """Who copies the signer's file cannot try the million codes without its secret, and finds no code in it."""
    codes = Codes(tmp_path / "c.sqlite3", Clock(), b"secret")
    code = codes.draw(name := str(uuid4()), HOLDER, "x", PHONE)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert code.encode() not in kept and PHONE.encode() not in kept
    assert sha256(code.encode()).digest() not in kept
    assert Codes(tmp_path / "c.sqlite3", Clock(), b"guessed").enter(name, HOLDER, code) is Verdict.WRONG


# -- power cut and two at once --------------------------------------------------------------------------------------------


def test_a_try_is_counted_before_it_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The power goes between counting and comparing, five times: afterwards the code is used up, although no answer was ever given."""
    codes = Codes(tmp_path / "c.sqlite3", Clock(), b"secret")
    code = codes.draw(name := str(uuid4()), HOLDER, "x", PHONE)

    def dies(*_: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("hmac.compare_digest", dies)
        for _ in range(rules.TRIES):
            with pytest.raises(KeyboardInterrupt):
                codes.enter(name, HOLDER, code)
    assert Codes(tmp_path / "c.sqlite3", Clock(), b"secret").enter(name, HOLDER, code) is Verdict.USED_UP


GUESSING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from toono.pki.signer import codes
name, holder, file = sys.argv[1:4]
signer = codes.Codes(Path(file), lambda: datetime(2026, 11, 22, 10, tzinfo=UTC), b"secret")
def compare(*_):
    print("counted", flush=True)
    sys.stdin.readline()
codes.hmac.compare_digest = compare
signer.enter(name, holder, "000000")
"""


def test_killed_between_count_and_answer_the_try_stays_counted(tmp_path: Path) -> None:
    """kill -9 of a real process at exactly that place."""
    file = tmp_path / "c.sqlite3"
    Codes(file, Clock(), b"secret").draw(name := str(uuid4()), HOLDER, "x", PHONE)
    command = [sys.executable, "-c", GUESSING, name, HOLDER, str(file)]
    for _ in range(rules.TRIES):
        guessing = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert guessing.stdout is not None and guessing.stdout.readline() == b"counted\n"
        os.kill(guessing.pid, signal.SIGKILL)
        guessing.communicate()
    assert Codes(file, Clock(), b"secret").enter(name, HOLDER, "000000") is Verdict.USED_UP


def test_what_was_answered_is_synced_to_the_disk(tmp_path: Path) -> None:
    codes = Codes(tmp_path / "c.sqlite3", Clock(), b"secret")
    assert codes._database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL: the log is synced with each commit


def test_two_signers_of_one_home_count_together(tmp_path: Path) -> None:
    one, two = (Codes(tmp_path / "c.sqlite3", Clock(), b"secret") for _ in range(2))
    code = one.draw(name := str(uuid4()), HOLDER, "x", PHONE)
    verdicts = [signer.enter(name, HOLDER, other_than(code)) for _ in range(3) for signer in (one, two)]
    assert verdicts == [Verdict.WRONG] * 5 + [Verdict.USED_UP]


# -- the phone's number ---------------------------------------------------------------------------------------------------


def test_who_changes_the_number_in_the_database_waits_three_days(caller: Caller) -> None:
    name, code = draw(caller, bound(DIGEST))
    assert enter(caller, name, code) == "right"
    assert draw(caller, bound(OTHER), number=NEW_PHONE) == (409, "number_new")
    begins = (caller.clock.now + rules.NUMBER_WAITS).isoformat()
    assert caller.ask("/codes/number", "web", key=KEY, number=NEW_PHONE) == (200, {"usable_from": begins})
    caller.clock.now += rules.NUMBER_WAITS - timedelta(minutes=1)
    assert draw(caller, bound(OTHER), number=NEW_PHONE) == (409, "number_new")
    caller.clock.now += timedelta(minutes=1)
    assert isinstance(draw(caller, bound(OTHER), number=NEW_PHONE)[0], str)
    assert draw(caller, bound(OTHER), number=PHONE) == (409, "number_new"), "and back again as long"


def test_the_old_number_ends_the_waiting_of_a_new_one(caller: Caller) -> None:
    """The change was a mistake, or an attack that was mended: a second attempt begins anew."""
    draw(caller, bound(DIGEST))
    assert draw(caller, bound(OTHER), number=NEW_PHONE) == (409, "number_new")
    caller.clock.now += timedelta(days=2)
    assert isinstance(draw(caller, bound(DIGEST))[0], str)
    caller.clock.now += timedelta(days=2)
    assert draw(caller, bound(OTHER), number=NEW_PHONE) == (409, "number_new")


def test_all_keys_of_a_person_hang_on_one_number(caller: Caller) -> None:
    """A new key, or the key of the same person as an officer, is no way to another phone."""
    draw(caller, bound(DIGEST))
    for key in (f"{KEY}/2", GUARDED[1], GUARDED[2]):
        assert draw(caller, bound(DIGEST, key=key), key=key, number=NEW_PHONE) == (409, "number_new")


def test_the_pages_cannot_give_the_first_number(caller: Caller) -> None:
    assert caller.ask("/codes/number", "web", key=KEY, number=NEW_PHONE) == (200, {"usable_from": None})
    assert isinstance(draw(caller, bound(DIGEST))[0], str), "the worker's is the first"


def test_put_back_from_the_backup_of_the_how_to_the_old_number_still_counts(tmp_path: Path) -> None:
    """The file is copied as ``run-in-production.md`` says while the signer runs; without it the next number would be believed at once."""
    clock, secret = Clock(), b"s" * 32
    codes = Codes(tmp_path / "codes.sqlite3", clock, secret)
    codes.draw(str(uuid4()), HOLDER, "x", PHONE)
    how_to = (Path(__file__).parents[4] / "docs" / "how-to" / "run-in-production.md").read_text()
    command = re.search(r'`sqlite3 codes\.sqlite3 "(\.backup codes\.copy)"`', how_to)
    assert command
    subprocess.run(["sqlite3", "codes.sqlite3", command[1]], cwd=tmp_path, check=True, capture_output=True)
    with pytest.raises(CodeRefused, match="number_new"):
        Codes(tmp_path / "codes.copy", clock, secret).draw(str(uuid4()), HOLDER, "x", NEW_PHONE)
    assert Codes(tmp_path / "lost.sqlite3", clock, secret).draw(str(uuid4()), HOLDER, "x", NEW_PHONE)


def test_what_is_refused_by_the_rules_is_refused_with_a_word(tmp_path: Path) -> None:
    codes = Codes(tmp_path / "c.sqlite3", Clock(), b"secret")
    codes.draw(name := str(uuid4()), HOLDER, "x", PHONE)
    with pytest.raises(CodeRefused, match="code_differs"):
        codes.draw(name, HOLDER, "y", PHONE)
