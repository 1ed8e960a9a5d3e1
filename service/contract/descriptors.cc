#include "contract/descriptors.h"

#include <utility>

#include "contract/file_builder.h"
#include "contract/methods.h"
#include "contract/naming.h"
#include "contract/table_names.h"
#include "fmt/format.h"
#include "text/ascii.h"
#include "text/excerpt.h"

namespace protogres::contract {
namespace {

using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;

const FieldType kString = {FieldDescriptorProto::TYPE_STRING, ""};
const FieldType kBool = {FieldDescriptorProto::TYPE_BOOL, ""};
const FieldType kInt32 = {FieldDescriptorProto::TYPE_INT32, ""};
const FieldType kInt64 = {FieldDescriptorProto::TYPE_INT64, ""};
const FieldType kMask = {FieldDescriptorProto::TYPE_MESSAGE, "google.protobuf.FieldMask"};

constexpr char kReadMaskNote[] = "The fields to read; none: all (AIP-157).";
constexpr char kShowDeletedNote[] = "Reads soft-deleted rows too (AIP-164).";
constexpr char kValidateOnlyNote[] = "Runs everything and rolls it back (AIP-163).";
constexpr char kRequestIdNote[] =
    "The caller's own id of the request: sent again, it is answered as before and not run again (AIP-155).";
constexpr char kLockNote[] =
    "Locks the rows, in a transaction only: FOR UPDATE, FOR NO KEY UPDATE, FOR SHARE or FOR KEY SHARE, then nothing,\n"
    "NOWAIT or SKIP LOCKED.";
constexpr char kFilterNote[] = "Which rows (AIP-160).";

FieldType Message(const std::string& full_name) { return {FieldDescriptorProto::TYPE_MESSAGE, full_name}; }

FieldType TypeOf(const Contract& contract, const Type& type) {
  switch (type.kind) {
    case Kind::kInt32:
      return kInt32;
    case Kind::kInt64:
      return kInt64;
    case Kind::kUint32:
      return {FieldDescriptorProto::TYPE_UINT32, ""};
    case Kind::kFloat:
      return {FieldDescriptorProto::TYPE_FLOAT, ""};
    case Kind::kDouble:
      return {FieldDescriptorProto::TYPE_DOUBLE, ""};
    case Kind::kBool:
      return kBool;
    case Kind::kString:
      return kString;
    case Kind::kBytes:
      return {FieldDescriptorProto::TYPE_BYTES, ""};
    case Kind::kTimestamp:
      return Message("google.protobuf.Timestamp");
    case Kind::kJson:
      return Message("google.protobuf.Value");
    case Kind::kEnum:
      return {FieldDescriptorProto::TYPE_ENUM, contract.enums[static_cast<std::size_t>(type.index)].full_name};
    case Kind::kMessage:
      return Message(contract.composites[static_cast<std::size_t>(type.index)].full_name);
  }
  return kString;
}

std::string PackageOf(const std::string& full_name) { return full_name.substr(0, full_name.rfind('.')); }

void AddField(const Contract& contract, const Field& field, std::string_view comment, FileBuilder* file) {
  const FieldType type = TypeOf(contract, field.type);
  file->Field(field.name, field.number, type, field.type.repeated ? Presence::kRepeated : Presence::kOptional, comment);
  if (field.type.index >= 0) file->Import(TypesFileName(PackageOf(type.name)));
}

// Adds the messages of one table's methods.
class TableMessages {
 public:
  TableMessages(const Contract& contract, const Table& table, const MessageNotes& row, FileBuilder* file)
      : contract_(contract), table_(table), row_(row), file_(*file) {}

  void Row() {
    file_.BeginMessage(table_.message, row_.comment);
    for (std::size_t i = 0; i < table_.fields.size(); ++i) {
      AddField(contract_, table_.fields[i], row_.fields[i], &file_);
    }
    file_.Reserve(row_.dropped);
    if (table_.has_etag) Etag("Changes whenever the row does; given on Update, checked there (AIP-154).");
  }

