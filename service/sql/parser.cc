#include "sql/parser.h"

#include <utility>

#include "fmt/format.h"
#include "sql/filter.h"
#include "status/macros.h"
#include "text/excerpt.h"

namespace protogres::sql {
namespace {

using Kind = Token::Kind;

// Recursive descent with one token of lookahead. Its recursion is bounded by kMaxFilterDepth.
class Parser {
 public:
  explicit Parser(std::string_view filter) : filter_(filter), lexer_(filter), token_(lexer_.Next()) {}

  absl::StatusOr<Expression> ParseAll() {
    absl::StatusOr<Expression> expression = ParseExpression();
    if (expression.ok() && token_.kind != Kind::kEnd) return Expected("AND, OR or the end");
    return expression;
  }

 private:
  absl::StatusOr<Expression> ParseExpression();
  absl::StatusOr<Expression> ParseFactor();
  absl::StatusOr<Expression> ParseTerm();
  // A restriction or a call, which both begin with a name.
  absl::StatusOr<Expression> ParseNamed();
  absl::StatusOr<Expression> ParseCall(const Name& function);
  absl::Status ParsePath(std::vector<Name>* path);
  // A value or a list. `where` it stands is for the error: "after \"=\"".
  absl::StatusOr<Argument> ParseArgument(const std::string& where);
  absl::Status ParseList(Argument* argument);

  void Advance() { token_ = lexer_.Next(); }
  Literal TakeLiteral() {
    return {std::move(token_.text), std::move(token_.stars), token_.kind == Kind::kQuoted, token_.offset};
  }
  // Only inside parentheses a ")" ends an expression.
  bool AtTerm() const {
    switch (token_.kind) {
      case Kind::kWord:
      case Kind::kQuoted:
      case Kind::kNot:
      case Kind::kMinus:
      case Kind::kLeft:
        return true;
      default:
        return false;
    }
  }
  absl::Status Error(std::size_t offset, const std::string& what) const { return FilterError(filter_, offset, what); }
  // The error at the current token.
  absl::Status Expected(const std::string& what) const {
    if (token_.kind == Kind::kInvalid) return Error(token_.offset, token_.error);
    const std::string found = token_.kind == Kind::kEnd ? "the end of the filter" : text::Excerpt(token_.raw);
    return Error(token_.offset, fmt::format("expected {}, found {}", what, found));
  }

