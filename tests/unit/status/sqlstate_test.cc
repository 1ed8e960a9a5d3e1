// SQLSTATE -> Status, row by row.
#include "status/sqlstate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "status/status.h"

namespace protogres::status {
namespace {

using absl::StatusCode;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

bool Has(const absl::Status& status, const std::string& detail) {
  return status.GetPayload("type.googleapis.com/google.rpc." + detail).has_value();
}

struct Case {
  const char* sqlstate;
  StatusCode code;
  const char* reason;
};

class ErrorTest : public ::testing::TestWithParam<Case> {};

TEST_P(ErrorTest, Row) {
  const auto& [sqlstate, code, reason] = GetParam();
  const absl::Status status = ToStatus(
      {.sqlstate = sqlstate, .message = "what PostgreSQL said", .table = "t", .constraint = "t_key", .position = "8"});
  EXPECT_EQ(status.code(), code);
  EXPECT_EQ(status::ReasonOf(status), reason);
  EXPECT_EQ(Message(status), "what PostgreSQL said");
  EXPECT_EQ(status::MetadataOf(status, "sqlstate"), sqlstate);
  EXPECT_EQ(status::MetadataOf(status, "table"), "t");
  EXPECT_EQ(status::MetadataOf(status, "constraint"), "t_key");
  EXPECT_EQ(Has(status, "RetryInfo"), code == StatusCode::kAborted);
  EXPECT_EQ(Has(status, "BadRequest"), code == StatusCode::kInvalidArgument);
  EXPECT_EQ(CatalogMoved(status), std::string(reason) == "CATALOG_MOVED");
  const std::string state = sqlstate;
  const std::set<std::string> lost = {"25006", "25P03", "25P04", "40003"};
  EXPECT_EQ(ConnectionLost(status), state.starts_with("08") || state.starts_with("57P") || lost.count(state) > 0);
}

INSTANTIATE_TEST_SUITE_P(Table, ErrorTest,
                         ::testing::Values(Case{"08000", StatusCode::kUnavailable, "CONNECTION_LOST"},
                                           Case{"08006", StatusCode::kUnavailable, "CONNECTION_LOST"},
                                           Case{"08007", StatusCode::kUnknown, "COMMIT_IN_DOUBT"},
                                           Case{"0A000", StatusCode::kUnimplemented, "FEATURE_NOT_SUPPORTED"},
                                           Case{"21000", StatusCode::kInvalidArgument, "CARDINALITY_VIOLATION"},
                                           Case{"22001", StatusCode::kInvalidArgument, "VALUE_TOO_LONG"},
                                           Case{"22003", StatusCode::kInvalidArgument, "VALUE_OUT_OF_RANGE"},
                                           Case{"22007", StatusCode::kInvalidArgument, "INVALID_VALUE"},
                                           Case{"22P02", StatusCode::kInvalidArgument, "INVALID_VALUE"},
                                           Case{"23001", StatusCode::kFailedPrecondition, "RESTRICT_VIOLATION"},
                                           Case{"23502", StatusCode::kInvalidArgument, "NOT_NULL_VIOLATION"},
                                           Case{"23503", StatusCode::kFailedPrecondition, "FOREIGN_KEY_VIOLATION"},
                                           Case{"23505", StatusCode::kAlreadyExists, "UNIQUE_VIOLATION"},
                                           Case{"23514", StatusCode::kInvalidArgument, "CHECK_VIOLATION"},
                                           Case{"23P01", StatusCode::kFailedPrecondition, "EXCLUSION_VIOLATION"},
                                           Case{"23000", StatusCode::kFailedPrecondition, "INTEGRITY_VIOLATION"},
                                           Case{"25006", StatusCode::kUnavailable, "READ_ONLY_SERVER"},
                                           Case{"25P02", StatusCode::kFailedPrecondition, "TRANSACTION_ABORTED"},
                                           Case{"25P03", StatusCode::kUnavailable, "IDLE_IN_TRANSACTION"},
                                           Case{"25P04", StatusCode::kDeadlineExceeded, "TRANSACTION_TIMEOUT"},
                                           Case{"26000", StatusCode::kAborted, "STATEMENT_LOST"},
                                           Case{"42P05", StatusCode::kAborted, "STATEMENT_LOST"},
                                           Case{"28P01", StatusCode::kUnauthenticated, "AUTHENTICATION_FAILED"},
                                           Case{"28000", StatusCode::kUnauthenticated, "AUTHENTICATION_FAILED"},
                                           Case{"3D000", StatusCode::kNotFound, "DATABASE_NOT_FOUND"},
                                           Case{"3F000", StatusCode::kFailedPrecondition, "CATALOG_MOVED"},
                                           Case{"40001", StatusCode::kAborted, "SERIALIZATION_FAILURE"},
                                           Case{"40000", StatusCode::kAborted, "SERIALIZATION_FAILURE"},
                                           Case{"40002", StatusCode::kFailedPrecondition, "INTEGRITY_VIOLATION"},
                                           Case{"40003", StatusCode::kUnknown, "COMMIT_IN_DOUBT"},
                                           Case{"40P01", StatusCode::kAborted, "DEADLOCK_DETECTED"},
                                           Case{"42501", StatusCode::kPermissionDenied, "PERMISSION_DENIED"},
                                           Case{"42P01", StatusCode::kFailedPrecondition, "CATALOG_MOVED"},
                                           Case{"42P10", StatusCode::kFailedPrecondition, "CATALOG_MOVED"},
                                           Case{"42703", StatusCode::kFailedPrecondition, "CATALOG_MOVED"},
                                           Case{"42704", StatusCode::kFailedPrecondition, "CATALOG_MOVED"},
                                           Case{"42804", StatusCode::kFailedPrecondition, "CATALOG_MOVED"},
                                           Case{"42809", StatusCode::kFailedPrecondition, "CATALOG_MOVED"},
                                           Case{"42883", StatusCode::kFailedPrecondition, "CATALOG_MOVED"},
                                           Case{"428C9", StatusCode::kFailedPrecondition, "CATALOG_MOVED"},
                                           Case{"42601", StatusCode::kInternal, "INVALID_STATEMENT"},
                                           Case{"44000", StatusCode::kInvalidArgument, "CHECK_OPTION_VIOLATION"},
                                           Case{"45000", StatusCode::kFailedPrecondition, "RAISED_EXCEPTION"},
                                           Case{"53300", StatusCode::kResourceExhausted, "TOO_MANY_CONNECTIONS"},
                                           Case{"53100", StatusCode::kResourceExhausted, "INSUFFICIENT_RESOURCES"},
                                           Case{"54001", StatusCode::kInvalidArgument, "LIMIT_EXCEEDED"},
                                           Case{"55P03", StatusCode::kAborted, "LOCK_NOT_AVAILABLE"},
                                           Case{"55000", StatusCode::kFailedPrecondition, "OBJECT_NOT_READY"},
                                           Case{"55006", StatusCode::kFailedPrecondition, "OBJECT_NOT_READY"},
                                           Case{"57014", StatusCode::kAborted, "QUERY_CANCELLED"},
                                           Case{"57P01", StatusCode::kUnavailable, "SERVER_SHUTDOWN"},
                                           Case{"57P03", StatusCode::kUnavailable, "SERVER_SHUTDOWN"},
                                           Case{"P0001", StatusCode::kFailedPrecondition, "RAISED_EXCEPTION"},
                                           Case{"P0002", StatusCode::kNotFound, "RAISED_EXCEPTION"},
                                           Case{"P0004", StatusCode::kFailedPrecondition, "RAISED_EXCEPTION"},
                                           Case{"PG005", StatusCode::kNotFound, "RAISED_EXCEPTION"},
                                           Case{"PG010", StatusCode::kAborted, "RAISED_EXCEPTION"},
                                           Case{"PG001", StatusCode::kInternal, "INTERNAL"},
                                           Case{"PT404", StatusCode::kNotFound, "RAISED_EXCEPTION"},
                                           Case{"PT200", StatusCode::kInternal, "INTERNAL"},
                                           Case{"2D000", StatusCode::kFailedPrecondition, "TRANSACTION_IN_PROCEDURE"},
                                           Case{"XX000", StatusCode::kInternal, "INTERNAL"},
                                           Case{"58030", StatusCode::kInternal, "INTERNAL"},
                                           Case{"", StatusCode::kInternal, "INTERNAL"}),
                         [](const auto& row) { return std::string(row.param.sqlstate) + "_" + row.param.reason; });

TEST(ErrorTableTest, EveryRowIsReachedByItsOwnPrefix) {
  const auto table = ErrorTable();
  for (std::size_t i = 0; i < table.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_FALSE(std::string(table[i].prefix).starts_with(table[j].prefix))
          << table[i].prefix << " is hidden by " << table[j].prefix;
    }
    EXPECT_STRNE(table[i].meaning, "") << table[i].prefix;
  }
  EXPECT_STREQ(table.back().prefix, "") << "everything else has no row";
}

TEST(ErrorTableTest, ACachedPlanMeansThatTheCatalogMoved) {
  const absl::Status status = ToStatus({"0A000", "cached plan must not change result type", "", "", ""});
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(CatalogMoved(status));
}

TEST(ErrorTableTest, OnlyAnErrorWithAPlaceInTheStatementIsOfItsText) {
  EXPECT_EQ(ReasonOf(ToStatus({.sqlstate = "42601", .message = "ltree syntax error at character 2"})), "INVALID_VALUE");
  EXPECT_EQ(ReasonOf(ToStatus({.sqlstate = "42602", .message = "syntax error in tsquery"})), "INVALID_VALUE");
  for (const char* state : {"42P01", "42703", "42704", "42883"}) {
    const absl::Status found = ToStatus({.sqlstate = state, .message = "a value or a setting names it"});
    EXPECT_EQ(ReasonOf(found), "RAISED_EXCEPTION") << state;
    EXPECT_EQ(found.code(), StatusCode::kFailedPrecondition) << state;
    EXPECT_TRUE(CatalogMoved(ToStatus({.sqlstate = state, .message = "of a COPY", .no_positions = true}))) << state;
  }
  EXPECT_EQ(ReasonOf(ToStatus({.sqlstate = "42601", .message = "syntax error at or near", .in_code = true})),
            "INVALID_STATEMENT");
}

TEST(ErrorTableTest, WhatAFunctionRaisesIsNoMoveOfTheCatalogAndNoLostStatement) {
  for (const char* state : {"26000", "42P05", "3F000", "42804", "42P01"}) {
    EXPECT_EQ(ReasonOf(ToStatus({.sqlstate = state, .function = "exec_stmt_raise"})), "RAISED_EXCEPTION") << state;
  }
  EXPECT_TRUE(StatementLost(ToStatus({.sqlstate = "26000", .function = "FetchPreparedStatement"})));
}

TEST(ErrorTableTest, ATypeThatIsGoneMeansThatTheCatalogMoved) {
  EXPECT_TRUE(CatalogMoved(ToStatus({.sqlstate = "XX000", .message = "cache lookup failed for type 16401"})));
  EXPECT_FALSE(CatalogMoved(ToStatus({.sqlstate = "XX000", .message = "cache lookup failed for relation 16401"})));
}

TEST(ErrorTableTest, OnlyPostgreSQLSaysWhatBecameOfACommit) {
  EXPECT_TRUE(SaysRolledBack({.sqlstate = "23505", .function = "_bt_check_unique"}));
  EXPECT_FALSE(SaysRolledBack({.sqlstate = "58000", .message = "a pooler's"}));
  EXPECT_FALSE(SaysRolledBack({.sqlstate = "08006", .function = "libpqrcv_exec"}));
  EXPECT_FALSE(SaysRolledBack({.message = "out of memory"}));
}

TEST(ErrorTableTest, StatementTimeoutIsADeadline) {
  const absl::Status status = ToStatus({"57014", "canceling statement due to statement timeout", "", "", ""});
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(status::ReasonOf(status), "STATEMENT_TIMEOUT");
  EXPECT_NE(Message(status).find("--statement_timeout"), std::string::npos);
}

TEST(ErrorTableTest, ABadColumnIsNamedInTheMetadata) {
  const absl::Status status = ToStatus({"23502", "null value", "customer", "", "email"});
  EXPECT_EQ(Message(status), "null value") << "the field's path is the caller's to add";
  EXPECT_EQ(status::MetadataOf(status, "column"), "email");
}

TEST(ErrorTableTest, NoMessageIsStillAMessage) { EXPECT_FALSE(ToStatus({"XX000", "", "", "", ""}).message().empty()); }

TEST(ErrorTableTest, OkIsNoError) {
  EXPECT_FALSE(CatalogMoved(absl::OkStatus()));
  EXPECT_FALSE(ConnectionLost(absl::OkStatus()));
  EXPECT_FALSE(ConnectionLost(absl::UnavailableError("of no connection")));
}

}  // namespace
}  // namespace protogres::status
