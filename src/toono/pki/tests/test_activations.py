"""The key of a natural person signs only what its holder has confirmed: activations at the signer, its own requests called as a server would call them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from toono.pki.domain import remote_signing as rules
from toono.pki.errors import SignerRefused, SignerUnavailable
from toono.pki.signer.activations import Activations, Refused, needs_activation
from toono.pki.signer.app import Signer
from toono.pki.signer.codes import Codes
from toono.pki.signer.rights import Tokens, Verb, may
from toono.pki.signer.stores.file import FileStore
from toono.pki.tests.test_signer_clients import SignerProcess

KEY = "person/0192e8a0-0000-7000-8000-000000000001"
DIGEST, OTHER = bytes(range(32)), bytes(32)
REQUEST, TEXT = uuid4(), "ab" * 32
GUARDED = [KEY, KEY.replace("person", "officer"), KEY.replace("person", "auth")]


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Caller:
    """Speaks ASGI to a signer that knows two processes."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.folder = folder
        self.again()

    def again(self) -> None:
        """As after a restart."""
        tokens = Tokens({"web": "web-token", "worker": "worker-token", "gateway": "gateway-token"})
        codes = Codes(self.folder / "c.sqlite3", self.clock, b"secret")
        self.signer = Signer(FileStore(self.folder / "keys", "pass"), tokens, Activations(self.folder / "a.sqlite3", self.clock), codes)

    def ask(self, path: str, client: str, **body: Any) -> tuple[int, dict[str, Any]]:
        scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"authorization", f"Bearer {client}-token".encode())]}
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(self.signer(scope, receive, send))
        return sent[0]["status"], json.loads(sent[1]["body"])

    def sign(self, *digests: bytes, client: str = "web", key: str = KEY, **more: Any) -> tuple[int, dict[str, Any]]:
        return self.ask("/sign", client, key=key, digests=list(map(text, digests)), **more)

    def confirm(self, *digests: bytes, key: str = KEY, identifier: str = "", **changed: Any) -> dict[str, Any]:
        """The holder has typed the code for these digests; gives the proof."""
        identifier = identifier or str(uuid4())
        seen: dict[str, Any] = {"request": str(REQUEST), "party": "Хаан Банк", "text_sha256": TEXT} | changed
        bound = rules.binding_of_digest(**seen | {"request": UUID(seen["request"])}, key=key, digests=[text(digest) for digest in digests])
        code = self.ask("/codes", "worker", id=identifier, key=key, confirms=bound, number="99112233")[1]["code"]
        assert self.ask("/codes/entered", "web", id=identifier, key=key, code=code) == (200, {"verdict": "right"})
        return {"code": identifier} | seen

    def grant(self, *digests: bytes, client: str = "worker", key: str = KEY, proof: Any = None, seconds: Any = 60, name: str = "") -> Any:
        proof = proof or self.confirm(*digests, key=key)
        name = name or proof["code"]
        wanted = {"id": name, "key": key, "digests": list(map(text, digests)), "seconds": seconds, "proof": proof}
        status, answer = self.ask("/activations", client, **wanted)
        return name if status == 200 else (status, answer["code"])


def text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    made = Caller(tmp_path)
    for key in GUARDED:
        assert made.ask("/keys", "web", key=key, kind="P-256")[0] == 200
    return made


@pytest.mark.parametrize("key", GUARDED)
@pytest.mark.parametrize("client", ["web", "worker", "gateway"])
def test_no_process_signs_by_its_token_alone(caller: Caller, key: str, client: str) -> None:
    status, answer = caller.sign(DIGEST, client=client, key=key)
    assert (status, answer["code"]) == (403, "activation_missing" if client == "web" else "not_permitted")


def test_who_signs_cannot_let_loose_and_who_lets_loose_cannot_sign(caller: Caller) -> None:
    assert caller.grant(DIGEST, client="web") == (403, "not_permitted")
    granted = caller.grant(DIGEST)
    assert caller.sign(DIGEST, client="worker", activation=granted)[1]["code"] == "not_permitted"
    for key in GUARDED:
        both = [client for client in ("web", "worker", "gateway") if may(client, Verb.SIGN, key) and may(client, Verb.ACTIVATE, key)]
        assert both == []


def test_no_way_around_by_several_keys_at_once(caller: Caller) -> None:
    answer = caller.ask("/sign-each", "web", wanted=[{"key": KEY, "digests": [text(DIGEST)]}])[1]
    assert answer["answers"][0]["code"] == "activation_missing"


