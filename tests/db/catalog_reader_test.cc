// The catalog reader against a real PostgreSQL and the hostile schema.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "catalog/reader.h"
#include "support/catalog.h"

namespace protogres::catalog {
namespace {

using testing::Database;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::ReadCatalog;
using ::testing::StartsWith;

const Relation* Find(const Catalog& catalog, const std::string& name, const std::string& schema = "public") {
  for (const Relation& relation : catalog.relations) {
    if (relation.schema == schema && relation.name == name) return &relation;
  }
  return nullptr;
}

std::vector<std::string> Names(const Catalog& catalog) {
  std::vector<std::string> names;
  for (const Relation& relation : catalog.relations) names.push_back(relation.schema + "." + relation.name);
  return names;
}

// "RIU" of a column, "-" for what the role may not do.
std::string Rights(const Relation& relation, const std::string& column) {
  const Column* found = relation.FindColumn(column);
  if (found == nullptr) return "no such column";
  return std::string() + (found->readable ? 'R' : '-') + (found->insertable ? 'I' : '-') +
         (found->updatable ? 'U' : '-');
}

// "IUD" of a relation.
std::string Rights(const Relation& relation) {
  return std::string() + (relation.insertable ? 'I' : '-') + (relation.updatable ? 'U' : '-') +
         (relation.deletable ? 'D' : '-');
}

class HostileTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    database_ = new Database();
    testing::LoadFile(*database_, testing::SupportFile("hostile.sql"));
    absl::StatusOr<Catalog> catalog = ReadCatalog(*database_);
    ASSERT_TRUE(catalog.ok()) << catalog.status();
    catalog_ = new Catalog(*std::move(catalog));
  }
  static void TearDownTestSuite() {
    delete catalog_;
    delete database_;
  }

  // Of public, unless said otherwise.
  const Relation& Get(const std::string& name, const std::string& schema = "public") const {
    const Relation* relation = Find(*catalog_, name, schema);
    static const Relation none;
    EXPECT_NE(relation, nullptr) << name;
    return relation == nullptr ? none : *relation;
  }
  const Type& TypeOf(const std::string& relation, const std::string& column) const {
    static const Type none;
    const Column* found = Get(relation).FindColumn(column);
    const Type* type = found == nullptr ? nullptr : catalog_->FindType(found->type);
    EXPECT_NE(type, nullptr) << relation << "." << column;
    return type == nullptr ? none : *type;
  }

  static Database* database_;
  static Catalog* catalog_;
};
Database* HostileTest::database_ = nullptr;
Catalog* HostileTest::catalog_ = nullptr;

TEST_F(HostileTest, SaysWhatTheDatabaseIs) {
  EXPECT_EQ(catalog_->database, database_->name());
  EXPECT_GE(catalog_->server_version, 130000);
  EXPECT_EQ(catalog_->server_encoding, "UTF8");
  EXPECT_THAT(catalog_->schemas,
              ElementsAre("Odd Schema; DROP", "Types & Co", "empty_schema", "forbidden", "google", "public", "v1"));
}

TEST_F(HostileTest, RelationsAreSortedAndPartitionsAndTemporaryOnesLeftOut) {
  const std::vector<std::string> names = Names(*catalog_);
  EXPECT_THAT(names, ::testing::Not(IsEmpty()));
  EXPECT_TRUE(std::ranges::is_sorted(
      catalog_->relations, {}, [](const Relation& relation) { return std::pair(relation.schema, relation.name); }));
  for (const char* absent : {"part_range_2020", "part_range_2020_1", "part_attached", "part_list_a", "temporary",
                             "lonely_sequence", "money_amount"}) {
    EXPECT_EQ(Find(*catalog_, absent), nullptr) << absent;
  }
  for (const char* present : {"odd \"name\"", " ", "🐘", "no_columns", "child", "unlogged", "part_none"}) {
    EXPECT_NE(Find(*catalog_, present), nullptr) << present;
  }
}

