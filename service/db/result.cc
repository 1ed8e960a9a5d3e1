#include "db/result.h"

#include <cstdlib>
#include <utility>

#include "db/message.h"

namespace protogres::db {
namespace {

class Source : public Rows::Source {
 public:
  explicit Source(Result result) : result_(std::move(result)) {}

  std::int64_t rows() const override { return PQntuples(result_.get()); }
  int columns() const override { return PQnfields(result_.get()); }
  std::int64_t affected() const override { return std::atoll(PQcmdTuples(result_.get())); }
  std::optional<std::string_view> Cell(std::int64_t row, int column) const override {
    const int at = static_cast<int>(row);
    const auto size = static_cast<std::size_t>(PQgetlength(result_.get(), at, column));
    if (size == 0 && PQgetisnull(result_.get(), at, column) != 0) return std::nullopt;
    return std::string_view(PQgetvalue(result_.get(), at, column), size);
  }

 private:
  const Result result_;
};

}  // namespace

bool IsError(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

ServerError ErrorOf(const PGresult* result) {
  const auto field = [result](int code) {
    const char* const text = PQresultErrorField(result, code);
    return std::string_view(text != nullptr ? text : "");
  };
  if (field(PG_DIAG_SQLSTATE).empty()) return {"", OneLine(PQresultErrorMessage(result)), "", "", ""};
  return FromFields({.sqlstate = field(PG_DIAG_SQLSTATE),
                     .message = field(PG_DIAG_MESSAGE_PRIMARY),
                     .detail = field(PG_DIAG_MESSAGE_DETAIL),
                     .hint = field(PG_DIAG_MESSAGE_HINT),
                     .context = field(PG_DIAG_CONTEXT),
                     .table = field(PG_DIAG_TABLE_NAME),
                     .constraint = field(PG_DIAG_CONSTRAINT_NAME),
                     .column = field(PG_DIAG_COLUMN_NAME),
                     .function = field(PG_DIAG_SOURCE_FUNCTION),
                     .position = field(PG_DIAG_STATEMENT_POSITION)});
}

Rows RowsOf(Result result) { return Rows(std::make_shared<Source>(std::move(result))); }

}  // namespace protogres::db
