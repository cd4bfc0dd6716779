#include "platform/engine/engine.h"

namespace weft::engine {
namespace {

struct Known {
  Format format;
  std::string_view name, media_type;
};
constexpr Known kKnown[] = {
    {Format::json, "json", "application/json"},
    {Format::ndjson, "ndjson", "application/x-ndjson"},
    {Format::csv, "csv", "text/csv"},
    {Format::parquet, "parquet", "application/vnd.apache.parquet"},
    {Format::arrow, "arrow", "application/vnd.apache.arrow.stream"},
};

}  // namespace

std::string_view media_type(Format format) {
  for (const Known& known : kKnown) {
    if (known.format == format) return known.media_type;
  }
  return "application/octet-stream";
}

Result<Format> format_of(std::string_view name_or_media_type) {
  for (const Known& known : kKnown) {
    if (known.name == name_or_media_type || known.media_type == name_or_media_type) return known.format;
  }
  return fail(ErrorKind::unsupported, "query.format",
              "{} is no format of answers; ask for json, ndjson, csv, parquet or arrow", name_or_media_type);
}

}  // namespace weft::engine
