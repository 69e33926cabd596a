"""The message log for administrators and representatives: find a message, read in words what it proves, take its container. Each look is audited."""

from __future__ import annotations

import binascii
from base64 import b64decode
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from toono.exchange import api
from toono.exchange.contracts import LoggedMessage, Verdict
from toono.exchange.errors import MessageNotFound
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.clock import ULAANBAATAR

_SHOWN_BYTES = 64 * 1024
_AROUND = "%Y-%m-%dT%H:%M"
"""As a browser gives a date with time, by the clock of Ulaanbaatar."""


@allow(Role.ADMINISTRATOR, Role.REPRESENTATIVE)
@require_GET
def search(request: ToonoRequest) -> HttpResponse:
    """Messages by their id, or by a receipt and the time at which it was given."""
    asked = {name: request.GET.get(name, "").strip() for name in ("message", "receipt", "around")}
    found, wrong = _found(request, asked)
    context: dict[str, Any] = {"asked": asked, "found": found, "wrong": wrong, "searched": any(asked.values()), "verdicts": _verdicts()}
    return render(request, "exchange/messages.html", context, status=400 if wrong else 200)


@allow(Role.ADMINISTRATOR, Role.REPRESENTATIVE)
@require_GET
def message(request: ToonoRequest, record_id: UUID) -> HttpResponse:
    """One record: what it proves in words, and what it says."""
    language: Literal["mn", "en"] = "en" if get_language() == "en" else "mn"
    found, sentences = api.explained_message(actor=request.actor, record_id=record_id, language=language)
    body = b64decode(found.body_base64)
    context: dict[str, Any] = {
        "message": found, "sentences": sentences, "verdicts": _verdicts(), "body": body[:_SHOWN_BYTES].decode("utf-8", "replace"),
        "cut": len(body) > _SHOWN_BYTES, "proof": _proof(found), "back": f"{reverse('exchange:messages')}?message={quote(found.message_id)}",
    }  # fmt: skip
    return render(request, "exchange/message.html", context)


@allow(Role.ADMINISTRATOR, Role.REPRESENTATIVE)
@require_GET
def container(request: ToonoRequest, record_id: UUID) -> HttpResponse:
    """The signed message as a file that anybody can verify."""
    found = api.container(actor=request.actor, record_id=record_id)
    response = HttpResponse(found.content, content_type=found.media_type)
    response["Content-Disposition"] = f'attachment; filename="{found.name}"'
    response["Cache-Control"] = "no-store"
    return response


def _found(request: ToonoRequest, asked: dict[str, str]) -> tuple[tuple[LoggedMessage, ...], dict[str, str]]:
    try:
        if asked["message"]:
            return api.message(actor=request.actor, message_id=asked["message"]).messages, {}
        if not asked["receipt"]:
            return (), {}
        receipt, around = _receipt(asked["receipt"]), _moment(asked["around"])
        wrong = {} if receipt else {"receipt": _("Баримт 88 тэмдэгттэй, төгсгөл нь = байна. Бүтнээр нь хуулна уу.")}
        wrong |= {} if around else {"around": _("Хэзээ болсныг сонгоно уу. Баримтаар хайхад он сар өдөр, цаг хэрэгтэй.")}
        if receipt is None or around is None:
            return (), wrong
        return api.messages_by_receipt(actor=request.actor, receipt=receipt, around=around), {}
    except MessageNotFound:
        return (), {}


def _receipt(text: str) -> bytes | None:
    try:
        receipt = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return receipt if len(receipt) == 64 else None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _AROUND).replace(tzinfo=ULAANBAATAR)
    except ValueError:
        return None


def _proof(found: LoggedMessage) -> str | None:
    """Address of the public proof; there is one for what is signed and time-stamped."""
    if found.stamped_at is None or found.digest_base64 is None:
        return None
    return f"{reverse('exchange:proof')}?receipt={quote(found.digest_base64, safe='')}&message={quote(found.message_id, safe='')}"


def _verdicts() -> dict[Verdict, str]:
    return {
        Verdict.VALID: _("Бүрэн бүтэн"),
        Verdict.INVALID: _("Өөрчлөгдсөн"),
        Verdict.UNSIGNED: _("Хариугүй дууссан"),
        Verdict.INDETERMINATE: _("Одоогоор тодорхойгүй"),
    }
