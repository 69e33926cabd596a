"""The door of identity."""

from __future__ import annotations

from uuid import UUID

from toono.identity import contracts, queries
from toono.identity.contracts import Appointment, DrawnCode, FlowView, Person, SessionView, SignedIn
from toono.identity.operations import appointments as _appointments
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


# -- OpenID Provider ------------------------------------------------------------------------------------------


def establish(*, actor: Actor) -> None:
    """Make the provider's signing key and enter the platform's own clients. For the first start; idempotent.

    :raises NotAllowed: the actor is no system process.
    """
    _provider.establish(actor=actor)


def openid_configuration() -> dict[str, object]:
    """The provider's metadata."""
    return _provider.metadata()


def jwks() -> dict[str, object]:
    """The public keys of id tokens.

    :raises SignerUnavailable: the signer was not reached since this process began.
    """
    return _provider.jwks()


def authorization(*, query: str, session_token: str | None, browser: str) -> contracts.Redirection | contracts.SignInRequired:
    """Answer an authorization request, or keep it while the person signs in.

    :raises RequestRefused: to be shown on a page, never redirected.
    """
    return _provider.authorization(query=query, session_token=session_token, browser=browser)


def resume_authorization(
    *, flow_id: UUID, session_token: str | None, browser: str | None
) -> contracts.Redirection | contracts.SignInRequired:
    """Answer the request that waited for a sign-in.

    :raises FlowOver, RequestRefused:
    """
    return _provider.resume(flow_id=flow_id, session_token=session_token, browser=browser)


def exchange_code(*, form: str, authorization: str | None) -> contracts.ProtocolAnswer:
    """The token endpoint's answer, refusals included.

    :raises SignerUnavailable: nothing was given, the code is still good.
    """
    return _provider.exchange_code(form=form, authorization=authorization)


def user_info(*, form: str, authorization: str | None) -> contracts.ProtocolAnswer:
    """The userinfo endpoint's answer, refusals included."""
    return _provider.user_info(form=form, authorization=authorization)


def logout_request(
    *, query: str, session_token: str | None, confirmed: bool
) -> contracts.Redirection | contracts.SignedOut | contracts.ConfirmSignOut:
    """End the browser's session, if the request proves that it is meant or the person ``confirmed`` it.

    :raises RequestRefused: the request is false; the session goes on.
    """
    return _provider.logout_request(query=query, session_token=session_token, confirmed=confirmed)
