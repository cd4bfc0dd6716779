#include "product/query/road.h"

#include "base/ids.h"
#include "base/log.h"
#include "product/query/facts.h"
#include "product/query/resolve.h"
#include "product/query/system_rows.h"

namespace weft::query {

struct Road::State {
  App& app;
  lake::Lake& lake;
  lineage::Lineage& lineage;
  audit::Audit& audit;
  catalog::Catalog& catalog;
  store::Durability durability;

  struct Running {
    std::string principal;
    std::stop_source stop;
  };
  std::mutex mutex;
  std::map<std::string, Running, std::less<>> running;  // Guarded by mutex.
};

Road::Road(App& app)
    : state_(new State{
          .app = app,
          .lake = app.use<lake::Lake>(),
          .lineage = app.use<lineage::Lineage>(),
          .audit = app.use<audit::Audit>(),
          .catalog = app.use<catalog::Catalog>(),
          .durability = app.settings().audit_sync == "always" ? store::Durability::now : store::Durability::soon,
          .mutex = {},
          .running = {}}) {}

Road::~Road() = default;

Result<std::unique_ptr<Prepared>> Road::prepare(Ask ask) {
  auto prepared = std::make_unique<Prepared>();
  const Time now = state_->app.clock().now();
  prepared->query_id = new_id("qry", micros(now) / 1000);
  prepared->ask = std::move(ask);
  prepared->mesh = state_->catalog.current();
  prepared->stop = std::make_unique<std::stop_source>();
  std::stop_source stop = *prepared->stop;
  prepared->chain = std::make_unique<std::stop_callback<std::function<void()>>>(
      prepared->ask.cancelled, std::function<void()>([stop]() mutable { stop.request_stop(); }));
  if (prepared->ask.limits.time_max.count() == 0 ||
      prepared->ask.limits.time_max > state_->app.settings().query_timeout) {
    prepared->ask.limits.time_max = state_->app.settings().query_timeout;
  }
  prepared->session =
      TRY(state_->app.engine().session(prepared->ask.work, prepared->ask.limits, prepared->stop->get_token()));
  Resolver resolver(state_->app, state_->lake, *prepared->mesh, *prepared->session, now);
  Resolved resolved = TRY(resolver.resolve(prepared->ask));
  prepared->plan = TRY(prepared->session->bind(resolved.query, std::move(resolved.relations)));
  prepared->sources = std::move(resolved.sources);
  if (prepared->plan.relations.size() != prepared->sources.size()) {
    return fail(ErrorKind::internal, "query.plan", "the engine told of {} relations, {} were asked for",
                prepared->plan.relations.size(), prepared->sources.size());
  }
  return prepared;
}

Result<std::vector<engine::RelationData>> Road::admit(Prepared& prepared) {
  const Time now = state_->app.clock().now();
  TRY(state_->app.store().write(
      [&](store::Session& session) { return record_access(session, prepared, state_->audit, state_->lineage, now); },
      state_->durability));
  prepared.is_recorded = true;
  {
    const std::lock_guard lock(state_->mutex);
    state_->running[prepared.query_id] = {.principal = prepared.ask.principal.name, .stop = *prepared.stop};
  }
  std::vector<engine::RelationData> data;
  for (std::size_t i = 0; i < prepared.sources.size(); ++i) {
    const Source& source = prepared.sources[i];
    const engine::RelationUse& use = prepared.plan.relations[i];
    engine::RelationData relation{.relation = static_cast<int>(i), .files = {}};
    if (source.table) {
      for (const iceberg::DataFile& file : TRY(state_->lake.files(*source.table, use.predicates))) {
        relation.files.push_back(TRY(state_->lake.open(file)));
      }
    } else if (source.system != nullptr) {
      relation.files.push_back(TRY(system_rows(*source.system, prepared.ask.principal, use.columns)));
    } else {
      continue;  // A view brings no data of its own.
    }
    data.push_back(std::move(relation));
  }
  return data;
}

void Road::finish(Prepared& prepared, const Result<engine::Outcome>& outcome) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->running.erase(prepared.query_id);
  }
  if (!prepared.is_recorded) return;
  const Time now = state_->app.clock().now();
  const auto recorded = state_->app.store().write(
      [&](store::Session& session) { return record_outcome(session, prepared, outcome, now); },
      store::Durability::soon);
  // The answer is out; its outcome reads `unknown`, which is true.
  if (!recorded) LOG(error, "{}: its outcome was not recorded: {}", prepared.query_id, recorded.error().message);
}

Result<engine::Outcome> Road::run(Prepared& prepared, engine::Format format, ByteSink& out) {
  auto answer = [&]() -> Result<engine::Outcome> {
    auto data = TRY(admit(prepared));
    return prepared.session->run(std::move(data), format, out);
  }();
  finish(prepared, answer);
  return answer;
}

Result<> Road::cancel(std::string_view query_id, const Principal& principal) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->running.find(query_id);
  if (found == state_->running.end() || (found->second.principal != principal.name && !principal.is_administrator)) {
    return fail(ErrorKind::not_found, "query.not_running", "there is no running query {} of yours", query_id);
  }
  found->second.stop.request_stop();
  return {};
}

}  // namespace weft::query
