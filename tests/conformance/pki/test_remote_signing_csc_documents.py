"""``signatures/signDoc`` on the running platform, for a person who confirms on the page: pyHanko, pdfsig, OpenSSL, xmlsec1 and Authlib judge what comes back."""

from __future__ import annotations

import base64
import hashlib
import json
from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from asn1crypto import cms
from authlib.jose import JsonWebSignature
from cryptography import x509
from pyhanko.pdf_utils.generic import NameObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import PdfSignedData, PreparedByteRangeDigest
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from tests.conformance.pki.holder import Holder
from tests.conformance.pki.signatures import root_file, run
from tests.conformance.pki.test_remote_signing_csc import ECDSA_SHA256, SHA256_OID, Client
from tests.conformance.pki.test_signatures_pades import _roots
from toono.pki.tests.making import document

WORDS = "Зээлийн гэрээ № 12\n".encode()
XML = '<?xml version="1.0"?>\n<гэрээ дугаар="12"><нэр>Сарнай</нэр></гэрээ>\n'.encode()
LEVELS = ("AdES-B-B", "AdES-B-T", "AdES-B-LT", "AdES-B-LTA")


class Signing:
    """A person and a client that has them confirm hashes."""

    def __init__(self, stack: Any, known: dict[str, Any]) -> None:
        self.stack, self.holder = stack, Holder(stack, known)
        self.holder.sign_in()
        self.client = Client(stack, self.holder.token()[1])
        self.credential = self.holder.signing.serial

    def confirmed(self, *contents: bytes) -> str:
        """Activation data for documents of this content."""
        hashes = [b64encode(hashlib.sha256(content).digest()).decode() for content in contents]
        body = {"credentialID": self.credential, "numSignatures": len(hashes), "hashes": hashes, "hashAlgorithmOID": SHA256_OID}
        handle = self.client.tell("credentials/authorize", description="Гэрээ", **body)["handle"]
        assert "Гарын үсэг зурагдлаа" in self.holder.agree()
        return str(self.client.tell("credentials/authorizeCheck", handle=handle)["SAD"])

    def sign(self, activation: str, *pieces: dict[str, Any], **more: Any) -> Any:
        return self.client.tell("signatures/signDoc", credentialID=self.credential, SAD=activation, documents=list(pieces), **more)

    def refused(self, activation: str, *pieces: dict[str, Any], **more: Any) -> tuple[int, str, str]:
        return self.client.refused("signatures/signDoc", credentialID=self.credential, SAD=activation, documents=list(pieces), **more)


def plain_hash(signing: Signing, activation: str) -> dict[str, Any]:
    """``signatures/signHash`` of :data:`WORDS`."""
    hashed = b64encode(hashlib.sha256(WORDS).digest()).decode()
    return {
        "credentialID": signing.credential, "SAD": activation, "hashes": [hashed], "signAlgo": ECDSA_SHA256, "hashAlgorithmOID": SHA256_OID,
    }  # fmt: skip


def piece(content: bytes, format_: str, level: str = "AdES-B-B", **more: Any) -> dict[str, Any]:
    return {
        "document": b64encode(content).decode(), "signature_format": format_, "conformance_level": level, "signAlgo": ECDSA_SHA256,
    } | more  # fmt: skip


@pytest.fixture(scope="module")
def signing(stack: Any, register_persons: Any) -> Signing:
    return Signing(stack, next(register_persons))


def decoded(values: list[str]) -> list[bytes]:
    return [b64decode(value) for value in values]


# -- each form, each level ------------------------------------------------------------------------------------------------


def by_pyhanko(pdf: bytes) -> Any:
    [embedded] = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
    return validate_pdf_signature(embedded, ValidationContext(trust_roots=_roots(), allow_fetching=False))


def by_openssl(signature: bytes, folder: Path, content: bytes | None = None) -> bytes | None:
    """What was signed, if it holds."""
    (folder / "s.p7s").write_bytes(signature)
    command: list[object] = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", folder / "s.p7s", "-purpose", "any"]
    command += ["-CAfile", root_file(folder), "-out", folder / "out"]
    if content is not None:
        (folder / "content").write_bytes(content)
        command += ["-content", folder / "content"]
    said = run(*command)
    return (folder / "out").read_bytes() if said.returncode == 0 and "CAdES Verification successful" in said.stderr else None


