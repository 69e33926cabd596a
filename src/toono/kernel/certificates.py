"""What reading a stranger's certificate (X.509) or request (PKCS#10) may end with."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

UNREADABLE: Final = (
    ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
)  # fmt: skip
"""What ``cryptography`` raises where one is broken; it reads lazily, so at any field. That an extension is missing is not among them."""
