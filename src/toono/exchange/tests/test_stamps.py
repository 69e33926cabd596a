"""Everything that a gateway commits gets exactly one place under one time-stamp, whatever comes late, twice, or fails on the way."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from asn1crypto import cms, tsp

from toono.exchange.domain import partitions
from toono.exchange.domain.evidence import hashchain
from toono.exchange.tests.written import Writer


def pending() -> int:
    """How many signatures and batches of the whole database have no place."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT id FROM exchange_signature UNION ALL SELECT id FROM exchange_batch) s"
            " WHERE NOT EXISTS (SELECT 1 FROM exchange_stampleaf l WHERE l.subject = s.id)"
        )
        return int(cursor.fetchone()[0])


def stamp(**how: Any) -> int:
    from toono.exchange.operations.stamp import stamp_pending

    return stamp_pending(**{"at_once": True, **how})


def imprint(token: bytes) -> tuple[str, bytes]:
    """Algorithm and digest under a token, read by another library."""
    info = cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"].parsed
    assert isinstance(info, tsp.TSTInfo)
    return info["message_imprint"]["hash_algorithm"]["algorithm"].native, info["message_imprint"]["hashed_message"].native


@pytest.fixture
def writer(stack: Any, alone: None) -> Writer:
    return Writer(stack.settings)


@pytest.fixture
def alone(stack: Any) -> Iterator[None]:
    """Nothing waits, and the platform's own timer does not work while a test counts: the test holds the lock of all rounds."""
    from django.db import connection

    stamp(look_back_seconds=10 * 365 * 86_400)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('toono.exchange.stamps'))")
        yield
        cursor.execute("SELECT pg_advisory_unlock(hashtext('toono.exchange.stamps'))")


def subjects(writer: Writer) -> set[UUID]:
    from toono.exchange.models import Batch, Signature

    batches = Batch.objects.filter(chain=writer.chain).values_list("id", flat=True)
    return set(batches) | set(Signature.objects.filter(batch__in=list(batches)).values_list("id", flat=True))


def test_signatures_and_links_stand_under_one_token_over_their_tree(writer: Writer) -> None:
    from toono.exchange.models import Batch, Signature, Stamp, StampLeaf

    writer.batch([writer.message(), writer.message(body=b"{}")])
    writer.batch([writer.message(direction="response", body=b"{}")], readings=1)
    assert stamp() == 4
    places = list(StampLeaf.objects.filter(subject__in=subjects(writer)))
    assert len(places) == 4
    found = Stamp.objects.get(id=places[0].stamp)
    leaves = [bytes(found.leaves)[n : n + 64] for n in range(0, len(found.leaves), 64)]
    for place in places:
        row = Signature.objects.filter(id=place.subject).first()
        assert leaves[place.position] == bytes(row.document_digest if row else Batch.objects.get(id=place.subject).link)
    result = hashchain.stamp_result_xml(hashchain.stamp_root(leaves))
    assert imprint(bytes(found.token)) == ("sha512", hashlib.sha512(result).digest())
    assert bytes(found.result_digest) == hashlib.sha512(result).digest()
    assert stamp() == 0


def test_what_is_younger_than_two_seconds_waits_for_the_next_round(writer: Writer) -> None:
    from toono.exchange.operations.stamp import stamp_pending
    from toono.kernel import clock

    writer.batch([writer.message()])
    assert stamp_pending() == 0
    with clock.at(datetime.now(UTC) + timedelta(seconds=3)):
        assert stamp_pending() == 2


def test_a_commit_that_becomes_visible_late_is_found(writer: Writer) -> None:
    writer.batch([writer.message()])
    stamp()
    writer.batch([writer.message()], at=datetime.now(UTC) - timedelta(minutes=9))
    assert stamp() == 2


def test_one_that_is_hours_late_is_found_by_the_hourly_round(writer: Writer) -> None:
    from toono.exchange import limits

    writer.batch([writer.message()])
    stamp()
    writer.batch([writer.message()], at=datetime.now(UTC) - timedelta(hours=2))
    assert stamp() == 0
    assert stamp(look_back_seconds=limits.STAMP_SWEEP_SECONDS) == 2


def test_a_gateway_whose_clock_is_ahead_hides_nobody(writer: Writer) -> None:
    writer.batch([writer.message()], at=datetime.now(UTC) + timedelta(seconds=50))
    assert stamp() == 2
    writer.batch([writer.message()], at=datetime.now(UTC) - timedelta(minutes=5))
    assert stamp() == 2


