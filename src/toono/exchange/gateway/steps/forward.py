"""The provider: asked within the service's limits."""

from __future__ import annotations

from time import perf_counter

from toono.exchange.domain.answers import BadAnswer, ProviderAnswer
from toono.exchange.domain.faults import Code, Fault
from toono.exchange.domain.messages import Header
from toono.exchange.domain.rights import KnownService
from toono.exchange.gateway.call import Call, Shared
from toono.exchange.gateway.provider import ProviderUnreachable
from toono.exchange.gateway.steps.peers import relay
from toono.exchange.gateway.tls import Trust


async def forward(shared: Shared, call: Call) -> None:
    """Ask the provider, or the gateway that serves it, within the service's time limit; its answer within the size limit."""
    if call.peer is not None:
        await relay(shared, call, call.peer)
        return
    service = call.service
    target = (service.base_path + call.service_path or "/") + (f"?{call.query}" if call.query else "")
    headers = call.request_headers if call.trace is None else call.trace.outgoing(call.request_headers)
    call.answer = await ask(shared, service, call.method, target, headers, call.body)
    call.counted_bytes += len(call.answer.body)
    shared.body_bytes_in_flight += len(call.answer.body)


async def ask(shared: Shared, service: KnownService, method: str, target: str, headers: list[Header], body: bytes) -> ProviderAnswer:
    """The answer of a service's provider.

    :param target: path below the provider's origin, with query.
    :raises Fault: none, or one that may not be passed on.
    """
    if service.entry.secret_name is not None:
        headers = [*headers, ("authorization", f"Bearer {_secret(shared, service.entry.secret_name)}")]
    started = perf_counter()
    try:
        return await shared.providers.send(
            service.origin, method, target, headers, body, timeout_seconds=service.entry.timeout_seconds,
            trust=Trust(service.entry.authority_pem, service.entry.mutual_tls),
        )  # fmt: skip
    except ProviderUnreachable as error:
        raise Fault(Code.NETWORK_ERROR, error.reason, str(error), retry_after=error.retry_after) from error
    except BadAnswer as error:
        code = Code.HTTP_ERROR if error.reason == "not_http" else Code.INVALID_RESPONSE
        raise Fault(code, error.reason, str(error)) from error
    finally:
        shared.metrics.provider_seconds.observe(perf_counter() - started)


def _secret(shared: Shared, name: str) -> str:
    found = shared.provider_secrets.get(name)
    if found is None:
        if not name.replace("-", "").replace("_", "").isalnum():
            raise Fault(Code.SERVICE_MALFORMED_URL, "provider_secret", "The name of the provider's secret is not a name.")
        try:
            found = shared.provider_secrets[name] = (shared.secrets / name).read_text().strip()
        except OSError:
            raise Fault(Code.SERVICE_MALFORMED_URL, "provider_secret", f"The gateway has no secret «{name}» for this provider.") from None
    return found