  void Request(const Method& method) {
    file_.BeginMessage(method.request.substr(table_.package.size() + 1), "");
    switch (method.kind) {
      case MethodKind::kGet:
        Key();
        file_.Field("read_mask", number::kKeyedReadMask, kMask, Presence::kPlain, kReadMaskNote);
        ShowDeleted(number::kKeyedShowDeleted);
        Lock(number::kKeyedLock);
        break;
      case MethodKind::kBatchGet:
        Requests(MethodKind::kGet, "read");
        file_.Field("read_mask", number::kBatchReadMask, kMask, Presence::kPlain, kReadMaskNote);
        ShowDeleted(number::kBatchShowDeleted);
        Lock(number::kBatchLock);
        break;
      case MethodKind::kList:
        Listing("The most rows of a page (AIP-158).", "The next_page_token of the page before.");
        file_.Field("count_total", number::kCountTotal, kBool, Presence::kPlain, "Asks for total_size.");
        Lock(number::kLock);
        break;
      case MethodKind::kStream:
        Listing("The most rows of a chunk; 0: as many as make a good size.",
                "The next_page_token of a chunk: begins with the row after it.");
        break;
      case MethodKind::kImport:
        Rows("Rows to insert, in any number of messages; an unset field takes its column's default.");
        CreateMask(
            "For all rows, in the first message alone: the fields that are written as they are, unset ones as NULL.");
        break;
      case MethodKind::kCreate:
        RowField("The row to insert; an unset field takes its column's default.");
        CreateMask("The fields that are written as they are, unset ones as NULL; *: all that can be NULL.");
        Write();
        break;
      case MethodKind::kUpdate:
        RowField("The row's key, and the values that it is to have.");
        UpdateMask();
        if (HasUpsert(table_)) {
          file_.Field("allow_missing", number::kAllowMissing, kBool, Presence::kPlain,
                      "Inserts the row where it does not exist (AIP-134).");
        }
        Write();
        break;
      case MethodKind::kBatchCreate:
        Requests(MethodKind::kCreate, "insert");
        Write();
        break;
      case MethodKind::kBatchUpdate:
        Requests(MethodKind::kUpdate, "change");
        Write();
        break;
      case MethodKind::kBatchDelete:
        Requests(MethodKind::kDelete, "delete");
        Write();
        break;
      case MethodKind::kUpdateWhere:
        RowField("The values that the rows are to have.");
        UpdateMask();
        Write();
        Where();
        break;
      case MethodKind::kDeleteWhere:
        Write();
        Where();
        break;
      case MethodKind::kDelete:
      case MethodKind::kUndelete:
        Key();
        KeyedWrite(method.kind);
        break;
    }
  }

  // The message of a response that is neither a row nor Empty.
  void Response(const Method& method) {
    const std::string name = method.response.substr(table_.package.size() + 1);
    file_.BeginMessage(name, "");
    switch (method.kind) {
      case MethodKind::kImport:
      case MethodKind::kUpdateWhere:
      case MethodKind::kDeleteWhere:
        file_.Field("affected", number::kAffected, kInt64, Presence::kPlain, "How many rows there were.");
        break;
      case MethodKind::kList:
        Rows("A page of rows.");
        NextPageToken("The page_token of the next page; empty: this is the last one.");
        file_.Field("total_size", number::kTotalSize, kInt64, Presence::kOptional,
                    "How many rows all pages have, where count_total asks for it.");
        break;
      case MethodKind::kStream:
        Rows("A chunk of rows.");
        NextPageToken("The page_token of a new call that begins with the row after this chunk.");
        break;
      default:
        Rows("The rows, in the order of the requests.");
    }
  }

 private:
  void Key() {
    for (const int index : table_.key) {
      AddField(contract_, table_.field(index), "", &file_);
    }
  }

  void Etag(std::string_view comment) { file_.Field("etag", number::kEtag, kString, Presence::kPlain, comment); }

