"""The real catalogue, and a small one made for tests of the judge, copied so that a test can spoil them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).resolve().parents[4] / "catalogue"
JUDGED = Path(__file__).resolve().parent / "judged"
"""Two services with every word of the language, and two personas; meanings are the real ones."""


def copied(folder: Path) -> Path:
    """The whole catalogue in ``folder``."""
    return Path(shutil.copytree(CATALOGUE, folder / "catalogue"))


def spoilt(folder: Path, change: Callable[[Any], None], service: str = "dundgovi/water-use-permit") -> Path:
    """The catalogue with one definition changed."""
    return _changed(copied(folder), change, f"{service}/service.yaml")


def judged(folder: Path, change: Callable[[Any], None] = lambda _: None, file: str = "dundgovi/trial-permit/service.yaml") -> Path:
    """The small catalogue with one of its files changed."""
    copy = Path(shutil.copytree(JUDGED, folder / "catalogue"))
    shutil.copy(CATALOGUE / "meanings.yaml", copy)
    return _changed(copy, change, file)


def _changed(copy: Path, change: Callable[[Any], None], name: str) -> Path:
    file = copy / name
    content = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)  # the one that the catalogue is read with
    change(content)
    file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return copy
