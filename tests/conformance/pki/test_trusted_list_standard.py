"""Trusted lists and the standard's own words (ETSI TS 119 612 V2.4.1 and its schema): our list held to them, and a list such as members of the
European Union publish, written by a builder of our own and signed by xmlsec1, read by us."""

from __future__ import annotations

import re
import subprocess
from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from hashlib import sha512
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree
from pyhanko.sign.validation.qualified.eutl_parse import trust_list_to_registry

from toono.kernel.jose import raw_signature
from toono.pki.contracts import Profile
from toono.pki.domain import algorithm_ends, trusted_lists
from toono.pki.domain.profiles import PROFILES
from toono.pki.domain.trusted_lists import NotBelieved, Scheme, Service
from toono.pki.domain.validation.paths import Purpose
from toono.pki.tests.making import PLACES, SUBJECT, authority, leaf

TSL, LANGUAGE = "{http://uri.etsi.org/02231/v2#}", "{http://www.w3.org/XML/1998/namespace}lang"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
NOW = datetime.now(UTC).replace(microsecond=0)
ROOT, ISSUING = authority()
LIST_SIGNER, LIST_KEY = leaf(Profile.TRUSTED_LIST, ISSUING)
UNIT, _ = leaf(Profile.TIMESTAMP, ISSUING)
assert ROOT.certificate and ISSUING.certificate

# -- what the standard asks ------------------------------------------------------------------------------------

SCHEMA: dict[str, str] = {
    "TrustServiceStatusList": "SchemeInformation TrustServiceProviderList? Signature?",
    "SchemeInformation": (
        "TSLVersionIdentifier TSLSequenceNumber TSLType SchemeOperatorName SchemeOperatorAddress SchemeName SchemeInformationURI"
        " StatusDeterminationApproach SchemeTypeCommunityRules SchemeTerritory PolicyOrLegalNotice HistoricalInformationPeriod PointersToOtherTSL?"
        " ListIssueDateTime NextUpdate DistributionPoints? SchemeExtensions?"
    ),
    "SchemeOperatorAddress": "PostalAddresses ElectronicAddress",
    "TSPAddress": "PostalAddresses ElectronicAddress",
    "PostalAddresses": "PostalAddress+",
    "PostalAddress": "StreetAddress Locality StateOrProvince? PostalCode? CountryName",
    "ElectronicAddress": "URI+",
    "TrustServiceProviderList": "TrustServiceProvider+",
    "TrustServiceProvider": "TSPInformation TSPServices",
    "TSPInformation": "TSPName TSPTradeName TSPAddress TSPInformationURI TSPInformationExtensions?",
    "TSPServices": "TSPService+",
    "TSPService": "ServiceInformation ServiceHistory?",
    "ServiceInformation": (
        "ServiceTypeIdentifier ServiceName ServiceDigitalIdentity ServiceStatus StatusStartingTime SchemeServiceDefinitionURI?"
        " ServiceSupplyPoints? TSPServiceDefinitionURI? ServiceInformationExtensions?"
    ),
    "ServiceHistory": "ServiceHistoryInstance*",
    "ServiceHistoryInstance": (
        "ServiceTypeIdentifier ServiceName ServiceDigitalIdentity ServiceStatus StatusStartingTime ServiceInformationExtensions?"
    ),
    "ServiceDigitalIdentity": "DigitalId*",
    "ServiceInformationExtensions": "Extension+",
    "AdditionalServiceInformation": "URI InformationValue? OtherInformation?",
}
"""Children and their order (annex C); where the schema says "may" and the text "shall" (§5.3.9 to §5.3.11, §5.4.2), the text."""
WITH_LANGUAGE = {
    *(
        "SchemeOperatorName",
        "SchemeName",
        "SchemeInformationURI",
        "SchemeTypeCommunityRules",
        "PolicyOrLegalNotice",
        "TSPName",
        "TSPTradeName",
    ),
    *("TSPInformationURI", "ServiceName", "ElectronicAddress", "PostalAddresses", "AdditionalServiceInformation"),
}
"""Whose every child says its language (§5.1.4)."""


