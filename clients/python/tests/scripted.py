"""A server that answers as a test says, and remembers what it heard."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], bytes] | None
"""Status, headers, body; None: the connection is closed without an answer."""


@dataclass
class Heard:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Gateway:
    """Gives tokens by itself; calls are answered from ``replies``, the last one again and again."""

    def __init__(self, *, wrap: Callable[[ThreadingHTTPServer], None] | None = None) -> None:
        self.heard: list[Heard] = []
        self.tokens: list[Heard] = []
        self.replies: list[Reply] = [answer()]
        self.token_replies: list[Reply] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                super().handle_one_request()

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                heard = Heard(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                reply = gateway.token(heard) if self.path == "/oauth/token" else gateway.call(heard)
                if reply is None:
                    self.close_connection = True
                    self.connection.close()
                    return
                status, headers, content = reply
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        scheme = "http"
        if wrap is not None:
            wrap(self._server)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def token(self, heard: Heard) -> Reply:
        self.tokens.append(heard)
        if self.token_replies:
            return self.token_replies.pop(0)
        return 200, {}, json.dumps({"access_token": f"token-{len(self.tokens)}", "token_type": "Bearer", "expires_in": 300}).encode()

    def call(self, heard: Heard) -> Reply:
        self.heard.append(heard)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def answer(status: int = 200, body: Any = None, **headers: str) -> Reply:
    """The register's answer."""
    own = {"Toono-Message-Id": "MN-1", "Toono-Receipt": "cmVjZWlwdA==", "Content-Type": "application/json"}
    return status, own | {k.replace("_", "-"): v for k, v in headers.items()}, json.dumps(body or {"done": True}).encode()


def problem(status: int, code: str, *, outcome: str = "not_done", xroad_type: str = "x", **headers: str) -> Reply:
    """A problem document of the exchange."""
    document = {
        "type": "about:blank",
        "title": code,
        "status": status,
        "detail": code,
        "code": code,
        "outcome": outcome,
        "xroad_type": xroad_type,
        "message_id": "MN-2",
    }
    own = {"Content-Type": "application/problem+json", "Toono-Error": code}
    return status, own | {k.replace("_", "-"): v for k, v in headers.items()}, json.dumps(document).encode()
