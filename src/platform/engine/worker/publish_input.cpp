#include "platform/engine/worker/publish_input.h"

#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "duckdb/main/connection.hpp"
#include "duckdb/main/prepared_statement.hpp"
#include "duckdb/parser/parsed_data/create_table_info.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "platform/engine/worker/files.h"
#include "platform/engine/worker/statement.h"
#include "platform/engine/worker/types.h"

namespace weft::engine::worker {
namespace {

constexpr std::size_t kColumnsMax = 4096;

constexpr std::size_t kHeadBytes = 64 << 10;

std::string head_of(Descriptors& descriptors, const std::string& path) {
  const auto entry = descriptors.find(path);
  std::string head(kHeadBytes, '\0');
  const ssize_t size = entry ? ::pread(entry->fd->get(), head.data(), head.size(), 0) : 0;
  head.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return head;
}

bool is_gzip(std::string_view head) { return head.starts_with("\x1f\x8b"); }
bool is_zstd(std::string_view head) { return head.starts_with("\x28\xb5\x2f\xfd"); }

std::string compression_of(std::string_view head) {
  return is_gzip(head) ? "gzip" : is_zstd(head) ? "zstd" : "uncompressed";
}

// The first bytes of the text itself.
std::string text_head_of(std::string_view head) {
  if (is_gzip(head)) return inflate_head(head, kHeadBytes);
  return is_zstd(head) ? unzstd_head(head, kHeadBytes) : std::string(head);
}

bool is_known(const PublishJob& job, std::string_view name) {
  return std::any_of(job.columns.begin(), job.columns.end(), [&](const TargetColumn& column) {
    return text::iequals(column.name, name) ||
           (!column.physical_name.empty() && text::iequals(column.physical_name, name));
  });
}

// The separator under which the header names most columns of the contract; nothing when none does. To guess it from the
// rows would take a ragged file for a file of one column.
std::optional<char> separator_of(std::string_view text, const PublishJob& job) {
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  std::optional<char> best;
  std::size_t known_max = 0;
  for (const char separator : {',', ';', '\t', '|'}) {
    std::size_t known = 0;
    for (std::string_view name : text::split(line.starts_with("\xef\xbb\xbf") ? line.substr(3) : line, separator)) {
      name = text::trim(name);
      if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
      if (is_known(job, name)) ++known;
    }
    if (known > known_max) {
      known_max = known;
      best = separator;
    }
  }
  return best;
}

// Binding tells names and types; nothing is read but what the reader looks at to know them.
Result<> describe(PublishContext& context, Input& input) {
  try {
    auto prepared = context.connection.Prepare("SELECT * FROM " + input.from);
    if (prepared->HasError()) prepared->error.Throw();
    for (const std::string& name : prepared->GetNames()) input.names.push_back(name);
    for (const auto& type : prepared->GetTypes()) input.types.push_back(type);
  } catch (const std::exception& exception) {
    return fail(error_from(exception));
  }
  if (input.names.size() > kColumnsMax)
    return fail(ErrorKind::limit, "input.too_many_columns", "the file has {} columns; at most {} are read",
                input.names.size(), kColumnsMax);
  return {};
}

std::string csv_reader(const std::string& path, const PublishJob& job, std::string_view head) {
  const json::Value options(job.input_options);
  const bool has_header = options["header"].boolean_or(true);
  std::string sql = format(
      "read_csv({}, all_varchar = true, strict_mode = true, null_padding = false, ignore_errors = false, skip = 0, "
      "comment = '', max_line_size = 16777216, buffer_size = 33554432, compression = '{}', header = {}",
      text::quote_literal(path), compression_of(head), has_header ? "true" : "false");
  for (const char* name : {"delim", "quote", "escape", "nullstr"}) {
    if (options[name].is_text() && options[name].text().size() <= 16 &&
        options[name].text().find('\0') == std::string::npos)
      sql += format(", {} = {}", name, text::quote_literal(options[name].text()));
  }
  if (!options["delim"].is_text() && has_header) {
    if (const auto separator = separator_of(text_head_of(head), job)) {
      sql += format(", delim = {}", text::quote_literal(std::string(1, *separator)));
      if (!options["quote"].is_text()) sql += ", quote = '\"'";
      if (!options["escape"].is_text()) sql += ", escape = '\"'";
    }
  }
  return sql + ")";
}

// Columns that the contract knows are read as text where that keeps their digits; nested ones as what they should be.
Result<std::string> json_reader(PublishContext& context, const std::string& path, const PublishJob& job,
                                const std::string& kind, std::string_view head) {
  const std::string common = format("format = '{}', compression = '{}', maximum_object_size = 16777216",
                                    kind == "ndjson" ? "newline_delimited" : "auto", compression_of(head));
  Input sniffed;
  sniffed.from = format("read_json({}, sample_size = 20480, {})", text::quote_literal(path), common);
  TRY(describe(context, sniffed));
  std::string columns;
  for (std::size_t i = 0; i < sniffed.names.size(); ++i) {
    const std::string& name = sniffed.names[i];
    std::string type = "JSON";
    for (const TargetColumn& column : job.columns) {
      if (column.name != name && column.physical_name != name) continue;
      const auto target = TRY(logical_type_of(column.type));
      if (sniffed.types[i].IsNested() && !target.IsNested()) {
        return fail(ErrorKind::unsupported, "input.type", "{} holds {}, the contract wants {}", name,
                    sniffed.types[i].id() == duckdb::LogicalTypeId::LIST ? "arrays" : "objects", target.ToString());
      }
      type = target.IsNested() ? target.ToString() : "VARCHAR";
    }
    columns += format("{}{}: {}", columns.empty() ? "" : ", ", text::quote_literal(name), text::quote_literal(type));
  }
  if (columns.empty()) return fail(ErrorKind::invalid, "input.empty", "the file holds no JSON object");
  return format("read_json({}, columns = {{{}}}, {})", text::quote_literal(path), columns, common);
}

// A pipeline's answer is kept as it comes, and then is an input like any other.
Result<Input> query_input(PublishContext& context) {
  auto create = duckdb::make_uniq<duckdb::CreateStatement>();
  auto info = duckdb::make_uniq<duckdb::CreateTableInfo>();
  info->table = "weft_query";
  info->schema = DEFAULT_SCHEMA;
  info->catalog = TEMP_CATALOG;
  info->temporary = true;
  info->query = duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(
      duckdb::unique_ptr<duckdb::SQLStatement>(context.query.release()));
  create->info = std::move(info);
  auto result = context.connection.Query(std::move(create));
  if (result->HasError()) {
    try {
      result->GetErrorObject().Throw();
    } catch (const std::exception& exception) {
      return fail(error_from(exception));
    }
  }
  Input input;
  input.from = "temp.main.weft_query";
  input.row = "rowid + 1";
  TRY(describe(context, input));
  return input;
}

}  // namespace

Result<duckdb::unique_ptr<duckdb::QueryResult>> run_sql(PublishContext& context, const std::string& sql) {
  try {
    duckdb::unique_ptr<duckdb::QueryResult> result = context.connection.Query(sql);
    if (result->HasError()) result->GetErrorObject().Throw();
    return result;
  } catch (const std::exception& exception) {
    return fail(error_from(exception));
  }
}

Result<std::vector<std::vector<duckdb::Value>>> rows_of(PublishContext& context, const std::string& sql) {
  auto result = TRY(run_sql(context, sql));
  std::vector<std::vector<duckdb::Value>> rows;
  while (auto chunk = result->Fetch()) {
    if (chunk->size() == 0) break;
    for (duckdb::idx_t row = 0; row < chunk->size(); ++row) {
      auto& values = rows.emplace_back();
      for (duckdb::idx_t column = 0; column < chunk->ColumnCount(); ++column)
        values.push_back(chunk->GetValue(column, row));
    }
  }
  return rows;
}

Result<std::string> input_format(const std::string& named, Descriptors& descriptors, const std::string& path) {
  const std::string head = head_of(descriptors, path);
  const bool is_parquet = head.starts_with("PAR1");
  if (!named.empty()) {
    if (named != "parquet" && named != "csv" && named != "ndjson" && named != "json") {
      return fail(ErrorKind::unsupported, "input.format",
                  "{} is no format that is read here: parquet, csv, ndjson or json, also compressed with gzip or zstd",
                  named);
    }
    if ((named == "parquet") != is_parquet)
      return fail(ErrorKind::invalid, "input.mislabelled", "the file is called {} and {} Parquet", named,
                  is_parquet ? "is" : "is no");
    return named;
  }
  if (is_parquet) return "parquet";
  if (head.starts_with("ARROW1") || head.starts_with("\xff\xff\xff\xff")) {
    return fail(ErrorKind::unsupported, "input.format",
                "Arrow files are not read by this version: convert to Parquet, CSV, NDJSON or JSON");
  }
  const std::string text = text_head_of(head);
  const auto trimmed = text::trim(text);
  if (trimmed.empty()) return fail(ErrorKind::invalid, "input.empty", "the file is empty");
  if (trimmed.starts_with('[')) return "json";
  if (trimmed.starts_with('{')) return "ndjson";
  return "csv";
}

namespace {

Result<Input> open_file(PublishContext& context, const PublishJob& job, const std::string& kind) {
  const std::string head = head_of(context.descriptors, context.input);
  Input input;
  input.row = "row_number() OVER ()";
  if (kind == "parquet") {
    input.from = format("read_parquet({})", text::quote_literal(context.input));
    input.row = "file_row_number + 1";
  } else if (kind == "csv") {
    if (text_head_of(head).find('\0') != std::string::npos)
      return fail(ErrorKind::invalid, "input.nul", "the file has NUL characters: it is no CSV");
    input.from = csv_reader(context.input, job, head);
  } else {
    input.from = TRY(json_reader(context, context.input, job, kind, head));
  }
  TRY(describe(context, input));
  if (kind == "parquet")
    input.from = format("read_parquet({}, file_row_number = true)", text::quote_literal(context.input));
  return input;
}

}  // namespace

Result<Input> open_input(PublishContext& context, const PublishJob& job) {
  if (context.input.empty()) return query_input(context);
  const std::string kind = TRY(input_format(job.input_format, context.descriptors, context.input));
  auto input = open_file(context, job, kind);
  // What the engine says of a file is about the file, not about somebody's SQL.
  if (!input && input.error().code.starts_with("sql.")) {
    return fail(ErrorKind::invalid, "input.malformed", "the file cannot be read as {}: {}", kind,
                input.error().message);
  }
  return input;
}

}  // namespace weft::engine::worker
