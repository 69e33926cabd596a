"""The citizen's register number (регистрийн дугаар): two Cyrillic letters, six digits of birth, two more.

Months 01-12 mean 19YY, 21-32 mean 20YY. The first of the last two digits is odd for men, even for women. The control digit's
rule is not public, so it is not checked.
"""

from __future__ import annotations

import re
from datetime import date

from toono.kernel.text import clean

_SHAPE = re.compile(r"[А-ЯӨҮЁ]{2}[0-9]{8}")
_LATIN = str.maketrans("ABEKMHOPCTYX", "АВЕКМНОРСТУХ")


def normalise(typed: str) -> str | None:
    """The register number that a person meant (case, spaces, dashes and Latin twins forgiven), or None."""
    value = re.sub(r"[\s\-–.]", "", clean(typed)).upper()
    value = value[:2].translate(_LATIN) + value[2:]
    return value if _SHAPE.fullmatch(value) and birth_date(value) else None


def birth_date(regnum: str) -> date | None:
    """The date of birth that the number carries, or None where it is no date."""
    year, month, day = int(regnum[2:4]), int(regnum[4:6]), int(regnum[6:8])
    century = 2000 if month > 20 else 1900
    try:
        return date(century + year, month - 20 if month > 20 else month, day)
    except ValueError:
        return None


def masked(regnum: str) -> str:
    """The number as shown where only its holder should recognise it: ``УБ●●●●●●12``."""
    return regnum[:2] + "●" * 6 + regnum[8:]
