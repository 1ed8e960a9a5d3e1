#include "contract/annotation.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::contract {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(AnnotationTest, PlainCommentIsItsOwnText) {
  const Annotations notes = ReadComment("A customer.\nOf the shop.", Commented::kTable);
  EXPECT_EQ(notes.text, "A customer.\nOf the shop.");
  EXPECT_FALSE(notes.omit);
  EXPECT_THAT(notes.problems, IsEmpty());
  EXPECT_EQ(ReadComment("", Commented::kTable).text, "");
}

TEST(AnnotationTest, SettingsLeaveTheText) {
  const Annotations notes =
      ReadComment("\nA person.\r\n  @protogres name=Person soft_delete=\"gone at\"\nMore.\n\n", Commented::kTable);
  EXPECT_EQ(notes.text, "A person.\r\nMore.");
  EXPECT_EQ(notes.name, "Person");
  EXPECT_EQ(notes.soft_delete, "gone at");
  EXPECT_THAT(notes.problems, IsEmpty());
}

TEST(AnnotationTest, Keys) {
  EXPECT_THAT(ReadComment("@protogres key=id", Commented::kView).key, ElementsAre("id"));
  const Annotations notes = ReadComment("@protogres key=id, \"a,\"\"b\" , c omit", Commented::kView);
  EXPECT_THAT(notes.key, ElementsAre("id", "a,\"b", "c"));
  EXPECT_TRUE(notes.omit);
  EXPECT_THAT(notes.problems, IsEmpty());
}

TEST(AnnotationTest, References) {
  const Annotations notes = ReadComment("Orders.\n@protogres key=id references=shop.customer(id)", Commented::kView);
  EXPECT_THAT(notes.relations, IsEmpty());
  EXPECT_THAT(notes.problems, ElementsAre(HasSubstr("@protogres key: there is no such setting here")));
  const Annotations whole = ReadComment(
      "@protogres name=Overview\n@protogres references=shop.customer(id) column=customer_id name=buyer\n"
      "@protogres column=a,\"b c\" references=\"Odd.\"\"x\".\"t (1)\"( \"k,1\" , k2 ) reverse_name=odds "
      "number=100001\nText.",
      Commented::kMaterializedView);
  EXPECT_THAT(whole.problems, IsEmpty());
  EXPECT_EQ(whole.name, "Overview");
  EXPECT_EQ(whole.text, "Text.");
  ASSERT_EQ(whole.relations.size(), 2u);
  const Annotations& customer = whole.relations[0];
  EXPECT_EQ(customer.references->schema, "shop");
  EXPECT_EQ(customer.references->relation, "customer");
  EXPECT_THAT(customer.references->columns, ElementsAre("id"));
  EXPECT_THAT(customer.columns, ElementsAre("customer_id"));
  EXPECT_EQ(customer.name, "buyer");
  const Annotations& odd = whole.relations[1];
  EXPECT_EQ(odd.references->schema, "Odd.\"x");
  EXPECT_EQ(odd.references->relation, "t (1)");
  EXPECT_THAT(odd.references->columns, ElementsAre("k,1", "k2"));
  EXPECT_THAT(odd.columns, ElementsAre("a", "b c"));
  EXPECT_EQ(odd.reverse_name, "odds");
  EXPECT_EQ(odd.number, 100001);
  const Annotations plain = ReadComment("@protogres references= customer column=a", Commented::kTable);
  ASSERT_EQ(plain.relations.size(), 1u);
  EXPECT_EQ(plain.relations[0].references->schema, "");
  EXPECT_THAT(plain.relations[0].references->columns, IsEmpty());
}

TEST(AnnotationTest, AReferenceThatIsWrongIsLeftOut) {
  const char* const wrong[] = {"references",
                               "references= column=a",
                               "references=shop.t(a) column=",
                               "references=shop.t(a)",
                               "references=shop.t(a column=a",
                               "references=.t(a) column=a",
                               "references=shop.t() column=a",
                               "references=shop.t(a) column=a omit",
                               "references=a(b) column=c references=d(e)",
                               "references=shop.t(a) column=a name=1"};
  for (const char* line : wrong) {
    const Annotations notes = ReadComment(std::string("@protogres ") + line, Commented::kView);
    EXPECT_THAT(notes.relations, IsEmpty()) << line;
    EXPECT_EQ(notes.problems.size(), 1u) << line << ": " << testing::PrintToString(notes.problems);
    EXPECT_FALSE(notes.omit || notes.name.has_value()) << line;
  }
  EXPECT_THAT(ReadComment("@protogres references=t(a) column=b", Commented::kColumn).problems,
              testing::Contains(HasSubstr("there is no such setting here")));
}

TEST(AnnotationTest, TypeAndOmit) {
  EXPECT_TRUE(ReadComment("@protogres type=string", Commented::kColumn).as_text);
  EXPECT_TRUE(ReadComment("x\n@protogres\tomit", Commented::kColumn).omit);
}

TEST(AnnotationTest, WhatIsWrongIsAProblemAndNothingElse) {
  const char* const wrong[] = {"@protogres nmae=Person", "@protogres name=",        "@protogres name",
                               "@protogres name=1st",    "@protogres name=a,b",     "@protogres name=_",
                               "@protogres omit=yes",    "@protogres type=string",  "@protogres key=id",
                               "@protogres soft_delete", "@protogres name=\"a b\"", "@protogres ="};
  for (const char* comment : wrong) {
    const Annotations notes = ReadComment(std::string(comment) + "\nText.", Commented::kTable);
    EXPECT_EQ(notes.problems.size(), 1u) << comment;
    EXPECT_EQ(notes.text, "Text.") << comment;
    EXPECT_FALSE(notes.name.has_value() || notes.omit || notes.as_text || notes.soft_delete.has_value()) << comment;
  }
  EXPECT_THAT(ReadComment("@protogres type=int", Commented::kColumn).problems, ElementsAre(HasSubstr("string")));
  EXPECT_THAT(ReadComment("@protogres key=,", Commented::kView).problems, ElementsAre(HasSubstr("key=a,b")));
}

TEST(AnnotationTest, OtherWordsAreText) {
  EXPECT_EQ(ReadComment("@protogresql name=A", Commented::kTable).text, "@protogresql name=A");
  EXPECT_EQ(ReadComment("see @protogres omit", Commented::kTable).text, "see @protogres omit");
}

TEST(AnnotationTest, HostileTextEnds) {
  for (const char* comment : {"@protogres key=\"", "@protogres key=\"\"\"", "@protogres ,,,",
                              "@protogres a==b,,c=", "@protogres name=\"\"", "@protogres\n@protogres"}) {
    ReadComment(comment, Commented::kView);
  }
}

}  // namespace
}  // namespace protogres::contract
