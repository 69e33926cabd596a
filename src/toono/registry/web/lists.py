"""Lists that are searched and turned page by page: one shape for all of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.http import urlencode

from toono.kernel.text import clean
from toono.registry.contracts import Listing

PAGE_LENGTH = 50


@dataclass(frozen=True)
class Row:
    """One line of a list."""

    name: str
    href: str
    quiet: tuple[str, ...] = ()
    mark: str = ""
    """What one must not overlook, such as «дууссан»."""


@dataclass(frozen=True)
class Shown:
    """One page of a list with what leads to its neighbours."""

    rows: tuple[Row, ...]
    total: int
    text: str
    before: str | None
    after: str | None


def searched(request: HttpRequest) -> str:
    """What is sought."""
    return clean(request.GET.get("text", ""))[:100]


def page_number(request: HttpRequest) -> int:
    number = request.GET.get("page", "")
    return max(1, int(number)) if re.fullmatch(r"[0-9]{1,5}", number) else 1


def shown(request: HttpRequest, find: Callable[[str, int, int], Listing], row: Callable[[Listing], tuple[Row, ...]]) -> Shown:
    """The page that the request asks for.

    :param find: text, limit and offset to a listing.
    :param row: a listing to its lines (all at once, so that names are read with one question).
    """
    text, page = searched(request), page_number(request)
    offset = (page - 1) * PAGE_LENGTH
    listing = find(text, PAGE_LENGTH, offset)
    return Shown(
        rows=row(listing), total=listing.total, text=text,
        before=_address(request, page - 1) if page > 1 else None,
        after=_address(request, page + 1) if offset + PAGE_LENGTH < listing.total else None,
    )  # fmt: skip


def _address(request: HttpRequest, page: int) -> str:
    kept: dict[str, Any] = {name: value for name, value in request.GET.items() if name != "page"}
    return f"?{urlencode(kept | {'page': page})}"
