"""The invented bank's own page, to which a person is led back when they have answered whether it may read their data."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

SYSTEM = "MN/COM/khasar-bank/loans"
_PAGE = "<!doctype html><html lang=mn><title>Хасар банк</title><main><h1>Хасар банк</h1></main></html>".encode()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(_PAGE)))
        self.end_headers()
        self.wfile.write(_PAGE)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def registered_page() -> Iterator[str]:
    """The page, served, and registered with the bank's system by two administrators; gives its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/back"
        _register((address,))
        try:
            yield address
        finally:
            _register(())
            server.shutdown()


def _register(addresses: tuple[str, ...]) -> None:
    import toono.registry.api as registry
    from toono.kernel.actor import Actor, Role

    one, another = (Actor(role=Role.ADMINISTRATOR, person_id=uuid4()) for _ in range(2))
    system = registry.system(SYSTEM)
    assert system is not None
    draft = registry.draft_system(actor=one, system=system.model_copy(update={"return_urls": addresses}))
    registry.approve_draft(actor=another, draft_id=draft.id)
