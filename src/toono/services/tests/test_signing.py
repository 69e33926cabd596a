"""Signing an application: by a code for exactly what was seen, by a person's own key, by several."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

from toono.identity.errors import ChallengeOver, CodeRefused, TooManyCodes
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import at, now
from toono.services.contracts import Phase, SignatureKind, SignerState
from toono.services.errors import AnswersChanged, CaseUnknown, NotAllowedNow, ReasonMissing, SignatureMissing
from toono.services.tests.published import GARDEN, answer_all, definition, publish, registers

if TYPE_CHECKING:
    from tests.stage import Stack

Person = dict[str, Any]


class Somebody:
    """A citizen with a phone."""

    def __init__(self, stack: Stack, person: Person) -> None:
        import toono.identity.api as identity
        from toono.kernel.actor import system

        self.stack, self.person = stack, person
        known = identity.register_person(actor=system("tests"), regnum=person["regnum"])
        self.actor = Actor(role=Role.CITIZEN, person_id=known.id)

    def texts(self) -> list[str]:
        """The texts with a code to confirm something."""
        return [text for text in self.stack.sms(self.person["phone"]) if "баталгаажуулах код" in text]

    def code(self, after: int) -> str:
        """The newest code, once more than ``after`` such texts came."""
        found = self.stack.wait(lambda: had if len(had := self.texts()) > after else None, 20)
        return str(re.findall(r"\b(\d{6})\b", found[-1])[-1])

    def signs(self, case_id: UUID, token: str | None = None) -> Any:
        from toono.services import api

        token = token or api.signing(actor=self.actor, case_id=case_id).token
        had = len(self.texts())
        api.ask_signature_code(actor=self.actor, case_id=case_id, token=token, language="mn")
        return api.sign_case(actor=self.actor, case_id=case_id, token=token, code=self.code(had))


@pytest.fixture
def world() -> Iterator[dict[str, Any]]:
    with registers() as said:
        yield said


@pytest.fixture
def somebody(stack: Stack, fresh_person: Callable[[], Person], world: dict[str, Any]) -> Callable[[], Somebody]:
    return lambda: Somebody(stack, fresh_person())


def draft(who: Somebody, **changes: Any) -> UUID:
    from toono.services import api

    service = publish(definition(**changes))
    return UUID(str(answer_all(who.actor, api.start_case(actor=who.actor, service=service), GARDEN).id))


def token(who: Somebody, case_id: UUID) -> str:
    from toono.services import api

    return api.check(actor=who.actor, case_id=case_id).form_token


def test_what_must_be_signed_is_not_sent_without(somebody: Callable[[], Somebody]) -> None:
    from toono.services import api

    who = somebody()
    case_id = draft(who, signing={"kind": "code"})
    with pytest.raises(SignatureMissing):
        api.submit_case(actor=who.actor, case_id=case_id, form_token=token(who, case_id))


def test_the_code_signs_exactly_what_was_seen_and_sends_it(somebody: Callable[[], Somebody]) -> None:
    from toono.services import api
    from toono.services.models import Case, CaseSignature

    who = somebody()
    case_id = draft(who, signing={"kind": "code"})
    seen = token(who, case_id)
    done = who.signs(case_id, seen)
    assert done.sent and [s.state for s in done.signers] == [SignerState.SIGNED]
    row = Case.objects.get(id=case_id)
    assert row.submitted_token == seen
    [kept] = CaseSignature.objects.filter(case=row)
    assert (kept.digest, kept.kind, kept.person_id) == (seen, "code", who.actor.person_id)
    assert who.actor.person_id is not None and api.case(actor=who.actor, case_id=case_id).phase is Phase.WITH_OFFICER


def test_the_text_names_what_is_signed(somebody: Callable[[], Somebody], stack: Stack) -> None:
    who = somebody()
    case_id = draft(who, signing={"kind": "code"})
    who.signs(case_id)
    [text] = who.texts()
    assert "Туршилт" in text


def test_a_code_for_one_thing_is_none_for_another(somebody: Callable[[], Somebody]) -> None:
    """The answers changed after the code was sent: it is worth nothing for what is there now."""
    from toono.services import api

    who = somebody()
    case_id = draft(who, signing={"kind": "code"})
    old, had = token(who, case_id), len(who.texts())
    api.ask_signature_code(actor=who.actor, case_id=case_id, token=old, language="mn")
    code = who.code(had)
    api.answer(actor=who.actor, case_id=case_id, question="note", values={"note": "Өөр"}, from_check=True)
    with pytest.raises(AnswersChanged):
        api.sign_case(actor=who.actor, case_id=case_id, token=old, code=code)
    with pytest.raises(ChallengeOver):
        api.sign_case(actor=who.actor, case_id=case_id, token=token(who, case_id), code=code)


def test_a_wrong_code_signs_nothing_and_is_counted(somebody: Callable[[], Somebody]) -> None:
    from toono.services import api
    from toono.services.models import CaseSignature

    who = somebody()
    case_id = draft(who, signing={"kind": "code"})
    seen, had = token(who, case_id), len(who.texts())
    api.ask_signature_code(actor=who.actor, case_id=case_id, token=seen, language="mn")
    right = who.code(had)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(5):
        with pytest.raises(CodeRefused):
            api.sign_case(actor=who.actor, case_id=case_id, token=seen, code=wrong)
    with pytest.raises(CodeRefused):  # five wrong ones have used it up
        api.sign_case(actor=who.actor, case_id=case_id, token=seen, code=right)
    assert not CaseSignature.objects.filter(case_id=case_id).exists()


def test_codes_are_not_sent_as_fast_as_one_presses(somebody: Callable[[], Somebody]) -> None:
    from toono.services import api

    who = somebody()
    case_id = draft(who, signing={"kind": "code"})
    seen = token(who, case_id)
    api.ask_signature_code(actor=who.actor, case_id=case_id, token=seen, language="mn")
    with pytest.raises(TooManyCodes):
        api.ask_signature_code(actor=who.actor, case_id=case_id, token=seen, language="mn")


def test_a_stranger_neither_sees_nor_signs(somebody: Callable[[], Somebody]) -> None:
    from toono.services import api

    who, stranger = somebody(), somebody()
    case_id = draft(who, signing={"kind": "code"})
    with pytest.raises(CaseUnknown):
        api.signing(actor=stranger.actor, case_id=case_id)
    with pytest.raises(CaseUnknown):
        api.ask_signature_code(actor=stranger.actor, case_id=case_id, token=token(who, case_id), language="mn")


def test_a_digital_signature_is_confirmed_by_tools_that_are_not_ours(somebody: Callable[[], Somebody]) -> None:
    """joserfc checks the signature, cryptography the chain; the certificate names the person."""
    from toono.pki import api as pki
    from toono.pki.contracts import Profile
    from toono.services.models import CaseSignature

    who = somebody()
    case_id = draft(who, signing={"kind": "digital"})
    seen = token(who, case_id)
    assert who.signs(case_id, seen).signers[0].kind is SignatureKind.DIGITAL
    proof = CaseSignature.objects.get(case_id=case_id).proof
    roomy = jws.JWSRegistry()
    roomy.max_header_length = 8192  # certificates stand in the header
    header = jws.extract_compact(proof["jws"].encode(), registry=roomy).headers()
    leaf, issuing = (x509.load_der_x509_certificate(b64decode(part)) for part in header["x5c"])
    leaf.verify_directly_issued_by(issuing)
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    told = jws.deserialize_compact(proof["jws"], ECKey.import_key(_pem(key)), algorithms=["ES256"], registry=roomy)
    assert json.loads(told.payload)["digest"] == seen
    name = leaf.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)[0].value
    assert name == f"PNOMN-{who.person['civil_id']}"
    assert issuing == x509.load_pem_x509_certificate(pki.authority_certificate(authority=Profile.ISSUING_PERSONS).encode())


def _pem(key: ec.EllipticCurvePublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


# -- several -----------------------------------------------------------------------------------------------------


def _with_partner(who: Somebody, partner: Somebody, world: dict[str, Any]) -> UUID:
    """A draft in which ``partner`` is named; the page of a person is another's business, so the kept answer is written."""
    from toono.services.models import Case

    text = {"mn": "Хамтрагч", "en": "Partner"}
    questions = [
        *definition()["questions"],
        {"code": "partner", "meaning": "trial.partner", "kind": "person", "label": text, "optional": True},
    ]
    case_id = draft_open(who, questions=questions, signing={"kind": "code", "signers": [{"question": "partner", "label": text}], "days": 7})
    row = Case.objects.get(id=case_id)
    row.answers = {**GARDEN, "partner": partner.person["regnum"]}
    row.save(update_fields=["answers"])
    return case_id


