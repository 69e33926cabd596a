"""Seals on documents: what is sealed is found valid; what was altered, foreign, revoked or cannot be decided is told apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from toono.kernel.actor import Actor, Role
from toono.kernel.clock import at, now
from toono.kernel.errors import NotAllowed
from toono.pki.contracts import CertificateInfo, Profile, RevocationReason, SealStatus
from toono.pki.domain.issuing import Issuer
from toono.pki.errors import DocumentClosed, NoSealCertificate, SignerUnavailable, UnreadablePdf
from toono.pki.tests.making import SUBJECT, authority, changed, code, document, leaf, sealed_by

SealOf = Callable[..., CertificateInfo]


@pytest.fixture
def organisation(seal_of: SealOf) -> str:
    found = code()
    seal_of(found)
    return found


def _seal(actor: Actor, organisation: str, pdf: bytes | None = None) -> bytes:
    from toono.pki import api

    return api.seal_pdf(actor=actor, organisation=organisation, pdf=pdf or document(), reason="Лавлагаа олгов", location="Даланзадгад")


def _check(pdf: bytes) -> Any:
    from toono.pki import api

    return api.check_pdf(pdf=pdf)


def test_a_sealed_document_is_valid_and_says_by_whom_and_when(platform: Actor, organisation: str) -> None:
    before = now()
    check = _check(_seal(platform, organisation))
    assert (check.status, check.intact, check.trusted, check.revoked) == (SealStatus.VALID, True, True, False)
    assert (check.organisation, check.register_number) == (SUBJECT.organisation, SUBJECT.register_number)
    assert check.sealed_at
    assert abs(check.sealed_at - before) < timedelta(seconds=10)


def test_sealing_adds_to_the_document_and_changes_nothing_of_it(platform: Actor, organisation: str) -> None:
    assert _seal(platform, organisation).startswith(document())


def test_the_seal_is_in_the_audit_with_the_fingerprint_of_the_file(platform: Actor, organisation: str, seal_of: SealOf) -> None:
    from toono.kernel.models import AuditRecord

    sealed = _seal(platform, organisation)
    [record] = AuditRecord.objects.filter(action="pki.seal_pdf", subject=f"certificate:{seal_of(organisation).serial}")
    assert record.details["sha256"] == hashlib.sha256(sealed).hexdigest()


def test_a_document_without_a_seal_is_unsealed() -> None:
    assert _check(document()).status is SealStatus.UNSEALED


@pytest.mark.parametrize("content", [b"", b"no PDF", b"%PDF-1.7\n", b"%PDF-1.7\n" + b"\xff" * 2000, document()[:3000]])
def test_what_is_no_pdf_is_unreadable(content: bytes) -> None:
    assert _check(content).status is SealStatus.UNREADABLE


def test_a_file_over_the_limit_is_not_read() -> None:
    from toono.pki.operations.check_pdf import SIZE_LIMIT_BYTES

    assert _check(b"%PDF" + bytes(SIZE_LIMIT_BYTES)).status is SealStatus.UNREADABLE


def test_no_changed_bit_of_what_is_sealed_leaves_a_document_valid(platform: Actor, organisation: str) -> None:
    """What breaks the file's own structure is unreadable, all else altered."""
    sealed = _seal(platform, organisation)
    starts = sealed.index(b"/Contents <")
    ends = sealed.index(b">", starts)
    places = [*range(0, starts, 199), *range(ends + 1, len(sealed), 61)]
    found = {place: _check(changed(sealed, place)).status for place in places}
    assert set(found.values()) <= {SealStatus.ALTERED, SealStatus.UNREADABLE}, {p: s for p, s in found.items() if s is SealStatus.VALID}
    assert SealStatus.ALTERED in found.values()
    assert _check(sealed).status is SealStatus.VALID


def test_a_changed_bit_in_the_seal_itself_never_crashes_and_never_names_another_signer(platform: Actor, organisation: str) -> None:
    """The seal carries spare copies of our authorities' certificates; a flaw in one of those does no harm."""
    sealed = _seal(platform, organisation)
    starts = sealed.index(b"/Contents <") + len("/Contents <")
    ends = starts + len(sealed[starts : sealed.index(b">", starts)].rstrip(b"0"))
    checks = [_check(changed(sealed, place)) for place in range(starts, ends, 331)]
    assert {check.status for check in checks} > {SealStatus.ALTERED}
    assert all(check.organisation == SUBJECT.organisation for check in checks if check.status is SealStatus.VALID)


