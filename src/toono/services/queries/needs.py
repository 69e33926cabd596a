"""What the published catalogue needs from the exchange: of every version, since cases stay with theirs."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from toono.services.contracts import ExchangeNeed
from toono.services.domain import needs
from toono.services.domain.definition import Definition
from toono.services.domain.files import read_services
from toono.services.models import ServiceVersion
from toono.services.queries import definitions


def exchange_needs(beside: Path | None = None) -> tuple[ExchangeNeed, ...]:
    """The newest version's words come first where several name one purpose. Read one after another and forgotten: there may be thousands.

    :param beside: a folder of definitions that are to be published too.
    """
    coming = [one.definition for one in read_services(beside)[0]] if beside else []
    rows = ServiceVersion.objects.order_by("code", "-version").values_list("content__definition", flat=True)
    stored = (Definition.model_validate(content) for content in rows.iterator(chunk_size=200))
    return needs.needs(chain(stored, coming), definitions.meanings())
