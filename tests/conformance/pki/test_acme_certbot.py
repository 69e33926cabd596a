"""certbot (Debian's, of the EFF) gets, renews and revokes a certificate for an agency's server, over HTTP, with a real answer to http-01."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.stage import Stack
from toono.pki.contracts import CertificateState, Profile, RevocationReason
from toono.pki.tests.making import SUBJECT, code
from toono.pki.tests.name_server import NameServer

Certbot = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def certbot(stack: Stack, tmp_path: Path) -> Certbot:
    folders = [part for name in ("config", "work", "logs") for part in (f"--{name}-dir", str(tmp_path / name))]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["certbot", *arguments, *folders, "--server", f"{stack.base_url}/acme/directory", "--non-interactive"]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    return run


@pytest.fixture
def organisation(stack: Stack) -> str:
    """An organisation with a seal and a name for its servers."""
    from toono.kernel.actor import system
    from toono.pki import api

    own = code()
    api.certificate_for(actor=system("tests"), key=f"seal/{own}", profile=Profile.SEAL, subject=SUBJECT)
    api.add_server_domain(actor=system("tests"), organisation=own, name=f"*.{own}.mn")
    return own


def _registered(certbot: Certbot, organisation: str, *more: str) -> subprocess.CompletedProcess[str]:
    from toono.kernel.actor import system
    from toono.pki import api

    key = api.make_acme_key(actor=system("tests"), organisation=organisation)
    return certbot(
        "register", "--agree-tos", "-m", "admin@example.mn", "--no-eff-email", "--eab-kid", key.id, "--eab-hmac-key", key.secret, *more
    )


def _port(stack: Stack) -> str:
    return stack.environment["TOONO_ACME_CHALLENGE_ADDRESS"].rpartition(":")[2]


def _serves(certificate: Path, key: Path, trusted: Path, name: str) -> None:
    """A TLS server with it is believed by a client that knows our root only."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=str(trusted))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [server.wrap_bio(incoming, outgoing, server_side=True), client.wrap_bio(outgoing, incoming, server_hostname=name)]
    finished = [False, False]
    for _ in range(10):
        for end, one in enumerate(ends):
            try:
                one.do_handshake()
                finished[end] = True
            except ssl.SSLWantReadError:
                continue
    assert finished == [True, True]


def test_a_server_gets_renews_and_revokes_its_certificate(stack: Stack, certbot: Certbot, organisation: str, tmp_path: Path) -> None:
    from toono.pki import api

    name, port = f"www.{organisation}.mn", _port(stack)
    assert "Account registered" in _registered(certbot, organisation).stdout
    got = certbot("certonly", "--standalone", "--http-01-port", port, "-d", name, "-d", f"api.{organisation}.mn")
    assert "Successfully received certificate" in got.stdout, got.stderr
    live = tmp_path / "config" / "live" / name
    first = x509.load_pem_x509_certificate((live / "cert.pem").read_bytes())
    (tmp_path / "root.pem").write_text("".join(api.trust_anchors()))
    _serves(live / "fullchain.pem", live / "privkey.pem", tmp_path / "root.pem", name)
    with pytest.raises(ssl.SSLCertVerificationError):
        _serves(live / "fullchain.pem", live / "privkey.pem", tmp_path / "root.pem", f"other.{organisation}.mn")
    checked = [
        "openssl",
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        "-verify_hostname",
        name,
        "-CAfile",
        str(tmp_path / "root.pem"),
    ]
    said = subprocess.run([*checked, "-untrusted", str(live / "chain.pem"), str(live / "cert.pem")], capture_output=True, text=True)
    assert said.stdout.strip().endswith(": OK"), said.stderr

    renewed = certbot("renew", "--force-renewal", "--standalone", "--http-01-port", port, "--no-random-sleep-on-renew")
    assert "all renewals succeeded" in renewed.stdout, renewed.stderr
    second = x509.load_pem_x509_certificate((live / "cert.pem").read_bytes())
    assert second.serial_number != first.serial_number

    revoked = certbot("revoke", "--cert-path", str(live / "cert.pem"), "--reason", "keycompromise", "--no-delete-after-revoke")
    assert "successfully revoked" in revoked.stdout, revoked.stderr
    found = api.certificate(serial=f"{second.serial_number:x}")
    assert (found.state, found.reason) == (CertificateState.REVOKED, RevocationReason.KEY_COMPROMISE)
    assert api.certificate(serial=f"{first.serial_number:x}").state is CertificateState.VALID
    assert certbot("unregister").returncode == 0
    assert certbot("certonly", "--standalone", "--http-01-port", port, "-d", name, "--force-renewal").returncode != 0


