"""What a verifier needs beside a container: ``/verificationconf``, X-Road's shared parameters of an instance in a ZIP file.

Written from the signed configuration; read back, also from X-Road's own instances, as :class:`Anchors`. One element of ours stands where the schema leaves room for
others': by which ``organizationIdentifier`` an organisation's certificates name it, because that is how our authority names legal persons.

Source: X-Road ``globalconf/v5/shared-parameters.xsd``; ``ug-sigdoc``.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from toono.exchange import limits
from toono.exchange.domain.evidence import zips
from toono.exchange.domain.evidence.documents import Element, decoded, parse
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.domain.evidence.trust import Anchors, Authority, Member, certificate
from toono.exchange.domain.evidence.zips import Entry
from toono.exchange.domain.ocsp import issuer_of, responder_address
from toono.registry.contracts import ExchangeConfiguration, ExchangePolicy

XROAD: Final = "http://x-road.eu/xsd/xroad.xsd"
OURS: Final = "urn:toono:shared-parameters:1"
PROFILE: Final = "ee.ria.xroad.common.certificateprofile.impl.BasicCertificateProfileInfoProvider"
SCHEMA_VERSION: Final = "5"

_CODE: Final = "malformed_global_conf"
_IDENTIFIER: Final = "verificationconf/instance-identifier"
_SECONDS_DIGITS: Final = 9
_MEMBER_CLASSES: Final = {"GOV": "Government", "COM": "Commercial"}


def write(
    configuration: ExchangeConfiguration, *, stamping: Sequence[x509.Certificate], address: str, stamping_url: str, at: datetime
) -> bytes:
    """The ZIP file.

    :param stamping: certificates of the time-stamping units, of earlier ones too.
    :param address: host name of who publishes the configuration.
    :param stamping_url: where the time-stamping authority is asked.
    :param at: moment that the entries of the file carry.
    """
    parameters = shared_parameters(configuration, stamping=stamping, address=address, stamping_url=stamping_url)
    name = f"verificationconf/{configuration.instance}/shared-params.xml"
    metadata = {
        "contentIdentifier": "SHARED-PARAMETERS",
        "instanceIdentifier": configuration.instance,
        "expirationDate": f"{configuration.expires_at:%Y-%m-%dT%H:%M:%S.000Z}",
        "contentFileName": "shared-params.xml",
        "contentLocation": None,
        "configurationVersion": SCHEMA_VERSION,
    }
    entries = [
        Entry(name, parameters),
        Entry(f"{name}.metadata", json.dumps(metadata, separators=(",", ":")).encode()),
        Entry(_IDENTIFIER, configuration.instance.encode()),
    ]
    return zips.write(entries, at=at)


def shared_parameters(
    configuration: ExchangeConfiguration, *, stamping: Sequence[x509.Certificate], address: str, stamping_url: str
) -> bytes:
    """``shared-params.xml``; parameters as :func:`write`."""
    authorities = [c for pem in configuration.trusted_certificates_pem for c in x509.load_pem_x509_certificates(pem.encode())]
    issued = [x509.load_pem_x509_certificate(member.certificate_pem.encode()) for member in configuration.members]
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<ns2:conf xmlns:ns2="{XROAD}">\n'
        f"{_text('instanceIdentifier', configuration.instance)}\n"
        f"<source>{_text('address', address)}</source>\n"
        f"{_approved_authorities(authorities, issued)}"
        f"{''.join(_approved_stamping(unit, stamping_url) for unit in stamping)}"
        f"{_members(configuration)}{_settings(configuration)}{_organisations(configuration, issued)}</ns2:conf>\n"
    ).encode()


def _text(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>"


def _certificate(found: x509.Certificate) -> str:
    return _text("cert", b64encode(found.public_bytes(Encoding.DER)).decode())


def _common_name(found: x509.Certificate) -> str:
    return next((str(a.value) for a in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)), found.subject.rfc4514_string())


def _approved_authorities(authorities: Sequence[x509.Certificate], issued: Sequence[x509.Certificate]) -> str:
    """Each authority that signed itself, or that no other of them issued, with those below it."""
    above = {found: None if issuer_of(found, [found]) else issuer_of(found, authorities) for found in authorities}
    tops = [found for found in authorities if above[found] is None]

    def information(found: x509.Certificate) -> str:
        addresses = dict.fromkeys(a for c in [*issued, *authorities] if issuer_of(c, [found]) and (a := responder_address(c)))
        return _certificate(found) + "".join(f"<ocsp>{_text('url', address)}</ocsp>" for address in addresses)

    def top_of(found: x509.Certificate) -> x509.Certificate:
        upper = above[found]
        return found if upper is None else top_of(upper)

    return "".join(
        f"<approvedCA>{_text('name', _common_name(top))}<topCA>{information(top)}</topCA>"
        + "".join(f"<intermediateCA>{information(c)}</intermediateCA>" for c in authorities if c != top and top_of(c) == top)
        + f"{_text('certificateProfileInfo', PROFILE)}</approvedCA>\n"
        for top in tops
    )


def _approved_stamping(unit: x509.Certificate, url: str) -> str:
    return f"<approvedTSA>{_text('name', _common_name(unit))}{_text('url', url)}{_certificate(unit)}</approvedTSA>\n"


def _members(configuration: ExchangeConfiguration) -> str:
    lines, number = [], 0
    for member in configuration.members:
        _, member_class, code = member.id.split("/")
        systems = [system.id.removeprefix(f"{member.id}/") for system in configuration.systems if system.id.startswith(f"{member.id}/")]
        subsystems = ""
        for offset, system in enumerate(systems, 1):
            subsystems += f'<subsystem id="id{number + offset}">{_text("subsystemCode", system)}</subsystem>'
        lines.append(
            f'<member id="id{number}">{_member_class(member_class)}{_text("memberCode", code)}{_text("name", member.name_mn)}{subsystems}</member>\n'
        )
        number += 1 + len(systems)
    return "".join(lines)


def _member_class(code: str) -> str:
    return f"<memberClass>{_text('code', code)}{_text('description', _MEMBER_CLASSES.get(code, code))}</memberClass>"


def _settings(configuration: ExchangeConfiguration) -> str:
    classes = dict.fromkeys(member.id.split("/")[1] for member in configuration.members)
    fresh = status_age_seconds(configuration.policy)
    return f"<globalSettings>{''.join(map(_member_class, classes))}<ocspFreshnessSeconds>{fresh}</ocspFreshnessSeconds></globalSettings>\n"


def status_age_seconds(policy: ExchangePolicy) -> int:
    """How old the word on a certificate may be when a signature is time-stamped: as old as a gateway may use it, and as late as a time-stamp may come."""
    return policy.ocsp_fresh_seconds + policy.ocsp_grace_seconds + policy.stamp_fresh_seconds + policy.stamp_grace_seconds


def _organisations(configuration: ExchangeConfiguration, issued: Sequence[x509.Certificate]) -> str:
    lines = []
    for member, found in zip(configuration.members, issued, strict=True):
        for attribute in found.subject.get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER):
            identifier = f"{_text('toono:member', member.id)}{_text('toono:organizationIdentifier', str(attribute.value))}"
            lines.append(f"<toono:organization>{identifier}</toono:organization>")
    return f'<toono:organizations xmlns:toono="{OURS}">{"".join(lines)}</toono:organizations>\n' if lines else ""


def read(content: bytes) -> Anchors:
    """Whom to believe, from the ZIP file, or from a ``shared-params.xml`` alone.

    :raises Refused: ``malformed_global_conf``
    """
    if not content.startswith(b"PK"):
        return _anchors(parse(content, _CODE))
    entries = zips.read(content, most_bytes=limits.CONTAINER_BYTES, most_entries=limits.CONTAINER_ENTRIES, code=_CODE)
    instance = entries.get(_IDENTIFIER, b"").decode(errors="replace").strip()
    parameters = entries.get(f"verificationconf/{instance}/shared-params.xml")
    if parameters is None:
        raise Refused(_CODE, "The file holds no shared parameters of its instance.")
    anchors = _anchors(parse(parameters, _CODE))
    if anchors.instance != instance:
        raise Refused(_CODE, "The shared parameters are of another instance than the file.")
    return anchors


def _anchors(root: Element) -> Anchors:
    if root.tag != f"{{{XROAD}}}conf":
        raise Refused(_CODE, "The document holds no shared parameters.")
    instance = root.findtext("instanceIdentifier") or ""
    seconds = (root.findtext("globalSettings/ocspFreshnessSeconds") or "0").strip()
    if not instance or not seconds.isdecimal() or len(seconds) > _SECONDS_DIGITS:
        raise Refused(_CODE, "The shared parameters name no instance, or no age of a certificate's status.")
    return Anchors(
        instance=instance,
        authorities=tuple(_authorities(root)),
        stamping=tuple(_read(found) for found in root.iterfind("approvedTSA/cert")),
        members=dict(_read_members(root, instance)),
        ocsp_fresh_seconds=int(seconds),
    )


def _read(element: Element) -> x509.Certificate:
    return certificate(decoded(element.text, _CODE), _CODE)


def _authorities(root: Element) -> Iterable[Authority]:
    for approved in root.iterfind("approvedCA"):
        if (approved.findtext("authenticationOnly") or "").strip() not in ("true", "1"):
            profile = (approved.findtext("certificateProfileInfo") or "").strip()
            for found in (*approved.iterfind("topCA/cert"), *approved.iterfind("intermediateCA/cert")):
                yield Authority(_read(found), profile)


def _read_members(root: Element, instance: str) -> Iterable[tuple[str, Member]]:
    ours = f"{{{OURS}}}"
    identifiers = {
        found.findtext(f"{ours}member") or "": found.findtext(f"{ours}organizationIdentifier") or ""
        for found in root.iterfind(f"{ours}organizations/{ours}organization")
    }
    for member in root.iterfind("member"):
        name = f"{instance}/{member.findtext('memberClass/code')}/{member.findtext('memberCode')}"
        yield name, Member(member.findtext("name") or "", identifiers.get(name, ""))
