"""XML signatures (W3C XML-Signature 1.1) and XAdES (ETSI EN 319 132-1): enveloped, enveloping, detached.

Which element a signature covers is decided by identity of nodes, never by name: what is not below a covered element is not signed, wherever an
attacker moved the signed one to.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from toono.pki.contracts import Coverage, SignedFileKind, SubIndication
from toono.pki.domain.validation import cms, limits
from toono.pki.domain.validation.algorithms import SALTS_BYTES, Mechanism, digest, names, verifies
from toono.pki.domain.validation.cms import Source
from toono.pki.domain.validation.paths import parsed
from toono.pki.domain.validation.reading import Material, Reading, SignatureReading, StampReading, refused, unreadable
from toono.pki.domain.validation.tlv import Malformed, TooLarge, Unread
from toono.pki.domain.validation.xmltree import (
    DS,
    Form,
    canonical,
    canonical_document,
    form,
    identified,
    local_name,
    may_hold_signature,
    tree,
)

XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
XADES_141 = "{http://uri.etsi.org/01903/v1.4.1#}"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
BASE64 = "http://www.w3.org/2000/09/xmldsig#base64"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
OUTSIDE_SIGNATURES = "not(ancestor-or-self::ds:Signature)"
FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
SIGNATURES_EVERYWHERE = "/descendant::ds:Signature"

DIGESTS = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    "http://www.w3.org/2001/04/xmldsig-more#sha224": "sha224",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-256": "sha3_256",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-384": "sha3_384",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-512": "sha3_512",
}
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SIGNATURES = {
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": Mechanism("rsa", "sha1"),
    **{f"{_MORE}rsa-{name}": Mechanism("rsa", name) for name in ("sha224", "sha256", "sha384", "sha512")},
    **{f"{_MORE}ecdsa-{name}": Mechanism("ecdsa", name, raw=True) for name in ("sha1", "sha224", "sha256", "sha384", "sha512")},
    **{
        f"http://www.w3.org/2007/05/xmldsig-more#{name.replace('_', '-')}-rsa-MGF1": Mechanism("pss", name)
        for name in ("sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512")
    },
    **{
        f"http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-{bits}": Mechanism("ecdsa", f"sha3_{bits}", raw=True)
        for bits in (256, 384, 512)
    },
    "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519": Mechanism("ed25519", "sha512"),
    "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448": Mechanism("ed448", "sha512"),
}
PSS = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss"
MGF1 = "http://www.w3.org/2007/05/xmldsig-more#MGF1"
_PSS = "{http://www.w3.org/2007/05/xmldsig-more#}"
Resolver = Callable[[str], Source | None]
"""What a reference outside the document names, by its URI."""


_SILENT = {"Id", "ID", "id", "{urn:oasis:names:tc:opendocument:xmlns:digitalsignature:1.0}version"}


class Broken(Exception):
    """The signature stops here with this answer."""

    def __init__(self, failure: SubIndication, detail: str) -> None:
        super().__init__(detail)
        self.failure, self.detail = failure, detail


def read(data: bytes, resolver: Resolver | None = None) -> Reading:
    """An XML file that carries signatures."""
    material = Material(limits.CERTIFICATES, limits.MATERIAL_BYTES)
    try:
        signatures = read_document(tree(data), resolver, material)
    except (ValueError, IndexError) as error:
        if unreadable(error) is SubIndication.FORMAT_FAILURE and not may_hold_signature(data):
            return Reading(kind=SignedFileKind.XADES)
        return refused(SignedFileKind.XADES, error)
    return cms.finished(SignedFileKind.XADES, signatures, material)


def read_document(root: Any, resolver: Resolver | None, material: Material, prefix: str = "S") -> list[SignatureReading]:
    """Every signature below ``root``.

    :raises TooLarge: more signatures than are looked at.
    """
    nodes = [node for node in root.iter(DS + "Signature") if not _inside_properties(node)]
    if len(nodes) > limits.SIGNATURES:
        raise TooLarge("too many signatures")
    known = identified(root)
    return [_Signature(root, node, known, resolver, material).read(f"{prefix}{number}") for number, node in enumerate(nodes, start=1)]


@dataclass
class _Signature:
    """One ds:Signature while it is read."""

    root: Any
    node: Any
    known: dict[str, list[Any]]
    resolver: Resolver | None
    material: Material
    covered: list[Any] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    pieces: list[Source] = field(default_factory=list)
    """What each reference is over, in order; joined they are what an archive time-stamp is over."""
    excluded: list[Any] = field(default_factory=list)
    """Elements that transforms leave out of what is signed."""
    algorithms: list[str] = field(default_factory=list)

    def read(self, identifier: str) -> SignatureReading:
        certificate: bytes | None = None
        bound, algorithm, failure, detail, unread = False, "", None, "", False
        try:
            self._collect()
            certificate, bound, algorithm = self._check()
        except Broken as broken:
            failure, detail = broken.failure, broken.detail
            certificate = next(iter(self._candidates()), None)
        except Unread as error:
            failure, detail, unread = SubIndication.GENERIC, str(error)[:300], True
            certificate = next(iter(self._candidates()), None)
        except (ValueError, IndexError, TypeError, AttributeError) as error:
            failure, detail = unreadable(error), f"the signature cannot be read: {error}"[:300]
        return SignatureReading(
            id=identifier,
            failure=failure,
            unread=unread,
            detail=detail,
            certificate=certificate,
            bound=bound,
            claimed_time=self._claimed(),
            algorithm=algorithm,
            algorithms=tuple(dict.fromkeys(self.algorithms)),
            coverage=self._coverage() if failure is None else Coverage.PART,
            covered=tuple(self.names),
            stamps=tuple(self._stamps()) if failure is None else (),
            material=self.material.any_status,
        )

    # -- the signature itself --

    def _check(self) -> tuple[bytes, bool, str]:
        info, value = self.node.find(DS + "SignedInfo"), self.node.find(DS + "SignatureValue")
        if info is None or value is None or len(self.node.findall(DS + "SignedInfo")) != 1:
            raise Broken(SubIndication.FORMAT_FAILURE, "a signature without its parts")
        how = form(info.find(DS + "CanonicalizationMethod"))
        mechanism = _mechanism(info.find(DS + "SignatureMethod"))
        if how is None or mechanism is None:
            raise Broken(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "an algorithm that is not known")
        references = info.findall(DS + "Reference")
        if not references:
            raise Broken(SubIndication.FORMAT_FAILURE, "a signature over nothing")
        if len(references) > limits.CONTAINER_FILES:
            raise TooLarge("it covers more than is looked at")
        properties, unread = self._references(references)
        encoded, named = self._certificate()
        certificate = parsed(encoded)
        if certificate is None:
            raise Broken(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "the signer's certificate cannot be read")
        key = certificate.public_key()
        self.algorithms += names(key, *mechanism.digests)
        if not verifies(key, mechanism, _base64(value), data=canonical(info, how)):
            raise Broken(SubIndication.SIG_CRYPTO_FAILURE, "the signature does not verify")
        if unread is not None:
            raise unread
        return encoded, named and any(properties), str(mechanism)

    def _references(self, references: list[Any]) -> tuple[list[bool], Unread | None]:
        """Check all: what is wrong with one counts more than that another is not read."""
        found, unread = [], None
        for reference in references:
            try:
                found.append(self._reference(reference))
            except Unread as error:
                unread = unread or error
        return found, unread

    def _reference(self, reference: Any) -> bool:
        """Check one reference; whether it is to the signed properties of this very signature."""
        name = DIGESTS.get(reference.find(DS + "DigestMethod").get("Algorithm", ""))
        if name is None:
            raise Broken(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "a digest that is not known")
        self.algorithms.append(name)
        uri, is_properties = reference.get("URI"), False
        if uri is None:
            raise Broken(SubIndication.SIGNED_DATA_NOT_FOUND, "a reference without an address")
        if uri == "" or uri.startswith("#"):
            actual, is_properties = self._inside(reference, uri, name)
        else:
            actual = self._outside(reference, uri, name)
        if actual != _base64(reference.find(DS + "DigestValue")):
            raise Broken(SubIndication.HASH_FAILURE, f"what was signed is not what is here: {uri[:80] or 'the document'}")
        return is_properties

    def _inside(self, reference: Any, uri: str, name: str) -> tuple[bytes, bool]:
        element = self.root if uri in ("", "#xpointer(/)") else self._by_id(uri)
        whole = uri in ("", "#xpointer(/)")
        content = self._transformed(reference, element, whole)
        is_properties = element.tag == XADES + "SignedProperties"
        if is_properties:
            if self.node not in element.iterancestors():
                raise Broken(SubIndication.FORMAT_FAILURE, "the signed properties are another signature's")
        else:
            self.covered.append(element)
            self.names.append(f"{local_name(element)}{uri}"[:120])
        self.pieces.append(_source(content))
        return digest(name, [content]), is_properties

    def _by_id(self, uri: str) -> Any:
        wanted = unquote(uri[1:])
        if wanted.startswith("xpointer(id("):
            wanted = wanted.removeprefix("xpointer(id(").removesuffix("))").strip("'\"")
        found = self.known.get(wanted, [])
        if len(found) > 1:
            raise Broken(SubIndication.FORMAT_FAILURE, f"the identifier {wanted[:60]} stands twice")
        if not found:
            raise Broken(SubIndication.SIGNED_DATA_NOT_FOUND, f"nothing has the identifier {wanted[:60]}")
        return found[0]

    def _outside(self, reference: Any, uri: str, name: str) -> bytes:
        transforms = reference.findall(f"{DS}Transforms/{DS}Transform")
        how = form(transforms[0]) if len(transforms) == 1 else None
        if transforms and how is None:
            raise Unread(f"a transform of another file that is not done here: {transforms[0].get('Algorithm', '')[:80]}")
        source = self.resolver(unquote(uri)) if self.resolver else None
        if source is None:
            raise Broken(SubIndication.SIGNED_DATA_NOT_FOUND, f"what was signed is not at hand: {uri[:80]}")
        if how is not None:
            source = _source(_canonical_file(source, how))
        self.names.append(unquote(uri)[:240])
        self.pieces.append(source)
        return digest(name, source())

    def _transformed(self, reference: Any, element: Any, whole: bool) -> bytes:
        without: list[Any] = []
        how, decoded = Form(), False
        for transform in reference.findall(f"{DS}Transforms/{DS}Transform"):
            algorithm = transform.get("Algorithm", "")
            found = form(transform)
            if algorithm == ENVELOPED:
                without.append(self.node)
            elif _leaves_out_signatures(transform, algorithm):
                without.extend(self.root.iter(DS + "Signature"))
            elif algorithm == BASE64:
                decoded = True
            elif found is not None:
                how = found
            else:
                raise Unread(f"a transform that is not done here: {algorithm[:80]}")
        if decoded:
            return _base64(element)
        if without and any(element is node for node in without):
            raise Broken(SubIndication.FORMAT_FAILURE, "a signature over nothing")
        self.excluded.extend(without)
        with _taken_out([node for node in without if node is not element]):
            return canonical_document(self.root, how) if whole else canonical(element, how, comments=False)

    # -- the certificate --

    def _candidates(self) -> list[bytes]:
        found = [_base64(node) for node in self.node.iterfind(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate")]
        return [*found, *(der for der in self.material.certificates if der not in found)]

    def _certificate(self) -> tuple[bytes, bool]:
        """The signer's certificate, and whether the signed properties name it."""
        candidates = self._candidates()
        if not candidates:
            raise Broken(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "there is no certificate in the file")
        named = (
            self._properties().findall(f".//{XADES}SigningCertificateV2/{XADES}Cert/{XADES}CertDigest") if self._has_properties() else []
        )
        if not named and self._has_properties():
            named = self._properties().findall(f".//{XADES}SigningCertificate/{XADES}Cert/{XADES}CertDigest")
        if not named:
            return candidates[0], False
        name = DIGESTS.get(named[0].find(DS + "DigestMethod").get("Algorithm", ""))
        wanted = _base64(named[0].find(DS + "DigestValue"))
        for der in candidates:
            if name and hashlib.new(name, der, usedforsecurity=False).digest() == wanted:
                return der, True
        raise Broken(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "the signature names another certificate")

    def _has_properties(self) -> bool:
        return self._properties() is not None

    def _properties(self) -> Any:
        return self.node.find(f"{DS}Object/{XADES}QualifyingProperties/{XADES}SignedProperties")

    def _claimed(self) -> datetime | None:
        properties = self._properties()
        text = properties.findtext(f"{XADES}SignedSignatureProperties/{XADES}SigningTime") if properties is not None else None
        try:
            moment = datetime.fromisoformat((text or "").strip())
        except ValueError:
            return None
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

    # -- what is covered --

    def _coverage(self) -> Coverage:
        if any(element is self.root for element in self.covered):
            return Coverage.WHOLE if all(map(self._holds_nothing_else, self.excluded)) else Coverage.PART
        return Coverage.WHOLE if self._only_covered(self.root) else Coverage.PART

    def _only_covered(self, element: Any) -> bool:
        """Whether everything that says something below ``element`` is signed; a frame around it says nothing."""
        if any(element is one for one in self.covered):
            return True
        if element.tag == DS + "Signature":
            return self._holds_nothing_else(element)
        holds = any(element in one.iterancestors() for one in (*self.covered, self.node))
        texts = [element.text, *(child.tail for child in element)]
        if not holds or any((text or "").strip() for text in texts) or _speaking(element):
            return False
        return all(self._only_covered(child) for child in element if isinstance(child.tag, str))

    def _holds_nothing_else(self, signature: Any) -> bool:
        """Whether what a signature carries beside its properties is covered."""
        return all(self._only_covered(one) for one in _objects(signature))

    # -- unsigned properties --

    def _unsigned(self) -> Any:
        return self.node.find(f"{DS}Object/{XADES}QualifyingProperties/{XADES}UnsignedProperties/{XADES}UnsignedSignatureProperties")

    def _collect(self) -> None:
        for node in self.node.iterfind(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate"):
            self.material.add_certificate(_base64(node))
        unsigned = self._unsigned()
        if unsigned is None:
            return
        for tag, add in (
            ("EncapsulatedX509Certificate", self.material.add_certificate),
            ("EncapsulatedCRLValue", self.material.add_list),
            ("EncapsulatedOCSPValue", self.material.add_answer),
        ):
            for node in unsigned.iter(XADES + tag):
                add(_base64(node))

    def _stamps(self) -> Iterator[StampReading]:
        unsigned = self._unsigned()
        if unsigned is None:
            return
        value = self.node.find(DS + "SignatureValue")
        for position, node in enumerate(list(unsigned)[: limits.ATTRIBUTES]):
            if not isinstance(node.tag, str):
                continue
            if node.tag == XADES + "SignatureTimeStamp":
                content = canonical(value, _stamp_form(node), comments=False)
                yield from self._tokens(node, "signature", [_source(content)])
            elif node.tag == XADES_141 + "ArchiveTimeStamp":
                yield from self._tokens(node, "archive", self._archived(node, list(unsigned)[:position]))

    def _tokens(self, node: Any, kind: str, parts: list[Source]) -> Iterator[StampReading]:
        digests = cms.digests_of(lambda: (piece for source in parts for piece in source()))
        for token in node.findall(XADES + "EncapsulatedTimeStamp")[:4]:
            yield cms.read_stamp(_base64(token), kind, digests, self.material)

    def _archived(self, node: Any, before: list[Any]) -> list[Source]:
        """What an archive time-stamp is over (EN 319 132-1 §5.5.2.2)."""
        how = _stamp_form(node)
        own = [self.node.find(DS + name) for name in ("SignedInfo", "SignatureValue", "KeyInfo")]
        parts = [*own, *(one for one in before if isinstance(one.tag, str)), *_objects(self.node)]
        return [*self.pieces, *(_source(canonical(part, how)) for part in parts if part is not None)]


def _mechanism(method: Any) -> Mechanism | None:
    """What a SignatureMethod names."""
    name = method.get("Algorithm", "")
    return _pss(method.find(_PSS + "RSAPSSParams")) if name == PSS else SIGNATURES.get(name)


def _pss(given: Any) -> Mechanism | None:
    """RSA-PSS with parameters (RFC 9231 §2.3.9). Absent ones: SHA-256, MGF1 with SHA-256, a salt as long as the digest, trailer 1."""
    if given is None:
        return Mechanism("pss", "sha256")
    mask = given.find(_PSS + "MaskGenerationFunction")
    name, masked = _digest_of(given), _digest_of(mask)
    salt = given.findtext(_PSS + "SaltLength")
    known = mask is None or mask.get("Algorithm", MGF1) == MGF1
    if name is None or masked is None or not known or (given.findtext(_PSS + "TrailerField") or "1").strip() != "1":
        return None
    length = int(salt) if salt is not None else None
    return Mechanism("pss", name, length, masked) if length is None or length in SALTS_BYTES else None


def _digest_of(node: Any) -> str | None:
    """That of the element's DigestMethod; SHA-256 where it names none."""
    method = node.find(DS + "DigestMethod") if node is not None else None
    return "sha256" if method is None else DIGESTS.get(method.get("Algorithm", ""))


def _leaves_out_signatures(transform: Any, algorithm: str) -> bool:
    """Whether a filter takes out every signature of the document and nothing else, in either of the two ways in which writers say so."""
    if algorithm not in (XPATH, FILTER) or len(transform) != 1:
        return False
    [path], wanted = transform, OUTSIDE_SIGNATURES if algorithm == XPATH else SIGNATURES_EVERYWHERE
    if algorithm == FILTER and (path.tag != f"{{{FILTER}}}XPath" or path.get("Filter") != "subtract"):
        return False
    named = path.nsmap.get("ds") == DS.strip("{}") and (algorithm == FILTER or path.tag == DS + "XPath")
    return named and "".join((path.text or "").split()) == wanted and not len(path)


def _canonical_file(source: Source, how: Form) -> bytes:
    """Another file, read as XML and written in its canonical form (XML-Signature §4.4.3.2); comments stay if the form has them.

    :raises Unread: it has a document type, whose defaults and entities are not read.
    :raises Broken: it is no XML, so it cannot be what was signed.
    """
    content = b"".join(bytes(piece) for piece in _bounded(source))
    try:
        return canonical_document(tree(content), how, comments=None)
    except TooLarge:
        raise
    except Malformed as error:
        if b"<!DOCTYPE" in content.replace(b"\0", b""):
            raise Unread("another file with a document type is not made canonical here") from error
        raise Broken(SubIndication.HASH_FAILURE, f"what was signed is not what is here: {error}"[:300]) from error


def _bounded(source: Source) -> Iterator[bytes | memoryview]:
    left = limits.XML_BYTES
    for piece in source():
        left -= len(piece)
        if left < 0:
            raise TooLarge("the XML is larger than the limit")
        yield piece


def _source(content: bytes) -> Source:
    return lambda: [content]


def _objects(signature: Any) -> list[Any]:
    return [one for one in signature.findall(DS + "Object") if one.find(XADES + "QualifyingProperties") is None]


def _stamp_form(node: Any) -> Form:
    method = node.find(DS + "CanonicalizationMethod")
    return (form(method) if method is not None else None) or Form()


def _speaking(element: Any) -> bool:
    """Whether attributes of a frame say something."""
    return any(name not in _SILENT and not name.startswith("{http://www.w3.org/2001/XMLSchema-instance}") for name in element.attrib)


def _inside_properties(node: Any) -> bool:
    """A counter-signature stands inside another signature's properties."""
    return any(above.tag == XADES + "QualifyingProperties" for above in node.iterancestors())


def _base64(node: Any) -> bytes:
    if node is None:
        raise Malformed("an element is missing")
    return b64decode("".join("".join(node.itertext()).split()), validate=True)


@contextmanager
def _taken_out(nodes: list[Any]) -> Iterator[None]:
    """The tree without these elements; the text after each stays (enveloped-signature transform, XML-Signature §6.6.4)."""
    places = []
    for node in nodes:
        above = node.getparent()
        if above is None:
            continue
        position, before = above.index(node), node.getprevious()
        tail = node.tail or ""
        kept = before.tail if before is not None else above.text
        places.append((above, position, node, node.tail, before, kept))
        node.tail = None
        above.remove(node)
        if before is not None:
            before.tail = (kept or "") + tail or None
        else:
            above.text = (kept or "") + tail or None
    try:
        yield
    finally:
        for above, position, node, tail_text, before, kept in reversed(places):
            above.insert(position, node)
            node.tail = tail_text
            if before is not None:
                before.tail = kept
            else:
                above.text = kept