  void ShowDeleted(int field_number) {
    if (!table_.soft_delete.has_value()) return;
    file_.Field("show_deleted", field_number, kBool, Presence::kPlain, kShowDeletedNote);
  }

  void Lock(int field_number) {
    if (HasLock(table_)) file_.Field("lock", field_number, kString, Presence::kPlain, kLockNote);
  }

  void RowField(std::string_view comment) {
    file_.Field(table_.row_field, number::kRow, Message(table_.FullMessage()), Presence::kPlain, comment);
  }

  void Rows(std::string_view comment) {
    file_.Field(table_.rows_field, number::kRows, Message(table_.FullMessage()), Presence::kRepeated, comment);
  }

  void NextPageToken(std::string_view comment) {
    file_.Field("next_page_token", number::kNextPageToken, kString, Presence::kPlain, comment);
  }

  void CreateMask(std::string_view comment) {
    file_.Field("create_mask", number::kCreateMask, kMask, Presence::kPlain, comment);
  }

  void UpdateMask() {
    file_.Field("update_mask", number::kUpdateMask, kMask, Presence::kPlain,
                "The fields to write, unset ones as NULL; none: those that are set; *: all (AIP-134).");
  }

  void Requests(MethodKind single, std::string_view verb) {
    const std::string name = MethodName(single, table_.message, table_.plural);
    file_.Field("requests", number::kRequests, Message(table_.package + "." + name + "Request"), Presence::kRepeated,
                fmt::format("One for each row to {}; all or none of them succeed.", verb));
  }

  void Write() {
    file_.Field("validate_only", number::kValidateOnly, kBool, Presence::kPlain, kValidateOnlyNote);
    file_.Field("request_id", number::kRequestId, kString, Presence::kPlain, kRequestIdNote);
  }

  void Where() {
    file_.Field("filter", number::kWhereFilter, kString, Presence::kPlain, kFilterNote);
    file_.Field("max_affected", number::kMaxAffected, kInt64, Presence::kPlain,
                "Nothing is changed where more rows than this would be; 0: no limit.");
  }

  void KeyedWrite(MethodKind kind) {
    if (table_.has_etag) Etag("Where given, the row must still have it (AIP-154).");
    if (kind == MethodKind::kDelete) {
      file_.Field("allow_missing", number::kKeyedAllowMissing, kBool, Presence::kPlain,
                  "Succeeds where there is no such row (AIP-135).");
    }
    file_.Field("validate_only", number::kKeyedValidateOnly, kBool, Presence::kPlain, kValidateOnlyNote);
    file_.Field("request_id", number::kKeyedRequestId, kString, Presence::kPlain, kRequestIdNote);
  }

  // What requests of List and Stream have in common.
  void Listing(std::string_view page_size, std::string_view page_token) {
    file_.Field("page_size", number::kPageSize, kInt32, Presence::kPlain, page_size);
    file_.Field("page_token", number::kPageToken, kString, Presence::kPlain, page_token);
    file_.Field("filter", number::kFilter, kString, Presence::kPlain, kFilterNote);
    file_.Field("order_by", number::kOrderBy, kString, Presence::kPlain, "As in \"name desc, id\" (AIP-132).");
    file_.Field("read_mask", number::kReadMask, kMask, Presence::kPlain, kReadMaskNote);
    ShowDeleted(number::kShowDeleted);
  }

