"""Traces for OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT names a collector; otherwise nothing at all.

A trace has the message's own id (troly/trace.py). Spans hold names, times and outcomes, never a citizen's
words: errors are recorded by their type alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from troly import trace
from troly.errors import UsageError

_tracer: Any = None
_provider: Any = None


def configure(endpoint: str, process: str, *, exporter: Any = None) -> None:
    """Send this process's spans to the collector at `endpoint`; does and imports nothing without one.

    `exporter` takes the place of the one over HTTP. Raises UsageError where the packages are missing.
    """
    global _tracer, _provider
    if not endpoint:
        return
    try:
        from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    except ImportError as error:
        raise UsageError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT: {error.name} is not installed; "
            "run `uv pip install '.[telemetry]'`, or leave the setting empty"
        ) from None

    class Ids(RandomIdGenerator):
        """The message's id begins a trace."""

        def generate_trace_id(self) -> int:
            found = trace.current()
            return int(found, 16) if found else super().generate_trace_id()

    resource = Resource.create({"service.name": f"troly-{process}", "service.namespace": "troly"})
    _provider = TracerProvider(resource=resource, id_generator=Ids())
    address = f"{endpoint.rstrip('/')}/v1/traces"
    _provider.add_span_processor(
        SimpleSpanProcessor(exporter) if exporter else BatchSpanProcessor(OTLPSpanExporter(endpoint=address))
    )
    _tracer = _provider.get_tracer("troly")


def close() -> None:
    """Send what is left, and trace no more."""
    global _tracer, _provider
    if _provider is not None:
        _provider.shutdown()
    _tracer = _provider = None


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator[None]:
    """A step of the work on a message, until the end of the block."""
    if _tracer is None or trace.current() is None:
        yield
        return
    from opentelemetry.trace import Status, StatusCode

    opened = _tracer.start_as_current_span(
        name, context=_parent(), attributes=attributes, record_exception=False, set_status_on_exception=False
    )
    with opened as current:
        try:
            yield
        except BaseException as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def span_id() -> str | None:
    """The id of the step that is being done; 16 hexadecimal digits."""
    if _tracer is None:
        return None
    from opentelemetry.trace import get_current_span

    found = get_current_span().get_span_context()
    return f"{found.span_id:016x}" if found.is_valid else None


def _parent() -> Any:
    """The step of another process that asked; None where this process has one, or nobody asked."""
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, get_current_span
    from opentelemetry.trace.propagation import set_span_in_context

    asked, found = trace.asked_by(), trace.current()
    if get_current_span().get_span_context().is_valid or not asked or not found:
        return None
    context = SpanContext(int(found, 16), int(asked, 16), is_remote=True, trace_flags=TraceFlags(1))
    return set_span_in_context(NonRecordingSpan(context))
