"""The work: for each, the calls of a gRPC contestant and the same as SQL for pgbench or psql."""

import random
import struct

import orders
from database import ITEMS
from work import Work, message, several

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
FUNCTION_SQL = f"\\set id random(1, {ITEMS})\nSELECT {ROW} FROM find_item(key => :id) AS t;\n"
# The function is there only while it is called: a database with functions costs each write a look at what they have left.
FIND = """CREATE FUNCTION find_item(key bigint) RETURNS item STABLE LANGUAGE plpgsql AS $$
DECLARE found item;
BEGIN
  SELECT * INTO found FROM item WHERE id = key;
  RETURN found;
END $$"""
DROP_FIND = "DROP FUNCTION find_item"
AGGREGATE_SQL = ("SELECT t.quantity, count(*), sum(t.price) FROM event AS t GROUP BY t.quantity ORDER BY t.quantity"
                 " LIMIT 101;\n")


def _get(contract, rng, kind=0):
    return (kind, message(contract, "GetItemRequest", id=rng.randint(1, ITEMS)).SerializeToString())


def _find(contract, rng):
    return (0, message(contract, "FindItemRequest", key=rng.randint(1, ITEMS)).SerializeToString())


def _aggregate(contract, rng):
    return [(0, message(contract, "AggregateEventsRequest", group_by=["quantity"], aggregates=["count()", "sum(price)"],
                        page_size=100).SerializeToString())]


def _update(contract, rng, kind=0):
    request = message(contract, "UpdateItemRequest",
                      item=message(contract, "Item", id=rng.randint(1, ITEMS), quantity=rng.randint(0, 99)))
    request.update_mask.paths.append("quantity")
    return (kind, request.SerializeToString())


def _batch(contract, rng):
    # Distinct keys, as a client would ask for.
    ids = rng.sample(range(1, ITEMS + 1), BATCH)
    requests = [message(contract, "GetItemRequest", id=key) for key in ids]
    return (0, message(contract, "BatchGetItemsRequest", requests=requests).SerializeToString())


def _list(contract, rng):
    after = rng.randint(0, ITEMS - 1000)
    return (0, message(contract, "ListItemsRequest", page_size=PAGE,
                       filter=f"id > {after} AND quantity < 50").SerializeToString())


def _parcel(contract, rng):
    quantity = rng.randint(0, 99)
    return message(contract, "Parcel", name=f"an article of the bench, {quantity}", price="12.50", quantity=quantity,
                   tags=["bench", "lot 7"])


def _create(contract, rng):
    return (0, message(contract, "CreateParcelRequest", parcel=_parcel(contract, rng)).SerializeToString())


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


def _mix(contract, rng):
    return [_update(contract, rng, 1) if i % 5 == 4 else _get(contract, rng, 0) for i in range(20_000)]


GET = "/bench.v1.ItemService/GetItem"
UPDATE = "/bench.v1.ItemService/UpdateItem"
WORKS = [
    Work("get", f"one row by its key, of {ITEMS:,}", [GET], several(_get, 20_000), "Item", scripts=[(1, GET_SQL)],
         levels=(1, 8, 64, 256, 1024), quick_levels=(1, 64, 1024)),
    Work("batch_get", f"{BATCH} rows by their keys", ["/bench.v1.ItemService/BatchGetItems"], several(_batch, 1000),
         "BatchGetItemsResponse", scripts=[(1, BATCH_SQL)]),
    Work("list", f"a page of {PAGE} rows with a filter", ["/bench.v1.ItemService/ListItems"], several(_list, 2000),
         "ListItemsResponse", scripts=[(1, LIST_SQL)]),
    Work("create", "one row", ["/bench.v1.ParcelService/CreateParcel"], several(_create, 2000), "Parcel",
         made=("id", "created_at"), scripts=[(1, CREATE_SQL)], writes=True, before="TRUNCATE parcel"),
    Work("update", "one field of one row", [UPDATE], several(_update, 20_000), "Item", scripts=[(1, UPDATE_SQL)],
         writes=True),
    Work("mix", "4 gets and 1 update", [GET, UPDATE], _mix, "Item", scripts=[(4, GET_SQL), (1, UPDATE_SQL)],
         writes=True),
    Work("stream", "a whole table, in one call", ["/bench.v1.EventService/StreamEvents"],
         lambda contract, rng: [(0, b"\x08\xe8\x07")],  # page_size = 1000
         copy="\\copy event TO '/dev/null'", mode="stream", levels=(1,), quick_levels=(1,)),
    Work("import", "into an empty table, in one call", ["/bench.v1.ParcelService/ImportParcels"], several(_import, 10),
         copy="\\copy parcel (name, price, quantity, tags) FROM '{file}'", mode="import", writes=True,
         before="TRUNCATE parcel", levels=(1,), quick_levels=(1,)),
    *orders.WORKS,
    Work("function", "one row, by a function", ["/bench.v1.FunctionService/FindItem"], several(_find, 20_000), "Item",
         scripts=[(1, FUNCTION_SQL)], objects=(FIND, DROP_FIND),
         only=("floor", "direct", "protogres", "origin", "go")),
    Work("aggregate", "a count and a sum of a whole table, by 100 groups", ["/bench.v1.EventService/AggregateEvents"],
         _aggregate, "AggregateEventsResponse", scripts=[(1, AGGREGATE_SQL)], levels=(1,), quick_levels=(1,),
         slow=True, only=("direct", "protogres")),
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
