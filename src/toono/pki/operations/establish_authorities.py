"""Make the authorities at first start: root, issuing authorities, status responders, time-stamping unit, and their first lists.

After a ceremony the root's key stands in a safe. Whatever would need it is then left for the next ceremony, and everything else goes on.
"""

from __future__ import annotations

import logging

from toono.kernel.actor import Actor
from toono.pki import queries
from toono.pki.adapters.signer import client
from toono.pki.contracts import Profile, SubjectName
from toono.pki.domain.profiles import AUTHORITIES, PROFILES, responder_label
from toono.pki.errors import KeyMismatch, KeyUnknown
from toono.pki.models import Certificate
from toono.pki.operations.issue_certificate import issue_certificate
from toono.pki.operations.publish_revocation_list import publish_due_lists

log = logging.getLogger(__name__)

NAMES = {
    Profile.ROOT: "Toono Root CA",
    Profile.ISSUING: "Toono Issuing CA",
    Profile.ISSUING_PERSONS: "Toono Persons CA",
    Profile.ISSUING_SERVERS: "Toono Servers CA",
    Profile.OCSP: "Toono OCSP Responder",
    Profile.TIMESTAMP: "Toono Time-Stamping Unit",
}


def establish_authorities(*, actor: Actor, operator: SubjectName) -> None:
    """Idempotent: what stands already is left as it is, also under another operator's name."""
    for profile in AUTHORITIES:
        _establish(actor, profile, PROFILES[profile].keys, operator)
    for authority in queries.authorities():
        _establish(actor, Profile.OCSP, responder_label(authority.key), operator, issuer=authority)
    _establish(actor, Profile.TIMESTAMP, PROFILES[Profile.TIMESTAMP].keys, operator)
    publish_due_lists()


def _establish(actor: Actor, profile: Profile, label: str, operator: SubjectName, issuer: Certificate | None = None) -> None:
    row = queries.current(label=label)
    subject = operator.model_copy(update={"common_name": NAMES[profile]})
    if profile in AUTHORITIES and row is not None:
        _check_key(row)
        return
    if profile in AUTHORITIES and profile is not Profile.ROOT and not root_is_here():
        log.error("%s waits for a key ceremony: the root's key is not in the signer", label)
        return
    if profile is Profile.OCSP and issuer and issuer.profile == Profile.ROOT and not root_is_here():
        return
    _check_key(issue_certificate(actor=actor, label=label, profile=profile, subject=subject, issuer=issuer))


def root_is_here() -> bool:
    """Whether the signer holds the key of the root in force; after a ceremony it does not."""
    try:
        client().public_key(queries.authority(Profile.ROOT).key)
    except KeyUnknown:
        return False
    return True


def _check_key(row: Certificate) -> None:
    try:
        key = client().public_key(row.key)
    except KeyUnknown:
        if row.profile == Profile.ROOT:
            return
        raise KeyMismatch(f"the key store has no key {row.key}, which certificate {row.serial} names; restore it from its backup") from None
    if key != queries.parsed(row.pem).public_key():
        raise KeyMismatch(f"the key store's key {row.key} is not the one in certificate {row.serial}; restore both from the same backup")
