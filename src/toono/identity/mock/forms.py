"""Forms of the mock's own pages, and where they lead."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse

from toono.identity.mock.endpoints import body_of


def see_other(url: str) -> RedirectResponse:
    return RedirectResponse(url, 303, headers={"Cache-Control": "no-store"})


async def posted(request: Request) -> dict[str, list[str]]:
    """The fields of a form of ours."""
    return parse_qs((await body_of(request)).decode("ascii", errors="replace"))


def one(form: dict[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]
