"""Lists from which the names of invented citizens are drawn. Combinations are random; likeness to anybody is chance."""

from __future__ import annotations

import csv
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "data" / "names.csv"


def _lists() -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            lists.setdefault(line["kind"], []).append(line["name"])
    return lists


_all = _lists()
MEN, WOMEN, CLANS, STREETS = _all["men"], _all["women"], _all["clans"], _all["streets"]
KAZAKH_MEN, KAZAKH_WOMEN, KAZAKH_CLANS = _all["kazakh_men"], _all["kazakh_women"], _all["kazakh_clans"]
