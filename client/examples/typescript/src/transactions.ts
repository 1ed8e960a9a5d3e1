// Several requests in one transaction: in one call, and as an open stream.

import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { type Any, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { createClient, type Transport } from "@connectrpc/connect";

import {
  Isolation,
  type SessionRequestSchema,
  type SessionResponse,
  TransactionService,
} from "../generated/protogres/v1/transaction_pb.js";
import { CreateOrderItemRequestSchema, DeleteOrderItemRequestSchema } from "../generated/shop/v1/order_item_pb.js";
import {
  CreateOrderRequestSchema,
  GetOrderRequestSchema,
  OrderService,
  UpdateOrderRequestSchema,
} from "../generated/shop/v1/order_pb.js";
import { type Order, OrderItemSchema, OrderSchema } from "../generated/shop/v1/rows_pb.js";
import { OrderStatus, OrderStatusSchema } from "../generated/shop/v1/types_pb.js";
import { codeName, failure } from "./connect.js";

function pack<Desc extends DescMessage>(schema: Desc, fields: MessageInitShape<Desc>): Any {
  return anyPack(schema, create(schema, fields));
}

export async function transact(transport: Transport): Promise<Order> {
  const line = { lineNo: 1, productId: 12n, quantity: 2, unitPrice: "9.50" };
  const done = await createClient(TransactionService, transport).transact({
    operations: [
      { request: pack(CreateOrderRequestSchema, { order: { customerId: 7n } }) },
      {
        request: pack(CreateOrderItemRequestSchema, { orderItem: line }),
        bindings: [{ field: "order_item.order_id", operation: 0, from: "id" }],
      },
    ],
    maxAttempts: 5,
  });
  const stored = anyUnpack(done.responses[0], OrderSchema)!;
  const storedLine = anyUnpack(done.responses[1], OrderItemSchema)!;
  console.log(`transact: the line is of the order ${storedLine.orderId === stored.id}, amount ${storedLine.amount}`);
  return stored;
}

type Request = NonNullable<MessageInitShape<typeof SessionRequestSchema>["request"]>;

// An open transaction: a stream of requests, each of which has one answer.
class Session {
  private readonly waiting: ((request: Request | undefined) => void)[] = [];
  private readonly requests: (Request | undefined)[] = [];
  private readonly answers: AsyncIterator<SessionResponse>;

  constructor(transport: Transport) {
    const stream = createClient(TransactionService, transport).session(this.messages());
    this.answers = stream[Symbol.asyncIterator]();
  }

  private async *messages(): AsyncGenerator<MessageInitShape<typeof SessionRequestSchema>> {
    for (;;) {
      const request = this.requests.length
        ? this.requests.shift()
        : await new Promise<Request | undefined>((resolve) => this.waiting.push(resolve));
      if (!request) {
        return;
      }
      yield { request };
    }
  }

  private send(request: Request | undefined) {
    const next = this.waiting.shift();
    next ? next(request) : this.requests.push(request);
  }

  async ask(request: Request): Promise<SessionResponse["result"]> {
    this.send(request);
    const answer = await this.answers.next();
    return answer.value.result;
  }

  run<Desc extends DescMessage>(schema: Desc, fields: MessageInitShape<Desc>) {
    return this.ask({ case: "operation", value: { request: pack(schema, fields) } });
  }

  // The server rolls back what was not committed.
  close() {
    this.send(undefined);
  }
}

export async function session(transport: Transport, order: Order) {
  const open = new Session(transport);
  await open.ask({ case: "begin", value: { isolation: Isolation.READ_COMMITTED } });
  await open.run(GetOrderRequestSchema, { id: order.id, lock: "FOR UPDATE SKIP LOCKED" });
  await deadline(transport, order);
  await open.ask({ case: "savepoint", value: "before" });
  const failed = await open.run(DeleteOrderItemRequestSchema, { orderId: order.id, lineNo: 9 });
  if (failed.case === "error") {
    console.log(`session: an operation that fails: ${codeName(failed.value.code)}, aborted ${failed.value.aborted}`);
  }
  await open.ask({ case: "rollbackTo", value: "before" });
  const answer = await open.run(UpdateOrderRequestSchema, { order: { id: order.id, status: OrderStatus.PAID } });
  const updated = answer.case === "response" ? anyUnpack(answer.value, OrderSchema) : undefined;
  const committed = await open.ask({ case: "commit", value: {} });
  open.close();
  const status = OrderStatusSchema.value[updated?.status ?? 0].name;
  console.log(`session: ${status}, committed ${committed.case === "done"}`);
}

// The row is locked, so that another one's update of it waits until its deadline.
async function deadline(transport: Transport, order: Order) {
  const orders = createClient(OrderService, transport);
  const late = await failure(orders.updateOrder({ order: { id: order.id, note: "Too late" } }, { timeoutMs: 300 }));
  console.log(`deadline: ${codeName(late.code)}`);
}
