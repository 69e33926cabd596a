"""XAdES signatures over messages, in X-Road's profile: ``META-INF/signatures.xml`` of a container.

Written from text that is canonical already (inclusive C14N), so that neither signing nor writing needs an XML library: this runs for each batch. The key signs
the canonical ``SignedInfo``: ECDSA on P-256 over SHA-512. What varies is the moment, one digest, the value and the OCSP response; everything else is
prepared once for a certificate.

Source: X-Road ``SignatureXmlBuilder.java``; ETSI TS 101 903 (XAdES 1.3.2); XML Signature 1.1, §6.4.3 (form of an ECDSA value).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha512
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from toono.exchange.domain.evidence import hashchain
from toono.exchange.domain.evidence.hashchain import SHA512_URI, MessageDigests

VALUE_BYTES: Final = 64
POLICY: Final = "urn:oid:1.3.6.1.4.1.3516.16.2"
POLICY_DIGEST: Final = "BuO0EDNfkxSVlUbxCzmQPzX1AUF1/xx9ytWHk3/6SAOePxQiniEfDYk+90QeYb3lWpV3Izhuz9fKaYyE+lTcXw=="
"""SHA-512 of the policy's document, base64."""
C14N: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ECDSA_SHA512: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
ASIC, DS = "http://uri.etsi.org/02918/v1.2.1#", "http://www.w3.org/2000/09/xmldsig#"
XADES, SIGNED_PROPERTIES = "http://uri.etsi.org/01903/v1.3.2#", "http://uri.etsi.org/01903#SignedProperties"

OWN_STEPS: Final = "Each message is a hash step of its own: first the message, then its attachments."
"""Description of the signed hash chain: who verifies it need not guess which part of a message a digest belongs to."""

_NAMESPACES: Final = f' xmlns:asic="{ASIC}" xmlns:ds="{DS}" xmlns:xades="{XADES}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_SIGNED_INFO: Final = "<ds:SignedInfo"
_METHOD: Final = f'<ds:DigestMethod Algorithm="{SHA512_URI}"></ds:DigestMethod>'
_SIGNED_INFO_HEAD: Final = (
    f'>\n<ds:CanonicalizationMethod Algorithm="{C14N}"></ds:CanonicalizationMethod>\n'
    f'<ds:SignatureMethod Algorithm="{ECDSA_SHA512}"></ds:SignatureMethod>\n'
)
_POLICY: Final = (
    "<xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId>"
    f'<xades:Identifier Qualifier="OIDAsURN">{POLICY}</xades:Identifier>'
    "<xades:Description>Profile for High Performance Digital Signatures (version 1.2)</xades:Description></xades:SigPolicyId>"
    f"<xades:SigPolicyHash>{_METHOD}<ds:DigestValue>{POLICY_DIGEST}</ds:DigestValue></xades:SigPolicyHash>"
    "<xades:SigPolicyQualifiers><xades:SigPolicyQualifier><xades:SPURI>https://repo.cyber.ee/dsig-profile-1.2.pdf</xades:SPURI>"
    "</xades:SigPolicyQualifier></xades:SigPolicyQualifiers></xades:SignaturePolicyId></xades:SignaturePolicyIdentifier>"
)
_DIRECT_FORMAT: Final = "<xades:MimeType>text/xml</xades:MimeType>"
_CHAIN_FORMAT: Final = f"<xades:Description>{OWN_STEPS}</xades:Description><xades:MimeType>application/hash-chain-result</xades:MimeType>"


class Signatory(NamedTuple):
    """What the XML says of a certificate, prepared once."""

    certificate: str
    """Base64 of its DER."""
    reference: str
    """``SigningCertificate``: digest, issuer and serial number; canonical."""

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Signatory:
        der = certificate.public_bytes(Encoding.DER)
        issuer = escape(certificate.issuer.rfc4514_string(), {"\r": "&#xD;"})
        return cls(
            certificate=b64encode(der).decode(),
            reference=(
                f"<xades:SigningCertificate><xades:Cert><xades:CertDigest>{_METHOD}"
                f"<ds:DigestValue>{b64encode(sha512(der).digest()).decode()}</ds:DigestValue></xades:CertDigest>"
                f"<xades:IssuerSerial><ds:X509IssuerName>{issuer}</ds:X509IssuerName>"
                f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber></xades:IssuerSerial></xades:Cert></xades:SigningCertificate>"
            ),
        )


