#pragma once

#include <unistd.h>

#include <atomic>
#include <set>
#include <thread>

#include "app/module.h"
#include "base/check.h"
#include "base/ids.h"
#include "product/lake/service.h"

namespace weft::lake {

extern const Module kModule;

// What the tests of the lake share: a lake over a store and files in a temporary folder, and a mesh of one table.

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Starts with the machine's time, which files carry, and goes on by hand.
class HandClock final : public Clock {
 public:
  Time now() const override { return time_.load(); }
  std::chrono::steady_clock::time_point steady() const override { return {}; }
  void advance(std::chrono::microseconds by) { time_ = time_.load() + by; }

 private:
  std::atomic<Time> time_{SystemClock().now()};
};

class FakeCatalog final : public catalog::Catalog {
 public:
  mesh::MeshPointer current() const override {
    const auto answer = mesh;
    if (const auto then = std::exchange(after_current, {})) then();
    return answer;
  }
  Result<mesh::MeshPointer> at(std::int64_t) const override { return mesh; }
  Result<mesh::MeshPointer> with_contract(const catalog::SourceFile&) const override {
    return fail(ErrorKind::unsupported, "fake", "not here");
  }
  mesh::Stage stage(const mesh::ProductName&) const override { return mesh::Stage::product; }
  void add_evidence(catalog::Evidence) override {}
  void add_participant(Participant) override {}
  Result<> reconsider(const mesh::ProductName&) override { return {}; }

  mesh::MeshPointer mesh = std::make_shared<mesh::MeshState>();
  mutable std::function<void()> after_current;  // Once, between the reading of the mesh and its use.
};

// Stands for a worker: compacts by what the test says, and does nothing else.
class CompactingSession final : public engine::Session {
 public:
  using Compact = std::function<Result<engine::PublishOutcome>(const engine::PublishJob&, const engine::MakeFile&)>;
  explicit CompactingSession(const Compact& compact) : compact_(compact) {}
  Result<engine::Parsed> parse(std::string_view) override { return none(); }
  Result<engine::Plan> bind(const engine::Query&, std::vector<engine::Relation>) override { return none(); }
  Result<engine::Outcome> run(std::vector<engine::RelationData>, engine::Format, ByteSink&) override { return none(); }
  Result<engine::PublishOutcome> publish(engine::PublishJob, std::vector<engine::RelationData>, const engine::MakeFile&,
                                         const engine::Progress&) override {
    return none();
  }
  Result<engine::PublishOutcome> compact(engine::PublishJob job, const engine::MakeFile& make_file) override {
    return compact_(job, make_file);
  }
  Result<json::Value> lineage(const json::Value&) override { return none(); }

