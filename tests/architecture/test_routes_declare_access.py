"""Every route says who may call it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.stage import Stack

pytestmark = pytest.mark.usefixtures("stack")


def routes(patterns: Iterable[Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Address and view of every route, included ones too."""
    for pattern in patterns:
        address = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, address)
        else:
            yield address, pattern.callback


def undeclared(patterns: Iterable[Any]) -> list[str]:
    from toono.kernel.actor import Role

    def declared(view: Any) -> bool:
        access = getattr(view, "toono_access", ())
        return bool(access) and all(isinstance(role, Role) for role in access)

    return [address for address, view in routes(patterns) if not declared(view)]


def test_every_route_declares_who_may_call_it() -> None:
    from toono.entry.urls import urlpatterns

    assert undeclared(urlpatterns) == []


def test_the_main_pages_are_among_the_routes(stack: Stack) -> None:
    """The walk above sees included rooms; otherwise it would prove nothing."""
    from toono.entry.urls import urlpatterns

    addresses = {address for address, _ in routes(urlpatterns)}
    assert {"figures", "figures.csv", "health/live"} <= addresses
    assert len(addresses) > 20


def test_a_route_without_a_declaration_is_found() -> None:
    from django.http import HttpRequest, HttpResponse
    from django.urls import include, path

    from toono.kernel.access import allow
    from toono.kernel.actor import Role

    def bare(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def empty(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    inner = [path("bare", bare), path("empty", allow()(empty)), path("open", allow(Role.ANYBODY)(bare))]
    assert undeclared([path("room/", include((inner, "room")))]) == ["room/bare", "room/empty"]


def test_no_address_stands_for_two_views() -> None:
    from toono.entry.urls import urlpatterns

    addresses = [address for address, _ in routes(urlpatterns)]
    assert sorted(a for a in set(addresses) if addresses.count(a) > 1) == []
