"""The Temporal client: one data converter, one tracer."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from adapters.temporal.settings import TemporalSettings
from adapters.temporal.tracing import Tracing
from domain.errors import StorageUnavailable


async def connect(settings: TemporalSettings, *, tracing: bool = True) -> Client:
    """Connect to Temporal.

    Raises:
        StorageUnavailable: nothing answers there.
    """
    try:
        return await Client.connect(
            settings.address,
            namespace=settings.namespace,
            tls=settings.tls,
            data_converter=pydantic_data_converter,
            interceptors=[Tracing()] if tracing else [],
        )
    except (RPCError, RuntimeError) as error:
        raise StorageUnavailable(
            f"Temporal does not answer at {settings.address}. Is the stack up (`ccb up`)? ({error})"
        ) from error
