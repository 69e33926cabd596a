"""The repository is the same wherever it stands: no path of the machine on which it was written, no address of a registry."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, repository_files

REGISTRY = re.compile(r"^\s*--(?:extra-)?index-url|^\s*--find-links|^\s*--trusted-host|@ (?:https?|file)://", re.MULTILINE)


def places() -> list[Path]:
    """Folders of this machine that no file may name: where the repository stands, what holds it, and the home of who runs the test."""
    folders = {ROOT, ROOT.parent, Path.home()}
    common = {Path(name) for name in ("/", "/tmp", "/home", "/root", "/usr", "/opt", "/srv", "/var", "/builds", "/app")}
    return sorted(folders - common)


def names_a_place(text: str, folders: list[Path]) -> list[str]:
    """Lines in which such a folder stands as a path of its own, not as the middle of another."""
    found = [re.compile(r"(?<![\w.}>*/-])" + re.escape(str(folder)) + r"(?![\w-])") for folder in folders]
    return [line.strip()[:120] for line in text.splitlines() if any(pattern.search(line) for pattern in found)]


def readable(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def is_lock(path: Path) -> bool:
    return path.name.endswith(".lock") or path.name in {"package-lock.json", "npm-shrinkwrap.json", "yarn.lock"}


def registry_words(path: Path, text: str) -> list[str]:
    """Where a lock file says from which address something came; its hashes say all that matters."""
    if path.suffix == ".json":
        packages = json.loads(text).get("packages", {})
        return sorted(name for name, entry in packages.items() if str(entry.get("resolved", "")).startswith(("http", "file")))
    return REGISTRY.findall(text)


def test_no_file_names_a_folder_of_this_machine() -> None:
    folders = places()
    found = {str(path.relative_to(ROOT)): lines for path in repository_files() if (lines := names_a_place(readable(path), folders))}
    assert found == {}


def test_no_lock_file_holds_an_address_of_a_registry() -> None:
    locks = [path for path in repository_files() if is_lock(path)]
    assert locks, "there is at least one lock file"
    assert {path.name: words for path in locks if (words := registry_words(path, readable(path)))} == {}


def test_state_and_built_files_are_not_under_version_control() -> None:
    unwanted = re.compile(r"(^|/)(var|node_modules|__pycache__|\.venv)/|\.(pyc|mo|pem|key)$")
    assert [str(path.relative_to(ROOT)) for path in repository_files() if unwanted.search(str(path.relative_to(ROOT)))] == []


@pytest.mark.parametrize("line", ["cd /place/of/work && make", "'/place/of/work/file'", "see /place/of/work"])
def test_a_path_of_the_machine_is_found(line: str) -> None:
    assert names_a_place(line, [Path("/place/of/work")])


@pytest.mark.parametrize("line", ["<folder>/place/of/work", "./place/of/work", "/place/of/workshop", "place/of/work"])
def test_a_path_inside_the_repository_is_not(line: str) -> None:
    assert not names_a_place(line, [Path("/place/of/work")])


def test_an_address_in_a_lock_file_is_found() -> None:
    assert registry_words(Path("requirements.lock"), "--index-url https://packages.example/simple\nx==1")
    assert registry_words(Path("package-lock.json"), '{"packages": {"a": {"resolved": "https://packages.example/a.tgz"}}}') == ["a"]
    assert not registry_words(Path("requirements.lock"), "x==1 \\\n    --hash=sha256:00")
