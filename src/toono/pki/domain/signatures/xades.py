"""XAdES (ETSI EN 319 132-1) with inclusive canonical XML 1.0: enveloped in an XML document, or detached in a container. Pure.

An enveloped signature covers the document without any signature, so that others may stand beside it. Who signs later also signs the values of the
signatures that are there (a reference of the type ``CountersignedSignature``, EN 319 132-1 §5.2.7): it is told who was first. Functions that take
``value`` mean the signature of this value; without it there must be but one.

Canonical forms of parts are made in their place: with every namespace and ``xml:`` attribute in scope (Canonical XML 1.0 §2.4), which ``lxml``
forgets for an element taken out of its document.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from lxml import etree

from toono.pki.domain.signatures.signatory import Material, Signatory, Stamper

DS, XADES, XADES_141 = "http://www.w3.org/2000/09/xmldsig#", "http://uri.etsi.org/01903/v1.3.2#", "http://uri.etsi.org/01903/v1.4.1#"
ASIC = "http://uri.etsi.org/02918/v1.2.1#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
COUNTERSIGNED = "http://uri.etsi.org/01903#CountersignedSignature"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
OUTSIDE_SIGNATURES = "not(ancestor-or-self::ds:Signature)"

_PREFIXES = {"ds": DS, "xades": XADES, "xades141": XADES_141}
_XML = "{http://www.w3.org/XML/1998/namespace}"
_DIGESTS = {
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
}
HASHES = {uri: name for name, uri in _DIGESTS.items()}

Element = Any
"""An element of ``lxml``, which has no types."""


class NotXml(ValueError):
    """No XML document that can carry a signature, or none with one of ours."""


@dataclass(frozen=True)
class Prepared:
    """A document that lacks only the value of its signature."""

    root: Element
    signature: Element
    to_be_signed: bytes
    """Canonical ``SignedInfo``."""

    def completed(self, value: bytes) -> bytes:
        """The document; ``value`` is r and s, each of the curve's length (XML Signature 1.1 §6.4.3)."""
        self.signature.find(f"{{{DS}}}SignatureValue").text = b64encode(value).decode()
        return _serialised(self.root)


@dataclass(frozen=True)
class _Reference:
    uri: str
    digest: bytes
    media_type: str
    transforms: tuple[str, ...] = ()
    kind: str = ""
    """Its ``Type``."""


def prepare_enveloped(document: bytes, who: Signatory, *, at: datetime, media_type: str = "text/xml", beside: bool = False) -> Prepared:
    """The document with a signature over the whole of it, as the last child of its root.

    :param beside: the document is signed already, and this signature stands beside those.
    :raises NotXml: no XML; with a DTD, whose entities would change what is read; signed already, without ``beside``; or signed so that another
        signature would break what is there.
    """
    root = _parsed(document)
    earlier = _signatures(root)
    if earlier and not beside:
        raise NotXml("the document is signed already")
    _check_room(root, earlier)
    digest = who.digest(_whole(root, without=earlier))
    references = [_Reference("", digest, media_type, (ENVELOPED, XPATH, C14N))]
    return _prepared(root, references + _countersigned(root, earlier, who), who, at)


def _check_room(root: Element, earlier: list[Element]) -> None:
    """A signature that covers the whole but for itself, as most programs make it, is broken by whatever comes after it."""
    for signature in earlier:
        if signature.getparent() is not root:
            raise NotXml("a part of the document is signed by itself; put the file into a container")
        for reference in signature.iterfind(f"{{{DS}}}SignedInfo/{{{DS}}}Reference"):
            if _is_whole(root, reference) and not _leaves_out_signatures(reference):
                raise NotXml("the signature that is there would break; put the file into a container")


def _is_whole(root: Element, reference: Element) -> bool:
    uri = reference.get("URI", "")
    return uri in ("", "#xpointer(/)") or any(uri == f"#{value}" for value in root.attrib.values())


