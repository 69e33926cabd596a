"""The door of ``ui``: addresses of built files, fonts for documents, and how other rooms add to the frame of every page."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse

from toono.ui.tokens import COLOURS

__all__ = ["COLOURS", "add_to_pages", "font_folder", "let_forms_lead_to", "page_additions", "static"]

_built = Path(__file__).resolve().parent / "static"
_additions: dict[str, Callable[[HttpRequest], Any]] = {}


@cache
def _manifest() -> dict[str, str]:
    try:
        names: dict[str, str] = json.loads((_built / "manifest.json").read_text())
    except OSError:
        raise RuntimeError("The stylesheet is not built. Run: python -m toono.ui.build") from None
    return names


def static(name: str) -> str:
    """Address of a built file by its plain name (``toono.css``); the name in it carries a hash and may be kept for ever.

    :raises KeyError: no such file was built.
    """
    return "/static/" + _manifest()[name]


def font_folder() -> Path:
    """Folder with the whole Noto Sans (regular, bold) as TrueType, for documents; all letters, Kazakh ones included."""
    return _built / "fonts"


def add_to_pages(name: str, provider: Callable[[HttpRequest], Any]) -> None:
    """Have every page know ``name``: the provider is asked when, and only when, a template uses it.

    For rooms above that own a part of the frame (say, the number of unread messages). Call it from ``AppConfig.ready``.
    """
    _additions[name] = provider


def page_additions() -> dict[str, Callable[[HttpRequest], Any]]:
    """What rooms have added to pages."""
    return dict(_additions)


def let_forms_lead_to(response: HttpResponse, *origins: str) -> HttpResponse:
    """Let the forms of this page end, by redirects, at other origins than ours (a relying party's return address).

    Browsers hold redirects after a form to the page's ``form-action``; without this only our own origin is allowed.
    """
    response.toono_form_action = origins  # type: ignore[attr-defined]
    return response
