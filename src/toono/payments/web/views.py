"""Where the bank tells that something happened to an invoice."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.payments import api
from toono.payments.errors import NoticeForged

LIMIT_BYTES = 4096


@csrf_exempt
@allow(Role.ANYBODY)
@require_POST
def notice(request: ToonoRequest) -> HttpResponse:
    """Signed by the bank. 204 once the question to the bank is queued; 403 for everything that is not the bank's."""
    if int(request.headers.get("Content-Length") or 0) > LIMIT_BYTES:
        return JsonResponse({"error": "payments.notice_too_large"}, status=413)
    try:
        api.bank_notice(body=request.body, signature=request.headers.get("X-Signature", ""))
    except NoticeForged as error:
        return JsonResponse({"error": error.code}, status=403)
    return HttpResponse(status=204)