 private:
  static std::unexpected<Error> none() {
    return fail(ErrorKind::unsupported, "test.none", "this worker only compacts");
  }
  const Compact& compact_;
};

class FakeEngine final : public engine::Engine {
 public:
  void warm() override {}
  Result<std::unique_ptr<engine::Session>> session(engine::WorkClass, const engine::Limits&, std::stop_token) override {
    ++asked;
    if (!compact) return fail(ErrorKind::unavailable, "engine.start", "none");
    return std::make_unique<CompactingSession>(compact);
  }
  Result<json::Value> fences() override { return json::Value(); }
  int asked = 0;
  CompactingSession::Compact compact;
};

inline mesh::Column column(const std::string& name, const std::string& type, const std::string& id = {}) {
  mesh::Column made;
  made.id = id;
  made.name = name;
  made.type = type;
  return made;
}

inline const mesh::PortName kOrders{"sales", "orders", "orders"};

class TestLake {
 public:
  // A file as a worker would have written it.
  static engine::WrittenFile write(const engine::MakeFile& make_file, std::uint64_t rows) {
    const std::string bytes = "PAR1";
    auto made = make_file("data");
    CHECK(made);
    CHECK(::write(made->second.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    engine::WrittenFile file;
    file.name = made->first;
    file.row_count = rows;
    file.size = bytes.size();
    return file;
  }

 protected:
  TestLake() {
    root_ = fs::canonical(fs::temp_directory_path()) / ("weft-lake-" + to_string(random_uuid()));
    settings_.data = root_;
    settings_.query_timeout = 60s;
    declare({column("id", "long"), column("note", "string")});
    open();
  }
  ~TestLake() {
    close();
    fs::remove_all(root_);
  }
  void open() {
    const store::ModuleMigrations modules[] = {{.module = "lake", .migrations = kModule.migrations}};
    store_ = std::move(*store::Store::open({.folder = root_, .migrations = modules}));
    objects_ = std::move(*objects::Objects::open(root_));
    app_ = std::make_unique<App>(App::Parts{.settings = settings_,
                                            .clock = clock_,
                                            .store = *store_,
                                            .objects = *objects_,
                                            .engine = engine_,
                                            .metrics = metrics_});
    auto catalog = std::make_unique<FakeCatalog>();
    catalog->mesh = mesh_;
    catalog_ = catalog.get();
    app_->adopt<catalog::Catalog>(std::move(catalog));
    lake_ = std::make_unique<Service>(*app_);
  }
  void close() {
    catalog_ = nullptr;
    lake_.reset();
    app_.reset();
    objects_.reset();
    store_.reset();
  }
  void reopen() {
    close();
    open();
  }

  // The next revision of the mesh: one table of these columns.
  void declare(std::vector<mesh::Column> columns) {
    auto next = std::make_shared<mesh::MeshState>();
    next->revision = mesh_ ? mesh_->revision + 1 : 1;
    auto& product = next->products[{"sales", "orders"}];
    product.name = {"sales", "orders"};
    product.ports.emplace_back();
    product.ports[0].name = kOrders;
    product.ports[0].columns = std::move(columns);
    mesh_ = next;
    if (catalog_ != nullptr) catalog_->mesh = mesh_;
  }
  TablePointer table() {
    const auto found = lake_->table(kOrders);
    CHECK(found);
    return *found;
  }
  Lease begin() {
    const auto lease = lake_->begin(kOrders, "ada");
    CHECK(lease);
    return *lease;
  }
  // A file of the lease as a worker would have written it.
  engine::WrittenFile write(const Lease& lease, std::uint64_t rows = 1) {
    return write([&](std::string_view hint) { return lake_->create_file(lease, hint); }, rows);
  }
  static Commit commit_of(Lease lease, CommitKind kind, std::vector<engine::WrittenFile> files) {
    Commit commit;
    commit.lease = std::move(lease);
    commit.kind = kind;
    commit.files = std::move(files);
    return commit;
  }
  Result<Committed> publish(CommitKind kind = CommitKind::append, std::uint64_t rows = 1) {
    const Lease lease = TRY(lake_->begin(kOrders, "ada"));
    auto file = write(lease, rows);
    return lake_->commit(commit_of(lease, kind, {std::move(file)}));
  }
  // The keys of the current data files.
  std::set<std::string> current() {
    std::set<std::string> keys;
    const auto files = lake_->files(*table(), {});
    CHECK(files);
    for (const auto& file : *files) keys.insert(*objects_->key_of(file.path));
    return keys;
  }
  bool is_there(const std::string& key) { return fs::exists(root_ / key); }
  std::set<std::string> all_keys(const std::string& prefix = "lake") {
    std::set<std::string> keys;
    CHECK(objects_->each(prefix, [&](const objects::Info& info) -> Result<> {
      keys.insert(info.key);
      return {};
    }));
    return keys;
  }
  std::int64_t count(std::string_view sql) {
    return *store_->read_value<std::int64_t>([&](store::Session& session) -> Result<std::int64_t> {
      return *TRY(session.first(sql, {}, [](const store::Row& row) { return row.integer(0); }));
    });
  }
  std::int64_t leases() { return count("SELECT count(*) FROM lake_leases"); }
  // Current files that are not there.
  std::set<std::string> lost() {
    auto keys = current();
    std::erase_if(keys, [&](const std::string& key) { return is_there(key); });
    return keys;
  }

  fs::path root_;
  Settings settings_;
  HandClock clock_;
  FakeEngine engine_;
  metrics::Registry metrics_;
  std::shared_ptr<const mesh::MeshState> mesh_;
  FakeCatalog* catalog_ = nullptr;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<objects::Objects> objects_;
  std::unique_ptr<App> app_;
  std::unique_ptr<Service> lake_;
};

}  // namespace weft::lake