def test_text_replaced_by_text_of_the_same_length_is_altered(platform: Actor, organisation: str) -> None:
    sealed = _seal(platform, organisation)
    assert _check(sealed.replace(b"/Reason", b"/Season", 1)).status in {SealStatus.ALTERED, SealStatus.UNREADABLE}
    forged = sealed.replace(b"/MediaBox", b"/TrimmBox", 1)
    assert forged != sealed
    assert _check(forged).status is SealStatus.ALTERED


@pytest.mark.parametrize("added", [b"\n", b"% note\n", b"\n%%EOF\n"])
def test_anything_added_after_the_seal_is_an_alteration(platform: Actor, organisation: str, added: bytes) -> None:
    assert _check(_seal(platform, organisation) + added).status in {SealStatus.ALTERED, SealStatus.UNREADABLE}


def test_a_page_changed_by_an_update_after_the_seal_is_an_alteration(platform: Actor, organisation: str) -> None:
    from io import BytesIO

    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer, out = IncrementalPdfFileWriter(BytesIO(_seal(platform, organisation))), BytesIO()
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = generic.NumberObject(90)
    writer.update_container(page)
    writer.write(out)
    assert _check(out.getvalue()).status is SealStatus.ALTERED


def test_a_seal_by_somebody_elses_authority_is_foreign_even_under_our_names(organisation: str, platform: Actor) -> None:
    root, issuing = authority()
    assert root.certificate
    assert issuing.certificate
    certificate, key = leaf(Profile.SEAL, issuing)
    check = _check(sealed_by(certificate, key, [issuing.certificate, root.certificate], document()))
    assert (check.status, check.intact, check.trusted) == (SealStatus.FOREIGN, True, False)


def test_a_stranger_cannot_borrow_the_status_of_our_certificate_by_its_serial_number(seal_of: SealOf) -> None:
    _, issuing = authority()
    assert issuing.certificate
    certificate, key = leaf(Profile.SEAL, issuing, serial=int(seal_of().serial, 16))
    assert _check(sealed_by(certificate, key, [issuing.certificate], document())).status is SealStatus.FOREIGN


def _our_issuer() -> Issuer:
    from toono.pki import queries
    from toono.pki.operations.issue_certificate import remote_key

    row = queries.authority(Profile.ISSUING)
    return Issuer(queries.parsed(row.pem), remote_key(row))


@pytest.mark.parametrize("profile", [Profile.EXCHANGE, Profile.SYSTEM, Profile.TOKEN])
def test_a_certificate_of_ours_that_is_no_seal_makes_no_seal(platform: Actor, profile: Profile) -> None:
    issuer = _our_issuer()
    assert issuer.certificate
    certificate, key = leaf(profile, issuer)
    check = _check(sealed_by(certificate, key, [issuer.certificate], document()))
    assert (check.status, check.trusted) == (SealStatus.FOREIGN, False)


def test_a_seal_whose_certificate_our_register_does_not_hold_is_indeterminate(platform: Actor) -> None:
    issuer = _our_issuer()
    assert issuer.certificate
    certificate, key = leaf(Profile.SEAL, issuer)
    check = _check(sealed_by(certificate, key, [issuer.certificate], document()))
    assert (check.status, check.revoked, check.indeterminate) == (SealStatus.INDETERMINATE, None, True)


def test_a_seal_made_before_a_replacement_stays_valid_and_no_new_one_is_made(
    platform: Actor, organisation: str, seal_of: SealOf, anu: Actor
) -> None:
    from toono.pki import api

    sealed = _seal(platform, organisation)
    with at(now() + timedelta(seconds=5)):
        api.revoke_certificate(actor=anu, serial=seal_of(organisation).serial, reason=RevocationReason.SUPERSEDED)
    with at(now() + timedelta(seconds=10)):
        assert _check(sealed).status is SealStatus.VALID
        with pytest.raises(NoSealCertificate):
            _seal(platform, organisation)


def test_a_theft_takes_away_every_seal_of_the_key(platform: Actor, organisation: str, seal_of: SealOf, anu: Actor) -> None:
    from toono.pki import api

    sealed = _seal(platform, organisation)
    api.revoke_certificate(actor=anu, serial=seal_of(organisation).serial, reason=RevocationReason.KEY_COMPROMISE)
    check = _check(sealed)
    assert (check.status, check.intact, check.revoked) == (SealStatus.REVOKED, True, True)
    seal_of(organisation)
    assert _check(_seal(platform, organisation)).status is SealStatus.VALID


def test_a_seal_forged_after_the_revocation_is_revoked(platform: Actor, organisation: str, seal_of: SealOf, anu: Actor) -> None:
    from toono.pki import api, queries
    from toono.pki.operations.seal_pdf import _sealed

    row = queries.current(label=f"seal/{organisation}")
    assert row
    with at(now() - timedelta(minutes=2)):
        api.revoke_certificate(actor=anu, serial=row.serial, reason=RevocationReason.SUPERSEDED)
    assert _check(_sealed(row, [document()], "x", "y")[0]).status is SealStatus.REVOKED


