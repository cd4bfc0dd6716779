#include "platform/engine/wire.h"

#include "base/json.h"

namespace weft::engine {
namespace {

constexpr std::array<std::string_view, 6> kUses = {"value", "filter", "join", "group", "order", "window"};
constexpr std::array<std::string_view, 3> kStatements = {"select", "explain", "describe"};
constexpr std::array<std::string_view, 3> kRelationKinds = {"table", "view", "rows"};

template <class E, std::size_t N>
json::Value name_of(E value, const std::array<std::string_view, N>& names) {
  return json::Value(names[static_cast<std::size_t>(value)]);
}

template <class E, std::size_t N>
Result<E> named(const json::Value& value, const std::array<std::string_view, N>& names) {
  for (std::size_t i = 0; i < N; ++i) {
    if (value.text_or("") == names[i]) return static_cast<E>(i);
  }
  return fail(ErrorKind::invalid, "engine.protocol", "{} is none of the names of the dialogue", json::write(value));
}

const json::Array& list(const json::Value& value) {
  static const json::Array kNone;
  return value.is_array() ? value.array() : kNone;
}

json::Value texts(const std::vector<std::string>& all) {
  json::Array array;
  for (const std::string& each : all) array.emplace_back(each);
  return array;
}

std::vector<std::string> texts_of(const json::Value& value) {
  std::vector<std::string> all;
  for (const json::Value& each : list(value)) all.emplace_back(each.text_or(""));
  return all;
}

template <class T>
json::Value integers(const std::vector<T>& all) {
  json::Array array;
  for (const T each : all) array.emplace_back(static_cast<std::int64_t>(each));
  return array;
}

template <class T>
std::vector<T> integers_of(const json::Value& value) {
  std::vector<T> all;
  for (const json::Value& each : list(value)) all.push_back(static_cast<T>(each.integer_or(0)));
  return all;
}

template <class T, class F>
json::Value each_to_json(const std::vector<T>& all, F to) {
  json::Array array;
  for (const T& each : all) array.push_back(to(each));
  return array;
}

json::Value array_of(const json::Array& array) {
  json::Value value = json::Array{};
  value.array() = array;
  return value;
}

json::Value use_to_json(const ColumnUse& use) {
  return json::Object{
      {"relation", use.relation}, {"column", use.column}, {"field", use.field_id}, {"use", name_of(use.use, kUses)}};
}

Result<ColumnUse> use_of(const json::Value& value) {
  return ColumnUse{.relation = static_cast<int>(value["relation"].integer_or(0)),
                   .column = std::string(value["column"].text_or("")),
                   .field_id = static_cast<int>(value["field"].integer_or(0)),
                   .use = TRY(named<Use>(value["use"], kUses))};
}

Result<std::vector<ColumnUse>> uses_of(const json::Value& value) {
  std::vector<ColumnUse> all;
  for (const json::Value& each : list(value)) all.push_back(TRY(use_of(each)));
  return all;
}

json::Value predicate_to_json(const Predicate& predicate) {
  return json::Object{{"field", predicate.field_id}, {"op", predicate.op}, {"literals", array_of(predicate.literals)}};
}

json::Value written_to_json(const WrittenFile& file) {
  return json::Object{{"name", file.name},       {"rows", file.row_count},
                      {"size", file.size},       {"partition", array_of(file.partition)},
                      {"columns", file.columns}, {"splits", integers(file.split_offsets)}};
}

WrittenFile written_of(const json::Value& value) {
  WrittenFile file;
  file.name = value["name"].text_or("");
  file.row_count = static_cast<std::uint64_t>(value["rows"].integer_or(0));
  file.size = static_cast<std::uint64_t>(value["size"].integer_or(0));
  file.partition = list(value["partition"]);
  if (value["columns"].is_object()) file.columns = value["columns"].object();
  file.split_offsets = integers_of<std::int64_t>(value["splits"]);
  return file;
}

json::Value check_to_json(const Check& check) {
  return json::Object{{"id", check.id},
                      {"kind", check.kind},
                      {"columns", texts(check.columns)},
                      {"spec", check.spec},
                      {"by_row", check.is_by_row}};
}

Check check_of(const json::Value& value) {
  Check check{.id = std::string(value["id"].text_or("")),
              .kind = std::string(value["kind"].text_or("")),
              .columns = texts_of(value["columns"]),
              .spec = {},
              .is_by_row = value["by_row"].boolean_or(false)};
  if (value["spec"].is_object()) check.spec = value["spec"].object();
  return check;
}

json::Value result_to_json(const CheckResult& result) {
  return json::Object{{"id", result.id},
                      {"run", result.has_run},
                      {"note", result.note},
                      {"value", result.value},
                      {"failures", result.failures},
                      {"rows", integers(result.sample_rows)},
                      {"values", array_of(result.sample_values)}};
}

CheckResult result_of(const json::Value& value) {
  return CheckResult{.id = std::string(value["id"].text_or("")),
                     .has_run = value["run"].boolean_or(false),
                     .note = std::string(value["note"].text_or("")),
                     .value = value["value"],
                     .failures = static_cast<std::uint64_t>(value["failures"].integer_or(0)),
                     .sample_rows = integers_of<std::int64_t>(value["rows"]),
                     .sample_values = list(value["values"])};
}

json::Value problem_to_json(const InputProblem& problem) {
  return json::Object{{"code", problem.code},
                      {"message", problem.message},
                      {"column", problem.column},
                      {"failures", problem.failures},
                      {"rows", integers(problem.sample_rows)},
                      {"values", array_of(problem.sample_values)}};
}

InputProblem problem_of(const json::Value& value) {
  return InputProblem{.code = std::string(value["code"].text_or("")),
                      .message = std::string(value["message"].text_or("")),
                      .column = std::string(value["column"].text_or("")),
                      .failures = static_cast<std::uint64_t>(value["failures"].integer_or(0)),
                      .sample_rows = integers_of<std::int64_t>(value["rows"]),
                      .sample_values = list(value["values"])};
}

}  // namespace

std::string_view to_string(Use use) { return kUses[static_cast<std::size_t>(use)]; }

json::Value to_json(const Error& error) {
  return json::Object{
      {"kind", to_string(error.kind)}, {"code", error.code}, {"message", error.message}, {"details", error.details}};
}

Error error_of(const json::Value& value) {
  Error error{.kind = ErrorKind::internal,
              .code = std::string(value["code"].text_or("engine.failed")),
              .message = std::string(value["message"].text_or("the worker failed")),
              .details = {}};
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::cancelled); ++kind) {
    if (to_string(static_cast<ErrorKind>(kind)) == value["kind"].text_or("")) error.kind = static_cast<ErrorKind>(kind);
  }
  if (value["details"].is_object()) error.details = value["details"].object();
  return error;
}

