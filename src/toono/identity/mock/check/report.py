"""What a check found, for people and for programs."""

from __future__ import annotations

from typing import Any

from toono.identity.mock.check.inspection import Inspection
from toono.identity.mock.check.run import Result
from toono.identity.mock.words import Language, gettext_noop, translator

NAMES = {
    Result.PASSED: gettext_noop("тэнцсэн"),
    Result.FAILED: gettext_noop("тэнцээгүй"),
    Result.SKIPPED: gettext_noop("хамаарахгүй"),
    Result.UNCLEAR: gettext_noop("тодорхойгүй"),
    Result.OPEN: gettext_noop("хийгээгүй"),
}


def document(inspection: Inspection, language: Language) -> dict[str, Any]:
    """The report as JSON: ``cases`` in their sequence, ``exit_code`` as of the command."""
    _ = translator(language)
    return {
        "dialect": inspection.dialect.value,
        "exit_code": inspection.exit_code(),
        "cases": [
            {
                "case": line.case.code, "title": _(line.case.title), "source": line.case.source, "result": line.verdict.result.value,
                "said": line.verdict.said.in_language(language).strip(),
            }
            for line in inspection.lines()
        ],
    }  # fmt: skip


def text(found: dict[str, Any], language: Language) -> str:
    """The same for a terminal, one case a line, and what was amiss below it."""
    _ = translator(language)
    names = {result.value: _(name) for result, name in NAMES.items()}
    width = max(map(len, names.values()))
    lines = []
    for one in found["cases"]:
        lines.append(f"{names[one['result']]:<{width}}  {one['case']}: {one['title']}")
        if one["result"] != Result.PASSED:
            lines.append(f"{'':<{width}}  {one['said']} ({one['source']})")
    counts = ", ".join(f"{names[result]} {n}" for result in names if (n := sum(one["result"] == result for one in found["cases"])))
    return "\n".join([*lines, "", counts, ""])
