// Write and ReadFiles: contracts on disk. See pin.h.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <set>
#include <system_error>

#include "contract/descriptors.h"
#include "contract/pin.h"
#include "contract/proto_text.h"
#include "contract/transaction_proto.h"
#include "fmt/format.h"
#include "google/protobuf/compiler/importer.h"
#include "google/protobuf/compiler/parser.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor_database.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::contract {
namespace {

namespace fs = std::filesystem;
namespace pb = google::protobuf;

constexpr std::size_t kMaxErrorLines = 20;

// The names of the AIPs are not those that buf wants by default.
constexpr char kBufYaml[] =
    R"(# How buf reads this contract: buf lint, and buf breaking --against another one. protogres contract wrote it, and leaves
# it as it is from now on.
version: v2
lint:
  use:
    - STANDARD
  except:
    # GetCustomer answers with a Customer (AIP-131), DeleteCustomer with google.protobuf.Empty (AIP-135).
    - RPC_REQUEST_RESPONSE_UNIQUE
    - RPC_RESPONSE_STANDARD_NAME
breaking:
  use:
    - FILE
)";

bool WellKnown(const std::string& file) { return file.starts_with("google/protobuf/"); }

absl::Status FileError(absl::StatusCode code, const fs::path& path, const std::string& what) {
  return status::Error(code, fmt::format("{}: {}", path.string(), what), status::kContractFile);
}

// Readers see the old file or the new one, never half of it.
absl::Status WriteFile(const fs::path& path, const std::string& content) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) return FileError(absl::StatusCode::kFailedPrecondition, path.parent_path(), error.message());
  const fs::path part = path.string() + fmt::format(".{}.part", getpid());
  {
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    out << content;
    out.close();
    if (!out) {
      fs::remove(part, error);
      return FileError(absl::StatusCode::kFailedPrecondition, part, "cannot be written");
    }
  }
  fs::rename(part, path, error);
  if (!error) return absl::OkStatus();
  const std::string why = error.message();
  fs::remove(part, error);
  return FileError(absl::StatusCode::kFailedPrecondition, path, why);
}

absl::StatusOr<std::string> ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  if (!in) return FileError(absl::StatusCode::kInvalidArgument, path, "cannot be read");
  return content;
}

// Collects "file:line:column: message" from protobuf's parser and pool.
class Errors : public pb::compiler::MultiFileErrorCollector, public pb::DescriptorPool::ErrorCollector {
 public:
  // Files are named below `root`.
  explicit Errors(fs::path root) : root_(std::move(root)) {}

  void AddError(const std::string& file, int line, int column, const std::string& message) override {
    std::string where = (root_ / file).string();
    if (line >= 0) where += fmt::format(":{}:{}", line + 1, column + 1);
    Add(fmt::format("{}: {}", where, message));
  }
  void AddError(const std::string& file, const std::string& element, const pb::Message*, ErrorLocation,
                const std::string& message) override {
    Add(fmt::format("{}: {}: {}", (root_ / file).string(), element, message));
  }

  absl::Status ToStatus() const {
    return status::Error(absl::StatusCode::kInvalidArgument, fmt::format("{}", fmt::join(lines_, "\n")),
                         status::kContractFile);
  }

 private:
  void Add(std::string line) {
    if (lines_.size() < kMaxErrorLines) lines_.push_back(std::move(line));
  }

  fs::path root_;
  std::vector<std::string> lines_;
};

// The well-known types are this program's own: no installed .proto is needed.
pb::DescriptorPoolDatabase& WellKnownTypes() {
  // Links them in, whatever else does.
  [[maybe_unused]] static const void* const used[] = {pb::Timestamp::descriptor(), pb::Value::descriptor(),
                                                      pb::FieldMask::descriptor(), pb::Empty::descriptor()};
  static pb::DescriptorPoolDatabase database(*pb::DescriptorPool::generated_pool());
  return database;
}

// Builds `names` and what they import; false: `pool`'s collector has the errors.
bool Collect(const pb::DescriptorPool& pool, const std::vector<std::string>& names, pb::FileDescriptorSet* set) {
  std::set<std::string> done;
  const std::function<void(const pb::FileDescriptor&)> add = [&](const pb::FileDescriptor& file) {
    if (WellKnown(file.name()) || !done.insert(file.name()).second) return;
    for (int i = 0; i < file.dependency_count(); ++i) add(*file.dependency(i));
    pb::FileDescriptorProto* proto = set->add_file();
    file.CopyTo(proto);
    file.CopySourceCodeInfoTo(proto);
  };
  bool complete = true;
  for (const std::string& name : names) {
    const pb::FileDescriptor* file = pool.FindFileByName(name);
    complete &= file != nullptr;
    if (file != nullptr) add(*file);
  }
  return complete;
}

// The files that a .proto imports, as far as it can be parsed.
std::vector<std::string> ImportsOf(const fs::path& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return {};
  pb::io::ArrayInputStream stream(text->data(), static_cast<int>(text->size()));
  class Silent : public pb::io::ErrorCollector {
    void AddError(int, int, const std::string&) override {}
  } silent;
  pb::io::Tokenizer tokenizer(&stream, &silent);
  pb::FileDescriptorProto file;
  pb::compiler::Parser().Parse(&tokenizer, &file);
  return {file.dependency().begin(), file.dependency().end()};
}

