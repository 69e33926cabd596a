"""The verdict: ours and X-Road's containers are valid, whatever was changed is found, and what cannot be checked is said to be open."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from toono.exchange.domain.evidence import xades
from toono.exchange.domain.evidence.trust import Authority, Member
from toono.exchange.domain.evidence.verify import Outcome, Verdict, verify
from toono.exchange.tests import evidence as e
from toono.pki.contracts import Profile, RevocationReason
from toono.pki.domain.status import Revoked
from toono.pki.tests.making import leaf

NOW = datetime.now(UTC).replace(microsecond=0)
AT = NOW - timedelta(minutes=2)


@pytest.fixture(scope="module")
def exchange() -> e.Exchange:
    return e.Exchange.make()


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> e.Foreign:
    return e.Foreign(tmp_path_factory.mktemp("foreign"))


def judged(exchange: e.Exchange, content: bytes, **options: Any) -> Verdict:
    return verify(content, options.get("anchors", exchange.anchors), options.get("moment", NOW))


# -- ours ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", [e.REQUEST, e.RESPONSE])
@pytest.mark.parametrize("body", [None, b"", e.BODY])
@pytest.mark.parametrize("others", [0, 1, 6])
def test_what_the_platform_makes_is_valid(exchange: e.Exchange, head: bytes, body: bytes | None, others: int) -> None:
    batch = [(e.other(head, number), None if number % 2 else b"body") for number in range(others)]
    verdict = judged(exchange, exchange.container(head, body, at=AT, batch=batch))
    assert (verdict.outcome, verdict.failure, verdict.open, verdict.notes, verdict.unsigned) == (Outcome.VALID, None, (), (), ())
    assert [part.name for part in verdict.parts] == ["message.xml"] + (["attachment1"] if body is not None else [])
    assert verdict.message is not None and verdict.message.signer == (e.CONSUMER if head == e.REQUEST else e.PROVIDER)
    assert (verdict.signing_time, verdict.stamped_at) == (AT, AT + timedelta(seconds=40))
    assert verdict.certificate == exchange.certificate and verdict.stamped_by == exchange.stamping[0]


def test_the_message_is_told(exchange: e.Exchange) -> None:
    told = judged(exchange, exchange.container(at=AT)).message
    assert told is not None
    assert (told.client, told.service) == (f"{e.CONSUMER}/desk", e.SERVICE)
    assert (told.message_id, told.request_id, told.purpose, told.issue) == ("MN-1234", "5c2f", "reference", "2026/17")
    assert told.what == f"GET /r1/{e.SERVICE}/v1/17?x=1"


def bit(place: int) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        changed = bytearray(content)
        changed[place] ^= 1
        return bytes(changed)

    return change


def swapped(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("message.xml", swapped(b"MN-1234", b"MN-1235"), "malformed_signature.invalid_hash_chain_ref"),
        ("attachment1", swapped(b"172400000017", b"172400000018"), "malformed_signature.invalid_hash_chain_ref"),
        ("attachment2", b"added", "unsigned_attachment"),
        ("attachment", b"added", "unsigned_attachment"),
        (e.SIGNATURES, swapped(b"SigningTime>2", b"SigningTime>1"), "malformed_signature"),  # no longer what was time-stamped
        ("sig-hashchainresult.xml", swapped(b"standalone", b" standalone"), "invalid_signature_value"),
        ("sig-hashchain.xml", swapped(b"/attachment1", b"/attachment2"), "malformed_signature.invalid_hash_chain"),
        ("sig-hashchain.xml", None, "asic_hash_chain_not_found"),
        ("ts-hashchainresult.xml", swapped(b"STEP0", b"STEP1"), "malformed_signature"),
        ("ts-hashchain.xml", swapped(b"signatures.xml", b"signatures.xmI"), "malformed_signature"),
        ("META-INF/timestamp.tst", bit(-1), "timestamp_signer_verification_failed"),
        ("META-INF/timestamp.tst", b"nonsense", "malformed_signature"),
        ("mimetype", b"text/plain", "asic_invalid_mime_type"),
    ],
)
def test_whatever_is_changed_is_found(exchange: e.Exchange, name: str, change: Any, code: str) -> None:
    content = e.changed(exchange.container(e.RESPONSE, e.BODY, at=AT), name, change)
    verdict = judged(exchange, content)
    assert verdict.outcome is Outcome.INVALID
    assert verdict.code == code


def test_a_body_added_to_a_message_that_had_none_is_found(exchange: e.Exchange) -> None:
    assert judged(exchange, e.changed(exchange.container(at=AT), "attachment1", b"{}")).code == "unsigned_attachment"


def test_a_body_that_is_left_out_is_said_to_be_unchecked(exchange: e.Exchange) -> None:
    """X-Road may log without bodies: then the head is proven, and of the body its digest."""
    verdict = judged(exchange, e.changed(exchange.container(e.RESPONSE, e.BODY, at=AT), "attachment1", None))
    assert verdict.outcome is Outcome.VALID
    assert [(part.name, part.here) for part in verdict.parts] == [("message.xml", True), ("attachment1", False)]


def test_a_file_beside_the_signature_is_said_to_prove_nothing(exchange: e.Exchange) -> None:
    verdict = judged(exchange, e.changed(exchange.container(at=AT), "readme.txt", b"I am the minister."))
    assert (verdict.outcome, verdict.unsigned) == (Outcome.VALID, ("readme.txt",))


def test_the_container_of_one_message_says_nothing_of_its_neighbour(exchange: e.Exchange) -> None:
    one = exchange.parts(e.RESPONSE, b"one", at=AT, batch=[(e.other(e.RESPONSE, 9), b"nine")])
    content = e.changed(
        e.changed(exchange.container(e.RESPONSE, b"one", at=AT), "message.xml", e.other(e.RESPONSE, 9)), "attachment1", b"nine"
    )
    assert one.chain is not None and judged(exchange, content).outcome is Outcome.INVALID


def test_a_body_cannot_pass_for_a_head(exchange: e.Exchange) -> None:
    """A provider gives back a document that somebody stored there before: bytes that read as another message of that provider.

    Its digest stands in the signed tree, beside that of the head. With X-Road's trees nobody can tell the two apart.
    """
    forged = e.RESPONSE.replace(b"200\r\nOK", b"403\r\nForbidden")
    parts = exchange.parts(e.RESPONSE, forged, at=AT)
    assert parts.chain is not None
    head, body = e.sha512(e.RESPONSE), e.sha512(forged)
    for steps in (
        [("STEP0", [e.value(head), e.data("/message.xml", body)])],
        [("STEP0", [e.data("/other", head), e.data("/message.xml", body)])],
        [("STEP0", [e.data("/attachment1", head), e.data("/message.xml", body)])],
    ):
        content = e.changed(exchange.container(e.RESPONSE, forged, at=AT), "message.xml", forged)
        content = e.changed(e.changed(content, "attachment1", None), "sig-hashchain.xml", e.chain_document(steps))
        content = e.changed(content, e.SIGNATURES, parts.signatures)
        for name, part in (("sig-hashchainresult.xml", parts.chain[0]), ("META-INF/timestamp.tst", None), ("ts-hashchain.xml", None)):
            content = e.changed(content, name, part)
        verdict = judged(exchange, e.changed(content, "ts-hashchainresult.xml", None))
        assert (verdict.outcome, verdict.code) == (Outcome.INVALID, "malformed_signature.invalid_hash_chain")


def test_two_messages_cannot_pass_for_one(exchange: e.Exchange) -> None:
    first, second = e.RESPONSE, e.other(e.RESPONSE, 2)
    parts = exchange.parts(second, None, at=AT, batch=[(first, None)], stamped=False)
    steps = [("STEP0", [e.data("/message.xml", e.step([e.sha512(first)])), e.data("/attachment1", e.step([e.sha512(second)]))])]
    entries = {"message.xml": first, "attachment1": second, e.SIGNATURES: parts.signatures}
    assert parts.chain is not None
    entries |= {"sig-hashchainresult.xml": parts.chain[0], "sig-hashchain.xml": e.chain_document(steps)}
    assert judged(exchange, e.zipped(e.MIMETYPE | entries)).code == "malformed_signature.invalid_hash_chain_ref"


# -- X-Road's ------------------------------------------------------------------------------------------------------------


def test_a_signature_that_refers_to_message_and_body_is_valid(foreign: e.Foreign) -> None:
    for body in (None, e.BODY):
        verdict = verify(e.zipped(e.direct(foreign, body=body)), foreign.anchors, NOW)
        assert (verdict.outcome, verdict.failure, verdict.open) == (Outcome.VALID, None, ())


@pytest.mark.parametrize("index", [0, 1, 2])
def test_each_message_of_a_batch_is_valid_and_its_older_form_is_noted(foreign: e.Foreign, index: int) -> None:
    messages = [e.other(e.REQUEST, number) for number in range(3)]
    verdict = verify(e.zipped(e.batch(foreign, messages, index)), foreign.anchors, NOW)
    assert (verdict.outcome, verdict.failure, [note.code for note in verdict.notes]) == (Outcome.VALID, None, ["message_shares_step"])


def test_a_batch_time_stamp_is_valid(foreign: e.Foreign) -> None:
    assert verify(e.zipped(e.batch_stamped(foreign)), foreign.anchors, NOW).outcome is Outcome.VALID


@pytest.mark.parametrize(
    "changes",
    [
        {"namespace": "http://uri.etsi.org/02918/v1.1.1#"},
        {"bare": True},
        {"method": "ecdsa-sha512"},
        {"profile": "EjbcaCertificateProfileInfoProvider", "subject": [(NameOID.COUNTRY_NAME, "MN"), (NameOID.ORGANIZATION_NAME, "GOV"), (NameOID.COMMON_NAME, "office")]},
        {"profile": "BasicCertificateProfileInfoProvider", "subject": [(NameOID.BUSINESS_CATEGORY, "GOV"), (NameOID.SERIAL_NUMBER, "office")]},
        {"subject": [(NameOID.ORGANIZATION_NAME, "MN"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "GOV"), (NameOID.COMMON_NAME, "office")]},
    ],
)  # fmt: skip
def test_containers_of_other_years_and_countries_are_valid(tmp_path: Path, changes: dict[str, Any]) -> None:
    foreign = e.Foreign(tmp_path, **changes)
    verdict = verify(e.zipped(e.direct(foreign)), foreign.anchors, NOW)
    assert (verdict.outcome, verdict.failure, verdict.open) == (Outcome.VALID, None, ())


SOAP = b"""<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:id="http://x-road.eu/xsd/identifiers" xmlns:x="http://x-road.eu/xsd/xroad.xsd">
<s:Header><x:client id:objectType="SUBSYSTEM"><id:xRoadInstance>MN</id:xRoadInstance><id:memberClass>GOV</id:memberClass><id:memberCode>office</id:memberCode>
<id:subsystemCode>desk</id:subsystemCode></x:client><x:service id:objectType="SERVICE"><id:xRoadInstance>MN</id:xRoadInstance><id:memberClass>GOV</id:memberClass>
<id:memberCode>register</id:memberCode><id:subsystemCode>population</id:subsystemCode><id:serviceCode>find</id:serviceCode></x:service>
<x:userId>MN17</x:userId><x:id>17</x:id></s:Header><s:Body><p:find xmlns:p="urn:p"/></s:Body></s:Envelope>"""


def test_a_soap_message_is_told_and_its_answer_is_signed_by_the_provider(foreign: e.Foreign) -> None:
    verdict = verify(e.zipped(e.direct(foreign, SOAP)), foreign.anchors, NOW)
    assert verdict.outcome is Outcome.VALID and verdict.message is not None
    assert (verdict.message.client, verdict.message.service) == ("MN/GOV/office/desk", "MN/GOV/register/population/find")
    answer = verify(e.zipped(e.direct(foreign, SOAP.replace(b"p:find", b"p:findResponse"))), foreign.anchors, NOW)
    assert answer.code == "incorrect_certificate"  # the certificate is the consumer's


def broken_chain(foreign: e.Foreign, declared: bytes, uri: str = "/message.xml") -> dict[str, bytes]:
    digest, body = e.sha512(declared), e.sha512(e.BODY)
    steps = [("STEP0", [e.data(uri, digest), e.data("/attachment1", body)])]
    return e.with_chain(foreign, steps, e.step([digest, body]), {"message.xml": e.REQUEST, "attachment1": e.BODY})


XROAD_OUTCOMES: list[tuple[str, Callable[[e.Foreign], dict[str, bytes]], str]] = [
    ("wrong-message", lambda f: e.direct(f) | {"message.xml": e.other(e.REQUEST, 9)}, "invalid_signature_value"),
    ("invalid-signed-hashchain", lambda f: broken_chain(f, b"another"), "malformed_signature.invalid_hash_chain_ref"),
    ("invalid-hashchain-modified-message", lambda f: broken_chain(f, b"x", "/messageX.xml"), "malformed_signature.hashchain_unused_inputs"),
    ("invalid-incorrect-references", lambda f: _refers_elsewhere(f), "malformed_signature"),
    ("invalid-ts-hashchainresult", lambda f: e.batch_stamped(f) | {"ts-hashchainresult.xml": e.result_document("/ts-hashchain.xml#STEP0", bytes(64))}, "malformed_signature"),
    ("invalid-not-signed-hashchain", lambda f: e.direct(f) | {"sig-hashchainresult.xml": b"<nothing/>", "sig-hashchain.xml": b"<nothing/>"}, ""),
]  # fmt: skip


def _refers_elsewhere(foreign: e.Foreign) -> dict[str, bytes]:
    return e.direct(foreign) | {"other.xml": b"x", e.SIGNATURES: foreign.signature([("/other.xml", b"x")], token=True)}


@pytest.mark.parametrize(("name", "make", "code"), XROAD_OUTCOMES, ids=[name for name, *_ in XROAD_OUTCOMES])
def test_the_outcomes_are_those_of_xroads_own_verifier(foreign: e.Foreign, name: str, make: Any, code: str) -> None:
    verdict = verify(e.zipped(make(foreign)), foreign.anchors, NOW)
    assert (verdict.outcome, verdict.code) == (Outcome.INVALID if code else Outcome.VALID, code)


def test_a_digest_that_was_changed_makes_the_value_invalid(foreign: e.Foreign) -> None:
    """X-Road's ``invalid-digest``: the reference fits the message, but is not what was signed."""
    entries = e.direct(foreign)
    digest = e.b64(e.sha512(e.REQUEST)).encode()
    changed = e.other(e.REQUEST, 9)
    document = swapped(digest, e.b64(e.sha512(changed)).encode())(entries[e.SIGNATURES])
    verdict = verify(e.zipped(entries | {"message.xml": changed, e.SIGNATURES: document}), foreign.anchors, NOW)
    assert verdict.code == "invalid_signature_value"


