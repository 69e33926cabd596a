"""Evidence made from the rows of the log: containers of single messages, and what they prove in words.

Nothing is stored twice: signature documents, hash chains and containers are made again from digests, and come out byte for byte as they were signed.
"""

from __future__ import annotations

from toono.exchange.contracts import EvidenceFile
from toono.exchange.domain import log_checks
from toono.exchange.domain.evidence import container, hashchain, verify, words
from toono.exchange.errors import EvidenceIncomplete, NotSigned
from toono.exchange.models import MessageRecord
from toono.exchange.operations import trust
from toono.exchange.queries import Shelf, Signed
from toono.kernel.clock import now


def container_of(shelf: Shelf, record: MessageRecord) -> bytes:
    """ASiC-E container of one message, with its time-stamp where it has one. ``shelf`` has loaded it. The same rows give the same bytes.

    :raises NotSigned: the record is an outcome without an answer.
    :raises EvidenceIncomplete: a row is missing or does not fit; :func:`verdict` tells more.
    """
    if record.signature is None:
        raise NotSigned(str(record.id))
    signed = shelf.signed(record.signature)
    if signed is None:
        raise EvidenceIncomplete(f"signature {record.signature} is missing", part="signature")
    if signed.signer is None:
        raise EvidenceIncomplete(f"certificate {signed.serial} is not known", part="certificate")
    if not signed.document:
        raise EvidenceIncomplete(f"signature {signed.id} is malformed", part="signature")
    head, body = bytes(record.head), bytes(record.body)
    if (problem := log_checks.message(signed.row, record.leaf, log_checks.digests(head, body))) is not None:
        raise EvidenceIncomplete(f"message {record.id}: {problem}", part="message")
    parts = container.Parts(
        message=head,
        body=body or None,
        signatures=signed.document,
        chain=None if signed.row.direct else _chain(signed, record.leaf, head, body),
        stamp=_stamp(shelf, signed),
    )
    return container.write(parts, record.at)


def name_of(record: MessageRecord) -> str:
    """File name of its container; two messages never share one."""
    return container.file_name(record.message_id, record.direction, record.id.int)


def _chain(signed: Signed, leaf: int, head: bytes, body: bytes) -> tuple[bytes, bytes]:
    leaves = signed.row.leaves
    return hashchain.result_xml(hashchain.root(leaves)), hashchain.chain_xml(leaves, leaf, log_checks.digests(head, body))


def _stamp(shelf: Shelf, signed: Signed) -> container.StampParts | None:
    found = shelf.stamped(signed.id)
    if found is None:
        return None
    stamped, position = found
    if not 0 <= position < len(stamped.leaves) or stamped.leaves[position] != signed.row.document_digest:
        raise EvidenceIncomplete(f"time-stamp {stamped.stamp.id} does not hold signature {signed.id}", part="stamp")
    return container.StampParts(bytes(stamped.stamp.token), stamped.result, shelf.stamp_chain(signed.id))


def container_file(record: MessageRecord) -> EvidenceFile:
    """The container of one message. Raises as :func:`container_of`."""
    shelf = Shelf()
    shelf.load([record])
    return EvidenceFile(name=name_of(record), media_type=container.MEDIA_TYPE, content=container_of(shelf, record))


def explain(record: MessageRecord, language: words.Language) -> tuple[str, ...]:
    """What a record proves, in sentences; empty for an outcome without an answer and for a record whose evidence is damaged."""
    try:
        content = container_file(record).content
    except (NotSigned, EvidenceIncomplete):
        return ()
    return tuple(words.explain(verify.verify(content, trust.anchors(), now()), language))
