"""Where somebody is sent back to after signing in, by a header that anybody may write as they like."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from toono.kernel.access import _page_before


@pytest.mark.parametrize(
    ("referer", "path"),
    [("https://toono.mn/my/settings?x=1", "/my/settings"), ("http://[", "/"), ("http://[::1", "/"), ("", "/"), ("https://toono.mn", "/")],
)
def test_what_is_no_address_leads_home(referer: str, path: str) -> None:
    assert _page_before(cast(Any, SimpleNamespace(headers={"Referer": referer}))) == path
