"""The portal's process: Django behind Granian (WSGI)."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toono.entry.django_settings")

from django.core.wsgi import get_wsgi_application

behind = get_wsgi_application()

from toono.entry.status_front import StatusFront  # noqa: E402 - the rooms can be imported only now
from toono.kernel.decrees import keep_loaded  # noqa: E402 - its table stands beside Django's, which is ready only now
from toono.pki import api as pki  # noqa: E402
from toono.ui.requests import PortalRequest  # noqa: E402

behind.request_class = PortalRequest
keep_loaded()
pki.follow_status_changes()
application = StatusFront(behind)
