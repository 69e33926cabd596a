"""Encodings of JOSE: one text for each value, and nothing that means two things."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from joserfc.util import urlsafe_b64encode

from toono.kernel import jose


@given(st.binary())
def test_base64url_is_what_others_write_and_comes_back(raw: bytes) -> None:
    assert jose.base64url(raw).encode() == urlsafe_b64encode(raw)
    assert jose.from_base64url(jose.base64url(raw)) == raw


@pytest.mark.parametrize("text", ["QQ==", "QR", "Q", "QQ\n", "Q+", "Q/", "өө", "QQ=A"])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        jose.from_base64url(text)


@pytest.mark.parametrize("raw", [b"[]", b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b"\xff", b"{", b"[" * 100_000, b'{"a":' * 100_000])
def test_only_an_object_whose_names_stand_once_is_read(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        jose.json_object(raw)


def test_a_payload_is_read_without_being_believed() -> None:
    assert jose.unverified_payload(f"e30.{jose.base64url(b'x')}.") == b"x"
    with pytest.raises(ValueError, match="compact"):
        jose.unverified_payload("a.b")


@pytest.mark.parametrize(("curve", "size"), [(ec.SECP256R1(), 32), (ec.SECP384R1(), 48)])
def test_a_signature_keeps_its_meaning_in_both_forms(curve: ec.EllipticCurve, size: int) -> None:
    key = ec.generate_private_key(curve)
    for number in range(40):  # a short r or s comes about once in a hundred and is padded
        der = key.sign(bytes([number]), ec.ECDSA(hashes.SHA256()))
        raw = jose.raw_signature(der, size)
        assert (len(raw), jose.der_signature(raw, size)) == (2 * size, der)
    with pytest.raises(ValueError, match="bytes"):
        jose.der_signature(raw[1:], size)
    assert jose.raw_signature(jose.der_signature(bytes(31) + b"\1" + bytes(31) + b"\2")) == bytes(31) + b"\1" + bytes(31) + b"\2"