# -- signature wrapping and XML attacks ------------------------------------------------------------------------------


def wrapped(change: Callable[[Any], None]) -> Callable[[bytes], bytes]:
    def apply(document: bytes) -> bytes:
        root = etree.fromstring(document)
        change(root)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=False)

    return apply


def _first(root: Any, name: str) -> Any:
    return next(root.iter(f"{{*}}{name}"))


def _copy(element: Any) -> Any:
    return etree.fromstring(etree.tostring(element))


def _second_signature(root: Any) -> None:
    root.append(_copy(_first(root, "Signature")))


def _properties_elsewhere(root: Any) -> None:
    """The signed ones move to where nobody looks; forged ones take their place, under another id."""
    properties = _first(root, "SignedProperties")
    forged = _copy(properties)
    forged.set("Id", "forged")
    _first(forged, "SigningTime").text = "2001-01-01T00:00:00Z"
    properties.getparent().replace(properties, forged)
    etree.SubElement(_first(root, "Signature"), f"{{{e.DS}}}Object").append(properties)


def _same_id(root: Any) -> None:
    etree.SubElement(_first(root, "Signature"), f"{{{e.DS}}}Object").set("Id", "signed-properties")


def _id_in_other_case(root: Any) -> None:
    etree.SubElement(_first(root, "UnsignedSignatureProperties"), f"{{{e.XADES}}}Other").set("ID", "signed-properties")


