#pragma once

#include "product/lake/lake.h"

namespace weft::lake {

// Pure parts of the lake: what a mesh's port wants of its table, and the metadata that follow from commits.

// Field ids are 0 where the table has to give them.
iceberg::Schema wanted_schema(const mesh::Port& port);
// Column name → ODCS id, kept as a table property so that renames are seen.
std::string column_ids(const mesh::Port& port);
// (name now, name before) of columns whose ODCS id has another name in the table.
std::vector<std::pair<std::string, std::string>> renames(const mesh::Port& port,
                                                         const iceberg::TableMetadata& metadata);

iceberg::TableMetadata new_table(const mesh::Port& port, std::string location, std::string uuid, std::int64_t now_ms);
// The metadata after the port's declaration changed, or nothing when it fits as it is. refused
// "lake.incompatible_change".
Result<std::optional<iceberg::TableMetadata>> following(const iceberg::TableMetadata& metadata, const mesh::Port& port);

// A data file as the engine reported it.
Result<iceberg::DataFile> data_file(const engine::WrittenFile& written, std::string uri, const iceberg::Schema& schema,
                                    int sort_order_id);

// Predicates in bytes for a schema; those on unknown fields or types are left out.
struct BytesPredicate {
  int field_id = 0;
  std::string op;
  std::vector<std::string> literals;
};
std::vector<BytesPredicate> in_bytes(const std::vector<engine::Predicate>& predicates, const iceberg::Schema& schema);
bool may_match(const iceberg::DataFile& file, const std::vector<BytesPredicate>& predicates,
               const iceberg::Schema& schema);

}  // namespace weft::lake
