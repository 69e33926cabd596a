"""The answer about one signature, case by case: each sub-indication with what separates it from a pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from toono.pki.contracts import Coverage, Indication, Profile, ReachedLevel, RevocationReason, SubIndication, TimeSource
from toono.pki.domain.algorithm_ends import ALGORITHM_ENDS
from toono.pki.domain.issuing import Issuer, RevokedEntry, build_certificate, build_revocation_list
from toono.pki.domain.validation import judging, paths, status
from toono.pki.domain.validation.judging import World, judge
from toono.pki.domain.validation.paths import Anchor, Patience, Purpose
from toono.pki.domain.validation.reading import SignatureReading, StampReading
from toono.pki.domain.validation.status import Status
from toono.pki.tests.making import SUBJECT, authority, leaf

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


class Began:
    """The same world with authorities, unit and signer that began at another moment."""

    def __init__(self, moment: datetime, *anchors: Anchor, good: tuple[x509.Certificate, ...] = ()) -> None:
        root_key, issuing_key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())
        root = self._made(Profile.ROOT, root_key, Issuer(None, root_key), moment)
        issuing = self._made(Profile.ISSUING, issuing_key, Issuer(root, root_key), moment)
        above = Issuer(issuing, issuing_key)
        self.signer, self.unit = (
            self._made(profile, ec.generate_private_key(ec.SECP256R1()), above, moment) for profile in (Profile.SEAL, Profile.TIMESTAMP)
        )
        self.anchors, self.certificates = (Anchor(root, "ours"), *anchors), (issuing, self.unit)
        self.register = {encoded(one): Status("register", moment) for one in (self.signer, self.unit, issuing, *good)}

    @staticmethod
    def _made(profile: Profile, key: ec.EllipticCurvePrivateKey, issuer: Issuer, moment: datetime) -> x509.Certificate:
        return build_certificate(
            profile=profile, subject=SUBJECT, public_key=key.public_key(), issuer=issuer, serial=x509.random_serial_number(), now=moment,
            base_url="http://toono.gov.mn",
        )  # fmt: skip

    def world(self, now: datetime) -> World:
        return World(now=now, anchors=self.anchors, certificates=self.certificates, register=self.register)

    def read(self, **changes: Any) -> SignatureReading:
        return read(**{"certificate": encoded(self.signer), **changes})

    def stamp(self, at: datetime, kind: str = "signature", **changes: Any) -> StampReading:
        return stamp(at, kind, **{"certificate": encoded(self.unit), **changes})


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
    early = read(claimed_time=NOW + DAY)
    assert answer(early, later) == (Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE), "a claim is no proof that it was in time"
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


def test_a_list_that_is_over_still_tells_of_what_it_has_revoked() -> None:
    only_issuing = {encoded(OUR_ISSUING): Status("register", NOW)}
    old = world(now=NOW + 3 * DAY, register=only_issuing, lists=(revocation_list(SIGNER.serial_number),))
    assert answer(read(), old)[1] is SubIndication.REVOKED_NO_POE
    assert answer(read(claimed_time=NOW + HOUR), old)[1] is SubIndication.REVOKED


def told_by(*extensions: tuple[x509.ExtensionType, bool], name: x509.Name = OUR_ISSUING.subject, about: x509.Certificate = SIGNER) -> int:
    """How many lists of these extensions, signed by our issuing authority, say something about a certificate."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(NOW).next_update(NOW + DAY)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    content = builder.sign(ISSUING.key, hashes.SHA384()).public_bytes(Encoding.DER)
    return len(list(status.from_lists(about, OUR_ISSUING, [b"", b"0", content], Patience(), at=NOW)))


def point(**only: Any) -> tuple[x509.ExtensionType, bool]:
    names = ("only_contains_user_certs", "only_contains_ca_certs", "only_contains_attribute_certs", "indirect_crl")
    values: dict[str, Any] = {"full_name": None, "relative_name": None, "only_some_reasons": None, **dict.fromkeys(names, False)}
    return x509.IssuingDistributionPoint(**values | only), True