def draft_open(who: Somebody, **changes: Any) -> UUID:
    from toono.services import api

    return UUID(str(api.start_case(actor=who.actor, service=publish(definition(**changes))).id))


def test_the_last_signature_of_several_sends_the_case(somebody: Callable[[], Somebody], world: dict[str, Any], stack: Stack) -> None:
    from toono.services import api

    who, partner = somebody(), somebody()
    case_id = _with_partner(who, partner, world)
    first = who.signs(case_id, token(who, case_id))
    assert not first.sent and [s.state for s in first.signers] == [SignerState.SIGNED, SignerState.ASKED]
    [asked] = api.signature_requests(actor=partner.actor)
    assert asked.case_id == case_id
    stack.wait(lambda: any("гарын үсэг" in text for text in stack.sms(partner.person["phone"])), 20)
    page = api.signing(actor=partner.actor, case_id=case_id)
    assert not page.own and page.mine == "partner" and [a.question for a in page.answers]
    assert partner.signs(case_id).sent
    assert not api.signature_requests(actor=partner.actor)
    assert api.case(actor=who.actor, case_id=case_id).phase is Phase.WITH_OFFICER


def test_who_declines_says_why_and_the_applicant_reads_it(somebody: Callable[[], Somebody], world: dict[str, Any]) -> None:
    from toono.services import api

    who, partner = somebody(), somebody()
    case_id = _with_partner(who, partner, world)
    who.signs(case_id, token(who, case_id))
    with pytest.raises(ReasonMissing):
        api.decline_signature(actor=partner.actor, case_id=case_id, reason=" ")
    api.decline_signature(actor=partner.actor, case_id=case_id, reason="Би мэдэхгүй.")
    [_, other] = api.signing(actor=who.actor, case_id=case_id).signers
    assert (other.state, other.reason) == (SignerState.DECLINED, "Би мэдэхгүй.")
    with pytest.raises((NotAllowedNow, CaseUnknown)):
        partner.signs(case_id)


