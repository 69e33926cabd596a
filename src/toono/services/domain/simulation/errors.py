"""Why a story does not go as it is told."""

from __future__ import annotations


class StepFailed(Exception):
    """What was expected and what was found, as a sentence without its point."""
