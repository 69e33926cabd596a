"""The machine endpoints of the OpenID Provider as a process of their own: RSGI behind Granian, Django only for its tables.

Optional: the portal's process answers the same addresses. Started where machines ask for many tokens; the terminator before both sends ``/oidc/token``,
``/oidc/introspect`` and ``/oidc/jwks`` here.
"""

from __future__ import annotations

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toono.entry.django_settings")

import django

django.setup()

from toono.identity.api import machine_plane  # noqa: E402 - its tables stand beside Django's, which is ready only now

application = machine_plane()

gc.collect()
gc.freeze()  # what stands now stays for good: no search for garbage need look at it again
gc.set_threshold(20_000, 20, 20)  # a request leaves no rings behind, so the search may be rarer
