// See proto_text.h.
#include "contract/proto_text.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "fmt/format.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "text/excerpt.h"

namespace protogres::contract {
namespace {

namespace pb = google::protobuf;

using Path = std::vector<int>;
using Names = std::set<std::string, std::less<>>;

constexpr int kMaxFieldNumber = pb::FieldDescriptor::kMaxNumber;

std::string Quoted(const std::string& text) { return fmt::format("\"{}\"", absl::Utf8SafeCEscape(text)); }

// protobuf's own rule: an underscore goes, and the letter after it is upper case.
std::string DefaultJsonName(std::string_view name) {
  std::string json;
  bool upper = false;
  for (char c : name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    json += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return json;
}

std::string_view FirstComponent(std::string_view name) { return name.substr(0, name.find('.')); }

bool HasComponent(std::string_view path, char separator, std::string_view component) {
  while (true) {
    const std::size_t end = path.find(separator);
    if (path.substr(0, end) == component) return true;
    if (end == std::string_view::npos) return false;
    path.remove_prefix(end + 1);
  }
}

// "name = value" of each option that is set.
std::vector<std::string> Options(const pb::Message& options) {
  std::vector<const pb::FieldDescriptor*> fields;
  const pb::Reflection& reflection = *options.GetReflection();
  reflection.ListFields(options, &fields);
  std::vector<std::string> result;
  for (const pb::FieldDescriptor* field : fields) {
    if (field->is_repeated() || field->is_extension()) continue;
    std::string value;
    switch (field->cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        value = reflection.GetBool(options, field) ? "true" : "false";
        break;
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        value = reflection.GetEnum(options, field)->name();
        break;
      case pb::FieldDescriptor::CPPTYPE_STRING:
        value = Quoted(reflection.GetString(options, field));
        break;
      default:
        continue;  // descriptor.proto has no options of other types
    }
    result.push_back(fmt::format("{} = {}", field->name(), value));
  }
  return result;
}

std::string_view ScalarName(pb::FieldDescriptorProto::Type type) {
  return pb::FieldDescriptor::TypeName(static_cast<pb::FieldDescriptor::Type>(type));
}

// Half-open ranges in, `reserved 2, 5 to 7;` out; `max` is the last number there is.
std::string Ranges(const std::vector<std::pair<int, int>>& inclusive, int max) {
  std::vector<std::string> parts;
  for (const auto& [first, last] : inclusive) {
    if (first == last) {
      parts.push_back(fmt::format("{}", first));
    } else {
      parts.push_back(last >= max ? fmt::format("{} to max", first) : fmt::format("{} to {}", first, last));
    }
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

class Printer {
 public:
  explicit Printer(const pb::FileDescriptorProto& file) : file_(file) {
    for (const auto& location : file.source_code_info().location()) {
      comments_.emplace(Path(location.path().begin(), location.path().end()), &location);
    }
    // Where something else may be called google, its types are written from the root.
    rooted_google_ = HasComponent(file.package(), '.', "google");
    for (const std::string& dependency : file.dependency()) {
      if (!dependency.starts_with("google/protobuf/")) rooted_google_ |= HasComponent(dependency, '/', "google");
    }
    for (const auto& message : file.message_type()) rooted_google_ |= message.name() == "google";
    for (const auto& type : file.enum_type()) rooted_google_ |= type.name() == "google";
  }

  std::string Print() {
    Comments({pb::FileDescriptorProto::kSyntaxFieldNumber});
    Line("syntax = \"proto3\";");
    if (!file_.package().empty()) {
      Line("");
      Comments({pb::FileDescriptorProto::kPackageFieldNumber});
      Line(fmt::format("package {};", file_.package()));
    }
    if (file_.dependency_size() > 0) Line("");
    for (const std::string& dependency : file_.dependency()) Line(fmt::format("import {};", Quoted(dependency)));
    const std::vector<std::string> options = Options(file_.options());
    if (!options.empty()) Line("");
    for (const std::string& option : options) Line(fmt::format("option {};", option));
    for (int i = 0; i < file_.service_size(); ++i) {
      Line("");
      Service(file_.service(i), {pb::FileDescriptorProto::kServiceFieldNumber, i});
    }
    for (int i = 0; i < file_.message_type_size(); ++i) {
      Line("");
      Message(file_.message_type(i), {pb::FileDescriptorProto::kMessageTypeFieldNumber, i});
    }
    for (int i = 0; i < file_.enum_type_size(); ++i) {
      Line("");
      Enum(file_.enum_type(i), {pb::FileDescriptorProto::kEnumTypeFieldNumber, i});
    }
    return std::move(text_);
  }

 private:
  void Line(std::string_view line) {
    if (!line.empty()) text_.append(indent_ * 2, ' ').append(line);
    text_ += '\n';
  }
  void Open(std::string_view line) {
    Line(fmt::format("{} {{", line));
    ++indent_;
  }
  void Close() {
    --indent_;
    Line("}");
  }

  void Comment(std::string_view comment) {
    while (!comment.empty() && comment.back() == '\n') comment.remove_suffix(1);
    while (true) {
      const std::size_t end = comment.find('\n');
      // Some compilers end a line at other control characters than \n.
      std::string line = text::WithoutControls(comment.substr(0, end));
      line.erase(line.find_last_not_of(' ') + 1);
      Line(line.empty() || line.front() == ' ' ? fmt::format("//{}", line) : fmt::format("// {}", line));
      if (end == std::string_view::npos) return;
      comment.remove_prefix(end + 1);
    }
  }

  void Comments(const Path& path) {
    const auto it = comments_.find(path);
    if (it == comments_.end()) return;
    for (const std::string& detached : it->second->leading_detached_comments()) {
      Comment(detached);
      Line("");
    }
    if (!it->second->leading_comments().empty()) Comment(it->second->leading_comments());
    if (!it->second->trailing_comments().empty()) Comment(it->second->trailing_comments());
  }

  static Path Child(Path path, int field, int index) {
    path.push_back(field);
    path.push_back(index);
    return path;
  }

  // As short as it can be said without another name of the scopes around it being found first, by
  // any compiler: some look at fields too. Lower-case words could be keywords.
  std::string TypeName(const std::string& type_name) const {
    const std::string full = type_name.starts_with('.') ? type_name.substr(1) : type_name;
    const std::string prefix = file_.package().empty() ? "" : file_.package() + ".";
    const auto shadowed = [this](std::string_view first) {
      return std::ranges::any_of(scopes_, [first](const Names& names) { return names.contains(first); });
    };
    if (full.starts_with("google.protobuf.")) return rooted_google_ || shadowed("google") ? "." + full : full;
    if (full.starts_with(prefix)) {
      const std::string relative = full.substr(prefix.size());
      const std::string_view first = FirstComponent(relative);
      if (first.front() >= 'A' && first.front() <= 'Z' && !shadowed(first)) return relative;
    }
    return "." + full;
  }

  template <typename Ranged>
  void Reserved(const Ranged& type, int end_is_exclusive, int max) {
    std::vector<std::pair<int, int>> ranges;
    for (const auto& range : type.reserved_range()) ranges.emplace_back(range.start(), range.end() - end_is_exclusive);
    if (!ranges.empty()) Line(fmt::format("reserved {};", Ranges(ranges, max)));
    std::vector<std::string> names;
    for (const std::string& name : type.reserved_name()) names.push_back(Quoted(name));
    if (!names.empty()) Line(fmt::format("reserved {};", fmt::join(names, ", ")));
  }

  static std::string Bracketed(const std::vector<std::string>& options) {
    return options.empty() ? "" : fmt::format(" [{}]", fmt::join(options, ", "));
  }

  void Message(const pb::DescriptorProto& message, const Path& path) {
    Names names;
    for (const auto& field : message.field()) names.insert(field.name());
    for (const auto& nested : message.nested_type()) names.insert(nested.name());
    for (const auto& nested : message.enum_type()) {
      names.insert(nested.name());
      for (const auto& value : nested.value()) names.insert(value.name());
    }
    scopes_.push_back(std::move(names));
    Comments(path);
    Open(fmt::format("message {}", message.name()));
    for (const std::string& option : Options(message.options())) Line(fmt::format("option {};", option));
    Reserved(message, 1, kMaxFieldNumber);
    for (int i = 0; i < message.enum_type_size(); ++i) {
      Enum(message.enum_type(i), Child(path, pb::DescriptorProto::kEnumTypeFieldNumber, i));
    }
    for (int i = 0; i < message.nested_type_size(); ++i) {
      Message(message.nested_type(i), Child(path, pb::DescriptorProto::kNestedTypeFieldNumber, i));
    }
    for (int i = 0; i < message.field_size(); ++i) {
      Comments(Child(path, pb::DescriptorProto::kFieldFieldNumber, i));
      Field(message.field(i));
    }
    Close();
    scopes_.pop_back();
  }

  void Field(const pb::FieldDescriptorProto& field) {
    std::vector<std::string> options = Options(field.options());
    if (field.has_json_name() && field.json_name() != DefaultJsonName(field.name())) {
      options.push_back(fmt::format("json_name = {}", Quoted(field.json_name())));
    }
    const std::string_view label = field.label() == pb::FieldDescriptorProto::LABEL_REPEATED ? "repeated "
                                   : field.proto3_optional()                                 ? "optional "
                                                                                             : "";
    const std::string type =
        field.type_name().empty() ? std::string(ScalarName(field.type())) : TypeName(field.type_name());
    Line(fmt::format("{}{} {} = {}{};", label, type, field.name(), field.number(), Bracketed(options)));
  }

  void Enum(const pb::EnumDescriptorProto& type, const Path& path) {
    Comments(path);
    Open(fmt::format("enum {}", type.name()));
    for (const std::string& option : Options(type.options())) Line(fmt::format("option {};", option));
    Reserved(type, 0, INT32_MAX);
    for (int i = 0; i < type.value_size(); ++i) {
      Comments(Child(path, pb::EnumDescriptorProto::kValueFieldNumber, i));
      const pb::EnumValueDescriptorProto& value = type.value(i);
      Line(fmt::format("{} = {}{};", value.name(), value.number(), Bracketed(Options(value.options()))));
    }
    Close();
  }

  void Service(const pb::ServiceDescriptorProto& service, const Path& path) {
    Names names;
    for (const auto& method : service.method()) names.insert(method.name());
    scopes_.push_back(std::move(names));
    Comments(path);
    Open(fmt::format("service {}", service.name()));
    for (const std::string& option : Options(service.options())) Line(fmt::format("option {};", option));
    for (int i = 0; i < service.method_size(); ++i) {
      Comments(Child(path, pb::ServiceDescriptorProto::kMethodFieldNumber, i));
      Method(service.method(i));
    }
    Close();
    scopes_.pop_back();
  }

  void Method(const pb::MethodDescriptorProto& method) {
    const std::string head = fmt::format("rpc {}({}{}) returns ({}{})", method.name(),
                                         method.client_streaming() ? "stream " : "", TypeName(method.input_type()),
                                         method.server_streaming() ? "stream " : "", TypeName(method.output_type()));
    const std::vector<std::string> options = Options(method.options());
    if (options.empty()) return Line(head + ";");
    Open(head);
    for (const std::string& option : options) Line(fmt::format("option {};", option));
    Close();
  }

  const pb::FileDescriptorProto& file_;
  std::map<Path, const pb::SourceCodeInfo::Location*> comments_;
  std::vector<Names> scopes_;  // the names in each message or service around
  bool rooted_google_ = false;
  std::size_t indent_ = 0;
  std::string text_;
};

}  // namespace

std::string ProtoText(const pb::FileDescriptorProto& file) { return Printer(file).Print(); }

}  // namespace protogres::contract
