"""OpenSSL asks the running platform: chain, revocation list, status, time-stamps."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from toono.kernel.actor import Actor
from toono.pki.contracts import CertificateInfo, Profile, RevocationReason
from toono.pki.tests.making import SUBJECT, code

THEFT = RevocationReason.KEY_COMPROMISE


@pytest.fixture
def made(stack: Any) -> CertificateInfo:
    from toono.kernel.actor import system
    from toono.pki import api

    return api.certificate_for(actor=system("tests"), key=f"seal/{code()}", profile=Profile.SEAL, subject=SUBJECT)


@pytest.fixture
def files(stack: Any, made: CertificateInfo, tmp_path: Path) -> Path:
    """``leaf.pem``, and the authorities as any stranger gets them from the addresses in the certificate."""
    (tmp_path / "leaf.pem").write_text(made.pem)
    for name in ("root", "issuing"):
        der = stack.http.get(f"{stack.base_url}/pki/certificates/{name}.cer").raise_for_status().content
        (tmp_path / f"{name}.pem").write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    return tmp_path


Openssl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def openssl(files: Path) -> Openssl:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["openssl", *arguments], cwd=files, capture_output=True, text=True, timeout=30)

    return run


def test_the_chain_verifies_strictly(openssl: Openssl) -> None:
    answer = openssl("verify", "-x509_strict", "-policy_check", "-CAfile", "root.pem", "-untrusted", "issuing.pem", "leaf.pem")
    assert answer.stdout.strip() == "leaf.pem: OK", answer.stderr


def test_a_stranger_is_not_in_the_chain(openssl: Openssl, files: Path) -> None:
    from toono.pki.tests.making import authority, leaf

    (files / "stranger.pem").write_bytes(leaf(Profile.SEAL, authority()[1])[0].public_bytes(Encoding.PEM))
    assert openssl("verify", "-CAfile", "root.pem", "-untrusted", "issuing.pem", "stranger.pem").returncode != 0


def _status(openssl: Openssl, stack: Any, *which: str) -> str:
    address = f"{stack.base_url}/pki/ocsp"
    answer = openssl("ocsp", "-issuer", "issuing.pem", *which, "-url", address, "-CAfile", "root.pem", "-verify_other", "issuing.pem")
    assert "Response verify OK" in answer.stderr, answer.stderr
    assert "WARNING: no nonce" not in answer.stderr
    return answer.stdout


def test_status_is_good_then_revoked_and_unknown_for_a_number_never_given(
    openssl: Openssl, stack: Any, made: CertificateInfo, anu: Actor
) -> None:
    from toono.pki import api

    assert "leaf.pem: good" in _status(openssl, stack, "-cert", "leaf.pem")
    api.revoke_certificate(actor=anu, serial=made.serial, reason=THEFT)
    revoked = _status(openssl, stack, "-cert", "leaf.pem")
    assert "leaf.pem: revoked" in revoked
    assert "Reason: keyCompromise" in revoked
    assert "0xbeef: unknown" in _status(openssl, stack, "-serial", "0xbeef")


def _request(files: Path, nonce: bytes | None = None) -> bytes:
    certificate, issuing = (x509.load_pem_x509_certificate((files / f"{name}.pem").read_bytes()) for name in ("leaf", "issuing"))
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuing, hashes.SHA1())
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def test_status_is_given_by_get_too(stack: Any, files: Path) -> None:
    for encoded in (quote(b64encode(_request(files)).decode(), safe=""), b64encode(_request(files)).decode()):
        answer = stack.http.get(f"{stack.base_url}/pki/ocsp/{encoded}")
        assert answer.headers["content-type"] == "application/ocsp-response"
        assert ocsp.load_der_ocsp_response(answer.content).certificate_status is ocsp.OCSPCertStatus.GOOD
        head = stack.http.head(f"{stack.base_url}/pki/ocsp/{encoded}")
        assert (head.status_code, head.content) == (200, b"") and head.headers["content-type"] == "application/ocsp-response"
        assert head.headers["content-length"] == str(len(answer.content))


def test_the_nonce_comes_back(stack: Any, files: Path) -> None:
    answer = stack.http.post(f"{stack.base_url}/pki/ocsp", content=_request(files, b"n" * 16))
    assert ocsp.load_der_ocsp_response(answer.content).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 16


@pytest.mark.parametrize("body", [b"", b"junk", b"\x30" * 5000, b"\x00" * 1_000_000])
def test_a_malformed_request_is_answered_as_the_protocol_says(stack: Any, body: bytes) -> None:
    answer = stack.http.post(f"{stack.base_url}/pki/ocsp", content=body)
    assert answer.status_code == 200
    assert ocsp.load_der_ocsp_response(answer.content).response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_a_malformed_get_is_answered_the_same_way(stack: Any) -> None:
    answer = stack.http.get(f"{stack.base_url}/pki/ocsp/%21%21%21")
    assert ocsp.load_der_ocsp_response(answer.content).response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_the_revocation_list_verifies_and_a_revoked_certificate_fails_by_it(
    openssl: Openssl, stack: Any, files: Path, made: CertificateInfo, anu: Actor
) -> None:
    from toono.pki import api

    def fetch(name: str) -> bytes:
        content: bytes = stack.http.get(f"{stack.base_url}/pki/crl/{name}.crl").raise_for_status().content
        (files / f"{name}.crl").write_bytes(content)
        openssl("crl", "-inform", "DER", "-in", f"{name}.crl", "-out", f"{name}.crl.pem")
        return content

    fetch("root")
    fetch("issuing")
    assert "verify OK" in openssl("crl", "-inform", "DER", "-in", "issuing.crl", "-noout", "-CAfile", "issuing.pem").stderr
    check = [
        "verify",
        "-crl_check_all",
        "-CAfile",
        "root.pem",
        "-untrusted",
        "issuing.pem",
        "-CRLfile",
        "root.crl.pem",
        "-CRLfile",
        "issuing.crl.pem",
        "leaf.pem",
    ]
    assert openssl(*check).stdout.strip() == "leaf.pem: OK"
    api.revoke_certificate(actor=anu, serial=made.serial, reason=THEFT)
    serial = int(made.serial, 16)
    stack.wait(lambda: x509.load_der_x509_crl(fetch("issuing")).get_revoked_certificate_by_serial_number(serial))
    refused = openssl(*check)
    assert refused.returncode != 0
    assert "certificate revoked" in refused.stderr


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_time_stamp_verifies_for_its_file_and_for_no_other(openssl: Openssl, stack: Any, files: Path, algorithm: str) -> None:
    (files / "text").write_text("Баримт")
    (files / "other").write_text("Өөр баримт")
    assert openssl("ts", "-query", "-data", "text", f"-{algorithm}", "-cert", "-out", "q.tsq").returncode == 0
    (files / "r.tsr").write_bytes(_stamp(stack, (files / "q.tsq").read_bytes()))
    check = ["ts", "-verify", "-in", "r.tsr", "-CAfile", "root.pem", "-untrusted", "issuing.pem"]
    assert "Verification: OK" in openssl(*check, "-data", "text").stdout
    assert "Verification: OK" in openssl(*check, "-queryfile", "q.tsq").stdout
    assert "Verification: FAILED" in openssl(*check, "-data", "other").stdout


def _stamp(stack: Any, request: bytes) -> bytes:
    headers = {"Content-Type": "application/timestamp-query"}
    answer = stack.http.post(f"{stack.base_url}/pki/tsa", content=request, headers=headers)
    assert answer.headers["content-type"] == "application/timestamp-reply"
    content: bytes = answer.content
    return content


def test_a_refused_time_stamp_says_why_in_words_that_openssl_reads(openssl: Openssl, stack: Any, files: Path) -> None:
    (files / "text").write_text("Баримт")
    openssl("ts", "-query", "-data", "text", "-sha1", "-out", "q.tsq")
    (files / "r.tsr").write_bytes(_stamp(stack, (files / "q.tsq").read_bytes()))
    said = openssl("ts", "-reply", "-in", "r.tsr", "-text").stdout
    assert "Status: Rejected." in said
    assert "Failure info: unrecognized or unsupported algorithm identifier" in said


def test_another_media_type_is_told_what_to_send(stack: Any) -> None:
    assert stack.http.post(f"{stack.base_url}/pki/tsa", content=b"x", headers={"Content-Type": "text/plain"}).status_code == 415


def test_an_authority_that_does_not_exist_has_no_files(stack: Any) -> None:
    for path in ("crl/other.crl", "certificates/other.cer", "certificates/ocsp.cer"):
        assert stack.http.get(f"{stack.base_url}/pki/{path}").status_code == 404
