"""ХУР operations and what the registers of the exchange say in their place. An operation that stands here not is answered with a clear code, never with made-up data.

Fields stand in the sequence of the WSDL; one that our registers do not hold is ``null``, as ДАН sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Read = Mapping[str, Mapping[str, Any]]
"""What was read, by the name of the source."""


@dataclass(frozen=True)
class Source:
    """One reading through the exchange."""

    service: str
    """Below the instance."""
    path: str


SOURCES = {
    "person": Source("GOV/state-registration/population/person", "/persons/{civil_id}"),
    "address": Source("GOV/state-registration/population/address", "/persons/{civil_id}/address"),
    "family": Source("GOV/state-registration/population/family", "/persons/{civil_id}/family"),
    "entity": Source("GOV/state-registration/legal-entities/entity", "/entities/{entity}"),
}


@dataclass(frozen=True)
class Operation:
    """How one operation is answered."""

    endpoint: str
    sources: tuple[str, ...]
    response: Callable[[Read], dict[str, Any]]


def _address(read: Read) -> dict[str, Any]:
    """Address fields; ХУР cuts the unit's code into pairs of digits: aimag, soum, bag."""
    found, code = read["address"], str(read["address"].get("unit_code") or read["person"].get("unit_code") or "")
    pair = [code[i : i + 2] or None for i in (0, 2, 4)]
    return {
        "addressApartmentName": found.get("building"), "addressDetail": found.get("door"), "addressRegionName": None,
        "addressStreetName": found.get("street"), "addressTownName": None, "aimagCityCode": pair[0], "aimagCityName": found.get("aimag"),
        "bagKhorooCode": pair[2], "bagKhorooName": found.get("bag"),
    }  # fmt: skip


def _unit(read: Read) -> dict[str, Any]:
    code = str(read["address"].get("unit_code") or read["person"].get("unit_code") or "")
    return {"soumDistrictCode": code[2:4] or None, "soumDistrictName": read["address"].get("soum")}


def _identity_card(read: Read) -> dict[str, Any]:
    person = read["person"]
    born = person.get("birth_date")
    return _address(read) | {
        "birthDate": None, "birthDateAsText": f"{born} 00:00:00.0" if born else None, "birthPlace": None, "civilId": person.get("civil_id"),
        "firstname": person.get("given_name"), "gender": None, "image": None, "lastname": person.get("patronymic"), "listAddress": None,
        "nationality": None, "passTime": None, "passportAddress": read["address"].get("text"), "passportDate": None, "passportExpireDate": None,
        "passportIssueDate": None, "passportNum": None, "personId": None, "regnum": person.get("regnum"),
    } | _unit(read) | {"surname": person.get("clan_name")}  # fmt: skip


def _registered_address(read: Read) -> dict[str, Any]:
    person = read["person"]
    return _address(read) | {
        "citizenship": None, "civilId": person.get("civil_id"), "firstname": person.get("given_name"), "fullAddress": read["address"].get("text"),
        "lastname": person.get("patronymic"), "regnum": person.get("regnum"),
    } | _unit(read) | {"surname": person.get("clan_name")}  # fmt: skip


def _marriage(read: Read) -> dict[str, Any]:
    names = ("marriedDate", "registeredCity", "registeredDate", "registeredDistrict", "registeredId", "wife")
    return {"husband": None, "married": read["family"].get("marital") == "гэрлэсэн", **dict.fromkeys(names)}


def _legal_entity(read: Read) -> dict[str, Any]:
    found = read["entity"]
    return {
        "address": [{"stateCity": {"name": found.get("aimag") or found.get("address")}}],
        "general": {"companyName": found.get("name"), "companyRegnum": found.get("number")},
    }


OPERATIONS: dict[str, Operation] = {
    "WS100101_getCitizenIDCardInfo": Operation("citizen", ("person", "address"), _identity_card),
    "WS100103_getCitizenAddressInfo": Operation("citizen", ("person", "address"), _registered_address),
    "WS100104_getCitizenMarriageInfo": Operation("citizen", ("family",), _marriage),
    "WS100106_authorizeCitizen": Operation("citizen", ("person",), lambda read: {"result": bool(read["person"])}),
    "WS100125_checkCitizenRegnum": Operation("citizen", ("person",), lambda read: {"valid": bool(read["person"])}),
    "WS100307_getLegalEntityInfoWithRegnum": Operation("legal-entity", ("entity",), _legal_entity),
}
