"""What a verifier needs is published from the signed configuration, and believed as it was meant."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from toono.exchange.domain.evidence import verificationconf
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.domain.evidence.trust import Member
from toono.exchange.domain.evidence.verify import Outcome, verify
from toono.exchange.tests import evidence as e
from toono.registry.contracts import ExchangeConfiguration, ExchangePolicy, MemberEntry, SystemEntry

NOW = datetime.now(UTC).replace(microsecond=0)


def configuration(exchange: e.Exchange) -> ExchangeConfiguration:
    pems = [issuer.certificate.public_bytes(Encoding.PEM).decode() for issuer in (exchange.root, exchange.issuing) if issuer.certificate]
    certificate = exchange.certificate.public_bytes(Encoding.PEM).decode()
    members = tuple(
        MemberEntry(id=name, name_mn=f"Газар <&> {name}", name_en=name, signing_key="exchange/x", certificate_pem=certificate)
        for name in (e.CONSUMER, e.PROVIDER)
    )
    systems = (
        SystemEntry(id=f"{e.CONSUMER}/desk", title_mn="", title_en=""),
        SystemEntry(id=f"{e.PROVIDER}/population", title_mn="", title_en=""),
    )
    return ExchangeConfiguration(
        instance=e.INSTANCE, version=1, issued_at=NOW, expires_at=NOW + timedelta(hours=1), trusted_certificates_pem=tuple(pems),
        members=members, systems=systems, services=(), agreements=(), policy=ExchangePolicy(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def exchange() -> e.Exchange:
    return e.Exchange.make()


@pytest.fixture(scope="module")
def file(exchange: e.Exchange) -> bytes:
    return verificationconf.write(
        configuration(exchange), stamping=[exchange.stamping[0]], address="registry.gov.mn", stamping_url="http://tsa.gov.mn/tsa", at=NOW
    )


def test_the_file_has_the_entries_of_xroad(file: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(file)) as opened:
        assert opened.namelist() == [
            "verificationconf/MN/shared-params.xml", "verificationconf/MN/shared-params.xml.metadata", "verificationconf/instance-identifier",
        ]  # fmt: skip
        assert opened.read("verificationconf/instance-identifier") == b"MN"
        metadata = json.loads(opened.read("verificationconf/MN/shared-params.xml.metadata"))
    assert metadata["contentIdentifier"] == "SHARED-PARAMETERS" and metadata["configurationVersion"] == "5"


def test_what_is_published_is_believed(exchange: e.Exchange, file: bytes) -> None:
    anchors = verificationconf.read(file)
    assert anchors.instance == "MN"
    assert {authority.certificate for authority in anchors.authorities} == {exchange.root.certificate, exchange.issuing.certificate}
    assert anchors.stamping == (exchange.stamping[0],)
    assert anchors.members[e.CONSUMER] == Member(f"Газар <&> {e.CONSUMER}", "NTRMN-9000001")
    assert anchors.ocsp_fresh_seconds == verificationconf.status_age_seconds(ExchangePolicy())
    assert verificationconf.read(e.entry(file, "verificationconf/MN/shared-params.xml")) == anchors


def test_the_container_of_a_member_is_valid_by_it(exchange: e.Exchange, file: bytes) -> None:
    content = exchange.container(e.RESPONSE, e.BODY, at=NOW)
    verdict = verify(content, verificationconf.read(file), NOW + timedelta(minutes=2))
    assert (verdict.outcome, verdict.member_name) == (Outcome.VALID, f"Газар <&> {e.PROVIDER}")
    stranger = verificationconf.shared_parameters(configuration(e.Exchange.make()), stamping=[], address="x", stamping_url="x")
    assert verify(content, verificationconf.read(stranger), NOW + timedelta(minutes=2)).outcome is Outcome.INVALID


def test_the_issuing_authority_stands_below_its_root(exchange: e.Exchange, file: bytes) -> None:
    root = etree.fromstring(e.entry(file, "verificationconf/MN/shared-params.xml"))
    approved = root.findall("approvedCA")
    assert len(approved) == 1
    assert exchange.root.certificate is not None and exchange.issuing.certificate is not None
    assert approved[0].findtext("topCA/cert") == e.b64(exchange.root.certificate.public_bytes(Encoding.DER))
    assert approved[0].findtext("intermediateCA/cert") == e.b64(exchange.issuing.certificate.public_bytes(Encoding.DER))
    assert approved[0].findtext("intermediateCA/ocsp/url") == "http://toono.gov.mn/pki/ocsp"


def test_two_roots_of_one_name_and_key_stand_side_by_side(exchange: e.Exchange) -> None:
    """A root that was renewed with its key: each has signed the other as well as itself."""
    from toono.pki.contracts import Profile
    from toono.pki.domain.issuing import Issuer
    from toono.pki.tests.making import _certificate

    renewed = _certificate(Profile.ROOT, exchange.root.key.public_key(), Issuer(None, exchange.root.key), NOW)
    both = configuration(exchange).model_copy(update={"trusted_certificates_pem": (
        *configuration(exchange).trusted_certificates_pem, renewed.public_bytes(Encoding.PEM).decode(),
    )})  # fmt: skip
    anchors = verificationconf.read(verificationconf.shared_parameters(both, stamping=[], address="x", stamping_url="x"))
    assert {authority.certificate for authority in anchors.authorities} == {
        exchange.root.certificate,
        exchange.issuing.certificate,
        renewed,
    }


def test_an_authority_for_connections_alone_is_not_believed(exchange: e.Exchange, file: bytes) -> None:
    parameters = e.entry(file, "verificationconf/MN/shared-params.xml").replace(
        b"<topCA>", b"<authenticationOnly>true</authenticationOnly><topCA>", 1
    )
    assert verificationconf.read(parameters).authorities == ()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"PK\x03\x04", b"<conf/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><conf>&b;</conf>",
        b'<c:conf xmlns:c="http://x-road.eu/xsd/xroad.xsd"><instanceIdentifier>MN</instanceIdentifier></c:conf>x',
        b'<c:conf xmlns:c="http://x-road.eu/xsd/xroad.xsd"/>',
        b'<c:conf xmlns:c="http://x-road.eu/xsd/xroad.xsd"><instanceIdentifier>MN</instanceIdentifier><globalSettings><ocspFreshnessSeconds>-1'
        b"</ocspFreshnessSeconds></globalSettings></c:conf>",
        b'<c:conf xmlns:c="http://x-road.eu/xsd/xroad.xsd"><instanceIdentifier>MN</instanceIdentifier><globalSettings><ocspFreshnessSeconds>'
        + b"9" * 5000 + b"</ocspFreshnessSeconds></globalSettings></c:conf>",
        b'<c:conf xmlns:c="http://x-road.eu/xsd/xroad.xsd"><instanceIdentifier>MN</instanceIdentifier><approvedTSA><cert>AAAA</cert></approvedTSA></c:conf>',
        e.zipped({"verificationconf/instance-identifier": b"MN"}),
        e.zipped({"verificationconf/instance-identifier": b"MN", "verificationconf/MN/shared-params.xml": b'<c:conf xmlns:c="http://x-road.eu/xsd/xroad.xsd"><instanceIdentifier>EE</instanceIdentifier></c:conf>'}),
    ],
    ids=str,
)  # fmt: skip
def test_what_are_no_shared_parameters_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="malformed_global_conf"):
        verificationconf.read(content)
