"""From what was read to the answer (ETSI EN 319 102-1 §5.3, §5.5, §5.6): one signature at a time. Pure; the moment is an argument.

Stricter than the standard in one point, as all of this room is: after the theft of a key nothing that it signed stays good, since nobody knows
since when the thief has had it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from toono.kernel.text import clean
from toono.pki.contracts import (
    Coverage,
    Indication,
    ReachedLevel,
    Signatory,
    SignatureReport,
    StampReport,
    SubIndication,
    TimeSource,
)
from toono.pki.domain.algorithm_ends import ALGORITHM_ENDS, outlived
from toono.pki.domain.validation import limits, paths, status
from toono.pki.domain.validation.paths import Anchor, Path, Patience, Purpose
from toono.pki.domain.validation.reading import Reading, SignatureReading, StampReading
from toono.pki.domain.validation.status import Status

FAILURES = frozenset(
    {
        SubIndication.FORMAT_FAILURE,
        SubIndication.HASH_FAILURE,
        SubIndication.SIG_CRYPTO_FAILURE,
        SubIndication.REVOKED,
        SubIndication.EXPIRED,
        SubIndication.NOT_YET_VALID,
    }
)
WORST_FIRST = tuple(Indication)
ARCHIVES = frozenset({"archive", "container"})


@dataclass(frozen=True)
class World:
    """Everything beside the file that decides: whom to trust, what is known of certificates, and the moment."""

    now: datetime
    anchors: Sequence[Anchor]
    certificates: Sequence[x509.Certificate] = ()
    """From the file and of our authorities; not trusted for standing here."""
    lists: Sequence[bytes] = ()
    answers: Sequence[bytes] = ()
    register: Mapping[bytes, Status] = field(default_factory=dict)
    """What our own register says, by the certificate's DER."""
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True)
class Worth:
    """What a certificate is worth for a moment."""

    failure: SubIndication | None = None
    detail: str = ""
    path: Path | None = None
    revoked_at: datetime | None = None
    missing: tuple[tuple[x509.Certificate, x509.Certificate], ...] = ()
    """Certificates of the path without a usable status, with their issuers."""
    embedded: bool = False
    """The file's own material tells of every certificate of the path."""


@dataclass(frozen=True)
class Moment:
    """Since when something is proven to exist."""

    at: datetime
    proven: bool = False
    """By a time-stamp; otherwise ``at`` is the moment of the check."""
    claimed: datetime | None = None
    material: datetime | None = None
    """Since when the material of the file is proven to exist."""


@dataclass(frozen=True)
class Judged:
    """The answer, and what could still be asked elsewhere to make it better."""

    report: SignatureReport
    missing: tuple[tuple[x509.Certificate, x509.Certificate], ...]


def indication(failure: SubIndication | None) -> Indication:
    """Which of the three answers a sub-indication belongs to (table 6)."""
    if failure is None:
        return Indication.TOTAL_PASSED
    return Indication.TOTAL_FAILED if failure in FAILURES else Indication.INDETERMINATE


def worst(reports: Sequence[SignatureReport]) -> SignatureReport:
    """The report of the worst signature."""
    return min(reports, key=lambda report: WORST_FIRST.index(report.indication))


def world_of(reading: Reading, *, now: datetime, anchors: Sequence[Anchor], more: World | None = None) -> World:
    """The world as it is for one file; ``more`` brings our own authorities, register and what was fetched."""
    own = more or World(now=now, anchors=anchors)
    certificates = [found for found in map(paths.parsed, reading.certificates) if found is not None]
    return World(
        now=now,
        anchors=anchors,
        certificates=(*own.certificates, *certificates),
        lists=(*own.lists, *reading.lists),
        answers=(*own.answers, *reading.answers),
        register=own.register,
    )


