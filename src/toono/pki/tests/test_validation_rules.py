"""The answer about one signature, case by case: each sub-indication with what separates it from a pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from toono.pki.contracts import Coverage, Indication, Profile, ReachedLevel, RevocationReason, SubIndication, TimeSource
from toono.pki.domain.issuing import Issuer, RevokedEntry, build_revocation_list
from toono.pki.domain.validation import judging, paths
from toono.pki.domain.validation.judging import World, judge
from toono.pki.domain.validation.paths import Anchor, Purpose
from toono.pki.domain.validation.reading import SignatureReading, StampReading
from toono.pki.domain.validation.status import Status
from toono.pki.tests.making import authority, leaf

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
ROOT, ISSUING = authority()
SIGNER, _ = leaf(Profile.SEAL, ISSUING)
UNIT, _ = leaf(Profile.TIMESTAMP, ISSUING)
OUR_ROOT, OUR_ISSUING = ROOT.certificate, ISSUING.certificate
assert OUR_ROOT and OUR_ISSUING
GOOD = {paths.der(one): Status("register", NOW) for one in (SIGNER, UNIT, OUR_ISSUING)}


def encoded(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def read(**changes: Any) -> SignatureReading:
    """A good signature by the good signer, with ``changes``."""
    return SignatureReading(**{"id": "S1", "certificate": encoded(SIGNER), "bound": True, "algorithm": "ecdsa sha256", **changes})


def world(**changes: Any) -> World:
    """Ours: one root, one register in which everything is good."""
    values = {"now": NOW + HOUR, "anchors": (Anchor(OUR_ROOT, "ours"),), "certificates": (OUR_ISSUING, UNIT), "register": GOOD}
    return World(**{**values, **changes})


def stamp(at: datetime, kind: str = "signature", **changes: Any) -> StampReading:
    return StampReading(**{"kind": kind, "time": at, "certificate": encoded(UNIT), **changes})


def revoked(at: datetime, reason: str = "superseded", certificate: x509.Certificate = SIGNER) -> dict[bytes, Status]:
    return {**GOOD, encoded(certificate): Status("register", NOW, None, at, reason)}


def answer(reading: SignatureReading, where: World) -> tuple[Indication, SubIndication | None]:
    found = judge(reading, where).report
    return found.indication, found.sub_indication


def test_a_good_signature_passes() -> None:
    found = judge(read(), world()).report
    assert (found.indication, found.sub_indication) == (Indication.TOTAL_PASSED, None)
    assert found.level is ReachedLevel.B_B and found.trusted and found.trust_source == "ours"
    assert found.signatory and found.signatory.organisation_number == "NTRMN-9000001"


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (SubIndication.FORMAT_FAILURE, Indication.TOTAL_FAILED),
        (SubIndication.HASH_FAILURE, Indication.TOTAL_FAILED),
        (SubIndication.SIG_CRYPTO_FAILURE, Indication.TOTAL_FAILED),
        (SubIndication.SIGNED_DATA_NOT_FOUND, Indication.INDETERMINATE),
        (SubIndication.NO_SIGNING_CERTIFICATE_FOUND, Indication.INDETERMINATE),
    ],
)
def test_what_the_reader_found_wrong_decides_first(failure: SubIndication, expected: Indication) -> None:
    assert answer(read(failure=failure), world(register=revoked(NOW))) == (expected, failure)


def test_an_unknown_authority_is_not_a_failure_but_no_pass_either() -> None:
    stranger, _ = leaf(Profile.SEAL, authority()[1])
    found = judge(read(certificate=encoded(stranger)), world()).report
    assert (found.indication, found.sub_indication) == (Indication.INDETERMINATE, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    assert not found.trusted


def test_an_authority_of_the_same_name_with_another_key_is_unknown() -> None:
    root, issuing = authority()
    forged, _ = leaf(Profile.SEAL, issuing)
    certificates = (OUR_ISSUING, issuing.certificate, root.certificate)
    assert answer(read(certificate=encoded(forged)), world(certificates=certificates))[1] is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


@pytest.mark.parametrize("profile", [Profile.OCSP, Profile.TIMESTAMP, Profile.SYSTEM, Profile.AUTHENTICATION])
def test_a_certificate_for_another_use_signs_no_documents(profile: Profile) -> None:
    wrong, _ = leaf(profile, ISSUING)
    register = {**GOOD, encoded(wrong): Status("register", NOW)}
    assert answer(read(certificate=encoded(wrong)), world(register=register)) == (
        Indication.INDETERMINATE,
        SubIndication.CHAIN_CONSTRAINTS_FAILURE,
    )


def test_an_authority_signs_no_documents() -> None:
    assert answer(read(certificate=encoded(OUR_ISSUING)), world())[1] is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_an_organisation_is_no_authority() -> None:
    below, _ = leaf(Profile.SEAL, Issuer(SIGNER, ec.generate_private_key(ec.SECP256R1())))
    assert (
        answer(read(certificate=encoded(below)), world(certificates=(OUR_ISSUING, SIGNER)))[1] is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    )
    seal, key = leaf(Profile.SEAL, ISSUING)
    below, _ = leaf(Profile.SEAL, Issuer(seal, key))
    assert answer(read(certificate=encoded(below)), world(certificates=(OUR_ISSUING, seal)))[1] is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_expired_without_a_time_stamp_is_open_and_with_one_good() -> None:
    later = world(now=NOW + 4 * YEAR)
    assert answer(read(), later) == (Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE)
    found = judge(read(stamps=(stamp(NOW + DAY),)), later).report
    assert found.indication is Indication.TOTAL_PASSED
    assert found.best_time == NOW + DAY and found.time_source is TimeSource.TIME_STAMP and found.level is ReachedLevel.B_T


def test_signed_after_expiry_is_a_failure() -> None:
    later = world(now=NOW + 4 * YEAR)
    assert answer(read(claimed_time=NOW + 3 * YEAR + 9 * DAY), later) == (Indication.TOTAL_FAILED, SubIndication.EXPIRED)
    stamped = read(stamps=(stamp(NOW + 3 * YEAR + 9 * DAY),), claimed_time=NOW + 3 * YEAR + 9 * DAY)
    assert answer(stamped, later) == (Indication.TOTAL_FAILED, SubIndication.EXPIRED)


def test_signed_before_the_certificate_was_valid_is_a_failure() -> None:
    assert answer(read(), world(now=NOW - DAY)) == (Indication.TOTAL_FAILED, SubIndication.NOT_YET_VALID)


def test_revoked_is_open_failed_or_harmless_by_when_it_was_signed() -> None:
    where = world(now=NOW + 9 * DAY, register=revoked(NOW + 5 * DAY))
    assert answer(read(), where) == (Indication.INDETERMINATE, SubIndication.REVOKED_NO_POE)
    assert answer(read(claimed_time=NOW + 6 * DAY), where) == (Indication.TOTAL_FAILED, SubIndication.REVOKED)
    assert answer(read(claimed_time=NOW + 4 * DAY), where)[1] is SubIndication.REVOKED_NO_POE  # anybody can say so
    assert answer(read(stamps=(stamp(NOW + 4 * DAY),)), where)[0] is Indication.TOTAL_PASSED
    assert answer(read(stamps=(stamp(NOW + 6 * DAY),), claimed_time=NOW + 6 * DAY), where)[1] is SubIndication.REVOKED


def test_after_the_theft_of_a_key_nothing_is_good() -> None:
    where = world(now=NOW + 9 * DAY, register=revoked(NOW + 5 * DAY, "key_compromise"))
    assert answer(read(stamps=(stamp(NOW + 4 * DAY),)), where) == (Indication.TOTAL_FAILED, SubIndication.REVOKED)


def test_a_suspended_certificate_is_asked_about_again() -> None:
    where = world(now=NOW + 9 * DAY, register=revoked(NOW + 5 * DAY, "certificate_hold"))
    assert answer(read(), where) == (Indication.INDETERMINATE, SubIndication.TRY_LATER)
    assert answer(read(stamps=(stamp(NOW + 4 * DAY),)), where)[0] is Indication.TOTAL_PASSED


def test_a_revoked_authority_takes_its_certificates_along() -> None:
    where = world(register=revoked(NOW, "ca_compromise", OUR_ISSUING))
    assert answer(read(), where) == (Indication.INDETERMINATE, SubIndication.REVOKED_CA_NO_POE)


def test_what_is_not_known_is_asked_again_later() -> None:
    found = judge(read(), world(register={}))
    assert found.report.sub_indication is SubIndication.TRY_LATER
    assert [pair[0] for pair in found.missing] == [SIGNER, OUR_ISSUING]


def revocation_list(*serials: int, at: datetime = NOW, issuer: Issuer = ISSUING) -> bytes:
    entries = [RevokedEntry(serial, at, RevocationReason.SUPERSEDED) for serial in serials]
    return build_revocation_list(issuer=issuer, number=1, entries=entries, now=at, lifetime=DAY).public_bytes(Encoding.DER)


def test_a_list_tells_and_only_a_signed_one_and_only_in_its_time() -> None:
    only_issuing = {encoded(OUR_ISSUING): Status("register", NOW)}
    good = world(register=only_issuing, lists=(revocation_list(),))
    assert answer(read(), good)[0] is Indication.TOTAL_PASSED
    bad = world(register=only_issuing, lists=(revocation_list(SIGNER.serial_number),))
    assert answer(read(claimed_time=NOW + HOUR), bad)[1] is SubIndication.REVOKED
    forged = world(register=only_issuing, lists=(revocation_list(issuer=authority()[1]),))
    assert answer(read(), forged)[1] is SubIndication.TRY_LATER
    old = world(now=NOW + 3 * DAY, register=only_issuing, lists=(revocation_list(),))
    assert answer(read(), old)[1] is SubIndication.TRY_LATER


def ocsp_answer(
    signer: tuple[x509.Certificate, Any], about: x509.Certificate = SIGNER, status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD
) -> bytes:
    gone = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        about, OUR_ISSUING, hashes.SHA1(), status, NOW, NOW + DAY, NOW if gone else None, x509.ReasonFlags.superseded if gone else None
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer[0]).certificates([signer[0]])
    return builder.sign(signer[1], hashes.SHA256()).public_bytes(Encoding.DER)


def test_an_answer_tells_and_only_by_a_delegate_of_the_issuer() -> None:
    only_issuing = {encoded(OUR_ISSUING): Status("register", NOW)}
    delegate = leaf(Profile.OCSP, ISSUING)
    assert answer(read(), world(register=only_issuing, answers=(ocsp_answer(delegate),)))[0] is Indication.TOTAL_PASSED
    gone = ocsp_answer(delegate, status=ocsp.OCSPCertStatus.REVOKED)
    assert answer(read(claimed_time=NOW + HOUR), world(register=only_issuing, answers=(gone,)))[1] is SubIndication.REVOKED
    for not_one in (leaf(Profile.SEAL, ISSUING), leaf(Profile.OCSP, authority()[1])):
        assert answer(read(), world(register=only_issuing, answers=(ocsp_answer(not_one),)))[1] is SubIndication.TRY_LATER
    another = ocsp_answer(delegate, about=UNIT)
    assert answer(read(), world(register=only_issuing, answers=(another, b"\x30\x00")))[1] is SubIndication.TRY_LATER


@pytest.mark.parametrize(
    "wrong", [{"failure": SubIndication.HASH_FAILURE}, {"time": NOW + 9 * YEAR}, {"certificate": encoded(SIGNER)}, {"weak": "x"}]
)
def test_a_time_stamp_that_is_not_good_proves_nothing(wrong: dict[str, Any]) -> None:
    found = judge(read(stamps=(stamp(NOW + DAY, **wrong),)), world(now=NOW + 4 * YEAR)).report
    assert found.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE and found.best_time is None
    assert found.stamps[0].indication is not Indication.TOTAL_PASSED


def test_an_archive_time_stamp_carries_an_older_one_over_its_units_end() -> None:
    """Stamped; archived while the unit was still good; its certificate has ended since, a new unit's archive time-stamp stands over it."""
    root, issuing = authority()
    assert root.certificate and issuing.certificate
    young, _ = leaf(Profile.TIMESTAMP, issuing)
    anchors = (Anchor(OUR_ROOT, "ours"), Anchor(root.certificate, "other"))
    certificates = (OUR_ISSUING, issuing.certificate)
    register = {**GOOD, encoded(young): Status("register", NOW), encoded(issuing.certificate): Status("register", NOW)}
    register[encoded(UNIT)] = Status("register", NOW, None, NOW + 8 * DAY, "cessation_of_operation")
    where = world(now=NOW + 20 * DAY, anchors=anchors, certificates=certificates, register=register)
    alone = read(stamps=(stamp(NOW + DAY),))
    assert judge(alone, where).report.best_time is None
    archive = stamp(NOW + 5 * DAY, "archive", certificate=encoded(young))
    found = judge(read(stamps=(stamp(NOW + DAY), archive)), where).report
    assert found.best_time == NOW + DAY and found.indication is Indication.TOTAL_PASSED
    late = stamp(NOW + 9 * DAY, "archive", certificate=encoded(young))
    assert judge(read(stamps=(stamp(NOW + DAY), late)), where).report.best_time == NOW + 9 * DAY