def test_a_time_stamp_keeps_the_seal_valid_after_its_certificate_expired(platform: Actor, organisation: str, seal_of: SealOf) -> None:
    from toono.pki import api

    sealed, ends = _seal(platform, organisation), seal_of(organisation).not_after
    with at(ends + timedelta(days=30)):
        assert _check(sealed).status is SealStatus.VALID
        with pytest.raises(NoSealCertificate):
            api.seal_pdf(actor=platform, organisation=organisation, pdf=document(), reason="x", location="y")


def test_without_a_time_stamp_an_expired_seal_is_indeterminate(platform: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer = _our_issuer()
    assert issuer.certificate
    certificate, key = leaf(Profile.SEAL, issuer)
    _note(certificate, issuer)
    sealed = sealed_by(certificate, key, [issuer.certificate], document())
    assert _check(sealed).status is SealStatus.VALID
    with at(certificate.not_valid_after_utc + timedelta(days=1)):
        check = _check(sealed)
    assert (check.status, check.sealed_at) == (SealStatus.INDETERMINATE, None)


def _note(certificate: x509.Certificate, issuer: Issuer) -> None:
    """Enter a certificate whose key the test holds into the register, as if it had been issued."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from toono.pki.models import Certificate

    assert issuer.certificate
    label = f"seal/{code()}"
    Certificate.objects.create(
        serial=f"{certificate.serial_number:x}", issuer_serial=f"{issuer.certificate.serial_number:x}", label=label, key=label, profile="seal",
        common_name=SUBJECT.common_name, organisation=SUBJECT.organisation, register_number=SUBJECT.register_number,
        pem=certificate.public_bytes(Encoding.PEM).decode(), not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc, issued_at=now(),
    )  # fmt: skip


def test_after_the_time_stamping_units_own_end_a_seal_is_indeterminate_not_invalid(platform: Actor, organisation: str) -> None:
    sealed = _seal(platform, organisation)
    with at(now() + timedelta(days=9 * 365 + 5)):
        assert _check(sealed).status is SealStatus.INDETERMINATE


def test_a_second_seal_is_refused_since_the_first_one_closes_the_document(platform: Actor, organisation: str) -> None:
    with pytest.raises(DocumentClosed):
        _seal(platform, organisation, _seal(platform, organisation))


def test_an_officer_seals_for_her_own_organisation_only(organisation: str, seal_of: SealOf) -> None:
    own = Actor(role=Role.OFFICER, organisation=organisation)
    assert _check(_seal(own, organisation)).status is SealStatus.VALID
    for other in (Actor(role=Role.OFFICER, organisation="another"), Actor(role=Role.CITIZEN), Actor(role=Role.ADMINISTRATOR)):
        with pytest.raises(NotAllowed):
            _seal(other, organisation)


def test_an_organisation_without_a_certificate_cannot_seal(platform: Actor) -> None:
    with pytest.raises(NoSealCertificate):
        _seal(platform, code())


def test_what_is_no_pdf_cannot_be_sealed(platform: Actor, organisation: str) -> None:
    for content in (b"no PDF", b"%PDF-1.7\n\xff", document()[:2000]):
        with pytest.raises(UnreadablePdf):
            _seal(platform, organisation, content)


def test_with_the_signer_down_nothing_is_sealed_and_the_error_says_to_try_again(
    platform: Actor, organisation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toono.pki.operations import seal_pdf
    from toono.pki.signing import SignerClient

    monkeypatch.setattr(seal_pdf, "client", lambda: SignerClient(tmp_path / "nobody.sock", "token"))
    with pytest.raises(SignerUnavailable) as away:
        _seal(platform, organisation)
    assert away.value.transient
    monkeypatch.undo()
    assert _check(_seal(platform, organisation)).status is SealStatus.VALID


def test_a_database_that_does_not_answer_is_no_verdict(platform: Actor, organisation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    from toono.pki.operations import check_pdf

    sealed = _seal(platform, organisation)

    def away(certificate: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(check_pdf, "_registered", away)
    with pytest.raises(OperationalError):
        _check(sealed)


def test_a_fault_of_the_reader_itself_is_no_verdict_on_the_seal(
    platform: Actor, organisation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toono.pki.operations import check_pdf

    sealed = _seal(platform, organisation)

    def broken(*_: object) -> None:
        raise AttributeError("a fault of ours")

    monkeypatch.setattr(check_pdf, "_read", broken)
    assert _check(sealed).status is SealStatus.INDETERMINATE
