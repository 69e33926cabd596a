"""The clients of the signer over its real socket: rights, restarts, threads, and a key that stands elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_public_key

from toono.pki.errors import KeyUnknown, SignerRefused, SignerUnavailable
from toono.pki.signing import AsyncSignerClient, RemoteKey, SignerClient
from toono.pki.tests.making import self_signed

DIGEST = hashlib.sha256(b"text").digest()
CLIENTS = ("web", "worker", "gateway")


class SignerProcess:
    """A signer of its own, served as in production, that a test may kill."""

    def __init__(self, home: Path) -> None:
        self.home, self.socket = home, home / "s.sock"
        (home / "secrets").mkdir(parents=True)
        for client in CLIENTS:
            (home / "secrets" / f"signer_token_{client}").write_text(f"{client}-token")
        (home / "secrets" / "key_store_passphrase").write_text("a-passphrase")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TOONO_")} | {"TOONO_HOME": str(self.home)}
        command = [sys.executable, "-m", "granian", "toono.pki.signer.app:application", "--interface", "asgi", "--uds", str(self.socket)]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.client("web").health()
                return
            except SignerUnavailable:
                time.sleep(0.05)
        raise AssertionError("the signer did not start")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(30)

    def client(self, name: str) -> SignerClient:
        return SignerClient(self.socket, f"{name}-token")


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignerProcess]:
    running = SignerProcess(tmp_path_factory.mktemp("s"))
    running.start()
    try:
        yield running
    finally:
        running.stop()


Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine in a loop of either kind; the gateway's is the second."""
    return asyncio.run if request.param == "asyncio" else uvloop.run


def test_what_one_process_makes_another_signs_with(signer: SignerProcess) -> None:
    public = signer.client("web").generate(key="exchange/one")
    [signature] = signer.client("gateway").sign(key="exchange/one", digests=[DIGEST])
    public.verify(signature, DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))
    assert signer.client("gateway").public_key("exchange/one") == public


def test_the_gateway_is_refused_the_authorities_and_the_web_the_messages(signer: SignerProcess) -> None:
    signer.client("web").generate(key="pki/root", kind="P-384")
    signer.client("web").generate(key="exchange/two")
    with pytest.raises(SignerRefused) as refused:
        signer.client("gateway").sign(key="pki/root", digests=[DIGEST])
    assert refused.value.data["reason"] == "not_permitted"
    with pytest.raises(SignerRefused):
        signer.client("web").sign(key="exchange/two", digests=[DIGEST])


def test_an_rsa_key_is_told_as_pem_and_never_taken_for_one_on_a_curve(signer: SignerProcess, run: Run) -> None:
    client = signer.client("web")
    public = client.generate(key="token/rsa", kind="RSA-3072")
    assert isinstance(public, rsa.RSAPublicKey)
    assert load_pem_public_key(client.public_pem("token/rsa").encode()) == public
    [signature] = client.sign(key="token/rsa", digests=[DIGEST])
    public.verify(signature, DIGEST, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    for ask in (lambda: client.public_key("token/rsa"), lambda: RemoteKey(client, "token/rsa"), lambda: client.generate(key="token/rsa")):
        with pytest.raises(SignerRefused) as refused:
            ask()
        assert refused.value.data["reason"] == "other_kind"

    async def asynchronously() -> None:
        asynchronous = AsyncSignerClient(signer.socket, "web-token")
        try:
            assert await asynchronous.generate(key="token/rsa", kind="RSA-3072") == public
            with pytest.raises(SignerRefused):
                await asynchronous.public_key("token/rsa")
            assert await asynchronous.sign(key="token/rsa", digests=[DIGEST]) == [signature]
        finally:
            await asynchronous.close()

    run(asynchronously())


def test_a_kind_that_no_store_makes_is_refused(signer: SignerProcess) -> None:
    with pytest.raises(SignerRefused) as refused:
        signer.client("web").generate(key="token/odd", kind="RSA-1024")
    assert refused.value.data["reason"] == "kind_unknown"
    with pytest.raises(KeyUnknown):
        signer.client("web").public_pem("token/odd")


def test_a_wrong_token_is_refused(signer: SignerProcess) -> None:
    with pytest.raises(SignerRefused):
        SignerClient(signer.socket, "guessed").public_key("token")


def test_an_unknown_key_has_an_error_of_its_own(signer: SignerProcess) -> None:
    with pytest.raises(KeyUnknown):
        signer.client("web").public_key("seal/never-made")
    with pytest.raises(KeyUnknown):
        signer.client("web").sign(key="seal/never-made", digests=[DIGEST])


def test_too_large_a_batch_is_refused_and_the_connection_goes_on(signer: SignerProcess) -> None:
    client = signer.client("web")
    client.generate(key="seal/batch")
    with pytest.raises(SignerRefused):
        client.sign(key="seal/batch", digests=[DIGEST] * 1001)
    with pytest.raises((SignerRefused, SignerUnavailable)):
        client.sign(key="seal/batch", digests=[DIGEST] * 20_000)
    assert len(client.sign(key="seal/batch", digests=[DIGEST] * 1000)) == 1000


def test_one_client_serves_many_threads(signer: SignerProcess) -> None:
    client = signer.client("web")
    public = client.generate(key="seal/threads")

    def sign(number: int) -> None:
        digest = hashlib.sha256(str(number).encode()).digest()
        [signature] = client.sign(key="seal/threads", digests=[digest])
        public.verify(signature, digest, ec.ECDSA(Prehashed(hashes.SHA256())))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(sign, range(200)))


