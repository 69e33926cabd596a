"""CMS signatures (RFC 5652) and CAdES (ETSI EN 319 122-1): one reader for files, for PDF, for containers and for time-stamps.

Read in place by bounds, so that a signed content of a hundred megabytes is hashed without being copied.
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import b64decode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice

from cryptography import x509

from toono.pki.contracts import Coverage, SignedFileKind, SubIndication
from toono.pki.domain import der
from toono.pki.domain.validation import limits, tlv
from toono.pki.domain.validation.algorithms import (
    DIGESTS,
    KEYS_ALONE,
    MGF1,
    PSS,
    SALTS_BYTES,
    SIGNATURES,
    Mechanism,
    digest,
    names,
    verifies,
)
from toono.pki.domain.validation.reading import Material, Reading, SignatureReading, StampReading, refused, unreadable
from toono.pki.domain.validation.tlv import Element, Malformed, TooLarge

SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
CONTENT_STAMP = "1.2.840.113549.1.9.16.2.20"
SIGNATURE_STAMP = "1.2.840.113549.1.9.16.2.14"
ARCHIVE_STAMP_V3 = "0.4.0.1733.2.4"
CERTIFICATE_VALUES = "1.2.840.113549.1.9.16.2.23"
REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"
ADOBE_REVOCATION = "1.2.840.113583.1.1.8"
HASH_INDEXES = ("0.4.0.19122.1.5", "0.4.0.1733.2.5")
OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"
_BASIC_RESPONSE = "1.3.6.1.5.5.7.48.1.1"

ARMOUR_BYTES = 512
"""In which the first 64 bytes stand as base64, with the line above them."""
_AFTER_BYTES = 16

Digester = Callable[[str], bytes | None]
"""The digest of what was signed, by the name of the hash; None when that is not at hand."""
Source = Callable[[], Iterable[bytes | memoryview]]
"""What was signed, piece by piece, from its beginning at each call."""


def digests_of(source: Source) -> Digester:
    """Each digest is made once."""
    known: dict[str, bytes] = {}

    def of(name: str) -> bytes | None:
        if name not in known:
            known[name] = digest(name, source())
        return known[name]

    return of


def absent(_name: str) -> None:
    """The digest of what is not at hand."""


@dataclass(frozen=True)
class SignedData:
    """The parts of a SignedData, in place."""

    content_type: Element
    content: Element | None
    certificates: list[Element]
    revocation: list[Element]
    signers: list[Element]

    def digests(self) -> Digester:
        """Of the content that stands inside."""
        content = self.content
        return digests_of(lambda: tlv.octet_parts(content)) if content is not None else absent


@dataclass
class Signer:
    """One SignerInfo after its cryptography was checked."""

    failure: SubIndication | None = None
    detail: str = ""
    certificate: x509.Certificate | None = None
    encoded: bytes | None = None
    bound: bool = False
    algorithm: str = ""
    algorithms: tuple[str, ...] = ()
    signature: bytes = b""
    fields: list[Element] = field(default_factory=list)
    signed: dict[str, list[Element]] = field(default_factory=dict)
    unsigned: list[tuple[str, Element, Element]] = field(default_factory=list)
    """Type, the type's own element, one value."""

    def fail(self, failure: SubIndication, detail: str) -> Signer:
        self.failure, self.detail = failure, detail
        return self

    def values(self, kind: str) -> list[Element]:
        return [value for name, _, value in self.unsigned if name == kind]


def unarmoured(data: bytes | memoryview) -> memoryview:
    """DER out of PEM of any label (RFC 7468) or out of bare base64; anything else as it is.

    :raises Malformed: PEM without base64 inside.
    """
    view = memoryview(data)
    if bytes(view[:1]) == b"\x30" or not bytes(view[:ARMOUR_BYTES]).lstrip().startswith((b"-----BEGIN ", b"M")):
        return view
    try:
        return memoryview(b64decode(_inside_armour(bytes(view)), validate=True))
    except binascii.Error as error:
        raise Malformed("PEM without base64") from error


def _inside_armour(text: bytes) -> bytes:
    text = text.lstrip()
    if text.startswith(b"-----"):
        text = text[text.find(b"\n") + 1 :].partition(b"-----END ")[0]
    return text.translate(None, b" \t\r\n")


