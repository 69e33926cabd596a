"""The log of refusals: for each client by cause, so that whoever looks after it reads what is wrong and how to mend it.

The door calls this when an answer is made and its transaction is over, so a refusal is written whatever became of the request, and writing it can spoil none.
Neither parameters nor persons nor addresses are kept: the client, the endpoint, the cause, the moment, and the number that the answer bore.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import Max, Sum

from toono.identity import contracts, models
from toono.identity.domain.console import causes
from toono.identity.domain.console.flood import Meter
from toono.identity.domain.oidc.storage import digest
from toono.identity.errors import RequestRefused
from toono.identity.limits import LIMITS
from toono.kernel.clock import ULAANBAATAR, now
from toono.kernel.ids import public_code, uuid7
from toono.kernel.jose import from_base64url, json_object

log = logging.getLogger(__name__)
NOBODY = ""
"""In place of a client that nobody has registered: its name is the sender's word and is not kept."""
_meter: Meter[tuple[str, str, str]] = Meter()


# -- noticing ------------------------------------------------------------------------------------------------------


def watched_machine(sent: contracts.MachineRequest, answer: contracts.ProtocolAnswer) -> contracts.ProtocolAnswer:
    """The answer of a machine endpoint; a refusal is written down and gets a number."""
    if answer.status < 400:
        return answer
    return _numbered(answer, sent.path, _client_of_machine(sent.form, sent.authorization))


def watched_dan_token(parameters: Mapping[str, str] | None, authorization: str | None, answer: contracts.ProtocolAnswer) -> contracts.ProtocolAnswer:  # fmt: skip
    """As :func:`watched_machine`, for ДАН's token endpoint."""
    if answer.status < 400:
        return answer
    return _numbered(answer, "/oauth2/token", (parameters or {}).get("client_id") or _of_header(authorization))


def watched_dan_service(authorization: str | None, answer: contracts.ProtocolAnswer) -> contracts.ProtocolAnswer:
    """Refusals of the whole, and of single operations, whose envelope says why."""
    if answer.listed is None:
        return _numbered(answer, "/oauth2/api/v1/service", _of_token(authorization)) if answer.status >= 400 else answer
    envelopes = [e for element in answer.listed for e in _envelopes(element.get("services"))]
    codes = {code for e in envelopes if (code := e.get("resultCode")) in (3, 203, 801, 802)}
    client_id = _of_token(authorization) if codes else ""
    for code in sorted(codes):
        note(client_id, "/oauth2/api/v1/service", str(code), "")
    return answer


def _envelopes(services: object) -> list[Mapping[str, Any]]:
    return [one for one in services.values() if isinstance(one, dict)] if isinstance(services, dict) else []


def watched_registration(answer: contracts.ProtocolAnswer) -> contracts.ProtocolAnswer:
    """A registration under a statement has no client yet: it stands with the platform's own list."""
    return _numbered(answer, "/oidc/register", NOBODY) if answer.status >= 400 else answer


def watched_redirection(endpoint: str, query: str, outcome: object) -> None:
    """An authorization request that was answered by an error to the client."""
    error, sentence = _error_of(outcome)
    if error:
        note(_of_query(query), endpoint, error, sentence)


def watched_flow(flow_id: UUID, outcome: object) -> None:
    """The same for a request that had waited for its person."""
    error, sentence = _error_of(outcome)
    flow = models.Flow.objects.filter(id=flow_id).values("client_id", "kind").first() if error else None
    if flow is not None:
        note(flow["client_id"], "/oauth2/authorize" if flow["kind"] == "dan" else "/oidc/authorize", error, sentence)


def _error_of(outcome: object) -> tuple[str, str]:
    """What a redirection tells the client, in the address or posted, plain or within a signed answer; empty: no error."""
    if not isinstance(outcome, contracts.Redirection):
        return "", ""
    values = {name: value[0] for name, value in parse_qs(urlsplit(outcome.url).query).items()} | dict(outcome.posted)
    found = _unsigned(values["response"]) if "response" in values else values
    return str(found.get("error", "")), str(found.get("error_description", ""))


def watched_logout(query: str, outcome: object) -> None:
    """A request to sign out that was not believed."""
    if isinstance(outcome, contracts.ConfirmSignOut | contracts.SignedOut) and outcome.fault:
        note(_of_query(query), "/oidc/end-session", "invalid_request", outcome.fault)


@contextmanager
def page_refusals(endpoint: str, query: str) -> Iterator[None]:
    """A request that is refused on a page is written down and goes on to the page."""
    try:
        yield
    except RequestRefused as refusal:
        note(_of_query(query), endpoint, "invalid_request", str(refusal))
        raise


def _numbered(answer: contracts.ProtocolAnswer, endpoint: str, client_id: str) -> contracts.ProtocolAnswer:
    number = note(client_id, endpoint, str(answer.body.get("error", "")), str(answer.body.get("error_description", "")))
    return answer.model_copy(update={"request_id": number})


# -- whose it is ---------------------------------------------------------------------------------------------------


def _client_of_machine(form: str, authorization: str | None) -> str:
    try:
        values = {name: value[0] for name, value in parse_qs(form[: LIMITS.request_length], max_num_fields=100).items()}
    except ValueError:
        values = {}
    named = values.get("client_id") or str(_unsigned(values.get("client_assertion", "")).get("iss", ""))
    return named or _of_header(authorization) or _of_token(authorization or f"Bearer {values.get('access_token', '')}")


