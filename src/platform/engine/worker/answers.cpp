#include "platform/engine/worker/answers.h"

#include <charconv>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "duckdb/common/types/data_chunk.hpp"
#include "duckdb/common/types/vector.hpp"
#include "duckdb/common/vector_operations/vector_operations.hpp"
#include "duckdb/main/query_result.hpp"

namespace weft::engine::worker {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

constexpr std::size_t kFlushBytes = 128 << 10;

void write_real(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  const std::string_view form(text.data(), static_cast<std::size_t>(end.ptr - text.data()));
  out += form;
  if (form.find_first_of(".e") == std::string_view::npos) out += ".0";
}

// "2026-01-01 10:00:00+00" → "2026-01-01T10:00:00Z".
std::string iso_time(std::string text, bool has_zone) {
  if (const auto space = text.find(' '); space != std::string::npos && text.find("infinity") == std::string::npos) text[space] = 'T';
  if (has_zone && text.ends_with("+00")) text.replace(text.size() - 3, 3, "Z");
  return text;
}

bool is_number_text(const LogicalType& type) {
  return type.id() == LogicalTypeId::DECIMAL || type.id() == LogicalTypeId::HUGEINT || type.id() == LogicalTypeId::UHUGEINT || type.id() == LogicalTypeId::UBIGINT ||
         type.id() == LogicalTypeId::BIGNUM;
}

// Any value, nested ones too: the slow way, for the types that have no fast one.
void write_json_value(std::string& out, const duckdb::Value& value) {
  if (value.IsNull()) {
    out += "null";
    return;
  }
  const LogicalType& type = value.type();
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: out += value.GetValue<bool>() ? "true" : "false"; return;
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE: return write_real(out, value.GetValue<double>());
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP_SEC: return json::write_text_to(out, iso_time(value.ToString(), false));
    case LogicalTypeId::TIMESTAMP_TZ: return json::write_text_to(out, iso_time(value.ToString(), true));
    case LogicalTypeId::VARCHAR: return json::write_text_to(out, duckdb::StringValue::Get(value));
    case LogicalTypeId::BLOB: return json::write_text_to(out, text::base64(duckdb::StringValue::Get(value)));
    case LogicalTypeId::STRUCT: {
      const auto& children = duckdb::StructValue::GetChildren(value);
      out += '{';
      for (duckdb::idx_t i = 0; i < children.size(); ++i) {
        if (i > 0) out += ',';
        json::write_text_to(out, duckdb::StructType::GetChildName(type, i));
        out += ':';
        write_json_value(out, children[i]);
      }
      out += '}';
      return;
    }
    case LogicalTypeId::MAP:
    case LogicalTypeId::LIST:
    case LogicalTypeId::ARRAY: {
      const auto& children = type.id() == LogicalTypeId::ARRAY ? duckdb::ArrayValue::GetChildren(value) : duckdb::ListValue::GetChildren(value);
      out += '[';
      for (duckdb::idx_t i = 0; i < children.size(); ++i) {
        if (i > 0) out += ',';
        write_json_value(out, children[i]);
      }
      out += ']';
      return;
    }
    default: break;
  }
  if (type.IsIntegral() || is_number_text(type)) {
    out += value.ToString();
  } else {
    json::write_text_to(out, value.ToString());
  }
}

// One column of a chunk, ready to be written cell by cell.
class Cells {
 public:
  Cells(duckdb::Vector& vector, duckdb::idx_t count) : vector_(vector), type_(vector.GetType()) { vector.ToUnifiedFormat(count, format_); }

  bool is_null(duckdb::idx_t row) const { return !format_.validity.RowIsValid(format_.sel->get_index(row)); }

  void write_json(std::string& out, duckdb::idx_t row) {
    if (is_null(row)) {
      out += "null";
      return;
    }
    switch (type_.id()) {
      case LogicalTypeId::INTEGER: return write_integer(out, at<std::int32_t>(row));
      case LogicalTypeId::BIGINT: return write_integer(out, at<std::int64_t>(row));
      case LogicalTypeId::DOUBLE: return write_real(out, at<double>(row));
      case LogicalTypeId::VARCHAR: {
        const auto& text = at<duckdb::string_t>(row);
        return json::write_text_to(out, {text.GetData(), text.GetSize()});
      }
      default: return write_json_value(out, vector_.GetValue(row));
    }
  }

