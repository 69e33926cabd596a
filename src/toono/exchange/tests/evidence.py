"""Evidence for tests: an exchange with its authorities, containers as the platform makes them, and containers as others make them.

The second are built here with lxml, ``asn1crypto`` and ``openssl``, and share no code with what is tested.
"""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import zipfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from lxml import etree

from toono.exchange.domain.evidence import container, hashchain, xades
from toono.exchange.domain.evidence.container import Parts, StampParts
from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.exchange.domain.evidence.trust import Anchors, Authority, Member
from toono.pki.contracts import Profile
from toono.pki.domain import status, timestamps
from toono.pki.domain.issuing import Issuer
from toono.pki.domain.status_requests import parse
from toono.pki.tests.making import authority, leaf

INSTANCE, CONSUMER, PROVIDER = "MN", "MN/GOV/office", "MN/GOV/register"
SERVICE = f"{PROVIDER}/population/persons"
REQUEST = (
    f"GET\r\n/r1/{SERVICE}/v1/17?x=1\r\naccept:application/json\r\nx-road-client:{CONSUMER}/desk\r\nx-toono-purpose:reference\r\n"
    "x-road-issue:2026/17\r\nx-road-request-id:5c2f\r\nx-road-id:MN-1234\r\n"
).encode()
RESPONSE = (
    f"200\r\nOK\r\ncontent-type:application/json\r\nx-road-id:MN-1234\r\nx-road-client:{CONSUMER}/desk\r\nx-road-service:{SERVICE}\r\n"
    "x-road-request-id:5c2f\r\nx-road-request-hash:aGFzaA==\r\n"
).encode()
BODY = '{"civil_id": "172400000017", "given_name": "Сарнай"}'.encode()


def digests(head: bytes, body: bytes | None) -> MessageDigests:
    return MessageDigests(hashlib.sha512(head).digest(), None if body is None else hashlib.sha512(body).digest())


def other(head: bytes, number: int) -> bytes:
    """Another message of the same parties."""
    return head.replace(b"MN-1234", f"MN-{number}".encode())


@dataclass
class Exchange:
    """Root, issuing authority, responder, time-stamping unit and a member's certificate, made by the platform's own rules."""

    root: Issuer
    issuing: Issuer
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    responder: tuple[x509.Certificate, ec.EllipticCurvePrivateKey]
    stamping: tuple[x509.Certificate, ec.EllipticCurvePrivateKey]

    @classmethod
    def make(cls) -> Exchange:
        root, issuing = authority()
        certificate, key = leaf(Profile.EXCHANGE, issuing)
        return cls(root, issuing, certificate, key, leaf(Profile.OCSP, issuing), leaf(Profile.TIMESTAMP, issuing))

    @cached_property
    def anchors(self) -> Anchors:
        chain = [issuer.certificate for issuer in (self.root, self.issuing) if issuer.certificate]
        members = {name: Member(f"Байгууллага {name}", "NTRMN-9000001") for name in (CONSUMER, PROVIDER)}
        return Anchors(instance=INSTANCE, authorities=tuple(Authority(c) for c in chain), members=members)

    def without(self, **changes: Any) -> Anchors:
        return replace(self.anchors, **changes)

    def ocsp(self, at: datetime, *, known: bool = True, revoked: status.Revoked | None = None) -> bytes:
        issuer = self.issuing.certificate
        assert issuer is not None
        asked = ocsp.OCSPRequestBuilder().add_certificate(self.certificate, issuer, hashes.SHA1()).build()
        question = parse(asked.public_bytes(Encoding.DER))
        found = [status.Status(known=known, revoked=revoked)]
        return status.answer(question, found, responder=status.Responder.of(*self.responder), now=at)

    def token(self, data: bytes, at: datetime) -> bytes:
        certificate, key = self.stamping
        unit = timestamps.Unit(certificate, [c for c in [self.issuing.certificate] if c], lambda d: key.sign(d, ec.ECDSA(hashes.SHA256())))
        return timestamps.token(timestamps.StampRequest("sha512", hashlib.sha512(data).digest()), unit=unit, serial=7, at=at)

    def sign(self, digest: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA512()))))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def parts(
        self,
        head: bytes = REQUEST,
        body: bytes | None = None,
        *,
        at: datetime,
        batch: list[tuple[bytes, bytes | None]] | None = None,
        stamped: bool = True,
        status_der: bytes | None = None,
        stamped_at: datetime | None = None,
    ) -> Parts:
        """A container's parts, as the platform makes them.

        :param batch: messages that are signed together with this one, which comes last.
        """
        messages = [digests(*message) for message in [*(batch or []), (head, body)]]
        signatory = xades.Signatory.of(self.certificate)
        prepared = xades.prepare(signatory, messages, at)
        proof = self.ocsp(at - timedelta(minutes=5)) if status_der is None else status_der
        document = xades.document(signatory, prepared, self.sign(prepared.digest), proof or None)
        chain = None
        if not prepared.direct:
            result = hashchain.result_xml(hashchain.root(prepared.leaves))
            chain = (result, hashchain.chain_xml(prepared.leaves, len(messages) - 1, messages[-1]))
        stamp = None
        if stamped:
            leaves = [hashlib.sha512(document).digest(), bytes(64), hashlib.sha512(b"link").digest()]
            stamped_result = hashchain.stamp_result_xml(hashchain.stamp_root(leaves))
            token = self.token(stamped_result, stamped_at or at + timedelta(seconds=40))
            stamp = StampParts(token, stamped_result, hashchain.stamp_chain_xml(leaves, 0))
        return Parts(head, body, document, chain, stamp)

    def container(self, head: bytes = REQUEST, body: bytes | None = None, **options: Any) -> bytes:
        return container.write(self.parts(head, body, **options), options["at"])


