#include "auth/key_files.h"

#include <utility>

#include "fmt/format.h"
#include "spdlog/spdlog.h"
#include "status/macros.h"

namespace protogres::auth {

absl::StatusOr<std::unique_ptr<KeyFiles>> KeyFiles::Open(const std::vector<std::string>& paths,
                                                         std::chrono::milliseconds interval) {
  std::vector<File> files;
  for (const std::string& path : paths) {
    auto text = ReadFile(path);
    auto keys = text.ok() ? ParseKeys(*text) : text.status();
    if (!keys.ok()) {
      return absl::InvalidArgumentError(fmt::format("--jwt_key={}: {}", path, std::string(keys.status().message())));
    }
    files.push_back({path, *std::move(text), *std::move(keys)});
  }
  return std::unique_ptr<KeyFiles>(new KeyFiles(std::move(files), interval));
}

KeyFiles::KeyFiles(std::vector<File> files, std::chrono::milliseconds interval) : files_(std::move(files)) {
  Publish();
  watch_.emplace(interval, [this] { Look(); });
}

KeyFiles::Keys KeyFiles::Get() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

// The files are small, so that reading them tells more than their times do, and costs as little.
void KeyFiles::Look() {
  bool changed = false;
  for (File& file : files_) changed = ReadAgain(file) || changed;
  if (changed) Publish();
}

bool KeyFiles::ReadAgain(File& file) {
  auto text = ReadFile(file.path);
  std::string now = text.ok() ? *text : "";
  if (now == file.text) return false;
  file.text = std::move(now);
  auto keys = text.ok() ? ParseKeys(*text) : text.status();
  if (!keys.ok()) {
    spdlog::error("--jwt_key={}: the keys that it had stay in force, for now it {}", file.path,
                  std::string(keys.status().message()));
    return false;
  }
  // A file that is read while it is written, or that has become something else, must not become a secret which is
  // known.
  if (IsOneSecret(*keys) && !IsOneSecret(file.keys)) {
    spdlog::error(
        "--jwt_key={}: the keys that it had stay in force: it held public keys, and now looks like a secret; "
        "start the server anew if that is meant",
        file.path);
    return false;
  }
  spdlog::info("--jwt_key={}: read again, {} keys", file.path, keys->size());
  file.keys = *std::move(keys);
  return true;
}

void KeyFiles::Publish() {
  auto keys = std::make_shared<std::vector<Key>>();
  for (const File& file : files_) keys->insert(keys->end(), file.keys.begin(), file.keys.end());
  const std::lock_guard lock(mutex_);
  keys_ = std::move(keys);
}

}  // namespace protogres::auth
