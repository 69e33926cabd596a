"""OpenSSL and pyHanko's certvalidator ask the running platform for the status of certificates of every authority; curl sends what is too large."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.stage import Stack
from toono.kernel.actor import Actor
from toono.pki.contracts import CertificateInfo, Profile, RevocationReason
from toono.pki.tests.making import SUBJECT, authority, code, leaf

THEFT = RevocationReason.KEY_COMPROMISE


@pytest.fixture
def made(stack: Stack) -> CertificateInfo:
    from toono.kernel.actor import system
    from toono.pki import api

    return api.certificate_for(actor=system("tests"), key=f"seal/{code()}", profile=Profile.SEAL, subject=SUBJECT)


@pytest.fixture
def files(stack: Stack, made: CertificateInfo, tmp_path: Path) -> Path:
    """``leaf.pem`` and every authority."""
    (tmp_path / "leaf.pem").write_text(made.pem)
    for name in ("root", "issuing", "issuing-persons", "issuing-servers"):
        der = stack.http.get(f"{stack.base_url}/pki/certificates/{name}.cer").raise_for_status().content
        (tmp_path / f"{name}.pem").write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    return tmp_path


def _openssl(files: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *arguments], cwd=files, capture_output=True, text=True, timeout=30)


def _request(certificate: str, issuer: str, *, nonce: bytes | None = None, algorithm: hashes.HashAlgorithm | None = None) -> bytes:
    one, above = (x509.load_pem_x509_certificate(pem.encode()) for pem in (certificate, issuer))
    builder = ocsp.OCSPRequestBuilder().add_certificate(one, above, algorithm or hashes.SHA1())
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def _get(stack: Stack, request: bytes, **headers: str) -> Any:
    return stack.http.get(f"{stack.base_url}/pki/ocsp/{quote(b64encode(request).decode(), safe='')}", headers=headers)


def _post(stack: Stack, request: bytes) -> ocsp.OCSPResponse:
    answer = stack.http.post(f"{stack.base_url}/pki/ocsp", content=request, headers={"Content-Type": "application/ocsp-request"})
    assert answer.headers["cache-control"] == "no-store"
    return ocsp.load_der_ocsp_response(answer.content)


@pytest.mark.parametrize("name", ["issuing", "issuing-persons", "issuing-servers"])
def test_the_root_speaks_by_a_delegate_about_each_authority(stack: Stack, files: Path, name: str) -> None:
    said = _openssl(
        files,
        "ocsp",
        "-issuer",
        "root.pem",
        "-cert",
        f"{name}.pem",
        "-url",
        f"{stack.base_url}/pki/ocsp",
        "-CAfile",
        "root.pem",
        "-resp_text",
    )
    assert "Response verify OK" in said.stderr, said.stderr
    assert f"{name}.pem: good" in said.stdout
    assert "OCSP No Check" in said.stdout
    assert "Toono OCSP Responder" in said.stdout


@pytest.mark.parametrize("name", ["issuing", "issuing-persons", "issuing-servers"])
def test_each_authority_speaks_by_its_own_delegate(stack: Stack, files: Path, name: str) -> None:
    said = _openssl(
        files, "ocsp", "-issuer", f"{name}.pem", "-serial", "0xbeef", "-url", f"{stack.base_url}/pki/ocsp",
        "-CAfile", "root.pem", "-verify_other", f"{name}.pem",
    )  # fmt: skip
    assert "Response verify OK" in said.stderr, said.stderr
    assert "0xbeef: unknown" in said.stdout


def test_several_certificates_in_one_request(stack: Stack, files: Path, made: CertificateInfo) -> None:
    said = _openssl(
        files, "ocsp", "-issuer", "issuing.pem", "-cert", "leaf.pem", "-serial", "0xbeef", "-url", f"{stack.base_url}/pki/ocsp",
        "-CAfile", "root.pem", "-verify_other", "issuing.pem",
    )  # fmt: skip
    assert "Response verify OK" in said.stderr, said.stderr
    assert "leaf.pem: good" in said.stdout
    assert "0xbeef: unknown" in said.stdout


def test_two_authorities_in_one_request_are_nobodys_to_answer(stack: Stack, files: Path) -> None:
    said = _openssl(
        files, "ocsp", "-issuer", "issuing.pem", "-cert", "leaf.pem", "-issuer", "root.pem", "-cert", "issuing.pem",
        "-url", f"{stack.base_url}/pki/ocsp", "-CAfile", "root.pem",
    )  # fmt: skip
    assert "unauthorized" in said.stdout + said.stderr


def test_strangers_are_not_answered(stack: Stack) -> None:
    issuing = authority()[1]
    assert issuing.certificate
    stranger = leaf(Profile.SEAL, issuing)[0]
    request = _request(*(one.public_bytes(Encoding.PEM).decode() for one in (stranger, issuing.certificate)))
    assert _post(stack, request).response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


def test_an_answer_by_get_may_be_kept_by_others_for_a_while(stack: Stack, made: CertificateInfo) -> None:
    """RFC 5019 section 6.2."""
    request = _request(made.pem, made.chain_pem[0])
    answer = _get(stack, request)
    said = ocsp.load_der_ocsp_response(answer.content)
    next_update = said.next_update_utc
    assert next_update
    assert parsedate_to_datetime(answer.headers["last-modified"]) == said.this_update_utc
    assert parsedate_to_datetime(answer.headers["date"]) < parsedate_to_datetime(answer.headers["expires"]) <= next_update
    assert {"max-age=60", "public", "no-transform", "must-revalidate"} <= set(answer.headers["cache-control"].split(", "))
    assert _get(stack, request, **{"If-None-Match": '"other"'}).status_code == 200
    copies = [_get(stack, request, **{"If-None-Match": answer.headers["etag"]}) for _ in range(20)]
    assert 304 in {copy.status_code for copy in copies}  # the process that made it; the other has its own
    assert all(copy.content == b"" for copy in copies if copy.status_code == 304)


@pytest.mark.parametrize("what", ["nonce", "unknown", "malformed"])
def test_what_concerns_one_asker_is_kept_by_nobody(stack: Stack, made: CertificateInfo, what: str) -> None:
    request = _request(made.pem, made.chain_pem[0], nonce=b"n" * 16 if what == "nonce" else None)
    if what == "unknown":
        serial = int(made.serial, 16).to_bytes(20, "big").lstrip(b"\x00")
        request = request.replace(serial, bytes([serial[0]]) + bytes(len(serial) - 2) + b"\x01")
    answer = _get(stack, b"junk" if what == "malformed" else request)
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_every_hash_is_answered_with_itself(stack: Stack, made: CertificateInfo, algorithm: hashes.HashAlgorithm) -> None:
    answer = _post(stack, _request(made.pem, made.chain_pem[0], algorithm=algorithm))
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert answer.hash_algorithm.name == algorithm.name


def _revoked_within(stack: Stack, request: bytes, seconds: float) -> bool:
    """Whether, after so long, no process says good any more; asked often enough to meet each."""
    time.sleep(seconds)
    return {_post(stack, request).certificate_status for _ in range(60)} == {ocsp.OCSPCertStatus.REVOKED}


def test_a_revocation_is_seen_by_every_process_within_a_second(stack: Stack, made: CertificateInfo, anu: Actor) -> None:
    from toono.pki import api

    request = _request(made.pem, made.chain_pem[0])
    assert {_post(stack, request).certificate_status for _ in range(60)} == {ocsp.OCSPCertStatus.GOOD}
    api.revoke_certificate(actor=anu, serial=made.serial, reason=THEFT)
    assert _revoked_within(stack, request, 1)


def test_so_it_is_while_nobody_hears_of_changes(stack: Stack, made: CertificateInfo, anu: Actor) -> None:
    """The connections that listen are cut again and again, as by a network that fails; answers come from the database then."""
    from toono.pki import api

    request, over = _request(made.pem, made.chain_pem[0]), threading.Event()

    def cut() -> None:
        with psycopg.connect(stack.settings.database_dsn, autocommit=True) as connection:
            while not over.wait(0.05):
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'toono-pki-status'")

    thread = threading.Thread(target=cut)
    thread.start()
    try:
        assert {_post(stack, request).certificate_status for _ in range(60)} == {ocsp.OCSPCertStatus.GOOD}
        api.revoke_certificate(actor=anu, serial=made.serial, reason=THEFT)
        assert _revoked_within(stack, request, 1)
    finally:
        over.set()
        thread.join()


def test_a_kept_answer_would_stay_if_changes_were_not_told(stack: Stack, made: CertificateInfo) -> None:
    """The mutant: the trigger is passed over, and the processes go on with what they keep."""
    request = _request(made.pem, made.chain_pem[0])
    assert {_post(stack, request).certificate_status for _ in range(60)} == {ocsp.OCSPCertStatus.GOOD}
    with psycopg.connect(stack.settings.database_dsn, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute("UPDATE pki_certificate SET revoked_at = now(), reason = 'superseded' WHERE serial = %s", [made.serial])
        try:
            assert ocsp.OCSPCertStatus.GOOD in {_post(stack, request).certificate_status for _ in range(60)}
        finally:
            connection.execute("UPDATE pki_certificate SET reason = 'key_compromise' WHERE serial = %s", [made.serial])
    assert _revoked_within(stack, request, 1)


@pytest.mark.parametrize("how", ["length", "chunked"])
def test_ten_megabytes_are_refused_without_being_read(stack: Stack, tmp_path: Path, how: str) -> None:
    curl = shutil.which("curl")
    assert curl is not None
    (tmp_path / "big").write_bytes(bytes(10 * 1024 * 1024))
    more = ["-H", "Transfer-Encoding: chunked"] if how == "chunked" else []
    command = [curl, "-s", "-o", "answer", "-w", "%{http_code} %{size_upload}", "--data-binary", "@big", "-H", "Expect:", *more]
    said = subprocess.run([*command, f"{stack.base_url}/pki/ocsp"], cwd=tmp_path, capture_output=True, text=True, timeout=30).stdout
    status, sent = said.split()
    assert status == "200"
    assert int(sent) < 10 * 1024 * 1024  # the server had answered before all was sent
    answer = ocsp.load_der_ocsp_response((tmp_path / "answer").read_bytes())
    assert answer.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


@pytest.mark.parametrize(("method", "path"), [("PUT", ""), ("GET", ""), ("POST", "/AAAA"), ("DELETE", "/AAAA")])
def test_other_ways_of_asking_are_refused_by_http(stack: Stack, method: str, path: str) -> None:
    assert stack.http.request(method, f"{stack.base_url}/pki/ocsp{path}").status_code == 405


@pytest.mark.parametrize("path", ["crl/issuing.crl", "crl/issuing-delta.crl", "certificates/issuing.cer"])
def test_who_asks_for_the_head_of_what_can_be_fetched_gets_it(stack: Stack, path: str) -> None:
    """RFC 9110 section 9.1: whoever answers GET answers HEAD."""
    url = f"{stack.base_url}/pki/{path}"
    whole, head = stack.http.get(url), stack.http.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]


def test_addresses_that_only_begin_alike_are_not_taken(stack: Stack) -> None:
    assert stack.http.get(f"{stack.base_url}/pki/ocsp-of-others").status_code == 404


def test_certvalidator_believes_the_answers(stack: Stack, made: CertificateInfo, anu: Actor) -> None:
    """pyHanko's validator, with revocation required: good by our answer, and refused after the revocation."""
    import asyncio

    from asn1crypto import ocsp as asn1_ocsp
    from asn1crypto import pem as asn1_pem
    from asn1crypto import x509 as asn1_x509
    from pyhanko_certvalidator import CertificateValidator, ValidationContext
    from pyhanko_certvalidator.errors import PathValidationError, RevokedError

    from toono.pki import api

    def seen(pem: str) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(asn1_pem.unarmor(pem.encode())[2])

    def validate() -> None:
        pairs = [(made.pem, made.chain_pem[0]), (made.chain_pem[0], made.chain_pem[1])]
        answers = [stack.http.post(f"{stack.base_url}/pki/ocsp", content=_request(*pair)).content for pair in pairs]
        context = ValidationContext(
            trust_roots=[seen(made.chain_pem[1])],
            other_certs=[seen(made.chain_pem[0])],
            ocsps=[asn1_ocsp.OCSPResponse.load(answer) for answer in answers],
            revocation_mode="require",
            moment=datetime.now(UTC),
        )
        validator = CertificateValidator(seen(made.pem), validation_context=context)
        with ThreadPoolExecutor(1) as apart:  # the browser of other tests has a loop of its own in this thread
            apart.submit(lambda: asyncio.run(validator.async_validate_usage({"digital_signature"}))).result()

    validate()
    api.revoke_certificate(actor=anu, serial=made.serial, reason=THEFT)
    time.sleep(1)
    with pytest.raises((RevokedError, PathValidationError)) as refused:
        validate()
    assert "revoked" in str(refused.value)


