"""``python -m tests.fuzz [seconds]``: every parser of signed files under atheris (libFuzzer), ten minutes in all unless told otherwise.

Coverage-guided: what reaches a new branch is kept and changed further. A finding is printed with its bytes and ends the run with non-zero.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
from pathlib import Path


def main(seconds: int) -> int:
    """Each target in a process of its own, since libFuzzer ends its process; how many had a finding."""
    from tests.fuzz.parsers import TARGETS

    share = max(5, seconds // len(TARGETS))
    failed = [
        target for target in TARGETS if subprocess.run([sys.executable, "-m", "tests.fuzz", "--target", target, str(share)]).returncode
    ]
    sys.stdout.write(f"fuzzed {len(TARGETS)} parsers, {share} s each; findings in: {', '.join(failed) or 'none'}\n")
    return len(failed)


def run(target: str, seconds: int) -> None:
    """One target for so many seconds."""
    import atheris

    logging.disable(logging.CRITICAL)
    with atheris.instrument_imports(include=["toono.pki", "pyhanko", "lxml"]):
        from tests.fuzz.parsers import TARGETS, seed
    call, names = TARGETS[target]
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            (Path(folder) / name).write_bytes(seed(name))
        arguments = [
            target,
            folder,
            f"-artifact_prefix={tempfile.gettempdir()}/toono-fuzz-{target}-",
            f"-max_total_time={seconds}",
            "-timeout=20",
            "-rss_limit_mb=2048",
            "-max_len=65536",
            "-print_final_stats=1",
        ]
        atheris.Setup(arguments, call)
        atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--target"]:
        run(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 600))
