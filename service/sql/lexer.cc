#include "sql/lexer.h"

#include <utility>

#include "fmt/format.h"
#include "status/status.h"
#include "text/ascii.h"
#include "text/excerpt.h"
#include "text/utf8.h"

namespace protogres::sql {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsValueLetter(char c) {
  return !IsSpace(c) && !text::IsControl(c) && std::string_view("()\"'\\,=<>!").find(c) == std::string_view::npos;
}
bool IsElementLetter(char c) { return IsValueLetter(c) && c != '[' && c != ']'; }
bool IsNameLetter(char c) { return IsValueLetter(c) && c != '.' && c != ':'; }

}  // namespace

std::string_view Spelling(Comparator comparator) {
  switch (comparator) {
    case Comparator::kEqual:
      return "=";
    case Comparator::kNotEqual:
      return "!=";
    case Comparator::kLess:
      return "<";
    case Comparator::kLessEqual:
      return "<=";
    case Comparator::kGreater:
      return ">";
    case Comparator::kGreaterEqual:
      return ">=";
    case Comparator::kHas:
      return ":";
  }
  return "";
}

Token Lexer::Next() {
  SkipSpace();
  if (at_ == text_.size()) return Take(Token::Kind::kEnd, 0);
  switch (Peek()) {
    case '(':
      return Take(Token::Kind::kLeft, 1);
    case ')':
      return Take(Token::Kind::kRight, 1);
    case '.':
      return Take(Token::Kind::kDot, 1);
    case ',':
      return Take(Token::Kind::kComma, 1);
    case '-':
      return Take(Token::Kind::kMinus, 1);
    case ':':
      return TakeComparator(Comparator::kHas, 1);
    case '=':
      return TakeComparator(Comparator::kEqual, 1);
    case '<':
      if (Peek(1) == '>') return Invalid("found \"<>\"; write != for \"is not\"");
      return Peek(1) == '=' ? TakeComparator(Comparator::kLessEqual, 2) : TakeComparator(Comparator::kLess, 1);
    case '>':
      return Peek(1) == '=' ? TakeComparator(Comparator::kGreaterEqual, 2) : TakeComparator(Comparator::kGreater, 1);
    case '!':
      if (Peek(1) == '=') return TakeComparator(Comparator::kNotEqual, 2);
      return Invalid("found \"!\"; write NOT or - to negate, != for \"is not\"");
    case '"':
    case '\'':
      return TakeQuoted();
    default:
      break;
  }
  if (!IsNameLetter(Peek()))
    return Invalid(fmt::format("found {}, which has no meaning here", text::Excerpt({&text_[at_], 1})));
  return TakeWord(IsNameLetter);
}

Token Lexer::NextValue() {
  SkipSpace();
  if (at_ == text_.size()) return Take(Token::Kind::kEnd, 0);
  const char c = Peek();
  if (c == '"' || c == '\'') return TakeQuoted();
  if (c == '[') return Take(Token::Kind::kLeftBracket, 1);
  if (!IsValueLetter(c) || c == ':' || (c == '-' && !IsValueLetter(Peek(1)))) return Next();
  return TakeWord(IsValueLetter);
}

Token Lexer::NextElement() {
  SkipSpace();
  if (Peek() == ']') return Take(Token::Kind::kRightBracket, 1);
  if (Peek() == '[') return Take(Token::Kind::kLeftBracket, 1);
  if (Peek() == '"' || Peek() == '\'' || !IsElementLetter(Peek())) return NextValue();
  return TakeWord(IsElementLetter);
}

void Lexer::SkipSpace() {
  while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
}

Token Lexer::Take(Token::Kind kind, std::size_t length) {
  Token token;
  token.kind = kind;
  token.offset = at_;
  token.raw = text_.substr(at_, length);
  at_ += length;
  return token;
}

Token Lexer::TakeComparator(Comparator comparator, std::size_t length) {
  Token token = Take(Token::Kind::kComparator, length);
  token.comparator = comparator;
  return token;
}

template <typename IsLetter>
Token Lexer::TakeWord(IsLetter is_letter) {
  std::size_t length = 1;
  while (at_ + length < text_.size() && is_letter(text_[at_ + length])) ++length;
  Token token = Take(Token::Kind::kWord, length);
  if (token.raw == "AND") token.kind = Token::Kind::kAnd;
  if (token.raw == "OR") token.kind = Token::Kind::kOr;
  if (token.raw == "NOT") token.kind = Token::Kind::kNot;
  token.text = std::string(token.raw);
  for (std::size_t i = 0; i < length; ++i) {
    if (token.text[i] == '*') token.stars.push_back(i);
  }
  return token;
}

Token Lexer::TakeQuoted() {
  const std::size_t begin = at_;
  const char quote = text_[at_];
  std::string decoded;
  std::vector<std::size_t> stars;
  for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
    char c = text_[i];
    if (c == quote) {
      Token token = Take(Token::Kind::kQuoted, i + 1 - begin);
      token.text = std::move(decoded);
      token.stars = std::move(stars);
      return token;
    }
    if (c == '*') stars.push_back(decoded.size());
    if (c == '\\' && i + 1 < text_.size()) {
      c = text_[++i];
      switch (c) {
        case '\\':
        case '"':
        case '\'':
        case '*':
          break;
        case 'n':
          c = '\n';
          break;
        case 'r':
          c = '\r';
          break;
        case 't':
          c = '\t';
          break;
        default:
          at_ = i - 1;
          return Invalid(R"(found an unknown escape; the escapes are \\ \" \' \* \n \r \t)");
      }
    }
    decoded += c;
  }
  return Invalid(fmt::format("found a quoted text that has no closing {}", quote));
}

Token Lexer::Invalid(std::string error) {
  Token token;
  token.kind = Token::Kind::kInvalid;
  token.offset = at_;
  token.error = std::move(error);
  at_ = text_.size();
  return token;
}

std::string TextFault(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\0') return fmt::format("a NUL character at byte {}", at + 1);
    const std::size_t length = text::CharacterSize(text.substr(at));
    if (length == 0) return fmt::format("invalid UTF-8 at byte {}", at + 1);
    at += length;
  }
  return "";
}

absl::Status FilterError(std::string_view filter, std::size_t offset, const std::string& what) {
  const std::size_t position = text::CountCharacters(filter.substr(0, offset)) + 1;
  return status::BadRequest("filter", fmt::format("at {}: {}", position, what), status::kInvalidFilter);
}

}  // namespace protogres::sql
