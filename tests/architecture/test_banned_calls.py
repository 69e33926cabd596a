"""Calls that the house does not make, found in the code itself."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import SOURCE, Module, dotted, modules

Finder = Callable[[Module], Iterator[int]]

CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns", "timezone.now"}
MONEY_WORDS = {"amount", "price", "fee", "mungu", "balance", "cost", "payment", "tugrug"}
INEXACT_FIELDS = {"FloatField", "DecimalField"}


def imported_names(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for: ``from time import time as now`` gives ``now`` → ``time.time``."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the full name of what is called."""
    names = imported_names(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and (called := dotted(node.func)):
            first, dot, rest = called.partition(".")
            yield node, names.get(first, first) + dot + rest


def clocks(module: Module) -> Iterator[int]:
    for call, name in calls(module):
        if ".".join(name.split(".")[-2:]) in CLOCKS:
            yield call.lineno


def prints(module: Module) -> Iterator[int]:
    for call, name in calls(module):
        if name == "print":
            yield call.lineno


def plain_writes(module: Module) -> Iterator[int]:
    """Writing a file so that a power cut can leave half of it; ``kernel.files.write_durably`` is for what matters."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func).rpartition(".")[2] or getattr(node.func, "attr", "")
        place = 1 if isinstance(node.func, ast.Name) else 0  # open(path, mode), path.open(mode)
        mode = next((k.value for k in node.keywords if k.arg == "mode"), node.args[place] if len(node.args) > place else None)
        opens = name == "open" and isinstance(mode, ast.Constant) and bool(set(str(mode.value)) & set("wxa+"))
        if opens or name in {"write_text", "write_bytes"}:
            yield node.lineno


def inexact_money(module: Module) -> Iterator[int]:
    """Money as a float or a decimal: it is whole möngö."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            name = dotted(node.target) if isinstance(node, ast.AnnAssign) else node.arg
            kinds = {n.id for n in ast.walk(node.annotation) if isinstance(n, ast.Name)}
            if is_money(name) and kinds & {"float", "Decimal"}:
                yield node.lineno
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            kind = dotted(node.value.func).rpartition(".")[2]
            if kind in INEXACT_FIELDS and any(is_money(dotted(target)) for target in node.targets):
                yield node.lineno
        if isinstance(node, ast.Call) and dotted(node.func) == "float" and node.args and is_money(dotted(node.args[0])):
            yield node.lineno


def is_money(name: str) -> bool:
    return bool(MONEY_WORDS & set(name.rpartition(".")[2].lower().split("_")))


# Each exception with its reason; one that is no longer needed fails too.
CLOCK_EXCEPTIONS = {
    "kernel/clock.py": "is the clock",
    "kernel/ids.py": "an id must rise even when a test moves the clock back",
    "ui/build.py": "compares with the times of files on the disk",
}
PRINT_EXCEPTIONS = {
    "ui/build.py": "a step of the installation, run by hand",
    "ui/messages.py": "a tool for translators, run by hand",
}


def found(finder: Finder, *rooms: str) -> dict[str, list[int]]:
    return {module.place: lines for module in modules(*rooms) if module.room != "entry" and (lines := sorted(finder(module)))}


def test_rooms_ask_the_one_clock() -> None:
    assert {place: lines for place, lines in found(clocks).items() if place not in CLOCK_EXCEPTIONS} == {}


def test_rooms_do_not_print() -> None:
    assert {place: lines for place, lines in found(prints).items() if place not in PRINT_EXCEPTIONS} == {}


def test_no_exception_outlives_its_reason() -> None:
    assert set(CLOCK_EXCEPTIONS) <= set(found(clocks))
    assert set(PRINT_EXCEPTIONS) <= set(found(prints))


def test_money_is_never_inexact() -> None:
    assert found(inexact_money) == {}


def test_keys_and_configuration_are_written_durably() -> None:
    assert found(plain_writes, "pki", "registry", "exchange") == {}


@pytest.mark.parametrize(
    ("finder", "code"),
    [
        (clocks, "from datetime import datetime\nx = datetime.now()"),
        (clocks, "import datetime as d\nx = d.datetime.utcnow()"),
        (clocks, "import time\nx = time.time()"),
        (clocks, "from time import time as t\nx = t()"),
        (clocks, "from django.utils import timezone\nx = timezone.now()"),
        (prints, "def f():\n    print('x')"),
        (plain_writes, "with open('key.pem', 'wb') as f: pass"),
        (plain_writes, "with path.open('w') as f: pass"),
        (plain_writes, "open('x', mode='a')"),
        (plain_writes, "(folder / 'x').write_text('y')"),
        (inexact_money, "fee: float = 0.5"),
        (inexact_money, "def pay(amount_mungu: float | None): ..."),
        (inexact_money, "price = models.DecimalField()"),
        (inexact_money, "x = float(case.amount)"),
    ],
)
def test_what_is_banned_is_found(finder: Finder, code: str) -> None:
    assert list(finder(Module(SOURCE / "room" / "made_up.py", ast.parse(code))))


@pytest.mark.parametrize(
    ("finder", "code"),
    [
        (clocks, "from toono.kernel.clock import now\nx = now()"),
        (clocks, "import time\nx = time.monotonic()"),
        (prints, "fingerprint('x')"),
        (plain_writes, "with path.open() as f: pass\nopen('x', 'rb')"),
        (plain_writes, "from toono.kernel.files import write_durably\nwrite_durably(path, b'')"),
        (inexact_money, "amount_mungu: int = 0\nshare: float = 0.5"),
    ],
)
def test_what_is_allowed_is_not_found(finder: Finder, code: str) -> None:
    assert not list(finder(Module(Path(SOURCE / "room" / "made_up.py"), ast.parse(code))))
