"""The file by which organisations, systems, services and agreements are entered: YAML of a closed shape.

Identifiers in it are short (``state-registration/population/address``); the instance and the class are added here.
``${name}`` stands for a value that whoever loads the file gives: an address, a public key, a key's digest. Every
complaint names the place in the file; ``$${name}`` is a text that only looks like one. :mod:`toono.registry.domain.writing` writes such a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Annotated

import yaml
from pydantic import BeforeValidator, Field, PlainValidator, TypeAdapter, ValidationError

from toono.kernel.contract import Contract
from toono.kernel.text import clean
from toono.registry.contracts import (
    Agreement,
    CitizenAuthentication,
    Credential,
    CredentialKind,
    Endpoint,
    EndpointGrant,
    ExchangeEntry,
    ExchangePolicy,
    GatewayEntry,
    Hours,
    IssuerEntry,
    Organisation,
    Purpose,
    Retention,
    Secrecy,
    ServiceEntry,
    ServiceKind,
    SystemEntry,
)
from toono.registry.errors import DocumentRefused

_PLACEHOLDER = re.compile(r"(\$?)\$\{([a-z0-9_-]+)\}")
Place = tuple[str | int, ...]


def _instant(value: object) -> datetime:
    """A date and time with its zone; YAML or JSON may have read it already. A bare number or date is none."""
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo:
        return value
    raise ValueError("must be a date and time with its zone, such as 2026-01-01T00:00:00+08:00")


def _moment(value: object) -> datetime | timedelta:
    """An instant, or a span from the first loading."""
    if isinstance(value, str) and re.fullmatch(r"[+-]?P[0-9]+D", value):
        return TypeAdapter(timedelta).validate_python(value)
    try:
        return _instant(value)
    except ValueError as error:
        raise ValueError(f"{error}, or a span of days such as P365D or -P1D") from None


def _time_of_day(value: object) -> time:
    """``08:30``. YAML reads an unquoted 08:30 as text but 10:30 as the number 630 (sexagesimal), which is refused."""
    if isinstance(value, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        return time.fromisoformat(value)
    raise ValueError('must be a time of day in quotes, such as "08:30"')


TimeOfDay = Annotated[time, PlainValidator(_time_of_day)]
Instant = Annotated[datetime, PlainValidator(_instant)]
Moment = Annotated[datetime | timedelta, PlainValidator(_moment)]
Text = Annotated[str, BeforeValidator(lambda v: clean(v) if isinstance(v, str) else v), Field(min_length=1, max_length=200)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,59}$")]


class CredentialText(Contract):
    """A credential: a public key, the digest of a certificate or of a bearer key, or the platform's own key in the signer."""

    key_id: str | None = Field(default=None, min_length=1, max_length=100)
    public_key: str | None = None
    key_sha256: str | None = None
    certificate_sha256: str | None = None
    signer_key: str | None = Field(default=None, pattern=r"^system/[a-z0-9-]+$")
    not_before: Instant
    not_after: Instant


class SystemText(Contract):
    """``organisation/code`` with its titles and credentials."""

    organisation: Code
    code: Code
    title_mn: Text
    title_en: Text
    credentials: tuple[CredentialText, ...] = ()
    return_urls: tuple[str, ...] = ()


class ServiceText(Contract):
    """``organisation/system`` and the service's own code."""

    system: str = Field(pattern=r"^[^/]+/[^/]+$")
    code: Code
    title_mn: Text
    title_en: Text
    base_url: str
    timeout_seconds: float = Field(default=10, gt=0, le=60)
    secret_name: str | None = None
    enabled: bool = True
    endpoints: tuple[Endpoint, ...]
    kind: ServiceKind = ServiceKind.REST
    openapi_path: str | None = None
    retention: Retention = Retention.STANDARD
    authority: str | None = None
    """PEM of the only authority whose certificate the provider may show."""
    mutual_tls: bool = False


class HoursText(Contract):
    """``weekdays: [1, 2, 3, 4, 5], begin: "08:30", end: "17:30"``"""

    weekdays: tuple[int, ...]
    begin: TimeOfDay
    end: TimeOfDay


class AgreementText(Contract):
    """Who may call what, why and when."""

    id: Code
    consumer: str = Field(pattern=r"^[^/]+/[^/]+$")
    service: str = Field(pattern=r"^[^/]+/[^/]+/[^/]+$")
    purposes: tuple[str | Purpose, ...] = Field(min_length=1)
    """Codes from the document's own list of purposes, or whole purposes."""
    valid_from: Moment
    valid_until: Moment
    endpoints: tuple[EndpointGrant, ...] = ()
    fields: tuple[str, ...] = ()
    authentication: tuple[CitizenAuthentication, ...] = ()
    consent: bool = False
    rate_per_second: int | None = Field(default=None, gt=0)
    quota_per_day: int | None = Field(default=None, gt=0)
    hours: HoursText | None = None
    secrecy: Secrecy | None = None


