"""The how-to for developers of other systems, as they would do it: its files saved, its commands run one after another."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "connect-a-system-to-dan.md"


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_what_the_how_to_says_is_so(tmp_path: Path) -> None:
    mock, client, secured = free_port(), free_port(), free_port()
    text = HOW_TO.read_text(encoding="utf-8").replace("8410", mock).replace("9999", client).replace("8411", secured)
    (tmp_path / "client.py").write_text(blocks(text, "python")[0], encoding="utf-8")
    (tmp_path / "clients.json").write_text(blocks(text, "json")[0], encoding="utf-8")
    commands = blocks(text, "sh")
    assert len(commands) == 6
    # What a person does by waiting for the first line of what they started.
    arrived = f"curl --silent --output page --retry 60 --retry-connrefused --retry-delay 1 http://127.0.0.1:{client}/me"
    commands[3] = commands[3].replace("client.py &\n", f"client.py &\n{arrived}\n")
    commands[3] = commands[3].replace("toono identity mock", f"toono identity mock --port {mock}") + "echo all-well\n"
    commands[4] = commands[4].replace("toono identity mock", f"toono identity mock --port {mock}")
    commands[4] = commands[4].replace(
        "clients.json &\n",
        f"clients.json >&2 &\ncurl --silent --output page --retry 60 --retry-connrefused --retry-delay 1 http://127.0.0.1:{mock}/oidc/jwks\n",
    )
    commands[0] = commands[0].replace("toono identity mock", f"toono identity mock --port {mock}")
    script = "set -em\ntrap 'kill $(jobs -p)' EXIT\n" + "\necho ----\n".join(commands)
    folder = Path(sys.executable).parent
    environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "LANG": "C.UTF-8", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    _, metadata, device, by_itself, report, certificates = done.stdout.split("----\n")
    assert json.loads(metadata[metadata.index("{") :].splitlines()[0])["issuer"] == f"http://127.0.0.1:{mock}"
    assert by_itself.endswith("all-well\n") and "failed" not in by_itself
    tokens = [json.loads(one) for one in (device[device.index('{"access_token"') :], certificates[certificates.index('{"access_token"') :])]
    assert tokens[0]["id_token"] and tokens[1]["token_type"] == "Bearer"
    found = json.loads(report)
    assert {one["result"] for one in found["cases"]} == {"passed"} and len(found["cases"]) == 23
