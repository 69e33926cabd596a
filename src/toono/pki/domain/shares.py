"""A secret in shares: any ``needed`` of them give it back, fewer tell nothing (Shamir, CACM 22/11, 1979; over GF(256)). Pure.

Each byte of the secret is the constant of a polynomial of degree ``needed - 1`` whose other coefficients are random; a share is the
polynomials' values at one point. The field is that of AES (FIPS 197 §4.2: x⁸ + x⁴ + x³ + x + 1).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from toono.pki.errors import SharesWrong

_POLYNOMIAL = 0x11B
_GENERATOR = 3
MOST = 255
_CHECK_CHARACTERS = 8
_TEXT = re.compile(r"toono-share:([0-9a-f]{8}):([0-9]{1,3})of([0-9]{1,3}):([0-9]{1,3}):((?:[0-9a-f]{2})+):([0-9a-f]{8})")


def _tables() -> tuple[bytes, bytes]:
    """Powers of the generator, twice over, and logarithms to its base."""
    powers, logarithms, value = bytearray(510), bytearray(256), 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = value
        logarithms[value] = exponent
        doubled = value << 1
        value ^= doubled ^ (_POLYNOMIAL if doubled > 255 else 0)  # times 3
    return bytes(powers), bytes(logarithms)


_POWERS, _LOGARITHMS = _tables()


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one custodian keeps."""

    secret: str
    """First eight hex digits of a digest by which shares of the same secret know each other; it does not help to guess the secret."""
    needed: int
    total: int
    point: int
    """1 to ``total``."""
    values: bytes

    def text(self) -> str:
        """One line to print or keep in a file; the last part finds a wrong letter."""
        body = f"toono-share:{self.secret}:{self.needed}of{self.total}:{self.point}:{self.values.hex()}"
        return f"{body}:{_check(body)}"


def split(secret: bytes, *, needed: int, total: int, random: Callable[[int], bytes]) -> tuple[Share, ...]:
    """``total`` shares of which any ``needed`` give the secret back. ``random(n)`` gives n unpredictable bytes.

    :raises SharesWrong: not 2 ≤ needed ≤ total ≤ 255, or an empty secret.
    """
    if not 2 <= needed <= total <= MOST or not secret:
        raise SharesWrong(f"{needed} of {total} shares: at least 2 must be needed, and at most {MOST} made")
    coefficients = [secret, *(random(len(secret)) for _ in range(needed - 1))]
    name = hashlib.sha256(b"toono-share" + random(16)).hexdigest()[:8]
    return tuple(
        Share(secret=name, needed=needed, total=total, point=point, values=_at(point, coefficients)) for point in range(1, total + 1)
    )


def join(shares: Sequence[Share]) -> bytes:
    """The secret. More shares than needed must agree with each other.

    :raises SharesWrong: too few, the same one twice, of different secrets, or damaged.
    """
    by_point = {share.point: share for share in shares}
    if len({(share.secret, share.needed, share.total, len(share.values)) for share in shares}) != 1:
        raise SharesWrong("the shares are not of one secret")
    needed = shares[0].needed
    if len(by_point) < needed:
        raise SharesWrong(f"{len(by_point)} different shares; {needed} are needed")
    chosen = [by_point[point] for point in sorted(by_point)]
    for more in chosen[needed:]:
        if _interpolated(chosen[:needed], more.point) != more.values:
            raise SharesWrong("the shares do not agree: one of them was changed")
    return _interpolated(chosen[:needed], 0)


def parse(text: str) -> Share:
    """A share from its line.

    :raises SharesWrong: a letter is wrong or missing.
    """
    found = _TEXT.fullmatch(text.strip())
    if not found or _check(text.strip().rpartition(":")[0]) != found[6]:
        raise SharesWrong("a share was written down wrongly: compare it letter by letter")
    needed, total, point = (int(found[n]) for n in (2, 3, 4))
    if not (2 <= needed <= total <= MOST and 1 <= point <= total):
        raise SharesWrong("a share whose numbers cannot be")
    return Share(secret=found[1], needed=needed, total=total, point=point, values=bytes.fromhex(found[5]))


def _check(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:_CHECK_CHARACTERS]


def _at(point: int, coefficients: Sequence[bytes]) -> bytes:
    """The polynomials' values at ``point``, by Horner's rule."""
    values = bytes(len(coefficients[0]))
    for column in reversed(coefficients):
        values = bytes(_times(value, point) ^ coefficient for value, coefficient in zip(values, column, strict=True))
    return values


def _interpolated(shares: Sequence[Share], place: int) -> bytes:
    """The values at ``place`` of the polynomials through ``shares`` (Lagrange; in this field minus is plus, and plus is xor)."""
    values = bytes(len(shares[0].values))
    for share in shares:
        weight = 1
        for other in shares:
            if other.point != share.point:
                weight = _times(weight, _divided(place ^ other.point, share.point ^ other.point))
        values = bytes(value ^ _times(weight, own) for value, own in zip(values, share.values, strict=True))
    return values


def _times(a: int, b: int) -> int:
    return _POWERS[_LOGARITHMS[a] + _LOGARITHMS[b]] if a and b else 0


def _divided(a: int, b: int) -> int:
    return _POWERS[_LOGARITHMS[a] - _LOGARITHMS[b] + 255] if a else 0
