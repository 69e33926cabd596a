"""Each hour one root, chained, signed, published without a hole; and a way up to it from every message."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from toono.exchange.domain import roots
from toono.exchange.domain.evidence import hashchain
from toono.exchange.tests.written import Writer

pytest_plugins = ["toono.exchange.tests.stage"]

LEAVES = st.lists(st.binary(min_size=64, max_size=64), min_size=1, max_size=40)


@given(LEAVES, st.data())
def test_the_way_up_leads_from_every_leaf_to_the_top(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    assert roots.follow(leaves[index], roots.path(leaves, index)) == roots.tree(leaves)
    other = bytes(64) if leaves[index] != bytes(64) else bytes([1] * 64)
    assert roots.follow(other, roots.path(leaves, index)) != roots.tree(leaves)


@pytest.mark.parametrize(
    "step", [{}, {"side": "up", "digest": "AAAA"}, {"side": "left", "digest": "%"}, {"side": "left", "digest": "AAAA"}, {"side": "left"}]
)
def test_a_step_that_is_none_is_refused(step: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        roots.follow(bytes(64), [step])


def test_the_root_is_as_the_documentation_says() -> None:
    leaves = [bytes([n] * 64) for n in range(3)]
    assert roots.root(leaves, bytes(64)) == hashlib.sha512(bytes(64) + hashchain.root(leaves)).digest()
    assert roots.root([], b"\1" * 64) == hashlib.sha512(b"\1" * 64 + bytes(64)).digest()


def test_hours_are_due_when_they_are_over_one_after_the_other() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert list(roots.due(None, None, noon)) == []
    assert list(roots.due(None, noon - timedelta(minutes=1), noon)) == [noon - timedelta(hours=1)]
    assert list(roots.due(noon - timedelta(hours=3), None, noon + timedelta(minutes=59))) == [
        noon - timedelta(hours=2),
        noon - timedelta(hours=1),
    ]
    assert list(roots.due(noon - timedelta(hours=1), noon, noon)) == []


@pytest.mark.parametrize("text", ["2026-11-22T7Z", "2026-11-22", "2026-13-22T07Z", "", "../../x", "2026-11-22T07Z\n"])
def test_another_name_is_no_hour(text: str) -> None:
    assert roots.parse_name(text) is None
    assert roots.parse_name("2026-11-22T07Z") == datetime(2026, 11, 22, 7, tzinfo=UTC)


# -- published ---------------------------------------------------------------------------------------------------


def publish_until_now(hours: int = 1) -> None:
    from toono.exchange.operations.roots import publish_roots
    from toono.kernel import clock

    with clock.at(datetime.now(UTC) + timedelta(hours=hours)):
        publish_roots()


def write_and_stamp(settings: Any) -> Writer:
    from toono.exchange.operations.stamp import stamp_pending

    writer = Writer(settings)
    writer.batch([writer.message(), writer.message(body=b'{"a":1}')])
    stamp_pending(at_once=True)
    return writer


def payload(token: str) -> dict[str, Any]:
    """The signed content, read by another library with the key of the certificate in the header."""
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    certificate = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    key = ECKey.import_key(certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    registry = jws.JWSRegistry(algorithms=["ES256"])
    registry.max_header_length = 16_384  # it holds a chain of certificates
    found = jws.deserialize_compact(token, key, registry=registry)
    assert header["typ"] == "toono-exchange-root"
    return dict(json.loads(found.payload))


@pytest.mark.usefixtures("taken_back")
def test_published_hours_form_a_chain_without_a_hole(stack: Any) -> None:
    from toono.exchange.models import HourlyRoot, Stamp

    write_and_stamp(stack.settings)
    publish_until_now(3)
    rows = list(HourlyRoot.objects.order_by("hour"))
    assert len(rows) >= 3
    previous = rows[0]
    assert bytes(previous.previous) == bytes(64)
    for row in rows[1:]:
        assert row.hour - previous.hour == timedelta(hours=1)
        assert bytes(row.previous) == bytes(previous.root)
        previous = row
    for row in rows:
        stamps = [
            bytes(s.result_digest) for s in Stamp.objects.filter(at__gte=row.hour, at__lt=row.hour + timedelta(hours=1)).order_by("id")
        ]
        assert bytes(row.leaves) == b"".join(stamps)
        tree = hashchain.root(stamps) if stamps else bytes(64)
        assert bytes(row.root) == hashlib.sha512(bytes(row.previous) + tree).digest()
        signed = payload(row.jws)
        assert signed == {
            "instance": stack.settings.exchange_instance, "hour": f"{row.hour:%Y-%m-%dT%H}:00:00Z", "algorithm": "SHA-512", "stamps": len(stamps),
            "tree": base64.b64encode(tree).decode(), "previous": base64.b64encode(bytes(row.previous)).decode(),
            "root": base64.b64encode(bytes(row.root)).decode(),
        }  # fmt: skip


@pytest.mark.usefixtures("taken_back")
def test_an_hour_is_not_published_before_it_is_over(stack: Any) -> None:
    from toono.exchange.models import HourlyRoot
    from toono.exchange.operations.roots import publish_roots
    from toono.kernel import clock

    write_and_stamp(stack.settings)
    publish_until_now()
    last = HourlyRoot.objects.order_by("-hour")[0].hour
    with clock.at(last + timedelta(hours=2) - timedelta(seconds=1)):
        assert publish_roots() == []
    with clock.at(last + timedelta(hours=2)):
        assert publish_roots() == [last + timedelta(hours=1)]
        assert publish_roots() == []


@pytest.mark.usefixtures("taken_back")
def test_published_hours_stand_as_files_and_come_back_when_they_are_lost(stack: Any) -> None:
    from toono.exchange.models import HourlyRoot
    from toono.exchange.operations.roots import folder, write_files

    write_and_stamp(stack.settings)
    publish_until_now()
    newest = HourlyRoot.objects.order_by("-hour")[0]
    file = folder() / f"{newest.hour:%Y-%m-%dT%H}Z.jws"
    assert file.read_text() == newest.jws
    assert file.stat().st_mode & 0o777 == 0o644
    file.unlink()
    write_files()
    assert file.read_text() == newest.jws


@pytest.mark.usefixtures("taken_back")
def test_a_signer_that_is_down_leaves_the_hour_for_the_next_round(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import toono.pki.api as pki
    from toono.exchange.models import HourlyRoot
    from toono.exchange.operations.roots import publish_roots
    from toono.kernel import clock
    from toono.pki.errors import SignerUnavailable

    write_and_stamp(stack.settings)
    publish_until_now()
    last = HourlyRoot.objects.order_by("-hour")[0].hour

    def down(**_: Any) -> str:
        raise SignerUnavailable("down")

    with clock.at(last + timedelta(hours=2)):
        with monkeypatch.context() as patch:
            patch.setattr(pki, "sign_jws", down)
            with pytest.raises(SignerUnavailable):
                publish_roots()
        assert HourlyRoot.objects.order_by("-hour")[0].hour == last
        assert publish_roots() == [last + timedelta(hours=1)]
