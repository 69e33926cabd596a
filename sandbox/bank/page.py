"""The page on which a person pays. No real money, no real bank; said so in large letters."""

from __future__ import annotations

from html import escape

from sandbox.bank.office import Invoice

_FRAME = """<!doctype html><html lang="mn"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title><link rel="icon" href="data:,"><style>body{{font:18px/1.5 sans-serif;max-width:30rem;margin:2rem auto;padding:0 1rem;color:#14202e}}
.sum{{font-size:2.2rem;font-weight:700;margin:.5rem 0}}button,a.back{{font:inherit;padding:.7rem 1.2rem;border:0;background:#0b5d3b;color:#fff;
display:inline-block;text-decoration:none}}button.no{{background:#fff;color:#14202e;border:2px solid #14202e}}.made{{background:#fff4d6;padding:.5rem 1rem}}
form{{display:inline-block;margin:.5rem .5rem .5rem 0}}</style></head><body><p class="made">Хөгжүүлэлтийн хуурамч банк. Жинхэнэ мөнгө шилжихгүй.</p>
<main>{body}</main></body></html>"""


def page(invoice: Invoice | None) -> str:
    """An invoice with its two buttons, or how it ended."""
    if invoice is None:
        return _FRAME.format(title="Нэхэмжлэх олдсонгүй", body="<h1>Ийм нэхэмжлэх олдсонгүй</h1>")
    back = f'<a class="back" id="back" href="{escape(invoice.return_url)}">Үйлчилгээ рүү буцах</a>'
    head = f'<h1>{escape(invoice.title)}</h1><p class="sum">{invoice.amount_mungu // 100:,} ₮</p>'
    if invoice.state == "paid":
        return _FRAME.format(title="Төлсөн", body=f"{head}<p><strong>Төлбөр хийгдлээ.</strong></p>{back}")
    if invoice.state == "cancelled":
        return _FRAME.format(title="Цуцалсан", body=f"{head}<p><strong>Нэхэмжлэх цуцлагдсан. Төлөх шаардлагагүй.</strong></p>{back}")
    buttons = f'<form method="post"><button id="pay" name="do" value="pay">Төлөх</button></form><p><a href="{escape(invoice.return_url)}">Төлөхгүй, буцах</a></p>'
    return _FRAME.format(title="Төлбөр", body=head + buttons)
