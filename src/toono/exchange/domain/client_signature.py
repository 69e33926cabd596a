"""The client's side of RFC 9421: the headers of a signed call. The signature itself is made elsewhere (the signer holds the key)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple

from toono.exchange.domain.signatures import ALGORITHM
from toono.kernel.jose import raw_signature


class Unsigned(NamedTuple):
    """What is to be signed, and how the result is sent."""

    base: bytes
    """The signature base; the signature is ECDSA over its SHA-256."""
    parameters: str


def prepare(*, method: str, target_uri: str, headers: Mapping[str, str], key_id: str, created: int, nonce: str) -> Unsigned:
    """Cover method, target and every one of ``headers`` (lower-case names)."""
    values = {"@method": method, "@target-uri": target_uri, **headers}
    covered = " ".join(f'"{name}"' for name in values)
    parameters = f'({covered});created={created};nonce="{nonce}";keyid="{key_id}";alg="{ALGORITHM}"'
    lines = [f'"{name}": {value}' for name, value in values.items()] + [f'"@signature-params": {parameters}']
    return Unsigned("\n".join(lines).encode(), parameters)


def signed_headers(unsigned: Unsigned, der: bytes) -> dict[str, str]:
    """``Signature-Input`` and ``Signature`` for a DER signature; on the wire it is r and s, 32 bytes each (RFC 9421 §3.3.4)."""
    return {"signature-input": f"sig1={unsigned.parameters}", "signature": f"sig1=:{b64encode(raw_signature(der)).decode()}:"}
