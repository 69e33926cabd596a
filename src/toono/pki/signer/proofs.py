"""Why an activation may be granted: what its digests are, held against what the holder confirmed by a code of this signer.

The proof names the code and repeats what the holder saw; the signer works out by itself that the code confirms exactly this, and that the digests follow
from it. Whoever brings the proof is believed in nothing, with one exception: the digests of whole documents (``documents``) are worked out by the
process that grants and cannot sign, because a document is too large for the signer; their number is never greater than was confirmed.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from toono.pki.domain.remote_signing import activation_of_documents, binding_of_digest, confirms_jws
from toono.pki.signer.activations import IDENTIFIER
from toono.pki.signer.codes import Codes

DOCUMENTS = "documents"


class NotProven(Exception):
    """Nothing is let loose; the argument is the stable word for why."""


def holder_of(key: str) -> str:
    """The person whose key it is: ``person/<UUID>``, also with more behind it.

    :raises NotProven: ``holder_unknown``: the label names nobody.
    """
    owner = key.split("/")[1][:36] if "/" in key else ""
    if not IDENTIFIER.fullmatch(owner):
        raise NotProven("holder_unknown")
    return owner


def prove(codes: Codes, *, activation: str, key: str, digests: Sequence[bytes], proof: object) -> None:
    """Whether the key's holder confirmed exactly this.

    :raises NotProven: ``proof_malformed``; ``code_missing``: no code of this holder was typed in a moment ago; ``proof_differs``: it confirms something else.
    """
    if not isinstance(proof, dict) or not IDENTIFIER.fullmatch(str(proof.get("code"))):
        raise NotProven("proof_malformed")
    code = str(proof["code"])
    kind = frozenset(proof) - {"code"}
    if kind not in _KINDS:
        raise NotProven("proof_malformed")
    confirms = codes.confirmed(code, holder_of(key))
    if confirms is None:
        raise NotProven("code_missing")
    named = activation_of_documents(code) if DOCUMENTS in proof else code
    if activation != named or not _KINDS[kind](key, digests, proof, confirms):
        raise NotProven("proof_differs")


def _is_jws(key: str, digests: Sequence[bytes], proof: Mapping[str, Any], confirms: str) -> bool:
    text = proof["jws"]
    return isinstance(text, str) and list(digests) == [sha256(text.encode()).digest()] and confirms_jws(text, confirms)


def _is_request(key: str, digests: Sequence[bytes], proof: Mapping[str, Any], confirms: str) -> bool:
    return _confirms(key, [b64encode(digest).decode() for digest in digests], proof, confirms)


def _is_documents(key: str, digests: Sequence[bytes], proof: Mapping[str, Any], confirms: str) -> bool:
    shown = proof[DOCUMENTS]
    if not isinstance(shown, list) or not all(isinstance(one, str) for one in shown) or len(set(digests)) > len(shown):
        return False
    return _confirms(key, shown, proof, confirms)


def _confirms(key: str, shown: Sequence[str], proof: Mapping[str, Any], confirms: str) -> bool:
    request, party, text = (proof[name] for name in ("request", "party", "text_sha256"))
    if not (isinstance(request, str) and IDENTIFIER.fullmatch(request) and isinstance(party, str) and isinstance(text, str)):
        return False
    return binding_of_digest(request=UUID(request), party=party, key=key, digests=shown, text_sha256=text) == confirms


_SEEN = frozenset({"request", "party", "text_sha256"})
_KINDS: dict[frozenset[str], Callable[[str, Sequence[bytes], Mapping[str, Any], str], bool]] = {
    frozenset({"jws"}): _is_jws,
    _SEEN: _is_request,
    _SEEN | {DOCUMENTS}: _is_documents,
}
