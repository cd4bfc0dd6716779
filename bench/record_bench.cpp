#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>

#include "app/module.h"
#include "base/format.h"
#include "product/audit/audit.h"
#include "product/lineage/facts.h"
#include "product/lineage/recorded.h"

// Records a second in the audit's chain, and the closure over a million column edges: `record_bench audit|lineage
// FOLDER`.
namespace weft {

namespace audit {
extern const Module kModule;
}

namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point begun) { return std::chrono::duration<double>(Steady::now() - begun).count(); }

std::unique_ptr<store::Store> open(const std::filesystem::path& folder, const store::ModuleMigrations& migrations) {
  auto store = store::Store::open({.folder = folder, .migrations = {&migrations, 1}});
  CHECK(store);
  return std::move(*store);
}

void bench_audit(const std::filesystem::path& folder) {
  const store::ModuleMigrations migrations{.module = "audit", .migrations = audit::kModule.migrations};
  const auto store = open(folder / "audit", migrations);
  SystemClock clock;
  audit::Audit audit(*store, clock);
  constexpr int kThreads = 64, kEach = 2000;
  const auto begun = Steady::now();
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < kThreads; ++i) {
      writers.emplace_back([&audit, i] {
        for (int n = 0; n < kEach; ++n) {
          CHECK(audit.append({.actor = format("client-{}", i),
                              .action = "query.access",
                              .subject = "aviation.flights.flights",
                              .outcome = "allowed",
                              .request_id = "req_018f0000000070008000000000000000",
                              .details = {{"why", "grant insights"}, {"columns", "delay, origin"}}}));
        }
      });
    }
  }
  std::printf("{\"per_second\": %.0f}\n", kThreads * kEach / seconds_since(begun));
}

constexpr int kLayers = 100, kPorts = 100, kColumns = 10, kSources = 10;

mesh::PortName port_of(int layer, int port) { return {format("d{}", layer), format("p{}", port), format("p{}", port)}; }

lineage::Fact fact_of(int layer, int port) {
  lineage::Fact fact{.source = "pipeline",
                     .name = format("l{}_{}", layer, port),
                     .target = port_of(layer, port),
                     .plan = {},
                     .relations = {}};
  for (int source = 0; source < kSources; ++source)
    fact.relations.push_back(port_of(layer - 1, (port * 7 + source * 13) % kPorts));
  for (int column = 0; column < kColumns; ++column) {
    engine::OutputColumn output{.name = format("c{}", column), .engine_type = {}, .type = {}, .from = {}};
    for (int source = 0; source < kSources; ++source)
      output.from.push_back({.relation = source,
                             .column = format("c{}", (column + source) % kColumns),
                             .field_id = 0,
                             .use = engine::Use::value});
    fact.plan.columns.push_back(std::move(output));
  }
  return fact;
}

void bench_lineage(const std::filesystem::path& folder) {
  const store::ModuleMigrations migrations{.module = "lineage", .migrations = lineage::kMigrations};
  const auto store = open(folder / "lineage", migrations);
  SystemClock clock;
  lineage::Recorded filled(*store, clock);
  for (int layer = 1; layer <= kLayers; ++layer) {
    CHECK(store->write([&](store::Session& session) -> Result<> {
      for (int port = 0; port < kPorts; ++port) TRY(filled.record(session, fact_of(layer, port)));
      return {};
    }));
  }
  const lineage::Recorded fresh(*store, clock);
  auto closure = [&fresh] {
    const auto begun = Steady::now();
    const auto graph = fresh.graph();
    CHECK(graph);
    const auto start = (*graph)->find(to_string(port_of(kLayers, 0)), "c0");
    CHECK(start);
    const auto found = lineage::closure_of(**graph, {&*start, 1}, lineage::Direction::upstream,
                                           {.depth_max = 1000, .nodes_max = 2'000'000, .arrows_max = 2'000'000});
    return std::pair(seconds_since(begun) * 1000, found.arrows.size());
  };
  const auto [first, arrows] = closure();
  double warm = 1e9;
  for (int i = 0; i < 5; ++i) warm = std::min(warm, closure().first);
  std::printf("{\"first_ms\": %.1f, \"warm_ms\": %.1f, \"edges\": %d, \"reached\": %zu}\n", first, warm,
              kLayers * kPorts * kColumns * kSources, arrows);
}

}  // namespace
}  // namespace weft

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  if (std::strcmp(argv[1], "audit") == 0) weft::bench_audit(argv[2]);
  if (std::strcmp(argv[1], "lineage") == 0) weft::bench_lineage(argv[2]);
  return 0;
}
