"""The door of identity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from toono.identity import contracts, queries
from toono.identity.contracts import Appointment, Confirmed, DrawnCode, FlowView, Person, SessionView, SignedIn
from toono.identity.operations import appointments as _appointments
from toono.identity.operations import approvals as _approvals
from toono.identity.operations import clients as _clients
from toono.identity.operations import confirming as _confirming
from toono.identity.operations import dan as _dan
from toono.identity.operations import failures as _failures
from toono.identity.operations import keys as _keys
from toono.identity.operations import logouts as _logouts
from toono.identity.operations import machines as _machines
from toono.identity.operations import provider as _provider
from toono.identity.operations import registration as _registration
from toono.identity.operations import relying_parties as _parties
from toono.identity.operations import sessions as _sessions
from toono.identity.operations import sign_in as _sign_in
from toono.identity.operations import sign_on as _sign_on
from toono.identity.operations import statements as _statements
from toono.identity.operations import support as _support
from toono.identity.operations import trial_runs as _trial_runs
from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.errors import NotAllowed

if TYPE_CHECKING:
    from toono.identity.operations.lean_plane import Plane

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


def administrators() -> list[UUID]:
    """Persons who run the platform now, earliest appointed first; for the rooms above that wait for their word."""
    return queries.administrators()


def appoint(*, actor: Actor, regnum: str, role: Role, organisation: str | None) -> Appointment:
    """Give a person a right; audited; a second time changes nothing. The person is registered first, if need be.

    By an administrator, never for themselves; or by the system process ``first-start``.

    :param organisation: may be None for those of the platform only: an administrator, or its support.
    :raises MayNotAppoint: the actor has no such right, or the role is not given by appointment.
    :raises OrganisationNotFound: the registry knows no such organisation.
    :raises UnknownPerson: and what else :func:`register_person` raises.
    """
    return _appointments.appoint(actor=actor, regnum=regnum, role=role, organisation=organisation)


def appoint_first(*, actor: Actor, regnum: str, typed: contracts.TypedPerson | None = None) -> Person:
    """Make somebody an administrator of the platform while fewer than two others are; audited; a second time changes nothing. By the system process ``first-start``.

    :param typed: who it is, where no register can be asked yet.
    :raises MayNotAppoint: another actor, or there are two others.
    :raises RegnumMalformed: and what else :func:`register_person` raises.
    """
    return _appointments.appoint_first(actor=actor, regnum=regnum, typed=typed)


def known_person(*, actor: Actor, regnum: str) -> Person:
    """A person by register number as the platform knows them; read from the register when it does not. For system processes.

    :raises NotAllowed: another actor.
    :raises UnknownPerson: and what else :func:`register_person` raises.
    """
    if actor.role is not Role.SYSTEM:
        raise NotAllowed(f"{actor} may not look for persons")
    return queries.person_contract(_registration.known_person(regnum))


def appointment_listing(*, actor: Actor, text: str = "", limit: int = 50, offset: int = 0) -> contracts.AppointmentListing:
    """Appointments that stand, the newest first, for an administrator.

    :param text: words of names, organisations' codes or roles.
    :raises MayNotAppoint: not an administrator.
    """
    return _appointments.listing(actor=actor, text=text, limit=limit, offset=offset)


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
    with _failures.page_refusals("/oidc/authorize", query):
        outcome = _provider.authorization(query=query, session_token=session_token, browser=browser)
    _failures.watched_redirection("/oidc/authorize", query, outcome)
    return outcome


def resume_authorization(*, flow_id: UUID, session_token: str | None, browser: str | None) -> _provider.Outcome:
    """Answer the request that waited for a sign-in or a consent.

    :raises FlowOver, RequestRefused:
    """
    outcome = _provider.resume(flow_id=flow_id, session_token=session_token, browser=browser)
    _failures.watched_flow(flow_id, outcome)
    return outcome


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
    """End the browser's session, if the request proves that it is meant or the person ``confirmed`` it. A false request is asked about, and leads nowhere."""
    outcome = _provider.logout_request(query=query, session_token=session_token, confirmed=confirmed)
    _failures.watched_logout(query, outcome)
    return outcome


