"""Parameters of ``signatures/signDoc``, read: whatever comes, the answer is pieces to sign or a refusal in the interface's words."""

from __future__ import annotations

import contextlib
import hashlib
from base64 import b64encode
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from toono.pki.contracts import SignatureLevel
from toono.pki.domain import csc
from toono.pki.domain.csc import Envelope, Piece, Refused

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=3), max_leaves=6
)
WORDS = st.sampled_from(
    [
        "P",
        "X",
        "C",
        "J",
        "AdES-B-B",
        "Ades-B-LTA",
        "Attached",
        "Detached",
        csc.DOCUMENT_ALGORITHM,
        "eA==",
        *csc.HASH,
        b64encode(bytes(32)).decode(),
    ]
)
MEMBERS = st.sampled_from(
    [
        "document",
        "signature_format",
        "conformance_level",
        "signed_envelope_property",
        "signAlgo",
        "signAlgoParams",
        "hashes",
        "hashAlgorithmOID",
    ]
)
OBJECTS = st.lists(st.dictionaries(MEMBERS, WORDS | JSON, max_size=8) | JSON, max_size=3)
BODIES = st.dictionaries(
    st.sampled_from(["documents", "documentDigests", "operationMode", "validity_period", "response_uri"]), OBJECTS | WORDS | JSON
)  # fmt: skip


@given(BODIES)
def test_no_body_makes_it_stumble(body: dict[str, Any]) -> None:
    with contextlib.suppress(Refused):
        assert csc.pieces(body)
    with contextlib.suppress(Refused):
        csc.is_asynchronous(body)


@given(st.binary(min_size=1), st.sampled_from(list(csc.ENVELOPES)), st.sampled_from(list(SignatureLevel)))
def test_what_is_kept_for_the_worker_is_what_was_asked(content: bytes, form: str, level: SignatureLevel) -> None:
    piece = Piece(format=form, level=level, envelope=csc.ENVELOPES[form][0], content=content)
    assert csc.unpacked(csc.packed([piece])) == [piece]


@given(st.binary(min_size=1), st.sampled_from(["sha256", "sha384", "sha512"]))
def test_a_document_is_authorised_by_its_own_hash_alone(content: bytes, name: str) -> None:
    piece = Piece(format="C", level=SignatureLevel.B_B, envelope=Envelope.ATTACHED, content=content)
    own, other = (b64encode(hashlib.new(name, given_).digest()).decode() for given_ in (content, content + b"."))
    assert piece.authorised_by([other, own]) == own and piece.authorised_by([other]) is None
    digest = Piece(format="C", level=SignatureLevel.B_B, envelope=Envelope.DETACHED, digest=hashlib.sha256(content).digest())
    assert (digest.authorised_by([own]) == own) == (name == "sha256")


def test_the_defaults_are_those_of_the_specification() -> None:
    wanted = {"P": Envelope.CERTIFICATION, "X": Envelope.ENVELOPED, "C": Envelope.ATTACHED, "J": Envelope.ATTACHED}
    for form, envelope in wanted.items():
        [piece] = csc.pieces({"documents": [{"document": "eA==", "signature_format": form, "signAlgo": csc.DOCUMENT_ALGORITHM}]})
        assert (piece.envelope, piece.level, piece.content) == (envelope, SignatureLevel.B_B, b"x")
