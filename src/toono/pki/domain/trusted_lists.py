"""Trusted lists (ETSI TS 119 612 V2.4.1): writing ours, and reading those of others. Pure.

A list says which authorities and units somebody supervises, and since when. It is a signed XML document; whom to believe for it is decided by
pinning the certificate that signs it (§5.7.1), never by a path.

Sections are those of the standard. The addresses are of its annex D: D.5 for what Europe shares, D.6 for countries that are no member. Lists before
July 2016 say some things in other words (annex J); they are read, never written.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from toono.pki.contracts import Coverage
from toono.pki.domain.algorithm_ends import broken
from toono.pki.domain.validation import limits, xades
from toono.pki.domain.validation.paths import Purpose, parsed
from toono.pki.domain.validation.reading import Material
from toono.pki.domain.validation.tlv import Malformed
from toono.pki.domain.validation.xmltree import Form, canonical, canonical_document, tree

TSL = "http://uri.etsi.org/02231/v2#"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
EXTENSIONS = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt"
FOR_SIGNATURES, FOR_SEALS, FOR_WEB_SITES = "ForeSignatures", "ForeSeals", "ForWebSiteAuthentication"
"""What a service is provided for (§5.5.9.4): the end of the address under :data:`EXTENSIONS`."""
_T, _NAMES = f"{{{TSL}}}", {"tsl": TSL}
_TYPES = "http://uri.etsi.org/TrstSvc/Svctype/"
AUTHORITY = _TYPES + "CA/QC"
AUTHORITY_OF_SERVERS = _TYPES + "CA/PKC"
STATUS_RESPONDER = _TYPES + "Certstatus/OCSP/QC"
TIME_STAMPS = _TYPES + "TSA/QTST"
PURPOSES = {
    AUTHORITY: Purpose.SIGNATURE,
    AUTHORITY_OF_SERVERS: Purpose.SIGNATURE,
    TIME_STAMPS: Purpose.TIME_STAMP,
    _TYPES + "TSA": Purpose.TIME_STAMP,
    _TYPES + "TSA/TSS-QC": Purpose.TIME_STAMP,
    _TYPES + "TSA/TSS-AdESQCandQES": Purpose.TIME_STAMP,
}
"""What the services of a type may be trusted for; other types vouch for nothing here."""
_STATUS = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
GRANTED, WITHDRAWN = _STATUS + "granted", _STATUS + "withdrawn"
RECOGNISED, DEPRECATED = _STATUS + "recognisedatnationallevel", _STATUS + "deprecatedatnationallevel"
_OWN_STATUSES = {AUTHORITY_OF_SERVERS: (RECOGNISED, DEPRECATED)}
"""Good and no longer good, where it is not granted and withdrawn: types of §5.5.1.2, which are no qualified services (§5.5.4)."""
_BEFORE_2016 = ("undersupervision", "supervisionincessation", "accredited")
"""A service in cessation is still supervised (D.5.6); ceased and revoked are other words."""
TRUSTED_STATUSES = {
    GRANTED,
    RECOGNISED,
    _STATUS + "setbynationallaw",
    *(_STATUS + word for word in _BEFORE_2016),
    *(f"http://uri.etsi.org/TrstSvc/eSigDir-1999-93-EC-TrustedList/Svcstatus/{word}" for word in _BEFORE_2016),
}
_KNOWN_EXTENSIONS = {
    _T + "AdditionalServiceInformation",
    _T + "ExpiredCertsRevocationInfo",
    "{http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#}Qualifications",
    "{http://uri.etsi.org/02231/v2/additionaltypes#}TakenOverBy",
}
"""Those of §5.5.9. Qualifications say which certificates are *qualified*; we claim that of nobody's, so there is nothing to do for them."""
SIGNING_USAGE = x509.ObjectIdentifier("0.4.0.2231.3.0")
VERSION = 6
SERVICES = 5_000
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class Service:
    """One service of ours."""

    kind: str
    name: str
    english: str
    certificate: x509.Certificate
    since: datetime
    withdrawn_at: datetime | None = None
    address: str = ""
    """Where it is asked."""
    extra: str = ""
    """Additional information of the service (§5.5.9.4), the end of its address."""


