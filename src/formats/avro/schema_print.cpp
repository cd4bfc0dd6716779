#include <algorithm>
#include <array>
#include <set>

#include "base/json.h"
#include "formats/avro/graph.h"
#include "formats/avro/schema.h"

namespace weft::avro {
namespace {

constexpr std::string_view kKinds[] = {"null",   "boolean", "int",  "long",  "float", "double", "bytes",
                                       "string", "record",  "enum", "fixed", "array", "map",    "union"};
constexpr std::size_t kPrimitives = 8;

enum class Properties { as_written, sorted };
enum class Imports { by_name, spelled_out };

// Prints as Avro's Java library does: Schema.toString().
class Printer {
 public:
  Printer(const Graph& graph, Properties properties, Imports imports = Imports::by_name)
      : graph_(graph), properties_(properties), imports_(imports) {}

  json::Value type(int index, const std::string& space) {
    const Type& type = graph_.types[static_cast<std::size_t>(index)];
    switch (type.kind) {
      case Kind::record:
      case Kind::enumeration:
      case Kind::fixed:
        return named(index, type, space);
      case Kind::array:
      case Kind::map: {
        json::Object object{{"type", to_string(type.kind)}};
        object.set(type.kind == Kind::array ? "items" : "values", this->type(type.items, space));
        add(object, type.properties);
        return json::Value(std::move(object));
      }
      case Kind::alternatives: {
        json::Array all;
        for (const int branch : type.branches) all.push_back(this->type(branch, space));
        return json::Value(std::move(all));
      }
      default: {
        if (type.properties.empty()) return json::Value(to_string(type.kind));
        json::Object object{{"type", to_string(type.kind)}};
        add(object, type.properties);
        return json::Value(std::move(object));
      }
    }
  }

 private:
  static std::string relative(const Name& name, const std::string& space) {
    // A name like a primitive's would be taken for it.
    const bool is_clear = name.space.empty() || (name.space == space && !primitive_of(name.last));
    return is_clear ? name.last : name.full();
  }

  json::Value named(int index, const Type& type, const std::string& space) {
    const bool is_elsewhere = type.is_imported && imports_ == Imports::by_name;
    if (is_elsewhere || !printed_.insert(index).second) return json::Value(relative(type.name, space));
    json::Object object{{"type", type.is_error ? std::string_view("error") : to_string(type.kind)},
                        {"name", type.name.last}};
    if (type.name.space != space) object.set("namespace", type.name.space);
    if (type.doc) object.set("doc", *type.doc);
    if (type.kind == Kind::record) object.set("fields", fields(type));
    if (type.kind == Kind::enumeration) {
      object.set("symbols", json::Array(type.symbols.begin(), type.symbols.end()));
      if (type.otherwise) object.set("default", *type.otherwise);
    }
    if (type.kind == Kind::fixed) object.set("size", type.size);
    add(object, type.properties);
    if (!type.aliases.empty()) {
      json::Array aliases;
      for (const Name& each : type.aliases) aliases.emplace_back(relative(each, type.name.space));
      object.set("aliases", std::move(aliases));
    }
    return json::Value(std::move(object));
  }

  json::Array fields(const Type& type) {
    json::Array all;
    for (const Field& field : type.fields) {
      json::Object object{{"name", field.name}, {"type", this->type(field.type, type.name.space)}};
      if (field.doc) object.set("doc", *field.doc);
      if (field.otherwise) object.set("default", *field.otherwise);
      if (field.order != "ascending") object.set("order", field.order);
      if (!field.aliases.empty()) object.set("aliases", json::Array(field.aliases.begin(), field.aliases.end()));
      add(object, field.properties);
      all.push_back(json::Value(std::move(object)));
    }
    return all;
  }

  void add(json::Object& object, const json::Object& properties) const {
    std::vector<const json::Member*> all;
    for (const json::Member& each : properties) all.push_back(&each);
    if (properties_ == Properties::sorted)
      std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
    for (const json::Member* each : all) object.add(each->key, each->value);
  }

