"""Certificates a second: the format alone, with the signer, and whole (key, certificate, row, step, event, audit), by one caller and by four.

Beside them ``openssl speed ecdsap384`` in the same run: one signature of the issuing authority is the least that a certificate costs.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from bench.load import Result
from tests.stage import Stack, start_stack

if TYPE_CHECKING:
    from toono.pki.contracts import PersonName

SECONDS = 4.0
CALLERS = 4


class Row(NamedTuple):
    """A row of the table of benchmarks."""

    work: str
    result: Result
    beside: str


def measure(stack: Stack, *, seconds: float = SECONDS) -> Iterator[Row]:
    """The rows, each measured for ``seconds``."""
    raw = openssl_signs_per_second(seconds=max(1, round(seconds / 2)))
    yield Row("openssl speed ecdsap384: the signature alone", Result(raw, 1000 / raw, 0, 0, 0), "one core")
    _django(stack)
    for work, job, callers in (
        ("person's certificate, key of the authority in hand", _built(), 1),
        ("person's certificate, signed by the signer", _signed(), 1),
        ("**person's certificate, whole**", _issued, 1),
        (f"person's certificate, whole, {CALLERS} at once", _issued, CALLERS),
    ):
        found = _rate(job, seconds, callers=callers)
        yield Row(work, found, f"{found.per_second / raw:.3f} of openssl's")


def openssl_signs_per_second(*, seconds: int) -> float:
    """``openssl speed``, one process."""
    said = subprocess.run(["openssl", "speed", "-seconds", str(seconds), "ecdsap384"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"384 bits ecdsa.*?(\d+\.\d)\s+(\d+\.\d)\s*$", said, re.MULTILINE)
    if not found:
        raise RuntimeError("openssl speed says nothing that can be read")
    return float(found[1])


def _django(stack: Stack) -> None:
    os.environ.update({k: v for k, v in stack.environment.items() if k.startswith("TOONO_")})
    os.environ["DJANGO_SETTINGS_MODULE"] = "toono.entry.django_settings"
    import django

    from toono.kernel.settings import settings

    settings.cache_clear()
    django.setup()


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


def _rate(job: Callable[[], object], seconds: float, *, callers: int) -> Result:
    job()  # caches are filled, as after the first certificate of a day
    ends = time.perf_counter() + seconds
    begin = time.perf_counter()
    with ThreadPoolExecutor(callers) as threads:
        took = [one for some in threads.map(lambda _: _timed(job, ends), range(callers)) for one in some]
    elapsed = time.perf_counter() - begin
    cuts = statistics.quantiles(took, n=100)
    return Result(len(took) / elapsed, 1000 * statistics.median(took), 1000 * cuts[94], 1000 * cuts[98], 0)


def _timed(job: Callable[[], object], ends: float) -> list[float]:
    from django.db import connection

    took: list[float] = []
    try:
        while time.perf_counter() < ends or len(took) < 2:
            begin = time.perf_counter()
            job()
            took.append(time.perf_counter() - begin)
    finally:
        connection.close()
    return took


def main() -> None:
    """These rows alone."""
    with tempfile.TemporaryDirectory(prefix="toono-bench-", ignore_cleanup_errors=True) as folder:
        stack = start_stack(Path(folder) / "home")
        try:
            for row in measure(stack):
                print(f"| {row.work} | {row.result.row} | {row.beside} |", flush=True)
        finally:
            stack.stop()


if __name__ == "__main__":
    main()
