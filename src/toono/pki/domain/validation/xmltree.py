"""XML of strangers: a tree without entities, network or document types, and its canonical forms (W3C C14N 1.0, Exclusive C14N 1.0)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

from toono.pki.domain.validation import limits
from toono.pki.domain.validation.tlv import Malformed, TooLarge

DS = "{http://www.w3.org/2000/09/xmldsig#}"
XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
ID_NAMES = ("Id", "ID", "id", XML_ID)
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_INCLUSIVE = {"http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11"}
_PREFIXES = "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_RESOURCES = {etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_NAME_TOO_LONG}
_TRACES = (b"SignatureValue", b"xmldsig#", b"<!ENTITY")
_ENCODING = re.compile(rb"""<\?xml[^>]{0,80}encoding\s*=\s*["']([A-Za-z0-9._:-]+)""")
_PLAIN_ENCODING = re.compile(rb"(utf-?(8|16|32)|us-ascii|ascii|iso-8859-|windows-125|cp125|koi8-)", re.IGNORECASE)
"""In which ASCII stands as it is, but for zero bytes."""


@dataclass(frozen=True)
class Form:
    """A way to write a tree as bytes."""

    exclusive: bool = False
    comments: bool = False
    prefixes: tuple[str, ...] = ()


def tree(data: bytes) -> Any:
    """The root element.

    :raises Malformed: not XML, or with a document type.
    :raises TooLarge:
    """
    if len(data) > limits.XML_BYTES:
        raise TooLarge("the XML is larger than the limit")
    if data.count(b"<") > limits.XML_TAGS:
        raise TooLarge("the XML has more elements than the limit")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if getattr(error, "code", None) in _RESOURCES:
            raise TooLarge(f"the XML is more than its parser takes: {error}"[:200]) from error
        raise Malformed(f"not XML: {error}"[:200]) from error
    if root.getroottree().docinfo.internalDTD is not None or root.getroottree().docinfo.doctype:
        raise Malformed("XML with a document type")
    return root


def may_hold_signature(data: bytes) -> bool:
    """Whether text that is no XML, or has a document type, could hold a signature all the same. The name of an element cannot be written
    with character references (XML 1.0 §2.3), so only entities and encodings that hide ASCII could keep the traces out of the bytes."""
    bare = data.replace(b"\0", b"")
    encoding = _ENCODING.search(bare[:400])
    return any(trace in bare for trace in _TRACES) or (encoding is not None and not _PLAIN_ENCODING.match(encoding[1]))


def form(method: Any) -> Form | None:
    """What a CanonicalizationMethod or Transform element names; None for anything else."""
    name = method.get("Algorithm", "")
    comments = name.endswith("#WithComments") or name.endswith("WithComments")
    plain = name.removesuffix("#WithComments") if not name.startswith(_EXCLUSIVE) else name.removesuffix("WithComments")
    if plain == _EXCLUSIVE:
        listed = method.find(_PREFIXES)
        prefixes = tuple((listed.get("PrefixList") or "").split()) if listed is not None else ()
        return Form(True, comments, prefixes)
    return Form(False, comments) if plain in _INCLUSIVE else None


def canonical(element: Any, how: Form, *, comments: bool | None = None) -> bytes:
    """The element with everything in it. Written and read once more, so that names declared above it are in scope.

    :raises Malformed: it has no canonical form (a relative namespace, C14N 1.0 §1.3).
    """
    try:
        alone = etree.fromstring(etree.tostring(element, encoding="UTF-8", with_tail=False), _again())
    except etree.LxmlError as error:
        raise Malformed(f"no canonical form: {error}"[:200]) from error
    if not how.exclusive:
        # Inclusive canonical form of a part takes xml: attributes from above it (C14N 1.0 §2.4).
        for above in element.iterancestors():
            for name, value in above.attrib.items():
                if name.startswith(_XML) and name != XML_ID and name not in alone.attrib:
                    alone.set(name, value)
    return _written(alone, how, comments)


def canonical_document(root: Any, how: Form, *, comments: bool | None = False) -> bytes:
    """The whole document, instructions beside the root included; without comments (XML-Signature §4.4.3.3) unless ``comments`` is None, which
    leaves them to the form.

    :raises Malformed: it has no canonical form.
    """
    return _written(root.getroottree(), how, comments)


def _again() -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_blank_text=False)


def _written(what: Any, how: Form, comments: bool | None) -> bytes:
    try:
        return bytes(
            etree.tostring(
                what,
                method="c14n",
                exclusive=how.exclusive,
                with_comments=how.comments if comments is None else comments,
                inclusive_ns_prefixes=list(how.prefixes) or None,
            )
        )
    except etree.LxmlError as error:
        raise Malformed(f"no canonical form: {error}"[:200]) from error


def identified(root: Any) -> dict[str, list[Any]]:
    """Every element that has an identifier, by it. One that stands twice is how signed and shown content are told apart (wrapping)."""
    found: dict[str, list[Any]] = {}
    for element in root.iter(etree.Element):
        for name in ID_NAMES:
            value = element.get(name)
            if value is not None and element not in found.setdefault(value, []):
                found[value].append(element)
    return found


def local_name(element: Any) -> str:
    return str(etree.QName(element).localname)