def test_an_rsa_account_and_server_work_too(stack: Stack, certbot: Certbot, organisation: str, tmp_path: Path) -> None:
    assert _registered(certbot, organisation, "--key-type", "rsa").returncode == 0
    name = f"rsa.{organisation}.mn"
    got = certbot("certonly", "--standalone", "--http-01-port", _port(stack), "-d", name, "--key-type", "rsa", "--rsa-key-size", "3072")
    assert got.returncode == 0, got.stderr
    leaf = x509.load_pem_x509_certificate((tmp_path / "config" / "live" / name / "cert.pem").read_bytes())
    key = leaf.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 3072


def test_a_server_revokes_its_certificate_by_its_own_longer_key(stack: Stack, certbot: Certbot, organisation: str, tmp_path: Path) -> None:
    """RFC 8555 section 7.6: whoever holds the key may, without the account; certbot signs by ES384 then."""
    from toono.pki import api

    assert _registered(certbot, organisation).returncode == 0
    name, longer = f"long.{organisation}.mn", ("--key-type", "ecdsa", "--elliptic-curve", "secp384r1")
    got = certbot("certonly", "--standalone", "--http-01-port", _port(stack), "-d", name, *longer)
    assert got.returncode == 0, got.stderr
    live = tmp_path / "config" / "live" / name
    leaf = x509.load_pem_x509_certificate((live / "cert.pem").read_bytes())
    ours = ("--cert-path", str(live / "cert.pem"), "--key-path", str(live / "privkey.pem"), "--no-delete-after-revoke")
    revoked = certbot("revoke", *ours)
    assert "successfully revoked" in revoked.stdout, revoked.stderr
    assert api.certificate(serial=f"{leaf.serial_number:x}").state is CertificateState.REVOKED


@pytest.fixture
def names(stack: Stack) -> Iterator[NameServer]:
    """The name server that the platform asks."""
    server = NameServer(port=int(stack.environment["TOONO_ACME_RESOLVER"].rpartition(":")[2]))
    yield server
    server.close()


HOOK = """#!/bin/sh
printf '%s %s\\n' "$CERTBOT_DOMAIN" "$CERTBOT_VALIDATION" >> "$TEXTS"
"""


