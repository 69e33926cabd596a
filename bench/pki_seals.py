"""Seals a second: our fast path beside pyHanko at the same level, and beside ``openssl speed`` of the signature alone, in one run.

The document is one page of PDF/A-2b as the platform renders it. Rates are of one caller. "Key in hand" leaves the signer out and shows what the
format costs; all else asks the signer over its socket, as the platform does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bench.load import Result, Row, calls, django
from bench.peers import openssl_signs
from tests.stage import Stack

if TYPE_CHECKING:
    from toono.pki.models import Certificate

BATCH = 100
SECONDS = 4.0
ORGANISATION = "bench-seals"


def measure(stack: Stack, *, seconds: float = SECONDS) -> Iterator[Row]:
    """The rows, each measured for ``seconds``."""
    raw = openssl_signs("p256", max(1, round(seconds / 2)))
    yield Row("openssl speed ecdsap256: the signature alone", Result(raw, 1000 / raw, 0, 0, 0), "one core")
    django(stack)
    row, pdf = certificate(), document()
    slow = {level: calls(work, seconds) for level, work in _by_pyhanko(row, pdf).items()}
    for work, level, job, count in _fast(row, pdf):
        found = calls(job, seconds, count=count)
        times = found.per_second / slow[level].per_second if level in slow else 0
        beside = f"{found.per_second / raw:.3f} of openssl's" + (f"; {times:.0f} times pyHanko" if times else "")
        yield Row(work, found, beside)
    for level, found in slow.items():
        yield Row(f"pyHanko {level}, key in the signer", found, "what seals a file of unknown structure")


def certificate() -> Certificate:
    from toono.kernel.actor import system
    from toono.pki import api, queries
    from toono.pki.contracts import Profile, SubjectName

    subject = SubjectName(common_name="Сорилын газар", organisation="Сорилын улсын газар", register_number="9000001")
    api.certificate_for(actor=system("bench"), key=f"seal/{ORGANISATION}", profile=Profile.SEAL, subject=subject)
    row = queries.current(label=f"seal/{ORGANISATION}")
    if row is None:
        raise RuntimeError("there is no certificate")
    return row


def document() -> bytes:
    import typst

    return bytes(typst.compile('#set document(title: "Лавлагаа")\nЛавлагаа'.encode(), format="pdf", pdf_standards="a-2b"))


def _fast(row: Certificate, pdf: bytes) -> Iterator[tuple[str, str, Callable[[], object], int]]:
    """Work, level, job, documents a job seals."""
    from toono.kernel.actor import system
    from toono.pki import api
    from toono.pki.operations.seal_pdf import _sealed

    many = [pdf] * BATCH
    yield "fast seal B-B, key in hand", "B-B", _with_key_in_hand(row, pdf), 1
    yield "**fast seal B-B**", "B-B", lambda: _sealed(row, [pdf], "x", "y", stamped=False), 1
    yield f"fast seal B-B, {BATCH} at once", "B-B", lambda: _sealed(row, many, "x", "y", stamped=False), BATCH
    yield "**fast seal B-T**", "B-T", lambda: _sealed(row, [pdf], "x", "y"), 1
    yield f"fast seal B-T, {BATCH} at once", "B-T", lambda: _sealed(row, many, "x", "y"), BATCH
    whole = {"actor": system("bench"), "organisation": ORGANISATION, "reason": "x", "location": "y"}
    yield "the door: B-T with its audit", "B-T", lambda: api.seal_pdf(pdf=pdf, **whole), 1  # type: ignore[arg-type]


def _with_key_in_hand(row: Certificate, pdf: bytes) -> Callable[[], object]:
    """The format alone: another key on the same curve signs here, which costs the same."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    from toono.kernel.clock import now
    from toono.pki.domain.signatures import cades, pades
    from toono.pki.domain.signatures.pdf_file import PdfFile
    from toono.pki.operations.signatories import signatory

    who, key, said = signatory(row), ec.generate_private_key(ec.SECP256R1()), pades.Said("x", now(), "x", "y")

    def seal() -> bytes:
        prepared = pades.prepare(PdfFile(pdf), who, said, field="Toono", stamped=False, certify=pades.CLOSED)
        attributes = cades.signed_attributes(who, prepared.digest("sha256"), at=None)
        return pades.sealed(prepared, who, attributes, key.sign(attributes, ec.ECDSA(hashes.SHA256())), None)

    return seal


def _by_pyhanko(row: Certificate, pdf: bytes) -> dict[str, Callable[[], object]]:
    from toono.kernel.clock import now
    from toono.pki.contracts import SignatureLevel
    from toono.pki.domain.signatures.pades import Said
    from toono.pki.operations import sign_by_pyhanko

    said = Said("x", now(), "x", "y")

    def job(level: SignatureLevel) -> Callable[[], object]:
        return lambda: sign_by_pyhanko.sign(row=row, pdf=pdf, said=said, field="Toono", level=level, certify=True)

    return {"B-B": job(SignatureLevel.B_B), "B-T": job(SignatureLevel.B_T)}
