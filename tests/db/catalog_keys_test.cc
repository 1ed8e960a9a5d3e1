// What tells rows apart, by the catalog reader: keys, positions, columns that are never NULL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/definition.h"
#include "catalog/reader.h"
#include "support/catalog.h"

namespace protogres::catalog {
namespace {

using testing::Database;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::ReadCatalog;

class KeysTest : public ::testing::Test {
 protected:
  // The relation `name` of what `sql` creates, as `role` reads it.
  Relation Read(const std::string& name, const std::string& role = "") const {
    return testing::ReadRelation(database_, name, role);
  }

  const Database database_;
};

TEST_F(KeysTest, AUniqueConstraintOfColumnsThatAreNeverNullIsAKey) {
  database_.Exec(R"(
    CREATE TABLE two_keys (a int PRIMARY KEY, b int NOT NULL UNIQUE);
    CREATE TABLE unique_only (a int, b int NOT NULL, c int NOT NULL, UNIQUE (c, b), UNIQUE (a));
    CREATE TABLE shortest (a int NOT NULL, b int NOT NULL, c int NOT NULL, UNIQUE (a, b), UNIQUE (c) INCLUDE (a));
    CREATE TABLE nullable (a int UNIQUE);
    CREATE TABLE deferred (a int NOT NULL UNIQUE DEFERRABLE);
    CREATE TABLE indexed (a int NOT NULL, b text NOT NULL);
    CREATE UNIQUE INDEX ON indexed (a) WHERE a > 0;
    CREATE UNIQUE INDEX ON indexed (lower(b));
    CREATE TABLE included (a int NOT NULL, b int, UNIQUE (a) INCLUDE (b));)");
  EXPECT_THAT(Read("two_keys").key, ElementsAre(1));
  EXPECT_THAT(Read("unique_only").key, ElementsAre(3, 2));
  EXPECT_THAT(Read("shortest").key, ElementsAre(3));
  EXPECT_THAT(Read("included").key, ElementsAre(1));
  for (const char* keyless : {"nullable", "deferred", "indexed"}) EXPECT_THAT(Read(keyless).key, IsEmpty()) << keyless;
}

TEST_F(KeysTest, ADeferrableKeyTakesNoUpsert) {
  database_.Exec(R"(
    CREATE TABLE plain (id int PRIMARY KEY);
    CREATE TABLE put_off (id int PRIMARY KEY DEFERRABLE);
    CREATE VIEW of_put_off AS SELECT id FROM put_off;)");
  EXPECT_TRUE(Read("plain").upsertable);
  for (const char* name : {"put_off", "of_put_off"}) {
    EXPECT_THAT(Read(name).key, ElementsAre(1)) << name;
    EXPECT_FALSE(Read(name).upsertable) << name;
  }
}

// Its index is one of GiST, which is unique, and yet none that ON CONFLICT finds.
TEST_F(KeysTest, AKeyWithoutOverlapsTakesNoUpsert) {
  if (ReadCatalog(database_)->server_version < 180000) GTEST_SKIP() << "WITHOUT OVERLAPS is of PostgreSQL 18";
  database_.Exec(R"(
    CREATE TABLE stay (during daterange, room int4range, PRIMARY KEY (room, during WITHOUT OVERLAPS));
    CREATE TABLE price (room int4range NOT NULL, during daterange NOT NULL, UNIQUE (room, during WITHOUT OVERLAPS));
    CREATE TABLE both_keys (room int4range NOT NULL, during daterange NOT NULL, code int NOT NULL UNIQUE,
                            UNIQUE (room, during WITHOUT OVERLAPS));)");
  EXPECT_THAT(Read("stay").key, ElementsAre(2, 1));
  EXPECT_FALSE(Read("stay").upsertable);
  EXPECT_THAT(Read("price").key, ElementsAre(1, 2));
  EXPECT_FALSE(Read("price").upsertable);
  EXPECT_THAT(Read("both_keys").key, ElementsAre(3));
  EXPECT_TRUE(Read("both_keys").upsertable);
}

TEST_F(KeysTest, AParentsKeyIsNotItsChildrens) {
  database_.Exec(R"(
    CREATE TABLE parent (id int PRIMARY KEY, name text NOT NULL, code int NOT NULL);
    CREATE TABLE child () INHERITS (parent);
    CREATE TABLE grandchild () INHERITS (child);
    CREATE TABLE unique_parent (id int NOT NULL UNIQUE);
    CREATE TABLE unique_child () INHERITS (unique_parent);
    CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY HASH (id);
    CREATE TABLE part PARTITION OF parted FOR VALUES WITH (MODULUS 1, REMAINDER 0);
    CREATE VIEW of_parent AS SELECT * FROM parent;
    CREATE VIEW of_parted AS SELECT * FROM parted;)");
  // PostgreSQL 18 refuses it.
  const bool inherited = ReadCatalog(database_)->server_version >= 180000;
  if (!inherited) database_.Exec("ALTER TABLE grandchild ALTER code DROP NOT NULL");
  const Relation parent = Read("parent");
  EXPECT_THAT(parent.key, ElementsAre(1));
  EXPECT_FALSE(parent.key_unique);
  EXPECT_TRUE(parent.positioned);
  EXPECT_TRUE(parent.FindColumn("name")->never_null);
  EXPECT_TRUE(parent.FindColumn("code")->not_null);
  EXPECT_EQ(parent.FindColumn("code")->never_null, inherited);
  EXPECT_FALSE(Read("unique_parent").key_unique);
  EXPECT_TRUE(Read("parted").key_unique);
  EXPECT_THAT(Read("of_parent").key, IsEmpty());
  EXPECT_THAT(Read("of_parted").key, ElementsAre(1));
}

TEST_F(KeysTest, NotNullThatIsNotValidProvesNothing) {
  if (ReadCatalog(database_)->server_version < 180000) GTEST_SKIP() << "NOT NULL NOT VALID is of PostgreSQL 18";
  database_.Exec("CREATE TABLE marked (a int, b int NOT NULL); INSERT INTO marked VALUES (NULL, 1);");
  database_.Exec("ALTER TABLE marked ADD CONSTRAINT n NOT NULL a NOT VALID, ADD UNIQUE (a)");
  const Relation marked = Read("marked");
  EXPECT_TRUE(marked.FindColumn("a")->not_null);
  EXPECT_FALSE(marked.FindColumn("a")->never_null);
  EXPECT_TRUE(marked.FindColumn("b")->never_null);
  EXPECT_THAT(marked.key, IsEmpty());
}

// A NULL comes into a column of such a domain by a subquery without a row (PostgreSQL manual, CREATE DOMAIN, Notes).
TEST_F(KeysTest, ADomainsNotNullProvesNothing) {
  database_.Exec("CREATE DOMAIN given AS int NOT NULL; CREATE TABLE somes (a given UNIQUE);");
  const Relation somes = Read("somes");
  EXPECT_TRUE(somes.FindColumn("a")->not_null);
  EXPECT_FALSE(somes.FindColumn("a")->never_null);
  EXPECT_THAT(somes.key, IsEmpty());
}

TEST_F(KeysTest, AViewThatKeepsItsTablesRowsApartHasItsKey) {
  database_.Exec(R"sql(
    CREATE SCHEMA hidden;
    CREATE TABLE hidden.thing (name text, "other key" int, id int, PRIMARY KEY (id, "other key"));
    CREATE TABLE loose (a int, b int);
    CREATE VIEW plain AS SELECT upper(name) AS shout, id AS "the (id)", "other key", id AS again FROM hidden.thing x
      WHERE name <> ':){}' AND EXISTS (SELECT FROM loose WHERE a = x.id);
    CREATE VIEW nested AS SELECT "other key" AS k, again, shout FROM plain ORDER BY 3 LIMIT 5;
    CREATE MATERIALIZED VIEW kept AS SELECT * FROM hidden.thing;
    CREATE VIEW of_kept AS SELECT * FROM kept;
    CREATE VIEW partly AS SELECT id, name FROM hidden.thing;
    CREATE VIEW changed AS SELECT id + 0 AS id, "other key" FROM hidden.thing;
    CREATE VIEW joined AS SELECT t.* FROM hidden.thing t JOIN loose ON true;
    CREATE VIEW comma AS SELECT t.* FROM hidden.thing t, loose;
    CREATE VIEW doubled AS SELECT * FROM hidden.thing UNION ALL SELECT * FROM hidden.thing;
    CREATE VIEW sets AS SELECT *, generate_series(1, 2) FROM hidden.thing;
    CREATE VIEW inner_join AS SELECT * FROM (SELECT t.* FROM hidden.thing t JOIN loose ON true) q;
    CREATE VIEW common AS WITH w AS (SELECT t.* FROM hidden.thing t, loose) SELECT * FROM w;
    CREATE VIEW keyless AS SELECT * FROM loose;
    CREATE VIEW ":resorigtbl" AS SELECT a AS ":resno", b AS ":resorigcol 3" FROM loose;)sql");
  EXPECT_THAT(Read("plain").key, ElementsAre(2, 3));
  EXPECT_TRUE(Read("plain").FindColumn("the (id)")->never_null);
  EXPECT_THAT(Read("nested").key, ElementsAre(2, 1));
  EXPECT_THAT(Read("kept").key, ElementsAre(3, 2));
  EXPECT_THAT(Read("of_kept").key, ElementsAre(3, 2));
  for (const char* keyless :
       {"partly", "changed", "joined", "comma", "doubled", "sets", "inner_join", "common", "keyless", ":resorigtbl"}) {
    const Relation relation = Read(keyless);
    EXPECT_THAT(relation.key, IsEmpty()) << keyless;
    EXPECT_THAT(relation.distinct, IsEmpty()) << keyless;
    EXPECT_FALSE(relation.positioned) << keyless;
  }
}

TEST_F(KeysTest, TheGroupsOfAViewTellItsRowsApart) {
  database_.Exec(R"(
    CREATE TABLE f (id int PRIMARY KEY, title text);
    CREATE TABLE a (film int, name text);
    CREATE VIEW grouped AS SELECT string_agg(name, ',') AS names, f.id, title FROM f JOIN a ON film = f.id
      GROUP BY title, f.id HAVING count(*) > 0;
    CREATE VIEW by_key AS SELECT id, title, count(*) OVER () FROM f GROUP BY id;
    CREATE VIEW distincts AS SELECT DISTINCT title, id FROM f, a;
    CREATE VIEW firsts AS SELECT DISTINCT ON (title) id, title FROM f, a;
    CREATE VIEW on_view AS SELECT names, count(*) FROM grouped GROUP BY names;
    CREATE VIEW nows AS SELECT id, now() AS at FROM f;
    CREATE VIEW by_now AS SELECT at, count(*) FROM nows GROUP BY at;
    CREATE VIEW by_expression AS SELECT upper(title), count(*) FROM f GROUP BY 1;
    CREATE VIEW elsewhere AS SELECT count(*) FROM f GROUP BY title;
    CREATE VIEW rolled AS SELECT title, id, count(*) FROM f GROUP BY ROLLUP (title, id);
    CREATE VIEW one AS SELECT count(*) FROM f;
    CREATE VIEW united AS SELECT id, count(*) FROM f GROUP BY id UNION ALL SELECT 1, 2;)");
  EXPECT_THAT(Read("grouped").distinct, ElementsAre(2, 3));
  EXPECT_THAT(Read("grouped").key, IsEmpty());
  EXPECT_THAT(Read("by_key").distinct, ElementsAre(1));
  EXPECT_THAT(Read("distincts").distinct, ElementsAre(1, 2));
  EXPECT_THAT(Read("firsts").distinct, ElementsAre(2));
  for (const char* none : {"on_view", "by_now", "by_expression", "elsewhere", "rolled", "one", "united"}) {
    EXPECT_THAT(Read(none).distinct, IsEmpty()) << none;
  }
}

TEST_F(KeysTest, APlaceIsOfTablesThatTheRoleMayRead) {
  database_.Exec(R"(
    CREATE TABLE plain (a int);
    CREATE TABLE parted (a int) PARTITION BY LIST (a);
    CREATE TABLE columns (a int PRIMARY KEY, b int);
    DROP ROLE IF EXISTS keys_reader;
    CREATE ROLE keys_reader;
    GRANT SELECT ON plain TO keys_reader;
    GRANT SELECT (a) ON columns TO keys_reader;)");
  EXPECT_TRUE(Read("plain", "keys_reader").positioned);
  EXPECT_TRUE(Read("parted").positioned);
  const Relation columns = Read("columns", "keys_reader");
  EXPECT_FALSE(columns.positioned);
  EXPECT_FALSE(columns.selectable);
  EXPECT_TRUE(columns.FindColumn("a")->readable);
  EXPECT_TRUE(Read("columns").selectable);
  database_.Exec("DROP OWNED BY keys_reader; DROP ROLE keys_reader;");
}

TEST_F(KeysTest, AForeignTableBelowHasNoPlaces) {
  database_.Exec(R"(
    CREATE TABLE parent (a int);
    CREATE EXTENSION postgres_fdw;
    CREATE SERVER nowhere FOREIGN DATA WRAPPER postgres_fdw;
    CREATE FOREIGN TABLE child () INHERITS (parent) SERVER nowhere;)");
  EXPECT_FALSE(Read("parent").positioned);
  EXPECT_FALSE(Read("child").positioned);
}

TEST_F(KeysTest, RulesWithoutReturningAreTold) {
  database_.Exec(R"(
    CREATE TABLE t (id int PRIMARY KEY, name text);
    CREATE VIEW silent AS SELECT * FROM t;
    CREATE RULE i AS ON INSERT TO silent DO INSTEAD INSERT INTO t VALUES (NEW.*);
    CREATE RULE u AS ON UPDATE TO silent DO INSTEAD UPDATE t SET name = NEW.name WHERE id = OLD.id RETURNING t.*;
    CREATE VIEW nothing AS SELECT * FROM t;
    CREATE RULE i AS ON INSERT TO nothing DO INSTEAD NOTHING;
    CREATE VIEW also AS SELECT * FROM t;
    CREATE RULE i AS ON INSERT TO also DO ALSO NOTHING;
    CREATE TABLE ruled (id int PRIMARY KEY);
    CREATE RULE u AS ON UPDATE TO ruled WHERE OLD.id > 0 DO INSTEAD NOTHING;
    CREATE TABLE marked (id int PRIMARY KEY, gone bool);
    CREATE RULE d AS ON DELETE TO marked DO INSTEAD UPDATE marked SET gone = true WHERE id = OLD.id;
    CREATE VIEW kept AS SELECT * FROM t;
    CREATE RULE d AS ON DELETE TO kept DO INSTEAD NOTHING;)");
  const Relation silent = Read("silent");
  EXPECT_FALSE(silent.insert_returns);
  EXPECT_TRUE(silent.update_returns);
  EXPECT_FALSE(Read("nothing").insert_returns);
  EXPECT_TRUE(Read("also").insert_returns);
  EXPECT_TRUE(Read("ruled").insert_returns);
  EXPECT_FALSE(Read("ruled").update_returns);
  EXPECT_FALSE(Read("marked").deletable) << "what a rule makes an UPDATE is not counted";
  EXPECT_TRUE(Read("kept").deletable);
}

TEST(DefinitionTest, WhatIsNotUnderstoodTellsNothing) {
  for (const char* action : {"", "<>", "(", "()", "({QUERY :commandType 1})", "({QUERY", "({QUERY :targetList (})",
                             "({OTHER :commandType 1 :hasTargetSRFs false})", "\\", "(((((((", ")))", "{}}{"}) {
    EXPECT_EQ(ReadDefinition(action), Definition{}) << action;
    EXPECT_FALSE(HasReturning(action)) << action;
  }
}

}  // namespace
}  // namespace protogres::catalog
