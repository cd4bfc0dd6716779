#include "platform/engine/worker/foreign_graph.h"

#include <algorithm>

namespace weft::engine::worker {
namespace {

json::Value pair_of(const ForeignColumn& column) {
  return json::Array{column.name, column.table ? json::Value(*column.table) : json::Value()};
}

json::Array array_of(const std::set<std::string>& names) { return {names.begin(), names.end()}; }

}  // namespace

void ForeignGraph::write(const std::string& target, const std::set<std::string>& sources) {
  written_[target].insert(sources.begin(), sources.end());
}

// A table that nothing flowed through leaves no trace.
void ForeignGraph::drop(const std::string& table) {
  const auto found = written_.find(table);
  if (found == written_.end() || !found->second.empty()) return;
  const bool is_read = std::ranges::any_of(written_, [&](const auto& entry) { return entry.second.contains(table); });
  if (!is_read) written_.erase(found);
}

void ForeignGraph::rename(const std::string& from, const std::string& to) {
  const auto renamed = [&](ForeignColumn column) {
    if (column.table == from) column.table = to;
    return column;
  };
  std::map<ForeignColumn, ForeignColumns> into;
  for (const auto& [target, sources] : into_) {
    for (const auto& source : sources) into[renamed(target)].insert(renamed(source));
  }
  into_ = std::move(into);
  std::map<std::string, std::set<std::string>> written;
  for (auto& [target, sources] : written_) {
    if (sources.erase(from) != 0) sources.insert(to);
    written[target == from ? to : target].merge(sources);
  }
  written_ = std::move(written);
  if (read_.erase(from) != 0) read_.insert(to);
}

const ForeignColumns* ForeignGraph::sources_of(const ForeignColumn& column) const {
  const auto found = into_.find(column);
  return found == into_.end() ? nullptr : &found->second;
}

// Follows a column back to where it comes from. A table in between that took `*` of another passes any name on.
void ForeignGraph::origins(const ForeignColumn& column, std::set<ForeignColumn>& seen, ForeignColumns& found) const {
  if (!seen.insert(column).second) return;
  if (const auto* sources = sources_of(column)) {
    for (const auto& source : *sources) {
      if (source == column) found.insert(source);
      origins(source, seen, found);
    }
    return;
  }
  const auto* stars = column.table ? sources_of({.name = "*", .table = column.table}) : nullptr;
  if (stars == nullptr) {
    found.insert(column);
    return;
  }
  for (const auto& star : *stars) {
    const auto table = stars->size() == 1 ? star.table : std::nullopt;
    origins({.name = star.name == "*" ? column.name : star.name, .table = table}, seen, found);
  }
}

ForeignGraph::Edges ForeignGraph::ends() const {
  std::set<ForeignColumn> used;
  for (const auto& [target, sources] : into_) {
    for (const auto& source : sources) {
      if (source != target) used.insert(source);
      // Reading a column of a table that is known as `*` uses the star.
      if (source.table && source.table != target.table && sources_of(source) == nullptr)
        used.insert({.name = "*", .table = source.table});
    }
  }
  Edges edges;
  for (const auto& [target, sources] : into_) {
    const bool is_in_between = used.contains(target) && target.table.has_value();
    if (is_in_between && !sources.contains(target)) continue;
    std::set<ForeignColumn> seen;
    ForeignColumns found;
    origins(target, seen, found);
    for (const auto& source : found) edges.emplace(source, target);
  }
  // What `*` of the same table brings in already is not said twice.
  std::erase_if(edges, [&](const auto& edge) {
    const auto& [source, target] = edge;
    return source.name != "*" && source.name == target.name && source.table &&
           edges.contains({{.name = "*", .table = source.table}, {.name = "*", .table = target.table}});
  });
  return edges;
}

json::Value ForeignGraph::answer() const {
  json::Array columns;
  for (const auto& [source, target] : ends()) columns.push_back(json::Array{pair_of(source), pair_of(target)});
  std::set<std::string> sources, targets;
  for (const auto& [target, tables] : written_) {
    for (const auto& table : tables) {
      if (!written_.contains(table) || table == target) sources.insert(table);
    }
    const bool is_read = std::ranges::any_of(
        written_, [&](const auto& entry) { return entry.first != target && entry.second.contains(target); });
    if (!is_read) targets.insert(target);
  }
  for (const auto& table : read_) {
    if (!written_.contains(table)) sources.insert(table);
  }
  return json::Object{{"columns", std::move(columns)}, {"sources", array_of(sources)}, {"targets", array_of(targets)}};
}

}  // namespace weft::engine::worker
