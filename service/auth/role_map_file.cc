#include "auth/role_map_file.h"

#include <utility>

#include "fmt/format.h"
#include "spdlog/spdlog.h"

namespace protogres::auth {
namespace {

absl::StatusOr<RoleMapFile::Map> MapOf(const absl::StatusOr<std::string>& text) {
  auto map = text.ok() ? RoleMap::Parse(*text) : text.status();
  if (!map.ok()) return map.status();
  return std::make_shared<const RoleMap>(*std::move(map));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RoleMapFile>> RoleMapFile::Open(const std::string& path,
                                                               std::chrono::milliseconds interval) {
  auto text = ReadFile(path);
  auto map = MapOf(text);
  if (!map.ok()) {
    return absl::InvalidArgumentError(fmt::format("--role_map={}: {}", path, std::string(map.status().message())));
  }
  return std::unique_ptr<RoleMapFile>(new RoleMapFile(path, *std::move(text), *std::move(map), interval));
}

RoleMapFile::RoleMapFile(std::string path, std::string text, Map map, std::chrono::milliseconds interval)
    : path_(std::move(path)), text_(std::move(text)), map_(std::move(map)) {
  watch_.emplace(interval, [this] { Look(); });
}

RoleMapFile::Map RoleMapFile::Get() const {
  const std::lock_guard lock(mutex_);
  return map_;
}

void RoleMapFile::Look() {
  const auto text = ReadFile(path_);
  std::string now = text.ok() ? *text : "";
  if (now == text_) return;
  text_ = std::move(now);
  auto map = MapOf(text);
  if (!map.ok()) {
    spdlog::warn("--role_map={}: the map that it had stays in force: {}", path_, std::string(map.status().message()));
    return;
  }
  spdlog::info("--role_map={}: read again, {} names", path_, (*map)->size());
  const std::lock_guard lock(mutex_);
  map_ = *std::move(map);
}

}  // namespace protogres::auth