def test_a_backlog_is_taken_oldest_first_in_trees_of_bounded_size(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    from toono.exchange import limits
    from toono.exchange.models import Stamp, StampLeaf

    monkeypatch.setattr(limits, "STAMP_LEAVES", 4)
    for hours in (5, 4, 3, 2, 1):
        writer.batch([writer.message()], at=datetime.now(UTC) - timedelta(hours=hours))
    assert stamp(look_back_seconds=6 * 3600) == 10
    order = {place.subject: place.stamp for place in StampLeaf.objects.filter(subject__in=subjects(writer))}
    trees = [order[subject] for subject in sorted(order)]
    assert trees == sorted(trees, key=lambda tree: Stamp.objects.get(id=tree).at)
    assert max(trees.count(tree) for tree in trees) == 4


def test_a_backlog_survives_a_unit_that_fails_in_its_middle(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stamps that were given stand, and the next round goes on where it ended, though the newest stamp is much younger than what is left."""
    import toono.pki.api as pki
    from toono.exchange import limits
    from toono.exchange.models import StampLeaf
    from toono.kernel import clock
    from toono.pki.errors import SignerUnavailable

    newest = StampLeaf.objects.order_by("-subject").values_list("subject", flat=True)[0]
    later = max(datetime.now(UTC), partitions.moment_of(newest)) + timedelta(days=1)  # so that nothing younger hides the rest
    for minutes in range(300, 240, -10):
        writer.batch([writer.message()], at=later - timedelta(minutes=minutes))
    given, real = [], pki.time_stamp

    def fail_third(*, digest: bytes) -> bytes:
        given.append(digest)
        if len(given) == 3:
            raise SignerUnavailable("down")
        return real(digest=digest)

    with clock.at(later):
        with monkeypatch.context() as patch:
            patch.setattr(limits, "STAMP_LEAVES", 4)
            patch.setattr(pki, "time_stamp", fail_third)
            with pytest.raises(SignerUnavailable):
                stamp()
        assert pending() == 4
        assert stamp() == 4
    assert pending() == 0


def test_two_rounds_at_the_same_time_stamp_each_entry_once(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import connections

    from toono.exchange import limits
    from toono.exchange.models import Stamp, StampLeaf

    writer = Writer(stack.settings)
    monkeypatch.setattr(limits, "STAMP_LEAVES", 2)
    for _ in range(6):
        writer.batch([writer.message()])
    begin = threading.Barrier(3)

    def round_() -> None:
        begin.wait()
        try:
            stamp()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=round_) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    places = StampLeaf.objects.filter(subject__in=subjects(writer))
    assert places.count() == 12
    assert len({(place.stamp, place.position) for place in places}) == 12
    for found in Stamp.objects.filter(id__in=[place.stamp for place in places]):
        assert len(found.leaves) == 64 * StampLeaf.objects.filter(stamp=found.id).count()


def test_a_stamp_is_never_of_an_hour_that_was_published(writer: Writer) -> None:
    """Not even when the clock is set back."""
    from django.db import transaction

    from toono.exchange.models import HourlyRoot, Stamp, StampLeaf
    from toono.exchange.operations.roots import publish_roots
    from toono.kernel import clock

    writer.batch([writer.message()])
    stamp()
    with transaction.atomic():  # taken back, since it publishes an hour before its time
        with clock.at(datetime.now(UTC) + timedelta(hours=1)):
            publish_roots()
        last = HourlyRoot.objects.order_by("-hour")[0].hour
        assert last + timedelta(hours=1) > datetime.now(UTC)
        writer.batch([writer.message()])
        stamp()
        place = StampLeaf.objects.filter(subject__in=subjects(writer)).order_by("-subject")[0]
        assert Stamp.objects.get(id=place.stamp).at >= last + timedelta(hours=1)
        transaction.set_rollback(True)
    from toono.exchange.operations.roots import folder

    for file in folder().glob("*.jws"):
        file.unlink()  # the timer writes again what stands in the database


def test_the_search_is_bounded_by_its_window_and_not_by_the_table(writer: Writer) -> None:
    """Every table is entered by its key, and only from the window on."""
    from django.db import connection

    from toono.exchange.operations import stamp as operation

    values = {"since": operation._since(600), "until": UUID(int=(1 << 128) - 1), "limit": 10}
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("EXPLAIN " + operation._PENDING, values)
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "Seq Scan" not in plan
    assert "Index Cond: ((id >=" in plan
