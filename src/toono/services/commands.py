"""``toono catalogue …``: definitions checked, tried out, compared.

Free of Django but where a stored version is asked for, so that an author needs no running platform.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from toono.services.contracts import Burden, Difference, Finding, Judgement
from toono.services.domain.definition import Definition
from toono.services.domain.difference import difference
from toono.services.domain.files import read_services
from toono.services.domain.judge import common, judge_catalogue
from toono.services.domain.lint import lint_catalogue
from toono.services.domain.schemas import SCHEMAS, schema
from toono.services.errors import CatalogueError

Print = Callable[[str], None]


def add_arguments(parts: argparse._SubParsersAction[argparse.ArgumentParser], *, default: Path) -> None:
    """The grammar of the commands.

    :param default: the catalogue's folder.
    """
    lint = parts.add_parser("lint", help="check every definition")
    lint.add_argument("folder", nargs="?", type=Path, default=default)
    test = parts.add_parser("test", help="tell the stories of tests.yaml; every state, action, question … must be reached")
    test.add_argument("--quiet", action="store_true", help="say only what is wrong")
    burden = parts.add_parser("burden", help="what services cost each of the cast: questions, papers, pages, minutes, visits, fee")
    for command in (test, burden):
        command.add_argument("codes", nargs="*", metavar="code", help="services; all where none is named")
        command.add_argument("--folder", type=Path, default=default)
    diff = parts.add_parser("diff", help="what changes between two versions, for whom, and what becomes of open cases")
    diff.add_argument("code")
    diff.add_argument("old", help="a number, of a stored version; or another folder of the catalogue")
    diff.add_argument("new", nargs="?", help="a number; left out, what stands in --folder")
    diff.add_argument("--folder", type=Path, default=default)
    diff.add_argument("--language", choices=["mn", "en"], default="en")
    export = parts.add_parser("export", help="write the published versions as files; needs a running platform")
    export.add_argument("to", type=Path, help="folder")
    export.add_argument("codes", nargs="*", metavar="code")
    schema = parts.add_parser("schema", help="JSON Schemas of the catalogue's files, for editors")
    schema.add_argument("to", type=Path, help="folder")
    for command in (lint, test, burden, diff):
        command.add_argument("--format", choices=["text", "json"], default="text")


def asks_database(arguments: argparse.Namespace) -> bool:
    """Whether the command reads what was published; then Django must be set up before."""
    return arguments.what == "export" or (arguments.what == "diff" and str(arguments.old).isdigit())


def run(arguments: argparse.Namespace, say: Print) -> int:
    """Do the command; 0 where all is well, 1 where something was found, 2 where the folder cannot be read."""
    try:
        return _COMMANDS[arguments.what](arguments, say)
    except CatalogueError as error:
        say(f"toono: {error}")
        return 2


def _lint(arguments: argparse.Namespace, say: Print) -> int:
    findings = lint_catalogue(arguments.folder)
    if arguments.format == "json":
        say(_json([finding.model_dump() for finding in findings]))
    else:
        _say_all(findings, say)
        say(f"{len(findings)} findings" if findings else "The catalogue is sound.")
    return 1 if findings else 0


def _test(arguments: argparse.Namespace, say: Print) -> int:
    judgements, problems = judge_catalogue(arguments.folder, codes=arguments.codes)
    wrong = len(problems) + sum(len(one.findings) for one in judgements)
    if arguments.format == "json":
        say(_json({"judgements": [one.model_dump() for one in judgements], "unreadable": [one.model_dump() for one in problems]}))
        return 1 if wrong else 0
    for one in judgements:
        if one.findings or not arguments.quiet:
            say(_summary(one))
        _say_all(one.findings, say)
    _say_all(problems, say)
    stories = sum(one.tests for one in judgements)
    say(f"{len(judgements)} services, {stories} tests: {f'{wrong} findings' if wrong else 'all as told, everything reached'}.")
    return 1 if wrong else 0


def _summary(judgement: Judgement) -> str:
    reached = ", ".join(f"{line.kind} {line.reached}/{line.wanted}" for line in judgement.coverage)
    return f"{judgement.service} v{judgement.version}: {judgement.tests} tests; {reached}"


def _say_all(findings: Iterable[Finding], say: Print) -> None:
    for finding in findings:
        say(f"{finding.file}: {f'{finding.where}: ' if finding.where else ''}{finding.message} [{finding.rule}]")


def _burden(arguments: argparse.Namespace, say: Print) -> int:
    judgements, problems = judge_catalogue(arguments.folder, codes=arguments.codes)
    if arguments.format == "json":
        say(_json({one.service: [part.model_dump(mode="json") for part in one.burden] for one in judgements}))
    else:
        for one in judgements:
            say(f"{one.service} v{one.version}")
            for part in one.burden:
                say(f"  {f'{part.persona} ({part.applicant})':32} {_cost(part)}")
    _say_all(problems, say)
    return 1 if problems else 0


def _cost(burden: Burden) -> str:
    if burden.stopped is not None:
        return f"told before sending: {burden.stopped}"
    return (
        f"{burden.questions} questions, {burden.attachments} papers, {burden.facts} facts reused, {burden.pages} pages, "
        f"{burden.minutes} min, {burden.visits} visits, {burden.fee.text}"
    )


def _diff(arguments: argparse.Namespace, say: Print) -> int:
    found = _difference(arguments)
    if arguments.format == "json":
        say(found.model_dump_json(indent=2))
    else:
        for line in _told(found, arguments.language):
            say(line)
    return 1 if found.missing else 0


def _difference(arguments: argparse.Namespace) -> Difference:
    """Numbers name stored versions, which the database has; a folder is read as it is."""
    if arguments.new is not None:
        if not (arguments.old.isdigit() and arguments.new.isdigit()):
            raise CatalogueError("Two versions are two numbers; to compare with a folder give the folder alone.")
        from toono.services import api

        return api.difference(code=arguments.code, old=int(arguments.old), new=int(arguments.new))
    meanings, cast = common(arguments.folder)
    new = _one(arguments.folder, arguments.code)
    if arguments.old.isdigit():
        from toono.services.queries import definitions

        return difference(definitions.definition(arguments.code, int(arguments.old)), new, meanings, cast)
    return difference(_one(Path(arguments.old), arguments.code), new, meanings, cast)


def _one(folder: Path, code: str) -> Definition:
    read, problems = read_services(folder)
    found = next((one.definition for one in read if one.definition.code == code), None)
    if found is None:
        why = next((f" ({finding.where}: {finding.message})" for finding in problems if Path(finding.file).parent.name == code), "")
        raise CatalogueError(f"No service of the code «{code}» stands in {folder}{why}.")
    return found


def _told(found: Difference, language: str) -> Iterable[str]:
    yield f"{found.service}: version {found.old_version} → {found.new_version}; {found.open_cases}, declared: {found.rule}"
    yield from (f"- {change.text.to(language)}" for change in found.changes)
    if not found.changes:
        yield "- nothing"
    yield found.consequence.to(language)
    yield from (f"! {problem.to(language)}" for problem in found.missing)
    for one in found.affected:
        sides = " → ".join(_cost(side) if side else "not offered" for side in (one.before, one.after))
        yield f"  {one.title.to(language)} ({one.applicant}): {sides}"


def _export(arguments: argparse.Namespace, say: Print) -> int:
    from toono.services import api

    for path in api.export_catalogue(folder=arguments.to, codes=arguments.codes):
        say(path)
    return 0


def _schema(arguments: argparse.Namespace, say: Print) -> int:
    arguments.to.mkdir(parents=True, exist_ok=True)
    for name in SCHEMAS:
        (arguments.to / f"{name}.schema.json").write_text(schema(name), encoding="utf-8")
        say(f"{name}.schema.json")
    return 0


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


_COMMANDS: dict[str, Callable[[argparse.Namespace, Print], int]] = {
    "lint": _lint, "test": _test, "burden": _burden, "diff": _diff, "export": _export, "schema": _schema,
}  # fmt: skip
