"""Requests to sign, by the doors: sole control, two devices, double clicks, interrupted processes, other people's requests."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from toono.identity.errors import ChallengeOver, CodeRefused, NumberIsNew
from toono.kernel.clock import at, now
from toono.kernel.errors import NotAllowed
from toono.pki.contracts import Confirmation, RevocationReason, SigningOrigin, SigningPurpose, SigningState
from toono.pki.errors import (
    NoSigningCertificate,
    NotConfirmed,
    SignerRefused,
    SigningContentChanged,
    SigningNotReady,
    SigningRequestNotFound,
    SigningRequestOver,
    SigningRequestRefused,
    TooManySigningRequests,
)

pytestmark = pytest.mark.usefixtures("stack")


class Late:
    """A module of the room, imported when first used: only then has the stage told Django which database to use."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


api: Any = Late("toono.pki.api")
identity: Any = Late("toono.identity.api")
activation: Any = Late("toono.pki.operations.activation")
remote_signing: Any = Late("toono.pki.operations.remote_signing")
signer: Any = Late("toono.pki.adapters.signer")
models: Any = Late("toono.pki.models")


class Holder:
    """A citizen with a key and a phone."""

    def __init__(self, stack: Any, known: dict[str, Any]) -> None:
        from toono.kernel.actor import Actor, Role, system
        from toono.pki.contracts import PersonName, Profile

        self.stack, self.known = stack, known
        person = identity.register_person(actor=system("tests"), regnum=known["regnum"])
        self.id: UUID = person.id
        self.actor = Actor(role=Role.CITIZEN, person_id=person.id)
        name = PersonName(given_name=person.given_name, patronymic=person.patronymic, civil_id=person.civil_id)
        self.certificate = api.certificate_for(actor=system("tests"), key=f"person/{person.id}", profile=Profile.PERSON, subject=name)

    def asked(self, text: str = "Зээлийн гэрээ", *, party: str = "bank", digests: list[str] | None = None) -> Any:
        return api.ask_signature(
            origin=SigningOrigin.CSC, purpose=SigningPurpose.SIGNATURE, party_id=party, party="Хаан Банк", certificate=self.certificate.serial,
            digests=digests or [digest(text)], text=text, protocol={},
        )  # fmt: skip

    def codes(self) -> list[str]:
        return [text for text in self.stack.sms(self.known["phone"]) if re.search(r"\b\d{6}\b", text)]

    def code(self, asked: Any) -> str:
        before = len(self.codes())
        identity.ask_confirmation(actor=self.actor, reference=f"signing:{asked.id}", title="Банк", confirms=asked.confirms, language="mn")
        came = self.stack.wait(lambda: found if len(found := self.codes()) > before else None, timeout=20)
        return str(re.findall(r"\b\d{6}\b", came[-1])[-1])

    def confirms(self, asked: Any, typed: str = "") -> Confirmation:
        """Types the code; what ``identity`` says of it."""
        code = typed or self.code(asked)
        said = identity.confirm(actor=self.actor, reference=f"signing:{asked.id}", confirms=asked.confirms, typed=code)
        return Confirmation(challenge_id=said.challenge_id, person_id=said.person_id, reference=said.reference, confirms=said.confirms)

    def signs(self, asked: Any) -> Any:
        return api.sign_confirmed(actor=self.actor, request_id=asked.id, confirmation=self.confirms(asked))


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@pytest.fixture
def holder(stack: Any, fresh_person: Any) -> Holder:
    return Holder(stack, fresh_person())


def made_up(holder: Holder, asked: Any, **changed: Any) -> Confirmation:
    """What a process would have to claim that has no proof."""
    values = {"challenge_id": uuid4(), "person_id": holder.id, "reference": f"signing:{asked.id}", "confirms": asked.confirms}
    return Confirmation(**(values | changed))


# -- sole control --------------------------------------------------------------------------------------------------


