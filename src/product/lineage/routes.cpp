#include "product/lineage/routes.h"

#include <algorithm>

#include "base/text.h"
#include "product/governance/governance.h"
#include "product/lineage/render.h"

namespace weft::lineage {
namespace {

constexpr int kDepthMax = 100;
constexpr std::size_t kNodesMax = 20'000;
constexpr std::size_t kArrowsMax = 100'000;
constexpr std::int64_t kQueryFactsMax = 10'000;

mesh::PortName port_name(std::string_view text) {
  const auto parts = text::split(text, '.');
  if (parts.size() != 3) return {};
  return {std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
}

std::function<bool(const std::string&)> permitted(const mesh::MeshState& mesh, const Principal& principal,
                                                  governance::Action action, Time now) {
  return [&mesh, &principal, action, now](const std::string& port) {
    return governance::decide(mesh, principal, action, port_name(port), now).is_allowed;
  };
}

std::vector<std::string> names_of(const mesh::Port& port) {
  std::vector<std::string> names;
  for (const auto& column : port.columns) names.push_back(column.name);
  return names;
}

struct Start {
  std::string port;
  std::vector<std::string> columns;
};

// domain.product.column, domain.product.port.column, or domain.product for all columns of its port.
Result<Start> start_of(const mesh::MeshState& mesh, std::string_view column) {
  std::vector<std::string> parts;
  for (const auto part : text::split(column, '.')) parts.emplace_back(part);
  if (parts.size() < 2 || parts.size() > 4 || std::ranges::any_of(parts, &std::string::empty)) {
    return fail(ErrorKind::invalid, "lineage.malformed_column",
                "{} names no column; write domain.product.column or domain.product.port.column", column);
  }
  if (parts.size() == 2) {
    const mesh::Port* port = TRY(mesh.resolve(parts));
    return Start{.port = mesh::to_string(port->name), .columns = names_of(*port)};
  }
  const std::string last = parts.back();
  parts.pop_back();
  const mesh::Port* port = TRY(mesh.resolve(parts));
  const auto names = names_of(*port);
  if (std::ranges::find(names, last) == names.end()) {
    return fail(ErrorKind::not_found, "lineage.unknown_column", "{} has no column {}{}", mesh::to_string(port->name),
                last, text::did_you_mean(last, names));
  }
  return Start{.port = mesh::to_string(port->name), .columns = {last}};
}

Result<Direction> direction_of(const Request& request) {
  const auto text = request.query_or("direction", "upstream");
  if (text == "upstream") return Direction::upstream;
  if (text == "downstream") return Direction::downstream;
  return fail(ErrorKind::invalid, "request.parameter", "direction is upstream or downstream, not {}", text);
}

Result<int> depth_of(const Request& request) {
  const auto text = request.query_or("depth", "");
  if (text.empty()) return kDepthMax;
  const auto depth = text::parse_integer(text);
  if (!depth || *depth < 1 || *depth > kDepthMax)
    return fail(ErrorKind::invalid, "request.parameter", "depth is from 1 to {}, not {}", kDepthMax, text);
  return static_cast<int>(*depth);
}

}  // namespace

Answer answer_lineage(const Recorded& lineage, const catalog::Catalog& catalog, const Request& request) {
  const auto mesh = catalog.current();
  const auto column = request.query_or("column", "");
  if (column.empty())
    return fail(ErrorKind::invalid, "request.parameter", "column is missing: column=domain.product.column");
  const auto start = TRY(start_of(*mesh, column));
  const auto direction = TRY(direction_of(request));
  const auto depth = TRY(depth_of(request));
  const auto format_wanted = request.query_or("format", "json");
  if (format_wanted != "json" && format_wanted != "mermaid" && format_wanted != "tree") {
    return fail(ErrorKind::invalid, "request.parameter", "format is json, mermaid or tree, not {}", format_wanted);
  }
  const auto now = lineage.now();
  TRY(governance::require(
      governance::decide(*mesh, request.principal, governance::Action::discover, port_name(start.port), now),
      request.principal, governance::Action::discover, start.port));
  const auto graph = TRY(lineage.graph());
  std::vector<std::uint32_t> columns;
  for (const auto& name : start.columns) {
    if (const auto at = graph->find(start.port, name)) columns.push_back(*at);
  }
  const auto closure =
      closure_of(*graph, columns, direction, {.depth_max = depth, .nodes_max = kNodesMax, .arrows_max = kArrowsMax});
  const View view{.graph = *graph,
                  .closure = closure,
                  .direction = direction,
                  .may_know = permitted(*mesh, request.principal, governance::Action::discover, now),
                  .may_read = permitted(*mesh, request.principal, governance::Action::read, now)};
  if (format_wanted == "mermaid") return Response::text(as_mermaid(view));
  if (format_wanted == "tree") {
    return Response::text(
        columns.empty()
            ? format("{}\n   no lineage recorded: it is filled by publishes only, or its pipeline has not run yet\n",
                     column)
            : as_tree(view));
  }
  auto answer = as_json(view);
  answer.object().set("column", column);
  return Response::json(answer);
}

Answer answer_coverage(const Recorded& lineage, const catalog::Catalog& catalog, const Request& request) {
  const auto mesh = catalog.current();
  const auto page = TRY(page_of(request));
  const auto graph = TRY(lineage.graph());
  json::Array items;
  std::optional<std::string> next;
  for (const auto& [name, product] : mesh->products) {
    const std::string text = mesh::to_string(name);
    if (text <= page.after && !page.after.empty()) continue;
    if (!governance::decide(*mesh, request.principal, governance::Action::discover, name, lineage.now()).is_allowed)
      continue;
    if (items.size() == static_cast<std::size_t>(page.limit)) {
      next = items.back()["product"].text();
      break;
    }
    const auto coverage = coverage_of(*mesh, product, *graph);
    json::Array missing;
    for (const auto& each : coverage.missing) missing.emplace_back(each);
    items.push_back(json::Object{
        {"product", text},
        {"columns", static_cast<std::int64_t>(coverage.columns)},
        {"covered", static_cast<std::int64_t>(coverage.covered)},
        {"ratio",
         coverage.columns == 0 ? 1.0 : static_cast<double>(coverage.covered) / static_cast<double>(coverage.columns)},
        {"missing", std::move(missing)}});
  }
  return Response::json(page_answer(std::move(items), next));
}

SystemTable lineage_columns_table(const Recorded& lineage, const catalog::Catalog& catalog) {
  SystemTable table;
  table.name = "lineage_columns";
  table.summary = "Which column feeds which, by pipelines, views and queries";
  table.columns = {{"source_kind", "string", "pipeline, view or query."},
                   {"name", "string", "The pipeline, the view's port, or the first query that did this."},
                   {"from_port", "string", "The port that was read."},
                   {"from_column", "string", "Its column."},
                   {"to_port", "string", "The port that is fed; none for queries."},
                   {"to_column", "string", "Its column; none where the rows as a whole depend on it."},
                   {"use", "string", "value, filter, join, group, order or window."},
                   {"recorded", "timestamptz", "When it was first seen."}};
  table.rows = [&lineage, &catalog](const Principal& asker, const std::vector<std::string>&,
                                    const std::function<Result<>(json::Object)>& row) -> Result<> {
    const auto mesh = catalog.current();
    const auto may_know = permitted(*mesh, asker, governance::Action::discover, lineage.now());
    return lineage.store().read([&](store::Session& session) -> Result<> {
      std::map<std::uint32_t, ColumnName> columns;
      TRY(session.each("SELECT id, port, name FROM lineage_column", {}, [&](const store::Row& each) -> Result<> {
        columns[static_cast<std::uint32_t>(each.integer(0))] = {.port = each.text(1), .name = each.text(2)};
        return {};
      }));
      const auto give = [&](StoredFact fact) -> Result<> {
        for (const auto& edge : fact.edges) {
          const auto& from = columns[edge.from];
          const auto& to = columns[edge.to];
          if (!may_know(from.port) || (!to.port.empty() && !may_know(to.port))) continue;
          TRY(row({{"source_kind", fact.source},
                   {"name", fact.name},
                   {"from_port", from.port},
                   {"from_column", from.name},
                   {"to_port", to.port.empty() ? json::Value() : json::Value(to.port)},
                   {"to_column", to.name.empty() ? json::Value() : json::Value(to.name)},
                   {"use", engine::to_string(static_cast<engine::Use>(edge.use))},
                   {"recorded", to_rfc3339(time_of(fact.recorded))}}));
        }
        return {};
      };
      TRY(each_current(session, give));
      // What others ask is theirs and the administrators'.
      if (!asker.is_administrator) return {};
      return each_query(session, kQueryFactsMax, give);
    });
  };
  return table;
}

}  // namespace weft::lineage
