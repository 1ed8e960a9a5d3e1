#include "db/result.h"

#include <cstdlib>
#include <utility>

#include "db/message.h"
#include "text/excerpt.h"

namespace protogres::db {
namespace {

std::optional<std::string_view> CellOf(const PGresult* result, int row, int column) {
  const auto size = static_cast<std::size_t>(PQgetlength(result, row, column));
  if (size == 0 && PQgetisnull(result, row, column) != 0) return std::nullopt;
  return std::string_view(PQgetvalue(result, row, column), size);
}

class Source : public Rows::Source {
 public:
  Source(Result result, Memory::Hold hold) : result_(std::move(result)), hold_(std::move(hold)) {}

  std::int64_t rows() const override { return PQntuples(result_.get()); }
  int columns() const override { return PQnfields(result_.get()); }
  std::int64_t affected() const override { return std::atoll(PQcmdTuples(result_.get())); }
  std::optional<std::string_view> Cell(std::int64_t row, int column) const override {
    return CellOf(result_.get(), static_cast<int>(row), column);
  }

 private:
  const Result result_;
  const Memory::Hold hold_;
};

class RowByRow : public Rows::Source {
 public:
  RowByRow(std::vector<Result> results, Memory::Hold hold, bool cut)
      : results_(std::move(results)), hold_(std::move(hold)), cut_(cut) {}

  std::int64_t rows() const override { return static_cast<std::int64_t>(results_.size()); }
  int columns() const override { return results_.empty() ? 0 : PQnfields(results_.front().get()); }
  std::int64_t affected() const override { return 0; }
  bool cut() const override { return cut_; }
  std::optional<std::string_view> Cell(std::int64_t row, int column) const override {
    return CellOf(results_[static_cast<std::size_t>(row)].get(), 0, column);
  }

 private:
  const std::vector<Result> results_;
  const Memory::Hold hold_;
  const bool cut_;
};

}  // namespace

bool IsError(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

status::ServerError ErrorOf(const PGresult* result) {
  const auto field = [result](int code) {
    const char* const text = PQresultErrorField(result, code);
    return std::string_view(text != nullptr ? text : "");
  };
  if (field(PG_DIAG_SQLSTATE).empty()) return {"", text::OneLine(PQresultErrorMessage(result)), "", "", ""};
  return FromFields({.sqlstate = field(PG_DIAG_SQLSTATE),
                     .message = field(PG_DIAG_MESSAGE_PRIMARY),
                     .detail = field(PG_DIAG_MESSAGE_DETAIL),
                     .hint = field(PG_DIAG_MESSAGE_HINT),
                     .context = field(PG_DIAG_CONTEXT),
                     .table = field(PG_DIAG_TABLE_NAME),
                     .constraint = field(PG_DIAG_CONSTRAINT_NAME),
                     .column = field(PG_DIAG_COLUMN_NAME),
                     .function = field(PG_DIAG_SOURCE_FUNCTION),
                     .position = field(PG_DIAG_STATEMENT_POSITION),
                     .internal_query = field(PG_DIAG_INTERNAL_QUERY)});
}

Rows RowsOf(Result result, Memory::Hold hold) {
  return Rows(std::make_shared<Source>(std::move(result), std::move(hold)));
}

Rows RowsOf(std::vector<Result> results, Memory::Hold hold, bool cut) {
  return Rows(std::make_shared<RowByRow>(std::move(results), std::move(hold), cut));
}

}  // namespace protogres::db
