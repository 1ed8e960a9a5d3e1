// What SQLAlchemy's async session does, with the C++ client library: each step blocking, and as a coroutine beside it.
// Usage: crud HOST:PORT blocking|async, with a fresh server of deploy/demo.sql for each run: deleted customers keep
// their emails.
#include <iostream>
#include <string>
#include <vector>

#include "protogres/client.h"
#include "shop/v1/customer.grpc.pb.h"

PROTOGRES_TABLE(shop::v1, Customer, Customers);

using protogres::AsyncClient;
using protogres::AsyncTransaction;
using protogres::Client;
using protogres::Error;
using protogres::Filter;
using protogres::Task;
using protogres::Transaction;
using shop::v1::Customer;

namespace {

Customer NewCustomer(const std::string& email) {
  Customer customer;
  customer.set_email(email);
  customer.set_full_name("Ada Example");
  return customer;
}

std::vector<Customer> NewCustomers(const std::string& name, int count) {
  std::vector<Customer> customers;
  for (int i = 0; i < count; ++i) customers.push_back(NewCustomer(name + std::to_string(i) + "@cpp.example"));
  return customers;
}

// The rows that this program makes.
Filter Mine() { return PROTOGRES_FIELD(Customer, email).EndsWith("@cpp.example"); }

void Check(bool holds, const char* what, const absl::Status& status = absl::OkStatus()) {
  if (holds) return;
  std::cerr << "crud: not so: " << what << " " << status << "\n";
  std::exit(1);
}

// session.add, flush: the stored row, with its generated key. A COPY.
int64_t Create(const Client& db) {
  const absl::StatusOr<Customer> ada = db.Create(NewCustomer("ada@cpp.example"));
  Check(ada.ok() && ada->credit_limit() == "500.00", "Create answers the stored row", ada.status());

  const absl::StatusOr<Customer> twice = db.Create(NewCustomer("ada@cpp.example"));
  const Error error(twice.status());
  Check(error.reason() == protogres::kUniqueViolation, "an email is there once");
  Check(error.constraint() == "customer_email_key", "the error names the constraint");

  const auto batch = db.BatchCreate(NewCustomers("batch", 3));
  Check(batch.ok() && batch->customers_size() == 3, "BatchCreate", batch.status());
  const absl::StatusOr<int64_t> imported = db.Import<Customer>(NewCustomers("import", 1000));
  Check(imported.ok() && *imported == 1000, "Import", imported.status());
  return ada->id();
}

Task<int64_t> Create(AsyncClient db) {
  const absl::StatusOr<Customer> ada = co_await db.Create(NewCustomer("ada@cpp.example"));
  Check(ada.ok() && ada->credit_limit() == "500.00", "Create answers the stored row", ada.status());
  const auto batch = co_await db.BatchCreate(NewCustomers("batch", 3));
  Check(batch.ok() && batch->customers_size() == 3, "BatchCreate", batch.status());
  const absl::StatusOr<int64_t> imported = co_await db.Import<Customer>(NewCustomers("import", 1000));
  Check(imported.ok() && *imported == 1000, "Import", imported.status());
  co_return ada->id();
}

// select(M).where(...), .first(), .all(), stream_scalars.
void Read(const Client& db, int64_t id) {
  const absl::StatusOr<Customer> ada = db.Get<Customer>(id);
  Check(ada.ok() && ada->email() == "ada@cpp.example", "Get", ada.status());
  Check(db.Get<Customer>(-1).status().code() == absl::StatusCode::kNotFound, "NOT_FOUND");

  const auto name = PROTOGRES_FIELD(Customer, full_name);
  shop::v1::ListCustomersRequest request;
  request.set_filter((Mine() && name == "Ada Example").text());
  request.set_order_by(PROTOGRES_FIELD(Customer, id).Descending());
  request.set_page_size(100);
  int count = 0;
  auto customers = db.List<Customer>(request);
  for (const Customer& customer : customers) count += customer.has_id();
  Check(customers.status().ok() && count == 1004, "List", customers.status());

  shop::v1::StreamCustomersRequest all;
  all.set_filter(Mine().text());
  auto stream = db.Stream<Customer>(all);
  for (const Customer& customer : stream) count -= customer.has_id();
  Check(stream.status().ok() && count == 0, "Stream", stream.status());
}

Task<int> Read(AsyncClient db, int64_t id) {
  const absl::StatusOr<Customer> ada = co_await db.Get<Customer>(id);
  Check(ada.ok() && ada->email() == "ada@cpp.example", "Get", ada.status());
  int count = 0;
  auto pages = db.List<Customer>(Mine());
  while (true) {
    auto page = co_await pages.Next();
    Check(page.ok(), "List", page.status());
    if (page->empty()) break;
    for (const Customer& customer : *page) count += customer.has_id();
  }
  Check(count == 1004, "List");
  shop::v1::StreamCustomersRequest all;
  all.set_filter(Mine().text());
  auto chunks = db.Stream<Customer>(all);
  while (true) {
    auto chunk = co_await chunks.Next();
    Check(chunk.ok(), "Stream", chunk.status());
    if (chunk->empty()) break;
    count -= chunk->size();
  }
  Check(count == 0, "Stream");
  co_return count;
}

// Load, change, flush; update(M).where(...).values(...).
void Update(const Client& db, int64_t id) {
  absl::StatusOr<Customer> ada = db.Get<Customer>(id);
  ada->set_full_name("Ada Again");
  ada->clear_address();
  ada = db.Update(*ada, {"full_name", "address"});
  Check(ada.ok() && ada->full_name() == "Ada Again", "Update by its etag", ada.status());

  shop::v1::UpdateCustomerRequest upsert;
  *upsert.mutable_customer() = NewCustomer("upsert@cpp.example");
  upsert.mutable_customer()->set_id(900000001);
  upsert.set_allow_missing(true);
  const absl::StatusOr<Customer> made = db.Update<Customer>(upsert);
  Check(made.ok(), "an Update with allow_missing inserts", made.status());

  Customer values;
  values.set_newsletter(true);
  const auto updated = db.UpdateWhere(Mine(), values);
  Check(updated.ok() && updated->affected() == 1005, "UpdateWhere", updated.status());
}

Task<int> Update(AsyncClient db, int64_t id) {
  absl::StatusOr<Customer> ada = co_await db.Get<Customer>(id);
  ada->set_full_name("Ada Again");
  // Not in one expression: GCC 12 has no braced list beside a co_await.
  Task<absl::StatusOr<Customer>> update = db.Update(*ada, {"full_name"});
  ada = co_await update;
  Check(ada.ok() && ada->full_name() == "Ada Again", "Update by its etag", ada.status());
  Customer values;
  values.set_newsletter(true);
  const auto updated = co_await db.UpdateWhere(Mine(), values);
  Check(updated.ok() && updated->affected() == 1004, "UpdateWhere", updated.status());
  co_return 0;
}

// async with session.begin(), with_for_update(skip_locked=True).
void Transact(const Client& db, int64_t id) {
  const absl::Status moved = db.RunInTransaction([id](Transaction& transaction) -> absl::Status {
    shop::v1::GetCustomerRequest request;
    request.set_id(id);
    request.set_lock("FOR UPDATE SKIP LOCKED");
    absl::StatusOr<Customer> ada = transaction.Get<Customer>(request);
    if (!ada.ok()) return ada.status();
    ada->set_credit_limit("750.00");
    return transaction.Update(*ada).status();
  });
  Check(moved.ok(), "RunInTransaction", moved);

  absl::StatusOr<Transaction> transaction = db.Begin();
  Check(transaction.ok(), "Begin", transaction.status());
  Check(transaction->Savepoint("before").ok(), "Savepoint");
  Check(!transaction->Create(NewCustomer("ada@cpp.example")).ok(), "an email is there once");
  Check(transaction->RollbackTo("before").ok(), "RollbackTo");
  Check(transaction->Commit().ok(), "Commit");

  protogres::v1::TransactRequest both;
  shop::v1::GetCustomerRequest get;
  get.set_id(id);
  both.add_operations()->mutable_request()->PackFrom(get);
  both.add_operations()->mutable_request()->PackFrom(get);
  const auto answers = db.Transact(both);
  Check(answers.ok() && answers->responses_size() == 2, "Transact", answers.status());
}

Task<int> Transact(AsyncClient db, int64_t id) {
  const auto work = [id](AsyncTransaction& transaction) -> Task<absl::Status> {
    absl::StatusOr<Customer> ada = co_await transaction.Get<Customer>(id);
    if (!ada.ok()) co_return ada.status();
    ada->set_credit_limit("750.00");
    co_return (co_await transaction.Update(*ada)).status();
  };
  const absl::Status moved = co_await db.RunInTransaction(work);
  Check(moved.ok(), "RunInTransaction", moved);
  absl::StatusOr<AsyncTransaction> transaction = co_await db.Begin();
  Check(transaction.ok(), "Begin", transaction.status());
  const absl::StatusOr<Customer> gone = co_await transaction->Create(NewCustomer("gone@cpp.example"));
  Check(gone.ok(), "Create in a transaction", gone.status());
  const absl::Status rolled_back = co_await transaction->Rollback();
  Check(rolled_back.ok(), "Rollback", rolled_back);
  co_return 0;
}

// Load, delete; delete(M).where(...). Here a delete is a soft one: deleted_at.
void Delete(const Client& db, int64_t id) {
  Check(db.Delete<Customer>(id)->has_deleted_at(), "Delete marks the row");
  Check(db.Delete<Customer>(id).status().code() == absl::StatusCode::kNotFound, "NOT_FOUND");
  Check(db.Undelete<Customer>(id).ok(), "Undelete");
  const auto deleted = db.DeleteWhere<Customer>(Mine());
  Check(deleted.ok() && deleted->affected() == 1005, "DeleteWhere", deleted.status());
}

Task<int> Delete(AsyncClient db, int64_t id) {
  const absl::StatusOr<Customer> marked = co_await db.Delete<Customer>(id);
  Check(marked.ok() && marked->has_deleted_at(), "Delete marks the row", marked.status());
  const absl::StatusOr<Customer> back = co_await db.Undelete<Customer>(id);
  Check(back.ok(), "Undelete", back.status());
  const auto deleted = co_await db.DeleteWhere<Customer>(Mine());
  Check(deleted.ok() && deleted->affected() == 1004, "DeleteWhere", deleted.status());
  co_return 0;
}

Task<int> Everything(AsyncClient db) {
  const int64_t id = co_await Create(db);
  co_await Read(db, id);
  co_await Update(db, id);
  co_await Transact(db, id);
  co_return co_await Delete(db, id);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: crud HOST:PORT blocking|async\n";
    return 2;
  }
  protogres::Options options;
  options.address = argv[1];
  options.timeout = absl::Seconds(60);
  const absl::StatusOr<Client> db = Client::Connect(options);
  Check(db.ok(), "Connect", db.status());
  if (std::string(argv[2]) == "async") return protogres::Wait(Everything(db->async()));
  const int64_t id = Create(*db);
  Read(*db, id);
  Update(*db, id);
  Transact(*db, id);
  Delete(*db, id);
}