def _under_another_root(root: Any) -> None:
    inner = _copy(_first(root, "Signature"))
    root.remove(_first(root, "Signature"))
    etree.SubElement(root, "envelope").append(inner)


def _two_signed_infos(root: Any) -> None:
    _first(root, "Signature").insert(0, _copy(_first(root, "SignedInfo")))


def _unsigned_properties_only(root: Any) -> None:
    info = _first(root, "SignedInfo")
    info.remove(list(info.iterfind(f"{{{e.DS}}}Reference"))[1])


def _whole_document(root: Any) -> None:
    list(_first(root, "SignedInfo").iterfind(f"{{{e.DS}}}Reference"))[1].set("URI", "")


def _transform(root: Any) -> None:
    reference = _first(root, "Reference")
    transforms = etree.Element(f"{{{e.DS}}}Transforms")
    etree.SubElement(transforms, f"{{{e.DS}}}Transform", Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116")
    reference.insert(0, transforms)


def _weak_digest(root: Any) -> None:
    _first(_first(root, "Reference"), "DigestMethod").set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")


def _hmac(root: Any) -> None:
    _first(root, "SignatureMethod").set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512")


def _other_policy_hash(root: Any) -> None:
    _first(_first(root, "SigPolicyHash"), "DigestValue").text = e.b64(bytes(64))


WRAPPINGS = [
    _second_signature, _properties_elsewhere, _same_id, _id_in_other_case, _under_another_root, _two_signed_infos, _unsigned_properties_only,
    _whole_document, _transform, _weak_digest, _hmac, _other_policy_hash,
]  # fmt: skip


@pytest.mark.parametrize("change", WRAPPINGS, ids=[change.__name__.strip("_") for change in WRAPPINGS])
def test_a_document_around_the_signature_is_refused(foreign: e.Foreign, change: Callable[[Any], None]) -> None:
    entries = e.direct(foreign)
    verdict = verify(e.zipped(entries | {e.SIGNATURES: wrapped(change)(entries[e.SIGNATURES])}), foreign.anchors, NOW)
    assert (verdict.outcome, verdict.code) == (Outcome.INVALID, "malformed_signature")


def test_a_forged_certificate_beside_the_real_one_is_not_used(foreign: e.Foreign) -> None:
    def change(root: Any) -> None:
        etree.SubElement(_first(root, "X509Data"), f"{{{e.DS}}}X509Certificate").text = e.b64(other.certificate.public_bytes(Encoding.DER))

    other = e.Exchange.make()
    entries = e.direct(foreign)
    verdict = verify(e.zipped(entries | {e.SIGNATURES: wrapped(change)(entries[e.SIGNATURES])}), foreign.anchors, NOW)
    assert verdict.outcome is Outcome.VALID and verdict.certificate == foreign.certificate


DTD = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("name", [e.SIGNATURES, "sig-hashchain.xml", "sig-hashchainresult.xml", "ts-hashchain.xml"])
@pytest.mark.parametrize("definition", [DTD, EXTERNAL])
def test_a_document_type_is_refused_wherever_it_stands(exchange: e.Exchange, name: str, definition: str) -> None:
    content = e.changed(exchange.container(e.RESPONSE, e.BODY, at=AT), name, lambda c: c.replace(b"?>", b"?>" + definition.encode(), 1))
    verdict = judged(exchange, content)
    assert verdict.outcome is Outcome.INVALID
    assert verdict.failure is not None and verdict.failure.code.startswith("malformed_signature")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-7", "cp1251"])
def test_xml_in_another_encoding_is_refused(exchange: e.Exchange, encoding: str) -> None:
    def change(content: bytes) -> bytes:
        text = content.decode().replace('encoding="UTF-8"', f'encoding="{encoding}"', 1)
        return text.encode("utf-16" if encoding == "utf-16" else "utf-8")

    assert judged(exchange, e.changed(exchange.container(at=AT), e.SIGNATURES, change)).code == "malformed_signature"


def test_a_comment_cannot_cut_a_text(foreign: e.Foreign) -> None:
    """Canonical XML leaves comments out: a reader that takes the text up to the comment would read another time than was signed."""
    entries = e.direct(foreign)
    document = swapped(b"<xades:SigningTime>20", b"<xades:SigningTime>20<!-- -->")(entries[e.SIGNATURES])
    verdict = verify(e.zipped(entries | {e.SIGNATURES: document}), foreign.anchors, NOW)
    assert (verdict.outcome, verdict.signing_time) == (Outcome.VALID, foreign.at + timedelta(milliseconds=117))


@pytest.mark.parametrize(
    "message",
    [b"\x30\x81\xde", b"", b"GET", b"GET\r\n/r1/a\r\n", b"HELLO\r\n/r1/MN/GOV/a/b/c\r\nx-road-client:MN/GOV/office/desk\r\n", b"<x/>", b"<s", b"\xff\r\n\xff\r\n",
     e.REQUEST.replace(b"x-road-client:", b"x-road-client"), e.REQUEST.replace(b"/r1/", b"/r2/"), e.RESPONSE.replace(b"200", b"2000")],
)  # fmt: skip
def test_what_is_no_message_is_no_evidence_even_if_it_is_signed(exchange: e.Exchange, message: bytes) -> None:
    verdict = judged(exchange, exchange.container(message, at=AT))
    assert (verdict.outcome, verdict.code) == (Outcome.INVALID, "malformed_message" if message else "asic_message_not_found")


# -- who may sign ------------------------------------------------------------------------------------------------------


def test_without_anchors_it_is_only_said_that_it_belongs_together(exchange: e.Exchange) -> None:
    verdict = judged(exchange, exchange.container(at=AT), anchors=None)
    assert (verdict.outcome, verdict.code, verdict.stamped_by) == (Outcome.INDETERMINATE, "no_anchors", None)
    broken = e.changed(exchange.container(e.RESPONSE, e.BODY, at=AT), "attachment1", b"other")
    assert judged(exchange, broken, anchors=None).outcome is Outcome.INVALID


def test_anchors_of_another_instance_decide_nothing(exchange: e.Exchange) -> None:
    verdict = judged(exchange, exchange.container(at=AT), anchors=exchange.without(instance="EE"))
    assert (verdict.outcome, verdict.code) == (Outcome.INDETERMINATE, "other_instance")


def test_the_same_names_from_another_authority_are_refused(exchange: e.Exchange) -> None:
    """Root, issuing authority and certificate of a stranger, with the very names of ours."""
    stranger = e.Exchange.make()
    verdict = judged(exchange, stranger.container(at=AT))
    assert (verdict.outcome, verdict.code) == (Outcome.INVALID, "cannot_create_cert_path")
    own_stamp = replace(exchange.anchors, stamping=(stranger.stamping[0],))
    assert judged(exchange, stranger.container(at=AT), anchors=own_stamp).code == "cannot_create_cert_path"


def test_another_members_certificate_is_refused(exchange: e.Exchange) -> None:
    members = {e.CONSUMER: Member("Office", "NTRMN-9000002")}
    verdict = judged(exchange, exchange.container(at=AT), anchors=exchange.without(members=members))
    assert (verdict.outcome, verdict.code) == (Outcome.INVALID, "incorrect_certificate")


def test_a_member_of_whom_nobody_says_how_it_is_named_is_open(exchange: e.Exchange) -> None:
    verdict = judged(exchange, exchange.container(at=AT), anchors=exchange.without(members={}))
    assert (verdict.outcome, verdict.code) == (Outcome.INDETERMINATE, "member_not_told")


@pytest.mark.parametrize(
    ("profile", "member"),
    [("FiVRKCertificateProfileInfoProvider", "MN/GOV/other"), ("FiVRKCertificateProfileInfoProvider", "MN/COM/office"), ("EjbcaCertificateProfileInfoProvider", "MN/GOV/office")],
)  # fmt: skip
def test_a_certificate_that_names_another_member_by_its_profile_is_refused(foreign: e.Foreign, profile: str, member: str) -> None:
    message = e.REQUEST.replace(e.CONSUMER.encode(), member.encode())
    anchors = replace(foreign.anchors, authorities=(Authority(foreign.authority, profile),))
    assert verify(e.zipped(e.direct(foreign, message)), anchors, NOW).code == "incorrect_certificate"


@pytest.mark.parametrize("profile", [Profile.SYSTEM, Profile.TIMESTAMP, Profile.OCSP])
def test_a_certificate_for_another_use_is_refused(exchange: e.Exchange, profile: Profile) -> None:
    certificate, key = leaf(profile, exchange.issuing)
    other = replace_member(exchange, certificate, key)
    verdict = judged(exchange, other.container(at=AT))
    assert (verdict.outcome, verdict.code) == (Outcome.INVALID, "malformed_signature")


def replace_member(exchange: e.Exchange, certificate: Any, key: Any) -> e.Exchange:
    return e.Exchange(exchange.root, exchange.issuing, certificate, key, exchange.responder, exchange.stamping)


def test_a_certificate_signed_by_a_member_is_refused(exchange: e.Exchange) -> None:
    """A member's own key issues a certificate: its certificate is no authority, whatever comes along in the signature."""
    from toono.pki.domain.issuing import Issuer

    certificate, key = leaf(Profile.EXCHANGE, Issuer(exchange.certificate, exchange.key))
    forged = replace_member(exchange, certificate, key)
    parts = forged.parts(at=AT, status_der=b"", stamped=False)
    bridge = e.b64(exchange.certificate.public_bytes(Encoding.DER)).encode()
    extra = b"<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:CertificateValues><xades:EncapsulatedX509Certificate>"
    extra += (
        bridge
        + b"</xades:EncapsulatedX509Certificate></xades:CertificateValues></xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )
    document = swapped(b"</xades:QualifyingProperties>", extra + b"</xades:QualifyingProperties>")(parts.signatures)
    content = e.zipped(e.MIMETYPE | {"message.xml": e.REQUEST, e.SIGNATURES: document})
    assert judged(exchange, content).code == "invalid_cert_path"


def test_an_authority_between_may_come_with_the_signature(exchange: e.Exchange) -> None:
    root = exchange.root.certificate
    assert root is not None and exchange.issuing.certificate is not None
    only_root = exchange.without(authorities=(Authority(root),), stamping=(exchange.stamping[0],))
    assert judged(exchange, exchange.container(at=AT), anchors=only_root).code == "cannot_create_cert_path"
    parts = exchange.parts(at=AT, stamped=False)
    bridge = e.b64(exchange.issuing.certificate.public_bytes(Encoding.DER)).encode()
    values = b"<xades:CertificateValues><xades:EncapsulatedX509Certificate>" + bridge
    values += b"</xades:EncapsulatedX509Certificate></xades:CertificateValues>"
    document = swapped(b"<xades:RevocationValues>", values + b"<xades:RevocationValues>")(parts.signatures)
    verdict = judged(exchange, e.zipped(e.MIMETYPE | {"message.xml": e.REQUEST, e.SIGNATURES: document}), anchors=only_root)
    assert (verdict.outcome, verdict.code) == (Outcome.INDETERMINATE, "not_time_stamped")


def test_a_value_of_another_key_is_found(exchange: e.Exchange) -> None:
    thief = replace_member(exchange, exchange.certificate, ec.generate_private_key(ec.SECP256R1()))
    assert judged(exchange, thief.container(at=AT)).code == "invalid_signature_value"


# -- when ----------------------------------------------------------------------------------------------------------------


def test_without_a_time_stamp_it_is_open(exchange: e.Exchange) -> None:
    verdict = judged(exchange, exchange.container(at=AT, stamped=False))
    assert (verdict.outcome, verdict.code, verdict.stamped_at) == (Outcome.INDETERMINATE, "not_time_stamped", None)


def test_a_time_stamp_of_the_future_is_refused(exchange: e.Exchange) -> None:
    content = exchange.container(at=AT, stamped_at=NOW + timedelta(minutes=30))
    assert judged(exchange, content).code == "malformed_signature"
    assert judged(exchange, content, moment=NOW + timedelta(hours=2)).outcome is Outcome.VALID


def test_a_signature_that_claims_to_be_younger_than_its_stamp_is_refused(exchange: e.Exchange) -> None:
    at = NOW + timedelta(hours=1)
    for minutes, outcome in ((10, Outcome.INVALID), (4, Outcome.VALID)):  # a little, because clocks differ
        content = exchange.container(at=at, stamped_at=at - timedelta(minutes=minutes))
        assert judged(exchange, content, moment=at + timedelta(hours=1)).outcome is outcome


def test_a_signature_outlives_its_certificate_but_is_not_made_after_it(exchange: e.Exchange) -> None:
    content = exchange.container(at=AT)
    assert judged(exchange, content, moment=NOW + timedelta(days=365 * 8)).outcome is Outcome.VALID
    late = exchange.certificate.not_valid_after_utc + timedelta(minutes=1)
    verdict = judged(exchange, exchange.container(at=late), moment=late + timedelta(hours=1))
    assert (verdict.outcome, verdict.code) == (Outcome.INVALID, "invalid_cert_path")


def test_a_stamp_of_a_unit_that_nobody_knows_is_refused(exchange: e.Exchange, foreign: e.Foreign) -> None:
    stranger = e.Exchange.make()
    mixed = e.Exchange(exchange.root, exchange.issuing, exchange.certificate, exchange.key, exchange.responder, stranger.stamping)
    assert judged(exchange, mixed.container(at=AT)).code == "cannot_create_cert_path"
    assert verify(e.zipped(e.direct(foreign)), replace(foreign.anchors, stamping=()), NOW).outcome is Outcome.VALID  # certified for it
    unknown = replace(foreign.anchors, stamping=(), authorities=())
    assert verify(e.zipped(e.direct(foreign)), unknown, NOW).code == "cannot_create_cert_path"


def test_a_stamp_by_a_member_is_refused(exchange: e.Exchange) -> None:
    """A member's key and certificate are of a trusted authority, but not for time-stamping."""
    member = leaf(Profile.EXCHANGE, exchange.issuing)
    mixed = e.Exchange(exchange.root, exchange.issuing, exchange.certificate, exchange.key, exchange.responder, member)
    assert judged(exchange, mixed.container(at=AT)).code == "timestamp_signer_verification_failed"


def test_a_stamp_of_another_signature_is_refused(exchange: e.Exchange) -> None:
    one, two = exchange.container(at=AT), exchange.container(e.other(e.REQUEST, 7), at=AT)
    names = ("META-INF/timestamp.tst", "ts-hashchain.xml", "ts-hashchainresult.xml")
    content = one
    for name in names:
        content = e.changed(content, name, e.entry(two, name))
    assert judged(exchange, content).code == "malformed_signature"
    assert judged(exchange, e.changed(one, "META-INF/timestamp.tst", e.entry(two, "META-INF/timestamp.tst"))).code == "malformed_signature"


# -- what the authority said of the certificate --------------------------------------------------------------------------


def test_without_the_authoritys_word_it_is_open(exchange: e.Exchange) -> None:
    verdict = judged(exchange, exchange.container(at=AT, status_der=b""))
    assert (verdict.outcome, verdict.code) == (Outcome.INDETERMINATE, "no_certificate_status")


def test_a_word_that_was_too_old_at_the_stamp_is_open(exchange: e.Exchange) -> None:
    """A thief with a key that was revoked since holds an old word that it was good; the stamp shows that it was used too late."""
    content = exchange.container(at=AT, status_der=exchange.ocsp(AT - timedelta(hours=3)))
    verdict = judged(exchange, content)
    assert (verdict.outcome, verdict.code) == (Outcome.INDETERMINATE, "certificate_status_too_old")
    assert judged(exchange, content, anchors=exchange.without(ocsp_fresh_seconds=4 * 3600)).outcome is Outcome.VALID


def test_a_revoked_or_unknown_certificate_is_refused(exchange: e.Exchange) -> None:
    revoked = exchange.ocsp(AT, revoked=Revoked(AT - timedelta(days=1), RevocationReason.KEY_COMPROMISE))
    for der in (revoked, exchange.ocsp(AT, known=False)):
        assert judged(exchange, exchange.container(at=AT, status_der=der)).code == "invalid_cert_path.cert_validation"


def test_a_word_of_another_authority_or_on_another_certificate_does_not_count(exchange: e.Exchange) -> None:
    stranger, neighbour = e.Exchange.make(), replace_member(exchange, *leaf(Profile.EXCHANGE, exchange.issuing))
    for der in (stranger.ocsp(AT), neighbour.ocsp(AT)):
        verdict = judged(exchange, exchange.container(at=AT, status_der=der))
        assert (verdict.outcome, verdict.code) == (Outcome.INDETERMINATE, "no_certificate_status")


def test_a_word_that_was_tampered_with_is_refused(exchange: e.Exchange) -> None:
    der = bytearray(exchange.ocsp(AT))
    der[der.index(b"\x80\x00")] = 0x82  # good becomes unknown
    assert judged(exchange, exchange.container(at=AT, status_der=bytes(der))).code == "invalid_cert_path.incorrect_validation_info"


# -- any bytes -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def originals(exchange: e.Exchange, foreign: e.Foreign) -> dict[str, tuple[bytes, Any]]:
    return {
        "ours": (exchange.container(e.RESPONSE, e.BODY, at=AT, batch=[(e.RESPONSE, None)]), exchange.anchors),
        "direct": (e.zipped(e.direct(foreign)), foreign.anchors),
        "soap": (e.zipped(e.direct(foreign, SOAP)), foreign.anchors),
    }


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_any_bytes_in_any_entry_give_a_verdict(originals: dict[str, tuple[bytes, Any]], data: st.DataObject) -> None:
    """Mutants of a valid container: a verdict, never an exception; and never valid with another message than the one that was signed."""
    content, anchors = originals[data.draw(st.sampled_from(sorted(originals)))]
    name = data.draw(st.sampled_from(e.names(content)))
    before = {part: e.entry(content, part) for part in ("message.xml", name)}
    mutant = _mutated(before[name], data)
    changed = e.changed(content, name, mutant)
    verdict = verify(changed, anchors, NOW)
    assert isinstance(verdict, Verdict)
    if verdict.outcome is not Outcome.INVALID:
        assert e.entry(changed, "message.xml") == before["message.xml"]
        assert not name.startswith("attachment") or mutant == before[name]


def _mutated(content: bytes, data: st.DataObject) -> bytes:
    kind = data.draw(st.sampled_from(["bit", "cut", "insert", "repeat", "base64"]))
    place = data.draw(st.integers(0, max(len(content) - 1, 0)))
    if kind == "bit" and content:
        return bit(place)(content)
    if kind == "cut":
        return content[:place]
    if kind == "insert":
        return content[:place] + data.draw(st.binary(min_size=1, max_size=8)) + content[place:]
    if kind == "repeat":
        return content[:place] + content[max(place - 40, 0) :]
    # A byte inside a structure that stands in base64: certificates, OCSP responses, time-stamps.
    texts = list(re.finditer(rb"[A-Za-z0-9+/]{200,}={0,2}", content))
    if not texts:
        return content[::-1]
    found = texts[place % len(texts)]
    inner = bytearray(base64.b64decode(found[0] + b"=" * (-len(found[0]) % 4)))
    inner[place % len(inner)] ^= data.draw(st.integers(1, 255))
    return content[: found.start()] + base64.b64encode(bytes(inner)) + content[found.end() :]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_bytes_in_the_file_give_a_verdict(originals: dict[str, tuple[bytes, Any]], data: st.DataObject) -> None:
    content, anchors = originals[data.draw(st.sampled_from(sorted(originals)))]
    assert isinstance(verify(_mutated(content, data), anchors, NOW), Verdict)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=2000))
