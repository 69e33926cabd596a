"""What an agreement must be before it may stand. Pure: the agreement and the service that it opens go in, sentences come out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from toono.registry.contracts import Agreement, CitizenAuthentication, Endpoint, EndpointGrant, ServiceEntry
from toono.registry.domain.citations import names_law_and_article
from toono.registry.domain.globs import may_match
from toono.registry.domain.identifiers import PART

LONGEST_BASIS = 500
MOST_FIELDS = 200
# RFC 6901 §3: «/» before each token, «~» only in ~0 and ~1; a token that is «*» alone stands for every item.
_POINTER = re.compile(r"(/([^/~]|~[01])*)+")


def complaints(agreement: Agreement, service: ServiceEntry | None) -> Iterator[str]:
    """Everything that is wrong, sentence by sentence. What needs the service is asked only where it is known."""
    yield from _name(agreement)
    yield from _purposes(agreement)
    yield from _time(agreement)
    yield from _fields(agreement)
    yield from _authentication(agreement)
    yield from _hours(agreement)
    yield from _secrecy(agreement)
    if service is not None:
        yield from _endpoints(agreement, service)
        yield from _consent(agreement, service)


def granted_endpoints(agreement: Agreement, service: ServiceEntry) -> tuple[Endpoint, ...]:
    """The endpoints of which the agreement opens at least one path. :raises ValueError: a glob cannot be read."""
    if not agreement.endpoints:
        return service.endpoints
    return tuple(e for e in service.endpoints if any(opens(grant, e) for grant in agreement.endpoints))


def opens(grant: EndpointGrant, endpoint: Endpoint) -> bool:
    """Whether the grant opens at least one path of the endpoint. :raises ValueError: its glob cannot be read."""
    return grant.method in ("*", endpoint.method) and may_match(grant.path, endpoint.path)


def _name(agreement: Agreement) -> Iterator[str]:
    if not PART.fullmatch(agreement.id):
        yield "its id must be small letters, digits, - and ."


def _purposes(agreement: Agreement) -> Iterator[str]:
    codes = [p.code for p in agreement.purposes]
    if not codes:
        yield "it names no purpose"
    if len(set(codes)) != len(codes):
        yield "a purpose stands twice"
    for purpose in agreement.purposes:
        if not purpose.title_mn.strip() or not purpose.title_en.strip():
            yield f"purpose {purpose.code} has no title"
        if len(purpose.basis_mn) > LONGEST_BASIS or not names_law_and_article(purpose.basis_mn):
            yield f"purpose {purpose.code} names no law with its article"


def _time(agreement: Agreement) -> Iterator[str]:
    if agreement.valid_from >= agreement.valid_until:
        yield "it ends before it begins"


def _fields(agreement: Agreement) -> Iterator[str]:
    fields = agreement.fields
    if len(fields) > MOST_FIELDS:
        yield f"it names more than {MOST_FIELDS} fields"
        return
    for field in fields:
        if not _POINTER.fullmatch(field):
            yield f"field {field!r} is no JSON pointer"
        elif any(other != field and field.startswith(f"{other}/") for other in fields):
            yield f"field {field} lies within another one"
    if len(set(fields)) != len(fields):
        yield "a field stands twice"


def _authentication(agreement: Agreement) -> Iterator[str]:
    asked = agreement.authentication
    if len(set(asked)) != len(asked):
        yield "an authentication stands twice"
    if CitizenAuthentication.NONE in asked and len(asked) > 1:
        yield "authentication none stands alone or not at all"


def _hours(agreement: Agreement) -> Iterator[str]:
    hours = agreement.hours
    if hours is None:
        return
    days = hours.weekdays
    if not days or list(days) != sorted(set(days)) or not all(1 <= day <= 7 for day in days):
        yield "weekdays are numbers from 1 (Monday) to 7, each once, in order"
    if hours.begin == hours.end:
        yield "hours that begin and end at the same time are none"
    if any(t.tzinfo is not None or t.second or t.microsecond for t in (hours.begin, hours.end)):
        yield "hours are whole minutes by the clock of Ulaanbaatar"


def _secrecy(agreement: Agreement) -> Iterator[str]:
    basis = agreement.secrecy.basis_mn if agreement.secrecy else None
    if basis is not None and (len(basis) > LONGEST_BASIS or not names_law_and_article(basis)):
        yield "secrecy names no law with its article"


def _endpoints(agreement: Agreement, service: ServiceEntry) -> Iterator[str]:
    if len(set(agreement.endpoints)) != len(agreement.endpoints):
        yield "an endpoint stands twice"
    for grant in agreement.endpoints:
        for sentence in _grant(grant, service):
            yield f"endpoint {grant.method} {grant.path}: {sentence}"


def _grant(grant: EndpointGrant, service: ServiceEntry) -> Iterator[str]:
    if not grant.path.startswith(("/", "*")) or {".", ".."} & set(grant.path.split("/")):
        yield "a glob begins with / or *, and has no segment . or .."
        return
    try:
        if not any(opens(grant, endpoint) for endpoint in service.endpoints):
            yield f"{service.id} has no endpoint that it can match"
    except ValueError as error:
        yield str(error)


def _consent(agreement: Agreement, service: ServiceEntry) -> Iterator[str]:
    if not agreement.consent:
        return
    try:
        without = [e for e in granted_endpoints(agreement, service) if e.subject is None or e.subject.identifier == "thing"]
    except ValueError:
        return  # the glob was complained about already
    for endpoint in without:
        yield f"consent cannot be asked for {endpoint.method} {endpoint.path}: its address names no person"
