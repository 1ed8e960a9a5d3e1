// The file form in which `run` hands messages to load and floor: records of
// a kind (one byte), a length (four bytes, little-endian) and that many bytes.
#ifndef PROTOGRES_TESTS_BENCH_RECORDS_H_
#define PROTOGRES_TESTS_BENCH_RECORDS_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace protogres::bench {

struct Record {
  size_t kind;  // which of the methods on the command line the message belongs to
  grpc::ByteBuffer message;
};

// Throws std::runtime_error where the file cannot be read, is cut, or has a kind that is not below `kinds`.
inline std::vector<Record> ReadRecords(const std::string& path, size_t kinds) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  const std::string data{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  constexpr size_t kHead = 5;
  std::vector<Record> records;
  for (size_t at = 0; at < data.size();) {
    if (data.size() - at < kHead) throw std::runtime_error(path + " ends within a record");
    const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(data[at + i])); };
    const size_t kind = byte(0);
    const size_t size = byte(1) | byte(2) << 8 | byte(3) << 16 | byte(4) << 24;
    at += kHead;
    if (data.size() - at < size) throw std::runtime_error(path + " ends within a record");
    if (kind >= kinds) throw std::runtime_error(path + " has a record of a method that was not given");
    const grpc::Slice slice(data.data() + at, size);
    records.push_back({kind, grpc::ByteBuffer(&slice, 1)});
    at += size;
  }
  if (records.empty()) throw std::runtime_error(path + " has no records");
  return records;
}

}  // namespace protogres::bench

#endif  // PROTOGRES_TESTS_BENCH_RECORDS_H_
