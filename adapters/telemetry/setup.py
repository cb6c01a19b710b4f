"""OpenTelemetry for a process: traces that connect API, workflows and activities."""

import logging
import os

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from adapters.telemetry import logs


def configure(service: str, *, level: int = logging.INFO) -> None:
    """Set up logging and tracing, once, at the entry point.

    Spans are made always, so that logs carry their ids; they are sent only where OTEL_EXPORTER_OTLP_ENDPOINT, the
    standard variable, names a collector.
    """
    logs.to_stderr(service, level)
    provider = TracerProvider(resource=Resource.create({"service.name": f"ccb-{service}"}))
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
