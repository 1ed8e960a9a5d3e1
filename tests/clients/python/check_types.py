"""Reads the rows of kinds.samples and compares each value with what psql says of it, then writes each row again, built
from what psql says. The file of rows is named by the argument; tests/clients/shown.sql says how it writes values."""

import asyncio
import json
import os
import struct
import sys

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp

from kinds.v1 import rows_pb2, sample_pb2, sample_pb2_grpc, types_pb2
from demo import connect


def timestamp(text):
    made = Timestamp()
    made.FromMicroseconds(int(text))
    return made


def place(fields):
    return types_pb2.Place(**{name: PLACE[name][1](text) for name, text in fields.items() if text is not None})


def place_text(value):
    return {name: to_text(getattr(value, name)) if value.HasField(name) else None for name, (to_text, _) in PLACE.items()}


def parsed_value(text):
    # json's own parser: integers of any size, as psql writes them.
    return ParseDict(json.loads(text), Value())


# How a value becomes the text that psql shows, and how the text becomes the value.
NUMBER = (str, int)
TEXT = (str, str)
FLOAT = (lambda value: struct.pack(">f", value).hex(), lambda text: struct.unpack(">f", bytes.fromhex(text))[0])
DOUBLE = (lambda value: struct.pack(">d", value).hex(), lambda text: struct.unpack(">d", bytes.fromhex(text))[0])
BOOL = (lambda value: str(value).lower(), lambda text: text == "true")
BYTES = (bytes.hex, bytes.fromhex)
TIME = (lambda value: str(value.ToMicroseconds()), timestamp)
JSON = (MessageToDict, parsed_value)
PLACE = {"x": NUMBER, "y": DOUBLE, "label": TEXT}
COLUMNS = {
    "id": NUMBER, "small": NUMBER, "whole": NUMBER, "big": NUMBER, "object_id": NUMBER, "narrow": FLOAT, "wide": DOUBLE,
    "truth": BOOL, "exact": TEXT, "cash": TEXT, "share": TEXT, "words": TEXT, "code": TEXT, "uid": TEXT, "address": TEXT,
    "flags": TEXT, "span": TEXT, "raw": BYTES, "moment": TIME, "wall": TIME, "day": TEXT, "clock": TEXT, "duration": TEXT,
    "document": JSON, "plain": JSON, "mood": NUMBER, "place": (place_text, place),
}
ARRAYS = {"numbers": NUMBER, "texts": TEXT, "moods": NUMBER, "places": (place_text, place)}


def differences(row, expected):
    """Names of the columns whose value is not the expected one, with both."""
    for name, (to_text, _) in COLUMNS.items():
        wanted = expected[name]
        if wanted is not None and name in ("document", "plain"):
            wanted = json.loads(wanted)
        got = to_text(getattr(row, name)) if row.HasField(name) else None
        if got != wanted or row.HasField(name) != (expected[name] is not None):
            yield f"{name}: {got!r:.200} instead of {wanted!r:.200}"
    for name, (to_text, _) in ARRAYS.items():
        got = [to_text(element) for element in getattr(row, name)]
        if got != expected[name]:
            yield f"{name}: {got} instead of {expected[name]}"


def built(expected):
    row = rows_pb2.Sample()
    for name, (_, from_text) in COLUMNS.items():
        if expected[name] is None:
            continue
        value = from_text(expected[name])
        if hasattr(value, "CopyFrom"):
            getattr(row, name).CopyFrom(value)
        else:
            setattr(row, name, value)
    for name, (_, from_text) in ARRAYS.items():
        getattr(row, name).extend(map(from_text, expected[name]))
    return row


async def main(file):
    with open(file) as opened:
        expected = json.load(opened)
    async with connect(os.environ["ADDRESS"], os.environ["CA_FILE"], os.environ["TOKEN"]) as channel:
        samples = sample_pb2_grpc.SampleServiceStub(channel)
        page = await samples.ListSamples(sample_pb2.ListSamplesRequest(order_by="id", page_size=100))
        wrong = [f"row {row.id}: {each}" for row, shown in zip(page.samples, expected, strict=True)
                 for each in differences(row, shown)]
        if wrong:
            sys.exit("\n".join(wrong))
        for shown in expected:
            row = built(shown)
            row.id += 1000
            await samples.CreateSample(sample_pb2.CreateSampleRequest(sample=row))
    print(f"{len(expected) * (len(COLUMNS) + len(ARRAYS))} values read")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
