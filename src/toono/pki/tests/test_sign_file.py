"""Signing any file: who may, what is refused, what stays behind; and the care of signed files over the years."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.pki.contracts import CertificateInfo, FileToCareFor, FileToSign, Indication, RevocationReason, SignatureForm, SignatureLevel
from toono.pki.errors import NoSigningCertificate, NotSignable, SignatureDoesNotFit, SignerUnavailable
from toono.pki.tests.making import authority, code, document, leaf

SealOf = Callable[..., CertificateInfo]
XML = b"<a>b</a>"
CONTENTS = {SignatureForm.PADES: document(), SignatureForm.XADES: XML}


@pytest.fixture
def organisation(seal_of: SealOf) -> str:
    found = code()
    seal_of(found)
    return found


def _sign(
    actor: Actor, key: str, form: SignatureForm = SignatureForm.CADES, level: SignatureLevel = SignatureLevel.B_B, **more: Any
) -> bytes:
    from toono.pki import api

    return api.sign_file(
        actor=actor, key=key, name="a.xml", content=more.pop("content", CONTENTS.get(form, XML)), form=form, level=level, **more
    )


def _passes(signed: bytes, level: str) -> bool:
    """By the room's validation, which shares no code with the writers."""
    from toono.pki import api

    [signature] = api.validate(name="a", content=signed).signatures
    return signature.indication is Indication.TOTAL_PASSED and str(signature.level) == level


@pytest.mark.parametrize("form", SignatureForm)
def test_every_form_has_the_parts_of_its_level_and_is_found_good(platform: Actor, organisation: str, form: SignatureForm) -> None:
    from toono.pki.domain.signatures.kinds import found, kind_of

    counts = {}
    for level in SignatureLevel:
        signed = _sign(platform, f"seal/{organisation}", form, level)
        kind = kind_of(signed)
        assert kind
        held = found(kind, signed)
        assert _passes(signed, level.value.upper().replace("_", "-"))
        counts[level] = (len(held.certificates) >= 2, len(held.stamps), len(held.archive_stamps))
    assert list(counts.values()) == [(True, 0, 0), (True, 1, 0), (True, 1, 0), (True, 1, 1)]


def test_who_may_sign_with_a_seal(platform: Actor, organisation: str) -> None:
    key = f"seal/{organisation}"
    assert _sign(Actor(role=Role.OFFICER, organisation=organisation), key)
    for other in (
        Actor(role=Role.OFFICER, organisation="another"),
        Actor(role=Role.OFFICER, organisation=f"{organisation}/2"),
        Actor(role=Role.CITIZEN, person_id=uuid4()),
        Actor(role=Role.ADMINISTRATOR),
    ):
        with pytest.raises(NotAllowed):
            _sign(other, key)


def test_nobody_signs_with_the_keys_of_authorities_or_of_another_person(platform: Actor) -> None:
    for key in ("pki/root", "pki/issuing", "pki/timestamp", "token", "configuration", "exchange/x"):
        with pytest.raises(NotAllowed):
            _sign(platform, key)
    person = Actor(role=Role.CITIZEN, person_id=uuid4())
    for key in (f"person/{uuid4()}", f"officer/{uuid4()}-x", "person/", "officer/"):
        with pytest.raises(NotAllowed):
            _sign(person, key)
    with pytest.raises(NoSigningCertificate):
        _sign(person, f"person/{person.person_id}")


def test_a_key_without_a_valid_certificate_signs_nothing(platform: Actor, organisation: str, seal_of: SealOf, anu: Actor) -> None:
    from toono.pki import api

    with pytest.raises(NoSigningCertificate):
        _sign(platform, f"seal/{code()}")
    api.revoke_certificate(actor=anu, serial=seal_of(organisation).serial, reason=RevocationReason.SUPERSEDED)
    with pytest.raises(NoSigningCertificate):
        _sign(platform, f"seal/{organisation}")


