"""Addresses that clients registered and the platform asks: for keys, to tell of a sign-out, to say that a person has answered.

Each is an administrator's or a statement's word, yet whoever owns its name may let it lead anywhere, into our own network too (RFC 9700 §4.15; CIBA Core §10.2,
Back-Channel Logout §2.5 have us post there). So it is asked through :mod:`toono.kernel.public_network`, and no redirect is followed.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from toono.kernel.public_network import LOOPBACK, Bounds, Question, Reach, fetch
from toono.kernel.settings import settings

SECONDS = 5.0
"""For the whole of a post, with its answer."""
LONGEST_BYTES = 65536
"""Of an answer, which nobody reads: only its status counts."""


def reach(uri: str) -> Reach:
    """Https anywhere in public; in development this machine itself may stand for the world, by its number in plain HTTP too."""
    if settings().production:
        return Reach(schemes=frozenset({"https"}), any_port=True)
    here = urlsplit(uri).hostname in ("127.0.0.1", "::1")
    return Reach(schemes=frozenset({"https", "http"} if here else {"https"}), any_port=True, networks=LOOPBACK)


def post(uri: str, *, content: bytes, media_type: str, authorization: str = "") -> int:
    """Send it to the registered address itself; gives the status of the answer.

    :param authorization: the header of this name; empty: none.
    :raises Unreachable: the address may not be asked, or does not answer within the bounds.
    """
    headers = {"Content-Type": media_type} | ({"Authorization": authorization} if authorization else {})
    question = Question("POST", content, headers)
    return fetch(uri, bounds=Bounds(LONGEST_BYTES, SECONDS), reach=reach(uri), question=question).status