class GatewayText(Contract):
    """A gateway, and the organisations that it signs for."""

    name: str
    addresses: tuple[str, ...]
    authority: str
    certificates_sha256: tuple[str, ...] = ()
    organisations: tuple[Code, ...] = ()


class IssuerText(Contract):
    """Whose word on a citizen's authentication counts: public keys, or the platform's own key in the signer."""

    issuer: str
    public_keys: tuple[str, ...] = ()
    signer_key: str | None = Field(default=None, pattern=r"^(system|identity)/[a-z0-9-]+$")


class ConfigurationDocument(Contract):
    """The whole file. Every list may be empty or missing; gateways, issuers and policy that are missing stay as they stand."""

    organisations: tuple[Organisation, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    systems: tuple[SystemText, ...] = ()
    services: tuple[ServiceText, ...] = ()
    agreements: tuple[AgreementText, ...] = ()
    gateways: tuple[GatewayText, ...] | None = None
    issuers: tuple[IssuerText, ...] | None = None
    policy: ExchangePolicy | None = None


@dataclass
class Source:
    """A file's data together with the line of each value, as far as it is known."""

    name: str
    data: object
    lines: Mapping[Place, int] = field(default_factory=dict)

    def sentence(self, place: Place, complaint: str) -> str:
        """``sandbox/connection.yaml, line 12, systems.2.colour: …``"""
        at = next((self.lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self.lines), None)
        line = f", line {at}" if at else ""
        return f"{self.name}{line}, {'.'.join(map(str, place)) or 'the whole'}: {complaint}."


def read(document: str | Mapping[str, object], *, name: str, values: Mapping[str, str]) -> tuple[ConfigurationDocument, Source]:
    """The checked document, and its places for later complaints.

    :param document: the YAML text (complaints then name lines), or the data already read from it.
    :raises DocumentRefused: with one sentence for every field that is unknown, missing or wrong.
    """
    source = _read_yaml(document, name) if isinstance(document, str) else Source(name, document)
    complaints: list[str] = []
    data = _filled(source.data, values, (), lambda place, text: complaints.append(source.sentence(place, text)))
    try:
        found = ConfigurationDocument.model_validate(data)
    except ValidationError as error:
        complaints += [source.sentence(e["loc"], _complaint(e["type"], e["msg"])) for e in error.errors()]
    refuse(complaints)
    return found, source


def refuse(complaints: Iterable[str]) -> None:
    """:raises DocumentRefused: if there is any complaint."""
    sentences = tuple(complaints)
    if sentences:
        raise DocumentRefused("\n".join(sentences), sentences=sentences)


def _complaint(kind: str, message: str) -> str:
    known = {"extra_forbidden": "this field is not known", "missing": "this field is missing"}
    return known.get(kind, message.removeprefix("Value error, ")[:1].lower() + message.removeprefix("Value error, ")[1:])


def _filled(value: object, values: Mapping[str, str], place: Place, complain: Callable[[Place, str], None]) -> object:
    """``value`` with every ``${name}`` replaced."""
    if isinstance(value, Mapping):
        return {k: _filled(v, values, (*place, str(k)), complain) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, values, (*place, n), complain) for n, v in enumerate(value)]
    if not isinstance(value, str):
        return value
    for name in sorted({name for escape, name in _PLACEHOLDER.findall(value) if not escape} - values.keys()):
        complain(place, f"no value was given for ${{{name}}}")
    return _PLACEHOLDER.sub(lambda found: found[0][1:] if found[1] else values.get(found[2], ""), value)


# -- YAML with its lines -----------------------------------------------------------------------------------------


