"""``python -m sandbox.population --count``: look at the data set without a database."""

from __future__ import annotations

import argparse
from collections import Counter

from sandbox.population import generate


def main() -> None:
    """Print the cast, or how many persons live in each aimag."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.population", description="The invented citizens.")
    parser.add_argument("--count", action="store_true", help="persons by aimag, and the fingerprint of the data set")
    arguments = parser.parse_args()
    people = list(generate.citizens())
    if arguments.count:
        counts = Counter((p.aimag_code, p.aimag) for p in people)
        for (code, name), count in sorted(counts.items()):
            print(f"{code}  {count:6}  {name}")
        print(f"    {len(people):6}  version {generate.version()}, fingerprint {generate.fingerprint(people)[:16]}")
    else:
        for person in (p for p in people if p.cast_key):
            print(f"{person.cast_key:8} {person.regnum}  {person.phone or '–':8}  {person.given_name:14} {person.cast_part}")


if __name__ == "__main__":
    main()
