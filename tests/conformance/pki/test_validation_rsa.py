"""RSA as openssl signs with it: how long a key must be; and PSS with parameters, read from XML (RFC 9231 §2.3.9) and CMS (RFC 4056), also with another digest under the mask."""

from __future__ import annotations

import hashlib
import subprocess
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from lxml import etree

from toono.pki.contracts import SubIndication
from toono.pki.domain.validation import cms, xades
from toono.pki.domain.validation.algorithms import digest
from toono.pki.domain.validation.judging import World, judge
from toono.pki.domain.validation.paths import Anchor
from toono.pki.domain.validation.reading import SignatureReading

DS, MORE = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2007/05/xmldsig-more#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256, SHA512 = "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmlenc#sha512"
CONTENT = b"<a><b>hello</b></a>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a key of 3072 bits as ``k.pem`` and its certificate as ``c.pem``."""
    made = tmp_path_factory.mktemp("pss")
    certified(made, "rsa:3072")
    (made / "x").write_bytes(b"hello")
    return made


def certified(folder: Path, algorithm: str) -> None:
    """A new key and a certificate by itself, which is no authority's."""
    words = ["req", "-x509", "-newkey", algorithm, "-noenc", "-keyout", "k.pem", "-subj", "/CN=x", "-days", "9", "-sha256", "-out", "c.pem"]
    openssl(folder, *words, "-addext", "basicConstraints=critical,CA:FALSE")


def openssl(folder: Path, *words: str, data: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *words], cwd=folder, input=data, check=True, capture_output=True).stdout


def parameters(*, hashed: str = SHA512, mask: str = SHA256, salt: str = "20", trailer: str = "1", function: str = MORE + "MGF1") -> str:
    inner = f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{mask}"/>'
    return (
        f'<pss:RSAPSSParams xmlns:pss="{MORE}"><ds:DigestMethod xmlns:ds="{DS}" Algorithm="{hashed}"/>'
        f'<pss:MaskGenerationFunction Algorithm="{function}">{inner}</pss:MaskGenerationFunction>'
        f"<pss:SaltLength>{salt}</pss:SaltLength><pss:TrailerField>{trailer}</pss:TrailerField></pss:RSAPSSParams>"
    )


def signed(folder: Path, given: str, *, hashed: str = "sha512", mask: str = "sha256", salt: int = 20) -> SignatureReading:
    """An enveloped signature with these parameters in the XML, made by openssl with those."""
    value = b64encode(hashlib.sha256(CONTENT).digest()).decode()
    certificate = "".join((folder / "c.pem").read_text().splitlines()[1:-1])
    root = etree.fromstring(CONTENT)
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>'
        f'<ds:SignatureMethod Algorithm="{MORE}rsa-pss">{given}</ds:SignatureMethod><ds:Reference URI=""><ds:Transforms>'
        f'<ds:Transform Algorithm="{DS}enveloped-signature"/></ds:Transforms><ds:DigestMethod Algorithm="{SHA256}"/>'
        f"<ds:DigestValue>{value}</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue/>"
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
    )
    root.append(signature)
    info = etree.tostring(signature[0], method="c14n", exclusive=True)
    options = ("rsa_padding_mode:pss", f"rsa_pss_saltlen:{salt}", f"rsa_mgf1_md:{mask}")
    words = [word for option in options for word in ("-sigopt", option)]
    signature[1].text = b64encode(openssl(folder, "dgst", f"-{hashed}", "-sign", "k.pem", *words, data=info)).decode()
    [found] = xades.read(etree.tostring(root)).signatures
    return found


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (parameters(), {}),
        (parameters(mask=SHA512, salt="64"), {"mask": "sha512", "salt": 64}),
        (parameters(salt=" 0 "), {"salt": 0}),
        (parameters(salt="318"), {"salt": 318}),
        ("", {"hashed": "sha256", "mask": "sha256", "salt": 32}),
        (f'<pss:RSAPSSParams xmlns:pss="{MORE}"/>', {"hashed": "sha256", "mask": "sha256", "salt": 32}),
        (f'<pss:RSAPSSParams xmlns:pss="{MORE}"><pss:SaltLength>20</pss:SaltLength></pss:RSAPSSParams>', {"hashed": "sha256"}),
    ],
)
def test_an_xml_signature_is_read_with_its_parameters(folder: Path, given: str, made: dict[str, str | int]) -> None:
    found = signed(folder, given, **made)  # type: ignore[arg-type]
    assert (found.failure, found.detail) == (None, "")
    assert found.algorithm.startswith("pss ") and {"RSA-3072", str(made.get("hashed", "sha512"))} <= set(found.algorithms)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (parameters(salt="21"), SubIndication.SIG_CRYPTO_FAILURE),
        (parameters(mask=SHA512), SubIndication.SIG_CRYPTO_FAILURE),
        (parameters(hashed=SHA256), SubIndication.SIG_CRYPTO_FAILURE),
        (parameters(trailer="2"), SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
        (parameters(function=MORE + "MGF2"), SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
        (parameters(mask="urn:none"), SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
        (parameters(hashed="urn:none"), SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
        (parameters(salt="-1"), SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
        (parameters(salt="319"), SubIndication.SIG_CRYPTO_FAILURE),
        (parameters(salt="99999999999"), SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
        (parameters(salt="twenty"), SubIndication.FORMAT_FAILURE),
    ],
)
def test_other_parameters_than_it_was_made_with_never_pass(folder: Path, given: str, expected: SubIndication) -> None:
    assert signed(folder, given).failure is expected


@pytest.mark.parametrize(("mask", "salt"), [("sha256", "20"), ("sha512", "20"), ("sha512", "max")])
def test_a_cms_is_read_with_another_digest_under_the_mask_and_any_salt(folder: Path, mask: str, salt: str) -> None:
    """``max`` is what openssl does when it is told nothing."""
    options = ("rsa_padding_mode:pss", f"rsa_pss_saltlen:{salt}", f"rsa_mgf1_md:{mask}")
    words = [word for option in options for word in ("-keyopt", option)]
    made = openssl(
        folder, "cms", "-sign", "-binary", "-in", "x", "-signer", "c.pem", "-inkey", "k.pem", "-md", "sha512", *words, "-outform", "DER"
    )
    [found] = cms.read(made, lambda name: digest(name, [b"hello"])).signatures
    assert (found.failure, found.detail) == (None, "") and mask in found.algorithms
    assert cms.read(made, lambda name: digest(name, [b"hallo"])).signatures[0].failure is not None


@pytest.mark.parametrize(("algorithm", "expected"), [("rsa:2048", SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE), ("rsa:3072", None)])
def test_what_rsa_signs_today_passes_from_3000_bits_on(tmp_path: Path, algorithm: str, expected: SubIndication | None) -> None:
    """RSA of 2048 bits ended with 2025 (TS 119 312 table D.2); nothing proves that this signature is older."""
    certified(tmp_path, algorithm)
    (tmp_path / "x").write_bytes(b"hello")
    made = openssl(
        tmp_path, "cms", "-sign", "-binary", "-in", "x", "-signer", "c.pem", "-inkey", "k.pem", "-md", "sha256", "-outform", "DER"
    )
    [found] = cms.read(made, lambda name: digest(name, [b"hello"])).signatures
    anchor = Anchor(x509.load_pem_x509_certificate((tmp_path / "c.pem").read_bytes()), "list")
    assert judge(found, World(now=datetime.now(UTC), anchors=(anchor,))).report.sub_indication is expected