def _leaves_out_signatures(reference: Element) -> bool:
    paths = reference.iterfind(f"{{{DS}}}Transforms/{{{DS}}}Transform/{{{DS}}}XPath")
    return any("".join((one.text or "").split()) == OUTSIDE_SIGNATURES and one.nsmap.get("ds") == DS for one in paths)


def _countersigned(root: Element, earlier: list[Element], who: Signatory) -> list[_Reference]:
    """References to the values of the signatures that are there, as far as these can be named."""
    values = [signature.find(f"{{{DS}}}SignatureValue") for signature in earlier]
    named = [one for one in values if one is not None and one.get("Id") and len(_identified(root, one.get("Id"))) == 1]
    return [_Reference(f"#{one.get('Id')}", who.digest(canonical(one)), "", (C14N,), COUNTERSIGNED) for one in named]


def prepare_detached(files: Mapping[str, tuple[str, bytes]], who: Signatory, *, at: datetime) -> Prepared:
    """``META-INF/signatures.xml`` of a container (EN 319 162-1 §4.4.3) over files: name to media type and content."""
    root = etree.Element(f"{{{ASIC}}}XAdESSignatures", nsmap={"asic": ASIC})
    references = [_Reference(quote(name), who.digest(content), kind) for name, (kind, content) in files.items()]
    return _prepared(root, references, who, at)


def prepare_over_digest(digest: bytes, who: Signatory, *, at: datetime, uri: str) -> Prepared:
    """A signature alone, over something that is kept elsewhere and has this digest (of ``who.hash``); ``uri`` is how it is named."""
    return _prepared(None, [_Reference(uri, digest, "application/octet-stream")], who, at)


def time_stamped(document: bytes, stamp: Stamper, *, value: bytes | None = None) -> bytes:
    """B-T of a B-B: the token is over the canonical ``SignatureValue`` (EN 319 132-1 §5.3)."""
    root = _parsed(document)
    signature = _signature(root, value)
    token = stamp(hashlib.sha256(canonical(signature.find(f"{{{DS}}}SignatureValue"))).digest())
    _time_stamp(_unsigned(signature), f"{{{XADES}}}SignatureTimeStamp", token)
    return _serialised(root)


def with_material(document: bytes, material: Material, *, value: bytes | None = None) -> bytes:
    """B-LT of a B-T: certificates and revocation values among the unsigned properties."""
    root = _parsed(document)
    signature = _signature(root, value)
    unsigned = _unsigned(signature)
    held = material_in(signature)
    certificates = [one for one in dict.fromkeys(material.certificates) if one not in held.certificates]
    lists = [one for one in dict.fromkeys(material.lists) if one not in held.lists]
    answers = [one for one in dict.fromkeys(material.answers) if one not in held.answers]
    if not (certificates or lists or answers):
        return document
    if time_stamps_in(signature)[1]:  # what proves an archive time-stamp stands in a property of its own (§5.5.1)
        unsigned = etree.SubElement(unsigned, f"{{{XADES_141}}}TimeStampValidationData")
    if certificates:
        _values(etree.SubElement(unsigned, f"{{{XADES}}}CertificateValues"), "EncapsulatedX509Certificate", certificates)
    if lists or answers:
        revocations = etree.SubElement(unsigned, f"{{{XADES}}}RevocationValues")
        if lists:
            _values(etree.SubElement(revocations, f"{{{XADES}}}CRLValues"), "EncapsulatedCRLValue", lists)
        if answers:
            _values(etree.SubElement(revocations, f"{{{XADES}}}OCSPValues"), "EncapsulatedOCSPValue", answers)
    return _serialised(root)


