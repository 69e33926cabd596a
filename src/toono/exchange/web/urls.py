"""Addresses of the exchange: published roots and proofs, the message log and the traffic for people, what gateways ask for their clients, and the access ledger as a service."""

from __future__ import annotations

from django.urls import path

from toono.exchange.web import inner, messages, roots, traffic, usage

app_name = "exchange"
urlpatterns = [
    path("exchange/roots", roots.newest, name="roots"),
    path("exchange/roots/proof", roots.proof, name="proof"),
    path("exchange/roots/<str:name>", roots.hour, name="root"),
    path("admin/exchange/messages", messages.search, name="messages"),
    path("admin/exchange/messages/<uuid:record_id>", messages.message, name="message"),
    path("admin/exchange/messages/<uuid:record_id>/container", messages.container, name="container"),
    path("exchange/inner/asic", inner.asic, name="asic"),
    path("exchange/inner/outcomes", inner.outcomes, name="outcomes"),
    path("exchange/inner/verificationconf", inner.verificationconf, name="verificationconf"),
    path("admin/exchange/traffic", traffic.page, name="traffic"),
    path("admin/exchange/traffic.csv", traffic.export, name="traffic_export"),
    path("exchange/usage/v2/findUsage", usage.find_usage, name="find_usage"),
    path("exchange/usage/v2/usagePeriod", usage.usage_period, name="usage_period"),
    path("exchange/usage/v2/heartbeat", usage.heartbeat, name="heartbeat"),
    path("exchange/usage/data/MyPersonalDataUsage/1.0", usage.my_personal_data_usage, name="my_personal_data_usage"),
    path("exchange/usage/openapi.json", usage.description, name="usage_description"),
]
