"""Checking ``META-INF/signatures.xml``: XML Signature with XAdES properties, ours and X-Road's of all years.

Against signature wrapping: the document holds one signature and nothing beside it; an id names one element; what is used of the properties is the very
element whose digest was signed.

Source: XML Signature 1.1; ETSI TS 101 903; X-Road ``Signature.java``, ``SignatureVerifier.java``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import new as new_digest
from hmac import compare_digest
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from toono.exchange.domain.evidence.documents import DS, Element, decoded, digest_name, elements, parse
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.domain.evidence.trust import certificate
from toono.exchange.domain.evidence.xades import OWN_STEPS, POLICY, POLICY_DIGEST, SIGNED_PROPERTIES
from toono.kernel.jose import der_signature

MALFORMED: Final = "malformed_signature"
INVALID: Final = "invalid_signature_value"
_XADES: Final = "{http://uri.etsi.org/01903/v1.3.2#}"
_ROOTS: Final = frozenset(f"{{http://uri.etsi.org/02918/{version}#}}XAdESSignatures" for version in ("v1.1.1", "v1.2.1"))
_IDS: Final = ("Id", "ID", "id")
_CANONICAL: Final = {
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": False,
    "http://www.w3.org/2006/12/xml-c14n11": False,
    "http://www.w3.org/2001/10/xml-exc-c14n#": True,
}
"""Canonical forms, and whether they are exclusive."""
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_METHODS: Final = {
    **{f"{_MORE}rsa-sha{size}": ("rsa", size) for size in _HASHES},
    **{f"{_MORE}ecdsa-sha{size}": ("ecdsa", size) for size in _HASHES},
    **{f"http://www.w3.org/2007/05/xmldsig-more#sha{size}-rsa-MGF1": ("pss", size) for size in _HASHES},
}


@dataclass(frozen=True)
class Document:
    """A signature, read but not yet checked."""

    signature: Element
    signed_info: Element
    properties: Element
    """The one ``SignedProperties``."""
    value: bytes
    references: tuple[str, ...]
    """URIs, in their order."""
    certificate: x509.Certificate
    """By which it claims to be made."""
    bridges: tuple[x509.Certificate, ...]
    """Further certificates that came with it."""
    ocsp: tuple[bytes, ...]
    """OCSP responses that came with it (DER)."""
    token: bytes | None
    """Time-stamp over the value, where it stands inside."""
    signing_time: datetime | None
    """As claimed."""
    own_steps: bool
    """Whether it says that in its hash chain each message is a step of its own."""

    def canonical_value(self) -> bytes:
        """``SignatureValue`` as an element, which XAdES time-stamps (§7.3); X-Road time-stamps the bare value."""
        return _canonical(_one(self.signature, f"{DS}SignatureValue"), exclusive=False)


def read(content: bytes) -> Document:
    """:raises Refused: ``malformed_signature``"""
    signature = _the_signature(parse(content, MALFORMED))
    signed_info = _one(signature, f"{DS}SignedInfo")
    properties = _the(signature, f"{_XADES}SignedProperties")
    if properties.getparent().getparent().getparent() is not signature:
        raise Refused(MALFORMED, "The signed properties stand where they do not belong.")
    tokens = [decoded(found.text, MALFORMED) for found in signature.iter(f"{_XADES}EncapsulatedTimeStamp")]
    if len(tokens) > 1:
        raise Refused(MALFORMED, "There is more than one time-stamp.")
    known = _certificates(signature)
    signer = _signing_certificate(properties, known)
    _check_policy(properties)
    return Document(
        signature=signature,
        signed_info=signed_info,
        properties=properties,
        value=decoded(_one(signature, f"{DS}SignatureValue").text, MALFORMED),
        references=tuple(reference.get("URI", "") for reference in signed_info.iterfind(f"{DS}Reference")),
        certificate=signer,
        bridges=tuple(found for found in known if found != signer),
        ocsp=tuple(decoded(found.text, MALFORMED) for found in signature.iter(f"{_XADES}EncapsulatedOCSPValue")),
        token=tokens[0] if tokens else None,
        signing_time=_signing_time(properties),
        own_steps=any(found.text == OWN_STEPS for found in properties.iter(f"{_XADES}Description")),
    )


def check(document: Document, entries: Mapping[str, bytes]) -> None:
    """Every reference and the value.

    :raises Refused: ``invalid_signature_value`` where something is not what was signed, ``malformed_signature`` where that cannot be said.
    """
    signed = [_check_reference(document, reference, entries) for reference in document.signed_info.iterfind(f"{DS}Reference")]
    if not any(element is document.properties for element in signed):
        raise Refused(MALFORMED, "The signed properties are not signed.")
    method = _one(document.signed_info, f"{DS}CanonicalizationMethod").get("Algorithm", "")
    _check_value(document, _canonical(document.signed_info, exclusive=_exclusive(method)))


def _the_signature(root: Element) -> Element:
    found = list(root.iter(f"{DS}Signature"))
    if len(found) != 1:
        raise Refused(MALFORMED, f"There are {len(found)} signatures in place of one.")
    if root is not found[0] and not (root.tag in _ROOTS and elements(root) == found):
        raise Refused(MALFORMED, "The signature does not stand at its place.")
    return found[0]


def _one(parent: Element, tag: str) -> Element:
    """The only child of this name."""
    found = parent.findall(tag)
    if len(found) != 1:
        raise Refused(MALFORMED, f"{tag.rpartition('}')[2]} is missing or given twice.")
    return found[0]


def _the(parent: Element, tag: str) -> Element:
    """The only descendant of this name."""
    found = list(parent.iter(tag))
    if len(found) != 1:
        raise Refused(MALFORMED, f"{tag.rpartition('}')[2]} is missing or given twice.")
    return found[0]


def _certificates(signature: Element) -> list[x509.Certificate]:
    tags = (f"{DS}X509Certificate", f"{_XADES}EncapsulatedX509Certificate")
    return list(dict.fromkeys(certificate(decoded(found.text, MALFORMED), MALFORMED) for found in signature.iter(*tags)))


def _signing_certificate(properties: Element, known: list[x509.Certificate]) -> x509.Certificate:
    """The one of the certificates that the signer named and signed (``SigningCertificate``, or its newer form)."""
    named = [*properties.iter(f"{_XADES}SigningCertificate"), *properties.iter(f"{_XADES}SigningCertificateV2")]
    if len(named) != 1:
        raise Refused(MALFORMED, "The signer's certificate is not named.")
    digest = next(named[0].iter(f"{_XADES}CertDigest"), None)
    if digest is None:
        raise Refused(MALFORMED, "The signer's certificate is not named.")
    name = digest_name(_one(digest, f"{DS}DigestMethod").get("Algorithm"), MALFORMED)
    value = decoded(_one(digest, f"{DS}DigestValue").text, MALFORMED)
    signer = next((c for c in known if compare_digest(new_digest(name, c.public_bytes(Encoding.DER)).digest(), value)), None)
    if signer is None:
        raise Refused(MALFORMED, "The certificate that the signer named is not here.")
    number = named[0].findtext(f"{_XADES}Cert/{_XADES}IssuerSerial/{DS}X509SerialNumber")
    if number is not None and number.strip() != str(signer.serial_number):
        raise Refused(MALFORMED, "The signer's certificate has another serial number than was named.")
    return signer


def _check_policy(properties: Element) -> None:
    for policy in properties.iter(f"{_XADES}SignaturePolicyId"):
        if policy.findtext(f"{_XADES}SigPolicyId/{_XADES}Identifier") == POLICY:
            digest = policy.findtext(f"{_XADES}SigPolicyHash/{DS}DigestValue") or ""
            if decoded(digest, MALFORMED) != decoded(POLICY_DIGEST, MALFORMED):
                raise Refused(MALFORMED, "The signature policy is not the one that it claims to be.")


def _signing_time(properties: Element) -> datetime | None:
    text = properties.findtext(f"{_XADES}SignedSignatureProperties/{_XADES}SigningTime")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(MALFORMED, "The signing time is no time.") from None


def _check_reference(document: Document, reference: Element, entries: Mapping[str, bytes]) -> Element | None:
    """The element of the document that the reference signs; None where it signs an entry of the container."""
    uri, element = reference.get("URI"), None
    exclusive = _transform(reference)
    if uri is None or uri == "" or (uri.startswith("/") and exclusive is not None):
        raise Refused(MALFORMED, f"A reference to {uri!r} is not understood.")
    if uri.startswith("#"):
        element = _by_id(document.signature, uri[1:])
        if reference.get("Type") == SIGNED_PROPERTIES and element is not document.properties:
            raise Refused(MALFORMED, "The reference to the signed properties leads elsewhere.")
        content = _canonical(element, exclusive=bool(exclusive))
    else:
        found = entries.get(uri.removeprefix("/"))
        if found is None:
            raise Refused(MALFORMED, f"There is no {uri}.")
        content = found
    name = digest_name(_one(reference, f"{DS}DigestMethod").get("Algorithm"), MALFORMED)
    if not compare_digest(new_digest(name, content).digest(), decoded(_one(reference, f"{DS}DigestValue").text, MALFORMED)):
        raise Refused(INVALID, f"{uri} is not what was signed.")
    return element


def _transform(reference: Element) -> bool | None:
    """The canonical form that the reference asks for: exclusive or not; None where it asks for none."""
    algorithms = [found.get("Algorithm", "") for found in reference.iterfind(f"{DS}Transforms/{DS}Transform")]
    if len(algorithms) > 1 or any(elements(found) for found in reference.iterfind(f"{DS}Transforms/{DS}Transform")):
        raise Refused(MALFORMED, "The transforms of a reference are not understood.")
    return _exclusive(algorithms[0]) if algorithms else None


def _exclusive(method: str) -> bool:
    if method not in _CANONICAL:
        raise Refused(MALFORMED, f"The canonical form {method} is not accepted.")
    return _CANONICAL[method]


def _by_id(signature: Element, identifier: str) -> Element:
    """The one element of this id in the whole document, which must stand inside the signature."""
    everywhere = signature.getroottree().iter()
    found = [element for element in everywhere if any(element.get(name) == identifier for name in _IDS if isinstance(element.tag, str))]
    if len(found) != 1 or signature not in found[0].iterancestors():
        raise Refused(MALFORMED, f"#{identifier} does not name one element of the signature.")
    return found[0]


def _canonical(element: Element, *, exclusive: bool) -> bytes:
    content: bytes = etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=False, with_tail=False)
    return content


def _check_value(document: Document, signed: bytes) -> None:
    method = _one(document.signed_info, f"{DS}SignatureMethod").get("Algorithm", "")
    if method not in _METHODS:
        raise Refused(MALFORMED, f"The signature method {method} is not accepted.")
    kind, size = _METHODS[method]
    algorithm, key, value = _HASHES[size], document.certificate.public_key(), document.value
    try:
        if kind == "ecdsa" and isinstance(key, EllipticCurvePublicKey):
            key.verify(_der(value, (key.curve.key_size + 7) // 8), signed, ECDSA(algorithm))
        elif kind == "rsa" and isinstance(key, RSAPublicKey):
            key.verify(value, signed, PKCS1v15(), algorithm)
        elif kind == "pss" and isinstance(key, RSAPublicKey):
            key.verify(value, signed, PSS(MGF1(algorithm), algorithm.digest_size), algorithm)
        else:
            raise Refused(MALFORMED, "The signature method does not fit the certificate's key.")
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        raise Refused(INVALID, "The signature value does not fit.") from None


def _der(value: bytes, size: int) -> bytes:
    """r and s of equal length (XML Signature 1.1, §6.4.3)."""
    if len(value) != 2 * size:
        raise Refused(INVALID, "The signature value has another length than its curve asks for.")
    return der_signature(value, size)
