// Protobuf fields -> values in PostgreSQL's text form, by their contract::Field. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_DECODE_H_
#define PROTOGRES_SERVICE_WIRE_DECODE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/contract.h"
#include "wire/fault.h"
#include "wire/merged.h"
#include "wire/reader.h"

namespace protogres::wire {

// The index in `fields` of the one with this number; -1: none. Quick where they are in order of their numbers.
int FindByNumber(const std::vector<contract::Field>& fields, int number);

// Appends the text of one singular value: of a varint or fixed number ...
bool AppendScalarText(const contract::Contract& contract, const contract::Type& type, std::uint64_t value,
                      std::string* out, Fault* fault);
// ... or of bytes: a string, bytes or a message at `depth`.
bool AppendBytesText(const contract::Contract& contract, const contract::Type& type, std::string_view bytes, int depth,
                     std::string* out, Fault* fault);

// Collects the fields of one message as they come: the last one wins for
// singular fields, messages merge, repeated ones become an array. Borrows what it is given until Finish.
class FieldCollector {
 public:
  FieldCollector(const contract::Contract& contract, const std::vector<contract::Field>& fields, int depth)
      : contract_(contract), fields_(fields), depth_(depth), slots_(fields.size(), -1) {}

  // Takes the field that `reader` stands on, which is `fields[index]`. Faults name the field in their path.
  bool Add(int index, const Reader& reader, Fault* fault);

  // Gives each field that was set, by index, with its text, in the order of first appearance.
  bool Finish(std::vector<std::pair<int, std::string>>* values, Fault* fault);

 private:
  // A field that was set.
  struct Slot {
    int index = 0;
    int elements = 0;  // of a repeated field
    Merged message;
    std::string text;
  };

  bool AddElement(const contract::Field& field, const Reader& reader, Slot* slot, Fault* fault);
  bool AddPacked(const contract::Field& field, std::string_view bytes, Slot* slot, Fault* fault);
  bool AppendElement(const contract::Field& field, std::uint64_t value, Slot* slot, Fault* fault);
  Slot& SlotOf(int index);

  const contract::Contract& contract_;
  const std::vector<contract::Field>& fields_;
  const int depth_;
  std::vector<int> slots_;  // by field: into set_; -1: not set
  std::vector<Slot> set_;
};

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_DECODE_H_