def test_a_list_of_a_part_is_not_taken_for_the_whole() -> None:
    """Whoever puts a list of changes, or one of other certificates, into a file must not make a revoked certificate look good."""
    address = [x509.UniformResourceIdentifier("http://toono.gov.mn/pki/crl/issuing.crl")]
    assert told_by() == told_by(point(full_name=address)) == told_by(point(only_contains_user_certs=True)) == 1
    assert told_by((x509.CRLNumber(1), False), (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), False)) == 1
    assert told_by((x509.DeltaCRLIndicator(1), True)) == 0
    assert told_by(point(indirect_crl=True)) == told_by(point(only_contains_attribute_certs=True)) == 0
    assert told_by(point(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}))) == 0
    assert told_by(point(only_contains_ca_certs=True)) == 0
    assert told_by(point(only_contains_ca_certs=True), about=OUR_ISSUING) == 1
    assert told_by(point(only_contains_user_certs=True), about=OUR_ISSUING) == 0
    assert told_by((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)) == 0
    other = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Other")])
    assert told_by(name=other) == 0, "of another authority's name, though our key signed it"


def test_an_authority_that_may_sign_no_lists_says_nothing_by_one() -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "No lists")])
    for may in (True, False):
        usage = x509.KeyUsage(False, False, False, False, False, key_cert_sign=True, crl_sign=may, encipher_only=False, decipher_only=False)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(5 + may)
        made = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + DAY).add_extension(usage, critical=True).sign(key, hashes.SHA256())
        content = (
            x509.CertificateRevocationListBuilder().issuer_name(name).last_update(NOW).next_update(NOW + DAY).sign(key, hashes.SHA256())
        )
        told = list(status.from_lists(SIGNER, made, [content.public_bytes(Encoding.DER)], Patience(), at=NOW))
        assert len(told) == may


def ocsp_answer(
    signer: tuple[x509.Certificate, Any],
    about: x509.Certificate = SIGNER,
    standing: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    issuer: x509.Certificate = OUR_ISSUING,
) -> bytes:
    gone = standing is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        about, issuer, hashes.SHA1(), standing, NOW, NOW + DAY, NOW if gone else None, x509.ReasonFlags.superseded if gone else None
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer[0]).certificates([signer[0]])
    return builder.sign(signer[1], hashes.SHA256()).public_bytes(Encoding.DER)


def test_an_answer_tells_and_only_by_a_delegate_of_the_issuer() -> None:
    only_issuing = {encoded(OUR_ISSUING): Status("register", NOW)}
    delegate = leaf(Profile.OCSP, ISSUING)
    assert answer(read(), world(register=only_issuing, answers=(ocsp_answer(delegate),)))[0] is Indication.TOTAL_PASSED
    gone = ocsp_answer(delegate, standing=ocsp.OCSPCertStatus.REVOKED)
    assert answer(read(claimed_time=NOW + HOUR), world(register=only_issuing, answers=(gone,)))[1] is SubIndication.REVOKED
    for not_one in (leaf(Profile.SEAL, ISSUING), leaf(Profile.OCSP, authority()[1])):
        assert answer(read(), world(register=only_issuing, answers=(ocsp_answer(not_one),)))[1] is SubIndication.TRY_LATER
    another = ocsp_answer(delegate, about=UNIT)
    assert answer(read(), world(register=only_issuing, answers=(another, b"\x30\x00")))[1] is SubIndication.TRY_LATER


