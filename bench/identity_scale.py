"""Signing in on an empty store, and among a million persons of whom two hundred thousand are signed in: is it as fast with many as with few?

The many are made by the database itself; those who sign in are the register's, none of whom the store knows before.
"""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from bench.identity import our_sign_ins
from bench.load import Result
from tests.stage import Stack

PERSONS, SESSIONS = 1_000_000, 200_000
MOST = 1.3
"""Sign-in p95 among the many, beside that of the empty store."""
Add = Callable[[str, Result, str], Result]

_FILL = (
    """
    INSERT INTO identity_person (id, civil_id, regnum, clan_name, patronymic, given_name, birth_date, phone, registered_at, refreshed_at)
    SELECT gen_random_uuid(), (800000000000 + n)::text, 'Щ' || lpad(n::text, 9, '0'), 'Боржигон', 'Дорж', 'Сарнай', DATE '1990-01-01' + n %% 9000,
      (30000000 + n)::text, now(), now()
    FROM generate_series(1, %(persons)s) n
    """,
    """
    INSERT INTO identity_session (id, token_digest, person_id, auth_time, acr, amr, last_used_at, expires_at, device)
    SELECT gen_random_uuid(), encode(sha256(id::text::bytea), 'hex'), id, now(), 'substantial', '["sms"]', now(), now() + interval '12 hours', 'Chrome, Android'
    FROM (SELECT id FROM identity_person WHERE civil_id LIKE '8%%' LIMIT %(sessions)s) p
    """,
    """
    INSERT INTO identity_grant (id, client_id, person_id, session_id, details, offline, created_at)
    SELECT gen_random_uuid(), 'portal', person_id, id, jsonb_build_object('scope', 'openid register', 'userinfo_claims', '[]'::jsonb, 'id_token_claims', '[]'::jsonb,
      'resources', '[]'::jsonb, 'authorization_details', '[]'::jsonb, 'sid', id, 'auth_time', now(), 'acr', 'substantial', 'amr', '["sms"]'::jsonb), false, now()
    FROM identity_session WHERE device = 'Chrome, Android'
    """,
    """
    INSERT INTO identity_accesstoken (digest, client_id, grant_id, details, issued_at, expires_at)
    SELECT encode(sha256(id::text::bytea), 'hex'), client_id, id, '{}', now(), now() + interval '10 minutes' FROM identity_grant
    """,
    """
    INSERT INTO identity_guard (key, failures, changed_at)
    SELECT encode(sha256(('g' || n)::bytea), 'hex'), 0, now() FROM generate_series(1, %(persons)s) n
    """,
)


def fill(stack: Stack, *, persons: int = PERSONS, sessions: int = SESSIONS) -> None:
    """A million persons with their guards, the sessions of the living, with a grant and a token each."""
    with psycopg.connect(stack.settings.database_dsn, autocommit=True) as connection:
        for statement in _FILL:
            connection.execute(statement, {"persons": persons, "sessions": sessions})
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def measure(stack: Stack, add: Add, *, count: int = 120, persons: int = PERSONS, sessions: int = SESSIONS) -> float:
    """Both rows on one fresh store; gives the quotient of the p95."""
    our_sign_ins(stack, count=12)
    empty = add("sign-in, empty store", our_sign_ins(stack, count=count, offset=20), "four at once, SMS included")
    fill(stack, persons=persons, sessions=sessions)
    our_sign_ins(stack, count=12, offset=20 + count)
    full = our_sign_ins(stack, count=count, offset=40 + count)
    quotient = full.p95_ms / empty.p95_ms
    add(
        f"**sign-in among {persons:,} persons, {sessions:,} live sessions**",
        full,
        f"p95 {quotient:.2f} of the empty store's; at most {MOST}",
    )
    return quotient