// The nearest of `directory` and its parents below which all imports are found; else `directory`.
fs::path ImportRoot(const fs::path& directory, const std::vector<fs::path>& protos) {
  std::set<std::string> imports;
  for (const fs::path& proto : protos) {
    for (const std::string& import : ImportsOf(proto)) {
      if (!WellKnown(import)) imports.insert(import);
    }
  }
  for (fs::path root = directory;; root = root.parent_path()) {
    const auto exists = [&root](const std::string& import) {
      std::error_code error;
      return fs::exists(root / import, error);
    };
    if (std::ranges::all_of(imports, exists)) return root;
    if (root == root.parent_path()) return directory;
  }
}

absl::StatusOr<pb::FileDescriptorSet> ParseProtos(const fs::path& directory, const std::vector<fs::path>& protos) {
  const fs::path root = ImportRoot(directory, protos);
  Errors errors(root);
  pb::compiler::DiskSourceTree tree;
  tree.MapPath("", root.string());
  pb::compiler::SourceTreeDescriptorDatabase database(&tree, &WellKnownTypes());
  database.RecordErrorsTo(&errors);
  pb::DescriptorPool pool(&database, database.GetValidationErrorCollector());
  std::vector<std::string> names;
  for (const fs::path& proto : protos) names.push_back(proto.lexically_relative(root).generic_string());
  pb::FileDescriptorSet set;
  if (!Collect(pool, names, &set)) return errors.ToStatus();
  return set;
}

absl::StatusOr<pb::FileDescriptorSet> ParseSet(const fs::path& path) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  pb::FileDescriptorSet stored;
  if (bytes.empty() || !stored.ParseFromString(bytes) || stored.file().empty()) {
    return FileError(absl::StatusCode::kInvalidArgument, path,
                     "neither a directory, nor a .proto file, nor a FileDescriptorSet (protoc --descriptor_set_out)");
  }
  pb::SimpleDescriptorDatabase files;
  std::vector<std::string> names;
  for (const auto& file : stored.file()) {
    if (WellKnown(file.name())) continue;
    if (!files.Add(file)) {
      return FileError(absl::StatusCode::kInvalidArgument, path, fmt::format("{} stands in it twice", file.name()));
    }
    names.push_back(file.name());
  }
  pb::MergedDescriptorDatabase database(&files, &WellKnownTypes());
  Errors errors(path);
  pb::DescriptorPool pool(&database, &errors);
  pb::FileDescriptorSet set;
  if (!Collect(pool, names, &set)) return errors.ToStatus();
  return set;
}

absl::StatusOr<pb::FileDescriptorSet> ReadDirectory(const fs::path& directory) {
  std::vector<fs::path> protos;
  std::error_code error;
  fs::recursive_directory_iterator it(directory, fs::directory_options::skip_permission_denied, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->path().extension() != ".proto" || !it->is_regular_file(ignored)) continue;
    // Written beside the contract, but no part of it.
    if (it->path() != directory / kTransactionFile) protos.push_back(it->path());
  }
  if (error) return FileError(absl::StatusCode::kInvalidArgument, directory, error.message());
  std::ranges::sort(protos);
  if (!protos.empty()) return ParseProtos(directory, protos);
  const fs::path set = directory / kDescriptorSetFile;
  if (fs::exists(set, error)) return ParseSet(set);
  return FileError(absl::StatusCode::kNotFound, directory,
                   fmt::format("holds neither .proto files nor {}", kDescriptorSetFile));
}

}  // namespace

absl::StatusOr<int> Write(const Contract& contract, const std::string& directory) {
  const fs::path root = directory.empty() ? fs::path(".") : fs::path(directory);
  const pb::FileDescriptorSet files = AllFiles(contract);
  for (const auto& file : files.file()) {
    const fs::path name = fs::path(file.name()).lexically_normal();
    if (name.empty() || name.is_absolute() || *name.begin() == "..") {
      return FileError(absl::StatusCode::kInvalidArgument, file.name(), "leads out of the directory");
    }
    RETURN_IF_ERROR(WriteFile(root / name, ProtoText(file)));
  }
  RETURN_IF_ERROR(WriteFile(root / kTransactionFile, kTransactionProto));
  RETURN_IF_ERROR(WriteFile(root / kDescriptorSetFile, files.SerializeAsString()));
  std::error_code error;
  if (!fs::exists(root / kBufFile, error)) RETURN_IF_ERROR(WriteFile(root / kBufFile, kBufYaml));
  return files.file_size() + 1;
}

absl::StatusOr<pb::FileDescriptorSet> ReadFiles(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  const fs::file_status status = fs::status(absolute, error);
  if (path.empty() || !fs::exists(status)) {
    return FileError(absl::StatusCode::kNotFound, path, "there is no such file or directory");
  }
  if (fs::is_directory(status)) {
    // "dir/" as "dir": a path that ends in a slash is no parent of its files.
    return ReadDirectory(absolute.has_filename() ? absolute : absolute.parent_path());
  }
  if (absolute.extension() == ".proto") return ParseProtos(absolute.parent_path(), {absolute});
  return ParseSet(absolute);
}

}  // namespace protogres::contract
