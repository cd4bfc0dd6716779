#include "platform/engine/worker/cells.h"

#include <charconv>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "duckdb/common/types/date.hpp"
#include "duckdb/common/types/decimal.hpp"
#include "duckdb/common/types/timestamp.hpp"

namespace weft::engine::worker {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

template <class T>
void write_integer(std::string& out, T value) {
  std::array<char, 24> text;
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

// JSON has no word for these: NaN and the infinities are texts.
template <class T>
std::string_view special_real(T value) {
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

// The shortest digits that read back as the same value, always with a sign that it is a real.
template <class T>
void write_real(std::string& out, T value) {
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  const std::string_view form(text.data(), static_cast<std::size_t>(end.ptr - text.data()));
  out += form;
  if (form.find_first_of(".e") == std::string_view::npos) out += ".0";
}

template <class T>
void write_json_real(std::string& out, T value) {
  if (std::isfinite(value)) return write_real(out, value);
  json::write_text_to(out, special_real(value));
}

// "2026-01-01 10:00:00+00" → "2026-01-01T10:00:00Z".
std::string iso_time(std::string text, bool has_zone) {
  if (text.find("infinity") != std::string::npos) return text;
  if (const auto space = text.find(' '); space != std::string::npos) text[space] = 'T';
  if (has_zone && text.ends_with("+00")) text.resize(text.size() - 3);
  if (has_zone) text += 'Z';
  return text;
}

bool is_exact_number(const LogicalType& type) {
  return type.IsIntegral() || type.id() == LogicalTypeId::DECIMAL || type.id() == LogicalTypeId::BIGNUM;
}

void write_json_value(std::string& out, const duckdb::Value& value);

void write_json_list(std::string& out, const duckdb::vector<duckdb::Value>& children) {
  out += '[';
  for (duckdb::idx_t i = 0; i < children.size(); ++i) {
    if (i > 0) out += ',';
    write_json_value(out, children[i]);
  }
  out += ']';
}

void write_json_struct(std::string& out, const duckdb::Value& value) {
  const auto& children = duckdb::StructValue::GetChildren(value);
  out += '{';
  for (duckdb::idx_t i = 0; i < children.size(); ++i) {
    if (i > 0) out += ',';
    json::write_text_to(out, duckdb::StructType::GetChildName(value.type(), i));
    out += ':';
    write_json_value(out, children[i]);
  }
  out += '}';
}

// Any value, nested ones too: the slow way, for the types that have no fast one.
void write_json_value(std::string& out, const duckdb::Value& value) {
  if (value.IsNull()) {
    out += "null";
    return;
  }
  const LogicalType& type = value.type();
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN:
      out += value.GetValue<bool>() ? "true" : "false";
      return;
    case LogicalTypeId::FLOAT:
      return write_json_real(out, value.GetValue<float>());
    case LogicalTypeId::DOUBLE:
      return write_json_real(out, value.GetValue<double>());
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP_SEC:
      return json::write_text_to(out, iso_time(value.ToString(), false));
    case LogicalTypeId::TIMESTAMP_TZ:
      return json::write_text_to(out, iso_time(value.ToString(), true));
    case LogicalTypeId::VARCHAR:
      return json::write_text_to(out, duckdb::StringValue::Get(value));
    case LogicalTypeId::BLOB:
      return json::write_text_to(out, text::base64(duckdb::StringValue::Get(value)));
    case LogicalTypeId::STRUCT:
      return write_json_struct(out, value);
    case LogicalTypeId::ARRAY:
      return write_json_list(out, duckdb::ArrayValue::GetChildren(value));
    case LogicalTypeId::MAP:
    case LogicalTypeId::LIST:
      return write_json_list(out, duckdb::ListValue::GetChildren(value));
    default:
      break;
  }
  if (is_exact_number(type)) {
    out += value.ToString();
  } else {
    json::write_text_to(out, value.ToString());
  }
}

}  // namespace

Cells::Cells(duckdb::Vector& vector, duckdb::idx_t count) : vector_(vector), type_(vector.GetType()) {
  vector.ToUnifiedFormat(count, format_);
}

// Values that stand in JSON and CSV alike without quotes.
bool Cells::write_plain(std::string& out, duckdb::idx_t row) const {
  switch (type_.id()) {
    case LogicalTypeId::BOOLEAN:
      out += at<bool>(row) ? "true" : "false";
      return true;
    case LogicalTypeId::TINYINT:
      write_integer(out, at<std::int8_t>(row));
      return true;
    case LogicalTypeId::SMALLINT:
      write_integer(out, at<std::int16_t>(row));
      return true;
    case LogicalTypeId::INTEGER:
      write_integer(out, at<std::int32_t>(row));
      return true;
    case LogicalTypeId::BIGINT:
      write_integer(out, at<std::int64_t>(row));
      return true;
    case LogicalTypeId::UTINYINT:
      write_integer(out, at<std::uint8_t>(row));
      return true;
    case LogicalTypeId::USMALLINT:
      write_integer(out, at<std::uint16_t>(row));
      return true;
    case LogicalTypeId::UINTEGER:
      write_integer(out, at<std::uint32_t>(row));
      return true;
    case LogicalTypeId::UBIGINT:
      write_integer(out, at<std::uint64_t>(row));
      return true;
    case LogicalTypeId::FLOAT:
      if (!std::isfinite(at<float>(row))) return false;
      write_real(out, at<float>(row));
      return true;
    case LogicalTypeId::DOUBLE:
      if (!std::isfinite(at<double>(row))) return false;
      write_real(out, at<double>(row));
      return true;
    case LogicalTypeId::DECIMAL: {
      const auto width = duckdb::DecimalType::GetWidth(type_), scale = duckdb::DecimalType::GetScale(type_);
      switch (type_.InternalType()) {
        case duckdb::PhysicalType::INT16:
          out += duckdb::Decimal::ToString(at<std::int16_t>(row), width, scale);
          return true;
        case duckdb::PhysicalType::INT32:
          out += duckdb::Decimal::ToString(at<std::int32_t>(row), width, scale);
          return true;
        case duckdb::PhysicalType::INT64:
          out += duckdb::Decimal::ToString(at<std::int64_t>(row), width, scale);
          return true;
        default:
          out += duckdb::Decimal::ToString(at<duckdb::hugeint_t>(row), width, scale);
          return true;
      }
    }
    default:
      return false;
  }
}

// Values that are a text without quotes or other characters that JSON escapes.
bool Cells::write_text(std::string& out, duckdb::idx_t row) const {
  switch (type_.id()) {
    case LogicalTypeId::DATE:
      out += duckdb::Date::ToString(at<duckdb::date_t>(row));
      return true;
    case LogicalTypeId::TIMESTAMP:
      out += iso_time(duckdb::Timestamp::ToString(at<duckdb::timestamp_t>(row)), false);
      return true;
    case LogicalTypeId::TIMESTAMP_TZ:
      out += iso_time(duckdb::Timestamp::ToString(at<duckdb::timestamp_t>(row)), true);
      return true;
    case LogicalTypeId::FLOAT:
      out += special_real(at<float>(row));
      return true;
    case LogicalTypeId::DOUBLE:
      out += special_real(at<double>(row));
      return true;
    default:
      return false;
  }
}

void Cells::write_json(std::string& out, duckdb::idx_t row) const {
  if (!format_.validity.RowIsValid(format_.sel->get_index(row))) {
    out += "null";
    return;
  }
  if (type_.id() == LogicalTypeId::VARCHAR) {
    const auto& text = at<duckdb::string_t>(row);
    return json::write_text_to(out, {text.GetData(), text.GetSize()});
  }
  if (write_plain(out, row)) return;
  out += '"';
  if (write_text(out, row)) {
    out += '"';
    return;
  }
  out.pop_back();
  write_json_value(out, vector_.GetValue(row));
}

void Cells::write_csv(std::string& out, duckdb::idx_t row) {
  if (!format_.validity.RowIsValid(format_.sel->get_index(row))) return;
  if (type_.id() == LogicalTypeId::VARCHAR) {
    const auto& text = at<duckdb::string_t>(row);
    return write_csv_text(out, {text.GetData(), text.GetSize()});
  }
  if (write_plain(out, row) || write_text(out, row)) return;
  scratch_.clear();
  write_json_value(scratch_, vector_.GetValue(row));
  // Nested values stand as their JSON, all others without its quotes.
  const bool is_quoted = scratch_.size() >= 2 && scratch_.front() == '"';
  write_csv_text(out,
                 is_quoted ? std::string_view(scratch_).substr(1, scratch_.size() - 2) : std::string_view(scratch_));
}

void write_csv_text(std::string& out, std::string_view text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
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

}  // namespace weft::engine::worker