def changed(content: bytes, name: str, change: Any) -> bytes:
    """The same container with one entry changed: by a function, to other bytes, or left out (None). The signatures stay."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w") as file:
        file.comment = source.comment
        seen = False
        for info in source.infolist():
            text = source.read(info)
            if info.filename == name:
                seen = True
                text = change(text) if callable(change) else change
            if text is not None:
                file.writestr(info, text)
        if not seen:
            file.writestr(name, change)
    return target.getvalue()


def entry(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        return source.read(name)


def names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        return source.namelist()


# -- others' containers ----------------------------------------------------------------------------------------------

DS, XADES = "http://www.w3.org/2000/09/xmldsig#", "http://uri.etsi.org/01903/v1.3.2#"
HASHES = {"sha256": "http://www.w3.org/2001/04/xmlenc#sha256", "sha512": "http://www.w3.org/2001/04/xmlenc#sha512"}


class _Transforms(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.Null


class _Item(core.Sequence):  # type: ignore[misc]
    _fields = [("digest", core.OctetString), ("method", core.UTF8String), ("transforms", _Transforms)]


class _List(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _Item


def step(values: list[bytes], method: str = "sha512") -> bytes:
    """Value of a hash step, by a general ASN.1 library."""
    items = [{"digest": value, "method": HASHES[method], "transforms": []} for value in values]
    return hashlib.new(method, _List(items).dump()).digest()


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@dataclass
class Foreign:
    """An exchange as X-Road runs it in Estonia or Finland: RSA keys, certificates that name members by their subject, a time-stamping unit of openssl."""

    folder: Path
    namespace: str = "http://uri.etsi.org/02918/v1.2.1#"
    method: str = "rsa-sha512"
    bare: bool = False
    """``ds:Signature`` without a container element around it."""
    profile: str = "FiVRKCertificateProfileInfoProvider"
    subject: list[tuple[x509.ObjectIdentifier, str]] = field(
        default_factory=lambda: [
            (NameOID.COUNTRY_NAME, "FI"), (NameOID.ORGANIZATION_NAME, "Office"), (NameOID.COMMON_NAME, "office"), (NameOID.SERIAL_NUMBER, "MN/ss1/GOV"),
        ]
    )  # fmt: skip
    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))

    def __post_init__(self) -> None:
        self.authority_key = rsa.generate_private_key(65537, 2048)
        self.key: Any = rsa.generate_private_key(65537, 2048) if "rsa" in self.method else ec.generate_private_key(ec.SECP384R1())
        self.stamping_key = rsa.generate_private_key(65537, 2048)
        self.responder_key = rsa.generate_private_key(65537, 2048)
        name = [(NameOID.ORGANIZATION_NAME, "Test"), (NameOID.COMMON_NAME, "Test CA")]
        self.authority = self._issue(
            name, self.authority_key, x509.BasicConstraints(ca=True, path_length=None), [("key_cert_sign", "crl_sign")], None
        )
        self.certificate = self._issue(self.subject, self.key, None, [("content_commitment",)], None)
        self.responder = self._issue(
            [(NameOID.COMMON_NAME, "Test OCSP")], self.responder_key, None, [("digital_signature",)], ExtendedKeyUsageOID.OCSP_SIGNING
        )
        self.unit = self._issue(
            [(NameOID.COMMON_NAME, "Test TSA")], self.stamping_key, None, [("content_commitment",)], ExtendedKeyUsageOID.TIME_STAMPING
        )

    def _issue(self, subject: Any, key: Any, constraints: Any, usages: Any, extended: Any) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(oid, value) for oid, value in subject])
        issuer = getattr(self, "authority", None)
        wanted = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
             "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder().subject_name(name).issuer_name(issuer.subject if issuer else name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(self.at - timedelta(days=1)).not_valid_after(self.at + timedelta(days=400))
            .add_extension(constraints or x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**{**wanted, **dict.fromkeys(usages[0], True)}), critical=True)
        )  # fmt: skip
        if extended:
            builder = builder.add_extension(x509.ExtendedKeyUsage([extended]), critical=True)
        return builder.sign(self.authority_key, hashes.SHA256())

    @property
    def anchors(self) -> Anchors:
        authority = Authority(self.authority, f"ee.ria.xroad.common.certificateprofile.impl.{self.profile}")
        return Anchors(instance=INSTANCE, authorities=(authority,), stamping=(self.unit,), members={CONSUMER: Member("Office")})

    def ocsp(self) -> bytes:
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=self.certificate, issuer=self.authority, algorithm=hashes.SHA1(), cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=self.at - timedelta(minutes=3), next_update=None, revocation_time=None, revocation_reason=None,
        )  # fmt: skip
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, self.responder).certificates([self.responder])
        return builder.sign(self.responder_key, hashes.SHA256()).public_bytes(Encoding.DER)

    def token(self, data: bytes) -> bytes:
        """By ``openssl ts``."""
        for name, content in {
            "data": data,
            "tsa.pem": self.unit.public_bytes(Encoding.PEM),
            "tsa.key": self.stamping_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "serial": b"01\n",
            "ts.cnf": b"[tsa]\nserial=serial\nsigner_cert=tsa.pem\nsigner_key=tsa.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4\n"
            b"digests=sha256,sha512\ness_cert_id_alg=sha1\n",
        }.items():
            (self.folder / name).write_bytes(content)
        self._openssl("-query", "-data", "data", "-sha512", "-cert", "-out", "query")
        self._openssl("-reply", "-config", "ts.cnf", "-section", "tsa", "-queryfile", "query", "-token_out", "-out", "token")
        return (self.folder / "token").read_bytes()

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", "ts", *arguments], cwd=self.folder, check=True, capture_output=True)

    def signature(self, references: list[tuple[str, bytes]], *, policy: bool = True, token: bool = False) -> bytes:
        """``signatures.xml`` in the words of X-Road's builder, canonicalised and signed here."""
        maker = _Maker(self.namespace)
        root = maker.root
        signature = maker.ds(root, "Signature", Id="signature")
        info = maker.ds(signature, "SignedInfo")
        maker.ds(info, "CanonicalizationMethod", Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
        maker.ds(info, "SignatureMethod", Algorithm=f"http://www.w3.org/2001/04/xmldsig-more#{self.method}")
        value = maker.ds(signature, "SignatureValue", Id="signature-value")
        data = maker.ds(maker.ds(signature, "KeyInfo"), "X509Data")
        maker.ds(data, "X509Certificate").text = "\n" + base64.encodebytes(self.certificate.public_bytes(Encoding.DER)).decode()
        qualifying = maker.xades(maker.ds(signature, "Object"), "QualifyingProperties", Target="#signature")
        properties = self._properties(maker, qualifying, references[0][0], policy=policy)
        unsigned = maker.xades(maker.xades(qualifying, "UnsignedProperties"), "UnsignedSignatureProperties")
        values = maker.xades(maker.xades(unsigned, "RevocationValues"), "OCSPValues")
        maker.xades(values, "EncapsulatedOCSPValue", Id="ocsp-response-1").text = b64(self.ocsp())
        for uri, content in references:
            maker.reference(info, content, URI=uri)
        canonical = etree.tostring(properties, method="c14n", with_comments=False)
        maker.reference(info, canonical, Type="http://uri.etsi.org/01903#SignedProperties", URI="#signed-properties")
        raw = self._sign(etree.tostring(info, method="c14n", with_comments=False))
        value.text = "\n" + base64.encodebytes(raw).decode()
        if token:
            stamp = maker.xades(unsigned, "SignatureTimeStamp")
            maker.xades(stamp, "EncapsulatedTimeStamp").text = b64(self.token(raw))
        return etree.tostring(
            root.find(f"{{{DS}}}Signature") if self.bare else root, xml_declaration=True, encoding="UTF-8", standalone=False
        )

    def _properties(self, maker: _Maker, qualifying: Any, uri: str, *, policy: bool) -> Any:
        properties = maker.xades(qualifying, "SignedProperties", Id="signed-properties")
        signed = maker.xades(properties, "SignedSignatureProperties")
        maker.xades(signed, "SigningTime").text = f"{self.at:%Y-%m-%dT%H:%M:%S}.117Z"
        named = maker.xades(maker.xades(signed, "SigningCertificate"), "Cert")
        maker.digest(maker.xades(named, "CertDigest"), self.certificate.public_bytes(Encoding.DER))
        serial = maker.xades(named, "IssuerSerial")
        maker.ds(serial, "X509IssuerName").text = "CN=Test CA,O=Test"
        maker.ds(serial, "X509SerialNumber").text = str(self.certificate.serial_number)
        if policy:
            identifier = maker.xades(maker.xades(signed, "SignaturePolicyIdentifier"), "SignaturePolicyId")
            maker.xades(maker.xades(identifier, "SigPolicyId"), "Identifier", Qualifier="OIDAsURN").text = "urn:oid:1.3.6.1.4.1.3516.16.2"
            known = "BuO0EDNfkxSVlUbxCzmQPzX1AUF1/xx9ytWHk3/6SAOePxQiniEfDYk+90QeYb3lWpV3Izhuz9fKaYyE+lTcXw=="
            maker.digest(maker.xades(identifier, "SigPolicyHash"), None).text = known
        formats = maker.xades(maker.xades(properties, "SignedDataObjectProperties"), "DataObjectFormat", ObjectReference=uri)
        maker.xades(formats, "MimeType").text = "text/xml"
        return properties

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA512())
        size, (r, s) = (self.key.curve.key_size + 7) // 8, decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA512())))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


