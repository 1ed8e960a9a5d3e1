"""The origin's orders: SQLAlchemy's relationships, read by selectinload and written by adding the order."""

import datetime
import decimal

import grpc
from sqlalchemy import BigInteger, DateTime, ForeignKey, Numeric, Text, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload
from sqlalchemy.sql import func

from bench.v1 import order_pb2, order_pb2_grpc, rows_pb2
from rows import Base


class Customer(Base):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    full_name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime.datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Product(Base):
    __tablename__ = "product"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    sku: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    price: Mapped[decimal.Decimal] = mapped_column(Numeric(10, 2))
    stock: Mapped[int]


class OrderItem(Base):
    __tablename__ = "order_item"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    quantity: Mapped[int]
    unit_price: Mapped[decimal.Decimal] = mapped_column(Numeric(10, 2))
    product: Mapped[Product] = relationship()


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    status: Mapped[str] = mapped_column(Text)
    placed_at: Mapped[datetime.datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    customer: Mapped[Customer] = relationship()
    order_items: Mapped[list[OrderItem]] = relationship(order_by=OrderItem.id)


WITH_RELATED = (selectinload(Order.customer), selectinload(Order.order_items).selectinload(OrderItem.product))


def fill_order(message, order):
    message.id = order.id
    message.customer_id = order.customer_id
    message.status = order.status
    message.placed_at.FromDatetime(order.placed_at)
    return message


def fill_item(message, item):
    message.id = item.id
    message.order_id = item.order_id
    message.product_id = item.product_id
    message.quantity = item.quantity
    message.unit_price = str(item.unit_price)
    return message


def fill_with_related(message, order):
    fill_order(message, order)
    customer = order.customer
    message.customer.id = customer.id
    message.customer.full_name = customer.full_name
    message.customer.email = customer.email
    message.customer.country = customer.country
    message.customer.created_at.FromDatetime(customer.created_at)
    for item in order.order_items:
        product = fill_item(message.order_items.add(), item).product
        product.id = item.product.id
        product.sku = item.product.sku
        product.name = item.product.name
        product.price = str(item.product.price)
        product.stock = item.product.stock
    return message


class OrderService(order_pb2_grpc.OrderServiceServicer):
    def __init__(self, session):
        self.session = session

    async def GetOrder(self, request, context):
        query = select(Order).where(Order.id == request.id).options(*WITH_RELATED)
        async with self.session() as session:
            order = (await session.scalars(query)).first()
        if order is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "record does not exist")
        return fill_with_related(rows_pb2.Order(), order)

    async def ListOrders(self, request, context):
        if not request.filter.startswith("id > "):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "filter must be of the form id > N")
        after = int(request.filter.removeprefix("id > "))
        size = request.page_size or 50
        query = select(Order).where(Order.id > after).order_by(Order.id).limit(size + 1).options(*WITH_RELATED)
        async with self.session() as session:
            found = (await session.scalars(query)).all()
        answer = order_pb2.ListOrdersResponse()
        for order in found[:size]:
            fill_with_related(answer.orders.add(), order)
        if len(found) > size:
            answer.next_page_token = str(found[size - 1].id)
        return answer

    async def CreateOrder(self, request, context):
        given = request.order
        items = [OrderItem(product_id=item.product_id, quantity=item.quantity,
                           unit_price=decimal.Decimal(item.unit_price)) for item in given.order_items]
        order = Order(customer_id=given.customer_id, status=given.status, order_items=items)
        async with self.session.begin() as session:
            session.add(order)
            await session.flush()
        message = fill_order(rows_pb2.Order(), order)
        for item in order.order_items:
            fill_item(message.order_items.add(), item)
        return message
