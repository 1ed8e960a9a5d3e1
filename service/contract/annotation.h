// Reads the `@protogres` lines of a SQL COMMENT: what they set, and the rest of the text. Pure. The caller has to check
// whether there are the columns that they name.
#ifndef PROTOGRES_SERVICE_CONTRACT_ANNOTATION_H_
#define PROTOGRES_SERVICE_CONTRACT_ANNOTATION_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace protogres::contract {

// What the COMMENT is on. A setting that has no meaning there is a problem.
enum class Commented {
  kTable,
  kView,
  kMaterializedView,
  kColumn,
  kType,
  kAttribute,
  kForeignKey,
  kFunction,
  kReference,  // a line of a relation's COMMENT that has references=
};

// What references= names. SQL names.
struct Referenced {
  std::string schema;  // empty: that of the relation with the COMMENT
  std::string relation;
  std::vector<std::string> columns;  // empty: those of its key
};

struct Annotations {
  std::optional<std::string> name;          // name=Person: a valid identifier
  bool omit = false;                        // omit
  std::optional<std::string> soft_delete;   // soft_delete=deleted_at: a SQL name
  std::vector<std::string> key;             // key=a,"Weird b": SQL names
  bool as_text = false;                     // type=string
  std::optional<std::string> reverse_name;  // reverse_name=orders: the name on the referenced side
  std::optional<int> number;  // number=100001: a field number that a relation or a computed column can have
  std::optional<int> reverse_number;
  std::optional<Referenced> references;  // references=shop.customer(id)
  std::vector<std::string> columns;      // column=customer_id: of the relation with the COMMENT, one for each of those
  // On relations: what each line says that has references=. Its other settings are about this reference alone.
  std::vector<Annotations> relations;
  std::string text;                   // the COMMENT without these lines
  std::vector<std::string> problems;  // what was not understood, a sentence each; everything else holds
};

Annotations ReadComment(std::string_view comment, Commented on);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_ANNOTATION_H_
