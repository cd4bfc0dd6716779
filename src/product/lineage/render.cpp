#include "product/lineage/render.h"

#include <algorithm>
#include <map>
#include <set>

namespace weft::lineage {
namespace {

constexpr std::size_t kLinesMax = 10'000;

std::string_view use_text(std::uint8_t use) { return engine::to_string(static_cast<engine::Use>(use)); }

std::set<std::uint32_t> shown(const View& view) {
  std::map<std::uint32_t, bool> ports;
  std::set<std::uint32_t> columns;
  for (const auto& node : view.closure.nodes) {
    const auto port = view.graph.at(node.column).port;
    const auto [at, is_new] = ports.try_emplace(port, false);
    if (is_new) at->second = view.may_know(view.graph.port(port));
    if (at->second) columns.insert(node.column);
  }
  return columns;
}

// Arrows from here on, each neighbour once with all its uses.
struct Neighbour {
  std::uint32_t column;
  std::set<std::string_view> uses;
  std::set<std::string> by;
};

class Tree {
 public:
  explicit Tree(const View& view) : view_(view), shown_(shown(view)) {
    const bool is_up = view.direction == Direction::upstream;
    for (const auto& arrow : view.closure.arrows) {
      const auto [here, there] = is_up ? std::pair(arrow.to, arrow.from) : std::pair(arrow.from, arrow.to);
      if (!shown_.contains(there)) continue;
      auto& all = next_[here];
      auto at = std::ranges::find(all, there, &Neighbour::column);
      if (at == all.end()) at = all.insert(all.end(), Neighbour{.column = there, .uses = {}, .by = {}});
      at->uses.insert(use_text(arrow.use));
      const auto& origin = view.graph.origin(arrow.fact);
      at->by.insert(origin.source + " " + origin.name);
    }
  }

  std::string text() {
    for (const auto& node : view_.closure.nodes) {
      if (node.depth != 0 || !shown_.contains(node.column) || view_.graph.at(node.column).name.empty()) continue;
      line(column_text(view_.graph, node.column));
      below(node.column, "");
    }
    return std::move(text_);
  }

 private:
  void line(const std::string& line) {
    if (++lines_ <= kLinesMax) text_.append(line).append("\n");
    if (lines_ == kLinesMax) text_.append("… more: ask for a smaller --depth, or for -o json\n");
  }

  // A column's neighbours, and those of its port's rows.
  std::vector<Neighbour> neighbours(std::uint32_t column) const {
    std::vector<Neighbour> all;
    // One that feeds the column and also decides its rows is one neighbour.
    const auto add = [&](std::uint32_t from) {
      const auto at = next_.find(from);
      if (at == next_.end()) return;
      for (const Neighbour& each : at->second) {
        const auto known = std::ranges::find(all, each.column, &Neighbour::column);
        if (known == all.end()) {
          all.push_back(each);
          continue;
        }
        known->uses.insert(each.uses.begin(), each.uses.end());
        known->by.insert(each.by.begin(), each.by.end());
      }
    };
    add(column);
    const auto& at = view_.graph.at(column);
    if (view_.direction == Direction::upstream) {
      if (const auto rows = view_.graph.rows_of(column); rows && !at.name.empty() && shown_.contains(*rows)) add(*rows);
    } else if (at.name.empty()) {
      for (const auto each : view_.graph.columns_of(at.port)) add(each);
    }
    return all;
  }

  void below(std::uint32_t column, const std::string& indent) {
    if (lines_ >= kLinesMax || indent.size() > 400) return;
    const auto all = neighbours(column);
    for (std::size_t i = 0; i < all.size() && lines_ < kLinesMax; ++i) {
      const bool is_last = i + 1 == all.size();
      std::string uses, by;
      for (const auto use : all[i].uses) uses += (uses.empty() ? "" : ", ") + std::string(use);
      for (const auto& each : all[i].by) by += (by.empty() ? "" : ", ") + each;
      const bool is_new = done_.insert(all[i].column).second;
      const bool goes_on = !is_new && next_.contains(all[i].column);
      line(indent + (is_last ? "└─ " : "├─ ") + column_text(view_.graph, all[i].column) + "  [" + uses + "] " + by +
           (goes_on ? "  (above)" : ""));
      if (is_new) below(all[i].column, indent + (is_last ? "   " : "│  "));
    }
  }

  const View& view_;
  const std::set<std::uint32_t> shown_;
  std::map<std::uint32_t, std::vector<Neighbour>> next_;
  std::set<std::uint32_t> done_;
  std::string text_;
  std::size_t lines_ = 0;
};

}  // namespace

std::string column_text(const Graph& graph, std::uint32_t column) {
  const auto& at = graph.at(column);
  return graph.port(at.port) + (at.name.empty() ? " (rows)" : "." + at.name);
}

json::Value as_json(const View& view) {
  const auto columns = shown(view);
  json::Array nodes, edges;
  std::map<std::uint32_t, bool> readable;
  for (const auto& node : view.closure.nodes) {
    if (!columns.contains(node.column)) continue;
    const auto& at = view.graph.at(node.column);
    const auto [may_read, is_new] = readable.try_emplace(at.port, false);
    if (is_new) may_read->second = view.may_read(view.graph.port(at.port));
    nodes.push_back(json::Object{{"id", node.column},
                                 {"port", view.graph.port(at.port)},
                                 {"column", at.name.empty() ? json::Value() : json::Value(at.name)},
                                 {"depth", node.depth},
                                 {"is_readable", may_read->second}});
  }
  for (const auto& arrow : view.closure.arrows) {
    if (!columns.contains(arrow.from) || !columns.contains(arrow.to)) continue;
    const auto& origin = view.graph.origin(arrow.fact);
    edges.push_back(json::Object{{"from", arrow.from},
                                 {"to", arrow.to},
                                 {"use", use_text(arrow.use)},
                                 {"source", origin.source},
                                 {"name", origin.name}});
  }
  return json::Object{{"direction", view.direction == Direction::upstream ? "upstream" : "downstream"},
                      {"nodes", std::move(nodes)},
                      {"edges", std::move(edges)},
                      {"hidden", static_cast<std::int64_t>(view.closure.nodes.size() - columns.size())},
                      {"is_truncated", view.closure.is_truncated}};
}

std::string as_mermaid(const View& view) {
  const auto columns = shown(view);
  std::map<std::string, std::vector<std::uint32_t>> by_port;
  for (const auto column : columns) by_port[view.graph.port(view.graph.at(column).port)].push_back(column);
  std::string text = "flowchart LR\n";
  std::size_t number = 0;
  for (const auto& [port, each] : by_port) {
    text += format("  subgraph p{}[\"{}\"]\n", number++, port);
    for (const auto column : each) {
      const auto& name = view.graph.at(column).name;
      text += format("    c{}[\"{}\"]\n", column, name.empty() ? "(rows)" : name);
    }
    text += "  end\n";
  }
  std::set<std::string> lines;
  for (const auto& arrow : view.closure.arrows) {
    if (!columns.contains(arrow.from) || !columns.contains(arrow.to)) continue;
    const bool is_value = arrow.use == static_cast<std::uint8_t>(engine::Use::value);
    lines.insert(is_value ? format("  c{} --> c{}\n", arrow.from, arrow.to)
                          : format("  c{} -. {} .-> c{}\n", arrow.from, use_text(arrow.use), arrow.to));
  }
  for (const auto& line : lines) text += line;
  return text;
}

std::string as_tree(const View& view) { return Tree(view).text(); }

}  // namespace weft::lineage