Openssl = Callable[..., str]


@pytest.fixture
def listed(stack: Stack, files: Path) -> Callable[[], tuple[x509.CertificateRevocationList, x509.CertificateRevocationList]]:
    """Fetches the complete list and the list of changes of the organisations' authority, into files too."""

    def fetch() -> tuple[x509.CertificateRevocationList, x509.CertificateRevocationList]:
        found = []
        for name in ("issuing", "issuing-delta"):
            der = stack.http.get(f"{stack.base_url}/pki/crl/{name}.crl").raise_for_status().content
            found.append(x509.load_der_x509_crl(der))
            (files / f"{name}.crl").write_bytes(found[-1].public_bytes(Encoding.PEM))
        return found[0], found[1]

    return fetch


def _number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _publish() -> Any:
    from toono.pki import queries
    from toono.pki.operations.publish_revocation_list import publish_revocation_list

    return publish_revocation_list(authority=queries.authority(Profile.ISSUING))


def test_a_list_of_changes_tells_what_the_complete_list_would(
    stack: Stack, files: Path, made: CertificateInfo, anu: Actor, listed: Any
) -> None:
    from toono.pki import api

    _publish()
    base, _ = listed()
    (files / "base.crl").write_bytes(base.public_bytes(Encoding.PEM))
    freshest = base.extensions.get_extension_for_class(x509.FreshestCRL).value
    assert freshest[0].full_name and freshest[0].full_name[0].value == f"{stack.base_url}/pki/crl/issuing-delta.crl"

    api.revoke_certificate(actor=anu, serial=made.serial, reason=THEFT)
    _publish()
    complete, delta = listed()
    indicator = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert indicator.critical
    assert indicator.value.crl_number <= _number(base) < _number(delta) == _number(complete)
    assert delta.get_revoked_certificate_by_serial_number(int(made.serial, 16)) is not None

    check = ["verify", "-crl_check", "-CAfile", "root.pem", "-untrusted", "issuing.pem", "-CRLfile", "base.crl"]
    assert _openssl(files, *check, "leaf.pem").stdout.strip() == "leaf.pem: OK"  # by the old list alone
    told = _openssl(files, *check, "-CRLfile", "issuing-delta.crl", "-use_deltas", "-extended_crl", "leaf.pem")
    assert "certificate revoked" in told.stderr


