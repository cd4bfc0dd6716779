#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/odcs/odcs.h"

namespace weft::contracts {

struct Exported {
  std::string text;
  std::vector<std::string> left_out;  // What the format could not carry, each a sentence with its place.
};

inline constexpr std::string_view kFormats[] = {"json-schema", "avro", "protobuf", "sql", "dbt", "markdown", "html"};
inline constexpr std::string_view kDialects[] = {"postgres", "duckdb", "spark", "trino"};

struct ExportTerms {
  std::string format;              // One of kFormats.
  std::string dialect = "duckdb";  // Of format sql.
  std::string object;  // Only this schema object; empty: all. Avro and JSON Schema give one document of one object.
};
// invalid "contract.export" for a format that is none, an object that the contract does not have, or one that must be
// chosen; unsupported "odcs.type" for a type without a place.
Result<Exported> export_contract(const odcs::Contract& contract, const ExportTerms& terms);

// The formats, each by itself.
Result<Exported> to_json_schema(const odcs::Contract& contract, const odcs::SchemaObject& object);
Result<Exported> to_avro(const odcs::Contract& contract, const odcs::SchemaObject& object);
Result<Exported> to_protobuf(const odcs::Contract& contract, const std::vector<const odcs::SchemaObject*>& objects);
Result<Exported> to_sql(const odcs::Contract& contract, const std::vector<const odcs::SchemaObject*>& objects,
                        std::string_view dialect);
Result<Exported> to_dbt(const odcs::Contract& contract, const std::vector<const odcs::SchemaObject*>& objects);
Exported to_markdown(const odcs::Contract& contract);
Exported to_html(const odcs::Contract& contract);

// A name that languages take: letters, digits and `_`, not beginning with a digit.
std::string identifier(std::string_view name);

}  // namespace weft::contracts
