#include "formats/json_schema/library.h"

#include <algorithm>

#include "base/check.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/json_schema/number.h"
#include "formats/json_schema/uri.h"

namespace weft::json_schema {
namespace {

constexpr std::string_view kReferences[] = {"$ref", "$recursiveRef", "$dynamicRef"};

// The value at an RFC 6901 pointer, already percent-decoded.
const json::Value* at_pointer(const json::Value* value, std::string_view pointer) {
  for (const std::string_view part : text::split(pointer.substr(1), '/')) {
    std::string key;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const bool is_escape = part[i] == '~' && i + 1 < part.size();
      key += is_escape ? (part[++i] == '1' ? '/' : '~') : part[i];
    }
    if (value->is_array()) {
      const auto index = text::parse_integer(key);
      if (!index || *index < 0 || static_cast<std::size_t>(*index) >= value->array().size()) return nullptr;
      value = &value->array()[static_cast<std::size_t>(*index)];
    } else {
      value = value->is_object() ? value->object().find(key) : nullptr;
      if (value == nullptr) return nullptr;
    }
  }
  return value;
}

Result<> check_depth(const json::Value& document) {
  std::vector<std::pair<const json::Value*, std::size_t>> open{{&document, 1}};
  while (!open.empty()) {
    const auto [value, depth] = open.back();
    open.pop_back();
    if (!value->is_object() && !value->is_array()) continue;
    if (depth > kSchemaDepthMax) {
      return fail(ErrorKind::limit, "json_schema.too_deep", "the schema nests deeper than {} levels", kSchemaDepthMax);
    }
    if (value->is_array()) {
      for (const json::Value& each : value->array()) open.emplace_back(&each, depth + 1);
    } else {
      for (const auto& [name, each] : value->object()) open.emplace_back(&each, depth + 1);
    }
  }
  return {};
}

}  // namespace

// What is needed only until every reference is resolved.
struct Library::Opening {
  Library& library;
  const Options& options;
  struct Dialect {
    Draft draft;
    bool has_assertions = true;
  };
  std::unordered_map<std::string, std::uint32_t> imports = {};  // Resource by the name it was imported by.
  std::map<std::string, Dialect, std::less<>> dialects = {};    // By the URI of the meta-schema.

  Result<Dialect> dialect_of(const json::Value& root, const Dialect& otherwise);
  Result<> add_import(const evolution::Import& import);
  Result<std::uint32_t> add_resource(const json::Value& root, std::string uri, const Dialect& dialect);
  Result<> index(const json::Value& root, std::uint32_t resource);
  Result<std::uint32_t> identify(const json::Value& schema, std::uint32_t outer);
  Result<> name(const json::Value& schema, std::uint32_t resource);
  Result<> reach(const json::Value& root);
  Result<const json::Value*> resolve(std::string_view reference, std::uint32_t from);
};

Result<Library::Opening::Dialect> Library::Opening::dialect_of(const json::Value& root, const Dialect& otherwise) {
  const json::Value* uri = root.is_object() ? root.object().find("$schema") : nullptr;
  if (uri == nullptr) return otherwise;
  if (!uri->is_text()) return fail(ErrorKind::invalid, "json_schema.malformed", "$schema is no URI");
  if (const auto draft = draft_of(uri->text())) return Dialect{.draft = *draft};
  if (const auto known = dialects.find(uri->text()); known != dialects.end()) return known->second;
  for (const evolution::Import& import : options.imports) {
    if (import.name != split_fragment(uri->text()).first) continue;
    const json::Value meta = TRY(json::parse(import.text, {.depth_max = kSchemaDepthMax}));
    const auto draft = draft_of(meta["$schema"].text_or(""));
    if (!draft) break;
    bool has_assertions = !meta["$vocabulary"].is_object();
    for (const std::string_view year : {"2019-09", "2020-12"}) {
      const auto vocabulary = format("https://json-schema.org/draft/{}/vocab/validation", year);
      has_assertions = has_assertions || meta["$vocabulary"].object().contains(vocabulary);
    }
    return dialects[uri->text()] = {.draft = *draft, .has_assertions = has_assertions};
  }
  return fail(ErrorKind::unsupported, "json_schema.dialect",
              "$schema {} is none of the drafts 4, 6, 7, 2019-09 and 2020-12, nor imported", uri->text());
}

