"""Others' programs on our containers: xmlsec1 and signxml on the signature, openssl on the time-stamp, unzip, file and Java's way of reading on the ZIP file, schemas on the XML."""

from __future__ import annotations

import io
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import signxml
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.xades import XAdESVerifier

from toono.exchange.domain.evidence import verificationconf
from toono.exchange.tests import evidence as e
from toono.exchange.tests.test_evidence_verificationconf import configuration

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
KINDS = {
    "direct": (e.REQUEST, None, []),
    "body": (e.RESPONSE, e.BODY, []),
    "batch": (e.RESPONSE, e.BODY, [(e.RESPONSE, None), (e.other(e.RESPONSE, 2), b"body"), (e.other(e.RESPONSE, 3), None)]),
    "last": (e.REQUEST, None, [(e.RESPONSE, None)] * 4),
}
PROPERTIES = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"


@pytest.fixture(scope="module")
def exchange() -> e.Exchange:
    return e.Exchange.make()


@pytest.fixture(params=sorted(KINDS))
def folder(request: pytest.FixtureRequest, exchange: e.Exchange, tmp_path: Path) -> Path:
    """A container, unpacked, with the authorities beside it."""
    head, body, batch = KINDS[request.param]
    content = exchange.container(head, body, at=AT, batch=batch)
    (tmp_path / "container.asice").write_bytes(content)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        file.extractall(tmp_path)
    for name, issuer in (("root", exchange.root), ("issuing", exchange.issuing)):
        assert issuer.certificate is not None
        (tmp_path / f"{name}.pem").write_bytes(issuer.certificate.public_bytes(Encoding.PEM))
    return tmp_path


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def referred(folder: Path) -> str:
    return "sig-hashchainresult.xml" if (folder / "sig-hashchainresult.xml").exists() else "message.xml"


def xmlsec(folder: Path, root: str = "root.pem") -> subprocess.CompletedProcess[str]:
    name = referred(folder)
    return run(
        folder, "xmlsec1", "--verify", "--trusted-pem", root, "--untrusted-pem", "issuing.pem", "--id-attr:Id", PROPERTIES,
        f"--url-map:/{name}", name, "META-INF/signatures.xml",
    )  # fmt: skip


def test_xmlsec_takes_the_signature_with_its_chain_of_certificates(folder: Path) -> None:
    done = xmlsec(folder)
    assert done.returncode == 0, done.stderr
    assert "SignedInfo References (ok/all): 2/2" in done.stdout + done.stderr


def test_xmlsec_refuses_a_changed_message_a_changed_property_and_another_root(folder: Path) -> None:
    part, signatures = folder / referred(folder), folder / "META-INF" / "signatures.xml"
    kept = part.read_bytes(), signatures.read_bytes()
    part.write_bytes(kept[0].replace(b"1", b"2", 1))
    assert xmlsec(folder).returncode != 0
    part.write_bytes(kept[0])
    signatures.write_bytes(kept[1].replace(b"SigningTime>2", b"SigningTime>1", 1))
    assert xmlsec(folder).returncode != 0
    signatures.write_bytes(kept[1])
    stranger = e.Exchange.make().root.certificate
    assert stranger is not None
    (folder / "stranger.pem").write_bytes(stranger.public_bytes(Encoding.PEM))
    assert xmlsec(folder, "stranger.pem").returncode != 0
    assert xmlsec(folder).returncode == 0


