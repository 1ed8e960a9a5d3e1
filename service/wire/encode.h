// Turns a value in PostgreSQL's text form into a protobuf field, by its contract::Type. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_ENCODE_H_
#define PROTOGRES_SERVICE_WIRE_ENCODE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "contract/contract.h"

namespace protogres::wire {

// The bytes that stand before a field's value.
struct Tag {
  explicit Tag(int field_number, const contract::Type& type);

  std::string_view bytes() const { return {data, size}; }

  int number;
  unsigned char size = 0;
  char data[5];
};

// False: every value that a column of `type` may hold, now or after its type got more labels or attributes, fits its
// field. True: ValueEncoder may have to refuse one.
bool MayNotFit(const contract::Type& type);

// Appends the fields of one message. For one thread.
class ValueEncoder {
 public:
  // `contract` and `out` must outlive it.
  ValueEncoder(const contract::Contract& contract, std::string* out) : contract_(contract), out_(out) {}

  // Appends the field of `tag` with the value `text`, in a message at `depth` (json.h). False: the field cannot hold
  // the value exactly, or, when the catalog was read, the type had no value that looks like this. Then what was
  // appended is undefined.
  bool Append(const contract::Type& type, const Tag& tag, std::string_view text, int depth);
  // The error of such a failure, of a value of `column` of `table`: see RowEncoder::Encode.
  absl::Status Refusal(const contract::Table& table, const std::string& column) const;

 private:
  bool AppendSingular(const contract::Type& type, const Tag& tag, std::string_view text, int depth);
  // Appends a value of one of the kinds that arrays pack, without a tag.
  bool AppendScalar(const contract::Type& type, std::string_view text);
  bool AppendArray(const contract::Type& type, const Tag& tag, std::string_view text, int depth);
  bool AppendRecord(const contract::Composite& composite, std::string_view text, int depth);
  bool AppendString(const Tag& tag, std::string_view text);
  bool AppendTimestamp(const Tag& tag, std::string_view text);
  bool AppendEnum(const contract::Type& type, std::string_view label);
  template <typename Int>
  bool AppendInteger(const contract::Type& type, std::string_view text);
  bool Cannot(const contract::Type& type, std::string_view text);
  bool Fail(std::string why);
  // The same for a text that no value of the type has.
  bool Strange(const contract::Type& type, std::string_view text);

  const contract::Contract& contract_;
  std::string* out_;
  std::string why_;
  bool moved_ = false;
};

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_ENCODE_H_
