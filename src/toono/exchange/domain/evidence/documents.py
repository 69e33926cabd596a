"""Reading XML that a stranger wrote: no DTD, no entities, no network, bounded; and the small words that all checks share."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Any, Final

from lxml import etree

from toono.exchange import limits
from toono.exchange.domain.evidence.findings import Refused

DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
DIGESTS: Final = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
"""Digest methods that are believed, by their URI."""

_DECLARED: Final = re.compile(rb"""\A<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")
_SPACE: Final = re.compile(r"[ \t\r\n]+")

Element = Any
"""An element of lxml, which has no types."""


def parse(content: bytes, code: str) -> Element:
    """Root of an XML document in UTF-8.

    :raises Refused: with ``code``; not well-formed, too large, another encoding, or with a document type.
    """
    if len(content) > limits.EVIDENCE_XML_BYTES:
        raise Refused(code, f"The document is larger than {limits.EVIDENCE_XML_BYTES} bytes.")
    declared = _DECLARED.match(content)
    if declared and declared[1].upper() != b"UTF-8":
        raise Refused(code, "The document is not in UTF-8.")
    try:
        if "<!DOCTYPE" in content.decode():  # before the parser sees it: an entity is not even defined
            raise Refused(code, "The document has a document type.")
        # Comments are no part of any canonical form here; left in, they would cut the texts that are read.
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, UnicodeDecodeError, ValueError) as error:
        raise Refused(code, f"The document is not well-formed: {error}.") from None
    if root.getroottree().docinfo.doctype:
        raise Refused(code, "The document has a document type.")
    return root


def elements(parent: Element) -> list[Element]:
    """Children without processing instructions."""
    return [child for child in parent if isinstance(child.tag, str)]


def decoded(text: str | None, code: str) -> bytes:
    """Base64 with the white space that XML allows.

    :raises Refused: with ``code``.
    """
    try:
        return b64decode(_SPACE.sub("", text or ""), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(code, "A value is no base64.") from None


def digest_name(uri: str | None, code: str) -> str:
    """``hashlib``'s name of a digest method.

    :raises Refused: with ``code``; unknown or too weak.
    """
    name = DIGESTS.get(uri or "")
    if name is None:
        raise Refused(code, f"The digest method {uri} is not accepted.")
    return name
