"""A person's own pages: cases, documents, messages."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.errors import NotFound
from toono.notifications import api as notifications
from toono.services import api as services

MESSAGES_A_PAGE = 50


@allow(Role.CITIZEN)
@require_safe
def overview(request: ToonoRequest) -> HttpResponse:
    """Cases to go on with, cases under way and decided, documents."""
    cases = services.cases(actor=request.actor)
    return render(
        request,
        "channels/my.html",
        {
            "drafts": [c for c in cases if c.submitted_at is None],
            "sent": [c for c in cases if c.submitted_at],
            "documents": services.documents(actor=request.actor),
        },
    )


@allow(Role.CITIZEN)
@require_safe
def inbox(request: ToonoRequest) -> HttpResponse:
    """Messages, newest first."""
    before = request.GET.get("before", "")
    try:
        last = UUID(before) if before else None
    except ValueError:
        raise NotFound(f"no message {before[:40]!r}") from None
    found = notifications.inbox(actor=request.actor, limit=MESSAGES_A_PAGE + 1, before=last)
    shown = found[:MESSAGES_A_PAGE]
    older_than = shown[-1].id if len(found) > MESSAGES_A_PAGE else None
    return render(request, "channels/inbox.html", {"messages": shown, "older_than": older_than, "first_page": last is None})


@allow(Role.CITIZEN)
@require_safe
def message(request: ToonoRequest, message_id: UUID) -> HttpResponse:
    """One message; opening it marks it as read."""
    return render(request, "channels/message.html", {"message": notifications.message(actor=request.actor, message_id=message_id)})


@allow(Role.CITIZEN)
@require_safe
def document(request: ToonoRequest, document_id: UUID) -> HttpResponse:
    """A document: valid or not, to look at, to save, to have checked."""
    return render(request, "channels/document.html", {"document": services.document(actor=request.actor, document_id=document_id)})


@allow(Role.CITIZEN, Role.OFFICER)
@require_safe
def document_file(request: ToonoRequest, document_id: UUID) -> HttpResponse:
    """The sealed file, to save."""
    file = services.document_file(actor=request.actor, document_id=document_id)
    response = HttpResponse(file.content, content_type=file.media_type)
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response


@allow(Role.CITIZEN)
@require_safe
def document_picture(request: ToonoRequest, document_id: UUID) -> HttpResponse:
    """The document's page as a picture. Shown by ``<img>`` only, where it can run nothing; opened alone, its policy allows nothing."""
    picture = services.document_picture(actor=request.actor, document_id=document_id)
    response = HttpResponse(picture.content, content_type=picture.media_type)
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"
    response["Cache-Control"] = "private, max-age=300"
    return response
