#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "formats/iceberg/metadata.h"
#include "formats/iceberg/values.h"

// Manifests and manifest lists of format version 2 (table spec, «Manifests», «Manifest Lists»): Avro files.
namespace weft::iceberg {

struct DataFile {
  std::string path;       // URI.
  json::Array partition;  // One JSON single value per field of the spec.
  std::int64_t record_count = 0;
  std::int64_t file_size = 0;
  std::map<int, std::int64_t> column_sizes, value_counts, null_counts, nan_counts;
  std::map<int, std::string> lower_bounds, upper_bounds;  // Bytes.
  std::vector<std::int64_t> split_offsets;
  int sort_order_id = 0;
};

enum class EntryStatus { existing = 0, added = 1, deleted = 2 };

struct ManifestEntry {
  EntryStatus status = EntryStatus::added;
  std::int64_t snapshot_id = 0;
  std::optional<std::int64_t> sequence_number, file_sequence_number;  // Absent on write: inherited.
  DataFile file;
};

struct Manifest {
  std::string path;
  std::int64_t length = 0;
  int spec_id = 0;
  std::int64_t sequence_number = 0, min_sequence_number = 0;
  std::int64_t added_snapshot_id = 0;
  std::int64_t added_files = 0, existing_files = 0, deleted_files = 0;
  std::int64_t added_rows = 0, existing_rows = 0, deleted_rows = 0;
};

// Bytes of a manifest of data files; `sync` is 16 random bytes.
Result<std::string> write_manifest(const std::vector<ManifestEntry>& entries, const Schema& schema,
                                   const PartitionSpec& spec, std::string_view sync);
// Entries with what they inherit from the manifest filled in.
Result<std::vector<ManifestEntry>> read_manifest(std::string_view bytes, const Manifest& manifest, const Schema& schema,
                                                 const PartitionSpec& spec);

Result<std::string> write_manifest_list(const std::vector<Manifest>& manifests, const Snapshot& snapshot,
                                        std::string_view sync);
Result<std::vector<Manifest>> read_manifest_list(std::string_view bytes);

// The type of a partition field's value.
Type partition_type(const json::Value& field, const Schema& schema);

}  // namespace weft::iceberg
