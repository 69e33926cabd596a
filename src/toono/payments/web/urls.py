"""Addresses of the room. Mounted at the root."""

from __future__ import annotations

from django.urls import path

from toono.payments.web import views

app_name = "payments"
urlpatterns = [path("payments/notice", views.notice, name="notice")]