Result<> Library::Opening::add_import(const evolution::Import& import) {
  auto document = json::parse(import.text, {.bytes_max = evolution::kSchemaBytesMax, .depth_max = kSchemaDepthMax});
  if (!document) {
    return fail(document.error().kind, "json_schema.malformed", "the import {}: {}", import.name,
                document.error().message);
  }
  library.documents_.push_back(std::make_unique<const json::Value>(std::move(*document)));
  const json::Value& root = *library.documents_.back();
  const Draft draft = library.resources_.front().draft;
  // An import of another dialect that nothing refers to (a meta-schema's) does no harm.
  const auto dialect = dialect_of(root, {.draft = draft});
  if (!dialect) return {};
  const auto resource = TRY(add_resource(root, import.name, *dialect));
  imports.emplace(import.name, resource);
  return index(root, resource);
}

Result<std::uint32_t> Library::Opening::add_resource(const json::Value& root, std::string uri, const Dialect& dialect) {
  const auto number = static_cast<std::uint32_t>(library.resources_.size());
  const bool is_of_document = imports.empty() && library.documents_.size() == 1;
  if (!library.by_uri_.emplace(uri, number).second && is_of_document) {
    return fail(ErrorKind::invalid, "json_schema.malformed", "two schemas have the id {}", uri);
  }
  library.resources_.push_back({.uri = std::move(uri),
                                .root = &root,
                                .draft = dialect.draft,
                                .has_assertions = dialect.has_assertions,
                                .anchors = {},
                                .dynamic_anchors = {}});
  return number;
}

// The resource that a schema belongs to: a new one when it has an id of its own.
Result<std::uint32_t> Library::Opening::identify(const json::Value& schema, std::uint32_t outer) {
  const Resource& around = library.resources_[outer];
  const json::Object& members = schema.object();
  const bool is_root = around.root == &schema;
  Dialect dialect{.draft = around.draft, .has_assertions = around.has_assertions};
  const json::Value* id = members.find(dialect.draft == Draft::v4 ? "id" : "$id");
  if (id != nullptr && id->is_text() && !is_root && dialect.draft != Draft::v4)
    dialect = TRY(dialect_of(schema, dialect));
  if (id == nullptr && !is_root) {
    // A document of a newer draft may embed one of draft 4, which spells it differently.
    const json::Value* uri = members.find("$schema");
    if (uri != nullptr && uri->is_text() && draft_of(uri->text()) == Draft::v4) {
      id = members.find("id");
      dialect.draft = Draft::v4;
    }
  }
  if (id == nullptr || is_reference_alone(members, dialect.draft)) return outer;
  if (!id->is_text())
    return fail(ErrorKind::invalid, "json_schema.malformed", "an id is no text: {}", json::write(*id));
  const std::string_view bare = split_fragment(id->text()).first;
  if (bare.empty()) return outer;
  std::string uri(split_fragment(resolve_uri(around.uri, bare)).first);
  if (!is_root) return add_resource(schema, std::move(uri), dialect);
  library.resources_[outer].uri = uri;
  library.by_uri_.emplace(std::move(uri), outer);
  return outer;
}