def test_an_answer_about_the_same_number_of_another_authority_tells_nothing() -> None:
    """Of another key under our name, and of our key under another name: both hashes of the issuer count (RFC 6960 §4.1.1)."""
    delegate = leaf(Profile.OCSP, ISSUING)
    renamed = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Other")])
    builder = x509.CertificateBuilder().subject_name(SIGNER.subject).issuer_name(renamed).public_key(SIGNER.public_key())
    builder = builder.serial_number(SIGNER.serial_number).not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    of_other_name, other = builder.sign(ISSUING.key, hashes.SHA384()), authority()[1].certificate
    assert other
    only_issuing = {encoded(OUR_ISSUING): Status("register", NOW)}
    for about, issuer, expected in (
        (SIGNER, OUR_ISSUING, None), (SIGNER, other, SubIndication.TRY_LATER), (of_other_name, OUR_ISSUING, SubIndication.TRY_LATER)
    ):  # fmt: skip
        given = ocsp_answer(delegate, about=about, issuer=issuer)
        assert answer(read(), world(register=only_issuing, answers=(given,)))[1] is expected


def test_an_answer_that_another_key_signed_tells_nothing_whoever_stands_in_it() -> None:
    """The delegate's certificate is public: anybody can put it into an answer of their own."""
    delegate, key = leaf(Profile.OCSP, ISSUING)
    only_issuing = {encoded(OUR_ISSUING): Status("register", NOW)}
    genuine = ocsp_answer((delegate, key))
    for signed_by, expected in ((key, None), (ec.generate_private_key(ec.SECP256R1()), SubIndication.TRY_LATER)):
        made = asn1_ocsp.OCSPResponse.load(genuine)
        basic = made["response_bytes"]["response"].parsed
        basic["signature"] = signed_by.sign(basic["tbs_response_data"].dump(), ec.ECDSA(hashes.SHA256()))
        made["response_bytes"]["response"] = basic
        assert answer(read(), world(register=only_issuing, answers=(made.dump(force=True),)))[1] is expected
    later = genuine.replace(f"{NOW + DAY:%Y%m%d%H%M%SZ}".encode(), f"{NOW + 9 * DAY:%Y%m%d%H%M%SZ}".encode())
    assert answer(read(), world(now=NOW + 5 * DAY, register=only_issuing, answers=(later,)))[1] is SubIndication.TRY_LATER


def test_an_answer_by_a_key_that_is_too_weak_tells_nothing() -> None:
    key = rsa.generate_private_key(65537, 2048)
    builder = x509.CertificateBuilder().subject_name(SIGNER.subject).issuer_name(OUR_ISSUING.subject).public_key(key.public_key())
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False).serial_number(11)
    delegate = builder.not_valid_before(NOW - 9 * YEAR).not_valid_after(NOW + DAY).sign(ISSUING.key, hashes.SHA384())
    given = [ocsp_answer((delegate, key))]
    end = ALGORITHM_ENDS["RSA-2048"]
    assert len(list(status.from_answers(SIGNER, OUR_ISSUING, given, Patience(), at=end - DAY))) == 1
    assert list(status.from_answers(SIGNER, OUR_ISSUING, given, Patience(), at=end)) == []


def test_an_answer_from_before_its_delegate_began_tells_nothing() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    for began, expected in ((NOW, None), (NOW + 12 * HOUR, SubIndication.TRY_LATER)):
        delegate = build_certificate(
            profile=Profile.OCSP, subject=SUBJECT, public_key=key.public_key(), issuer=ISSUING, serial=x509.random_serial_number(), now=began,
            base_url="http://toono.gov.mn",
        )  # fmt: skip
        where = world(
            now=NOW + 20 * HOUR, register={encoded(OUR_ISSUING): Status("register", NOW)}, answers=(ocsp_answer((delegate, key)),)
        )
        assert answer(read(), where)[1] is expected


