"""Every route of the portal's process, room by room."""

from __future__ import annotations

from django.urls import include, path

from toono.entry import health

urlpatterns = [
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("", include("toono.ui.urls")),
    path("", include("toono.pki.web.urls")),
    path("", include("toono.registry.web.urls")),
    path("", include("toono.exchange.web.urls")),
    path("", include("toono.identity.web.urls")),
    path("", include("toono.payments.web.urls")),
    path("", include("toono.services.web.urls")),
    path("", include("toono.insight.web.urls")),
    path("", include("toono.channels.sign_in_urls")),
    path("", include("toono.channels.urls")),
]

handler400 = "toono.ui.views.bad_request"
handler403 = "toono.ui.views.forbidden"
handler404 = "toono.ui.views.not_found"
handler500 = "toono.ui.views.server_error"
