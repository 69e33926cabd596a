"""Who may do what with which keys. A closed table: what does not stand here is refused."""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatchcase
from hashlib import sha256

CLIENTS = ("web", "worker", "gateway")
"""Processes that have a token (secret ``signer_token_<client>``)."""


class Verb(StrEnum):
    SIGN = "sign"
    GENERATE = "generate"
    READ = "read"  # the public key
    ACTIVATE = "activate"  # let a natural person's key sign certain digests, which its holder has confirmed


EVERYTHING = frozenset({Verb.SIGN, Verb.GENERATE, Verb.READ})
NOT_SIGN = frozenset({Verb.GENERATE, Verb.READ})
NOT_GENERATE = frozenset({Verb.SIGN, Verb.READ})
ONLY_ACTIVATE = frozenset({Verb.ACTIVATE, Verb.READ})

# After a compromise a key has later generations: ``token/2`` after ``token``, ``seal/x/2`` after ``seal/x``.
RIGHTS: dict[str, tuple[tuple[str, frozenset[Verb]], ...]] = {
    # Carries messages, so it signs as the organisations do on the exchange, and as nobody else.
    "gateway": (("exchange/*", NOT_GENERATE),),
    # Seals documents, renews certificates and lists, publishes the configuration, calls the exchange. It makes keys, since
    # certificates are also issued by jobs, but signs neither messages nor identity tokens.
    "worker": (
        ("pki/*", EVERYTHING),
        ("seal/*", EVERYTHING),
        ("system/*", EVERYTHING),
        ("configuration", EVERYTHING),
        ("configuration/*", EVERYTHING),
        ("documents", EVERYTHING),
        ("exchange/*", NOT_SIGN),
        ("token", NOT_SIGN),
        ("token/*", NOT_SIGN),
        # Sole control takes two: the worker, which has seen the proof that the holder confirmed, lets the key loose but cannot sign with it.
        ("person/*", ONLY_ACTIVATE),
        ("officer/*", ONLY_ACTIVATE),
        ("auth/*", ONLY_ACTIVATE),
    ),
    # Establishes and issues; makes the gateway's keys but cannot sign a message with them.
    "web": (
        ("pki/*", EVERYTHING),
        ("seal/*", EVERYTHING),
        ("system/*", EVERYTHING),
        ("token", EVERYTHING),
        ("token/*", EVERYTHING),
        ("configuration", EVERYTHING),
        ("configuration/*", EVERYTHING),
        ("documents", EVERYTHING),
        # A person's signature is made while the person presses the button, so by the pages and by no job; and only under an activation,
        # which the pages cannot grant (``activations.py``).
        ("person/*", EVERYTHING),
        ("officer/*", EVERYTHING),
        ("auth/*", EVERYTHING),
        ("exchange/*", NOT_SIGN),
    ),
}


def may(client: str, verb: Verb, label: str) -> bool:
    """Whether the table lets ``client`` do ``verb`` with the key ``label``."""
    return any(fnmatchcase(label, pattern) and verb in verbs for pattern, verbs in RIGHTS.get(client, ()))


class Tokens:
    """Tells a client by its bearer token. Tokens are kept as digests, so a comparison takes the same time for every guess."""

    def __init__(self, tokens: dict[str, str]) -> None:
        self._clients = {sha256(token.encode()).digest(): client for client, token in tokens.items()}

    def client(self, token: str) -> str | None:
        return self._clients.get(sha256(token.encode()).digest())
