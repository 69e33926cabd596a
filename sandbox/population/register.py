"""The register's REST face.

Plain ASGI: it stands on the path of the exchange's benchmarks, so answers are bytes made at start.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable

from sandbox.faults import Faults
from sandbox.population.persons import Citizen, address_answer, person_answer
from sandbox.population.photo import photo
from sandbox.wire import Receive, Scope, Send, answer, not_found, refused, suffered

PREFIX = "/population/persons/"
BY_REGNUM = "by-regnum/"
ADDRESS = "/address"
PHOTO = "/photo"
_CIVIL_ID = re.compile(r"\d{12}")


class _Entry:
    """One citizen, ready to be sent."""

    __slots__ = ("address", "born_address", "born_person", "civil_id", "person", "phone", "regnum")

    def __init__(self, citizen: Citizen) -> None:
        self.civil_id, self.regnum, self.phone = citizen.civil_id, citizen.regnum, citizen.phone
        self.person = self.born_person = json.dumps(person_answer(citizen), ensure_ascii=False).encode()
        self.address = self.born_address = json.dumps(address_answer(citizen), ensure_ascii=False).encode()


class Register:
    """Answers ``/population/persons/…``. It knows its people by heart; only :meth:`correct` changes what it says."""

    def __init__(self, people: Iterable[Citizen], *, token: str, faults: Faults) -> None:
        entries = [_Entry(citizen) for citizen in people]
        self._by_civil_id = {entry.civil_id: entry for entry in entries}
        self._by_regnum = {entry.regnum: entry for entry in entries}
        self._another = {entry.civil_id: entries[(i + 1) % len(entries)] for i, entry in enumerate(entries)}
        self._authorization = b"Bearer " + token.encode()
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if await refused(scope, send, self._authorization):
            return None
        entry, ending = self._find(scope["path"][len(PREFIX) :])
        fault = self._faults.register_fault(entry.regnum, entry.civil_id, entry.phone or "") if entry else self._faults.register_fault()
        if fault != "up":
            if await suffered(fault, self._faults.slow_seconds, receive, send):
                return None
            if fault == "other_person" and entry is not None:
                entry = self._another[entry.civil_id]
        body = _body(entry, ending) if entry else None
        return await (not_found(send) if body is None else answer(send, 200, body))

    def correct(self, civil_id: str, *, person: bytes | None = None, address: bytes | None = None) -> None:
        """Answer with other bodies about a person; None: as at start."""
        entry = self._by_civil_id[civil_id]
        entry.person, entry.address = person or entry.born_person, address or entry.born_address

    def _find(self, rest: str) -> tuple[_Entry | None, str]:
        """The citizen that the path names, and what is asked of them: ``/address``, ``/photo``, or the person."""
        if rest.startswith(BY_REGNUM):
            return self._by_regnum.get(rest[len(BY_REGNUM) :]), ""
        ending = next((known for known in (ADDRESS, PHOTO) if rest.endswith(known)), "")
        civil_id = rest.removesuffix(ending)
        return (self._by_civil_id.get(civil_id) if _CIVIL_ID.fullmatch(civil_id) else None), ending


def _body(entry: _Entry, ending: str) -> bytes:
    if ending == PHOTO:
        drawn = {
            "civil_id": entry.civil_id,
            "regnum": entry.regnum,
            "media_type": "image/png",
            "photo": b64encode(photo(entry.civil_id)).decode(),
        }
        return json.dumps(drawn, ensure_ascii=False).encode()
    return entry.address if ending == ADDRESS else entry.person