def test_time_stamps_that_contradict_each_other_are_told() -> None:
    reading = read(stamps=(stamp(NOW + 2 * DAY, "content"), stamp(NOW + DAY)))
    assert answer(reading, world(now=NOW + 9 * DAY))[1] is SubIndication.TIMESTAMP_ORDER_FAILURE


@pytest.mark.parametrize(
    ("coverage", "permitted", "expected"),
    [
        (Coverage.WHOLE, False, None),
        (Coverage.LATER_SIGNATURES, False, None),
        (Coverage.FORM_FILLED, True, None),
        (Coverage.FORM_FILLED, False, SubIndication.SIG_CONSTRAINTS_FAILURE),
        (Coverage.PART, False, SubIndication.SIG_CONSTRAINTS_FAILURE),
        (Coverage.CHANGED, True, SubIndication.FORMAT_FAILURE),
    ],
)
def test_what_a_signature_does_not_cover_is_never_passed_over(coverage: Coverage, permitted: bool, expected: SubIndication | None) -> None:
    assert answer(read(coverage=coverage, changes_permitted=permitted), world())[1] is expected


def test_what_is_too_weak_proves_nothing() -> None:
    assert answer(read(weak="the digest sha1"), world())[1] is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def test_a_level_is_what_is_there_not_what_is_claimed() -> None:
    assert judge(read(bound=False), world()).report.level is ReachedLevel.NONE
    lists = (revocation_list(), revocation_list(issuer=ROOT))
    full = read(stamps=(stamp(NOW + HOUR),), material=True)
    assert judge(full, world(lists=lists)).report.level is ReachedLevel.B_LT
    assert judge(full, world(lists=lists[:1])).report.level is ReachedLevel.B_T
    archived = read(stamps=(stamp(NOW + HOUR), stamp(NOW + HOUR, "archive")), material=True)
    assert judge(archived, world(lists=lists)).report.level is ReachedLevel.B_LTA


