"""Addresses of signing in and out. Mounted at the root; ``/sign-in`` is known to ``kernel.access``."""

from __future__ import annotations

from django.urls import path

from toono.channels import sign_in

app_name = "portal"

urlpatterns = [
    path("sign-in", sign_in.sign_in, name="sign_in"),
    path("callback", sign_in.callback, name="callback"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
]
