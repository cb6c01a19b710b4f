"""OpenTelemetry for a process: traces that connect API, workflows and activities."""

import logging
import os
import sys
from typing import NoReturn

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from adapters.telemetry import logs


def configure(service: str, *, level: int = logging.INFO) -> None:
    """Set up logging and tracing, once, at the entry point.

    Spans have ids always, so that logs carry them; they are recorded and sent only where the standard variable
    OTEL_EXPORTER_OTLP_ENDPOINT names a collector.
    """
    logs.to_stderr(service, level)
    collected = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"ccb-{service}"}),
        # A span that is not recorded has its ids all the same.
        sampler=None if collected else ALWAYS_OFF,
    )
    if collected:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def leave(code: int) -> NoReturn:
    """End the process with this exit code, its spans and logs sent, without taking the interpreter down first.

    A thread of Temporal's client may still be in the interpreter after its last answer, and would abort the process
    (github.com/temporalio/sdk-python/issues/300).
    """
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.shutdown()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)
