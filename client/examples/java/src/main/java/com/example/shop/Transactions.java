package com.example.shop;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import com.google.protobuf.Message;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.util.concurrent.TimeUnit;
import protogres.v1.Binding;
import protogres.v1.Isolation;
import protogres.v1.Operation;
import protogres.v1.SessionRequest;
import protogres.v1.SessionResponse;
import protogres.v1.TransactRequest;
import protogres.v1.TransactionOptions;
import protogres.v1.TransactionServiceGrpc;
import shop.v1.CreateOrderItemRequest;
import shop.v1.CreateOrderRequest;
import shop.v1.DeleteOrderItemRequest;
import shop.v1.GetOrderRequest;
import shop.v1.Order;
import shop.v1.OrderItem;
import shop.v1.OrderServiceGrpc;
import shop.v1.OrderStatus;
import shop.v1.UpdateOrderRequest;

/** Several requests in one transaction: in one call, and as an open stream. */
final class Transactions {
  private final TransactionServiceGrpc.TransactionServiceBlockingV2Stub transactions;
  private final OrderServiceGrpc.OrderServiceBlockingV2Stub orders;

  Transactions(Channel channel) {
    transactions = TransactionServiceGrpc.newBlockingV2Stub(channel);
    orders = OrderServiceGrpc.newBlockingV2Stub(channel);
  }

  private static Operation.Builder operation(Message request) {
    return Operation.newBuilder().setRequest(Any.pack(request));
  }

  Order transact() throws Exception {
    var order = CreateOrderRequest.newBuilder().setOrder(Order.newBuilder().setCustomerId(7)).build();
    var line = CreateOrderItemRequest.newBuilder()
        .setOrderItem(OrderItem.newBuilder().setLineNo(1).setProductId(12).setQuantity(2).setUnitPrice("9.50"))
        .build();
    var done = transactions.transact(TransactRequest.newBuilder()
        .addOperations(operation(order))
        .addOperations(operation(line)
            .addBindings(Binding.newBuilder().setField("order_item.order_id").setOperation(0).setFrom("id")))
        .setMaxAttempts(5)
        .build());
    Order stored = done.getResponses(0).unpack(Order.class);
    OrderItem storedLine = done.getResponses(1).unpack(OrderItem.class);
    System.out.println("transact: the line is of the order " + (storedLine.getOrderId() == stored.getId()) + ", amount "
        + storedLine.getAmount());
    return stored;
  }

  /** An open transaction: a stream of requests, each of which has one answer. */
  private static final class Session implements AutoCloseable {
    private final BlockingClientCall<SessionRequest, SessionResponse> call;

    Session(BlockingClientCall<SessionRequest, SessionResponse> call) {
      this.call = call;
    }

    SessionResponse ask(SessionRequest.Builder request) throws Exception {
      call.write(request.build());
      return call.read();
    }

    SessionResponse run(Message request) throws Exception {
      return ask(SessionRequest.newBuilder().setOperation(operation(request)));
    }

    /** The server rolls back what was not committed. */
    @Override
    public void close() {
      call.halfClose();
    }
  }

  void session(Order order) throws Exception {
    try (Session session = new Session(transactions.session())) {
      session.ask(SessionRequest.newBuilder()
          .setBegin(TransactionOptions.newBuilder().setIsolation(Isolation.ISOLATION_READ_COMMITTED)));
      session.run(GetOrderRequest.newBuilder().setId(order.getId()).setLock("FOR UPDATE SKIP LOCKED").build());
      deadline(order);
      session.ask(SessionRequest.newBuilder().setSavepoint("before"));
      var failed = session.run(DeleteOrderItemRequest.newBuilder().setOrderId(order.getId()).setLineNo(9).build()).getError();
      System.out.println("session: an operation that fails: " + Status.fromCodeValue(failed.getCode()).getCode()
          + ", aborted " + failed.getAborted());
      session.ask(SessionRequest.newBuilder().setRollbackTo("before"));
      var answer = session.run(UpdateOrderRequest.newBuilder()
          .setOrder(Order.newBuilder().setId(order.getId()).setStatus(OrderStatus.ORDER_STATUS_PAID))
          .build());
      Order updated = answer.getResponse().unpack(Order.class);
      var committed = session.ask(SessionRequest.newBuilder().setCommit(Empty.getDefaultInstance()));
      System.out.println("session: " + updated.getStatus() + ", committed " + committed.hasDone());
    }
  }

  /** The row is locked, so that another one's update of it waits until its deadline. */
  private void deadline(Order order) {
    try {
      orders.withDeadlineAfter(300, TimeUnit.MILLISECONDS).updateOrder(UpdateOrderRequest.newBuilder()
          .setOrder(Order.newBuilder().setId(order.getId()).setNote("Too late"))
          .build());
    } catch (StatusException error) {
      System.out.println("deadline: " + error.getStatus().getCode());
    }
  }
}
