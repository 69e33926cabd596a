"""Who calls: the caller proves to be the system that it says.

By a message signature (RFC 9421); in the native dialect by the key to which its access token is bound. In the X-Road dialect a TLS client certificate that the registry knows will
do, handed on by a terminator that proves itself, and in development a bearer key. Where a signature stands it counts, whatever else is there.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from hashlib import sha256
from typing import Final

from toono.exchange import limits
from toono.exchange.domain import client_certificates, identifiers, signatures
from toono.exchange.domain.client_certificates import ClientCertificate
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.gateway.call import Call, Shared
from toono.exchange.gateway.rows import NonceRow

_NONCE_LIFE: Final = timedelta(seconds=limits.SIGNATURE_AGE_SECONDS + limits.SIGNATURE_AHEAD_SECONDS)


def authenticate_client(shared: Shared, call: Call) -> None:
    """The caller proves to be the system that the request names.

    :raises Fault: it does not.
    """
    call.client = call.index.client(call.client_id)
    call.consumer = call.index.members[identifiers.member_of(call.client_id)]
    signature_input, signature = call.values.get("signature-input"), call.values.get("signature")
    certificate = client_certificate(shared, call)
    if signature_input is not None and signature is not None:
        _check_signature(shared, call, signature_input, signature)
    elif signature_input is not None or signature is not None:
        raise Fault(Code.MISSING_SIGNATURE, "half_a_signature", "Signature and Signature-Input belong together; one is missing.")
    elif call.token is not None:
        raise Fault(
            Code.MISSING_SIGNATURE,
            "no_credentials",
            "An access token alone is not enough: the call carries no message signature (RFC 9421).",
        )
    elif certificate is not None:
        client_certificates.check_time(certificate, call.at)
        call.index.certificate_credential(call.client_id, certificate.sha256, call.at)
    else:
        _check_bearer_key(shared, call)


def _check_bearer_key(shared: Shared, call: Call) -> None:
    scheme, _, key = call.values.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Fault(Code.MISSING_SIGNATURE, "no_credentials", "The call carries no message signature (RFC 9421).")
    if not shared.bearer_keys_allowed:
        raise Fault(Code.AUTHENTICATION_FAILED, "bearer_refused", "This exchange takes message signatures (RFC 9421) only, no bearer keys.")
    call.index.bearer_credential(call.client_id, key.strip(), call.at)


def client_certificate(shared: Shared, call: Call) -> ClientCertificate | None:
    """The certificate that was shown to the TLS terminator; None where there is none, or no terminator that is believed.

    :raises Fault: somebody who is not the terminator hands one on, or it is none.
    """
    value, word = call.values.get(client_certificates.HEADER), call.values.get(client_certificates.TERMINATOR_HEADER)
    if shared.faces.terminator is None or not value:
        return None
    if word is None or not hmac.compare_digest(word.encode("utf-8", "surrogateescape"), shared.faces.terminator.encode()):
        raise Fault(
            Code.AUTHENTICATION_FAILED, "terminator_unknown", "A client certificate is believed only from the gateway's own TLS terminator."
        )
    return client_certificates.read(value)


def _check_signature(shared: Shared, call: Call, signature_input: str, signature: str) -> None:
    signed = signatures.parse(signature_input, signature)
    if call.token is not None and signed.key_id != call.token.key_id:
        raise Fault(Code.AUTHENTICATION_FAILED, "token_of_another_key", f"The access token was given for the key {call.token.key_id}.")
    known = call.index.signature_credential(call.client_id, signed.key_id, call.at)
    if known.public_key is None:
        raise Fault(Code.AUTHENTICATION_FAILED, "unknown_credential", f"{signed.key_id} is no key for signatures.")
    moment = call.at.timestamp()
    signatures.check_time(signed, moment)
    signatures.check_coverage(signed, call.values, has_body=call.has_body, profile=call.dialect.profile)
    target = shared.base_url + (call.signed_target or call.target)
    signatures.verify(signed, signatures.SignedRequest(call.method, target, call.values), known.public_key)
    nonce = sha256(f"{signed.key_id}\n{signed.nonce}".encode()).digest()
    if not shared.nonces.add(nonce, moment):
        raise replayed()
    call.nonces.append(NonceRow(nonce, call.at + _NONCE_LIFE))
    call.signed = signed


def replayed() -> Fault:
    """A signature that was used before."""
    return Fault(Code.INVALID_SIGNATURE_VALUE, "nonce_repeated", "A call with this nonce was received before; sign each call anew.")
