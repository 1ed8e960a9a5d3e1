// The tokens of a filter. Private to sql/. It knows nothing of tables and SQL.
#ifndef PROTOGRES_SERVICE_SQL_LEXER_H_
#define PROTOGRES_SERVICE_SQL_LEXER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace protogres::sql {

enum class Comparator { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kHas };

// As it is written in a filter.
std::string_view Spelling(Comparator comparator);

struct Token {
  enum class Kind {
    kEnd,
    kWord,
    kQuoted,
    kAnd,
    kOr,
    kNot,
    kMinus,
    kDot,
    kComma,
    kLeft,          // (
    kRight,         // )
    kLeftBracket,   // [
    kRightBracket,  // ]
    kComparator,
    kInvalid
  };

  Kind kind = Kind::kEnd;
  std::size_t offset = 0;  // in bytes
  std::string_view raw;    // as it stands in the filter
  // For kWord and kQuoted: the text without quotes and escapes, and the places in it of stars that are wildcards (and
  // are not written \*).
  std::string text;
  std::vector<std::size_t> stars;
  Comparator comparator = Comparator::kEqual;
  std::string error;  // for kInvalid: what is wrong
};

// Names and values consist of different characters. A name ends at '.' or ':' and does not begin with '-', while a
// value without quotes may have these: 3.14, 2024-05-01T10:00:00Z, -1. A list begins with '[' where a value may stand,
// and ends at ']'. So the parser says which of them it expects.
//
// Quoted text stands in "" or ''. Its escapes are \\ \" \' \n \r \t and \*, which is a star that is no wildcard.
class Lexer {
 public:
  // `text` must be valid UTF-8 without NUL, and outlive the tokens.
  explicit Lexer(std::string_view text) : text_(text) {}

  Token Next();         // where a name, a keyword or an operator may stand
  Token NextValue();    // after a comparator, and as an argument of a function
  Token NextElement();  // in a list, after its '['

 private:
  void SkipSpace();
  Token Take(Token::Kind kind, std::size_t length);
  Token TakeComparator(Comparator comparator, std::size_t length);
  Token TakeQuoted();
  template <typename IsLetter>
  Token TakeWord(IsLetter is_letter);
  Token Invalid(std::string error);
  char Peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  std::string_view text_;
  std::size_t at_ = 0;
};

// What is wrong with `text`, which must be valid UTF-8 without NUL: "invalid UTF-8 at byte 3". Empty: nothing is.
std::string TextFault(std::string_view text);

// INVALID_ARGUMENT for what is wrong at a byte offset of the filter. The message gives the position in characters, from
// 1.
absl::Status FilterError(std::string_view filter, std::size_t offset, const std::string& what);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_LEXER_H_
