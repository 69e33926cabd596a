"""Traces of calls for OpenTelemetry (OTLP over HTTP), where a collector is set. No person, path, query or body stands in them.

A call continues the trace of its client (W3C Trace Context, ``traceparent``). What is signed and logged keeps the client's header as it came, for it is evidence; what goes to the
provider carries the span of the gateway instead, as a hop does (§3.3), so that the provider's own spans hang below it. The packages are imported only when traces are wanted.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

from toono.exchange import limits
from toono.exchange.domain.messages import Header
from toono.exchange.domain.policy import TokenBucket

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

_log = logging.getLogger(__name__)

_PARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SPANS: Final = {"log request": "seal request", "forward": "provider", "log response": "seal response"}
"""Steps of the pipeline that are spans of their own, and the spans' names."""


class Parent(NamedTuple):
    """The client's span, as ``traceparent`` names it (W3C Trace Context, §3.2)."""

    trace_id: int
    span_id: int
    sampled: bool


def parent_of(headers: Sequence[Header]) -> Parent | None:
    """The client's span; None where it names none, or names it wrongly or twice (§4.3: then a trace begins anew)."""
    given = [value for name, value in headers if name == "traceparent"]
    found = _PARENT.fullmatch(given[0].strip()) if len(given) == 1 else None
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5] is not None):
        return None
    trace_id, span_id = int(found[2], 16), int(found[3], 16)
    return Parent(trace_id, span_id, bool(int(found[4], 16) & 1)) if trace_id and span_id else None


class Trace:
    """The spans of one call."""

    def __init__(self, tracer: Tracer, parent: Parent | None, method: str) -> None:
        from opentelemetry.trace import SpanKind

        self._tracer = tracer
        self._call = tracer.start_span("call", _context(parent), SpanKind.SERVER, {"http.request.method": method})
        self._open: Span = self._call

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A span around the step of this name, where it is one of those that take time."""
        title = _SPANS.get(name)
        if title is None:
            yield
            return
        from opentelemetry.trace import SpanKind, set_span_in_context

        kind = SpanKind.CLIENT if name == "forward" else SpanKind.INTERNAL
        span = self._open = self._tracer.start_span(title, set_span_in_context(self._call), kind)
        try:
            yield
        except BaseException:
            _fail(span, title)
            raise
        finally:
            self._open = self._call
            span.end()

    def outgoing(self, headers: Sequence[Header]) -> list[Header]:
        """``headers`` with the open span as the parent of what the receiver does."""
        context = self._open.get_span_context()
        line = f"00-{context.trace_id:032x}-{context.span_id:016x}-01"
        return [*((name, value) for name, value in headers if name != "traceparent"), ("traceparent", line)]

    def describe(self, **attributes: str | int) -> None:
        """What is known of the call: ids of the configuration, status, reason. Underscores stand for dots."""
        for name, value in attributes.items():
            self._call.set_attribute(name.replace("_", "."), value)

    def end(self, *, reason: str | None = None) -> None:
        """:param reason: why the call was not done."""
        if reason is not None:
            _fail(self._call, reason)
        self._call.end()


def _context(parent: Parent | None) -> Context:
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    if parent is None:
        return Context()
    known = SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=TraceFlags(int(parent.sampled)))
    return set_span_in_context(NonRecordingSpan(known), Context())


def _fail(span: Span, reason: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute("error.type", reason)
    span.set_status(Status(StatusCode.ERROR))


class Traces:
    """Decides which calls are traced, and sends what was. Without a collector it does nothing."""

    def __init__(self, url: str, *, gateway: str) -> None:
        """:param url: of the collector, e.g. ``http://127.0.0.1:4318/v1/traces``; empty: none."""
        self._provider: TracerProvider | None = _provider(url, gateway) if url else None
        self._tracer: Tracer | None = self._provider.get_tracer("toono.exchange.gateway") if self._provider else None
        self._bucket = TokenBucket(limits.TRACES_PER_SECOND, limits.TRACES_PER_SECOND, monotonic())

    def begin(self, method: str, headers: Sequence[Header]) -> Trace | None:
        """The trace of a call that begins now, if it is to be traced."""
        if self._tracer is None:
            return None
        parent = parent_of(headers)
        wanted = (parent is not None and parent.sampled) or random.random() < limits.TRACED_PART  # noqa: S311 - no secret
        if not wanted or self._bucket.wait_seconds(monotonic()):
            return None
        self._bucket.take()
        return Trace(self._tracer, parent, method)

    async def close(self) -> None:
        """Send what waits, for a while."""
        if self._provider is not None:
            try:
                async with asyncio.timeout(limits.TRACES_CLOSE_SECONDS):
                    await asyncio.to_thread(self._provider.shutdown)
            except TimeoutError:
                _log.warning("The collector of traces did not take the last ones in time.")


def _provider(url: str, gateway: str) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    resource = Resource({"service.name": "toono-gateway", "service.instance.id": f"{gateway}-{os.getpid()}"})
    provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=int(limits.TRACES_CLOSE_SECONDS))))
    return provider