def archive_time_stamped(
    document: bytes, stamp: Stamper, *, value: bytes | None = None, referenced: Callable[[str], bytes] | None = None
) -> bytes:
    """B-LTA of a B-LT, and each renewal of it (EN 319 132-1 §5.5.2).

    :param referenced: content of the file that a reference names, for signatures in containers.
    :raises NotXml: a reference of another kind.
    """
    root = _parsed(document)
    signature = _signature(root, value)
    token = stamp(hashlib.sha256(archive_imprint(root, signature, referenced)).digest())
    _time_stamp(_unsigned(signature), f"{{{XADES_141}}}ArchiveTimeStamp", token)
    return _serialised(root)


def archive_imprint(root: Element, signature: Element, referenced: Callable[[str], bytes] | None) -> bytes:
    """What the next archive time-stamp is over: what was signed, the signature, and all unsigned properties so far."""
    signed = signature.find(f"{{{DS}}}SignedInfo")
    parts = [_processed(root, signature, reference, referenced) for reference in signed.iterfind(f"{{{DS}}}Reference")]
    parts += [canonical(part) for name in ("SignedInfo", "SignatureValue", "KeyInfo") for part in signature.iterfind(f"{{{DS}}}{name}")]
    parts += [canonical(part) for part in _unsigned(signature)]
    return b"".join(parts)


def can_be_signed(document: bytes) -> bool:
    """Whether it is XML, without a DTD."""
    try:
        return _parsed(document) is not None
    except NotXml:
        return False


def signature_values(document: bytes) -> list[bytes]:
    """The value of each signature, in the order of the document.

    :raises NotXml:
    """
    return [_value(signature) for signature in _signatures(_parsed(document))]


def signature(document: bytes, value: bytes) -> Element:
    """The signature of this value.

    :raises NotXml:
    """
    return _signature(_parsed(document), value)


def certificates_in(signature: Element) -> list[bytes]:
    """DER of the certificates in ``KeyInfo``, the signer's first."""
    path = f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate"
    return [b64decode(found.text or "") for found in signature.iterfind(path)]


def time_stamps_in(signature: Element) -> tuple[list[bytes], list[bytes]]:
    """Tokens over the signature, and archive tokens; in order."""
    found = []
    for name in (f"{{{XADES}}}SignatureTimeStamp", f"{{{XADES_141}}}ArchiveTimeStamp"):
        path = f".//{name}/{{{XADES}}}EncapsulatedTimeStamp"
        found.append([b64decode(one.text or "") for one in signature.iterfind(path)])
    return found[0], found[1]


def material_in(signature: Element) -> Material:
    """What stands among the unsigned properties."""

    def held(name: str) -> tuple[bytes, ...]:
        return tuple(b64decode(one.text or "") for one in signature.iterfind(f".//{{{XADES}}}{name}"))

    return Material(held("EncapsulatedX509Certificate"), held("EncapsulatedCRLValue"), held("EncapsulatedOCSPValue"))


def canonical(element: Element) -> bytes:
    """Canonical XML 1.0 of an element in its place, without comments."""
    alone = etree.Element(element.tag, nsmap=element.nsmap)
    for above in reversed(list(element.iterancestors())):
        for name, value in above.attrib.items():
            if name.startswith(_XML):
                alone.set(name, value)
    for name, value in element.attrib.items():
        alone.set(name, value)
    alone.text = element.text
    alone.extend(deepcopy(child) for child in element)
    return bytes(etree.tostring(alone, method="c14n", with_comments=False))