# -- OpenID Provider: machines ----------------------------------------------------------------------------------


def token_claims(*, token: str) -> dict[str, Any] | None:
    """What a living access token says (RFC 9068 §2.2), for interfaces of the platform that take tokens; None for every other text, a revoked token among them.

    Whether it is for the one who asks (``aud``, ``scope``, ``cnf``) is for that interface to see.
    """
    return _machines.token_claims(token)


def machine_answer(*, sent: contracts.MachineRequest) -> contracts.ProtocolAnswer:
    """The answer of a machine endpoint (token, userinfo, introspection …), refusals included.

    :raises SignerUnavailable: nothing was given; what would have been used up is still good.
    """
    return _failures.watched_machine(sent, _machines.answer(sent))


def machine_plane() -> Plane:
    """The token, introspection and key endpoints as an RSGI application, for a process of its own: the same answers as :func:`machine_answer`, many at a time."""
    from toono.identity.operations.lean_plane import Plane

    return Plane(lambda sent: machine_answer(sent=sent))


def register_by_statement(*, document: bytes) -> contracts.ProtocolAnswer:
    """Dynamic registration (RFC 7591) under a software statement, refusals included."""
    return _failures.watched_registration(_machines.register(document=document))


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
    with _failures.page_refusals("/oauth2/authorize", query):
        outcome = _dan.authorization(query=query, browser=browser)
    _failures.watched_redirection("/oauth2/authorize", query, outcome)
    return outcome


def dan_token(*, parameters: Mapping[str, str] | None, repeated: tuple[str, ...], authorization: str | None) -> contracts.ProtocolAnswer:
    """ДАН's token endpoint, refusals included.

    :param parameters: from wherever they came; None: unreadable.
    """
    answer = _dan.token(parameters=parameters, repeated=repeated, authorization=authorization)
    return _failures.watched_dan_token(parameters, authorization, answer)


def dan_service(*, authorization: str | None) -> contracts.ProtocolAnswer:
    """What the operations of the scope say of the person: ``listed``; refusals in the body."""
    return _failures.watched_dan_service(authorization, _dan.service(authorization=authorization))


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


def roll_signing_key(*, actor: Actor) -> list[str]:
    """Publish the next signing key of each algorithm, which signs from tomorrow on; gives their labels, none while they are on their way. Audited.

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


# -- the console: relying parties -------------------------------------------------------------------------------


def parties(*, actor: Actor, text: str = "", organisation: str = "", limit: int = 50, offset: int = 0) -> contracts.PartyListing:
    """A page of the relying parties that the actor looks after: an administrator all, a representative those of their organisations.

    :raises NotAllowed: another role; so for all doors of the console.
    """
    return _parties.parties(actor=actor, text=text, organisation=organisation, limit=limit, offset=offset)


def party(*, actor: Actor, client_id: str) -> contracts.Party:
    """:raises NotFound: none that this actor looks after."""
    return _parties.party(actor=actor, client_id=client_id)


def party_organisations(*, actor: Actor) -> tuple[str, ...] | None:
    """Codes of the organisations whose systems the actor looks after; None: everybody's."""
    return _parties.organisations_of(actor)


def register_party(
    *,
    actor: Actor,
    form_id: UUID,
    organisation: str,
    kind: contracts.PartyKind,
    stage: contracts.PartyStage,
    metadata: Mapping[str, object],
) -> contracts.PartyDrafted:
    """Register a system of an organisation: for trials at once, with its secret, told only here; else when the platform approves. Idempotent by ``form_id``.

    :raises ClientMetadataRefused: a member is amiss.
    :raises OrganisationNotFound:
    """
    return _parties.register(actor=actor, form_id=form_id, organisation=organisation, kind=kind, stage=stage, metadata=metadata)


def change_party(*, actor: Actor, client_id: str, version: int, metadata: Mapping[str, object]) -> contracts.PartyDrafted | None:
    """Change a registration; what widens it waits for the platform. None: nothing differs.

    :raises ChangedMeanwhile: it is another than ``version`` by now.
    :raises ChangeWaiting, ClientMetadataRefused:
    """
    return _parties.draft_change(actor=actor, client_id=client_id, version=version, metadata=metadata)


