"""Whether a file may be kept: its size, what its bytes are, what a scanner says; and what the person is told where it may not."""

from __future__ import annotations

import hashlib
import logging
import re
import unicodedata
from dataclasses import dataclass

from toono.kernel.text import clean
from toono.services import limits
from toono.services.adapters import inspection, scanners
from toono.services.adapters.inspection import Fault, Inspected
from toono.services.contracts import Text, Upload
from toono.services.domain.definition import Question
from toono.services.domain.kinds import files

log = logging.getLogger(__name__)

ENDINGS = {inspection.PDF: (".pdf",), inspection.JPEG: (".jpg", ".jpeg"), inspection.PNG: (".png",)}


class FileRefused(Exception):
    """The file is not taken; ``text`` tells the person why and what to do."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(frozen=True)
class Sound:
    """A file that may be kept."""

    name: str
    inspected: Inspected
    scanned_by: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.inspected.content).hexdigest()


def examined(question: Question, upload: Upload) -> Sound:
    """The file as it will be kept.

    :raises FileRefused: too large, of another type, broken, infected, or it cannot be looked through now.
    """
    shown = file_name(upload.name, "")
    if upload.size_bytes > limits.FILE_BYTES:
        raise FileRefused(said(shown, _TOO_LARGE))
    if upload.size_bytes == 0:
        raise FileRefused(said(shown, _EMPTY))
    try:
        scanned_by = scanners.scan(upload.path)
        inspected = inspection.inspect(upload.path)
    except scanners.Infected as infected:
        log.warning("a file for «%s» carries %s", question.code, infected)
        raise FileRefused(said(shown, _INFECTED)) from None
    except scanners.ScannerSilent as silent:
        log.error("files cannot be looked through: %s", silent)
        raise FileRefused(said(shown, _UNSCANNED)) from None
    except inspection.Refused as refused:
        raise FileRefused(said(shown, _FAULTS[refused.fault])) from None
    if inspected.media_type not in files.accepts(question) or _lies(upload.name, inspected.media_type):
        raise FileRefused(said(shown, _OTHER_TYPE if inspected.media_type not in files.accepts(question) else _LIES))
    return Sound(name=file_name(upload.name, inspected.media_type), inspected=inspected, scanned_by=scanned_by)


def _lies(name: str, media_type: str) -> bool:
    """Whether the name's ending says something else than the bytes; JPEG and PNG are both pictures, and often renamed."""
    ending = re.search(r"\.[A-Za-z0-9]{1,5}$", name.strip())
    if ending is None:
        return False
    pictures = (*ENDINGS[inspection.JPEG], *ENDINGS[inspection.PNG], ".jfif", ".jpe")
    return ending[0].lower() not in (ENDINGS[inspection.PDF] if media_type == inspection.PDF else pictures)


def file_name(name: str, media_type: str) -> str:
    """A name that can do no harm: no folders, no control or direction marks, the ending of the true type."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    plain = clean(re.sub(r'[<>:"|?*;%]', " ", last)).strip(". ")
    if not media_type:
        return plain[: limits.NAME_LENGTH] or "–"
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", plain) or "file"
    own = re.search(r"\.[A-Za-z0-9]{1,5}$", plain)
    ending = own[0].lower() if own and own[0].lower() in ENDINGS[media_type] else ENDINGS[media_type][0]
    return stem[: limits.NAME_LENGTH - len(ending)] + ending


def said(name: str, words: tuple[str, str]) -> Text:
    """The sentence, with the file that it is about."""
    return Text(mn=f"«{name}»: {words[0]}", en=f"«{name}»: {words[1]}")


_TOO_LARGE = (
    "файл 10 МБ-аас том байна. Багасгаад, эсвэл камераар багахан зураг аваад дахин хавсаргана уу.",
    "the file is larger than 10 MB. Make it smaller, or take a smaller picture, and attach it again.",
)
_EMPTY = ("файл хоосон байна. Өөр файл сонгоно уу.", "the file is empty. Choose another.")
_INFECTED = (
    "файлд хортой код илэрсэн тул хүлээж авсангүй. Өөр файл хавсаргана уу.",
    "the file was not taken because harmful code was found in it. Attach another.",
)
_UNSCANNED = (
    "файлыг одоо шалгах боломжгүй байна. Бусад хариулт тань хадгалагдсан; хэдэн минутын дараа дахин хавсаргана уу.",
    "the file cannot be checked at the moment. Your other answers are kept; attach it again in a few minutes.",
)
_OTHER_TYPE = (
    "энэ асуултад ийм төрлийн файл хавсаргахгүй. Зөвшөөрсөн төрлийн файл сонгоно уу.",
    "this question takes files of another type. Choose one of the types named.",
)
_LIES = (
    "файлын нэр, агуулга хоёр зөрж байна. Файлаа нээж шалгаад PDF эсвэл зураг болгон хадгалж хавсаргана уу.",
    "the name of the file says one type and its content another. Open it, save it as a PDF or a picture, and attach that.",
)
_FAULTS: dict[Fault, tuple[str, str]] = {
    Fault.UNKNOWN_TYPE: (
        "энэ нь PDF ч биш, зураг (JPEG, PNG) ч биш байна. Баримтаа PDF болгох буюу зургийг нь авч хавсаргана уу.",
        "this is neither a PDF nor a picture (JPEG, PNG). Save it as a PDF or take a picture of it.",
    ),
    Fault.BROKEN: (
        "файл гэмтсэн, нээгдэхгүй байна. Дахин хадгалж, эсвэл зургийг нь авч хавсаргана уу.",
        "the file is damaged and cannot be opened. Save it again, or take a picture of it.",
    ),
    Fault.LOCKED: (
        "файл нууц үгтэй тул нээгдэхгүй байна. Нууц үггүйгээр хадгалж хавсаргана уу.",
        "the file is locked with a password. Save it without one and attach that.",
    ),
    Fault.ACTIVE: (
        "файл дотор өөр файл эсвэл программ байна. Хэвлэж PDF болгон хадгалаад хавсаргана уу.",
        "there are programs or other files inside this file. Print it to a plain PDF and attach that.",
    ),
    Fault.TOO_MANY_PIXELS: (
        "зургийн хэмжээ хэт том байна (50 сая цэгээс олон). Багасгаад хавсаргана уу.",
        "the picture has too many points (more than 50 million). Make it smaller.",
    ),
    Fault.TOO_MANY_PAGES: ("300-аас олон хуудастай байна. Хэсэгчлэн хавсаргана уу.", "it has more than 300 pages. Attach it in parts."),
}