  std::string_view filter_;
  Lexer lexer_;
  Token token_;
  int depth_ = 0;
};

// `child` as one more of `parent`'s, or alone where it is the first.
void Join(Expression::Kind kind, Expression child, Expression* parent) {
  if (parent->children.empty()) parent->kind = kind;
  parent->children.push_back(std::move(child));
}

Expression Unwrap(Expression parent) {
  if (parent.children.size() != 1) return parent;
  Expression only = std::move(parent.children.front());
  return only;
}

absl::StatusOr<Expression> Parser::ParseExpression() {
  Expression all;
  while (true) {
    ASSIGN_OR_RETURN(Expression factor, ParseFactor());
    Join(Expression::Kind::kAnd, std::move(factor), &all);
    if (token_.kind == Kind::kAnd) {
      Advance();
    } else if (!AtTerm()) {
      return Unwrap(std::move(all));
    }
  }
}

absl::StatusOr<Expression> Parser::ParseFactor() {
  Expression any;
  while (true) {
    ASSIGN_OR_RETURN(Expression term, ParseTerm());
    Join(Expression::Kind::kOr, std::move(term), &any);
    if (token_.kind != Kind::kOr) return Unwrap(std::move(any));
    Advance();
  }
}

absl::StatusOr<Expression> Parser::ParseTerm() {
  if (token_.kind == Kind::kWord || token_.kind == Kind::kQuoted) return ParseNamed();
  if (!AtTerm()) return Expected("a field's name");
  if (++depth_ > kMaxFilterDepth) {
    return Error(token_.offset, fmt::format("more than {} nested expressions", kMaxFilterDepth));
  }
  const bool parenthesis = token_.kind == Kind::kLeft;
  Advance();
  ASSIGN_OR_RETURN(Expression inner, parenthesis ? ParseExpression() : ParseTerm());
  --depth_;
  if (parenthesis) {
    if (token_.kind != Kind::kRight) return Expected("AND, OR or \")\"");
    Advance();
    return inner;
  }
  Expression negation;
  Join(Expression::Kind::kNot, std::move(inner), &negation);
  return negation;
}

absl::StatusOr<Expression> Parser::ParseNamed() {
  const bool quoted = token_.kind == Kind::kQuoted;
  std::vector<Name> path;
  RETURN_IF_ERROR(ParsePath(&path));
  const Name& last = path.back();
  if (token_.kind != Kind::kComparator) {
    const bool call = token_.kind == Kind::kLeft && token_.offset == last.offset + last.text.size();
    if (call && !quoted && path.size() == 1) return ParseCall(last);
    std::string hint;
    if (last.text == "and" || last.text == "or" || last.text == "not") hint = " (AND, OR and NOT are in upper case)";
    return Expected(fmt::format("a comparison (= != < <= > >= :) after {}{}", text::Excerpt(last.text), hint));
  }
  Expression expression;
  Restriction& restriction = expression.restriction;
  restriction.path = std::move(path);
  restriction.comparator = token_.comparator;
  restriction.comparator_offset = token_.offset;
  token_ = lexer_.NextValue();
  ASSIGN_OR_RETURN(restriction.argument, ParseArgument(fmt::format("after \"{}\"", Spelling(restriction.comparator))));
  return expression;
}

absl::StatusOr<Expression> Parser::ParseCall(const Name& function) {
  Expression expression;
  expression.kind = Expression::Kind::kCall;
  Call& call = expression.call;
  call.function = function;
  Advance();
  if (token_.kind != Kind::kWord && token_.kind != Kind::kQuoted) {
    return Expected(fmt::format("a field's name after {}", text::Excerpt(function.text + "(")));
  }
  RETURN_IF_ERROR(ParsePath(&call.path));
  while (token_.kind == Kind::kComma) {
    token_ = lexer_.NextValue();
    ASSIGN_OR_RETURN(Argument argument, ParseArgument("after \",\""));
    call.arguments.push_back(std::move(argument));
  }
  if (token_.kind != Kind::kRight) {
    return Expected(fmt::format("\",\" or \")\" in {}", text::Excerpt(function.text + "(...)")));
  }
  Advance();
  return expression;
}

absl::StatusOr<Argument> Parser::ParseArgument(const std::string& where) {
  Argument argument;
  argument.offset = token_.offset;
  if (token_.kind == Kind::kLeftBracket) {
    RETURN_IF_ERROR(ParseList(&argument));
  } else if (token_.kind == Kind::kWord || token_.kind == Kind::kQuoted) {
    argument.values.push_back(TakeLiteral());
  } else {
    return Expected("a value " + where);
  }
  Advance();
  return argument;
}

absl::Status Parser::ParseList(Argument* argument) {
  argument->list = true;
  token_ = lexer_.NextElement();
  if (token_.kind == Kind::kRightBracket) return absl::OkStatus();
  while (true) {
    if (token_.kind != Kind::kWord && token_.kind != Kind::kQuoted) return Expected("a value of the list");
    argument->values.push_back(TakeLiteral());
    token_ = lexer_.NextElement();
    if (token_.kind == Kind::kRightBracket) return absl::OkStatus();
    if (token_.kind != Kind::kComma) return Expected("\",\" or \"]\" in the list");
    token_ = lexer_.NextElement();
  }
}

absl::Status Parser::ParsePath(std::vector<Name>* path) {
  path->push_back({token_.text, token_.offset});
  Advance();
  while (token_.kind == Kind::kDot) {
    Advance();
    switch (token_.kind) {
      case Kind::kWord:
      case Kind::kQuoted:
      case Kind::kAnd:
      case Kind::kOr:
      case Kind::kNot:
        break;
      default:
        return Expected("a member's name after \".\"");
    }
    path->push_back({token_.text, token_.offset});
    Advance();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Expression> ParseFilter(std::string_view filter) { return Parser(filter).ParseAll(); }

}  // namespace protogres::sql
