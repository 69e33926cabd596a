"""Addresses of the room, at the root of the site: certificates name them for years, so they never change."""

from __future__ import annotations

from django.urls import path, re_path

from toono.pki.web import acme, certificates, public, relying_parties, repository, servers, smart_id, trusted_lists, validation

app_name = "pki"
urlpatterns = [
    path("pki/crl/<str:authority>-delta.crl", public.revocation_changes, name="crl_changes"),
    path("pki/crl/<str:authority>.crl", public.revocation_list, name="crl"),
    path("pki/certificates/<str:authority>.cer", public.authority_certificate, name="authority"),
    path("acme/directory", acme.directory, name="acme_directory"),
    path("acme/new-nonce", acme.new_nonce, name="acme_nonce"),
    path("acme/<str:place>", acme.ask, name="acme"),
    path("acme/<str:place>/<str:named>", acme.ask, name="acme_about"),
    path("acme/<str:place>/<str:named>/<str:part>", acme.ask, name="acme_part"),
    path("pki/tsa", public.time_stamp, name="tsa"),
    path("admin/servers", servers.list_page, name="servers"),
    path("admin/servers/<str:code>", servers.organisation_page, name="servers_of"),
    path("pki/disclosure/<slug:language>", certificates.disclosure_page, name="disclosure"),
    path("admin/certificates", certificates.list_page, name="certificates"),
    path("admin/certificates/authority", certificates.authority_page, name="authority_console"),
    path("admin/certificates/requests/<uuid:request_id>", certificates.request_page, name="certificate_request"),
    path("admin/certificates/<str:serial>", certificates.revoke_page, name="revoke"),
    re_path(
        r"^smart-id/v3/(?P<purpose>authentication)/(?P<way>device-link)/(?P<addressed>anonymous)$",
        smart_id.begin,
        name="smart_id_anonymous",
    ),
    re_path(
        r"^smart-id/v3/(?P<purpose>authentication|signature)/(?P<way>notification|device-link)/(?P<addressed>etsi|document)/(?P<to>[A-Za-z0-9:-]{1,60})$",
        smart_id.begin,
        name="smart_id_begin",
    ),
    path("smart-id/v3/session/<str:session_id>", smart_id.session, name="smart_id_session"),
    path("dl", smart_id.link, name="device_link"),
    path("admin/signing-parties", relying_parties.relying_parties, name="relying_parties"),
    path("admin/signing-parties/<uuid:party_id>/end", relying_parties.end, name="end_relying_party"),
    path("validate", validation.page, name="validate"),
    path("validate/report", validation.report, name="validation_report"),
    path("api/validate", validation.for_programs, name="api_validate"),
    path("pki/", repository.page, name="repository"),
    path("pki/certificate/<str:serial>.cer", repository.certificate, name="public_certificate"),
    path("pki/trusted-list.xml", repository.trusted_list, name="trusted_list"),
    path("pki/trusted-list.sha2", repository.trusted_list_digest, name="trusted_list_digest"),
    path("admin/trusted-lists", trusted_lists.page, name="trusted_lists"),
    path("admin/trusted-lists/<int:list_id>/remove", trusted_lists.remove, name="remove_trusted_list"),
]
