"""Addresses of the registry: the configuration for machines, the console for administrators, the pages of representatives."""

from __future__ import annotations

from django.urls import path

from toono.registry.web import agreements, configuration, console, drafts, representatives

app_name = "registry"
urlpatterns = [
    path("registry/configuration", configuration.configuration, name="configuration"),
    # administrators
    path("admin/registry", console.overview, name="overview"),
    path("admin/registry/organisations", console.organisations, name="organisations"),
    path("admin/registry/organisations/<path:subject>", console.organisation, name="organisation"),
    path("admin/registry/systems", console.systems, name="systems"),
    path("admin/registry/systems/<path:subject>", console.system, name="system"),
    path("admin/registry/services", console.services, name="services"),
    path("admin/registry/services/<path:subject>", console.service, name="service"),
    path("admin/registry/agreements", console.agreements, name="agreements"),
    path("admin/registry/agreements/new", agreements.new, name="new_agreement"),
    path("admin/registry/agreements/<str:subject>", console.agreement, name="agreement"),
    path("admin/registry/agreements/<str:subject>/change", agreements.change, name="change_agreement"),
    path("admin/registry/exchange", console.exchange, name="exchange"),
    path("admin/registry/history", console.history, name="history"),
    path("admin/registry/history/<str:kind>/<path:subject>", console.versions, name="versions"),
    path("admin/registry/picture", console.picture, name="picture"),
    path("admin/registry/propose", drafts.propose, name="propose"),
    path("admin/registry/remove/<str:kind>/<path:subject>", drafts.remove, name="remove"),
    path("admin/registry/drafts/<uuid:draft_id>", drafts.draft, name="draft"),
    path("admin/registry/drafts/<uuid:draft_id>/approve", drafts.approve, name="approve"),
    path("admin/registry/drafts/<uuid:draft_id>/reject", drafts.reject, name="reject"),
    # representatives of organisations
    path("exchange/agreements", representatives.overview, name="own_agreements"),
    path("exchange/agreements/new", agreements.own_new, name="own_new_agreement"),
    path("exchange/agreements/drafts/<uuid:draft_id>", representatives.draft, name="own_draft"),
    path("exchange/agreements/drafts/<uuid:draft_id>/accept", representatives.accept, name="own_accept"),
    path("exchange/agreements/drafts/<uuid:draft_id>/reject", representatives.reject, name="own_reject"),
    path("exchange/agreements/of/<str:subject>", representatives.agreement, name="own_agreement"),
    path("exchange/agreements/of/<str:subject>/change", agreements.own_change, name="own_change_agreement"),
    path("exchange/agreements/of/<str:subject>/end", representatives.end, name="own_end"),
    path("exchange/agreements/of/<str:subject>/versions", representatives.versions, name="own_versions"),
]
