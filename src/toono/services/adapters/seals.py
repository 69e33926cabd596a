"""The seal of the organisation that issues a document."""

from __future__ import annotations

from toono.kernel.actor import Actor, system
from toono.pki import api as pki
from toono.pki.contracts import Profile, SubjectName
from toono.pki.errors import NoSealCertificate
from toono.registry import api as registry

PLACE = "Улаанбаатар"
ITSELF = system("services")
"""Who asks for an organisation's first certificate: no officer may."""


def seal(*, actor: Actor, organisation: str, pdf: bytes, reason: str) -> bytes:
    """The sealed file. An organisation that seals for the first time gets its key and certificate now; one whose certificate
    was withdrawn does not get another by itself.

    :raises CertificateWithdrawn: a person must decide.
    :raises SignerUnavailable: try again.
    """
    try:
        return pki.seal_pdf(actor=actor, organisation=organisation, pdf=pdf, reason=reason, location=PLACE)
    except NoSealCertificate:
        body = registry.organisation(organisation)
        subject = SubjectName.of(body.name_mn, body.register_number)
        pki.certificate_for(actor=ITSELF, key=f"seal/{organisation}", profile=Profile.SEAL, subject=subject)
        return pki.seal_pdf(actor=actor, organisation=organisation, pdf=pdf, reason=reason, location=PLACE)
