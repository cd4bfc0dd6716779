#include "product/lineage/recorded.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/json.h"
#include "product/lineage/render.h"
#include "product/lineage/routes.h"
#include "product/lineage/views.h"

namespace weft::lineage {
namespace {

class FixedClock final : public Clock {
 public:
  Time now() const override { return time_of(1'800'000'000'000'000); }
  std::chrono::steady_clock::time_point steady() const override { return {}; }
};

class FakeCatalog final : public catalog::Catalog {
 public:
  mesh::MeshPointer current() const override { return mesh; }
  Result<mesh::MeshPointer> at(std::int64_t) const override { return mesh; }
  Result<mesh::MeshPointer> with_contract(const catalog::SourceFile&) const override {
    return fail(ErrorKind::unsupported, "fake", "not here");
  }
  mesh::Stage stage(const mesh::ProductName&) const override { return mesh::Stage::product; }
  void add_evidence(catalog::Evidence) override {}
  void add_participant(Participant) override {}
  Result<> reconsider(const mesh::ProductName&) override { return {}; }
  std::shared_ptr<mesh::MeshState> mesh = std::make_shared<mesh::MeshState>();
};

mesh::PortName port_name(const std::string& domain, const std::string& product) { return {domain, product, product}; }

engine::ColumnUse use(int relation, const std::string& column, engine::Use kind = engine::Use::value) {
  return {.relation = relation, .column = column, .field_id = 0, .use = kind};
}

engine::OutputColumn output(const std::string& name, std::vector<engine::ColumnUse> from) {
  engine::OutputColumn column;
  column.name = name;
  column.from = std::move(from);
  return column;
}

class RecordedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              format("weft-lineage-{}-{}", ::getpid(), ::testing::UnitTest::GetInstance()->random_seed());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    static const store::ModuleMigrations modules[] = {{.module = "lineage", .migrations = kMigrations}};
    store_ = std::move(*store::Store::open({.folder = folder_, .migrations = modules}));
    lineage_ = std::make_unique<Recorded>(*store_, clock_);
    add_port("aviation", "flights", {"id", "delay", "code"}, mesh::PortType::table);
    add_port("geo", "airports", {"code", "name"}, mesh::PortType::table);
    add_port("insights", "delays", {"airport", "mean_delay", "one"}, mesh::PortType::table);
    add_port("insights", "late", {"airport"}, mesh::PortType::view);
    catalog_.mesh->pipelines["load"] = {
        .name = "load", .domain = "insights", .output = port_name("insights", "delays")};
  }
  void TearDown() override {
    lineage_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void add_port(const std::string& domain, const std::string& product, const std::vector<std::string>& columns,
                mesh::PortType type) {
    catalog_.mesh->domains[domain].name = domain;
    auto& made = catalog_.mesh->products[{domain, product}];
    made.name = {domain, product};
    mesh::Port port;
    port.name = port_name(domain, product);
    port.type = type;
    for (const auto& name : columns) {
      mesh::Column column;
      column.name = name;
      column.type = "string";
      port.columns.push_back(std::move(column));
    }
    made.ports.push_back(std::move(port));
  }

  Fact load_fact() const {
    Fact fact{.source = "pipeline",
              .name = "load",
              .target = port_name("insights", "delays"),
              .plan = {},
              .relations = {port_name("aviation", "flights"), port_name("geo", "airports"), {}}};
    fact.plan.columns = {output("airport", {use(1, "name")}),
                         output("mean_delay", {use(0, "delay"), use(1, "name", engine::Use::group)}),
                         output("one", {})};
    fact.plan.rows_from = {use(0, "code", engine::Use::join), use(1, "code", engine::Use::join),
                           use(2, "anything", engine::Use::filter)};
    return fact;
  }

  Result<> record(const Fact& fact) {
    return store_->write([&](store::Session& session) { return lineage_->record(session, fact); });
  }
  std::int64_t facts() {
    return *store_->read_value<std::int64_t>([](store::Session& session) -> Result<std::int64_t> {
      return *TRY(
          session.first("SELECT count(*) FROM lineage_fact", {}, [](const store::Row& row) { return row.integer(0); }));
    });
  }
  Result<Response> ask(std::map<std::string, std::string> query) {
    Request request;
    request.query = std::move(query);
    request.principal.name = "ada";
    request.principal.is_anonymous = false;
    request.principal.is_administrator = true;
    return answer_lineage(*lineage_, catalog_, request);
  }

  std::filesystem::path folder_;
  FixedClock clock_;
  FakeCatalog catalog_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Recorded> lineage_;
};

TEST_F(RecordedTest, StoresEqualFactsOnceAndReplacesOlderOnes) {
  ASSERT_TRUE(record(load_fact()));
  ASSERT_TRUE(record(load_fact()));
  EXPECT_EQ(facts(), 1);
  auto changed = load_fact();
  changed.plan.columns[0].from = {use(1, "code")};
  ASSERT_TRUE(record(changed));
  EXPECT_EQ(facts(), 2);
  auto graph = *lineage_->graph();
  EXPECT_FALSE(
      graph->find("geo.airports.airports", "name") &&
      !graph->edges(*graph->find("geo.airports.airports", "name"), Direction::downstream).empty() &&
      graph->at(graph->edges(*graph->find("geo.airports.airports", "name"), Direction::downstream)[0].other).name ==
          "airport");
  // The first again: it is the current one again, and not stored twice.
  ASSERT_TRUE(record(load_fact()));
  EXPECT_EQ(facts(), 2);
  graph = *lineage_->graph();
  EXPECT_EQ(graph->edges(*graph->find("geo.airports.airports", "name"), Direction::downstream).size(), 2U);
}

TEST_F(RecordedTest, KeepsQueriesByTheirShape) {
  Fact query{
      .source = "query", .name = "q1", .target = {}, .plan = {}, .relations = {port_name("aviation", "flights")}};
  query.plan.columns = {output("d", {use(0, "delay")})};
  ASSERT_TRUE(record(query));
  query.name = "q2";
  ASSERT_TRUE(record(query));
  EXPECT_EQ(facts(), 1);
  EXPECT_EQ((*lineage_->graph())->edge_count(), 0U);
}

TEST_F(RecordedTest, UndoesWithItsTransaction) {
  const auto outcome = store_->write([&](store::Session& session) -> Result<> {
    TRY(lineage_->record(session, load_fact()));
    return fail(ErrorKind::refused, "test.refused", "no");
  });
  EXPECT_FALSE(outcome);
  EXPECT_EQ((*lineage_->graph())->edge_count(), 0U);
  ASSERT_TRUE(record(load_fact()));
  EXPECT_EQ((*lineage_->graph())->edge_count(), 5U);
}

TEST_F(RecordedTest, KnowsWhichProductsAreCovered) {
  const auto& mesh = *catalog_.mesh;
  EXPECT_TRUE(lineage_->is_covered(mesh, mesh.products.at({"aviation", "flights"})));
  EXPECT_FALSE(lineage_->is_covered(mesh, mesh.products.at({"insights", "delays"})));
  auto partial = load_fact();
  partial.plan.columns.pop_back();
  ASSERT_TRUE(record(partial));
  EXPECT_FALSE(lineage_->is_covered(mesh, mesh.products.at({"insights", "delays"})));
  const auto coverage = coverage_of(mesh, mesh.products.at({"insights", "delays"}), **lineage_->graph());
  EXPECT_EQ(coverage.columns, 3U);
  EXPECT_EQ(coverage.covered, 2U);
  EXPECT_EQ(coverage.missing, (std::vector<std::string>{"delays.one"}));
  ASSERT_TRUE(record(load_fact()));
  EXPECT_TRUE(lineage_->is_covered(mesh, mesh.products.at({"insights", "delays"})));
  EXPECT_FALSE(lineage_->is_covered(mesh, mesh.products.at({"insights", "late"})));
}

TEST_F(RecordedTest, AnswersAsJsonTreeAndMermaid) {
  ASSERT_TRUE(record(load_fact()));
  auto answer = ask({{"column", "insights.delays.mean_delay"}});
  ASSERT_TRUE(answer) << answer.error().message;
  const auto body = *json::parse(std::get<std::string>(answer->body));
  EXPECT_EQ(body["nodes"].array().size(), 6U);  // Itself, its rows, delay, name, two codes.
  EXPECT_EQ(body["edges"].array().size(), 4U);
  EXPECT_EQ(body["nodes"].array()[0]["column"].text(), "mean_delay");
  EXPECT_FALSE(body["is_truncated"].boolean());
  answer = ask({{"column", "insights.delays.mean_delay"}, {"format", "tree"}});
  EXPECT_EQ(std::get<std::string>(answer->body),
            "insights.delays.delays.mean_delay\n"
            "├─ aviation.flights.flights.delay  [value] pipeline load\n"
            "├─ geo.airports.airports.name  [group] pipeline load\n"
            "├─ aviation.flights.flights.code  [join] pipeline load\n"
            "└─ geo.airports.airports.code  [join] pipeline load\n");
  answer = ask({{"column", "geo.airports.name"}, {"direction", "downstream"}, {"format", "tree"}});
  EXPECT_EQ(std::get<std::string>(answer->body),
            "geo.airports.airports.name\n"
            "├─ insights.delays.delays.airport  [value] pipeline load\n"
            "└─ insights.delays.delays.mean_delay  [group] pipeline load\n");
  answer = ask({{"column", "insights.delays"}, {"format", "mermaid"}});
  EXPECT_NE(std::get<std::string>(answer->body).find("subgraph p2[\"insights.delays.delays\"]"), std::string::npos)
      << std::get<std::string>(answer->body);
  answer = ask({{"column", "aviation.flights.id"}, {"format", "tree"}});
  EXPECT_NE(std::get<std::string>(answer->body).find("no lineage recorded"), std::string::npos);
}

TEST_F(RecordedTest, RefusesWhatItDoesNotUnderstand) {
  const auto code = [&](std::map<std::string, std::string> query) {
    auto answer = ask(std::move(query));
    return answer ? std::string("fine") : answer.error().code;
  };
  EXPECT_EQ(code({}), "request.parameter");
  EXPECT_EQ(code({{"column", "x"}}), "lineage.malformed_column");
  EXPECT_EQ(code({{"column", "a..b"}}), "lineage.malformed_column");
  EXPECT_EQ(code({{"column", "geo.airports.nam"}}), "lineage.unknown_column");
  EXPECT_EQ(code({{"column", "geo.nothing.name"}}), "product.unknown");
  EXPECT_EQ(code({{"column", "geo.airports.name"}, {"depth", "0"}}), "request.parameter");
  EXPECT_EQ(code({{"column", "geo.airports.name"}, {"depth", "101"}}), "request.parameter");
  EXPECT_EQ(code({{"column", "geo.airports.name"}, {"direction", "sideways"}}), "request.parameter");
  EXPECT_EQ(code({{"column", "geo.airports.name"}, {"format", "xml"}}), "request.parameter");
}

TEST_F(RecordedTest, LeavesOutWhatTheAskerMayNotKnow) {
  ASSERT_TRUE(record(load_fact()));
  const auto graph = *lineage_->graph();
  const auto start = *graph->find("insights.delays.delays", "mean_delay");
  const auto closure = closure_of(*graph, std::span(&start, 1), Direction::upstream, {});
  const View view{.graph = *graph,
                  .closure = closure,
                  .direction = Direction::upstream,
                  .may_know = [](const std::string& port) { return !port.starts_with("geo."); },
                  .may_read = [](const std::string&) { return false; }};
  const auto answer = as_json(view);
  EXPECT_EQ(answer["hidden"].integer(), 2);
  EXPECT_EQ(json::write(answer).find("geo."), std::string::npos);
  EXPECT_EQ(as_tree(view).find("geo."), std::string::npos);
  EXPECT_EQ(as_mermaid(view).find("geo."), std::string::npos);
}

TEST_F(RecordedTest, GivesItsRowsAsASystemTable) {
  ASSERT_TRUE(record(load_fact()));
  Fact query{
      .source = "query", .name = "q1", .target = {}, .plan = {}, .relations = {port_name("aviation", "flights")}};
  query.plan.columns = {output("d", {use(0, "delay")})};
  ASSERT_TRUE(record(query));
  const auto table = lineage_columns_table(*lineage_, catalog_);
  const auto count = [&](const Principal& asker) {
    int rows = 0;
    EXPECT_TRUE(table.rows(asker, {}, [&](json::Object row) -> Result<> {
      EXPECT_EQ(row.size(), table.columns.size());
      ++rows;
      return {};
    }));
    return rows;
  };
  Principal asker{.kind = PrincipalKind::user,
                  .name = "ada",
                  .teams = {},
                  .is_administrator = false,
                  .is_anonymous = false,
                  .purpose = {}};
  EXPECT_EQ(count(asker), 5);
  asker.is_administrator = true;
  EXPECT_EQ(count(asker), 6);
}

// A session that knows one view.
class FakeSession final : public engine::Session {
 public:
  Result<engine::Parsed> parse(std::string_view sql) override {
    if (sql.contains("broken")) return fail(ErrorKind::invalid, "sql.syntax", "broken");
    engine::Parsed parsed;
    parsed.tables = {{.parts = {"geo", "airports"}, .at = {}, .offset = 0}};
    return parsed;
  }
  Result<engine::Plan> bind(const engine::Query& query, std::vector<engine::Relation> relations) override {
    EXPECT_EQ(query.relations, (std::vector<int>{0}));
    EXPECT_EQ(relations[0].columns.size(), 2U);
    engine::Plan plan;
    plan.columns = {output("airport", {use(0, "name")})};
    return plan;
  }
  Result<engine::Outcome> run(std::vector<engine::RelationData>, engine::Format, ByteSink&) override {
    return engine::Outcome{};
  }
  Result<engine::PublishOutcome> publish(engine::PublishJob, std::vector<engine::RelationData>, const engine::MakeFile&,
                                         const engine::Progress&) override {
    return engine::PublishOutcome{};
  }
  Result<engine::PublishOutcome> compact(engine::PublishJob, const engine::MakeFile&) override {
    return engine::PublishOutcome{};
  }
  Result<json::Value> lineage(const json::Value&) override { return json::Value(); }
};

class FakeEngine final : public engine::Engine {
 public:
  void warm() override {}
  Result<std::unique_ptr<engine::Session>> session(engine::WorkClass, const engine::Limits&, std::stop_token) override {
    ++sessions;
    return std::make_unique<FakeSession>();
  }
  Result<json::Value> fences() override { return json::Value(); }
  int sessions = 0;
};

TEST_F(RecordedTest, BindsEachViewOnceForEachDefinition) {
  FakeEngine engine;
  auto& port = catalog_.mesh->products[{"insights", "late"}].ports[0];
  port.view_sql = "SELECT name AS airport FROM geo.airports";
  auto run = record_views(*lineage_, engine, *catalog_.mesh, 10, {});
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->products.size(), 1U);
  EXPECT_TRUE(lineage_->is_covered(*catalog_.mesh, catalog_.mesh->products.at({"insights", "late"})));
  EXPECT_TRUE(record_views(*lineage_, engine, *catalog_.mesh, 10, {})->products.empty());
  EXPECT_EQ(engine.sessions, 1);
  port.view_sql = "broken";
  EXPECT_EQ(record_views(*lineage_, engine, *catalog_.mesh, 0, {})->left, 1U);
  EXPECT_TRUE(record_views(*lineage_, engine, *catalog_.mesh, 10, {}));
  EXPECT_TRUE(record_views(*lineage_, engine, *catalog_.mesh, 10, {})
                  ->products.empty());  // A broken one is not tried again until it changes.
  EXPECT_EQ(engine.sessions, 2);
}

}  // namespace
}  // namespace weft::lineage
