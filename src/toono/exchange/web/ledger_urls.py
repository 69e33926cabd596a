"""Addresses of what people and portals see of the exchange: its traffic, and the access ledger as a service."""

from __future__ import annotations

from django.urls import path

from toono.exchange.web import traffic, usage

app_name = "exchange_people"
urlpatterns = [
    path("admin/exchange/traffic", traffic.page, name="traffic"),
    path("admin/exchange/traffic.csv", traffic.export, name="traffic_export"),
    path("exchange/usage/v2/findUsage", usage.find_usage, name="find_usage"),
    path("exchange/usage/v2/usagePeriod", usage.usage_period, name="usage_period"),
    path("exchange/usage/v2/heartbeat", usage.heartbeat, name="heartbeat"),
    path("exchange/usage/data/MyPersonalDataUsage/1.0", usage.my_personal_data_usage, name="my_personal_data_usage"),
    path("exchange/usage/openapi.json", usage.description, name="usage_description"),
]
