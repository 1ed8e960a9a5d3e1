#include "auth/key_files.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "fmt/format.h"
#include "spdlog/spdlog.h"
#include "status/macros.h"

namespace protogres::auth {
namespace {

// A file that is larger is no file of keys.
constexpr std::size_t kMaxFile = 1024 * 1024;

absl::StatusOr<std::string> Read(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFile + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || (file.fail() && !file.eof())) {
    return absl::InvalidArgumentError(fmt::format("cannot be read: {}", std::strerror(errno)));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFile) return absl::InvalidArgumentError(fmt::format("has more than {} bytes", kMaxFile));
  return text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyFiles>> KeyFiles::Open(const std::vector<std::string>& paths,
                                                         std::chrono::milliseconds interval) {
  std::vector<File> files;
  for (const std::string& path : paths) {
    auto text = Read(path);
    auto keys = text.ok() ? ParseKeys(*text) : text.status();
    if (!keys.ok()) {
      return absl::InvalidArgumentError(fmt::format("--jwt_key={}: {}", path, std::string(keys.status().message())));
    }
    files.push_back({path, *std::move(text), *std::move(keys)});
  }
  return std::unique_ptr<KeyFiles>(new KeyFiles(std::move(files), interval));
}

KeyFiles::KeyFiles(std::vector<File> files, std::chrono::milliseconds interval)
    : files_(std::move(files)), interval_(interval) {
  Publish();
  watch_ = std::thread([this] { Watch(); });
}

KeyFiles::~KeyFiles() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  watch_.join();
}

KeyFiles::Keys KeyFiles::Get() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

// The files are small, so that reading them tells more than their times do, and costs as little.
void KeyFiles::Watch() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, interval_, [this] { return stopping_; })) {
    lock.unlock();
    bool changed = false;
    for (File& file : files_) changed = ReadAgain(file) || changed;
    if (changed) Publish();
    lock.lock();
  }
}

bool KeyFiles::ReadAgain(File& file) {
  auto text = Read(file.path);
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
