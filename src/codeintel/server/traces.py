"""Sends a span for every tool call to an OpenTelemetry collector; needs the extra ``traces``."""

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import codeintel
from codeintel.errors import ConfigurationError
from codeintel.server.auth import Principal
from codeintel.server.logs import request_id
from codeintel.server.outcome import Outcome

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

#: The header by which a request says which span of the caller's it belongs to.
trace_parent: ContextVar[str] = ContextVar("trace_parent", default="")


class Traces:
    """Records calls as spans; what was asked for and by whom is not in them.

    Parameters
    ----------
    exporter
        Where the spans go; they are sent in batches by a thread of their own.
    """

    def __init__(self, exporter: "SpanExporter") -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        service = {"service.name": "codeintel", "service.version": codeintel.__version__}
        self._provider = TracerProvider(resource=Resource.create(service))
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("codeintel")
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def to(cls, url: str) -> "Traces":
        """Send spans to a collector, such as ``http://127.0.0.1:4318/v1/traces``.

        Raises
        ------
        ConfigurationError
            The extra is not installed.
        """
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError:
            raise ConfigurationError(
                "OpenTelemetry is not installed.", cure="Run `pip install 'codeintel[traces]'`."
            ) from None
        return cls(OTLPSpanExporter(url))

    def observe(self, tool: str, principal: Principal, outcome: Outcome, seconds: float) -> None:
        """Record a call that has just ended."""
        ended_ns = time.time_ns()
        span = self._tracer.start_span(
            f"tools/call {tool}",
            context=self._propagator.extract({"traceparent": trace_parent.get()}),
            kind=SpanKind.SERVER,
            attributes={
                "gen_ai.tool.name": tool,
                "codeintel.code": outcome.code,
                "codeintel.effort": outcome.effort.name.lower(),
                "codeintel.request_id": request_id.get(),
            },
            start_time=ended_ns - round(seconds * 1e9),
        )
        if outcome.is_error:
            span.set_status(Status(StatusCode.ERROR, outcome.code))
        span.end(ended_ns)

    def close(self) -> None:
        """Send what has not been sent."""
        self._provider.shutdown()
