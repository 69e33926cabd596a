"""The provider's memory in PostgreSQL: :class:`toono.identity.domain.oidc.storage.Storage` over the tables of this room.

What may happen once is decided by the database: a row that is locked (codes, refresh tokens, approvals), an update that names the state
it expects (pushed requests), an insert that a second one finds (proofs, pairwise names). So any number of processes may serve.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Coalesce

from toono.identity import models
from toono.identity.domain.oidc import registration
from toono.identity.domain.oidc.storage import (
    Approval,
    ApprovalKind,
    ApprovalState,
    Binding,
    Client,
    Code,
    Consent,
    Grant,
    Pushed,
    Refresh,
    Session,
    Token,
)
from toono.identity.operations.secrets import opened, sealed
from toono.identity.queries import living_sessions
from toono.kernel.clock import now


def protocol_session(row: models.Session) -> Session:
    """A row as the protocol sees it."""
    return Session(id=str(row.id), subject=str(row.person_id), auth_time=row.auth_time, acr=row.acr, amr=tuple(row.amr))


def protocol_client(row: models.Client) -> Client:
    """The registration, read once for each text of it."""
    found = _parsed(row.client_id, row.secret_digest, json.dumps(row.metadata, sort_keys=True))
    return replace(
        found, name_mn=row.name_mn, name_en=row.name_en, trusted=row.trusted, registration_digest=row.registration_digest,
        former_secret_digest=row.former_secret_digest, tokens_from=row.tokens_from,
    )  # fmt: skip


@lru_cache(maxsize=2048)
def _parsed(client_id: str, secret_digest: str, metadata: str) -> Client:
    return registration.parsed(client_id, json.loads(metadata), secret_digest=secret_digest)


def protocol_grant(row: models.Grant) -> Grant:
    known = row.details
    session = Session(
        id=known["sid"], subject=str(row.person_id), auth_time=datetime.fromisoformat(known["auth_time"]), acr=known["acr"], amr=tuple(known["amr"])
    )  # fmt: skip
    return Grant(
        id=str(row.id), client_id=row.client_id, session=session, scope=known["scope"], userinfo_claims=tuple(known["userinfo_claims"]),
        id_token_claims=tuple(known["id_token_claims"]), resources=tuple(known["resources"]),
        authorization_details=tuple(known["authorization_details"]), offline=row.offline, revoked=row.revoked_at is not None,
    )  # fmt: skip


class DatabaseStorage:
    """One instance serves all; it holds nothing itself."""

    # -- clients ----------------------------------------------------------------------------------------------

    def client(self, client_id: str) -> Client | None:
        """None as well for one that is deactivated."""
        return self.clients([client_id]).get(client_id)

    def clients(self, client_ids: Iterable[str]) -> dict[str, Client]:
        """Those of them that there are, in one reading."""
        asked = [client_id for client_id in client_ids if "\0" not in client_id]
        return {row.client_id: protocol_client(row) for row in models.Client.objects.filter(client_id__in=asked, deactivated_at=None)}

    def save_client(self, client: Client, metadata: Mapping[str, Any]) -> None:
        models.Client.objects.create(
            client_id=client.client_id, name_mn=client.name_mn, name_en=client.name_en, secret_digest=client.secret_digest,
            metadata=dict(metadata), registration_digest=client.registration_digest, registered_at=now(),
        )  # fmt: skip

    def remove_client(self, client_id: str) -> None:
        models.Grant.objects.filter(client_id=client_id, revoked_at=None).update(revoked_at=now())
        models.AccessToken.objects.filter(client_id=client_id, revoked_at=None).update(revoked_at=now())
        models.Client.objects.filter(client_id=client_id).delete()

    # -- grants and codes -------------------------------------------------------------------------------------

    def save_grant(self, grant: Grant) -> None:
        session = grant.session
        models.Grant.objects.create(
            id=UUID(grant.id), client_id=grant.client_id, person_id=UUID(session.subject), session_id=UUID(session.id), offline=grant.offline,
            created_at=now(),
            details={
                "scope": grant.scope, "userinfo_claims": grant.userinfo_claims, "id_token_claims": grant.id_token_claims,
                "resources": grant.resources, "authorization_details": [dict(one) for one in grant.authorization_details],
                "sid": session.id, "auth_time": session.auth_time.isoformat(), "acr": session.acr, "amr": session.amr,
            },
        )  # fmt: skip

    def bound_grant(self, grant: Grant, resources: tuple[str, ...]) -> Grant:
        # Whoever comes here holds the lock of the approval, and nobody else changes the details of a grant.
        row = models.Grant.objects.get(id=UUID(grant.id))
        row.details = row.details | {"resources": resources}
        row.save(update_fields=["details"])
        return replace(grant, resources=resources)

    def revoke_grant(self, grant_id: str) -> None:
        models.Grant.objects.filter(id=UUID(grant_id), revoked_at=None).update(revoked_at=now())

    def save_code(self, digest: str, code: Code) -> None:
        self.save_grant(code.grant)
        models.AuthorizationCode.objects.create(
            digest=digest, grant_id=UUID(code.grant.id), redirect_uri=code.redirect_uri, code_challenge=code.code_challenge, nonce=code.nonce,
            dpop_jkt=code.dpop_jkt, expires_at=code.expires_at,
        )  # fmt: skip

    def locked_code(self, digest: str) -> Code | None:
        # The row lock is held until the tokens are committed; it waits for nobody but another use of the same code.
        row = models.AuthorizationCode.objects.select_for_update(of=("self",)).select_related("grant").filter(digest=digest).first()
        if row is None:
            return None
        return Code(
            grant=protocol_grant(row.grant), redirect_uri=row.redirect_uri, code_challenge=row.code_challenge, nonce=row.nonce,
            expires_at=row.expires_at, dpop_jkt=row.dpop_jkt, used=row.used_at is not None,
        )  # fmt: skip

    def mark_code_used(self, digest: str) -> None:
        models.AuthorizationCode.objects.filter(digest=digest).update(used_at=now())

    # -- tokens -----------------------------------------------------------------------------------------------

    def save_token(self, digest: str, token: Token) -> None:
        self.save_tokens({digest: token})

    def save_tokens(self, tokens: Mapping[str, Token]) -> None:
        """By digest, in one statement, whose text does not grow with them."""
        rows = [
            (
                digest,
                token.client_id,
                UUID(token.grant.id) if token.grant else None,
                json.dumps(token_details(token)),
                token.issued_at,
                token.expires_at,
            )
            for digest, token in tokens.items()
        ]
        with connection.cursor() as cursor:
            cursor.execute(_SAVE_TOKENS, [list(column) for column in zip(*rows, strict=True)])

    def token(self, digest: str) -> Token | None:
        return self.tokens([digest]).get(digest)

    def tokens(self, digests: Iterable[str]) -> dict[str, Token]:
        """Those of them that there are, by digest, in two readings."""
        rows = list(models.AccessToken.objects.select_related("grant").filter(digest__in=list(digests)))
        sessions = {row.grant.details["sid"] for row in rows if row.grant and not row.grant.offline}
        living = set(living_sessions().filter(id__in=sessions).values_list("id", flat=True)) if sessions else set()
        return {row.digest: _protocol_token(row, {str(one) for one in living}) for row in rows}

    def revoke_token(self, digest: str, token: Token) -> None:
        if models.AccessToken.objects.filter(digest=digest).update(revoked_at=Coalesce("revoked_at", now())):
            return
        # Not remembered so far. Two who revoke it at once both find it revoked.
        models.AccessToken.objects.bulk_create(
            [
                models.AccessToken(
                    digest=digest, client_id=token.client_id, grant_id=UUID(token.grant.id) if token.grant else None, details=token_details(token),
                    issued_at=token.issued_at, expires_at=token.expires_at, revoked_at=now(),
                )
            ],
            ignore_conflicts=True,
        )  # fmt: skip

    def save_refresh(self, digest: str, refresh: Refresh) -> None:
        models.RefreshToken.objects.create(
            digest=digest, grant_id=UUID(refresh.grant.id), jkt=refresh.binding.jkt, x5t=refresh.binding.x5t, expires_at=refresh.expires_at
        )

    def locked_refresh(self, digest: str) -> Refresh | None:
        # Held until the successor is committed: of two that come at once the second finds the first one's reply.
        row = models.RefreshToken.objects.select_for_update(of=("self",)).select_related("grant").filter(digest=digest).first()
        if row is None:
            return None
        used = bool(row.successor) and models.RefreshToken.objects.filter(digest=row.successor).exclude(replaced_at=None).exists()
        return Refresh(
            grant=protocol_grant(row.grant), binding=Binding(jkt=row.jkt, x5t=row.x5t), expires_at=row.expires_at, replaced_at=row.replaced_at,
            successor=row.successor, successor_used=used, sealed_reply=row.sealed_reply,
        )  # fmt: skip

    def replace_refresh(self, digest: str, *, successor: str, sealed_reply: str) -> None:
        models.RefreshToken.objects.filter(digest=digest).update(replaced_at=now(), successor=successor, sealed_reply=sealed_reply)

    def forget_reply(self, digest: str) -> None:
        models.RefreshToken.objects.filter(digest=digest).update(sealed_reply="")

    # -- what counts once -------------------------------------------------------------------------------------

    def use_once(self, kind: str, value: str, until: datetime) -> bool:
        # One statement: a second process that inserts the same waits for the first and then inserts nothing.
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO identity_usedvalue (value, expires_at) VALUES (%s, %s) ON CONFLICT (value) DO NOTHING",
                [f"{kind}:{value}", until],
            )
            return bool(cursor.rowcount == 1)

    def save_pushed(self, digest: str, pushed: Pushed) -> None:
        models.PushedRequest.objects.create(
            digest=digest,
            client_id=pushed.client_id,
            parameters=dict(pushed.parameters),
            signed=pushed.signed,
            expires_at=pushed.expires_at,
        )

    def pushed(self, digest: str) -> Pushed | None:
        row = models.PushedRequest.objects.filter(digest=digest).first()
        if row is None:
            return None
        return Pushed(
            client_id=row.client_id, parameters=row.parameters, expires_at=row.expires_at, signed=row.signed, used=row.used_at is not None
        )

    def use_pushed(self, digest: str) -> bool:
        return bool(models.PushedRequest.objects.filter(digest=digest, used_at=None).update(used_at=now()))

    # -- persons ----------------------------------------------------------------------------------------------

    def consent(self, subject: str, client_id: str) -> Consent:
        row = models.Consent.objects.filter(person_id=UUID(subject), client_id=client_id).first()
        return Consent(asked=frozenset(row.asked), agreed=frozenset(row.agreed)) if row else Consent()

    def pairwise(self, sector: str, subject: str) -> str:
        name = models.PairwiseName(sector=sector, person_id=UUID(subject), name=secrets.token_urlsafe(32))
        found = models.PairwiseName.objects.filter(sector=sector, person_id=UUID(subject)).values_list("name", flat=True)
        if not found.exists():
            models.PairwiseName.objects.bulk_create([name], ignore_conflicts=True)
        return str(found.get())

    def subject_of(self, sector: str, name: str) -> str | None:
        found = models.PairwiseName.objects.filter(sector=sector, name=name).values_list("person_id", flat=True).first()
        return str(found) if found else None

    def session_lives(self, session_id: str) -> bool:
        return living_sessions().filter(id=UUID(session_id)).exists()

    def person_by_regnum(self, regnum: str) -> str | None:
        found = models.Person.objects.filter(regnum=regnum).values_list("id", flat=True).first()
        return str(found) if found else None

    def register_claims(self, subject: str) -> Mapping[str, str]:
        found = models.Person.objects.values("clan_name", "patronymic", "given_name", "civil_id").filter(id=UUID(subject)).first()
        return {str(name): str(value) for name, value in (found or {}).items()}

    # -- approvals --------------------------------------------------------------------------------------------

    def save_approval(self, digest: str, approval: Approval) -> None:
        models.Approval.objects.create(
            digest=digest, kind=approval.kind.value, client_id=approval.client_id, scope=approval.scope, user_code=approval.user_code,
            person_id=UUID(approval.subject) if approval.subject else None, binding_message=approval.binding_message,
            notification_token=sealed("notification", approval.notification_token) if approval.notification_token else "",
            auth_req_id=sealed("auth_req_id", approval.auth_req_id) if approval.auth_req_id else "",
            authorization_details=[dict(one) for one in approval.authorization_details], interval_seconds=approval.interval_seconds,
            resources=list(approval.resources), state=approval.state.value, created_at=now(), expires_at=approval.expires_at,
        )  # fmt: skip

    def locked_approval(self, digest: str) -> Approval | None:
        row = models.Approval.objects.select_for_update(of=("self",)).select_related("grant").filter(digest=digest).first()
        return protocol_approval(row) if row else None

    def change_approval(
        self, digest: str, *, state: ApprovalState | None = None, polled_at: datetime | None = None, interval_seconds: int | None = None
    ) -> None:
        changes = {"state": state.value if state else None, "polled_at": polled_at, "interval_seconds": interval_seconds}
        models.Approval.objects.filter(digest=digest).update(**{name: value for name, value in changes.items() if value is not None})


_SAVE_TOKENS = """
    INSERT INTO identity_accesstoken (digest, client_id, grant_id, details, issued_at, expires_at)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::jsonb[], %s::timestamptz[], %s::timestamptz[])