def test_bytes_that_are_no_container_give_a_verdict(content: bytes) -> None:
    assert verify(content, None, NOW).outcome is Outcome.INVALID


# -- a test is believed when its mutant goes red -------------------------------------------------------------------------


def test_without_the_check_of_steps_a_body_would_pass_for_a_head(exchange: e.Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toono.exchange.domain.evidence.verify._Check._check_steps", lambda *_: None)
    forged = e.RESPONSE.replace(b"200\r\nOK", b"403\r\nForbidden")
    parts = exchange.parts(e.RESPONSE, forged, at=AT, stamped=False)
    assert parts.chain is not None
    steps = [("STEP0", [e.value(e.sha512(e.RESPONSE)), e.data("/message.xml", e.sha512(forged))])]
    entries = {"message.xml": forged, e.SIGNATURES: parts.signatures, "sig-hashchainresult.xml": parts.chain[0]}
    verdict = judged(exchange, e.zipped(e.MIMETYPE | entries | {"sig-hashchain.xml": e.chain_document(steps)}))
    assert verdict.code == "not_time_stamped" and verdict.message is not None and verdict.message.what == "403 Forbidden"


def test_the_marker_of_own_steps_is_under_the_signature(exchange: e.Exchange) -> None:
    """Who takes it out, so that the chain is read in the older form, breaks the signature."""
    content = exchange.container(e.RESPONSE, e.BODY, at=AT, stamped=False)
    description = f"<xades:Description>{xades.OWN_STEPS}</xades:Description>".encode()
    verdict = judged(exchange, e.changed(content, e.SIGNATURES, swapped(description, b"")))
    assert verdict.code == "invalid_signature_value"