def test_a_change_after_the_first_signature_needs_both_anew(somebody: Callable[[], Somebody], world: dict[str, Any]) -> None:
    from toono.services import api

    who, partner = somebody(), somebody()
    case_id = _with_partner(who, partner, world)
    who.signs(case_id, token(who, case_id))
    api.answer(actor=who.actor, case_id=case_id, question="note", values={"note": "Өөр"}, from_check=True)
    assert not api.signature_requests(actor=partner.actor)
    with pytest.raises(CaseUnknown):
        api.signing(actor=partner.actor, case_id=case_id)
    assert {s.state for s in api.signing(actor=who.actor, case_id=case_id).signers} == {SignerState.NOT_ASKED}


def test_signatures_that_waited_too_long_count_no_more(somebody: Callable[[], Somebody], world: dict[str, Any]) -> None:
    from toono.services import api

    who, partner = somebody(), somebody()
    case_id = _with_partner(who, partner, world)
    who.signs(case_id, token(who, case_id))
    with at(now() + timedelta(days=8)):
        assert not api.signature_requests(actor=partner.actor)
        assert api.signing(actor=who.actor, case_id=case_id).signers[0].state is not SignerState.SIGNED


def test_what_was_signed_stays_as_it_was_when_facts_grow_old(somebody: Callable[[], Somebody], world: dict[str, Any]) -> None:
    """The other takes days; the register is not asked anew meanwhile, so that the digest stays what the first one signed."""
    who, partner = somebody(), somebody()
    case_id = _with_partner(who, partner, world)
    seen = token(who, case_id)
    who.signs(case_id, seen)
    with at(now() + timedelta(days=3)):
        assert token(who, case_id) == seen
