"""What this process answers is what the platform answers over HTTP: the same requests, both ways."""

# ruff: noqa: F811 - a fixture of another module, by its name
from __future__ import annotations

import http.client
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.conformance.test_oidc_live import plane  # noqa: F401
from tests.properties import dan, lean, openid, trust
from tests.properties.cast import Cast, Recipe
from tests.properties.mutations import Step, apply, plans
from tests.properties.wire import Sent, Wire

AGAIN = (openid._introspect, openid._userinfo, openid._authorize_posted, dan._service_refused, trust._csc_info, trust._smart_id_session)
"""Valid requests that use nothing up, so that they may be sent twice."""
AGAIN_OF_THE_PLANE = (openid._introspect, lean._introspect_own_by_resource, lean._introspect_revoked, openid._public("oidc", "jwks"))
OF_THE_SERVER = (400, 404, 405, 413, 414, 431, 501)
"""What the server may say by itself of a request that is no HTTP."""


def over_http(base: str, request: Sent) -> int:
    """The status; 0 where the server hung up."""
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=30)
    try:
        connection.putrequest(request.method, request.target, skip_accept_encoding=True)
        for name, value in (*request.headers, ("Content-Length", str(len(request.body)))):
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders(request.body)
        return connection.getresponse().status
    except (http.client.HTTPException, ConnectionError):
        return 0
    finally:
        connection.close()


def _differing(base: str, wire: Wire, recipes: Sequence[Recipe], cast: Cast) -> list[str]:
    """Where this process says something else than the server at ``base``."""
    differing: list[str] = []

    @seed(1)
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None, phases=(Phase.generate,))
    @given(which=st.integers(0, 65_535), plan=plans())
    def ask(which: int, plan: list[Step]) -> None:
        draft = recipes[which % len(recipes)](cast)
        apply(draft, plan)
        request, here = wire(draft)
        there: Any = over_http(base, request)
        if there != here.status and there not in (*OF_THE_SERVER, 0):
            differing.append(f"{here.status} here, {there} over HTTP: {'; '.join(draft.done)}\n  {request.curl(cast.base)[:2000]}")

    ask()
    return differing


def test_both_ways_give_the_same_answer(cast: Cast) -> None:
    differing = _differing(cast.base, cast.wire, AGAIN, cast)
    assert not differing, "\n\n".join(differing[:5])


def test_both_ways_to_the_plane_give_the_same_answer(cast: Cast, plane: str) -> None:
    differing = _differing(plane, cast.plane, AGAIN_OF_THE_PLANE, cast)
    assert not differing, "\n\n".join(differing[:5])
