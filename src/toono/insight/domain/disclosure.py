"""What may be told of few people: counts of applications always, what happened to them or what they thought only from five on.

A neighbour may know that somebody applied; from a line with one decision they would learn that it was refused, and an officer
would learn who gave one star. So an outcome or an average that rests on fewer than five is withheld, and where that
leaves one withheld line that the total would give back, the next smallest are withheld with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from toono.insight.contracts import Line

FEWEST = 5


def decisions(line: Line) -> int:
    return line.decided


def ratings(line: Line) -> int:
    return line.ratings


def withheld(lines: Sequence[Line], size: Callable[[Line], int]) -> frozenset[str]:
    """Keys of the lines of one table whose details rest on too few: those under five, and as many of the next smallest as are
    needed until what is withheld together rests on five or more, so that subtracting the others from the total tells nothing.
    """
    hidden: list[Line] = []
    for line in sorted((line for line in lines if size(line)), key=lambda line: (size(line), line.key)):
        if size(line) >= FEWEST and (not hidden or (len(hidden) > 1 and sum(map(size, hidden)) >= FEWEST)):
            break
        hidden.append(line)
    return frozenset(line.key for line in hidden)