@dataclass(frozen=True)
class Scheme:
    """Who publishes the list, and where."""

    operator: str
    operator_english: str
    register_number: str
    base_url: str
    email: str
    """Where questions about the list are answered (§5.3.5.2)."""
    places: Mapping[str, tuple[str, str, str]]
    """Street, town and postal code (or an empty text) of the operator, by language (§5.3.5.1)."""
    territory: str = "MN"

    @property
    def address(self) -> str:
        return self.base_url + "/pki/trusted-list.xml"


@dataclass(frozen=True)
class ReadService:
    """One service of somebody's list."""

    name: str
    kind: str
    certificate: bytes
    granted: tuple[tuple[str, str | None], ...]
    """Pairs of ISO 8601 moments; the second None for until now."""


@dataclass(frozen=True)
class ReadList:
    """Somebody's list, its signature checked."""

    territory: str
    operator: str
    sequence_number: int
    issued_at: datetime
    next_update: datetime | None
    services: tuple[ReadService, ...]


class NotBelieved(Exception):
    """The list is not one, or not signed by the pinned certificate."""


# -- writing ---------------------------------------------------------------------------------------------------


def fingerprint(scheme: Scheme, services: Sequence[Service]) -> str:
    """SHA-256 over what the list says of its operator and of services: equal when there is nothing new."""
    lines = [
        f"{scheme.operator} {scheme.register_number} {scheme.base_url} {scheme.email} {sorted(scheme.places.items())}",
        *(
            f"{one.kind} {one.name} {one.since.isoformat()} {one.withdrawn_at} {one.address} {one.extra} {_encoded(one.certificate)}"
            for one in services
        ),
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def build(scheme: Scheme, services: Sequence[Service], *, number: int, issued_at: datetime, next_update: datetime) -> Any:
    """The list without its signature."""
    root = etree.Element(_T + "TrustServiceStatusList", nsmap={None: TSL, "ds": DS})
    root.set("TSLTag", "http://uri.etsi.org/19612/TSLTag")
    root.set("Id", f"list-{number}")
    _information(etree.SubElement(root, _T + "SchemeInformation"), scheme, number, issued_at, next_update)
    providers = etree.SubElement(root, _T + "TrustServiceProviderList")
    provider = etree.SubElement(providers, _T + "TrustServiceProvider")
    about = etree.SubElement(provider, _T + "TSPInformation")
    _texts(about, "TSPName", scheme.operator, scheme.operator_english)
    _texts(about, "TSPTradeName", f"NTRMN-{scheme.register_number}", f"NTRMN-{scheme.register_number}")
    _address(about, "TSPAddress", scheme)
    _uris(about, "TSPInformationURI", scheme.base_url + "/pki/")
    listed = etree.SubElement(provider, _T + "TSPServices")
    for same in _by_key(services):
        _service(etree.SubElement(listed, _T + "TSPService"), same)
    return root


def sign(root: Any, *, certificate: x509.Certificate, signer: Callable[[bytes], bytes], at: datetime) -> bytes:
    """The list with its enveloped signature, XAdES B-B (§5.7.1, annex B); ``signer`` gives ECDSA by SHA-256 as two numbers."""
    how = Form(exclusive=True)
    document = digest(canonical_document(root, how))
    names = {"ds": DS, "xades": XADES}
    signature = etree.SubElement(root, f"{{{DS}}}Signature", nsmap=names, Id="signature")
    info = _ds(signature, "SignedInfo")
    _ds(info, "CanonicalizationMethod", Algorithm=_EXCLUSIVE)
    _ds(info, "SignatureMethod", Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")
    _reference(info, "", (xades.ENVELOPED, _EXCLUSIVE), document)
    value = _ds(signature, "SignatureValue")
    data = _ds(_ds(signature, "KeyInfo"), "X509Data")
    _ds(data, "X509Certificate").text = _encoded(certificate)
    qualifying = etree.SubElement(_ds(signature, "Object"), f"{{{XADES}}}QualifyingProperties", Target="#signature")
    properties = _signed_properties(qualifying, certificate, at)
    _reference(info, "#signed-properties", (_EXCLUSIVE,), digest(canonical(properties, how)), kind=xades.SIGNED_PROPERTIES)
    value.text = b64encode(signer(canonical(info, how))).decode()
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


# -- reading ---------------------------------------------------------------------------------------------------


def read(xml: bytes, *, pin: x509.Certificate) -> ReadList:
    """A list that the pinned certificate signs as a whole.

    :raises NotBelieved:
    """
    try:
        root = tree(xml)
        if root.tag != _T + "TrustServiceStatusList":
            raise NotBelieved("not a trusted list")
        _check_signature(root, pin)
        _check_extensions(root)
        return _read(root)
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise NotBelieved(f"the list cannot be read: {error}"[:250]) from error


def periods(granted: Iterable[Sequence[str | None]]) -> tuple[tuple[datetime, datetime | None], ...]:
    """The moments of :attr:`ReadService.granted`."""
    return tuple((datetime.fromisoformat(str(start)), datetime.fromisoformat(end) if end else None) for start, end in granted)


def _check_signature(root: Any, pin: x509.Certificate) -> None:
    nodes = root.findall(f"{{{DS}}}Signature")
    if len(nodes) != 1:
        raise NotBelieved("a list has one signature")
    [found, *more] = xades.read_document(root, None, Material(limits.CERTIFICATES, limits.MATERIAL_BYTES))
    if more or found.failure is not None:
        raise NotBelieved(found.detail or "more than one signature")
    if weak := broken(found.algorithms):
        raise NotBelieved(f"the signature uses {weak}")
    if found.coverage is not Coverage.WHOLE:
        raise NotBelieved("the signature does not cover the whole list")
    if found.certificate != pin.public_bytes(Encoding.DER):
        raise NotBelieved("the list is signed by another certificate than the pinned one")


def _check_extensions(root: Any) -> None:
    """A critical extension that is not known makes the list nothing to rely on (annex B.0)."""
    for extension in root.iter(_T + "Extension"):
        inside = {one.tag for one in extension.iterchildren(etree.Element)}
        if (extension.get("Critical") or "").strip() in {"true", "1"} and not inside <= _KNOWN_EXTENSIONS:
            raise NotBelieved("the list has a critical extension that is not known")


def _read(root: Any) -> ReadList:
    information = root.find(_T + "SchemeInformation")
    following = (information.findtext(f"{_T}NextUpdate/{_T}dateTime") or "").strip()
    services: list[ReadService] = []
    for node in root.iterfind(f"{_T}TrustServiceProviderList/{_T}TrustServiceProvider/{_T}TSPServices/{_T}TSPService"):
        services += _read_service(node)
        if len(services) > SERVICES:
            raise Malformed("too many services")
    return ReadList(
        territory=(information.findtext(_T + "SchemeTerritory") or "").strip()[:10],
        operator=_named(information, "SchemeOperatorName")[:200],
        sequence_number=int(information.findtext(_T + "TSLSequenceNumber")),
        issued_at=_moment(information.findtext(_T + "ListIssueDateTime")),
        next_update=_moment(following) if following else None,
        services=tuple(services),
    )


def _read_service(node: Any) -> list[ReadService]:
    """One entry for each certificate of a service of a kind that may be trusted here."""
    about = node.find(_T + "ServiceInformation")
    kind = (about.findtext(_T + "ServiceTypeIdentifier") or "").strip()
    if kind not in PURPOSES:
        return []
    name = _named(about, "ServiceName")[:300]
    granted = _granted(node, about)
    certificates = [
        b64decode("".join((one.text or "").split()))
        for one in about.iterfind(f"{_T}ServiceDigitalIdentity/{_T}DigitalId/{_T}X509Certificate")
    ]
    return [ReadService(name, kind, der, granted) for der in certificates if granted and parsed(der) is not None]


def _granted(node: Any, about: Any) -> tuple[tuple[str, str | None], ...]:
    """When the service had a trusted status: the present one and the history (§5.6), newest first, each until the next newer one."""
    states = [about, *node.iterfind(f"{_T}ServiceHistory/{_T}ServiceHistoryInstance")]
    told = [(_moment(one.findtext(_T + "StatusStartingTime")), _is_trusted(one)) for one in states]
    found: list[tuple[str, str | None]] = []
    until: str | None = None
    for start, trusted in sorted(told, reverse=True):
        if trusted:
            found.append((start.isoformat(), until))
        until = start.isoformat()
    return tuple(found)


def _is_trusted(state: Any) -> bool:
    """Whether the service had, in this state, our trust: a good status, and not for web sites alone (§5.5.9.4)."""
    path = f"{_T}ServiceInformationExtensions/{_T}Extension/{_T}AdditionalServiceInformation/{_T}URI"
    uses = {(one.text or "").strip().removeprefix(EXTENSIONS + "/") for one in state.iterfind(path)}
    uses &= {FOR_SIGNATURES, FOR_SEALS, FOR_WEB_SITES}
    return (state.findtext(_T + "ServiceStatus") or "").strip() in TRUSTED_STATUSES and uses != {FOR_WEB_SITES}


def _named(node: Any, holder: str) -> str:
    """The name in English, which every list has (§5.1.4); otherwise the first."""
    names = node.findall(f"{_T}{holder}/{_T}Name")
    english = [one for one in names if one.get(_LANGUAGE) == "en"]
    return next(((one.text or "").strip() for one in english + names), "")


def _moment(text: str | None) -> datetime:
    moment = datetime.fromisoformat((text or "").strip())
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


# -- elements --------------------------------------------------------------------------------------------------


def _information(node: Any, scheme: Scheme, number: int, issued_at: datetime, next_update: datetime) -> None:
    """SchemeInformation (§5.3), in the order of the schema."""
    _text(node, "TSLVersionIdentifier", str(VERSION))
    _text(node, "TSLSequenceNumber", str(number))
    _text(node, "TSLType", f"http://uri.etsi.org/TrstSvc/TrustedList/TSLType/{scheme.territory}list")
    _texts(node, "SchemeOperatorName", scheme.operator, scheme.operator_english)
    _address(node, "SchemeOperatorAddress", scheme)
    _texts(
        node,
        "SchemeName",
        f"{scheme.territory}:Тоон гарын үсгийн үйлчилгээний итгэмжлэлийн жагсаалт",
        f"{scheme.territory}:Trusted list of services for electronic signatures",
    )
    _uris(node, "SchemeInformationURI", scheme.base_url + "/pki/")
    _text(node, "StatusDeterminationApproach", f"http://uri.etsi.org/TrstSvc/TrustedList/StatusDetn/{scheme.territory}determination")
    _uris(node, "SchemeTypeCommunityRules", f"http://uri.etsi.org/TrstSvc/TrustedList/schemerules/{scheme.territory}")
    _text(node, "SchemeTerritory", scheme.territory)
    _texts(
        node,
        "PolicyOrLegalNotice",
        "Цахим гарын үсгийн тухай хууль (2021.12.17) үйлчилнэ.",
        "The law of Mongolia on electronic signatures (17 December 2021) applies.",
        entry="TSLLegalNotice",
    )
    _text(node, "HistoricalInformationPeriod", "65535")
    _text(node, "ListIssueDateTime", _written(issued_at))
    _text(etree.SubElement(node, _T + "NextUpdate"), "dateTime", _written(next_update))
    _text(etree.SubElement(node, _T + "DistributionPoints"), "URI", scheme.address)


def _by_key(services: Sequence[Service]) -> list[list[Service]]:
    """The services, certificates of one key together: a key stands once under a type, and its certificates name one subject (§5.5.3)."""
    found: dict[tuple[str, bytes, bytes], list[Service]] = {}
    for one in services:
        key = one.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        found.setdefault((one.kind, key, one.certificate.subject.public_bytes()), []).append(one)
    return list(found.values())


def _service(node: Any, same: Sequence[Service]) -> None:
    """One entry; its key is good as long as one of its certificates is."""
    service, since = same[0], min(one.since for one in same)
    good, bad = _OWN_STATUSES.get(service.kind, (GRANTED, WITHDRAWN))
    ends = [one.withdrawn_at for one in same if one.withdrawn_at is not None]
    withdrawn = max(ends) if len(ends) == len(same) else None
    about = etree.SubElement(node, _T + "ServiceInformation")
    certificates = [one.certificate for one in same]
    _state(about, service, certificates, bad if withdrawn else good, withdrawn or since)
    if service.address:
        _text(etree.SubElement(about, _T + "ServiceSupplyPoints"), "ServiceSupplyPoint", service.address)
    if service.extra:
        _extension(about, service.extra)
    if withdrawn:
        history = etree.SubElement(node, _T + "ServiceHistory")
        _state(etree.SubElement(history, _T + "ServiceHistoryInstance"), service, [], good, since)


def _state(node: Any, service: Service, certificates: Sequence[x509.Certificate], status: str, since: datetime) -> None:
    """A state, present or past; of a past one no certificate is told (§5.6.3)."""
    _text(node, "ServiceTypeIdentifier", service.kind)
    _texts(node, "ServiceName", service.name, service.english)
    identity = etree.SubElement(node, _T + "ServiceDigitalIdentity")
    for certificate in certificates:
        _text(etree.SubElement(identity, _T + "DigitalId"), "X509Certificate", _encoded(certificate))
    _text(etree.SubElement(identity, _T + "DigitalId"), "X509SubjectName", service.certificate.subject.rfc4514_string())
    key = x509.SubjectKeyIdentifier.from_public_key(service.certificate.public_key()).digest
    _text(etree.SubElement(identity, _T + "DigitalId"), "X509SKI", b64encode(key).decode())
    _text(node, "ServiceStatus", status)
    _text(node, "StatusStartingTime", _written(since))


def _extension(node: Any, extra: str) -> None:
    extensions = etree.SubElement(node, _T + "ServiceInformationExtensions")
    extension = etree.SubElement(extensions, _T + "Extension", Critical="true")
    additional = etree.SubElement(extension, _T + "AdditionalServiceInformation")
    _text(additional, "URI", f"{EXTENSIONS}/{extra}").set(_LANGUAGE, "en")


def _address(node: Any, name: str, scheme: Scheme) -> None:
    place = etree.SubElement(node, _T + name)
    postal = etree.SubElement(place, _T + "PostalAddresses")
    for language, (street, town, code) in scheme.places.items():
        address = etree.SubElement(postal, _T + "PostalAddress")
        address.set(_LANGUAGE, language)
        _text(address, "StreetAddress", street)
        _text(address, "Locality", town)
        if code:
            _text(address, "PostalCode", code)
        _text(address, "CountryName", scheme.territory)
    electronic = etree.SubElement(place, _T + "ElectronicAddress")
    for uri in (f"mailto:{scheme.email}", scheme.base_url + "/pki/"):  # both are asked for, in this order (§5.3.5.2)
        _text(electronic, "URI", uri).set(_LANGUAGE, "en")


def _texts(node: Any, name: str, mongolian: str, english: str, *, entry: str = "Name") -> None:
    holder = etree.SubElement(node, _T + name)
    for language, text in (("en", english), ("mn", mongolian)):
        _text(holder, entry, text).set(_LANGUAGE, language)


def _uris(node: Any, name: str, uri: str) -> None:
    _text(etree.SubElement(node, _T + name), "URI", uri).set(_LANGUAGE, "en")


def _text(node: Any, name: str, text: str) -> Any:
    child = etree.SubElement(node, _T + name)
    child.text = text
    return child


def _ds(node: Any, name: str, **attributes: str) -> Any:
    return etree.SubElement(node, f"{{{DS}}}{name}", attributes)


def _reference(info: Any, uri: str, transforms: Iterable[str], value: bytes, *, kind: str = "") -> None:
    reference = _ds(info, "Reference", URI=uri, **({"Type": kind} if kind else {}))
    listed = _ds(reference, "Transforms")
    for transform in transforms:
        _ds(listed, "Transform", Algorithm=transform)
    _ds(reference, "DigestMethod", Algorithm=_SHA256)
    _ds(reference, "DigestValue").text = b64encode(value).decode()


def _signed_properties(qualifying: Any, certificate: x509.Certificate, at: datetime) -> Any:
    properties = etree.SubElement(qualifying, f"{{{XADES}}}SignedProperties", Id="signed-properties")
    ours = etree.SubElement(properties, f"{{{XADES}}}SignedSignatureProperties")
    etree.SubElement(ours, f"{{{XADES}}}SigningTime").text = _written(at)
    cert = etree.SubElement(etree.SubElement(ours, f"{{{XADES}}}SigningCertificateV2"), f"{{{XADES}}}Cert")
    named = etree.SubElement(cert, f"{{{XADES}}}CertDigest")
    _ds(named, "DigestMethod", Algorithm=_SHA256)
    _ds(named, "DigestValue").text = b64encode(digest(certificate.public_bytes(Encoding.DER))).decode()
    return properties


def _encoded(certificate: x509.Certificate) -> str:
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