def by_xmlsec(signed: bytes, folder: Path, *more: object) -> bool:
    (folder / "signed.xml").write_bytes(signed)
    properties = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"
    said = run(
        "xmlsec1",
        "--verify",
        "--id-attr:Id",
        properties,
        "--trusted-pem",
        root_file(folder),
        "--enabled-key-data",
        "x509",
        *more,
        folder / "signed.xml",
    )
    return said.returncode == 0 and "\nOK" in "\n" + said.stdout + said.stderr


def by_authlib(signed: bytes) -> bytes:
    found = json.loads(signed)
    header = json.loads(base64.urlsafe_b64decode(found["protected"] + "=="))
    key = x509.load_der_x509_certificate(b64decode(header["x5c"][0])).public_key()
    return bytes(JsonWebSignature(["ES256"]).deserialize_json(found, key)["payload"])


@pytest.mark.parametrize("level", LEVELS)
def test_four_documents_of_four_forms_under_one_confirmation(signing: Signing, level: str, tmp_path: Path) -> None:
    pdf = document("Зээлийн гэрээ")
    activation = signing.confirmed(pdf, XML, WORDS, WORDS + b"2")
    pieces = [
        piece(pdf, "P", level),
        piece(XML, "X", level),
        piece(WORDS, "C", level, signed_envelope_property="Detached"),
        piece(WORDS + b"2", "J", level),
    ]
    answer = signing.sign(activation, *pieces, returnValidationInfo=True)
    signed_pdf, signed_xml, jades = decoded(answer["DocumentWithSignature"])
    [cades] = decoded(answer["SignatureObject"])
    status = by_pyhanko(signed_pdf)
    assert status.intact and status.valid and status.trusted
    assert status.signing_cert.subject.native["serial_number"] == f"PNOMN-{signing.holder.person.civil_id}"
    assert by_xmlsec(signed_xml, tmp_path) and not by_xmlsec(signed_xml.replace("Сарнай".encode(), "Бат".encode()), tmp_path)
    assert by_openssl(cades, tmp_path, WORDS) == WORDS and by_openssl(cades, tmp_path, WORDS + b" ") is None
    assert by_authlib(jades) == WORDS + b"2"
    info = answer["validationInfo"]
    assert len(info["certificates"]) >= 3 and info["ocsp"] and info["crl"]
    assert _has_token(cades) == (level != "AdES-B-B")


def _has_token(signature: bytes) -> bool:
    unsigned = cms.ContentInfo.load(signature)["content"]["signer_infos"][0]["unsigned_attrs"]
    return any(one["type"].native == "signature_time_stamp_token" for one in unsigned)


def test_the_first_signature_certifies_and_a_revision_only_approves(signing: Signing) -> None:
    """The default is a certifying signature, which a second one cannot be."""
    pdf = document("Тогтоол")
    [certified] = decoded(signing.sign(signing.confirmed(pdf), piece(pdf, "P"))["DocumentWithSignature"])
    [embedded] = PdfFileReader(BytesIO(certified)).embedded_regular_signatures
    assert embedded.docmdp_level is not None and embedded.docmdp_level.value == 2
    activation = signing.confirmed(certified)
    assert signing.refused(activation, piece(certified, "P"))[2] == "Invalid parameter document"
    [second] = decoded(signing.sign(activation, piece(certified, "P", signed_envelope_property="Revision"))["DocumentWithSignature"])
    context = ValidationContext(trust_roots=_roots(), allow_fetching=False)
    found = [validate_pdf_signature(one, context) for one in PdfFileReader(BytesIO(second)).embedded_regular_signatures]
    assert len(found) == 2 and all(one.bottom_line for one in found)


def test_one_more_signature_stands_beside_the_first(signing: Signing, tmp_path: Path) -> None:
    [first] = decoded(signing.sign(signing.confirmed(WORDS), piece(WORDS, "C"))["DocumentWithSignature"])
    activation = signing.confirmed(first)
    [both] = decoded(signing.sign(activation, piece(first, "C", signed_envelope_property="Parallel"))["DocumentWithSignature"])
    assert len(cms.ContentInfo.load(both)["content"]["signer_infos"]) == 2
    assert by_openssl(both, tmp_path) == WORDS


