"""The door of notifications: one message to one person, in the inbox and by SMS, with its delivery known."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from toono.identity.events import SignInCodeRequested
from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed
from toono.notifications import queries
from toono.notifications.contracts import Message
from toono.notifications.operations import notify as _notify
from toono.notifications.operations import reading


def notify(*, person_id: UUID, template: str, context: Mapping[str, str], key: str, case_id: UUID | None = None) -> UUID:
    """Tell a person something, when and only when the caller's transaction commits. Gives the id of the message.

    ``template`` is the name of a file in ``templates/``; ``context`` has exactly its placeholders, and values are printed as
    they are. ``key`` names the occasion (``case:<id>:decided``): the same key again gives the same message, sent once.

    :raises TemplateUnknown: no such template.
    :raises ContextMismatch: a placeholder is missing, unknown, empty or unprintable.
    :raises KeyReused: the key belongs to another message.
    """
    return _notify.notify(person_id=person_id, code=template, context=context, key=key, case_id=case_id)


def inbox(*, actor: Actor, limit: int = 50, before: UUID | None = None) -> list[Message]:
    """The actor's own messages, newest first, at most ``limit``; ``before`` is the last message of the page before.

    :raises NotAllowed: the actor is no citizen.
    """
    return queries.inbox(person_id=_citizen(actor), limit=max(1, min(limit, 200)), before=before)


def unread(*, actor: Actor) -> int:
    """How many of the actor's own messages were never opened.

    :raises NotAllowed: the actor is no citizen.
    """
    return queries.unread(person_id=_citizen(actor))


def message(*, actor: Actor, message_id: UUID) -> Message:
    """One of the actor's own messages, marked as read.

    :raises MessageNotFound: there is none, or it is another person's.
    :raises NotAllowed: the actor is no citizen.
    """
    return reading.open_message(person_id=_citizen(actor), message_id=message_id)


def on_sign_in_code_requested(event: SignInCodeRequested) -> None:
    """Send the code of a sign-in by SMS, at once. The code itself is drawn by the worker just before it leaves."""
    _notify.send_sign_in_code(event_id=event.id, challenge_id=event.challenge_id, language=event.language)


def _citizen(actor: Actor) -> UUID:
    if actor.role != Role.CITIZEN or actor.person_id is None:
        raise NotAllowed(f"{actor} has no inbox")
    return actor.person_id
