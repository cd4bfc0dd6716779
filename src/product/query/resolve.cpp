#include "product/query/resolve.h"

#include "base/text.h"
#include "product/governance/governance.h"

namespace weft::query {
namespace {

constexpr std::string_view kSystemSchema = "mesh";

std::string key_of(const Principal& reader, std::string_view name, const std::optional<engine::At>& at) {
  std::string key = reader.name + "\n" + std::string(name);
  if (at && at->version) key += format("\nv{}", *at->version);
  if (at && at->timestamp) key += "\nt" + *at->timestamp;
  return key;
}

std::string as_written(const engine::TableName& name) { return text::join(name.parts, "."); }

Result<> with_offset(Result<> result, const engine::TableName& name) {
  if (!result && name.offset >= 0) result.error().details.set("position", name.offset);
  return result;
}

}  // namespace

Resolver::Resolver(App& app, lake::Lake& lake, const mesh::MeshState& mesh, engine::Session& session, Time now)
    : app_(app), lake_(lake), mesh_(mesh), session_(session), now_(now) {}

Result<Resolved> Resolver::resolve(const Ask& ask) {
  const engine::Parsed parsed = TRY(session_.parse(ask.sql));
  if (parsed.parameters > static_cast<int>(ask.parameters.size())) {
    return fail(ErrorKind::invalid, "sql.parameters", "the query has {} parameters, {} values were sent",
                parsed.parameters, ask.parameters.size());
  }
  resolved_.query.relations = TRY(relations_of(parsed.tables, ask.principal, 0));
  resolved_.query.sql = ask.sql;
  resolved_.query.parameters = ask.parameters;
  return std::move(resolved_);
}

Result<std::vector<int>> Resolver::relations_of(const std::vector<engine::TableName>& names, const Principal& reader,
                                                int depth) {
  std::vector<int> relations;
  relations.reserve(names.size());
  for (const engine::TableName& name : names) relations.push_back(TRY(relation_of(name, reader, depth)));
  return relations;
}

Result<int> Resolver::relation_of(const engine::TableName& name, const Principal& reader, int depth) {
  if (name.parts.size() == 2 && name.parts[0] == kSystemSchema) return system_relation(name, reader);
  auto found = mesh_.resolve(name.parts);
  if (!found) {
    if (name.offset >= 0) found.error().details.set("position", name.offset);
    return fail(std::move(found).error());
  }
  const mesh::Port& port = **found;
  const std::string full = to_string(port.name);
  const std::string key = key_of(reader, full, name.at);
  if (const auto known = known_.find(key); known != known_.end()) return known->second;

  const auto decision = governance::decide(mesh_, reader, governance::Action::read, port.name, now_);
  TRY(with_offset(governance::require(decision, reader, governance::Action::read, full), name));
  Source source{
      .name = full, .port = port.name, .table = {}, .system = nullptr, .reader = reader.name, .why = decision.why};
  engine::Relation relation;
  relation.name = full;
  relation.row_filter_sql = decision.row_filter;
  auto mask_of = [&](const std::string& column) {
    const auto mask = decision.masks.find(column);
    return mask == decision.masks.end() ? std::string() : mask->second;
  };
  if (port.type == mesh::PortType::view) {
    if (name.at) {
      return fail(ErrorKind::unsupported, "query.view_at",
                  "{} is a view: AT works on tables; ask for the tables it reads", full);
    }
    for (const mesh::Column& column : port.columns) {
      relation.columns.push_back(
          {.field_id = 0, .name = column.name, .type = column.type, .mask_sql = mask_of(column.name)});
    }
    const int index = TRY(view_relation(port, std::move(source), std::move(relation), depth));
    known_[key] = index;
    return index;
  }
  if (port.type != mesh::PortType::table) {
    return fail(ErrorKind::unsupported, "query.port_type", "{} is a port of type {}; tables and views can be queried",
                full, to_string(port.type));
  }
  const int index = TRY(table_relation(port, name, std::move(source), std::move(relation)));
  for (engine::Column& column : resolved_.relations[static_cast<std::size_t>(index)].columns)
    column.mask_sql = mask_of(column.name);
  known_[key] = index;
  return index;
}

Result<int> Resolver::table_relation(const mesh::Port& port, const engine::TableName& name, Source source,
                                     engine::Relation relation) {
  source.table = name.at ? TRY(lake_.table_at(port.name, *name.at)) : TRY(lake_.table(port.name));
  relation.kind = engine::RelationKind::table;
  relation.row_count = source.table->row_count;
  for (const iceberg::Field& field : source.table->schema.fields) {
    relation.columns.push_back(
        {.field_id = field.id, .name = field.name, .type = iceberg::to_json(field.type), .mask_sql = {}});
  }
  return add(std::move(source), std::move(relation), {});
}

Result<int> Resolver::view_relation(const mesh::Port& port, Source source, engine::Relation relation, int depth) {
  if (depth >= kViewDepthMax) {
    return fail(ErrorKind::limit, "view.too_deep", "{} stands more than {} views deep", source.name, kViewDepthMax);
  }
  if (std::find(views_open_.begin(), views_open_.end(), port.name) != views_open_.end()) {
    return fail(ErrorKind::invalid, "view.cycle", "the view {} reads itself", source.name);
  }
  relation.kind = engine::RelationKind::view;
  relation.view_sql = port.view_sql;
  views_open_.push_back(port.name);
  // The reader was decided on the view; what the view reads is its owner's matter.
  const engine::Parsed parsed = TRY(session_.parse(port.view_sql));
  relation.view_relations = TRY(relations_of(parsed.tables, governance::domain_principal(port.name.domain), depth + 1));
  views_open_.pop_back();
  return add(std::move(source), std::move(relation), {});
}

Result<int> Resolver::system_relation(const engine::TableName& name, const Principal& reader) {
  const std::string full = as_written(name);
  const std::string key = key_of(reader, full, name.at);
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  std::vector<std::string> names;
  const SystemTable* table = nullptr;
  for (const SystemTable& each : app_.system_tables()) {
    if (each.name == name.parts[1]) table = &each;
    names.push_back(each.name);
  }
  if (table == nullptr) {
    auto unknown = fail(ErrorKind::not_found, "mesh.unknown_table", "there is no table {}{}", full,
                        text::did_you_mean(name.parts[1], names));
    if (name.offset >= 0) unknown.error().details.set("position", name.offset);
    return unknown;
  }
  if (name.at) return fail(ErrorKind::unsupported, "query.system_at", "{} has no versions: leave AT out", full);
  Source source{.name = full,
                .port = {},
                .table = {},
                .system = table,
                .reader = reader.name,
                .why = "rows that the reader may know"};
  engine::Relation relation;
  relation.name = full;
  relation.kind = engine::RelationKind::rows;
  relation.row_count = 1000;
  int id = 1;
  for (const auto& column : table->columns) {
    relation.columns.push_back({.field_id = id++, .name = column.name, .type = column.type, .mask_sql = {}});
  }
  return add(std::move(source), std::move(relation), key);
}

Result<int> Resolver::add(Source source, engine::Relation relation, std::string key) {
  if (resolved_.relations.size() >= kRelationsMax) {
    return fail(ErrorKind::limit, "query.too_many_relations", "the query reads more than {} tables and views",
                kRelationsMax);
  }
  const int index = static_cast<int>(resolved_.relations.size());
  resolved_.relations.push_back(std::move(relation));
  resolved_.sources.push_back(std::move(source));
  if (!key.empty()) known_[key] = index;
  return index;
}

}  // namespace weft::query