def test_the_holder_reads_confirms_and_has_signed(holder: Holder) -> None:
    asked = holder.asked()
    assert asked.exact and asked.state is SigningState.WAITING
    signed = holder.signs(asked)
    assert signed.state is SigningState.SIGNED and len(signed.signatures) == 1
    assert api.signing_requests(actor=holder.actor)[0] == signed


def test_the_portal_by_its_token_alone_signs_nothing(holder: Holder) -> None:
    wanted = {"key": holder.certificate.key, "digests": [hashlib.sha256(b"x").digest()]}
    with pytest.raises(SignerRefused) as plain:
        signer.client().sign(**wanted)
    assert plain.value.data["reason"] == "activation_missing"
    with pytest.raises(SignerRefused) as loose:
        signer.client().activate(activation=str(uuid4()), seconds=60, proof={"code": str(uuid4())}, **wanted)
    assert loose.value.data["reason"] == "not_permitted"
    with pytest.raises(SignerRefused):
        api.sign(**wanted)


def test_the_worker_lets_nothing_loose_without_the_record_of_a_code(holder: Holder) -> None:
    asked = holder.asked()
    with pytest.raises(NotConfirmed):
        api.let_loose(confirmation=made_up(holder, asked), key=holder.certificate.key, request_id=asked.id)


def test_a_code_for_one_thing_lets_no_other_loose(holder: Holder, stack: Any, fresh_person: Any) -> None:
    """The record is there, but of another request, another key, another text: the worker works it out by itself."""
    asked, other = holder.asked(), holder.asked("Өөр гэрээ")
    proof = holder.confirms(asked)
    bat = Holder(stack, fresh_person())
    for confirmation, key, request in (
        (proof, holder.certificate.key, other.id),
        (proof.model_copy(update={"confirms": other.confirms}), holder.certificate.key, other.id),
        (proof, bat.certificate.key, asked.id),
        (proof.model_copy(update={"person_id": bat.id}), bat.certificate.key, asked.id),
        (proof, holder.certificate.key, uuid4()),
    ):
        with pytest.raises(NotConfirmed):
            api.let_loose(confirmation=confirmation, key=key, request_id=request)
    jws = f"e30.{base64.urlsafe_b64encode(b'{}').decode().rstrip('=')}"
    with pytest.raises(NotConfirmed):
        api.let_loose(confirmation=proof, key=holder.certificate.key, signing_input=jws)


def test_a_record_that_is_old_lets_nothing_loose(holder: Holder) -> None:
    asked = holder.asked()
    proof = holder.confirms(asked)
    with at(now() + timedelta(minutes=6)), pytest.raises(NotConfirmed):
        api.let_loose(confirmation=proof, key=holder.certificate.key, request_id=asked.id)


