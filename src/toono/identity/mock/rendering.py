"""The mock's pages: the templates and the stylesheet of the house, without Django."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse

from toono.identity.mock.words import Language, translator

_ROOM = Path(__file__).resolve().parents[1]
_UI = _ROOM.parent / "ui"
_FOLDER = _UI / "static"
STATIC = _FOLDER / "root"
LANGUAGE_COOKIE = "toono_mock_language"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Forms may end anywhere: that is what signing in at another system is."""


@cache
def _built() -> dict[str, str]:
    """Addresses of built files by their plain names; none where nothing was built: the pages can be read without."""
    try:
        names = json.loads((_FOLDER / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: f"/static/{built}" for name, built in names.items()}


@cache
def _environment(language: Language) -> Environment:
    made = Environment(
        loader=FileSystemLoader([_ROOM / "jinja2", _UI / "jinja2"]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    say = translator(language)
    made.install_gettext_callables(say, lambda one, many, count: say(one if count == 1 else many), newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(static=_built(), language=language)
    return made


def language(request: Request) -> Language:
    """Chosen before, or what the browser asks for first; else Mongolian."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen is None:
        chosen = request.headers.get("Accept-Language", "")[:2].lower()
    return "en" if chosen == "en" else "mn"


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of ``identity/mock``."""
    found = _environment(language(request)).get_template(f"identity/mock/{template}.html")
    world = request.app.state.world
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return HTMLResponse(found.render(world=world, here=here, **values), status, headers=HEADERS)
