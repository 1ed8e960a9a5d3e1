// Turns protobuf fields into values in PostgreSQL's text form, by their contract::Field. Pure.
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

// The index in `fields` of the field with this number. -1: there is none. Fast if they are in the order of their
// numbers.
int FindByNumber(const std::vector<contract::Field>& fields, int number);

// Both append the text of one singular value: AppendScalarText that of a varint or fixed number, AppendBytesText that
// of a string, of bytes, or of a message at `depth` (json.h). False: the value does not fit, and `fault` says why.
bool AppendScalarText(const contract::Contract& contract, const contract::Type& type, std::uint64_t value,
                      std::string* out, Fault* fault);
bool AppendBytesText(const contract::Contract& contract, const contract::Type& type, std::string_view bytes, int depth,
                     std::string* out, Fault* fault);

// Collects the fields of one message as they come. Of a singular field the last value wins, messages are merged, and
// repeated values become an array. Borrows what it is given until Finish.
class FieldCollector {
 public:
  FieldCollector(const contract::Contract& contract, const std::vector<contract::Field>& fields, int depth)
      : contract_(contract), fields_(fields), depth_(depth), slots_(fields.size(), -1) {}

  // Takes the field at which `reader` is, which is `fields[index]`. False: `fault` says why, with the field in its
  // path.
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
