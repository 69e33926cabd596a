"""``.importlinter`` holds, lists what the tree has, and finds what it forbids."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.tree import ROOMS, ROOT, SOURCE

DOORS = {"api", "contracts", "errors", "events"}
LEAN_DOORS = {"pki": {"signing"}, "registry": {"verification"}}
"""Doors without Django, for the lean processes."""
OPEN = {"kernel", "entry"}
"""The kernel is common ground; entry is closed as a whole."""


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]
    environment = os.environ | {"PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [*command, "--config", str(tree / ".importlinter")], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )


def rules() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    return parser


def modules_of(room: str) -> set[str]:
    """Modules and packages directly in a room."""
    entries = (SOURCE / room).iterdir()
    return {
        path.stem
        for path in entries
        if not path.name.startswith(("_", ".")) and path.name != "tests" and (path.suffix == ".py" or (path / "__init__.py").is_file())
    }


def test_every_import_keeps_the_rules() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout[done.stdout.find("Contracts:") :]


def test_everything_behind_a_door_is_listed_and_nothing_else() -> None:
    protected = {
        line.strip()
        for name, section in rules().items()
        if name.startswith("importlinter:contract:door-of-")
        for line in section["protected_modules"].splitlines()
        if line.strip()
    }
    tree = {
        f"toono.{room}.{module}" for room in ROOMS if room not in OPEN for module in modules_of(room) - DOORS - LEAN_DOORS.get(room, set())
    }
    assert protected - {"toono.entry"} == tree


def test_every_line_of_the_rules_says_why() -> None:
    """A value in a list stands under a comment."""
    lines = (ROOT / ".importlinter").read_text(encoding="utf-8").splitlines()
    values = [number for number, line in enumerate(lines) if line.startswith("    ") and not line.lstrip().startswith("#")]
    unexplained = [lines[n].strip() for n in values if not lines[n - 1].lstrip().startswith("#") and lines[n].strip() not in {"toono.**"}]
    assert unexplained in ([], ["toono"])


BREACHES = {
    "feedback/api.py": "from toono.insight.contracts import Line",  # upward
    "feedback/queries.py": "from toono.services.models import Case",  # past a door
    "insight/domain/period.py": "import django.http",  # a framework in the rules
    "insight/models.py": "from toono.insight.operations import count",  # a table that knows a use case
    "kernel/clock.py": "import django.utils.timezone",  # and through it both lean processes
    "geo/contracts.py": "import sandbox",  # into the outside world
}
BROKEN = {
    "Rooms form one stack",
    "Inside a room",
    "Rules and words know no framework",
    "Gateway and signer never reach Django",
    "The sandbox is the outside world",
    "No knots",
    "Behind the door of services",
}


def test_each_rule_finds_its_breach(tmp_path: Path) -> None:
    """A copy of the house in which every rule is broken once."""
    ignored = shutil.ignore_patterns("node_modules", "static", "__pycache__", "tests", "*.mo")
    shutil.copytree(SOURCE, tmp_path / "src" / "toono", ignore=ignored)
    shutil.copytree(ROOT / "sandbox", tmp_path / "sandbox", ignore=ignored)
    shutil.copy(ROOT / ".importlinter", tmp_path)
    for place, line in BREACHES.items():
        with (tmp_path / "src" / "toono" / place).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    with (tmp_path / "src" / "toono" / "insight" / "operations" / "count.py").open("a", encoding="utf-8") as file:
        file.write("\nfrom toono.insight.operations import rebuild\n")  # a knot
    done = lint(tmp_path)
    assert done.returncode != 0
    told = " ".join(done.stdout.split("Broken contracts")[0].split())
    names = {section["name"] for title, section in rules().items() if title.startswith("importlinter:contract:")}
    broken = {name for name in names if f"{name} BROKEN" in told}
    assert {rule for rule in BROKEN if not any(name.startswith(rule) for name in broken)} == set()
    assert "Behind the door of geo KEPT" in told
