"""Ten thousand agreements: entered, published, listed and asked about without reading everything for one of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from toono.registry.contracts import Agreement, DraftKind
from toono.registry.tests import invented as new
from toono.registry.tests.test_loading import DRAFTER, load

if TYPE_CHECKING:
    from tests.stage import Stack

MANY, SYSTEMS, SERVICES = 10_000, 100, 50
LAW = "Туршилтын тухай хуулийн 6 дугаар зүйл"


def document(code: str) -> dict[str, Any]:
    return {
        "organisations": [{"code": code, "member_class": "GOV", "register_number": new.register_number(), "name_mn": "Олон", "name_en": "Many"}],
        "purposes": [{"code": "many", "title_mn": "Олон", "title_en": "Many", "basis_mn": LAW}],
        "systems": [{"organisation": code, "code": f"s{n}", "title_mn": f"Систем {n}", "title_en": f"System {n}"} for n in range(SYSTEMS)],
        "services": [
            {"system": f"{code}/s0", "code": f"v{n}", "title_mn": f"Үйлчилгээ {n}", "title_en": f"Service {n}", "base_url": "http://127.0.0.1:1",
             "endpoints": [{"method": "GET", "path": "/items/{id}"}]}
            for n in range(SERVICES)
        ],
        "agreements": [
            {"id": f"{code}-{n}", "consumer": f"{code}/s{n % SYSTEMS}", "service": f"{code}/s0/v{n % SERVICES}", "purposes": ["many"],
             "valid_from": "2022-01-01T00:00:00+08:00", "valid_until": "2046-01-01T00:00:00+08:00", "fields": ["/id", "/name"], "quota_per_day": n + 1}
            for n in range(MANY)
        ],
    }  # fmt: skip


def test_ten_thousand_agreements(stack: Stack) -> None:
    """Alone on the machine a publication takes 2 s and a list 0.05 s. The limits asserted find a question for each row, not a busy machine."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    import toono.registry.api as registry
    from toono.registry.web import words

    code = new.code()
    measured: dict[str, tuple[int, float]] = {}

    def measure(name: str, act: Any) -> Any:
        with CaptureQueriesContext(connection) as queries:
            began = time.monotonic()
            result = act()
            measured[name] = (len(queries), time.monotonic() - began)
        return result

    try:
        assert load(document(code)) == MANY + SYSTEMS + SERVICES + 1
        measure("publish", lambda: registry.publish_configuration(actor=DRAFTER))
        listing = measure("list", lambda: registry.list_agreements(actor=DRAFTER, text=f"{code}-", limit=50))
        assert listing.total == MANY
        measure("names", lambda: words.names_of(listing.entries))
        measure("links", lambda: registry.links(actor=DRAFTER, organisation=code))
        agreement = registry.agreement(f"{code}-7")
        assert isinstance(agreement, Agreement)
        measure(
            "draft",
            lambda: registry.draft_agreement(actor=DRAFTER, agreement=agreement.model_copy(update={"consent": False, "quota_per_day": 1})),
        )
        measure("plan", lambda: registry.plan_configuration(document=document(code) | {"organisations": []}))
    finally:
        _remove(code)
    assert measured["publish"][0] < 60 and measured["publish"][1] < 30
    assert measured["plan"][0] < 20 and measured["plan"][1] < 60
    for name in ("list", "names", "links", "draft"):
        assert measured[name][0] < 20 and measured[name][1] < 5, name


def _remove(code: str) -> None:
    """The other tests publish often, and need not carry these."""
    from toono.registry import models

    models.Agreement.objects.filter(id__startswith=f"{code}-").delete()
    models.Service.objects.filter(id__startswith=f"MN/GOV/{code}/").delete()
    models.System.objects.filter(id__startswith=f"MN/GOV/{code}/").delete()


def test_a_list_of_drafts_asks_no_question_for_each(stack: Stack) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    import toono.registry.api as registry

    standing = registry.agreement("portal-address")
    assert standing
    for quota in range(1, 31):
        registry.draft_agreement(actor=DRAFTER, agreement=standing.model_copy(update={"quota_per_day": quota}))
    with CaptureQueriesContext(connection) as queries:
        found = registry.waiting_drafts(actor=DRAFTER, limit=1000)
    assert len(queries) <= 6
    assert [d.before for d in found if d.subject == standing.id] == [standing] * 30


@pytest.mark.parametrize("kind", [DraftKind.AGREEMENT, DraftKind.SYSTEM])
def test_one_check_reads_what_it_needs_and_no_more(stack: Stack, kind: DraftKind) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from toono.registry.queries import entries

    subject = {DraftKind.AGREEMENT: "portal-address", DraftKind.SYSTEM: "MN/COM/khasar-bank/loans"}[kind]
    entry = entries.found(kind, subject)
    with CaptureQueriesContext(connection) as queries:
        known = entries.known(entry)
    assert len(queries) <= 4
    if kind is DraftKind.AGREEMENT:
        assert set(known.services) == {"MN/GOV/state-registration/population/address"}
    else:
        assert set(known.organisations) == {"khasar-bank"} and known.key_holders["khasar-bank-loans"] == subject
