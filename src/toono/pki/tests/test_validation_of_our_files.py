"""What the platform signs, in every form and level, passes its own validation by the door, and a changed copy does not."""

from __future__ import annotations

import io
import json
import zipfile
from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from toono.pki.tests.making import document

if TYPE_CHECKING:
    from toono.kernel.actor import Actor
    from toono.pki.contracts import CertificateInfo

XML = "<лавлагаа><нэр>Сарнай</нэр></лавлагаа>".encode()
FORMS = ["pades", "xades", "asice_xades", "asice_cades", "cades", "jades"]
LEVELS = {"b_b": "B-B", "b_t": "B-T", "b_lt": "B-LT", "b_lta": "B-LTA"}


@pytest.fixture
def signed(platform: Actor, seal_of: Callable[..., CertificateInfo]) -> Callable[..., tuple[str, bytes]]:
    """A file that an organisation has signed: its name and content."""
    from toono.pki import api
    from toono.pki.contracts import SignatureForm, SignatureLevel

    names = {"pades": "a.pdf", "xades": "a.xml"}
    contents = {"pades": document(), "xades": XML}

    def make(form: str, level: str = "b_b", content: bytes | None = None) -> tuple[str, bytes]:
        seal, name = seal_of(), names.get(form, "бичиг.txt")
        content = content or contents.get(form, "Бичиг".encode())
        which = SignatureForm[form.upper()], SignatureLevel[level.upper()]
        return name, api.sign_file(actor=platform, key=seal.key, name=name, content=content, form=which[0], level=which[1])

    return make


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", LEVELS)
def test_it_passes_at_its_level(signed: Callable[..., tuple[str, bytes]], form: str, level: str) -> None:
    from toono.pki import api

    name, content = signed(form, level)
    report = api.validate(name=name, content=content)
    assert (report.indication.value, report.sub_indication, report.detail) == ("TOTAL-PASSED", None, "")
    [one] = report.signatures
    assert one.level.value == LEVELS[level]
    assert one.signatory and one.signatory.organisation == "Сорилын улсын газар"
    assert (one.best_time is not None) == (level != "b_b")
    assert "хүчинтэй" in report.sentence


@pytest.mark.parametrize(
    ("form", "before", "after", "failure"),
    [
        ("pades", b"/MediaBox", b"/MediaBix", "HASH_FAILURE"),
        ("xades", "Сарнай".encode(), "Болорм".encode(), "HASH_FAILURE"),
        ("cades", "Бичиг".encode(), "Бичих".encode(), "HASH_FAILURE"),
        ("jades", b64encode("Бичиг".encode())[:8], b"0JHQuNGI", "SIG_CRYPTO_FAILURE"),
    ],
)
def test_a_changed_copy_never_passes(
    signed: Callable[..., tuple[str, bytes]], form: str, before: bytes, after: bytes, failure: str
) -> None:
    from toono.pki import api

    name, content = signed(form)
    assert content.count(before) >= 1
    report = api.validate(name=name, content=content.replace(before, after, 1))
    assert (report.indication, report.sub_indication) == ("TOTAL-FAILED", failure)


