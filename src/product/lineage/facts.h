#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/store/store.h"
#include "product/lineage/lineage.h"

namespace weft::lineage {

extern const std::span<const store::Migration> kMigrations;

// How a source column is used, as it is stored: 0 value … 5 window (engine::Use).
struct StoredEdge {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint8_t use = 0;
};

// A column of a port; of an ad-hoc query's answer when the port is empty; all rows of the port when the name is empty.
struct ColumnName {
  std::string port;
  std::string name;
  friend auto operator<=>(const ColumnName&, const ColumnName&) = default;
};

struct NamedEdge {
  ColumnName from, to;
  engine::Use use;
  friend auto operator<=>(const NamedEdge&, const NamedEdge&) = default;
};
// Sorted, unique. What decides the rows of the target goes to its rows.
std::vector<NamedEdge> edges_of(const Fact& fact);

std::string encode(std::span<const StoredEdge> edges);
std::vector<StoredEdge> decode(std::string_view bytes);

// Stores the fact once and makes it the current one of its source and name.
Result<> store_fact(store::Session& session, const Fact& fact, Time now);

struct StoredFact {
  std::int64_t id = 0;
  std::string source, name, target;
  std::int64_t recorded = 0;
  std::vector<std::string> columns;  // Of the target that the plan gives.
  std::vector<StoredEdge> edges;
};
// Facts that have a target and are current; queries have none.
Result<> each_current(store::Session& session, const std::function<Result<>(StoredFact)>& take);
Result<> each_query(store::Session& session, std::int64_t limit, const std::function<Result<>(StoredFact)>& take);
Result<std::int64_t> revision(store::Session& session);
// Drops query facts that are older, and columns that nothing names any more.
Result<> forget(store::Session& session, Time before);

}  // namespace weft::lineage