@pytest.mark.parametrize(
    "wrong",
    [{"failure": SubIndication.HASH_FAILURE}, {"time": NOW + 9 * YEAR}, {"certificate": encoded(SIGNER)}, {"algorithms": ("sha1",)}],
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


def test_a_time_stamp_over_the_content_proves_nothing_of_the_signature() -> None:
    """It was made before the signature, which may be of any later time."""
    later = world(now=NOW + 4 * YEAR)
    found = judge(read(stamps=(stamp(NOW + DAY, "content"),)), later).report
    assert found.best_time is None and found.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE and found.level is ReachedLevel.B_B
    both = judge(read(stamps=(stamp(NOW + DAY, "content"), stamp(NOW + 2 * DAY))), later).report
    assert both.best_time == NOW + 2 * DAY and both.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [("signature", {}), ("content", {}), ("archive", {"failure": SubIndication.HASH_FAILURE}), ("archive", {"algorithms": ("none",)})],
)
def test_only_a_good_archive_time_stamp_carries_another(kind: str, wrong: dict[str, Any]) -> None:
    """The first one's algorithm has ended; what stands over the signature alone, or is not good itself, says nothing of it."""
    end = ALGORITHM_ENDS["RSA-2048"]
    then = Began(end - 9 * DAY)
    old = then.stamp(end - 8 * DAY, algorithms=("RSA-2048",))
    carried = judge(then.read(stamps=(old, then.stamp(end - DAY, "archive"))), then.world(end + DAY)).report
    assert old.time in {one.time for one in carried.stamps if one.sub_indication is None}
    beside = judge(then.read(stamps=(old, then.stamp(end - DAY, kind, **wrong))), then.world(end + DAY)).report
    assert old.time not in {one.time for one in beside.stamps if one.sub_indication is None}


