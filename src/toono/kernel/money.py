"""Money: whole möngö with its currency. 1 ₮ = 100 möngö."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from toono.kernel.contract import Contract


class Money(Contract):
    """An amount; never a fraction of a möngö, never below nothing."""

    amount_mungu: int = Field(ge=0)
    currency: Literal["MNT"] = "MNT"

    @property
    def text(self) -> str:
        """As shown on pages: ``12,000 ₮``."""
        return f"{self.amount_mungu // 100:,} ₮"


NOTHING = Money(amount_mungu=0)
