// Reads, writes and fails, blocking and as a coroutine, in a transaction and without one: what it takes to know that
// the headers and the library are all there.
#include <cstdio>

#include "protogres/client.h"
#include "shop/v1/customer.grpc.pb.h"

PROTOGRES_TABLE(shop::v1, Customer, Customers);

using shop::v1::Customer;

namespace {

protogres::Task<absl::StatusOr<Customer>> Read(protogres::AsyncClient db) { co_return co_await db.Get<Customer>(7); }

// Rolled back, so that each run finds what the one before has found.
absl::Status Change(const protogres::Client& db) {
  absl::StatusOr<protogres::Transaction> transaction = db.Begin();
  if (!transaction.ok()) return transaction.status();
  Customer change;
  change.set_id(7);
  change.set_newsletter(true);
  if (absl::StatusOr<Customer> changed = transaction->Update(change); !changed.ok()) return changed.status();
  return transaction->Rollback();
}

}  // namespace

int main(int argc, char** argv) {
  protogres::Options options;
  options.address = argc > 1 ? argv[1] : "";
  const absl::StatusOr<protogres::Client> db = protogres::Client::Connect(options);
  if (!db.ok()) return std::fprintf(stderr, "%s\n", db.status().ToString().c_str()), 1;
  int64_t count = 0;
  auto customers = db->List<Customer>(PROTOGRES_FIELD(Customer, id) <= 10);
  for (const Customer& customer : customers) count += customer.has_email();
  const absl::StatusOr<Customer> customer = protogres::Wait(Read(db->async()));
  const absl::Status changed = Change(*db);
  const protogres::Error missing(db->Get<Customer>(70000).status());
  if (!customer.ok() || !changed.ok()) return 1;
  std::printf("%s, %d of the first ten, %s\n", customer->email().c_str(), static_cast<int>(count),
              missing.reason().c_str());
  return 0;
}
