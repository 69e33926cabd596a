"""Whether a legal basis names a law and an article: the person reads it, so «the law» alone is no answer.

It cannot tell whether the article says so; a lawyer of the owner reads it before accepting.
"""

from __future__ import annotations

import re

_LAW = re.compile(r"хууль|хуул|дүрэм|дүрм|журам|журм|гэрээ|конвенц|тогтоол|зарлиг|захирамж|тушаал", re.IGNORECASE)
_ARTICLE = re.compile(
    r"\d+(\.\d+)*\s*(-?\s*(дугаар|дүгээр|р|рт|т|д|ын|ийн))?\s*(зүйл|хэсэг|хэсг|заалт)|\d+\.\d+|(зүйл|заалт)\S*\s*\d+", re.IGNORECASE
)


def names_law_and_article(basis: str) -> bool:
    """``Усны тухай хуулийн 28 дугаар зүйл`` and ``… хуулийн 28.4-т`` do; ``Усны тухай хууль`` does not."""
    return bool(_LAW.search(basis) and _ARTICLE.search(basis))
