"""Mongolian endings of numbers, by the vowel of the last word with which the number is read aloud."""

from __future__ import annotations

import re

_ONES = {"1": "э", "2": "о", "3": "а", "4": "ө", "5": "а", "6": "а", "7": "о", "8": "а", "9": "ө"}
"""нэг, хоёр, гурав, дөрөв, тав, зургаа, долоо, найм, ес"""
_TENS = {"1": "а", "2": "о", "3": "а", "4": "ө", "5": "а", "6": "а", "7": "а", "8": "а", "9": "э"}
"""арав, хорь, гуч, дөч, тавь, жар, дал, ная, ер"""


def vowel(number: str) -> str:
    """The vowel of the ending: ``а``, ``о``, ``э`` or ``ө``. ``number`` as it is printed: ``1,200.5``, ``2026.11.22``."""
    digits = re.sub(r"\D", "", number[max(number.rfind("."), 0) :] if "." in number else number).lstrip("0")
    if not digits:
        return "э"  # тэг
    zeros = len(digits) - len(digits.rstrip("0"))
    if zeros == 0:
        return _ONES[digits[-1]]
    if zeros == 1:
        return _TENS[digits[-2]]
    return "а"  # зуу, мянга, сая, тэрбум


def from_(number: str) -> str:
    """«from»: ``50-аас``, ``1-ээс``, ``4-өөс``."""
    return f"{number}-{vowel(number) * 2}с"