def _local(element: Any) -> str:
    return str(etree.QName(element).localname)


def against_schema(root: Any) -> list[str]:
    """What stands in another order, is missing, or too much."""
    found = []
    for element in root.iter(TSL + "*"):
        name, children = _local(element), " ".join(_local(child) for child in element)
        if name in SCHEMA:
            pattern = "".join(f"(?:{one.rstrip('?+*')} ){one[-1] if one[-1] in '?+*' else ''}" for one in SCHEMA[name].split())
            if not re.fullmatch(pattern, children + " " if children else ""):
                found.append(f"{name}: {children}")
        if name in WITH_LANGUAGE and any(not child.get(LANGUAGE) for child in element):
            found.append(f"{name}: no language")
        if name == "DigitalId" and len(element) != 1:
            found.append("DigitalId: one of several")
    return found


# -- ours ------------------------------------------------------------------------------------------------------


def our_list() -> Any:
    again, _key = leaf(Profile.TIMESTAMP, ISSUING)
    services = [
        Service(trusted_lists.AUTHORITY, "Олгогч", "Issuer", ISSUING.certificate, NOW, extra="ForeSeals"),  # type: ignore[arg-type]
        Service(trusted_lists.AUTHORITY_OF_SERVERS, "Сервер", "Servers", ISSUING.certificate, NOW, extra="ForWebSiteAuthentication"),  # type: ignore[arg-type]
        Service(trusted_lists.TIME_STAMPS, "Цаг", "Time-stamps", UNIT, NOW - timedelta(days=9), address="http://toono.gov.mn/pki/tsa"),
        Service(trusted_lists.TIME_STAMPS, "Цаг", "Time-stamps", _renewed(UNIT), NOW, address="http://toono.gov.mn/pki/tsa"),
        Service(trusted_lists.TIME_STAMPS, "Хуучин", "Old", again, NOW - timedelta(days=9), NOW - timedelta(days=3)),
        Service(trusted_lists.AUTHORITY_OF_SERVERS, "Хуучин", "Old", ROOT.certificate, NOW - timedelta(days=9), NOW - timedelta(days=3)),  # type: ignore[arg-type]
    ]
    scheme = Scheme(SUBJECT.organisation, "Test agency", "9000001", "http://toono.gov.mn", "pki@toono.gov.mn", PLACES)
    root = trusted_lists.build(scheme, services, number=7, issued_at=NOW, next_update=NOW + timedelta(days=30))
    signer = lambda data: raw_signature(LIST_KEY.sign(data, ec.ECDSA(hashes.SHA256())))  # noqa: E731
    return etree.fromstring(trusted_lists.sign(root, certificate=LIST_SIGNER, signer=signer, at=NOW))


def _renewed(certificate: x509.Certificate) -> x509.Certificate:
    """Another certificate of the same key and name."""
    builder = x509.CertificateBuilder(
        ISSUING.certificate.subject,  # type: ignore[union-attr]
        certificate.subject,
        certificate.public_key(),
        x509.random_serial_number(),
        NOW,
        NOW + timedelta(days=9),
    )
    return builder.sign(ISSUING.key, hashes.SHA384())


def test_our_list_has_the_shape_of_the_schema() -> None:
    root = our_list()
    assert against_schema(root) == []
    for name in ("NextUpdate", "SchemeTypeCommunityRules", "ServiceStatus", "ElectronicAddress", "TSPTradeName"):
        mutant = deepcopy(root)
        element = next(mutant.iter(TSL + name))
        element.getparent().remove(element)
        assert against_schema(mutant), f"without {name}"
        mutant = deepcopy(root)
        element = next(mutant.iter(TSL + name))
        element.getparent().insert(0, element)
        assert against_schema(mutant), f"{name} first"


