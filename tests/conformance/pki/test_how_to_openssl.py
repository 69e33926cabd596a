"""The commands of docs/how-to/verify-with-openssl.md, run as they stand by bash and OpenSSL."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.pki.signatures import Office, office
from toono.pki.contracts import RevocationReason
from toono.pki.tests.making import changed, document

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "verify-with-openssl.md"

Run = Callable[[bytes], subprocess.CompletedProcess[str]]


@pytest.fixture
def run(stack: Any, tmp_path: Path) -> Run:
    """The page's commands on a document, in a folder of their own; they stop at the first that fails."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    script = "\n".join(blocks).replace("https://portal.example", stack.base_url)

    def run(pdf: bytes) -> subprocess.CompletedProcess[str]:
        (tmp_path / "document.pdf").write_bytes(pdf)
        return subprocess.run(["bash", "-e", "-c", script], capture_output=True, text=True, timeout=120, cwd=tmp_path)

    return run


def _sealed() -> tuple[Office, bytes]:
    from toono.pki import api

    found = office()
    return found, api.seal_pdf(actor=found.actor, organisation=found.code, pdf=document(), reason="Лавлагаа олгов", location="Мандалговь")


def test_a_sealed_document_passes_every_step(run: Run) -> None:
    said = run(_sealed()[1])
    assert said.returncode == 0, said.stderr
    assert "CAdES Verification successful" in said.stderr
    assert "NTRMN-9000001" in said.stdout
    assert "Сорилын улсын газар" in said.stdout
    assert "Verification: OK" in said.stdout
    assert re.search(r"Time stamp: \w{3} +\d+ [\d:]{8} 20\d\d GMT", said.stdout)


def test_a_changed_bit_stops_it(run: Run) -> None:
    said = run(changed(_sealed()[1], 600))
    assert said.returncode != 0
    assert "CAdES Verification successful" not in said.stderr


def test_something_added_after_the_seal_stops_it(run: Run) -> None:
    said = run(_sealed()[1] + b"\n%\n")
    assert said.returncode != 0
    assert "CAdES Verification" not in said.stderr


def test_a_revoked_seal_stops_it(run: Run, anu: Any) -> None:
    from toono.pki import api, queries

    found, sealed = _sealed()
    row = queries.current(label=found.key)
    assert row
    api.revoke_certificate(actor=anu, serial=row.serial, reason=RevocationReason.KEY_COMPROMISE)
    api.publish_due_lists()
    said = run(sealed)
    assert said.returncode != 0
    assert "certificate revoked" in said.stderr
