#include "text/quote.h"

#include "fmt/format.h"
#include "text/ascii.h"

namespace protogres::text {
namespace {

// Appends `text` between two `quote`, with a backslash before each quote and backslash in it.
void AppendBackslashed(std::string_view text, char quote, std::string* out) {
  const char special[] = {quote, '\\'};
  const std::string_view specials(special, sizeof(special));
  out->push_back(quote);
  for (std::size_t at = text.find_first_of(specials); at != std::string_view::npos; at = text.find_first_of(specials)) {
    out->append(text.substr(0, at));
    out->push_back('\\');
    out->push_back(text[at]);
    text.remove_prefix(at + 1);
  }
  out->append(text);
  out->push_back(quote);
}

}  // namespace

std::string QuoteName(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

std::string QuoteName(std::string_view schema, std::string_view name) {
  return QuoteName(schema) + "." + QuoteName(name);
}

std::string UnquoteName(std::string_view text) {
  std::string name;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"' && (at + 1 == text.size() || text[++at] != '"')) break;
    name += text[at];
  }
  return name;
}

std::string QuoteLiteral(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'') {
      out += "''";
    } else if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (IsControl(c)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out += '\'';
}

std::string QuoteSetting(std::string_view value) {
  std::string out;
  AppendBackslashed(value, '\'', &out);
  return out;
}

void AppendQuotedElement(std::string_view element, std::string* out) { AppendBackslashed(element, '"', out); }

}  // namespace protogres::text