def test_a_revived_certificate_leaves_by_the_list_of_changes(made: CertificateInfo, anu: Actor, listed: Any, files: Path) -> None:
    from toono.pki import api

    serial = int(made.serial, 16)
    api.suspend_certificate(actor=anu, serial=made.serial)
    _publish()
    held, _ = listed()
    line = held.get_revoked_certificate_by_serial_number(serial)
    assert line is not None
    assert line.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.certificate_hold
    (files / "base.crl").write_bytes(held.public_bytes(Encoding.PEM))

    api.revive_certificate(actor=anu, serial=made.serial)
    _publish()
    complete, delta = listed()
    assert complete.get_revoked_certificate_by_serial_number(serial) is None
    # Some list in time may know of the suspension, so the list of changes takes it back, whatever its base knows.
    line = delta.get_revoked_certificate_by_serial_number(serial)
    assert line is not None
    assert line.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.remove_from_crl
    check = ["verify", "-crl_check", "-CAfile", "root.pem", "-untrusted", "issuing.pem", "-CRLfile", "base.crl"]
    assert "certificate revoked" in _openssl(files, *check, "leaf.pem").stderr
    said = _openssl(files, *check, "-CRLfile", "issuing-delta.crl", "-use_deltas", "-extended_crl", "leaf.pem")
    assert said.stdout.strip() == "leaf.pem: OK", said.stderr


