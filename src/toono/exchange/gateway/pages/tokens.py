"""``/oauth/token``: an access token of the native dialect for a client that proves itself by its key (RFC 6749 §4.4, RFC 7523)."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from toono.exchange import limits
from toono.exchange.domain import tokens
from toono.exchange.domain.faults import Fault
from toono.exchange.domain.rights import Index, KnownCredential
from toono.exchange.domain.tokens import Assertion, TokenRefused
from toono.exchange.gateway.call import Receive, Scope, Send, Shared
from toono.exchange.gateway.dialects.sending import deliver
from toono.exchange.gateway.pages.asking import body_of, json_response
from toono.exchange.gateway.rows import NonceRow
from toono.exchange.gateway.steps.once import use_up_nonces
from toono.kernel.clock import now
from toono.registry.contracts import CredentialKind

PATH: Final = "/oauth/token"
METADATA_PATH: Final = "/.well-known/oauth-authorization-server"
_log = logging.getLogger(__name__)


async def token(shared: Shared, scope: Scope, receive: Receive, send: Send) -> None:
    """Give a token, or say by an error of RFC 6749 (§5.2) why not."""
    status, answer, headers = 200, {}, [("pragma", "no-cache")]
    try:
        answer = await _token(shared, scope, receive)
    except TokenRefused as error:
        status, answer = error.status, {"error": error.error, "error_description": error.description}
        shared.metrics.errors["oauth", error.error] += 1
        _log.info("No token: %s", error)
        if status == 401:
            headers.append(("www-authenticate", 'Bearer realm="toono-exchange"'))
        if status == 503:
            headers.append(("retry-after", "1"))
    await deliver(send, json_response(status, json.dumps(answer).encode(), *headers))


async def _token(shared: Shared, scope: Scope, receive: Receive) -> dict[str, object]:
    keys = shared.faces.tokens
    if scope["method"] != "POST":
        raise TokenRefused("invalid_request", "A token is asked for by POST.", status=405)
    if keys is None:
        raise TokenRefused("temporarily_unavailable", "This gateway has no key of access tokens; its operator has to set it.", status=503)
    body = await body_of(receive, limits.FORM_BYTES)
    if body is None:
        raise TokenRefused("invalid_request", f"The form did not arrive or is larger than {limits.FORM_BYTES} bytes.", status=413)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    request = tokens.parse_request(headers.get("content-type"), headers.get("authorization"), body)
    moment = now()
    assertion = tokens.parse_assertion(request.assertion)
    tokens.check_assertion(assertion, request, audiences=(shared.base_url, shared.base_url + PATH), now=moment.timestamp())
    credential = _credential(_index(shared, moment), assertion, moment)
    if credential.public_key is None:
        raise TokenRefused("invalid_client", "The credential is no key for signatures.", status=401)
    tokens.verify_assertion(assertion, credential.public_key)
    await _use_up(shared, assertion)
    issued = keys.issue(
        issuer=shared.base_url,
        client=assertion.client,
        key_id=credential.credential.key_id,
        token_id=str(uuid4()),
        now=int(moment.timestamp()),
    )
    return {"access_token": issued, "token_type": "Bearer", "expires_in": limits.TOKEN_SECONDS}


def _index(shared: Shared, moment: datetime) -> Index:
    try:
        return shared.configuration.current(moment)
    except Fault as fault:
        raise TokenRefused("temporarily_unavailable", fault.message, status=503) from fault


def _credential(index: Index, assertion: Assertion, moment: datetime) -> KnownCredential:
    """The key that the assertion names, or, where it names none, the only one that the system has."""
    try:
        system, key_id = index.client(assertion.client), assertion.key_id
        if key_id is None:
            usable = [c for c in system.credentials if c.kind is CredentialKind.SIGNATURE and c.not_before <= moment < c.not_after]
            if len(usable) != 1:
                raise TokenRefused("invalid_client", "The assertion must name its key: kid in its header.", status=401)
            key_id = usable[0].key_id
        return index.signature_credential(assertion.client, key_id, moment)
    except Fault as fault:
        raise TokenRefused("invalid_client", fault.message, status=401) from fault


async def _use_up(shared: Shared, assertion: Assertion) -> None:
    """An assertion is good once, at whichever gateway."""
    expires = datetime.fromtimestamp(assertion.claims["exp"], UTC)
    try:
        await use_up_nonces(shared, [NonceRow(tokens.assertion_nonce(assertion), expires)])
    except Fault as fault:
        if fault.reason == "nonce_repeated":
            raise TokenRefused("invalid_client", "The assertion was used before; make a new one, with another jti.", status=401) from fault
        raise TokenRefused("temporarily_unavailable", fault.message, status=503) from fault


async def metadata(shared: Shared, scope: Scope, receive: Receive, send: Send) -> None:
    """Where and how tokens are given (RFC 8414)."""
    document = {
        "issuer": shared.base_url, "token_endpoint": shared.base_url + PATH, "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"], "grant_types_supported": ["client_credentials"], "response_types_supported": [],
        "service_documentation": shared.base_url + "/v1/openapi.json",
    }  # fmt: skip
    await deliver(send, json_response(200, json.dumps(document).encode()))
