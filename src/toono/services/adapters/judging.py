"""Running the tests of a draft in a process of its own, with bounds of memory and time: ``python -m toono.services.adapters.judging``.

What an analyst has written is walked hundreds of times. However it is written, it ends a process that holds nothing, and no worker.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from toono.services.contracts import Difference, Judgement
from toono.services.domain.definition import Definition, Meanings
from toono.services.domain.difference import difference
from toono.services.domain.drafts import Place, draft
from toono.services.domain.judge import judge
from toono.services.domain.personas import Personas

SECONDS = 90
"""The largest service of the catalogue takes three."""
MEMORY_BYTES = 2 * 1024**3


class Broken(Exception):
    """It took too long, or the process died."""


def judged(material: dict[str, Any]) -> tuple[Judgement, Difference | None]:
    """What the tests say, and what changes against the published version.

    :param material: ``place``, ``files``, ``meanings``, ``personas``, and ``old``, the published definition or None; all as JSON.
    :raises Broken:
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TOONO_", "DJANGO_"))}
    command = [sys.executable, "-m", "toono.services.adapters.judging"]
    try:
        done = subprocess.run(
            command, input=json.dumps(material).encode(), capture_output=True, timeout=SECONDS, env=environment, check=False
        )
        said = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise Broken(str(error)) from None
    return Judgement.model_validate(said["judgement"]), Difference.model_validate(said["difference"]) if said["difference"] else None


# -- inside the process ------------------------------------------------------------------------------------------


def main() -> None:
    """Material from the standard input, the judgement to the standard output, both JSON."""
    _bound()
    material = json.load(sys.stdin)
    meanings, cast = Meanings.model_validate(material["meanings"]), Personas.model_validate(material["personas"])
    found = draft(Place(**material["place"]), material["files"])
    if found.read is None:
        raise SystemExit("the draft cannot be read")
    old = Definition.model_validate(material["old"]) if material["old"] else None
    changes = difference(old, found.read.definition, meanings, cast) if old else None
    said = {
        "judgement": judge(found.read, meanings, cast).model_dump(mode="json"),
        "difference": changes.model_dump(mode="json") if changes else None,
    }
    sys.stdout.write(json.dumps(said, ensure_ascii=False))


def _bound() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)


if __name__ == "__main__":
    main()
