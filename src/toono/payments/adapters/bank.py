"""The bank: invoices over HTTP. A notice of the bank only says that something happened; what happened is asked by number.

Shape, as the sandbox's bank gives it: ``PUT /invoices/{id}`` opens (the same id twice is one invoice), ``GET /invoices/{id}`` tells,
``DELETE /invoices/{id}`` cancels; bearer token. A notice is a POST of ``{"invoice": id}`` with ``X-Signature: sha256=<hex of HMAC>``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import httpx

from toono.kernel.settings import settings
from toono.payments.errors import BankUnavailable, NoticeForged

SECONDS = 5.0
ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True)
class Invoice:
    """What the bank says about one of its invoices."""

    number: str
    state: str
    """``open``, ``paid`` or ``cancelled``."""
    amount_mungu: int
    pay_url: str
    payment: str | None
    paid_at: datetime | None


@cache
def _client() -> httpx.Client:
    token = settings().bank_token or settings().secret("bank_token")
    return httpx.Client(base_url=settings().bank_base_url, timeout=SECONDS, headers={"Authorization": f"Bearer {token}"})


def open_invoice(*, number: str, amount_mungu: int, title: str, notice_url: str, return_url: str) -> Invoice:
    """Have the bank open an invoice; again with the same number gives the one that is there.

    :raises BankUnavailable:
    """
    body = {"amount_mungu": amount_mungu, "title": title, "notice_url": notice_url, "return_url": return_url}
    return _invoice(_asked("PUT", number, body))


def invoice(number: str) -> Invoice | None:
    """What the bank knows; None where it has no such invoice.

    :raises BankUnavailable:
    """
    answer = _asked("GET", number, None)
    return _invoice(answer) if answer is not None else None


def cancel_invoice(number: str) -> Invoice | None:
    """Ask the bank to take no money for it any more; gives how it stands then (it may have been paid before).

    :raises BankUnavailable:
    """
    answer = _asked("DELETE", number, None)
    return _invoice(answer) if answer is not None else None


def _asked(method: str, number: str, body: dict[str, Any] | None) -> Any:
    try:
        answer = _client().request(method, f"/invoices/{number}", json=body)
    except httpx.HTTPError as error:
        raise BankUnavailable(f"{method} invoice {number}: {type(error).__name__}") from error
    if answer.status_code == 404 and method != "PUT":
        return None
    if answer.status_code not in {200, 201} or len(answer.content) > ANSWER_BYTES:
        raise BankUnavailable(f"{method} invoice {number}: the bank answered {answer.status_code}")
    try:
        return answer.json()
    except ValueError as error:
        raise BankUnavailable(f"{method} invoice {number}: the answer is no JSON") from error


def _invoice(answer: Any) -> Invoice:
    try:
        paid_at = answer.get("paid_at")
        made = Invoice(
            number=str(answer["invoice"]), state=str(answer["state"]), amount_mungu=int(answer["amount_mungu"]), pay_url=str(answer["pay_url"]),
            payment=answer.get("payment"), paid_at=datetime.fromisoformat(paid_at) if paid_at else None,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BankUnavailable(f"the bank's answer cannot be read: {error!r}") from error
    if made.state not in {"open", "paid", "cancelled"} or (made.state == "paid" and not (made.payment and made.paid_at)):
        raise BankUnavailable(f"the bank says «{made.state}» of invoice {made.number}, which cannot be")
    return made


def read_notice(body: bytes, signature: str) -> str:
    """The number of the invoice that a notice names.

    :raises NoticeForged: it is not signed by the bank, or names nothing.
    """
    key = settings().bank_notice_key or settings().secret("bank_notice_key")
    wanted = "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, signature):
        raise NoticeForged("the signature is not the bank's")
    try:
        number = json.loads(body)["invoice"]
    except (ValueError, KeyError, TypeError) as error:
        raise NoticeForged("the notice names no invoice") from error
    return str(number)[:100]
