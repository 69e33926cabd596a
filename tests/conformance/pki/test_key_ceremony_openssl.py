"""A platform moves to an offline root, rolls an authority to another curve, and goes on without the root's key. OpenSSL judges.

On a copy of the platform of its own: what happens here changes the authorities for everybody.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.stage import Stack, start_stack
from toono.pki.ceremony import Ceremony
from toono.pki.domain.ceremonies import digest, loaded
from toono.pki.signer.stores.file import FileStore

PRELUDE = """
import json, sys
from pathlib import Path
import django
django.setup()
from toono.kernel.actor import Actor, Role, system
from toono.pki import api
from toono.pki.contracts import *
from toono.pki.tests.making import SUBJECT, PERSON
me = system("tests")
def seal(code):
    return api.certificate_for(actor=me, key=f"seal/{code}", profile=Profile.SEAL, subject=SUBJECT)
def told(made):
    print(json.dumps({"serial": made.serial, "pem": made.pem, "chain": list(made.chain_pem)}))
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    running = start_stack(tmp_path_factory.mktemp("ceremony") / "home")
    try:
        yield running
    finally:
        running.stop()


def _python(own: Stack, program: str, *arguments: str) -> str:
    """A process of the platform itself, as an operator's command is."""
    environment = own.environment | {"DJANGO_SETTINGS_MODULE": "toono.entry.django_settings"}
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + program, *arguments], env=environment, capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _verified(folder: Path, made: dict[str, Any], root_pem: str) -> str:
    (folder / "root.pem").write_text(root_pem)
    (folder / "above.pem").write_text("".join(made["chain"]))
    (folder / "leaf.pem").write_text(made["pem"])
    command = ["openssl", "verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "above.pem", "leaf.pem"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30).stdout.strip()


def _status(own: Stack, folder: Path, issuer: str, leaf: str, root: str) -> str:
    for name, text in (("issuer", issuer), ("asked", leaf), ("anchor", root)):
        (folder / f"{name}.pem").write_text(text)
    command = [
        "openssl",
        "ocsp",
        "-issuer",
        "issuer.pem",
        "-cert",
        "asked.pem",
        "-url",
        f"{own.base_url}/pki/ocsp",
        "-CAfile",
        "anchor.pem",
    ]
    answer = subprocess.run([*command, "-verify_other", "issuer.pem"], cwd=folder, capture_output=True, text=True, timeout=30)
    assert "Response verify OK" in answer.stderr, answer.stderr + answer.stdout
    return answer.stdout


def test_the_platform_rolls_an_authority_moves_to_an_offline_root_and_goes_on(own: Stack, tmp_path: Path) -> None:
    before = json.loads(_python(own, "told(seal('before'))"))
    old_root = before["chain"][-1]
    assert _verified(tmp_path, before, old_root) == "leaf.pem: OK"

    # -- rolled to another curve, while the root's key is still here
    _python(own, "print(api.roll_authority(actor=me, authority=Profile.ISSUING, algorithm='P-521').serial)")
    rolled = json.loads(_python(own, "told(seal('rolled'))"))
    assert _verified(tmp_path, rolled, old_root) == "leaf.pem: OK"
    assert loaded(rolled["chain"][0]).public_key().curve.name == "secp521r1"  # type: ignore[union-attr]
    assert rolled["chain"][0] != before["chain"][0]
    assert _verified(tmp_path, before, old_root) == "leaf.pem: OK"
    for made in (before, rolled):
        assert "asked.pem: good" in _status(own, tmp_path, made["chain"][0], made["pem"], old_root)

    # -- a new root, made in a ceremony
    request = tmp_path / "request.json"
    ask = "content = api.request_ceremony(actor=me, authorities=list(ALL), new_root=True); Path(sys.argv[1]).write_bytes(content)"
    every = "ALL = (Profile.ISSUING, Profile.ISSUING_PERSONS, Profile.ISSUING_SERVERS)\n"
    _python(own, every + ask, str(request))
    ceremony = Ceremony("Язгуур", ["Ану", "Дорж"])
    answer = ceremony.sign(request.read_bytes(), FileStore(tmp_path / "safe", "the custodians' shares"))
    (tmp_path / "answer.json").write_text(answer.model_dump_json())
    root_sha256 = digest(loaded(answer.root).public_bytes(Encoding.DER))
    accept = (
        "kept = api.accept_ceremony(actor=me, request=Path(sys.argv[1]).read_bytes(), answer=Path(sys.argv[2]).read_bytes(), "
        "root_sha256=sys.argv[3]); to = Path(sys.argv[4])\n"
        "for n, c in (('json', kept.transcript), ('sig', kept.signature), ('tsr', kept.time_stamp)): (to / f'transcript.{n}').write_bytes(c)"
    )
    files = [str(request), str(tmp_path / "answer.json")]
    wrong = (
        "from toono.pki.errors import CeremonyRefused\ntry:\n    "
        + accept.split("; to =")[0]
        + "\nexcept CeremonyRefused: print('refused')"
    )
    assert _python(own, wrong, *files, "00" * 32).strip() == "refused"
    for _ in range(2):  # taken in twice, it changes nothing
        _python(own, accept, *files, root_sha256, str(tmp_path))

    # -- the root's key is nowhere here, and everything goes on
    absent = "from toono.pki.errors import KeyUnknown\ntry:\n    api.public_key(key='pki/root/2')\nexcept KeyUnknown: print('absent')"
    assert _python(own, absent).strip() == "absent"
    _python(own, "api.publish_due_lists(); api.renew_certificates(actor=me); api.establish_authorities(actor=me)")
    after = json.loads(_python(own, "told(seal('after'))"))
    assert _verified(tmp_path, after, answer.root) == "leaf.pem: OK"
    assert _verified(tmp_path, after, old_root) != "leaf.pem: OK"
    for made, root in ((before, old_root), (rolled, old_root), (after, answer.root)):
        assert "asked.pem: good" in _status(own, tmp_path, made["chain"][0], made["pem"], root)
    # the issuing authority itself is answered for, by the responder whom the ceremony named
    assert "asked.pem: good" in _status(own, tmp_path, answer.root, after["chain"][0], answer.root)
    person = json.loads(
        _python(
            own, "import uuid; told(api.certificate_for(actor=me, key=f'person/{uuid.uuid4()}', profile=Profile.PERSON, subject=PERSON))"
        )
    )
    assert _verified(tmp_path, person, answer.root) == "leaf.pem: OK"
    anchors = json.loads(_python(own, "print(json.dumps(api.trust_anchors()))"))
    assert {old_root, answer.root} <= set(anchors)
    rolling = (
        "from toono.pki.errors import CeremonyRefused\ntry:\n    api.roll_authority(actor=me, authority=Profile.ISSUING)\n"
        "except CeremonyRefused: print('refused')"
    )
    assert _python(own, rolling).strip() == "refused"
    _lists_are_served(own, answer.root, after)
    _transcript_verifies(tmp_path, answer.root, old_root, before)
    revoke = "me = Actor(role=Role.ADMINISTRATOR)\napi.revoke_certificate(actor=me, serial=sys.argv[1], reason=RevocationReason.SUPERSEDED)"
    _python(own, revoke, before["serial"])
    assert "asked.pem: revoked" in _status(own, tmp_path, before["chain"][0], before["pem"], old_root)


def _lists_are_served(own: Stack, root: str, after: dict[str, Any]) -> None:
    """At the addresses that the certificates themselves name."""
    for pem, authority in ((after["pem"], after["chain"][0]), (after["chain"][0], root)):
        certificate = x509.load_pem_x509_certificate(pem.encode())
        [point] = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        assert point.full_name
        served = x509.load_der_x509_crl(own.http.get(point.full_name[0].value).raise_for_status().content)
        assert served.is_signature_valid(loaded(authority).public_key())  # type: ignore[arg-type]
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        issuer = next(line.access_location.value for line in access if line.access_method._name == "caIssuers")
        assert x509.load_der_x509_certificate(own.http.get(issuer).raise_for_status().content) == loaded(authority)


def _transcript_verifies(folder: Path, root: str, old_root: str, before: dict[str, Any]) -> None:
    """With openssl alone: the root's signature under the transcript, and the time-stamp over both; and neither over anything else."""

    def openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, timeout=30)

    (folder / "new-root.pem").write_text(root)
    (folder / "old-root.pem").write_text(old_root)
    (folder / "old-issuing.pem").write_text(before["chain"][0])
    (folder / "root.pub").write_text(openssl("x509", "-in", "new-root.pem", "-noout", "-pubkey").stdout)
    verify = ["dgst", "-sha384", "-verify", "root.pub", "-signature", "transcript.sig"]
    assert "Verified OK" in openssl(*verify, "transcript.json").stdout
    (folder / "both").write_bytes((folder / "transcript.json").read_bytes() + (folder / "transcript.sig").read_bytes())
    stamped = ["ts", "-verify", "-token_in", "-in", "transcript.tsr", "-CAfile", "old-root.pem", "-untrusted", "old-issuing.pem", "-data"]
    assert "Verification: OK" in openssl(*stamped, "both").stdout
    (folder / "changed.json").write_text((folder / "transcript.json").read_text().replace("witnessed", "witnessee", 1))
    assert "Verification failure" in openssl(*verify, "changed.json").stdout + openssl(*verify, "changed.json").stderr
    assert "Verification: FAILED" in openssl(*stamped, "changed.json").stdout
