"""The officer's desk: what is to be decided, by the time left; a case with facts beside answers; the decision."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from toono.feedback import api as feedback
from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role
from toono.kernel.errors import ToonoError
from toono.kernel.ids import uuid7
from toono.services import api as services
from toono.services.contracts import ActionView, QuestionKind, Shelf
from toono.services.errors import (
    AlreadyDecided,
    AssignedToAnother,
    CorrectionRefused,
    DeskRefused,
    ExtensionRefused,
    FactsMissing,
    FilledWrong,
    FunctionMissing,
    GroundMissing,
    MessageRefused,
    NotAllowedNow,
    ReasonMissing,
    SecondOfficerNeeded,
)

TOLD = (
    GroundMissing, ReasonMissing, AlreadyDecided, FactsMissing, NotAllowedNow, AssignedToAnother, FunctionMissing, SecondOfficerNeeded,
    DeskRefused,
)  # fmt: skip
"""What an officer is told beside the form; everything else is the page of an error."""
_FIELDS: tuple[tuple[type[Exception], str], ...] = (
    (GroundMissing, "ground"), (ReasonMissing, "reason"), (FactsMissing, "case"), (AlreadyDecided, "case"), (NotAllowedNow, "case"),
)  # fmt: skip
MESSAGE_LENGTH, REASON_LENGTH = 4000, 2000


# -- lists -------------------------------------------------------------------------------------------------------


def _list(request: ToonoRequest) -> dict[str, object]:
    """The list that the address names; an unknown one is the whole desk."""
    asked = request.GET.get("list", "")
    shelf = Shelf(asked) if asked in set(Shelf) else Shelf.DESK
    chosen = {name: request.GET.get(name, "")[:60] for name in ("service", "function")}
    work = services.worklist(
        actor=request.actor, shelf=shelf, service=chosen["service"], function=chosen["function"], after=request.GET.get("after", "")[:80]
    )
    kept = {name: value for name, value in {"list": shelf.value if shelf is not Shelf.DESK else "", **chosen}.items() if value}
    return {
        "work": work,
        "shelves": _shelves(),
        "chosen": chosen,
        "query": urlencode(kept),
        "next_query": urlencode(kept | {"after": work.after}) if work.after else "",
        "functions": [(code, services.function_label(code=code)) for code in work.functions],
        "complaints": feedback.open_complaints(actor=request.actor),
    }


def _shelves() -> list[tuple[Shelf, str]]:
    return [
        (Shelf.DESK, _("Шийдвэрлэх")),
        (Shelf.MINE, _("Миний")),
        (Shelf.UNASSIGNED, _("Хуваарилаагүй")),
        (Shelf.LATE, _("Хугацаа хэтэрсэн")),
        (Shelf.CONFIRM, _("Баталгаажуулах")),
        (Shelf.OPINIONS, _("Дүгнэлт өгөх")),
        (Shelf.WAITING, _("Хариу хүлээж байгаа")),
    ]


@allow(Role.OFFICER)
@require_safe
def worklist(request: ToonoRequest) -> HttpResponse:
    """The officer's list."""
    services.open_desk(actor=request.actor)
    return render(request, "channels/desk.html", _list(request))


@allow(Role.OFFICER)
@require_POST
def decide_several(request: ToonoRequest) -> HttpResponse:
    """The same decision for the cases that were chosen; each with its own result."""
    action, ground = request.POST.get("action", ""), request.POST.get("ground", "")
    chosen = [UUID(value) for value in request.POST.getlist("case") if _is_id(value)]
    more: dict[str, object] = {"action": action, "ground": ground, "reason": request.POST.get("reason", "")}
    if not chosen or not action:
        text = _("Хүсэлтээ сонгоно уу") if not chosen else _("Шийдвэрээ сонгоно уу")
        more |= {"errors": [{"text": text, "href": "#several" if chosen else "#list"}]}
    else:
        more["results"] = services.decide_cases(
            actor=request.actor, case_ids=chosen, action=action, ground=ground or None, reason=request.POST.get("reason", "")
        )
    return render(request, "channels/desk.html", _list(request) | more)


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


