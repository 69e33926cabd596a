"""Every limit of signing in, sessions and tokens, in one place.

Sources: NIST SP 800-63B-4 (codes of 20 bits or more, at most 10 minutes, once, bound to the session; at most 100 failures in
a row), OWASP ASVS 5.0 6.5, 6.6, 7.3, 10.4, RFC 6749 §4.1.2 (codes live minutes at most).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is allowed how often and for how long."""

    code_lifetime: timedelta = timedelta(minutes=5)
    """From the moment at which the code is drawn, just before it is sent."""
    code_tries: int = 5
    """Wrong entries of one code; then a new one must be asked for."""
    code_interval: timedelta = timedelta(seconds=60)
    """Between two codes for one register number. A code that was used to sign in counts no more."""
    codes_per_hour: int = 5
    """For one register number, not counting those that were used to sign in."""
    challenge_lifetime: timedelta = timedelta(minutes=15)
    """How long a code may still be sent after it was asked for, when the register or the SMS operator was down."""

    failures_before_lock: int = 10
    """Wrong codes in a row for one register number, over all browsers; each further ten lock again, for longer."""
    first_lock: timedelta = timedelta(minutes=15)
    """Doubles with each further lock."""
    longest_lock: timedelta = timedelta(hours=24)

    address_window: timedelta = timedelta(minutes=10)
    address_requests: int = 120
    """Codes asked for from one network address in a window. Wide, since a mobile operator hides thousands of people behind one."""
    address_failures: int = 60
    """Wrong codes from one network address in a window."""

    flow_lifetime: timedelta = timedelta(minutes=30)
    """From the first page of signing in to the last."""
    session_total: timedelta = timedelta(hours=12)
    """A session ends after this even when in use. The idle time is the setting ``sessions_idle_minutes``."""
    session_touch: timedelta = timedelta(seconds=60)
    """How exactly the last use of a session is kept; spares a write per page."""

    authorization_code_lifetime: timedelta = timedelta(seconds=60)
    access_token_lifetime: timedelta = timedelta(minutes=10)
    id_token_lifetime: timedelta = timedelta(minutes=5)
    parameter_length: int = 2048
    """Characters of one parameter of a protocol request."""
    request_length: int = 16384
    """Characters of a whole protocol request."""

    person_refresh_after: timedelta = timedelta(days=1)
    """A person's record older than this is read again from the register at sign-in."""
    person_usable_for: timedelta = timedelta(days=30)
    """A record up to this age serves while the register does not answer."""
    outage_shown_for: timedelta = timedelta(seconds=30)
    """How long after a failed reading of the register everybody is told that it does not answer."""
    kept_after_end: timedelta = timedelta(days=1)
    """Ended flows, codes, tokens and counts are removed after this."""
    guard_kept: timedelta = timedelta(days=90)
    """Counts of failures are removed after this without a new one."""


LIMITS = Limits()
