#include "platform/engine/worker/checks.h"

#include "base/json.h"
#include "base/text.h"
#include "platform/engine/worker/types.h"

namespace weft::engine::worker {
namespace {

struct NamedFormat {
  std::string_view name, pattern;
};
// Shapes of the standard's named formats.
constexpr NamedFormat kFormats[] = {
    {"email", "[^@\\s]+@[^@\\s]+\\.[^@\\s.]+"},
    {"uuid", "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"},
    {"uri", "[a-zA-Z][a-zA-Z0-9+.-]*:[^\\s]+"},
    {"hostname", "([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"},
    {"ipv4", "((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"},
    {"ipv6", "[0-9a-fA-F:]*:[0-9a-fA-F:]*(:[0-9.]+)?"},
    {"byte", "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"},
};

std::string name_of(const Check& check) {
  return check.columns.empty() ? std::string() : text::quote_identifier(check.columns[0]);
}

std::string literal(const json::Value& value) {
  if (value.is_boolean()) return value.boolean() ? "TRUE" : "FALSE";
  if (value.is_number()) return json::write(value);
  if (value.is_null()) return "NULL";
  std::string text(value.text_or(""));
  std::erase(text, '\0');
  return text::quote_literal(text);
}

std::string list_of(const json::Value& values) {
  std::string list;
  for (const json::Value& value : values.array()) list += (list.empty() ? "" : ", ") + literal(value);
  return list;
}

// Compares as texts where the values are texts, so that one list can hold both.
std::string in_list(const std::string& column, const json::Value& values) {
  const bool has_text = std::any_of(values.array().begin(), values.array().end(),
                                    [](const json::Value& value) { return value.is_text(); });
  return has_text ? format("CAST({} AS VARCHAR) IN ({})", column, list_of(values))
                  : format("{} IN ({})", column, list_of(values));
}

std::string or_all(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : " OR ") + part;
  return all.empty() ? "FALSE" : "(" + all + ")";
}

Result<std::string> bounds(const Check& check, const std::string& column, const std::vector<TargetColumn>& columns) {
  std::string type = "DOUBLE";
  for (const TargetColumn& each : columns) {
    if (each.name == check.columns[0]) type = TRY(logical_type_of(each.type)).ToString();
  }
  const json::Value spec(check.spec);
  std::vector<std::string> parts;
  auto add = [&](const char* key, const char* op) {
    const json::Value& limit = spec[key];
    if (limit.is_number()) parts.push_back(format("{} {} {}", column, op, json::write(limit)));
    if (limit.is_text()) parts.push_back(format("{} {} CAST({} AS {})", column, op, literal(limit), type));
  };
  add("minimum", "<");
  add("maximum", ">");
  add("exclusiveMinimum", "<=");
  add("exclusiveMaximum", ">=");
  // 3.0 wrote the exclusive ones as flags beside the bounds.
  if (spec["exclusiveMinimum"].boolean_or(false)) parts.push_back(format("{} = {}", column, literal(spec["minimum"])));
  if (spec["exclusiveMaximum"].boolean_or(false)) parts.push_back(format("{} = {}", column, literal(spec["maximum"])));
  if (spec["multipleOf"].is_number())
    parts.push_back(format("({0} % {1}) <> 0", column, json::write(spec["multipleOf"])));
  return or_all(parts);
}

std::string range(const std::string& measured, const json::Value& spec, const char* low, const char* high) {
  std::vector<std::string> parts;
  if (spec[low].is_integer()) parts.push_back(format("{} < {}", measured, spec[low].integer()));
  if (spec[high].is_integer()) parts.push_back(format("{} > {}", measured, spec[high].integer()));
  return or_all(parts);
}

std::unexpected<Error> misfit(const Check& check) {
  return fail(ErrorKind::invalid, "check.spec", "the check {} of kind {} cannot be run", check.id, check.kind);
}

Result<std::string> metric(const Check& check) {
  const json::Value spec(check.spec);
  const std::string column = name_of(check);
  const std::string name(spec["metric"].text_or(""));
  std::string bad;
  if (name == "rowCount") return std::string("count(*)");
  if (name == "nullValues") bad = column + " IS NULL";
  if (name == "missingValues") {
    std::vector<std::string> parts{column + " IS NULL"};
    if (spec["missingValues"].is_array()) parts.push_back(in_list(column, spec["missingValues"]));
    bad = or_all(parts);
  }
  if (name == "invalidValues" && spec["validValues"].is_array())
    bad = format("({0} IS NOT NULL AND NOT {1})", column, in_list(column, spec["validValues"]));
  if (name == "invalidValues" && spec["pattern"].is_text()) {
    const std::string matches =
        format("({0} IS NOT NULL AND NOT weft_matches(CAST({0} AS VARCHAR), {1}))", column, literal(spec["pattern"]));
    bad = bad.empty() ? matches : format("({} OR {})", bad, matches);
  }
  if (name == "duplicateValues") {
    std::string key;
    for (const std::string& each : check.columns) key += (key.empty() ? "" : ", ") + text::quote_identifier(each);
    const std::string whole = check.columns.size() == 1 ? key : "struct_pack(" + [&] {
      std::string fields;
      for (std::size_t i = 0; i < check.columns.size(); ++i)
        fields += format("{}k{} := {}", i > 0 ? ", " : "", i, text::quote_identifier(check.columns[i]));
      return fields;
    }() + ")";
    const std::string duplicates = format("count({0}) - count(DISTINCT {0})", whole);
    return spec["unit"].text_or("") == "percent" ? format("100.0 * ({}) / nullif(count(*), 0)", duplicates)
                                                 : duplicates;
  }
  if (bad.empty()) return misfit(check);
  const std::string count = format("count(*) FILTER (WHERE {})", bad);
  return spec["unit"].text_or("") == "percent" ? format("100.0 * {} / nullif(count(*), 0)", count) : count;
}

}  // namespace

Result<std::optional<CheckSql>> check_sql(const Check& check, const std::vector<TargetColumn>& columns) {
  const std::string column = name_of(check);
  const json::Value spec(check.spec);
  if (check.kind == "unique" || check.kind == "sql") return std::optional<CheckSql>();
  if (check.kind == "metric") return std::optional(CheckSql{.failing = {}, .value = TRY(metric(check))});
  if (column.empty()) return misfit(check);
  auto by_row = [&](std::string failing) {
    return std::optional(CheckSql{.failing = std::move(failing), .value = {}});
  };
  if (check.kind == "required") return by_row(column + " IS NULL");
  if (check.kind == "length") return by_row(range("length(" + column + ")", spec, "minLength", "maxLength"));
  if (check.kind == "pattern") return by_row(format("NOT weft_matches({}, {})", column, literal(spec["pattern"])));
  if (check.kind == "bounds") return by_row(TRY(bounds(check, column, columns)));
  if (check.kind == "enum") return by_row(format("NOT {}", in_list(column, spec["values"])));
  if (check.kind == "items") {
    std::string failing = range("len(" + column + ")", spec, "minItems", "maxItems");
    if (spec["uniqueItems"].boolean_or(false))
      failing = format("({} OR len({}) <> len(list_distinct({})))", failing, column, column);
    return by_row(failing);
  }
  if (check.kind == "format") {
    for (const NamedFormat& known : kFormats) {
      if (known.name == spec["format"].text_or(""))
        return by_row(format("NOT weft_matches({}, '^(?:{})$')", column, known.pattern));
    }
  }
  return misfit(check);
}

}  // namespace weft::engine::worker