def test_without_the_check_of_the_record_the_worker_would_let_it_loose(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: the refusals above come from the record and from nothing else."""
    asked = holder.asked()
    monkeypatch.setattr(importlib.import_module("toono.pki.operations.activation"), "proven", lambda _: True)
    with pytest.raises(SignerRefused) as refused:  # this process is the portal; the worker would have the right
        api.let_loose(confirmation=made_up(holder, asked), key=holder.certificate.key, request_id=asked.id)
    assert refused.value.data["reason"] == "not_permitted"


def forged_record(holder: Holder, asked: Any, challenge_id: UUID) -> Confirmation:
    """What a portal that was taken over writes, with its token and the whole database: the record of a code that nobody typed."""
    from toono.kernel import audit

    audit.record(
        actor=holder.actor, action="identity.confirm", subject=f"signing:{asked.id}", challenge=str(challenge_id), confirms=asked.confirms
    )  # fmt: skip
    return made_up(holder, asked, challenge_id=challenge_id)


def test_a_portal_that_forges_the_record_in_the_database_signs_nothing(holder: Holder, stack: Any) -> None:
    """The worker believes the record, the signer does not: no code of its own was typed in."""
    asked = holder.asked()
    proof = forged_record(holder, asked, uuid4())
    with pytest.raises(SigningNotReady):
        remote_signing_short(holder, asked, proof)
    log = stack.wait(lambda: found if "code_missing" in (found := (stack.home / "logs" / "signer.log").read_text()) else None, timeout=20)
    assert "activation_missing" not in log.splitlines()[-1]
    assert api.signing_request(actor=holder.actor, request_id=asked.id).state is SigningState.WAITING


def test_a_code_that_was_sent_but_not_typed_lets_nothing_loose(holder: Holder) -> None:
    """As before, but the code exists: the worker drew it for the phone, and the record is forged with its name."""
    asked = holder.asked()
    holder.code(asked)
    drawn = importlib.import_module("toono.identity.models").Challenge.objects.filter(reference=f"signing:{asked.id}").get()
    with pytest.raises(SigningNotReady):
        remote_signing_short(holder, asked, forged_record(holder, asked, drawn.id))


def remote_signing_short(holder: Holder, asked: Any, proof: Confirmation) -> Any:
    """:func:`sign_confirmed` that waits a second for the worker."""
    finished = importlib.import_module("toono.pki.operations.remote_signing").finished
    kept, finished.__kwdefaults__ = finished.__kwdefaults__, {"wait_seconds": 1.0}
    try:
        return api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof)
    finally:
        finished.__kwdefaults__ = kept


def test_guesses_past_identity_are_counted_by_the_signer(holder: Holder) -> None:
    """A portal that asks the signer itself gets five tries; then not even the right code counts."""
    asked = holder.asked()
    right = holder.code(asked)
    drawn = importlib.import_module("toono.identity.models").Challenge.objects.filter(reference=f"signing:{asked.id}").get()
    for number in range(5):
        assert not api.enter_code(challenge_id=drawn.id, person_id=holder.id, typed=f"{(int(right) + 1 + number) % 10**6:06d}")
    assert not api.enter_code(challenge_id=drawn.id, person_id=holder.id, typed=right)
    with pytest.raises(CodeRefused):
        holder.confirms(asked, right)


def test_the_database_holds_nothing_of_a_code_that_confirms(holder: Holder) -> None:
    asked = holder.asked()
    holder.code(asked)
    drawn = importlib.import_module("toono.identity.models").Challenge.objects.filter(reference=f"signing:{asked.id}").get()
    assert drawn.drawn_at is not None and drawn.code_digest == ""


def test_a_number_that_was_changed_in_the_database_gets_no_code(holder: Holder) -> None:
    holder.signs(holder.asked())
    persons = importlib.import_module("toono.identity.models").Person.objects
    persons.filter(id=holder.id).update(phone="88000011")
    asked = holder.asked("Өөр гэрээ")
    with pytest.raises(NumberIsNew) as refused:
        identity.ask_confirmation(actor=holder.actor, reference=f"signing:{asked.id}", title="Банк", confirms=asked.confirms, language="mn")
    waits = refused.value.data["usable_from"] - now()
    assert timedelta(days=2, hours=23) < waits <= timedelta(days=3)


def test_a_wrong_code_signs_nothing(holder: Holder) -> None:
    asked = holder.asked()
    right = holder.code(asked)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for _ in range(5):
        with pytest.raises(CodeRefused):
            holder.confirms(asked, wrong)
    with pytest.raises(CodeRefused):
        holder.confirms(asked, right)
    assert api.signing_request(actor=holder.actor, request_id=asked.id).state is SigningState.WAITING


def test_a_code_of_another_request_signs_nothing(holder: Holder) -> None:
    first, second = holder.asked(), holder.asked("Өөр гэрээ")
    code = holder.code(first)
    with pytest.raises(ChallengeOver):
        holder.confirms(second, code)
    proof = holder.confirms(first, code)
    with pytest.raises(SigningContentChanged):
        api.sign_confirmed(actor=holder.actor, request_id=second.id, confirmation=proof)


def test_what_was_changed_after_it_was_confirmed_is_not_signed(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody with a hand in the database changes the digest between the code and the key: the worker notices."""
    asked = holder.asked()
    proof = holder.confirms(asked)
    models.SigningRequest.objects.filter(id=asked.id).update(digests=[digest("Өөр")])
    with pytest.raises(SigningContentChanged):
        api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof)
    with pytest.raises(NotConfirmed):
        api.let_loose(confirmation=proof, key=holder.certificate.key, request_id=asked.id)


