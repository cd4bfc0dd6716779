#pragma once

#include "base/turns.h"
#include "product/ingest/ingest.h"

namespace weft::ingest {

inline constexpr std::chrono::hours kKeyKept{24 * 7};

struct Ingest::State {
  App& app;
  store::Store& store;
  Clock& clock;
  audit::Audit& audit;
  catalog::Catalog& catalog;
  lake::Lake& lake;
  lineage::Lineage& lineage;

  // One publish at a time with an idempotency key of a principal and a port, or to a table whose checks compare rows.
  // Tables are waited for with the session in hand, so that whoever has one can go on.
  Turns turns;
};

// One publish from decision to answer.
class Publish {
 public:
  Publish(Ingest::State& state, const Wish& wish) : state_(state), wish_(wish) {}

  Result<json::Value> run(Staged staged);
  Result<json::Value> run(BoundQuery query);

 private:
  Result<> prepare();
  // What a publish that compares its rows with those that are there keeps to itself until it is committed: two at once
  // would each find the key free. Empty: nothing.
  std::string table_scope() const;
  Result<engine::PublishJob> job_of(const lake::Table& table) const;
  Result<json::Value> with_session(engine::Session& session, std::optional<engine::File> input,
                                   std::vector<engine::RelationData> data);
  Result<json::Value> decide(const lake::Lease& lease, const lake::Table& table, engine::PublishOutcome outcome);
  // What a dry run found; the files that it wrote go.
  Result<json::Value> told(const lake::Lease& lease, const engine::PublishOutcome& outcome,
                           const quality::Verdict& verdict);
  Result<json::Value> commit(const lake::Lease& lease, const lake::Table& table, const engine::PublishOutcome& outcome,
                             const quality::Verdict& verdict);
  Result<json::Value> refuse(const lake::Lease& lease, const engine::PublishOutcome& outcome,
                             const quality::Verdict& verdict);
  Result<> record(store::Session& session, const std::string& publish_id, const json::Object& answer,
                  const quality::Verdict* verdict) const;
  json::Object answer_of(const std::string& publish_id, const engine::PublishOutcome& outcome,
                         const quality::Verdict& verdict) const;

  // Of the file; empty for rows of a query.
  std::string sha256() const { return staged_ == nullptr ? std::string() : staged_->sha256(); }

  Ingest::State& state_;
  const Wish& wish_;
  mesh::MeshPointer mesh_;
  const mesh::Port* port_ = nullptr;
  const mesh::Product* product_ = nullptr;
  engine::PublishMode mode_ = engine::PublishMode::append;
  quality::RuleSet rules_;
  bool may_see_values_ = false;
  const Staged* staged_ = nullptr;  // Null: the rows come from a query.
  std::uint64_t bytes_in_ = 0;
  std::optional<lineage::Fact> lineage_;
};

std::string key_scope(const Wish& wish);
// The answer that a key remembers, as (status, JSON text), if it still counts. conflict "publish.key_conflict".
struct Remembered {
  std::string status, answer;
};
Result<std::optional<Remembered>> remembered(Ingest::State& state, const Wish& wish, const std::string& sha256,
                                             std::string_view contract_version);
Result<> remember(store::Session& session, const Wish& wish, const std::string& sha256,
                  std::string_view contract_version, std::string_view status, const std::string& answer, Time now);

void add_routes(App& app, Ingest& ingest);
void add_facts(App& app);
extern const std::span<const store::Migration> kMigrations;

}  // namespace weft::ingest