def test_signxml_takes_it_as_xades_by_its_schema(folder: Path, exchange: e.Exchange) -> None:
    form = signxml.SignatureConfiguration(
        expect_references=2, default_reference_c14n_method=signxml.CanonicalizationMethod.CANONICAL_XML_1_0
    )

    def verified() -> list[signxml.VerifyResult]:
        document = (folder / "META-INF" / "signatures.xml").read_bytes()
        found = XAdESVerifier().verify(
            document,
            x509_cert=exchange.certificate,
            uri_resolver=lambda uri: (folder / uri.removeprefix("/")).read_bytes(),
            expect_config=form,
        )
        assert isinstance(found, list)
        return found

    assert len(verified()) == 2
    part = folder / referred(folder)
    part.write_bytes(part.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(signxml.InvalidDigest):
        verified()


def test_openssl_takes_the_time_stamp_over_the_result(folder: Path) -> None:
    command = (
        "openssl", "ts", "-verify", "-token_in", "-in", "META-INF/timestamp.tst", "-data", "ts-hashchainresult.xml", "-CAfile", "root.pem",
        "-untrusted", "issuing.pem",
    )  # fmt: skip
    assert run(folder, *command).returncode == 0
    (folder / "ts-hashchainresult.xml").write_bytes(b"other")
    assert run(folder, *command).returncode != 0


def test_programs_see_a_sound_zip_file_of_its_type(folder: Path) -> None:
    assert run(folder, "unzip", "-tq", "container.asice").returncode == 0
    assert "application/vnd.etsi.asic-e+zip" in run(folder, "file", "container.asice").stdout
    with zipfile.ZipFile(folder / "container.asice") as file:
        assert file.testzip() is None


HASH_CHAIN_SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:h="http://cyber.ee/hashchain"
  targetNamespace="http://cyber.ee/hashchain" elementFormDefault="qualified">
 <xs:import namespace="http://www.w3.org/2000/09/xmldsig#" schemaLocation="ds.xsd"/>
 <xs:element name="HashChainResult"><xs:complexType><xs:sequence><xs:element ref="ds:DigestMethod"/><xs:element ref="ds:DigestValue"/></xs:sequence>
  <xs:attribute name="URI" type="xs:anyURI" use="required"/></xs:complexType></xs:element>
 <xs:element name="HashChain"><xs:complexType><xs:sequence>
  <xs:element name="DefaultDigestMethod" type="ds:DigestMethodType" minOccurs="0"/>
  <xs:element name="HashStep" maxOccurs="unbounded"><xs:complexType><xs:choice maxOccurs="unbounded">
   <xs:element name="HashValue" type="h:Value"/>
   <xs:element name="StepRef"><xs:complexType><xs:sequence><xs:element ref="ds:DigestMethod" minOccurs="0"/></xs:sequence>
    <xs:attribute name="URI" type="xs:anyURI" use="required"/></xs:complexType></xs:element>
   <xs:element name="DataRef"><xs:complexType><xs:complexContent><xs:extension base="h:Value"><xs:attribute name="URI" type="xs:anyURI" use="required"/>
    </xs:extension></xs:complexContent></xs:complexType></xs:element>
  </xs:choice><xs:attribute name="id" type="xs:ID" use="required"/></xs:complexType></xs:element>
 </xs:sequence></xs:complexType></xs:element>
 <xs:complexType name="Value"><xs:sequence><xs:element ref="ds:DigestMethod" minOccurs="0"/><xs:element ref="ds:DigestValue"/></xs:sequence></xs:complexType>
</xs:schema>"""
DIGEST_SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
  targetNamespace="http://www.w3.org/2000/09/xmldsig#" elementFormDefault="qualified">
 <xs:element name="DigestMethod" type="ds:DigestMethodType"/><xs:element name="DigestValue" type="xs:base64Binary"/>
 <xs:complexType name="DigestMethodType"><xs:attribute name="Algorithm" type="xs:anyURI" use="required"/></xs:complexType>
</xs:schema>"""


@pytest.fixture
def hash_chains(tmp_path: Path) -> etree.XMLSchema:
    (tmp_path / "ds.xsd").write_text(DIGEST_SCHEMA)
    (tmp_path / "hashchain.xsd").write_text(HASH_CHAIN_SCHEMA)
    return etree.XMLSchema(etree.parse(str(tmp_path / "hashchain.xsd")))


def test_hash_chains_are_of_their_schema(folder: Path, hash_chains: etree.XMLSchema) -> None:
    documents = sorted(folder.glob("*-hashchain*.xml"))
    assert len(documents) in (2, 4)
    for document in documents:
        hash_chains.assertValid(etree.parse(str(document)))
    broken = documents[0].read_bytes().replace(b"DigestValue>", b"Digest>")
    assert not hash_chains.validate(etree.fromstring(broken))


def _simple(name: str, occurs: str = "") -> str:
    return f'<xs:element name="{name}" type="xs:string"{occurs}/>'


MANY, OPTIONAL = ' minOccurs="0" maxOccurs="unbounded"', ' minOccurs="0"'
SHARED_PARAMETERS_SCHEMA = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:x="http://x-road.eu/xsd/xroad.xsd" targetNamespace="http://x-road.eu/xsd/xroad.xsd">
 <xs:element name="conf"><xs:complexType><xs:sequence>
  {_simple("instanceIdentifier")}
  <xs:element name="source" maxOccurs="unbounded"><xs:complexType><xs:sequence>{_simple("address")}
   <xs:element name="internalVerificationCert" type="xs:base64Binary"{MANY}/><xs:element name="externalVerificationCert" type="xs:base64Binary"{MANY}/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="approvedCA"{MANY}><xs:complexType><xs:sequence>{_simple("name")}<xs:element name="authenticationOnly" type="xs:boolean"{OPTIONAL}/>
   <xs:element name="topCA" type="x:Authority"/><xs:element name="intermediateCA" type="x:Authority"{MANY}/>{_simple("certificateProfileInfo")}
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="approvedTSA"{MANY}><xs:complexType><xs:sequence>{_simple("name")}{_simple("url")}<xs:element name="cert" type="xs:base64Binary"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="member"{MANY}><xs:complexType><xs:sequence><xs:element name="memberClass" type="x:MemberClass"/>{_simple("memberCode")}{_simple("name")}
   <xs:element name="subsystem"{MANY}><xs:complexType><xs:sequence>{_simple("subsystemCode")}</xs:sequence><xs:attribute name="id" type="xs:ID"/></xs:complexType>
   </xs:element></xs:sequence><xs:attribute name="id" type="xs:ID"/></xs:complexType></xs:element>
  <xs:element name="globalSettings"><xs:complexType><xs:sequence><xs:element name="memberClass" type="x:MemberClass"{MANY}/>
   <xs:element name="ocspFreshnessSeconds" type="xs:integer"/></xs:sequence></xs:complexType></xs:element>
  <xs:any namespace="##other" processContents="lax"{MANY}/>
 </xs:sequence></xs:complexType></xs:element>
 <xs:complexType name="Authority"><xs:sequence><xs:element name="cert" type="xs:base64Binary"/><xs:element name="ocsp"{MANY}><xs:complexType><xs:sequence>
  {_simple("url")}<xs:element name="cert" type="xs:base64Binary"{OPTIONAL}/></xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType>
 <xs:complexType name="MemberClass"><xs:sequence>{_simple("code")}{_simple("description")}</xs:sequence></xs:complexType>
</xs:schema>"""


def test_shared_parameters_are_of_the_schema_of_version_5(exchange: e.Exchange) -> None:
    schema = etree.XMLSchema(etree.fromstring(SHARED_PARAMETERS_SCHEMA))
    content = verificationconf.shared_parameters(
        configuration(exchange), stamping=[exchange.stamping[0]], address="registry.gov.mn", stamping_url="http://tsa.gov.mn/tsa"
    )
    schema.assertValid(etree.fromstring(content))
    assert not schema.validate(etree.fromstring(content.replace(b"<address>", b"<adress>").replace(b"</address>", b"</adress>")))


def test_an_archive_is_a_sound_zip_file_of_sound_zip_files(exchange: e.Exchange, tmp_path: Path) -> None:
    from toono.exchange.domain.evidence import archive

    files = [(f"{name}.asice", exchange.container(head, body, at=AT, batch=batch)) for name, (head, body, batch) in KINDS.items()]
    (tmp_path / "mlog.zip").write_bytes(archive.write(files, archive.FIRST))
    assert run(tmp_path, "unzip", "-q", "mlog.zip").returncode == 0
    for name, content in files:
        assert (tmp_path / name).read_bytes() == content
        assert run(tmp_path, "unzip", "-tq", name).returncode == 0