def _text(root: Any, path: str) -> str:
    return str(root.findtext("/".join(TSL + part for part in path.split("/"))))


def _texts(root: Any, path: str) -> list[str]:
    return [one.text for one in root.iterfind("/".join(TSL + part for part in path.split("/")))]


def test_our_scheme_says_what_a_country_outside_the_union_says() -> None:
    root = our_list()
    prefix = "http://uri.etsi.org/TrstSvc/TrustedList"
    assert root.get("TSLTag") == "http://uri.etsi.org/19612/TSLTag"
    expected = {
        "TSLVersionIdentifier": "6", "TSLType": f"{prefix}/TSLType/MNlist", "StatusDeterminationApproach": f"{prefix}/StatusDetn/MNdetermination",
        "SchemeTypeCommunityRules/URI": f"{prefix}/schemerules/MN", "SchemeTerritory": "MN", "HistoricalInformationPeriod": "65535",
    }  # fmt: skip
    assert {path: _text(root, "SchemeInformation/" + path) for path in expected} == expected
    for address in ("SchemeInformation/SchemeOperatorAddress", "TrustServiceProviderList/TrustServiceProvider/TSPInformation/TSPAddress"):
        assert _texts(root, address + "/ElectronicAddress/URI") == ["mailto:pki@toono.gov.mn", "http://toono.gov.mn/pki/"]  # §5.3.5.2
        assert _texts(root, address + "/PostalAddresses/PostalAddress/StreetAddress") == ["Example Street 1", "Жишээ гудамж 1"]
        assert _texts(root, address + "/PostalAddresses/PostalAddress/PostalCode") == ["14201"]  # left out where none is given
        assert set(_texts(root, address + "/PostalAddresses/PostalAddress/CountryName")) == {"MN"}
    assert all(name.startswith("MN:") for name in _texts(root, "SchemeInformation/SchemeName/Name"))
    assert re.fullmatch(
        r"(VAT|NTR)MN-\d+", _text(root, "TrustServiceProviderList/TrustServiceProvider/TSPInformation/TSPTradeName/Name")
    )  # §5.4.2
    for path in ("SchemeInformationURI/URI", "SchemeName/Name", "SchemeOperatorName/Name"):
        assert "en" in [one.get(LANGUAGE) for one in root.iterfind("/".join(TSL + part for part in f"SchemeInformation/{path}".split("/")))]
    begins, ends = _text(root, "SchemeInformation/ListIssueDateTime"), _text(root, "SchemeInformation/NextUpdate/dateTime")
    assert begins.endswith("Z") and datetime.fromisoformat(ends) - datetime.fromisoformat(begins) <= timedelta(days=181)


