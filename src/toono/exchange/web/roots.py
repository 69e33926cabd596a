"""What anybody may see: the published root of each hour, and the proof that a message is under it. Digests only; nobody needs to sign in."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from toono.exchange import api
from toono.exchange.contracts import RootInfo
from toono.exchange.errors import ReceiptNotFound
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role

_LONG = "public, max-age=31536000, immutable"


@allow(Role.ANYBODY)
@require_GET
def newest(request: ToonoRequest) -> HttpResponse:
    """Published hours, newest first; ``before`` (the name of an hour) goes on from there."""
    found = api.published_roots(before=request.GET.get("before"))
    response = JsonResponse({"roots": [_told(root) for root in found]})
    response["Cache-Control"] = "public, max-age=60"
    response["Access-Control-Allow-Origin"] = "*"
    return response


@allow(Role.ANYBODY)
@require_GET
def hour(request: ToonoRequest, name: str) -> HttpResponse:
    """One hour: its leaves and its signed form; ``?form=jws`` gives that alone, as in the files for mirrors."""
    found = api.published_root(name=name)
    signed = request.GET.get("form") == "jws"
    response = HttpResponse(found["jws"], content_type="application/jose") if signed else JsonResponse(found)
    response["Cache-Control"] = _LONG
    response["Access-Control-Allow-Origin"] = "*"
    return response


@allow(Role.ANYBODY)
@require_GET
def proof(request: ToonoRequest) -> HttpResponse:
    """The proof of the message with this receipt (base64, as in the access ledger and in ``x-road-request-hash``) and this message id."""
    response = JsonResponse(api.proof(receipt=_receipt(request.GET), message_id=request.GET.get("message", "")))
    response["Cache-Control"] = "no-store"
    response["Access-Control-Allow-Origin"] = "*"
    response["Content-Disposition"] = 'attachment; filename="proof.json"'
    return response


def _receipt(values: Mapping[str, str]) -> bytes:
    """A plus sign that was not percent-encoded has arrived as a space."""
    try:
        return b64decode(values.get("receipt", "").replace(" ", "+"), validate=True)
    except (binascii.Error, ValueError):
        raise ReceiptNotFound("no base64") from None


def _told(root: RootInfo) -> dict[str, object]:
    return {
        "name": root.name, "hour": root.hour.isoformat().replace("+00:00", "Z"), "stamps": root.stamps, "root": root.root_base64,
        "previous": root.previous_base64, "published_at": root.published_at.isoformat().replace("+00:00", "Z"),
    }  # fmt: skip
