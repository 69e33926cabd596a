"""Whose data an answer gives: the person asked for and the person answered must be the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.messages import Header
from toono.registry.contracts import SubjectRule

_CIVIL_ID: Final = re.compile(r"[0-9]{12}")
_INDEX: Final = re.compile(r"0|[1-9][0-9]*")


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


def subject_of(rule: SubjectRule, variables: Mapping[str, str], document: Any) -> str:
    """The civil id of the person whom an answer is about.

    :param document: the answer, as :func:`toono.exchange.domain.documents.parse` reads it.
    :raises Fault: it lacks the identifiers that the rule names, or is about another person.
    """
    try:
        echo, civil_id = resolve(document, rule.echo_pointer), resolve(document, rule.civil_id_pointer)
    except LookupError:
        raise _invalid("no_subject", "The provider's answer does not say whom it is about.") from None
    if not isinstance(echo, str) or folded(echo) != folded(variables[rule.variable]):
        raise _invalid("other_person", "The provider's answer is about another person than the one asked for.")
    if not isinstance(civil_id, str) or not _CIVIL_ID.fullmatch(civil_id):
        raise _invalid("no_civil_id", "The provider's answer does not carry the person's civil id.")
    return civil_id


def check_readable(headers: Iterable[Header]) -> None:
    """:raises Fault: the answer is compressed, so that nobody can say whom it is about."""
    if any(name == "content-encoding" and value.strip().lower() not in ("", "identity") for name, value in headers):
        raise _invalid("encoded", "The provider's answer is compressed, so that nobody can say whom it is about.")


def folded(identifier: str) -> str:
    """An identifier in the form in which two are compared: NFC, upper case."""
    return unicodedata.normalize("NFC", identifier).upper()


def _invalid(reason: str, message: str) -> Fault:
    return Fault(Code.INVALID_RESPONSE, reason, message)
