"""Reading the catalogue's folder: ``meanings.yaml``, ``personas.yaml``, and ``<level>/<code>/service.yaml`` with what stands beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from toono.services.contracts import Finding, LifeEvent
from toono.services.domain.definition import Definition, Meanings
from toono.services.domain.digests import digest
from toono.services.domain.personas import Personas
from toono.services.domain.trials import Trials

MEANINGS = "meanings.yaml"
PERSONAS = "personas.yaml"
SERVICE = "service.yaml"
TESTS = "tests.yaml"
LIFE_EVENTS = "life-events"


@dataclass(frozen=True)
class Read:
    """A definition that has the right shape."""

    level: str
    file: str
    definition: Definition
    template: str
    trials: Trials | None = None
    """``tests.yaml``; None where it is missing or broken."""

    @property
    def tests_file(self) -> str:
        """``national/address-reference/tests.yaml``"""
        return self.file.removesuffix(SERVICE) + TESTS

    @property
    def tests(self) -> dict[str, str]:
        """``tests.yaml`` as it is stored with the version: as text, for the order of answers counts and a column of JSON keeps none."""
        if self.trials is None:
            return {}
        return {"text": json.dumps(self.trials.model_dump(mode="json", by_alias=True, exclude_unset=True), ensure_ascii=False)}

    @property
    def content(self) -> dict[str, Any]:
        """What is published, and never changes."""
        return {"definition": self.definition.model_dump(mode="json", by_alias=True), "template": self.template}

    @property
    def digest(self) -> str:
        return digest(self.content)


@dataclass(frozen=True)
class Catalogue:
    """A whole folder, read."""

    meanings: Meanings | None
    cast: Personas | None
    services: tuple[Read, ...]
    life_events: tuple[LifeEvent, ...]
    findings: tuple[Finding, ...]
    """What is wrong with files that could not be read."""


class _UniqueKeys(yaml.CSafeLoader):
    """YAML in which a key stands once: the second of two equal keys would silently win. Parsed by libyaml, ten times as fast."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"«{key}» stands twice", node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _parse(path: Path, name: str, model: type[BaseModel]) -> tuple[Any, list[Finding]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return None, [Finding(file=name, where="", rule="file_missing", message=f"The file {name} is missing.")]
    except UnicodeDecodeError as error:
        return None, [Finding(file=name, where="", rule="yaml", message=f"This is not YAML: no UTF-8 ({error.reason}).")]
    return parse_text(text, name, model)


def parse_text(text: str, name: str, model: type[BaseModel]) -> tuple[Any, list[Finding]]:
    """A file's text as an object of ``model``, or what is wrong with it (and None).

    :param name: how findings call the file.
    """
    try:
        data = yaml.load(text, Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        return None, [Finding(file=name, where=where, rule="yaml", message=f"This is not YAML: {getattr(error, 'problem', error)}.")]
    except (TypeError, ValueError, RecursionError) as error:  # a key that is a list, a date that is none, a file that holds itself
        return None, [Finding(file=name, where="", rule="yaml", message=f"This is not YAML: {error}.")]
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, [_finding(name, problem) for problem in error.errors(include_url=False)]


def _finding(name: str, problem: Any) -> Finding:
    where = ".".join(str(part) for part in problem["loc"])
    rule = {"extra_forbidden": "unknown_field", "missing": "missing_field"}.get(problem["type"], "shape")
    message = {
        "unknown_field": f"The language has no field «{problem['loc'][-1] if problem['loc'] else ''}» here; remove it or correct its name.",
        "missing_field": "This field is missing; write it.",
    }.get(rule, problem["msg"].removeprefix("Value error, ") + ".")
    return Finding(file=name, where=where, rule=rule, message=message)


def read_meanings(folder: Path) -> tuple[Meanings | None, list[Finding]]:
    """``meanings.yaml``, or what is wrong with it."""
    return _parse(folder / MEANINGS, MEANINGS, Meanings)


def read_personas(folder: Path) -> tuple[Personas | None, list[Finding]]:
    """``personas.yaml``, or what is wrong with it."""
    return _parse(folder / PERSONAS, PERSONAS, Personas)


def read_life_events(folder: Path) -> tuple[list[LifeEvent], list[Finding]]:
    """``life-events/<code>.yaml``, and what is wrong with them."""
    found: list[LifeEvent] = []
    findings: list[Finding] = []
    for path in sorted((folder / LIFE_EVENTS).glob("*.yaml")):
        name = path.relative_to(folder).as_posix()
        event, problems = _parse(path, name, LifeEvent)
        findings += problems
        if event is not None and event.code != path.stem:
            findings.append(Finding(file=name, where="code", rule="code", message=f"The code «{event.code}» is not the name of its file."))
        if event is not None:
            found.append(event)
    return found, findings


def read_services(folder: Path) -> tuple[list[Read], list[Finding]]:
    """Every definition of the right shape, and what is wrong with the others."""
    read: list[Read] = []
    findings: list[Finding] = []
    for path in sorted(folder.glob(f"*/*/{SERVICE}")):
        name = path.relative_to(folder).as_posix()
        definition, problems = _parse(path, name, Definition)
        findings += problems
        if definition is None:
            continue
        template = path.with_name(definition.document.template)
        if not template.is_file():
            message = f"The template {definition.document.template} is missing beside the definition."
            findings.append(Finding(file=name, where="document.template", rule="file_missing", message=message))
            continue
        if definition.code != path.parent.name:
            message = f"The code «{definition.code}» is not the name of its folder «{path.parent.name}»."
            findings.append(Finding(file=name, where="code", rule="code", message=message))
        trials, problems = _parse(path.with_name(TESTS), name.removesuffix(SERVICE) + TESTS, Trials)
        findings += problems
        text = template.read_text(encoding="utf-8")
        read.append(Read(level=path.parent.parent.name, file=name, definition=definition, template=text, trials=trials))
    return read, findings


def read_catalogue(folder: Path) -> Catalogue:
    """Everything under ``folder``."""
    meanings, findings = read_meanings(folder)
    cast, wrong_cast = read_personas(folder)
    services, wrong_services = read_services(folder)
    events, wrong_events = read_life_events(folder)
    found = (*findings, *wrong_cast, *wrong_services, *wrong_events)
    if not services and not found:
        found = (Finding(file="", where="", rule="empty", message=f"No definition stands in {folder}."),)
    return Catalogue(meanings, cast, tuple(services), tuple(events), found)


def written(content: Mapping[str, Any], tests: Mapping[str, Any]) -> dict[str, str]:
    """A published version as the files of its folder: name → text. Read again they give the same content."""
    definition = Definition.model_validate(content["definition"])
    plain = definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    ordered = {name: plain[name] for name in ("language", "code", "version", *Definition.model_fields) if name in plain}
    found = {SERVICE: _yaml(ordered), definition.document.template: str(content["template"])}
    return found | ({TESTS: _yaml(json.loads(tests["text"]))} if tests else {})


class _Indented(yaml.SafeDumper):
    """Lists stand two letters in, as in the catalogue; a form over the text then changes nothing but its own lines."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _yaml(value: dict[str, Any]) -> str:
    return yaml.dump(value, Dumper=_Indented, allow_unicode=True, sort_keys=False, width=1_000_000)