def test_our_services_say_their_state_by_kind_and_each_key_once() -> None:
    root = our_list()
    services = list(root.iter(TSL + "TSPService"))
    said = [(_text(one, "ServiceInformation/ServiceTypeIdentifier"), _text(one, "ServiceInformation/ServiceStatus")) for one in services]
    types, states = "http://uri.etsi.org/TrstSvc/Svctype/", "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
    assert said == [
        (types + "CA/QC", states + "granted"),
        (types + "CA/PKC", states + "recognisedatnationallevel"),
        (types + "TSA/QTST", states + "granted"),
        (types + "TSA/QTST", states + "withdrawn"),
        (types + "CA/PKC", states + "deprecatedatnationallevel"),
    ]
    renewed = services[2]
    assert len(_texts(renewed, "ServiceInformation/ServiceDigitalIdentity/DigitalId/X509Certificate")) == 2  # one key, two certificates
    assert _text(renewed, "ServiceInformation/StatusStartingTime") == (NOW - timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for past in root.iter(TSL + "ServiceHistoryInstance"):  # §5.6.3
        assert _texts(past, "ServiceDigitalIdentity/DigitalId/X509SKI") and not _texts(
            past, "ServiceDigitalIdentity/DigitalId/X509Certificate"
        )
        assert _text(past, "ServiceStatus") in {states + "granted", states + "recognisedatnationallevel"}


def test_our_signature_and_its_certificate_keep_to_section_5_7_and_annex_b() -> None:
    root = our_list()
    signature = root[-1]
    info = signature.find(DS + "SignedInfo")
    whole = next(one for one in info.iter(DS + "Reference") if one.get("URI") == "")
    assert [one.get("Algorithm") for one in whole.iter(DS + "Transform")] == [
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/2001/10/xml-exc-c14n#",
    ]  # fmt: skip
    assert info.find(DS + "CanonicalizationMethod").get("Algorithm") == "http://www.w3.org/2001/10/xml-exc-c14n#"
    assert len(list(signature.find(DS + "KeyInfo").iter(DS + "X509Certificate"))) == 1
    names = {attribute.oid: attribute.value for attribute in LIST_SIGNER.subject}
    assert names[NameOID.COUNTRY_NAME] == "MN"
    assert names[NameOID.ORGANIZATION_NAME] in _texts(root, "SchemeInformation/SchemeOperatorName/Name")
    usage = LIST_SIGNER.extensions.get_extension_for_class(x509.KeyUsage).value
    assert {name for name in vars(usage) if vars(usage)[name]} <= {"_digital_signature", "_content_commitment"}
    purposes = LIST_SIGNER.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [one.dotted_string for one in purposes] == ["0.4.0.2231.3.0"]
    assert not LIST_SIGNER.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    identifier = LIST_SIGNER.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert identifier == x509.SubjectKeyIdentifier.from_public_key(LIST_SIGNER.public_key())  # the first of RFC 5280's methods
    assert PROFILES[Profile.TRUSTED_LIST].lifetime <= timedelta(days=3 * 366)  # TS 119 312: a key for three years


def test_the_platforms_own_list_is_such_a_one_and_pyhanko_believes_it(stack: Any) -> None:
    from toono.pki.models import Certificate

    content = stack.http.get(f"{stack.base_url}/pki/trusted-list.xml").raise_for_status().content
    root = etree.fromstring(content)
    assert against_schema(root) == []
    keys = [
        (_text(one, "ServiceInformation/ServiceTypeIdentifier"), _text(one, "ServiceInformation/ServiceDigitalIdentity/DigitalId/X509SKI"))
        for one in root.iter(TSL + "TSPService")
    ]
    assert len(keys) == len(set(keys)) >= 4, "§5.5.3: under a type each key once"
    signer = Certificate.objects.filter(profile=Profile.TRUSTED_LIST.value).latest("issued_at")
    pin = x509.load_pem_x509_certificate(signer.pem.encode())
    registry, problems = trust_list_to_registry(content.decode(), [asn1_x509.Certificate.load(pin.public_bytes(Encoding.DER))])
    assert problems == [] and list(registry.known_certificate_authorities) and list(registry.known_timestamp_authorities)


# -- such as members of the union publish ----------------------------------------------------------------------

UNION = """<?xml version="1.0" encoding="UTF-8"?>
<tsl:TrustServiceStatusList xmlns:tsl="http://uri.etsi.org/02231/v2#" xmlns:q="http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
  xmlns:add="http://uri.etsi.org/02231/v2/additionaltypes#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"
  Id="TSL-1" TSLTag="http://uri.etsi.org/19612/TSLTag">
 <tsl:SchemeInformation>
  <tsl:TSLVersionIdentifier>6</tsl:TSLVersionIdentifier><tsl:TSLSequenceNumber>112</tsl:TSLSequenceNumber>
  <tsl:TSLType>http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric</tsl:TSLType>
  <tsl:SchemeOperatorName><tsl:Name xml:lang="xx">Надзорният орган</tsl:Name><tsl:Name xml:lang="en">Supervisory Body</tsl:Name></tsl:SchemeOperatorName>
  <tsl:SchemeOperatorAddress><tsl:PostalAddresses>
    <tsl:PostalAddress xml:lang="en"><tsl:StreetAddress>1 Street; Floor 2</tsl:StreetAddress><tsl:Locality>Town</tsl:Locality>
     <tsl:StateOrProvince>State</tsl:StateOrProvince><tsl:PostalCode>1000</tsl:PostalCode><tsl:CountryName>XX</tsl:CountryName></tsl:PostalAddress>
   </tsl:PostalAddresses><tsl:ElectronicAddress><tsl:URI xml:lang="en">mailto:tl@body.example</tsl:URI><tsl:URI xml:lang="en">https://body.example</tsl:URI>
   <tsl:URI xml:lang="en">tel:+1234567</tsl:URI></tsl:ElectronicAddress></tsl:SchemeOperatorAddress>
  <tsl:SchemeName><tsl:Name xml:lang="en">XX:Trusted list</tsl:Name></tsl:SchemeName>
  <tsl:SchemeInformationURI><tsl:URI xml:lang="en">https://body.example/tl</tsl:URI></tsl:SchemeInformationURI>
  <tsl:StatusDeterminationApproach>http://uri.etsi.org/TrstSvc/TrustedList/StatusDetn/EUappropriate</tsl:StatusDeterminationApproach>
  <tsl:SchemeTypeCommunityRules><tsl:URI xml:lang="en">http://uri.etsi.org/TrstSvc/TrustedList/schemerules/EUcommon</tsl:URI></tsl:SchemeTypeCommunityRules>
  <tsl:SchemeTerritory>XX</tsl:SchemeTerritory>
  <tsl:PolicyOrLegalNotice><tsl:TSLLegalNotice xml:lang="en">The law applies.</tsl:TSLLegalNotice></tsl:PolicyOrLegalNotice>
  <tsl:HistoricalInformationPeriod>65535</tsl:HistoricalInformationPeriod>
  <tsl:PointersToOtherTSL><tsl:OtherTSLPointer><tsl:ServiceDigitalIdentities>
    <tsl:ServiceDigitalIdentity><tsl:DigitalId><tsl:X509Certificate>{strange}</tsl:X509Certificate></tsl:DigitalId></tsl:ServiceDigitalIdentity>
   </tsl:ServiceDigitalIdentities><tsl:TSLLocation>https://union.example/lotl.xml</tsl:TSLLocation><tsl:AdditionalInformation>
    <tsl:OtherInformation><tsl:SchemeTerritory>EU</tsl:SchemeTerritory></tsl:OtherInformation>
    <tsl:OtherInformation><add:MimeType>application/vnd.etsi.tsl+xml</add:MimeType></tsl:OtherInformation></tsl:AdditionalInformation>
   </tsl:OtherTSLPointer></tsl:PointersToOtherTSL>
  <tsl:ListIssueDateTime>2026-05-04T22:00:00.000Z</tsl:ListIssueDateTime><tsl:NextUpdate><tsl:dateTime>2026-11-01T00:00:00Z</tsl:dateTime></tsl:NextUpdate>
 </tsl:SchemeInformation>
 <tsl:TrustServiceProviderList>
  <tsl:TrustServiceProvider><tsl:TSPInformation><tsl:TSPName><tsl:Name xml:lang="en">First</tsl:Name></tsl:TSPName></tsl:TSPInformation><tsl:TSPServices>
   {one}{web}{responder}</tsl:TSPServices></tsl:TrustServiceProvider>
  <tsl:TrustServiceProvider><tsl:TSPInformation><tsl:TSPName><tsl:Name xml:lang="en">Second</tsl:Name></tsl:TSPName></tsl:TSPInformation><tsl:TSPServices>
   {old}{stamps}</tsl:TSPServices></tsl:TrustServiceProvider>
 </tsl:TrustServiceProviderList>
 <ds:Signature Id="s"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
  <ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"/>
  <ds:Reference URI=""><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
   <ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>
   <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/><ds:DigestValue/></ds:Reference>
  <ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#p"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>
   <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>
  <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{signer}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
  <ds:Object><xades:QualifyingProperties Target="#s"><xades:SignedProperties Id="p"><xades:SignedSignatureProperties>
   <xades:SigningTime>2026-05-04T22:00:00Z</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>
   <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/><ds:DigestValue>{digest}</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2>
  </xades:SignedSignatureProperties></xades:SignedProperties></xades:QualifyingProperties></ds:Object></ds:Signature>
</tsl:TrustServiceStatusList>"""
STATUS = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
BEFORE = "http://uri.etsi.org/TrstSvc/eSigDir-1999-93-EC-TrustedList/Svcstatus/"
USE = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/"


def state(kind: str, name: str, identity: str, status: str, since: str, extensions: str = "") -> str:
    """The elements of a state, as lists write them: many languages, the key as certificate or as its identifier."""
    return (
        f"<tsl:ServiceTypeIdentifier>http://uri.etsi.org/TrstSvc/Svctype/{kind}</tsl:ServiceTypeIdentifier><tsl:ServiceName>"
        f'<tsl:Name xml:lang="xx">{name} (xx)</tsl:Name><tsl:Name xml:lang="en">{name}</tsl:Name></tsl:ServiceName>'
        f"<tsl:ServiceDigitalIdentity>{identity}</tsl:ServiceDigitalIdentity><tsl:ServiceStatus>{status}</tsl:ServiceStatus>"
        f"<tsl:StatusStartingTime>{since}</tsl:StatusStartingTime>"
        + (f"<tsl:ServiceInformationExtensions>{extensions}</tsl:ServiceInformationExtensions>" if extensions else "")
    )


def service(now: str, *before: str) -> str:
    history = "".join(f"<tsl:ServiceHistoryInstance>{one}</tsl:ServiceHistoryInstance>" for one in before)
    past = f"<tsl:ServiceHistory>{history}</tsl:ServiceHistory>" if before else ""
    return f"<tsl:TSPService><tsl:ServiceInformation>{now}</tsl:ServiceInformation>{past}</tsl:TSPService>"


def use(*uses: str) -> str:
    return "".join(
        f'<tsl:Extension Critical="true"><!-- {one} --><tsl:AdditionalServiceInformation><tsl:URI xml:lang="en">{USE}{one}</tsl:URI>'
        "</tsl:AdditionalServiceInformation></tsl:Extension>"
        for one in uses
    )


def certificates(*those: x509.Certificate) -> str:
    lines = [re.sub("(.{76})", "\\1\n      ", b64encode(one.public_bytes(Encoding.DER)).decode()) for one in those]
    return "".join(f"<tsl:DigitalId><tsl:X509Certificate>\n      {one}\n    </tsl:X509Certificate></tsl:DigitalId>" for one in lines)


IDENTIFIER = "<tsl:DigitalId><tsl:X509SKI>AAAA</tsl:X509SKI></tsl:DigitalId>"
QUALIFICATIONS = (
    '<tsl:Extension Critical="true"><q:Qualifications><q:QualificationElement><q:Qualifiers><q:Qualifier uri="'
    f'{USE}QCWithQSCD"/></q:Qualifiers><q:CriteriaList assert="atLeastOne"><q:KeyUsage><q:KeyUsageBit name="nonRepudiation">true'
    "</q:KeyUsageBit></q:KeyUsage></q:CriteriaList></q:QualificationElement></q:Qualifications></tsl:Extension>"
)
OTHERS = (
    '<tsl:Extension Critical="false"><tsl:ExpiredCertsRevocationInfo>2016-06-30T22:00:00Z</tsl:ExpiredCertsRevocationInfo></tsl:Extension>'
    '<tsl:Extension Critical="true"><add:TakenOverBy><tsl:URI xml:lang="en">https://other.example</tsl:URI></add:TakenOverBy></tsl:Extension>'
    '<tsl:Extension Critical="false"><own xmlns="urn:own">1</own></tsl:Extension>'
)
ISSUER, RENEWED, UNIT_1, UNIT_2, WEB, STRANGER = (leaf(Profile.SEAL, ISSUING)[0] for _ in range(6))


def services() -> dict[str, str]:
    """What the second half of the list says."""
    moved = "2016-06-30T22:00:00Z"
    return {
        "one": service(
            state("CA/QC", "Issuer", certificates(ISSUER, RENEWED), STATUS + "granted", moved, use("ForeSignatures", "ForeSeals") + QUALIFICATIONS + OTHERS),
            state("CA/QC", "Issuer", IDENTIFIER, STATUS + "undersupervision", "2014-01-01T00:00:00Z", use("RootCA-QC")),
            state("CA/QC", "Issuer", IDENTIFIER, BEFORE + "accredited", "2010-01-01T00:00:00+02:00"),
        ),
        "web": service(
            state("CA/QC", "Web", certificates(WEB), STATUS + "granted", "2019-01-01T00:00:00Z", use("ForWebSiteAuthentication")),
            state("CA/QC", "Web", IDENTIFIER, STATUS + "granted", moved, use("ForWebSiteAuthentication", "ForeSeals")),
        ),
        "responder": service(state("Certstatus/OCSP/QC", "Status", certificates(STRANGER), STATUS + "granted", moved)),
        "old": service(
            state("CA/QC", "Ended", certificates(UNIT), STATUS + "withdrawn", "2020-01-01T00:00:00Z"),
            state("CA/QC", "Ended", IDENTIFIER, STATUS + "granted", moved),
            state("CA/QC", "Ended", IDENTIFIER, STATUS + "supervisionincessation", "2015-01-01T00:00:00Z"),
            state("CA/QC", "Ended", IDENTIFIER, STATUS + "supervisionrevoked", "2014-01-01T00:00:00Z"),
            state("CA/QC", "Ended", IDENTIFIER, BEFORE + "undersupervision", "2009-01-01T00:00:00Z"),
        ),
        "stamps": service(state("TSA/QTST", "Units", certificates(UNIT_1, UNIT_2), STATUS + "granted", "2021-07-01T10:00:00.123Z")).replace(
            "</tsl:TSPService>", "<tsl:ServiceHistory></tsl:ServiceHistory></tsl:TSPService>"
        ),  # so writes Peru's
    }  # fmt: skip


@pytest.fixture(scope="module")
def publish(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[bytes, x509.Certificate]]:
    """Signs the list by xmlsec1 with RSA and SHA-512; the signer's certificate is one of its own making (§5.7.1)."""
    folder: Path = tmp_path_factory.mktemp("union")
    key = rsa.generate_private_key(65537, 4096)
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "XX"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Supervisory Body")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + timedelta(days=9))
    pin = builder.sign(key, hashes.SHA512())
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    der = pin.public_bytes(Encoding.DER)

    def make(**changes: str) -> tuple[bytes, x509.Certificate]:
        said = {
            "signer": b64encode(der).decode(), "digest": b64encode(sha512(der).digest()).decode(),
            "strange": b64encode(STRANGER.public_bytes(Encoding.DER)).decode(),
        }  # fmt: skip
        text = UNION
        for key_, value in (said | services() | changes).items():
            text = text.replace("{" + key_ + "}", value)
        (folder / "list.xml").write_text(text, encoding="utf-8")
        command = [
            "xmlsec1",
            "--sign",
            "--privkey-pem",
            "key.pem",
            "--id-attr:Id",
            "SignedProperties",
            "--output",
            "signed.xml",
            "list.xml",
        ]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return (folder / "signed.xml").read_bytes(), pin

    return make


def test_a_list_of_a_member_of_the_union_is_read(publish: Callable[..., tuple[bytes, x509.Certificate]]) -> None:
    content, pin = publish()
    found = trusted_lists.read(content, pin=pin)
    assert (found.territory, found.operator, found.sequence_number) == ("XX", "Supervisory Body", 112)
    assert found.issued_at == datetime(2026, 5, 4, 22, tzinfo=UTC) and found.next_update == datetime(2026, 11, 1, tzinfo=UTC)
    known = {one.certificate: one for one in found.services if one.granted}
    assert set(known) == {one.public_bytes(Encoding.DER) for one in (ISSUER, RENEWED, WEB, UNIT, UNIT_1, UNIT_2)}
    issuer, web, ended = (known[one.public_bytes(Encoding.DER)] for one in (RENEWED, WEB, UNIT))
    moved = "2016-06-30T22:00:00+00:00"
    assert issuer.name == "Issuer" and issuer.granted == (
        (moved, None), ("2014-01-01T00:00:00+00:00", moved), ("2009-12-31T22:00:00+00:00", "2014-01-01T00:00:00+00:00"),
    )  # fmt: skip
    assert web.granted == ((moved, "2019-01-01T00:00:00+00:00"),), "for web sites alone it vouches for no signature"
    assert ended.granted == (
        (moved, "2020-01-01T00:00:00+00:00"), ("2015-01-01T00:00:00+00:00", moved), ("2009-01-01T00:00:00+00:00", "2014-01-01T00:00:00+00:00"),
    )  # fmt: skip
    assert known[UNIT_2.public_bytes(Encoding.DER)].granted == (("2021-07-01T10:00:00.123000+00:00", None),)
    assert trusted_lists.PURPOSES[known[UNIT_1.public_bytes(Encoding.DER)].kind] is Purpose.TIME_STAMP
    with pytest.raises(NotBelieved):
        trusted_lists.read(content.replace(b"Svcstatus/withdrawn", b"Svcstatus/granted"), pin=pin)


@pytest.mark.parametrize("critical", ["true", "1"])
@pytest.mark.parametrize("inside", ['<own xmlns="urn:own">1</own>', "<tsl:Unknown/>", "<q:Unknown/>"])
def test_a_list_with_a_critical_extension_that_nobody_knows_is_not_relied_on(
    publish: Callable[..., tuple[bytes, x509.Certificate]], critical: str, inside: str
) -> None:
    extension = f'<tsl:Extension Critical="{critical}">{inside}</tsl:Extension>'
    stamps = service(state("TSA/QTST", "Units", certificates(UNIT_1), STATUS + "granted", "2021-07-01T10:00:00Z", extension))
    content, pin = publish(stamps=stamps)
    with pytest.raises(NotBelieved, match="critical"):
        trusted_lists.read(content, pin=pin)
    content, pin = publish(stamps=stamps.replace(f'Critical="{critical}"', 'Critical="false"'))
    assert trusted_lists.read(content, pin=pin).services


# -- TS 119 312 V2.1.1 -----------------------------------------------------------------------------------------


def test_algorithms_end_when_the_paper_of_algorithms_says() -> None:
    """Tables D.1 and D.2 ("< 2026-01-01"), the machine-readable form (RSA as PKCS#1 v1.5 until 2033); the rest is recommended without an end."""
    ends = algorithm_ends.ALGORITHM_ENDS
    discontinued = {
        "sha1": "2012-08-01",
        "sha224": "2026-01-01",
        "RSA-2048": "2026-01-01",
        "RSA-3072": "2034-01-01",
        "RSA-4096": "2034-01-01",
    }
    assert {name: ends[name].date().isoformat() for name in discontinued} == discontinued
    recommended = {"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "P-256", "P-384", "P-521", "Ed25519", "Ed448"}
    assert recommended <= set(ends) and {ends[name].year for name in recommended} == {2036}
    for bits, name in ((2047, "RSA-2047"), (2999, "RSA-2048"), (3000, "RSA-3072"), (4096, "RSA-4096")):
        assert algorithm_ends.name_of_key(rsa.RSAPublicNumbers(65537, (1 << (bits - 1)) + 1).public_key()) == name
