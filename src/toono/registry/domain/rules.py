"""What an entry must be before it may stand in the registry. Pure: an entry and what is known go in, a refusal out.

Each kind has its table of checks; a check returns a sentence when something is wrong. The sentences are for
administrators and files, so they are in English and name the entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from toono.kernel.actor import Actor, Role
from toono.kernel.text import clean
from toono.registry.contracts import (
    Agreement,
    Credential,
    CredentialKind,
    DraftKind,
    Endpoint,
    Entry,
    Organisation,
    ServiceEntry,
    SystemEntry,
)
from toono.registry.errors import AdministratorRequired, EntryRefused, SamePerson

# Narrower than X-Road's strict identifiers (A-Z a-z 0-9 ' ( ) + , - . = ?): what needs no escape anywhere.
_PART = re.compile(r"[a-z0-9][a-z0-9.-]{0,59}")
_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_LITERAL = re.compile(r"[A-Za-z0-9._~-]+")
_SECRET_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Known:
    """What stands in the registry, as far as the checks need it."""

    instance: str
    production: bool = False
    organisations: Mapping[str, Organisation] = field(default_factory=dict)
    systems: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    key_holders: Mapping[str, str] = field(default_factory=dict)
    """Credential's key id to the system that holds it."""


def kind_of(entry: Entry) -> DraftKind:
    """Which kind of draft carries this entry."""
    return _KINDS[type(entry)]


def subject_of(entry: Entry) -> str:
    """The name under which the entry stands in the registry."""
    return entry.code if isinstance(entry, Organisation) else entry.id


def check_administrator(actor: Actor) -> UUID:
    """The person, if it is an administrator.

    :raises AdministratorRequired: the actor is no administrator, or no person.
    """
    if actor.role is not Role.ADMINISTRATOR or actor.person_id is None:
        raise AdministratorRequired(f"{actor} is no administrator known as a person")
    return actor.person_id


def check_two_persons(*, drafted_by: UUID | None, approver: Actor) -> None:
    """The two-person rule.

    :raises AdministratorRequired: the approver is no administrator.
    :raises SamePerson: the approver drafted it.
    """
    person = check_administrator(approver)
    if person == drafted_by:
        raise SamePerson(f"{person} drafted this and may not approve it")


def check(entry: Entry, known: Known) -> None:
    """:raises EntryRefused: with every sentence that applies."""
    found = [sentence for step in _STEPS[type(entry)] for sentence in step(entry, known)]
    if found:
        name = f"{kind_of(entry)} {subject_of(entry)}"
        raise EntryRefused(f"{name}: {'; '.join(found)}", subject=subject_of(entry), sentences=tuple(found))


# -- all ---------------------------------------------------------------------------------------------------------


def _names_are_clean(entry: Entry, known: Known) -> Iterator[str]:
    fields = ("name_mn", "name_en") if isinstance(entry, Organisation) else ("title_mn", "title_en")
    for name in fields:
        value = getattr(entry, name)
        if not value or value != clean(value) or len(value) > 200:
            yield f"{name} must have 1 to 200 letters, no space around it and no control characters"


# -- organisations ---------------------------------------------------------------------------------------------


def _class_is_kept(entry: Organisation, known: Known) -> Iterator[str]:
    standing = known.organisations.get(entry.code)
    if standing and standing.member_class != entry.member_class:
        yield f"class {standing.member_class} cannot become {entry.member_class}: it is part of every identifier"


def _register_is_its_own(entry: Organisation, known: Known) -> Iterator[str]:
    for other in known.organisations.values():
        if other.register_number == entry.register_number and other.code != entry.code:
            yield f"register number {entry.register_number} belongs to {other.code}"


# -- systems -----------------------------------------------------------------------------------------------------


def _system_id_names_its_organisation(entry: SystemEntry, known: Known) -> Iterator[str]:
    yield from _identifier(entry.id, 4, known)


def _credentials_are_whole(entry: SystemEntry, known: Known) -> Iterator[str]:
    for credential in entry.credentials:
        for sentence in _credential(credential, known):
            yield f"credential {credential.key_id}: {sentence}"


def _credential(credential: Credential, known: Known) -> Iterator[str]:
    if credential.not_before >= credential.not_after:
        yield "it ends before it begins"
    if credential.kind is CredentialKind.SIGNATURE:
        if credential.key_sha256 is not None or not _is_p256(credential.public_key_pem):
            yield "a signature needs a P-256 public key in PEM and no key digest"
    elif credential.public_key_pem is not None or not _SHA256.fullmatch(credential.key_sha256 or ""):
        yield "a bearer key needs its SHA-256 as 64 hex digits and no public key"
    elif known.production:
        yield "a bearer key is for development; production asks for signatures"


def _is_p256(pem: str | None) -> bool:
    try:
        key = load_pem_public_key((pem or "").encode())
    except ValueError:
        return False
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def _key_ids_are_its_own(entry: SystemEntry, known: Known) -> Iterator[str]:
    ids = [c.key_id for c in entry.credentials]
    if len(set(ids)) != len(ids):
        yield "two credentials have the same key id"
    for key_id in ids:
        holder = known.key_holders.get(key_id, entry.id)
        if holder != entry.id:
            yield f"key id {key_id} belongs to {holder}"