def test_time_stamps_that_contradict_each_other_are_told() -> None:
    later = world(now=NOW + 9 * DAY)
    content, before, after = stamp(NOW + 2 * DAY, "content"), stamp(NOW + DAY), stamp(NOW + 3 * DAY)
    assert answer(read(stamps=(content, before)), later)[1] is SubIndication.TIMESTAMP_ORDER_FAILURE
    assert answer(read(stamps=(content, stamp(NOW + DAY, "archive"))), later)[1] is SubIndication.TIMESTAMP_ORDER_FAILURE
    for in_order in ((content,), (content, after), (content, stamp(NOW + 2 * DAY)), (stamp(NOW + DAY, "content"), content)):
        assert answer(read(stamps=in_order), later)[1] is None
    not_good = {"failure": SubIndication.HASH_FAILURE}
    assert answer(read(stamps=(content, stamp(NOW + DAY, **not_good))), later)[1] is None
    assert answer(read(stamps=(stamp(NOW + 2 * DAY, "content", **not_good), before)), later)[1] is None


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
    for name in ("RSA-1024", "secp192r1", "secp256k1", "none"):
        where = (Indication.INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
        assert answer(read(algorithms=("P-256", name)), world()) == where
        assert answer(read(algorithms=(name,), stamps=(stamp(NOW + HOUR),)), world()) == where


@pytest.mark.parametrize("name", ["RSA-2048", "sha224", "sha1", "RSA-3072"])
def test_what_an_algorithm_proves_depends_on_the_proven_moment(name: str) -> None:
    """On both sides of the algorithm's end: without a time-stamp, with one before, with one after; a claim is no proof."""
    end = ALGORITHM_ENDS[name]
    then = Began(end - 2 * DAY)
    passed = (Indication.TOTAL_PASSED, None)
    too_late = (Indication.INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)
    assert answer(then.read(algorithms=(name,)), then.world(end - HOUR)) == passed
    assert answer(then.read(algorithms=(name,)), then.world(end)) == too_late
    assert answer(then.read(algorithms=(name,), claimed_time=end - DAY), then.world(end + DAY)) == too_late
    assert answer(then.read(algorithms=(name,), stamps=(then.stamp(end - HOUR),)), then.world(end + DAY)) == passed
    assert answer(then.read(algorithms=(name,), stamps=(then.stamp(end),)), then.world(end + DAY)) == too_late


def test_a_time_stamp_whose_algorithm_ended_proves_only_under_a_stronger_one_from_before() -> None:
    end = ALGORITHM_ENDS["RSA-2048"]
    then = Began(end - 9 * DAY)
    old = then.stamp(end - 8 * DAY, algorithms=("RSA-2048", "sha256"))
    assert judge(then.read(stamps=(old,)), then.world(end - DAY)).report.best_time == old.time
    found = judge(then.read(stamps=(old,)), then.world(end + DAY)).report
    assert found.best_time is None and found.stamps[0].sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    before, after = then.stamp(end - DAY, "archive"), then.stamp(end + HOUR, "archive")
    assert judge(then.read(stamps=(old, before)), then.world(end + DAY)).report.best_time == old.time
    assert judge(then.read(stamps=(old, after)), then.world(end + DAY)).report.best_time == after.time


def test_a_path_through_a_key_that_ended_needs_a_proof_from_before() -> None:
    """An issuing authority with RSA of 2048 bits, as there are many: what stands below it is good as far as it is proven from before the end."""
    end = ALGORITHM_ENDS["RSA-2048"]
    key, name = rsa.generate_private_key(65537, 2048), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Old authority")])
    builder = x509.CertificateBuilder().issuer_name(name).not_valid_before(end - 99 * DAY).not_valid_after(end + YEAR)
    above = builder.subject_name(name).public_key(key.public_key()).serial_number(9)
    old = above.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    below = builder.subject_name(SIGNER.subject).public_key(SIGNER.public_key()).serial_number(3).sign(key, hashes.SHA256())
    then = Began(end - 9 * DAY, Anchor(old, "neighbour"), good=(below,))
    reading, stamped = (then.read(certificate=encoded(below), stamps=stamps) for stamps in ((), (then.stamp(end - DAY),)))
    assert answer(reading, then.world(end - DAY)) == (Indication.TOTAL_PASSED, None)
    assert answer(reading, then.world(end + DAY)) == (Indication.INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)
    assert answer(stamped, then.world(end + DAY)) == (Indication.TOTAL_PASSED, None)


def test_a_list_that_is_signed_too_weakly_says_nothing() -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Old authority")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(9)
    old = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + YEAR).sign(key, hashes.SHA256())
    written = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(NOW).next_update(NOW + DAY)
    encoded_list = written.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    end = ALGORITHM_ENDS["RSA-2048"]
    assert len(list(status.from_lists(SIGNER, old, [encoded_list], Patience(), at=end - DAY))) == 1
    assert list(status.from_lists(SIGNER, old, [encoded_list], Patience(), at=end)) == []


def test_a_level_is_what_is_there_not_what_is_claimed() -> None:
    assert judge(read(bound=False), world()).report.level is ReachedLevel.NONE
    lists = (revocation_list(), revocation_list(issuer=ROOT))
    full = read(stamps=(stamp(NOW + HOUR),), material=True)
    assert judge(full, world(lists=lists)).report.level is ReachedLevel.B_LT
    assert judge(full, world(lists=lists[:1])).report.level is ReachedLevel.B_T
    assert judge(full, world(lists=lists[1:])).report.level is ReachedLevel.B_T
    assert judge(full.model_copy(update={"material": False}), world(lists=lists)).report.level is ReachedLevel.B_T
    archived = read(stamps=(stamp(NOW + HOUR), stamp(NOW + HOUR, "archive")), material=True)
    assert judge(archived, world(lists=lists)).report.level is ReachedLevel.B_LTA


def test_a_trusted_list_vouches_only_for_its_time_and_its_purpose() -> None:
    good = (Anchor(OUR_ISSUING, "list", granted=((NOW - DAY, None),)),)
    assert answer(read(), world(anchors=good))[0] is Indication.TOTAL_PASSED
    within = (Anchor(OUR_ISSUING, "list", granted=((NOW - DAY, NOW + DAY),)),)
    assert answer(read(), world(anchors=within))[0] is Indication.TOTAL_PASSED
    not_yet = (Anchor(OUR_ISSUING, "list", granted=((NOW + DAY, None),)),)
    assert answer(read(), world(anchors=not_yet))[1] is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
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


