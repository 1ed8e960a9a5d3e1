#include "db/link.h"

#include <vector>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace protogres::db {

#if PQXX_VERSION_MAJOR < 7

pqxx::result RunParams(Link& link, const std::string* name, const std::string& sql, std::span<const Param> params) {
  std::vector<const char*> values;
  values.reserve(params.size());
  for (const Param& param : params) values.push_back(param ? param->c_str() : nullptr);
  const auto dynamic = pqxx::prepare::make_dynamic_params(values);
  pqxx::nontransaction transaction(link);
  return name != nullptr ? transaction.exec_prepared(*name, dynamic) : transaction.exec_params(sql, dynamic);
}

#else

pqxx::result RunParams(Link& link, const std::string* name, const std::string& sql, std::span<const Param> params) {
  pqxx::params values;
  values.reserve(params.size());
  for (const Param& param : params) {
    if (param) {
      values.append(*param);
    } else {
      values.append();
    }
  }
  pqxx::nontransaction transaction(link);
  return name != nullptr ? transaction.exec_prepared(*name, values) : transaction.exec_params(sql, values);
}

#endif

pqxx::result RunText(Link& link, const std::string& sql) {
  pqxx::nontransaction transaction(link);
  return transaction.exec(sql);
}

std::string StateOf(const std::exception& error) {
  // Derived ones first: in 6.4 they are no sql_error, in 7 they are.
  if (dynamic_cast<const pqxx::statement_completion_unknown*>(&error) != nullptr) return "40003";
  if (dynamic_cast<const pqxx::deadlock_detected*>(&error) != nullptr) return "40P01";
  if (dynamic_cast<const pqxx::transaction_rollback*>(&error) != nullptr) return "40001";
  if (dynamic_cast<const pqxx::too_many_connections*>(&error) != nullptr) return "53300";
  const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error);
  return sql != nullptr ? sql->sqlstate() : "";
}

}  // namespace protogres::db
