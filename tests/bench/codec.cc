// What one value of each type costs: PostgreSQL's text to protobuf bytes and back, in nanoseconds and in allocations.
// The buffers are reused, as those of a page or a stream are, so an allocation counted here is one a field.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "unit/wire/sample.h"
#include "wire/row.h"

namespace {

std::size_t allocations = 0;

}  // namespace

// Not inlined, or GCC takes malloc's memory to be given to the wrong free.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace protogres::wire {
namespace {

struct Value {
  const char* field;  // of SampleContract
  const char* text;
};

constexpr Value kValues[] = {
    {"int4", "123456"},
    {"int8", "1234567890123"},
    {"oid", "16384"},
    {"real", "1.5"},
    {"float8", "3.14159265358979"},
    {"flag", "t"},
    {"text", "an article of the bench, 4711"},
    {"uuid", "6f9619ff-8b86-d011-b42d-00c04fc964ff"},
    {"numeric", "1234567.89"},
    {"bytea", "\\x00ff10a0b0c0d0e0"},
    {"at", "2024-02-03 04:05:06.789012+00"},
    {"doc", R"({"color": "red", "size": 42, "parts": [1, 2, 3]})"},
    {"status", "new"},
    {"address", R"((Bern,3011,,"{}",,,,))"},
    {"int8s", "{1,20,300,4000,50000}"},
    {"texts", R"({bench,"lot 7",plain})"},
};

const contract::Contract& Shared() {
  static const contract::Contract contract = SampleContract();
  return contract;
}

int IndexOf(const std::string& name) {
  const auto& fields = Shared().tables[0].fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return static_cast<int>(i);
  }
  std::abort();
}

std::string Encoded(const Value& value) {
  const RowEncoder encoder(Shared(), Shared().tables[0], {IndexOf(value.field)}, false);
  const Cell cells[] = {std::string_view(value.text)};
  std::string out;
  if (!encoder.Encode(cells, &out).ok()) std::abort();
  return out;
}

void Count(std::size_t before, benchmark::State& state) {
  state.counters["allocations"] =
      benchmark::Counter(static_cast<double>(allocations - before), benchmark::Counter::kAvgIterations);
}

void Encode(benchmark::State& state, const Value& value) {
  const RowEncoder encoder(Shared(), Shared().tables[0], {IndexOf(value.field)}, false);
  const Cell cells[] = {std::string_view(value.text)};
  std::string out;
  out.reserve(4096);
  const std::size_t before = allocations;
  for (auto _ : state) {
    out.clear();
    if (!encoder.Encode(cells, &out).ok()) std::abort();
    benchmark::DoNotOptimize(out.data());
  }
  Count(before, state);
}

void Decode(benchmark::State& state, const Value& value) {
  const std::string bytes = Encoded(value);
  const std::string path = "sample";
  const std::size_t before = allocations;
  for (auto _ : state) {
    const auto row = DecodeRow(Shared(), Shared().tables[0], bytes, path);
    if (!row.ok()) std::abort();
    benchmark::DoNotOptimize(row->values.data());
  }
  Count(before, state);
}

}  // namespace
}  // namespace protogres::wire

int main(int argc, char** argv) {
  for (const auto& value : protogres::wire::kValues) {
    benchmark::RegisterBenchmark((std::string("encode/") + value.field).c_str(), protogres::wire::Encode, value);
    benchmark::RegisterBenchmark((std::string("decode/") + value.field).c_str(), protogres::wire::Decode, value);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
