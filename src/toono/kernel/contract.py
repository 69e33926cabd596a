"""The base of what crosses a door: frozen, closed, and the same after a round trip through JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """Frozen data; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
