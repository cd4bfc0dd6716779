#pragma once

#include <string>

#include "duckdb/common/types/vector.hpp"

namespace weft::engine::worker {

// One column of a chunk, ready to be written as text cell by cell. The vector outlives it.
class Cells {
 public:
  Cells(duckdb::Vector& vector, duckdb::idx_t count);
  void write_json(std::string& out, duckdb::idx_t row) const;
  // RFC 4180; NULL is empty, an empty text is quoted.
  void write_csv(std::string& out, duckdb::idx_t row);

 private:
  template <class T>
  const T& at(duckdb::idx_t row) const {
    return duckdb::UnifiedVectorFormat::GetData<T>(format_)[format_.sel->get_index(row)];
  }
  bool write_plain(std::string& out, duckdb::idx_t row) const;
  bool write_text(std::string& out, duckdb::idx_t row) const;

  duckdb::Vector& vector_;
  duckdb::LogicalType type_;
  duckdb::UnifiedVectorFormat format_;
  std::string scratch_;
};

void write_csv_text(std::string& out, std::string_view text);

}  // namespace weft::engine::worker
