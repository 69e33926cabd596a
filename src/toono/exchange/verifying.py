"""``toono exchange verify``: whether a container, an archive or a folder of archives proves what it says. Needs no running platform, no database and no network."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from toono.exchange import limits
from toono.exchange.domain.evidence import archive, verificationconf, words
from toono.exchange.domain.evidence.archive import Archive
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.domain.evidence.trust import Anchors
from toono.exchange.domain.evidence.verify import Outcome, Verdict, verify
from toono.exchange.domain.evidence.words import Language
from toono.kernel.clock import now

EXIT: Final = {Outcome.VALID: 0, Outcome.INVALID: 1, Outcome.INDETERMINATE: 2}
"""Exit codes; of many files the worst one counts. 3: a file could not be read at all."""
UNREADABLE: Final = 3

_WORST: Final = (Outcome.INVALID, Outcome.INDETERMINATE, Outcome.VALID)
_ARCHIVE_HOLDS: Final[dict[Language, str]] = {
    "mn": "Архивын гинж бүрэн: {count} файл. Дараагийн архивын эхлэл: {digest}",
    "en": "The archive's chain is whole: {count} files. The next archive begins with {digest}",
}
_FOLLOWS: Final[dict[Language, str]] = {"mn": "Өмнөх архив: {name}", "en": "Archive before it: {name}"}
_NOT_HERE: Final[dict[Language, str]] = {
    "mn": "Тодорхойгүй. Үүний өмнөх архив энэ хавтсанд алга: {name}",
    "en": "Undecided. The archive before this one is not in the folder: {name}",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of the command."""
    parser.add_argument("file", type=Path, help="a container (.asice), an archive (.zip) or a folder of archives")
    parser.add_argument("--anchors", type=Path, help="whom to believe: the file that /verificationconf gives, or a shared-params.xml")
    parser.add_argument("--previous", help="digest (hex) with which an archive must begin; 0 for the first archive")
    parser.add_argument("--language", choices=("mn", "en"), default="en")


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Verify and explain; the exit code says the outcome (:data:`EXIT`).

    :param say: takes each line of what there is to tell.
    """
    try:
        anchors = verificationconf.read(_content(arguments.anchors)) if arguments.anchors else None
        verifier = _Verifier(anchors, _digest(arguments.previous), arguments.language, now(), say)
        return EXIT[verifier.outcome(arguments.file)]
    except (OSError, ValueError) as error:
        say(_plain(f"{arguments.file}: {error}"))
    except Refused as refused:
        say(_plain(f"{arguments.anchors}: {refused}"))
    return UNREADABLE


def _content(path: Path) -> bytes:
    if path.stat().st_size > limits.EVIDENCE_ARCHIVE_BYTES:
        raise ValueError(f"{path} is larger than {limits.EVIDENCE_ARCHIVE_BYTES} bytes")
    return path.read_bytes()


def _digest(text: str | None) -> bytes | None:
    if text is None:
        return None
    digest = archive.FIRST if text.strip() == "0" else bytes.fromhex(text)
    if len(digest) != len(archive.FIRST):
        raise ValueError("--previous is a digest of 128 hexadecimal digits, or 0")
    return digest


def _worst(outcomes: Iterable[Outcome]) -> Outcome:
    found = set(outcomes)
    return next((outcome for outcome in _WORST if outcome in found), Outcome.INVALID)


@dataclass(frozen=True)
class _Verifier:
    anchors: Anchors | None
    previous: bytes | None
    language: Language
    moment: datetime
    say: Callable[[str], None]

    def outcome(self, path: Path) -> Outcome:
        if path.is_dir():
            return self._folder(path)
        content = _content(path)
        return self._archive(path.name, content, self.previous)[1] if archive.is_archive(content) else self._container(path.name, content)

    def _container(self, name: str, content: bytes, *, brief: bool = False) -> Outcome:
        """:param brief: of a valid one the first sentence is enough: an archive holds thousands."""
        verdict = verify(content, self.anchors, self.moment)
        lines = words.explain(verdict, self.language)
        self._tell(name, lines[:1] if brief and verdict.outcome is Outcome.VALID else lines)
        return verdict.outcome

    def _archive(self, name: str, content: bytes, previous: bytes | None) -> tuple[Archive | None, Outcome]:
        try:
            found = archive.verify(content, previous)
        except Refused as refused:
            self._tell(name, words.explain(Verdict(outcome=Outcome.INVALID, failure=refused.finding), self.language))
            return None, Outcome.INVALID
        outcomes = [self._container(f"{name}: {member}", one, brief=True) for member, one in found.containers.items()]
        lines = [_ARCHIVE_HOLDS[self.language].format(count=len(outcomes), digest=found.last_digest.hex())]
        if found.previous_name:
            lines.append(_FOLLOWS[self.language].format(name=found.previous_name))
        self._tell(name, lines)
        return found, _worst(outcomes)

    def _folder(self, folder: Path) -> Outcome:
        """Each archive of a folder, and whether it follows another one of them, or ``previous``, or is a first one."""
        outcomes, chains = [], {}
        for path in sorted(folder.glob("*.zip")):
            found, outcome = self._archive(path.name, _content(path), None)
            outcomes.append(outcome)
            if found is not None:
                chains[path.name] = (found.previous_digest, found.previous_name, found.last_digest)
        ends = {archive.FIRST, self.previous, *(last for _, _, last in chains.values())}
        for name, (begin, before, _) in chains.items():
            if begin not in ends:
                self._tell(name, [_NOT_HERE[self.language].format(name=before or begin.hex())])
                outcomes.append(Outcome.INDETERMINATE)
        if not outcomes:
            raise ValueError("there is no archive in the folder")
        return _worst(outcomes)

    def _tell(self, name: str, lines: Iterable[str]) -> None:
        self.say(_plain(f"{name}:"))
        for line in lines:
            self.say(f"  {_plain(line)}")


def _plain(line: str) -> str:
    """A line that a terminal shows and does not obey: what a stranger wrote into a file stands in it."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
