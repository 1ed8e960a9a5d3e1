// What one does with a database, through a client that is generated from its contract: the rows of the README's table.

import { type Client, createClient, type Transport } from "@connectrpc/connect";

import { BadRequestSchema, ErrorInfoSchema } from "../generated/google/rpc/error_details_pb.js";
import { CustomerService } from "../generated/shop/v1/customer_pb.js";
import { OrderService } from "../generated/shop/v1/order_pb.js";
import { ProductService } from "../generated/shop/v1/product_pb.js";
import type { Customer, Product } from "../generated/shop/v1/rows_pb.js";
import { codeName, connect, failure, reason } from "./connect.js";
import { session, transact } from "./transactions.js";

class Shop {
  readonly customers: Client<typeof CustomerService>;
  readonly orders: Client<typeof OrderService>;
  readonly products: Client<typeof ProductService>;

  constructor(transport: Transport) {
    this.customers = createClient(CustomerService, transport);
    this.orders = createClient(OrderService, transport);
    this.products = createClient(ProductService, transport);
  }

  async read() {
    const found = await this.customers.getCustomer({ id: 7n }, { timeoutMs: 30_000 });
    console.log(`get: ${found.email} of ${found.address?.city}`);

    const both = await this.customers.batchGetCustomers({ requests: [{ id: 8n }, { id: 7n }] });
    console.log(`get many: ${both.customers.map((row) => row.email).join(", ")}`);

    const first = await this.customers.listCustomers({
      filter: 'newsletter = true AND preferences.color = "red" AND tags:"vip"',
      orderBy: "created_at",
      pageSize: 1,
      countTotal: true,
    });
    console.log(`first: ${first.customers[0].email} of ${first.totalSize}`);
  }

  async pages() {
    let rows = 0;
    let pages = 0;
    let pageToken = "";
    do {
      const page = await this.customers.listCustomers({
        filter: 'address.country = "AT"',
        orderBy: "full_name",
        pageSize: 50,
        pageToken,
      });
      rows += page.customers.length;
      pages += 1;
      pageToken = page.nextPageToken;
    } while (pageToken);
    console.log(`list: ${rows} rows on ${pages} pages`);
  }

  async stream() {
    let count = 0;
    for await (const chunk of this.products.streamProducts({ filter: "price < 100", readMask: { paths: ["sku", "price"] } })) {
      count += chunk.products.length;
    }
    console.log(`stream: ${count} rows`);
  }

  async create(): Promise<Customer> {
    const created = await this.customers.createCustomer({
      customer: {
        email: `ada-${Date.now()}-${process.pid}@example.org`,
        fullName: "Ada Example",
        tags: ["press"],
        address: { city: "Wien", country: "AT" },
      },
    });
    console.log(`create: an id ${created.id! > 0n}, credit limit ${created.creditLimit} by default`);
    return created;
  }

  async createMany(): Promise<Product[]> {
    const both = await this.products.batchCreateProducts({
      requests: ["TWO-0001", "TWO-0002"].map((sku) => ({ product: { sku, name: "A thing", price: "9.90" } })),
    });
    console.log(`create many: ${both.products.map((row) => `${row.sku} costs ${row.gross}`).join(", ")}`);
    return both.products;
  }

  async importMany() {
    async function* messages() {
      for (let begin = 0; begin < 1000; begin += 250) {
        const numbers = Array.from({ length: 250 }, (_, at) => begin + at);
        yield { products: numbers.map((n) => ({ sku: `IMP-${String(n).padStart(4, "0")}`, name: `Import ${n}`, price: "1.00" })) };
      }
    }
    const done = await this.products.importProducts(messages());
    console.log(`import: ${done.affected} rows`);
  }

  async update(row: Customer) {
    const updated = await this.customers.updateCustomer({
      customer: { id: row.id, fullName: "Ada Changed", etag: row.etag },
      updateMask: { paths: ["full_name", "address"] },
    });
    console.log(`update: ${updated.fullName}, has an address ${updated.address !== undefined}`);

    // The row has changed since its etag was read.
    const stale = await failure(this.customers.updateCustomer({ customer: { id: row.id, fullName: "Ada Again", etag: row.etag } }));
    console.log(`update of what has changed: ${codeName(stale.code)} ${reason(stale)}`);

    const missing = await failure(this.customers.updateCustomer({ customer: { id: -1n, fullName: "Nobody" } }));
    console.log(`update of nobody: ${codeName(missing.code)} ${reason(missing)}`);
  }

  async updateWhere(row: Customer) {
    const done = await this.customers.updateCustomersWhere({
      filter: `id = ${row.id} AND email = "ada-*"`,
      customer: { newsletter: true },
      maxAffected: 1n,
    });
    console.log(`update where: ${done.affected} row`);
  }

  async softDelete(row: Customer) {
    const deleted = await this.customers.deleteCustomer({ id: row.id });
    console.log(`soft delete: deleted_at is there ${deleted.deletedAt !== undefined}`);
    const restored = await this.customers.undeleteCustomer({ id: row.id });
    console.log(`undelete: deleted_at is there ${restored.deletedAt !== undefined}`);
  }

  async delete(products: Product[]) {
    for (const row of products) {
      await this.products.deleteProduct({ id: row.id });
    }
    const again = await failure(this.products.deleteProduct({ id: products[0].id }));
    console.log(`delete twice: ${codeName(again.code)} ${reason(again)}`);

    const done = await this.products.deleteProductsWhere({ filter: 'sku = "IMP-*"' });
    console.log(`delete where: ${done.affected} rows`);
  }

  async errors() {
    const taken = await failure(
      this.customers.createCustomer({ customer: { email: "customer7@example.com", fullName: "Ada Again" } }),
    );
    const [info] = taken.findDetails(ErrorInfoSchema);
    console.log(`error: ${codeName(taken.code)} ${info.reason} ${info.metadata["constraint"]}`);

    const wrong = await failure(this.products.createProduct({ product: { sku: "CUP-9999", name: "A cup", price: "five" } }));
    const [bad] = wrong.findDetails(BadRequestSchema);
    console.log(`error: ${codeName(wrong.code)} ${bad.fieldViolations[0].field}`);
  }
}

async function withoutToken(address: string, caFile?: string) {
  try {
    await createClient(CustomerService, connect(address, caFile)).getCustomer({ id: 7n });
    console.log("without a token: answered");
  } catch (error) {
    const failed = error as Awaited<ReturnType<typeof failure>>;
    console.log(`without a token: ${codeName(failed.code)} ${reason(failed)}`);
  }
}

const address = process.env.ADDRESS ?? "127.0.0.1:50051";
const transport = connect(address, process.env.CA_FILE, process.env.TOKEN);
const shop = new Shop(transport);
await shop.read();
await shop.pages();
await shop.stream();
const created = await shop.create();
const products = await shop.createMany();
await shop.importMany();
await shop.update(created);
await shop.updateWhere(created);
await shop.softDelete(created);
await shop.delete(products);
await session(transport, await transact(transport));
await shop.errors();
await withoutToken(address, process.env.CA_FILE);
process.exit(0); // The HTTP/2 connection would stay open for a while.
