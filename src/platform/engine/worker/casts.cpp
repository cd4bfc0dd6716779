#include "platform/engine/worker/casts.h"

#include "base/text.h"

namespace weft::engine::worker {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

// Every value of `from` is one of `to`.
bool always_fits(const LogicalType& from, const LogicalType& to) {
  auto bits = [](const LogicalType& type) -> int {
    switch (type.id()) {
      case LogicalTypeId::TINYINT:
        return 8;
      case LogicalTypeId::UTINYINT:
        return 9;
      case LogicalTypeId::SMALLINT:
        return 16;
      case LogicalTypeId::USMALLINT:
        return 17;
      case LogicalTypeId::INTEGER:
        return 32;
      case LogicalTypeId::UINTEGER:
        return 33;
      case LogicalTypeId::BIGINT:
        return 64;
      default:
        return 0;
    }
  };
  if (bits(from) > 0 && bits(to) > 0) return bits(from) <= bits(to);
  if (from.id() == LogicalTypeId::FLOAT && to.id() == LogicalTypeId::DOUBLE) return true;
  if (from.id() == LogicalTypeId::DECIMAL && to.id() == LogicalTypeId::DECIMAL) {
    const int from_scale = duckdb::DecimalType::GetScale(from), to_scale = duckdb::DecimalType::GetScale(to);
    return from_scale <= to_scale &&
           duckdb::DecimalType::GetWidth(from) - from_scale <= duckdb::DecimalType::GetWidth(to) - to_scale;
  }
  return (from.id() == LogicalTypeId::TIMESTAMP_SEC || from.id() == LogicalTypeId::TIMESTAMP_MS) &&
         to.id() == LogicalTypeId::TIMESTAMP;
}

// What a text must look like besides being castable: the engine's own casts round and cut.
std::string text_form(const LogicalType& to) {
  switch (to.id()) {
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
      return "[+-]?[0-9]+";
    case LogicalTypeId::DECIMAL:
      return "[+-]?[0-9]*(\\.[0-9]{0," + std::to_string(duckdb::DecimalType::GetScale(to)) + "}0*)?";
    case LogicalTypeId::DATE:
      return "[0-9]{4,6}-[0-9]{2}-[0-9]{2}([T ]00:00:00(\\.0+)?)?";
    case LogicalTypeId::TIME:
      return "[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6}0*)?)?";
    case LogicalTypeId::TIMESTAMP:
      return "[0-9]{4,6}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6}0*)?)?)?";
    case LogicalTypeId::TIMESTAMP_TZ:
      return "[0-9]{4,6}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6}0*)?)? "
             "?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)?)?";
    default:
      return "";
  }
}

Cast from_text(const std::string& column, const LogicalType& to) {
  if (to.id() == LogicalTypeId::BLOB) return {.value = "encode(" + column + ")", .bad = ""};
  const std::string trimmed = "trim(" + column + ")";
  const std::string form = text_form(to);
  std::string value = format("TRY_CAST({} AS {})", trimmed, to.ToString());
  if (!form.empty()) value = format("CASE WHEN regexp_full_match({}, '{}') THEN {} END", trimmed, form, value);
  return {.value = value, .bad = format("({0} IS NOT NULL AND ({1}) IS NULL)", column, value)};
}

}  // namespace

Result<Cast> lossless_cast(const std::string& column, const LogicalType& from, const LogicalType& to) {
  if (from == to || from.id() == LogicalTypeId::SQLNULL)
    return Cast{.value = from == to ? column : format("CAST({} AS {})", column, to.ToString()), .bad = ""};
  if (from.id() == LogicalTypeId::VARCHAR && !to.IsNested()) return from_text(column, to);
  if (from.id() == LogicalTypeId::ENUM && to.id() == LogicalTypeId::VARCHAR)
    return Cast{.value = format("CAST({} AS VARCHAR)", column), .bad = ""};
  if (always_fits(from, to)) return Cast{.value = format("CAST({} AS {})", column, to.ToString()), .bad = ""};
  const bool is_same_family = (from.IsNumeric() && to.IsNumeric()) || (from.IsTemporal() && to.IsTemporal()) ||
                              (from.IsNested() && to.IsNested()) || to.id() == LogicalTypeId::VARCHAR ||
                              (from.id() == LogicalTypeId::BLOB && to.id() == LogicalTypeId::UUID);
  if (!is_same_family || (from.id() == LogicalTypeId::BOOLEAN) !=
                             (to.id() == LogicalTypeId::BOOLEAN && from.id() == LogicalTypeId::BOOLEAN)) {
    if (!(to.id() == LogicalTypeId::VARCHAR)) {
      return fail(ErrorKind::unsupported, "input.type",
                  "{} is {}, the contract wants {}: no such value is one of the other", column, from.ToString(),
                  to.ToString());
    }
  }
  // There and back again: what returns changed was lost.
  const std::string value = format("TRY_CAST({} AS {})", column, to.ToString());
  std::string bad =
      format("({0} IS NOT NULL AND TRY_CAST({1} AS {2}) IS DISTINCT FROM {0})", column, value, from.ToString());
  return Cast{.value = format("CASE WHEN NOT {} THEN {} END", bad, value), .bad = bad};
}

}  // namespace weft::engine::worker
