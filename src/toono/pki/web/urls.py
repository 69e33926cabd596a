"""Addresses of the room, at the root of the site: certificates name them for years, so they never change."""

from __future__ import annotations

from django.urls import path

from toono.pki.web import certificates, public

app_name = "pki"
urlpatterns = [
    path("pki/ocsp", public.ocsp_post, name="ocsp"),
    path("pki/ocsp/<path:encoded>", public.ocsp_get, name="ocsp_get"),
    path("pki/crl/<str:authority>.crl", public.revocation_list, name="crl"),
    path("pki/certificates/<str:authority>.cer", public.authority_certificate, name="authority"),
    path("pki/tsa", public.time_stamp, name="tsa"),
    path("admin/certificates", certificates.list_page, name="certificates"),
    path("admin/certificates/<str:serial>", certificates.revoke_page, name="revoke"),
]
