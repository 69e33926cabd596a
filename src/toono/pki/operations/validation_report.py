"""The report of a validation as a sealed PDF."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toono.kernel.actor import Actor
from toono.kernel.clock import now
from toono.pki import queries
from toono.pki.adapters import report_paper
from toono.pki.contracts import (
    Indication,
    Profile,
    SignatureReport,
    SignedFileKind,
    SubIndication,
    SubjectName,
    TimeSource,
    ValidationReport,
)
from toono.pki.operations.issue_certificate import issue_certificate
from toono.pki.operations.seal_pdf import seal_pdf
from toono.pki.operations.validation_words import moment

OWNER = "toono-platform"
"""Whose seal stands on reports: the platform's own. No organisation has this code."""
_TONES = {Indication.TOTAL_PASSED: "passed", Indication.TOTAL_FAILED: "failed", Indication.INDETERMINATE: "unknown"}


def sealed_report(*, actor: Actor, report: ValidationReport) -> bytes:
    """The report as PDF/A-2b under the platform's seal.

    :raises SignerUnavailable: it cannot be sealed now.
    """
    operator = queries.authority(Profile.ROOT)
    subject = SubjectName.of(operator.organisation, operator.register_number)
    issue_certificate(actor=actor, label=f"seal/{OWNER}", profile=Profile.SEAL, subject=subject)
    content = report_paper.pdf(data=_sheet(report, operator.organisation), at=now())
    return seal_pdf(actor=actor, organisation=OWNER, pdf=content, reason=_("Шалгалтын тайлан"), location="Улаанбаатар")


def verdict(indication: Indication) -> str:
    """The answer in one or two large words."""
    return {
        Indication.TOTAL_PASSED: _("Хүчинтэй"),
        Indication.TOTAL_FAILED: _("Хүчингүй"),
        Indication.INDETERMINATE: _("Баталж чадсангүй"),
    }[indication]


def kind(which: SignedFileKind) -> str:
    """What sort of file it is, in words."""
    return {
        SignedFileKind.PDF: _("PDF баримт"),
        SignedFileKind.CADES: _("Гарын үсгийн файл (CAdES)"),
        SignedFileKind.XADES: _("XML баримт (XAdES)"),
        SignedFileKind.ASIC_E: _("Гарын үсэгтэй багц (ASiC-E)"),
        SignedFileKind.ASIC_S: _("Гарын үсэгтэй багц (ASiC-S)"),
        SignedFileKind.OPEN_DOCUMENT: _("OpenDocument баримт"),
        SignedFileKind.JADES: _("JSON баримт (JAdES)"),
        SignedFileKind.TIME_STAMP: _("Цаг тэмдэг (RFC 3161)"),
        SignedFileKind.EXCHANGE: _("Мэдээлэл солилцооны зурвас"),
        SignedFileKind.UNKNOWN: _("Бидний уншдаггүй төрлийн файл"),
    }[which]


def word(report: ValidationReport) -> str:
    """The answer about the file in one or two large words: a verdict, if there is something to judge."""
    if report.signatures or report.stamp or report.sub_indication:
        return verdict(report.indication)
    return kind(report.kind) if report.kind in (SignedFileKind.EXCHANGE, SignedFileKind.UNKNOWN) else _("Гарын үсэг алга")


def rows(one: SignatureReport) -> list[tuple[str, str]]:
    """What is known of a signature, line by line: for the page and for the paper."""
    who, found = one.signatory, []
    if who:
        found = [(_("Хэн"), who.name), (_("Байгууллага"), who.organisation), (_("Гэрчилгээ олгосон"), who.issuer)]
    found += [
        (_("Итгэлийн эх сурвалж"), one.trust_source if one.trusted else _("Бидний мэдэхгүй")),
        (_("Хэзээ"), time(one)),
        (_("Түвшин"), one.level.value if one.level.value != "none" else _("Суурь шаардлага хангаагүй")),
        (_("Юуг хамарсан"), ", ".join(one.covered[:20])),
        (_("Тайлбар"), " ".join(part for part in (one.sub_indication and one.sub_indication.value, one.detail) if part)),
    ]
    return [(label, text) for label, text in found if text]


def stamp_rows(report: ValidationReport) -> list[tuple[str, str]]:
    """What the time-stamp says that the file is, where it is good, be its own file at hand or not."""
    stamp = report.stamp
    if stamp is None or stamp.time is None or stamp.sub_indication not in (None, SubIndication.SIGNED_DATA_NOT_FOUND):
        return []
    return [(_("Цаг тэмдгийн цаг"), moment(stamp.time)), (_("Цаг тэмдэг тавьсан"), stamp.authority)]


def time(one: SignatureReport) -> str:
    """When, and how that is known."""
    if one.best_time:
        return _("%(time)s цагаас өмнө, цаг тэмдгээр") % {"time": moment(one.best_time)}
    if one.time_source is TimeSource.CLAIMED and one.claimed_time:
        return _("%(time)s, гарын үсэг зурагчийн хэлснээр") % {"time": moment(one.claimed_time)}
    return _("Тодорхойгүй")


def _sheet(report: ValidationReport, author: str) -> dict[str, Any]:
    tone = _TONES[report.indication]
    return {
        "title": _("Гарын үсэг шалгасан тайлан"),
        "author": author,
        "language": "en" if get_language() == "en" else "mn",
        "foot": _("Энэ тайланг Тооно платформ өөрийн тамгаар баталгаажуулав. Шалгасан файлыг хадгалаагүй."),
        "verdict": word(report),
        "tone": tone,
        "sentence": report.sentence,
        "file": [
            (_("Файл"), report.name),
            (_("Төрөл"), kind(report.kind)),
            (_("Хэмжээ"), _("%(count)s байт") % {"count": f"{report.size_bytes:,}"}),
            ("SHA-256", " ".join(report.sha256[at : at + 8] for at in range(0, 64, 8))),
            (_("Шалгасан"), moment(report.checked_at)),
            *stamp_rows(report),
        ],
        "signatures": [
            {
                "title": _("Гарын үсэг %(number)s") % {"number": number},
                "verdict": verdict(one.indication),
                "tone": _TONES[one.indication],
                "sentence": one.sentence,
                "rows": rows(one),
            }
            for number, one in enumerate(report.signatures, start=1)
        ],
    }
