"""Where an administrator begins: one list of everything that is looked after."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from toono.kernel.access import ToonoRequest, allow
from toono.kernel.actor import Role


@allow(Role.ADMINISTRATOR)
@require_safe
def overview(request: ToonoRequest) -> HttpResponse:
    """Links to the consoles of the rooms, each with a word on what it is for."""
    links = (
        ("registry:overview", _("Мэдээлэл солилцооны бүртгэл"), _("Байгууллага, систем, үйлчилгээ, мэдээлэл авах эрх")),
        ("exchange:traffic", _("Солилцооны ачаалал"), _("Хэн хэнээс хэдэн удаа авсан, хэр удсан, юу бүтээгүй")),
        ("exchange:messages", _("Солилцооны бүртгэл"), _("Дуудлагыг дугаараар нь олж, нотолгоог нь татах")),
        ("identity:parties", _("Нэвтрүүлдэг системүүд"), _("Холбогдсон системүүд, зөвшөөрөл, алдааны бүртгэл, нэвтрэлтийн тоо")),
        ("identity:appointments", _("Томилгоо"), _("Албан хаагч, оператор, төлөөлөгч, иргэнд туслах ажилтны эрхийг өгөх, авах")),
        ("channels:reviews", _("Үйлчилгээний тодорхойлолт"), _("Шинжээчдийн бичсэнийг хянаж, батлах, нийтлэх")),
        ("channels:calendar", _("Шилжүүлсэн өдрүүд"), _("Тогтоолоор ажлын эсвэл амралтын болгосон өдрүүд")),
        ("pki:certificates", _("Гэрчилгээ"), _("Олгосон гэрчилгээг үзэх, хүчингүй болгох")),
        ("pki:trusted_lists", _("Итгэмжлэлийн жагсаалт"), _("Бусад улс, байгууллагын гарын үсгийг хэний үгээр таних")),
        ("pki:servers", _("Байгууллагын сервер"), _("Байгууллагын серверийн нэр, ACME түлхүүр")),
        ("pki:relying_parties", _("Гарын үсэг хүсэгч системүүд"), _("Хэн иргэнээс гарын үсэг, нэвтрэх зөвшөөрөл хүсэж болох")),
    )
    return render(request, "channels/administration.html", {"links": links})
