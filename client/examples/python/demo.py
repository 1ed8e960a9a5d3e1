"""What one does with a database, through a client that is generated from its contract: the rows of the README's table."""

import asyncio
import os
import time

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from protogres.v1 import transaction_pb2 as transaction
from protogres.v1 import transaction_pb2_grpc
from shop.v1 import customer_pb2 as customer
from shop.v1 import (customer_pb2_grpc, order_item_pb2, order_pb2, order_pb2_grpc, product_pb2, product_pb2_grpc, rows_pb2,
                     types_pb2)


def connect(address, ca_file=None, token=None):
    """A channel. A token is worth as much as a password, so that gRPC sends one over TLS only."""
    if not ca_file:
        return grpc.aio.insecure_channel(address)
    with open(ca_file, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    if token:
        credentials = grpc.composite_channel_credentials(credentials, grpc.access_token_call_credentials(token))
    return grpc.aio.secure_channel(address, credentials)


def detail(error, kind):
    """The detail of an error that is of this kind, or None."""
    status = rpc_status.from_call(error)
    for packed in status.details if status else ():
        if packed.Is(kind.DESCRIPTOR):
            message = kind()
            packed.Unpack(message)
            return message
    return None


def reason(error):
    """Why a call failed, for programs: docs/errors.md lists the reasons."""
    info = detail(error, error_details_pb2.ErrorInfo)
    return info.reason if info else "no reason"


def yes(value):
    return str(value).lower()


class Shop:
    def __init__(self, channel):
        self.customers = customer_pb2_grpc.CustomerServiceStub(channel)
        self.orders = order_pb2_grpc.OrderServiceStub(channel)
        self.products = product_pb2_grpc.ProductServiceStub(channel)
        self.transactions = transaction_pb2_grpc.TransactionServiceStub(channel)

    async def read(self):
        found = await self.customers.GetCustomer(customer.GetCustomerRequest(id=7), timeout=30)
        print(f"get: {found.email} of {found.address.city}")

        both = await self.customers.BatchGetCustomers(customer.BatchGetCustomersRequest(
            requests=[customer.GetCustomerRequest(id=id) for id in (8, 7)]))
        print(f"get many: {', '.join(row.email for row in both.customers)}")

        first = await self.customers.ListCustomers(customer.ListCustomersRequest(
            filter='newsletter = true AND preferences.color = "red" AND tags:"vip"', order_by="created_at", page_size=1,
            count_total=True))
        print(f"first: {first.customers[0].email} of {first.total_size}")

    async def pages(self):
        request = customer.ListCustomersRequest(filter='address.country = "AT"', order_by="full_name", page_size=50)
        rows = pages = 0
        while True:
            page = await self.customers.ListCustomers(request)
            rows, pages = rows + len(page.customers), pages + 1
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        print(f"list: {rows} rows on {pages} pages")

    async def stream(self):
        request = product_pb2.StreamProductsRequest(filter="price < 100", read_mask=FieldMask(paths=["sku", "price"]))
        count = 0
        async for chunk in self.products.StreamProducts(request):
            count += len(chunk.products)
        print(f"stream: {count} rows")

    async def create(self):
        created = await self.customers.CreateCustomer(customer.CreateCustomerRequest(customer=rows_pb2.Customer(
            email=f"ada-{time.time_ns()}@example.org", full_name="Ada Example", tags=["press"],
            address=types_pb2.Address(city="Wien", country="AT"))))
        print(f"create: an id {yes(created.id > 0)}, credit limit {created.credit_limit} by default")
        return created

    async def create_many(self):
        both = await self.products.BatchCreateProducts(product_pb2.BatchCreateProductsRequest(requests=[
            product_pb2.CreateProductRequest(product=rows_pb2.Product(sku=sku, name="A thing", price="9.90"))
            for sku in ("TWO-0001", "TWO-0002")]))
        print(f"create many: {', '.join(f'{row.sku} costs {row.gross}' for row in both.products)}")
        return both.products

    async def import_many(self):
        async def messages():
            for begin in range(0, 1000, 250):
                yield product_pb2.ImportProductsRequest(products=[
                    rows_pb2.Product(sku=f"IMP-{n:04}", name=f"Import {n}", price="1.00") for n in range(begin, begin + 250)])

        done = await self.products.ImportProducts(messages())
        print(f"import: {done.affected} rows")

    async def update(self, row):
        updated = await self.customers.UpdateCustomer(customer.UpdateCustomerRequest(
            customer=rows_pb2.Customer(id=row.id, full_name="Ada Changed", etag=row.etag),
            update_mask=FieldMask(paths=["full_name", "address"])))
        print(f"update: {updated.full_name}, has an address {yes(updated.HasField('address'))}")
        try:  # The row has changed since its etag was read.
            await self.customers.UpdateCustomer(customer.UpdateCustomerRequest(
                customer=rows_pb2.Customer(id=row.id, full_name="Ada Again", etag=row.etag)))
        except grpc.aio.AioRpcError as error:
            print(f"update of what has changed: {error.code().name} {reason(error)}")
        try:
            await self.customers.UpdateCustomer(customer.UpdateCustomerRequest(customer=rows_pb2.Customer(id=-1, full_name="Nobody")))
        except grpc.aio.AioRpcError as error:
            print(f"update of nobody: {error.code().name} {reason(error)}")

    async def update_where(self, row):
        done = await self.customers.UpdateCustomersWhere(customer.UpdateCustomersWhereRequest(
            filter=f'id = {row.id} AND email = "ada-*"', customer=rows_pb2.Customer(newsletter=True), max_affected=1))
        print(f"update where: {done.affected} row")

    async def soft_delete(self, row):
        deleted = await self.customers.DeleteCustomer(customer.DeleteCustomerRequest(id=row.id))
        print(f"soft delete: deleted_at is there {yes(deleted.HasField('deleted_at'))}")
        restored = await self.customers.UndeleteCustomer(customer.UndeleteCustomerRequest(id=row.id))
        print(f"undelete: deleted_at is there {yes(restored.HasField('deleted_at'))}")

    async def delete(self, products):
        for row in products:
            await self.products.DeleteProduct(product_pb2.DeleteProductRequest(id=row.id))
        try:
            await self.products.DeleteProduct(product_pb2.DeleteProductRequest(id=products[0].id))
        except grpc.aio.AioRpcError as error:
            print(f"delete twice: {error.code().name} {reason(error)}")
        done = await self.products.DeleteProductsWhere(product_pb2.DeleteProductsWhereRequest(filter='sku = "IMP-*"'))
        print(f"delete where: {done.affected} rows")

    async def transact(self):
        order, line = Any(), Any()
        order.Pack(order_pb2.CreateOrderRequest(order=rows_pb2.Order(customer_id=7)))
        line.Pack(order_item_pb2.CreateOrderItemRequest(order_item=rows_pb2.OrderItem(
            line_no=1, product_id=12, quantity=2, unit_price="9.50")))
        done = await self.transactions.Transact(transaction.TransactRequest(operations=[
            transaction.Operation(request=order),
            transaction.Operation(request=line, bindings=[
                transaction.Binding(field="order_item.order_id", operation=0, **{"from": "id"})]),
        ], max_attempts=5))
        stored, stored_line = rows_pb2.Order(), rows_pb2.OrderItem()
        done.responses[0].Unpack(stored)
        done.responses[1].Unpack(stored_line)
        print(f"transact: the line is of the order {yes(stored_line.order_id == stored.id)}, amount {stored_line.amount}")
        return stored

    async def session(self, order):
        """An open transaction. It is rolled back unless the commit was answered."""
        stream = self.transactions.Session()

        async def ask(**request):
            await stream.write(transaction.SessionRequest(**request))
            return await stream.read()

        async def operation(request):
            packed = Any()
            packed.Pack(request)
            return await ask(operation=transaction.Operation(request=packed))

        await ask(begin=transaction.TransactionOptions(isolation=transaction.ISOLATION_READ_COMMITTED))
        await operation(order_pb2.GetOrderRequest(id=order.id, lock="FOR UPDATE SKIP LOCKED"))
        await self.deadline(order)
        await ask(savepoint="before")
        answer = await operation(order_item_pb2.DeleteOrderItemRequest(order_id=order.id, line_no=9))
        print(f"session: an operation that fails: {grpc_code(answer.error.code)}, aborted {yes(answer.error.aborted)}")
        await ask(rollback_to="before")
        answer = await operation(order_pb2.UpdateOrderRequest(order=rows_pb2.Order(
            id=order.id, status=types_pb2.ORDER_STATUS_PAID)))
        updated = rows_pb2.Order()
        answer.response.Unpack(updated)
        committed = await ask(commit=Empty())
        await stream.done_writing()
        print(f"session: {types_pb2.OrderStatus.Name(updated.status)}, committed {yes(committed.HasField('done'))}")

    async def deadline(self, order):
        """The row is locked, so that another one's update of it waits until its deadline."""
        try:
            await self.orders.UpdateOrder(order_pb2.UpdateOrderRequest(order=rows_pb2.Order(id=order.id, note="Too late")),
                                          timeout=0.3)
        except grpc.aio.AioRpcError as error:
            print(f"deadline: {error.code().name}")

    async def errors(self):
        try:
            await self.customers.CreateCustomer(customer.CreateCustomerRequest(
                customer=rows_pb2.Customer(email="customer7@example.com", full_name="Ada Again")))
        except grpc.aio.AioRpcError as error:
            info = detail(error, error_details_pb2.ErrorInfo)
            print(f"error: {error.code().name} {info.reason} {info.metadata['constraint']}")
        try:
            await self.products.CreateProduct(product_pb2.CreateProductRequest(
                product=rows_pb2.Product(sku="CUP-9999", name="A cup", price="five")))
        except grpc.aio.AioRpcError as error:
            bad = detail(error, error_details_pb2.BadRequest)
            print(f"error: {error.code().name} {bad.field_violations[0].field}")


def grpc_code(number):
    return next(code.name for code in grpc.StatusCode if code.value[0] == number)


async def without_token(address, ca_file):
    async with connect(address, ca_file) as channel:
        try:
            await customer_pb2_grpc.CustomerServiceStub(channel).GetCustomer(customer.GetCustomerRequest(id=7))
            print("without a token: answered")
        except grpc.aio.AioRpcError as error:
            print(f"without a token: {error.code().name} {reason(error)}")


async def main():
    address, ca_file = os.environ.get("ADDRESS", "127.0.0.1:50051"), os.environ.get("CA_FILE")
    async with connect(address, ca_file, os.environ.get("TOKEN")) as channel:
        shop = Shop(channel)
        await shop.read()
        await shop.pages()
        await shop.stream()
        created = await shop.create()
        products = await shop.create_many()
        await shop.import_many()
        await shop.update(created)
        await shop.update_where(created)
        await shop.soft_delete(created)
        await shop.delete(products)
        await shop.session(await shop.transact())
        await shop.errors()
    await without_token(address, ca_file)


if __name__ == "__main__":
    asyncio.run(main())