def judge(read: SignatureReading, world: World) -> Judged:
    """One signature."""
    stamps = _judge_stamps(read, world)
    best, source, archived = _best_time(read, stamps)
    moment = Moment(best or world.now, best is not None, read.claimed_time, archived or world.now)
    certificate = paths.parsed(read.certificate) if read.certificate else None
    worth = certificate_worth(certificate, Purpose.SIGNATURE, moment, world)
    failure, detail = _failure(read, worth, stamps, moment)
    if best is None and read.claimed_time:
        source = TimeSource.CLAIMED
    report = SignatureReport(
        id=read.id,
        indication=indication(failure),
        sub_indication=failure,
        unread=read.unread,
        level=_level(read, stamps, worth),
        signatory=signatory(certificate) if certificate else None,
        trusted=worth.path is not None and worth.failure is not SubIndication.CHAIN_CONSTRAINTS_FAILURE,
        trust_source=worth.path.anchor.source if worth.path else "",
        best_time=best,
        claimed_time=read.claimed_time,
        time_source=source,
        coverage=read.coverage,
        covered=read.covered[: limits.NAMES_TOLD],
        stamps=tuple(_stamp_report(stamp, one) for stamp, one in stamps),
        algorithm=read.algorithm,
        revoked_at=worth.revoked_at,
        detail=detail,
    )
    return Judged(report, (*worth.missing, *(pair for _, one in stamps for pair in one.missing)))


def judge_stamp(read: StampReading, world: World) -> tuple[StampReport, Worth]:
    """A time-stamp that stands alone (§5.4), and what it is worth. That what it is over is not at hand counts after everything else."""
    absent = read.failure is SubIndication.SIGNED_DATA_NOT_FOUND
    worth = _stamp_worth(read.model_copy(update={"failure": None}) if absent else read, world.now, world)
    if absent and worth.failure is None:
        worth = replace(worth, failure=read.failure, detail=read.detail)
    return _stamp_report(read, worth), worth


def certificate_worth(certificate: x509.Certificate | None, purpose: Purpose, moment: Moment, world: World) -> Worth:
    """By the best of its paths."""
    if certificate is None:
        return Worth(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "there is no certificate that can be read")
    possible = paths.paths(certificate, world.certificates, world.anchors, purpose, world.patience)
    found = [_path_worth(path, purpose, moment, world) for path in islice(possible, limits.PATHS)]
    if not found:
        return Worth(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "no path to an authority that is trusted here")
    return min(found, key=lambda worth: (worth.failure is not None, worth.failure in FAILURES))


