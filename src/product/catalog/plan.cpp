#include "product/catalog/plan.h"

#include <set>

#include "base/json.h"
#include "base/text.h"
#include "formats/odcs/diff.h"

namespace weft::catalog {
namespace {

constexpr std::size_t kFieldChangesMax = 200;

void compare_values(const std::string& pointer, const json::Value& before, const json::Value& after,
                    std::vector<FieldChange>& out) {
  if (before == after || out.size() >= kFieldChangesMax) return;
  if (before.is_object() && after.is_object()) {
    for (const auto& [key, value] : before.object())
      compare_values(yaml::pointer_to(pointer, key), value, after[key], out);
    for (const auto& [key, value] : after.object()) {
      if (!before.object().contains(key)) compare_values(yaml::pointer_to(pointer, key), json::Value(), value, out);
    }
    return;
  }
  if (before.is_array() && after.is_array()) {
    const json::Array &a = before.array(), &b = after.array();
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      compare_values(format("{}/{}", pointer, i), i < a.size() ? a[i] : json::Value(),
                     i < b.size() ? b[i] : json::Value(), out);
    }
    return;
  }
  out.push_back({pointer, before, after});
}

// Who uses a port: products whose input it is, pipelines and views whose SQL names it, grants on it.
std::vector<std::string> users_of(const mesh::MeshState& mesh, const mesh::PortName& port,
                                  const std::string& contract_id) {
  std::vector<std::string> users;
  const std::string product = port.domain + "." + port.product;
  for (const auto& [name, each] : mesh.products) {
    for (const mesh::InputPort& input : each.inputs) {
      if (!contract_id.empty() && input.contract_id == contract_id) users.push_back("product " + to_string(name));
    }
    for (const mesh::Port& view : each.ports) {
      if (!view.view_sql.empty() && view.name != port && view.view_sql.find(product) != std::string::npos)
        users.push_back("view " + to_string(view.name));
    }
  }
  for (const auto& [name, pipeline] : mesh.pipelines) {
    if (pipeline.output != port && pipeline.sql.find(product) != std::string::npos) users.push_back("pipeline " + name);
  }
  for (const std::string& target : {product, to_string(port)}) {
    const auto grants = mesh.grants_on.find(target);
    if (grants == mesh.grants_on.end()) continue;
    for (const std::size_t index : grants->second) users.push_back("grant to " + mesh.grants[index].to);
  }
  return users;
}

// Whether a change of a contract touches what a port serves: its own schema object, or what all objects share.
bool touches(const odcs::Change& change, const mesh::Port& port, const odcs::Contract& contract) {
  const std::string object = change.where.substr(0, change.where.find('.'));
  const bool is_object = std::any_of(contract.objects.begin(), contract.objects.end(),
                                     [&](const odcs::SchemaObject& each) { return each.name == object; });
  return !is_object || object == port.object;
}

// What of a port's contract breaks, by the one table of changes (formats/odcs/diff.h).
std::vector<std::string> breaking_changes(const mesh::MeshState& before, const mesh::Port& old,
                                          const mesh::MeshState& after, const mesh::Port& now) {
  std::vector<std::string> all;
  const mesh::Contract *was = before.contract(old.contract_id), *is = after.contract(now.contract_id);
  if (was == nullptr || (is != nullptr && was->raw == is->raw && old.object == now.object)) return all;
  if (is == nullptr) return {"its contract goes away"};
  for (const odcs::Change& change : odcs::diff(was->document, is->document)) {
    if (change.rule->weight == odcs::Weight::breaking && touches(change, old, was->document))
      all.push_back(format("{}: {}", change.where, change.message));
  }
  return all;
}

void find_versions(const mesh::MeshState& before, const mesh::MeshState& after, Comparison& comparison) {
  for (const auto& [id, contract] : before.contracts) {
    const mesh::Contract* now = after.contract(id);
    if (now == nullptr || now->raw == contract.raw) continue;
    const auto changes = odcs::diff(contract.document, now->document);
    std::string problem = odcs::version_problem(contract.document, now->document, changes);
    if (!problem.empty()) comparison.notices.push_back(format("contract {}: {}", id, problem));
  }
}

void find_breaking(const mesh::MeshState& before, const mesh::MeshState& after, Comparison& comparison) {
  for (const auto& [name, product] : before.products) {
    const mesh::Product* next = after.product(name);
    for (const mesh::Port& port : product.ports) {
      const mesh::Port* now = next == nullptr ? nullptr : after.port(port.name);
      std::vector<std::string> what;
      if (now == nullptr) {
        what.push_back("the port goes away");
      } else {
        what = breaking_changes(before, port, after, *now);
      }
      if (what.empty()) continue;
      const auto users = users_of(before, port.name, port.contract_id);
      for (std::string& each : what) comparison.breaking.push_back({to_string(port.name), std::move(each), users});
    }
  }
}

// Whoever still stands after the change and needs what goes away. Unknown references are reported by building the new
// mesh; this says it of products that others read by SQL or hold grants on.
void find_dependents(const mesh::MeshState& before, const mesh::MeshState& after, Comparison& comparison) {
  for (const auto& [name, product] : before.products) {
    if (after.product(name) != nullptr) continue;
    std::set<std::string> users;
    for (const mesh::Port& port : product.ports) {
      for (std::string& user : users_of(after, port.name, port.contract_id)) users.insert(std::move(user));
    }
    if (users.empty()) continue;
    Problem problem;
    problem.file = product.origin.file;
    problem.line = product.origin.line;
    problem.code = "mesh.in_use";
    problem.message = format("{} cannot be deleted: it is used by {}", to_string(name),
                             text::join({users.begin(), users.end()}, ", "));
    comparison.problems.push_back(std::move(problem));
  }
}

std::string_view name_of(Change::Kind kind) {
  return kind == Change::Kind::create ? "create" : kind == Change::Kind::change ? "change" : "delete";
}

}  // namespace