# -- services ----------------------------------------------------------------------------------------------------


def _service_id_names_its_system(entry: ServiceEntry, known: Known) -> Iterator[str]:
    yield from _identifier(entry.id, 5, known)
    system = entry.id.rpartition("/")[0]
    if system not in known.systems:
        yield f"system {system} is not in the registry"


def _address_is_plain(entry: ServiceEntry, known: Known) -> Iterator[str]:
    try:
        parts = urlsplit(entry.base_url)
        plain = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        plain = False
    if not plain or "@" in parts.netloc or parts.query or parts.fragment or entry.base_url.endswith("/"):
        yield "base_url must be http(s)://host[:port][/path] without a slash at the end, a login, a query or a fragment"
    elif known.production and parts.scheme != "https":
        yield "base_url must begin with https:// in production"


def _secret_is_a_name(entry: ServiceEntry, known: Known) -> Iterator[str]:
    # The gateway opens a file of this name: a path must not get through.
    if entry.secret_name is not None and not _SECRET_NAME.fullmatch(entry.secret_name):
        yield f"secret_name {entry.secret_name!r} must be small letters, digits, _ and -"


def _endpoints_are_clear(entry: ServiceEntry, known: Known) -> Iterator[str]:
    if not entry.endpoints:
        yield "a service has at least one endpoint"
    shapes = [(e.method, _VARIABLE.sub("{}", e.path)) for e in entry.endpoints]
    if len(set(shapes)) != len(shapes):
        yield "two endpoints match the same calls"
    for endpoint in entry.endpoints:
        for sentence in _endpoint(endpoint):
            yield f"endpoint {endpoint.method} {endpoint.path}: {sentence}"


def _endpoint(endpoint: Endpoint) -> Iterator[str]:
    first, *segments = endpoint.path.split("/")
    if first or not segments or not all(_is_segment(s) for s in segments):
        yield "each segment of the path is plain letters or one {variable}"
    variables = _VARIABLE.findall(endpoint.path)
    if len(set(variables)) != len(variables):
        yield "a variable stands twice"
    subject = endpoint.subject
    if subject is None:
        return
    if subject.variable not in variables:
        yield f"the subject's variable {subject.variable} is not in the path"
    if not subject.echo_pointer.startswith("/") or not subject.civil_id_pointer.startswith("/"):
        yield "a JSON pointer begins with /"


def _is_segment(segment: str) -> bool:
    return bool(_VARIABLE.fullmatch(segment) or (_LITERAL.fullmatch(segment) and segment not in {".", ".."}))


# -- agreements --------------------------------------------------------------------------------------------------


def _both_sides_exist(entry: Agreement, known: Known) -> Iterator[str]:
    if not _PART.fullmatch(entry.id):
        yield "its id must be small letters, digits, - and ."
    if entry.consumer not in known.systems:
        yield f"consumer {entry.consumer} is not in the registry"
    if entry.service not in known.services:
        yield f"service {entry.service} is not in the registry"


def _purposes_are_told(entry: Agreement, known: Known) -> Iterator[str]:
    codes = [p.code for p in entry.purposes]
    if not codes:
        yield "it names no purpose"
    if len(set(codes)) != len(codes):
        yield "a purpose stands twice"
    for purpose in entry.purposes:
        if not purpose.basis_mn.strip():
            yield f"purpose {purpose.code} names no law"


def _time_runs_forward(entry: Agreement, known: Known) -> Iterator[str]:
    if entry.valid_from >= entry.valid_until:
        yield "it ends before it begins"


# -- shared ------------------------------------------------------------------------------------------------------


def _identifier(value: str, parts: int, known: Known) -> Iterator[str]:
    """``INSTANCE/CLASS/MEMBER/SUBSYSTEM[/SERVICE]`` of an organisation that is known."""
    found = value.split("/")
    if len(found) != parts or found[0] != known.instance or not all(_PART.fullmatch(p) for p in found[2:]):
        yield f"its id must be {known.instance}/CLASS/organisation/{'system' if parts == 4 else 'system/service'}"
        return
    organisation = known.organisations.get(found[2])
    if organisation is None:
        yield f"organisation {found[2]} is not in the registry"
    elif organisation.member_class != found[1]:
        yield f"organisation {found[2]} is of class {organisation.member_class}, not {found[1]}"


_KINDS: dict[type[Any], DraftKind] = {
    Organisation: DraftKind.ORGANISATION,
    SystemEntry: DraftKind.SYSTEM,
    ServiceEntry: DraftKind.SERVICE,
    Agreement: DraftKind.AGREEMENT,
}
_STEPS: dict[type[Any], tuple[Callable[[Any, Known], Iterator[str]], ...]] = {
    Organisation: (_names_are_clean, _class_is_kept, _register_is_its_own),
    SystemEntry: (_names_are_clean, _system_id_names_its_organisation, _credentials_are_whole, _key_ids_are_its_own),
    ServiceEntry: (
        _names_are_clean,
        _service_id_names_its_system,
        _address_is_plain,
        _secret_is_a_name,
        _endpoints_are_clear,
    ),
    Agreement: (_both_sides_exist, _purposes_are_told, _time_runs_forward),
}
