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

    codes_per_day: int = 20
    """The same within a day: nobody's phone is flooded, and nobody's number costs more."""
    platform_codes: int = 20_000
    """Codes of the whole platform in an address window: a wave of requests from everywhere costs no more than this."""
    platform_codes_per_day: int = 400_000
    """Ceiling of cost: texts with codes in a day (UTC)."""
    platform_failures: int = 2_000
    """Wrong codes of the whole platform in an address window; beyond, a code is worth one try, so that guessing at many people pays nobody."""

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
    authorization_response_lifetime: timedelta = timedelta(minutes=5)
    """A signed answer (JARM)."""
    refresh_token_lifetime: timedelta = timedelta(days=30)
    """From its last use; a family that is used goes on as long as its session, or as the person wants."""
    refresh_redelivery: timedelta = timedelta(seconds=60)
    """How long a lost reply to a refresh is given once more."""
    pushed_lifetime: timedelta = timedelta(seconds=90)
    """FAPI 2.0 §5.3.2.2: less than ten minutes."""
    request_object_lifetime: timedelta = timedelta(hours=1)
    """FAPI 2.0 Message Signing §5.3.1: at most 60 minutes."""
    assertion_lifetime: timedelta = timedelta(hours=1)
    """A client assertion lives no longer; its ``jti`` is remembered as long."""
    clock_skew: timedelta = timedelta(seconds=10)
    """FAPI 2.0 §5.3.2.1: clocks of clients may be ten seconds ahead."""
    proof_skew: timedelta = timedelta(seconds=60)
    """How old, or ahead, a DPoP proof may be."""
    dpop_nonce_turn: timedelta = timedelta(minutes=5)
    """A nonce is taken in its turn and the next."""
    device_lifetime: timedelta = timedelta(minutes=10)
    ciba_lifetime: timedelta = timedelta(minutes=5)
    ciba_waiting: int = 5
    """Requests of clients that may wait for one person at a time."""
    poll_seconds: int = 5
    """Between two questions of a client that waits for its person; so much longer each time it asks too soon."""
    longest_poll_seconds: int = 60
    user_code_tries: int = 10
    """Wrong device codes of one person in an hour."""
    logout_token_lifetime: timedelta = timedelta(minutes=2)
    logout_attempts: int = 13
    """Back-channel logout: ten seconds, twenty, forty … for about a day."""
    software_statement_lifetime: timedelta = timedelta(days=30)
    key_published_before: timedelta = timedelta(days=1)
    """A new signing key stands in JWKS so long before its first use: longer than anybody should keep the document."""
    key_kept_after: timedelta = timedelta(days=1)
    """And the old one after its last: longer than anything that it signed lives."""
    dan_token_lifetime: timedelta = timedelta(hours=1)
    """As ДАН tells its clients."""
    parameter_length: int = 12288
    """Characters of one parameter of a protocol request: a signed request holds all others."""
    request_length: int = 32768
    """Characters of a whole protocol request."""

    person_refresh_after: timedelta = timedelta(days=1)
    """A person's record older than this is read again from the register at sign-in."""
    person_usable_for: timedelta = timedelta(days=30)
    """A record up to this age serves while the register does not answer."""
    outage_shown_for: timedelta = timedelta(seconds=30)
    """How long after a failed reading of the register everybody is told that it does not answer."""
    kept_after_end: timedelta = timedelta(days=1)
    """Ended flows, codes, tokens and counts are removed after this."""
    logout_ledger_kept: timedelta = timedelta(days=30)
    """Whom the platform told that a person signed out."""
    guard_kept: timedelta = timedelta(days=90)
    """Counts of failures are removed after this without a new one."""

    refusals_kept: timedelta = timedelta(days=30)
    """The log of refusals in the console."""
    refusals_kept_each: int = 50
    """Of one client, endpoint and cause, so many a day are kept one by one; beyond, only their number."""
    former_secret_kept: timedelta = timedelta(days=30)
    """While a client's secret is being changed, the one before is good so long at most."""
    trial_lifetime: timedelta = timedelta(minutes=15)
    """A trial of a registration in the console, with its twin's keys."""
    trials_kept: timedelta = timedelta(days=1)

    look_lifetime: timedelta = timedelta(minutes=30)
    """How long an account stays open to the supporter who gave a reason."""
    looks_per_hour: int = 20
    """Of one supporter, found or not."""
    looks_per_day: int = 80
    misses_per_hour: int = 6
    """Looks of one supporter that found nobody."""
    phone_change_lifetime: timedelta = timedelta(days=3)
    """A wished telephone number that nobody decided upon lapses."""


LIMITS = Limits()
