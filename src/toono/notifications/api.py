"""The door of notifications: one message to one person, in the inbox and by SMS, with its delivery known."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from toono.identity.events import (
    AccountLooked,
    ApprovalRequested,
    ConfirmationCodeRequested,
    PartyDecided,
    PersonRegistered,
    PhoneChanged,
    SignInCodeRequested,
)
from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed
from toono.notifications import queries
from toono.notifications.contracts import Message, ReadingNotice, ReadingPreference
from toono.notifications.operations import agreements as _agreements
from toono.notifications.operations import certificates as _certificates
from toono.notifications.operations import notify as _notify
from toono.notifications.operations import reading
from toono.notifications.operations import readings as _readings
from toono.pki.events import CertificateIssued, CertificateRevived, CertificateRevoked, CertificateSuspended, SignatureRequested
from toono.registry.events import AgreementDecided, AgreementDrafted, AgreementExpiring


def notify(
    *, person_id: UUID, template: str, context: Mapping[str, str], key: str, case_id: UUID | None = None, sms: bool = True
) -> UUID:  # fmt: skip
    """Tell a person something, when and only when the caller's transaction commits. Gives the id of the message.

    ``template`` is the name of a file in ``templates/``; ``context`` has exactly its placeholders, and values are printed as
    they are. ``key`` names the occasion (``case:<id>:decided``): the same key again gives the same message, sent once.
    Without ``sms`` it stands in the inbox only.

    :raises TemplateUnknown: no such template.
    :raises ContextMismatch: a placeholder is missing, unknown, empty or unprintable.
    :raises KeyReused: the key belongs to another message.
    """
    return _notify.notify(person_id=person_id, code=template, context=context, key=key, case_id=case_id, sms=sms)


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


def reading_preference(*, actor: Actor, civil_id: str) -> ReadingPreference:
    """How the actor wishes to be told of readings of their data.

    :param civil_id: that of the actor, from ``identity``.
    :raises NotAllowed: the actor is no citizen.
    """
    return _readings.preference(person_id=_citizen(actor), civil_id=civil_id)


def choose_reading_preference(*, actor: Actor, civil_id: str, notice: ReadingNotice, sms: bool) -> None:
    """Keep the actor's wish; it holds for what may be known from now on. :raises NotAllowed: the actor is no citizen."""
    _readings.choose(person_id=_citizen(actor), civil_id=civil_id, notice=notice, sms=sms)


def on_person_registered(event: PersonRegistered) -> None:
    """Subscriber: who is known to Toono has the digest of the week until they choose."""
    _readings.begin_registered(event.person_id)


def on_sign_in_code_requested(event: SignInCodeRequested) -> None:
    """Send the code of a sign-in by SMS, at once. The code itself is drawn by the worker just before it leaves."""
    _notify.send_code(event_id=event.id, challenge_id=event.challenge_id, language=event.language)


def on_confirmation_code_requested(event: ConfirmationCodeRequested) -> None:
    """Send the code with which something is confirmed; drawn as that of a sign-in."""
    _notify.send_code(event_id=event.id, challenge_id=event.challenge_id, language=event.language)


def on_approval_requested(event: ApprovalRequested) -> None:
    """Subscriber: a client waits for the person's word. The message says which words the client shows."""
    context = {"client_mn": event.client_name_mn, "client_en": event.client_name_en, "message": event.message or "–"}
    _notify.notify(person_id=event.person_id, code="approval_requested", context=context, key=f"approval:{event.id}", case_id=None)


def on_account_looked(event: AccountLooked) -> None:
    """Subscriber: the platform's support opened the person's account; for whom and why stands on the person's own page too."""
    _notify.notify(person_id=event.person_id, code="account_looked", context={"reason": event.reason}, key=f"look:{event.id}", case_id=None)


def on_phone_changed(event: PhoneChanged) -> None:
    """Subscriber: the person hears of it on the new number, and whoever held the number before on that."""
    _notify.notify(person_id=event.person_id, code="phone_changed", context={}, key=f"phone:{event.id}", case_id=None)
    _notify.tell_former_phone(event_id=event.id, change_id=event.change_id)


def on_party_decided(event: PartyDecided) -> None:
    """Subscriber: who wished something for a system of their organisation hears the platform's word."""
    code = "party_approved" if event.approved else "party_refused"
    context = {"client": event.client_id} | ({} if event.approved else {"reason": event.reason or "–"})
    _notify.notify(person_id=event.drafted_by, code=code, context=context, key=f"party:{event.id}", case_id=None)


def on_signature_requested(event: SignatureRequested) -> None:
    """Subscriber: somebody asks the person to sign with their key. The message says the code that stands on the other screen."""
    context = {"party": event.party, "code": event.verification_code}
    _notify.notify(person_id=event.person_id, code="signature_requested", context=context, key=f"signing:{event.request_id}", case_id=None)


def on_agreement_drafted(event: AgreementDrafted) -> None:
    """Subscriber: representatives of both organisations hear of the proposal, and whose decision it waits for."""
    _agreements.tell_drafted(event)


def on_agreement_decided(event: AgreementDecided) -> None:
    """Subscriber: representatives of both organisations hear what became of it."""
    _agreements.tell_decided(event)


def on_agreement_expiring(event: AgreementExpiring) -> None:
    """Subscriber: representatives of both organisations hear that it ends soon."""
    _agreements.tell_expiring(event)


def on_certificate_changed(event: CertificateIssued | CertificateSuspended | CertificateRevived | CertificateRevoked) -> None:
    """Subscriber: the natural person whose certificate it is hears of every step, also of their own."""
    _certificates.tell(event)


def _citizen(actor: Actor) -> UUID:
    if actor.role != Role.CITIZEN or actor.person_id is None:
        raise NotAllowed(f"{actor} has no inbox")
    return actor.person_id
