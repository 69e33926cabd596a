"""The life of a person's certificate on the running platform: asked for, suspended, revived, renewed, revoked, and all of it remembered."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from toono.kernel.actor import Actor, Role
from toono.kernel.clock import at, now
from toono.kernel.errors import NotAllowed
from toono.pki.contracts import (
    CertificateAct,
    CertificateInfo,
    CertificateState,
    DeskStatement,
    OfficerName,
    PersonName,
    Profile,
    RequestState,
    RevocationReason,
)
from toono.pki.errors import (
    CertificateAlreadyRevoked,
    CertificateNotFound,
    CertificateNotRenewable,
    CertificateNotSuspendable,
    CertificateRequestDecided,
    CertificateSuspended,
    CertificateWithdrawn,
    IdentityNotProven,
    ProfileMismatch,
    RequestMalformed,
    RequestNamesDiffer,
    RevivalReserved,
    WeakKey,
)
from toono.pki.tests.making import PERSON, SUBJECT, code

THEFT, UNUSED, HOLD = RevocationReason.KEY_COMPROMISE, RevocationReason.CESSATION_OF_OPERATION, RevocationReason.CERTIFICATE_HOLD
VALID, SUSPENDED, REVOKED = CertificateState.VALID, CertificateState.SUSPENDED, CertificateState.REVOKED
SAID = DeskStatement(photo_matches=True, photo_sha256="ab" * 32, record="message-1", document="AA12345678")


@pytest.fixture
def holder(fresh_citizen: Callable[[], Actor]) -> Actor:
    """A citizen of whom no other test knows."""
    return fresh_citizen()


@pytest.fixture
def held(holder: Actor) -> CertificateInfo:
    """Their certificate, asked for online."""
    from toono.pki import api

    return api.request_online(actor=holder, name=PERSON, profile=Profile.PERSON, confirmation=uuid4())


# -- asking ------------------------------------------------------------------------------------------------------


def test_who_asks_online_gets_a_certificate_of_the_persons_authority(held: CertificateInfo, holder: Actor) -> None:
    from toono.pki import api

    assert (held.profile, held.state, held.register_number) == (Profile.PERSON, VALID, PERSON.civil_id)
    issuing = x509.load_pem_x509_certificate(held.chain_pem[0].encode())
    assert issuing.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == "Toono Persons CA"
    [mine] = api.my_certificates(actor=holder)
    assert mine.certificate == held
    [step] = mine.steps
    assert (step.act, step.holder, step.person_id) == (CertificateAct.ISSUE, True, holder.person_id)


def test_asked_twice_the_same_certificate_is_given(held: CertificateInfo, holder: Actor) -> None:
    from toono.pki import api

    again = api.request_online(actor=holder, name=PERSON, profile=Profile.PERSON, confirmation=uuid4())
    assert again.serial == held.serial
    other = api.request_online(actor=holder, name=PERSON, profile=Profile.AUTHENTICATION, confirmation=uuid4())
    assert other.key == f"auth/{holder.person_id}"


def test_at_the_desk_the_operator_states_whom_they_saw(dorj: Actor, holder: Actor) -> None:
    from toono.kernel.models import AuditRecord
    from toono.pki import api
    from toono.pki.models import CertificateRequest

    assert holder.person_id
    made = api.request_at_desk(actor=dorj, holder_id=holder.person_id, name=PERSON, profile=Profile.PERSON, statement=SAID)
    kept = CertificateRequest.objects.get(certificate_id=made.serial)
    assert (kept.asked_by, kept.channel, kept.statement) == (dorj.person_id, "desk", SAID.model_dump(mode="json"))
    [record] = AuditRecord.objects.filter(action="pki.request_certificate", subject=f"certificate_request:{kept.id}")
    assert record.person_id == dorj.person_id
    assert PERSON.civil_id not in str(record.details)
    [mine] = api.my_certificates(actor=holder)
    assert (mine.steps[0].holder, mine.steps[0].person_id) == (False, dorj.person_id)


def test_without_the_operators_word_nothing_is_issued(dorj: Actor, holder: Actor) -> None:
    from toono.pki import api

    assert holder.person_id
    doubtful = SAID.model_copy(update={"photo_matches": False})
    with pytest.raises(IdentityNotProven):
        api.request_at_desk(actor=dorj, holder_id=holder.person_id, name=PERSON, profile=Profile.PERSON, statement=doubtful)
    assert api.my_certificates(actor=holder) == []


def test_nobody_else_registers_and_no_operator_registers_themselves(dorj: Actor, oyun: Actor, anu: Actor, holder: Actor) -> None:
    from toono.pki import api

    assert holder.person_id
    assert dorj.person_id
    for actor, whom in ((oyun, holder.person_id), (anu, holder.person_id), (holder, holder.person_id), (dorj, dorj.person_id)):
        with pytest.raises(NotAllowed):
            api.request_at_desk(actor=actor, holder_id=whom, name=PERSON, profile=Profile.PERSON, statement=SAID)
    with pytest.raises(NotAllowed):
        api.request_online(actor=dorj, name=PERSON, profile=Profile.PERSON, confirmation=uuid4())


@pytest.mark.parametrize("profile", [Profile.OFFICER, Profile.SEAL, Profile.ISSUING_PERSONS, Profile.TIMESTAMP])
def test_a_person_gets_a_persons_profiles_only(holder: Actor, profile: Profile) -> None:
    from toono.pki import api

    with pytest.raises(ProfileMismatch):
        api.request_online(actor=holder, name=PERSON, profile=profile, confirmation=uuid4())


# -- suspending and reviving -------------------------------------------------------------------------------------


def test_the_holder_suspends_and_revives_and_everything_is_remembered(held: CertificateInfo, holder: Actor) -> None:
    from toono.pki import api

    suspended = api.suspend_certificate(actor=holder, serial=held.serial)
    assert (suspended.state, suspended.reason) == (SUSPENDED, HOLD)
    revived = api.revive_certificate(actor=holder, serial=held.serial)
    assert (revived.state, revived.revoked_at, revived.reason) == (VALID, None, None)
    [mine] = api.my_certificates(actor=holder)
    assert [step.act for step in mine.steps] == [CertificateAct.ISSUE, CertificateAct.SUSPEND, CertificateAct.REVIVE]


def test_while_it_is_suspended_no_other_is_issued(held: CertificateInfo, holder: Actor, platform: Actor) -> None:
    from toono.pki import api

    api.suspend_certificate(actor=holder, serial=held.serial)
    with pytest.raises(CertificateSuspended):
        api.certificate_for(actor=platform, key=held.key, profile=Profile.PERSON, subject=PERSON)
    with pytest.raises(CertificateSuspended):
        api.request_online(actor=holder, name=PERSON, profile=Profile.PERSON, confirmation=uuid4())
    with pytest.raises(CertificateSuspended):
        api.suspend_certificate(actor=holder, serial=held.serial)


def test_what_the_administrator_suspended_the_holder_cannot_revive(held: CertificateInfo, holder: Actor, anu: Actor) -> None:
    from toono.pki import api

    api.suspend_certificate(actor=anu, serial=held.serial)
    with pytest.raises(RevivalReserved):
        api.revive_certificate(actor=holder, serial=held.serial)
    [mine] = api.my_certificates(actor=holder)
    assert CertificateAct.REVIVE not in mine.acts
    assert api.revive_certificate(actor=anu, serial=held.serial).state is VALID


def test_suspended_then_revoked_is_bad_since_the_suspension(held: CertificateInfo, holder: Actor) -> None:
    from toono.pki import api

    since = api.suspend_certificate(actor=holder, serial=held.serial).revoked_at
    revoked = api.revoke_certificate(actor=holder, serial=held.serial, reason=THEFT)
    assert (revoked.state, revoked.revoked_at, revoked.reason) == (REVOKED, since, THEFT)
    with pytest.raises(CertificateAlreadyRevoked):
        api.revive_certificate(actor=holder, serial=held.serial)
    assert [step.act for step in api.my_certificates(actor=holder)[0].steps][-1] is CertificateAct.REVOKE


def test_a_message_key_is_never_suspended(platform: Actor, anu: Actor) -> None:
    from toono.pki import api

    made = api.certificate_for(actor=platform, key=f"exchange/{code()}", profile=Profile.EXCHANGE, subject=SUBJECT)
    with pytest.raises(CertificateNotSuspendable):
        api.suspend_certificate(actor=anu, serial=made.serial)


def test_a_suspended_seal_seals_nothing_and_a_revived_one_does(
    seal_of: Callable[..., CertificateInfo], anu: Actor, platform: Actor
) -> None:
    from toono.pki import api
    from toono.pki.errors import NoSealCertificate
    from toono.pki.tests.making import document

    organisation = code()
    made = seal_of(organisation)
    api.suspend_certificate(actor=anu, serial=made.serial)
    with pytest.raises(NoSealCertificate):
        api.seal_pdf(actor=platform, organisation=organisation, pdf=document(), reason="r", location="l")
    api.revive_certificate(actor=anu, serial=made.serial)
    assert api.seal_pdf(actor=platform, organisation=organisation, pdf=document(), reason="r", location="l")


# -- whose it is -------------------------------------------------------------------------------------------------


def test_bat_can_do_nothing_with_another_persons_certificate_and_does_not_learn_of_it(
    held: CertificateInfo, bat: Actor, oyun: Actor
) -> None:
    from toono.pki import api

    for actor in (bat, oyun, Actor(role=Role.OPERATOR, person_id=uuid4()), Actor(role=Role.ANYBODY)):
        with pytest.raises(NotAllowed):
            api.suspend_certificate(actor=actor, serial=held.serial)
        with pytest.raises(NotAllowed):
            api.revive_certificate(actor=actor, serial=held.serial)
        with pytest.raises(NotAllowed):
            api.revoke_certificate(actor=actor, serial=held.serial, reason=THEFT)
        with pytest.raises(NotAllowed):
            api.renew_certificate(actor=actor, serial=held.serial, name=PERSON)
        with pytest.raises(CertificateNotFound):
            api.held_certificate(actor=actor, serial=held.serial)
    assert held.serial not in {one.certificate.serial for one in api.my_certificates(actor=bat)}
    assert api.certificate(serial=held.serial).state is VALID


# -- two at once -------------------------------------------------------------------------------------------------


def _at_once(*works: Callable[[], object]) -> list[str]:
    together = Barrier(len(works))

    def run(work: Callable[[], object]) -> str:
        from django.db import connection

        together.wait(10)
        try:
            work()
            return "done"
        except Exception as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as threads:
        return sorted(threads.map(run, works))


def test_of_two_who_suspend_at_once_one_is_told(held: CertificateInfo, holder: Actor) -> None:
    from toono.pki import api

    both = [lambda: api.suspend_certificate(actor=holder, serial=held.serial)] * 2
    assert _at_once(*both) == ["CertificateSuspended", "done"]
    assert len(api.my_certificates(actor=holder)[0].steps) == 2


def test_a_revocation_beside_a_revival_is_never_lost(held: CertificateInfo, holder: Actor, anu: Actor) -> None:
    from toono.pki import api

    api.suspend_certificate(actor=holder, serial=held.serial)
    _at_once(
        lambda: api.revive_certificate(actor=holder, serial=held.serial),
        lambda: api.revoke_certificate(actor=anu, serial=held.serial, reason=THEFT),
    )
    assert api.certificate(serial=held.serial).state is REVOKED


def test_without_the_lock_the_revocation_would_be_lost(
    held: CertificateInfo, holder: Actor, anu: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant of the test above: the revival has read before the revocation and writes after it."""
    from toono.pki import api
    from toono.pki.models import Certificate
    from toono.pki.operations import revoke_certificate as operation

    api.suspend_certificate(actor=holder, serial=held.serial)
    monkeypatch.setattr(operation, "_locked", lambda serial: Certificate.objects.get(serial=serial))
    real = operation.check_revival

    def slow(**given: Any) -> None:
        real(**given)
        _at_once(lambda: api.revoke_certificate(actor=anu, serial=held.serial, reason=THEFT))

    monkeypatch.setattr(operation, "check_revival", slow)
    api.revive_certificate(actor=holder, serial=held.serial)
    assert api.certificate(serial=held.serial).state is VALID