def test_suspended_again_it_stands_in_the_list_of_changes_again(made: CertificateInfo, anu: Actor, listed: Any) -> None:
    from toono.pki import api

    for act in (api.suspend_certificate, api.revive_certificate, api.suspend_certificate):
        act(actor=anu, serial=made.serial)
        _publish()
    _, delta = listed()
    line = delta.get_revoked_certificate_by_serial_number(int(made.serial, 16))
    assert line is not None
    assert line.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.certificate_hold


def test_two_workers_at_once_publish_one_number(made: CertificateInfo, anu: Actor) -> None:
    from django.db import connection

    from toono.pki import api

    before = _publish().number
    api.revoke_certificate(actor=anu, serial=made.serial, reason=THEFT)
    numbers: list[int] = []
    begin = threading.Barrier(4)

    def publish() -> None:
        begin.wait()
        try:
            numbers.append(_publish().number)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(set(numbers)) == 1
    assert numbers[0] - before in {0, 1}  # the stage's worker may have been first


def test_nothing_new_is_not_published_again_until_it_is_due(stack: Stack) -> None:
    from datetime import timedelta

    from toono.kernel import clock

    number = _publish().number
    assert _publish().number == number
    with clock.at(clock.now() + timedelta(minutes=56)):
        assert _publish().number == number + 1