TEST_F(HostileTest, KindsOfRelations) {
  EXPECT_EQ(Get("soft").kind, RelationKind::kTable);
  EXPECT_EQ(Get("part_range").kind, RelationKind::kPartitioned);
  EXPECT_EQ(Get("view_simple").kind, RelationKind::kView);
  EXPECT_EQ(Get("matview").kind, RelationKind::kMaterializedView);
  if (const Relation* foreign = Find(*catalog_, "foreign_file")) {
    EXPECT_EQ(foreign->kind, RelationKind::kForeign);
    EXPECT_EQ(Rights(*foreign), "---");
    EXPECT_TRUE(foreign->FindColumn("id")->not_null);
  }
  if (const Relation* foreign = Find(*catalog_, "foreign_unreachable")) {
    EXPECT_EQ(Rights(*foreign), "IUD");
  }
  if (const Relation* foreign = Find(*catalog_, "foreign_readonly")) {
    EXPECT_EQ(Rights(*foreign), "---");
  }
}

TEST_F(HostileTest, KeysAreInTheirOwnOrderAndWithoutIncludedColumns) {
  EXPECT_THAT(Get("composite_key").key, ElementsAre(3, 1, 2));
  EXPECT_THAT(Get("part_range").key, ElementsAre(1, 2));
  EXPECT_THAT(Get("dropped").key, ElementsAre(4));
  EXPECT_THAT(Get("keyless").key, IsEmpty());
  EXPECT_THAT(Get("matview").key, ElementsAre(1));  // its table's
  EXPECT_THAT(Get("child").key, IsEmpty());
}

TEST_F(HostileTest, DroppedColumnsKeepTheirNumbers) {
  EXPECT_THAT(Get("dropped").dropped, ElementsAre(1, 3, 6));
  EXPECT_EQ(Get("dropped").FindColumn("a")->number, 7);
  EXPECT_THAT(Get("only_dropped").columns, IsEmpty());
  EXPECT_THAT(Get("only_dropped").dropped, ElementsAre(1));
  EXPECT_THAT(Get("no_columns").columns, IsEmpty());
}

TEST_F(HostileTest, DefaultsIdentitiesAndGeneratedColumns) {
  const Relation& table = Get("identities");
  EXPECT_EQ(table.FindColumn("id")->generated, Generated::kIdentityAlways);
  EXPECT_EQ(table.FindColumn("d")->generated, Generated::kIdentityByDefault);
  EXPECT_EQ(table.FindColumn("gen")->generated, Generated::kExpression);
  EXPECT_EQ(table.FindColumn("s")->generated, Generated::kNo);
  for (const char* defaulted : {"id", "d", "s", "def", "now", "gen"}) {
    EXPECT_TRUE(table.FindColumn(defaulted)->has_default) << defaulted;
  }
  EXPECT_FALSE(table.FindColumn("r")->has_default);
  EXPECT_TRUE(table.FindColumn("r")->not_null);
  EXPECT_TRUE(Get("value_user_types").FindColumn("df")->has_default);
  EXPECT_TRUE(Get("value_user_types").FindColumn("re")->not_null);
  EXPECT_FALSE(Get("value_user_types").FindColumn("e")->not_null);
  EXPECT_TRUE(Get("view_defaulted").FindColumn("name")->has_default);
  EXPECT_FALSE(Get("view_defaulted").FindColumn("id")->not_null);
}

TEST_F(HostileTest, VirtualColumnsAreGenerated) {
  if (catalog_->server_version < 180000) GTEST_SKIP() << "virtual generated columns are of PostgreSQL 18";
  const Database database;
  database.Exec(
      "CREATE TABLE item (id uuid PRIMARY KEY DEFAULT uuidv7(), n int, twice int GENERATED ALWAYS AS (n * 2))");
  const absl::StatusOr<Catalog> catalog = ReadCatalog(database);
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_EQ(Find(*catalog, "item")->FindColumn("twice")->generated, Generated::kExpression);
  EXPECT_TRUE(Find(*catalog, "item")->FindColumn("id")->has_default);
}