def looks_like_cms(data: memoryview) -> bool:
    """Whether the first bytes are those of a ContentInfo with SignedData or of an answer with a time-stamp, also as base64: it begins with M."""
    head = bytes(data[:64])
    if head[:1] != b"\x30":
        head = bytes(data[:ARMOUR_BYTES]).lstrip()
        if not head.startswith((b"-----BEGIN ", b"M")):
            return False
        text = _inside_armour(head)[:88]
        try:
            head = b64decode(text[: len(text) // 4 * 4], validate=True)[:64]
        except binascii.Error:
            return False
    return head[:1] == b"\x30" and der.oid(SIGNED_DATA) in head


def parse(data: bytes | memoryview, *, padded: bool = False) -> SignedData:
    """``padded``: zeros may follow, as in the room that a PDF keeps for its signature. Else the end of a line may, which editors and pipes add.

    :raises Malformed:
    """
    view = unarmoured(data)
    outer = tlv.read(view)
    if any(view[outer.stop :]) if padded else not _blank(view[outer.stop :]):
        raise Malformed("something follows the signature")
    info = tlv.items(outer, 0x30)
    if len(info) != 2 or tlv.oid(info[0]) != SIGNED_DATA or info[1].tag != 0xA0:
        raise Malformed("not a SignedData")
    parts = tlv.items(tlv.read(info[1].view, info[1].body, info[1].end), 0x30)
    if len(parts) < 4 or parts[1].tag != 0x31 or parts[2].tag != 0x30 or parts[-1].tag != 0x31:
        raise Malformed("a SignedData without its parts")
    encapsulated = tlv.items(parts[2])
    content = None
    if len(encapsulated) > 1:
        inner = tlv.items(encapsulated[1], 0xA0)
        content = inner[0] if inner else None
    extra = {part.tag: tlv.items(part) for part in parts[3:-1]}
    signers = tlv.items(parts[-1])
    if len(signers) > limits.SIGNATURES:
        raise TooLarge("too many signers")
    if not encapsulated:
        raise Malformed("content without a type")
    return SignedData(encapsulated[0], content, extra.get(0xA0, []), extra.get(0xA1, []), signers)


def _blank(rest: memoryview) -> bool:
    return len(rest) <= _AFTER_BYTES and not bytes(rest).strip(b" \t\r\n")


def collect(signed: SignedData, material: Material) -> None:
    """Certificates and revocation material beside the signatures."""
    for element in signed.certificates:
        if element.tag == 0x30:
            material.add_certificate(element.encoded)
    for element in signed.revocation:
        if element.tag == 0x30:
            material.add_list(element.encoded)
        elif element.tag == 0xA1:
            parts = tlv.items(element)
            if len(parts) == 2 and tlv.oid(parts[0]) == OCSP_RESPONSE:
                material.add_answer(parts[1].encoded)


def read_signer(signed: SignedData, info: Element, digests: Digester, *, others: Iterable[bytes] = ()) -> Signer:
    """Check one SignerInfo. ``others`` are certificates from elsewhere (a PDF's DSS).

    :raises Malformed:
    """
    found = Signer()
    parts = tlv.items(info, 0x30)
    if len(parts) < 5 or parts[2].tag != 0x30:
        raise Malformed("a SignerInfo without its parts")
    has_attributes = parts[3].tag == 0xA0
    place = 4 if has_attributes else 3
    if len(parts) < place + 2:
        raise Malformed("a SignerInfo without its signature")
    found.fields = parts[: place + 2]
    found.signature = tlv.octets(parts[place + 1])
    if has_attributes:
        found.signed = _attributes(parts[3])
    for rest in parts[place + 2 :]:
        if rest.tag == 0xA1:
            found.unsigned = _unsigned(rest)
    hash_name = _digest_name(parts[2])
    mechanism = _mechanism(parts[place], hash_name)
    if hash_name is None or mechanism is None:
        return found.fail(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "an algorithm that is not known")
    found.algorithm = str(mechanism)
    encoded = _certificate(parts[1], signed, others)
    if encoded is None:
        return found.fail(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "the signer's certificate is not in the file")
    try:
        found.certificate, found.encoded = x509.load_der_x509_certificate(encoded), encoded
        key = found.certificate.public_key()
    except Exception as error:  # a certificate of a stranger fails in any way; each means the same
        return found.fail(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, f"the signer's certificate cannot be read: {error}"[:200])
    found.algorithms = names(key, hash_name, *([] if mechanism.hashes_itself else mechanism.digests))
    actual = digests(hash_name)
    if actual is None:
        return found.fail(SubIndication.SIGNED_DATA_NOT_FOUND, "what was signed is not in the file")
    if not has_attributes:
        return _check_without_attributes(found, signed, key, mechanism, hash_name, actual, digests)
    return _check_attributes(found, signed, parts[3], key, mechanism, actual)


def read(data: bytes | memoryview, detached: Digester | None = None, *, name: str = "") -> Reading:
    """A file that is a CMS signature; ``detached`` gives the digest of what was signed when it stands elsewhere."""
    material = Material(limits.CERTIFICATES, limits.MATERIAL_BYTES)
    try:
        signed = parse(_token(unarmoured(data)))
        if tlv.oid(signed.content_type) == TST_INFO:
            return _time_stamp(signed, detached, material)
        collect(signed, material)
        signatures = read_signatures(signed, detached if signed.content is None else None, material)
    except (ValueError, IndexError) as error:
        return refused(SignedFileKind.CADES, error)
    return finished(SignedFileKind.CADES, signatures, material)


def _token(view: memoryview) -> memoryview:
    """The token of a TimeStampResp that was granted (RFC 3161 §2.4.2); anything else as it is.

    :raises Malformed:
    """
    outer = tlv.read(view)
    parts = tlv.items(outer, 0x30)[:2]
    if len(parts) < 2 or parts[0].tag != 0x30 or parts[1].tag != 0x30 or not _blank(view[outer.stop :]):
        return view
    return view[parts[1].start : parts[1].stop]


def _time_stamp(signed: SignedData, detached: Digester | None, material: Material) -> Reading:
    """A file that is a time-stamp; ``detached`` gives the digest of what was stamped.

    :raises Malformed:
    """
    stamp = _read_stamp(signed, "file", detached or absent, material)
    if detached is None and stamp.failure is SubIndication.HASH_FAILURE:
        stamp = stamp.model_copy(update={"failure": SubIndication.SIGNED_DATA_NOT_FOUND, "detail": "what was stamped is not at hand"})
    return finished(SignedFileKind.TIME_STAMP, (), material, stamp=stamp)


def finished(kind: SignedFileKind, signatures: Iterable[SignatureReading], material: Material, **more: object) -> Reading:
    """A reading of these signatures, with what was collected beside them."""
    return Reading(
        kind=kind,
        signatures=tuple(signatures),
        certificates=tuple(material.certificates),
        lists=tuple(material.lists),
        answers=tuple(material.answers),
        **more,  # type: ignore[arg-type]
    )


def read_signatures(
    signed: SignedData, detached: Digester | None, material: Material, *, prefix: str = "S", covered: tuple[str, ...] = ()
) -> list[SignatureReading]:
    """Every signer of a SignedData, with time-stamps.

    :raises Malformed:
    """
    digests = detached or signed.digests()
    found = []
    for number, info in enumerate(signed.signers, start=1):
        signer = read_signer(signed, info, digests)
        found.append(described(signed, signer, f"{prefix}{number}", digests, material, covered=covered))
    return found


def described(
    signed: SignedData,
    signer: Signer,
    identifier: str,
    digests: Digester,
    material: Material,
    *,
    covered: tuple[str, ...] = (),
    coverage: Coverage = Coverage.WHOLE,
) -> SignatureReading:
    """A checked signer as a reading; what its attributes carry goes into ``material``.

    :raises Malformed:
    """
    _collect_values(signer, material)
    return SignatureReading(
        id=identifier,
        failure=signer.failure,
        detail=signer.detail,
        certificate=signer.encoded,
        bound=signer.bound,
        claimed_time=_signing_time(signer),
        algorithm=signer.algorithm,
        algorithms=signer.algorithms,
        coverage=coverage,
        covered=covered,
        stamps=tuple(_stamps(signed, signer, digests, material)),
        material=material.any_status,
    )


def read_stamp(token: bytes, kind: str, digests: Digester, material: Material) -> StampReading:
    """One RFC 3161 token over what ``digests`` gives. A damaged one is a reading with a failure."""
    try:
        return _read_stamp(parse(token, padded=True), kind, digests, material)
    except (ValueError, IndexError) as error:
        return StampReading(kind=kind, failure=unreadable(error), detail=str(error)[:300])


def _read_stamp(signed: SignedData, kind: str, digests: Digester, material: Material) -> StampReading:
    """:raises Malformed:"""
    if tlv.oid(signed.content_type) != TST_INFO or signed.content is None or len(signed.signers) != 1:
        raise Malformed("not a time-stamp")
    collect(signed, material)
    info = tlv.items(tlv.whole(tlv.octets(signed.content)), 0x30)
    imprint = tlv.items(info[2], 0x30)
    moment = generalized_time(info[4])
    signer = read_signer(signed, signed.signers[0], signed.digests(), others=list(material.certificates))
    name, value = _digest_name(imprint[0]), tlv.octets(imprint[1])
    failure, detail = signer.failure, signer.detail
    actual = digests(name) if name else None
    if failure is None and name is None:
        failure, detail = SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "a digest that is not known"
    if failure is None and (actual is None or actual != value):
        failure, detail = SubIndication.HASH_FAILURE, "the time-stamp is over something else"
    algorithms = (*signer.algorithms, name) if name else signer.algorithms
    return StampReading(kind=kind, time=moment, certificate=signer.encoded, failure=failure, algorithms=algorithms, detail=detail)


def generalized_time(element: Element) -> datetime:
    """GeneralizedTime in UTC, fractions allowed (RFC 3161 §2.4.2), or UTCTime.

    :raises Malformed:
    """
    text = element.content.decode("ascii", "replace")
    shape = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}.get(element.tag)
    if element.tag == 0x18 and "." in text:
        shape = "%Y%m%d%H%M%S.%fZ"
    try:
        return datetime.strptime(text, shape or "").replace(tzinfo=UTC)
    except ValueError as error:
        raise Malformed("not a time") from error


def answer(encoded: bytes) -> bytes:
    """An OCSPResponse, whether it or the BasicOCSPResponse inside was kept.

    :raises Malformed:
    """
    parts = tlv.items(tlv.whole(encoded), 0x30)
    return encoded if parts and parts[0].tag == 0x0A else _as_response(encoded)


def _as_response(basic: bytes) -> bytes:
    """A BasicOCSPResponse in the wrapping that an OCSP answer has (RFC 6960 §4.2.1)."""
    return der.sequence(der.element(0x0A, b"\x00"), der.explicit(0, der.sequence(der.oid(_BASIC_RESPONSE), der.octets(basic))))


def _check_without_attributes(
    found: Signer, signed: SignedData, key: object, mechanism: Mechanism, hash_name: str, actual: bytes, digests: Digester
) -> Signer:
    if mechanism.hashes_itself or tlv.oid(signed.content_type) != "1.2.840.113549.1.7.1":
        return found.fail(SubIndication.FORMAT_FAILURE, "this kind of signature needs signed attributes")
    value = actual if mechanism.digest == hash_name else digests(mechanism.digest)
    if not verifies(key, mechanism, found.signature, digested=value):
        return found.fail(SubIndication.SIG_CRYPTO_FAILURE, "the signature does not verify")
    return found


def _check_attributes(found: Signer, signed: SignedData, attributes: Element, key: object, mechanism: Mechanism, actual: bytes) -> Signer:
    if not tlv.is_definite(attributes):
        return found.fail(SubIndication.FORMAT_FAILURE, "signed attributes are not DER")
    kinds, digests = found.signed.get(CONTENT_TYPE, []), found.signed.get(MESSAGE_DIGEST, [])
    if len(kinds) != 1 or len(digests) != 1 or tlv.oid(kinds[0]) != tlv.oid(signed.content_type):
        return found.fail(SubIndication.FORMAT_FAILURE, "content-type or message-digest is missing, doubled or wrong")
    if tlv.octets(digests[0]) != actual:
        return found.fail(SubIndication.HASH_FAILURE, "what was signed is not what is here")
    # Hashed as SET OF, whatever tag they stand under (RFC 5652 §5.4).
    data = b"\x31" + bytes(attributes.view[attributes.start + 1 : attributes.stop])
    if not verifies(key, mechanism, found.signature, data=data):
        return found.fail(SubIndication.SIG_CRYPTO_FAILURE, "the signature does not verify")
    named = _named_certificate(found)
    if named is not None and not named:
        return found.fail(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "the signature names another certificate")
    found.bound = bool(named)
    return found


def _attributes(element: Element) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = {}
    entries = tlv.items(element)
    if len(entries) > limits.ATTRIBUTES:
        raise TooLarge("too many attributes")
    for entry in entries:
        kind, values = _attribute(entry)
        name = tlv.oid(kind)
        if name in found:
            raise Malformed("an attribute stands twice")
        found[name] = values
    return found


def _unsigned(element: Element) -> list[tuple[str, Element, Element]]:
    entries = tlv.items(element)
    if len(entries) > limits.ATTRIBUTES:
        raise TooLarge("too many attributes")
    return [(tlv.oid(kind), kind, value) for kind, values in map(_attribute, entries) for value in values]


def _attribute(entry: Element) -> tuple[Element, list[Element]]:
    parts = tlv.items(entry, 0x30)
    if len(parts) != 2:
        raise Malformed("not an attribute")
    return parts[0], tlv.items(parts[1], 0x31)


def _digest_name(algorithm: Element) -> str | None:
    parts = tlv.items(algorithm, 0x30)
    return DIGESTS.get(tlv.oid(parts[0])) if parts else None


def _mechanism(algorithm: Element, hash_name: str | None) -> Mechanism | None:
    parts = tlv.items(algorithm, 0x30)
    if not parts:
        return None
    name = tlv.oid(parts[0])
    if name in KEYS_ALONE:
        return Mechanism(KEYS_ALONE[name], hash_name) if hash_name else None
    if name == PSS:
        return _pss(parts[1] if len(parts) > 1 else None)
    return SIGNATURES.get(name)


def _pss(parameters: Element | None) -> Mechanism | None:
    """RSASSA-PSS-params (RFC 8017 §A.2.3); absent parts are SHA-1, also for the mask, and 20."""
    name, mask, salt = "sha1", "sha1", 20
    for part in tlv.items(parameters, 0x30) if parameters is not None else []:
        value = tlv.items(part)[0]
        if part.tag == 0xA0:
            name = _digest_name(value) or ""
        elif part.tag == 0xA2:
            salt = tlv.integer(value)
        elif part.tag == 0xA1:
            inner = tlv.items(value, 0x30)
            if len(inner) != 2 or tlv.oid(inner[0]) != MGF1:
                return None
            mask = _digest_name(inner[1]) or ""
    return Mechanism("pss", name, salt, mask) if name and mask and salt in SALTS_BYTES else None


def _certificate(sid: Element, signed: SignedData, others: Iterable[bytes]) -> bytes | None:
    """The certificate that a SignerIdentifier names."""
    marks = _marks(sid)
    at_hand = (element.encoded for element in signed.certificates if element.tag == 0x30)
    possible = (encoded for encoded in chain(at_hand, others) if all(mark in encoded for mark in marks))
    for encoded in islice(possible, limits.CERTIFICATES):
        try:
            if _names(sid, encoded):
                return encoded
        except (ValueError, IndexError):
            continue
    return None


def _marks(sid: Element) -> list[bytes]:
    """Bytes that stand somewhere in the certificate that is named: most others are passed over without being read, however many there are."""
    if sid.tag == 0x30:
        return [part.encoded for part in tlv.items(sid)[:2]]
    return [tlv.octets(tlv.items(sid)[0]) if sid.tag == 0xA0 else sid.content]


def _names(sid: Element, encoded: bytes) -> bool:
    body = tlv.items(tlv.whole(encoded), 0x30)
    fields = [part for part in tlv.items(body[0], 0x30) if part.tag != 0xA0]
    if sid.tag == 0x30:
        issuer, serial = tlv.items(sid)[:2]
        return issuer.encoded == fields[2].encoded and serial.encoded == fields[0].encoded
    if sid.tag in (0x80, 0xA0):
        wanted = tlv.octets(tlv.items(sid)[0]) if sid.tag == 0xA0 else sid.content
        try:
            extension = x509.load_der_x509_certificate(encoded).extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        except Exception:  # a certificate that cannot be read is not the one
            return False
        return extension.value.digest == wanted
    return False


def _named_certificate(found: Signer) -> bool | None:
    """Whether the ESS attribute (RFC 5035) names the certificate; None when there is none."""
    for kind, default in ((SIGNING_CERTIFICATE_V2, "sha256"), (SIGNING_CERTIFICATE, "sha1")):
        values = found.signed.get(kind)
        if not values:
            continue
        identifiers = tlv.items(tlv.items(values[0], 0x30)[0], 0x30)
        if not identifiers or found.encoded is None:
            return False
        parts = tlv.items(identifiers[0], 0x30)
        name: str | None = default
        if parts[0].tag == 0x30:
            name, parts = _digest_name(parts[0]), parts[1:]
        if name is None or not parts:
            return False
        return hashlib.new(name, found.encoded, usedforsecurity=False).digest() == tlv.octets(parts[0])
    return None


def _signing_time(signer: Signer) -> datetime | None:
    values = signer.signed.get(SIGNING_TIME)
    try:
        return generalized_time(values[0]) if values else None
    except ValueError:
        return None


def _stamps(signed: SignedData, signer: Signer, digests: Digester, material: Material) -> Iterable[StampReading]:
    def over(data: bytes) -> Digester:
        return lambda name: digest(name, [data])

    for value in signer.signed.get(CONTENT_STAMP, [])[:4]:
        yield read_stamp(value.encoded, "content", digests, material)
    for value in signer.values(SIGNATURE_STAMP)[:20]:
        yield read_stamp(value.encoded, "signature", over(signer.signature), material)
    for value in signer.values(ARCHIVE_STAMP_V3)[:20]:
        yield read_stamp(value.encoded, "archive", _archived(signed, signer, value, digests), material)


def _archived(signed: SignedData, signer: Signer, token: Element, digests: Digester) -> Digester:
    """What an archive-time-stamp-v3 is over (EN 319 122-1 §5.5.3); None when its index names what is not here."""

    def of(name: str) -> bytes | None:
        content = digests(name)
        try:
            index = _hash_index(token)
        except (ValueError, IndexError):
            index = None
        if content is None or index is None or not _index_holds(signed, signer, index):
            return None
        fields = b"".join(part.encoded for part in signer.fields)
        return digest(name, [signed.content_type.encoded, content, fields, index.encoded])

    return of


def _hash_index(token: Element) -> Element | None:
    inner = parse(token.encoded)
    for part in tlv.items(inner.signers[0])[4:]:
        if part.tag == 0xA1:
            for name, _, value in _unsigned(part):
                if name in HASH_INDEXES:
                    return value
    return None


def _index_holds(signed: SignedData, signer: Signer, index: Element) -> bool:
    """Whether everything that the index names stands in the file (what came later need not be named)."""
    parts, name = tlv.items(index, 0x30), "sha256"
    if len(parts) == 4:
        name = _digest_name(parts[0]) or ""
        parts = parts[1:]
    if len(parts) != 3 or not name:
        return False
    here = (
        (digest(name, [element.encoded]) for element in signed.certificates),
        (digest(name, [element.encoded]) for element in signed.revocation),
        (digest(name, [kind.encoded, value.encoded]) for _, kind, value in signer.unsigned),
    )
    return all({tlv.octets(entry) for entry in tlv.items(part, 0x30)} <= set(present) for part, present in zip(parts, here, strict=True))


def _collect_values(signer: Signer, material: Material) -> None:
    """Certificates and revocation material that stand in attributes."""
    for value in signer.values(CERTIFICATE_VALUES):
        for element in tlv.items(value):
            material.add_certificate(element.encoded)
    for value in (*signer.values(REVOCATION_VALUES), *signer.signed.get(ADOBE_REVOCATION, [])):
        for part in tlv.items(value, 0x30):
            inner = tlv.items(part)[:1]
            for element in tlv.items(inner[0]) if inner else []:
                if part.tag == 0xA0:
                    material.add_list(element.encoded)
                elif part.tag == 0xA1:
                    material.add_answer(answer(element.encoded))
