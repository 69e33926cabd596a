"""The parts of the console, and who may enter each. A page shows its reader only the way to where they may go."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy

from toono.kernel.access import ToonoRequest
from toono.kernel.actor import Role

KEEPERS = (Role.ADMINISTRATOR, Role.REPRESENTATIVE)
"""Who looks after relying parties: the platform's administrator all, a representative those of their organisations."""
SUPPORTERS = (Role.SUPPORT,)
"""Who helps persons to sign in; they look after no relying party, as administrators look into nobody's account."""
APPOINTERS = (Role.ADMINISTRATOR,)

_PLACES = (
    ("identity:parties", gettext_lazy("Системүүд"), KEEPERS),
    ("identity:all_failures", gettext_lazy("Алдааны бүртгэл"), KEEPERS),
    ("identity:sign_on_figures", gettext_lazy("Нэвтрэлтийн тоо"), KEEPERS),
    ("identity:statements", gettext_lazy("Программын мэдүүлэг"), APPOINTERS),
    ("identity:appointments", gettext_lazy("Томилгоо"), APPOINTERS),
    ("identity:support", gettext_lazy("Иргэнд туслах"), SUPPORTERS),
    ("identity:phones", gettext_lazy("Утасны дугаар солих"), SUPPORTERS),
)


def places(request: ToonoRequest) -> list[tuple[str, str]]:
    """Address and title of each part that one of the person's appointments opens."""
    held = {actor.role for actor in request.actors}
    return [(reverse(name), str(title)) for name, title, roles in _PLACES if held.intersection(roles)]
