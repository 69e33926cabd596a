"""Every limit of what people hand in, in one place.

Sources: OWASP File Upload Cheat Sheet (size, type by content, names, malware, storage apart), OWASP ASVS 5.0 §5.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

# -- files
FILE_BYTES: Final = 10 * 1024 * 1024
"""Of one file. A larger one is not kept; the rest of it is read past."""
REQUEST_BYTES: Final = 64 * 1024 * 1024
"""Of one form with its files. What announces more is refused before anything of it is read."""
CASE_BYTES: Final = 60 * 1024 * 1024
"""Of all files of one case."""
NAME_LENGTH: Final = 100
"""Of a file's name, with its ending."""
PICTURE_PIXELS: Final = 50_000_000
"""A picture with more is not decoded; a phone's camera makes 12 million."""
PDF_PAGES: Final = 300

# -- looking into a file, in a process of its own
INSPECTION_MEMORY_BYTES: Final = 1024 * 1024 * 1024
"""Address space of the process."""
INSPECTION_SECONDS: Final = 20
"""Time by the clock; the process is ended after it."""
INSPECTIONS_AT_ONCE: Final = 2
"""In one process of the portal."""

# -- clamd
SCANNER_SECONDS: Final = 20.0
"""For the whole conversation."""
SCANNER_CHUNK_BYTES: Final = 64 * 1024

# -- naming another person
PERSON_TRIES: Final = 10
"""How often one person may name another within :data:`PERSON_WINDOW`, over all their cases."""
PERSON_WINDOW: Final = timedelta(hours=24)
PERSON_SECONDS: Final = 4.0
"""So long the population register may take."""

# -- offers
OFFER_CASES: Final = 30
"""So many of the person's newest cases are looked through for earlier answers."""
