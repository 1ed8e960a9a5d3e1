// Tables whose rows are on several servers, by the catalog reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "catalog/reader.h"
#include "support/catalog.h"

namespace protogres::catalog {
namespace {

using testing::Database;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ShardingTest : public ::testing::Test {
 protected:
  Relation Read(const std::string& name) const { return testing::ReadRelation(database_, name); }

  const Database database_;
};

TEST_F(ShardingTest, PartitionsThatAreForeignTables) {
  database_.Exec(R"(
    CREATE EXTENSION postgres_fdw;
    CREATE SERVER nowhere FOREIGN DATA WRAPPER postgres_fdw;
    CREATE TABLE hashed (id int, region text, name text) PARTITION BY HASH (region, id);
    CREATE FOREIGN TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0) SERVER nowhere;
    CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE below (id int, at date, name text) PARTITION BY LIST (lower(name));
    CREATE TABLE below_a (name text, at date, id int) PARTITION BY RANGE (at);
    ALTER TABLE below ATTACH PARTITION below_a FOR VALUES IN ('a');
    CREATE FOREIGN TABLE below_a_1 PARTITION OF below_a FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') SERVER nowhere;
    CREATE TABLE here (id int PRIMARY KEY) PARTITION BY HASH (id);
    CREATE TABLE here_0 PARTITION OF here FOR VALUES WITH (MODULUS 1, REMAINDER 0);
    CREATE FOREIGN TABLE alone (id int) SERVER nowhere;)");
  const Relation hashed = Read("hashed");
  EXPECT_EQ(hashed.sharding, Sharding::kForeign);
  EXPECT_THAT(hashed.shard_by, ElementsAre(1, 2));
  EXPECT_FALSE(hashed.positioned);
  EXPECT_THAT(Read("below").shard_by, ElementsAre(2, 3)) << "by its own numbers of the columns";
  EXPECT_EQ(Read("here").sharding, Sharding::kNone);
  EXPECT_THAT(Read("here").shard_by, IsEmpty());
  EXPECT_EQ(Read("alone").sharding, Sharding::kNone) << "it is all on one other server";
}

// Citus' own catalog, as far as it is read.
TEST_F(ShardingTest, TablesThatCitusDistributes) {
  database_.Exec(R"(
    CREATE TABLE item (id bigint, tenant bigint, PRIMARY KEY (tenant, id));
    CREATE TABLE country (code text PRIMARY KEY);
    CREATE TABLE of_schema (id int PRIMARY KEY);
    CREATE TABLE on_coordinator (id int PRIMARY KEY);
    CREATE TABLE unknown (id int PRIMARY KEY);
    SET allow_system_table_mods = on;
    CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass NOT NULL, partmethod "char" NOT NULL, partkey text,
      colocationid integer NOT NULL DEFAULT 0, repmodel "char" NOT NULL);
    INSERT INTO pg_catalog.pg_dist_partition VALUES
      ('item', 'h', '{VAR :varno 1 :varattno 2 :vartype 20 :vartypmod -1 :varcollid 0 :varlevelsup 0 :location -1}', 1, 's'),
      ('country', 'n', NULL, 2, 't'), ('of_schema', 'n', NULL, 3, 's'), ('on_coordinator', 'n', NULL, 0, 's');)");
  const Relation item = Read("item");
  EXPECT_EQ(item.sharding, Sharding::kCitus);
  EXPECT_THAT(item.shard_by, ElementsAre(2));
  EXPECT_THAT(item.key, ElementsAre(2, 1));
  EXPECT_FALSE(item.positioned) << "ctid is that of one of the shards";
  EXPECT_EQ(Read("country").sharding, Sharding::kCitus);
  EXPECT_THAT(Read("country").shard_by, IsEmpty());
  EXPECT_EQ(Read("of_schema").sharding, Sharding::kCitus);
  EXPECT_EQ(Read("on_coordinator").sharding, Sharding::kNone);
  EXPECT_TRUE(Read("on_coordinator").positioned);
  EXPECT_EQ(Read("unknown").sharding, Sharding::kNone);
}

}  // namespace
}  // namespace protogres::catalog
