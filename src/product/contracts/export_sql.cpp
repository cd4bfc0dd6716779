#include <algorithm>
#include <map>

#include "base/text.h"
#include "formats/odcs/types.h"
#include "product/contracts/export.h"

// SQL DDL of four dialects, and dbt's models.
namespace weft::contracts {
namespace {

// The name of an Iceberg primitive in each dialect: postgres, duckdb, spark, trino.
struct SqlType {
  std::string_view iceberg;
  std::string_view names[4];
};
constexpr SqlType kTypes[] = {
    {"boolean", {"boolean", "BOOLEAN", "BOOLEAN", "BOOLEAN"}},
    {"int", {"integer", "INTEGER", "INT", "INTEGER"}},
    {"long", {"bigint", "BIGINT", "BIGINT", "BIGINT"}},
    {"float", {"real", "FLOAT", "FLOAT", "REAL"}},
    {"double", {"double precision", "DOUBLE", "DOUBLE", "DOUBLE"}},
    {"string", {"text", "VARCHAR", "STRING", "VARCHAR"}},
    {"binary", {"bytea", "BLOB", "BINARY", "VARBINARY"}},
    {"uuid", {"uuid", "UUID", "STRING", "UUID"}},
    {"date", {"date", "DATE", "DATE", "DATE"}},
    {"time", {"time", "TIME", "STRING", "TIME(6)"}},
    {"timestamp", {"timestamp", "TIMESTAMP", "TIMESTAMP_NTZ", "TIMESTAMP(6)"}},
    {"timestamptz", {"timestamptz", "TIMESTAMPTZ", "TIMESTAMP", "TIMESTAMP(6) WITH TIME ZONE"}},
};

struct Dialect {
  std::size_t index = 1;
  std::string_view name;
  char quote = '"';
};

Dialect dialect_of(std::string_view name) {
  const auto found = std::find(std::begin(kDialects), std::end(kDialects), name);
  return {.index = static_cast<std::size_t>(found - std::begin(kDialects)),
          .name = name,
          .quote = name == "spark" ? '`' : '"'};
}

std::string quoted(const Dialect& dialect, std::string_view name) {
  std::string all(1, dialect.quote);
  for (const char c : name) all += c == dialect.quote ? std::string(2, c) : std::string(1, c);
  return all + dialect.quote;
}

std::string literal(std::string_view text) {
  std::string all = "'";
  for (const char c : text) all += c == '\'' ? std::string("''") : std::string(1, c);
  return all + "'";
}

std::string sql_type(const Dialect& dialect, const json::Value& type);

std::string struct_type(const Dialect& dialect, const json::Array& fields) {
  std::string members;
  for (const json::Value& each : fields) {
    if (!members.empty()) members += ", ";
    const std::string_view separator = dialect.name == "spark" ? ": " : " ";
    members += quoted(dialect, each["name"].text_or("")) + std::string(separator) + sql_type(dialect, each["type"]);
  }
  if (dialect.name == "spark") return "STRUCT<" + members + ">";
  return (dialect.name == "trino" ? "ROW(" : "STRUCT(") + members + ")";
}

// Postgres has no anonymous structs and no maps: they are jsonb there.
std::string sql_type(const Dialect& dialect, const json::Value& type) {
  if (type.is_text()) {
    const std::string& text = type.text();
    if (text.starts_with("decimal")) return (dialect.index == 0 ? "numeric" : "DECIMAL") + text.substr(7);
    for (const SqlType& each : kTypes) {
      if (each.iceberg == text) return std::string(each.names[dialect.index]);
    }
    return "VARCHAR";
  }
  const std::string_view kind = type["type"].text_or("");
  const bool is_postgres = dialect.index == 0;
  if (kind == "list") {
    const std::string element = sql_type(dialect, type["element"]);
    if (dialect.name == "spark") return "ARRAY<" + element + ">";
    if (dialect.name == "trino") return "ARRAY(" + element + ")";
    return is_postgres && !type["element"].is_text() ? "jsonb" : element + "[]";
  }
  if (is_postgres) return "jsonb";
  if (kind == "map") {
    const std::string both = sql_type(dialect, type["key"]) + ", " + sql_type(dialect, type["value"]);
    return dialect.name == "spark" ? "MAP<" + both + ">" : "MAP(" + both + ")";
  }
  return struct_type(dialect, type["fields"].array());
}

std::string number_text(const json::Value& value) {
  return value.is_integer() ? std::to_string(value.integer()) : format("{}", value.number());
}

// What a CHECK can say of a column; empty: nothing.
std::string check_of(const Dialect& dialect, const odcs::Property& property, const std::string& where, Exported& out) {
  static const std::map<std::string, std::string_view> kBounds = {
      {"minimum", ">="}, {"maximum", "<="}, {"exclusiveMinimum", ">"}, {"exclusiveMaximum", "<"}};
  const std::string column = quoted(dialect, property.name);
  std::string all;
  const auto add = [&](std::string part) { all += (all.empty() ? "" : " AND ") + part; };
  for (const auto& [key, value] : property.options) {
    const auto bound = kBounds.find(key);
    if (bound != kBounds.end() && value.is_number())
      add(format("{} {} {}", column, bound->second, number_text(value)));
    else if (bound != kBounds.end() && value.is_text())
      add(format("{} {} {}", column, bound->second, literal(value.text())));
    else if (key == "minLength" && value.is_integer())
      add(format("length({}) >= {}", column, value.integer()));
    else if (key == "maxLength" && value.is_integer())
      add(format("length({}) <= {}", column, value.integer()));
    else if (key != "format" || property.logical_type == "string")
      out.left_out.push_back(format("{}: option {}", where, key));
  }
  return all;
}

std::string column_line(const Dialect& dialect, const odcs::Property& property, const json::Value& type,
                        const std::string& where, Exported& out) {
  std::string line = "  " + quoted(dialect, property.name) + " " + sql_type(dialect, type);
  if (property.is_required || property.is_primary_key) line += " NOT NULL";
  const bool has_constraints = dialect.name == "postgres" || dialect.name == "duckdb";
  const std::string check = check_of(dialect, property, where, out);
  if (has_constraints && property.is_unique && !property.is_primary_key) line += " UNIQUE";
  if (has_constraints && !check.empty()) line += " CHECK (" + check + ")";
  if (!has_constraints && property.is_unique) out.left_out.push_back(where + ": unique");
  if (!has_constraints && !check.empty()) out.left_out.push_back(where + ": bounds");
  if (!property.quality.empty())
    out.left_out.push_back(format("{}: {} quality rule(s)", where, property.quality.size()));
  if (!property.description.empty() && !has_constraints) line += " COMMENT " + literal(property.description);
  return line;
}

std::vector<const odcs::Property*> key_of(const odcs::SchemaObject& object) {
  std::vector<const odcs::Property*> key;
  for (const odcs::Property& each : object.properties) {
    if (each.is_primary_key) key.push_back(&each);
  }
  std::stable_sort(key.begin(), key.end(), [](const odcs::Property* a, const odcs::Property* b) {
    return a->primary_key_position < b->primary_key_position;
  });
  return key;
}

Result<std::string> create_table(const Dialect& dialect, const odcs::SchemaObject& object, Exported& out) {
  const std::string table = quoted(dialect, object.physical_name.empty() ? object.name : object.physical_name);
  std::string text = "CREATE TABLE " + table + " (\n";
  std::string comments;
  for (const odcs::Property& each : object.properties) {
    const json::Value type = TRY(odcs::column_type(each));
    text += column_line(dialect, each, type, object.name + "." + each.name, out) + ",\n";
    if (!each.description.empty() && (dialect.name == "postgres" || dialect.name == "duckdb"))
      comments +=
          format("COMMENT ON COLUMN {}.{} IS {};\n", table, quoted(dialect, each.name), literal(each.description));
  }
  const auto key = key_of(object);
  if (!key.empty() && (dialect.name == "postgres" || dialect.name == "duckdb")) {
    std::string names;
    for (const odcs::Property* each : key) names += (names.empty() ? "" : ", ") + quoted(dialect, each->name);
    text += "  PRIMARY KEY (" + names + "),\n";
  } else if (!key.empty()) {
    out.left_out.push_back(object.name + ": primary key");
  }
  if (text.ends_with(",\n")) text.erase(text.size() - 2, 1);
  text += ")";
  if (dialect.name == "spark") text += " USING iceberg";
  return text + ";\n" + comments;
}

std::string yaml_text(std::string_view text) {
  std::string all = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') all += '\\';
    all += c == '\n' ? ' ' : c;
  }
  return all + "\"";
}

}  // namespace

