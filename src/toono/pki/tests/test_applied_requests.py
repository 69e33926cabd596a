"""Requests of servers (PKCS#10): the key and the names are read, and everything else about them is distrusted."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from toono.pki.domain.applied import REQUEST_LIMIT_BYTES, check_names, parse
from toono.pki.errors import AlgorithmNotSupported, RequestMalformed, RequestNamesDiffer, WeakKey
from toono.pki.tests.making import changed

KEY = ec.generate_private_key(ec.SECP256R1())


def _request(
    *names: x509.GeneralName, common: str = "www.soril.gov.mn", key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = KEY
) -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)] if common else [])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_key_and_names_are_read_in_lower_case_and_each_once() -> None:
    found = parse(_request(x509.DNSName("WWW.Soril.gov.mn"), x509.DNSName("*.soril.gov.mn")))
    assert found.names == ("www.soril.gov.mn", "*.soril.gov.mn")
    assert found.public_key == KEY.public_key()
    assert (found.algorithm, parse(found.pem.encode())) == ("P-256", found)


@pytest.mark.parametrize("size", [2048, 3072])
def test_an_rsa_key_is_accepted_for_compatibility(size: int) -> None:
    assert parse(_request(key=rsa.generate_private_key(public_exponent=65537, key_size=size))).algorithm == f"RSA-{size}"


def test_weak_keys_are_refused() -> None:
    with pytest.raises(WeakKey):
        parse(_request(key=rsa.generate_private_key(public_exponent=65537, key_size=1024)))
    with pytest.raises(WeakKey):
        parse(_request(key=rsa.generate_private_key(public_exponent=3, key_size=2048)))
    with pytest.raises(AlgorithmNotSupported):
        parse(_request(key=ec.generate_private_key(ec.SECP256K1())))


@pytest.mark.parametrize(
    "name",
    [x509.IPAddress(ip_address("192.0.2.1")), x509.RFC822Name("a@soril.gov.mn"),
     x509.UniformResourceIdentifier("https://soril.gov.mn"), x509.DirectoryName(x509.Name([]))],
)  # fmt: skip
def test_only_names_of_the_domain_system_are_certified(name: x509.GeneralName) -> None:
    with pytest.raises(RequestMalformed):
        parse(_request(name))


@pytest.mark.parametrize(
    "name",
    ["soril", "-a.gov.mn", "a..gov.mn", "a_b.gov.mn", "*.*.gov.mn", "a.*.gov.mn", "*", "www.soril.gov.mn\n", "www.soril.gov.mn\x00.evil.mn",
     "сорил.gov.mn", "a" * 64 + ".mn", " www.soril.gov.mn"],
)  # fmt: skip
def test_a_common_name_that_is_no_host_is_refused(name: str) -> None:
    with pytest.raises(RequestMalformed):
        parse(_request(x509.DNSName("www.soril.gov.mn"), common=name[:64]))


def test_a_request_without_a_name_is_refused() -> None:
    with pytest.raises(RequestMalformed):
        parse(_request(common=""))


def test_a_request_that_its_key_did_not_sign_is_refused() -> None:
    der = _request()
    with pytest.raises(RequestMalformed, match="not signed by the key"):
        parse(changed(der, len(der) - 3))


def test_the_names_must_be_those_that_were_allowed() -> None:
    found = parse(_request(x509.DNSName("soril.gov.mn")))
    check_names(found, ("SORIL.gov.mn", "www.soril.gov.mn"))
    for allowed in (("soril.gov.mn",), ("soril.gov.mn", "www.soril.gov.mn", "more.gov.mn"), ()):
        with pytest.raises(RequestNamesDiffer):
            check_names(found, allowed)


@pytest.mark.parametrize("junk", [b"", b"\x30", b"-----BEGIN CERTIFICATE REQUEST-----", b"\x30" * (REQUEST_LIMIT_BYTES + 1), bytes(1000)])
def test_junk_is_refused(junk: bytes) -> None:
    with pytest.raises(RequestMalformed):
        parse(junk)


@settings(max_examples=400, deadline=None)
@given(place=st.integers(min_value=0, max_value=len(_request()) - 1), value=st.integers(min_value=0, max_value=255))
def test_whatever_byte_is_changed_the_answer_is_one_of_the_rooms_errors(place: int, value: int) -> None:
    der = _request()
    broken = der[:place] + bytes([value]) + der[place + 1 :]
    try:
        parse(broken)
    except (RequestMalformed, WeakKey, AlgorithmNotSupported):
        return
    assert broken == der, "a change was not noticed"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_refused(content: bytes) -> None:
    with pytest.raises((RequestMalformed, WeakKey, AlgorithmNotSupported)):
        parse(b"\x30\x82" + content)
