"""``make bench-long``: what only time and mass show. Memory over minutes under load; the same speed with millions of rows. Writes docs/benchmarks-long.md."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from bench import exchange
from bench.__main__ import machine
from tests.stage import ROOT, start_stack


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--rows", type=int, default=10_000_000)
    arguments = parser.parse_args()
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    with tempfile.TemporaryDirectory(prefix="toono-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        stack = start_stack(folder / "home")
        try:
            say("Mass: X-Road calls of 1 KiB with a ledger entry, one gateway")
            exchange.large(stack, folder / "large", rows=arguments.rows, say=say)
            say("")
            say("Memory of one gateway (resident, all its processes) under a steady load")
            exchange.soak(stack, folder / "soak", minutes=arguments.minutes, say=say)
        finally:
            stack.stop()
    text = "\n".join(lines)
    page = f"# Benchmarks that take long\n\nWritten by `make bench-long` on {time.strftime('%Y-%m-%d')}. {machine()}.\n\n```\n{text}\n```\n"
    (ROOT / "docs" / "benchmarks-long.md").write_text(page)


if __name__ == "__main__":
    main()
