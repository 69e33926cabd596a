"""Addresses of the portal and the officer's desk. Mounted at the root."""

from __future__ import annotations

from django.urls import path

from toono.channels.web import administration, choices, complaints, consents, desk, mine, ordering, portal, readings

app_name = "channels"
urlpatterns = [
    path("", portal.home, name="home"),
    path("services/", portal.services, name="services"),
    path("services/<slug:code>/", portal.service, name="service"),
    path("services/<slug:code>/start", ordering.start, name="start"),
    path("cases/<uuid:case_id>", ordering.case, name="case"),
    path("cases/<uuid:case_id>/question/<slug:question>", ordering.question, name="question"),
    path("cases/<uuid:case_id>/check", ordering.check, name="check"),
    path("cases/<uuid:case_id>/withdraw", ordering.withdraw, name="withdraw"),
    path("cases/<uuid:case_id>/rate", ordering.rate, name="rate"),
    path("my/", mine.overview, name="my"),
    path("my/inbox", mine.inbox, name="inbox"),
    path("my/inbox/<uuid:message_id>", mine.message, name="message"),
    path("my/readings", readings.readings, name="readings"),
    path("my/readings/<uuid:reading_id>", readings.reading, name="reading"),
    path("my/readings/<uuid:reading_id>/complaint", readings.complain, name="complain"),
    path("my/readings/<uuid:reading_id>/proof.json", readings.proof, name="reading_proof"),
    path("my/consents", consents.consents, name="consents"),
    path("my/consents/<uuid:consent_id>/withdraw", consents.withdraw, name="withdraw_consent"),
    path("my/settings", choices.choices, name="choices"),
    path("consents/ask", consents.ask, name="consent"),
    path("documents/<uuid:document_id>", mine.document, name="document"),
    path("documents/<uuid:document_id>/file.pdf", mine.document_file, name="document_file"),
    path("documents/<uuid:document_id>/picture.svg", mine.document_picture, name="document_picture"),
    path("admin/", administration.overview, name="administration"),
    path("desk/", desk.worklist, name="desk"),
    path("desk/complaints", complaints.complaints, name="complaints"),
    path("desk/complaints/<uuid:complaint_id>", complaints.complaint, name="complaint"),
    path("desk/<uuid:case_id>", desk.case, name="desk_case"),
    path("desk/<uuid:case_id>/decision", desk.decide, name="decide"),
]
