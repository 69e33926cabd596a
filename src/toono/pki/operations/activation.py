"""Letting a natural person's key loose for exactly what its holder has confirmed.

Three share the deed, so none of them signs anything alone. The signer draws the one-time code and checks what was typed; it grants nothing without
that code, and compares by itself what the code confirms with what will be signed. The worker has the code drawn for the phone, looks for the record
of the audit that ``identity`` writes when a code was right, works out what will be signed, and lets loose. The pages hand in what was typed, ask and sign.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from uuid import UUID

from procrastinate.contrib.django import app

from toono.kernel.clock import now
from toono.kernel.models import AuditRecord
from toono.pki import queries
from toono.pki.adapters.signer import client
from toono.pki.contracts import Confirmation
from toono.pki.domain import remote_signing as rules
from toono.pki.domain.remote_signing import ACTIVATION_SECONDS, EVIDENCE_AGE
from toono.pki.errors import CodeWithheld, NotConfirmed, SignerRefused, SigningNotReady
from toono.pki.models import Certificate, SigningRequest
from toono.pki.operations import sign_file_seen

TASK = "pki.activate"
"""Name of the job in ``tasks``, which stands above this layer."""
WAIT_SECONDS = 8.0
STEP_SECONDS = 0.03


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a key shall sign."""

    key: str
    digests: tuple[bytes, ...]
    seen: Mapping[str, object] = field(default_factory=dict)
    """What the holder saw, as the signer wants it in a proof; only whoever lets loose needs it."""


# -- in the pages' process ---------------------------------------------------------------------------------------------


def ask(*, confirmation: Confirmation, key: str, signing_input: str = "", request: UUID | None = None) -> None:
    """Have the worker let ``key`` loose: for a JWS that says what was confirmed, or for a stored request."""
    app.configure_task(TASK, queue="urgent").defer(
        confirmation=json.loads(confirmation.model_dump_json()), key=key, signing_input=signing_input,
        request=str(request) if request else "",
    )  # fmt: skip


def sign(*, confirmation: Confirmation, wanted: Wanted, wait_seconds: float = WAIT_SECONDS, documents: bool = False) -> list[bytes]:
    """Sign what was let loose; waits so long for the worker. The same again gives the same signatures.

    :param documents: the digests follow from documents whose hashes were confirmed.
    :raises SigningNotReady: the worker did not come to it; ask again.
    :raises SignerRefused: the time is over, or something else was confirmed.
    """
    activation = str(confirmation.challenge_id)
    if documents:
        activation = rules.activation_of_documents(activation)
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

    :raises NotConfirmed: the audit holds no fresh confirmation of this by the key's own holder, or no certificate of the key is in force.
    """
    wanted = _wanted(confirmation, key, signing_input, request)
    if not rules.owns(confirmation.person_id, wanted.key) or not proven(confirmation):
        raise NotConfirmed(f"no confirmation {confirmation.challenge_id} for {wanted.key}")
    client().activate(
        activation=str(confirmation.challenge_id), key=wanted.key, digests=wanted.digests, seconds=ACTIVATION_SECONDS,
        proof={"code": str(confirmation.challenge_id), **wanted.seen},
    )  # fmt: skip


def _wanted(confirmation: Confirmation, key: str, signing_input: str, request: UUID | None) -> Wanted:
    """What will be signed, worked out from its source and held against what was confirmed."""
    if request is None:
        if not rules.confirms_jws(signing_input, confirmation.confirms):
            raise NotConfirmed("the JWS does not say what was confirmed")
        if not any(queries.in_force(one) for one in Certificate.objects.filter(key=key)):
            raise NotConfirmed(f"no certificate of {key} is in force")
        return Wanted(key=key, digests=(hashlib.sha256(signing_input.encode()).digest(),), seen={"jws": signing_input})
    row = confirmed_request(confirmation, key, request)
    sign_file_seen.check(row)
    return Wanted(key=key, digests=tuple(rules.digests_of(row.digests)), seen=seen_of(row))


def confirmed_request(confirmation: Confirmation, key: str, request: UUID) -> SigningRequest:
    """The stored request, if it is what was confirmed, and its certificate is in force still.

    :raises NotConfirmed:
    """
    row = SigningRequest.objects.select_related("certificate").filter(id=request, person_id=confirmation.person_id).first()
    if row is None or row.certificate is None or row.certificate.key != key or binding_of(row) != confirmation.confirms:
        raise NotConfirmed("the request is not the one that was confirmed")
    if not queries.in_force(row.certificate):
        raise NotConfirmed(f"the certificate {row.certificate.serial} is not in force")
    return row


def seen_of(row: SigningRequest) -> dict[str, object]:
    """What the holder saw of it, for the signer to compare with what the code confirms; of the text its digest is enough."""
    return {"request": str(row.id), "party": row.party, "text_sha256": hashlib.sha256(row.text.encode()).hexdigest()}


def binding_of(row: SigningRequest) -> str:
    """What a confirmation of this request names; empty while the holder is not known."""
    if row.certificate is None:
        return ""
    return rules.binding(request=row.id, party=row.party, key=row.certificate.key, digests=row.digests, text=row.text)


def proven(confirmation: Confirmation) -> bool:
    found = AuditRecord.objects.filter(
        action="identity.confirm", subject=confirmation.reference, person_id=confirmation.person_id, at__gte=now() - EVIDENCE_AGE,
        details__challenge=str(confirmation.challenge_id), details__confirms=confirmation.confirms,
    )  # fmt: skip
    return found.exists()


# -- the code ------------------------------------------------------------------------------------------------------------


def draw_code(*, challenge_id: UUID, person_id: UUID, confirms: str, number: str) -> str:
    """In the worker: the code that goes to this number.

    :raises CodeWithheld: none goes there now.
    """
    try:
        return client().draw_code(code=str(challenge_id), key=_label(person_id), confirms=confirms, number=number)
    except SignerRefused as refusal:
        if refusal.data.get("reason") in _WITHHELD:
            raise CodeWithheld(str(refusal), reason=refusal.data["reason"]) from refusal
        raise


def enter_code(*, challenge_id: UUID, person_id: UUID, typed: str) -> bool:
    """In the pages: whether this is the code. A wrong one is counted by the signer, whatever becomes of this process."""
    return client().enter_code(code=str(challenge_id), key=_label(person_id), typed=typed) == "right"


def number_usable_from(*, person_id: UUID, number: str) -> datetime | None:
    """When the first code goes to a number that is new to the signer; None where codes go there already. Asking makes the time begin."""
    moment = client().number_usable_from(key=_label(person_id), number=number)
    return datetime.fromisoformat(moment) if moment is not None else None


def _label(person_id: UUID) -> str:
    """The signer tells a holder by the labels of their keys, whether there is such a key or not."""
    return f"person/{person_id}"


_WITHHELD = frozenset({"number_new", "holder_locked", "codes_too_many", "code_used", "code_differs"})
