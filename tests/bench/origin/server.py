"""The bench's origin: what Protogres replaces. A Python service by hand with grpc.aio,
SQLAlchemy's async ORM and asyncpg, for those methods of the exported contract that the
bench calls. It answers with the same messages, and its pool has as many connections.
"""

import argparse
import asyncio
import datetime
import decimal
import re
import signal

import grpc
from sqlalchemy import ARRAY, BigInteger, DateTime, Numeric, Text, literal_column, select, text, update
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import func

# Generated from the exported contract; see programs.py.
from bench.v1 import (functions_pb2_grpc, item_pb2, item_pb2_grpc, order_pb2_grpc, parcel_pb2_grpc,
                      rows_pb2)
from orders import OrderService
from rows import Base


class Row:
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    price: Mapped[decimal.Decimal] = mapped_column(Numeric(10, 2))
    quantity: Mapped[int]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime.datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Item(Row, Base):
    __tablename__ = "item"


class Parcel(Row, Base):
    __tablename__ = "parcel"


ITEM_ETAG = literal_column("item.xmin::text || '-' || item.ctid::text")
FIND = select(Item).from_statement(text("SELECT * FROM find_item(:key)"))
FILTER = re.compile(r"id > (\d+) AND quantity < (\d+)")


def fill(message, row, etag=""):
    message.id = row.id
    message.name = row.name
    message.price = str(row.price)
    message.quantity = row.quantity
    message.tags.extend(row.tags)
    message.active = row.active
    message.created_at.FromDatetime(row.created_at)
    message.etag = etag
    return message


class ItemService(item_pb2_grpc.ItemServiceServicer):
    def __init__(self, session):
        self.session = session

    async def GetItem(self, request, context):
        async with self.session() as session:
            found = (await session.execute(select(Item, ITEM_ETAG).where(Item.id == request.id))).first()
        if found is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "record does not exist")
        return fill(rows_pb2.Item(), *found)

    async def BatchGetItems(self, request, context):
        ids = [get.id for get in request.requests]
        async with self.session() as session:
            found = {row.id: row for row in await session.scalars(select(Item).where(Item.id.in_(ids)))}
        if any(key not in found for key in ids):
            await context.abort(grpc.StatusCode.NOT_FOUND, "record does not exist")
        answer = item_pb2.BatchGetItemsResponse()
        for key in ids:
            fill(answer.items.add(), found[key])
        return answer

    async def ListItems(self, request, context):
        matched = FILTER.fullmatch(request.filter)
        if not matched:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "filter must be of the form id > N AND quantity < N")
        after, below = int(matched[1]), int(matched[2])
        if request.page_token:
            after = max(after, int(request.page_token))
        size = request.page_size or 50
        query = select(Item).where(Item.id > after, Item.quantity < below).order_by(Item.id).limit(size + 1)
        async with self.session() as session:
            found = (await session.scalars(query)).all()
        answer = item_pb2.ListItemsResponse()
        for row in found[:size]:
            fill(answer.items.add(), row)
        if len(found) > size:
            answer.next_page_token = str(found[size - 1].id)
        return answer

    async def UpdateItem(self, request, context):
        if list(request.update_mask.paths) != ["quantity"]:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "update_mask must be quantity")
        change = update(Item).where(Item.id == request.item.id).values(quantity=request.item.quantity)
        async with self.session.begin() as session:
            found = (await session.execute(change.returning(Item, ITEM_ETAG))).first()
        if found is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "record does not exist")
        return fill(rows_pb2.Item(), *found)


class ParcelService(parcel_pb2_grpc.ParcelServiceServicer):
    def __init__(self, session):
        self.session = session

    async def CreateParcel(self, request, context):
        given = request.parcel
        parcel = Parcel(name=given.name, price=decimal.Decimal(given.price), quantity=given.quantity,
                        tags=list(given.tags))
        async with self.session.begin() as session:
            session.add(parcel)
            await session.flush()
        # Without the etag, which add and flush do not give: to read it would be one statement more.
        return fill(rows_pb2.Parcel(), parcel)


class FunctionService(functions_pb2_grpc.FunctionServiceServicer):
    def __init__(self, session):
        self.session = session

    async def FindItem(self, request, context):
        async with self.session() as session:
            found = (await session.scalars(FIND, {"key": request.key})).one()
        return fill(rows_pb2.Item(), found)


async def serve(options):
    engine = create_async_engine("postgresql+asyncpg://postgres@/" + options.dbname,
                                 connect_args={"host": options.host}, pool_recycle=1500,
                                 pool_size=options.connections, max_overflow=0)
    session = async_sessionmaker(engine, expire_on_commit=False)
    # gRPC refuses calls beyond 1,000 that wait to be accepted; this service is to be measured with more.
    server = grpc.aio.server(options=[("grpc.server.max_pending_requests", 10_000),
                                      ("grpc.server.max_pending_requests_hard_limit", 20_000)])
    item_pb2_grpc.add_ItemServiceServicer_to_server(ItemService(session), server)
    parcel_pb2_grpc.add_ParcelServiceServicer_to_server(ParcelService(session), server)
    order_pb2_grpc.add_OrderServiceServicer_to_server(OrderService(session), server)
    functions_pb2_grpc.add_FunctionServiceServicer_to_server(FunctionService(session), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"port {port}", flush=True)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
    await server.stop(0)
    await engine.dispose()


def main():
    parser = argparse.ArgumentParser(description="Serves the bench's tables. Prints its port.")
    parser.add_argument("--host", required=True, help="folder of PostgreSQL's socket")
    parser.add_argument("--dbname", required=True)
    parser.add_argument("--connections", type=int, default=12, help="the pool's size")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