def _read_yaml(text: str, name: str) -> Source:
    lines: dict[Place, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        repeated = list(_walk(node, (), lines))
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise DocumentRefused("no YAML", sentences=(f"{name}{line}: this is no YAML ({problem}).",)) from None
    source = Source(name, {} if data is None else data, lines)
    refuse(source.sentence(place, "this field stands twice") for place in repeated)
    return source


def _walk(node: yaml.Node | None, place: Place, lines: dict[Place, int]) -> Iterable[Place]:
    """Note the line of every value; give the places of fields that stand twice (YAML would silently take the last)."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*place, str(key.value))
            if below in lines:
                yield below
            lines[below] = key.start_mark.line + 1
            yield from _walk(value, below, lines)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            lines[(*place, number)] = item.start_mark.line + 1
            yield from _walk(item, (*place, number), lines)


# -- from the file's short forms to entries ----------------------------------------------------------------------


@dataclass(frozen=True)
class Context:
    """What the file itself does not say."""

    instance: str
    classes: Mapping[str, str]
    """Organisation's code to its class."""
    now: datetime
    standing: Mapping[str, Agreement]
    """Agreements in the registry: a span in the file was resolved when they were first loaded, and stays."""
    signer_credential: Callable[[str, str], tuple[str, str]]
    """Label of a key in the signer and the organisation's code to the key's id and public key."""
    issuer_key: Callable[[str], str]
    """Label of a key of the platform in the signer to its public key."""


def system_entry(text: SystemText, context: Context) -> SystemEntry:
    return SystemEntry(
        id=_id(f"{text.organisation}/{text.code}", context),
        title_mn=text.title_mn,
        title_en=text.title_en,
        credentials=tuple(_credential(c, text.organisation, context) for c in text.credentials),
        return_urls=text.return_urls,
    )


def _credential(text: CredentialText, organisation: str, context: Context) -> Credential:
    kinds = {
        "public_key": CredentialKind.SIGNATURE,
        "key_sha256": CredentialKind.KEY,
        "certificate_sha256": CredentialKind.CERTIFICATE,
        "signer_key": CredentialKind.SIGNATURE,
    }
    given = [kind for name, kind in kinds.items() if getattr(text, name)]
    if len(given) != 1 or (text.key_id is None) != (text.signer_key is not None):
        raise ValueError("a credential has key_id with public_key, certificate_sha256 or key_sha256, or signer_key alone")
    key_id, public_key = text.key_id or "", text.public_key
    if text.signer_key:
        key_id, public_key = context.signer_credential(text.signer_key, organisation)
    return Credential(
        kind=given[0],
        key_id=key_id,
        public_key_pem=public_key,
        key_sha256=text.key_sha256,
        certificate_sha256=text.certificate_sha256,
        not_before=text.not_before,
        not_after=text.not_after,
    )


def service_entry(text: ServiceText, context: Context) -> ServiceEntry:
    return ServiceEntry(
        id=_id(f"{text.system}/{text.code}", context),
        authority_pem=text.authority,
        **{k: getattr(text, k) for k in ServiceText.model_fields if k not in {"system", "code", "authority"}},
    )


_SIMPLE = ("endpoints", "fields", "authentication", "consent", "rate_per_second", "quota_per_day", "secrecy")
"""Fields of an agreement that read the same in the file."""


def agreement(text: AgreementText, purposes: Mapping[str, Purpose], context: Context) -> Agreement:
    unknown = [p for p in text.purposes if isinstance(p, str) and p not in purposes]
    if unknown:
        raise ValueError(f"purpose {unknown[0]} is not in the list of purposes")
    standing = context.standing.get(text.id)
    return Agreement(
        id=text.id,
        consumer=_id(text.consumer, context),
        service=_id(text.service, context),
        purposes=tuple(purposes[p] if isinstance(p, str) else p for p in text.purposes),
        valid_from=_resolved(text.valid_from, standing.valid_from if standing else None, context.now),
        valid_until=_resolved(text.valid_until, standing.valid_until if standing else None, context.now),
        hours=Hours(weekdays=text.hours.weekdays, begin=text.hours.begin, end=text.hours.end) if text.hours else None,
        **{name: getattr(text, name) for name in _SIMPLE},
    )


def exchange_entry(found: ConfigurationDocument, standing: ExchangeEntry, context: Context) -> ExchangeEntry:
    """What the file says of the exchange as a whole over what stands."""
    changes: dict[str, object] = {}
    if found.gateways is not None:
        changes["gateways"] = tuple(_gateway(g) for g in found.gateways)
        changes["homes"] = _homes(found.gateways)
    if found.issuers is not None:
        changes["issuers"] = tuple(_issuer(i, context) for i in found.issuers)
    if found.policy is not None:
        changes["policy"] = found.policy
    return standing.model_copy(update=changes)


def _gateway(text: GatewayText) -> GatewayEntry:
    return GatewayEntry(
        name=text.name, addresses=text.addresses, authority_pem=text.authority, certificates_sha256=text.certificates_sha256
    )


def _homes(gateways: tuple[GatewayText, ...]) -> dict[str, str]:
    homes: dict[str, str] = {}
    for gateway in gateways:
        for code in gateway.organisations:
            if code in homes:
                raise ValueError(f"organisation {code} is at the gateways {homes[code]} and {gateway.name}")
            homes[code] = gateway.name
    return homes


def _issuer(text: IssuerText, context: Context) -> IssuerEntry:
    if bool(text.public_keys) == (text.signer_key is not None):
        raise ValueError(f"issuer {text.issuer} has public_keys, or signer_key alone")
    keys = (context.issuer_key(text.signer_key),) if text.signer_key else text.public_keys
    return IssuerEntry(issuer=text.issuer, public_keys_pem=keys)


def _resolved(moment: datetime | timedelta, standing: datetime | None, now: datetime) -> datetime:
    if isinstance(moment, datetime):
        return moment
    return standing or now.replace(microsecond=0) + moment


def _id(short: str, context: Context) -> str:
    organisation = short.partition("/")[0]
    if organisation not in context.classes:
        raise ValueError(f"organisation {organisation} is not in the registry")
    return f"{context.instance}/{context.classes[organisation]}/{short}"