def test_the_asynchronous_client_does_the_same(signer: SignerProcess) -> None:
    signer.client("web").generate(key="exchange/async")

    async def ask() -> None:
        client = AsyncSignerClient(signer.socket, "gateway-token")
        try:
            public = await client.public_key("exchange/async")
            digests = [hashlib.sha256(bytes([n])).digest() for n in range(40)]
            answers = await asyncio.gather(*(client.sign(key="exchange/async", digests=[digest]) for digest in digests))
            for digest, [signature] in zip(digests, answers, strict=True):
                public.verify(signature, digest, ec.ECDSA(Prehashed(hashes.SHA256())))
            assert (await client.health())["status"] == "ok"
            with pytest.raises(SignerRefused):
                await client.sign(key="pki/root", digests=[DIGEST])
            with pytest.raises(KeyUnknown):
                await client.public_key("exchange/never-made")
        finally:
            await client.close()

    asyncio.run(ask())


def test_several_keys_sign_in_one_question(signer: SignerProcess, run: Run) -> None:
    keys = {name: signer.client("web").generate(key=f"exchange/each-{name}") for name in ("a", "b")}

    async def ask() -> None:
        client = AsyncSignerClient(signer.socket, "gateway-token")
        try:
            a, refused, unknown, b = await client.sign_each(
                [
                    ("exchange/each-a", [DIGEST] * 3),
                    ("pki/root", [DIGEST]),
                    ("exchange/never-made", [DIGEST]),
                    ("exchange/each-b", [DIGEST]),
                ]
            )
            assert isinstance(a, list) and isinstance(b, list) and (len(a), len(b)) == (3, 1)
            keys["a"].verify(a[2], DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))
            keys["b"].verify(b[0], DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))
            assert type(refused) is SignerRefused and type(unknown) is KeyUnknown
        finally:
            await client.close()

    run(ask())


class Impostor:
    """Answers as it is told, whoever asks."""

    def __init__(self, socket: Path, *answers: bytes) -> None:
        self.socket, self.answers, self.connections = socket, list(answers), 0

    async def __aenter__(self) -> Path:
        self.server = await asyncio.start_unix_server(self._serve, self.socket)
        return self.socket

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while self.answers and await reader.readuntil(b"\r\n\r\n"):
            writer.write(self.answers.pop(0))
            await writer.drain()
        writer.close()


OK = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"status":"ok"}'


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\n\r\n{}", b"SSH-2.0\r\nContent-Length: 2\r\n\r\n{}", OK[:-3], OK + b"more", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"x" * 20_000],
    ids=["nothing", "no length", "no http", "cut", "too much", "no number", "endless head"],
)  # fmt: skip
def test_what_is_no_answer_is_no_signer(tmp_path: Path, answer: bytes, run: Run) -> None:
    async def ask() -> None:
        async with Impostor(tmp_path / "s.sock", answer) as socket:
            client = AsyncSignerClient(socket, "t")
            with pytest.raises(SignerUnavailable):
                await client.health()
            await client.close()

    run(ask())