Comparison compare(const std::vector<Declared>& documents_before, const mesh::MeshState& before,
                   const std::vector<Declared>& documents_after, const mesh::MeshState& after) {
  Comparison comparison;
  std::map<std::string_view, const Declared*> old;
  for (const Declared& each : documents_before) old[each.key] = &each;
  std::set<std::string_view> kept;
  for (const Declared& now : documents_after) {
    kept.insert(now.key);
    const auto found = old.find(now.key);
    if (found == old.end()) {
      comparison.changes.push_back({.kind = Change::Kind::create, .before = nullptr, .after = &now, .fields = {}});
    } else if (found->second->text != now.text) {
      Change change{.kind = Change::Kind::change, .before = found->second, .after = &now, .fields = {}};
      compare_values("", found->second->value, now.value, change.fields);
      comparison.changes.push_back(std::move(change));
    }
  }
  for (const Declared& gone : documents_before) {
    if (!kept.contains(gone.key))
      comparison.changes.push_back({.kind = Change::Kind::remove, .before = &gone, .after = nullptr, .fields = {}});
  }
  if (comparison.changes.empty()) return comparison;
  find_breaking(before, after, comparison);
  find_versions(before, after, comparison);
  find_dependents(before, after, comparison);
  return comparison;
}

json::Value to_json(const Problem& problem) {
  return json::Object{{"file", problem.file},         {"line", problem.line}, {"column", problem.column},
                      {"severity", problem.severity}, {"code", problem.code}, {"message", problem.message},
                      {"pointer", problem.pointer}};
}

json::Value to_json(const Comparison& comparison) {
  json::Array changes, breaking, notices, problems;
  for (const Change& change : comparison.changes) {
    const Declared& document = change.after == nullptr ? *change.before : *change.after;
    json::Array fields;
    for (const FieldChange& field : change.fields)
      fields.push_back(json::Object{{"pointer", field.pointer}, {"before", field.before}, {"after", field.after}});
    json::Object object{{"action", name_of(change.kind)}, {"kind", document.kind}, {"name", document.name},
                        {"domain", document.domain},      {"file", document.file}, {"line", document.line}};
    object.set("fields", json::Value(std::move(fields)));
    changes.push_back(std::move(object));
  }
  for (const Breaking& each : comparison.breaking) {
    json::Array affected;
    for (const std::string& user : each.affected) affected.emplace_back(user);
    json::Object object{{"port", each.port}, {"what", each.what}};
    object.set("affected", json::Value(std::move(affected)));
    breaking.push_back(std::move(object));
  }
  for (const std::string& notice : comparison.notices) notices.emplace_back(notice);
  for (const Problem& problem : comparison.problems) problems.push_back(to_json(problem));
  json::Object answer;
  answer.set("changes", json::Value(std::move(changes)));
  answer.set("breaking", json::Value(std::move(breaking)));
  answer.set("notices", json::Value(std::move(notices)));
  answer.set("problems", json::Value(std::move(problems)));
  return answer;
}

}  // namespace weft::catalog