Result<> Library::Opening::name(const json::Value& schema, std::uint32_t number) {
  Resource& resource = library.resources_[number];
  const json::Object& members = schema.object();
  const Draft draft = resource.draft;
  if (is_reference_alone(members, draft)) return {};
  auto add = [&](std::string_view name) -> Result<> {
    if (resource.anchors.emplace(name, &schema).second) return {};
    return fail(ErrorKind::invalid, "json_schema.malformed", "two schemas have the anchor {}", name);
  };
  if (draft <= Draft::v7) {
    const std::string_view id = schema[draft == Draft::v4 ? "id" : "$id"].text_or("");
    const auto fragment = split_fragment(id).second;
    if (!fragment.empty() && !fragment.starts_with('/')) TRY(add(fragment));
    return {};
  }
  if (const auto anchor = schema["$anchor"].text_or(""); !anchor.empty()) TRY(add(anchor));
  if (draft == Draft::v2019_09) {
    if (schema["$recursiveAnchor"].boolean_or(false) && resource.root == &schema)
      resource.dynamic_anchors.emplace("", &schema);
    return {};
  }
  if (const auto anchor = schema["$dynamicAnchor"].text_or(""); !anchor.empty()) {
    TRY(add(anchor));
    resource.dynamic_anchors.emplace(anchor, &schema);
  }
  return {};
}

// Notes every schema below `root` with its resource, and their ids and anchors.
Result<> Library::Opening::index(const json::Value& root, std::uint32_t resource) {
  std::vector<std::pair<const json::Value*, std::uint32_t>> open{{&root, resource}};
  while (!open.empty()) {
    auto [schema, number] = open.back();
    open.pop_back();
    if (library.resource_of_.size() >= kSchemasMax) {
      return fail(ErrorKind::limit, "json_schema.too_large", "the schema has more than {} schemas in it", kSchemasMax);
    }
    if (schema->is_object()) number = TRY(identify(*schema, number));
    if (!library.resource_of_.emplace(schema, number).second) continue;
    if (!schema->is_object()) continue;
    TRY(name(*schema, number));
    const std::size_t before = open.size();
    each_subschema(schema->object(), library.resources_[number].draft, Definitions::visited,
                   [&](const json::Value& each) { open.emplace_back(&each, number); });
    std::reverse(open.begin() + static_cast<std::ptrdiff_t>(before), open.end());
  }
  return {};
}

// Numbers every schema that can be reached from `root`: those within it, and those they refer to.
Result<> Library::Opening::reach(const json::Value& root) {
  std::vector<const json::Value*> open{&root};
  while (!open.empty()) {
    const json::Value* schema = open.back();
    open.pop_back();
    const std::uint32_t resource = library.resource_of_.at(schema);
    const auto number = static_cast<std::uint32_t>(library.places_.size());
    if (!library.number_of_.emplace(schema, number).second) continue;
    library.places_.push_back({.schema = schema, .resource = resource, .number = number});
    if (!schema->is_object()) continue;
    const std::size_t before = open.size();
    const Draft draft = library.resources_[resource].draft;
    // Our own schemas keep definitions in groups, which are no schemas themselves.
    const auto rule = options.unknown == Unknown::refused ? Definitions::skipped : Definitions::visited;
    each_subschema(schema->object(), draft, rule, [&](const json::Value& each) { open.push_back(&each); });
    std::reverse(open.begin() + static_cast<std::ptrdiff_t>(before), open.end());
    for (const std::string_view keyword : kReferences) {
      const json::Value* reference = schema->object().find(keyword);
      if (reference == nullptr || keyword_of(keyword, draft) == nullptr) continue;
      if (!reference->is_text())
        return fail(ErrorKind::invalid, "json_schema.malformed", "{} is no text: {}", keyword, json::write(*reference));
      open.push_back(TRY(resolve(reference->text(), resource)));
    }
    // An overriding anchor is reached through its resource, whose root some reference led into.
    for (const auto& [name, anchor] : library.resources_[resource].dynamic_anchors) open.push_back(anchor);
  }
  return {};
}