def repacked(content: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as before:
        files = {name: before.read(name) for name in before.namelist()}
    change(files)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as after:
        for name, inside in files.items():
            after.writestr(name, inside)
    return out.getvalue()


@pytest.mark.parametrize("form", ["asice_xades", "asice_cades"])
def test_a_container_with_another_file_or_one_more_is_told(signed: Callable[..., tuple[str, bytes]], form: str) -> None:
    from toono.pki import api

    name, content = signed(form)
    other = repacked(content, lambda files: files.update({name: b"else"}))
    assert api.validate(name="a.asice", content=other).sub_indication == "HASH_FAILURE"
    more = repacked(content, lambda files: files.update({"evil.txt": b"never signed"}))
    report = api.validate(name="a.asice", content=more)
    assert report.sub_indication == "SIG_CONSTRAINTS_FAILURE" and report.uncovered == ("evil.txt",)
    assert "evil.txt" in report.sentence
    gone = repacked(content, lambda files: files.pop(name))
    assert api.validate(name="a.asice", content=gone).sub_indication == "SIGNED_DATA_NOT_FOUND"


def test_a_seal_that_was_revoked_or_suspended_is_told(
    signed: Callable[..., tuple[str, bytes]], platform: Actor, anu: Actor, seal_of: Callable[..., CertificateInfo]
) -> None:
    from toono.pki import api
    from toono.pki.contracts import RevocationReason, SignatureForm, SignatureLevel

    seal = seal_of()
    content = api.sign_file(actor=platform, key=seal.key, name="a.txt", content=b"a", form=SignatureForm.CADES, level=SignatureLevel.B_B)
    stamped = api.sign_file(actor=platform, key=seal.key, name="a.txt", content=b"a", form=SignatureForm.CADES, level=SignatureLevel.B_T)
    assert api.validate(name="a.p7m", content=content).indication == "TOTAL-PASSED"
    api.revoke_certificate(actor=anu, serial=seal.serial, reason=RevocationReason.CESSATION_OF_OPERATION)
    assert api.validate(name="a.p7m", content=content).sub_indication == "REVOKED_NO_POE"
    assert api.validate(name="a.p7m", content=stamped).indication == "TOTAL-PASSED"


def test_a_strangers_certificate_that_borrows_a_serial_number_is_no_ones(platform: Actor, seal_of: Callable[..., CertificateInfo]) -> None:
    from toono.pki import api
    from toono.pki.contracts import Profile
    from toono.pki.tests.making import authority, leaf, sealed_by

    ours = seal_of()
    _, issuing = authority()
    forged, key = leaf(Profile.SEAL, issuing, serial=int(ours.serial, 16))
    assert issuing.certificate
    report = api.validate(name="a.pdf", content=sealed_by(forged, key, [issuing.certificate], document()))
    assert report.sub_indication == "NO_CERTIFICATE_CHAIN_FOUND" and not report.signatures[0].trusted


def test_what_is_not_signed_is_no_failure(platform: Actor) -> None:
    from toono.pki import api

    for content in (document(), b"hello", b"<a/>", b"{}", b"\x00" * 100):
        report = api.validate(name="x", content=content)
        assert report.signatures == () and report.indication != "TOTAL-PASSED"
    assert "алга" in api.validate(name="x", content=document()).sentence


def test_each_thing_that_we_do_not_read_has_its_own_sentence(platform: Actor) -> None:
    from toono.pki import api

    office = io.BytesIO()
    with zipfile.ZipFile(office, "w") as made:
        made.writestr("_xmlsignatures/sig1.xml", "<x/>")
    jws = b'{"payload":"eA","header":{"alg":"ES256"},"signature":"AA"}'
    for content, words in (
        (b"hello", "PDF, XML, CMS (.p7m, .p7s), ASiC"),
        (office.getvalue(), "Файлд гарын үсэг байгаа ч"),
        (jws, "хүчингүй гэсэн үг биш"),
        (b"<a>" * 400 + b"</a>" * 400, "хэт том, эсвэл хэт төвөгтэй"),
    ):
        report = api.validate(name="x", content=content)
        assert report.indication == "INDETERMINATE" and words in report.sentence
        assert "алга." not in report.sentence and "гэмтсэн" not in report.sentence
    for content in (b"{}", b"<a/>", b"<!DOCTYPE html><br>", document()):
        assert api.validate(name="x", content=content).sentence == "Энэ файлд тоон гарын үсэг алга."


def test_a_detached_signature_asks_for_its_file(platform: Actor, seal_of: Callable[..., CertificateInfo], tmp_path: Any) -> None:
    """Signed with openssl by a stranger; the file decides, not the name."""
    import subprocess

    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from toono.pki import api
    from toono.pki.contracts import Profile
    from toono.pki.tests.making import authority, leaf

    _, issuing = authority()
    certificate, key = leaf(Profile.SEAL, issuing)
    (tmp_path / "c.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "k.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "x.txt").write_bytes(b"hello")
    command = ["openssl", "cms", "-sign", "-binary", "-cades", "-in", "x.txt", "-signer", "c.pem", "-inkey", "k.pem", "-outform", "DER"]
    signature = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout
    assert api.validate(name="x.p7s", content=signature).sub_indication == "SIGNED_DATA_NOT_FOUND"
    assert api.validate(name="x.p7s", content=signature, signed_content=b"hallo").sub_indication == "HASH_FAILURE"
    assert api.validate(name="x.p7s", content=signature, signed_content=b"hello").sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"


def test_the_report_is_sealed_and_speaks_etsi(signed: Callable[..., tuple[str, bytes]]) -> None:
    from django.utils import translation

    from toono.pki import api

    name, content = signed("pades", "b_t")
    report = api.validate(name=name, content=content)
    data = json.loads(json.dumps(api.validation_as_data(report=report)))
    assert data["SignatureValidationStatus"]["MainIndication"] == "urn:etsi:019102:mainindication:total-passed"
    paper = api.sealed_report(report=report)
    again = api.validate(name="report.pdf", content=paper)
    assert again.indication == "TOTAL-PASSED" and again.signatures[0].level.value == "B-T"
    with translation.override("en"):
        assert "valid" in api.validate(name=name, content=content).sentence.lower()
