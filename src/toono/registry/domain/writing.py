"""The standing configuration as a file of the shape that :mod:`toono.registry.domain.document` reads: what was written reads back the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from typing import Any

import yaml

from toono.kernel.clock import local
from toono.kernel.contract import Contract
from toono.registry.contracts import (
    Agreement,
    Credential,
    Entry,
    ExchangeEntry,
    Organisation,
    Purpose,
    ServiceEntry,
    SystemEntry,
)

_LOOKS_LIKE_A_PLACEHOLDER = re.compile(r"\$(?=\{[a-z0-9_-]+\})")


def written(entries: Iterable[Entry]) -> str:
    """YAML of all entries, in an order that does not depend on when they were entered."""
    every = list(entries)
    agreements = [e for e in every if isinstance(e, Agreement)]
    shared = shared_purposes(agreements)
    exchange = next((e for e in every if isinstance(e, ExchangeEntry)), None)
    parts: dict[str, object] = {
        "organisations": [_plain(e) for e in every if isinstance(e, Organisation)],
        "purposes": [_plain(p) for p in shared.values()],
        "systems": [_system(e) for e in every if isinstance(e, SystemEntry)],
        "services": [_service(e) for e in every if isinstance(e, ServiceEntry)],
        "agreements": [_agreement(e, shared) for e in agreements],
    }
    if exchange is not None:
        parts |= _exchange(exchange)
    return "\n".join(_dumped({name: _escaped(part)}) for name, part in parts.items() if part)


def shared_purposes(agreements: Sequence[Agreement]) -> dict[str, Purpose]:
    """The purposes that the file lists once, by code: of each code the text that most agreements have. Others stand in their agreement."""
    counts: dict[str, Counter[Purpose]] = {}
    for agreement in agreements:
        for purpose in agreement.purposes:
            counts.setdefault(purpose.code, Counter())[purpose] += 1
    return {code: counts[code].most_common(1)[0][0] for code in sorted(counts)}


def _plain(entry: Contract, *, leave: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Fields that are not as they are anyway."""
    return {name: value for name, value in entry.model_dump(mode="json", exclude_defaults=True).items() if name not in leave}


def _short(identifier: str) -> str:
    return identifier.split("/", 2)[2]


def _moment(moment: datetime) -> str:
    return local(moment).isoformat()


def _system(entry: SystemEntry) -> dict[str, Any]:
    organisation, code = _short(entry.id).split("/")
    text: dict[str, Any] = {"organisation": organisation, "code": code, "title_mn": entry.title_mn, "title_en": entry.title_en}
    text |= {"credentials": [_credential(c) for c in entry.credentials]} if entry.credentials else {}
    return text | ({"return_urls": list(entry.return_urls)} if entry.return_urls else {})


def _credential(credential: Credential) -> dict[str, Any]:
    names = {"public_key_pem": "public_key", "key_sha256": "key_sha256", "certificate_sha256": "certificate_sha256"}
    given = {name: value for field, name in names.items() if (value := getattr(credential, field)) is not None}
    times = {"not_before": _moment(credential.not_before), "not_after": _moment(credential.not_after)}
    return {"key_id": credential.key_id} | given | times


def _service(entry: ServiceEntry) -> dict[str, Any]:
    system, _, code = _short(entry.id).rpartition("/")
    authority = {"authority": entry.authority_pem} if entry.authority_pem is not None else {}
    return {"system": system, "code": code} | _plain(entry, leave=frozenset({"id", "authority_pem"})) | authority


def _agreement(entry: Agreement, shared: Mapping[str, Purpose]) -> dict[str, Any]:
    text: dict[str, Any] = {
        "id": entry.id,
        "consumer": _short(entry.consumer),
        "service": _short(entry.service),
        "purposes": [p.code if shared[p.code] == p else _plain(p) for p in entry.purposes],
        "valid_from": _moment(entry.valid_from),
        "valid_until": _moment(entry.valid_until),
    }
    rest = _plain(entry, leave=frozenset({*text, "version", "hours"}))
    hours = entry.hours
    told = {"hours": {"weekdays": list(hours.weekdays), "begin": _clock(hours.begin), "end": _clock(hours.end)}} if hours else {}
    return text | rest | told


def _clock(moment: time) -> str:
    return f"{moment:%H:%M}"


def _exchange(entry: ExchangeEntry) -> dict[str, object]:
    at = {g.name: sorted(code for code, home in entry.homes.items() if home == g.name) for g in entry.gateways}
    gateways = [
        {"name": g.name, "addresses": list(g.addresses), "authority": g.authority_pem}
        | ({"certificates_sha256": list(g.certificates_sha256)} if g.certificates_sha256 else {})
        | ({"organisations": at[g.name]} if at[g.name] else {})
        for g in entry.gateways
    ]
    issuers = [{"issuer": i.issuer, "public_keys": list(i.public_keys_pem)} for i in entry.issuers]
    return {"gateways": gateways, "issuers": issuers, "policy": entry.policy.model_dump(mode="json")}


def _escaped(value: Any) -> Any:
    """Texts that look like ``${name}`` are kept from being filled in."""
    match value:
        case dict():
            return {key: _escaped(item) for key, item in value.items()}
        case list():
            return [_escaped(item) for item in value]
        case str():
            return _LOOKS_LIKE_A_PLACEHOLDER.sub("$$", value)
        case _:
            return value


class _Dumper(yaml.SafeDumper):
    """Keys of several lines stand as they are, and nothing is an alias."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def _dumped(part: object) -> str:
    return str(yaml.dump(part, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120))