Result<const json::Value*> Library::Opening::resolve(std::string_view reference, std::uint32_t from) {
  const json::Value* target = library.find(reference, from);
  if (target == nullptr) {
    // As the import's name stands, whatever the base is.
    const auto [bare, fragment] = split_fragment(reference);
    const auto import = imports.find(std::string(bare));
    if (import != imports.end()) {
      target = library.find("#" + std::string(fragment), import->second);
      if (target != nullptr) {
        library.by_uri_.emplace(split_fragment(resolve_uri(library.resources_[from].uri, bare)).first, import->second);
      }
    }
  }
  if (target == nullptr || (!target->is_object() && !target->is_boolean())) {
    return fail(ErrorKind::invalid, "json_schema.reference",
                "$ref {} leads to no schema in this document nor in its imports; nothing is fetched", reference);
  }
  if (!library.resource_of_.contains(target)) {
    // A schema where no keyword has one. It belongs to what is around the pointer.
    const auto uri = std::string(split_fragment(resolve_uri(library.resources_[from].uri, reference)).first);
    const auto base = library.by_uri_.find(uri);
    TRY(index(*target, base == library.by_uri_.end() ? from : base->second));
  }
  return target;
}

const json::Value* Library::find(std::string_view reference, std::uint32_t from) const {
  const std::string uri = resolve_uri(resources_[from].uri, reference);
  const auto [bare, escaped] = split_fragment(uri);
  const Resource* resource = &resources_[from];
  if (bare != resource->uri) {
    const auto found = by_uri_.find(bare);
    if (found == by_uri_.end()) return nullptr;
    resource = &resources_[found->second];
  }
  const auto fragment = text::percent_decode(escaped);
  if (!fragment) return nullptr;
  if (fragment->empty()) return resource->root;
  if (fragment->starts_with('/')) return at_pointer(resource->root, *fragment);
  const auto anchor = resource->anchors.find(*fragment);
  return anchor == resource->anchors.end() ? nullptr : anchor->second;
}

const Place* Library::reached(const json::Value& schema) const {
  const auto found = number_of_.find(&schema);
  return found == number_of_.end() ? nullptr : &places_[found->second];
}

const Place& Library::place_of(const json::Value& schema) const {
  const Place* place = reached(schema);
  CHECK(place != nullptr);
  return *place;
}

const Place& Library::target(std::string_view reference, const Place& from) const {
  const json::Value* schema = find(reference, from.resource);
  CHECK(schema != nullptr);
  return place_of(*schema);
}

bool Library::is_same(const Library& other) const {
  return by_uri_ == other.by_uri_ && documents_.size() == other.documents_.size() &&
         std::equal(documents_.begin(), documents_.end(), other.documents_.begin(),
                    [](const auto& a, const auto& b) { return json_schema::is_same(*a, *b); });
}

Result<std::shared_ptr<const Library>> Library::open(json::Value document, const Options& options) {
  auto library = std::make_shared<Library>();
  TRY(check_depth(document));
  if (!document.is_object() && !document.is_boolean())
    return fail(ErrorKind::invalid, "json_schema.malformed", "a schema is an object, true or false");
  std::size_t bytes = 0;
  for (const evolution::Import& import : options.imports) bytes += import.text.size();
  if (options.imports.size() > evolution::kImportsMax || bytes > kTextsBytesMax) {
    return fail(ErrorKind::limit, "json_schema.too_large", "at most {} imports with {} bytes together are read",
                evolution::kImportsMax, kTextsBytesMax);
  }
  library->documents_.push_back(std::make_unique<const json::Value>(std::move(document)));
  Opening opening{.library = *library, .options = options};
  const json::Value& root = library->document();
  const auto dialect = TRY(opening.dialect_of(root, {.draft = options.draft}));
  const auto resource = TRY(opening.add_resource(root, "", dialect));
  TRY(opening.index(root, resource));
  for (const evolution::Import& import : options.imports) TRY(opening.add_import(import));
  TRY(opening.reach(root));
  return std::shared_ptr<const Library>(std::move(library));
}

}  // namespace weft::json_schema