def test_what_was_confirmed_is_signed_and_the_signature_is_good(caller: Caller) -> None:
    granted = caller.grant(DIGEST, OTHER)
    status, answer = caller.sign(DIGEST, activation=granted)
    assert status == 200
    pem = caller.ask("/keys", "web", key=KEY, kind="P-256")[1]["public_key"]
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(base64.b64decode(answer["signatures"][0]), DIGEST, ec.ECDSA(Prehashed(SHA256())))


def test_the_same_again_gets_the_same_signature_and_so_after_a_restart(caller: Caller) -> None:
    granted = caller.grant(DIGEST)
    first = caller.sign(DIGEST, activation=granted)
    assert first[0] == 200 and caller.sign(DIGEST, activation=granted) == first
    caller.again()
    caller.clock.now += timedelta(hours=1)  # over for new signatures, but what was signed is not lost
    assert caller.sign(DIGEST, activation=granted) == first


REFUSALS = [
    ({"digests": (OTHER,)}, "activation_differs"),
    ({"digests": (DIGEST, OTHER)}, "activation_differs"),
    ({"key": GUARDED[2]}, "activation_differs"),
    ({"activation": str(uuid4())}, "activation_unknown"),
    ({"activation": "x"}, "activation_malformed"),
    ({"activation": 7}, "activation_malformed"),
    ({"activation": None}, "activation_missing"),
]


@pytest.mark.parametrize(("changed", "code"), REFUSALS)
def test_anything_else_is_refused(caller: Caller, changed: dict[str, Any], code: str) -> None:
    wanted = {"digests": (DIGEST,), "key": KEY, "activation": caller.grant(DIGEST)} | changed
    status, answer = caller.sign(*wanted.pop("digests"), **wanted)
    assert status in (400, 403) and answer["code"] == code


def test_after_its_end_nothing_new_is_signed(caller: Caller) -> None:
    granted = caller.grant(DIGEST, OTHER, seconds=60)
    assert caller.sign(DIGEST, activation=granted)[0] == 200
    caller.clock.now += timedelta(seconds=61)
    assert caller.sign(OTHER, activation=granted)[1]["code"] == "activation_expired"


def test_an_activation_that_was_ended_signs_nothing(caller: Caller) -> None:
    granted = caller.grant(DIGEST)
    assert caller.ask("/activations/state", "web", id=granted, key=KEY)[1] == {"granted": True}
    assert caller.ask("/activations/end", "web", id=granted, key=KEY)[0] == 200
    caller.clock.now += timedelta(milliseconds=1)
    assert caller.sign(DIGEST, activation=granted)[1]["code"] == "activation_expired"
    assert caller.ask("/activations/state", "web", id=granted, key=KEY)[1] == {"granted": False}


def test_a_name_is_of_one_activation_for_ever(caller: Caller) -> None:
    proof = caller.confirm(DIGEST)
    granted = caller.grant(DIGEST, proof=proof)
    assert caller.grant(DIGEST, proof=proof) == granted
    assert caller.grant(DIGEST, proof=proof, name=str(uuid4())) == (403, "proof_differs"), "one code lets loose once"
    for key, digests in ((KEY, [DIGEST, OTHER]), (GUARDED[1], [DIGEST])):  # the rule of the activations themselves, whatever the proofs say
        with pytest.raises(Refused, match="activation_differs"):
            caller.signer._activations.grant(granted, key, digests, 60)  # type: ignore[union-attr]


@pytest.mark.parametrize("seconds", [0, -1, 601, 1.5, "60", True, None])
def test_how_long_is_bounded(caller: Caller, seconds: Any) -> None:
    assert caller.grant(DIGEST, seconds=seconds) == (400, "activation_malformed")


def test_how_many_is_bounded(caller: Caller) -> None:
    many = [number.to_bytes(32, "big") for number in range(101)]
    assert caller.grant(*many) == (400, "batch_malformed")
    assert isinstance(caller.grant(*many[:100]), str)


def test_a_key_of_nobody_has_no_activation(caller: Caller) -> None:
    assert caller.ask("/keys", "web", key="seal/x", kind="P-256")[0] == 200
    assert caller.sign(DIGEST, key="seal/x", activation=str(uuid4()))[1]["code"] == "body_malformed"
    assert caller.sign(DIGEST, key="seal/x")[0] == 200
    assert not needs_activation("seal/x") and not needs_activation("persons/x")


def test_a_signer_without_activations_signs_for_no_person(tmp_path: Path) -> None:
    """The mutant of the whole: were the guard only in the database, this signer would sign."""
    bare = Caller(tmp_path)
    bare.signer = Signer(FileStore(tmp_path / "keys", "pass"), Tokens({"web": "web-token", "worker": "worker-token"}))
    assert bare.ask("/keys", "web", key=KEY, kind="P-256")[0] == 200
    assert bare.sign(DIGEST, activation=str(uuid4()))[1]["code"] == "activation_missing"


