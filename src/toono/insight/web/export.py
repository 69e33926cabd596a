"""The same tables for spreadsheets and programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from toono.insight.web.publication import Connected, Publication, Row

COLUMNS = (
    "dimension", "code", "name", "submitted", "decided", "granted", "refused", "documents", "on_time",
    "median_working_seconds", "ninetieth_working_seconds", "ratings", "average_stars", "count",
)  # fmt: skip
BYTE_ORDER_MARK = "\ufeff"
"""By which spreadsheet programs know that the letters are UTF-8."""


def to_csv(tables: Publication, sign_on: Connected) -> str:
    """One line for each line of each table (RFC 4180). Empty is what is withheld or not kept along that dimension; ``count`` is of the single sign-on."""
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows((*line, None) for line in _lines(tables))
    writer.writerows(_of_sign_on(sign_on))
    return text.getvalue()


def _lines(tables: Publication) -> Iterator[tuple[object, ...]]:
    yield _whole("total", tables.total)
    for dimension, rows in (("service", tables.services), ("organisation", tables.organisations)):
        for row in rows:
            yield _whole(dimension, row)
    for dimension, rows in (("channel", tables.channels), ("aimag", tables.aimags)):
        for row in rows:
            yield dimension, row.key, _plain(row.name), row.submitted, *[None] * 9
    for row in tables.days:
        yield "day", row.key, row.name, row.submitted, row.decided, None, None, row.documents, row.on_time, *[None] * 4


def _of_sign_on(sign_on: Connected) -> Iterator[tuple[object, ...]]:
    for dimension, rows in (("sign_on", sign_on.sums), ("sign_on_organisation", sign_on.organisations)):
        for code, name, count in rows:
            yield dimension, code, _plain(name), *[None] * 10, count


def _whole(dimension: str, row: Row) -> tuple[object, ...]:
    stars = None if row.average_stars is None else round(row.average_stars, 1)
    return (
        dimension, row.key, _plain(row.name), row.submitted, row.decided, row.granted, row.refused, row.documents, row.on_time,
        row.median_seconds, row.ninetieth_seconds, row.ratings, stars,
    )  # fmt: skip


def _plain(name: str) -> str:
    """A name that a spreadsheet will not take for a formula."""
    return "'" + name if name.startswith(("=", "+", "-", "@")) else name
