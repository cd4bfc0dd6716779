#include "base/text.h"
#include "duckdb/catalog/catalog_entry.hpp"
#include "duckdb/common/error_data.hpp"
#include "duckdb/common/exception.hpp"
#include "duckdb/planner/binder.hpp"
#include "platform/engine/worker/allow_list.h"
#include "platform/engine/worker/statement.h"

namespace weft::engine::worker {
namespace {

struct Sort {
  ErrorKind kind;
  std::string_view code;
};

Sort sort_of(const duckdb::ErrorData& data) {
  const std::string& message = data.RawMessage();
  if (message.starts_with("Max expression depth") || message.contains("memory exhausted") ||
      message.contains("stack depth limit")) {
    return {ErrorKind::limit, "sql.too_deep"};
  }
  switch (data.Type()) {
    case duckdb::ExceptionType::PARSER:
    case duckdb::ExceptionType::SYNTAX:
      return {ErrorKind::invalid, "sql.syntax"};
    case duckdb::ExceptionType::BINDER:
    case duckdb::ExceptionType::CATALOG:
    case duckdb::ExceptionType::EXPRESSION:
    case duckdb::ExceptionType::PARAMETER_NOT_RESOLVED:
    case duckdb::ExceptionType::PARAMETER_NOT_ALLOWED:
      break;
    case duckdb::ExceptionType::PERMISSION:
      return {ErrorKind::denied, "sql.not_allowed"};
    case duckdb::ExceptionType::NOT_IMPLEMENTED:
      return {ErrorKind::unsupported, "sql.unsupported"};
    case duckdb::ExceptionType::OUT_OF_MEMORY:
      return {ErrorKind::limit, "engine.out_of_memory"};
    case duckdb::ExceptionType::INTERRUPT:
      return {ErrorKind::cancelled, "engine.cancelled"};
    case duckdb::ExceptionType::INTERNAL:
    case duckdb::ExceptionType::FATAL:
      return {ErrorKind::internal, "engine.internal"};
    default:
      return {ErrorKind::invalid, "sql.run"};
  }
  const auto subtype = data.ExtraInfo().find("error_subtype");
  const bool names_a_column = subtype != data.ExtraInfo().end() && subtype->second == "COLUMN_NOT_FOUND";
  return {ErrorKind::invalid, names_a_column ? "sql.unknown_column" : "sql.bind"};
}

// What the engine says, without its advice on settings, its own SQL and its stack.
std::string told(const duckdb::ErrorData& data) {
  if (data.Type() == duckdb::ExceptionType::OUT_OF_MEMORY)
    return "the query needed more memory than its worker has: narrow it, or aggregate in steps";
  std::string message = data.RawMessage();
  for (const char* end : {"\n\nLINE ", "\nLINE ", "\n\nPossible solutions", "\nPossible fixes", "\nPossible Solution",
                          "\n\nStack Trace", "\n\nSee also"}) {
    message.resize(std::min(message.size(), message.find(end)));
  }
  return message;
}

[[noreturn]] void refuse(const std::string& what) { throw duckdb::PermissionException("%s is not allowed", what); }

}  // namespace

Error error_from(const std::exception& exception) {
  const duckdb::ErrorData data(exception);
  const auto sort = sort_of(data);
  Error error{.kind = sort.kind, .code = std::string(sort.code), .message = told(data), .details = {}};
  for (const auto& [key, value] : data.ExtraInfo()) {
    if (key == "position") {
      if (const auto position = text::parse_integer(value)) error.details.set("position", *position);
    } else if (key == "candidates") {
      json::Array candidates;
      for (const auto candidate : text::split(value, ',')) {
        if (!text::trim(candidate).empty()) candidates.emplace_back(text::trim(candidate));
      }
      error.details.set("candidates", std::move(candidates));
    }
  }
  return error;
}

void guard(duckdb::Binder& binder) {
  binder.SetCatalogLookupCallback([](duckdb::CatalogEntry& entry) {
    switch (entry.type) {
      case duckdb::CatalogType::TABLE_ENTRY:
      case duckdb::CatalogType::VIEW_ENTRY:
        refuse("the table " + entry.name);
      case duckdb::CatalogType::TABLE_FUNCTION_ENTRY:
      case duckdb::CatalogType::TABLE_MACRO_ENTRY:
        if (verdict_on_table_function(entry.name) != Verdict::allowed && !is_put_in_by_the_binder(entry.name)) {
          refuse("the table function " + entry.name + "()");
        }
        break;
      case duckdb::CatalogType::SCALAR_FUNCTION_ENTRY:
      case duckdb::CatalogType::AGGREGATE_FUNCTION_ENTRY:
      case duckdb::CatalogType::MACRO_ENTRY:
        if (verdict_on_function(entry.name) != Verdict::allowed && !is_put_in_by_the_binder(entry.name)) {
          refuse("the function " + entry.name + "()");
        }
        break;
      case duckdb::CatalogType::TYPE_ENTRY:
      case duckdb::CatalogType::COLLATION_ENTRY:
      case duckdb::CatalogType::SCHEMA_ENTRY:
        break;
      default:
        refuse(duckdb::CatalogTypeToString(entry.type) + " " + entry.name);
    }
  });
}

}  // namespace weft::engine::worker