# -- one case ----------------------------------------------------------------------------------------------------


def _page(request: ToonoRequest, case_id: UUID, **more: object) -> HttpResponse:
    shown = _list(request) | {"desk": services.officer_case(actor=request.actor, case_id=case_id), "reason_length": REASON_LENGTH}
    return render(request, "channels/desk_case.html", shown | more)


def _told(request: ToonoRequest, case_id: UUID, error: ToonoError, **typed: object) -> HttpResponse:
    """The case with what went wrong beside its field; nothing typed is lost."""
    field = next((name for kind, name in _FIELDS if isinstance(error, kind)), "case")
    return _page(request, case_id, errors=[{"text": _(error.title_mn), "href": f"#{field}"}], wrong=field, **typed)


def _back(request: ToonoRequest, case_id: UUID, mark: str = "") -> HttpResponse:
    kept = {name: value for name in ("list", "service", "function") if (value := request.GET.get(name, ""))}
    query = urlencode(kept | ({mark: "1"} if mark else {}))
    return HttpResponseRedirect(redirect("channels:desk_case", case_id=case_id).url + (f"?{query}" if query else ""))


@allow(Role.OFFICER)
@require_safe
def case(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """A case beside the list."""
    services.open_desk(actor=request.actor)
    return _page(request, case_id, decided_now="decided" in request.GET)


@allow(Role.OFFICER)
@require_POST
def decide(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Decide; what is missing is said beside its field, and nothing typed is lost."""
    action, ground, words = (request.POST.get(name, "") for name in ("action", "ground", "reason"))
    typed: dict[str, object] = {
        "action": action,
        "ground": ground,
        "reason": words,
        "ready": request.POST.get("ready", ""),
        "typed": request.POST,
    }
    if not action:
        return _page(request, case_id, errors=[{"text": _("Шийдвэрээ сонгоно уу"), "href": "#action"}], wrong="action", **typed)
    reason = "\n".join(part for part in (request.POST.get("ready", ""), words) if part)
    try:
        services.decide_case(
            actor=request.actor,
            case_id=case_id,
            action=action,
            ground=ground or None,
            reason=reason,
            filled=_filled(request, case_id, action),
        )
    except FilledWrong as error:
        wrong = {code: text.to(get_language() or "mn") for code, text in error.data["fields"].items()}
        errors = [{"text": text, "href": f"#fill-{action}-{code}"} for code, text in wrong.items()]
        return _page(request, case_id, errors=errors, wrong_fields=wrong, **typed)
    except TOLD as error:
        return _told(request, case_id, error, **typed)
    return _back(request, case_id, "decided")


def _filled(request: ToonoRequest, case_id: UUID, action: str) -> dict[str, str]:
    """What was typed for the action's own fields; several ticks are joined as an answer keeps them."""
    found: ActionView | None = next(
        (a for a in services.officer_case(actor=request.actor, case_id=case_id).actions if a.code == action), None
    )
    asks = found.asks if found else ()
    several = {QuestionKind.CHOICES}
    return {
        ask.code: ",".join(request.POST.getlist(f"fill-{action}-{ask.code}")) if ask.kind in several
        else request.POST.get(f"fill-{action}-{ask.code}", "")
        for ask in asks
    }  # fmt: skip


@allow(Role.OFFICER)
@require_POST
def confirm(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Confirm what a colleague proposed, or send it back."""
    reason = request.POST.get("back_reason", "")
    try:
        if request.POST.get("what") == "confirm":
            services.confirm_decision(actor=request.actor, case_id=case_id)
            return _back(request, case_id, "decided")
        services.send_back_decision(actor=request.actor, case_id=case_id, reason=reason)
    except ReasonMissing as error:
        return _page(
            request, case_id, errors=[{"text": _(error.title_mn), "href": "#back_reason"}], wrong="back_reason", back_reason=reason
        )
    except TOLD as error:
        return _told(request, case_id, error)
    return _back(request, case_id)


@allow(Role.OFFICER)
@require_POST
def assign(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Take the case, give it back, or hand it over."""
    what, to = request.POST.get("what", ""), request.POST.get("to", "")
    try:
        if what == "take":
            services.take_case(actor=request.actor, case_id=case_id)
        elif what == "give_back":
            services.give_back_case(actor=request.actor, case_id=case_id)
        elif _is_id(to):
            services.hand_over_case(actor=request.actor, case_id=case_id, to=UUID(to))
        else:
            return _page(request, case_id, errors=[{"text": _("Хэнд шилжүүлэхээ сонгоно уу"), "href": "#to"}], wrong="to")
    except TOLD as error:
        return _told(request, case_id, error)
    return _back(request, case_id)


@allow(Role.OFFICER)
@require_POST
def extend(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Extend the term, with a reason that the citizen reads."""
    reason = request.POST.get("extend_reason", "")
    try:
        services.extend_term(actor=request.actor, case_id=case_id, reason=reason)
    except (ReasonMissing, ExtensionRefused) as error:
        errors = [{"text": _(error.title_mn), "href": "#extend_reason"}]
        return _page(request, case_id, errors=errors, wrong="extend_reason", extend_reason=reason)
    except TOLD as error:
        return _told(request, case_id, error)
    return _back(request, case_id)


# -- with the citizen --------------------------------------------------------------------------------------------


@allow(Role.OFFICER)
@require_http_methods(["GET", "HEAD", "POST"])
def correction(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Ask the citizen to correct named answers: which, and what is wrong with each. Or take the request back."""
    desk = services.officer_case(actor=request.actor, case_id=case_id)
    asked = [code for code in request.POST.getlist("field") if any(line.question == code for line in desk.case.answers)]
    words = {line.question: request.POST.get(f"what-{line.question}", "") for line in desk.case.answers}
    errors: list[dict[str, str]] = []
    if request.method == "POST":
        try:
            if request.POST.get("what") == "recall":
                services.recall_correction(actor=request.actor, case_id=case_id)
            else:
                services.ask_correction(actor=request.actor, case_id=case_id, fields={code: words[code] for code in asked})
            return _back(request, case_id)
        except CorrectionRefused as error:
            errors = [{"text": _(error.title_mn), "href": f"#field-{asked[0]}" if asked else "#fields"}]
        except TOLD as error:
            errors = [{"text": _(error.title_mn), "href": "#fields"}]
    context = {"desk": desk, "asked": asked, "words": words, "errors": errors, "back": request.GET.urlencode()}
    return render(request, "channels/desk_correction.html", context)


@allow(Role.OFFICER)
@require_http_methods(["GET", "HEAD", "POST"])
def messages(request: ToonoRequest, case_id: UUID) -> HttpResponse:
    """Messages with the citizen. The form's key makes a double press one message."""
    text, errors = "", []
    if request.method == "POST":
        text = request.POST.get("text", "")
        try:
            services.send_message(actor=request.actor, case_id=case_id, text=text, key=request.POST.get("key", ""))
            return HttpResponseRedirect(redirect("channels:desk_messages", case_id=case_id).url + "#write")
        except (MessageRefused, NotAllowedNow) as error:
            errors = [{"text": _(error.title_mn), "href": "#text"}]
    context = {
        "desk": services.officer_case(actor=request.actor, case_id=case_id),
        "messages": services.messages(actor=request.actor, case_id=case_id),
        "text": text[: 2 * MESSAGE_LENGTH], "errors": errors, "key": str(uuid7()), "length": MESSAGE_LENGTH,
    }  # fmt: skip
    return render(request, "channels/desk_messages.html", context)
