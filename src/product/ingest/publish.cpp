#include "base/fail_point.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "product/governance/governance.h"
#include "product/ingest/ingest.h"
#include "product/ingest/state.h"

namespace weft::ingest {
namespace {

constexpr std::string_view kInsertPublish =
    "INSERT INTO publishes (id, port, time, principal, mode, status, snapshot_id, rows, bytes, dead_letters, "
    "contract_version, sha256, request_id, answer) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
constexpr std::string_view kInsertCheck =
    "INSERT INTO publish_checks (publish_id, position, port, check_id, kind, severity, status, value, failures) VALUES "
    "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

json::Value integers(const std::vector<std::int64_t>& all) {
  json::Array array;
  for (const std::int64_t each : all) array.emplace_back(each);
  return json::Value(std::move(array));
}

std::string_view name_of(engine::PublishMode mode) {
  return mode == engine::PublishMode::append      ? "append"
         : mode == engine::PublishMode::overwrite ? "overwrite"
                                                  : "upsert";
}

std::string_view status_of(const quality::Judged& judged) {
  if (!judged.result.has_run) return "unchecked";
  return judged.is_passed ? "passed" : judged.rule.severity == quality::Severity::error ? "failed" : "warned";
}

}  // namespace

Ingest::Ingest(App& app)
    : state_(new State{.app = app,
                       .store = app.store(),
                       .clock = app.clock(),
                       .audit = app.use<audit::Audit>(),
                       .catalog = app.use<catalog::Catalog>(),
                       .lake = app.use<lake::Lake>(),
                       .lineage = app.use<lineage::Lineage>(),
                       .turns = {}}) {}
Ingest::~Ingest() = default;

Result<json::Value> Ingest::publish(const Wish& wish, Staged staged) {
  return Publish(*state_, wish).run(std::move(staged));
}
Result<json::Value> Ingest::publish(const Wish& wish, BoundQuery query) {
  return Publish(*state_, wish).run(std::move(query));
}

Result<> Publish::prepare() {
  mesh_ = state_.catalog.current();
  port_ = mesh_->port(wish_.port);
  product_ = mesh_->product({wish_.port.domain, wish_.port.product});
  if (port_ == nullptr || product_ == nullptr)
    return fail(ErrorKind::not_found, "port.unknown", "there is no port {}", to_string(wish_.port));
  const Time now = state_.clock.now();
  TRY(governance::require(governance::decide(*mesh_, wish_.principal, governance::Action::publish, port_->name, now),
                          wish_.principal, governance::Action::publish, to_string(port_->name)));
  may_see_values_ = governance::decide(*mesh_, wish_.principal, governance::Action::read, port_->name, now).is_allowed;
  if (port_->type != mesh::PortType::table)
    return fail(ErrorKind::unsupported, "publish.port_type", "{} is a {}: data is published to tables",
                to_string(port_->name), to_string(port_->type));
  if (product_->requested == mesh::Stage::archived)
    return fail(ErrorKind::refused, "publish.archived", "{} is archived: it takes no more data",
                to_string(product_->name));
  const std::string mode = !wish_.mode.empty()               ? wish_.mode
                           : !product_->publish_mode.empty() ? product_->publish_mode
                                                             : "append";
  if (mode == "append") {
    mode_ = engine::PublishMode::append;
  } else if (mode == "overwrite") {
    mode_ = engine::PublishMode::overwrite;
  } else if (mode == "upsert") {
    mode_ = engine::PublishMode::upsert;
  } else {
    return fail(ErrorKind::invalid, "publish.mode", "{} is no mode: append, overwrite or upsert", mode);
  }
  rules_ = quality::rules_of(*mesh_, *port_);
  return {};
}

Result<engine::PublishJob> Publish::job_of(const lake::Table& table) const {
  engine::PublishJob job;
  job.input_format = wish_.format;
  job.input_options = wish_.options;
  job.mode = mode_;
  job.is_dry = wish_.is_dry;
  for (const iceberg::Field& field : table.schema.fields) {
    engine::TargetColumn column{.field_id = field.id,
                                .name = field.name,
                                .physical_name = {},
                                .type = field.type,
                                .is_required = field.required};
    for (const mesh::Column& declared : port_->columns) {
      if (declared.name == field.name) column.physical_name = declared.physical_name;
    }
    job.columns.push_back(std::move(column));
  }
  job.partition_fields = table.metadata.spec().fields;
  job.sort_fields = table.metadata.sort_order().fields;
  for (int position = 1; position <= static_cast<int>(port_->columns.size()); ++position) {
    for (const mesh::Column& column : port_->columns) {
      if (column.primary_key_position == position) job.primary_key.push_back(column.name);
    }
  }
  if (mode_ == engine::PublishMode::upsert && job.primary_key.empty()) {
    return fail(ErrorKind::invalid, "publish.no_key",
                "{} has no primary key in its contract: upsert cannot tell which rows to replace",
                to_string(port_->name));
  }
  for (const quality::Rule& rule : rules_.rules) job.checks.push_back(rule.check);
  if (product_->dead_letter_max_share)
    job.dead_letters_max_share_ppm = static_cast<std::uint64_t>(*product_->dead_letter_max_share * 1e6);
  const bool needs_existing = mode_ == engine::PublishMode::upsert ||
                              (mode_ == engine::PublishMode::append &&
                               std::any_of(job.checks.begin(), job.checks.end(),
                                           [](const engine::Check& check) { return check.kind == "unique"; }));
  if (needs_existing) {
    for (const iceberg::DataFile& file : TRY(state_.lake.files(table, {})))
      job.existing.push_back(TRY(state_.lake.open(file)));
  }
  return job;
}

std::string Publish::table_scope() const {
  const bool has_unique = std::any_of(rules_.rules.begin(), rules_.rules.end(),
                                      [](const quality::Rule& rule) { return rule.check.kind == "unique"; });
  return has_unique || mode_ == engine::PublishMode::upsert ? "\n" + to_string(port_->name) : std::string();
}

Result<json::Value> Publish::run(Staged staged) {
  TRY(prepare());
  staged_ = &staged;
  bytes_in_ = staged.size();
  const Turns::Turn turn(state_.turns, key_scope(wish_));
  if (!wish_.key.empty() && sha256().empty()) {
    return fail(ErrorKind::unavailable, "publish.staging", "the staged file cannot be read again");
  }
  if (const auto known = wish_.key.empty() ? std::nullopt : TRY(remembered(state_, wish_, sha256(), port_->version))) {
    const json::Value answer = TRY(json::parse(known->answer));
    if (known->status == "committed") return answer;
    auto refusal =
        fail(ErrorKind::refused, "publish.refused", "{}", answer["message"].text_or("the publish was refused"));
    refusal.error().details = answer.object();
    return refusal;
  }
  engine::Limits limits;
  limits.time_max = std::chrono::duration_cast<std::chrono::milliseconds>(state_.app.settings().query_timeout);
  auto session = TRY(state_.app.engine().session(engine::WorkClass::publish, limits, wish_.cancelled));
  return with_session(*session, TRY(staged.file()), {});
}

Result<json::Value> Publish::run(BoundQuery query) {
  TRY(prepare());
  lineage_ = std::move(query.lineage);
  return with_session(query.session, std::nullopt, std::move(query.data));
}

Result<json::Value> Publish::with_session(engine::Session& session, std::optional<engine::File> input,
                                          std::vector<engine::RelationData> data) {
  const Turns::Turn turn(state_.turns, table_scope());
  const lake::TablePointer table = TRY(state_.lake.table(port_->name));
  engine::PublishJob job = TRY(job_of(*table));
  job.input = std::move(input);
  const lake::Lease lease = TRY(state_.lake.begin(port_->name, wish_.principal.name));
  auto outcome = session.publish(std::move(job), std::move(data),
                                 [&](std::string_view hint) { return state_.lake.create_file(lease, hint); }, {});
  FAIL_POINT("ingest.after_engine");
  auto answer =
      outcome ? decide(lease, *table, std::move(*outcome)) : Result<json::Value>(std::unexpected(outcome.error()));
  // A refusal abandoned its lease already; whatever else failed must not leave files behind.
  if (!answer && answer.error().code != "publish.refused") {
    if (const auto abandoned = state_.lake.abandon(lease); !abandoned)
      LOG(warning, "{}: {}", lease.publish_id, abandoned.error().message);
  }
  return answer;
}

Result<json::Value> Publish::decide(const lake::Lease& lease, const lake::Table& table,
                                    engine::PublishOutcome outcome) {
  const auto bad_rows = outcome.rows_dead > 0 ? quality::BadRows::were_set_aside : quality::BadRows::are_in_the_batch;
  quality::Verdict verdict;
  if (outcome.problems.empty() || !outcome.checks.empty()) verdict = quality::judge(rules_, outcome.checks, bad_rows);
  verdict.is_refused = verdict.is_refused || !outcome.problems.empty();
  if (wish_.is_dry) return told(lease, outcome, verdict);
  return verdict.is_refused ? refuse(lease, outcome, verdict) : commit(lease, table, outcome, verdict);
}

json::Object Publish::answer_of(const std::string& publish_id, const engine::PublishOutcome& outcome,
                                const quality::Verdict& verdict) const {
  json::Array checks, problems, unchecked;
  for (const engine::InputProblem& problem : outcome.problems) {
    json::Object object{{"code", problem.code},
                        {"column", problem.column},
                        {"message", problem.message},
                        {"failures", problem.failures},
                        {"sample_rows", integers(problem.sample_rows)}};
    if (may_see_values_) {
      json::Value values = json::Array{};
      values.array() = problem.sample_values;
      object.set("sample_values", std::move(values));
    }
    problems.push_back(std::move(object));
  }
  for (const quality::Judged& judged : verdict.judged) {
    const auto status = status_of(judged);
    json::Object object{{"id", judged.rule.check.id},
                        {"kind", judged.rule.check.kind},
                        {"severity", quality::to_string(judged.rule.severity)},
                        {"status", status},
                        {"value", judged.result.value},
                        {"failures", judged.result.failures}};
    if (status == "failed" || status == "warned") {
      object.set("sample_rows", integers(judged.result.sample_rows));
      if (may_see_values_) {
        json::Value values = json::Array{};
        values.array() = judged.result.sample_values;
        object.set("sample_values", std::move(values));
      }
    }
    if (status == "failed" && outcome.rows_dead == 0) {
      std::string message = judged.rule.check.is_by_row
                                ? format("{}: {} row{} break{} it", judged.rule.check.id, judged.result.failures,
                                         judged.result.failures == 1 ? "" : "s", judged.result.failures == 1 ? "s" : "")
                                : format("{}: the value is {}", judged.rule.check.id, json::write(judged.result.value));
      if (!judged.rule.description.empty()) message += " (" + judged.rule.description + ")";
      if (!judged.result.sample_rows.empty()) message += format(", first in row {}", judged.result.sample_rows.front());
      problems.push_back(json::Object{{"code", "rule." + judged.rule.check.kind},
                                      {"column", judged.rule.check.columns.empty() ? "" : judged.rule.check.columns[0]},
                                      {"message", std::move(message)},
                                      {"failures", judged.result.failures},
                                      {"sample_rows", integers(judged.result.sample_rows)}});
    }
    checks.push_back(std::move(object));
  }
  for (const quality::Unchecked& each : verdict.unchecked)
    unchecked.push_back(json::Object{{"id", each.id}, {"why", each.why}});
  json::Object answer{{"publish_id", publish_id},
                      {"port", to_string(port_->name)},
                      {"mode", name_of(mode_)},
                      {"contract_version", port_->version},
                      {"rows_read", outcome.rows_in}};
  answer.set("checks", json::Value(std::move(checks)));
  answer.set("problems", json::Value(std::move(problems)));
  answer.set("unchecked", json::Value(std::move(unchecked)));
  answer.set("dead_letters", outcome.rows_dead);
  return answer;
}

Result<json::Value> Publish::told(const lake::Lease& lease, const engine::PublishOutcome& outcome,
                                  const quality::Verdict& verdict) {
  json::Object answer = answer_of(lease.publish_id, outcome, verdict);
  answer.erase("publish_id");
  answer.set("status", verdict.is_refused ? "failed" : "passed");
  TRY(state_.lake.abandon(lease));
  return json::Value(std::move(answer));
}

Result<> Publish::record(store::Session& session, const std::string& publish_id, const json::Object& answer,
                         const quality::Verdict* verdict) const {
  if (staged_ != nullptr && sha256().empty()) {
    return fail(ErrorKind::unavailable, "publish.staging", "the staged file cannot be read again");
  }
  const json::Value all(answer);
  const Time now = state_.clock.now();
  const std::string status(all["status"].text_or(""));
  std::optional<std::int64_t> snapshot;
  if (all["snapshot_id"].is_integer()) snapshot = all["snapshot_id"].integer();
  const std::string text = json::write(all);
  TRY(session.run(kInsertPublish,
                  {publish_id, to_string(port_->name), micros(now), wish_.principal.name, name_of(mode_), status,
                   store::param(snapshot), all["rows"].integer_or(0), all["bytes"].integer_or(0),
                   all["dead_letters"].integer_or(0), port_->version, sha256(), wish_.request_id, text}));
  std::int64_t position = 0;
  for (std::size_t i = 0; verdict != nullptr && i < verdict->judged.size(); ++i) {
    const quality::Judged& judged = verdict->judged[i];
    TRY(session.run(kInsertCheck,
                    {publish_id, position++, to_string(port_->name), judged.rule.check.id, judged.rule.check.kind,
                     quality::to_string(judged.rule.severity), status_of(judged), json::write(judged.result.value),
                     static_cast<std::int64_t>(judged.result.failures)}));
  }
  if (!wish_.key.empty()) TRY(remember(session, wish_, sha256(), port_->version, status, text, now));
  if (lineage_ && status == "committed") TRY(state_.lineage.record(session, *lineage_));
  return state_.audit.append(
      session,
      {.actor = wish_.principal.name,
       .action = status == "committed" ? "publish.commit" : "publish.refuse",
       .subject = to_string(port_->name),
       .outcome = status,
       .request_id = wish_.request_id,
       .details = {{"publish_id", publish_id}, {"rows", all["rows"].integer_or(0)}, {"snapshot_id", snapshot}}});
}

Result<json::Value> Publish::commit(const lake::Lease& lease, const lake::Table& table,
                                    const engine::PublishOutcome& outcome, const quality::Verdict& verdict) {
  std::uint64_t bytes = 0;
  for (const engine::WrittenFile& file : outcome.files) bytes += file.size;
  json::Object answer = answer_of(lease.publish_id, outcome, verdict);
  answer.set("status", "committed");
  answer.set("rows", mode_ == engine::PublishMode::upsert ? outcome.rows_in - outcome.rows_dead : outcome.rows_out);
  answer.set("bytes", bytes);
  lake::Commit commit{
      .lease = lease,
      .kind = mode_ == engine::PublishMode::append ? lake::CommitKind::append : lake::CommitKind::overwrite,
      .files = outcome.files,
      .removed_paths = {},
      .base_snapshot = {},
      .summary = {{"weft.principal", wish_.principal.name}},
      .also = {}};
  // An upsert read the table as it was: it holds only for that snapshot.
  if (mode_ == engine::PublishMode::upsert) commit.base_snapshot = table.snapshot_id.value_or(lake::kNoSnapshot);
  commit.also = [&](store::Session& session, const lake::Committed& done) {
    answer.set("snapshot_id", done.snapshot_id);
    answer.set("metadata_location", done.metadata_location);
    answer.set("table_rows", done.row_count);
    return record(session, lease.publish_id, answer, &verdict);
  };
  TRY(state_.lake.commit(std::move(commit)));
  FAIL_POINT("ingest.before_answer");
  state_.app.emit(Published{.port = port_->name, .publish_id = lease.publish_id, .rows = outcome.rows_out});
  if (const auto moved = state_.catalog.reconsider(product_->name); !moved)
    LOG(warning, "{}: {}", to_string(product_->name), moved.error().message);
  return json::Value(std::move(answer));
}

Result<json::Value> Publish::refuse(const lake::Lease& lease, const engine::PublishOutcome& outcome,
                                    const quality::Verdict& verdict) {
  json::Object answer = answer_of(lease.publish_id, outcome, verdict);
  answer.set("status", "refused");
  const std::size_t broken = json::Value(answer)["problems"].array().size();
  const std::string message = format("{} refused the publish: {} rule{} broken, nothing was changed",
                                     to_string(port_->name), broken, broken == 1 ? " is" : "s are");
  answer.set("message", message);
  TRY(state_.store.write([&](store::Session& session) { return record(session, lease.publish_id, answer, &verdict); }));
  TRY(state_.lake.abandon(lease));
  auto refusal = fail(ErrorKind::refused, "publish.refused", "{}", message);
  refusal.error().details = std::move(answer);
  return refusal;
}

}  // namespace weft::ingest
