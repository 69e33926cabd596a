"""Files signed by an organisation of the stage, for the judges of each form."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toono.kernel.actor import Actor, system
from toono.pki.contracts import Profile, SignatureForm, SignatureLevel
from toono.pki.tests.making import SUBJECT, code

LEVELS = tuple(SignatureLevel)
WORDS = "Лавлагаа: оршин суугаа хаяг\n".encode()


@dataclass(frozen=True)
class Office:
    """An organisation with a seal."""

    code: str

    @property
    def key(self) -> str:
        return f"seal/{self.code}"

    @property
    def actor(self) -> Actor:
        return system("tests")

    def sign(self, content: bytes, form: SignatureForm, level: SignatureLevel, *, name: str = "лавлагаа.txt", **more: Any) -> bytes:
        from toono.pki import api

        return api.sign_file(actor=self.actor, key=self.key, name=name, content=content, form=form, level=level, **more)


def office() -> Office:
    """A new one; call it on a running stack."""
    from toono.pki import api

    found = Office(code())
    api.certificate_for(actor=found.actor, key=found.key, profile=Profile.SEAL, subject=SUBJECT)
    return found


def root_file(folder: Path) -> Path:
    """Our root as PEM."""
    from toono.pki import api

    file = folder / "root.pem"
    file.write_text(api.trust_anchors()[-1])
    return file


def run(*command: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A judge's exit and words."""
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, cwd=cwd)
