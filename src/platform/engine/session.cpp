#include "platform/engine/session.h"

#include "base/json.h"
#include "base/log.h"
#include "platform/engine/leased_worker.h"
#include "platform/engine/wire.h"

namespace weft::engine {
namespace {

constexpr double kHeavyRows = 200'000;  // Queries that read or make more run in heavy workers.
constexpr int kNewFilesMax = 20'000;    // That one publish may ask for.

json::Value file_facts(const std::vector<File>& files, std::size_t from, std::size_t to) {
  json::Array facts;
  for (std::size_t i = from; i < to; ++i)
    facts.push_back(json::Object{{"size", files[i].size}, {"name", files[i].name}, {"rows", files[i].row_count}});
  return facts;
}

class WorkerSession final : public Session {
 public:
  WorkerSession(Pool& pool, WorkClass work, const Limits& limits, std::stop_token cancelled)
      : pool_(pool),
        work_(work),
        limits_(limits),
        cancelled_(std::move(cancelled)),
        deadline_(std::chrono::steady_clock::now() + limits.time_max) {}

  Result<Parsed> parse(std::string_view sql) override;
  Result<Plan> bind(const Query& query, std::vector<Relation> relations) override;
  Result<Outcome> run(std::vector<RelationData> data, Format format, ByteSink& out) override;
  Result<PublishOutcome> publish(PublishJob job, std::vector<RelationData> data, const MakeFile& make_file,
                                 const Progress& progress) override;
  Result<PublishOutcome> compact(PublishJob job, const MakeFile& make_file) override;
  Result<json::Value> lineage(const json::Value& request) override;

 private:
  using Handlers = LeasedWorker::Handlers;
  Result<> check_length(std::string_view sql) const;
  Lane first_lane() const { return work_ == WorkClass::interactive ? Lane::light : Lane::heavy; }
  bool is_heavy(const std::vector<RelationData>& data) const;
  // Makes sure of a worker of this lane, or a heavier one; what was bound is bound there again.
  Result<> use(Lane lane);
  // An operation without a state of its own; may start over when the worker died before its first one.
  Result<json::Value> ask(json::Object request);
  Result<> send_list(int relation, const std::vector<File>& files);
  Result<> send_lists(const std::vector<RelationData>& data);
  Result<> supply(const json::Value& wanted, const MakeFile& make_file, int& count);
  Result<PublishOutcome> publish_outcome(const Handlers& handlers);

