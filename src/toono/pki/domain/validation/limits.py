"""Every limit of reading signed files that strangers made, in one place."""

from __future__ import annotations

FILE_BYTES = 110 * 1024 * 1024
"""Largest file that is looked at."""
XML_BYTES = 32 * 1024 * 1024
"""A tree takes about ten times its text."""
XML_TAGS = 1_500_000
"""Opening and closing ones; a tree of nothing but short elements would take a gigabyte and a quarter of a minute."""
JSON_BYTES = 48 * 1024 * 1024
SIGNATURES = 50
CERTIFICATES = 200
MATERIAL_BYTES = 24 * 1024 * 1024
"""Revocation lists and answers that one file may carry, together."""
ATTRIBUTES = 200
ELEMENTS = 20_000
"""Children of one ASN.1 element."""
PIECES = 500_000
"""Pieces of one streamed octet string; OpenSSL's are of 4 KiB."""
DEPTH = 24
CONTAINER_FILES = 2_000
CONTAINER_BYTES = 300 * 1024 * 1024
"""All files of a container, unpacked."""
CONTAINER_RATIO = 200
"""Unpacked to packed, for a file over one megabyte."""
NAME_CHARACTERS = 240
NAMES_TOLD = 100
"""Names of files or elements that a report lists."""
PATH_LENGTH = 8
VERIFICATIONS = 3_000
"""Signatures of certificates, lists and answers that are verified for one file."""
PATHS = 16
"""Paths that are weighed for one certificate."""
