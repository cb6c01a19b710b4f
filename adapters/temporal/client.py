"""The Temporal client: one data converter, one tracer."""

import dataclasses

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes
from temporalio.service import RPCError

from adapters.temporal.encryption import EncryptionCodec, parse_keys
from adapters.temporal.settings import TemporalSettings
from adapters.temporal.tracing import Tracing
from domain.errors import StorageUnavailable


async def connect(settings: TemporalSettings, *, tracing: bool = True) -> Client:
    """Connect to Temporal.

    Raises:
        StorageUnavailable: nothing answers there.
        InvalidInput: the keys of encrypted histories are not keys.
    """
    converter = data_converter(settings)
    try:
        return await Client.connect(
            settings.address,
            namespace=settings.namespace,
            tls=settings.tls,
            data_converter=converter,
            interceptors=[Tracing()] if tracing else [],
        )
    except (RPCError, RuntimeError) as error:
        raise StorageUnavailable(
            f"Temporal does not answer at {settings.address}. Is the stack up (`ccb up`)? ({error})"
        ) from error


def data_converter(settings: TemporalSettings) -> DataConverter:
    """Pydantic's JSON, encrypted if there are keys; then the messages and stacks of failures are encrypted as well."""
    if settings.payload_keys is None:
        return pydantic_data_converter
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=EncryptionCodec(parse_keys(settings.payload_keys)),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
