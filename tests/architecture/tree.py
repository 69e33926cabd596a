"""The source tree as the tests of its shape see it."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "toono"
ROOMS = tuple(sorted(path.parent.name for path in SOURCE.glob("*/__init__.py")))
"""Every package directly under ``toono``: rooms, kernel, ui and entry."""


@dataclass(frozen=True)
class Module:
    """One file of Python."""

    path: Path
    tree: ast.Module

    @property
    def place(self) -> str:
        """Path inside ``src/toono``: ``pki/signing.py``."""
        return self.path.relative_to(SOURCE).as_posix()

    @property
    def room(self) -> str:
        return self.place.split("/")[0]


def modules(*rooms: str) -> Iterator[Module]:
    """The code of these rooms (all by default), without tests and migrations."""
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).parts
        if len(parts) > 1 and (not rooms or parts[0] in rooms) and not {"tests", "migrations", "node_modules"} & set(parts):
            yield Module(path, ast.parse(path.read_text(encoding="utf-8"), str(path)))


def repository_files() -> list[Path]:
    """Files that are, or would be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file() and not path.is_symlink()]


def dotted(node: ast.AST) -> str:
    """``datetime.datetime.now`` for the tree of that expression; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
