"""Who handles which event, and who gives a lower room what it may not ask for itself: the whole wiring between rooms in one place."""

from __future__ import annotations

from toono.kernel.outbox import subscribe


def connect() -> None:
    """Called once per process, when Django is ready."""
    import toono.exchange.api as exchange
    import toono.feedback.api as feedback
    import toono.identity.events as identity
    import toono.insight.api as insight
    import toono.kernel.events as kernel
    import toono.notifications.api as notifications
    import toono.payments.events as payments
    import toono.pki.api as pki_door
    import toono.pki.events as pki
    import toono.registry.api as registry
    import toono.registry.events as registry_events
    import toono.services.api as services_door
    import toono.services.events as services
    from toono.feedback.events import CaseRated

    table = (
        (kernel.CalendarChanged, "services.terms", services_door.on_calendar_changed),
        (pki.CertificateRevoked, "pki.revocation_list", pki_door.on_certificate_revoked),
        (pki.CertificateSuspended, "pki.revocation_list", pki_door.on_certificate_revoked),
        (pki.CertificateRevived, "pki.revocation_list", pki_door.on_certificate_revoked),
        (pki.CertificateRevoked, "registry.certificate_revoked", registry.on_certificate_revoked),
        (pki.SignatureRequested, "notifications.signature_requested", notifications.on_signature_requested),
        (pki.CertificateIssued, "notifications.certificate_issued", notifications.on_certificate_changed),
        (pki.CertificateSuspended, "notifications.certificate_suspended", notifications.on_certificate_changed),
        (pki.CertificateRevived, "notifications.certificate_revived", notifications.on_certificate_changed),
        (pki.CertificateRevoked, "notifications.certificate_revoked", notifications.on_certificate_changed),
        (identity.AccountLooked, "notifications.account_looked", notifications.on_account_looked),
        (identity.PhoneChanged, "notifications.phone_changed", notifications.on_phone_changed),
        (identity.PartyDecided, "notifications.party_decided", notifications.on_party_decided),
        (identity.PersonRegistered, "notifications.reading_preference", notifications.on_person_registered),
        (registry_events.AgreementDrafted, "notifications.agreement_drafted", notifications.on_agreement_drafted),
        (registry_events.AgreementDecided, "notifications.agreement_decided", notifications.on_agreement_decided),
        (registry_events.AgreementExpiring, "notifications.agreement_expiring", notifications.on_agreement_expiring),
        (identity.ApprovalRequested, "notifications.approval_requested", notifications.on_approval_requested),
        (identity.ConfirmationCodeRequested, "notifications.confirmation_code", notifications.on_confirmation_code_requested),
        (identity.SignInCodeRequested, "notifications.sign_in_code", notifications.on_sign_in_code_requested),
        (payments.BillPaid, "services.bill_paid", services_door.on_bill_paid),
        (services.CaseSubmitted, "insight.submitted", insight.on_case_submitted),
        (services.CaseDecided, "insight.decided", insight.on_case_decided),
        (services.CaseWithdrawn, "insight.withdrawn", insight.on_case_withdrawn),
        (services.CaseLapsed, "insight.lapsed", insight.on_case_lapsed),
        (services.DocumentIssued, "insight.issued", insight.on_document_issued),
        (services.FactDisputed, "feedback.fact_disputed", feedback.on_fact_disputed),
        (CaseRated, "insight.rated", insight.on_case_rated),
    )
    for event, subscriber, handler in table:
        subscribe(event, subscriber, handler)
    registry.weigh_links_by(exchange.call_counts)
    pki_door.keep(services_door.kept_documents())
