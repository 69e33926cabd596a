"""Addresses of ``ui``. Mounted at the root."""

from __future__ import annotations

from django.urls import path

from toono.ui import views

app_name = "ui"
urlpatterns = [
    path("language/<str:code>", views.language, name="language"),
    path("preferences", views.preferences, name="preferences"),
    path("accessibility", views.accessibility, name="accessibility"),
    path("favicon.ico", views.favicon, name="favicon"),
]
