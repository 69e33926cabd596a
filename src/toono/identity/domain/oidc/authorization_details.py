"""Rights in detail: RFC 9396. Each object has a ``type`` for which the client is registered, and only fields of that type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from toono.identity.domain.oidc import credential
from toono.identity.domain.oidc.storage import Client
from toono.kernel.jose import json_object

COMMON = frozenset({"type", "locations", "actions", "datatypes", "identifier", "privileges"})
"""§2.2."""
TYPES: dict[str, frozenset[str]] = {
    "toono_exchange": COMMON | {"services", "purpose"},
    "toono_representation": COMMON | {"organisation"},
    "toono_signature": COMMON | {"digest", "title"},
    credential.TYPE: credential.FIELDS,
}
"""Types that the platform knows, each with all its fields (§5: an unknown field is an error)."""
_LISTS = frozenset({"locations", "actions", "datatypes", "privileges", "services"})
MOST = 10


class InvalidDetails(Exception):
    """§5: ``invalid_authorization_details``."""


Details = tuple[Mapping[str, Any], ...]


def parse(client: Client, text: str | None) -> Details:
    """The objects of a request.

    :raises InvalidDetails: not an array of objects of registered types with known fields.
    """
    if text is None:
        return ()
    try:
        found = json_object(f'{{"all":{text}}}'.encode()).get("all")
    except (ValueError, UnicodeEncodeError):
        raise InvalidDetails("authorization_details is no JSON") from None
    if not isinstance(found, list) or not 0 < len(found) <= MOST:
        raise InvalidDetails(f"authorization_details is an array of 1 to {MOST} objects")
    return tuple(_checked(client, one) for one in found)


def _checked(client: Client, one: Any) -> Mapping[str, Any]:
    kind = one.get("type") if isinstance(one, dict) else None
    if not isinstance(kind, str) or kind not in TYPES or kind not in client.authorization_details_types:
        raise InvalidDetails("an object is of a type that this client may not ask for")
    if not one.keys() <= TYPES[kind]:
        raise InvalidDetails("an object has a field that its type does not have")
    if kind == credential.TYPE:
        try:
            return credential.checked(one)
        except credential.InvalidCredential as error:
            raise InvalidDetails(str(error)) from None
    for name, value in one.items():
        if not (_is_list(value) if name in _LISTS else _is_text(value)):
            raise InvalidDetails(f"the field {name} is of another kind")
    return dict(one)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 500 and value.isprintable()


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= 50 and all(map(_is_text, value))


def of_credential(details: Details) -> Mapping[str, Any] | None:
    """The one that asks for signatures (:mod:`.credential`)."""
    return next((one for one in details if one["type"] == credential.TYPE), None)


def canonical(detail: Mapping[str, Any]) -> str:
    """One text for one meaning, for remembering a consent."""
    return json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def within(wanted: Details, granted: Details) -> bool:
    """Whether a later request asks for nothing that was not granted (§6.1): each object is one of those, to the letter."""
    known = {canonical(one) for one in granted}
    return all(canonical(one) in known for one in wanted)
