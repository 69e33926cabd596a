"""The name of a device for its owner, from what the browser says of itself. For recognition only: anybody can claim anything."""

from __future__ import annotations

# The first word found names the thing; later browsers claim to be earlier ones, so the order matters.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"))


def device_name(user_agent: str) -> str:
    """``Chrome, Android``; the first word of the claim when nothing is recognised; empty when there is none."""
    named = [next((name for mark, name in table if mark in user_agent), "") for table in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, named)) or user_agent.split(" ")[0][:60]
