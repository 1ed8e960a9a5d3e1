package com.example.shop;

import static com.example.shop.Connection.connect;
import static com.example.shop.Connection.detail;
import static com.example.shop.Connection.reason;

import com.google.protobuf.FieldMask;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import shop.v1.Address;
import shop.v1.BatchCreateProductsRequest;
import shop.v1.BatchGetCustomersRequest;
import shop.v1.CreateCustomerRequest;
import shop.v1.CreateProductRequest;
import shop.v1.Customer;
import shop.v1.CustomerServiceGrpc;
import shop.v1.DeleteCustomerRequest;
import shop.v1.DeleteProductRequest;
import shop.v1.DeleteProductsWhereRequest;
import shop.v1.GetCustomerRequest;
import shop.v1.ImportProductsRequest;
import shop.v1.ImportProductsResponse;
import shop.v1.ListCustomersRequest;
import shop.v1.Product;
import shop.v1.ProductServiceGrpc;
import shop.v1.StreamProductsRequest;
import shop.v1.StreamProductsResponse;
import shop.v1.UndeleteCustomerRequest;
import shop.v1.UpdateCustomerRequest;
import shop.v1.UpdateCustomersWhereRequest;

/** What one does with a database, through a client that is generated from its contract: the rows of the README's table. */
final class Demo {
  private final CustomerServiceGrpc.CustomerServiceBlockingV2Stub customers;
  private final ProductServiceGrpc.ProductServiceBlockingV2Stub products;

  private Demo(Channel channel) {
    customers = CustomerServiceGrpc.newBlockingV2Stub(channel);
    products = ProductServiceGrpc.newBlockingV2Stub(channel);
  }

  private void read() throws StatusException {
    Customer found = customers
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .getCustomer(GetCustomerRequest.newBuilder().setId(7).build());
    System.out.println("get: " + found.getEmail() + " of " + found.getAddress().getCity());

    var both = customers.batchGetCustomers(BatchGetCustomersRequest.newBuilder()
        .addRequests(GetCustomerRequest.newBuilder().setId(8))
        .addRequests(GetCustomerRequest.newBuilder().setId(7))
        .build());
    System.out.println("get many: "
        + both.getCustomersList().stream().map(Customer::getEmail).collect(Collectors.joining(", ")));

    var first = customers.listCustomers(ListCustomersRequest.newBuilder()
        .setFilter("newsletter = true AND preferences.color = \"red\" AND tags:\"vip\"")
        .setOrderBy("created_at")
        .setPageSize(1)
        .setCountTotal(true)
        .build());
    System.out.println("first: " + first.getCustomers(0).getEmail() + " of " + first.getTotalSize());
  }

  private void pages() throws StatusException {
    var request = ListCustomersRequest.newBuilder()
        .setFilter("address.country = \"AT\"")
        .setOrderBy("full_name")
        .setPageSize(50);
    int rows = 0;
    int pages = 0;
    do {
      var page = customers.listCustomers(request.build());
      rows += page.getCustomersCount();
      pages++;
      request.setPageToken(page.getNextPageToken());
    } while (!request.getPageToken().isEmpty());
    System.out.println("list: " + rows + " rows on " + pages + " pages");
  }

  private void stream() throws StatusException, InterruptedException {
    BlockingClientCall<?, StreamProductsResponse> chunks = products.streamProducts(StreamProductsRequest.newBuilder()
        .setFilter("price < 100")
        .setReadMask(FieldMask.newBuilder().addPaths("sku").addPaths("price"))
        .build());
    int count = 0;
    for (var chunk = chunks.read(); chunk != null; chunk = chunks.read()) {
      count += chunk.getProductsCount();
    }
    System.out.println("stream: " + count + " rows");
  }

  private Customer create() throws StatusException {
    Customer created = customers.createCustomer(CreateCustomerRequest.newBuilder()
        .setCustomer(Customer.newBuilder()
            .setEmail("ada-" + System.nanoTime() + "@example.org")
            .setFullName("Ada Example")
            .addTags("press")
            .setAddress(Address.newBuilder().setCity("Wien").setCountry("AT")))
        .build());
    System.out.println("create: an id " + (created.getId() > 0) + ", credit limit " + created.getCreditLimit() + " by default");
    return created;
  }

  private List<Product> createMany() throws StatusException {
    var request = BatchCreateProductsRequest.newBuilder();
    for (String sku : List.of("TWO-0001", "TWO-0002")) {
      request.addRequests(CreateProductRequest.newBuilder()
          .setProduct(Product.newBuilder().setSku(sku).setName("A thing").setPrice("9.90")));
    }
    List<Product> both = products.batchCreateProducts(request.build()).getProductsList();
    System.out.println("create many: "
        + both.stream().map(row -> row.getSku() + " costs " + row.getGross()).collect(Collectors.joining(", ")));
    return both;
  }

  private void importMany() throws StatusException, InterruptedException, java.util.concurrent.TimeoutException {
    BlockingClientCall<ImportProductsRequest, ImportProductsResponse> call = products.importProducts();
    for (int begin = 0; begin < 1000; begin += 250) {
      call.write(ImportProductsRequest.newBuilder()
          .addAllProducts(IntStream.range(begin, begin + 250)
              .mapToObj(n -> Product.newBuilder().setSku("IMP-%04d".formatted(n)).setName("Import " + n).setPrice("1.00").build())
              .toList())
          .build());
    }
    call.halfClose();
    System.out.println("import: " + call.read().getAffected() + " rows");
  }

