"""Addresses of the portal and the officer's desk. Mounted at the root."""

from __future__ import annotations

from django.urls import path

from toono.channels.web import desk, mine, ordering, portal

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
    path("my/readings", mine.readings, name="readings"),
    path("documents/<uuid:document_id>", mine.document, name="document"),
    path("documents/<uuid:document_id>/file.pdf", mine.document_file, name="document_file"),
    path("documents/<uuid:document_id>/picture.svg", mine.document_picture, name="document_picture"),
    path("desk/", desk.worklist, name="desk"),
    path("desk/<uuid:case_id>", desk.case, name="desk_case"),
    path("desk/<uuid:case_id>/decision", desk.decide, name="decide"),
]
