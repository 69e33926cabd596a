"""The door of identity."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from toono.identity import contracts, queries
from toono.identity.contracts import Appointment, Confirmed, DrawnCode, FlowView, Person, SessionView, SignedIn
from toono.identity.operations import appointments as _appointments
from toono.identity.operations import approvals as _approvals
from toono.identity.operations import clients as _clients
from toono.identity.operations import confirming as _confirming
from toono.identity.operations import dan as _dan
from toono.identity.operations import keys as _keys
from toono.identity.operations import logouts as _logouts
from toono.identity.operations import machines as _machines
from toono.identity.operations import provider as _provider
from toono.identity.operations import registration as _registration
from toono.identity.operations import sessions as _sessions
from toono.identity.operations import sign_in as _sign_in
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed

# -- persons and rights ---------------------------------------------------------------------------------------


def person(*, actor: Actor, person_id: UUID, reason: str | None = None) -> Person:
    """A person: one's own record; a system's, an officer's, operator's or administrator's with a reason, which goes into the audit.

    :raises NotAllowed: another's record, no reason, or no such person.
    """
    officer = actor.role in (Role.OFFICER, Role.OPERATOR, Role.ADMINISTRATOR)
    own = actor.person_id == person_id and actor.person_id is not None
    if not (own or actor.role == Role.SYSTEM or (officer and reason)):
        raise NotAllowed(f"{actor} may not read this person")
    found = queries.person(person_id)
    if found is None:
        raise NotAllowed("no such person")
    if officer and not own:
        audit.record(actor=actor, action="identity.read_person", subject=f"person:{person_id}", reason=reason)
    return found


def register_person(*, actor: Actor, regnum: str) -> Person:
    """Make a person known to Toono, or refresh them, from the population register. Idempotent.

    For systems, operators and administrators.

    :raises NotAllowed: another role.
    :raises RegnumMalformed: not the form of a register number.
    :raises UnknownPerson: the register has no such person.
    :raises RegisterUnavailable: it does not answer, or its answer cannot be believed (transient).
    """
    if actor.role not in (Role.SYSTEM, Role.OPERATOR, Role.ADMINISTRATOR):
        raise NotAllowed(f"{actor} may not register persons")
    return queries.person_contract(_registration.register_person(regnum))


def appointments(*, person_id: UUID) -> list[Appointment]:
    """The rights that the person holds now, earliest first."""
    return list(queries.appointments(person_id))


def representatives(*, organisation: str) -> list[UUID]:
    """Persons who represent this organisation now, earliest appointed first; for rooms above that tell them something."""
    return queries.representatives(organisation)


def officers(*, organisation: str) -> list[UUID]:
    """Persons who are officers of this organisation now, earliest appointed first; for the rooms above that keep its desk."""
    return queries.officers(organisation)


def appoint(*, actor: Actor, regnum: str, role: Role, organisation: str | None) -> Appointment:
    """Give a person a right; audited; a second time changes nothing. The person is registered first, if need be.

    By an administrator, never for themselves; or by the system process ``first-start``.

    :param organisation: may be None for an administrator only.
    :raises MayNotAppoint: the actor has no such right, or the role is not given by appointment.
    :raises OrganisationNotFound: the registry knows no such organisation.
    :raises UnknownPerson: and what else :func:`register_person` raises.
    """
    return _appointments.appoint(actor=actor, regnum=regnum, role=role, organisation=organisation)


def end_appointment(*, actor: Actor, person_id: UUID, role: Role, organisation: str | None) -> None:
    """Take a right away, at once in all sessions; audited.

    :raises MayNotAppoint: as for :func:`appoint`.
    """
    _appointments.end_appointment(actor=actor, person_id=person_id, role=role, organisation=organisation)


# -- codes and sessions ---------------------------------------------------------------------------------------


def draw_code(*, challenge_id: UUID) -> DrawnCode:
    """Make the sign-in code at the moment of sending it. Its five minutes begin now; a code drawn before for the same challenge is void.

    :raises ChallengeOver: it is no longer wanted; send nothing (permanent).
    """
    return _sign_in.draw_code(challenge_id)


def ask_confirmation(*, actor: Actor, reference: str, title: str, confirms: str, language: str) -> UUID:
    """Send the citizen a one-time code with which to confirm one thing; gives the challenge.

    :param reference: what it is: ``case:<id>``. The newest code for it counts.
    :param title: the same in words, for the text message.
    :param confirms: SHA-256 (hexadecimal) of exactly what the person sees.
    :raises TooManyCodes:
    :raises Locked:
    """
    return _confirming.ask(actor=actor, reference=reference, title=title, confirms=confirms, language=language)


def confirm(*, actor: Actor, reference: str, confirms: str, typed: str) -> Confirmed:
    """The citizen types the code. Right, it is used up; wrong, it is counted.

    :raises CodeRefused: (or a class below it) it is not the code.
    :raises ChallengeOver: no code was asked for, or for something else than ``confirms``.
    :raises Locked:
    """
    return _confirming.confirm(actor=actor, reference=reference, confirms=confirms, typed=typed)


def signed_in(*, session_id: UUID) -> SignedIn | None:
    """The session, its person and their rights now; None if it has ended. Counts as use. Two indexed readings, for every page."""
    return _sessions.signed_in(session_id)


def sessions(*, actor: Actor) -> list[SessionView]:
    """The actor's own living sessions, last used first."""
    return queries.sessions(actor.person_id, actor.session_id) if actor.person_id else []


