"""The real catalogue, copied so that a test can spoil it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).resolve().parents[4] / "catalogue"


def copied(folder: Path) -> Path:
    """The whole catalogue in ``folder``."""
    return Path(shutil.copytree(CATALOGUE, folder / "catalogue"))


def spoilt(folder: Path, change: Callable[[Any], None], service: str = "dundgovi/water-use-permit") -> Path:
    """The catalogue with one definition changed."""
    copy = copied(folder)
    file = copy / service / "service.yaml"
    content = yaml.safe_load(file.read_text())
    change(content)
    file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return copy