# -- twice, at once, interrupted -------------------------------------------------------------------------------------


def test_a_second_click_and_a_second_device_find_the_same_signature(holder: Holder) -> None:
    asked = holder.asked()
    proof = holder.confirms(asked)

    def sign(_: int) -> Any:
        from django.db import close_old_connections

        try:
            return api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof)
        finally:
            close_old_connections()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(sign, range(4)))
    assert {one.state for one in found} == {SigningState.SIGNED}
    assert len({one.signatures for one in found}) == 1
    from toono.kernel.models import AuditRecord

    acts = AuditRecord.objects.filter(subject=f"signing:{asked.id}", action__startswith="pki.").values_list("action", flat=True)
    assert sorted(acts) == ["pki.confirm_signature", "pki.sign"]


def test_refused_is_refused_and_signed_is_signed(holder: Holder) -> None:
    asked = holder.asked()
    proof = holder.confirms(asked)
    assert api.refuse_signature(actor=holder.actor, request_id=asked.id).state is SigningState.REFUSED
    assert api.refuse_signature(actor=holder.actor, request_id=asked.id).state is SigningState.REFUSED
    with pytest.raises(SigningRequestOver):
        api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof)


def test_of_yes_and_no_at_once_one_counts(stack: Any, fresh_person: Any) -> None:
    holder = Holder(stack, fresh_person())
    asked = holder.asked()
    proof = holder.confirms(asked)
    gate, outcomes = threading.Barrier(2), []

    def answer(yes: bool) -> None:
        from django.db import close_old_connections

        gate.wait()
        try:
            if yes:
                api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof)
            else:
                api.refuse_signature(actor=holder.actor, request_id=asked.id)
            outcomes.append(yes)
        except SigningRequestOver:
            pass
        finally:
            close_old_connections()

    threads = [threading.Thread(target=answer, args=(yes,)) for yes in (True, False)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert len(outcomes) == 1
    expected = SigningState.SIGNED if outcomes[0] else SigningState.REFUSED
    assert api.signing_outcome(request_id=asked.id).state is expected


def test_a_process_that_dies_after_the_confirmation_loses_nothing(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks next makes the request to its end, with one signature."""
    asked = holder.asked()
    proof = holder.confirms(asked)
    module = importlib.import_module("toono.pki.operations.remote_signing")
    with monkeypatch.context() as patched:

        def dies(**_: Any) -> None:
            raise KeyboardInterrupt

        patched.setattr(module, "finished", dies)
        with pytest.raises(KeyboardInterrupt):
            api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof)
    seen = api.signing_request(actor=holder.actor, request_id=asked.id)
    assert seen.confirmed and seen.state is SigningState.WAITING
    with pytest.raises(SigningRequestOver):
        api.refuse_signature(actor=holder.actor, request_id=asked.id)
    signed = api.signing_outcome(request_id=asked.id, wait_seconds=10)
    assert signed.state is SigningState.SIGNED
    assert api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof).signatures == signed.signatures


def test_a_process_that_dies_after_the_signer_answered_gets_the_same_signature(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = holder.asked()
    proof = holder.confirms(asked)
    module, made = importlib.import_module("toono.pki.operations.remote_signing"), []
    with monkeypatch.context() as patched:

        def dies(_: UUID, state: SigningState, signatures: Any) -> None:
            made.append(signatures)
            raise KeyboardInterrupt

        patched.setattr(module, "_closed", dies)
        with pytest.raises(KeyboardInterrupt):
            api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof)
    with at(now() + timedelta(minutes=4)):  # long after
        assert [api.signing_outcome(request_id=asked.id).signatures] == made


def test_the_signer_killed_in_the_middle_signs_once(stack: Any, holder: Holder) -> None:
    """kill -9 of signer and portal between the code and the signature; the person's second click ends it."""
    asked = holder.asked()
    proof = holder.confirms(asked)
    stack.kill("signer")
    for _ in range(60):
        try:
            signed = api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof)
            break
        except Exception as error:
            assert getattr(error, "transient", False), error
            threading.Event().wait(0.5)
    stack.kill("web")
    assert signed.state is SigningState.SIGNED
    assert api.signing_outcome(request_id=asked.id).signatures == signed.signatures
    stack.wait(stack.serves, timeout=60)


def test_a_worker_that_is_not_there_is_waited_for_and_nothing_is_lost(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = holder.asked()
    proof = holder.confirms(asked)
    module = importlib.import_module("toono.pki.operations.activation")
    with monkeypatch.context() as patched:
        patched.setattr(module, "ask", lambda **_: None)
        patched.setattr(importlib.import_module("toono.pki.operations.remote_signing").finished, "__kwdefaults__", {"wait_seconds": 0.1})
        with pytest.raises(SigningNotReady):
            api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof)
    activation.ask(confirmation=proof, key=holder.certificate.key, request=asked.id)
    assert api.signing_outcome(request_id=asked.id, wait_seconds=10).state is SigningState.SIGNED


def test_what_was_confirmed_and_never_let_loose_is_over_after_a_while(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = holder.asked()
    proof = holder.confirms(asked)
    with monkeypatch.context() as patched:
        patched.setattr(importlib.import_module("toono.pki.operations.activation"), "ask", lambda **_: None)
        patched.setattr(importlib.import_module("toono.pki.operations.remote_signing").finished, "__kwdefaults__", {"wait_seconds": 0.0})
        with pytest.raises(SigningNotReady):
            api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof)
    with at(now() + timedelta(minutes=6)):
        assert api.signing_request(actor=holder.actor, request_id=asked.id).state is SigningState.EXPIRED


# -- a certificate that is gone in between -----------------------------------------------------------------------------


def gone(holder: Holder, how: str, anu: Any) -> None:
    if how == "suspended":
        api.suspend_certificate(actor=holder.actor, serial=holder.certificate.serial)
    else:
        api.revoke_certificate(actor=anu, serial=holder.certificate.serial, reason=RevocationReason(how))


@pytest.mark.parametrize("how", ["suspended", "key_compromise", "affiliation_changed"])
def test_a_certificate_that_went_between_question_and_code_signs_nothing(holder: Holder, anu: Any, how: str) -> None:
    """Neither the pages nor the worker, who looks for itself, go on; the request stays unanswered."""
    asked = holder.asked()
    proof = holder.confirms(asked)
    gone(holder, how, anu)
    with pytest.raises(NoSigningCertificate):
        api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof)
    with pytest.raises(NotConfirmed, match="is not in force"):
        api.let_loose(confirmation=proof, key=holder.certificate.key, request_id=asked.id)
    found = api.signing_outcome(request_id=asked.id)
    assert found.state is SigningState.WAITING and not found.confirmed and not found.signatures