def test_two_requests_at_once_give_one_certificate(holder: Actor) -> None:
    from toono.pki import api

    both = [lambda: api.request_online(actor=holder, name=PERSON, profile=Profile.PERSON, confirmation=uuid4())] * 2
    assert _at_once(*both) == ["done", "done"]
    assert len(api.my_certificates(actor=holder)) == 1


# -- after a revocation, and renewing ----------------------------------------------------------------------------


def test_after_a_theft_the_next_one_has_a_new_key(held: CertificateInfo, holder: Actor) -> None:
    from toono.pki import api

    api.revoke_certificate(actor=holder, serial=held.serial, reason=THEFT)
    following = api.request_online(actor=holder, name=PERSON, profile=Profile.PERSON, confirmation=uuid4())
    assert (following.key, following.state) == (f"{held.key}/2", VALID)


def test_given_up_it_comes_back_by_a_request_and_never_by_itself(held: CertificateInfo, holder: Actor, platform: Actor) -> None:
    from toono.pki import api

    api.revoke_certificate(actor=holder, serial=held.serial, reason=UNUSED)
    with pytest.raises(CertificateWithdrawn):
        api.certificate_for(actor=platform, key=held.key, profile=Profile.PERSON, subject=PERSON)
    assert api.request_online(actor=holder, name=PERSON, profile=Profile.PERSON, confirmation=uuid4()).serial != held.serial
    assert api.certificate(serial=held.serial).state is REVOKED


