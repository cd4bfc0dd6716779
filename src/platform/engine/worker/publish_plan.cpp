#include "platform/engine/worker/publish_plan.h"

#include <set>

#include "base/json.h"
#include "base/text.h"
#include "duckdb/main/connection.hpp"
#include "platform/engine/worker/analysis.h"
#include "platform/engine/worker/casts.h"
#include "platform/engine/worker/checks.h"
#include "platform/engine/worker/files.h"
#include "platform/engine/worker/publish_tally.h"
#include "platform/engine/worker/types.h"

namespace weft::engine::worker {
namespace {

constexpr int kSamplesMax = 10;
constexpr std::size_t kProblemsMax = 200;

InputProblem problem(std::string code, std::string column, std::string message) {
  return {.code = std::move(code),
          .message = std::move(message),
          .column = std::move(column),
          .failures = 0,
          .sample_rows = {},
          .sample_values = {}};
}

// The input's column for a target: by its name, else by its physical name. Names that differ only in case match
// nothing, and say so.
std::optional<std::size_t> find_column(const Input& input, const TargetColumn& target) {
  for (const std::string* wanted : {&target.name, &target.physical_name}) {
    if (wanted->empty()) continue;
    for (std::size_t i = 0; i < input.names.size(); ++i) {
      if (input.names[i] == *wanted) return i;
    }
  }
  return std::nullopt;
}

void report_extra_columns(const PublishJob& job, const Input& input, const std::set<std::size_t>& used,
                          std::vector<InputProblem>& problems) {
  std::vector<std::string> known;
  for (const TargetColumn& column : job.columns) known.push_back(column.name);
  for (std::size_t i = 0; i < input.names.size() && problems.size() < kProblemsMax; ++i) {
    if (used.contains(i)) continue;
    problems.push_back(
        problem("input.unknown_column", input.names[i],
                format("the contract has no column {}{}", input.names[i], text::did_you_mean(input.names[i], known))));
  }
}

std::string alias(std::string_view name, std::size_t index) { return format("weft_{}_{}", name, index); }

json::Value shown(const duckdb::Value& value) {
  if (value.IsNull()) return {};
  std::string text = value.ToString();
  if (text.size() > 200) text = text.substr(0, 200) + "…";
  return text::is_valid_utf8(text) ? json::Value(text) : json::Value("(no text)");
}

std::uint64_t count_of(const duckdb::Value& value) { return value.IsNull() ? 0 : value.GetValue<std::uint64_t>(); }

json::Value metric_value(const duckdb::Value& value) {
  if (value.IsNull()) return 0;
  json::Value number = single_value_of(value);
  if (number.is_number() || number.is_boolean() || number.is_text()) return number;
  return value.ToString();
}

Result<> samples(PublishContext& context, const PublishPlan& plan, const std::string& failing, const std::string& value,
                 std::vector<std::int64_t>& rows, json::Array& values) {
  for (auto& row : TRY(rows_of(context, format("SELECT weft_row, {} FROM ({}) WHERE {} ORDER BY 1 LIMIT {}", value,
                                               plan.from, failing, kSamplesMax)))) {
    rows.push_back(row[0].GetValue<std::int64_t>());
    values.push_back(shown(row[1]));
  }
  return {};
}

std::string key_of(const std::vector<std::string>& columns) {
  std::string key;
  for (const std::string& column : columns) key += (key.empty() ? "" : ", ") + text::quote_identifier(column);
  return key;
}

std::string not_null(const std::vector<std::string>& columns) {
  std::string all;
  for (const std::string& column : columns)
    all += (all.empty() ? "" : " AND ") + text::quote_identifier(column) + " IS NOT NULL";
  return all;
}

// Whether rows that are there stay beside the batch's and may share their values of the check's columns. Those of its
// own primary key an upsert replaces.
bool meets_table(const PublishContext& context, const PublishJob& job, const Check& check) {
  if (context.existing.empty()) return false;
  return job.mode == PublishMode::append || (job.mode == PublishMode::upsert && check.columns != job.primary_key);
}

// The rows of the table that the batch leaves as they are.
Result<std::string> staying_rows(PublishContext& context, const PublishJob& job, const PublishPlan& plan) {
  std::string existing = TRY(existing_rows(context, job));
  if (job.mode != PublishMode::upsert) return existing;
  return format("SELECT * FROM ({0}) WHERE ({1}) NOT IN (SELECT ({1}) FROM ({2}) WHERE {3})", existing,
                key_of(job.primary_key), plan.from, not_null(job.primary_key));
}

// Rows whose key stands earlier in the batch, or in a row of the table that stays.
Result<std::string> duplicate_rows(PublishContext& context, const PublishJob& job, const PublishPlan& plan,
                                   const Check& check) {
  const std::string key = key_of(check.columns);
  std::string sql = format(
      "SELECT weft_row FROM (SELECT weft_row, {0}, row_number() OVER (PARTITION BY {0} ORDER BY weft_row) AS weft_nth "
      "FROM ({1}) WHERE {2}) WHERE weft_nth > 1",
      key, plan.from, not_null(check.columns));
  if (meets_table(context, job, check)) {
    sql += format(" UNION SELECT weft_row FROM ({1}) WHERE {2} AND ({0}) IN (SELECT ({0}) FROM ({3}) WHERE {2})", key,
                  plan.from, not_null(check.columns), TRY(staying_rows(context, job, plan)));
  }
  return sql;
}

Result<CheckResult> run_unique(PublishContext& context, const PublishJob& job, PublishPlan& plan, std::size_t index) {
  const Check& check = job.checks[index];
  CheckResult result{.id = check.id};
  const std::string key = key_of(check.columns);
  // Most batches have no duplicate: counting is cheaper than finding them.
  const bool sees_table = meets_table(context, job, check);
  const auto counted = TRY(rows_of(
      context,
      format("SELECT count(*), (SELECT count(*) FROM (SELECT DISTINCT {0} FROM ({1}) WHERE {2})) FROM ({1}) WHERE {2}",
             key, plan.from, not_null(check.columns))));
  const bool is_clean = counted[0][0] == counted[0][1];
  if (!is_clean || sees_table) {
    const std::string duplicates = TRY(duplicate_rows(context, job, plan, check));
    result.failures = count_of(TRY(rows_of(context, format("SELECT count(*) FROM ({})", duplicates)))[0][0]);
    if (result.failures > 0) {
      plan.rules.push_back({.id = check.id,
                            .column = check.columns[0],
                            .failing = format("weft_row IN ({})", duplicates),
                            .shown = format("CAST(({}) AS VARCHAR)", key),
                            .is_cast = false,
                            .is_blocking = json::Value(check.spec)["severity"].text_or("error") == "error",
                            .check = index});
      TRY(samples(context, plan, plan.rules.back().failing, plan.rules.back().shown, result.sample_rows,
                  result.sample_values));
    }
  }
  result.value = result.failures;
  return result;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

// A rule's own SQL is its author's: held to the allow-list, and it sees one table, the batch.
Result<CheckResult> run_sql_check(PublishContext& context, const PublishJob& job, const PublishPlan& plan,
                                  const Check& check) {
  CheckResult result{.id = check.id};
  const json::Value spec(check.spec);
  const std::string column = check.columns.empty() ? std::string() : text::quote_identifier(check.columns[0]);
  std::string sql(spec["query"].text_or(""));
  for (const char* object : {"{object}", "${object}", "${table}", "{table}", "{model}"})
    sql = replaced(sql, object, "weft_batch");
  for (const char* property : {"${property}", "{property}", "${column}", "{column}", "{field}"})
    sql = replaced(sql, property, column);
  const auto parsed = parse_governed(*context.connection.context, sql, context.limits);
  if (!parsed || parsed->parsed.statement != Statement::select) {
    result.has_run = false;
    result.note = parsed ? "a rule is one SELECT" : parsed.error().message;
    return result;
  }
  for (const TableName& name : parsed->parsed.tables) {
    const std::string object(spec["object"].text_or(""));
    if (name.parts.size() == 1 && (name.parts[0] == "weft_batch" || name.parts[0] == object)) continue;
    result.has_run = false;
    result.note = format("a rule sees its own object only, not {}", text::join(name.parts, "."));
    return result;
  }
  std::string with = format("WITH weft_batch AS (SELECT {} FROM ({}))", key_of(plan.columns), plan.from);
  if (const auto object = spec["object"].text_or(""); !object.empty() && object != "weft_batch")
    with += format(", {} AS (SELECT * FROM weft_batch)", text::quote_identifier(object));
  const auto rows =
      rows_of(context, format("{} SELECT * FROM ({}) LIMIT 1", with,
                              std::string(text::trim(sql)).ends_with(';') ? sql.substr(0, sql.rfind(';')) : sql));
  if (!rows || rows->empty() || rows->at(0).empty()) {
    result.has_run = false;
    result.note = rows ? "the rule gave no value" : rows.error().message;
    return result;
  }
  (void)job;
  result.value = metric_value(rows->at(0)[0]);
  return result;
}

}  // namespace

Result<std::string> existing_rows(PublishContext& context, const PublishJob& job) {
  std::string paths, schema, names;
  for (const std::string& path : context.existing) paths += (paths.empty() ? "" : ", ") + text::quote_literal(path);
  for (const TargetColumn& column : job.columns) {
    const auto type = TRY(logical_type_of(column.type));
    schema += format("{}{}: {{name: {}, type: {}, default_value: NULL}}", schema.empty() ? "" : ", ", column.field_id,
                     text::quote_literal(column.name), text::quote_literal(type.ToString()));
    names += (names.empty() ? "" : ", ") + text::quote_identifier(column.name);
  }
  return format("SELECT {} FROM read_parquet([{}], schema = MAP {{{}}})", names, paths, schema);
}

Result<PublishPlan> plan_publish(PublishContext&, const PublishJob& job, const Input& input,
                                 std::vector<InputProblem>& problems) {
  PublishPlan plan;
  std::set<std::size_t> used;
  std::string select = input.row + " AS weft_row";
  for (std::size_t i = 0; i < job.columns.size(); ++i) {
    const TargetColumn& target = job.columns[i];
    const auto type = TRY(logical_type_of(target.type));
    const auto found = find_column(input, target);
    plan.columns.push_back(target.name);
    if (!found) {
      for (const std::string& name : input.names) {
        if (text::iequals(name, target.name))
          problems.push_back(problem(
              "input.case", target.name,
              format("the file has {}, the contract {}: names are compared with their case", name, target.name)));
      }
      if (target.is_required)
        problems.push_back(
            problem("input.missing_column", target.name, format("the file lacks the required column {}", target.name)));
      select += format(", CAST(NULL AS {}) AS {}", type.ToString(), text::quote_identifier(target.name));
      continue;
    }
    used.insert(*found);
    const std::string column = text::quote_identifier(input.names[*found]);
    const auto cast = lossless_cast(column, input.types[*found], type);
    if (!cast) {
      problems.push_back(problem(cast.error().code, target.name, cast.error().message));
      continue;
    }
    select += format(", {} AS {}", cast->value, text::quote_identifier(target.name));
    if (cast->bad.empty()) continue;
    select += format(", {} AS {}, {} AS {}", cast->bad, alias("bad", i), column, alias("raw", i));
    plan.rules.push_back({.id = "cast." + target.name,
                          .column = target.name,
                          .failing = alias("bad", i),
                          .flag = {},
                          .shown = format("CAST({} AS VARCHAR)", alias("raw", i)),
                          .is_cast = true,
                          .is_blocking = true,
                          .check = 0});
  }
  report_extra_columns(job, input, used, problems);
  plan.from = format("SELECT {} FROM {}", select, input.from);
  return plan;
}

namespace {

struct Metric {
  std::size_t check;
  std::string sql;
};

bool blocks(const Check& check) { return json::Value(check.spec)["severity"].text_or("error") == "error"; }

// Rules by row join the plan's, metrics over the whole batch are answered.
std::vector<Metric> sort_checks(const PublishJob& job, PublishPlan& plan, PublishOutcome& outcome) {
  std::vector<Metric> metrics;
  outcome.checks.resize(job.checks.size());
  for (std::size_t i = 0; i < job.checks.size(); ++i) {
    const Check& check = job.checks[i];
    outcome.checks[i].id = check.id;
    auto sql = check_sql(check, job.columns);
    if (!sql) {
      outcome.checks[i].has_run = false;
      outcome.checks[i].note = sql.error().message;
      continue;
    }
    if (!*sql) continue;  // Unique and SQL rules have passes of their own.
    if (!(*sql)->value.empty()) {
      metrics.push_back({.check = i, .sql = (*sql)->value});
      continue;
    }
    // A value that could not be cast is reported once, as that.
    std::string flag = (*sql)->failing;
    std::string failing = format("coalesce({}, false)", flag);
    for (const RowRule& rule : plan.rules) {
      if (rule.is_cast && rule.column == check.columns[0])
        flag = failing = format("(NOT {} AND {})", rule.failing, failing);
    }
    plan.rules.push_back({.id = check.id,
                          .column = check.columns[0],
                          .failing = std::move(failing),
                          .flag = std::move(flag),
                          .shown = format("CAST({} AS VARCHAR)", text::quote_identifier(check.columns[0])),
                          .is_cast = false,
                          .is_blocking = blocks(check),
                          .check = i});
  }
  return metrics;
}

std::string any_of(const std::vector<RowRule>& rules) {
  std::string any = "FALSE";
  for (const RowRule& rule : rules) {
    if (rule.is_blocking) any += " OR " + rule.failing;
  }
  return any;
}

Result<std::uint64_t> count_bad_rows(PublishContext& context, const PublishPlan& plan) {
  return count_of(
      TRY(rows_of(context, format("SELECT count(*) FROM ({}) WHERE {}", plan.from, any_of(plan.rules))))[0][0]);
}

// What one rule's count says: a result of its check, or a problem of the input.
Result<> report_rule(PublishContext& context, const PublishPlan& plan, const RowRule& rule, std::uint64_t failures,
                     PublishOutcome& outcome) {
  if (rule.is_cast) {
    if (failures == 0) return {};
    outcome.problems.push_back(problem("input.lossy_value", rule.column,
                                       format("{}: {} value{} cannot become the contract's type without loss",
                                              rule.column, failures, failures == 1 ? "" : "s")));
    InputProblem& told = outcome.problems.back();
    told.failures = failures;
    return samples(context, plan, rule.failing, rule.shown, told.sample_rows, told.sample_values);
  }
  CheckResult& told = outcome.checks[rule.check];
  told.failures = failures;
  told.value = failures;
  return failures == 0 ? Result<>()
                       : samples(context, plan, rule.failing, rule.shown, told.sample_rows, told.sample_values);
}

Result<> run_own_passes(PublishContext& context, const PublishJob& job, PublishPlan& plan, PublishOutcome& outcome) {
  bool has_duplicates = false;
  for (std::size_t i = 0; i < job.checks.size(); ++i) {
    if (job.checks[i].kind == "unique") {
      outcome.checks[i] = TRY(run_unique(context, job, plan, i));
      has_duplicates = has_duplicates || outcome.checks[i].failures > 0;
    } else if (job.checks[i].kind == "sql") {
      outcome.checks[i] = TRY(run_sql_check(context, job, plan, job.checks[i]));
    }
  }
  if (has_duplicates) plan.bad_rows = TRY(count_bad_rows(context, plan));
  return {};
}

constexpr std::string_view kCountWhere = "count(*) FILTER (WHERE ";

// What a metric counts, when all it does is to count rows: "" for all rows.
std::optional<std::string> counted(const std::string& sql) {
  if (sql == "count(*)") return std::string();
  if (!sql.starts_with(kCountWhere) || !sql.ends_with(')')) return std::nullopt;
  return sql.substr(kCountWhere.size(), sql.size() - kCountWhere.size() - 1);
}

// Whether rules and metrics can be counted while the rows are written: one file, of the batch alone.
bool is_one_pass(const PublishContext& context, const PublishJob& job, const std::vector<Metric>& metrics) {
  return !job.is_dry && job.partition_fields.empty() && (job.mode != PublishMode::upsert || context.existing.empty()) &&
         std::all_of(metrics.begin(), metrics.end(),
                     [](const Metric& metric) { return counted(metric.sql).has_value(); });
}

// Rows, each rule's failures, rows that fail any, each metric.
struct Measured {
  std::uint64_t rows = 0, bad_rows = 0;
  std::vector<std::uint64_t> failures;
  std::vector<json::Value> metrics;
};

Result<Measured> measure_writing(PublishContext& context, const PublishJob& job, PublishPlan& plan,
                                 const std::vector<Metric>& metrics, PublishOutcome& outcome) {
  std::vector<std::string> flags;
  for (const RowRule& rule : plan.rules) flags.push_back(rule.flag.empty() ? rule.failing : rule.flag);
  for (const Metric& metric : metrics) {
    if (const auto condition = counted(metric.sql); !condition->empty()) flags.push_back(*condition);
  }
  const std::vector<std::uint64_t> counts = TRY(write_tallied(context, job, plan, flags, outcome));
  Measured measured{.rows = outcome.rows_out, .bad_rows = 0, .failures = {}, .metrics = {}};
  measured.failures.assign(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(plan.rules.size()));
  std::size_t next = plan.rules.size();
  for (const Metric& metric : metrics)
    measured.metrics.emplace_back(counted(metric.sql)->empty() ? measured.rows : counts[next++]);
  plan.is_written = true;
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    if (!plan.rules[i].is_blocking || measured.failures[i] == 0) continue;
    // How many rows they are together costs every row to know, so it is asked only where there are some.
    measured.bad_rows = TRY(count_bad_rows(context, plan));
    break;
  }
  return measured;
}

Result<Measured> measure(PublishContext& context, const PublishPlan& plan, const std::vector<Metric>& metrics) {
  std::string aggregates = "count(*)";
  for (const RowRule& rule : plan.rules) aggregates += format(", count(*) FILTER (WHERE {})", rule.failing);
  aggregates += format(", count(*) FILTER (WHERE {})", any_of(plan.rules));
  for (const Metric& metric : metrics) aggregates += ", " + metric.sql;
  const auto rows = TRY(rows_of(context, format("SELECT {} FROM ({})", aggregates, plan.from)));
  const auto& row = rows.at(0);
  Measured measured{
      .rows = count_of(row[0]), .bad_rows = count_of(row[plan.rules.size() + 1]), .failures = {}, .metrics = {}};
  for (std::size_t i = 0; i < plan.rules.size(); ++i) measured.failures.push_back(count_of(row[i + 1]));
  for (std::size_t i = 0; i < metrics.size(); ++i)
    measured.metrics.push_back(metric_value(row[plan.rules.size() + 2 + i]));
  return measured;
}

// What was written with bad rows among it is no file of the table.
void forget_written(PublishPlan& plan, PublishOutcome& outcome) {
  plan.is_written = false;
  outcome.files.clear();
  outcome.rows_out = 0;
}

}  // namespace

Result<> run_checks(PublishContext& context, const PublishJob& job, PublishPlan& plan, PublishOutcome& outcome) {
  const std::vector<Metric> metrics = sort_checks(job, plan, outcome);
  auto measured = is_one_pass(context, job, metrics) ? measure_writing(context, job, plan, metrics, outcome)
                                                     : measure(context, plan, metrics);
  if (!measured) {
    if (measured.error().kind != ErrorKind::invalid) return fail(measured.error());
    outcome.problems.push_back(
        problem("input.malformed", "", format("the file cannot be read: {}", measured.error().message)));
    forget_written(plan, outcome);
    plan.bad_rows = 0;
    return {};
  }
  outcome.rows_in = measured->rows;
  plan.bad_rows = measured->bad_rows;
  for (std::size_t i = 0; i < measured->failures.size(); ++i) {
    const RowRule rule = plan.rules[i];
    TRY(report_rule(context, plan, rule, measured->failures[i], outcome));
  }
  for (std::size_t i = 0; i < metrics.size(); ++i) outcome.checks[metrics[i].check].value = measured->metrics[i];
  TRY(run_own_passes(context, job, plan, outcome));
  if (plan.bad_rows > 0) forget_written(plan, outcome);
  return {};
}

Result<> set_aside(PublishContext& context, const PublishJob& job, PublishPlan& plan, PublishOutcome& outcome) {
  std::string reasons;
  for (const RowRule& rule : plan.rules) {
    if (!rule.is_blocking) continue;
    reasons +=
        format("{}CASE WHEN {} THEN {} END", reasons.empty() ? "" : ", ", rule.failing, text::quote_literal(rule.id));
  }
  // The raw text of what could not be cast belongs into the dead letter, not the NULL that stands for it.
  std::string row;
  for (std::size_t i = 0; i < plan.columns.size(); ++i) {
    std::string value = text::quote_identifier(plan.columns[i]);
    for (const RowRule& rule : plan.rules) {
      if (rule.is_cast && rule.column == plan.columns[i])
        value = format("coalesce(CAST({} AS VARCHAR), {})", value, rule.shown);
    }
    row += format("{}{}: CAST({} AS VARCHAR)", row.empty() ? "" : ", ", text::quote_identifier(plan.columns[i]), value);
  }
  TRY(run_sql(context, format("CREATE TEMP TABLE weft_staged AS SELECT *, list_filter([{}], lambda r: r IS NOT NULL) "
                              "AS weft_reasons FROM ({})",
                              reasons, plan.from)));
  const std::string path = context.descriptors.new_path("dead");
  TRY(run_sql(
      context,
      format(
          "COPY (SELECT weft_row AS row_number, weft_reasons AS reasons, CAST(to_json({{{}}}) AS VARCHAR) AS \"row\" "
          "FROM weft_staged WHERE len(weft_reasons) > 0 ORDER BY 1) TO '{}' (FORMAT parquet, COMPRESSION zstd)",
          row, path)));
  const auto counted = TRY(rows_of(context, "SELECT count(*) FROM weft_staged WHERE len(weft_reasons) > 0"));
  outcome.rows_dead = count_of(counted[0][0]);
  outcome.dead_letters.push_back({.name = context.descriptors.name_of_written(path),
                                  .row_count = outcome.rows_dead,
                                  .size = 0,
                                  .partition = {},
                                  .columns = {},
                                  .split_offsets = {}});
  plan.from = "SELECT * FROM weft_staged WHERE len(weft_reasons) = 0";
  // What was set aside is no problem of the batch any more; the results keep telling of it.
  outcome.problems.clear();
  (void)job;
  return {};
}

}  // namespace weft::engine::worker
