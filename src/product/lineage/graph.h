#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "product/lineage/facts.h"

namespace weft::lineage {

enum class Direction { upstream, downstream };

// Which column feeds which, as compact adjacency: columns are numbers, both directions are offset arrays. Immutable
// once built, shared by readers. A million edges take about 40 MB and are walked in milliseconds.
class Graph {
 public:
  struct Column {
    std::uint32_t port = 0;
    std::string name;  // Empty: the port's rows.
  };
  struct Edge {
    std::uint32_t other = 0;  // The column at the other end.
    std::uint32_t fact = 0;
    std::uint8_t use = 0;
  };
  struct Origin {
    std::string source, name;  // "pipeline", "insights.delays.load".
  };

  // For filling; then build().
  std::uint32_t column(std::string_view port, std::string_view name);
  void edge(std::uint32_t from, std::uint32_t to, std::uint8_t use, std::uint32_t fact);
  std::uint32_t origin(Origin origin);
  void cover(std::string_view port, const std::vector<std::string>& columns);
  void build();

  std::optional<std::uint32_t> find(std::string_view port, std::string_view name) const;
  const Column& at(std::uint32_t column) const { return columns_[column]; }
  const std::string& port(std::uint32_t port) const { return ports_[port]; }
  const Origin& origin(std::uint32_t fact) const { return origins_[fact]; }
  std::span<const Edge> edges(std::uint32_t column, Direction direction) const;
  // The port's rows, when something decides them; the columns of a port.
  std::optional<std::uint32_t> rows_of(std::uint32_t column) const;
  std::span<const std::uint32_t> columns_of(std::uint32_t port) const { return port_columns_[port]; }
  bool is_covered(std::string_view port, const std::string& column) const;
  std::size_t column_count() const { return columns_.size(); }
  std::size_t edge_count() const { return pending_.size(); }

  std::int64_t revision = 0;

 private:
  struct Pending {
    std::uint32_t from, to, fact;
    std::uint8_t use;
  };
  struct Side {
    std::vector<std::uint32_t> offsets;
    std::vector<Edge> edges;
  };
  static Side side_of(std::span<const Pending> edges, std::size_t columns, Direction direction);

  std::vector<std::string> ports_;
  std::unordered_map<std::string, std::uint32_t> port_ids_;
  std::vector<Column> columns_;
  std::vector<std::unordered_map<std::string, std::uint32_t>> column_ids_;  // By port.
  std::vector<std::vector<std::uint32_t>> port_columns_;
  std::vector<Origin> origins_;
  std::vector<Pending> pending_;
  std::unordered_map<std::string, std::vector<std::string>> covered_;  // Port → sorted columns.
  Side up_, down_;
};

using GraphPointer = std::shared_ptr<const Graph>;

struct Closure {
  struct Node {
    std::uint32_t column = 0;
    int depth = 0;
  };
  struct Arrow {
    std::uint32_t from = 0, to = 0;  // In the direction of the data.
    std::uint8_t use = 0;
    std::uint32_t fact = 0;
  };
  std::vector<Node> nodes;  // By depth; the start first.
  std::vector<Arrow> arrows;
  bool is_truncated = false;
};

struct ClosureLimits {
  int depth_max = 100;
  std::size_t nodes_max = 2'000'000;
  std::size_t arrows_max = 2'000'000;
};

// Everything that feeds the columns, or that they feed. What decides a port's rows feeds all its columns: it is reached
// through the port's rows, which count no step.
Closure closure_of(const Graph& graph, std::span<const std::uint32_t> start, Direction direction,
                   const ClosureLimits& limits);

}  // namespace weft::lineage