  void write_csv(std::string& out, duckdb::idx_t row) {
    if (is_null(row)) return;
    scratch_.clear();
    write_json(scratch_, row);
    if (scratch_.empty() || scratch_.front() != '"') {
      // Nested values are JSON text; numbers and booleans stand as they are.
      return quote_csv(out, scratch_, Force::no);
    }
    const duckdb::Value value = vector_.GetValue(row);
    switch (type_.id()) {
      case LogicalTypeId::VARCHAR: return quote_csv(out, duckdb::StringValue::Get(value), Force::if_empty);
      default: return quote_csv(out, std::string_view(scratch_).substr(1, scratch_.size() - 2), Force::no);
    }
  }

 private:
  enum class Force { no, if_empty };
  template <class T>
  const T& at(duckdb::idx_t row) const {
    return duckdb::UnifiedVectorFormat::GetData<T>(format_)[format_.sel->get_index(row)];
  }
  static void write_integer(std::string& out, std::int64_t value) {
    std::array<char, 24> text;
    out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
  }
  // RFC 4180; an empty text is quoted, so that it differs from NULL.
  static void quote_csv(std::string& out, std::string_view text, Force force) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos && !(force == Force::if_empty && text.empty())) {
      out += text;
      return;
    }
    out += '"';
    for (const char c : text) {
      if (c == '"') out += '"';
      out += c;
    }
    out += '"';
  }

  duckdb::Vector& vector_;
  LogicalType type_;
  duckdb::UnifiedVectorFormat format_;
  std::string scratch_;
};

std::string json_head(const duckdb::QueryResult& result) {
  std::string head = "{\"columns\":[";
  for (std::size_t i = 0; i < result.names.size(); ++i) {
    if (i > 0) head += ',';
    head += "{\"name\":";
    json::write_text_to(head, result.names[i]);
    head += ",\"type\":";
    json::write_text_to(head, result.types[i].ToString());
    head += '}';
  }
  return head + "],\"rows\":[";
}

std::string csv_head(const duckdb::QueryResult& result) {
  std::string head;
  for (std::size_t i = 0; i < result.names.size(); ++i) {
    if (i > 0) head += ',';
    std::string quoted;
    for (const char c : result.names[i]) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    head += quoted.find_first_of(",\"\r\n") == std::string::npos ? quoted : "\"" + quoted + "\"";
  }
  return head + "\r\n";
}

void write_row(std::string& out, std::vector<Cells>& cells, const std::vector<std::string>& keys, Format format, duckdb::idx_t row, bool is_first) {
  if (format == Format::csv) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) out += ',';
      cells[i].write_csv(out, row);
    }
    out += "\r\n";
    return;
  }
  const bool is_object = format == Format::ndjson;
  if (!is_object && !is_first) out += ',';
  out += is_object ? '{' : '[';
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += ',';
    if (is_object) out += keys[i];
    cells[i].write_json(out, row);
  }
  out += is_object ? "}\n" : "]";
}

}  // namespace

Result<std::uint64_t> write_text_answer(duckdb::QueryResult& result, Format format, const SendBytes& send) {
  std::vector<std::string> keys;
  for (const auto& name : result.names) {
    json::write_text_to(keys.emplace_back(), name);
    keys.back() += ':';
  }
  std::string out = format == Format::json ? json_head(result) : format == Format::csv ? csv_head(result) : std::string();
  std::uint64_t rows = 0;
  while (auto chunk = result.Fetch()) {
    if (chunk->size() == 0) break;
    std::vector<Cells> cells;
    for (auto& vector : chunk->data) cells.emplace_back(vector, chunk->size());
    for (duckdb::idx_t row = 0; row < chunk->size(); ++row) {
      write_row(out, cells, keys, format, row, rows == 0);
      ++rows;
      if (out.size() >= kFlushBytes) {
        TRY(send(out));
        out.clear();
      }
    }
  }
  if (result.HasError()) result.GetErrorObject().Throw();
  if (format == Format::json) out += ::weft::format("],\"row_count\":{}}}\n", rows);
  if (!out.empty()) TRY(send(out));
  return rows;
}

Result<std::uint64_t> write_answer(duckdb::Connection& connection, Descriptors& descriptors, duckdb::QueryResult& result, Format format, const SendBytes& send) {
  switch (format) {
    case Format::json:
    case Format::ndjson:
    case Format::csv: return write_text_answer(result, format, send);
    case Format::parquet: return write_parquet_answer(connection, descriptors, result, send);
    case Format::arrow: return write_arrow_answer(connection, result, send);
  }
  return fail(ErrorKind::unsupported, "query.format", "there is no such format");
}

}  // namespace weft::engine::worker
