"""The QR of a document is checked on the reader's own phone, also where no network is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.stage import Stack

Window = Callable[..., Any]


@pytest.fixture
def address(stack: Stack, fresh_citizen: Callable[[], Any]) -> str:
    """What stands in the QR of a fresh document."""
    from toono.services.models import Document
    from toono.services.tests.steps import documented, sent

    actor = fresh_citizen()
    document = documented(stack, actor, sent(actor).id).document
    assert document
    return f"{document.check_url}#{Document.objects.get(id=document.id).payload}"


@pytest.mark.parametrize("width", ["phone", "desk"])
def test_the_address_of_the_qr_shows_both_answers(visit: Window, address: str, width: str) -> None:
    with visit(width) as v:
        v.page.goto(address)
        assert v.page.locator("[data-status=valid]").count() == 1
        v.page.locator("[data-proof=proven]").wait_for(timeout=15_000)
        v.is_sound()


def test_a_second_document_is_checked_without_a_network(visit: Window, address: str, stack: Stack) -> None:
    with visit("phone") as v:
        v.open("/verify/offline")
        v.is_sound()
        v.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
        v.page.wait_for_function("() => caches.keys().then((names) => names.length > 0)")
        v.page.context.set_offline(True)
        v.page.goto(address)
        v.page.locator("[data-proof=proven]").wait_for(timeout=15_000)
        assert "хүчингүй болгосон эсэхийг" in v.page.locator("main").inner_text()
        changed = address[:-4] + ("AAAA" if not address.endswith("AAAA") else "BBBB")
        v.page.goto("about:blank")
        v.page.goto(changed)
        v.page.locator("[data-proof=unproven]").wait_for(timeout=15_000)
        v.page.context.set_offline(False)


def test_the_text_of_a_qr_can_be_pasted(visit: Window, address: str) -> None:
    with visit("phone") as v:
        v.open("/verify/offline")
        v.page.locator("#words").fill(address)
        v.page.locator("#proof-form button").click()
        v.page.locator("[data-proof=proven]").wait_for(timeout=15_000)
        v.page.locator("#words").fill("юу ч биш")
        v.page.locator("#proof-form button").click()
        v.page.locator("[data-proof=unproven]").wait_for(timeout=15_000)
        v.is_sound()
