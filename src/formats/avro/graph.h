#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json_value.h"

// A schema as a graph of types: what parsing makes, and printing and resolution read.
namespace weft::avro {

enum class Kind {
  null,
  boolean,
  integer,
  long_integer,
  real,
  double_real,
  bytes,
  string,
  record,
  enumeration,
  fixed,
  array,
  map,
  alternatives
};

// "int", "record", "union" …
std::string_view to_string(Kind kind);
std::optional<Kind> primitive_of(std::string_view name);
inline bool is_named(Kind kind) { return kind == Kind::record || kind == Kind::enumeration || kind == Kind::fixed; }

// "shop.Order": its space is "shop", its last part "Order".
struct Name {
  std::string space, last;
  std::string full() const { return space.empty() ? last : space + "." + last; }
  friend auto operator<=>(const Name&, const Name&) = default;
};

struct Field {
  std::string name;
  int type = 0;
  std::optional<json::Value> otherwise;  // `default`.
  std::optional<std::string> doc;
  std::string order = "ascending";
  std::vector<std::string> aliases;
  json::Object properties;
};

struct Type {
  Kind kind = Kind::null;
  Name name;                  // Of named types.
  std::vector<Name> aliases;  // Likewise.
  std::optional<std::string> doc;
  bool is_error = false;  // A record written as "error".
  bool is_imported = false;
  std::vector<Field> fields;
  std::vector<std::string> symbols;
  std::optional<std::string> otherwise;  // An enumeration's `default`.
  std::int64_t size = 0;
  int items = 0;              // Of arrays and maps.
  std::vector<int> branches;  // Of unions.
  json::Object properties;    // Logical types among them.
};

struct Graph {
  std::vector<Type> types;  // A type refers to others by index: schemas may be recursive.
  int root = 0;
  std::map<Name, int> names;
};

}  // namespace weft::avro
