"""Providers behind TLS: a real nginx shows a certificate of the provider's own authority and asks for the gateway's."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conformance.test_exchange_xroad_clients import Certificate, certificate
from tests.nginx import nginx
from tests.stage import free_ports
from toono.exchange.tests.lab import PERSONS, Lab, RunningGateway

pytest_plugins = ["toono.exchange.tests.stage"]

PERSON = "/persons/200000000007"
_SERVER = """
  log_format who '$ssl_client_fingerprint $ssl_protocol $connection';
  server {{
    access_log {folder}/who.log who;
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {server}.pem; ssl_certificate_key {server}.key; ssl_protocols TLSv1.2 TLSv1.3;
    ssl_verify_client optional_no_ca; ssl_verify_depth 0;
    if ($ssl_client_fingerprint = "") {{ return 403; }}
    location / {{ proxy_pass http://127.0.0.1:{provider}; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
"""


@dataclass
class Secured:
    """The laboratory's provider behind nginx."""

    url: str
    folder: Path
    server: Certificate
    own: Certificate

    def seen(self) -> list[list[str]]:
        """Fingerprint (SHA-1) of the client's certificate, protocol and number of the connection of each request."""
        return [line.split(" ") for line in (self.folder / "who.log").read_text().splitlines()]


@pytest.fixture(scope="module")
def secured(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    folder.chmod(0o755)
    server, own = certificate(folder, "server"), certificate(folder, "gateway")
    (lab.home / "exchange" / "tls").mkdir(exist_ok=True)
    (lab.home / "exchange" / "tls" / "certificate.pem").write_bytes(own.pem.read_bytes())
    (lab.home / "exchange" / "tls" / "key.pem").write_bytes(own.key.read_bytes())
    [port] = free_ports(1)
    said = _SERVER.format(folder=folder, port=port, server=folder / "server", provider=lab.provider.port)
    url = f"https://localhost:{port}"
    with nginx(folder, said, answers=url):
        yield Secured(url, folder, server, own)
    lab.publish()


def ask(lab: Lab, gateway: RunningGateway, **changes: Any) -> httpx.Response:
    """A call to the service with these changes to its entry."""
    services = tuple(s.model_copy(update=changes) if s.id == PERSONS else s for s in lab.configuration().services)
    version = lab.publish(services=services)
    gateway.wait_until(lambda: gateway.ready()["configuration"]["version"] == version)
    return gateway.call(lab.desk, PERSONS, PERSON)


def refusal(got: httpx.Response) -> tuple[str, str]:
    return got.headers["x-road-error"], got.json()["detail"].partition(":")[0]


def test_both_sides_know_each_other_and_keep_their_connection(lab: Lab, gateway: RunningGateway, secured: Secured) -> None:
    pem = secured.server.pem.read_text()
    assert ask(lab, gateway, base_url=secured.url, authority_pem=pem, mutual_tls=True).status_code == 200
    for _ in range(5):
        assert gateway.call(lab.desk, PERSONS, PERSON).status_code == 200
    seen = secured.seen()[-6:]
    shown = subprocess.run(
        ["openssl", "x509", "-in", secured.own.pem, "-noout", "-fingerprint", "-sha1"], capture_output=True, text=True, check=True
    )
    expected = shown.stdout.strip().rpartition("=")[2].replace(":", "").lower()
    assert {entry[0] for entry in seen} == {expected}
    assert {entry[1] for entry in seen} == {"TLSv1.3"}
    assert len({entry[2] for entry in seen}) == 1


def test_a_provider_of_another_authority_hears_nothing(lab: Lab, gateway: RunningGateway, secured: Secured) -> None:
    before = len(secured.seen())
    strange = secured.own.pem.read_text()
    assert refusal(ask(lab, gateway, base_url=secured.url, authority_pem=strange)) == (
        "server.serverproxy.service_failed.network_error",
        "tls_untrusted",
    )
    assert refusal(ask(lab, gateway, base_url=secured.url))[1] == "tls_untrusted"
    other_name = secured.url.replace("localhost", "127.0.0.1")
    assert refusal(ask(lab, gateway, base_url=other_name, authority_pem=secured.server.pem.read_text()))[1] == "tls_hostname"
    assert len(secured.seen()) == before


def test_without_its_certificate_the_gateway_is_a_stranger_to_the_provider(lab: Lab, gateway: RunningGateway, secured: Secured) -> None:
    got = ask(lab, gateway, base_url=secured.url, authority_pem=secured.server.pem.read_text(), mutual_tls=False)
    assert got.status_code == 403  # nginx's own answer, passed on as the provider's
    assert secured.seen()[-1][0] == "-"