def waiting_changes(*, actor: Actor) -> list[contracts.PartyChange]:
    """What waits for the platform's word, the oldest first."""
    return _parties.waiting(actor=actor)


def party_change(*, actor: Actor, change_id: UUID) -> contracts.PartyChange:
    """:raises NotFound:"""
    return _parties.change(actor=actor, change_id=change_id)


def party_history(*, actor: Actor, client_id: str) -> list[contracts.PartyChange]:
    """Everything that was wished for one relying party, newest first."""
    return _parties.history(actor=actor, client_id=client_id)


def approve_party_change(*, actor: Actor, change_id: UUID) -> None:
    """By an administrator; never their own wish.

    :raises SecondPersonNeeded, ChangeOver, ClientMetadataRefused:
    """
    _parties.approve(actor=actor, change_id=change_id)


def reject_party_change(*, actor: Actor, change_id: UUID, reason: str) -> None:
    """By an administrator; or taken back by whoever looks after the system.

    :raises ChangeOver:
    """
    _parties.reject(actor=actor, change_id=change_id, reason=reason)


def issue_party_statement(
    *, actor: Actor, organisation: str, client_name: str, bounds: Mapping[str, object]
) -> contracts.SoftwareStatement:
    """By an administrator: a statement with which this organisation registers one client itself (RFC 7591), good once; audited.

    :param bounds: the most that may be registered, as of :func:`software_statement`.
    :raises ClientMetadataRefused: a bound that no client could have.
    :raises OrganisationNotFound:
    """
    return _parties.statement(actor=actor, organisation=organisation, client_name=client_name, bounds=bounds)


def party_statements(*, actor: Actor, limit: int, offset: int) -> contracts.StatementListing:
    """To an administrator: the software statements that were issued, the newest first, with what became of each."""
    return _statements.listing(actor=actor, limit=limit, offset=offset)


def take_back_statement(*, actor: Actor, identifier: str, reason: str) -> None:
    """By an administrator: nobody registers with it from now on; a client that was registered with it stays. Audited; idempotent.

    :raises ReasonMissing, StatementOver, NotFound:
    """
    _statements.take_back(actor=actor, identifier=identifier, reason=reason)


def make_party_secret(*, actor: Actor, client_id: str) -> str:
    """A new secret, told only here; the former stays good until it is ended, thirty days at most.

    :raises SecretsInUse: two are good already.
    """
    return _parties.make_secret(actor=actor, client_id=client_id)


def end_former_party_secret(*, actor: Actor, client_id: str) -> None:
    """The secret before is worth nothing from now on. Idempotent."""
    _parties.end_former_secret(actor=actor, client_id=client_id)


def deactivate_party(*, actor: Actor, client_id: str, reason: str) -> None:
    """Let it in no more, and end everything given under it. Idempotent."""
    _parties.deactivate(actor=actor, client_id=client_id, reason=reason)


def reactivate_party(*, actor: Actor, client_id: str) -> None:
    """Let it in again; what the platform switched off only the platform switches on. Idempotent."""
    _parties.reactivate(actor=actor, client_id=client_id)


def assign_party(*, actor: Actor, client_id: str, organisation: str) -> None:
    """By an administrator: say whose system it is that registered itself.

    :raises OrganisationNotFound:
    """
    _parties.assign(actor=actor, client_id=client_id, organisation=organisation)


def refusals(*, actor: Actor, client_id: str | None, days: int = 7, number: str = "") -> contracts.RefusalLog:
    """Why clients were refused lately, by cause.

    :param client_id: of one; None: of all that the actor looks after, for an administrator also of those that nobody registered.
    :param number: of one answer (``X-Request-Id``); empty: the latest.
    :raises NotFound: no such client of theirs.
    """
    own = [_parties.party(actor=actor, client_id=client_id).client_id] if client_id else _parties.client_ids(actor=actor)
    everybody = client_id is None and _parties.organisations_of(actor) is None
    return _failures.shown([*own, _failures.NOBODY] if everybody else own, days=days, number=number)


