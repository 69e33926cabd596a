"""The human page of the inbox: type a phone number, read its texts. Plain HTML, Mongolian."""

from __future__ import annotations

from html import escape
from typing import Any

_PAGE = """<!DOCTYPE html>
<html lang="mn"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Туршилтын орчны мессеж</title></head>
<body>
<h1>Туршилтын орчны мессеж</h1>
<p>Энд зохиомол иргэдийн утсанд ирсэн мессежийг харна. Ямар ч мессеж энэ компьютероос гадагш явахгүй.</p>
<form method="get" action="/sms">
<p><label for="phone">Утасны дугаар (8 орон)</label><br>
<input id="phone" name="phone" inputmode="numeric" autocomplete="off" maxlength="12" value="{phone}">
<button type="submit">Харах</button></p>
</form>
{texts}
</body></html>
"""


def page(phone: str, texts: list[dict[str, Any]] | None) -> str:
    """The page; ``texts`` is None where no number is asked for, newest last."""
    if texts is None:
        shown = "<p>Дугаар буруу байна. 8 оронтой дугаар бичнэ үү.</p>" if phone else ""
    elif not texts:
        shown = f"<p>{escape(phone)} дугаарт мессеж ирээгүй байна.</p>"
    else:
        rows = "\n".join(
            f"<li><p><strong>{escape(t['from'])}</strong>, <time>{escape(t['at'])}</time></p><pre>{escape(t['text'])}</pre></li>"
            for t in reversed(texts)
        )
        shown = f"<h2>{escape(phone)} дугаарт ирсэн, шинэ нь эхэндээ</h2>\n<ol>\n{rows}\n</ol>"
    return _PAGE.format(phone=escape(phone), texts=shown)
