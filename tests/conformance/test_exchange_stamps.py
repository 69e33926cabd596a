"""Time-stamps of the log, roots and containers, judged by OpenSSL and by code of this file that knows the formats' descriptions only; and the way of a real call into all of them."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from lxml import etree

from toono.exchange.tests.written import Writer

CHAIN = "{http://cyber.ee/hashchain}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def step(digests: list[bytes]) -> bytes:
    """Value of a step: SHA-512 over the DER of its digests."""
    items = [der(0x30, der(0x04, digest) + der(0x0C, SHA512.encode()) + der(0x30, b"")) for digest in digests]
    return hashlib.sha512(der(0x30, b"".join(items))).digest()


def recompute(chain: bytes, files: dict[str, bytes]) -> bytes:
    """The result of a hash chain, with every reference to a file resolved."""
    root = etree.fromstring(chain)
    steps = {found.get("id"): found for found in root.findall(f"{CHAIN}HashStep")}

    def value(name: str) -> bytes:
        digests = []
        for element in steps[name]:
            if element.tag == f"{CHAIN}StepRef":
                digests.append(value(element.get("URI")[1:]))
                continue
            digest = base64.b64decode(element.findtext(f"{DS}DigestValue"))
            if element.tag == f"{CHAIN}DataRef":
                assert hashlib.sha512(files[element.get("URI").removeprefix("/")]).digest() == digest
            digests.append(digest)
        return step(digests)

    return value("STEP0")


def entries(container: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(container)) as file:
        return {name: file.read(name) for name in file.namelist()}


def openssl_confirms(token: bytes, data: bytes, folder: Path) -> bool:
    """Whether ``openssl ts`` takes the token as one over ``data`` by our unit."""
    import toono.pki.api as pki
    from toono.pki.contracts import Profile

    (folder / "root.pem").write_text("\n".join(pki.trust_anchors()))
    (folder / "issuing.pem").write_text(pki.authority_certificate(authority=Profile.ISSUING))
    (folder / "token").write_bytes(token)
    (folder / "data").write_bytes(data)
    command = ["openssl", "ts", "-verify", "-in", "token", "-token_in", "-data", "data", "-CAfile", "root.pem", "-untrusted", "issuing.pem"]
    return subprocess.run(command, cwd=folder, capture_output=True).returncode == 0


def test_openssl_confirms_the_token_in_a_container_made_from_rows(stack: Any, tmp_path: Path) -> None:
    from toono.exchange.models import MessageRecord
    from toono.exchange.operations.evidence import container_file
    from toono.exchange.operations.stamp import stamp_pending

    writer = Writer(stack.settings)
    messages = [writer.message(body=b'{"a":1}') for _ in range(3)]
    writer.batch(messages)
    stamp_pending(at_once=True)
    files = entries(container_file(MessageRecord.objects.get(id=messages[1].id)).content)
    token, result = files["META-INF/timestamp.tst"], files["ts-hashchainresult.xml"]
    assert openssl_confirms(token, result, tmp_path)
    assert not openssl_confirms(token, result + b" ", tmp_path)
    stamped = etree.fromstring(result).findtext(f"{DS}DigestValue")
    assert base64.b64decode(stamped) == recompute(files["ts-hashchain.xml"], files)
    signed = etree.fromstring(files["sig-hashchainresult.xml"]).findtext(f"{DS}DigestValue")
    assert base64.b64decode(signed) == recompute(files["sig-hashchain.xml"], files)


def test_openssl_confirms_the_chain_of_a_published_root(stack: Any, tmp_path: Path) -> None:
    """The signed root names its certificate, which leads to our root authority."""
    import json

    from django.db import transaction

    from toono.exchange.operations.roots import folder, publish_roots
    from toono.exchange.operations.stamp import stamp_pending
    from toono.kernel import clock

    writer = Writer(stack.settings)
    writer.batch([writer.message()])
    before = set(folder().glob("*"))
    with transaction.atomic():
        stamp_pending(at_once=True)
        with clock.at(datetime.now(UTC) + timedelta(hours=1)):
            publish_roots()
        from toono.exchange.models import HourlyRoot

        jws = HourlyRoot.objects.order_by("-hour")[0].jws
        transaction.set_rollback(True)
    for file in set(folder().glob("*")) - before:
        file.unlink()
    head, payload, value = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in jws.split("."))
    for number, certificate in enumerate(json.loads(head)["x5c"]):
        pem = subprocess.run(
            ["openssl", "x509", "-inform", "DER"], input=base64.b64decode(certificate), capture_output=True, check=True
        ).stdout
        (tmp_path / f"{number}.pem").write_bytes(pem)
    verify = ["openssl", "verify", "-CAfile", "2.pem", "-untrusted", "1.pem", "0.pem"]
    assert subprocess.run(verify, cwd=tmp_path, capture_output=True).returncode == 0
    key = subprocess.run(["openssl", "x509", "-in", "0.pem", "-noout", "-pubkey"], cwd=tmp_path, capture_output=True, check=True).stdout
    (tmp_path / "key.pem").write_bytes(key)
    half = [der(0x02, (b"\x00" if part[0] & 0x80 else b"") + part) for part in (value[:32].lstrip(b"\0"), value[32:].lstrip(b"\0"))]
    (tmp_path / "value").write_bytes(der(0x30, b"".join(half)))
    for content, expected in ((jws.rpartition(".")[0].encode(), 0), (b"x", 1)):
        (tmp_path / "content").write_bytes(content)
        check = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "value", "content"]
        assert subprocess.run(check, cwd=tmp_path, capture_output=True).returncode == expected
    said = json.loads(payload)
    root = hashlib.sha512(base64.b64decode(said["previous"]) + base64.b64decode(said["tree"])).digest()
    assert base64.b64decode(said["root"]) == root


# -- a real call -------------------------------------------------------------------------------------------------


ADDRESS = "MN/GOV/state-registration/population/address"


@pytest.fixture
def real_call(stack: Any) -> tuple[str, bytes]:
    """Message id and receipt of a call that the platform's portal made through the running gateway."""
    import toono.exchange.api as exchange

    civil_id = stack.addresses["persons"]["sarnai"]["civil_id"]
    answer = exchange.call(
        system="portal", service=ADDRESS, path=f"/persons/{civil_id}/address", purpose="address-reference", case="T-1", user=f"MN{civil_id}"
    )  # fmt: skip
    return answer.message_id, base64.b64decode(answer.receipt)


