"""A report as data with the names of ETSI TS 119 102-2, for programs. Pure."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from toono.pki.contracts import Indication, Signatory, SignatureReport, StampReport, SubIndication, ValidationReport

_MAIN = "urn:etsi:019102:mainindication:"
_SUB = "urn:etsi:019102:subindication:"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


def as_etsi(report: ValidationReport) -> dict[str, Any]:
    """The whole report. ``Sentence`` is the answer in words, ``Kind`` what sort of file it is, ``TimeStamps`` the one that
    the whole file is; these are additions of ours."""
    digest = b64encode(bytes.fromhex(report.sha256)).decode()
    return {
        "ValidationTime": report.checked_at.isoformat(),
        "Document": {
            "Name": report.name,
            "SizeBytes": report.size_bytes,
            "DigestAlgAndValue": {"DigestMethod": _SHA256, "DigestValue": digest},
            "Kind": report.kind.value,
            "NotCovered": list(report.uncovered),
        },
        "SignatureValidationStatus": _status(report.indication, report.sub_indication, report.detail),
        "Sentence": report.sentence,
        "SignatureValidationReport": [_signature(one) for one in report.signatures],
        "TimeStamps": [_stamp(report.stamp)] if report.stamp else [],
    }


def _signature(one: SignatureReport) -> dict[str, Any]:
    return {
        "SignatureIdentifier": one.id,
        "SignatureValidationStatus": _status(one.indication, one.sub_indication, one.detail),
        "Sentence": one.sentence,
        "SignerInformation": _signer(one.signatory) if one.signatory else None,
        "SignatureQuality": {"BaselineLevel": one.level.value, "SignatureAlgorithm": one.algorithm},
        "ValidationTimeInfo": {
            "BestSignatureTime": one.best_time.isoformat() if one.best_time else None,
            "SigningTime": one.claimed_time.isoformat() if one.claimed_time else None,
            "TypeOfProof": one.time_source.value,
        },
        "Trust": {"Trusted": one.trusted, "Source": one.trust_source},
        "RevocationTime": one.revoked_at.isoformat() if one.revoked_at else None,
        "Coverage": {"Type": one.coverage.value, "DataObjects": list(one.covered)},
        "TimeStamps": [_stamp(stamp) for stamp in one.stamps],
    }


def _status(indication: Indication, failure: SubIndication | None, detail: str, *, whole: bool = True) -> dict[str, Any]:
    """Of a signature; with ``whole`` false of something that a signature rests on, which is "passed" and not "total-passed" (§4.3.4.2)."""
    word = indication.value.lower()
    return {
        "MainIndication": _MAIN + (word if whole else word.removeprefix("total-")),
        "SubIndication": [_SUB + failure.value] if failure else [],
        "AssociatedValidationReportData": detail,
    }


def _signer(who: Signatory) -> dict[str, Any]:
    return {
        "Signer": who.name,
        "Organization": who.organisation,
        "OrganizationIdentifier": who.organisation_number,
        "Country": who.country,
        "Issuer": who.issuer,
        "SerialNumber": who.serial,
        "CertificateDigest": {"DigestMethod": _SHA256, "DigestValue": b64encode(bytes.fromhex(who.sha256)).decode()},
        "NotBefore": who.not_before.isoformat(),
        "NotAfter": who.not_after.isoformat(),
    }


def _stamp(stamp: StampReport) -> dict[str, Any]:
    return {
        "Type": stamp.kind,
        "ProductionTime": stamp.time.isoformat() if stamp.time else None,
        "Authority": stamp.authority,
        "SignatureValidationStatus": _status(stamp.indication, stamp.sub_indication, "", whole=False),
    }
