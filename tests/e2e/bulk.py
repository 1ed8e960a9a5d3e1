"""Streams and imports for tests: calls with dictionaries, as harness.Client has them for unary calls."""

from google.protobuf import json_format

from harness import PATIENCE


def stream(client, method, timeout=60, **fields):
    """The chunks of a StreamXs call as they come: an iterator that can be cancelled."""
    service, descriptor = client.methods[method]
    response = client.contract.message(descriptor.output_type.full_name)
    call = client.channel.unary_stream(f"/{service}/{descriptor.name}",
                                       request_serializer=lambda m: m.SerializeToString(),
                                       response_deserializer=response.FromString)
    return call(client.request(method, fields), timeout=timeout * PATIENCE)


def rows_of(client, message):
    """The rows of a page or chunk as dictionaries."""
    fields = json_format.MessageToDict(message, preserving_proto_field_name=True,
                                       descriptor_pool=client.contract.pool)
    return next((value for value in fields.values() if isinstance(value, list)), [])


def stream_rows(client, method, **fields):
    return [row for chunk in stream(client, method, **fields) for row in rows_of(client, chunk)]


def list_rows(client, method, **fields):
    """The rows of all pages."""
    rows, token = [], ""
    while True:
        page = client.raw(method, dict(fields, page_size=1000, page_token=token))
        rows += rows_of(client, page)
        token = page.next_page_token
        if not token:
            return rows


def importing(client, method, messages, timeout=60):
    """An ImportXs call, not waited for. `messages`: an iterable of lists of rows, or of messages of the request."""
    service, descriptor = client.methods[method]
    request = client.contract.message(descriptor.input_type.full_name)
    response = client.contract.message(descriptor.output_type.full_name)
    rows = descriptor.input_type.fields_by_number[1].name

    def encoded():
        for message in messages:
            yield (json_format.ParseDict({rows: message}, request(), descriptor_pool=client.contract.pool)
                   if isinstance(message, list) else message).SerializeToString()

    call = client.channel.stream_unary(f"/{service}/{descriptor.name}", request_serializer=lambda m: m,
                                       response_deserializer=response.FromString)
    return call.future(encoded(), timeout=timeout * PATIENCE)


def import_rows(client, method, *messages, **options):
    """How many rows there were."""
    return importing(client, method, messages, **options).result().affected
