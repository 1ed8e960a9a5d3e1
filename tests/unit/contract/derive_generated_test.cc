// Names and comments that generated code can take.
#include <string>
#include <vector>

#include "catalog_builder.h"
#include "contract/derive.h"
#include "contract/naming.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "text/ascii.h"

namespace protogres::contract {
namespace {

using testing::Contains;

TEST(DeriveTest, APackageIsNoModuleOfPythonsOwn) {
  for (const char* name : {"test", "email", "queue", "statistics", "abc", "zoneinfo", "google", "cProfile"}) {
    CatalogBuilder builder;
    builder.catalog().database = name;
    builder.Table("a");
    const Contract contract = builder.Derive();
    const std::string word = text::Lower(name);
    EXPECT_EQ(contract.tables.front().package, word + "_schema.v1");
    EXPECT_THAT(contract.warnings, Contains("schema public: its package is " + word + "_schema.v1, as " + word +
                                            " is a module that Python would import in its place"));
  }
}

// grpc_cpp_plugin aborts over a "$" in the comment of a service, and Python reads the text as a string.
TEST(DeriveTest, AServicesCommentIsSafeInGeneratedCode) {
  CatalogBuilder builder;
  builder.Table("pri$ce \\u \"\"\"");
  const auto contract = builder.Derive();
  const auto pool = BuildPool(contract);
  google::protobuf::SourceLocation location;
  const auto* file = pool->FindFileByName(contract.tables[0].file);
  ASSERT_TRUE(file->service(0)->GetSourceLocation(&location));
  EXPECT_EQ(location.leading_comments, " The rows of public.pri\\x24ce \\x5cu \\x22\\x22\\x22.\n");
}

// Each of them stands beside columns or rows in some request, response or row.
TEST(DeriveTest, ColumnsAndTablesMayHaveTheNamesOfOwnFields) {
  for (const char* name :
       {"lock",        "etag",        "read_mask",   "show_deleted",    "allow_missing", "validate_only",
        "request_id",  "update_mask", "filter",      "max_affected",    "page_size",     "page_token",
        "order_by",    "requests",    "count_total", "next_page_token", "total_size",    "affected",
        "create_mask", "rows",        "expand"}) {
    CatalogBuilder builder;
    auto& relation = builder.Bare(name);
    builder.Column(relation, name, "text").not_null = true;
    builder.Column(relation, "deleted_at", "timestamptz");
    relation.key = {1};
    const Contract contract = builder.Derive();
    SCOPED_TRACE(name);
    BuildPool(contract);
    EXPECT_EQ(contract.tables[0].methods.size(), 15u);
  }
}

}  // namespace
}  // namespace protogres::contract