  private void update(Customer row) throws StatusException {
    Customer updated = customers.updateCustomer(UpdateCustomerRequest.newBuilder()
        .setCustomer(Customer.newBuilder().setId(row.getId()).setFullName("Ada Changed").setEtag(row.getEtag()))
        .setUpdateMask(FieldMask.newBuilder().addPaths("full_name").addPaths("address"))
        .build());
    System.out.println("update: " + updated.getFullName() + ", has an address " + updated.hasAddress());
    try { // The row has changed since its etag was read.
      customers.updateCustomer(UpdateCustomerRequest.newBuilder()
          .setCustomer(Customer.newBuilder().setId(row.getId()).setFullName("Ada Again").setEtag(row.getEtag()))
          .build());
    } catch (StatusException error) {
      System.out.println("update of what has changed: " + error.getStatus().getCode() + " " + reason(error));
    }
    try {
      customers.updateCustomer(UpdateCustomerRequest.newBuilder()
          .setCustomer(Customer.newBuilder().setId(-1).setFullName("Nobody"))
          .build());
    } catch (StatusException error) {
      System.out.println("update of nobody: " + error.getStatus().getCode() + " " + reason(error));
    }
  }

  private void updateWhere(Customer row) throws StatusException {
    var done = customers.updateCustomersWhere(UpdateCustomersWhereRequest.newBuilder()
        .setFilter("id = " + row.getId() + " AND email = \"ada-*\"")
        .setCustomer(Customer.newBuilder().setNewsletter(true))
        .setMaxAffected(1)
        .build());
    System.out.println("update where: " + done.getAffected() + " row");
  }

  private void softDelete(Customer row) throws StatusException {
    Customer deleted = customers.deleteCustomer(DeleteCustomerRequest.newBuilder().setId(row.getId()).build());
    System.out.println("soft delete: deleted_at is there " + deleted.hasDeletedAt());
    Customer restored = customers.undeleteCustomer(UndeleteCustomerRequest.newBuilder().setId(row.getId()).build());
    System.out.println("undelete: deleted_at is there " + restored.hasDeletedAt());
  }

  private void delete(List<Product> rows) throws StatusException {
    for (Product row : rows) {
      products.deleteProduct(DeleteProductRequest.newBuilder().setId(row.getId()).build());
    }
    try {
      products.deleteProduct(DeleteProductRequest.newBuilder().setId(rows.get(0).getId()).build());
    } catch (StatusException error) {
      System.out.println("delete twice: " + error.getStatus().getCode() + " " + reason(error));
    }
    var done = products.deleteProductsWhere(DeleteProductsWhereRequest.newBuilder().setFilter("sku = \"IMP-*\"").build());
    System.out.println("delete where: " + done.getAffected() + " rows");
  }

  private void errors() {
    try {
      customers.createCustomer(CreateCustomerRequest.newBuilder()
          .setCustomer(Customer.newBuilder().setEmail("customer7@example.com").setFullName("Ada Again"))
          .build());
    } catch (StatusException error) {
      ErrorInfo info = detail(error, ErrorInfo.class).orElseThrow();
      System.out.println("error: " + error.getStatus().getCode() + " " + info.getReason() + " "
          + info.getMetadataOrThrow("constraint"));
    }
    try {
      products.createProduct(CreateProductRequest.newBuilder()
          .setProduct(Product.newBuilder().setSku("CUP-9999").setName("A cup").setPrice("five"))
          .build());
    } catch (StatusException error) {
      BadRequest bad = detail(error, BadRequest.class).orElseThrow();
      System.out.println("error: " + error.getStatus().getCode() + " " + bad.getFieldViolations(0).getField());
    }
  }

  private static void withoutToken(String address, String caFile) throws java.io.IOException {
    ManagedChannel channel = connect(address, caFile, null);
    try {
      new Demo(channel).customers.getCustomer(GetCustomerRequest.newBuilder().setId(7).build());
      System.out.println("without a token: answered");
    } catch (StatusException error) {
      System.out.println("without a token: " + error.getStatus().getCode() + " " + reason(error));
    } finally {
      channel.shutdownNow();
    }
  }

  public static void main(String[] arguments) throws Exception {
    String address = System.getenv().getOrDefault("ADDRESS", "127.0.0.1:50051");
    String caFile = System.getenv("CA_FILE");
    ManagedChannel channel = connect(address, caFile, System.getenv("TOKEN"));
    try {
      Demo demo = new Demo(channel);
      demo.read();
      demo.pages();
      demo.stream();
      Customer created = demo.create();
      List<Product> products = demo.createMany();
      demo.importMany();
      demo.update(created);
      demo.updateWhere(created);
      demo.softDelete(created);
      demo.delete(products);
      Transactions transactions = new Transactions(channel);
      transactions.session(transactions.transact());
      demo.errors();
    } finally {
      channel.shutdownNow();
    }
    withoutToken(address, caFile);
  }
}