class _Maker:
    def __init__(self, namespace: str) -> None:
        prefixes = {"asic": namespace, "ds": DS, "xades": XADES, "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
        self.root = etree.Element(f"{{{namespace}}}XAdESSignatures", nsmap=prefixes)

    def ds(self, parent: Any, name: str, **attributes: str) -> Any:
        return etree.SubElement(parent, f"{{{DS}}}{name}", attributes)

    def xades(self, parent: Any, name: str, **attributes: str) -> Any:
        return etree.SubElement(parent, f"{{{XADES}}}{name}", attributes)

    def digest(self, parent: Any, content: bytes | None) -> Any:
        self.ds(parent, "DigestMethod", Algorithm=HASHES["sha512"])
        value = self.ds(parent, "DigestValue")
        value.text = b64(hashlib.sha512(content).digest()) if content is not None else ""
        return value

    def reference(self, parent: Any, content: bytes, **attributes: str) -> None:
        self.digest(self.ds(parent, "Reference", **attributes), content)


def zipped(entries: dict[str, bytes]) -> bytes:
    """As a Java program writes it: packed, each entry with a descriptor behind it."""
    target = io.BytesIO()

    class Stream(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            return target.write(data)

    with zipfile.ZipFile(Stream(), "w", zipfile.ZIP_DEFLATED) as file:  # type: ignore[arg-type]
        file.comment = b"mimetype=application/vnd.etsi.asic-e+zip"
        for name, content in entries.items():
            file.writestr(name, content)
    return target.getvalue()


def chain_document(steps: list[tuple[str, list[str]]], method: str = "sha512") -> bytes:
    inner = "".join(f'<ns2:HashStep id="{name}">{"".join(values)}</ns2:HashStep>' for name, values in steps)
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<ns2:HashChain xmlns="http://www.w3.org/2000/09/xmldsig#" '
        f'xmlns:ns2="http://cyber.ee/hashchain"><ns2:DefaultDigestMethod Algorithm="{HASHES[method]}"/>{inner}</ns2:HashChain>'
    ).encode()


def result_document(uri: str, value: bytes, method: str = "sha512") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<ns2:HashChainResult URI="'
        f'{uri}" xmlns:ns2="http://cyber.ee/hashchain" xmlns="http://www.w3.org/2000/09/xmldsig#"><DigestMethod Algorithm="{HASHES[method]}"/>'
        f"<DigestValue>{b64(value)}</DigestValue></ns2:HashChainResult>"
    ).encode()


