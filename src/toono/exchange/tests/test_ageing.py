"""What grows old is served as usual, then with a warning, then not; and only what its authority says is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from toono.exchange.domain import ageing
from toono.exchange.domain import ocsp as status
from toono.exchange.domain.ageing import Grade
from toono.registry.contracts import ExchangePolicy

NOW = datetime.now(UTC).replace(microsecond=0)  # a response says by itself when it was made
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
POLICY = ExchangePolicy(
    configuration_grace_seconds=3600, ocsp_fresh_seconds=3600, ocsp_grace_seconds=7200, stamp_fresh_seconds=300, stamp_grace_seconds=600
)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


# -- grades ---------------------------------------------------------------------------------------------------------


@given(
    age=st.timedeltas(min_value=timedelta(days=-9), max_value=timedelta(days=9)),
    older=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=9)),
    fresh=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=5)),
    grace=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=5)),
)
def test_nothing_grows_younger(age: timedelta, older: timedelta, fresh: timedelta, grace: timedelta) -> None:
    assert ageing.grade(age, fresh=fresh, grace=grace) <= ageing.grade(age + older, fresh=fresh, grace=grace)


def test_each_border_belongs_to_the_worse_side() -> None:
    def of(seconds: int) -> Grade:
        return ageing.grade(seconds * SECOND, fresh=60 * SECOND, grace=30 * SECOND)

    assert [of(s) for s in (59, 60, 89, 90)] == [Grade.FRESH, Grade.STALE, Grade.STALE, Grade.DEAD]


def test_a_configuration_warns_from_its_expiry_until_the_end_of_the_grace() -> None:
    def at(moment: datetime) -> ageing.Judgement:
        return ageing.configuration(moment, expires_at=NOW, policy=POLICY)

    assert at(NOW - SECOND) == ageing.FRESH
    assert at(NOW) == (Grade.STALE, "configuration_stale", NOW + HOUR)
    assert at(NOW + HOUR) == (Grade.DEAD, "configuration_expired", NOW + HOUR)


def test_without_grace_a_configuration_ends_at_once() -> None:
    policy = ExchangePolicy(configuration_grace_seconds=0)
    assert ageing.configuration(NOW, expires_at=NOW, policy=policy).grade is Grade.DEAD


def test_a_status_beyond_its_own_end_warns_though_the_policy_calls_it_fresh() -> None:
    found = ageing.ocsp(NOW, this_update=NOW - 10 * MINUTE, next_update=NOW - MINUTE, policy=POLICY)
    assert (found.grade, found.reason) == (Grade.STALE, "ocsp_stale")
    assert ageing.ocsp(NOW, this_update=NOW - 3 * HOUR, next_update=None, policy=POLICY).reason == "ocsp_too_old"


def test_a_status_is_asked_anew_at_half_of_its_time() -> None:
    assert not ageing.refresh_due(NOW, this_update=NOW - 29 * MINUTE, next_update=None, policy=POLICY)
    assert ageing.refresh_due(NOW, this_update=NOW - 30 * MINUTE, next_update=None, policy=POLICY)
    assert ageing.refresh_due(NOW, this_update=NOW - 5 * MINUTE, next_update=NOW + 5 * MINUTE, policy=POLICY)


def test_stamps_are_judged_by_the_oldest_signature_without_one() -> None:
    assert ageing.stamps(NOW, oldest_unstamped=None, policy=POLICY) == ageing.FRESH
    assert ageing.stamps(NOW, oldest_unstamped=NOW - 299 * SECOND, policy=POLICY) == ageing.FRESH
    assert ageing.stamps(NOW, oldest_unstamped=NOW - 300 * SECOND, policy=POLICY).reason == "stamps_stale"
    assert ageing.stamps(NOW, oldest_unstamped=NOW - 900 * SECOND, policy=POLICY).reason == "stamps_too_old"


# -- whom a status is believed from ---------------------------------------------------------------------------------


class Authority:
    """An authority that certifies members and responders, and answers about them."""

    def __init__(self, name: str = "Root", key: Key | None = None) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self.issue(name, self.key, x509.BasicConstraints(ca=True, path_length=None))

    def issue(self, name: str, key: Key, *extensions: x509.ExtensionType) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 30 * HOUR)
            .not_valid_after(NOW + 30 * HOUR)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def answer(
        self,
        about: x509.Certificate,
        *,
        signer: tuple[x509.Certificate, Key] | None = None,
        issuer: x509.Certificate | None = None,
        state: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        at: datetime = NOW,
    ) -> bytes:
        certificate, key = signer or (self.certificate, self.key)
        revoked = state is ocsp.OCSPCertStatus.REVOKED
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=about,
                issuer=issuer or self.certificate,
                algorithm=hashes.SHA1(),
                cert_status=state,
                this_update=at,
                next_update=at + HOUR,
                revocation_time=at - HOUR if revoked else None,
                revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
            .certificates([certificate])
        )
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def member(authority: Authority) -> x509.Certificate:
    place = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://127.0.0.1:1/ocsp"))
    return authority.issue("Member", ec.generate_private_key(ec.SECP256R1()), x509.AuthorityInformationAccess([place]))


def _reason(der: bytes, member: x509.Certificate, authority: Authority, now: datetime = NOW) -> str:
    with pytest.raises(status.OcspRefused) as refused:
        status.read(der, certificate=member, issuer=authority.certificate, now=now)
    return refused.value.reason


def test_the_authority_answers_itself(authority: Authority, member: x509.Certificate) -> None:
    found = status.read(authority.answer(member), certificate=member, issuer=authority.certificate, now=NOW)
    assert (found.status, found.this_update, found.next_update, found.revoked_at) == (status.Status.GOOD, NOW, NOW + HOUR, None)


def test_a_responder_named_by_the_authority_answers(authority: Authority, member: x509.Certificate) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    responder = authority.issue("Responder", key, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]))
    der = authority.answer(member, signer=(responder, key), state=ocsp.OCSPCertStatus.REVOKED)
    found = status.read(der, certificate=member, issuer=authority.certificate, now=NOW)
    assert (found.status, found.revoked_at, found.revocation_reason) == (status.Status.REVOKED, NOW - HOUR, "keyCompromise")


def test_an_authority_with_an_rsa_key_is_understood() -> None:
    authority = Authority("RSA root", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    member = authority.issue("Member", ec.generate_private_key(ec.SECP256R1()))
    assert status.read(authority.answer(member), certificate=member, issuer=authority.certificate, now=NOW).status is status.Status.GOOD


def test_another_member_of_the_authority_may_not_answer(authority: Authority, member: x509.Certificate) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    other = authority.issue("Other member", key)
    assert _reason(authority.answer(member, signer=(other, key)), member, authority) == "ocsp_untrusted"


def test_a_responder_of_another_authority_is_not_believed(authority: Authority, member: x509.Certificate) -> None:
    stranger = Authority("Root")  # the same name, another key
    key = ec.generate_private_key(ec.SECP256R1())
    responder = stranger.issue("Responder", key, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]))
    assert _reason(authority.answer(member, signer=(responder, key)), member, authority) == "ocsp_untrusted"


def test_a_status_of_another_certificate_is_not_this_one(authority: Authority, member: x509.Certificate) -> None:
    other = authority.issue("Other", ec.generate_private_key(ec.SECP256R1()))
    assert _reason(authority.answer(other), member, authority) == "ocsp_of_another"


def test_the_same_number_of_another_authority_is_not_this_one(authority: Authority, member: x509.Certificate) -> None:
    der = authority.answer(member, issuer=Authority("Elsewhere").certificate)
    assert _reason(der, member, authority) == "ocsp_of_another"


def test_a_status_of_the_future_is_refused(authority: Authority, member: x509.Certificate) -> None:
    assert _reason(authority.answer(member, at=NOW + 6 * MINUTE), member, authority) == "ocsp_not_yet_valid"


def test_a_responder_without_an_answer_is_no_status(authority: Authority, member: x509.Certificate) -> None:
    der = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)
    assert _reason(der, member, authority) == "ocsp_not_answered"


def test_every_changed_byte_is_found(authority: Authority, member: x509.Certificate) -> None:
    der = authority.answer(member)
    good = status.read(der, certificate=member, issuer=authority.certificate, now=NOW)
    for place in range(0, len(der), 3):
        changed = der[:place] + bytes([der[place] ^ 0x41]) + der[place + 1 :]
        try:
            found = status.read(changed, certificate=member, issuer=authority.certificate, now=NOW)
        except status.OcspRefused:
            continue
        assert found == good, place  # only where the change touches nothing that is told


def test_the_question_goes_where_the_certificate_says(authority: Authority, member: x509.Certificate) -> None:
    assert status.responder_address(member) == "http://127.0.0.1:1/ocsp"
    assert status.responder_address(authority.certificate) is None
    asked = ocsp.load_der_ocsp_request(status.request(member, authority.certificate))
    assert asked.serial_number == member.serial_number


def test_the_issuer_is_found_by_its_signature_not_by_its_name(authority: Authority, member: x509.Certificate) -> None:
    assert status.issuer_of(member, [Authority("Root").certificate, authority.certificate]) == authority.certificate
    assert status.issuer_of(member, [Authority("Root").certificate]) is None
