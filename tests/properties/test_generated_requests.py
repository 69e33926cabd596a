"""``PROPERTY_EXAMPLES`` generated requests at each endpoint (10,000 with ``make properties``, a few every day): answered or refused, never failed, and no attack passes."""

from __future__ import annotations

import json
import os
import resource
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.properties import console, dan, keepers, lean, openid, pages, trust
from tests.properties.cast import BACK, OUT, Cast, Endpoint
from tests.properties.checks import World, changes, faults
from tests.properties.drafts import Draft
from tests.properties.mutations import Step, apply, plans

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "25"))
SEED = int(os.environ.get("PROPERTY_SEED", "0"))
REPORT = os.environ.get("PROPERTY_REPORT", "")
"""A file to which each endpoint's figures are appended, one line of JSON each."""
SHOWN = 5
"""Different faults of one endpoint, told with their curl lines."""
ENDPOINTS: tuple[Endpoint, ...] = (
    *openid.ENDPOINTS, *dan.ENDPOINTS, *pages.ENDPOINTS, *trust.ENDPOINTS, *console.ENDPOINTS, *keepers.ENDPOINTS,
    *lean.ENDPOINTS,
)  # fmt: skip


@pytest.fixture(scope="session")
def world(cast: Cast) -> World:
    return World(backs=(BACK, OUT, "http://127.0.0.1", "http://[::1]"), base_url=cast.base)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_a_generated_request_is_answered_or_refused(cast: Cast, world: World, endpoint: Endpoint) -> None:
    answers: Counter[str] = Counter()
    found: dict[str, str] = {}
    began, used = time.monotonic(), time.process_time()

    @seed(SEED)
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None, phases=(Phase.generate,))
    @given(which=st.integers(0, 65_535), plan=plans())
    def ask(which: int, plan: list[Step]) -> None:
        draft = _draft(cast, endpoint, which, plan)
        before, theirs = draft.kept(), draft.theirs()
        request, answer = getattr(cast, endpoint.wire)(draft)
        answers[_outcome(answer.status, answer.body)] += 1
        told = faults(draft, request, answer, endpoint.manners, world) | changes(draft, request, answer, before, theirs)
        if endpoint.twin:
            twin = getattr(cast, endpoint.twin)(_draft(cast, endpoint, which, plan))[1]
            told |= {one[:40]: one for one in lean.differences(draft, request, answer, twin)}
        for kind, fault in told.items():
            if len(found) < SHOWN:
                found.setdefault(kind, f"{fault}\n  after: {'; '.join(draft.done) or 'nothing'}\n  {request.curl(cast.base)[:6000]}")

    ask()
    _report(endpoint.name, answers, time.monotonic() - began, time.process_time() - used, list(found.values()))
    if found:
        pytest.fail(
            f"{len(found)} faults or more of {endpoint.name} (PROPERTY_SEED={SEED}):\n\n" + "\n\n".join(found.values()), pytrace=False
        )
    assert answers.total() >= EXAMPLES


def _draft(cast: Cast, endpoint: Endpoint, which: int, plan: list[Step]) -> Draft:
    draft = endpoint.recipes[which % len(endpoint.recipes)](cast)
    apply(draft, plan)
    return draft


def _outcome(status: int, body: bytes) -> str:
    try:
        said = json.loads(body)
        return f"{status} {said.get('error') or said.get('code') or said.get('type') or ''}: {said.get('error_description') or said.get('detail') or ''}"[
            :120
        ]
    except (ValueError, AttributeError, RecursionError):
        return str(status)


def _report(name: str, answers: Counter[str], seconds: float, cpu_seconds: float, found: list[str]) -> None:
    if REPORT:
        line = {
            "endpoint": name, "requests": answers.total(), "seconds": round(seconds, 1), "cpu_seconds": round(cpu_seconds, 1), "outcomes": len(answers), "faults": found,
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "answers": answers.most_common(60),
        }  # fmt: skip
        with Path(REPORT).open("a") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