@pytest.mark.parametrize("level", ["AdES-B-B", "AdES-B-T", "AdES-B-LT"])
def test_of_a_file_that_the_client_keeps_its_digest_is_signed(signing: Signing, level: str, tmp_path: Path) -> None:
    activation = signing.confirmed(WORDS)
    digests = {
        "hashes": [b64encode(hashlib.sha256(WORDS).digest()).decode()], "hashAlgorithmOID": SHA256_OID, "signature_format": "C",
        "conformance_level": level, "signAlgo": ECDSA_SHA256,
    }  # fmt: skip
    body = {"credentialID": signing.credential, "SAD": activation, "documentDigests": [digests], "returnValidationInfo": True}
    answer = signing.client.tell("signatures/signDoc", **body)
    [signature] = decoded(answer["SignatureObject"])
    assert "DocumentWithSignature" not in answer and answer["validationInfo"]["ocsp"]
    assert by_openssl(signature, tmp_path, WORDS) == WORDS and _has_token(signature) == (level != "AdES-B-B")


@pytest.mark.parametrize("level", ["AdES-B-B", "AdES-B-T", "AdES-B-LT"])
def test_xml_and_json_beside_files_that_the_client_keeps(signing: Signing, level: str, tmp_path: Path) -> None:
    """Our validation finds both good beside their files, xmlsec1 the XML; none beside another file."""
    from toono.pki import api
    from toono.pki.contracts import Indication, ReachedLevel

    other = WORDS + b"2"
    activation = signing.confirmed(WORDS, other)
    digests = [
        {
            "hashes": [b64encode(hashlib.sha256(content).digest()).decode()], "hashAlgorithmOID": SHA256_OID, "signature_format": format_,
            "conformance_level": level, "signAlgo": ECDSA_SHA256,
        }
        for content, format_ in ((WORDS, "X"), (other, "J"))
    ]  # fmt: skip
    body = {"credentialID": signing.credential, "SAD": activation, "documentDigests": digests, "returnValidationInfo": True}
    answer = signing.client.tell("signatures/signDoc", **body)
    xml, jws = decoded(answer["SignatureObject"])
    assert "DocumentWithSignature" not in answer and answer["validationInfo"]["ocsp"]
    for signature, content in ((xml, WORDS), (jws, other)):
        [found] = api.validate(name="x", content=signature, signed_content=content).signatures
        assert (found.indication, found.level) == (Indication.TOTAL_PASSED, ReachedLevel(level.removeprefix("AdES-"))), found.detail
        assert api.validate(name="x", content=signature, signed_content=content + b" ").indication is Indication.TOTAL_FAILED
    (tmp_path / "file").write_bytes(WORDS)
    name = f"ni:///sha-256;{base64.urlsafe_b64encode(hashlib.sha256(WORDS).digest()).decode().rstrip('=')}"
    assert by_xmlsec(xml, tmp_path, f"--url-map:{name}", tmp_path / "file")


def test_a_pdf_that_pyhanko_keeps_gets_its_signature_from_here(signing: Signing) -> None:
    """pyHanko makes the place, the platform the CMS over its digest, pyHanko puts it in and judges the file."""
    writer = IncrementalPdfFileWriter(BytesIO(document("Нууц гэрээ")))
    embedder = PdfCMSEmbedder(new_field_spec=SigFieldSpec("Signature"))
    steps = embedder.write_cms(field_name="Signature", writer=writer)
    next(steps)
    steps.send(
        SigObjSetup(sig_placeholder=PdfSignedData(obj_type=NameObject("/Sig"), subfilter=SigSeedSubFilter.PADES, bytes_reserved=16384))
    )
    prepared, output = steps.send(SigIOSetup(md_algorithm="sha256", in_place=True))
    assert isinstance(prepared, PreparedByteRangeDigest)
    hashed = b64encode(prepared.document_digest).decode()
    body = {"credentialID": signing.credential, "numSignatures": 1, "hashes": [hashed], "hashAlgorithmOID": SHA256_OID}
    handle = signing.client.tell("credentials/authorize", **body)["handle"]
    signing.holder.agree()
    activation = signing.client.tell("credentials/authorizeCheck", handle=handle)["SAD"]
    digests = {
        "hashes": [hashed],
        "hashAlgorithmOID": SHA256_OID,
        "signature_format": "P",
        "conformance_level": "AdES-B-T",
        "signAlgo": ECDSA_SHA256,
    }
    answer = signing.client.tell("signatures/signDoc", credentialID=signing.credential, SAD=activation, documentDigests=[digests])
    steps.send(decoded(answer["SignatureObject"])[0])
    status = by_pyhanko(output.getvalue())
    assert status.bottom_line and status.timestamp_validity is not None and status.timestamp_validity.intact