def signatory(certificate: x509.Certificate) -> Signatory:
    """Whom a certificate names; control characters, which could rewrite a page's line, are taken out."""

    def value(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
        found = name.get_attributes_for_oid(oid)
        return clean(str(found[0].value))[:200] if found else ""

    subject, issuer = certificate.subject, certificate.issuer
    parts = (value(subject, NameOID.SURNAME), value(subject, NameOID.GIVEN_NAME))
    return Signatory(
        name=value(subject, NameOID.COMMON_NAME) or " ".join(part for part in parts if part),
        organisation=value(subject, NameOID.ORGANIZATION_NAME),
        organisation_number=value(subject, NameOID.ORGANIZATION_IDENTIFIER),
        country=value(subject, NameOID.COUNTRY_NAME),
        issuer=value(issuer, NameOID.COMMON_NAME) or value(issuer, NameOID.ORGANIZATION_NAME),
        serial=f"{certificate.serial_number:x}",
        sha256=certificate.fingerprint(SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _judge_stamps(read: SignatureReading, world: World) -> list[tuple[StampReading, Worth]]:
    """Newest archive time-stamp first: each older one need only have been good when the next newer one was made (§5.6.3)."""
    in_order = sorted(read.stamps, key=lambda stamp: (stamp.kind in ARCHIVES, stamp.time or world.now), reverse=True)
    known, judged = world.now, []
    for stamp in in_order:
        worth = _stamp_worth(stamp, known, world)
        if worth.failure is None and stamp.kind in ARCHIVES and stamp.time:
            known = min(known, stamp.time)
        judged.append((stamp, worth))
    return sorted(judged, key=lambda pair: pair[0].time or world.now)


def _stamp_worth(stamp: StampReading, known: datetime, world: World) -> Worth:
    if stamp.failure is not None:
        return Worth(stamp.failure, stamp.detail)
    if stamp.time is None or stamp.time > world.now:
        return Worth(SubIndication.FORMAT_FAILURE, "a time-stamp of the future")
    certificate = paths.parsed(stamp.certificate) if stamp.certificate else None
    worth = certificate_worth(certificate, Purpose.TIME_STAMP, Moment(known, known < world.now, stamp.time, known), world)
    if worth.failure is None and certificate and not certificate.not_valid_before_utc <= stamp.time <= certificate.not_valid_after_utc:
        return Worth(SubIndication.OUT_OF_BOUNDS_NO_POE, "stamped outside the time of its unit's certificate", worth.path)
    if worth.failure is None and (crypto := _crypto(stamp.algorithms, known)):
        return Worth(crypto[0], f"the time-stamp uses {crypto[1]}", worth.path)
    return worth


def _best_time(read: SignatureReading, stamps: Iterable[tuple[StampReading, Worth]]) -> tuple[datetime | None, TimeSource, datetime | None]:
    """Since when the signature exists, how that is known, and since when its material does."""
    good = [stamp for stamp, worth in stamps if worth.failure is None and stamp.time]
    direct = [stamp.time for stamp in good if stamp.kind == "signature" and stamp.time]
    archive = [stamp.time for stamp in good if stamp.kind in ARCHIVES and stamp.time]
    first = min([*direct, *archive], default=None)
    source = TimeSource.NONE if first is None else TimeSource.TIME_STAMP if first in direct else TimeSource.ARCHIVE_TIME_STAMP
    return first, source, min(archive, default=None)


def _failure(
    read: SignatureReading, worth: Worth, stamps: Sequence[tuple[StampReading, Worth]], moment: Moment
) -> tuple[SubIndication | None, str]:
    """The first of the checks that does not hold; the order is that of the standard's building blocks."""
    content = [s.time for s, w in stamps if s.kind == "content" and w.failure is None and s.time]
    after = [s.time for s, w in stamps if s.kind != "content" and w.failure is None and s.time]
    crypto = _crypto(read.algorithms, moment.at) or (None, "")
    disordered = bool(content and after and min(content) > min(after))
    checks: tuple[tuple[bool, SubIndication | None, str], ...] = (
        (read.failure is not None, read.failure, read.detail),
        (read.coverage is Coverage.CHANGED, SubIndication.FORMAT_FAILURE, read.detail or "changed after it was signed"),
        (worth.failure is not None, worth.failure, worth.detail),
        (crypto[0] is not None, crypto[0], f"it uses {crypto[1]}"),
        (disordered, SubIndication.TIMESTAMP_ORDER_FAILURE, "the time-stamps contradict each other"),
        (read.coverage is Coverage.PART, SubIndication.SIG_CONSTRAINTS_FAILURE, "only a part of the file is signed"),
        (
            read.coverage is Coverage.FORM_FILLED and not read.changes_permitted,
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            "fields were filled in or notes added after it was signed",
        ),
    )
    return next(((failure, detail) for wrong, failure, detail in checks if wrong), (None, ""))


def _path_worth(path: Path, purpose: Purpose, moment: Moment, world: World) -> Worth:
    if reason := paths.forbidden(path, purpose):
        return Worth(SubIndication.CHAIN_CONSTRAINTS_FAILURE, reason, path)
    if not path.anchor.granted_at(moment.at):
        return Worth(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "the trusted list did not grant the service at that time")
    if crypto := _crypto(paths.algorithms(path), moment.at):
        return Worth(crypto[0], f"the path uses {crypto[1]}", path)
    revoked = _revocation(path, moment, world)
    if revoked.failure in {SubIndication.REVOKED, SubIndication.REVOKED_NO_POE, SubIndication.REVOKED_CA_NO_POE}:
        return revoked
    out_of_time = _out_of_time(path, moment)
    if out_of_time is not None:
        return Worth(out_of_time[0], out_of_time[1], path, revoked.revoked_at, embedded=revoked.embedded)
    return revoked


def _crypto(names: Iterable[str], at: datetime) -> tuple[SubIndication, str] | None:
    """Whether one of these algorithms is trusted no longer at the moment since when the thing is known to exist (§5.2.8, §5.5.4 step 4). One
    that was never trusted is no question of time."""
    name = outlived(names, at)
    if name is None:
        return None
    if name not in ALGORITHM_ENDS:
        return SubIndication.CRYPTO_CONSTRAINTS_FAILURE, f"{name}, which is not trusted"
    return (
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        f"{name}, trusted until {ALGORITHM_ENDS[name]:%Y-%m-%d}; nothing proves that it is older",
    )


def _out_of_time(path: Path, moment: Moment) -> tuple[SubIndication, str] | None:
    leaf = path.certificates[0]
    if moment.at < leaf.not_valid_before_utc:
        return SubIndication.NOT_YET_VALID, "signed before the certificate was valid"
    if moment.at > leaf.not_valid_after_utc:
        if moment.claimed and moment.claimed > leaf.not_valid_after_utc:
            return SubIndication.EXPIRED, "signed after the certificate had expired"
        return SubIndication.OUT_OF_BOUNDS_NO_POE, "the certificate has expired, and nothing proves that it was signed before"
    for authority, _ in list(path.steps())[1:]:
        if not authority.not_valid_before_utc <= moment.at <= authority.not_valid_after_utc:
            return SubIndication.OUT_OF_BOUNDS_NO_POE, "an authority's certificate in the path is out of its time"
    return None


def _revocation(path: Path, moment: Moment, world: World) -> Worth:
    missing, revoked_at, embedded = [], None, True
    for position, (certificate, issuer) in enumerate(path.steps()):
        if not paths.needs_status(certificate):
            continue
        told = [*status.from_lists(certificate, issuer, world.lists, world.patience, at=moment.material or world.now)]
        told += status.from_answers(certificate, issuer, world.answers, world.patience, at=moment.material or world.now)
        usable = [one for one in told if one.tells(moment.at)]
        embedded = embedded and bool(usable)
        registered = world.register.get(paths.der(certificate))
        # Our own register knows best: it is the source of our lists and answers.
        known = registered or max(usable, key=lambda one: (one.revoked_at is not None, one.this_update), default=None)
        if known is None:
            missing.append((certificate, issuer))
            continue
        failure = _touched(known, moment, authority=position > 0)
        if failure is not None:
            return Worth(failure, f"revoked at {known.revoked_at}: {known.reason or 'no reason given'}", path, known.revoked_at)
        revoked_at = revoked_at or (known.revoked_at if position == 0 else None)
    if missing:
        return Worth(SubIndication.TRY_LATER, "it is not known whether the certificate was revoked", path, revoked_at, tuple(missing))
    return Worth(None, "", path, revoked_at, embedded=embedded)


def _touched(known: Status, moment: Moment, *, authority: bool) -> SubIndication | None:
    """What a revocation does to what was signed at a moment (§5.3.4, §5.5.4)."""
    if known.revoked_at is None or known.reason == "remove_from_crl":
        return None
    if known.reason in status.STOLEN:
        return SubIndication.REVOKED_CA_NO_POE if authority else SubIndication.REVOKED
    if moment.proven and moment.at < known.revoked_at:
        return None
    if known.reason == status.HOLD:
        return SubIndication.TRY_LATER
    if authority:
        return SubIndication.REVOKED_CA_NO_POE
    if moment.claimed is not None and moment.claimed >= known.revoked_at:
        return SubIndication.REVOKED
    return SubIndication.REVOKED_NO_POE


def _level(read: SignatureReading, stamps: Sequence[tuple[StampReading, Worth]], worth: Worth) -> ReachedLevel:
    good = {stamp.kind for stamp, one in stamps if one.failure is None}
    if not read.bound:
        return ReachedLevel.NONE
    if not good & ({"signature"} | ARCHIVES):
        return ReachedLevel.B_B
    if not (read.material and worth.embedded):
        return ReachedLevel.B_T
    return ReachedLevel.B_LTA if good & ARCHIVES else ReachedLevel.B_LT


def _stamp_report(stamp: StampReading, worth: Worth) -> StampReport:
    certificate = paths.parsed(stamp.certificate) if stamp.certificate else None
    return StampReport(
        kind=stamp.kind,
        time=stamp.time,
        authority=signatory(certificate).name if certificate else "",
        indication=indication(worth.failure),
        sub_indication=worth.failure,
    )
