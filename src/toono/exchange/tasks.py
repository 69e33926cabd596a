"""What the exchange does by the clock."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app

from toono.exchange.models import SeenNonce
from toono.kernel.clock import now


@app.periodic(cron="*/10 * * * *")
@app.task(queue="timers", queueing_lock="exchange.forget_nonces")
def forget_nonces(timestamp: int) -> None:
    """Remove nonces whose signatures would be too old anyway; an hour longer than needed, for clocks that differ."""
    SeenNonce.objects.filter(expires_at__lt=now() - timedelta(hours=1)).delete()
