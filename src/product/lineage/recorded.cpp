#include "product/lineage/recorded.h"

#include <algorithm>

namespace weft::lineage {
namespace {

constexpr std::size_t kMissingMax = 20;
constexpr std::chrono::seconds kTransactionMax{10};  // From recording to the commit.

Result<GraphPointer> load(store::Store& store) {
  auto graph = std::make_shared<Graph>();
  TRY(store.read([&](store::Session& session) -> Result<> {
    graph->revision = TRY(revision(session));
    std::vector<std::uint32_t> numbers;  // By the store's ids.
    TRY(session.each("SELECT id, port, name FROM lineage_column WHERE port <> '' ORDER BY id", {},
                     [&](const store::Row& row) -> Result<> {
                       const auto id = static_cast<std::size_t>(row.integer(0));
                       if (numbers.size() <= id) numbers.resize(id + 1, 0);
                       numbers[id] = graph->column(row.view(1), row.view(2));
                       return {};
                     }));
    return each_current(session, [&](StoredFact fact) -> Result<> {
      const auto origin = graph->origin({.source = fact.source, .name = fact.name});
      graph->cover(fact.target, fact.columns);
      for (const auto& edge : fact.edges) {
        if (edge.from < numbers.size() && edge.to < numbers.size())
          graph->edge(numbers[edge.from], numbers[edge.to], edge.use, origin);
      }
      return {};
    });
  }));
  graph->build();
  return graph;
}

bool is_derived(const mesh::MeshState& mesh, const mesh::Product& product, const mesh::Port& port) {
  if (port.type == mesh::PortType::view || !product.inputs.empty()) return true;
  return std::ranges::any_of(mesh.pipelines, [&](const auto& entry) { return entry.second.output == port.name; });
}

}  // namespace

Result<> Recorded::record(store::Session& session, const Fact& fact) {
  last_record_.store(clock_.steady().time_since_epoch().count());
  return store_fact(session, fact, clock_.now());
}

Result<GraphPointer> Recorded::graph() const {
  using Instant = std::chrono::steady_clock::time_point;
  const std::lock_guard lock(mutex_);
  // One process serves a store: when nothing was recorded for a while, and that was seen already, nothing is new.
  const Instant settled = Instant(Instant::duration(last_record_.load())) + kTransactionMax;
  if (graph_ && verified_ > settled) return graph_;
  const Instant now = clock_.steady();
  const auto current = TRY(store_.read_value<std::int64_t>([](store::Session& session) { return revision(session); }));
  if (!graph_ || graph_->revision < current) graph_ = TRY(load(store_));
  verified_ = now;
  return graph_;
}

Coverage coverage_of(const mesh::MeshState& mesh, const mesh::Product& product, const Graph& graph) {
  Coverage coverage;
  for (const auto& port : product.ports) {
    if (port.type != mesh::PortType::table && port.type != mesh::PortType::view) continue;
    if (!is_derived(mesh, product, port)) continue;
    const std::string name = mesh::to_string(port.name);
    for (const auto& column : port.columns) {
      ++coverage.columns;
      if (graph.is_covered(name, column.name)) {
        ++coverage.covered;
      } else if (coverage.missing.size() < kMissingMax) {
        coverage.missing.push_back(port.name.port + "." + column.name);
      }
    }
  }
  return coverage;
}

bool Recorded::is_covered(const mesh::MeshState& mesh, const mesh::Product& product) const {
  // Most products derive nothing: they need no graph.
  if (std::ranges::none_of(product.ports, [&](const auto& port) { return is_derived(mesh, product, port); }))
    return true;
  const auto current = graph();
  if (!current) return false;
  const auto coverage = coverage_of(mesh, product, **current);
  return coverage.covered == coverage.columns;
}

}  // namespace weft::lineage
