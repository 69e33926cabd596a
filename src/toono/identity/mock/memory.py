"""What the protocol must remember, in this process only. The oldest gives way when there is too much of one kind."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from toono.identity.domain.oidc.storage import (
    Approval,
    ApprovalState,
    Client,
    Code,
    Consent,
    Grant,
    Pushed,
    Refresh,
    Session,
    Token,
)
from toono.identity.limits import LIMITS
from toono.identity.mock.persons import Person

MOST = 5000
"""Of each kind; a test run of a whole day stays below."""
Value = TypeVar("Value")


class Kept(OrderedDict[str, Value], Generic[Value]):
    """A dictionary that forgets its oldest entry."""

    def __setitem__(self, key: str, value: Value) -> None:
        super().__setitem__(key, value)
        if len(self) > MOST:
            self.popitem(last=False)


class Memory:
    """:class:`~toono.identity.domain.oidc.storage.Storage` in dictionaries. One event loop calls it, so nothing is locked."""

    def __init__(self, people: Sequence[Person], now: Callable[[], datetime]) -> None:
        self._now = now
        self.people = {person.subject: person for person in people}
        self.clients: Kept[Client] = Kept()
        self.sessions: Kept[Session] = Kept()
        self.consents: Kept[Consent] = Kept()
        self._grants: Kept[Grant] = Kept()
        self._codes: Kept[Code] = Kept()
        self._tokens: Kept[Token] = Kept()
        self._refreshes: Kept[Refresh] = Kept()
        self._pushed: Kept[Pushed] = Kept()
        self._once: Kept[datetime] = Kept()
        self._pairwise: Kept[str] = Kept()
        self.approvals: Kept[Approval] = Kept()
        self._metadata: Kept[Mapping[str, Any]] = Kept()

    # -- clients ----------------------------------------------------------------------------------------------

    def client(self, client_id: str) -> Client | None:
        return self.clients.get(client_id)

    def save_client(self, client: Client, metadata: Mapping[str, Any]) -> None:
        self.clients[client.client_id] = client
        self._metadata[client.client_id] = metadata

    def metadata(self, client_id: str) -> Mapping[str, Any]:
        """Of what a registration was made."""
        return self._metadata.get(client_id, {})

    def remove_client(self, client_id: str) -> None:
        self.clients.pop(client_id, None)
        for grant in [grant for grant in self._grants.values() if grant.client_id == client_id]:
            self.revoke_grant(grant.id)
        for digest in [digest for digest, token in self._tokens.items() if token.client_id == client_id]:
            self.revoke_token(digest, self._tokens[digest])

    # -- grants, codes, tokens --------------------------------------------------------------------------------

    def save_grant(self, grant: Grant) -> None:
        self._grants[grant.id] = grant

    def bound_grant(self, grant: Grant, resources: tuple[str, ...]) -> Grant:
        self._grants[grant.id] = replace(self._grants[grant.id], resources=resources)
        return self._grants[grant.id]

    def revoke_grant(self, grant_id: str) -> None:
        if grant_id in self._grants:
            self._grants[grant_id] = replace(self._grants[grant_id], revoked=True)

    def grants_of(self, session_id: str) -> list[Grant]:
        """What was allowed in this session."""
        return [grant for grant in self._grants.values() if grant.session.id == session_id]

    def save_code(self, digest: str, code: Code) -> None:
        self.save_grant(code.grant)
        self._codes[digest] = code

    def locked_code(self, digest: str) -> Code | None:
        return self._codes.get(digest)

    def mark_code_used(self, digest: str) -> None:
        self._codes[digest] = replace(self._codes[digest], used=True)

    def save_token(self, digest: str, token: Token) -> None:
        self._tokens[digest] = token

    def token(self, digest: str) -> Token | None:
        found = self._tokens.get(digest)
        if found is None or found.grant is None:
            return found
        return replace(found, dead=found.dead or not self._lives(found.grant))

    def _lives(self, grant: Grant) -> bool:
        kept = self._grants.get(grant.id)
        return kept is not None and not kept.revoked and (kept.offline or self.session_lives(kept.session.id))

    def revoke_token(self, digest: str, token: Token) -> None:
        self._tokens[digest] = replace(token, dead=True)

    def expire_token(self, digest: str) -> None:
        """Let its time be over."""
        if digest in self._tokens:
            self._tokens[digest] = replace(self._tokens[digest], expires_at=self._now() - timedelta(seconds=1))

    def save_refresh(self, digest: str, refresh: Refresh) -> None:
        self._refreshes[digest] = refresh

    def locked_refresh(self, digest: str) -> Refresh | None:
        found = self._refreshes.get(digest)
        if found is None:
            return None
        after = self._refreshes.get(found.successor)
        grant = self._grants.get(found.grant.id, replace(found.grant, revoked=True))
        return replace(found, grant=grant, successor_used=after is not None and after.replaced_at is not None)

    def replace_refresh(self, digest: str, *, successor: str, sealed_reply: str) -> None:
        self._refreshes[digest] = replace(self._refreshes[digest], replaced_at=self._now(), successor=successor, sealed_reply=sealed_reply)

    def forget_reply(self, digest: str) -> None:
        self._refreshes[digest] = replace(self._refreshes[digest], sealed_reply="")

    def use_once(self, kind: str, value: str, until: datetime) -> bool:
        key = f"{kind} {value}"
        first = key not in self._once
        self._once.setdefault(key, until)
        return first

    # -- requests that wait -----------------------------------------------------------------------------------

    def save_pushed(self, digest: str, pushed: Pushed) -> None:
        self._pushed[digest] = pushed

    def pushed(self, digest: str) -> Pushed | None:
        return self._pushed.get(digest)

    def use_pushed(self, digest: str) -> bool:
        first = not self._pushed[digest].used
        self._pushed[digest] = replace(self._pushed[digest], used=True)
        return first

    def expire_pushed(self, digest: str) -> None:
        """Let its time be over."""
        if digest in self._pushed:
            self._pushed[digest] = replace(self._pushed[digest], expires_at=self._now() - timedelta(seconds=1))

    def save_approval(self, digest: str, approval: Approval) -> None:
        self.approvals[digest] = approval

    def locked_approval(self, digest: str) -> Approval | None:
        return self.approvals.get(digest)

    def pending_approval(self, digest: str) -> Approval | None:
        """The request, while its person may still answer."""
        found = self.approvals.get(digest)
        return found if found is not None and found.state is ApprovalState.PENDING and self._now() <= found.expires_at else None

    def answer_approval(self, digest: str, state: ApprovalState, grant: Grant | None = None) -> None:
        """The person's word; nobody shows the code any more."""
        if grant is not None:
            self.save_grant(grant)
        self.approvals[digest] = replace(self.approvals[digest], state=state, grant=grant, user_code="")

    def expire_approval(self, digest: str) -> None:
        """Let its time be over."""
        self.approvals[digest] = replace(self.approvals[digest], expires_at=self._now() - timedelta(seconds=1))

    def hasten_approval(self, digest: str) -> None:
        """As if somebody had asked for it this very moment: the next question comes too soon."""
        self.approvals[digest] = replace(self.approvals[digest], polled_at=self._now())

    def change_approval(
        self, digest: str, *, state: ApprovalState | None = None, polled_at: datetime | None = None, interval_seconds: int | None = None
    ) -> None:
        given = {"state": state, "polled_at": polled_at, "interval_seconds": interval_seconds}
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        self.approvals[digest] = replace(self.approvals[digest], **changes)

    # -- persons ----------------------------------------------------------------------------------------------

    def consent(self, subject: str, client_id: str) -> Consent:
        return self.consents.get(f"{subject} {client_id}", Consent())

    def remember_consent(self, subject: str, client_id: str, *, asked: frozenset[str], agreed: frozenset[str]) -> None:
        before = self.consent(subject, client_id)
        self.consents[f"{subject} {client_id}"] = Consent(asked=before.asked | asked, agreed=(before.agreed - asked) | agreed)

    def pairwise(self, sector: str, subject: str) -> str:
        return self._pairwise.setdefault(f"{sector} {subject}", secrets.token_urlsafe(16))

    def subject_of(self, sector: str, name: str) -> str | None:
        known = (key.partition(" ") for key, value in self._pairwise.items() if value == name)
        return next((subject for found, _, subject in known if found == sector), None)

    def session_lives(self, session_id: str) -> bool:
        found = self.sessions.get(session_id)
        return found is not None and self._now() <= found.auth_time + LIMITS.session_total

    def person_by_regnum(self, regnum: str) -> str | None:
        return next((person.subject for person in self.people.values() if person.regnum == regnum), None)

    def register_claims(self, subject: str) -> Mapping[str, str]:
        return self.people[subject].claims()
