"""Statements of qualification in certificates (qcStatements: RFC 3739 §3.2.6, ETSI EN 319 412-5). Pure.

Mongolia's law on electronic signatures is named as the legislation (EN 319 412-5 §4.2.4), so nobody takes a certificate for one of the
European Union. No statement says that the key stands in a certified device: whether it does is the operator's to prove.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.x509 import ObjectIdentifier

from toono.pki.domain.der import element, oid, sequence

QC_STATEMENTS = ObjectIdentifier("1.3.6.1.5.5.7.1.3")
_SYNTAX_V2 = "1.3.6.1.5.5.7.11.2"
_COMPLIANCE = "0.4.0.1862.1.1"
_DISCLOSURE = "0.4.0.1862.1.5"
_TYPE = "0.4.0.1862.1.6"
_LEGISLATION = "0.4.0.1862.1.7"
_COUNTRY = b"MN"
LANGUAGES = ("en", "mn")
"""In which the disclosure statement is to be read (ISO 639-1); English is demanded (EN 319 412-5 §4.3.4)."""


def statements(
    *, qualified: ObjectIdentifier | None, semantics: ObjectIdentifier | None, base_url: str
) -> x509.UnrecognizedExtension | None:
    """The extension, or None where there is nothing to state."""
    lines = []
    if semantics:
        lines.append(sequence(oid(_SYNTAX_V2), sequence(oid(semantics.dotted_string))))
    if qualified:
        lines += [
            sequence(oid(_COMPLIANCE)),
            sequence(oid(_DISCLOSURE), sequence(*(_address(base_url, language) for language in LANGUAGES))),
            sequence(oid(_TYPE), sequence(oid(qualified.dotted_string))),
            sequence(oid(_LEGISLATION), sequence(_printable(_COUNTRY))),
        ]
    return x509.UnrecognizedExtension(QC_STATEMENTS, sequence(*lines)) if lines else None


def disclosure_address(base_url: str, language: str) -> str:
    """Where the disclosure statement is read; by https, as EN 319 412-5 §4.3.4 demands."""
    return f"https://{base_url.partition('://')[2]}/pki/disclosure/{language}"


def _address(base_url: str, language: str) -> bytes:
    return sequence(element(0x16, disclosure_address(base_url, language).encode("ascii")), _printable(language.encode()))


def _printable(text: bytes) -> bytes:
    return element(0x13, text)
