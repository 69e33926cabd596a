"""What the gateway lives by and what grows old meanwhile: the configuration, the status of each member's certificate, the time-stamps of its signatures.

Each is kept fresh while that can be done, served with a warning for the policy's grace, and then refused with the exact reason. A certificate that its authority calls revoked is
refused at once, as soon as that is known.

The status of certificates (OCSP, RFC 6960) is asked from the responder that the certificate names. A good one is stored in the database before the first signature holds it, and
kept on disk, so that a restart needs no responder; several processes share the files. An older answer never replaces a younger one: whoever stands between cannot
bring a revoked certificate back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from cryptography import x509

from toono.exchange import limits
from toono.exchange.domain import ageing, ocsp
from toono.exchange.domain.ageing import Grade, Judgement
from toono.exchange.domain.answers import BadAnswer
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.ocsp import CertificateStatus, OcspRefused, Status
from toono.exchange.domain.origins import origin_of
from toono.exchange.domain.partitions import floor
from toono.exchange.domain.rights import Index, KnownMember
from toono.exchange.gateway.configuration import ConfigurationStore
from toono.exchange.gateway.database import Database, DatabaseUnavailable
from toono.exchange.gateway.provider import ProviderClient, ProviderUnreachable
from toono.exchange.gateway.sealing import OcspProof
from toono.kernel.clock import now
from toono.kernel.files import write_durably

_log = logging.getLogger(__name__)

_STORE: Final = "INSERT INTO exchange_ocspresponse (digest, der, produced_at) VALUES (%s, %s, %s) ON CONFLICT (digest) DO NOTHING"
_NEWEST_STAMP: Final = "SELECT at FROM exchange_stamp WHERE at <= now() ORDER BY at DESC LIMIT 1"
"""A stamp of a clock that ran ahead would hide what came since."""
_OLDEST_UNSTAMPED: Final = """
SELECT s.at FROM exchange_signature s
WHERE s.id >= %s AND NOT EXISTS (SELECT 1 FROM exchange_stampleaf l WHERE l.subject = s.id AND l.subject >= %s)
ORDER BY s.id LIMIT 1
"""
"""Both sides begin where the newest stamp does, so the cost is that of what came since, however large the tables are."""
_HEADERS: Final = [("content-type", "application/ocsp-request"), ("accept", "application/ocsp-response")]


class Served(Protocol):
    """What a call tells here."""

    at: datetime
    index: Index
    warnings: list[str]


@dataclass(slots=True, eq=False)
class _Known:
    """One certificate and what is known of its status."""

    member: str
    serial: str
    certificate: x509.Certificate
    issuer: x509.Certificate | None
    address: str | None
    status: CertificateStatus | None = None
    proof: OcspProof | None = None
    unstored: tuple[bytes, CertificateStatus] | None = None
    """A good answer that the database does not hold yet."""
    tried_at: datetime | None = None
    trouble: str = "its status was not asked yet"

    def judged(self, moment: datetime, index: Index, status: CertificateStatus) -> Judgement:
        return ageing.ocsp(moment, this_update=status.this_update, next_update=status.next_update, policy=index.configuration.policy)

    def grade(self, moment: datetime, index: Index) -> Grade:
        """Dead where no message can be signed."""
        if self.status is None or self.status.status is not Status.GOOD:
            return Grade.DEAD
        return self.judged(moment, index, self.status).grade

    def due(self, moment: datetime, index: Index) -> bool:
        """Whether its status is to be asked now. One that is not good is asked again soon: a certificate may be newer than what the responder knows."""
        status, policy = self.status, index.configuration.policy
        if (
            status is not None
            and status.status is Status.GOOD
            and not ageing.refresh_due(moment, this_update=status.this_update, next_update=status.next_update, policy=policy)
        ):
            return False
        fresh = status is not None and self.judged(moment, index, status).grade is Grade.FRESH
        pause = limits.OCSP_RETRY_SECONDS if fresh else limits.OCSP_URGENT_SECONDS
        return self.tried_at is None or moment - self.tried_at >= timedelta(seconds=pause)


class Ageing:
    """Judges what calls are served by. Its own work runs beside the calls; what they ask is answered from memory."""

    def __init__(self, *, folder: Path, configuration: ConfigurationStore, client: ProviderClient, database: Database) -> None:
        """:param folder: where OCSP responses are kept."""
        self._folder, self._configuration, self._client, self._database = folder, configuration, client, database
        self._known: dict[str, _Known] = {}
        self._kept: set[bytes] = set()
        self._index: Index | None = None
        self._oldest_unstamped: datetime | None = None
        self._stamps_asked = False
        self._tasks: list[asyncio.Task[None]] = []

    # -- what calls ask ----------------------------------------------------------------------------------------------

    def check(self, call: Served, member: KnownMember, *, code: Code = Code.CANNOT_SIGN_REQUEST) -> None:
        """Whether messages of ``member`` may be signed now; what will soon be too old is added to the call's warnings.

        :param code: the fault's type where its certificate is what hinders.
        :raises Fault: something is too old, or the certificate is revoked.
        """
        expired = self.configuration(call.index, call.at)
        if expired.grade is Grade.DEAD:
            raise _too_old(Code.GLOBAL_CONF_OUTDATED, expired, f"The configuration {call.index.version}")
        stamps = self.stamps(call.index, call.at)
        if stamps.grade is Grade.DEAD:
            raise _too_old(Code.TIMESTAMPER_FAILED, stamps, "The oldest signature without a time-stamp")
        status = self._status(call.index, member.certificate_serial, call.at, code)
        for judged in (expired, stamps, status):
            if judged.grade is Grade.STALE and judged.reason not in call.warnings:
                call.warnings.append(judged.reason)

    def ocsp(self, serial: str) -> OcspProof | None:
        """The proof that stands in signatures by the certificate of this serial number (hex); the database holds it."""
        known = self._known.get(serial)
        return known.proof if known is not None else None

    def configuration(self, index: Index, moment: datetime) -> Judgement:
        """How old the configuration is."""
        return ageing.configuration(moment, expires_at=index.expires_at, policy=index.configuration.policy)

    def stamps(self, index: Index, moment: datetime) -> Judgement:
        """How long signatures have been waiting for a time-stamp, as far as the database told last."""
        return ageing.stamps(moment, oldest_unstamped=self._oldest_unstamped, policy=index.configuration.policy)

    def _status(self, index: Index, serial: str, moment: datetime, code: Code) -> Judgement:
        known = self._known.get(serial)
        status = known.status if known is not None else None
        if known is None or status is None:
            trouble = known.trouble if known is not None else "its status was not asked yet"
            raise Fault(code, "ocsp_missing", f"The certificate {serial} cannot be used: {trouble}.")
        if status.status is not Status.GOOD:
            raise Fault(code, f"certificate_{status.status}", _not_good(known, status))
        judged = ageing.ocsp(moment, this_update=status.this_update, next_update=status.next_update, policy=index.configuration.policy)
        if judged.grade is Grade.DEAD:
            raise _too_old(
                code, judged, f"The status of the certificate of {known.member}, last told {status.this_update:%Y-%m-%dT%H:%M:%SZ},"
            )
        return judged

    def report(self, index: Index | None, moment: datetime) -> tuple[Grade, dict[str, Any]]:
        """For health: the worst grade of what concerns every call, and each part. The certificates of some members make it stale, those of all of them dead."""
        if index is None:
            return Grade.DEAD, {"configuration": "missing"}
        whole = {"configuration": self.configuration(index, moment), "time-stamps": self.stamps(index, moment)}
        troubled = {member: grade for member, grade in self.certificates(index, moment).items() if grade is not Grade.FRESH}
        worst = max(judged.grade for judged in whole.values())
        parts: dict[str, Any] = {name: judged.reason or "fresh" for name, judged in whole.items()}
        if not self._stamps_asked:
            parts["time-stamps"], worst = "unknown", max(worst, Grade.STALE)
        parts["certificates"] = {member: grade.name.lower() for member, grade in troubled.items()} or "fresh"
        certificates = Grade.STALE if troubled else Grade.FRESH
        if troubled and len(troubled) == len(self._known):
            certificates = min(troubled.values())
        return max(worst, certificates), parts

    def certificates(self, index: Index, moment: datetime) -> dict[str, Grade]:
        """How old the status of each member's certificate is; dead where its messages cannot be signed."""
        return {known.member: known.grade(moment, index) for known in self._known.values()}

    # -- what runs beside them ---------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Take what stands on disk for the configuration in force, so that a restart needs no responder; what is missing is asked. All of it within a short while: the gateway
        starts without database and responder too, and then goes on trying."""
        if self._configuration.index is None:
            return
        self._adopt(self._configuration.index)
        self._read_files(self._known.values())
        try:
            async with asyncio.timeout(limits.OCSP_START_SECONDS):
                await asyncio.gather(self._poll_ocsp(), self._poll_stamps())
        except TimeoutError:
            _log.warning("Not everything that grows old is known at the start.")

    def open(self) -> None:
        """Begin to keep everything fresh."""
        self._configuration.prepare = self.prepare
        self._tasks = [
            asyncio.create_task(self._keep(self._poll_ocsp, limits.OCSP_POLL_SECONDS), name="ocsp"),
            asyncio.create_task(self._keep(self._poll_stamps, limits.STAMPS_POLL_SECONDS), name="stamps"),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def prepare(self, index: Index) -> None:
        """Ask for the status of certificates that a new configuration brings, before it is put in force: their first call finds it."""
        self._adopt(index)
        moment = now()
        await self._refresh([known for known in self._known.values() if known.status is None and known.due(moment, index)])

    async def _keep(self, poll: Any, seconds: float) -> None:
        while True:
            try:
                await poll()
            except Exception:
                _log.exception("Keeping things fresh failed")
            await asyncio.sleep(seconds)

    def _adopt(self, index: Index) -> None:
        """The certificates of ``index``; what is known of those that stay is kept."""
        if index is self._index:
            return
        authorities = list(_authorities(index))
        self._known = {
            member.certificate_serial: self._known.get(member.certificate_serial) or _known(member, authorities)
            for member in index.members.values()
        }
        self._index = index

    async def _poll_ocsp(self) -> None:
        index, moment = self._configuration.index, now()
        if index is None:
            return
        self._adopt(index)
        for known in list(self._known.values()):
            if known.unstored is not None:
                await self._store(known, *known.unstored)
        await self._refresh([known for known in self._known.values() if known.due(moment, index)])

    async def _refresh(self, due: list[_Known]) -> None:
        if not due:
            return
        await asyncio.to_thread(self._read_files, due)  # another process may have asked meanwhile
        for known in due:
            if known.unstored is not None:
                await self._store(known, *known.unstored)
        places = asyncio.Semaphore(limits.OCSP_AT_ONCE)
        index = self._index
        await asyncio.gather(*(self._ask(known, places) for known in due if index is not None and known.due(now(), index)))

    def _read_files(self, wanted: Iterable[_Known]) -> None:
        for known in wanted:
            try:
                self._take(known, self._file(known).read_bytes())
            except FileNotFoundError:
                continue
            except (OSError, OcspRefused) as error:
                known.trouble = f"the status kept on disk cannot be used ({error})"

    def _file(self, known: _Known) -> Path:
        return self._folder / f"{known.serial}.der"

    def _take(self, known: _Known, der: bytes) -> bool:
        """Believe ``der`` if it may be believed and is not older than what is known; whether it was taken."""
        if known.issuer is None:
            raise OcspRefused("ocsp_no_issuer", "its authority is none of the exchange's")
        found = ocsp.read(der, certificate=known.certificate, issuer=known.issuer, now=now())
        held = known.unstored[1] if known.unstored is not None else known.status
        if held is not None and found.this_update <= held.this_update:
            return False
        if found.status is Status.GOOD:
            known.unstored = der, found
        else:
            known.status, known.proof, known.unstored = found, None, None
            _log.error("%s", _not_good(known, found))
        return True

    async def keep(self, der: bytes, produced_at: datetime) -> OcspProof:
        """A response that another gateway put into its signature; the database holds it before the signature.

        :raises DatabaseUnavailable:
        """
        digest = sha256(der).digest()
        if digest not in self._kept:
            await self._database.fetch(_STORE, (digest, der, produced_at))
            if len(self._kept) >= limits.OCSP_KEPT:
                self._kept.clear()
            self._kept.add(digest)
        return OcspProof(digest, der)

    async def _store(self, known: _Known, der: bytes, status: CertificateStatus) -> None:
        """A good status counts from when the database holds it: a signature that holds it can then always be shown."""
        digest = sha256(der).digest()
        try:
            await self._database.fetch(_STORE, (digest, der, status.produced_at))
        except DatabaseUnavailable as error:
            known.trouble = f"its status cannot be stored ({error})"
            return
        known.status, known.proof = status, OcspProof(digest, der)
        if known.unstored is not None and known.unstored[0] is der:
            known.unstored = None

    async def _ask(self, known: _Known, places: asyncio.Semaphore) -> None:
        known.tried_at = now()
        if known.issuer is None or known.address is None:
            known.trouble = "its authority is none of the exchange's" if known.issuer is None else "it names no OCSP responder"
            return
        async with places:
            try:
                der = await self._fetch(known.address, ocsp.request(known.certificate, known.issuer))
                taken = self._take(known, der)
            except (ProviderUnreachable, BadAnswer, OcspRefused) as error:
                known.trouble = f"the responder {known.address} gave no status ({error})"
                _log.warning("The status of the certificate of %s is not told: %s", known.member, error)
                return
        if taken:
            await asyncio.to_thread(write_durably, self._file(known), der)
            if known.unstored is not None:
                await self._store(known, *known.unstored)

    async def _fetch(self, address: str, request: bytes) -> bytes:
        parts = urlsplit(address)
        answer = await self._client.send(
            origin_of(parts),
            "POST",
            parts.path or "/",
            _HEADERS,
            request,
            timeout_seconds=limits.OCSP_SECONDS,
            answer_bytes=ocsp.RESPONSE_BYTES,
        )
        if answer.status != 200:
            raise OcspRefused("ocsp_not_answered", f"the responder answers {answer.status}")
        return answer.body

    async def _poll_stamps(self) -> None:
        """How long signatures have been waiting. While the database is away nothing is signed either; what it told last stands."""
        try:
            newest = await self._database.fetch(_NEWEST_STAMP)
            since = floor(newest[0][0] - timedelta(seconds=limits.STAMPS_WINDOW_SECONDS)) if newest else floor(_BEGIN)
            oldest = await self._database.fetch(_OLDEST_UNSTAMPED, (since, since))
        except DatabaseUnavailable as error:
            _log.warning("The age of the time-stamps is not known: %s", error)
            return
        self._oldest_unstamped = oldest[0][0] if oldest else None
        self._stamps_asked = True


_BEGIN: Final = datetime.fromisoformat("2020-01-01T00:00:00+00:00")


def _authorities(index: Index) -> Iterator[x509.Certificate]:
    for pem in index.configuration.trusted_certificates_pem:
        try:
            yield from x509.load_pem_x509_certificates(pem.encode())
        except ValueError as error:
            _log.error("An authority of configuration %d cannot be read: %s", index.version, error)


def _known(member: KnownMember, authorities: list[x509.Certificate]) -> _Known:
    certificate = x509.load_pem_x509_certificate(member.entry.certificate_pem.encode())
    return _Known(
        member=member.entry.id,
        serial=member.certificate_serial,
        certificate=certificate,
        issuer=ocsp.issuer_of(certificate, authorities),
        address=ocsp.responder_address(certificate),
    )


def _too_old(code: Code, judged: Judgement, what: str) -> Fault:
    until = f"{judged.ends_at:%Y-%m-%dT%H:%M:%SZ}" if judged.ends_at is not None else "an unknown moment"
    return Fault(code, judged.reason, f"{what} could be used until {until}; that has passed.")


def _not_good(known: _Known, status: CertificateStatus) -> str:
    if status.status is Status.UNKNOWN:
        return f"The authority of the certificate {known.serial} of {known.member} does not know it."
    since = f" since {status.revoked_at:%Y-%m-%dT%H:%M:%SZ}" if status.revoked_at else ""
    return f"The certificate {known.serial} of {known.member} is revoked{since}{f' ({status.revocation_reason})' if status.revocation_reason else ''}."