def test_a_star_is_proven_by_a_text_in_the_zone(
    stack: Stack, certbot: Certbot, organisation: str, tmp_path: Path, names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hook is what an agency's name server has in its place: it writes down the text that certbot wants to be found."""
    from toono.kernel.actor import system
    from toono.pki import api

    name, hook, texts = f"{organisation}.mn", tmp_path / "hook", tmp_path / "texts"
    api.add_server_domain(actor=system("tests"), organisation=organisation, name=name)
    hook.write_text(HOOK)
    hook.chmod(0o755)
    monkeypatch.setenv("TEXTS", str(texts))
    names.source = texts
    assert _registered(certbot, organisation).returncode == 0
    manual = ["certonly", "--manual", "--preferred-challenges", "dns", "--manual-auth-hook", str(hook)]
    got = certbot(*manual, "-d", name, "-d", f"*.{name}", "--cert-name", "star")
    assert "Successfully received certificate" in got.stdout, got.stderr
    live = tmp_path / "config" / "live" / "star"
    (tmp_path / "root.pem").write_text("".join(api.trust_anchors()))
    for served in (name, f"any.{name}"):
        _serves(live / "fullchain.pem", live / "privkey.pem", tmp_path / "root.pem", served)
    with pytest.raises(ssl.SSLCertVerificationError):
        _serves(live / "fullchain.pem", live / "privkey.pem", tmp_path / "root.pem", f"a.b.{name}")
    assert ("tcp", f"_acme-challenge.{name}.", "TXT") in names.asked
    names.source = None
    failed = certbot(*manual, "-d", f"*.x.{name}", "--cert-name", "other")
    assert failed.returncode != 0
    assert "urn:ietf:params:acme:error:unauthorized" in (tmp_path / "logs" / "letsencrypt.log").read_text()
    http = certbot("certonly", "--standalone", "--http-01-port", _port(stack), "-d", f"*.y.{name}", "--cert-name", "third")
    assert http.returncode != 0, "a star is not offered to a server"


def test_a_name_of_others_and_a_server_that_does_not_answer_are_refused(
    stack: Stack, certbot: Certbot, organisation: str, tmp_path: Path
) -> None:
    assert _registered(certbot, organisation).returncode == 0
    log = tmp_path / "logs" / "letsencrypt.log"
    assert certbot("certonly", "--standalone", "--http-01-port", _port(stack), "-d", "www.foreign.mn").returncode != 0
    assert "rejectedIdentifier" in log.read_text()
    empty = tmp_path / "empty"
    empty.mkdir()
    assert certbot("certonly", "--webroot", "-w", str(empty), "-d", f"www.{organisation}.mn").returncode != 0  # nobody serves that folder
    assert "urn:ietf:params:acme:error:connection" in log.read_text()


def test_without_the_organisations_key_there_is_no_account(certbot: Certbot) -> None:
    refused = certbot("register", "--agree-tos", "-m", "admin@example.mn", "--no-eff-email")
    assert refused.returncode != 0
    assert "external" in (refused.stdout + refused.stderr).lower()


def test_two_servers_of_an_organisation_at_once(stack: Stack, organisation: str) -> None:
    """Two accounts register at the same moment with one key: one of them is made."""
    from toono.kernel.actor import system
    from toono.pki import api
    from toono.pki.tests.acme_client import Client, binding, jwk, jws

    key, url = api.make_acme_key(actor=system("tests"), organisation=organisation), f"{stack.base_url}/acme/new-account"
    clients: list[Any] = [Client(), Client()]
    answers: list[int] = []
    begin = threading.Barrier(2)

    def register(client: Client) -> None:
        nonce = stack.http.head(f"{stack.base_url}/acme/new-nonce").headers["replay-nonce"]
        own = jwk(client.key)
        body = jws(client.key, {"nonce": nonce, "url": url, "jwk": own}, {"externalAccountBinding": binding(key.secret, key.id, url, own)})
        begin.wait()
        answers.append(stack.http.post(url, json=body, headers={"Content-Type": "application/jose+json"}).status_code)

    threads = [threading.Thread(target=register, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == [201, 403]


def test_http_says_what_the_protocol_wants_of_it(stack: Stack) -> None:
    base = f"{stack.base_url}/acme"
    directory = stack.http.get(f"{base}/directory").json()
    assert directory["meta"]["externalAccountRequired"] is True
    assert directory["newOrder"] == f"{base}/new-order"
    first, second = stack.http.head(directory["newNonce"]), stack.http.get(directory["newNonce"])
    assert (first.status_code, second.status_code) == (200, 204)
    assert first.headers["replay-nonce"] != second.headers["replay-nonce"]
    assert first.headers["cache-control"] == "no-store"
    wrong, unsigned = stack.http.post(directory["newOrder"], json={}), stack.http.get(directory["newOrder"])
    assert (wrong.status_code, unsigned.status_code, unsigned.headers["allow"]) == (415, 405, "POST")
    for refused in (wrong, unsigned):  # RFC 8555 sections 6.2, 6.3, 6.5
        assert (refused.headers["content-type"], bool(refused.headers["replay-nonce"])) == ("application/problem+json", True)
        assert refused.json()["type"] == "urn:ietf:params:acme:error:malformed"
    bad = stack.http.post(directory["newOrder"], content=b"{}", headers={"Content-Type": "application/jose+json"})
    assert (bad.status_code, bad.headers["content-type"]) == (400, "application/problem+json")
    assert bad.json()["type"] == "urn:ietf:params:acme:error:malformed"
    assert bad.headers["replay-nonce"]
    assert f'<{base}/directory>;rel="index"' in bad.headers["link"]