json::Value to_json(const Limits& limits) {
  return json::Object{{"threads", limits.threads},
                      {"memory", limits.memory_bytes},
                      {"time_ms", static_cast<std::int64_t>(limits.time_max.count())},
                      {"sql", limits.sql_bytes_max},
                      {"rows", limits.rows_max}};
}

Limits limits_of(const json::Value& value) {
  Limits limits;
  limits.threads = static_cast<int>(value["threads"].integer_or(1));
  limits.memory_bytes = static_cast<std::uint64_t>(value["memory"].integer_or(0));
  limits.time_max = std::chrono::milliseconds(value["time_ms"].integer_or(300'000));
  limits.sql_bytes_max = static_cast<std::uint64_t>(value["sql"].integer_or(1 << 20));
  limits.rows_max = static_cast<std::uint64_t>(value["rows"].integer_or(0));
  return limits;
}

json::Value to_json(const Parsed& parsed) {
  auto table = [](const TableName& name) -> json::Value {
    json::Object object{{"parts", texts(name.parts)}, {"offset", name.offset}};
    if (name.at) object.set("at", json::Object{{"version", name.at->version}, {"timestamp", name.at->timestamp}});
    return object;
  };
  return json::Object{{"statement", name_of(parsed.statement, kStatements)},
                      {"tables", each_to_json(parsed.tables, table)},
                      {"parameters", parsed.parameters}};
}

Result<Parsed> parsed_of(const json::Value& value) {
  Parsed parsed;
  parsed.statement = TRY(named<Statement>(value["statement"], kStatements));
  parsed.parameters = static_cast<int>(value["parameters"].integer_or(0));
  for (const json::Value& each : list(value["tables"])) {
    TableName name{
        .parts = texts_of(each["parts"]), .at = {}, .offset = static_cast<int>(each["offset"].integer_or(-1))};
    if (each["at"].is_object()) {
      name.at = At{};
      if (each["at"]["version"].is_integer()) name.at->version = each["at"]["version"].integer();
      if (each["at"]["timestamp"].is_text()) name.at->timestamp = each["at"]["timestamp"].text();
    }
    parsed.tables.push_back(std::move(name));
  }
  return parsed;
}

json::Value to_json(const Query& query) {
  return json::Object{
      {"sql", query.sql}, {"relations", integers(query.relations)}, {"parameters", array_of(query.parameters)}};
}

Result<Query> query_of(const json::Value& value) {
  return Query{.sql = std::string(value["sql"].text_or("")),
               .relations = integers_of<int>(value["relations"]),
               .parameters = list(value["parameters"])};
}

json::Value to_json(const std::vector<Relation>& relations) {
  return each_to_json(relations, [](const Relation& relation) -> json::Value {
    auto column = [](const Column& each) -> json::Value {
      return json::Object{{"id", each.field_id}, {"name", each.name}, {"type", each.type}, {"mask", each.mask_sql}};
    };
    return json::Object{{"name", relation.name},
                        {"kind", name_of(relation.kind, kRelationKinds)},
                        {"columns", each_to_json(relation.columns, column)},
                        {"filter", relation.row_filter_sql},
                        {"rows", relation.row_count},
                        {"sql", relation.view_sql},
                        {"relations", integers(relation.view_relations)}};
  });
}

Result<std::vector<Relation>> relations_of(const json::Value& value) {
  std::vector<Relation> all;
  for (const json::Value& each : list(value)) {
    Relation relation;
    relation.name = each["name"].text_or("");
    relation.kind = TRY(named<RelationKind>(each["kind"], kRelationKinds));
    for (const json::Value& column : list(each["columns"])) {
      relation.columns.push_back({.field_id = static_cast<int>(column["id"].integer_or(0)),
                                  .name = std::string(column["name"].text_or("")),
                                  .type = column["type"],
                                  .mask_sql = std::string(column["mask"].text_or(""))});
    }
    relation.row_filter_sql = each["filter"].text_or("");
    relation.row_count = static_cast<std::uint64_t>(each["rows"].integer_or(0));
    relation.view_sql = each["sql"].text_or("");
    relation.view_relations = integers_of<int>(each["relations"]);
    all.push_back(std::move(relation));
  }
  return all;
}

json::Value to_json(const Plan& plan) {
  auto column = [](const OutputColumn& each) -> json::Value {
    return json::Object{{"name", each.name},
                        {"engine_type", each.engine_type},
                        {"type", each.type},
                        {"from", each_to_json(each.from, use_to_json)}};
  };
  auto relation = [](const RelationUse& each) -> json::Value {
    return json::Object{{"columns", texts(each.columns)},
                        {"predicates", each_to_json(each.predicates, predicate_to_json)}};
  };
  return json::Object{{"statement", name_of(plan.statement, kStatements)},
                      {"columns", each_to_json(plan.columns, column)},
                      {"rows_from", each_to_json(plan.rows_from, use_to_json)},
                      {"relations", each_to_json(plan.relations, relation)},
                      {"rows", plan.rows_estimated},
                      {"point", plan.is_point}};
}

Result<Plan> plan_of(const json::Value& value) {
  Plan plan;
  plan.statement = TRY(named<Statement>(value["statement"], kStatements));
  for (const json::Value& each : list(value["columns"])) {
    plan.columns.push_back({.name = std::string(each["name"].text_or("")),
                            .engine_type = std::string(each["engine_type"].text_or("")),
                            .type = each["type"],
                            .from = TRY(uses_of(each["from"]))});
  }
  plan.rows_from = TRY(uses_of(value["rows_from"]));
  for (const json::Value& each : list(value["relations"])) {
    RelationUse use{.columns = texts_of(each["columns"]), .predicates = {}};
    for (const json::Value& predicate : list(each["predicates"])) {
      use.predicates.push_back({.field_id = static_cast<int>(predicate["field"].integer_or(0)),
                                .op = std::string(predicate["op"].text_or("")),
                                .literals = list(predicate["literals"])});
    }
    plan.relations.push_back(std::move(use));
  }
  plan.rows_estimated = value["rows"].is_number() ? value["rows"].number() : 0;
  plan.is_point = value["point"].boolean_or(false);
  return plan;
}

json::Value to_json(const Outcome& outcome) {
  return json::Object{{"rows", outcome.rows},
                      {"bytes", outcome.bytes},
                      {"cpu", outcome.cpu_micros},
                      {"wall", outcome.wall_micros},
                      {"memory", outcome.memory_peak}};
}

Outcome outcome_of(const json::Value& value) {
  return Outcome{.rows = static_cast<std::uint64_t>(value["rows"].integer_or(0)),
                 .bytes = static_cast<std::uint64_t>(value["bytes"].integer_or(0)),
                 .cpu_micros = value["cpu"].integer_or(0),
                 .wall_micros = value["wall"].integer_or(0),
                 .memory_peak = static_cast<std::uint64_t>(value["memory"].integer_or(0))};
}

json::Value to_json(const PublishJob& job) {
  auto column = [](const TargetColumn& each) -> json::Value {
    return json::Object{{"id", each.field_id},
                        {"name", each.name},
                        {"physical", each.physical_name},
                        {"type", each.type},
                        {"required", each.is_required}};
  };
  return json::Object{{"has_input", job.input.has_value()},
                      {"format", job.input_format},
                      {"options", job.input_options},
                      {"mode", static_cast<int>(job.mode)},
                      {"columns", each_to_json(job.columns, column)},
                      {"partition", array_of(job.partition_fields)},
                      {"sort", array_of(job.sort_fields)},
                      {"primary_key", texts(job.primary_key)},
                      {"checks", each_to_json(job.checks, check_to_json)},
                      {"dead_ppm", job.dead_letters_max_share_ppm},
                      {"file_bytes", job.file_bytes_target},
                      {"dry", job.is_dry}};
}

Result<PublishJob> publish_job_of(const json::Value& value) {
  PublishJob job;
  job.input_format = value["format"].text_or("");
  if (value["options"].is_object()) job.input_options = value["options"].object();
  const auto mode = value["mode"].integer_or(0);
  if (mode < 0 || mode > 2)
    return fail(ErrorKind::invalid, "engine.protocol", "a publish of the unknown mode {}", mode);
  job.mode = static_cast<PublishMode>(mode);
  for (const json::Value& each : list(value["columns"])) {
    job.columns.push_back({.field_id = static_cast<int>(each["id"].integer_or(0)),
                           .name = std::string(each["name"].text_or("")),
                           .physical_name = std::string(each["physical"].text_or("")),
                           .type = each["type"],
                           .is_required = each["required"].boolean_or(false)});
  }
  job.partition_fields = list(value["partition"]);
  job.sort_fields = list(value["sort"]);
  job.primary_key = texts_of(value["primary_key"]);
  for (const json::Value& each : list(value["checks"])) job.checks.push_back(check_of(each));
  job.dead_letters_max_share_ppm = static_cast<std::uint64_t>(value["dead_ppm"].integer_or(0));
  job.file_bytes_target = static_cast<std::uint64_t>(value["file_bytes"].integer_or(128 << 20));
  job.is_dry = value["dry"].boolean_or(false);
  return job;
}

json::Value to_json(const PublishOutcome& outcome) {
  return json::Object{{"problems", each_to_json(outcome.problems, problem_to_json)},
                      {"checks", each_to_json(outcome.checks, result_to_json)},
                      {"files", each_to_json(outcome.files, written_to_json)},
                      {"dead_letters", each_to_json(outcome.dead_letters, written_to_json)},
                      {"rows_in", outcome.rows_in},
                      {"rows_out", outcome.rows_out},
                      {"rows_dead", outcome.rows_dead},
                      {"cost", to_json(outcome.cost)}};
}

Result<PublishOutcome> publish_outcome_of(const json::Value& value) {
  PublishOutcome outcome;
  for (const json::Value& each : list(value["problems"])) outcome.problems.push_back(problem_of(each));
  for (const json::Value& each : list(value["checks"])) outcome.checks.push_back(result_of(each));
  for (const json::Value& each : list(value["files"])) outcome.files.push_back(written_of(each));
  for (const json::Value& each : list(value["dead_letters"])) outcome.dead_letters.push_back(written_of(each));
  outcome.rows_in = static_cast<std::uint64_t>(value["rows_in"].integer_or(0));
  outcome.rows_out = static_cast<std::uint64_t>(value["rows_out"].integer_or(0));
  outcome.rows_dead = static_cast<std::uint64_t>(value["rows_dead"].integer_or(0));
  outcome.cost = outcome_of(value["cost"]);
  return outcome;
}

}  // namespace weft::engine