# -- only what was confirmed, once ----------------------------------------------------------------------------------------


def test_a_confirmation_is_for_its_documents_and_one_signature_each(signing: Signing) -> None:
    activation = signing.confirmed(WORDS)
    assert signing.refused(activation, piece(WORDS + b" ", "C"))[2] == "Hash is not authorized by the SAD"
    assert signing.refused(activation, piece(WORDS, "C"), piece(WORDS, "J"))[2] == "Numbers of signatures is too high"
    assert signing.refused(activation, piece(b"%PDF-1.7 none", "P"))[2] == "Hash is not authorized by the SAD"
    first = signing.sign(activation, piece(WORDS, "C"))
    assert signing.sign(activation, piece(WORDS, "C")) == first, "a lost answer is given again"
    assert signing.refused(activation, piece(WORDS, "J"))[2] == "Invalid parameter SAD", "used up"
    plain = plain_hash(signing, activation)
    assert signing.client.refused("signatures/signHash", **plain)[2] == "Invalid parameter SAD"


def test_what_was_used_for_a_hash_signs_no_document(signing: Signing) -> None:
    activation = signing.confirmed(WORDS)
    plain = plain_hash(signing, activation)
    assert signing.client.tell("signatures/signHash", **plain)["signatures"]
    assert signing.refused(activation, piece(WORDS, "C"))[2] == "Invalid parameter SAD"


def test_of_two_different_calls_at_once_one_is_answered(signing: Signing) -> None:
    activation = signing.confirmed(WORDS)
    bodies = [{"credentialID": signing.credential, "SAD": activation, "documents": [piece(WORDS, form)]} for form in ("C", "J") * 2]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda body: signing.client.ask("signatures/signDoc", **body), bodies))
    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(good) == 2 and good[0] == good[1]
    assert {answer.json()["error_description"] for answer in answers if answer.status_code != 200} == {"Invalid parameter SAD"}


def test_a_document_that_is_none_is_refused_before_anything_is_used_up(signing: Signing) -> None:
    broken = b"%PDF-1.7\nnot really\n"
    activation = signing.confirmed(broken)
    for form in ("P", "X"):
        assert signing.refused(activation, piece(broken, form))[2] == "Invalid parameter document"
    assert signing.sign(activation, piece(broken, "C"))["DocumentWithSignature"]


def test_documents_that_are_too_large_are_refused(signing: Signing) -> None:
    large = bytes(10 * 1024 * 1024 + 1)
    assert signing.refused("x", piece(large, "C")) == (413, "invalid_request", "Documents are too large")
    raw = signing.client.ask("signatures/signDoc", credentialID="x", documents=[piece(bytes(13 * 1024 * 1024), "C")])
    assert raw.status_code in (400, 413)


def test_a_document_that_was_changed_in_the_database_is_not_signed(signing: Signing, stack: Any) -> None:
    """Between the call and the key: the worker works out from what is stored, and finds that nobody confirmed it."""
    from toono.pki import api
    from toono.pki.domain import csc as rules
    from toono.pki.errors import NotConfirmed
    from toono.pki.models import CscSigning

    activation = signing.confirmed(WORDS)
    later = signing.sign(activation, piece(WORDS, "C"), operationMode="A")["responseID"]
    other = rules.Piece(format="C", level=rules.LEVELS["AdES-B-B"], envelope=rules.Envelope.ATTACHED, content=b"other")
    CscSigning.objects.filter(id=later).update(answer=None, work=rules.packed([other]))
    with pytest.raises(NotConfirmed):
        api.let_documents_loose(signing_id=UUID(later))


