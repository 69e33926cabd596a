"""Whose data an answer gives: the person asked for and the person answered must be the same."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from toono.exchange.domain.faults import Code, Fault
from toono.registry.contracts import SubjectRule

_CIVIL_ID: Final = re.compile(r"\d{12}")
_INDEX: Final = re.compile(r"0|[1-9]\d*")


def resolve(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901).

    :raises LookupError: there is none.
    """
    if pointer == "":
        return document
    if not pointer.startswith("/"):
        raise LookupError(pointer)
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = document[key]
        elif isinstance(document, list) and _INDEX.fullmatch(key):
            document = document[int(key)]
        else:
            raise LookupError(pointer)
    return document


def subject_of(rule: SubjectRule, variables: Mapping[str, str], *, encoding: str | None, body: bytes) -> str:
    """The civil id of the person whom an answer is about.

    :param encoding: the answer's ``Content-Encoding``.
    :raises Fault: not JSON, without the identifiers that the rule names, or about another person.
    """
    if encoding is not None and encoding.strip().lower() not in ("", "identity"):
        raise _invalid("encoded", "The provider's answer is compressed, so that nobody can say whom it is about.")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise _invalid("not_json", "The provider's answer is not JSON.") from None
    try:
        echo, civil_id = resolve(document, rule.echo_pointer), resolve(document, rule.civil_id_pointer)
    except LookupError:
        raise _invalid("no_subject", "The provider's answer does not say whom it is about.") from None
    if not isinstance(echo, str) or _folded(echo) != _folded(variables[rule.variable]):
        raise _invalid("other_person", "The provider's answer is about another person than the one asked for.")
    if not isinstance(civil_id, str) or not _CIVIL_ID.fullmatch(civil_id):
        raise _invalid("no_civil_id", "The provider's answer does not carry the person's civil id.")
    return civil_id


def _folded(identifier: str) -> str:
    return unicodedata.normalize("NFC", identifier).upper()


def _invalid(reason: str, message: str) -> Fault:
    return Fault(Code.INVALID_RESPONSE, reason, message)
