// Feeds arbitrary bytes to the decoders of rows and requests, and arbitrary
// text to the encoder. What is decoded must be UTF-8 without NUL, and must be encoded again.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "text/utf8.h"
#include "unit/wire/sample.h"
#include "wire/request.h"
#include "wire/row.h"

namespace protogres::wire {
namespace {

const contract::Contract& Contract() {
  static const auto* contract = [] {
    auto* made = new contract::Contract(SampleContract());
    contract::Table& table = made->tables[0];
    table.key = {2};
    table.soft_delete = 9;
    table.insertable = true;
    return made;
  }();
  return *contract;
}

void Check(bool holds) {
  if (!holds) std::abort();
}

void FuzzRow(std::string_view bytes) {
  const contract::Table& table = Contract().tables[0];
  const auto row = DecodeRow(Contract(), table, bytes, "sample");
  if (!row.ok()) {
    Check(row.status().code() == absl::StatusCode::kInvalidArgument &&
          text::IsUtf8(std::string(row.status().message())));
    return;
  }
  for (const auto& [field, text] : row->values) {
    Check(text::IsUtf8(text) && text.find('\0') == std::string::npos);
    std::string out;
    const Cell cells[] = {text};
    Check(RowEncoder(Contract(), table, {field}, false).Encode(cells, &out).ok());
    Check(DecodeRow(Contract(), table, out, "sample").ok());
  }
}

void FuzzCell(std::size_t field, std::string_view text) {
  const contract::Table& table = Contract().tables[0];
  std::string out;
  const Cell cells[] = {text};
  const absl::Status status =
      RowEncoder(Contract(), table, {static_cast<int>(field % table.fields.size())}, false).Encode(cells, &out);
  Check(status.ok() || text::IsUtf8(std::string(status.message())));
}

}  // namespace
}  // namespace protogres::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace wire = protogres::wire;
  FuzzedDataProvider provider(data, size);
  const auto choice = provider.ConsumeIntegral<std::uint8_t>();
  const std::string bytes = provider.ConsumeRemainingBytesAsString();
  switch (choice & 3) {
    case 0:
      wire::FuzzCell(choice >> 2, bytes);
      break;
    case 1:
      static_cast<void>(wire::DecodeRequest(
          wire::Contract(), wire::Contract().tables[0],
          static_cast<protogres::contract::MethodKind>((choice >> 2) % protogres::contract::kMethodKinds), bytes));
      break;
    default:
      wire::FuzzRow(bytes);
  }
  return 0;
}
