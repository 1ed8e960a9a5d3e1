// ResolveComparable: = and < of types that have no operator class of their own.
#include "catalog/comparable.h"

#include <gtest/gtest.h>

namespace protogres::catalog {
namespace {

class ComparableTest : public ::testing::Test {
 protected:
  Type& Add(Oid oid, TypeKind kind) {
    Type& type = catalog_.types[oid];
    type.oid = oid;
    type.kind = kind;
    return type;
  }
  // "=<" for both, "-" for what it has not.
  std::string Resolved(Oid oid) {
    Catalog copy = catalog_;
    ResolveComparable(&copy);
    const Type& type = copy.types.at(oid);
    return std::string() + (type.comparable ? '=' : '-') + (type.orderable ? '<' : '-');
  }

  Catalog catalog_;
};

TEST_F(ComparableTest, BaseTypesKeepWhatIsDeclared) {
  Add(1, TypeKind::kBase).comparable = true;
  Add(2, TypeKind::kBase);
  EXPECT_EQ(Resolved(1), "=-");
  EXPECT_EQ(Resolved(2), "--");
}

TEST_F(ComparableTest, EnumsAndRangesHaveBothAndPseudoTypesNeither) {
  Add(1, TypeKind::kEnum);
  Add(2, TypeKind::kRange);
  Add(3, TypeKind::kPseudo).comparable = true;
  EXPECT_EQ(Resolved(1), "=<");
  EXPECT_EQ(Resolved(2), "=<");
  EXPECT_EQ(Resolved(3), "--");
}

TEST_F(ComparableTest, DomainsFollowTheirBaseButForEnums) {
  Add(1, TypeKind::kBase).comparable = true;
  Add(2, TypeKind::kDomain).base = 1;
  Add(3, TypeKind::kDomain).base = 2;
  Add(4, TypeKind::kEnum);
  Add(5, TypeKind::kDomain).base = 4;
  Add(6, TypeKind::kDomain).base = 5;
  Add(7, TypeKind::kArray).element = 6;
  EXPECT_EQ(Resolved(3), "=-");
  EXPECT_EQ(Resolved(5), "--");
  EXPECT_EQ(Resolved(6), "--");
  EXPECT_EQ(Resolved(7), "=<");  // array comparison looks through the domain
}

TEST_F(ComparableTest, CompositesHaveWhatAllTheirAttributesHave) {
  Add(1, TypeKind::kBase).comparable = true;
  Add(2, TypeKind::kEnum);
  Add(3, TypeKind::kComposite).attributes = {{1, "a", 1, ""}, {2, "b", 2, ""}};
  Add(4, TypeKind::kComposite);
  Add(5, TypeKind::kArray).element = 3;
  EXPECT_EQ(Resolved(3), "=-");
  EXPECT_EQ(Resolved(4), "=<");
  EXPECT_EQ(Resolved(5), "=-");
}

TEST_F(ComparableTest, TypesThatReachThemselvesOrNothing) {
  Add(1, TypeKind::kBase);
  Add(2, TypeKind::kComposite).attributes = {{1, "children", 3, ""}, {2, "own", 1, ""}};
  Add(3, TypeKind::kArray).element = 2;
  Add(4, TypeKind::kArray).element = 99;
  EXPECT_EQ(Resolved(2), "--");
  EXPECT_EQ(Resolved(4), "--");
}

}  // namespace
}  // namespace protogres::catalog
