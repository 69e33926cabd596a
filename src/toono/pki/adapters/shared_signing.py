"""Signatures that threads of a process want at the same time, asked of the signer in one request.

Who comes while a request is on its way waits and is served by the next, so the batches grow with the load and nobody waits for them
to fill.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toono.pki.errors import SignerRefused, SignerUnavailable
from toono.pki.signing import SignerClient

MOST_TOGETHER = 256


@dataclass(eq=False)
class _Wish:
    key: str
    digest: bytes
    done: bool = False
    signature: bytes | None = None
    fault: SignerUnavailable | SignerRefused | None = None


class SharingSignerClient(SignerClient):
    """The same as :class:`SignerClient`; single digests of one key travel together."""

    def __init__(self, socket: Path, token: str) -> None:
        super().__init__(socket, token)
        self._wishes: list[_Wish] = []
        self._list = threading.Lock()
        self._turn = threading.Lock()

    def sign(self, *, key: str, digests: Sequence[bytes], activation: str | None = None) -> list[bytes]:
        """See :meth:`SignerClient.sign`."""
        if len(digests) != 1 or activation is not None:
            return super().sign(key=key, digests=digests, activation=activation)
        wish = _Wish(key, digests[0])
        with self._list:
            self._wishes.append(wish)
        while not wish.done:
            with self._turn:  # held for one request to the signer; when it is ours, ours may be done already
                if not wish.done:
                    self._serve(key)
        if wish.signature is None:
            raise wish.fault or SignerUnavailable("the signer left a digest unsigned")
        return [wish.signature]

    def _serve(self, key: str) -> None:
        """Ask for what waits for this key, the oldest first; the rest goes with the next request."""
        with self._list:
            together = [wish for wish in self._wishes if wish.key == key][:MOST_TOGETHER]
            taken = {id(wish) for wish in together}
            self._wishes = [wish for wish in self._wishes if id(wish) not in taken]
        try:
            signatures = super().sign(key=key, digests=[wish.digest for wish in together])
            for wish, signature in zip(together, signatures, strict=True):
                wish.signature = signature
        except (SignerUnavailable, SignerRefused) as fault:
            for wish in together:
                wish.fault = fault
        finally:
            for wish in together:
                wish.done = True
