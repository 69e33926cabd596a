"""The judge of a definition: its stories are told, what they reach is counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toono.services.contracts import Finding, Judgement
from toono.services.domain.burden import of_walks
from toono.services.domain.coverage import Coverage, report
from toono.services.domain.definition import Meanings
from toono.services.domain.files import Read, read_meanings, read_personas, read_services
from toono.services.domain.personas import Personas
from toono.services.domain.simulation.stories import play
from toono.services.domain.simulation.walks import Walk, walks
from toono.services.errors import CatalogueError

_NAMES = {
    "states": "the state", "actions": "the action", "questions": "an answer to the question", "passed_over": "the optional question left empty:",
    "stops": "the stop", "rules": "the automatic rule", "grounds": "a refusal on the ground", "terms": "the branch of the term",
    "fees": "the rule of the fee",
}  # fmt: skip


def judge_catalogue(folder: Path, *, codes: Sequence[str] = ()) -> tuple[list[Judgement], list[Finding]]:
    """A judgement for each service under ``folder`` (or for ``codes``), in the order of its files; and what is wrong with files that
    cannot be read.

    :raises CatalogueError: what all services share cannot be read, or a code is unknown; the message says which.
    """
    meanings, cast = common(folder)
    read, problems = read_services(folder)
    known = {Path(finding.file).parent.name for finding in problems} | {one.definition.code for one in read}
    for code in codes:
        if code not in known:
            raise CatalogueError(f"No service of the code «{code}» stands in {folder}.")
    wanted = set(codes) or known
    judgements = [judge(one, meanings, cast) for one in read if one.definition.code in wanted]
    return judgements, [finding for finding in problems if Path(finding.file).parent.name in wanted]


def common(folder: Path) -> tuple[Meanings, Personas]:
    """What all services share: meanings and cast.

    :raises CatalogueError: one of the files is missing or wrong.
    """
    meanings, problems = read_meanings(folder)
    cast, more = read_personas(folder)
    _refuse([*problems, *more])
    assert meanings is not None and cast is not None  # noqa: S101 - neither has a finding
    return meanings, cast


def _refuse(findings: Sequence[Finding]) -> None:
    if findings:
        first = findings[0]
        raise CatalogueError(
            f"{first.file}: {first.where or 'whole file'}: {first.message}", findings=[one.model_dump() for one in findings]
        )


def judge(read: Read, meanings: Meanings, cast: Personas) -> Judgement:
    """Tell every story of the service, and walk it with everybody of the cast who may order it."""
    coverage, findings = Coverage(), []
    stories = read.trials.tests if read.trials else ()
    for position, story in enumerate(stories):
        where, why, reached = play(story, read.definition, meanings, cast)
        coverage.add(reached)
        if why:
            findings.append(_finding(read, f"tests.{position}.{where}", "test", f"«{story.name}»: {why}."))
    walked = list(walks(read.definition, meanings, cast))
    findings += [_finding(read, f"walk.{way.persona.code}", "walk", _fell(way)) for way in _failed_once(walked)]
    lines = report(read.definition, coverage)
    for line in lines:
        for name in line.missing:
            findings.append(_finding(read, f"{line.kind}.{name}", "coverage", f"No test reaches {_NAMES[line.kind]} «{name}»; add one."))
    if not stories:
        findings = []  # that tests.yaml is missing or broken is a finding of the reading
    definition = read.definition
    return Judgement(
        service=definition.code, version=definition.version, tests=len(stories), findings=tuple(findings), coverage=lines,
        walks=len(walked), burden=of_walks(definition, walked),
    )  # fmt: skip


def _failed_once(walked: Sequence[Walk]) -> list[Walk]:
    """Of walks that failed alike, the first."""
    first: dict[str, Walk] = {}
    for way in walked:
        if way.failed:
            first.setdefault(way.failed, way)
    return list(first.values())


def _fell(way: Walk) -> str:
    return f"Walked by machine as «{way.persona.code}», {way.applicant}, way {way.variant + 1}: {way.failed}."


def _finding(read: Read, where: str, rule: str, message: str) -> Finding:
    return Finding(file=read.tests_file, where=where, rule=rule, message=message)
