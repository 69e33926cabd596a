"""Signing of an application, before it is sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from toono.kernel.clock import now
from toono.services.contracts import SignatureKind, Text
from toono.services.domain.definition import Definition
from toono.services.models import Case, CaseSignature

APPLICANT = "applicant"


def required(case: Case, definition: Definition) -> bool:
    """Whether somebody must sign this case."""
    return definition.signing.kind is not SignatureKind.NONE or bool(definition.signing.signers)


def counts(case: Case, definition: Definition, token: str, at: datetime) -> dict[str, CaseSignature]:
    """The signatures under ``token`` that still count at ``at``, by role: one that waited too long for the others counts no more."""
    since = at - timedelta(days=definition.signing.days)
    return {row.role: row for row in CaseSignature.objects.filter(case=case, digest=token, signed_at__gte=since)}


def roles(case: Case, definition: Definition) -> dict[str, Text]:
    """Who must sign this case: the applicant, and those whom its answers name."""
    asked = {signer.question: signer.label for signer in definition.signing.signers if case.answers.get(signer.question)}
    if definition.signing.kind is not SignatureKind.NONE or asked:
        return {APPLICANT: Text(mn="Хүсэлт гаргагч", en="Applicant"), **asked}
    return asked


def complete(case: Case, definition: Definition, token: str) -> bool:
    """Whether everybody who must sign has signed what ``token`` is the digest of."""
    return set(roles(case, definition)) <= set(counts(case, definition, token, now()))


def begun(case: Case, definition: Definition, token: str) -> bool:
    """Whether somebody has signed what ``token`` is the digest of: until it is sent or changed by hand it must stay the same."""
    return required(case, definition) and bool(counts(case, definition, token, now()))
