#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/json_value.h"
#include "base/metrics.h"
#include "base/result.h"

// Control's side of the engine: a pool of fenced worker processes, each running DuckDB, and the dialogue with them.
// Nothing here parses SQL or a user's file, and nothing here is linked to DuckDB.
namespace weft::engine {

enum class WorkClass { interactive, batch, publish };

struct Limits {
  int threads = 0;                 // 0: the pool decides.
  std::uint64_t memory_bytes = 0;  // 0: the pool decides.
  std::chrono::milliseconds time_max{300'000};
  std::uint64_t sql_bytes_max = 1 << 20;
  std::uint64_t rows_max = 0;  // 0: no limit.
};

// ---- What the worker found in a SQL text

struct At {
  std::optional<std::int64_t> version;   // A snapshot id.
  std::optional<std::string> timestamp;  // RFC 3339 or SQL timestamp in UTC, as written.
};

// A name in FROM that is no CTE. `parts` has one to three elements, unquoted, as written.
struct TableName {
  std::vector<std::string> parts;
  std::optional<At> at;
  int offset = 0;  // Byte offset in the SQL text, -1 when unknown.
};

enum class Statement { select, explain, describe };

struct Parsed {
  Statement statement = Statement::select;
  std::vector<TableName> tables;  // One entry per reference, in order of appearance.
  int parameters = 0;             // Highest $n.
};

// ---- What control decided that each name is

struct Column {
  int field_id = 0;
  std::string name;
  json::Value type;      // Iceberg JSON type: "long", "decimal(10,2)", {"type":"list",…}.
  std::string mask_sql;  // Empty: as it is; else a SQL expression over the relation's columns.
};

enum class RelationKind { table, view, rows };

// One thing that names resolve to. A name that stands twice may share one relation.
struct Relation {
  std::string name;  // "aviation.flights.flights": in lineage and messages.
  RelationKind kind = RelationKind::table;
  std::vector<Column> columns;  // What the asker may see, in order; others do not exist for it.
  std::string row_filter_sql;   // Empty: all rows; else runs below a barrier.
  std::uint64_t row_count = 0;  // table, rows: for the optimizer.
  // view: its text and, for each table name that parse() found in it, the index of a relation.
  std::string view_sql;
  std::vector<int> view_relations;
};

// What bind() takes.
struct Query {
  std::string sql;
  std::vector<int> relations;  // For each table name of parse(), the index of its relation.
  json::Array parameters;      // Values for $1…; null, boolean, number, text.
};

// ---- What binding tells (from the bound, unoptimised plan)

enum class Use { value, filter, join, group, order, window };
std::string_view to_string(Use use);

struct ColumnUse {
  int relation = 0;
  std::string column;
  int field_id = 0;
  Use use = Use::value;
  friend auto operator<=>(const ColumnUse&, const ColumnUse&) = default;
};

struct OutputColumn {
  std::string name;
  std::string engine_type;      // As DuckDB writes it: "DECIMAL(18,2)".
  json::Value type;             // Iceberg JSON type; null when Iceberg v2 has none.
  std::vector<ColumnUse> from;  // Sorted, unique.
};

// `column op literal` that every row of the answer satisfies; for pruning files. Literal as Iceberg JSON single value.
struct Predicate {
  int field_id = 0;
  std::string op;  // "eq","ne","lt","le","gt","ge","is_null","not_null","in".
  json::Array literals;
};

struct RelationUse {
  std::vector<std::string> columns;   // Read at all, sorted.
  std::vector<Predicate> predicates;  // Conjunction, after the optimizer pushed filters down.
};

struct Plan {
  Statement statement = Statement::select;
  std::vector<OutputColumn> columns;
  std::vector<ColumnUse> rows_from;    // Columns that decide which rows there are or in what order.
  std::vector<RelationUse> relations;  // One per relation of bind(), views' own included.
  double rows_estimated = 0;           // Of all scans together.
  bool is_point = false;               // One scan narrowed by equality, and nothing that must see all of it first.
};

// ---- Running

struct File {
  Fd fd;  // Read-only; handed to the worker.
  std::uint64_t size = 0;
  std::string name;  // For messages only.
  std::uint64_t row_count = 0;
};
struct RelationData {  // For each relation of kind table its files; of kind rows one NDJSON file.
  int relation = 0;
  std::vector<File> files;
};

enum class Format { json, ndjson, csv, parquet, arrow };
// "application/json" … and the reverse; unsupported "query.format".
std::string_view media_type(Format format);
Result<Format> format_of(std::string_view name_or_media_type);

struct Outcome {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::int64_t cpu_micros = 0;
  std::int64_t wall_micros = 0;
  std::uint64_t memory_peak = 0;
};

// ---- Publishing: a staged file, or the bound query of this session, becomes Parquet files of one table

struct TargetColumn {
  int field_id = 0;
  std::string name;
  std::string physical_name;  // What the input may call it too; empty: only `name`.
  json::Value type;
  bool is_required = false;
};

// What a check wants to know. `kind` and the keys of `spec` are listed in product/quality/README.md.
struct Check {
  std::string id;  // Stable within the contract: "flights.delay.bounds".
  std::string kind;
  std::vector<std::string> columns;
  json::Object spec;
  bool is_by_row = false;  // A row fails it or not: such rows can become dead letters.
};
struct CheckResult {
  std::string id;
  bool has_run = true;
  std::string note;   // Why it has not run.
  json::Value value;  // The metric's value, or the count of failing rows.
  std::uint64_t failures = 0;
  std::vector<std::int64_t> sample_rows;  // 1-based row numbers in the input, at most 10.
  json::Array sample_values;              // For those who may see values; same order.
};

enum class PublishMode { append, overwrite, upsert };

struct PublishJob {
  // Input: a file, or nothing when the session's bound query is the source.
  std::optional<File> input;
  std::string input_format;    // "parquet","csv","ndjson","json","arrow"; "" : by its content.
  json::Object input_options;  // CSV: delimiter, quote, header, nullText …
  PublishMode mode = PublishMode::append;
  std::vector<TargetColumn> columns;
  json::Array partition_fields;  // Iceberg partition-spec fields; sources must be columns.
  json::Array sort_fields;       // Iceberg sort-order fields.
  std::vector<std::string> primary_key;
  std::vector<Check> checks;
  std::vector<File> existing;                    // Current files: for upsert, uniqueness and SQL rules.
  std::uint64_t dead_letters_max_share_ppm = 0;  // 0: any bad row refuses the whole.
  std::uint64_t file_bytes_target = 128ULL << 20;
  bool is_dry = false;  // Only checks: no file is written.
};

struct WrittenFile {
  std::string name;  // As asked for through `make_file`.
  std::uint64_t row_count = 0;
  std::uint64_t size = 0;
  json::Array partition;  // One Iceberg JSON single value per partition field.
  // Per field id: {"size","values","nulls","nans","lower","upper"}; bounds as Iceberg JSON single values.
  json::Object columns;
  std::vector<std::int64_t> split_offsets;
};

// Something that is wrong with the input as a whole or with a column of it: unknown column, lossy type, ragged row.
struct InputProblem {
  std::string code;
  std::string message;
  std::string column;
  std::uint64_t failures = 0;
  std::vector<std::int64_t> sample_rows;
  json::Array sample_values;
};

struct PublishOutcome {
  std::vector<InputProblem> problems;  // Not empty: nothing was written that may be used.
  std::vector<CheckResult> checks;
  std::vector<WrittenFile> files;         // To be committed by the caller if it accepts the checks.
  std::vector<WrittenFile> dead_letters;  // Parquet: row number, reason codes, the row as JSON text.
  std::uint64_t rows_in = 0;
  std::uint64_t rows_out = 0;
  std::uint64_t rows_dead = 0;
  Outcome cost;
};

// Makes the file that the worker fills; `hint` is "data" or "dead". Called on the session's thread.
using MakeFile = std::function<Result<std::pair<std::string, Fd>>(std::string_view hint)>;
using Progress = std::function<void(std::uint64_t rows_done, std::uint64_t rows_total)>;

// One leased worker. One thread at a time. Any error but invalid/refused/limit ends the worker, never the pool:
// unavailable "engine.worker_died", limit "engine.out_of_memory", timeout "engine.timeout", cancelled
// "engine.cancelled". Errors from SQL carry `position` (byte offset) and `candidates` in details when the engine tells
// them.
class Session {
 public:
  virtual ~Session() = default;

