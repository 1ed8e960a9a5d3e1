// What all Operations that write rows have in common.
#ifndef PROTOGRES_SERVICE_CRUD_WRITE_OPERATION_H_
#define PROTOGRES_SERVICE_CRUD_WRITE_OPERATION_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "crud/method.h"
#include "db/session.h"
#include "wire/request.h"

namespace protogres::crud {

class WriteOperation : public Operation {
 public:
  // `explicit_transaction`: the Operation runs several statements, or may fail after the first.
  WriteOperation(const wire::Request& request, bool explicit_transaction)
      : validate_only_(request.validate_only), explicit_(explicit_transaction), request_id_(request.request_id) {}

  bool validate_only() const override { return validate_only_; }
  std::string_view request_id() const override { return request_id_; }
  db::SessionOptions session() const override {
    return {.transaction = explicit_ ? db::Transaction::kExplicit : db::Transaction::kImplicit};
  }

 private:
  const bool validate_only_;
  const bool explicit_;
  const std::string request_id_;
};

// Commits; or, where the request is `validate_only`, checks what a COMMIT would, and rolls back. Blocks.
absl::Status Finish(bool validate_only, db::Session& session);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_WRITE_OPERATION_H_
