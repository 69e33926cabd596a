"""The signed configurations that were given out."""

from __future__ import annotations

from toono.registry import models
from toono.registry.contracts import Publication
from toono.registry.errors import NothingPublished


def published_configuration() -> str:
    jws = models.PublishedConfiguration.objects.order_by("-version").values_list("jws", flat=True).first()
    if jws is None:
        raise NothingPublished
    return jws


def publication() -> Publication | None:
    newest = models.PublishedConfiguration.objects.defer("jws").order_by("-version").first()
    if newest is None:
        return None
    return Publication(version=newest.version, issued_at=newest.issued_at, expires_at=newest.expires_at, digest=newest.digest)
