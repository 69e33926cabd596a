"""The answer of ``/oauth2/api/v1/service``: an array in the exact sequence of the scope, in the envelope of ХУР."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from toono.identity.domain.dan.operations import OPERATIONS, Operation
from toono.identity.domain.dan.responses import NoSuchThing, Read
from toono.identity.domain.dan.scope import ALIASES, Entry

CITIZEN, ORGANISATION = 0, 1
"""``citizen_loginType``."""


class Result(IntEnum):
    """``resultCode`` (ХУР)."""

    SUCCESS = 0
    NOT_FOUND = 1
    INTERNAL = 2
    BAD_REQUEST = 3
    NOT_OFFERED = 501
    NO_ACCESS = 203
    PROVIDER_UNREACHABLE = 801
    PROVIDER_SLOW = 802


MESSAGES = {
    Result.SUCCESS: "амжилттай",
    Result.NOT_FOUND: "олдсонгүй",
    Result.INTERNAL: "дотоод алдаа гарлаа",
    Result.BAD_REQUEST: "үйлчилгээ, WSDL хоёр таарахгүй байна",
    Result.NO_ACCESS: "энэ үйлчилгээнд хандах эрхгүй",
    Result.NOT_OFFERED: "энэ үйлчилгээг үзүүлэх бүртгэл солилцоонд холбогдоогүй байна",
    Result.PROVIDER_UNREACHABLE: "мэдээллийн сан холбогдоогүй байна",
    Result.PROVIDER_SLOW: "мэдээллийн сан хугацаандаа хариу өгсөнгүй",
}


class NotRead(Exception):
    """A register gave nothing; with the code that says why."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.name)
        self.result = result


@dataclass(frozen=True)
class Asked:
    """For whom the answer is, and by what it is made."""

    regnum: str
    agreed: frozenset[str]
    """Operations to which the person agreed."""
    read: Callable[[str], Mapping[str, Any]]
    """One source of :data:`SOURCES`, of a thing with its key after a slash (``vehicle/0123УБА``); raises :class:`NotRead`."""
    request_id: Callable[[], str]


def array(entries: tuple[Entry, ...], asked: Asked, *, login_type: int) -> list[dict[str, Any]]:
    """The whole answer; clients read it by position."""
    return [{"citizen_loginType": login_type}, *(_element(entry, asked) for entry in entries)]


def _element(entry: Entry, asked: Asked) -> dict[str, Any]:
    return {"services": {name: _envelope(entry, name, asked) for name in entry.services}, "wsdl": entry.wsdl}


def _envelope(entry: Entry, name: str, asked: Asked) -> dict[str, Any]:
    request = {"auth": None, "civilId": None, "regnum": asked.regnum} | dict(entry.params.get(name, {}))
    try:
        response, result = _response(entry, ALIASES.get(name, name), request, asked), Result.SUCCESS
    except NotRead as refused:
        response, result = None, refused.result
    except NoSuchThing:
        response, result = None, Result.NOT_FOUND
    except (LookupError, TypeError, ValueError, AttributeError):  # a register's answer of another shape spoils no other operation's
        response, result = None, Result.INTERNAL
    return {
        "request": request, "requestId": asked.request_id(), "response": response, "resultCode": int(result), "resultMessage": MESSAGES[result],
    }  # fmt: skip


def _response(entry: Entry, name: str, request: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    if name not in asked.agreed:
        raise NotRead(Result.NO_ACCESS)
    operation = OPERATIONS.get(name)
    if operation is None:
        raise NotRead(Result.NOT_OFFERED)
    if operation.endpoint != entry.endpoint:
        raise NotRead(Result.BAD_REQUEST)
    return operation.response(_read(operation, request, asked))


def _read(operation: Operation, request: Mapping[str, Any], asked: Asked) -> Read:
    read: dict[str, Mapping[str, Any]] = {"request": request, **{source: asked.read(source) for source in operation.sources}}
    for source in operation.optional:
        try:
            read[source] = asked.read(source)
        except NotRead:
            read[source] = {}
    if operation.thing is not None:
        source, chosen = operation.thing
        read[source] = asked.read(f"{source}/{chosen(read)}")
    return read
