"""What can go wrong in geo."""

from __future__ import annotations

from typing import ClassVar

from toono.kernel.errors import ToonoError


class UnitDataWrong(ToonoError):
    """The file of administrative units contradicts itself; nothing of it was loaded."""

    code: ClassVar[str] = "geo.unit_data_wrong"
    title_mn: ClassVar[str] = "Засаг захиргааны нэгжийн мэдээлэл алдаатай байна"
    next_mn: ClassVar[str] = "Мэдээллийн файлыг засаад дахин ачаална уу."
