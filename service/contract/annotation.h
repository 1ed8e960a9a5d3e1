// The `@protogres` lines of a SQL COMMENT: what they set, and the rest of the
// text. Pure; whether a column that they name exists is the caller's to check.
#ifndef PROTOGRES_SERVICE_CONTRACT_ANNOTATION_H_
#define PROTOGRES_SERVICE_CONTRACT_ANNOTATION_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace protogres::contract {

// What the COMMENT is on: settings that do not apply there are refused.
enum class Commented { kTable, kView, kMaterializedView, kColumn, kType, kAttribute };

struct Annotations {
  std::optional<std::string> name;         // name=Person: a valid identifier
  bool omit = false;                       // omit
  std::optional<std::string> soft_delete;  // soft_delete=deleted_at: a SQL name
  std::vector<std::string> key;            // key=a,"Weird b": SQL names
  bool as_text = false;                    // type=string
  std::string text;                        // the COMMENT without these lines
  std::vector<std::string> problems;       // what was not understood, a sentence each; nothing else is lost by it
};

Annotations ReadComment(std::string_view comment, Commented on);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_ANNOTATION_H_
