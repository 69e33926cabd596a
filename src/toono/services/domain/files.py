"""Reading the catalogue's folder: ``meanings.yaml`` and ``<level>/<code>/service.yaml`` with ``document.typ``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from toono.services.contracts import Finding
from toono.services.domain.definition import Definition, Meanings
from toono.services.domain.digests import digest

MEANINGS = "meanings.yaml"
SERVICE = "service.yaml"


@dataclass(frozen=True)
class Read:
    """A definition that has the right shape."""

    level: str
    file: str
    definition: Definition
    template: str

    @property
    def content(self) -> dict[str, Any]:
        """What is published, and never changes."""
        return {"definition": self.definition.model_dump(mode="json", by_alias=True), "template": self.template}

    @property
    def digest(self) -> str:
        return digest(self.content)


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key stands once: the second of two equal keys would silently win."""


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"«{key}» stands twice", node.start_mark)
    return {key: loader.construct_object(value, deep=True) for key, (_, value) in zip(keys, node.value, strict=True)}


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _parse(path: Path, name: str, model: type[BaseModel]) -> tuple[Any, list[Finding]]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        return None, [Finding(file=name, where=where, rule="yaml", message=f"This is not YAML: {getattr(error, 'problem', error)}.")]
    except OSError:
        return None, [Finding(file=name, where="", rule="file_missing", message=f"The file {name} is missing.")]
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
        text = template.read_text(encoding="utf-8")
        read.append(Read(level=path.parent.parent.name, file=name, definition=definition, template=text))
    return read, findings
