#include "contract/words.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

#include "contract/naming.h"
#include "text/ascii.h"

namespace protogres::contract {
namespace {

// One form for both numbers, or a plural whose singular no rule finds.
constexpr std::string_view kUnchanging[] = {
    "analytics", "athletics",   "barracks",  "basics",     "children",  "clothes",     "content",      "data",
    "deer",      "diabetes",    "economics", "equipment",  "ethics",    "feedback",    "feet",         "fish",
    "geese",     "genetics",    "glasses",   "goods",      "graphics",  "hardware",    "headquarters", "https",
    "info",      "information", "jenkins",   "kubernetes", "logistics", "mathematics", "means",        "media",
    "men",       "metadata",    "mice",      "money",      "music",     "news",        "odds",         "pants",
    "people",    "physics",     "politics",  "postgres",   "protogres", "rabies",      "scissors",     "series",
    "sheep",     "software",    "species",   "staff",      "teeth",     "thanks",      "traffic",      "women",
};

// {singular, plural} that the rules below would get wrong.
constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
    {"alias", "aliases"},    {"analysis", "analyses"},
    {"api", "apis"},         {"area", "areas"},
    {"atlas", "atlases"},    {"axis", "axes"},
    {"basis", "bases"},      {"bias", "biases"},
    {"cache", "caches"},     {"calf", "calves"},
    {"camera", "cameras"},   {"canvas", "canvases"},
    {"child", "children"},   {"crisis", "crises"},
    {"demo", "demos"},       {"diagnosis", "diagnoses"},
    {"echo", "echoes"},      {"emoji", "emojis"},
    {"epoch", "epochs"},     {"formula", "formulas"},
    {"gas", "gases"},        {"half", "halves"},
    {"hero", "heroes"},      {"hypothesis", "hypotheses"},
    {"idea", "ideas"},       {"iris", "irises"},
    {"knife", "knives"},     {"lens", "lenses"},
    {"loaf", "loaves"},      {"logo", "logos"},
    {"memo", "memos"},       {"menu", "menus"},
    {"niche", "niches"},     {"person", "people"},
    {"persona", "personas"}, {"photo", "photos"},
    {"pizza", "pizzas"},     {"portfolio", "portfolios"},
    {"potato", "potatoes"},  {"promo", "promos"},
    {"quiz", "quizzes"},     {"quota", "quotas"},
    {"radio", "radios"},     {"ratio", "ratios"},
    {"repo", "repos"},       {"scenario", "scenarios"},
    {"schema", "schemas"},   {"shelf", "shelves"},
    {"shoe", "shoes"},       {"stomach", "stomachs"},
    {"studio", "studios"},   {"taxi", "taxis"},
    {"tech", "techs"},       {"thesis", "theses"},
    {"thief", "thieves"},    {"todo", "todos"},
    {"tomato", "tomatoes"},  {"veto", "vetoes"},
    {"video", "videos"},     {"visa", "visas"},
    {"wife", "wives"},       {"wiki", "wikis"},
    {"wolf", "wolves"},      {"yes", "yes"},
};

// Plurals of two words each: neither singular is certain.
constexpr std::string_view kAmbiguous[] = {"axes", "bases", "hooves", "leaves", "lives", "staves"};

// -ies whose singular is -ie.
constexpr std::string_view kIe[] = {"brownies", "calories", "cookies", "freebies", "goalies",   "hoodies", "movies",
                                    "newbies",  "prairies", "rookies", "selfies",  "smoothies", "sorties", "zombies"};

// -uses whose singular is -use.
constexpr std::string_view kUse[] = {"abuses", "excuses", "fuses", "muses", "refuses", "uses"};

bool In(std::span<const std::string_view> words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

bool EndsIn(std::string_view word, std::string_view end) { return word.size() > end.size() && word.ends_with(end); }

std::string Cut(const std::string& word, std::size_t count) { return word.substr(0, word.size() - count); }

bool IsVowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

bool IsUnchanging(std::string_view word) {
  return In(kUnchanging, word) || EndsIn(word, "data") || EndsIn(word, "series") || EndsIn(word, "news");
}

// The singular of a word in lower case; itself where none is certain.
std::string SingularWord(const std::string& word) {
  if (IsUnchanging(word) || In(kAmbiguous, word)) return word;
  for (const auto& [singular, plural] : kPairs) {
    if (word == plural || word == singular) return std::string(singular);
  }
  if (word.size() < 4 || word.back() != 's') return word;
  if (word.ends_with("ies")) {
    if (In(kIe, word)) return Cut(word, 1);
    return word.size() > 4 ? Cut(word, 3) + "y" : word;
  }
  for (const std::string_view end : {"sses", "ches", "shes"}) {
    if (EndsIn(word, end)) return Cut(word, 2);
  }
  if (word.ends_with("xes")) return word.size() > 4 ? Cut(word, 2) : word;
  if (word.ends_with("zzes") || word.ends_with("oes")) return word;
  if (word.ends_with("uses")) {
    const bool ends_in_e = In(kUse, word) || word.ends_with("ouses") || word.ends_with("auses");
    return Cut(word, ends_in_e ? 1 : 2);
  }
  const char before = word[word.size() - 2];
  const bool certain =
      before >= 'a' && before <= 'z' && std::string_view("suiao").find(before) == std::string_view::npos;
  return certain ? Cut(word, 1) : word;
}

// The plural of a word in lower case; itself where it is one, or where none is certain.
std::string PluralWord(const std::string& word) {
  if (IsUnchanging(word) || In(kAmbiguous, word)) return word;
  for (const auto& [singular, plural] : kPairs) {
    if (word == singular || word == plural) return std::string(plural);
  }
  if (SingularWord(word) != word) return word;
  const char last = word.back();
  if (last < 'a' || last > 'z') return word;
  if (last == 's') return word.size() > 2 && (word.ends_with("ss") || word.ends_with("us")) ? word + "es" : word;
  if (last == 'x' || last == 'z' || EndsIn(word, "ch") || EndsIn(word, "sh")) return word + "es";
  if (last == 'y' && word.size() > 1 && !IsVowel(word[word.size() - 2])) return Cut(word, 1) + "ies";
  return word + "s";
}

// Applies `rule` to the last word. It changes only the word's end, so the
// capitals of what stays are kept.
template <typename Rule>
std::string ChangeLastWord(const std::string& name, Rule rule) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  std::size_t start = 0;
  for (std::size_t i = 1; i < name.size(); ++i) {
    if (!upper(name[i])) continue;
    const bool before_word = i + 1 < name.size() && name[i + 1] >= 'a' && name[i + 1] <= 'z';
    if (!upper(name[i - 1]) || before_word) start = i;
  }
  const std::string word = name.substr(start);
  if (word.empty()) return name;
  const std::string lower = text::Lower(word);
  const std::string changed = rule(lower);
  const auto [was, now] = std::ranges::mismatch(lower, changed);
  const auto kept = static_cast<std::size_t>(std::distance(lower.begin(), was));
  return name.substr(0, start + kept) + std::string(now, changed.end());
}

}  // namespace

std::string Singular(const std::string& name) { return ChangeLastWord(name, SingularWord); }
std::string Plural(const std::string& name) { return ChangeLastWord(name, PluralWord); }

}  // namespace protogres::contract