def _prepared(root: Element | None, references: list[_Reference], who: Signatory, at: datetime) -> Prepared:
    """``root`` is what the signature stands in; None: it is itself the document."""
    seed = b"".join(reference.digest for reference in references) + who.encoded + at.isoformat().encode()
    name = "S-" + hashlib.sha256(seed).hexdigest()[:24]  # the same for the same, and no other's in the document
    signature = etree.Element(f"{{{DS}}}Signature", nsmap=_PREFIXES, Id=name)
    if root is not None:
        root.append(signature)
    info = etree.SubElement(signature, f"{{{DS}}}SignedInfo")
    etree.SubElement(info, f"{{{DS}}}CanonicalizationMethod", Algorithm=C14N)
    etree.SubElement(info, f"{{{DS}}}SignatureMethod", Algorithm=f"http://www.w3.org/2001/04/xmldsig-more#ecdsa-{who.hash}")
    for number, reference in enumerate(references):
        _add_reference(info, reference, who.hash, Id=f"{name}-R{number}")
    etree.SubElement(signature, f"{{{DS}}}SignatureValue", Id=f"{name}-V")
    data = etree.SubElement(etree.SubElement(signature, f"{{{DS}}}KeyInfo"), f"{{{DS}}}X509Data")
    for certificate in who.certificates:
        etree.SubElement(data, f"{{{DS}}}X509Certificate").text = b64encode(certificate).decode()
    properties = _properties(signature, references, who, at, name)
    to_be_referred = _Reference(f"#{name}-P", who.digest(canonical(properties)), "", (C14N,), SIGNED_PROPERTIES)
    _add_reference(info, to_be_referred, who.hash)
    return Prepared(signature if root is None else root, signature, canonical(info))


def _add_reference(info: Element, reference: _Reference, algorithm: str, **attributes: str) -> None:
    kind = {"Type": reference.kind} if reference.kind else {}
    added = etree.SubElement(info, f"{{{DS}}}Reference", URI=reference.uri, **attributes, **kind)
    if reference.transforms:
        transforms = etree.SubElement(added, f"{{{DS}}}Transforms")
        for transform in reference.transforms:
            made = etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=transform)
            if transform == XPATH:
                etree.SubElement(made, f"{{{DS}}}XPath").text = OUTSIDE_SIGNATURES
    _digest(added, algorithm, reference.digest)


def _properties(signature: Element, references: list[_Reference], who: Signatory, at: datetime, name: str) -> Element:
    """``SignedProperties`` of the baseline (EN 319 132-1 §6.3)."""
    qualifying = etree.SubElement(etree.SubElement(signature, f"{{{DS}}}Object"), f"{{{XADES}}}QualifyingProperties", Target=f"#{name}")
    properties = etree.SubElement(qualifying, f"{{{XADES}}}SignedProperties", Id=f"{name}-P")
    own = etree.SubElement(properties, f"{{{XADES}}}SignedSignatureProperties")
    etree.SubElement(own, f"{{{XADES}}}SigningTime").text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    identified = etree.SubElement(etree.SubElement(own, f"{{{XADES}}}SigningCertificateV2"), f"{{{XADES}}}Cert")
    _digest(etree.SubElement(identified, f"{{{XADES}}}CertDigest"), who.hash, who.digest(who.encoded))
    etree.SubElement(identified, f"{{{XADES}}}IssuerSerialV2").text = b64encode(who.issuer_serial).decode()
    of_data = etree.SubElement(properties, f"{{{XADES}}}SignedDataObjectProperties")
    for number, reference in enumerate(references):
        if reference.kind == COUNTERSIGNED:  # a signature's value, which has no media type
            continue
        described = etree.SubElement(of_data, f"{{{XADES}}}DataObjectFormat", ObjectReference=f"#{name}-R{number}")
        etree.SubElement(described, f"{{{XADES}}}MimeType").text = reference.media_type
    return properties


def _digest(parent: Element, algorithm: str, digest: bytes) -> None:
    etree.SubElement(parent, f"{{{DS}}}DigestMethod", Algorithm=_DIGESTS[algorithm])
    etree.SubElement(parent, f"{{{DS}}}DigestValue").text = b64encode(digest).decode()


def _unsigned(signature: Element) -> Element:
    qualifying = signature.find(f"{{{DS}}}Object/{{{XADES}}}QualifyingProperties")
    if qualifying is None:
        raise NotXml("the signature has no qualifying properties")
    unsigned = qualifying.find(f"{{{XADES}}}UnsignedProperties")
    if unsigned is None:
        unsigned = etree.SubElement(qualifying, f"{{{XADES}}}UnsignedProperties")
    found = unsigned.find(f"{{{XADES}}}UnsignedSignatureProperties")
    return etree.SubElement(unsigned, f"{{{XADES}}}UnsignedSignatureProperties") if found is None else found