def test_what_could_not_be_made_durable_is_not_given(tmp_path: Path) -> None:
    """The disk fails after the signature was made: no answer, and afterwards another try makes one that is kept."""
    activations = Activations(tmp_path / "a.sqlite3", Clock())
    activations.grant(str(identifier := uuid4()), KEY, [DIGEST], 60)

    def fails(_: Any) -> list[bytes]:
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        activations.sign(str(identifier), KEY, [DIGEST], fails)
    assert activations.sign(str(identifier), KEY, [DIGEST], lambda _: [b"first"]) == [b"first"]
    assert activations.sign(str(identifier), KEY, [DIGEST], lambda _: [b"second"]) == [b"first"]


def test_everything_is_synced_before_it_is_answered(tmp_path: Path) -> None:
    activations = Activations(tmp_path / "a.sqlite3", Clock())
    activations.grant(str(uuid4()), KEY, [DIGEST], 60)
    opened = activations._database
    assert opened.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL: the log is synced with each commit


def test_two_signers_of_one_home_give_one_signature(tmp_path: Path) -> None:
    one, two = (Activations(tmp_path / "a.sqlite3", Clock()) for _ in range(2))
    one.grant(str(identifier := uuid4()), KEY, [DIGEST], 60)
    assert one.sign(str(identifier), KEY, [DIGEST], lambda _: [b"one"]) == two.sign(str(identifier), KEY, [DIGEST], lambda _: [b"two"])


def test_old_activations_are_forgotten(tmp_path: Path) -> None:
    activations, clock = Activations(tmp_path / "a.sqlite3", clock := Clock()), clock
    activations.grant(str(old := uuid4()), KEY, [DIGEST], 60)
    clock.now += timedelta(days=2)
    activations.grant(str(uuid4()), KEY, [DIGEST], 60)
    with pytest.raises(Refused, match="activation_unknown"):
        activations.sign(str(old), KEY, [DIGEST], lambda _: [b"x"])
    with sqlite3.connect(tmp_path / "a.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM digest").fetchone() == (1,)


def test_killed_again_and_again_the_signer_gives_one_signature_for_one_confirmation(tmp_path: Path) -> None:
    """kill -9 while a client asks: whatever it was told before, it is told again."""
    process = SignerProcess(tmp_path)
    process.start()
    try:
        web, worker = process.client("web"), process.client("worker")
        web.generate(key=KEY)
        told: set[bytes] = set()
        identifier = str(uuid4())
        seen = {"request": str(REQUEST), "party": "Хаан Банк", "text_sha256": TEXT}
        bound = rules.binding_of_digest(request=REQUEST, party="Хаан Банк", key=KEY, digests=[text(DIGEST)], text_sha256=TEXT)
        code = worker.draw_code(code=identifier, key=KEY, confirms=bound, number="99112233")
        assert web.enter_code(code=identifier, key=KEY, typed=code) == "right"
        worker.activate(activation=identifier, key=KEY, digests=[DIGEST], seconds=300, proof={"code": identifier} | seen)
        for _ in range(4):
            asking = subprocess.Popen(
                [sys.executable, "-c", ASKING, str(process.socket), KEY, identifier, DIGEST.hex()], stdout=subprocess.PIPE
            )
            assert asking.stdout is not None
            told |= {bytes.fromhex(asking.stdout.readline().decode().strip())}  # at least one answer came
            _kill(process)
            asking.kill()
            told |= {
                bytes.fromhex(line.decode().strip()) for line in asking.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")
            }
            asking.wait()
            process.start()
        assert told == set(process.client("web").sign(key=KEY, digests=[DIGEST], activation=identifier))
        with pytest.raises(SignerRefused):
            process.client("web").sign(key=KEY, digests=[OTHER], activation=identifier)
    finally:
        process.stop()


ASKING = """
import sys
from pathlib import Path
from toono.pki.signing import SignerClient
client = SignerClient(Path(sys.argv[1]), "web-token")
while True:
    print(client.sign(key=sys.argv[2], digests=[bytes.fromhex(sys.argv[4])], activation=sys.argv[3])[0].hex(), flush=True)
"""


def _kill(process: SignerProcess) -> None:
    """The server and the workers that it has started, at once."""
    assert process.process is not None
    children = subprocess.run(["pgrep", "-P", str(process.process.pid)], capture_output=True, text=True).stdout.split()
    for pid in [process.process.pid, *map(int, children)]:
        os.kill(pid, signal.SIGKILL)
    process.process.wait(30)
    with pytest.raises(SignerUnavailable):
        process.client("web").health()
