"""Every job goes to a queue that a worker reads."""

from __future__ import annotations

import ast

from tests.architecture.tree import SOURCE, Module, dotted, modules
from tests.stage import Stack


def worker_queues() -> set[str]:
    """``entry.worker.QUEUES``, read and not run."""
    tree = ast.parse((SOURCE / "entry" / "worker.py").read_text(encoding="utf-8"))
    return next(
        set(ast.literal_eval(node.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(dotted(target) == "QUEUES" for target in node.targets)
    )


def named_queues(module: Module) -> list[tuple[int, str]]:
    """Queues that a file names, by line: written out, or as a constant of the same file."""
    constants = {
        dotted(target): node.value.value
        for node in module.tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
    }
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.keyword) and node.arg == "queue":
            for part in ast.walk(node.value):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found.append((part.lineno, part.value))
                elif isinstance(part, ast.Name) and part.id in constants:
                    found.append((part.lineno, constants[part.id]))
    return found


def test_every_named_queue_has_a_worker() -> None:
    named = {f"{m.place}:{line}": queue for m in modules() for line, queue in named_queues(m)}
    assert len(named) >= 5
    assert {place: queue for place, queue in named.items() if queue not in worker_queues()} == {}


def test_every_task_goes_to_a_queue_that_has_a_worker(stack: Stack) -> None:
    """What the rooms really registered; a task without a queue would go to one that nobody reads."""
    from procrastinate.contrib.django import app

    ours = {name: task.queue for name, task in app.tasks.items() if not name.startswith(("builtin", "procrastinate."))}
    assert len(ours) >= 5
    assert {name: queue for name, queue in ours.items() if queue not in worker_queues()} == {}


def test_no_job_lies_in_a_queue_without_a_worker(stack: Stack) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT queue_name FROM procrastinate_jobs")
        assert {name for (name,) in cursor.fetchall()} <= worker_queues()


def test_a_queue_that_nobody_reads_is_found() -> None:
    code = 'Q = "nowhere"\n@app.task(queue=Q)\ndef f(): ...\napp.configure_task("x", queue="elsewhere" if y else Q)'
    named = {queue for _, queue in named_queues(Module(SOURCE / "room" / "tasks.py", ast.parse(code)))}
    assert named == {"nowhere", "elsewhere"}
    assert not named & worker_queues()
