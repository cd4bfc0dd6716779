#pragma once

#include <string>
#include <vector>

#include "product/query/road.h"

namespace weft::query {

inline constexpr int kViewDepthMax = 8;
inline constexpr std::size_t kRelationsMax = 256;

// What the names of a query mean: the relations for the engine and, one for one, who reads what and why.
struct Resolved {
  engine::Query query;
  std::vector<engine::Relation> relations;
  std::vector<Source> sources;
};

// Resolves the names of `sql` for `principal`, decides on each, and expands views under their owners. Parses view texts
// on `session`. not_found, denied, limit "query.too_many_relations", invalid "view.cycle".
class Resolver {
 public:
  Resolver(App& app, lake::Lake& lake, const mesh::MeshState& mesh, engine::Session& session, Time now);
  Result<Resolved> resolve(const Ask& ask);

 private:
  Result<std::vector<int>> relations_of(const std::vector<engine::TableName>& names, const Principal& reader,
                                        int depth);
  Result<int> relation_of(const engine::TableName& name, const Principal& reader, int depth);
  Result<int> system_relation(const engine::TableName& name, const Principal& reader);
  Result<int> table_relation(const mesh::Port& port, const engine::TableName& name, Source source,
                             engine::Relation relation);
  Result<int> view_relation(const mesh::Port& port, Source source, engine::Relation relation, int depth);
  Result<int> add(Source source, engine::Relation relation, std::string key);

  App& app_;
  lake::Lake& lake_;
  const mesh::MeshState& mesh_;
  engine::Session& session_;
  Time now_;
  Resolved resolved_;
  std::map<std::string, int> known_;        // Reader, port and AT → relation.
  std::vector<mesh::PortName> views_open_;  // Being expanded: for cycles.
};

}  // namespace weft::query
