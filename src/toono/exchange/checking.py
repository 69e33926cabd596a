"""``toono exchange check-log``: whether the log of a time is as it was written. Needs the database; asks neither gateway nor signer."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from toono.kernel.actor import system
from toono.kernel.clock import now

if TYPE_CHECKING:
    from toono.exchange.contracts import LogReport

SOUND, FOUND = 0, 1
"""Exit codes."""
_DAY: Final = timedelta(days=1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of the command."""
    parser.add_argument("--since", type=_moment, help="begin, ISO 8601 (2026-11-22 or 2026-11-22T07:00+08:00); a day ago by default")
    parser.add_argument("--until", type=_moment, help="end, not included; now by default")


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Check, and ``say`` line by line what was seen and found. Django is set up already."""
    from toono.exchange.api import verify_log

    until = arguments.until or now()
    since = arguments.since or until - _DAY
    report = verify_log(actor=system("check-log"), since=since, until=until)
    for line in lines(report):
        say(line)
    return SOUND if report.sound else FOUND


def lines(report: LogReport) -> Iterator[str]:
    """A report in words."""
    yield f"Checked from {report.since:%Y-%m-%dT%H:%M:%SZ} to {report.until:%Y-%m-%dT%H:%M:%SZ}:"
    yield f"  {report.batches} batches in {report.chains} chains, {report.signatures} signatures, {report.stamps} time-stamps, {report.roots} hourly roots"
    yield f"  {report.messages} messages, {report.readings} readings, {report.outcomes} calls without an answer"
    if report.aged:
        yield f"  {report.aged} entries are gone because they were kept as long as they are to be kept"
    if report.unstamped:
        yield f"  {report.unstamped} signatures and links wait for their time-stamp"
    for finding in report.findings:
        yield f"  {finding.kind}: {finding.subject}" + (f" ({finding.detail})" if finding.detail else "")
    if report.found > len(report.findings):
        yield f"  … and {report.found - len(report.findings)} more"
    yield "The log is as it was written." if report.sound else f"The log is not as it was written: {report.found} findings."


def _moment(text: str) -> datetime:
    """A moment without a zone is of UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
