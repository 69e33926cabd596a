"""What can go wrong in geo."""

from __future__ import annotations

from toono.kernel.errors import ToonoError


class UnitDataWrong(ToonoError):
    """The file of administrative units contradicts itself; nothing of it was loaded."""

    code = "geo.unit_data_wrong"
    title_mn = "Засаг захиргааны нэгжийн мэдээлэл алдаатай байна"
    next_mn = "Мэдээллийн файлыг засаад дахин ачаална уу."