def data(uri: str, digest: bytes) -> str:
    return f'<ns2:DataRef URI="{uri}"><DigestValue>{b64(digest)}</DigestValue></ns2:DataRef>'


def value(digest: bytes) -> str:
    return f"<ns2:HashValue><DigestValue>{b64(digest)}</DigestValue></ns2:HashValue>"


def down(name: str) -> str:
    return f'<ns2:StepRef URI="#{name}"/>'


def sha512(content: bytes) -> bytes:
    return hashlib.sha512(content).digest()


MIMETYPE = {"mimetype": b"application/vnd.etsi.asic-e+zip"}
SIGNATURES = "META-INF/signatures.xml"


def direct(foreign: Foreign, message: bytes = REQUEST, body: bytes | None = None, **options: Any) -> dict[str, bytes]:
    """A signature that refers to message and body one by one, its time-stamp inside."""
    parts = [("/message.xml", message)] + ([("/attachment1", body)] if body is not None else [])
    entries = MIMETYPE | {"message.xml": message, SIGNATURES: foreign.signature(parts, token=True, **options)}
    return entries | ({"attachment1": body} if body is not None else {})


def with_chain(foreign: Foreign, steps: list[tuple[str, list[str]]], top: bytes, entries: dict[str, bytes]) -> dict[str, bytes]:
    """A batch signature over a hash chain, its time-stamp inside."""
    result = result_document("/sig-hashchain.xml#STEP0", top)
    document = foreign.signature([("/sig-hashchainresult.xml", result)], token=True)
    return MIMETYPE | entries | {SIGNATURES: document, "sig-hashchainresult.xml": result, "sig-hashchain.xml": chain_document(steps)}


