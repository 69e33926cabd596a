"""Places: an address in an administrative unit, a point on the map."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from toono.kernel.text import clean
from toono.services.contracts import Text, Typed
from toono.services.domain.definition import Question
from toono.services.domain.kinds.base import Box, Kind, Outside, Unacceptable, one, refuse

REST_LENGTH = 200
MONGOLIA: Box = (87.7, 41.5, 120.0, 52.2)
"""Around the whole country: outside of it lies no point for which a service is ordered."""
MARGIN = 0.02
"""Degrees, about two kilometres: the rectangles around units are of simplified borders."""
PLACES = 5
"""Decimals of a degree that are kept: about one metre."""


# -- address -----------------------------------------------------------------------------------------------------


def _address(question: Question, typed: Typed, today: date, outside: Outside) -> str:
    parts = _address_parts(typed if isinstance(typed, Mapping) else one(typed))
    unit, rest = parts["unit"], parts["rest"]
    if not re.fullmatch(r"[0-9]{6}", unit) or (outside.unit is not None and outside.unit(unit) is None):
        raise refuse(question, "сум (дүүрэг), баг (хороо)-г сонгоно уу.", "choose the soum (district) and bag (khoroo).", part="unit")
    if not unit.startswith(question.within or ""):
        where = _unit_words(question.within or "", outside)
        raise refuse(question, f"зөвхөн {where.mn} дотор байх хаяг сонгоно уу.", f"choose an address inside {where.en}.", part="unit")
    if not rest:
        raise refuse(
            question,
            "гудамж, байр, тоот, эсвэл газрын нэрийг бичнэ үү.",
            "write the street, house and door, or the name of the place.",
            part="rest",
        )
    if len(rest) > REST_LENGTH:
        raise refuse(
            question,
            f"дэлгэрэнгүй хаягийг {REST_LENGTH} тэмдэгтээс хэтрэхгүй бичнэ үү.",
            f"use {REST_LENGTH} characters or fewer for the rest of the address.",
            part="rest",
        )
    return json.dumps({"unit": unit, "rest": rest}, ensure_ascii=False, separators=(",", ":"))


def _address_parts(typed: str | Mapping[str, Typed]) -> dict[str, str]:
    """Unit and rest, of a form or of the kept text."""
    if isinstance(typed, str):
        try:
            typed = json.loads(typed)
        except ValueError:
            return {"unit": "", "rest": clean(str(typed))}
        if not isinstance(typed, dict):
            return {"unit": "", "rest": ""}
    return {part: clean(one(value)) if isinstance(value := typed.get(part, ""), str | list | dict) else "" for part in ("unit", "rest")}


def _unit_words(unit: str, outside: Outside) -> Text:
    return (outside.unit(unit) if outside.unit else None) or Text(mn=unit, en=unit)


def _address_shown(question: Question, kept: str, outside: Outside) -> Text:
    parts = _address_parts(kept)
    words = _unit_words(parts["unit"], outside)
    return Text(mn=f"{words.mn}, {parts['rest']}", en=f"{words.en}, {parts['rest']}")


def _address_value(question: Question, kept: str) -> dict[str, Any]:
    parts = _address_parts(kept)
    return {**parts, "aimag": parts["unit"][:2], "soum": parts["unit"][:4]}


def _address_inputs(kept: str) -> dict[str, str]:
    parts = _address_parts(kept)
    return {"aimag": parts["unit"][:2], **parts}


# -- point -------------------------------------------------------------------------------------------------------

_DEGREES = re.compile(
    r"""([NSEWХӨЗУ]?) \s* ([0-9]{1,3}(?:[.,][0-9]+)?) \s* [°º˚]? \s*
        (?:([0-9]{1,2}(?:[.,][0-9]+)?) \s* ['’′]? \s*)? (?:([0-9]{1,2}(?:[.,][0-9]+)?) \s* (?:"|”|″|'')? \s*)? ([NSEWХӨЗУ]?)""",
    re.VERBOSE | re.IGNORECASE,
)
_SIDES = {"lat": "NХ", "lon": "EЗ"}
"""Хойд өргөрөг, зүүн уртраг: the only ones in Mongolia."""


def degrees(typed: str, part: str) -> float | None:
    """Decimal degrees of ``46.1234``, ``46,1234``, ``46° 7.4'``, ``46°07'24"N``; None where it is nothing of the kind."""
    found = _DEGREES.fullmatch(clean(typed).replace("−", "-"))
    if found is None:
        return None
    before, whole, minutes, seconds, after = found.groups()
    numbers = [float((number or "0").replace(",", ".")) for number in (whole, minutes, seconds)]
    fraction = [("." in (n or "") or "," in (n or "")) for n in (whole, minutes)]
    if numbers[1] >= 60 or numbers[2] >= 60 or (fraction[0] and minutes) or (fraction[1] and seconds):
        return None
    if any(side.upper() not in _SIDES[part] for side in (before, after) if side):
        return None
    return numbers[0] + numbers[1] / 60 + numbers[2] / 3600


def _point(question: Question, typed: Typed, today: date, outside: Outside) -> str:
    parts = _point_parts(typed)
    point: dict[str, float] = {}
    for part in ("lat", "lon"):
        number = degrees(parts[part], part)
        if number is None:
            raise _no_degrees(question, part)
        point[part] = round(number, PLACES)
    _inside(question, point["lat"], point["lon"], outside)
    return f"{point['lat']:.{PLACES}f},{point['lon']:.{PLACES}f}"


def _point_parts(typed: Typed) -> dict[str, str]:
    """Both numbers, of a form or of one text."""
    if isinstance(typed, Mapping):
        return {part: clean(one(typed.get(part, ""))) for part in ("lat", "lon")}
    text = clean(one(typed))
    halves = re.fullmatch(r"([^,;]+)[,;]([^,;]+)", text) or re.fullmatch(r"(\S*[NХ])\s+(\S.*)", text)
    return {"lat": halves[1].strip(), "lon": halves[2].strip()} if halves else {"lat": text, "lon": ""}


def _no_degrees(question: Question, part: str) -> Unacceptable:
    if part == "lat":
        return refuse(
            question,
            "хойд өргөргийг градусаар бичнэ үү, жишээ нь 45.76321.",
            "type the latitude in degrees, for example 45.76321.",
            part=part,
        )
    return refuse(
        question,
        "зүүн уртрагийг градусаар бичнэ үү, жишээ нь 106.27004.",
        "type the longitude in degrees, for example 106.27004.",
        part=part,
    )


def _inside(question: Question, lat: float, lon: float, outside: Outside) -> None:
    if not _in(MONGOLIA, lat, lon):
        turned = _in(MONGOLIA, lon, lat)
        raise refuse(
            question,
            "өргөрөг, уртраг хоёрыг сольж бичсэн байна." if turned else "энэ цэг Монгол Улсын нутагт байхгүй. Тоогоо шалгана уу.",
            "latitude and longitude are the wrong way round." if turned else "this point does not lie in Mongolia. Check the numbers.",
            part="lat",
        )
    box = outside.box(question.within) if question.within else None
    if box is not None and not _in(box, lat, lon, MARGIN):
        where = _unit_words(question.within or "", outside)
        raise refuse(
            question,
            f"энэ цэг {where.mn} дотор байхгүй. Тоогоо шалгана уу.",
            f"this point does not lie inside {where.en}. Check the numbers.",
            part="lat",
        )


def _in(box: Box, lat: float, lon: float, margin: float = 0.0) -> bool:
    west, south, east, north = box
    return west - margin <= lon <= east + margin and south - margin <= lat <= north + margin


def _point_shown(question: Question, kept: str, outside: Outside) -> Text:
    lat, lon = kept.split(",")
    return Text(mn=f"ХӨ {lat}°, ЗУ {lon}°", en=f"{lat}° N, {lon}° E")


def _point_value(question: Question, kept: str) -> dict[str, float]:
    lat, lon = kept.split(",")
    return {"lat": float(lat), "lon": float(lon)}


def _point_inputs(kept: str) -> dict[str, str]:
    lat, lon = kept.split(",")
    return {"lat": lat, "lon": lon}


ADDRESS = Kind(_address, _address_shown, _address_value, seconds=40, parts=_address_inputs)
POINT = Kind(_point, _point_shown, _point_value, seconds=60, parts=_point_inputs)
