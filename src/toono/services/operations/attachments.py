"""Files that belong to answers: taken, taken back, read, copied with a case.

A file is looked into before any transaction (a scanner may take seconds), and stored with the answer that names it in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.services import limits
from toono.services.contracts import AttachmentFile
from toono.services.domain.definition import Question
from toono.services.domain.kinds import files
from toono.services.domain.kinds.suffixes import from_
from toono.services.errors import AttachmentUnknown
from toono.services.models import Attachment, Case, Correction
from toono.services.operations.examination import FileRefused, Sound, said
from toono.services.operations.facts import note
from toono.services.queries.access import citizen, desk

FULL = (
    "нэг хүсэлтийн файлууд нийт 60 МБ-аас хэтэрч болохгүй. Файлаа багасгана уу.",
    "the files of one application may have 60 MB together. Make them smaller.",
)


# -- taking it ---------------------------------------------------------------------------------------------------


def attach(case: Case, question: Question, sound: Sound) -> None:
    """Store the file and name it in the answer. The caller holds the lock of the case's row and saves its answers.

    The same file again, of a button pressed twice, is the same file.

    :raises FileRefused: there are too many, or the case would grow too large.
    """
    named = files.ids(case.answers.get(question.code, ""))
    if Attachment.objects.filter(id__in=named, sha256=sound.sha256).exists():
        return
    if len(named) >= question.files:
        most = str(question.files)
        raise FileRefused(
            said(
                sound.name,
                (
                    f"{from_(most)} олон файл хавсаргах боломжгүй. Өмнөхөөсөө хасаад нэмнэ үү.",
                    f"no more than {most} can be attached. Remove one first.",
                ),
            )
        )
    kept = Attachment.objects.filter(case=case).aggregate(total=Sum("size_bytes"))["total"] or 0
    if kept + len(sound.inspected.content) > limits.CASE_BYTES:
        raise FileRefused(said(sound.name, FULL))
    row = Attachment.objects.create(
        case=case, question=question.code, name=sound.name, media_type=sound.inspected.media_type, size_bytes=len(sound.inspected.content),
        sha256=sound.sha256, content=sound.inspected.content, pages=sound.inspected.pages, scanned_by=sound.scanned_by, added_at=now(),
    )  # fmt: skip
    case.answers[question.code] = ",".join([*map(str, named), str(row.id)])


def take_back(case: Case, question: Question, attachment_id: UUID) -> None:
    """Take a file out of the answer. The caller holds the lock of the case's row and saves its answers.

    Of a draft it is gone. Of a sent case that is being corrected it stays: an officer has seen it.
    """
    left = [one for one in files.ids(case.answers.get(question.code, "")) if one != attachment_id]
    if left:
        case.answers[question.code] = ",".join(map(str, left))
    else:
        case.answers.pop(question.code, None)
    if case.submitted_at is None:
        Attachment.objects.filter(case=case, question=question.code, id=attachment_id).delete()


def drop_unused(case: Case) -> int:
    """Remove the files that no answer names, now or before a correction; gives how many. The caller holds the lock of the case's row."""
    return int(Attachment.objects.filter(case=case).exclude(id__in=_named(case)).delete()[0])


def _named(case: Case) -> set[UUID]:
    """Every file that an answer of the case names, or named when an officer saw it."""
    before = Correction.objects.filter(case=case).values_list("answers_before", flat=True)
    return {one for answers in (case.answers, *before) for kept in answers.values() for one in _ids(kept)}


def _ids(kept: str) -> tuple[UUID, ...]:
    try:
        return files.ids(kept)
    except ValueError:
        return ()  # the answer to a question about something else


def copy(old: Case, new: Case, ids: Iterable[str]) -> dict[str, str]:
    """The same files in another case of the same person; gives the new ids by the old. Of what is not there nothing is copied."""
    copied: dict[str, str] = {}
    with transaction.atomic():
        for row in Attachment.objects.filter(case=old, id__in=list(ids)):
            made = Attachment.objects.create(
                case=new, question=row.question, name=row.name, media_type=row.media_type, size_bytes=row.size_bytes, sha256=row.sha256,
                content=row.content, pages=row.pages, scanned_by=row.scanned_by, added_at=row.added_at,
            )  # fmt: skip
            copied[str(row.id)] = str(made.id)
    return copied


# -- reading it --------------------------------------------------------------------------------------------------


def attachment(*, actor: Actor, case_id: UUID, attachment_id: UUID) -> AttachmentFile:
    """The file, for the applicant, an officer of the organisation, or of the body that is asked for its opinion.

    That an officer opened it is recorded.

    :raises AttachmentUnknown: there is none, or it is another's.
    """
    officer = actor.role is Role.OFFICER
    case = _of_desk(desk(actor), case_id) if officer else Case.objects.filter(id=case_id, person_id=citizen(actor)).first()
    row = Attachment.objects.filter(case_id=case_id, id=attachment_id).first() if case else None
    if case is None or row is None or (officer and row.id not in _seen_by_officers(case)):
        raise AttachmentUnknown(f"no file {attachment_id} for this actor")
    if officer:
        with transaction.atomic():
            audit.record(actor=actor, action="services.open_attachment", subject=f"case:{case.id}", attachment=str(row.id))
            note(case, "attachment_opened", actor=actor, attachment=str(row.id))
    return AttachmentFile(name=row.name, media_type=row.media_type, content=bytes(row.content))


def _of_desk(organisation: str, case_id: UUID) -> Case | None:
    """A sent case of the organisation, or one on which it is asked for its opinion now."""
    sent = Case.objects.filter(id=case_id, submitted_at__isnull=False).first()
    return sent if sent and organisation in {sent.organisation, sent.opinion_organisation} else None


def _seen_by_officers(case: Case) -> set[UUID]:
    """What was sent. While the applicant corrects, a file that was added since is not sent yet."""
    open_one = Correction.objects.filter(case=case, answered_at__isnull=True).first()
    former = Correction.objects.filter(case=case).values_list("answers_before", flat=True)
    sent: Sequence[dict[str, str]] = [*former, *([] if open_one else [case.answers])]
    return {one for answers in sent for kept in answers.values() for one in _ids(kept)}
