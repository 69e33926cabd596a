"""Names for which servers may have certificates. Pure.

A closed world: an administrator enters the names of each organisation, and nothing else is ever certified, whoever controls it.
"""

from __future__ import annotations

import re

from toono.pki.errors import DomainRefused

NAME_LENGTH = 253
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_NAME = re.compile(rf"(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}")
"""Letters, digits and hyphens (RFC 5890 §2.3.1), at least two labels, the last not a number: no address of four numbers."""


def is_name(text: str) -> bool:
    """Whether ``text`` is the name of a server in lower case; other scripts stand as ``xn--``."""
    return len(text) <= NAME_LENGTH and _NAME.fullmatch(text) is not None


def entered(text: str) -> str:
    """What an administrator entered, as it is kept: ``portal.nam.mn``, or ``*.nam.mn`` for every name below.

    :raises DomainRefused:
    """
    name = text.strip().lower().rstrip(".")
    bare = name.removeprefix("*.")
    if not is_name(bare) or (bare != name and bare.count(".") < 1):
        raise DomainRefused(f"{text[:100]!r} is no name of a server")
    return name


def split_star(name: str) -> tuple[str, bool]:
    """The name that is to be proven, and whether all names directly below it are asked for (RFC 8555 §7.1.3): ``*.nam.mn`` → ``nam.mn``, True."""
    bare = name.removeprefix("*.")
    return bare, bare != name


def entries_for(name: str) -> tuple[str, ...]:
    """What may be entered so that ``name`` is allowed, the closest first. Whose entry is the closest, to them the name belongs."""
    labels = name.split(".")
    return (name, *("*." + ".".join(labels[at:]) for at in range(1, len(labels) - 1)))