def end_session(*, actor: Actor, session_id: UUID) -> None:
    """End a session at once, with its tokens: one's own, or any by an administrator or system; audited. Idempotent.

    :raises NotAllowed: another's, or none.
    """
    _sessions.end_session(actor=actor, session_id=session_id)


# -- signing in -----------------------------------------------------------------------------------------------


def flow(*, flow_id: UUID, browser: str | None) -> FlowView:
    """The sign-in on its way in the browser that holds the secret ``browser``.

    :raises FlowOver: over, unknown, or another browser's.
    """
    return queries.flow_view(_sign_in.open_flow(flow_id, browser))


def ask_code(*, flow_id: UUID, browser: str | None, regnum: str, address: str | None, language: str) -> None:
    """Have a code sent to the person with this register number. Does the same, in the same time, whether or not there is one.

    :param address: the browser's network address; None for this machine itself, which is not counted.
    :raises RegnumMalformed, FlowOver, TooManyCodes, TooManyFromAddress, Locked:
    """
    _sign_in.ask_code(flow_id=flow_id, browser=browser, regnum=regnum, address=address, language=language)


def ask_new_code(*, flow_id: UUID, browser: str | None, address: str | None, language: str) -> None:
    """Have another code sent for the number given before; the earlier is void.

    :raises FlowOver, TooManyCodes, TooManyFromAddress, Locked:
    """
    _sign_in.ask_new_code(flow_id=flow_id, browser=browser, address=address, language=language)


def enter_code(
    *, flow_id: UUID, browser: str | None, code: str, address: str | None, device: str, replaces: str | None
) -> contracts.Entered:
    """Begin a session, if the code is right.

    :param replaces: session token that the browser held until now; that session ends.
    :raises CodeRefused: or CodeMalformed, CodeExpired, CodeUsedUp.
    :raises FlowOver, TooManyFromAddress, Locked:
    """
    return _sign_in.enter_code(flow_id=flow_id, browser=browser, typed=code, address=address, device=device, replaces=replaces)


# -- OpenID Provider: browsers ----------------------------------------------------------------------------------


def openid_configuration() -> dict[str, object]:
    """The discovery document."""
    return _provider.metadata()


def jwks() -> dict[str, object]:
    """The public keys, the signing one first.

    :raises SignerUnavailable: the signer was not reached since this process began.
    """
    return _keys.jwks()


def authorization(*, query: str, session_token: str | None, browser: str) -> _provider.Outcome:
    """Answer an authorization request, or keep it while the person signs in or agrees.

    :raises RequestRefused: to be shown on a page, never redirected.
    """
    return _provider.authorization(query=query, session_token=session_token, browser=browser)


def resume_authorization(*, flow_id: UUID, session_token: str | None, browser: str | None) -> _provider.Outcome:
    """Answer the request that waited for a sign-in or a consent.

    :raises FlowOver, RequestRefused:
    """
    return _provider.resume(flow_id=flow_id, session_token=session_token, browser=browser)


def consent_view(*, flow_id: UUID, browser: str | None) -> contracts.ConsentView:
    """What the person is asked in this flow.

    :raises FlowOver: nothing, or in another browser.
    """
    return _approvals.consent_view(flow_id=flow_id, browser=browser)


def answer_consent(*, flow_id: UUID, browser: str | None, session_token: str | None, agreed: list[str] | None) -> None:
    """The person's word: codes of the items that they ticked, or None for a refusal. Remembered for the next time.

    :raises FlowOver:
    """
    _approvals.answer_consent(flow_id=flow_id, browser=browser, session_token=session_token, agreed=agreed)


def logout_request(
    *, query: str, session_token: str | None, confirmed: bool
) -> contracts.Redirection | contracts.SignedOut | contracts.ConfirmSignOut:
    """End the browser's session, if the request proves that it is meant or the person ``confirmed`` it.

    :raises RequestRefused: the request is false; the session goes on.
    """
    return _provider.logout_request(query=query, session_token=session_token, confirmed=confirmed)


# -- OpenID Provider: machines ----------------------------------------------------------------------------------


def machine_answer(*, sent: contracts.MachineRequest) -> contracts.ProtocolAnswer:
    """The answer of a machine endpoint (token, userinfo, introspection …), refusals included.

    :raises SignerUnavailable: nothing was given; what would have been used up is still good.
    """
    return _machines.answer(sent)


