"""The memory of nonces is bounded and forgets only what may be forgotten."""

from __future__ import annotations

from toono.exchange.domain.nonces import Nonces


def test_a_nonce_is_new_once_within_the_window() -> None:
    nonces = Nonces(10, 300)
    assert nonces.add(b"a", 0)
    assert not nonces.add(b"a", 299)
    assert nonces.add(b"b", 299)


def test_after_the_window_a_nonce_is_forgotten() -> None:
    nonces = Nonces(10, 300)
    nonces.add(b"a", 0)
    assert nonces.add(b"b", 301)
    assert len(nonces) == 1


def test_the_memory_never_grows_beyond_its_bound() -> None:
    nonces = Nonces(100, 300)
    for number in range(10_000):
        assert nonces.add(str(number).encode(), number / 1000)
    assert len(nonces) == 100
    assert not nonces.add(b"9999", 10)
