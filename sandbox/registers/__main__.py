"""``python -m sandbox.registers personas``: write ``catalogue/personas.yaml``; ``… tell MEANING KEY``: one answer."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sandbox.registers import personas
from sandbox.registers.directory import MEANINGS, answer

FILE = Path(__file__).resolve().parents[2] / "catalogue" / "personas.yaml"


def main() -> None:
    """Write the personas, or print one answer as JSON."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.registers", description="What the sandbox's registers say.")
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser("personas", help="write catalogue/personas.yaml")
    write.add_argument("--file", type=Path, default=FILE)
    tell = commands.add_parser("tell", help="print one answer as on 1 March 2026")
    tell.add_argument("meaning", choices=MEANINGS)
    tell.add_argument("key")
    arguments = parser.parse_args()
    if arguments.command == "personas":
        arguments.file.write_text(personas.text(), encoding="utf-8")
    else:
        print(json.dumps(answer(personas.world(), arguments.meaning, arguments.key), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
