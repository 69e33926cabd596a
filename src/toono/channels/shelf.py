"""What the home page shows of the catalogue. Kept for a minute, since it is the same for everybody."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from toono.insight import api as insight
from toono.kernel import clock
from toono.services import api as services
from toono.services.contracts import LifeEvent, ServiceSummary

P = ParamSpec("P")
R = TypeVar("R")

KEPT_SECONDS = 60
MOST_USED = 10


def kept(function: Callable[P, R]) -> Callable[P, R]:
    """Remember each answer for :data:`KEPT_SECONDS`. Under a lock, so that one request asks and the others wait for its answer."""
    answers: dict[tuple[object, ...], tuple[float, R]] = {}
    lock = threading.Lock()

    @wraps(function)
    def remembered(*args: P.args, **kwargs: P.kwargs) -> R:
        key = (*args, *sorted(kwargs.items()))
        with lock:
            until, answer = answers.get(key, (0.0, None))
            if time.monotonic() >= until or answer is None:
                answer = function(*args, **kwargs)
                answers[key] = (time.monotonic() + KEPT_SECONDS, answer)
            return answer

    return remembered


@kept
def life_events() -> list[LifeEvent]:
    """What happens in a life, in the words people use."""
    return list(services.life_events())


@kept
def most_used(language: str) -> list[ServiceSummary]:
    """The services that were ordered most in the last 30 days, filled up with the national ones, then in the order of the alphabet."""
    today = clock.local(clock.now()).date()
    ordered = [line.key for line in insight.figures(since=today - timedelta(days=30), until=today).by_service if line.submitted]
    every = {service.code: service for service in services.services(language=language)}
    first = [every.pop(code) for code in ordered if code in every]
    others = sorted(every.values(), key=lambda service: service.level != "national")
    return [*first, *others][:MOST_USED]