  Pool& pool_;
  WorkClass work_;
  Limits limits_;
  std::stop_token cancelled_;
  std::chrono::steady_clock::time_point deadline_;
  std::unique_ptr<LeasedWorker> worker_;
  json::Object bound_;  // The bind request, to repeat it in another worker.
  bool is_bound_ = false;
  std::optional<bool> looks_like_point_;  // Of the first text that was parsed: the query, not its views.
  bool is_point_ = false;
  double rows_estimated_ = 0;
};

Result<> WorkerSession::check_length(std::string_view sql) const {
  if (sql.size() <= limits_.sql_bytes_max) return {};
  return fail(ErrorKind::limit, "sql.too_long", "the SQL text has {} bytes; at most {} are read", sql.size(),
              limits_.sql_bytes_max);
}

Result<> WorkerSession::use(Lane lane) {
  if (worker_ && worker_->is_dead()) return fail(worker_->death());
  if (worker_ && (lane == Lane::light || worker_->lane() == Lane::heavy)) return {};
  worker_.reset();
  worker_ = TRY(LeasedWorker::lease(pool_, lane, limits_, cancelled_, deadline_));
  if (is_bound_) {
    TRY(worker_->send("bind", bound_));
    TRY(worker_->answer({}));
  }
  return {};
}

Result<json::Value> WorkerSession::ask(json::Object request) {
  const std::string operation(request.find("op")->text());
  TRY(use(first_lane()));
  const bool is_first = worker_->requests() == 0;
  auto answer = [&]() -> Result<json::Value> {
    TRY(worker_->send(operation, request));
    return worker_->answer({});
  };
  auto first = answer();
  // It died while it was idle, or just now: nothing is lost by asking another.
  if (first || !is_first || first.error().code != "engine.worker_died") return first;
  worker_.reset();
  TRY(use(first_lane()));
  return answer();
}

Result<Parsed> WorkerSession::parse(std::string_view sql) {
  TRY(check_length(sql));
  if (const auto known = pool_.parsed().find(sql)) {
    if (!looks_like_point_) looks_like_point_ = known->looks_like_point;
    return known->parsed;
  }
  const json::Value answer = TRY(ask(json::Object{{"op", "parse"}, {"sql", sql}, {"limits", to_json(limits_)}}));
  const bool looks_like_point = answer["point"].boolean_or(false);
  if (!looks_like_point_) looks_like_point_ = looks_like_point;
  Parsed parsed = TRY(worker_->trusted(parsed_of(answer)));
  pool_.parsed().put(sql, {.parsed = parsed, .looks_like_point = looks_like_point});
  return parsed;
}

Result<Plan> WorkerSession::bind(const Query& query, std::vector<Relation> relations) {
  TRY(check_length(query.sql));
  // What will surely be heavy is bound where it will run; the other way round it would be bound twice.
  double rows = 0;
  for (const Relation& relation : relations) rows += static_cast<double>(relation.row_count);
  if (work_ == WorkClass::interactive && rows >= kHeavyRows && !looks_like_point_.value_or(true)) TRY(use(Lane::heavy));
  bound_ = {{"op", "bind"}, {"query", to_json(query)}, {"relations", to_json(relations)}, {"limits", to_json(limits_)}};
  is_bound_ = false;
  const json::Value answer = TRY(ask(bound_));
  Plan plan = TRY(worker_->trusted(plan_of(answer)));
  is_bound_ = true;
  is_point_ = plan.is_point;
  rows_estimated_ = plan.rows_estimated;
  return plan;
}

Result<json::Value> WorkerSession::lineage(const json::Value& request) {
  return ask(json::Object{{"op", "lineage"}, {"request", request}, {"limits", to_json(limits_)}});
}

bool WorkerSession::is_heavy(const std::vector<RelationData>& data) const {
  if (work_ != WorkClass::interactive) return true;
  if (is_point_) return false;
  double rows = 0;
  for (const RelationData& each : data) {
    for (const File& file : each.files) rows += static_cast<double>(file.row_count);
  }
  return std::max(rows, rows_estimated_) >= kHeavyRows;
}

Result<> WorkerSession::send_list(int relation, const std::vector<File>& files) {
  for (std::size_t at = 0; at == 0 || at < files.size(); at += kDescriptorsMax) {
    const std::size_t end = std::min(files.size(), at + kDescriptorsMax);
    std::vector<int> descriptors;
    for (std::size_t i = at; i < end; ++i) descriptors.push_back(files[i].fd.get());
    const json::Object payload{
        {"relation", relation}, {"last", end == files.size()}, {"files", file_facts(files, at, end)}};
    TRY(worker_->send_files(payload, descriptors));
  }
  return {};
}

Result<> WorkerSession::send_lists(const std::vector<RelationData>& data) {
  for (const RelationData& each : data) TRY(send_list(each.relation, each.files));
  return {};
}

Result<Outcome> WorkerSession::run(std::vector<RelationData> data, Format format, ByteSink& out) {
  if (!is_bound_) return fail(ErrorKind::internal, "engine.protocol", "a query runs after it was bound");
  TRY(use(is_heavy(data) ? Lane::heavy : Lane::light));
  TRY(worker_->send(
      "run", json::Object{{"format", static_cast<int>(format)}, {"lists", data.size()}, {"limits", to_json(limits_)}}));
  TRY(send_lists(data));
  data.clear();
  Handlers handlers;
  handlers.out = &out;
  Outcome outcome = outcome_of(TRY(worker_->answer(handlers)));
  outcome.memory_peak = std::max(outcome.memory_peak, worker_->memory_peak());
  outcome.bytes = worker_->bytes_out();
  return outcome;
}

Result<> WorkerSession::supply(const json::Value& wanted, const MakeFile& make_file, int& count) {
  if (!make_file || ++count > kNewFilesMax)
    return fail(ErrorKind::internal, "engine.protocol", "the worker asked for a file that it may not write");
  auto [name, fd] = TRY(make_file(wanted["hint"].text_or("data")));
  return worker_->send_files(json::Object{{"name", name}}, {fd.get()});
}

Result<PublishOutcome> WorkerSession::publish_outcome(const Handlers& handlers) {
  const json::Value answer = TRY(worker_->answer(handlers));
  PublishOutcome outcome = TRY(worker_->trusted(publish_outcome_of(answer)));
  outcome.cost.memory_peak = std::max(outcome.cost.memory_peak, worker_->memory_peak());
  return outcome;
}

Result<PublishOutcome> WorkerSession::publish(PublishJob job, std::vector<RelationData> data, const MakeFile& make_file,
                                              const Progress& progress) {
  TRY(use(Lane::heavy));
  // Lists: the input, the existing files, then the relations of a bound query.
  TRY(worker_->send("publish",
                    json::Object{{"job", to_json(job)}, {"lists", data.size() + 2}, {"limits", to_json(limits_)}}));
  std::vector<File> input;
  if (job.input) input.push_back(std::move(*job.input));
  TRY(send_list(-1, input));
  TRY(send_list(-2, job.existing));
  TRY(send_lists(data));
  int count = 0;
  Handlers handlers;
  handlers.need_file = [&](const json::Value& wanted) { return supply(wanted, make_file, count); };
  handlers.progress = progress;
  return publish_outcome(handlers);
}

Result<PublishOutcome> WorkerSession::compact(PublishJob job, const MakeFile& make_file) {
  TRY(use(Lane::heavy));
  TRY(worker_->send("compact", json::Object{{"job", to_json(job)}, {"lists", 1}, {"limits", to_json(limits_)}}));
  TRY(send_list(-2, job.existing));
  int count = 0;
  Handlers handlers;
  handlers.need_file = [&](const json::Value& wanted) { return supply(wanted, make_file, count); };
  return publish_outcome(handlers);
}

}  // namespace

std::unique_ptr<Session> make_session(Pool& pool, WorkClass work, const Limits& limits, std::stop_token cancelled) {
  return std::make_unique<WorkerSession>(pool, work, limits, std::move(cancelled));
}

Result<json::Value> try_fences(Pool& pool) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  auto worker = TRY(LeasedWorker::lease(pool, Lane::light, {}, {}, deadline));
  TRY(worker->send("fences", {}));
  json::Value tried = TRY(worker->answer({}));
  json::Value facts = worker->hello();
  facts.object().set("tried", std::move(tried));
  return facts;
}

}  // namespace weft::engine