def test_pages_that_do_not_look_get_nothing_from_the_worker(holder: Holder, anu: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: without the check of the pages the worker's remains, in a process of its own."""
    asked = holder.asked()
    proof = holder.confirms(asked)
    gone(holder, "suspended", anu)
    monkeypatch.setattr(importlib.import_module("toono.pki.queries"), "in_force", lambda _: True)
    with pytest.raises(SigningNotReady):
        remote_signing_short(holder, asked, proof)


def test_what_was_confirmed_and_let_loose_is_not_signed_once_the_certificate_is_gone(
    holder: Holder, anu: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = holder.asked()
    proof = holder.confirms(asked)
    with monkeypatch.context() as patched:
        patched.setattr(importlib.import_module("toono.pki.operations.remote_signing"), "finished", lambda **_: None)
        api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof)
    client = importlib.import_module("toono.pki.adapters.signer").client()
    assert holder.stack.wait(lambda: client.is_activated(activation=str(proof.challenge_id), key=holder.certificate.key), timeout=20)
    gone(holder, "key_compromise", anu)
    for _ in range(2):
        found = api.signing_outcome(request_id=asked.id, wait_seconds=5)
        assert found.state is SigningState.EXPIRED and not found.signatures


def test_a_jws_is_not_let_loose_for_a_key_without_a_certificate_in_force(holder: Holder, anu: Any) -> None:
    asked = holder.asked()
    proof = holder.confirms(asked)
    claims = base64.urlsafe_b64encode(json.dumps({"digest": proof.confirms}).encode()).decode().rstrip("=")
    with pytest.raises(SignerRefused) as portal:  # all is proven; only this process has not the worker's right
        api.let_loose(confirmation=proof, key=holder.certificate.key, signing_input=f"e30.{claims}")
    assert portal.value.data["reason"] == "not_permitted"
    gone(holder, "key_compromise", anu)
    with pytest.raises(NotConfirmed, match="no certificate of"):
        api.let_loose(confirmation=proof, key=holder.certificate.key, signing_input=f"e30.{claims}")


# -- whose, how many, what -------------------------------------------------------------------------------------------


def test_another_persons_request_is_none(holder: Holder, bat: Any, oyun: Any) -> None:
    asked = holder.asked()
    for act in (api.signing_request, api.refuse_signature):
        with pytest.raises(SigningRequestNotFound):
            act(actor=bat, request_id=asked.id)
        with pytest.raises(NotAllowed):
            act(actor=oyun, request_id=asked.id)
    with pytest.raises(SigningRequestNotFound):
        api.sign_confirmed(actor=bat, request_id=asked.id, confirmation=made_up(holder, asked))
    assert asked.id not in [one.id for one in api.signing_requests(actor=bat)]


def test_over_in_time(holder: Holder) -> None:
    asked = holder.asked()
    proof = holder.confirms(asked)
    with at(now() + timedelta(minutes=11)):
        assert api.signing_request(actor=holder.actor, request_id=asked.id).state is SigningState.EXPIRED
        with pytest.raises(SigningRequestOver):
            api.sign_confirmed(actor=holder.actor, request_id=asked.id, confirmation=proof)


def test_nobody_is_worn_down_by_questions(holder: Holder) -> None:
    def ask(_: int) -> bool:
        from django.db import close_old_connections

        try:
            holder.asked(party="pushy")
            return True
        except TooManySigningRequests:
            return False
        finally:
            close_old_connections()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(ask, range(12))) == 5
    assert holder.asked(party="another").state is SigningState.WAITING


@pytest.mark.parametrize("digests", [["?"], ["AAAA"], [digest("a")] * 51])
def test_what_cannot_be_signed_is_not_asked(holder: Holder, digests: list[str]) -> None:
    with pytest.raises(SigningRequestRefused):
        holder.asked(digests=digests)
    with pytest.raises(SigningRequestRefused):
        holder.asked("а" * 131_073)


def test_several_digests_are_signed_under_one_confirmation(holder: Holder) -> None:
    digests = [digest(f"Хуудас {number}") for number in range(3)]
    signed = holder.signs(holder.asked("Гурван баримт", digests=digests))
    assert signed.digests == tuple(digests) and len(set(signed.signatures)) == 3 and not signed.exact


def test_the_holder_is_told_who_asks_and_the_code(stack: Any, holder: Holder) -> None:
    asked = holder.asked()
    text = stack.wait(lambda: next((one for one in stack.sms(holder.known["phone"]) if asked.verification_code in one), None), timeout=20)
    assert "Хаан Банк" in text