def start_trial(*, actor: Actor, client_id: str, flow: contracts.TrialFlow = contracts.TrialFlow.CODE) -> contracts.Trial:
    """Run a flow of a registration with keys made for it; the person who runs it signs in themselves.

    :raises NotAllowed: it is deactivated, not registered for this flow, or the platform's own.
    """
    return _trial_runs.start(actor=actor, client_id=client_id, flow=flow)


def ask_in_trial(*, actor: Actor, run_id: UUID) -> contracts.Trial:
    """The person has answered on the other page, they say; the trial goes on, or tells that they have not.

    :raises TrialOver:
    """
    return _trial_runs.ask(actor=actor, run_id=run_id)


def continue_trial(*, actor: Actor, query: str) -> contracts.Trial:
    """The browser has come back from signing in.

    :raises TrialOver:
    """
    return _trial_runs.come_back(actor=actor, query=query)


def trial(*, actor: Actor, run_id: UUID) -> contracts.Trial:
    """What a trial of this person showed; kept for a day.

    :raises TrialOver:
    """
    return _trial_runs.trial(actor=actor, run_id=run_id)


def sign_on_figures(*, since: date, until: date, organisations: tuple[str, ...] | None = None) -> contracts.SignOnFigures:
    """Connected organisations, systems, users and sign-ins; for rooms above as well. Sums only, of no person.

    :param organisations: of these only; None: of the whole platform.
    """
    return _sign_on.figures(since=since, until=until, organisations=organisations)


def party_names(*, client_ids: list[str]) -> dict[str, tuple[str, str]]:
    """Mongolian and English names of relying parties, of those that there still are."""
    return queries.party_names(client_ids)


# -- the console: support ------------------------------------------------------------------------------------------


def look_at_account(*, actor: Actor, regnum: str, phone: str, reason: str) -> contracts.AccountState:
    """Open one person's account to the platform's support for half an hour. Audited, and told to the person with the reason.

    :raises ReasonMissing, TooManyLooks, AccountNotFound:
    """
    return _support.look(actor=actor, regnum=regnum, phone=phone, reason=reason)


def account(*, actor: Actor, look_id: UUID) -> contracts.AccountState:
    """:raises LookOver:"""
    return _support.account(actor=actor, look_id=look_id)


def end_sessions_of_account(*, actor: Actor, look_id: UUID, session_id: UUID | None) -> None:
    """End one session, or all. Idempotent. :raises LookOver:"""
    _support.end_sessions(actor=actor, look_id=look_id, session_id=session_id)


def unlock_account(*, actor: Actor, look_id: UUID) -> None:
    """Forget the wrong codes. Idempotent. :raises LookOver:"""
    _support.unlock(actor=actor, look_id=look_id)


def ask_phone_change(*, actor: Actor, look_id: UUID, phone: str, evidence: str) -> None:
    """Wish for another telephone number; another supporter decides.

    :raises LookOver, ReasonMissing, PhoneRefused:
    """
    _support.ask_phone(actor=actor, look_id=look_id, phone=phone, evidence=evidence)


def phone_changes(*, actor: Actor) -> list[contracts.PhoneChangeView]:
    """Wishes that wait, the oldest first; reading is audited."""
    return _support.phone_changes(actor=actor)


def decide_phone_change(*, actor: Actor, change_id: UUID, approved: bool) -> None:
    """The second pair of eyes; approved, all sessions end and both numbers are told.

    :raises SecondPersonNeeded, ChangeOver:
    """
    _support.decide_phone(actor=actor, change_id=change_id, approved=approved)


def former_phone(*, change_id: UUID) -> str:
    """The telephone number before a change, so that its holder can be told; empty when there was none, or after some days. For ``notifications``."""
    return _support.former_phone(change_id)


def support_visits(*, actor: Actor) -> list[contracts.SupportVisit]:
    """When support opened this person's own account, why, and what it did; newest first."""
    return _support.visits(actor=actor)