def test_a_signature_is_in_the_audit_with_form_level_and_fingerprint(platform: Actor, organisation: str, seal_of: SealOf) -> None:
    from toono.kernel.models import AuditRecord

    signed = _sign(platform, f"seal/{organisation}", SignatureForm.JADES, SignatureLevel.B_T)
    [record] = AuditRecord.objects.filter(action="pki.sign_file", subject=f"certificate:{seal_of(organisation).serial}")
    assert record.details == {"form": "jades", "level": "b_t", "sha256": hashlib.sha256(signed).hexdigest()}


@pytest.mark.parametrize("content", [b"", b"no PDF", b"%PD"])
def test_what_is_no_pdf_gets_no_pades(platform: Actor, organisation: str, content: bytes) -> None:
    with pytest.raises(NotSignable):
        _sign(platform, f"seal/{organisation}", SignatureForm.PADES, content=content)


def test_a_file_over_the_limit_is_refused_before_anything_else(platform: Actor, organisation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from toono.pki.operations import sign_file

    monkeypatch.setattr(sign_file, "SIZE_LIMIT_BYTES", 100)
    for form in SignatureForm:
        with pytest.raises(NotSignable):
            _sign(platform, f"seal/{organisation}", form, content=bytes(101))


def test_a_page_that_is_not_there_takes_no_stamp(platform: Actor, organisation: str) -> None:
    from toono.pki.contracts import StampPlace

    with pytest.raises(NotSignable):
        _sign(platform, f"seal/{organisation}", SignatureForm.PADES, stamp=StampPlace(page=7, left=0, bottom=0))


def test_with_the_signer_down_nothing_is_signed(
    platform: Actor, organisation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toono.pki.operations import sign_file
    from toono.pki.signing import SignerClient

    monkeypatch.setattr(sign_file, "client", lambda: SignerClient(tmp_path / "nobody.sock", "token"))
    with pytest.raises(SignerUnavailable):
        _sign(platform, f"seal/{organisation}")


@pytest.mark.parametrize("form", SignatureForm)
def test_a_signature_made_elsewhere_completes_the_file_and_no_other(platform: Actor, organisation: str, form: SignatureForm) -> None:
    from toono.pki import api

    key, at = f"seal/{organisation}", now().replace(microsecond=0)
    wanted = FileToSign(name="a.xml", content=CONTENTS.get(form, XML), form=form, level=SignatureLevel.B_T, at=at)
    digest = api.digest_to_sign(actor=platform, key=key, wanted=wanted)
    [signature] = api.sign(key=key, digests=[digest])
    assert api.complete_file(actor=platform, key=key, wanted=wanted, signature=signature)
    later = replace(wanted, at=at + timedelta(seconds=1))
    for other, value in ((later, signature), (wanted, signature[:-1] + b"x"), (wanted, b"")):
        with pytest.raises(SignatureDoesNotFit):
            api.complete_file(actor=platform, key=key, wanted=other, signature=value)


def test_many_documents_are_sealed_in_order_each_with_its_own_stamp(
    platform: Actor, organisation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toono.pki import api
    from toono.pki.operations import seal_pdf
    from toono.pki.signing import SignerClient

    asked: list[int] = []
    ask = SignerClient.sign

    def counted(self: SignerClient, *, key: str, digests: Sequence[bytes]) -> list[bytes]:
        asked.append(len(digests))
        return ask(self, key=key, digests=digests)

    monkeypatch.setattr(SignerClient, "sign", counted)
    monkeypatch.setattr(seal_pdf, "BATCH_LIMIT", 3)
    odd = document("Өөр").replace(b"/Lang(en)", b"/#4cng() ")  # one that only the general library knows
    pdfs = [document(f"Лавлагаа {n}") for n in range(4)] + [odd]
    sealed = api.seal_pdfs(actor=platform, organisation=organisation, pdfs=pdfs, reason="x", location="y")
    assert asked[:4] == [3, 3, 1, 1]
    assert [one[: len(pdf)] for one, pdf in zip(sealed, pdfs, strict=True)] == pdfs
    checks = [api.check_pdf(pdf=one) for one in sealed]
    assert {check.status for check in checks} == {"valid"}
    assert api.seal_pdfs(actor=platform, organisation=organisation, pdfs=[], reason="x", location="y") == []


# -- care --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seal's certificate (three years) already counts as near its end, a time-stamp of now (its unit's stands longer) does not."""
    from toono.pki.domain.signatures import care

    monkeypatch.setattr(care, "MARGIN", timedelta(days=4 * 365))


def _care(content: bytes) -> bytes | None:
    from toono.pki import api

    return api.care_for(content=content, name="a")


@pytest.mark.parametrize("form", SignatureForm)
def test_a_file_near_its_end_gets_material_and_an_archive_stamp_once(
    platform: Actor, organisation: str, form: SignatureForm, soon: None
) -> None:
    from toono.pki.domain.signatures.kinds import found, kind_of

    signed = _sign(platform, f"seal/{organisation}", form, SignatureLevel.B_T)
    grown = _care(signed)
    assert grown
    kind = kind_of(grown)
    assert kind
    assert len(found(kind, grown).archive_stamps) == 1
    assert _passes(grown, "B-LTA")
    assert _care(grown) is None


@pytest.mark.parametrize("form", SignatureForm)
def test_an_archived_file_gets_a_second_stamp_over_the_first(
    platform: Actor, organisation: str, form: SignatureForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toono.pki.domain.signatures import care
    from toono.pki.domain.signatures.kinds import found, kind_of

    signed = _sign(platform, f"seal/{organisation}", form, SignatureLevel.B_LTA)
    assert _care(signed) is None
    monkeypatch.setattr(care, "MARGIN", timedelta(days=30 * 365))
    assert _care(signed) is None  # a new stamp by the same unit would end no later: the unit is to be replaced first
    monkeypatch.setattr(care, "unit_end", lambda _: datetime(2099, 1, 1, tzinfo=UTC))
    grown = _care(signed)
    assert grown
    kind = kind_of(grown)
    assert kind
    assert len(found(kind, grown).archive_stamps) == (1 if form is SignatureForm.ASICE_CADES else 2)  # there the newest stands for all
    assert _passes(grown, "B-LTA")


def test_a_sealed_document_with_an_archive_stamp_is_still_valid_for_our_reader(platform: Actor, organisation: str, soon: None) -> None:
    from toono.pki import api

    sealed = api.seal_pdf(actor=platform, organisation=organisation, pdf=document(), reason="x", location="y")
    grown = _care(sealed)
    assert grown
    assert grown.startswith(sealed)
    check = api.check_pdf(pdf=grown)
    assert (check.status, check.intact) == ("valid", True)


def test_a_new_file_is_left_alone(platform: Actor, organisation: str) -> None:
    from toono.pki import api

    signed = _sign(platform, f"seal/{organisation}", SignatureForm.CADES, SignatureLevel.B_T)
    assert _care(signed) is None
    due = api.care_due_at(content=signed)
    assert due
    assert timedelta(days=2 * 365) < due - now() < timedelta(days=3 * 365)


@pytest.mark.parametrize(
    "content", [b"", b"words", b"%PDF-1.7", document(), XML, b"{}", b"{", b"PK\x03\x04", b"\x30\x03\x02\x01\x01", b"\x30\x80"]
)
def test_what_is_not_signed_is_not_cared_for(platform: Actor, content: bytes) -> None:
    from toono.pki import api

    assert _care(content) is None
    assert api.care_due_at(content=content) is None


def test_a_strangers_signature_is_left_as_it_is(platform: Actor, soon: None) -> None:
    """Its status is not ours to tell, so nothing that we could add would prove it."""
    from toono.pki.contracts import Profile
    from toono.pki.domain.signatures import cades
    from toono.pki.domain.signatures.signatory import Signatory

    _, issuing = authority()
    assert issuing.certificate
    certificate, key = leaf(Profile.SEAL, issuing)
    who = Signatory(certificate, (issuing.certificate,))
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    attributes = cades.signed_attributes(who, who.digest(XML), at=now())
    signed = cades.signed_data(who, attributes, key.sign(attributes, ec.ECDSA(hashes.SHA256())), content=XML)
    assert _care(signed) is None


def test_a_signature_over_something_that_is_kept_elsewhere_is_left_as_it_is(platform: Actor, organisation: str, soon: None) -> None:
    """An archive time-stamp would be over the file, which is not here; the job goes on with the next one."""
    from toono.kernel.jose import raw_signature
    from toono.pki import queries
    from toono.pki.adapters.signer import client
    from toono.pki.domain.signatures import jades, xades
    from toono.pki.operations.signatories import signatory

    row = queries.current(label=f"seal/{organisation}")
    assert row
    who = signatory(row)
    for prepare in (xades.prepare_over_digest, jades.prepare_over_digest):
        ready = prepare(hashlib.sha256(XML).digest(), who, at=now(), uri="a.xml")
        [value] = client().sign(key=row.key, digests=[who.digest(ready.to_be_signed)])
        assert _care(ready.completed(raw_signature(value))) is None
    assert _care(_sign(platform, row.key, SignatureForm.CADES, SignatureLevel.B_T, detached=True)) is None


class Shelf:
    """A keeper of files in memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.name = "shelf"
        self.files = files
        self.next: dict[str, datetime] = {}

    def due(self, *, at: datetime, limit: int) -> list[FileToCareFor]:
        waiting = [name for name in self.files if self.next.get(name, at) <= at]
        return [FileToCareFor(name, name, self.files[name]) for name in waiting[:limit]]

    def cared(self, *, file_id: str, content: bytes | None, next_at: datetime) -> None:
        self.files[file_id] = content or self.files[file_id]
        self.next[file_id] = next_at


@pytest.fixture
def shelf(platform: Actor, organisation: str) -> Iterator[Shelf]:
    from toono.pki import api
    from toono.pki.operations.care_for import KEEPERS

    before = dict(KEEPERS)
    KEEPERS.clear()
    files = {f"{n}.p7s": _sign(platform, f"seal/{organisation}", level=SignatureLevel.B_T) for n in range(3)}
    made = Shelf({**files, "words.txt": b"words"})
    api.keep(made)
    yield made
    KEEPERS.clear()
    KEEPERS.update(before)


def test_the_daily_job_cares_for_what_is_due_and_asks_again_when_it_will_be(
    shelf: Shelf, soon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toono.pki import api
    from toono.pki.operations import care_for

    monkeypatch.setattr(care_for, "FILES_AT_ONCE", 2)
    before = dict(shelf.files)
    assert api.care_for_kept_files() == 3
    assert [name for name in before if shelf.files[name] != before[name]] == ["0.p7s", "1.p7s", "2.p7s"]
    assert all(at > now() for at in shelf.next.values())
    assert api.care_for_kept_files() == 0


def test_a_file_that_fails_holds_up_no_other_and_comes_again_tomorrow(shelf: Shelf, soon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from toono.pki import api
    from toono.pki.operations import care_for

    real, calls = care_for.time_stamp, []

    def failing(*, digest: bytes) -> bytes:
        calls.append(digest)
        if len(calls) == 1:
            raise SignerUnavailable("away")
        return real(digest=digest)

    monkeypatch.setattr(care_for, "time_stamp", failing)
    assert api.care_for_kept_files() == 2
    assert shelf.next["0.p7s"] - now() < timedelta(days=1, minutes=1)
    shelf.next["0.p7s"] = now()
    assert api.care_for_kept_files() == 1