TEST_F(HostileTest, NamesAndTypesForPeople) {
  const Relation& odd = Get("odd \"name\"");
  EXPECT_EQ(odd.FindColumn(13)->name, "x'); DROP TABLE message; --");
  EXPECT_EQ(odd.FindColumn(14)->name, "new\nline");
  EXPECT_EQ(Get("value_numerics").FindColumn("p")->sql_type, "numeric(10,2)");
  EXPECT_EQ(Get("value_user_types").FindColumn("ms")->sql_type, "\"Types & Co\".\"Mood\"[]");
  EXPECT_EQ(Get("value_user_types").FindColumn("e")->sql_type, "public.email");
}

TEST_F(HostileTest, Comments) {
  EXPECT_THAT(Get("commented").comment, StartsWith("People.\n\n@protogres name=Person\nSecond paragraph: */"));
  EXPECT_EQ(Get("commented").FindColumn("hidden")->comment, "@protogres omit");
  EXPECT_EQ(Get("view_grouped").comment, "@protogres key=name");
  EXPECT_THAT(TypeOf("value_user_types", "m").comment, StartsWith("How it feels."));
  EXPECT_EQ(TypeOf("value_user_types", "ma").attributes.at(0).comment, "Exact.");
  EXPECT_EQ(Get("soft").comment, "");
}

TEST_F(HostileTest, WhatViewsCanBeWrittenIsWhatPostgresqlSays) {
  EXPECT_EQ(Rights(Get("view_simple")), "IUD");
  EXPECT_EQ(Rights(Get("view_nested")), "IUD");
  EXPECT_EQ(Rights(Get("view_joined")), "---");
  EXPECT_EQ(Rights(Get("view_of_readonly")), "---");
  EXPECT_EQ(Rights(Get("matview")), "---");
  EXPECT_EQ(Rights(Get("matview"), "id"), "R--");
  EXPECT_EQ(Rights(Get("view_mixed"), "name"), "RIU");
  EXPECT_EQ(Rights(Get("view_mixed"), "shout"), "R--");
  EXPECT_EQ(Rights(Get("view_trigger")), "I--");
  EXPECT_EQ(Rights(Get("view_trigger"), "parent"), "RI-");
  EXPECT_EQ(Rights(Get("view_ruled")), "-U-");
  EXPECT_EQ(Rights(Get("view_ruled"), "name"), "R-U");
}

TEST_F(HostileTest, TypesAreTheClosureOfTheColumns) {
  for (const Relation& relation : catalog_->relations) {
    for (const Column& column : relation.columns) {
      EXPECT_NE(catalog_->FindType(column.type), nullptr) << relation.name << "." << column.name;
    }
  }
  for (const auto& [oid, type] : catalog_->types) {
    EXPECT_EQ(oid, type.oid);
    EXPECT_EQ(type.element != 0, type.kind == TypeKind::kArray) << type.name;
    EXPECT_EQ(type.base != 0, type.kind == TypeKind::kDomain) << type.name;
    for (const Oid inner : {type.element, type.base}) EXPECT_TRUE(inner == 0 || catalog_->FindType(inner) != nullptr);
    for (const Attribute& attribute : type.attributes) EXPECT_NE(catalog_->FindType(attribute.type), nullptr);
  }
  EXPECT_EQ(TypeOf("value_arrays", "i").kind, TypeKind::kArray);
  EXPECT_EQ(TypeOf("value_system", "iv").kind, TypeKind::kBase);  // int2vector: "1 2", not "{1,2}"
  EXPECT_EQ(TypeOf("value_user_types", "mx").kind, TypeKind::kDomain);
  EXPECT_EQ(TypeOf("value_ranges", "i4").kind, TypeKind::kRange);
}

