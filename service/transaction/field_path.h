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
  // `type` must outlive it. InvalidArgument, in words without a path: no such field, an index where there is nothing
  // repeated, none where there is and the path goes on, a map.
  static absl::StatusOr<FieldPath> Parse(const google::protobuf::Descriptor& type, const std::string& text);

  // OK where a value of `from` can be given to this. InvalidArgument says why not.
  absl::Status CheckTakes(const FieldPath& from) const;

  // Gives this field of `target` the value of `from` in `source`; clears it where `source` does not set it.
  // Both were checked by CheckTakes. FailedPrecondition: an element that is not there.
  absl::Status Copy(const FieldPath& from, const google::protobuf::Message& source,
                    google::protobuf::Message* target) const;

 private:
  struct Step {
    const google::protobuf::FieldDescriptor* field;
    int index = -1;  // of an element; -1: the field as a whole
  };

  const Step& last() const { return steps_.back(); }
  bool WholeRepeated() const { return last().field->is_repeated() && last().index < 0; }

  std::vector<Step> steps_;
  std::string text_;
};

}  // namespace protogres::transaction

#endif  // PROTOGRES_SERVICE_TRANSACTION_FIELD_PATH_H_
