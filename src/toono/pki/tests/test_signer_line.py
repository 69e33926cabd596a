"""A thread's connection to the signer: what is no answer is no signer, and no answer meets another's question."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from toono.pki.errors import SignerRefused, SignerUnavailable
from toono.pki.signing import SignerClient

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"status":"ok"}'
_REFUSAL = b'{"code":"not_permitted","detail":"no"}'
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s" % (len(_REFUSAL), _REFUSAL)


class Impostor:
    """Answers each question by the next of its answers, in pieces, and cuts the connection where an answer is None or all are given."""

    def __init__(self, place: Path, *answers: bytes | None, delay: float = 0) -> None:
        self.asked: list[bytes] = []
        self.connections = 0
        self._answers, self._delay = list(answers), delay
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(place))
        self._listening.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with line:
                while self._answers and (asked := line.recv(65536)):
                    self.asked.append(asked)
                    answer = self._answers.pop(0)
                    if answer is None:
                        break
                    time.sleep(self._delay)
                    for at in range(0, len(answer), 7):
                        try:
                            line.sendall(answer[at : at + 7])
                        except OSError:
                            break


@contextmanager
def impostor(place: Path, *answers: bytes | None, delay: float = 0) -> Iterator[Impostor]:
    running = Impostor(place, *answers, delay=delay)
    try:
        yield running
    finally:
        running.close()


@pytest.mark.parametrize(
    "answer",
    [None, b"HTTP/1.1 200 OK\r\n\r\n{}", b"SSH-2.0\r\nContent-Length: 2\r\n\r\n{}", OK[:-3], OK + b"more", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"x" * 20_000],
    ids=["nothing", "no length", "no http", "cut", "too much", "no number", "endless head"],
)  # fmt: skip
def test_what_is_no_answer_is_no_signer(tmp_path: Path, answer: bytes | None) -> None:
    with impostor(tmp_path / "s", answer), pytest.raises(SignerUnavailable):
        SignerClient(tmp_path / "s", "t").health()


def test_a_line_is_kept_and_an_answer_in_pieces_is_put_together(tmp_path: Path) -> None:
    with impostor(tmp_path / "s", OK, REFUSED, OK) as signer:
        client = SignerClient(tmp_path / "s", "t")
        assert client.health() == {"status": "ok"}
        with pytest.raises(SignerRefused) as refused:
            client.sign(key="token", digests=[hashlib.sha256(b"").digest()])
        assert refused.value.data["reason"] == "not_permitted"
        assert client.health() == {"status": "ok"}
        assert signer.connections == 1


def test_a_kept_line_that_was_cut_is_made_anew_and_the_question_asked_again(tmp_path: Path) -> None:
    with impostor(tmp_path / "s", OK, None, OK) as signer:
        client = SignerClient(tmp_path / "s", "t")
        assert [client.health(), client.health()] == [{"status": "ok"}] * 2
        assert (signer.connections, len(signer.asked)) == (2, 3)


def test_an_answer_that_comes_too_late_meets_no_other_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toono.pki.signing.TIMEOUT_SECONDS", 0.1)
    with impostor(tmp_path / "late", OK.replace(b"ok", b"no"), delay=0.3):
        client = SignerClient(tmp_path / "late", "t")
        with pytest.raises(SignerUnavailable):
            client.health()
    (tmp_path / "late").unlink()
    with impostor(tmp_path / "late", OK) as signer:
        assert client.health() == {"status": "ok"}
        assert signer.connections == 1


def test_a_label_is_no_way_to_ask_for_something_else(tmp_path: Path) -> None:
    with impostor(tmp_path / "s", REFUSED) as signer:
        with pytest.raises(SignerRefused):
            SignerClient(tmp_path / "s", "t").public_key("x HTTP/1.1\r\nHost: y\r\n\r\nPOST /sign")
        [asked] = signer.asked
    assert asked.startswith(b"GET /keys/x%20HTTP/1.1%0D%0A") and asked.count(b"\r\n\r\n") == 1
