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