TEST_F(HostileTest, LabelsAreInTheOrderOfTheirCreation) {
  const Type& mood = TypeOf("value_user_types", "m");
  EXPECT_EQ(mood.schema, "Types & Co");
  EXPECT_EQ(mood.labels.front(), "");
  EXPECT_EQ(mood.labels.at(mood.labels.size() - 2), "first");
  EXPECT_EQ(mood.labels.back(), "renamed");
  EXPECT_THAT(TypeOf("value_user_types", "en").labels, IsEmpty());
}

TEST_F(HostileTest, CompositesHaveTheirAttributesAndWhatWasDropped) {
  const Type& money = TypeOf("value_user_types", "ma");
  ASSERT_EQ(money.attributes.size(), 4u);
  EXPECT_EQ(money.attributes[1].name, "Currency Code");
  EXPECT_EQ(money.attributes[3].number, 5);
  EXPECT_THAT(money.dropped, ElementsAre(3));
  EXPECT_THAT(TypeOf("value_user_types", "rs").dropped, ElementsAre(2));
  EXPECT_THAT(TypeOf("value_user_types", "ec").attributes, IsEmpty());
}

// What the reader says of = and <, PostgreSQL must do.
TEST_F(HostileTest, ComparableAndOrderableTypesHaveTheirOperators) {
  for (const auto& [oid, type] : catalog_->types) {
    const std::string sql_type = database_->Value("SELECT format_type(" + std::to_string(oid) + ", NULL)");
    const std::string column = "(SELECT NULL::" + sql_type + " WHERE false)";
    if (type.comparable) {
      EXPECT_NO_THROW(database_->Value("SELECT " + column + " = " + column)) << sql_type;
    }
    if (type.orderable) {
      EXPECT_NO_THROW(database_->Value("SELECT " + column + " < " + column)) << sql_type;
    }
  }
  for (const char* column : {"i", "b", "t", "n", "by", "ts", "u", "j", "r", "v"}) {
    EXPECT_TRUE(TypeOf("value_arrays", column).orderable) << column;
  }
  EXPECT_FALSE(TypeOf("value_arrays", "bo").comparable);
  EXPECT_TRUE(TypeOf("value_texts", "v").orderable);
  EXPECT_TRUE(TypeOf("value_user_types", "m").orderable);
  EXPECT_TRUE(TypeOf("value_user_types", "re").orderable);
  EXPECT_TRUE(TypeOf("value_user_types", "ne").orderable);
  EXPECT_FALSE(TypeOf("value_user_types", "gm").comparable);  // a domain over an enum
  EXPECT_FALSE(TypeOf("value_json", "j").comparable);
  EXPECT_TRUE(TypeOf("value_json", "b").comparable);
  EXPECT_FALSE(TypeOf("value_geometry", "p").comparable);
  EXPECT_TRUE(TypeOf("value_system", "xi").comparable);
  EXPECT_FALSE(TypeOf("value_system", "xi").orderable);
}

TEST_F(HostileTest, RightsAreTheRolesOwn) {
  const absl::StatusOr<Catalog> catalog = ReadCatalog(*database_, {}, "hostile_reader");
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_THAT(catalog->schemas, ElementsAre("public"));  // no USAGE on the others
  const Relation& revoked = *Find(*catalog, "revoked");
  EXPECT_EQ(Rights(revoked, "id"), "RI-");
  EXPECT_EQ(Rights(revoked, "open"), "RI-");
  EXPECT_EQ(Rights(revoked, "secret"), "---");
  EXPECT_EQ(Rights(revoked, "written"), "-IU");
  EXPECT_EQ(Rights(revoked), "IU-");
  EXPECT_EQ(Rights(*Find(*catalog, "soft")), "--D");
  EXPECT_EQ(Rights(*Find(*catalog, "soft"), "name"), "R--");
  EXPECT_EQ(Rights(*Find(*catalog, "unreadable"), "id"), "---");
  EXPECT_EQ(Rights(*Find(*catalog, "view_simple"), "id"), "RIU");
  EXPECT_EQ(Rights(*Find(*catalog, "view_trigger"), "id"), "RI-");
}

