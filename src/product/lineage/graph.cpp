#include "product/lineage/graph.h"

#include <algorithm>

namespace weft::lineage {

std::uint32_t Graph::column(std::string_view port, std::string_view name) {
  const auto [port_at, is_new_port] =
      port_ids_.try_emplace(std::string(port), static_cast<std::uint32_t>(ports_.size()));
  if (is_new_port) {
    ports_.emplace_back(port);
    column_ids_.emplace_back();
    port_columns_.emplace_back();
  }
  const std::uint32_t port_id = port_at->second;
  const auto [at, is_new] =
      column_ids_[port_id].try_emplace(std::string(name), static_cast<std::uint32_t>(columns_.size()));
  if (is_new) {
    columns_.push_back({.port = port_id, .name = std::string(name)});
    if (!name.empty()) port_columns_[port_id].push_back(at->second);
  }
  return at->second;
}

void Graph::edge(std::uint32_t from, std::uint32_t to, std::uint8_t use, std::uint32_t fact) {
  pending_.push_back({from, to, fact, use});
}

std::uint32_t Graph::origin(Origin origin) {
  origins_.push_back(std::move(origin));
  return static_cast<std::uint32_t>(origins_.size() - 1);
}

void Graph::cover(std::string_view port, const std::vector<std::string>& columns) {
  auto& all = covered_[std::string(port)];
  all.insert(all.end(), columns.begin(), columns.end());
  std::ranges::sort(all);
}

// Counting sort: one pass to count, one to place.
Graph::Side Graph::side_of(std::span<const Pending> edges, std::size_t columns, Direction direction) {
  Side side;
  side.offsets.assign(columns + 1, 0);
  for (const auto& edge : edges) ++side.offsets[(direction == Direction::upstream ? edge.to : edge.from) + 1];
  for (std::size_t i = 1; i < side.offsets.size(); ++i) side.offsets[i] += side.offsets[i - 1];
  side.edges.resize(edges.size());
  std::vector<std::uint32_t> at(side.offsets.begin(), side.offsets.end() - 1);
  for (const auto& edge : edges) {
    const auto [here, there] =
        direction == Direction::upstream ? std::pair(edge.to, edge.from) : std::pair(edge.from, edge.to);
    side.edges[at[here]++] = {.other = there, .fact = edge.fact, .use = edge.use};
  }
  return side;
}

void Graph::build() {
  up_ = side_of(pending_, columns_.size(), Direction::upstream);
  down_ = side_of(pending_, columns_.size(), Direction::downstream);
}

std::optional<std::uint32_t> Graph::find(std::string_view port, std::string_view name) const {
  const auto port_at = port_ids_.find(std::string(port));
  if (port_at == port_ids_.end()) return std::nullopt;
  const auto& ids = column_ids_[port_at->second];
  const auto at = ids.find(std::string(name));
  return at == ids.end() ? std::nullopt : std::optional(at->second);
}

std::span<const Graph::Edge> Graph::edges(std::uint32_t column, Direction direction) const {
  const Side& side = direction == Direction::upstream ? up_ : down_;
  return std::span(side.edges).subspan(side.offsets[column], side.offsets[column + 1] - side.offsets[column]);
}

std::optional<std::uint32_t> Graph::rows_of(std::uint32_t column) const {
  const auto& ids = column_ids_[columns_[column].port];
  const auto at = ids.find("");
  return at == ids.end() ? std::nullopt : std::optional(at->second);
}

bool Graph::is_covered(std::string_view port, const std::string& column) const {
  const auto at = covered_.find(std::string(port));
  return at != covered_.end() && std::ranges::binary_search(at->second, column);
}

namespace {

// Breadth first, level by level, so that each column is met at its least depth. A port's rows are a step of no length.
class Walk {
 public:
  Walk(const Graph& graph, Direction direction, const ClosureLimits& limits)
      : graph_(graph), direction_(direction), limits_(limits), state_(graph.column_count(), State::unseen) {}

  Closure run(std::span<const std::uint32_t> start) {
    std::vector<std::uint32_t> level(start.begin(), start.end()), next;
    for (int depth = 0; !level.empty() && !closure_.is_truncated; ++depth) {
      for (std::size_t at = 0; at < level.size() && !closure_.is_truncated; ++at) {
        const auto column = level[at];
        if (state_[column] == State::done) continue;
        if (closure_.nodes.size() >= limits_.nodes_max) closure_.is_truncated = true;
        if (closure_.is_truncated) break;
        state_[column] = State::done;
        closure_.nodes.push_back({.column = column, .depth = depth});
        step_over_rows(column, level);
        if (depth < limits_.depth_max) step(column, next);
      }
      level.swap(next);
      next.clear();
    }
    return std::move(closure_);
  }

 private:
  enum class State : std::uint8_t { unseen, waiting, done };

  void step(std::uint32_t column, std::vector<std::uint32_t>& next) {
    const bool is_up = direction_ == Direction::upstream;
    for (const auto& edge : graph_.edges(column, direction_)) {
      if (closure_.arrows.size() >= limits_.arrows_max) {
        closure_.is_truncated = true;
        return;
      }
      closure_.arrows.push_back(
          {.from = is_up ? edge.other : column, .to = is_up ? column : edge.other, .use = edge.use, .fact = edge.fact});
      if (state_[edge.other] != State::unseen) continue;
      state_[edge.other] = State::waiting;
      next.push_back(edge.other);
    }
  }

  // Upstream a column has what decides its port's rows; downstream a port's rows are all its columns.
  void step_over_rows(std::uint32_t column, std::vector<std::uint32_t>& level) const {
    const auto& at = graph_.at(column);
    if (direction_ == Direction::upstream) {
      if (at.name.empty()) return;
      if (const auto rows = graph_.rows_of(column); rows && state_[*rows] != State::done) level.push_back(*rows);
    } else if (at.name.empty()) {
      for (const auto each : graph_.columns_of(at.port)) {
        if (state_[each] != State::done) level.push_back(each);
      }
    }
  }

  const Graph& graph_;
  const Direction direction_;
  const ClosureLimits limits_;
  std::vector<State> state_;
  Closure closure_;
};

}  // namespace

Closure closure_of(const Graph& graph, std::span<const std::uint32_t> start, Direction direction,
                   const ClosureLimits& limits) {
  return Walk(graph, direction, limits).run(start);
}

}  // namespace weft::lineage
