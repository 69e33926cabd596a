"""Addresses of the registry: the configuration for machines, the pages for administrators."""

from __future__ import annotations

from django.urls import path

from toono.registry.web import views

app_name = "registry"
urlpatterns = [
    path("registry/configuration", views.configuration, name="configuration"),
    path("admin/registry", views.overview, name="overview"),
    path("admin/registry/propose", views.propose, name="propose"),
    path("admin/registry/drafts/<uuid:draft_id>", views.draft, name="draft"),
    path("admin/registry/drafts/<uuid:draft_id>/approve", views.approve, name="approve"),
    path("admin/registry/drafts/<uuid:draft_id>/reject", views.reject, name="reject"),
]