def _time_stamp(parent: Element, name: str, token: bytes) -> None:
    added = etree.SubElement(parent, name, Id="T-" + hashlib.sha256(token).hexdigest()[:24])
    etree.SubElement(added, f"{{{DS}}}CanonicalizationMethod", Algorithm=C14N)
    etree.SubElement(added, f"{{{XADES}}}EncapsulatedTimeStamp").text = b64encode(token).decode()


def _values(parent: Element, name: str, values: Iterable[bytes]) -> None:
    for value in values:
        etree.SubElement(parent, f"{{{XADES}}}{name}").text = b64encode(value).decode()


def _processed(root: Element, signature: Element, reference: Element, referenced: Callable[[str], bytes] | None) -> bytes:
    """The octets that a reference's digest is over, for the kinds of reference that are written here."""
    uri = reference.get("URI", "")
    if uri == "":
        return _whole(root, without=list(root.iter(signature.tag)) if _leaves_out_signatures(reference) else [signature])
    if uri.startswith("#"):
        found = _identified(root, uri[1:])
        if len(found) != 1 or not (signature in found[0].iterancestors() or reference.get("Type") == COUNTERSIGNED):
            raise NotXml("a reference to something outside the signature")
        return canonical(found[0])
    if referenced is None or reference.find(f"{{{DS}}}Transforms") is not None:
        raise NotXml("a reference to a file, or one with transforms")
    content = referenced(uri)
    made = hashlib.new(HASHES.get(reference.find(f"{{{DS}}}DigestMethod").get("Algorithm"), "sha256"), content).digest()
    if b64encode(made).decode() != (reference.findtext(f"{{{DS}}}DigestValue") or "").strip():
        raise NotXml(f"the file {uri[:80]} is not the one that was signed")
    return content


def _whole(root: Element, without: Sequence[Element] = ()) -> bytes:
    tree = root.getroottree()
    if not without:
        return bytes(etree.tostring(tree, method="c14n", with_comments=False))
    places = [place for place, element in enumerate(root.iter()) if any(element is one for one in without)]
    copied = deepcopy(tree)
    elements = list(copied.getroot().iter())
    for place in places:
        _take_out(elements[place])
    return bytes(etree.tostring(copied, method="c14n", with_comments=False))


def _take_out(gone: Element) -> None:
    """The text after an element stays where it is."""
    before, parent = gone.getprevious(), gone.getparent()
    if gone.tail and before is not None:
        before.tail = (before.tail or "") + gone.tail
    elif gone.tail:
        parent.text = (parent.text or "") + gone.tail
    parent.remove(gone)


def _parsed(document: bytes) -> Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise NotXml(str(error)) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise NotXml("a document with a DTD")
    return root


def _signatures(root: Element) -> list[Element]:
    """Those of the document; a counter-signature inside another's properties is a part of that one."""
    properties = f"{{{XADES}}}QualifyingProperties"
    return [one for one in root.iter(f"{{{DS}}}Signature") if next(one.iterancestors(properties), None) is None]


def _signature(root: Element, value: bytes | None) -> Element:
    found = [one for one in _signatures(root) if value is None or _value(one) == value]
    if len(found) != 1:
        raise NotXml("one signature is expected")
    return found[0]


def _value(signature: Element) -> bytes:
    try:
        return b64decode(signature.findtext(f"{{{DS}}}SignatureValue") or "")
    except ValueError as error:
        raise NotXml("a signature without a value") from error


def _identified(root: Element, name: str) -> list[Element]:
    return [one for one in root.iter(etree.Element) if one.get("Id") == name]


def _serialised(root: Element) -> bytes:
    return bytes(etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8"))
