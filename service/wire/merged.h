// A message field that may stand more than once on the wire. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_MERGED_H_
#define PROTOGRES_SERVICE_WIRE_MERGED_H_

#include <memory>
#include <string>
#include <string_view>

namespace protogres::wire {

// Protobuf merges the occurrences of a singular message field, which is the same as reading their bytes one after the
// other. A single occurrence, the usual case, is only borrowed.
class Merged {
 public:
  void Add(std::string_view bytes) {
    if (!present_) {
      present_ = true;
      bytes_ = bytes;
      return;
    }
    if (!joined_) joined_ = std::make_shared<std::string>(bytes_);
    joined_->append(bytes);
    bytes_ = *joined_;
  }

  bool present() const { return present_; }
  // Valid as long as both what was added and `joined()` are.
  std::string_view bytes() const { return bytes_; }
  // What keeps the bytes if they had to be joined. Null: they are borrowed.
  std::shared_ptr<const std::string> joined() const { return joined_; }

 private:
  bool present_ = false;
  std::string_view bytes_;
  std::shared_ptr<std::string> joined_;
};

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_MERGED_H_
