#include "product/catalog/service.h"

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "product/governance/governance.h"

namespace weft::catalog {
namespace {

constexpr std::size_t kPastMax = 8;
constexpr std::string_view kDocumentsAt =
    "SELECT key, kind, name, domain, source, file, line, text, value FROM mesh_documents WHERE from_revision <= ?1 AND "
    "(to_revision IS NULL OR to_revision > ?1) ORDER BY file, line";
constexpr std::string_view kInsertRevision =
    "INSERT INTO mesh_revisions (revision, time, principal, source, request_id, created, changed, deleted) VALUES (?1, "
    "?2, ?3, ?4, ?5, ?6, ?7, ?8)";
constexpr std::string_view kEndDocument =
    "UPDATE mesh_documents SET to_revision = ?2 WHERE key = ?1 AND to_revision IS NULL";
constexpr std::string_view kInsertDocument =
    "INSERT INTO mesh_documents (key, kind, name, domain, source, file, line, text, value, from_revision) VALUES (?1, "
    "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
constexpr std::string_view kSetStage =
    "INSERT OR REPLACE INTO product_stages (product, stage, since) VALUES (?1, ?2, ?3)";

json::Object revision_row(const store::Row& row) {
  return {{"revision", row.integer(0)}, {"time", to_rfc3339(time_of(row.integer(1)))},
          {"principal", row.text(2)},   {"source", row.text(3)},
          {"request_id", row.text(4)},  {"created", row.integer(5)},
          {"changed", row.integer(6)},  {"deleted", row.integer(7)}};
}

mesh::Stage stage_named(std::string_view name) {
  for (const mesh::Stage stage :
       {mesh::Stage::raw, mesh::Stage::staging, mesh::Stage::product, mesh::Stage::deprecated, mesh::Stage::archived}) {
    if (to_string(stage) == name) return stage;
  }
  return mesh::Stage::raw;
}

}  // namespace

Result<std::unique_ptr<Service>> Service::load(App& app, audit::Audit& audit) {
  std::unique_ptr<Service> service(new Service(app, audit));
  std::int64_t revision = 0;
  TRY(service->store_.read([&](store::Session& session) -> Result<> {
    revision = TRY(session.first("SELECT max(revision) FROM mesh_revisions", {}, [](const store::Row& row) {
                 return row.integer(0);
               })).value_or(0);
    return {};
  }));
  Built built = build_mesh(TRY(service->documents_at(revision)));
  // Documents were checked when they were applied; a rule that is new since then must not keep the mesh from starting.
  for (const Problem& problem : built.problems) LOG(warning, "{}:{} {}", problem.file, problem.line, problem.message);
  built.mesh.revision = revision;
  service->current_ = std::make_shared<const mesh::MeshState>(std::move(built.mesh));
  TRY(service->load_stages());
  return service;
}

Result<> Service::load_stages() {
  return store_.read([&](store::Session& session) {
    return session.each("SELECT product, stage FROM product_stages", {}, [&](const store::Row& row) -> Result<> {
      const std::string name = row.text(0);
      const auto dot = name.find('.');
      stages_[{name.substr(0, dot), name.substr(dot + 1)}] = stage_named(row.view(1));
      return {};
    });
  });
}

Result<std::vector<Declared>> Service::documents_at(std::int64_t revision) const {
  std::vector<Declared> documents;
  TRY(store_.read([&](store::Session& session) {
    return session.each(kDocumentsAt, {revision}, [&](const store::Row& row) -> Result<> {
      Declared document{.key = row.text(0),
                        .kind = row.text(1),
                        .name = row.text(2),
                        .domain = row.text(3),
                        .source = row.text(4),
                        .file = row.text(5),
                        .line = static_cast<int>(row.integer(6)),
                        .text = row.text(7),
                        .value = {},
                        .places = {}};
      document.value = TRY(json::parse(row.view(8)));
      documents.push_back(std::move(document));
      return {};
    });
  }));
  return documents;
}

mesh::MeshPointer Service::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

Result<mesh::MeshPointer> Service::at(std::int64_t revision) const {
  {
    const std::lock_guard lock(mutex_);
    if (current_->revision == revision) return current_;
    if (const auto found = past_.find(revision); found != past_.end()) return found->second;
    if (revision < 0 || revision > current_->revision) {
      return fail(ErrorKind::not_found, "mesh.unknown_revision", "the mesh has no revision {}; its newest is {}",
                  revision, current_->revision);
    }
  }
  Built built = build_mesh(TRY(documents_at(revision)));
  built.mesh.revision = revision;
  auto mesh = std::make_shared<const mesh::MeshState>(std::move(built.mesh));
  const std::lock_guard lock(mutex_);
  if (past_.size() >= kPastMax) past_.erase(past_.begin());
  past_[revision] = mesh;
  return mesh;
}

mesh::Stage Service::stage(const mesh::ProductName& product) const {
  const std::lock_guard lock(mutex_);
  const auto found = stages_.find(product);
  return found == stages_.end() ? mesh::Stage::raw : found->second;
}

void Service::add_evidence(Evidence evidence) { evidence_.push_back(std::move(evidence)); }
void Service::add_participant(Participant participant) { participants_.push_back(std::move(participant)); }

std::vector<std::string> Service::missing(const mesh::MeshState& mesh, const mesh::Product& product,
                                          mesh::Stage stage) const {
  std::vector<std::string> all;
  if (stage > mesh::Stage::product) return all;
  for (const Evidence& evidence : evidence_) {
    if (evidence.needed_from > stage) continue;
    if (auto lacks = evidence.missing(mesh, product)) all.push_back(evidence.name + ": " + *lacks);
  }
  return all;
}

mesh::Stage Service::reached(const mesh::MeshState& mesh, const mesh::Product& product) const {
  if (product.requested > mesh::Stage::product) return product.requested;
  mesh::Stage reached = mesh::Stage::raw;
  for (const mesh::Stage next : {mesh::Stage::staging, mesh::Stage::product}) {
    if (next > product.requested || !missing(mesh, product, next).empty()) break;
    reached = next;
  }
  return reached;
}

Result<> Service::reconsider(const mesh::ProductName& product) {
  TRY(move_stages({product}));
  return {};
}

Result<json::Array> Service::move_stages(const std::vector<mesh::ProductName>& products) {
  const mesh::MeshPointer mesh = current();
  json::Array moved;
  std::vector<std::pair<mesh::ProductName, mesh::Stage>> moves;
  for (const mesh::ProductName& name : products) {
    const mesh::Product* product = mesh->product(name);
    if (product == nullptr) continue;
    const mesh::Stage before = stage(name), now = reached(*mesh, *product);
    if (before == now) continue;
    moves.emplace_back(name, now);
    moved.push_back(json::Object{{"product", to_string(name)}, {"from", to_string(before)}, {"to", to_string(now)}});
  }
  if (moves.empty()) return moved;
  TRY(store_.write([&](store::Session& session) -> Result<> {
    for (const auto& [name, now] : moves) {
      TRY(session.run(kSetStage, {to_string(name), to_string(now), micros(clock_.now())}));
      TRY(audit_.append(session, {.actor = "system",
                                  .action = "product.stage",
                                  .subject = to_string(name),
                                  .outcome = "committed",
                                  .request_id = {},
                                  .details = {{"stage", to_string(now)}}}));
    }
    return {};
  }));
  const std::lock_guard lock(mutex_);
  for (const auto& [name, now] : moves) stages_[name] = now;
  return moved;
}

std::vector<Problem> Service::denials(const Planned& planned, const Principal& principal) const {
  std::vector<Problem> all;
  const Time now = clock_.now();
  auto deny = [&](const Declared& document, std::string message) {
    Problem problem = problem_at(document, "", "access.denied", std::move(message));
    all.push_back(std::move(problem));
  };
  for (const Change& change : planned.comparison.changes) {
    const Declared& document = change.after == nullptr ? *change.before : *change.after;
    if (document.domain.empty()) {
      if (!principal.is_administrator)
        deny(document, format("{} may not declare {} {}: mesh-wide documents need the platform administrator",
                              principal.name, document.kind, document.name));
      continue;
    }
    // Who may change what stands decides on the mesh as it stands; a new domain has no stewards yet.
    for (const Declared* side : {change.before, change.after}) {
      if (side == nullptr) continue;
      const auto decision =
          governance::decide_domain(*planned.before, principal, governance::Action::declare, side->domain, now);
      if (decision.is_allowed) continue;
      deny(document,
           format("{} may not declare {} {}: {}", principal.name, document.kind, document.name, decision.why));
      break;
    }
  }
  return all;
}

Result<Service::Planned> Service::plan(const Proposal& proposal, const Principal& principal,
                                       std::optional<std::int64_t> against) const {
  Planned planned;
  planned.before = against ? TRY(at(*against)) : current();
  planned.base_revision = planned.before->revision;
  planned.before_documents = TRY(documents_at(planned.base_revision));
  ReadFiles read = read_files(proposal.files, proposal.source);
  planned.problems = std::move(read.problems);
  std::map<std::string, const Declared*> declared;
  for (const Declared& each : read.documents) declared[each.key] = &each;
  std::vector<Declared> after;
  for (const Declared& old : planned.before_documents) {
    const auto again = declared.find(old.key);
    if (again != declared.end()) {
      if (old.source != proposal.source) {
        planned.problems.push_back(
            problem_at(*again->second, "", "mesh.other_source",
                       format("{} {} belongs to {}; change it there", old.kind, old.name, old.source)));
      }
      continue;
    }
    if (!(proposal.prunes && old.source == proposal.source)) after.push_back(old);
  }
  after.insert(after.end(), std::make_move_iterator(read.documents.begin()),
               std::make_move_iterator(read.documents.end()));
  planned.after_documents = std::move(after);
  Built built = build_mesh(planned.after_documents);
  for (Problem& problem : built.problems) planned.problems.push_back(std::move(problem));
  built.mesh.revision = planned.base_revision + 1;
  planned.after = std::make_shared<const mesh::MeshState>(std::move(built.mesh));
  planned.comparison = compare(planned.before_documents, *planned.before, planned.after_documents, *planned.after);
  for (const Problem& problem : planned.comparison.problems) planned.problems.push_back(problem);
  if (planned.problems.empty() && !planned.comparison.changes.empty()) {
    for (const Participant& participant : participants_) {
      if (participant.check) participant.check(*planned.before, *planned.after, planned.problems);
    }
  }
  for (Problem& problem : denials(planned, principal)) planned.problems.push_back(std::move(problem));
  sort_problems(planned.problems);
  return planned;
}

Result<mesh::MeshPointer> Service::with_contract(const SourceFile& contract) const {
  ReadFiles read = read_files({contract}, "proposed");
  std::vector<Declared> documents = TRY(documents_at(current()->revision));
  for (const Declared& proposed : read.documents) {
    if (proposed.kind != "DataContract") continue;
    const auto old = std::find_if(documents.begin(), documents.end(),
                                  [&](const Declared& each) { return each.key == proposed.key; });
    if (old == documents.end())
      return fail(ErrorKind::not_found, "contract.unknown", "the mesh has no contract {}; its id is what names it",
                  proposed.name);
    *old = proposed;
  }
  Built built = build_mesh(documents);
  for (Problem& problem : built.problems) {
    // Ports will name the new version when it is applied; the proposal comes before that.
    if (problem.code != "contract.version") read.problems.push_back(std::move(problem));
  }
  if (!read.problems.empty()) {
    auto refusal = fail(ErrorKind::refused, "mesh.problems", "the proposed contract cannot stand: {}",
                        read.problems.front().message);
    json::Array problems;
    for (const Problem& problem : read.problems) problems.push_back(to_json(problem));
    refusal.error().details.set("problems", json::Value(std::move(problems)));
    return refusal;
  }
  built.mesh.revision = current()->revision;
  return std::make_shared<const mesh::MeshState>(std::move(built.mesh));
}

Result<> Service::write_revision(store::Session& session, const Planned& planned, const Proposal& proposal,
                                 const Principal& principal, const std::string& request_id, std::int64_t revision) {
  std::int64_t created = 0, changed = 0, deleted = 0;
  for (const Change& change : planned.comparison.changes) {
    (change.kind == Change::Kind::create ? created : change.kind == Change::Kind::change ? changed : deleted) += 1;
    if (change.before != nullptr) TRY(session.run(kEndDocument, {change.before->key, revision}));
    if (change.after == nullptr) continue;
    const Declared& document = *change.after;
    TRY(session.run(kInsertDocument,
                    {document.key, document.kind, document.name, document.domain, document.source, document.file,
                     std::int64_t{document.line}, document.text, json::write(document.value), revision}));
  }
  TRY(session.run(kInsertRevision, {revision, micros(clock_.now()), principal.name, proposal.source, request_id,
                                    created, changed, deleted}));
  for (const Participant& participant : participants_) {
    if (participant.commit) TRY(participant.commit(session, *planned.before, *planned.after));
  }
  return audit_.append(
      session,
      {.actor = principal.name,
       .action = "mesh.apply",
       .subject = format("revision {}", revision),
       .outcome = "committed",
       .request_id = request_id,
       .details = {{"source", proposal.source}, {"created", created}, {"changed", changed}, {"deleted", deleted}}});
}

Result<json::Value> Service::apply(const Proposal& proposal, const Principal& principal,
                                   const std::string& request_id) {
  const std::lock_guard applying(apply_mutex_);
  Planned planned = TRY(plan(proposal, principal, {}));
  if (proposal.base_revision && *proposal.base_revision != planned.base_revision) {
    return fail(ErrorKind::precondition, "mesh.moved",
                "the mesh moved from revision {}, which was planned against, to {}: plan again",
                *proposal.base_revision, planned.base_revision);
  }
  if (!planned.problems.empty()) {
    const bool is_denial = std::all_of(planned.problems.begin(), planned.problems.end(),
                                       [](const Problem& problem) { return problem.code == "access.denied"; });
    auto refusal =
        fail(is_denial ? ErrorKind::denied : ErrorKind::refused, is_denial ? "access.denied" : "mesh.problems",
             "nothing was applied: {} problem{}", planned.problems.size(), planned.problems.size() == 1 ? "" : "s");
    json::Array problems;
    for (const Problem& problem : planned.problems) problems.push_back(to_json(problem));
    refusal.error().details.set("problems", json::Value(std::move(problems)));
    return refusal;
  }
  json::Value answer = to_json(planned.comparison);
  if (planned.comparison.changes.empty()) {
    answer.object().set("revision", planned.base_revision);
    return answer;
  }
  const std::int64_t revision = planned.base_revision + 1;
  TRY(store_.write([&](store::Session& session) {
    return write_revision(session, planned, proposal, principal, request_id, revision);
  }));
  {
    const std::lock_guard lock(mutex_);
    current_ = planned.after;
  }
  app_.emit(MeshChanged{.before = planned.before, .after = planned.after});
  std::vector<mesh::ProductName> products;
  for (const auto& [name, product] : planned.after->products) products.push_back(name);
  json::Value stages = json::Array{};
  stages.array() = TRY(move_stages(products));
  answer.object().set("revision", revision);
  answer.object().set("stages", std::move(stages));
  json::Array waiting;
  for (const auto& [name, product] : planned.after->products) {
    if (stage(name) >= product.requested) continue;
    for (std::string& each : missing(*planned.after, product, product.requested))
      waiting.push_back(json::Object{{"product", to_string(name)}, {"message", std::move(each)}});
    if (waiting.size() > 200) break;
  }
  answer.object().set("missing", json::Value(std::move(waiting)));
  return answer;
}

Result<json::Value> Service::revisions(const Page& page) const {
  json::Array items;
  std::string last;
  const std::int64_t before = page.after.empty() ? INT64_MAX : text::parse_integer(page.after).value_or(INT64_MAX);
  TRY(store_.read([&](store::Session& session) {
    return session.each(
        "SELECT revision, time, principal, source, request_id, created, changed, deleted FROM mesh_revisions WHERE "
        "revision < ?1 ORDER BY revision DESC LIMIT ?2",
        {before, std::int64_t{page.limit}}, [&](const store::Row& row) -> Result<> {
          last = row.text(0);
          items.push_back(revision_row(row));
          return {};
        });
  }));
  const bool is_full = items.size() == static_cast<std::size_t>(page.limit);
  return page_answer(std::move(items), is_full ? std::optional(last) : std::nullopt);
}

Result<json::Value> Service::revision(std::int64_t revision) const {
  auto found = TRY(store_.read_value<std::optional<json::Object>>([&](store::Session& session) {
    return session.first(
        "SELECT revision, time, principal, source, request_id, created, changed, deleted FROM mesh_revisions WHERE "
        "revision = ?1",
        {revision}, revision_row);
  }));
  if (!found) return fail(ErrorKind::not_found, "mesh.unknown_revision", "the mesh has no revision {}", revision);
  json::Array documents;
  TRY(store_.read([&](store::Session& session) {
    return session.each(
        "SELECT kind, name, domain, from_revision FROM mesh_documents WHERE from_revision = ?1 OR to_revision = ?1 "
        "ORDER BY kind, name",
        {revision}, [&](const store::Row& row) -> Result<> {
          documents.push_back(json::Object{{"kind", row.text(0)},
                                           {"name", row.text(1)},
                                           {"domain", row.text(2)},
                                           {"action", row.integer(3) == revision ? "set" : "ended"}});
          return {};
        });
  }));
  found->set("documents", json::Value(std::move(documents)));
  return json::Value(std::move(*found));
}

}  // namespace weft::catalog