def test_a_certificate_that_went_after_the_confirmation_signs_no_document(stack: Any, register_persons: Any, anu: Any) -> None:
    from toono.pki import api
    from toono.pki.contracts import RevocationReason
    from toono.pki.errors import NotConfirmed

    signing = Signing(stack, next(register_persons))
    activation = signing.confirmed(WORDS)
    later = signing.sign(activation, piece(WORDS, "C"), operationMode="A")["responseID"]
    api.revoke_certificate(actor=anu, serial=signing.credential, reason=RevocationReason.KEY_COMPROMISE)
    disabled = "The credential identified by credentialID is disabled"
    assert signing.refused(activation, piece(WORDS, "C"))[2] == disabled
    assert signing.client.refused("signatures/signPolling", responseID=later)[2] == disabled
    with pytest.raises(NotConfirmed, match="is not in force"):
        api.let_documents_loose(signing_id=UUID(later))


# -- later ------------------------------------------------------------------------------------------------------------------


def test_an_answer_is_fetched_later_and_only_by_who_asked(signing: Signing, stack: Any, register_persons: Any, tmp_path: Path) -> None:
    activation = signing.confirmed(WORDS)
    body = {"operationMode": "A", "validity_period": 600_000}
    later = signing.sign(activation, piece(WORDS, "C", "AdES-B-LTA"), **body)["responseID"]
    assert signing.sign(activation, piece(WORDS, "C", "AdES-B-LTA"), **body)["responseID"] == later

    def fetched() -> Any:
        answer = signing.client.ask("signatures/signPolling", responseID=later)
        assert answer.status_code in (200, 202)
        return answer.json() if answer.status_code == 200 else None

    answer = stack.wait(fetched, timeout=20)
    assert by_openssl(decoded(answer["DocumentWithSignature"])[0], tmp_path) == WORDS
    assert signing.client.tell("signatures/signPolling", responseID=later) == answer
    bat = Signing(stack, next(register_persons))
    assert bat.client.refused("signatures/signPolling", responseID=later)[2] == "Invalid parameter responseID"
    from toono.pki.models import CscSigning

    row = CscSigning.objects.get(id=later)
    assert bytes(row.work) == b"", "documents go when they are signed"


def test_hashes_too_are_fetched_later(signing: Signing) -> None:
    activation = signing.confirmed(WORDS)
    plain = plain_hash(signing, activation)
    later = signing.client.tell("signatures/signHash", operationMode="A", **plain)["responseID"]
    assert len(signing.client.tell("signatures/signPolling", responseID=later)["signatures"]) == 1


def test_what_is_not_fetched_is_forgotten(signing: Signing) -> None:
    from toono.kernel.clock import at, now
    from toono.pki import api
    from toono.pki.models import CscSigning

    activation = signing.confirmed(WORDS)
    later = signing.sign(activation, piece(WORDS, "C"), operationMode="A")["responseID"]
    with at(now() + timedelta(hours=2)):
        assert api.forget_csc_documents() >= 1
    row = CscSigning.objects.get(id=later)
    assert (bytes(row.work), row.answer) == (b"", None)
    assert signing.client.refused("signatures/signPolling", responseID=later)[2] == "Invalid parameter responseID"
    assert signing.refused(activation, piece(WORDS, "J"))[2] == "Invalid parameter SAD", "it stays used up"


def test_new_activation_data_void_the_old_and_allow_no_more(signing: Signing) -> None:
    activation = signing.confirmed(WORDS)
    other = b64encode(bytes(32)).decode()
    body = {"credentialID": signing.credential, "SAD": activation}
    assert signing.client.refused("credentials/extendTransaction", hashes=[other], **body)[2] == "Hash is not authorized by the SAD"
    newer = signing.client.tell("credentials/extendTransaction", **body)
    assert 0 < newer["expiresIn"] <= 300
    assert signing.refused(activation, piece(WORDS, "C"))[2] == "Invalid parameter SAD"
    assert signing.sign(newer["SAD"], piece(WORDS, "C"))["DocumentWithSignature"]
