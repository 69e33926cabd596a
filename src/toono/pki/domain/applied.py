"""Reading a server's request for a certificate (PKCS#10, RFC 2986). Pure; whatever it is given, it answers with an error of the room.

Of the request only the key and the names are taken: what the certificate says besides is the profile's to decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from toono.kernel.certificates import UNREADABLE
from toono.pki.domain.algorithms import check_applied
from toono.pki.errors import RequestMalformed, RequestNamesDiffer

REQUEST_LIMIT_BYTES = 32 * 1024
NAMES_LIMIT = 100
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_HOST = re.compile(rf"(\*\.)?({_LABEL}\.)+{_LABEL}")


@dataclass(frozen=True)
class AppliedKey:
    """What a request asks for."""

    public_key: CertificatePublicKeyTypes
    algorithm: str
    """The table's name (``domain/algorithms.py``)."""
    names: tuple[str, ...]
    """Lower case, each once, in the request's order; the common name first where it is not among the alternative names."""
    pem: str


def parse(request: bytes) -> AppliedKey:
    """The request, DER or PEM, when it is signed by its own key and that key is strong enough.

    :raises RequestMalformed: no request, too large, not signed by its key, names that are none.
    :raises WeakKey: see ``domain/algorithms.py``.
    :raises AlgorithmNotSupported:
    """
    found = _loaded(request)
    algorithm = check_applied(found.public_key())
    if not _signed_by_itself(found):
        raise RequestMalformed("the request is not signed by the key that it names")
    names = _names(found)
    if not names:
        raise RequestMalformed("the request names no server")
    return AppliedKey(found.public_key(), algorithm, names, found.public_bytes(Encoding.PEM).decode())


def check_names(applied: AppliedKey, allowed: tuple[str, ...]) -> None:
    """The request must name what was allowed: nothing more, nothing less (RFC 8555 §7.4).

    :raises RequestNamesDiffer:
    """
    if set(applied.names) != {name.lower() for name in allowed}:
        raise RequestNamesDiffer(f"the request names {', '.join(applied.names)[:200]}")


def _loaded(request: bytes) -> x509.CertificateSigningRequest:
    if len(request) > REQUEST_LIMIT_BYTES:
        raise RequestMalformed(f"the request has more than {REQUEST_LIMIT_BYTES} bytes")
    try:
        load = x509.load_pem_x509_csr if request.lstrip().startswith(b"-----BEGIN") else x509.load_der_x509_csr
        found = load(request)
        found.public_key()
        _ = found.extensions, found.subject
    except UNREADABLE as error:
        raise RequestMalformed(f"not a certificate request: {error}") from None
    return found


def _signed_by_itself(found: x509.CertificateSigningRequest) -> bool:
    try:
        return found.is_signature_valid
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False


def _names(found: x509.CertificateSigningRequest) -> tuple[str, ...]:
    names = [str(attribute.value) for attribute in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        alternative = x509.SubjectAlternativeName([])
    for name in alternative:
        if not isinstance(name, x509.DNSName):
            raise RequestMalformed(f"only names of the domain system are certified, not a {type(name).__name__}")
        names.append(name.value)
    lowered = tuple(dict.fromkeys(name.lower() for name in names))
    if len(lowered) > NAMES_LIMIT or not all(len(name) <= 253 and _HOST.fullmatch(name) for name in lowered):
        raise RequestMalformed("a name in the request is none of the domain system")
    return lowered