def batch(foreign: Foreign, messages: list[bytes], index: int) -> dict[str, bytes]:
    """X-Road's own form of a batch of three messages without bodies: the head itself is a leaf beside its neighbour."""
    a, b, c = (sha512(message) for message in messages)
    pair = step([a, b])
    top = step([pair, c])
    steps = {
        0: [("STEP0", [down("STEP1"), value(c)]), ("STEP1", [data("/message.xml", a), value(b)])],
        1: [("STEP0", [down("STEP1"), value(c)]), ("STEP1", [value(a), data("/message.xml", b)])],
        2: [("STEP0", [value(pair), data("/message.xml", c)])],
    }[index]
    return with_chain(foreign, steps, top, {"message.xml": messages[index]})


def batch_stamped(foreign: Foreign, message: bytes = REQUEST) -> dict[str, bytes]:
    """Signed directly, time-stamped together with others by SHA-256."""
    document = foreign.signature([("/message.xml", message)])
    own, neighbour = hashlib.sha256(document).digest(), hashlib.sha256(b"another").digest()
    chain = chain_document([("STEP0", [value(neighbour), data("/META-INF/signatures.xml", own)])], "sha256")
    result = result_document("/ts-hashchain.xml#STEP0", step([neighbour, own], "sha256"), "sha256")
    return MIMETYPE | {
        "message.xml": message, SIGNATURES: document, "ts-hashchainresult.xml": result, "ts-hashchain.xml": chain,
        "META-INF/timestamp.tst": foreign.token(result),
    }  # fmt: skip
