"""What the platform posts to addresses of clients goes to the public network only: notices of sign-outs, and pings."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from toono.kernel.public_network import NotPublic, Unreachable

PRIVATE = (
    "https://127.0.0.1:{port}/", "http://127.0.0.1:{port}/", "https://[::1]:{port}/", "https://10.0.0.1/", "https://192.168.1.1/", "https://169.254.169.254/latest/",
    "https://[::ffff:127.0.0.1]/", "https://localhost:{port}/", "https://2130706433:{port}/", "https://u@example.mn/", "file:///etc/passwd",
)  # fmt: skip


class Neighbour:
    """A server of our own network that nobody from outside should be able to have asked."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, bytes]] = []
        self.status, self.body, self.location = 200, b"", ""
        neighbour = self

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                neighbour.posted.append((self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(neighbour.status)
                if neighbour.location:
                    self.send_header("Location", neighbour.location)
                self.end_headers()
                self.wfile.write(neighbour.body)

            def log_message(self, *arguments: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    found = Neighbour()
    yield found
    found.server.shutdown()


@pytest.fixture
def room(stack: Any) -> Any:
    """The modules of the room, once the stage has told Django which database to use."""
    names = ("approvals", "client_addresses", "logouts", "secrets")
    found = {name: importlib.import_module(f"toono.identity.operations.{name}") for name in names}
    return SimpleNamespace(models=importlib.import_module("toono.identity.models"), **found)


@pytest.fixture
def in_production(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.client_addresses, "settings", lambda: SimpleNamespace(production=True))


@pytest.fixture
def signed(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The portal's part, without the portal."""
    monkeypatch.setattr(room.logouts.httpx, "post", lambda *_, **__: SimpleNamespace(status_code=200, text="signed.notice.x"))


def waiting_ping(room: Any, endpoint: str) -> Any:
    """A request of a client that wants to be pinged at this endpoint."""
    from toono.kernel.clock import now

    client_id, moment = f"rp-{uuid4().hex[:12]}", now()
    room.models.Client.objects.create(
        client_id=client_id, name_mn="Банк", name_en="Bank", registered_at=moment,
        metadata={"backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": endpoint},
    )  # fmt: skip
    sealed = room.secrets.sealed
    return room.models.Approval.objects.create(
        digest=uuid4().hex * 2, kind="ciba", client_id=client_id, scope="openid", notification_token=sealed("notification", "t" * 20),
        auth_req_id=sealed("auth_req_id", "a-r-i"), authorization_details=[], interval_seconds=5, state="approved", created_at=moment,
        expires_at=moment + timedelta(minutes=1),
    ).id  # fmt: skip


@pytest.mark.parametrize("uri", PRIVATE)
def test_a_notice_of_a_sign_out_never_goes_into_our_own_network(
    room: Any, signed: None, in_production: None, neighbour: Neighbour, uri: str
) -> None:
    status, told = room.logouts._tell(uuid4(), uri.format(port=neighbour.server.server_port))
    assert (status, neighbour.posted) == (0, []) and told in ("NotPublic", "NameUnknown", "Unreachable")


def test_without_that_rule_it_would(room: Any, signed: None, neighbour: Neighbour) -> None:
    """The mutant: in development this machine stands for the world."""
    assert room.logouts._tell(uuid4(), neighbour.base + "/logout") == (200, "200")
    assert neighbour.posted == [("application/x-www-form-urlencoded", b"logout_token=signed.notice.x")]


def test_a_notice_follows_no_redirect_and_waits_for_no_endless_answer(room: Any, signed: None, neighbour: Neighbour) -> None:
    neighbour.status, neighbour.location = 307, neighbour.base + "/else"
    assert room.logouts._tell(uuid4(), neighbour.base + "/logout") == (307, "307") and len(neighbour.posted) == 1
    neighbour.status, neighbour.location, neighbour.body = 200, "", b"x" * (room.client_addresses.LONGEST_BYTES + 1)
    assert room.logouts._tell(uuid4(), neighbour.base + "/logout") == (0, "AnswerTooLong")


@pytest.mark.parametrize("uri", PRIVATE)
def test_a_ping_never_goes_into_our_own_network(room: Any, in_production: None, neighbour: Neighbour, uri: str) -> None:
    with pytest.raises(Unreachable):
        room.approvals.ping(waiting_ping(room, uri.format(port=neighbour.server.server_port)))
    assert neighbour.posted == []


def test_a_ping_tells_the_request_and_is_tried_again_only_where_that_helps(room: Any, neighbour: Neighbour) -> None:
    waiting = waiting_ping(room, neighbour.base + "/ping")
    for status in (200, 204, 302, 401, 403):
        neighbour.status, neighbour.location = status, neighbour.base + "/else" if status == 302 else ""
        room.approvals.ping(waiting)
    assert neighbour.posted == [("application/json", b'{"auth_req_id": "a-r-i"}')] * 5
    neighbour.status = 503
    with pytest.raises(room.approvals.PingNotTaken):
        room.approvals.ping(waiting)
    tasks = importlib.import_module("toono.identity.tasks")
    again = tasks.ping_client.retry_strategy.retry_exceptions
    assert set(again) == {room.approvals.PingNotTaken, Unreachable} and issubclass(NotPublic, Unreachable)
