"""``toono verify``: the QR of a document checked without a network. Free of Django, so that anybody can run it anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from toono.kernel.clock import local, now
from toono.services.domain.proofs import NotProven, Proof, read


def run(text: str, keys: Path, say: Callable[[str], None]) -> int:
    """Say what the signed words of ``text`` tell; 0 where they are proven and in time, 1 where not, 2 where the key set cannot be read."""
    try:
        published = json.loads(keys.read_text(encoding="utf-8"))
        known, names = published["keys"], published.get("organisations", {})
    except (OSError, ValueError, KeyError, TypeError) as error:
        say(f"The key set {keys} cannot be read: {error}.")
        return 2
    try:
        proof = read(text, known)
    except NotProven as error:
        say(f"Not proven: {error}.")
        return 1
    for line in _told(proof, names.get(proof.organisation, {}).get("mn", proof.organisation)):
        say(line)
    if not proof.in_time(now()):
        say("Its time is over.")
        return 1
    say("The signature is genuine. Whether it was revoked since, only the network knows.")
    return 0


def _told(proof: Proof, issuer: str) -> list[str]:
    until = f"{local(proof.valid_until):%Y.%m.%d}" if proof.valid_until else "without an end"
    fingerprint = " ".join(proof.fingerprint[i : i + 4] for i in range(0, len(proof.fingerprint), 4))
    return [
        f"Document:    {proof.title}",
        f"Code:        {proof.code}",
        f"Issued by:   {issuer}",
        f"Holder:      {proof.holder}",
        f"Issued:      {local(proof.issued_at):%Y.%m.%d}",
        f"Valid until: {until}",
        f"Fingerprint: {fingerprint}",
    ]
