"""Signatures are canonical as they are written, the same when they are made again, and hold for the certificate's key."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID
from lxml import etree

from toono.exchange.domain.evidence import hashchain, signature_check, xades
from toono.exchange.tests import evidence as e

AT = datetime(2026, 11, 22, 8, 0, 1, 999_999, tzinfo=UTC)
NAMES = [
    "Сорил",
    "A & B <C>",
    'quoted "name", with; signs + more = \\',
    "  spaces  ",
    "line\nbreak",
    "carriage\rreturn",
    "tab\there",
    "]]>",
]


def certificate(name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, "NTRMN-9000001")]
    )
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(2**150 + 7)
    return builder.not_valid_before(AT).not_valid_after(AT + timedelta(days=1)).sign(key, hashes.SHA256()), key


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", [None, b"body"])
def test_what_is_signed_is_the_canonical_form_of_what_stands_in_the_document(name: str, body: bytes | None) -> None:
    found, _ = certificate(name)
    signatory = xades.Signatory.of(found)
    prepared = xades.prepare(signatory, [e.digests(b"head", body)], AT)
    root = etree.fromstring(xades.document(signatory, prepared, bytes(64), b"ocsp"))
    info, properties = root.find(f".//{{{e.DS}}}SignedInfo"), root.find(f".//{{{e.XADES}}}SignedProperties")
    assert etree.tostring(info, method="c14n", with_comments=False, with_tail=False) == prepared.signed_info
    canonical = etree.tostring(properties, method="c14n", with_comments=False, with_tail=False)
    values = [value.text for value in info.iterfind(f"{{{e.DS}}}Reference/{{{e.DS}}}DigestValue")]
    assert values[1] == e.b64(hashlib.sha512(canonical).digest())
    assert root.findtext(f".//{{{e.DS}}}X509IssuerName") == found.issuer.rfc4514_string()
    assert prepared.digest == hashlib.sha512(prepared.signed_info).digest()


def test_the_document_is_canonical_as_a_whole_but_for_its_first_line() -> None:
    found, _ = certificate("Сорил")
    signatory = xades.Signatory.of(found)
    text = xades.document(signatory, xades.prepare(signatory, [e.digests(b"head", None)], AT), bytes(64), None)
    first, _, rest = text.partition(b"\n")
    assert first.startswith(b"<?xml")
    assert etree.tostring(etree.fromstring(text), method="c14n") == rest


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("body", [None, b"body"])
def test_a_signature_is_the_same_when_it_is_made_again_from_its_row(count: int, body: bytes | None) -> None:
    signatory = xades.Signatory.of(certificate("Сорил")[0])
    prepared = xades.prepare(signatory, [e.digests(f"head {n}".encode(), body) for n in range(count)], AT)
    assert xades.restore(signatory, leaves=prepared.leaves, direct=prepared.direct, at=prepared.at) == prepared
    assert prepared.direct == (count == 1 and body is None)
    elsewhere = prepared.at.astimezone(timezone(timedelta(hours=8)))
    assert xades.restore(signatory, leaves=prepared.leaves, direct=prepared.direct, at=elsewhere) == prepared


def test_the_signing_time_has_whole_seconds() -> None:
    signatory = xades.Signatory.of(certificate("Сорил")[0])
    prepared = xades.prepare(signatory, [e.digests(b"head", None)], AT)
    assert prepared.at == AT.replace(microsecond=0)
    assert b"<xades:SigningTime>2026-11-22T08:00:01Z</xades:SigningTime>" in xades.document(signatory, prepared, bytes(64), None)


def test_a_lone_message_without_a_body_is_referred_to_directly_and_all_others_through_a_chain() -> None:
    signatory = xades.Signatory.of(certificate("Сорил")[0])
    head, body = e.digests(b"head", None), e.digests(b"head", b"body")
    for messages, uri in (([head], "/message.xml"), ([body], "/sig-hashchainresult.xml"), ([head, head], "/sig-hashchainresult.xml")):
        prepared = xades.prepare(signatory, messages, AT)
        assert f'URI="{uri}"'.encode() in prepared.signed_info
        own = xades.OWN_STEPS.encode() in xades.document(signatory, prepared, bytes(64), None)
        assert own == (uri != "/message.xml")
    result = hashchain.result_xml(hashchain.leaf(body))
    assert e.b64(e.sha512(result)).encode() in xades.prepare(signatory, [body], AT).signed_info


def test_the_value_is_that_of_the_key_over_the_digest() -> None:
    found, key = certificate("Сорил")
    signatory = xades.Signatory.of(found)
    prepared = xades.prepare(signatory, [e.digests(b"head", None)], AT)
    exchange = e.Exchange.make()
    exchange.key = key
    value = exchange.sign(prepared.digest)
    der = encode_dss_signature(int.from_bytes(value[:32]), int.from_bytes(value[32:]))
    key.public_key().verify(der, prepared.signed_info, ec.ECDSA(hashes.SHA512()))
    document = signature_check.read(xades.document(signatory, prepared, value, None))
    signature_check.check(document, {"message.xml": b"head"})


def test_a_value_of_another_length_is_refused() -> None:
    signatory = xades.Signatory.of(certificate("Сорил")[0])
    with pytest.raises(ValueError, match="64 bytes"):
        xades.document(signatory, xades.prepare(signatory, [e.digests(b"head", None)], AT), bytes(63), None)
