"""CAdES (ETSI EN 319 122-1) encoded by hand: B-B and B-T in some microseconds, B-LT and B-LTA by adding to what is there. Pure.

The Cryptographic Message Syntax is RFC 5652; DER throughout, members of sets in order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509

from toono.pki.domain import der
from toono.pki.domain.signatures.signatory import Material, Signatory, Stamper, hash_identifier

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14"
ARCHIVE_TIME_STAMP_V3 = "0.4.0.1733.2.4"

_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_TIME = "1.2.840.113549.1.9.5"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_HASH_INDEX_V3 = "0.4.0.1733.2.5"
_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"  # RFC 5940 §2

_LISTS, _OTHER = 0x30, 0xA1
"""Tags of a RevocationInfoChoice: a list stands bare, an OCSP answer as ``[1] OtherRevocationInfoFormat``."""


def signed_attributes(signatory: Signatory, digest: bytes, *, at: datetime | None) -> bytes:
    """DER of the SET OF signed attributes: what the key signs.

    :param at: the signing time; None for PAdES, where it stands in the PDF (EN 319 142-1 §6.3).
    """
    attributes = [
        _OF_DATA,
        attribute(_MESSAGE_DIGEST, der.octets(digest)),
        attribute(_SIGNING_CERTIFICATE_V2, signatory.signing_certificate),
    ]
    if at is not None:
        attributes.append(attribute(_SIGNING_TIME, der.utc_time(at)))
    return der.set_of(*attributes)


def signed_data(
    signatory: Signatory, attributes: bytes, signature: bytes, *, content: bytes | None = None, unsigned: Sequence[bytes] = ()
) -> bytes:
    """The signature as ContentInfo.

    :param content: what was signed, to stand inside; None for a detached signature.
    """
    signer = _signer_info(signatory, attributes, signature, unsigned)
    inside = der.explicit(0, der.octets(content)) if content is not None else b""
    signed = der.sequence(
        _ONE,
        der.set_of(signatory.hash_algorithm),
        der.sequence(der.oid(DATA), inside),
        der.set_of(*signatory.certificates, tag=0xA0),
        der.set_of(signer),
    )
    return der.sequence(der.oid(SIGNED_DATA), der.explicit(0, signed))


def signed_beside(cms: bytes, signatory: Signatory, attributes: bytes, signature: bytes) -> bytes:
    """One more signer over the same content. Signers are a set (RFC 5652 §5.1): none covers another, and no byte of theirs changes.

    :raises ValueError: no SignedData, or one over something else than data.
    """
    version, algorithms, content, sets, signers = _parts(cms)
    if der.children(content)[0] != der.oid(DATA):
        raise ValueError("a signature over another type of content")
    hashes = dict.fromkeys((*der.children(algorithms), signatory.hash_algorithm))
    certificates = _joined(sets.get(0xA0, ()), signatory.certificates)
    signed = der.sequence(
        version,
        der.set_of(*hashes),
        content,
        der.set_of(*certificates, tag=0xA0),
        der.set_of(*sets[0xA1], tag=0xA1) if sets.get(0xA1) else b"",
        der.set_of(*signers, _signer_info(signatory, attributes, signature)),
    )
    return der.sequence(der.oid(SIGNED_DATA), der.explicit(0, signed))


def _signer_info(signatory: Signatory, attributes: bytes, signature: bytes, unsigned: Sequence[bytes] = ()) -> bytes:
    return der.sequence(
        _ONE,
        signatory.identifier,
        signatory.hash_algorithm,
        b"\xa0" + attributes[1:],  # [0] IMPLICIT
        signatory.signature_algorithm,
        der.octets(signature),
        der.set_of(*unsigned, tag=0xA1) if unsigned else b"",
    )


def signature_values(cms: bytes) -> list[bytes]:
    """The value of each signer's signature.

    :raises ValueError: no SignedData.
    """
    return [_octets(_fields(signer)[0][-1]) for signer in _parts(cms)[-1]]


def message(cms: bytes) -> bytes | None:
    """The signed content, where it stands inside.

    :raises ValueError: no SignedData.
    """
    return _inside(_parts(cms)[2])


def attribute(kind: str, value: bytes) -> bytes:
    """Attribute of one value."""
    return der.sequence(der.oid(kind), der.set_of(value))


def signature_time_stamp(token: bytes) -> bytes:
    """Unsigned attribute with a token over the signature value (EN 319 122-1 §5.3)."""
    return attribute(SIGNATURE_TIME_STAMP, token)


@dataclass(frozen=True)
class Signed:
    """A CMS signature taken apart around one of its signers; each field as it is encoded, so that nothing signed ever changes."""

    version: bytes
    algorithms: bytes
    content: bytes
    """EncapsulatedContentInfo."""
    certificates: tuple[bytes, ...]
    revocations: tuple[bytes, ...]
    signer: tuple[bytes, ...]
    """SignerInfo up to and with the signature value."""
    unsigned: tuple[bytes, ...]
    """Unsigned attributes."""
    others: tuple[bytes, ...] = ()
    """The other SignerInfos, untouched."""

    @classmethod
    def read(cls, cms: bytes, value: bytes | None = None) -> Signed:
        """
        :param value: of the signature that is meant; None where there is but one.
        :raises ValueError: no DER, no SignedData, several signers, or none with this value.
        """
        version, algorithms, content, sets, signers = _parts(cms)
        meant = [one for one in signers if value is None or _octets(_fields(one)[0][-1]) == value]
        if len(meant) != 1:
            raise ValueError("one signer is expected")
        fields, unsigned = _fields(meant[0])
        others = tuple(one for one in signers if one is not meant[0])
        return cls(version, algorithms, content, sets.get(0xA0, ()), sets.get(0xA1, ()), fields, unsigned, others)

    def encoded(self) -> bytes:
        version = der.integer(5) if any(choice[0] != _LISTS for choice in self.revocations) else self.version
        signer = der.sequence(*self.signer, der.set_of(*self.unsigned, tag=0xA1) if self.unsigned else b"")
        signed = der.sequence(
            version,
            self.algorithms,
            self.content,
            der.set_of(*self.certificates, tag=0xA0) if self.certificates else b"",
            der.set_of(*self.revocations, tag=0xA1) if self.revocations else b"",
            der.set_of(signer, *self.others),
        )
        return der.sequence(der.oid(SIGNED_DATA), der.explicit(0, signed))

    @property
    def value(self) -> bytes:
        """The signature value: what a signature time-stamp is over."""
        return _octets(self.signer[-1])

    @property
    def message(self) -> bytes | None:
        """The signed content, where it stands inside."""
        return _inside(self.content)

    @property
    def own_certificates(self) -> tuple[bytes, ...]:
        """Of this signer and the authorities above it, as far as they stand here; all, where the signer is named in another way."""
        held = [(one, x509.load_der_x509_certificate(one)) for one in self.certificates]
        named = [der.sequence(one.issuer.public_bytes(), der.integer(one.serial_number)) for _, one in held]
        if self.signer[1] not in named:
            return self.certificates
        chain = [held[named.index(self.signer[1])]]
        while above := next((one for one in held if one not in chain and one[1].subject == chain[-1][1].issuer), None):
            chain.append(above)
        return tuple(encoded for encoded, _ in chain)

    def values(self, kind: str) -> list[bytes]:
        """Values of the unsigned attributes of one kind."""
        found = [der.children(one) for one in self.unsigned]
        return [value for name, held in found if name == der.oid(kind) for value in der.children(held)]


def time_stamped(cms: bytes, stamp: Stamper, *, value: bytes | None = None) -> bytes:
    """B-T of a B-B. Here and below, ``value`` names the signature where there are several."""
    signed = Signed.read(cms, value)
    token = stamp(hashlib.sha256(signed.value).digest())
    return replace(signed, unsigned=(*signed.unsigned, signature_time_stamp(token))).encoded()


def with_material(cms: bytes, material: Material, *, value: bytes | None = None) -> bytes:
    """B-LT of a B-T: certificates and revocation data join those of the SignedData (EN 319 122-1 §6.3)."""
    signed = Signed.read(cms, value)
    answers = [
        der.element(_OTHER, der.oid(_OCSP_RESPONSE), answer) for answer in material.answers
    ]  # [1] IMPLICIT SEQUENCE { format, info }
    return replace(
        signed,
        certificates=_joined(signed.certificates, material.certificates),
        revocations=_joined(signed.revocations, (*material.lists, *answers)),
    ).encoded()


def archive_time_stamped(cms: bytes, stamp: Stamper, *, value: bytes | None = None, detached: bytes | None = None) -> bytes:
    """B-LTA of a B-LT, and each renewal of it: archive-time-stamp-v3 (EN 319 122-1 §5.5.3).

    :param detached: what was signed, where it does not stand inside.
    :raises ValueError: the content is not at hand.
    """
    signed = Signed.read(cms, value)
    index = hash_index(signed)
    message = signed.message if signed.message is not None else detached
    if message is None:
        raise ValueError("the signed content is needed for an archive time-stamp")
    token = Signed.read(stamp(hashlib.sha256(archive_imprint(signed, index, message)).digest()))
    token = replace(token, unsigned=(*token.unsigned, attribute(_HASH_INDEX_V3, index)))
    return replace(signed, unsigned=(*signed.unsigned, attribute(ARCHIVE_TIME_STAMP_V3, token.encoded()))).encoded()


def hash_index(signed: Signed) -> bytes:
    """ATSHashIndexV3 (EN 319 122-1 §5.5.2): SHA-256 of every certificate, revocation value and unsigned attribute's value."""
    attributes = []
    for one in signed.unsigned:
        kind, held = der.children(one)
        attributes += [kind + value for value in der.children(held)]
    return der.sequence(hash_identifier("sha256"), *(_digests(part) for part in (signed.certificates, signed.revocations, attributes)))


