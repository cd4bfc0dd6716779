#include <algorithm>
#include <map>

#include "base/format.h"
#include "base/text.h"
#include "formats/avro/graph.h"
#include "formats/avro/schema.h"

namespace weft::avro {
namespace {

using evolution::Difference;
using Differences = std::vector<Difference>;

bool promotes(Kind writer, Kind reader) {
  switch (reader) {
    case Kind::long_integer:
      return writer == Kind::integer;
    case Kind::real:
      return writer == Kind::integer || writer == Kind::long_integer;
    case Kind::double_real:
      return writer == Kind::integer || writer == Kind::long_integer || writer == Kind::real;
    case Kind::bytes:
      return writer == Kind::string;
    case Kind::string:
      return writer == Kind::bytes;
    default:
      return false;
  }
}

// The name without its namespace is enough; an alias of the reader is meant in full.
bool is_same_name(const Type& reader, const Type& writer) {
  return reader.name.last == writer.name.last ||
         std::find(reader.aliases.begin(), reader.aliases.end(), writer.name) != reader.aliases.end();
}

class Resolution {
 public:
  Resolution(const Graph& reader, const Graph& writer, evolution::Sides sides)
      : reader_(reader), writer_(writer), sides_(sides) {}

  Differences run() { return check(reader_.root, writer_.root, ""); }

 private:
  // Pairs that are being checked count as fine: recursion ends there, and what is wrong below is found once.
  Differences check(int reader, int writer, const std::string& at) {
    const std::pair pair(reader, writer);
    if (const auto known = known_.find(pair); known != known_.end()) {
      Differences again = known->second;
      return again;
    }
    known_.emplace(pair, Differences{});
    Differences found = compare(reader_.types[static_cast<std::size_t>(reader)],
                                writer_.types[static_cast<std::size_t>(writer)], reader, writer, at);
    if (found.size() > evolution::kDifferencesMax) found.resize(evolution::kDifferencesMax);
    known_[pair] = found;
    return found;
  }

  Differences compare(const Type& reader, const Type& writer, int reader_index, int writer_index,
                      const std::string& at) {
    if (writer.kind == Kind::alternatives) return from_union(reader, writer, reader_index, at);
    if (reader.kind == Kind::alternatives) return into_union(reader, writer, writer_index, at);
    if (reader.kind != writer.kind) {
      if (promotes(writer.kind, reader.kind)) return {};
      return one(
          "TYPE_MISMATCH", at,
          format("The type (path '{}') of a field in the {} schema does not match with the {} schema", path(at),
                 sides_.reader, sides_.writer),
          format("reader type: {} not compatible with writer type: {}", shouted(reader.kind), shouted(writer.kind)));
    }
    switch (reader.kind) {
      case Kind::array:
        return check(reader.items, writer.items, at + "/items");
      case Kind::map:
        return check(reader.items, writer.items, at + "/values");
      case Kind::record:
      case Kind::enumeration:
      case Kind::fixed:
        return named(reader, writer, at);
      default:
        return {};
    }
  }

  Differences named(const Type& reader, const Type& writer, const std::string& at) {
    Differences all;
    if (!is_same_name(reader, writer))
      all = one("NAME_MISMATCH", at + "/name",
                format("The name of the schema has changed (path '{}')", path(at + "/name")),
                format("expected: {}", writer.name.full()));
    if (reader.kind == Kind::record) add(all, fields(reader, writer, at));
    if (reader.kind == Kind::enumeration) add(all, symbols(reader, writer, at));
    if (reader.kind == Kind::fixed && reader.size != writer.size)
      add(all,
          one("FIXED_SIZE_MISMATCH", at + "/size",
              format("The size of FIXED type field at path '{}' in the {} schema does not match with the {} schema",
                     path(at + "/size"), sides_.reader, sides_.writer),
              format("expected: {}, found: {}", writer.size, reader.size)));
    return all;
  }