  const Graph& graph_;
  Properties properties_;
  Imports imports_;
  std::set<int> printed_;
};

// Specification, "Transforming into Parsing Canonical Form".
class CanonicalForm {
 public:
  explicit CanonicalForm(const Graph& graph) : graph_(graph) {}

  void type(int index, std::string& out) {
    const Type& type = graph_.types[static_cast<std::size_t>(index)];
    if (is_named(type.kind)) return named(index, type, out);
    if (type.kind == Kind::alternatives) {
      out += '[';
      for (std::size_t i = 0; i < type.branches.size(); ++i) {
        if (i > 0) out += ',';
        this->type(type.branches[i], out);
      }
      out += ']';
    } else if (type.kind == Kind::array || type.kind == Kind::map) {
      out += type.kind == Kind::array ? R"({"type":"array","items":)" : R"({"type":"map","values":)";
      this->type(type.items, out);
      out += '}';
    } else {
      json::write_text_to(out, to_string(type.kind));
    }
  }

 private:
  void named(int index, const Type& type, std::string& out) {
    if (!printed_.insert(index).second) {
      json::write_text_to(out, type.name.full());
      return;
    }
    out += "{\"name\":";
    json::write_text_to(out, type.name.full());
    out += ",\"type\":";
    json::write_text_to(out, type.is_error ? std::string_view("error") : to_string(type.kind));
    if (type.kind == Kind::record) {
      out += ",\"fields\":[";
      for (std::size_t i = 0; i < type.fields.size(); ++i) {
        out += i > 0 ? ",{\"name\":" : "{\"name\":";
        json::write_text_to(out, type.fields[i].name);
        out += ",\"type\":";
        this->type(type.fields[i].type, out);
        out += '}';
      }
      out += ']';
    } else if (type.kind == Kind::enumeration) {
      out += ",\"symbols\":" + json::write(json::Array(type.symbols.begin(), type.symbols.end()));
    } else {
      out += ",\"size\":" + std::to_string(type.size);
    }
    out += '}';
  }

  const Graph& graph_;
  std::set<int> printed_;
};

constexpr std::uint64_t kEmpty = 0xc15d213aa4d7a795ULL;

constexpr std::array<std::uint64_t, 256> kFingerprints = [] {
  std::array<std::uint64_t, 256> table{};
  for (std::uint64_t i = 0; i < 256; ++i) {
    std::uint64_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (kEmpty & (0 - (value & 1)));
    table[i] = value;
  }
  return table;
}();

}  // namespace

std::string_view to_string(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<Kind> primitive_of(std::string_view name) {
  const auto found = std::find(std::begin(kKinds), std::begin(kKinds) + kPrimitives, name);
  if (found == std::begin(kKinds) + kPrimitives) return std::nullopt;
  return static_cast<Kind>(found - std::begin(kKinds));
}

std::string Schema::canonical() const {
  return json::write(Printer(*graph_, Properties::as_written).type(graph_->root, ""));
}

std::string Schema::normalized() const {
  return json::write(Printer(*graph_, Properties::sorted).type(graph_->root, ""));
}

std::string Schema::resolved() const {
  return json::write(Printer(*graph_, Properties::as_written, Imports::spelled_out).type(graph_->root, ""));
}

std::string Schema::parsing_canonical_form() const {
  std::string out;
  CanonicalForm(*graph_).type(graph_->root, out);
  return out;
}

std::uint64_t Schema::fingerprint() const {
  std::uint64_t value = kEmpty;
  for (const char c : parsing_canonical_form())
    value = (value >> 8) ^ kFingerprints[(value ^ static_cast<unsigned char>(c)) & 0xff];
  return value;
}

std::string Schema::full_name() const {
  const Type& root = graph_->types[static_cast<std::size_t>(graph_->root)];
  return is_named(root.kind) ? root.name.full() : "";
}

}  // namespace weft::avro
