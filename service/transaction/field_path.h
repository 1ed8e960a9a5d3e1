// A path to a field of a message: "order_item.order_id", "requests[0].etag". Knows no SQL and no Api.
#ifndef PROTOGRES_SERVICE_TRANSACTION_FIELD_PATH_H_
#define PROTOGRES_SERVICE_TRANSACTION_FIELD_PATH_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace protogres::transaction {

class FieldPath {
 public:
  // The path `text` in messages of `type`, which must outlive it. INVALID_ARGUMENT, with a message that names no path:
  // there is no such field; an index is given for a field that is not repeated, or missing before the path goes on; a
  // field is a map; the path has more than 100 fields, which is as deep as protobuf reads messages.
  static absl::StatusOr<FieldPath> Parse(const google::protobuf::Descriptor& type, const std::string& text);

  // OK: this field can take a value of the field `from`. INVALID_ARGUMENT says why it cannot.
  absl::Status CheckTakes(const FieldPath& from) const;

  // Gives this field of `target` the value that the field `from` has in `source`, or clears it if `source` does not set
  // that field. CheckTakes must have returned OK. FAILED_PRECONDITION: an element of a path does not exist.
  absl::Status Copy(const FieldPath& from, const google::protobuf::Message& source,
                    google::protobuf::Message* target) const;

 private:
  struct Step {
    const google::protobuf::FieldDescriptor* field;
    int index = -1;  // the index of an element; -1: the field as a whole
  };

  const Step& last() const { return steps_.back(); }
  bool WholeRepeated() const { return last().field->is_repeated() && last().index < 0; }

  std::vector<Step> steps_;
  std::string text_;
};

}  // namespace protogres::transaction

#endif  // PROTOGRES_SERVICE_TRANSACTION_FIELD_PATH_H_
