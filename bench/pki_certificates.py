"""Certificates a second: the format alone, with the signer, and whole (key, certificate, row, step, event, audit), by one caller and by four.

Beside them ``openssl speed ecdsap384`` in the same run: one signature of the issuing authority is the least that a certificate costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from bench.load import Result, Row, calls, django
from bench.peers import openssl_signs
from tests.stage import Stack

if TYPE_CHECKING:
    from toono.pki.contracts import PersonName

SECONDS = 4.0
CALLERS = 4


def measure(stack: Stack, *, seconds: float = SECONDS) -> Iterator[Row]:
    """The rows, each measured for ``seconds``."""
    raw = openssl_signs("p384", max(1, round(seconds / 2)))
    yield Row("openssl speed ecdsap384: the signature alone", Result(raw, 1000 / raw, 0, 0, 0), "one core")
    django(stack)
    for work, job, callers in (
        ("person's certificate, key of the authority in hand", _built(), 1),
        ("person's certificate, signed by the signer", _signed(), 1),
        ("**person's certificate, whole**", _issued, 1),
        (f"person's certificate, whole, {CALLERS} at once", _issued, CALLERS),
    ):
        found = calls(job, seconds, callers=callers)
        yield Row(work, found, f"{found.per_second / raw:.3f} of openssl's")


def _built() -> Callable[[], object]:
    """Extensions, encoding and one P-384 signature, without the signer."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    from toono.pki import queries
    from toono.pki.contracts import Profile
    from toono.pki.domain.issuing import Issuer, build_certificate

    above = queries.parsed(queries.authority(Profile.ISSUING_PERSONS).pem)
    issuer = Issuer(above, ec.generate_private_key(ec.SECP384R1()), "issuing-persons")
    own = ec.generate_private_key(ec.SECP256R1()).public_key()
    name, moment = _name(), datetime.now(UTC).replace(microsecond=0)
    return lambda: build_certificate(
        profile=Profile.PERSON, subject=name, public_key=own, issuer=issuer, serial=x509.random_serial_number(), now=moment,
        base_url="http://toono.gov.mn",
    )  # fmt: skip


def _signed() -> Callable[[], object]:
    """The same with the real authority's key, over the signer's socket."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    from toono.pki import queries
    from toono.pki.contracts import Profile
    from toono.pki.domain.issuing import build_certificate
    from toono.pki.operations.issue_certificate import issuer_of

    issuer = issuer_of(queries.authority(Profile.ISSUING_PERSONS))
    own = ec.generate_private_key(ec.SECP256R1()).public_key()
    name, moment = _name(), datetime.now(UTC).replace(microsecond=0)
    return lambda: build_certificate(
        profile=Profile.PERSON, subject=name, public_key=own, issuer=issuer, serial=x509.random_serial_number(), now=moment,
        base_url="http://toono.gov.mn",
    )  # fmt: skip


def _issued() -> object:
    """The door: a new person, a new key in the signer, everything written."""
    from toono.kernel.actor import system
    from toono.pki import api
    from toono.pki.contracts import Profile

    return api.certificate_for(actor=system("bench"), key=f"person/{uuid4()}", profile=Profile.PERSON, subject=_name())


def _name() -> PersonName:
    from toono.pki.contracts import PersonName

    return PersonName(given_name="Сарнай", patronymic="Ганбат", civil_id="990123456789")