TEST_F(HostileTest, OnlyTheSchemasAskedFor) {
  const absl::StatusOr<Catalog> catalog = ReadCatalog(*database_, {"v1", "Odd Schema; DROP", "v1"});
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_THAT(catalog->schemas, ElementsAre("Odd Schema; DROP", "v1"));
  EXPECT_THAT(Names(*catalog), ElementsAre("Odd Schema; DROP.message", "v1.v1"));
  const absl::StatusOr<Catalog> empty = ReadCatalog(*database_, {"empty_schema"});
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_THAT(empty->relations, IsEmpty());
  EXPECT_THAT(empty->types, IsEmpty());
}

TEST_F(HostileTest, ASchemaThatCannotBeReadIsAnError) {
  const absl::Status missing = ReadCatalog(*database_, {"public", "nope", "x'; --"}).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("has no schema \"nope\", \"x'; --\""));
  const absl::Status forbidden = ReadCatalog(*database_, {"forbidden"}, "hostile_reader").status();
  EXPECT_EQ(forbidden.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(forbidden.message()), HasSubstr("may not use schema \"forbidden\""));
}

TEST_F(HostileTest, ASchemaOfTheSearchPathMustExistToo) {
  const auto read = [](const std::string& role, const std::vector<std::string>& search_path) {
    return ReadCatalog(*database_, {}, role, nullptr, search_path);
  };
  const absl::StatusOr<Catalog> catalog = read("", {"$user", "public", "pg_temp", "pg_catalog"});
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_TRUE(*catalog == *catalog_);
  EXPECT_THAT(std::string(read("", {"public", "nope"}).status().message()),
              HasSubstr("has no schema \"nope\", which --schemas or --search_path names"));
  EXPECT_THAT(std::string(read("hostile_reader", {"forbidden"}).status().message()),
              HasSubstr("may not use schema \"forbidden\""));
}

TEST_F(HostileTest, TheSameEachTime) {
  const absl::StatusOr<Catalog> again = ReadCatalog(*database_);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(*again == *catalog_);
}

TEST(CatalogReaderTest, AnEmptyDatabase) {
  const Database database;
  absl::StatusOr<Catalog> catalog = ReadCatalog(database);
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_THAT(catalog->schemas, ElementsAre("public"));
  EXPECT_THAT(catalog->relations, IsEmpty());
  database.Exec("DROP SCHEMA public");
  catalog = ReadCatalog(database);
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_THAT(catalog->schemas, IsEmpty());
}

// As an extension's type has them.
TEST(CatalogReaderTest, WhereOperatorsAre) {
  const Database database;
  database.Exec(R"(
    CREATE SCHEMA ext;
    CREATE TYPE ext.part AS (a int);
    CREATE TYPE ext.whole AS (a int);
    CREATE FUNCTION ext.less(ext.part, ext.part) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1.a < $2.a';
    CREATE FUNCTION ext.compare(ext.part, ext.part) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1.a - $2.a';
    CREATE OPERATOR ext.< (leftarg = ext.part, rightarg = ext.part, function = ext.less);
    CREATE OPERATOR CLASS ext.part_ops DEFAULT FOR TYPE ext.part USING btree AS
      OPERATOR 1 ext.<, FUNCTION 1 ext.compare(ext.part, ext.part);
    CREATE TABLE t (part ext.part, parts ext.part[], whole ext.whole, name varchar, n int, mood text);)");
  const absl::StatusOr<Catalog> catalog = ReadCatalog(database);
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  std::map<std::string, std::string> schemas;
  for (const auto& [oid, type] : catalog->types) schemas[type.name] = type.operator_schema;
  EXPECT_THAT(schemas, ElementsAre(Pair("_part", ""), Pair("bool", ""), Pair("int4", ""), Pair("part", "ext"),
                                   Pair("text", ""), Pair("varchar", ""), Pair("whole", "")));
}