  // invalid "sql.syntax", denied "sql.not_allowed" (statement, function or table function outside the allow-list; names
  // it), limit "sql.too_long", "sql.too_deep".
  virtual Result<Parsed> parse(std::string_view sql) = 0;
  // Rewrites the names to the relations and binds. invalid "sql.unknown_column", "sql.bind".
  virtual Result<Plan> bind(const Query& query, std::vector<Relation> relations) = 0;
  // Runs what bind() bound, streaming the final bytes.
  virtual Result<Outcome> run(std::vector<RelationData> data, Format format, ByteSink& out) = 0;
  virtual Result<PublishOutcome> publish(PublishJob job, std::vector<RelationData> data, const MakeFile& make_file,
                                         const Progress& progress) = 0;
  // Rewrites Parquet files of one table into fewer, changing no row: for compaction. Same order of rows.
  virtual Result<PublishOutcome> compact(PublishJob job, const MakeFile& make_file) = 0;
  // Lineage of SQL given as text: one JSON request line in, one answer out (see engine/README.md).
  virtual Result<json::Value> lineage(const json::Value& request) = 0;
};

struct Options {
  std::filesystem::path program;       // weft-engine; empty: beside this executable.
  int workers_max = 0;                 // 0: by cores.
  std::uint64_t memory_bytes = 0;      // All workers together; 0: 60 % of the machine.
  std::chrono::seconds idle_max{60};   // An idle worker above the pre-warmed ones retires after this.
  std::filesystem::path spill_folder;  // For DuckDB's temporary files; a fresh folder per worker. Empty: none.
};

// The pool. Thread-safe. Starts no worker before the first session (or warm()).
class Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(const Options& options, metrics::Registry& metrics);
  virtual ~Engine() = default;
  virtual void warm() = 0;  // Starts the pre-warmed workers in the background.
  // Waits its turn by class; `cancelled` ends whatever the session runs within 100 ms by killing the worker if need be.
  // unavailable "engine.busy" when the queue is full, timeout "engine.queue".
  virtual Result<std::unique_ptr<Session>> session(WorkClass work, const Limits& limits, std::stop_token cancelled) = 0;
  // Which fences this kernel offers and which are on: for `weft doctor`.
  virtual Result<json::Value> fences() = 0;
};

}  // namespace weft::engine
