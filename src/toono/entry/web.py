"""The portal's process: Django behind Granian (WSGI)."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toono.entry.django_settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from toono.kernel.decrees import keep_loaded  # noqa: E402 - its table stands beside Django's, which is ready only now

keep_loaded()