TEST(CatalogReaderTest, ThePrivilegesOfAllRolesCountWhereTheyAreAskedFor) {
  const Database database;
  database.Exec(R"(
    CREATE ROLE door NOINHERIT; CREATE ROLE guest; CREATE ROLE user_of_it; CREATE ROLE stranger;
    GRANT guest, user_of_it TO door;
    CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO guest, user_of_it;
    CREATE TABLE app.page (id int PRIMARY KEY, draft text);
    GRANT SELECT (id) ON app.page TO guest; GRANT SELECT, INSERT, UPDATE (draft) ON app.page TO user_of_it;
    CREATE TABLE app.other (id int PRIMARY KEY); GRANT ALL ON app.other TO stranger;)");
  const absl::StatusOr<Catalog> catalog = ReadCatalog(database, {}, "door", nullptr, {}, Roles::kAny);
  const absl::StatusOr<Catalog> alone = ReadCatalog(database, {}, "door");
  database.Exec("DROP OWNED BY door, guest, user_of_it, stranger; DROP ROLE door, guest, user_of_it, stranger");
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  const Relation* page = Find(*catalog, "page", "app");
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(Rights(*page), "IU-");
  EXPECT_EQ(Rights(*page, "id"), "RI-");
  EXPECT_EQ(Rights(*page, "draft"), "RIU");
  EXPECT_EQ(Rights(*Find(*catalog, "other", "app")), "---");
  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_EQ(Find(*alone, "page", "app"), nullptr);
}

TEST(CatalogReaderTest, TheUsersSearchPathChangesNothing) {
  const Database database;
  database.Exec(
      "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE pg_class (x int); "
      "CREATE FUNCTION format_type(oid, int) RETURNS text LANGUAGE sql AS $$ SELECT 'forged' $$; "
      "ALTER DATABASE " +
      database.name() + " SET search_path = public, pg_catalog");
  const absl::StatusOr<Catalog> catalog = ReadCatalog(database);
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  ASSERT_NE(Find(*catalog, "t"), nullptr);
  EXPECT_EQ(Find(*catalog, "t")->columns.at(0).sql_type, "integer");
  EXPECT_NE(Find(*catalog, "pg_class"), nullptr);
}

TEST(CatalogReaderTest, ErrorsOfTheQueryArePassedOn) {
  const Query broken = [](const std::string&) { return absl::UnavailableError("gone"); };
  EXPECT_EQ(Read(broken, {}).status().code(), absl::StatusCode::kUnavailable);
}

TEST(CatalogReaderTest, AnOldServerIsRefused) {
  const Query old = [](const std::string&) -> absl::StatusOr<TextRows> {
    return TextRows(
        1, [](std::int64_t, TextRow* row) { *row = {"", "shop", "120015", "UTF8", "me", "f", "{10}", "{10}"}; });
  };
  const absl::Status status = Read(old, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("PostgreSQL 12 is too old"));
}

TEST(CatalogReaderTest, AThousandTablesInAConstantNumberOfQueries) {
  const Database database;
  database.Exec(
      "DO $$ BEGIN FOR i IN 1 .. 1000 LOOP EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, a int, b text, "
      "c numeric(10, 2), d date, e text[], f jsonb, g uuid, h bool, i bytea, j float8, k timestamptz)', i); "
      "END LOOP; END $$");
  int queries = 0;
  const auto start = std::chrono::steady_clock::now();
  const absl::StatusOr<Catalog> catalog = ReadCatalog(database, {}, "", &queries);
  const auto took = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_EQ(catalog->relations.size(), 1000u);
  EXPECT_LE(queries, 12);
  EXPECT_LT(took, std::chrono::seconds(10));  // some 0.1 s on a quiet machine, 4 s under ThreadSanitizer on a busy one
}

}  // namespace
}  // namespace protogres::catalog