def test_a_renewal_in_the_last_sixty_days_keeps_the_key(held: CertificateInfo, holder: Actor) -> None:
    from toono.pki import api

    with pytest.raises(CertificateNotRenewable):
        api.renew_certificate(actor=holder, serial=held.serial, name=PERSON)
    with at(now() + timedelta(days=320)):
        renewed = api.renew_certificate(actor=holder, serial=held.serial, name=PERSON)
        assert (renewed.key, renewed.state) == (held.key, VALID)
        assert renewed.not_after > held.not_after
        assert api.renew_certificate(actor=holder, serial=held.serial, name=PERSON).serial == renewed.serial
        stranger = PersonName(given_name="Бат", patronymic="Дорж", civil_id="990000000000")
        with pytest.raises(CertificateNotRenewable):
            api.renew_certificate(actor=holder, serial=renewed.serial, name=stranger)


# -- the queue ---------------------------------------------------------------------------------------------------


def _pkcs10(*names: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def representative(stack: Any) -> Actor:
    return Actor(role=Role.REPRESENTATIVE, person_id=uuid4(), organisation="dundgovi-environment")


def test_a_servers_request_waits_for_an_administrator(representative: Actor, anu: Actor) -> None:
    from toono.pki import api

    host = f"{code()}.gov.mn"
    asked = api.request_for_server(actor=representative, organisation=SUBJECT, request=_pkcs10(host))
    assert (asked.state, asked.names, asked.algorithm) == (RequestState.WAITING, (host,), "P-256")
    assert asked.id in {one.id for one in api.authority_overview(actor=anu).waiting}
    decided = api.decide_certificate_request(actor=anu, request_id=asked.id, approved=True)
    made = api.certificate(serial=decided.serial)
    assert (decided.state, made.profile, made.common_name) == (RequestState.ISSUED, Profile.SERVER, host)
    assert (made.not_after - made.not_before).days == 90
    with pytest.raises(CertificateRequestDecided):
        api.decide_certificate_request(actor=anu, request_id=asked.id, approved=False, reason="хожимдсон")


def test_a_request_that_was_sent_twice_waits_once(representative: Actor) -> None:
    from toono.pki import api

    content = _pkcs10(f"{code()}.gov.mn")
    first = api.request_for_server(actor=representative, organisation=SUBJECT, request=content)
    assert api.request_for_server(actor=representative, organisation=SUBJECT, request=content) == first


def test_a_refusal_has_a_reason_that_the_applicant_reads(representative: Actor, anu: Actor, bat: Actor) -> None:
    from toono.pki import api

    asked = api.request_for_server(actor=representative, organisation=SUBJECT, request=_pkcs10(f"{code()}.gov.mn"))
    with pytest.raises(RequestMalformed):
        api.decide_certificate_request(actor=anu, request_id=asked.id, approved=False)
    api.decide_certificate_request(actor=anu, request_id=asked.id, approved=False, reason="Нэр нь танай байгууллагынх биш")
    [mine] = api.my_certificate_requests(actor=representative)
    assert (mine.state, mine.refusal) == (RequestState.REFUSED, "Нэр нь танай байгууллагынх биш")
    assert api.my_certificate_requests(actor=bat) == ()


def test_who_asked_does_not_decide(anu: Actor, representative: Actor, oyun: Actor) -> None:
    from toono.pki import api

    asking = representative.model_copy(update={"person_id": anu.person_id})
    asked = api.request_for_server(actor=asking, organisation=SUBJECT, request=_pkcs10(f"{code()}.gov.mn"))
    for actor in (anu, oyun, representative):
        with pytest.raises(NotAllowed):
            api.decide_certificate_request(actor=actor, request_id=asked.id, approved=True)


def test_of_two_administrators_who_decide_at_once_one_is_told(representative: Actor, anu: Actor) -> None:
    from toono.pki import api

    asked = api.request_for_server(actor=representative, organisation=SUBJECT, request=_pkcs10(f"{code()}.gov.mn"))
    both = [lambda: api.decide_certificate_request(actor=anu, request_id=asked.id, approved=True)] * 2
    assert _at_once(*both) == ["CertificateRequestDecided", "done"]


def test_an_officers_certificate_names_one_organisation_at_a_time(oyun: Actor, anu: Actor, holder: Actor) -> None:
    from toono.pki import api

    officer = oyun.model_copy(update={"person_id": holder.person_id})
    first, second = (
        OfficerName(person=PERSON, organisation=name, organisation_number="9000001") for name in ("Нэгдүгээр газар", "Хоёрдугаар газар")
    )
    serials = []
    for name in (first, second):
        asked = api.request_for_officer(actor=officer, name=name)
        serials.append(api.decide_certificate_request(actor=anu, request_id=asked.id, approved=True).serial)
    states = [api.certificate(serial=serial) for serial in serials]
    assert [(one.state, one.organisation) for one in states] == [(REVOKED, "Нэгдүгээр газар"), (VALID, "Хоёрдугаар газар")]
    assert states[0].reason is RevocationReason.AFFILIATION_CHANGED
    assert states[1].key == f"officer/{officer.person_id}"


def test_a_servers_certificate_at_once_is_for_exactly_the_names_that_were_proven(platform: Actor, bat: Actor) -> None:
    from toono.pki import api

    host = f"{code()}.gov.mn"
    made = api.issue_server_certificate(actor=platform, organisation=SUBJECT, names=(host,), request=_pkcs10(host))
    names = x509.load_pem_x509_certificate(made.pem.encode()).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [host]
    for request, error in (
        (_pkcs10(host, "more.gov.mn"), RequestNamesDiffer),
        (_pkcs10("more.gov.mn"), RequestNamesDiffer),
        (_pkcs10(host, key=rsa.generate_private_key(public_exponent=65537, key_size=1024)), WeakKey),
        (b"junk", RequestMalformed),
    ):
        with pytest.raises(error):
            api.issue_server_certificate(actor=platform, organisation=SUBJECT, names=(host,), request=request)
    with pytest.raises(NotAllowed):
        api.issue_server_certificate(actor=bat, organisation=SUBJECT, names=(host,), request=_pkcs10(host))
    assert api.revoke_certificate(actor=platform, serial=made.serial, reason=THEFT).state is REVOKED


# -- what is told, kept and counted ------------------------------------------------------------------------------


def test_each_step_is_an_event_and_an_audit_record(held: CertificateInfo, holder: Actor) -> None:
    from toono.kernel.models import AuditRecord, OutboxEvent
    from toono.pki import api

    api.suspend_certificate(actor=holder, serial=held.serial)
    api.revive_certificate(actor=holder, serial=held.serial)
    api.revoke_certificate(actor=holder, serial=held.serial, reason=THEFT)
    told = OutboxEvent.objects.filter(payload__serial=held.serial).order_by("occurred_at")
    assert [event.name for event in told] == [
        "pki.certificate_issued", "pki.certificate_suspended", "pki.certificate_revived", "pki.certificate_revoked",
    ]  # fmt: skip
    assert {event.payload["holder_id"] for event in told} == {str(holder.person_id)}
    recorded = AuditRecord.objects.filter(subject=f"certificate:{held.serial}").order_by("at")
    assert [record.action for record in recorded] == [
        "pki.issue_certificate", "pki.suspend_certificate", "pki.revive_certificate", "pki.revoke_certificate",
    ]  # fmt: skip


def test_a_step_that_cannot_be_recorded_does_not_happen(held: CertificateInfo, holder: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    from toono.kernel import audit
    from toono.pki import api

    def fail(**_: Any) -> None:
        raise OSError("the audit cannot be written")

    monkeypatch.setattr(audit, "record", fail)
    with pytest.raises(OSError, match="audit"):
        api.suspend_certificate(actor=holder, serial=held.serial)
    assert api.certificate(serial=held.serial).state is VALID
    assert len(api.my_certificates(actor=holder)[0].steps) == 1


def test_the_history_cannot_be_changed_or_removed_in_the_database(held: CertificateInfo) -> None:
    from django.db import DatabaseError, transaction

    from toono.pki.models import CertificateStep

    steps = CertificateStep.objects.filter(certificate_id=held.serial)
    for change in (lambda: steps.update(act="revoke"), steps.delete, lambda: steps._raw_delete("default")):
        with pytest.raises(DatabaseError, match="never changed or removed"), transaction.atomic():
            change()
    assert steps.count() == 1


def test_the_console_counts_and_shows_what_ends_soon(held: CertificateInfo, holder: Actor, anu: Actor, bat: Actor) -> None:
    from toono.pki import api

    before = api.authority_overview(actor=anu)
    api.suspend_certificate(actor=holder, serial=held.serial)
    after = api.authority_overview(actor=anu)
    counted = (before.counts[Profile.PERSON], after.counts[Profile.PERSON])
    assert counted[1][SUSPENDED] == counted[0][SUSPENDED] + 1
    assert counted[1][VALID] == counted[0][VALID] - 1
    authorities = {one.slug: one for one in after.authorities}
    assert {"root", "issuing", "issuing-persons", "issuing-servers"} <= set(authorities)
    assert authorities["issuing-persons"].suspended >= 1
    assert all(one.key_here and one.algorithm == "P-384" for one in after.authorities)
    api.revive_certificate(actor=holder, serial=held.serial)
    with at(now() + timedelta(days=350)):
        assert held.serial in {one.serial for one in api.authority_overview(actor=anu).expiring}
    with pytest.raises(NotAllowed):
        api.authority_overview(actor=bat)


def test_found_by_its_state(held: CertificateInfo, holder: Actor, anu: Actor) -> None:
    from toono.pki import api

    def found(state: CertificateState) -> bool:
        return held.serial in {one.serial for one in api.certificates(actor=anu, state=state, text=held.serial)}

    api.suspend_certificate(actor=holder, serial=held.serial)
    assert [state for state in CertificateState if found(state)] == [SUSPENDED]
    with at(held.not_after + timedelta(days=1)):
        assert [state for state in CertificateState if found(state)] == [CertificateState.EXPIRED]
    api.revoke_certificate(actor=holder, serial=held.serial, reason=THEFT)
    assert [state for state in CertificateState if found(state)] == [REVOKED]
