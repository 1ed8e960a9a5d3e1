"""The work: for each, the calls of a gRPC contestant and the same as SQL for pgbench or psql."""

import dataclasses
import random
import struct

from database import ITEMS

BATCH = 100
PAGE = 50
CHUNK = 1000  # rows of one message of Import
ROW = 't."id", t."name", t."price", t."quantity", t."tags", t."active", t."created_at"'
ETAG = "(t.xmin::text || '-' || t.ctid::text)"

GET_SQL = f"\\set id random(1, {ITEMS})\nSELECT {ROW}, {ETAG} FROM item AS t WHERE t.id = :id;\n"
UPDATE_SQL = (f"\\set id random(1, {ITEMS})\n\\set quantity random(0, 99)\n"
              f"UPDATE item AS t SET quantity = :quantity WHERE t.id = :id RETURNING {ROW}, {ETAG};\n")
CREATE_SQL = ("\\set quantity random(0, 99)\n"
              "INSERT INTO parcel AS t (name, price, quantity, tags) VALUES ('an article of the bench, ' || :quantity,"
              f" '12.50', :quantity, '{{bench,lot 7}}') RETURNING {ROW}, {ETAG};\n")
# pgbench has no arrays, so an IN of as many parameters.
BATCH_SQL = ("".join(f"\\set id{i} random(1, {ITEMS})\n" for i in range(BATCH)) +
             f"SELECT {ROW} FROM item AS t WHERE t.id IN ({', '.join(f':id{i}' for i in range(BATCH))});\n")
LIST_SQL = (f"\\set after random(0, {ITEMS - 1000})\n"
            f"SELECT {ROW}, t.id::text FROM item AS t WHERE t.id > :after AND t.quantity < 50"
            f" ORDER BY t.id LIMIT {PAGE + 1};\n")


@dataclasses.dataclass
class Work:
    name: str
    what: str
    methods: list
    # (Contract, random.Random) -> [(index into methods, bytes)]
    requests: object
    answer: str = None  # the message that answers the first request
    scripts: list = None  # [(weight, script)] for pgbench
    copy: str = None  # psql's command for stream and import
    writes: bool = False
    before: str = None  # SQL before each measurement
    mode: str = "unary"
    levels: tuple = (1, 64)
    quick_levels: tuple = (64,)


def _message(contract, kind, /, **fields):
    message = contract.message(f"bench.v1.{kind}")()
    for key, value in fields.items():
        if isinstance(value, list):
            getattr(message, key).extend(value)
        elif hasattr(value, "SerializeToString"):
            getattr(message, key).CopyFrom(value)
        else:
            setattr(message, key, value)
    return message


def _get(contract, rng, kind=0):
    return (kind, _message(contract, "GetItemRequest", id=rng.randint(1, ITEMS)).SerializeToString())


def _update(contract, rng, kind=0):
    request = _message(contract, "UpdateItemRequest",
                       item=_message(contract, "Item", id=rng.randint(1, ITEMS), quantity=rng.randint(0, 99)))
    request.update_mask.paths.append("quantity")
    return (kind, request.SerializeToString())


def _batch(contract, rng):
    # Distinct keys, as a client would ask for.
    ids = rng.sample(range(1, ITEMS + 1), BATCH)
    requests = [_message(contract, "GetItemRequest", id=key) for key in ids]
    return (0, _message(contract, "BatchGetItemsRequest", requests=requests).SerializeToString())


def _list(contract, rng):
    after = rng.randint(0, ITEMS - 1000)
    return (0, _message(contract, "ListItemsRequest", page_size=PAGE,
                        filter=f"id > {after} AND quantity < 50").SerializeToString())


def _parcel(contract, rng):
    quantity = rng.randint(0, 99)
    return _message(contract, "Parcel", name=f"an article of the bench, {quantity}", price="12.50", quantity=quantity,
                    tags=["bench", "lot 7"])


def _create(contract, rng):
    return (0, _message(contract, "CreateParcelRequest", parcel=_parcel(contract, rng)).SerializeToString())


def _import(contract, rng):
    # By hand, `repeated Parcel parcels = 1`: a server that has no Import has no such message either.
    rows = [_parcel(contract, rng).SerializeToString() for _ in range(CHUNK)]
    return (0, b"".join(b"\x0a" + _varint(len(row)) + row for row in rows))


def _varint(value):
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def _several(make, count):
    return lambda contract, rng: [make(contract, rng) for _ in range(count)]


def _mix(contract, rng):
    return [_update(contract, rng, 1) if i % 5 == 4 else _get(contract, rng, 0) for i in range(20_000)]


GET = "/bench.v1.ItemService/GetItem"
UPDATE = "/bench.v1.ItemService/UpdateItem"
WORKS = [
    Work("get", f"one row by its key, of {ITEMS:,}", [GET], _several(_get, 20_000), "Item", [(1, GET_SQL)],
         levels=(1, 8, 64, 256, 1024), quick_levels=(1, 64, 1024)),
    Work("batch_get", f"{BATCH} rows by their keys", ["/bench.v1.ItemService/BatchGetItems"], _several(_batch, 1000),
         "BatchGetItemsResponse", [(1, BATCH_SQL)]),
    Work("list", f"a page of {PAGE} rows with a filter", ["/bench.v1.ItemService/ListItems"], _several(_list, 2000),
         "ListItemsResponse", [(1, LIST_SQL)]),
    Work("create", "one row", ["/bench.v1.ParcelService/CreateParcel"], _several(_create, 2000), "Parcel",
         [(1, CREATE_SQL)], writes=True, before="TRUNCATE parcel"),
    Work("update", "one field of one row", [UPDATE], _several(_update, 20_000), "Item", [(1, UPDATE_SQL)], writes=True),
    Work("mix", "4 gets and 1 update", [GET, UPDATE], _mix, "Item", [(4, GET_SQL), (1, UPDATE_SQL)], writes=True),
    Work("stream", "a whole table, in one call", ["/bench.v1.EventService/StreamEvents"],
         lambda contract, rng: [(0, b"\x08\xe8\x07")],  # page_size = 1000
         copy="\\copy event TO '/dev/null'", mode="stream", levels=(1,), quick_levels=(1,)),
    Work("import", "into an empty table, in one call", ["/bench.v1.ParcelService/ImportParcels"], _several(_import, 10),
         copy="\\copy parcel (name, price, quantity, tags) FROM '{file}'", mode="import", writes=True,
         before="TRUNCATE parcel", levels=(1,), quick_levels=(1,)),
]


def write_records(path, records):
    """As records.h reads them."""
    with open(path, "wb") as file:
        for kind, data in records:
            file.write(struct.pack("<BI", kind, len(data)) + data)


def write_rows(path, rows):
    """The rows of `import` for \\copy."""
    rng = random.Random(1)
    with open(path, "w") as file:
        for _ in range(rows):
            quantity = rng.randint(0, 99)
            file.write(f"an article of the bench, {quantity}\t12.50\t{quantity}\t{{bench,\"lot 7\"}}\n")
