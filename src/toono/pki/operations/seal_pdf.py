"""Seal PDFs for an organisation: PAdES B-T (ETSI EN 319 142-1), as an incremental update that leaves PDF/A-2b intact.

The fast path: our own update around a hand-encoded CAdES, two requests to the signer for up to a thousand documents. A file whose structure
it does not know is sealed by pyHanko.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from typing import NamedTuple

from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.pki import queries
from toono.pki.adapters.signer import client
from toono.pki.contracts import SignatureLevel
from toono.pki.domain.signatures import cades, pades
from toono.pki.domain.signatures.pdf_file import PdfFile
from toono.pki.domain.signatures.pdf_syntax import UnfamiliarPdf
from toono.pki.domain.signatures.signatory import Signatory
from toono.pki.errors import DocumentClosed, NoSealCertificate
from toono.pki.models import Certificate
from toono.pki.operations import sign_by_pyhanko
from toono.pki.operations.signatories import signatory
from toono.pki.operations.time_stamp_batch import time_stamps

FIELD = "Toono"
BATCH_LIMIT = 1000
"""As many digests as the signer takes at once."""


def seal_pdf(*, actor: Actor, organisation: str, pdf: bytes, reason: str, location: str) -> bytes:
    """The sealed file."""
    return seal_pdfs(actor=actor, organisation=organisation, pdfs=[pdf], reason=reason, location=location)[0]


def seal_pdfs(
    *, actor: Actor, organisation: str, pdfs: Sequence[bytes], reason: str, location: str, level: SignatureLevel = SignatureLevel.B_T
) -> list[bytes]:
    """The sealed files, in the order given; B-B or B-T."""
    if not (actor.role is Role.SYSTEM or (actor.role is Role.OFFICER and actor.organisation == organisation)):
        raise NotAllowed(f"{actor} may not use the seal of {organisation}")
    row = queries.current(label=f"seal/{organisation}")
    if row is None:
        raise NoSealCertificate(f"no valid certificate for the seal of {organisation}")
    sealed = [
        one
        for begin in range(0, len(pdfs), BATCH_LIMIT)
        for one in _sealed(row, pdfs[begin : begin + BATCH_LIMIT], reason, location, stamped=level is not SignatureLevel.B_B)
    ]
    with transaction.atomic() if len(sealed) > 1 else nullcontext():  # one commit for all of them
        for one in sealed:
            audit.record(
                actor=actor,
                action="pki.seal_pdf",
                subject=f"certificate:{row.serial}",
                organisation_code=organisation,
                sha256=hashlib.sha256(one).hexdigest(),
            )
    return sealed


class _Prepared(NamedTuple):
    """A familiar file that lacks only its signature, and what is to be signed."""

    pdf: pades.Prepared
    attributes: bytes


def _sealed(row: Certificate, pdfs: Sequence[bytes], reason: str, location: str, *, stamped: bool = True) -> list[bytes]:
    who = signatory(row)
    said = pades.Said(row.organisation or row.common_name, now(), reason, location)
    prepared = [_prepare(pdf, who, said, stamped=stamped) for pdf in pdfs]
    familiar = [one for one in prepared if one is not None]
    signatures = client().sign(key=row.key, digests=[who.digest(one.attributes) for one in familiar]) if familiar else []
    tokens: Sequence[bytes | None] = (
        time_stamps(digests=[hashlib.sha256(s).digest() for s in signatures]) if stamped else [None] * len(signatures)
    )
    done = iter([pades.sealed(one.pdf, who, one.attributes, s, t) for one, s, t in zip(familiar, signatures, tokens, strict=True)])
    return [next(done) if one is not None else _by_pyhanko(row, pdf, said, stamped) for one, pdf in zip(prepared, pdfs, strict=True)]


def _prepare(pdf: bytes, who: Signatory, said: pades.Said, *, stamped: bool) -> _Prepared | None:
    """None for a file whose structure the fast path does not know.

    The first seal closes the document: readers then show any later change as a change.
    """
    try:
        file = PdfFile(pdf)
        first = not file.signatures()
        if file.permission() == pades.CLOSED:
            raise DocumentClosed("a certifying signature allows no other")
        certify = pades.CLOSED if first else None
        prepared = pades.prepare(file, who, said, field=pades.field_name(file, FIELD), stamped=stamped, certify=certify)
    except UnfamiliarPdf:
        return None
    return _Prepared(prepared, cades.signed_attributes(who, prepared.digest(who.hash), at=None))


def _by_pyhanko(row: Certificate, pdf: bytes, said: pades.Said, stamped: bool) -> bytes:
    return sign_by_pyhanko.sign(
        row=row, pdf=pdf, said=said, field=FIELD, level=SignatureLevel.B_T if stamped else SignatureLevel.B_B, certify=True
    )
