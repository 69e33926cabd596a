"""Letting a natural person's key loose for exactly what its holder has confirmed.

Two processes share the deed, so the bearer token of neither signs anything: the pages ask and sign, the worker looks for the proof and lets
loose. The proof is the record of the audit that ``identity`` writes when a one-time code was right: whose code, for what, when. It cannot be
changed or removed. The worker works out by itself what will be signed, and whether that is what was confirmed.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from procrastinate.contrib.django import app

from toono.kernel.clock import now
from toono.kernel.models import AuditRecord
from toono.pki.adapters.signer import client
from toono.pki.contracts import Confirmation
from toono.pki.domain import remote_signing as rules
from toono.pki.domain.remote_signing import ACTIVATION_SECONDS, EVIDENCE_AGE
from toono.pki.errors import NotConfirmed, SignerRefused, SigningNotReady
from toono.pki.models import SigningRequest

TASK = "pki.activate"
"""Name of the job in ``tasks``, which stands above this layer."""
WAIT_SECONDS = 8.0
STEP_SECONDS = 0.03


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a key shall sign."""

    key: str
    digests: tuple[bytes, ...]


# -- in the pages' process ---------------------------------------------------------------------------------------------


def ask(*, confirmation: Confirmation, key: str, signing_input: str = "", request: UUID | None = None) -> None:
    """Have the worker let ``key`` loose: for a JWS that says what was confirmed, or for a stored request."""
    app.configure_task(TASK, queue="urgent").defer(
        confirmation=json.loads(confirmation.model_dump_json()), key=key, signing_input=signing_input,
        request=str(request) if request else "",
    )  # fmt: skip


def sign(*, confirmation: Confirmation, wanted: Wanted, wait_seconds: float = WAIT_SECONDS) -> list[bytes]:
    """Sign what was let loose; waits so long for the worker. The same again gives the same signatures.

    :raises SigningNotReady: the worker did not come to it; ask again.
    :raises SignerRefused: the time is over, or something else was confirmed.
    """
    activation = str(confirmation.challenge_id)
    try:
        return client().sign(key=wanted.key, digests=wanted.digests, activation=activation)
    except SignerRefused as refusal:
        if refusal.data.get("reason") != "activation_unknown":
            raise
    _wait_until(lambda: client().is_activated(activation=activation, key=wanted.key), wait_seconds)
    return client().sign(key=wanted.key, digests=wanted.digests, activation=activation)


def _wait_until(ready: Callable[[], bool], seconds: float) -> None:
    deadline, pause = monotonic() + seconds, threading.Event()
    while not ready():
        if monotonic() > deadline:
            raise SigningNotReady("the worker did not let the key loose in time")
        pause.wait(STEP_SECONDS)


# -- in the worker's process -------------------------------------------------------------------------------------------


def let_loose(*, confirmation: Confirmation, key: str, signing_input: str, request: UUID | None) -> None:
    """The worker's part.

    :raises NotConfirmed: the audit holds no fresh confirmation of this by the key's own holder.
    """
    wanted = _wanted(confirmation, key, signing_input, request)
    if not rules.owns(confirmation.person_id, wanted.key) or not _proven(confirmation):
        raise NotConfirmed(f"no confirmation {confirmation.challenge_id} for {wanted.key}")
    client().activate(
        activation=str(confirmation.challenge_id), key=wanted.key, digests=wanted.digests, seconds=ACTIVATION_SECONDS
    )  # fmt: skip


def _wanted(confirmation: Confirmation, key: str, signing_input: str, request: UUID | None) -> Wanted:
    """What will be signed, worked out from its source and held against what was confirmed."""
    if request is None:
        if not rules.confirms_jws(signing_input, confirmation.confirms):
            raise NotConfirmed("the JWS does not say what was confirmed")
        return Wanted(key=key, digests=(hashlib.sha256(signing_input.encode()).digest(),))
    row = SigningRequest.objects.select_related("certificate").filter(id=request, person_id=confirmation.person_id).first()
    if row is None or row.certificate is None or row.certificate.key != key or binding_of(row) != confirmation.confirms:
        raise NotConfirmed("the request is not the one that was confirmed")
    return Wanted(key=key, digests=tuple(rules.digests_of(row.digests)))


def binding_of(row: SigningRequest) -> str:
    """What a confirmation of this request names; empty while the holder is not known."""
    if row.certificate is None:
        return ""
    return rules.binding(request=row.id, party=row.party, key=row.certificate.key, digests=row.digests, text=row.text)


def _proven(confirmation: Confirmation) -> bool:
    found = AuditRecord.objects.filter(
        action="identity.confirm", subject=confirmation.reference, person_id=confirmation.person_id, at__gte=now() - EVIDENCE_AGE,
        details__challenge=str(confirmation.challenge_id), details__confirms=confirmation.confirms,
    )  # fmt: skip
    return found.exists()
