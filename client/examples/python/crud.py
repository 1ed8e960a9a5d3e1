"""A query, an insert, updates and deletes by key and by condition, and a soft delete, through a generated client."""

import sys
import uuid

import grpc
from google.protobuf.field_mask_pb2 import FieldMask

from shop.v1 import customer_pb2 as pb
from shop.v1 import customer_pb2_grpc, product_pb2, product_pb2_grpc


def main(address):
    with grpc.insecure_channel(address) as channel:
        customers = customer_pb2_grpc.CustomerServiceStub(channel)

        # Query: select(Customer).where(...).order_by(...).limit(3)
        page = customers.ListCustomers(pb.ListCustomersRequest(
            filter='newsletter = true AND preferences.color = "red" AND tags:"vip"',
            order_by="created_at desc", page_size=3, count_total=True))
        print(f"query: {page.total_size} meet the filter, the latest is {page.customers[0].full_name}")

        # Insert: session.add(...), flush, the generated key comes back.
        created = customers.CreateCustomer(pb.CreateCustomerRequest(customer=pb.Customer(
            email=f"ada-{uuid.uuid4()}@example.org", full_name="Ada Example", tags=["press"])))
        print(f"insert: id {created.id}, credit limit {created.credit_limit} by default")

        # Update, way 1: one row by its key, "does not exist" if it is not there.
        updated = customers.UpdateCustomer(pb.UpdateCustomerRequest(
            customer=pb.Customer(id=created.id, full_name="Ada Changed", etag=created.etag),
            update_mask=FieldMask(paths=["full_name"])))
        print(f"update: {updated.full_name}")
        try:
            customers.UpdateCustomer(pb.UpdateCustomerRequest(customer=pb.Customer(id=-1, full_name="nobody")))
        except grpc.RpcError as error:
            print(f"update of what is not there: {error.code().name}: {error.details()}")

        # Update, way 2: by a condition.
        where = f'email = "ada-*" AND id = {created.id}'
        done = customers.UpdateCustomersWhere(pb.UpdateCustomersWhereRequest(
            filter=where, customer=pb.Customer(newsletter=True), max_affected=1))
        print(f"update where: {done.affected} row")

        # Soft delete: the row stays, and is hidden.
        deleted = customers.DeleteCustomer(pb.DeleteCustomerRequest(id=created.id))
        print(f"soft delete: deleted_at is set: {deleted.HasField('deleted_at')}")
        customers.UndeleteCustomer(pb.UndeleteCustomerRequest(id=created.id))

        # Delete, way 2: by a condition; a soft one as well.
        done = customers.DeleteCustomersWhere(pb.DeleteCustomersWhereRequest(filter=where, max_affected=1))
        print(f"delete where: {done.affected} row")

        # Delete, way 1: by key, NOT_FOUND if it is not there. Products are deleted for good.
        products = product_pb2_grpc.ProductServiceStub(channel)
        product = products.CreateProduct(product_pb2.CreateProductRequest(
            product=product_pb2.Product(sku="NEW-0001", name="New Thing", price="9.90")))
        products.DeleteProduct(product_pb2.DeleteProductRequest(id=product.id))
        try:
            products.DeleteProduct(product_pb2.DeleteProductRequest(id=product.id))
        except grpc.RpcError as error:
            print(f"delete twice: {error.code().name}: {error.details()}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051")
