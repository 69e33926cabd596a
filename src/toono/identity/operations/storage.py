"""The provider's memory in PostgreSQL: :class:`toono.identity.domain.oidc.storage.Storage` over the tables of this room."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from toono.identity import models
from toono.identity.domain.oidc.storage import Client, Code, Session, Token
from toono.identity.queries import living_sessions
from toono.kernel.clock import now


def protocol_session(row: models.Session) -> Session:
    """A row as the protocol sees it. The subject is public: the same person is the same for every client."""
    return Session(id=str(row.id), subject=str(row.person_id), auth_time=row.auth_time, acr=row.acr, amr=tuple(row.amr))


class DatabaseStorage:
    """One instance serves all; it holds nothing itself."""

    def client(self, client_id: str) -> Client | None:
        row = models.Client.objects.filter(client_id=client_id).first()
        if row is None:
            return None
        return Client(
            client_id=row.client_id, name_mn=row.name_mn, name_en=row.name_en, secret_digest=row.secret_digest,
            redirect_uris=tuple(row.redirect_uris), post_logout_redirect_uris=tuple(row.post_logout_redirect_uris), scopes=frozenset(row.scopes),
        )  # fmt: skip

    def save_code(self, digest: str, code: Code) -> None:
        models.AuthorizationCode.objects.create(
            digest=digest, client_id=code.client_id, redirect_uri=code.redirect_uri, code_challenge=code.code_challenge, nonce=code.nonce,
            scope=code.scope, session_id=UUID(code.session.id), expires_at=code.expires_at,
        )  # fmt: skip

    def locked_code(self, digest: str) -> Code | None:
        # The row lock is held until the tokens are committed; it waits for nobody but another use of the same code.
        row = models.AuthorizationCode.objects.select_for_update(of=("self",)).select_related("session").filter(digest=digest).first()
        if row is None:
            return None
        return Code(
            client_id=row.client_id, redirect_uri=row.redirect_uri, code_challenge=row.code_challenge, nonce=row.nonce, scope=row.scope,
            session=protocol_session(row.session), expires_at=row.expires_at, used=row.used_at is not None,
        )  # fmt: skip

    def mark_code_used(self, digest: str) -> None:
        models.AuthorizationCode.objects.filter(digest=digest).update(used_at=now())

    def save_token(self, digest: str, token: Token, *, code_digest: str) -> None:
        session_id = models.AuthorizationCode.objects.values_list("session_id", flat=True).get(digest=code_digest)
        models.AccessToken.objects.create(
            digest=digest,
            code_id=code_digest,
            client_id=token.client_id,
            scope=token.scope,
            session_id=session_id,
            expires_at=token.expires_at,
        )

    def token(self, digest: str) -> Token | None:
        row = models.AccessToken.objects.select_related("session").filter(digest=digest).first()
        if row is None:
            return None
        return Token(
            client_id=row.client_id, scope=row.scope, subject=str(row.session.person_id), expires_at=row.expires_at,
            revoked=row.revoked_at is not None or not self.session_lives(str(row.session_id)),
        )  # fmt: skip

    def revoke_tokens(self, *, code_digest: str) -> None:
        models.AccessToken.objects.filter(code_id=code_digest, revoked_at=None).update(revoked_at=now())

    def session_lives(self, session_id: str) -> bool:
        return living_sessions().filter(id=UUID(session_id)).exists()

    def register_claims(self, subject: str) -> Mapping[str, str]:
        found = models.Person.objects.values("clan_name", "patronymic", "given_name", "civil_id").filter(id=UUID(subject)).first()
        return {str(name): str(value) for name, value in (found or {}).items()}