def archive_imprint(signed: Signed, index: bytes, message: bytes) -> bytes:
    """What an archive time-stamp is over: the content's type and hash, the SignerInfo's signed part, the index (§5.5.3)."""
    kind, *_ = der.children(signed.content)
    return b"".join((kind, hashlib.sha256(message).digest(), *signed.signer, index))


def _parts(cms: bytes) -> tuple[bytes, bytes, bytes, dict[int, tuple[bytes, ...]], list[bytes]]:
    """Version, digest algorithms, content, the optional sets by their tags, and the signers of a SignedData."""
    kind, outer = der.children(cms)
    if kind != der.oid(SIGNED_DATA):
        raise ValueError("no SignedData")
    [signed] = der.children(outer)
    version, algorithms, content, *optional, signers = der.children(signed)
    return version, algorithms, content, {part[0]: tuple(der.children(part)) for part in optional}, der.children(signers)


def _fields(signer: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """A SignerInfo up to and with the signature value, and its unsigned attributes."""
    fields = der.children(signer)
    unsigned = der.children(fields.pop()) if fields and fields[-1][0] == 0xA1 else []
    if not fields:
        raise ValueError("a SignerInfo without a signature")
    return tuple(fields), tuple(unsigned)


def _inside(content: bytes) -> bytes | None:
    _, *inside = der.children(content)
    if not inside:
        return None
    [octets] = der.children(inside[0])
    return _octets(octets)


def _octets(element: bytes) -> bytes:
    begin, end = der.length(element)
    return element[begin:end]


def _digests(values: Iterable[bytes]) -> bytes:
    return der.sequence(*(der.octets(hashlib.sha256(value).digest()) for value in values))


def _joined(first: tuple[bytes, ...], more: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys((*first, *more)))


_ONE = der.integer(1)
_OF_DATA = attribute(_CONTENT_TYPE, der.oid(DATA))
