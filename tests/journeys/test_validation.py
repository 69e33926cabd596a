"""Somebody who knows nothing of signatures asks whether a file is good: on a phone, at a desk, without script."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.stage import Stack
from toono.kernel.actor import Actor

Window = Callable[..., Any]


@pytest.fixture
def files(stack: Stack, tmp_path: Path) -> dict[str, Path]:
    """A sealed document, a changed copy of it, and a picture that nobody signed."""
    from toono.kernel.actor import system
    from toono.pki import api
    from toono.pki.contracts import Profile
    from toono.pki.tests.making import SUBJECT, code, document

    organisation = code()
    api.certificate_for(actor=system("tests"), key=f"seal/{organisation}", profile=Profile.SEAL, subject=SUBJECT)
    sealed = api.seal_pdf(actor=system("tests"), organisation=organisation, pdf=document(), reason="Лавлагаа", location="Улаанбаатар")
    contents = {"good": sealed, "changed": sealed.replace(b"/MediaBox", b"/MediaBix", 1), "plain": document("Гарын үсэггүй")}
    for name, content in contents.items():
        (tmp_path / f"{name}.pdf").write_bytes(content)
    return {name: tmp_path / f"{name}.pdf" for name in contents}


@pytest.fixture
def seals(anu: Actor, tmp_path: Path) -> dict[str, Path]:
    """Documents under seals that are no good any more, or nobody's whom we know: expired, revoked, stolen, foreign."""
    from datetime import timedelta

    from django.db import transaction

    from toono.kernel import clock
    from toono.kernel.actor import system
    from toono.pki import api
    from toono.pki.contracts import Profile, RevocationReason, SignatureForm, SignatureLevel
    from toono.pki.operations.issue_certificate import Order, issue_anew
    from toono.pki.tests.making import SUBJECT, code, document

    actor = system("tests")

    def signed(key: str) -> bytes:
        return api.sign_file(actor=actor, key=key, name="a.pdf", content=document(), form=SignatureForm.PADES, level=SignatureLevel.B_B)

    contents = {}
    for name, reason in (("revoked", RevocationReason.CESSATION_OF_OPERATION), ("stolen", RevocationReason.KEY_COMPROMISE)):
        seal = api.certificate_for(actor=actor, key=f"seal/{code()}", profile=Profile.SEAL, subject=SUBJECT)
        contents[name] = signed(seal.key)
        api.revoke_certificate(actor=anu, serial=seal.serial, reason=reason)
    # Certificates begin five minutes early, those of the authorities too: so long ago one could be issued, whenever the platform was started.
    with clock.at(clock.now() - timedelta(minutes=4)), transaction.atomic():
        order = Order(label=f"seal/{code()}", profile=Profile.SEAL, subject=SUBJECT, lifetime=timedelta(minutes=3))
        issue_anew(actor=actor, order=order)
        contents["expired"] = signed(order.label)
    contents["foreign"] = _by_a_stranger(tmp_path)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in contents}


def _by_a_stranger(folder: Path) -> bytes:
    """A text with the seal of an organisation that somebody else's authority certified, under names like ours, made by OpenSSL."""
    from toono.pki.contracts import Profile
    from toono.pki.tests.making import authority, leaf

    certificate, key = leaf(Profile.SEAL, authority()[1])
    (folder / "c.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "k.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    command = ["openssl", "cms", "-sign", "-cades", "-nodetach", "-signer", "c.pem", "-inkey", "k.pem", "-outform", "DER"]
    return subprocess.run(command, cwd=folder, input="Лавлагаа".encode(), capture_output=True, check=True).stdout


@pytest.mark.parametrize("width", ["phone", "desk"])
def test_an_old_a_stolen_and_a_foreign_seal_are_told_apart(visit: Window, seals: dict[str, Path], width: str) -> None:
    with visit(width) as v:
        for name, indication, word in (
            ("expired", "INDETERMINATE", "хугацаа"),
            ("revoked", "INDETERMINATE", "хүчингүй болгосон"),
            ("stolen", "TOTAL-FAILED", "түлхүүр нь алдагдсан"),
            ("foreign", "INDETERMINATE", "Бидний мэдэхгүй"),
        ):
            v.open("/validate")
            v.page.locator("#file").set_input_files(str(seals[name]))
            v.page.locator("main form button").click()
            found = v.page.locator("[data-indication]")
            found.wait_for(timeout=60_000)
            v.picture(f"validated-{name}-{width}")
            assert found.get_attribute("data-indication") == indication, name
            assert word.lower() in v.page.locator("main").inner_text().lower(), name
            v.is_sound()


@pytest.mark.parametrize("width", ["phone", "desk"])
def test_one_large_word_for_each_file(visit: Window, files: dict[str, Path], width: str) -> None:
    with visit(width) as v:
        v.open("/validate")
        v.is_sound()
        v.picture(f"validate-{width}")
        for name, indication, word in (
            ("good", "TOTAL-PASSED", "Хүчинтэй"),
            ("changed", "TOTAL-FAILED", "Хүчингүй"),
            ("plain", "INDETERMINATE", "Гарын үсэг алга"),
        ):
            v.open("/validate")
            v.page.locator("#file").set_input_files(str(files[name]))
            v.page.locator("main form button").click()
            found = v.page.locator("[data-indication]")
            found.wait_for(timeout=60_000)
            assert (found.get_attribute("data-indication"), found.inner_text()) == (indication, word)
            v.is_sound()
            v.picture(f"validated-{name}-{width}")


def test_without_script_too_and_the_report_is_taken_along(visit: Window, files: dict[str, Path]) -> None:
    with visit("phone", script=False, accept_downloads=True) as v:
        v.open("/validate")
        v.page.locator("#file").set_input_files(str(files["good"]))
        v.page.locator("main form button").click()
        v.page.locator("[data-indication=TOTAL-PASSED]").wait_for(timeout=60_000)
        with v.page.expect_download(timeout=60_000) as download:
            v.page.locator("button[value=pdf]").click()
        assert Path(download.value.path()).read_bytes().startswith(b"%PDF")


def test_nothing_chosen_is_said_at_the_field(visit: Window) -> None:
    with visit("phone") as v:
        v.page.on("response", lambda r: v.faults.clear() if r.status == 400 else None)
        v.open("/validate")
        v.page.locator("main form button").click()
        v.page.locator(".govuk-error-summary").wait_for()
        v.faults.clear()  # Chromium notes the status of the page itself
        assert "сонгоно уу" in v.page.locator(".govuk-error-summary").inner_text()
        v.is_sound()


@pytest.mark.parametrize("width", ["phone", "desk"])
def test_the_repository_is_read_in_words(visit: Window, width: str) -> None:
    with visit(width) as v:
        v.open("/pki/")
        v.is_sound()
        v.page.locator("#text").fill("Тооно")
        v.page.locator("main form button").click()
        v.page.locator("#found").wait_for()
        v.is_sound()
        v.picture(f"repository-{width}")


def test_the_administrator_sees_whom_we_trust(visit: Window, stack: Stack) -> None:
    with visit("desk") as v:
        v.sign_in(stack.addresses["persons"]["anu"])
        v.open("/admin/trusted-lists")
        v.is_sound()
        v.picture("trusted-lists")