"""


def token_details(token: Token) -> dict[str, Any]:
    """What a row of a token holds beside its columns."""
    return {
        "id": token.id, "scope": token.scope, "audience": token.audience, "jkt": token.binding.jkt, "x5t": token.binding.x5t,
        "authorization_details": [dict(one) for one in token.authorization_details], "actors": token.actors,
    }  # fmt: skip


def _protocol_token(row: models.AccessToken, living: set[str]) -> Token:
    """:param living: ids of the sessions that have not ended."""
    grant, known = protocol_grant(row.grant) if row.grant else None, row.details
    over = grant is not None and (grant.revoked or not (grant.offline or grant.session.id in living))
    return Token(
        id=known["id"], client_id=row.client_id, scope=known["scope"], issued_at=row.issued_at, expires_at=row.expires_at,
        audience=tuple(known["audience"]), grant=grant, binding=Binding(jkt=known["jkt"], x5t=known["x5t"]),
        authorization_details=tuple(known["authorization_details"]), actors=tuple(known["actors"]),
        dead=row.revoked_at is not None or over,
    )  # fmt: skip


def protocol_approval(row: models.Approval) -> Approval:
    return Approval(
        kind=ApprovalKind(row.kind), client_id=row.client_id, scope=row.scope, expires_at=row.expires_at, interval_seconds=row.interval_seconds,
        state=ApprovalState(row.state), user_code=row.user_code, subject=str(row.person_id or ""), binding_message=row.binding_message,
        notification_token=opened("notification", row.notification_token) if row.notification_token else "",
        auth_req_id=opened("auth_req_id", row.auth_req_id) if row.auth_req_id else "",
        authorization_details=tuple(row.authorization_details), polled_at=row.polled_at, grant=protocol_grant(row.grant) if row.grant else None,
        resources=tuple(row.resources),
    )  # fmt: skip
