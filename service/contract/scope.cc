#include "contract/scope.h"

#include <algorithm>
#include <iterator>

#include "contract/methods.h"
#include "contract/naming.h"
#include "contract/own_fields.h"
#include "fmt/format.h"
#include "text/ascii.h"

namespace protogres::contract {
namespace {

// What generated C++ puts before a field's name. "allocated_" meets "set_allocated_".
constexpr std::string_view kPrefixes[] = {"has_", "clear_",         "set_",       "mutable_",
                                          "add_", "set_allocated_", "allocated_", "release_"};
constexpr std::string_view kSuffixes[] = {"_size", "_bytes", "_value", "_builder", "_or_builder", "_field_builder"};

// Without case and `_`: members of every generated message in C++, Java, Go or
// Python, then macros and types that the members of generated C++ are written with, and keywords of C++20, which protoc
// 3.21 does not know yet.
constexpr std::string_view kReserved[] = {"descriptor",
                                          "defaultinstance",
                                          "unknownfields",
                                          "mutableunknownfields",
                                          "internaldefaultinstance",
                                          "protoreflect",
                                          "unknownfieldset",
                                          "hasfield",
                                          "assert",
                                          "errno",
                                          "sizet",
                                          "int32t",
                                          "int64t",
                                          "uint8t",
                                          "uint32t",
                                          "uint64t",
                                          "char8t",
                                          "coawait",
                                          "concept",
                                          "consteval",
                                          "constinit",
                                          "coreturn",
                                          "coyield",
                                          "requires",
                                          "serializetostring",
                                          "fromstring"};

// Which of kSuffixes generated code puts after a field's name, a bit each: C++
// after arrays, Java after strings, enums and messages.
unsigned SuffixesOf(const Type& type) {
  const unsigned size = type.repeated ? 1u : 0u;
  switch (type.kind) {
    case Kind::kString:
      return size | 2u;
    case Kind::kEnum:
      return size | 4u;
    case Kind::kMessage:
    case Kind::kTimestamp:
    case Kind::kJson:
      return size | 8u | 16u | 32u;
    default:
      return size;
  }
}

FieldScope OwnFieldsOf(KindSet requests, KindSet responses) {
  FieldScope scope;
  for (const RequestField& field : RequestFields()) {
    if (field.name != nullptr && field.kinds.Meets(requests)) scope.Take(field.name, KindOf(field.member));
  }
  for (const ResponseField& field : ResponseFields()) {
    if (field.name != nullptr && field.kinds.Meets(responses)) scope.Take(field.name, field.kind);
  }
  return scope;
}

}  // namespace

bool PackageScope::Take(const std::vector<std::string>& names) {
  if (std::ranges::any_of(names, [this](const std::string& name) { return Has(name); })) return false;
  names_.insert(names.begin(), names.end());
  return true;
}

bool FieldScope::Clashes(std::string_view name, const Type& type) const {
  const std::string squashed = Squash(name);
  if (squashed_.contains(squashed) || std::ranges::find(kReserved, squashed) != std::end(kReserved)) return true;
  const std::string lower = text::Lower(name);
  for (const std::string_view prefix : kPrefixes) {
    if (lower.starts_with(prefix) && fields_.contains(lower.substr(prefix.size()))) return true;
    if (has_prefixed_ && fields_.contains(std::string(prefix) + lower)) return true;
  }
  const unsigned own = SuffixesOf(type);
  for (unsigned i = 0; i < std::size(kSuffixes); ++i) {
    const std::string_view suffix = kSuffixes[i];
    if (has_suffixed_ && (own & (1u << i)) != 0 && fields_.contains(lower + std::string(suffix))) return true;
    if (!lower.ends_with(suffix)) continue;
    const auto base = fields_.find(lower.substr(0, lower.size() - suffix.size()));
    if (base != fields_.end() && (base->second & (1u << i)) != 0) return true;
  }
  return false;
}

void FieldScope::Take(std::string_view name, const Type& type) {
  squashed_.insert(Squash(name));
  std::string lower = text::Lower(name);
  has_prefixed_ |= std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return lower.starts_with(prefix); });
  has_suffixed_ |= std::ranges::any_of(kSuffixes, [&](std::string_view suffix) { return lower.ends_with(suffix); });
  fields_.emplace(std::move(lower), SuffixesOf(type));
}

void FieldScope::Take(std::string_view name, Kind kind) {
  Type type;
  type.kind = kind;
  Take(name, type);
}

FieldScope BesideColumns() {
  FieldScope scope;
  scope.Take(kEtagName, Kind::kString);
  return scope;
}

FieldScope BesideKey() {
  KindSet keyed;
  for (const MethodInfo& info : Methods()) {
    if (info.keyed) keyed.Add({info.kind});
  }
  return OwnFieldsOf(keyed, {});
}

FieldScope BesideRow() {
  KindSet requests;
  for (const RequestField& field : RequestFields()) {
    if (field.member == RequestMember(&Request::row)) requests.Add(field.kinds);
  }
  return OwnFieldsOf(requests, {});
}

FieldScope BesideRows() {
  KindSet requests;
  KindSet responses;
  for (const RequestField& field : RequestFields()) {
    if (field.name == nullptr && field.member == RequestMember(&Request::requests)) requests.Add(field.kinds);
  }
  for (const ResponseField& field : ResponseFields()) {
    if (field.name == nullptr) responses.Add(field.kinds);
  }
  return OwnFieldsOf(requests, responses);
}

std::string FreeName(std::string wanted, int number, const Type& type, const std::vector<const FieldScope*>& scopes) {
  while (std::ranges::any_of(scopes, [&](const FieldScope* scope) { return scope->Clashes(wanted, type); })) {
    wanted += fmt::format("_{}", number);
  }
  return wanted;
}

}  // namespace protogres::contract