def test_a_real_call_is_evidence_from_the_gateway_to_the_verifier(stack: Any, real_call: tuple[str, bytes], anu: Any) -> None:
    """Stamped, found, valid with the platform's own anchors, in the proof, and the log around it is sound."""
    import toono.exchange.api as exchange
    from toono.exchange.contracts import Verdict
    from toono.exchange.domain import proofs
    from toono.exchange.domain.evidence import verificationconf
    from toono.exchange.domain.evidence.verify import Outcome, verify
    from toono.kernel.actor import system

    message_id, receipt = real_call
    exchange.stamp_now(actor=system("tests"))
    found = exchange.message(actor=anu, message_id=message_id)
    assert [m.verdict for m in found.messages] == [Verdict.VALID, Verdict.VALID]
    anchors = verificationconf.read(exchange.verification_configuration())
    for message in found.messages:
        verdict = verify(exchange.container(actor=anu, record_id=message.id).content, anchors, datetime.now(UTC))
        assert (verdict.outcome, verdict.code) == (Outcome.VALID, "")
    assert proofs.check(exchange.proof(receipt=receipt, message_id=message_id)).receipt == receipt


def test_a_client_takes_its_evidence_at_the_gateway(stack: Any) -> None:
    """``/asic`` and ``/verificationconf`` over HTTP, as an X-Road client asks."""
    from toono.exchange.domain.evidence import verificationconf
    from toono.exchange.domain.evidence.verify import Outcome, verify

    anchors = verificationconf.read(httpx.get(f"{stack.gateway_url}/verificationconf").raise_for_status().content)
    bank = stack.addresses["clients"]["bank"]
    client, proof = bank["client"], {"Authorization": f"Bearer {bank['bearer_key']}"}
    address = bank["may_call"].replace("{civil_id}", stack.addresses["persons"]["sarnai"]["civil_id"])
    sent = {"X-Road-Client": client, "X-Road-Id": f"evidence-{uuid4()}", "X-Toono-Purpose": bank["purpose"], **proof}
    called = httpx.get(address, headers=sent)
    assert called.status_code == 200, called.text
    names = dict(zip(("xRoadInstance", "memberClass", "memberCode", "subsystemCode"), client.split("/"), strict=True))
    asked = f"{stack.gateway_url}/asic?{urlencode(names | {'queryId': called.headers['x-road-id'], 'force': ''})}"
    answer = httpx.get(asked, headers=proof, timeout=30)
    assert answer.status_code == 200, answer.text
    containers = entries(answer.content)
    assert len(containers) == 2
    for content in containers.values():
        assert verify(content, anchors, datetime.now(UTC)).outcome is Outcome.VALID
    assert httpx.get(asked).status_code == 401
    assert httpx.get(asked, headers={"Authorization": "Bearer wrong"}).status_code == 401
    other = asked.replace(names["memberCode"], "digital-academy").replace("COM", "GOV")
    assert httpx.get(other, headers=proof).status_code == 401
    assert httpx.post(asked, headers=proof).status_code == 500
    assert httpx.get(f"{stack.gateway_url}/asic?queryId=x", headers=proof).status_code == 400
    unknown = asked.replace(called.headers["x-road-id"], "unknown")
    assert (httpx.get(unknown, headers=proof).status_code, httpx.get(unknown, headers=proof).headers["content-type"]) == (
        404,
        "text/plain; charset=utf-8",
    )
