#pragma once

#include <functional>
#include <string>

#include "base/json_value.h"
#include "product/lineage/graph.h"

namespace weft::lineage {

// What a closure looks like to somebody: columns of ports that the asker may not know of are left out and counted.
struct View {
  const Graph& graph;
  const Closure& closure;
  Direction direction = Direction::upstream;
  std::function<bool(const std::string& port)> may_know;
  std::function<bool(const std::string& port)> may_read;
};

// {"nodes":[{"id","port","column","depth","is_readable"}],"edges":[{"from","to","use","source","name"}],"hidden","is_truncated"}
json::Value as_json(const View& view);
// A flowchart, in the direction of the data; one box a port.
std::string as_mermaid(const View& view);
// The start, and below each column those that feed it (or that it feeds); what stands above already is not repeated.
std::string as_tree(const View& view);

std::string column_text(const Graph& graph, std::uint32_t column);

}  // namespace weft::lineage
