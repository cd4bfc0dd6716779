#pragma once

#include "product/query/road.h"

// What is recorded of queries: one row a query, one row a thing it read.
namespace weft::query {

inline constexpr std::size_t kSqlRecordedMax = 64 << 10;

// Within one transaction: the query with status `running`, its accesses, the audit record, its lineage.
Result<> record_access(store::Session& session, const Prepared& prepared, audit::Audit& audit,
                       lineage::Lineage& lineage, Time now);
Result<> record_outcome(store::Session& session, const Prepared& prepared, const Result<engine::Outcome>& outcome,
                        Time now);

// System tables mesh.queries and mesh.accesses: administrators see all; others their own and what was read of domains
// where they are stewards.
void add_system_tables(App& app, const catalog::Catalog& catalog);

// One query as JSON: not_found when there is none that the principal may know.
Result<json::Value> query_fact(store::Store& store, std::string_view id, const Principal& principal);
Result<json::Value> query_facts(store::Store& store, const Page& page, const Principal& principal);

extern const std::span<const store::Migration> kMigrations;

}  // namespace weft::query