Result<Exported> to_sql(const odcs::Contract&, const std::vector<const odcs::SchemaObject*>& objects,
                        std::string_view dialect_name) {
  Exported out;
  const Dialect dialect = dialect_of(dialect_name);
  for (const odcs::SchemaObject* object : objects) {
    if (!out.text.empty()) out.text += "\n";
    out.text += TRY(create_table(dialect, *object, out));
    if (!object->quality.empty())
      out.left_out.push_back(format("{}: {} quality rule(s)", object->name, object->quality.size()));
  }
  return out;
}

Result<Exported> to_dbt(const odcs::Contract& contract, const std::vector<const odcs::SchemaObject*>& objects) {
  Exported out;
  const Dialect dialect = dialect_of("duckdb");
  out.text = "version: 2\nmodels:\n";
  for (const odcs::SchemaObject* object : objects) {
    out.text +=
        format("  - name: {}\n    config: {{contract: {{enforced: true}}}}\n    meta: {{contract: {}, version: {}}}\n",
               yaml_text(object->name), yaml_text(contract.id), yaml_text(contract.version));
    if (!object->description.empty()) out.text += format("    description: {}\n", yaml_text(object->description));
    out.text += "    columns:\n";
    for (const odcs::Property& each : object->properties) {
      const std::string where = object->name + "." + each.name;
      out.text += format("      - name: {}\n        data_type: {}\n", yaml_text(each.name),
                         yaml_text(sql_type(dialect, TRY(odcs::column_type(each)))));
      if (!each.description.empty()) out.text += format("        description: {}\n", yaml_text(each.description));
      if (each.is_required || each.is_primary_key) out.text += "        constraints: [{type: not_null}]\n";
      std::string tests;
      if (each.is_unique || (each.is_primary_key && key_of(*object).size() == 1)) tests += "unique, ";
      if (each.is_required || each.is_primary_key) tests += "not_null, ";
      if (!tests.empty()) out.text += "        data_tests: [" + tests.substr(0, tests.size() - 2) + "]\n";
      for (const auto& [key, value] : each.options) out.left_out.push_back(format("{}: option {}", where, key));
      if (!each.quality.empty()) out.left_out.push_back(format("{}: {} quality rule(s)", where, each.quality.size()));
    }
  }
  return out;
}

}  // namespace weft::contracts
