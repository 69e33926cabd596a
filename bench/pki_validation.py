"""Validations of one sealed PDF a second (B-T, one page), beside pyHanko's of the same file with the same root, in one run.

The door reads each file in a process of its own, with bounds of memory and time; pyHanko reads it here. Ours without that process shows what
the work itself costs. Ours asks the register about revocation; pyHanko is told to ask nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from io import BytesIO

from bench.load import Row, calls, django
from bench.pki_seals import ORGANISATION, certificate, document
from tests.stage import Stack

SECONDS = 4.0


def measure(stack: Stack, *, seconds: float = SECONDS) -> Iterator[Row]:
    """The rows, each measured for ``seconds``."""
    django(stack)
    pdf = _sealed()
    peer = calls(_by_pyhanko(pdf), seconds)
    yield Row("pyHanko: validation of a sealed PDF", peer, "no revocation asked, in this process")
    for work, job in (
        ("**validation of a sealed PDF: read, judged, put into words**", _in_this_process(pdf)),
        ("the same through the door, in a process of its own", _through_the_door(pdf)),
    ):
        found = calls(job, seconds)
        yield Row(work, found, f"{found.per_second / peer.per_second:.2f} of pyHanko; revocation from the register")


def _sealed() -> bytes:
    from toono.kernel.actor import system
    from toono.pki import api

    certificate()
    return api.seal_pdf(actor=system("bench"), organisation=ORGANISATION, pdf=document(), reason="x", location="y")


def _by_pyhanko(pdf: bytes) -> Callable[[], object]:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import async_validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    from toono.pki import queries

    roots = [queries.parsed_for_cms(text) for text in queries.trust_anchors()]

    def context() -> ValidationContext:
        return ValidationContext(trust_roots=roots, allow_fetching=False, revocation_mode="soft-fail")

    def validate() -> None:
        [seal] = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
        status = asyncio.run(async_validate_pdf_signature(seal, signer_validation_context=context(), ts_validation_context=context()))
        if not status.bottom_line:
            raise RuntimeError(f"pyHanko does not find it good: {status.summary()}")

    return validate


def _in_this_process(pdf: bytes) -> Callable[[], object]:
    from toono.kernel.clock import now
    from toono.pki.domain.validation import formats
    from toono.pki.operations import validate, validation_words

    def job() -> None:
        report = validate._joined(formats.read(memoryview(pdf), None), name="x.pdf", size=len(pdf), digest="", at=now())
        _good(validation_words.explained(report).indication)

    return job


def _through_the_door(pdf: bytes) -> Callable[[], object]:
    from toono.pki import api

    return lambda: _good(api.validate(name="x.pdf", content=pdf).indication)


def _good(indication: str) -> None:
    from toono.pki.contracts import Indication

    if indication is not Indication.TOTAL_PASSED:
        raise RuntimeError(f"it is not found good: {indication}")