def _of_header(authorization: str | None) -> str:
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return unquote_plus(base64.b64decode(value[:2000]).decode().partition(":")[0])
    except (binascii.Error, ValueError):
        return ""


def _of_token(authorization: str | None) -> str:
    """Whose access token was shown, dead or alive."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() not in ("bearer", "dpop") or not value:
        return ""
    remembered = models.AccessToken.objects.filter(digest=digest(value.strip())).values_list("client_id", flat=True).first()
    return remembered or str(_unsigned(value).get("client_id", ""))


def _of_query(query: str) -> str:
    try:
        return parse_qs(query[: LIMITS.request_length], max_num_fields=100).get("client_id", [""])[0]
    except ValueError:
        return ""


def _unsigned(token: str) -> dict[str, Any]:
    """The claims of a token without believing them: only a name to file the refusal under."""
    try:
        return json_object(from_base64url(token.split(".")[1][:8000].rstrip("=")))
    except (IndexError, ValueError):
        return {}


# -- writing -------------------------------------------------------------------------------------------------------

_WRITE = """
    WITH counted AS (
        INSERT INTO identity_refusalcount AS c (client_id, endpoint, cause, day, count, first_at, last_at)
        VALUES (%(client)s, %(endpoint)s, %(cause)s, %(day)s, %(times)s, %(at)s, %(at)s)
        ON CONFLICT (client_id, day, cause, endpoint) DO UPDATE
        SET count = c.count + %(times)s, last_at = greatest(c.last_at, %(at)s)
        RETURNING c.count
    )
    INSERT INTO identity_refusal (id, client_id, endpoint, cause, at, request_id)
    SELECT %(id)s, %(client)s, %(endpoint)s, %(cause)s, %(at)s, %(number)s FROM counted WHERE counted.count - %(times)s < %(kept)s
"""


def note(client_id: str, endpoint: str, error: str, sentence: str) -> str:
    """Write down one refusal; gives the number for the answer. Never fails: a log that cannot be written refuses nobody anything."""
    number, cause = public_code(10), causes.cause_of(error, sentence)
    if cause in causes.NORMAL:
        return number
    try:
        _write(_filed(client_id, endpoint, cause), number)
    except DatabaseError:
        log.exception("a refusal could not be written down")
    return number


def _filed(client_id: str, endpoint: str, cause: str) -> tuple[str, str, str]:
    """Under which client and cause. A name that nobody has registered is not kept, so nobody fills the table with names."""
    sound = client_id.isprintable() and 0 < len(client_id) <= 80
    row = models.Client.objects.filter(client_id=client_id).values("deactivated_at", "twin_of").first() if sound else None
    if row is None:
        return NOBODY, endpoint, causes.UNKNOWN_CLIENT if cause == "client.unproven" else cause
    if row["deactivated_at"] is not None and cause == "client.unproven":
        return client_id, endpoint, causes.DEACTIVATED
    return row["twin_of"] or client_id, endpoint, cause


def _write(key: tuple[str, str, str], number: str) -> None:
    moment = now()
    due = _meter.pass_on(key, second=int(moment.timestamp()))
    if not due:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        # A lost line of this log harms nobody, so nobody waits for the disk.
        cursor.execute("SET LOCAL synchronous_commit = off")
        for (client_id, endpoint, cause), times in sorted(due):
            values: dict[str, Any] = {
                "client": client_id, "endpoint": endpoint, "cause": cause, "day": moment.astimezone(ULAANBAATAR).date(), "times": times,
                "at": moment, "id": uuid7(), "number": number if (client_id, endpoint, cause) == key else "", "kept": LIMITS.refusals_kept_each,
            }  # fmt: skip
            cursor.execute(_WRITE, values)


def remove_old() -> None:
    """What is older than it is kept."""
    before = now() - LIMITS.refusals_kept
    models.Refusal.objects.filter(at__lt=before).delete()
    models.RefusalCount.objects.filter(day__lt=before.astimezone(ULAANBAATAR).date()).delete()


# -- reading (rights are the caller's affair) ----------------------------------------------------------------------


def shown(client_ids: list[str], *, days: int, number: str) -> contracts.RefusalLog:
    """Refusals of these clients in the last ``days`` days: by cause, the latest first, and the newest single ones, or the one of this number."""
    first = now().astimezone(ULAANBAATAR).date() - timedelta(days=min(max(days, 1), LIMITS.refusals_kept.days) - 1)
    counts = models.RefusalCount.objects.filter(client_id__in=client_ids, day__gte=first)
    groups = counts.values("client_id", "cause", "endpoint").annotate(total=Sum("count"), last=Max("last_at")).order_by("-last")[:100]
    single = models.Refusal.objects.filter(client_id__in=client_ids).order_by("-at")
    if number:
        single = single.filter(request_id=number.upper()[:16]) if number.isalnum() else single.none()
    return contracts.RefusalLog(
        groups=tuple(
            contracts.RefusalGroup(client_id=g["client_id"], cause=g["cause"], endpoint=g["endpoint"], count=g["total"], last_at=g["last"]) for g in groups
        ),
        entries=tuple(
            contracts.RefusalEntry(client_id=r.client_id, cause=r.cause, endpoint=r.endpoint, at=r.at, request_id=r.request_id) for r in single[:30]
        ),
    )  # fmt: skip