def test_a_name_is_told_by_its_parts_where_there_is_no_whole_one() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    parts = [(NameOID.SURNAME, "Ганбат"), (NameOID.GIVEN_NAME, "Сарнай"), (NameOID.COUNTRY_NAME, "MN")]
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])
    issuer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Олгогч")])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key()).serial_number(7)
    found = judging.signatory(builder.not_valid_before(NOW).not_valid_after(NOW + DAY).sign(key, hashes.SHA256()))
    assert (found.name, found.issuer, found.country, found.serial) == ("Ганбат Сарнай", "Олгогч", "MN", "7")


def test_the_moment_is_told_with_how_it_is_known() -> None:
    assert judge(read(), world()).report.time_source is TimeSource.NONE
    told = judge(read(stamps=(stamp(NOW + HOUR), stamp(NOW + HOUR, certificate=None))), world()).report.stamps
    assert {(one.authority, one.indication) for one in told} == {
        (judging.signatory(UNIT).name, Indication.TOTAL_PASSED), ("", Indication.INDETERMINATE)
    }  # fmt: skip
    assert judge(read(claimed_time=NOW), world()).report.time_source is TimeSource.CLAIMED
    stamped = read(claimed_time=NOW, stamps=(stamp(NOW + HOUR),))
    assert judge(stamped, world()).report.time_source is TimeSource.TIME_STAMP
    assert judge(read(stamps=(stamp(NOW + HOUR, "archive"),)), world()).report.time_source is TimeSource.ARCHIVE_TIME_STAMP


def test_when_it_was_revoked_is_told_of_the_signers_own_certificate_alone() -> None:
    stamped = read(stamps=(stamp(NOW + HOUR),))
    own = judge(stamped, world(now=NOW + 9 * DAY, register=revoked(NOW + 5 * DAY))).report
    assert (own.indication, own.revoked_at) == (Indication.TOTAL_PASSED, NOW + 5 * DAY)
    then = Began(NOW - DAY)  # a unit of other authorities, which stay good
    register = revoked(NOW + 5 * DAY, certificate=OUR_ISSUING) | then.register
    where = world(
        now=NOW + 9 * DAY,
        register=register,
        anchors=(Anchor(OUR_ROOT, "ours"), *then.anchors),
        certificates=(OUR_ISSUING, *then.certificates),
    )
    above = judge(read(stamps=(then.stamp(NOW + HOUR),)), where).report
    assert (above.indication, above.revoked_at) == (Indication.TOTAL_PASSED, None)


def test_what_left_the_list_again_is_good() -> None:
    removed = {**GOOD, encoded(SIGNER): Status("list", NOW, None, NOW, "remove_from_crl")}
    assert answer(read(), world(register=removed)) == (Indication.TOTAL_PASSED, None)


def test_archived_material_is_judged_by_when_it_was_archived() -> None:
    """The responder's certificate has ended since; the archive time-stamp shows that its answer is older than that."""
    delegate, key = leaf(Profile.OCSP, ISSUING)
    only_issuing = {encoded(one): Status("register", NOW) for one in (OUR_ISSUING, UNIT)}
    kept = ocsp_answer((delegate, key))
    later = delegate.not_valid_after_utc + DAY
    where = world(now=later, register=only_issuing, answers=(kept,))
    assert judge(read(stamps=(stamp(NOW + HOUR),), material=True), where).report.sub_indication is SubIndication.TRY_LATER
    archived = read(stamps=(stamp(NOW + HOUR), stamp(NOW + 2 * HOUR, "archive")), material=True)
    assert judge(archived, where).report.indication is Indication.TOTAL_PASSED


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
