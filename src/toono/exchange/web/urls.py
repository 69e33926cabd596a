"""Addresses of evidence: published roots and proofs, the message log for people, and what gateways ask for their clients."""

from __future__ import annotations

from django.urls import path

from toono.exchange.web import inner, messages, roots

app_name = "exchange"
urlpatterns = [
    path("exchange/roots", roots.newest, name="roots"),
    path("exchange/roots/proof", roots.proof, name="proof"),
    path("exchange/roots/<str:name>", roots.hour, name="root"),
    path("admin/exchange/messages", messages.search, name="messages"),
    path("admin/exchange/messages/<uuid:record_id>", messages.message, name="message"),
    path("admin/exchange/messages/<uuid:record_id>/container", messages.container, name="container"),
    path("exchange/inner/asic", inner.asic, name="asic"),
    path("exchange/inner/verificationconf", inner.verificationconf, name="verificationconf"),
]
