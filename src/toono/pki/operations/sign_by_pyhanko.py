"""Sign a PDF whose structure the fast path does not know, with pyHanko: slower, and at home in every kind of file."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

from asn1crypto import algos, cms, crl, ocsp
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from toono.kernel.clock import now
from toono.kernel.ids import uuid7
from toono.pki import queries
from toono.pki.adapters.signer import client
from toono.pki.contracts import SignatureLevel
from toono.pki.domain import timestamps
from toono.pki.domain.signatures.pades import Said
from toono.pki.domain.signatures.signatory import Material, Signatory
from toono.pki.errors import DocumentClosed, UnreadablePdf
from toono.pki.models import Certificate
from toono.pki.operations.signatories import signatory
from toono.pki.operations.time_stamp import unit

RESERVED_BYTES = 12 * 1024
"""Room for the signature, its certificates and the time-stamp; fixed, so that nothing is signed twice."""

Sign = Callable[[bytes], bytes]
"""A signature (DER) over a digest."""


def sign(*, row: Certificate, pdf: bytes, said: Said, field: str, level: SignatureLevel, certify: bool, sign: Sign | None = None) -> bytes:
    """The signed file; B-B, or B-T for every other level.

    :raises UnreadablePdf:
    :raises DocumentClosed: a signature in it allows no other.
    """
    try:
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        count = len(writer.prev.embedded_signatures)
        name = field if not count else f"{field}-{count + 1}"
        metadata = signers.PdfSignatureMetadata(
            field_name=name,
            md_algorithm=signatory(row).hash,
            subfilter=SigSeedSubFilter.PADES,
            reason=said.reason or None,
            location=said.location or None,
            name=said.name,
            certify=certify and not count,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        )
        sealer = signers.PdfSigner(
            metadata,
            _Signer(row, signatory(row), sign),
            timestamper=None if level is SignatureLevel.B_B else OwnStamper(),
            new_field_spec=SigFieldSpec(name),
        )
        output: Any = asyncio.run(sealer.async_sign_pdf(writer, bytes_reserved=RESERVED_BYTES))
    except SigningError as error:
        raise DocumentClosed(str(error)) from error
    except (PdfError, ValueError, KeyError) as error:
        raise UnreadablePdf(str(error)) from error
    return bytes(output.getbuffer())


def with_material(pdf: bytes, material: Material) -> bytes:
    """B-LT of a B-T."""
    output = BytesIO(pdf)
    DocumentSecurityStore.add_dss(
        output,
        None,
        certs=[asn1_x509.Certificate.load(one) for one in material.certificates],
        crls=[crl.CertificateList.load(one) for one in material.lists],
        ocsps=[ocsp.OCSPResponse.load(one) for one in material.answers],
    )
    return output.getvalue()


def with_time_stamp(pdf: bytes) -> bytes:
    """B-LTA of a B-LT: a document time-stamp."""
    output: Any = asyncio.run(
        signers.PdfTimeStamper(OwnStamper()).async_timestamp_pdf(
            IncrementalPdfFileWriter(BytesIO(pdf)), "sha256", bytes_reserved=RESERVED_BYTES
        )
    )
    return bytes(output.getbuffer())


def certificates_in(pdf: bytes) -> list[bytes]:
    """DER of the certificates in all signatures and their time-stamps."""
    held: list[bytes] = []
    for signature in PdfFileReader(BytesIO(pdf)).embedded_signatures:
        held += [one.chosen.dump() for one in signature.signed_data["certificates"]]
        for token in extract_tst_data_iter(signature.signer_info, signed=False):
            held += [one.chosen.dump() for one in token["certificates"]]
    return held


class _Signer(signers.Signer):
    """pyHanko's signer whose signature comes from our signer process."""

    def __init__(self, row: Certificate, who: Signatory, sign: Sign | None) -> None:
        certificates = SimpleCertificateStore.from_certs([asn1_x509.Certificate.load(one) for one in who.certificates])  # type: ignore[no-untyped-call]
        super().__init__(
            signing_cert=queries.parsed_for_cms(row.pem),
            cert_registry=certificates,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": f"{who.hash}_ecdsa"}),
            embed_roots=False,
        )
        self._sign = sign or (lambda digest: client().sign(key=row.key, digests=[digest])[0])

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return self._sign(hashlib.new(digest_algorithm, data).digest())


class OwnStamper(TimeStamper):
    """Time-stamps from our own unit, in this process: a seal does not fail because the portal is down."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._unit = unit()  # read here: inside the event loop Django's tables are out of reach

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        request = timestamps.StampRequest(md_algorithm, message_digest)
        return cms.ContentInfo.load(timestamps.token(request, unit=self._unit, serial=uuid7().int, at=now()))
