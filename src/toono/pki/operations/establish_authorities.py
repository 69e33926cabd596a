"""Make the authorities at first start: root, issuing, status responder, time-stamping unit, and their first lists."""

from __future__ import annotations

from toono.kernel.actor import Actor
from toono.pki import queries
from toono.pki.adapters.signer import client
from toono.pki.contracts import Profile, SubjectName
from toono.pki.errors import KeyMismatch
from toono.pki.models import Certificate
from toono.pki.operations.issue_certificate import issue_certificate
from toono.pki.operations.publish_revocation_list import publish_if_due

NAMES = {
    Profile.ROOT: "Toono Root CA",
    Profile.ISSUING: "Toono Issuing CA",
    Profile.OCSP: "Toono OCSP Responder",
    Profile.TIMESTAMP: "Toono Time-Stamping Unit",
}


def establish_authorities(*, actor: Actor, operator: SubjectName) -> None:
    """Idempotent: what stands already is left as it is."""
    for profile, name in NAMES.items():
        subject = operator.model_copy(update={"common_name": name})
        row = issue_certificate(actor=actor, label=f"pki/{profile.value}", profile=profile, subject=subject)
        _check_key(row)
    for authority in (Profile.ROOT, Profile.ISSUING):
        publish_if_due(authority=authority)


def _check_key(row: Certificate) -> None:
    if client().public_key(row.key) != queries.parsed(row.pem).public_key():
        raise KeyMismatch(f"the key store's key {row.key} is not the one in certificate {row.serial}; restore both from the same backup")