def test_a_trusted_list_vouches_only_for_its_time_and_its_purpose() -> None:
    good = (Anchor(OUR_ISSUING, "list", granted=((NOW - DAY, None),)),)
    assert answer(read(), world(anchors=good))[0] is Indication.TOTAL_PASSED
    ended = (Anchor(OUR_ISSUING, "list", granted=((NOW - DAY, NOW + HOUR),)),)
    assert answer(read(), world(now=NOW + DAY, anchors=ended))[1] is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    for_stamps = (Anchor(OUR_ISSUING, "list", frozenset({Purpose.TIME_STAMP})),)
    assert answer(read(), world(anchors=for_stamps))[1] is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_names_cannot_carry_control_characters_onto_a_page() -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Бат\u202eтаБ\n\x07")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    made = builder.not_valid_before(NOW).not_valid_after(NOW + DAY).sign(key, hashes.SHA256())
    assert judging.signatory(made).name == "БаттаБ"


def test_a_thousand_crossed_authorities_end_the_patience_not_the_machine() -> None:
    """Certificates that all seem to have issued each other: without the bound the paths are factorial."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    pool = []
    for serial in range(60):
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(serial + 1)
        pool.append(builder.not_valid_before(NOW).not_valid_after(NOW + DAY).sign(key, hashes.SHA256()))
    found = judge(read(certificate=encoded(pool[0])), world(certificates=tuple(pool))).report
    assert found.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