  const Contract& contract_;
  const Table& table_;
  const MessageNotes& row_;
  FileBuilder& file_;
};

std::string MethodNote(MethodKind kind, const Table& table) {
  const bool soft = table.soft_delete.has_value();
  switch (kind) {
    case MethodKind::kGet:
      return "Reads one row by its key (AIP-131).";
    case MethodKind::kBatchGet:
      return "Reads rows by their keys, all or none (AIP-231).";
    case MethodKind::kList:
      return "Reads rows by page, filter and order (AIP-132, 158, 160).";
    case MethodKind::kCreate:
      return "Inserts a row and returns it as it is stored (AIP-133).";
    case MethodKind::kBatchCreate:
      return "Inserts rows, all or none (AIP-233).";
    case MethodKind::kUpdate:
      return "Changes one row by its key and returns it (AIP-134).";
    case MethodKind::kBatchUpdate:
      return "Changes rows by their keys, all or none (AIP-234).";
    case MethodKind::kUpdateWhere:
      return "Gives all rows that meet a filter the same values.";
    case MethodKind::kDelete:
      return soft ? "Marks one row as deleted and returns it (AIP-135, 164)." : "Deletes one row by its key (AIP-135).";
    case MethodKind::kBatchDelete:
      return soft ? "Marks rows as deleted, all or none (AIP-235, 164)."
                  : "Deletes rows by their keys, all or none (AIP-235).";
    case MethodKind::kDeleteWhere:
      return soft ? "Marks all rows that meet a filter as deleted." : "Deletes all rows that meet a filter.";
    case MethodKind::kUndelete:
      return "Brings a row back that was marked as deleted (AIP-164).";
    case MethodKind::kStream:
      return "Reads any number of rows by filter and order, in chunks, as fast as the caller takes them.";
    case MethodKind::kImport:
      return "Inserts any number of rows, all or none.";
  }
  return "";
}

// In a service's comment: grpc_cpp_plugin takes "$" for the begin of a variable, and Python's makes a string of it.
std::string InServiceComment(const std::string& name) { return text::Escaped(name, "$\"\\"); }

Streaming StreamingOf(MethodKind kind) {
  if (kind == MethodKind::kStream) return Streaming::kServer;
  return kind == MethodKind::kImport ? Streaming::kClient : Streaming::kNone;
}

}  // namespace

FileDescriptorProto TableFile(const Contract& contract, const Table& table, const MessageNotes& row,
                              std::span<const Method> methods, const std::string& name) {
  FileBuilder file(name, table.package, table.message + "Proto", "");
  file.BeginService(table.message + "Service",
                    fmt::format("The rows of {}.", InServiceComment(table.schema + "." + table.name)));
  for (const Method& method : methods) {
    file.Method(MethodName(method.kind, table.message, table.plural), method.request, method.response,
                StreamingOf(method.kind), MethodNote(method.kind, table));
  }
  TableMessages messages(contract, table, row, &file);
  messages.Row();
  for (const Method& method : methods) {
    messages.Request(method);
    if (method.response == method.request.substr(0, method.request.size() - 7) + "Response") messages.Response(method);
  }
  return file.Finish();
}

FileDescriptorProto TypesFile(const Contract& contract, const TypeMap& types, const std::string& package,
                              const std::string& name, bool go_apart) {
  FileBuilder file(name, package, "TypesProto", go_apart ? "types" : "");
  for (std::size_t i = 0; i < contract.enums.size(); ++i) {
    const EnumNotes& notes = types.enums()[i];
    if (notes.package != package) continue;
    const std::string prefix = text::Upper(Snake(notes.name)) + "_";
    file.BeginEnum(notes.name, notes.comment);
    file.Value(prefix + "UNSPECIFIED", 0, "");
    for (const EnumValue& value : contract.enums[i].values) {
      const bool plain = text::Lower(value.name.substr(prefix.size())) == value.label;
      file.Value(value.name, value.number, plain ? "" : fmt::format("SQL: '{}'.", text::Escaped(value.label)));
    }
  }
  for (std::size_t i = 0; i < contract.composites.size(); ++i) {
    const MessageNotes& notes = types.composites()[i];
    if (notes.package != package) continue;
    file.BeginMessage(notes.name, notes.comment);
    const std::vector<Field>& fields = contract.composites[i].fields;
    for (std::size_t j = 0; j < fields.size(); ++j) AddField(contract, fields[j], notes.fields[j], &file);
    file.Reserve(notes.dropped);
  }
  return file.Finish();
}

}  // namespace protogres::contract