def test_a_connection_is_kept_and_an_answer_in_pieces_is_put_together(tmp_path: Path, run: Run) -> None:
    async def ask() -> None:
        impostor = Impostor(tmp_path / "s.sock", OK, OK, OK)
        async with impostor as socket:
            client = AsyncSignerClient(socket, "t")
            assert [await client.health() for _ in range(3)] == [{"status": "ok"}] * 3
            await client.close()
        assert impostor.connections == 1

    run(ask())


def test_an_answer_that_comes_too_late_meets_no_other_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setattr("toono.pki.signing.TIMEOUT_SECONDS", 0.2)

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.4)
        writer.write(OK.replace(b"ok", b"no"))
        writer.close()

    async def ask() -> None:
        server = await asyncio.start_unix_server(late, tmp_path / "s.sock")
        client = AsyncSignerClient(tmp_path / "s.sock", "t", connections=1)
        with pytest.raises(SignerUnavailable):
            await client.health()
        server.close()
        (tmp_path / "s.sock").unlink(missing_ok=True)
        async with Impostor(tmp_path / "s.sock", OK):
            await asyncio.sleep(0.3)
            assert await client.health() == {"status": "ok"}
        await client.close()

    run(ask())


def test_a_restarted_signer_is_found_again_with_its_keys(tmp_path_factory: pytest.TempPathFactory) -> None:
    own = SignerProcess(tmp_path_factory.mktemp("r"))
    own.start()
    try:
        client = own.client("web")
        public = client.generate(key="seal/restart")
        other = client.generate(key="token/rsa", kind="RSA-3072")
        own.stop()
        with pytest.raises(SignerUnavailable) as away:
            client.sign(key="seal/restart", digests=[DIGEST])
        assert away.value.transient
        own.start()
        [signature] = client.sign(key="seal/restart", digests=[DIGEST])
        public.verify(signature, DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))
        assert client.generate(key="token/rsa", kind="RSA-3072") == other
        [signature] = client.sign(key="token/rsa", digests=[DIGEST])
        other.verify(signature, DIGEST, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    finally:
        own.stop()


def test_a_connection_that_the_restart_cut_is_made_anew_at_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The client still holds a connection to the old process and learns of its death only by using it."""
    own = SignerProcess(tmp_path_factory.mktemp("c"))
    own.start()
    try:
        client = own.client("web")
        client.generate(key="seal/cut")

        async def across() -> None:
            asynchronous = AsyncSignerClient(own.socket, "web-token")
            await asynchronous.sign(key="seal/cut", digests=[DIGEST])
            own.stop()
            own.start()
            assert len(await asynchronous.sign(key="seal/cut", digests=[DIGEST])) == 1
            await asynchronous.close()

        asyncio.run(across())
        assert len(client.sign(key="seal/cut", digests=[DIGEST])) == 1
    finally:
        own.stop()


def test_where_nobody_listens_the_signer_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(SignerUnavailable):
        SignerClient(tmp_path / "nobody.sock", "x").health()

    async def ask() -> None:
        client = AsyncSignerClient(tmp_path / "nobody.sock", "x")
        try:
            with pytest.raises(SignerUnavailable):
                await client.health()
        finally:
            await client.close()

    asyncio.run(ask())


@pytest.mark.parametrize("curve", ["P-256", "P-384"])
def test_the_builders_of_cryptography_take_a_remote_key_for_a_key(signer: SignerProcess, curve: str) -> None:
    label = f"pki/builder-{curve[-3:]}"
    public = signer.client("web").generate(key=label, kind=curve)
    key = RemoteKey(signer.client("web"), label)
    assert (key.public_key(), key.curve.name, key.key_size) == (public, public.curve.name, public.key_size)
    certificate = self_signed(key)
    certificate.verify_directly_issued_by(certificate)
    prehashed = ec.ECDSA(Prehashed(hashes.SHA256()))
    public.verify(key.sign(DIGEST, prehashed), DIGEST, prehashed)


def test_a_remote_key_gives_nothing_away(signer: SignerProcess) -> None:
    signer.client("web").generate(key="seal/secret")
    key = RemoteKey(signer.client("web"), "seal/secret")
    for ask in (lambda: key.private_numbers(), lambda: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())):
        with pytest.raises(NotImplementedError):
            ask()