class Prepared(NamedTuple):
    """A signature that lacks only its value."""

    leaves: tuple[bytes, ...]
    """64 bytes of each message; of a direct one, the digest of its head."""
    direct: bool
    """One message without a body: the signature refers to it without a hash chain."""
    at: datetime
    """Signing time, whole seconds."""
    signed_info: bytes
    """Canonical."""
    digest: bytes
    """SHA-512 of ``signed_info``: what the key signs."""


def prepare(signatory: Signatory, messages: Sequence[MessageDigests], at: datetime) -> Prepared:
    """One signature over these messages.

    :param at: aware; a part of a second is cut off.
    """
    direct = len(messages) == 1 and messages[0].body is None
    leaves = [messages[0].head] if direct else [hashchain.leaf(message) for message in messages]
    return restore(signatory, leaves=leaves, direct=direct, at=at)


def restore(signatory: Signatory, *, leaves: Sequence[bytes], direct: bool, at: datetime) -> Prepared:
    """The same from what is kept of a signature."""
    at = at.astimezone(UTC).replace(microsecond=0)
    if direct:
        (referred,) = leaves
        uri = hashchain.MESSAGE
    else:
        referred, uri = sha512(hashchain.result_xml(hashchain.root(leaves))).digest(), hashchain.SIGNED_RESULT
    properties = _signed_properties(signatory, at, direct, _NAMESPACES)
    signed_info = (_SIGNED_INFO + _NAMESPACES + _references(uri, referred, sha512(properties.encode()).digest())).encode()
    return Prepared(tuple(leaves), direct, at, signed_info, sha512(signed_info).digest())


def document(signatory: Signatory, prepared: Prepared, value: bytes, ocsp: bytes | None) -> bytes:
    """``META-INF/signatures.xml``.

    :param value: r and s of the signature, 32 bytes each.
    :param ocsp: response (DER) on the certificate, to stand in the document.
    :raises ValueError: a value of another length.
    """
    if len(value) != VALUE_BYTES:
        raise ValueError("An ECDSA value on P-256 has 64 bytes.")
    signed_info = prepared.signed_info.decode()
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<asic:XAdESSignatures{_NAMESPACES}><ds:Signature Id="signature">\n'
        f"{_SIGNED_INFO}{signed_info[len(_SIGNED_INFO) + len(_NAMESPACES) :]}\n"
        f'<ds:SignatureValue Id="signature-value">\n{b64encode(value).decode()}\n</ds:SignatureValue>\n'
        f"<ds:KeyInfo>\n<ds:X509Data>\n<ds:X509Certificate>{signatory.certificate}</ds:X509Certificate>\n</ds:X509Data>\n</ds:KeyInfo>\n"
        '<ds:Object><xades:QualifyingProperties Target="#signature">'
        f"{_signed_properties(signatory, prepared.at, prepared.direct, '')}{_unsigned_properties(ocsp)}"
        "</xades:QualifyingProperties></ds:Object>\n</ds:Signature></asic:XAdESSignatures>"
    ).encode()


def _references(uri: str, referred: bytes, properties: bytes) -> str:
    return (
        f'{_SIGNED_INFO_HEAD}<ds:Reference Id="signature-reference-0" URI="{uri}">\n{_METHOD}\n'
        f"<ds:DigestValue>{b64encode(referred).decode()}</ds:DigestValue>\n</ds:Reference>\n"
        f'<ds:Reference Id="signature-reference-1" Type="{SIGNED_PROPERTIES}" URI="#signed-properties">\n{_METHOD}\n'
        f"<ds:DigestValue>{b64encode(properties).decode()}</ds:DigestValue>\n</ds:Reference>\n</ds:SignedInfo>"
    )


def _signed_properties(signatory: Signatory, at: datetime, direct: bool, namespaces: str) -> str:
    """Canonical, apart from the namespaces, which the canonical form repeats and the document has at its root."""
    return (
        f'<xades:SignedProperties{namespaces} Id="signed-properties"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{at:%Y-%m-%dT%H:%M:%SZ}</xades:SigningTime>{signatory.reference}{_POLICY}</xades:SignedSignatureProperties>"
        '<xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#signature-reference-0">'
        f"{_DIRECT_FORMAT if direct else _CHAIN_FORMAT}</xades:DataObjectFormat>"
        "</xades:SignedDataObjectProperties></xades:SignedProperties>"
    )


def _unsigned_properties(ocsp: bytes | None) -> str:
    if ocsp is None:
        return ""
    return (
        "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:RevocationValues><xades:OCSPValues>"
        f'<xades:EncapsulatedOCSPValue Id="ocsp-response-1">{b64encode(ocsp).decode()}</xades:EncapsulatedOCSPValue>'
        "</xades:OCSPValues></xades:RevocationValues></xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )
