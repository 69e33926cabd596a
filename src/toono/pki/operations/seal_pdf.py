"""Seal a PDF for an organisation: PAdES B-T (ETSI EN 319 142-1), as an incremental update that leaves PDF/A-2b intact."""

from __future__ import annotations

import asyncio
import hashlib
from functools import lru_cache
from io import BytesIO
from typing import Any

from asn1crypto import algos, cms
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.ids import uuid7
from toono.pki import queries
from toono.pki.adapters.signer import client
from toono.pki.domain import timestamps
from toono.pki.errors import NoSealCertificate, UnreadablePdf
from toono.pki.models import Certificate
from toono.pki.operations.time_stamp import unit

FIELD = "Toono"
RESERVED_BYTES = 12 * 1024
"""Room for the signature, its certificates and the time-stamp (about 9 kB as hex); fixed, so that nothing is signed twice."""


def seal_pdf(*, actor: Actor, organisation: str, pdf: bytes, reason: str, location: str) -> bytes:
    """The sealed file."""
    if not (actor.role is Role.SYSTEM or (actor.role is Role.OFFICER and actor.organisation == organisation)):
        raise NotAllowed(f"{actor} may not use the seal of {organisation}")
    row = queries.current(label=f"seal/{organisation}")
    if row is None:
        raise NoSealCertificate(f"no valid certificate for the seal of {organisation}")
    sealed = _sealed(row, queries.chain(row), pdf, reason, location)
    audit.record(
        actor=actor,
        action="pki.seal_pdf",
        subject=f"certificate:{row.serial}",
        organisation_code=organisation,
        sha256=hashlib.sha256(sealed).hexdigest(),
    )
    return sealed


class _Signer(signers.Signer):
    """pyHanko's signer whose signature comes from our signer process."""

    def __init__(self, pem: str, chain: tuple[str, ...], key: str) -> None:
        certificates = SimpleCertificateStore.from_certs([queries.parsed_for_cms(text) for text in (pem, *chain)])  # type: ignore[no-untyped-call]
        super().__init__(
            signing_cert=queries.parsed_for_cms(pem),
            cert_registry=certificates,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            embed_roots=False,
        )
        self._key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return client().sign(key=self._key, digests=[hashlib.sha256(data).digest()])[0]


class _OwnStamper(TimeStamper):
    """Time-stamps from our own unit, in this process: a seal does not fail because the portal is down."""

    def __init__(self, unit: timestamps.Unit) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._unit = unit

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        request = timestamps.StampRequest(md_algorithm, message_digest)
        return cms.ContentInfo.load(timestamps.token(request, unit=self._unit, serial=uuid7().int, at=now()))


@lru_cache(maxsize=256)
def _signer(pem: str, chain: tuple[str, ...], key: str) -> _Signer:
    """Made once for each certificate: reading its chain costs more than signing."""
    return _Signer(pem, chain, key)


def _sealed(row: Certificate, chain: tuple[str, ...], pdf: bytes, reason: str, location: str) -> bytes:
    try:
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        first = not writer.prev.embedded_signatures
    except (PdfError, ValueError, KeyError) as error:
        raise UnreadablePdf(str(error)) from error
    field = FIELD if first else f"{FIELD}-{len(writer.prev.embedded_signatures) + 1}"
    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        reason=reason,
        location=location,
        name=row.organisation,
        # The first seal closes the document: readers then show any later change as a change.
        certify=first,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    sealer = signers.PdfSigner(
        metadata, _signer(row.pem, chain, row.key), timestamper=_OwnStamper(unit()), new_field_spec=SigFieldSpec(field)
    )
    output: Any = asyncio.run(sealer.async_sign_pdf(writer, bytes_reserved=RESERVED_BYTES))
    return bytes(output.getbuffer())
