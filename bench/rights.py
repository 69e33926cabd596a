"""How long the gateway takes to decide from memory, among ten thousand agreements: endpoints, fields, hours, several agreements on the same service."""

from __future__ import annotations

import random
import statistics
import time
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from toono.exchange.domain.rights import Index
from toono.registry.contracts import (
    Agreement,
    Endpoint,
    EndpointGrant,
    ExchangeConfiguration,
    Hours,
    MemberEntry,
    Purpose,
    ServiceEntry,
    SystemEntry,
)

PURPOSES = tuple(Purpose(code=f"purpose-{n}", title_mn="x", title_en="x", basis_mn="x") for n in range(4))
DAYTIME = Hours(weekdays=(1, 2, 3, 4, 5, 6, 7), begin=clock(12), end=clock(11, 59))


class Decisions(NamedTuple):
    """What was measured; times in microseconds, of building in seconds."""

    agreements: int
    p50: float
    p99: float
    build_seconds: float

    @property
    def row(self) -> str:
        """A row of the table of benchmarks."""
        return (
            f"| decision among {self.agreements:,} agreements | {1e6 / self.p50:,.0f} | {self.p50 / 1000:.3f} | | {self.p99 / 1000:.3f} | 0 |"
            f" index built in {self.build_seconds:.2f} s |"
        )


def configuration(agreements: int, members: int = 500) -> ExchangeConfiguration:
    """A made-up country: each member has one system that asks and one service that answers; five agreements on each pair that has any."""
    moment = datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    names = [f"MN/GOV/member-{n}" for n in range(members)]
    services = tuple(
        ServiceEntry(
            id=f"{name}/register/facts", base_url="http://127.0.0.1:9", timeout_seconds=1, title_mn="x", title_en="x",
            endpoints=(Endpoint(method="GET", path="/persons/{civil_id}/address"), Endpoint(method="POST", path="/persons")),
        )
        for name in names
    )  # fmt: skip
    return ExchangeConfiguration(
        instance="MN", version=1, issued_at=moment, expires_at=moment + timedelta(days=1), trusted_certificates_pem=(),
        members=tuple(MemberEntry(id=name, name_mn="x", name_en="x", signing_key="x", certificate_pem=_certificate(name, key)) for name in names),
        systems=tuple(SystemEntry(id=f"{name}/desk", title_mn="x", title_en="x") for name in names),
        services=services,
        agreements=tuple(_agreement(n, names, moment) for n in range(agreements)),
    )  # fmt: skip


def _agreement(n: int, names: list[str], moment: datetime) -> Agreement:
    pair = n // 5
    return Agreement(
        id=f"A-{n}", consumer=f"{names[pair % len(names)]}/desk", service=f"{names[(pair + pair // len(names) + 1) % len(names)]}/register/facts",
        purposes=PURPOSES, valid_from=moment - timedelta(days=1), valid_until=moment + timedelta(days=n % 300 + 1), hours=DAYTIME,
        endpoints=(EndpointGrant(method="POST", path="/persons"), EndpointGrant(method="GET", path="/persons/*/address")),
        fields=("/civil_id", f"/address/{n % 50}", "/history/*/since"), quota_per_day=1_000,
    )  # fmt: skip


def _certificate(name: str, key: ec.EllipticCurvePrivateKey) -> str:
    title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder(title, title, key.public_key(), x509.random_serial_number(), begin, begin + timedelta(days=9))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def decisions(agreements: int = 10_000, *, count: int = 20_000) -> Decisions:
    """Decide ``count`` calls, each by another pair, so that nothing is warm by luck."""
    found = configuration(agreements)
    began = time.perf_counter()
    index = Index(found)
    build = time.perf_counter() - began
    chance = random.Random(7)
    asked = chance.choices(found.agreements, k=count)
    moment, taken = datetime.now(UTC), []
    for number, agreement in enumerate(asked):
        path = f"/persons/{200000000000 + number}/address"
        began = time.perf_counter()
        index.grant(agreement.consumer, agreement.service, "purpose-2", method="GET", path=path, now=moment)
        taken.append((time.perf_counter() - began) * 1e6)
    cuts = statistics.quantiles(taken, n=100)
    return Decisions(agreements, cuts[49], cuts[98], build)


if __name__ == "__main__":
    for size in (10, 1_000, 10_000):
        print(decisions(size).row)