def register_by_statement(*, document: bytes) -> contracts.ProtocolAnswer:
    """Dynamic registration (RFC 7591) under a software statement, refusals included."""
    return _machines.register(document=document)


def managed_client(*, client_id: str, authorization: str | None, remove: bool) -> contracts.ProtocolAnswer:
    """A client reads its own registration, or ends it (RFC 7592)."""
    return _machines.managed_client(client_id=client_id, authorization=authorization, remove=remove)


def logout_notice(*, delivery_id: UUID, shown: str) -> str:
    """For the worker: the signed logout token of a delivery that is under way.

    :raises NoSuchNotice: unknown, done, or the caller cannot prove itself.
    """
    return _logouts.notice(delivery_id=delivery_id, shown=shown)


# -- ДАН's dialect ----------------------------------------------------------------------------------------------


def dan_authorization(*, query: str, browser: str) -> contracts.Redirection | contracts.SignInRequired:
    """A request of a client of ДАН; its person signs in and agrees every time.

    :raises RequestRefused: to be shown on a page, never redirected.
    """
    return _dan.authorization(query=query, browser=browser)


def dan_token(*, parameters: Mapping[str, str] | None, repeated: tuple[str, ...], authorization: str | None) -> contracts.ProtocolAnswer:
    """ДАН's token endpoint, refusals included.

    :param parameters: from wherever they came; None: unreadable.
    """
    return _dan.token(parameters=parameters, repeated=repeated, authorization=authorization)


def dan_service(*, authorization: str | None) -> contracts.ProtocolAnswer:
    """What the operations of the scope say of the person: ``listed``; refusals in the body."""
    return _dan.service(authorization=authorization)


# -- relying parties --------------------------------------------------------------------------------------------


def establish(*, actor: Actor) -> None:
    """Make the provider's signing key and enter the platform's own clients. For every start; idempotent.

    :raises NotAllowed: not a system process.
    """
    _clients.establish(actor=actor)


def register_client(*, actor: Actor, client_id: str, metadata: dict[str, object]) -> contracts.RegisteredClient:
    """Register a relying party; its secret, if it has one, is told only here. Audited.

    :param metadata: members of RFC 7591 §2, and ``profile``, ``resources``, ``may_act_for``, ``dan_operations``.
    :raises NotAllowed: not an administrator.
    :raises ClientMetadataRefused: a member is amiss.
    :raises ClientTaken:
    """
    return _clients.register_client(actor=actor, client_id=client_id, metadata=metadata)


def remove_client(*, actor: Actor, client_id: str) -> None:
    """End a registration with everything given under it; audited. Idempotent.

    :raises NotAllowed: not an administrator.
    """
    _clients.remove_client(actor=actor, client_id=client_id)


def software_statement(*, actor: Actor, software_id: str, client_name: str, bounds: dict[str, object]) -> str:
    """A signed statement with which an organisation registers one client itself; audited.

    :param bounds: the most that may be registered: ``grant_types``, ``scope``, ``redirect_hosts``, ``resources``, ``profile``.
    :raises NotAllowed: not an administrator.
    """
    return _clients.software_statement(actor=actor, software_id=software_id, client_name=client_name, bounds=bounds)


def roll_signing_key(*, actor: Actor) -> str | None:
    """Publish the next signing key, which signs from tomorrow on; gives its label, or None while one is on its way. Audited.

    :raises NotAllowed: neither an administrator nor a system.
    """
    return _keys.roll(actor=actor)


# -- a person's own connections ---------------------------------------------------------------------------------


def device_request(*, actor: Actor, typed: str) -> contracts.ApprovalView:
    """The device whose code the person typed.

    :raises UserCodeUnknown: no device shows it now.
    :raises TooManyUserCodes:
    """
    return _approvals.device_request(actor=actor, typed=typed)


def approval_requests(*, actor: Actor) -> list[contracts.ApprovalView]:
    """Sign-ins that clients began for this person and that wait for their word."""
    return _approvals.requests(actor=actor)


def decide_approval(*, actor: Actor, approval_id: UUID, agreed: bool, user_code: str | None) -> None:
    """The person's word on a device or a request; audited.

    :raises ApprovalOver: answered, expired, or another's.
    """
    _approvals.decide(actor=actor, approval_id=approval_id, agreed=agreed, user_code=user_code)


def connections(*, actor: Actor) -> list[contracts.Connection]:
    """Clients that this person has let in."""
    return _approvals.connections(actor=actor)


def disconnect(*, actor: Actor, client_id: str) -> None:
    """Take back every consent for one client, at once; audited. Idempotent."""
    _approvals.disconnect(actor=actor, client_id=client_id)


def logout_notices(*, actor: Actor) -> list[contracts.LogoutNotice]:
    """Whom the platform has told lately that this person signed out, and who confirmed."""
    return _logouts.told(actor.person_id) if actor.person_id else []