  Differences fields(const Type& reader, const Type& writer, const std::string& at) {
    Differences all;
    for (std::size_t i = 0; i < reader.fields.size() && all.size() < evolution::kDifferencesMax; ++i) {
      const Field& field = reader.fields[i];
      const std::string here = format("{}/fields/{}", at, i);
      if (const Field* source = source_of(field, writer)) {
        add(all, check(field.type, source->type, here + "/type"));
      } else if (!field.otherwise) {
        add(all,
            one("READER_FIELD_MISSING_DEFAULT_VALUE", here,
                format(
                    "The field '{}' at path '{}' in the {} schema has no default value and is missing in the {} schema",
                    field.name, path(here), sides_.reader, sides_.writer),
                field.name));
      }
    }
    return all;
  }

  static const Field* source_of(const Field& field, const Type& writer) {
    const auto named = [&](const std::string& name) -> const Field* {
      const auto found = std::find_if(writer.fields.begin(), writer.fields.end(),
                                      [&](const Field& each) { return each.name == name; });
      return found == writer.fields.end() ? nullptr : &*found;
    };
    if (const Field* same = named(field.name)) return same;
    for (const std::string& alias : field.aliases) {
      if (const Field* other = named(alias)) return other;
    }
    return nullptr;
  }

  Differences symbols(const Type& reader, const Type& writer, const std::string& at) {
    if (reader.otherwise) return {};
    std::string missing;
    for (const std::string& symbol : writer.symbols) {
      if (std::find(reader.symbols.begin(), reader.symbols.end(), symbol) == reader.symbols.end())
        missing += (missing.empty() ? "" : ", ") + symbol;
    }
    if (missing.empty()) return {};
    missing = "[" + missing + "]";
    return one("MISSING_ENUM_SYMBOLS", at + "/symbols",
               format("The {} schema is missing enum symbols '{}' at path '{}' in the {} schema", sides_.reader,
                      missing, path(at + "/symbols"), sides_.writer),
               missing);
  }

  Differences from_union(const Type& reader, const Type& writer, int reader_index, const std::string& at) {
    Differences all;
    for (std::size_t i = 0; i < writer.branches.size(); ++i) {
      const std::string here = format("{}/{}", at, i);
      Differences found = check(reader_index, writer.branches[i], here);
      if (found.empty()) continue;
      if (reader.kind == Kind::alternatives)
        add(all, lacking(writer_.types[static_cast<std::size_t>(writer.branches[i])], here));
      else
        add(all, std::move(found));
    }
    return all;
  }

  Differences into_union(const Type& reader, const Type& writer, int writer_index, const std::string& at) {
    for (const int branch : reader.branches) {
      if (check(branch, writer_index, at).empty()) return {};
    }
    return lacking(writer, at);
  }

  Differences lacking(const Type& writer, const std::string& at) {
    return one("MISSING_UNION_BRANCH", at,
               format("The {} schema is missing a type inside a union field at path '{}' in the {} schema",
                      sides_.reader, path(at), sides_.writer),
               format("reader union lacking writer type: {}", shouted(writer.kind)));
  }

  static std::string path(const std::string& at) { return at.empty() ? "/" : at; }
  static std::string shouted(Kind kind) {
    std::string name(to_string(kind));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return name;
  }
  static Differences one(std::string_view type, const std::string& at, std::string description, std::string detail) {
    return {{.type = std::string(type),
             .path = path(at),
             .description = std::move(description),
             .detail = std::move(detail)}};
  }
  static void add(Differences& all, Differences more) { std::move(more.begin(), more.end(), std::back_inserter(all)); }

  const Graph &reader_, &writer_;
  evolution::Sides sides_;
  std::map<std::pair<int, int>, Differences> known_;
};

}  // namespace

std::vector<Difference> differences(const Schema& reader, const Schema& writer, evolution::Sides sides) {
  auto all = Resolution(reader.graph(), writer.graph(), sides).run();
  if (all.size() > evolution::kDifferencesMax) all.resize(evolution::kDifferencesMax);
  return all;
}

}  // namespace weft::avro
