"""Files: an answer names attachments by their ids."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from toono.services.contracts import Text, Typed
from toono.services.domain.definition import FileKind, Question
from toono.services.domain.kinds.base import Kind, Outside, refuse, several
from toono.services.domain.kinds.suffixes import from_

MEDIA_TYPES: dict[FileKind, tuple[str, ...]] = {FileKind.PDF: ("application/pdf",), FileKind.PICTURE: ("image/jpeg", "image/png")}


def accepts(question: Question) -> tuple[str, ...]:
    """Media types that the question takes."""
    return tuple(media for kind in question.accepts for media in MEDIA_TYPES[kind])


def _files(question: Question, typed: Typed, today: date, outside: Outside) -> str:
    ids = [identifier for one in several(typed) if (identifier := _identifier(one, outside))]
    if not ids:
        raise refuse(question, "файл хавсаргана уу.", "attach a file.")
    if len(ids) > question.files:
        raise refuse(
            question,
            f"{from_(str(question.files))} олон файл хавсаргах боломжгүй. Зарим файлаа хасна уу.",
            f"at most {question.files} file{'s' if question.files > 1 else ''} can be attached. Remove some.",
        )
    return ",".join(dict.fromkeys(ids))


def _identifier(typed: str, outside: Outside) -> str | None:
    """The id of an attachment that is there; by shape where nobody can say."""
    if outside.file_name is not None:
        return typed if outside.file_name(typed) is not None else None
    return typed


def ids(kept: str) -> tuple[UUID, ...]:
    """The attachments of a kept answer."""
    return tuple(UUID(part) for part in kept.split(",") if part)


def _shown(question: Question, kept: str, outside: Outside) -> Text:
    names = [outside.file_name(part) if outside.file_name else part for part in kept.split(",")]
    words = "; ".join(name for name in names if name)
    return Text(mn=words or "–", en=words or "–")


def _value(question: Question, kept: str) -> list[str]:
    return kept.split(",")


FILE = Kind(_files, _shown, _value, seconds=120, ask=("Файл хавсаргана уу", "Attach a file"))
