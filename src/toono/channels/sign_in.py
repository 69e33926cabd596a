"""Signing in to the portal and out of it."""

from __future__ import annotations

import re
from dataclasses import asdict
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from toono.channels import relying_party
from toono.channels.errors import SignInFailed
from toono.channels.middleware import SESSION_ID
from toono.channels.relying_party import Question
from toono.identity import api as identity
from toono.kernel.access import allow
from toono.kernel.actor import Actor, Role
from toono.kernel.settings import settings

QUESTIONS = "sign_in_questions"
QUESTIONS_KEPT = 5
"""One browser may sign in from several tabs; the oldest question beyond this is forgotten."""

# One leading slash, then nothing by which a browser could be led to another host (RFC 9700 §4.11).
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]{0,2000}")


def local_path(value: str | None) -> str:
    """``value`` if it is a path (or a whole address) of this portal, else the home page."""
    path = (value or "").removeprefix(settings().base_url)
    return path if _LOCAL_PATH.fullmatch(path) else "/"


@require_GET
@never_cache
@allow(Role.ANYBODY)
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask the provider who this is; ``next`` says where to go afterwards."""
    question = Question.new(local_path(request.GET.get("next")))
    kept: dict[str, dict[str, str]] = request.session.get(QUESTIONS, {})
    newest = list(kept.items())[-(QUESTIONS_KEPT - 1) :]
    request.session[QUESTIONS] = {**dict(newest), question.state: asdict(question)}
    return HttpResponseRedirect(relying_party.authorization_url(question))


@require_GET
@never_cache
@allow(Role.ANYBODY)
def callback(request: HttpRequest) -> HttpResponse:
    """The provider's answer. The portal's session is made anew, so that one planted before cannot become signed in."""
    question = _answered_question(request)
    if question is None:
        # Gone back in the browser, or answered twice. Who is signed in goes on; who is not must begin again.
        if getattr(request, "actors", ()):
            return HttpResponseRedirect("/")
        raise SignInFailed("no such question was asked in this session")
    if request.GET.get("iss") != settings().base_url:
        raise SignInFailed("the answer comes from another issuer (RFC 9207 §2.4)")
    if "error" in request.GET or not request.GET.get("code"):
        raise SignInFailed(f"the provider answers {request.GET.get('error', 'nothing')[:100]!r}")
    found = relying_party.identify(question, request.GET["code"])
    request.session.flush()
    request.session[SESSION_ID] = found.session_id
    request.session["person_id"] = found.person_id
    request.session["auth_time"] = found.auth_time
    rotate_token(request)
    return HttpResponseRedirect(local_path(question.next))


def _answered_question(request: HttpRequest) -> Question | None:
    """The question to which this is the answer; each is answered once."""
    kept: dict[str, dict[str, str]] = request.session.get(QUESTIONS, {})
    found = kept.pop(request.GET.get("state", ""), None)
    if found is None:
        return None
    request.session[QUESTIONS] = kept
    return Question(**found)


@require_POST
@never_cache
@allow(Role.ANYBODY)
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the portal's session and the provider's under it."""
    session_id = request.session.get(SESSION_ID)
    actors: tuple[Actor, ...] = getattr(request, "actors", ())
    if session_id is not None and actors:
        identity.end_session(actor=actors[0], session_id=UUID(session_id))
    request.session.flush()
    return HttpResponseRedirect("/")
