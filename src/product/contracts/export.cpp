#include "product/contracts/export.h"

#include <algorithm>

#include "base/text.h"

namespace weft::contracts {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string joined(std::span<const std::string_view> all) {
  std::string text;
  for (const std::string_view each : all) text += (text.empty() ? "" : ", ") + std::string(each);
  return text;
}

Result<std::vector<const odcs::SchemaObject*>> chosen(const odcs::Contract& contract, const std::string& name) {
  std::vector<const odcs::SchemaObject*> objects;
  for (const odcs::SchemaObject& each : contract.objects) {
    if (name.empty() || each.name == name) objects.push_back(&each);
  }
  if (objects.empty())
    return fail(ErrorKind::invalid, "contract.export", "contract {} has no schema object{}{}", contract.id,
                name.empty() ? "" : " ", name);
  return objects;
}

}  // namespace

std::string identifier(std::string_view name) {
  std::string all;
  for (const char c : name) all += is_letter_or_digit(c) ? c : '_';
  if (all.empty() || (all[0] >= '0' && all[0] <= '9')) all.insert(0, "_");
  return all;
}

Result<Exported> export_contract(const odcs::Contract& contract, const ExportTerms& terms) {
  if (terms.format == "markdown") return to_markdown(contract);
  if (terms.format == "html") return to_html(contract);
  const auto objects = TRY(chosen(contract, terms.object));
  if (terms.format == "sql") {
    if (std::find(std::begin(kDialects), std::end(kDialects), terms.dialect) == std::end(kDialects))
      return fail(ErrorKind::invalid, "contract.export", "dialect {} is not one of {}", terms.dialect,
                  joined(kDialects));
    return to_sql(contract, objects, terms.dialect);
  }
  if (terms.format == "protobuf") return to_protobuf(contract, objects);
  if (terms.format == "dbt") return to_dbt(contract, objects);
  const bool is_single = terms.format == "avro" || terms.format == "json-schema";
  if (!is_single)
    return fail(ErrorKind::invalid, "contract.export", "format {} is not one of {}", terms.format, joined(kFormats));
  if (objects.size() > 1)
    return fail(ErrorKind::invalid, "contract.export",
                "contract {} has {} schema objects and {} describes one: choose it with --object NAME", contract.id,
                objects.size(), terms.format);
  return terms.format == "avro" ? to_avro(contract, *objects.front()) : to_json_schema(contract, *objects.front());
}

}  // namespace weft::contracts
