"""OpenSSL (``cms -verify -cades``, ``ts -verify``) and asn1crypto on our CAdES, at every level."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms

from tests.conformance.pki.signatures import LEVELS, WORDS, Office, office, root_file, run
from toono.pki.contracts import SignatureForm, SignatureLevel
from toono.pki.tests.making import changed

CADES = SignatureForm.CADES


@pytest.fixture(scope="module")
def signer(stack: Any) -> Office:
    return office()


def _verified(signature: bytes, folder: Path, *, content: bytes | None = None, root: Path | None = None) -> tuple[bool, bytes]:
    (folder / "s.p7s").write_bytes(signature)
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", folder / "s.p7s", "-purpose", "any"]
    command += ["-CAfile", root or root_file(folder), "-out", folder / "out"]
    if content is not None:
        (folder / "content").write_bytes(content)
        command += ["-content", folder / "content"]
    said = run(*command)
    good = said.returncode == 0 and "CAdES Verification successful" in said.stderr
    return good, (folder / "out").read_bytes() if good else said.stderr.encode()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("detached", [False, True])
def test_openssl_verifies_every_level(signer: Office, level: SignatureLevel, detached: bool, tmp_path: Path) -> None:
    signed = signer.sign(WORDS, CADES, level, detached=detached)
    good, out = _verified(signed, tmp_path, content=WORDS if detached else None)
    assert good, out
    assert out == WORDS


def test_openssl_refuses_another_content_another_signature_and_another_root(signer: Office, tmp_path: Path) -> None:
    signed = signer.sign(WORDS, CADES, SignatureLevel.B_B, detached=True)
    assert _verified(signed, tmp_path, content=WORDS)[0]
    assert not _verified(signed, tmp_path, content=WORDS + b" ")[0]
    value = bytes(cms.ContentInfo.load(signed)["content"]["signer_infos"][0]["signature"].native)
    assert not _verified(changed(signed, signed.index(value) + len(value) - 1), tmp_path, content=WORDS)[0]
    run(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=x",
        "-keyout",
        tmp_path / "k",
        "-out",
        tmp_path / "other.pem",
    )
    assert not _verified(signed, tmp_path, content=WORDS, root=tmp_path / "other.pem")[0]


def _attributes(signed: bytes, unsigned: bool = True) -> dict[str, list[Any]]:
    signer = cms.ContentInfo.load(signed)["content"]["signer_infos"][0]
    return {one["type"].dotted: list(one["values"]) for one in signer["unsigned_attrs" if unsigned else "signed_attrs"]}


def _stamp_verified(token: bytes, data: bytes, folder: Path) -> bool:
    (folder / "t").write_bytes(token)
    (folder / "d").write_bytes(data)
    command = ["openssl", "ts", "-verify", "-token_in", "-in", folder / "t", "-data", folder / "d", "-CAfile", root_file(folder)]
    return "Verification: OK" in run(*command).stdout


def test_openssl_verifies_the_signature_time_stamp_over_the_value_and_over_nothing_else(signer: Office, tmp_path: Path) -> None:
    signed = signer.sign(WORDS, CADES, SignatureLevel.B_T)
    [token] = _attributes(signed)["1.2.840.113549.1.9.16.2.14"]
    value = cms.ContentInfo.load(signed)["content"]["signer_infos"][0]["signature"].native
    assert _stamp_verified(token.dump(), value, tmp_path)
    assert not _stamp_verified(token.dump(), value + b"\0", tmp_path)


def test_the_signed_attributes_are_those_of_the_baseline(signer: Office) -> None:
    signed = _attributes(signer.sign(WORDS, CADES, SignatureLevel.B_B), unsigned=False)
    assert set(signed) == {
        "1.2.840.113549.1.9.3",
        "1.2.840.113549.1.9.4",
        "1.2.840.113549.1.9.5",
        "1.2.840.113549.1.9.16.2.47",
    }


def test_long_term_material_is_complete_and_openssl_reads_it(signer: Office, tmp_path: Path) -> None:
    """Of every certificate in it but the status responders', a list or an answer; OpenSSL takes the certificates as the chain."""
    signed = cms.ContentInfo.load(signer.sign(WORDS, CADES, SignatureLevel.B_LT))["content"]
    kinds = [choice.name for choice in signed["crls"]]
    assert signed["version"].native == "v5"
    assert kinds.count("crl") >= 1  # the root's list, and that of changes
    assert kinds.count("other") >= 2  # answers about the signer and the unit
    assert len(signed["certificates"]) >= 4


def test_the_archive_time_stamp_covers_what_the_standard_lists(signer: Office, tmp_path: Path) -> None:
    """The imprint of EN 319 122-1 §5.5.3 built anew by asn1crypto; OpenSSL says that the token is over it."""
    signed = signer.sign(WORDS, CADES, SignatureLevel.B_LTA)
    [token] = _attributes(signed)["0.4.0.1733.2.4"]
    content = cms.ContentInfo.load(signed)["content"]
    one = content["signer_infos"][0]
    inner = cms.ContentInfo.load(token.dump())["content"]["signer_infos"][0]
    [index] = next(a["values"] for a in inner["unsigned_attrs"] if a["type"].dotted == "0.4.0.1733.2.5")
    parts = [content["encap_content_info"]["content_type"].dump(), hashlib.sha256(WORDS).digest()]
    fields = ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
    parts += [one[name].dump() for name in fields]
    imprint = b"".join((*parts, index.dump()))
    assert _stamp_verified(token.dump(), imprint, tmp_path)
    assert not _stamp_verified(token.dump(), imprint[:-1] + b"\0", tmp_path)
    _, certificates, lists, attributes = _members(index)
    assert {hashlib.sha256(c.chosen.dump()).digest() for c in content["certificates"]} == set(certificates)
    assert {hashlib.sha256(c.dump()).digest() for c in content["crls"]} == set(lists)
    assert len(attributes) == 1  # the signature's time-stamp, which stood there before


def _members(index: Any) -> tuple[Any, ...]:
    from asn1crypto import core

    algorithm, *lists = core.SequenceOf.load(index.dump(), spec=core.Any)
    return (algorithm, *([octets.native for octets in core.SequenceOf.load(one.dump(), spec=core.OctetString)] for one in lists))
