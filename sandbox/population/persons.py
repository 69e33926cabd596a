"""One citizen of the register: the row, and the two answers that the register gives about them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Citizen:
    """An invented citizen with the registered address. Field order is the column order of the table ``citizen``."""

    civil_id: str
    """12 digits, beginning with 990."""
    regnum: str
    clan_name: str
    patronymic: str
    """Father's (rarely mother's) name in the nominative: «Бат», spoken «Батын»."""
    given_name: str
    birth_date: str
    """ISO date. Day, month and the last digit of the year stand in the register number too, which says 1900–1909."""
    sex: str
    """``male`` or ``female``."""
    citizenship: str
    """ISO 3166-1 alpha-3."""
    phone: str | None
    """8 digits, beginning with 40. None: the register knows no phone."""
    aimag_code: str
    soum_code: str
    bag_code: str
    aimag: str
    soum: str
    bag: str
    street: str | None
    building: str | None
    door: str | None
    text: str
    """The whole address in one line, as a document prints it."""
    registered_on: str
    """ISO date since which the address is registered."""
    cast_key: str | None = None
    """Name under which ``/control/cast`` lists a person that tests and the tour know."""
    cast_part: str | None = None
    """What that person does in tests and tour, in English."""


PERSON_FIELDS = (
    "civil_id",
    "regnum",
    "clan_name",
    "patronymic",
    "given_name",
    "birth_date",
    "sex",
    "citizenship",
    "phone",
)
ADDRESS_FIELDS = (
    "civil_id", "regnum", "aimag_code", "soum_code", "bag_code", "aimag", "soum", "bag",
    "street", "building", "door", "text", "registered_on",
)  # fmt: skip
COLUMNS = tuple(f.name for f in fields(Citizen))


def person_answer(citizen: Citizen) -> dict[str, Any]:
    """What ``/persons/…`` tells. Who has no phone has no such field."""
    answer = {name: getattr(citizen, name) for name in PERSON_FIELDS}
    return answer if citizen.phone is not None else {name: value for name, value in answer.items() if name != "phone"}


def address_answer(citizen: Citizen) -> dict[str, Any]:
    """What ``/persons/{civil_id}/address`` tells."""
    return {name: getattr(citizen, name) for name in ADDRESS_FIELDS}


def row(citizen: Citizen) -> tuple[Any, ...]:
    """The citizen as a row of the table."""
    return tuple(asdict(citizen).values())
