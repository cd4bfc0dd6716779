#include "product/impact/impact.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "product/lineage/lineage.h"

namespace weft::impact {
namespace {

// What domains ask, their views and pipelines ask: those are looked at by themselves.
constexpr std::string_view kAsked =
    "SELECT q.sql, a.principal, COUNT(*), MAX(a.time), MAX(a.columns) FROM query_accesses a JOIN queries q ON q.id = "
    "a.query_id WHERE a.name = ?1 AND a.time >= ?2 AND a.principal NOT LIKE 'domain:%' GROUP BY q.sql, a.principal "
    "ORDER BY 4 DESC LIMIT ?3";

// The columns of a port that a change touches, and those that are new.
struct Touched {
  std::set<std::string> changed, added;
  bool any() const { return !changed.empty() || !added.empty(); }
};

Touched touched_of(const mesh::Port& before, const mesh::Port& after) {
  Touched touched;
  for (const mesh::Column& old : before.columns) {
    const auto now = std::find_if(after.columns.begin(), after.columns.end(),
                                  [&](const mesh::Column& each) { return each.name == old.name; });
    if (now == after.columns.end() || !(now->type == old.type)) touched.changed.insert(old.name);
  }
  for (const mesh::Column& now : after.columns) {
    const bool is_new = std::none_of(before.columns.begin(), before.columns.end(),
                                     [&](const mesh::Column& each) { return each.name == now.name; });
    if (is_new) touched.added.insert(now.name);
  }
  return touched;
}

// Whether a text may mean columns that it does not name.
bool means_all_columns(std::string_view sql) {
  const std::string lower = text::lower(sql);
  return lower.find('*') != std::string::npos || lower.find("natural") != std::string::npos ||
         lower.find("using") != std::string::npos;
}

bool names_any(std::string_view sql, const std::set<std::string>& names) {
  const std::string lower = text::lower(sql);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return lower.find(text::lower(name)) != std::string::npos; });
}

std::string first_common(const std::set<std::string>& a, const std::vector<std::string>& b) {
  for (const std::string& each : b) {
    if (a.contains(each)) return each;
  }
  return "";
}

std::vector<std::string> columns_read(const lineage::Declared& bound, const mesh::PortName& port) {
  for (std::size_t i = 0; i < bound.relations.size() && i < bound.plan.relations.size(); ++i) {
    if (bound.relations[i] == port) return bound.plan.relations[i].columns;
  }
  return {};
}

enum class Seen { unrelated, fine, hurt };

// What becomes of one text: bound against both meshes and compared.
class Rebinding {
 public:
  Rebinding(const mesh::MeshState& before, const mesh::MeshState& after, const mesh::PortName& port,
            const Touched& touched, engine::Engine& engine, std::stop_token stop)
      : before_(before), after_(after), port_(port), touched_(touched), engine_(engine), stop_(std::move(stop)) {}

  // `sql_after`: a view or pipeline may change with the contract. Fills in what the consumer loses.
  Result<Seen> look(const std::string& sql_before, const std::string& sql_after, Consumer& consumer) {
    const auto old = bound(before_, sql_before);
    if (!old) {
      // It did not work before either: the change does not break it.
      return is_of_text(old.error()) ? Result<Seen>(Seen::unrelated) : Result<Seen>(fail(old.error()));
    }
    if (std::find(old->relations.begin(), old->relations.end(), port_) == old->relations.end()) return Seen::unrelated;
    consumer.column = first_common(touched_.changed, columns_read(*old, port_));
    const auto now = bound(after_, sql_after);
    if (!now) {
      if (!is_of_text(now.error())) return fail(now.error());
      consumer.breaks = true;
      consumer.why = now.error().message.substr(0, now.error().message.find('\n'));
      return Seen::hurt;
    }
    return compare(old->plan, now->plan, consumer) ? Seen::hurt : Seen::fine;
  }

 private:
  static bool is_of_text(const Error& error) {
    return error.kind == ErrorKind::invalid || error.kind == ErrorKind::not_found || error.kind == ErrorKind::denied ||
           error.kind == ErrorKind::limit || error.kind == ErrorKind::unsupported;
  }

  Result<lineage::Declared> bound(const mesh::MeshState& mesh, const std::string& sql) {
    if (!session_) session_ = TRY(engine_.session(engine::WorkClass::batch, engine::Limits{}, stop_));
    auto answer = lineage::bind_declared(mesh, *session_, sql);
    if (!answer && (!is_of_text(answer.error()) || answer.error().kind == ErrorKind::limit)) session_.reset();
    return answer;
  }

  static bool compare(const engine::Plan& old, const engine::Plan& now, Consumer& consumer) {
    for (const engine::OutputColumn& was : old.columns) {
      const auto is = std::find_if(now.columns.begin(), now.columns.end(),
                                   [&](const engine::OutputColumn& each) { return each.name == was.name; });
      if (is == now.columns.end()) {
        consumer.breaks = true;
        consumer.why = format("its answer loses column {}", was.name);
        return true;
      }
      if (is->engine_type == was.engine_type) continue;
      const bool is_wider = !was.type.is_null() && !is->type.is_null() && odcs::widens(was.type, is->type);
      consumer.breaks = consumer.breaks || !is_wider;
      consumer.why =
          format("column {} of its answer becomes {} instead of {}", was.name, is->engine_type, was.engine_type);
      if (!is_wider) return true;
    }
    return !consumer.why.empty();
  }

  const mesh::MeshState &before_, &after_;
  const mesh::PortName& port_;
  const Touched& touched_;
  engine::Engine& engine_;
  std::stop_token stop_;
  std::unique_ptr<engine::Session> session_;
};

// A text that reads the port by any of its names: a first look, the binding decides.
bool may_read(std::string_view sql, const mesh::PortName& port) {
  const std::string lower = text::lower(sql);
  return lower.find(port.product) != std::string::npos;
}

void sort_consumers(std::vector<Consumer>& all) {
  std::stable_sort(all.begin(), all.end(), [](const Consumer& a, const Consumer& b) {
    return std::tuple(!a.breaks, -a.uses) < std::tuple(!b.breaks, -b.uses);
  });
}

std::string times(std::int64_t uses) { return uses == 1 ? "once" : format("{} times", uses); }

std::string shortened(const std::string& sql) {
  std::string line;
  for (const char c : sql) line += c == '\n' || c == '\t' ? ' ' : c;
  return line.size() > 60 ? line.substr(0, 57) + "…" : line;
}

// "pipeline departures (its answer loses column delay), a query of ada@example.com (…; 12 times)".
std::string broken_names(const Impact& impact) {
  constexpr std::size_t kNamed = 5;
  std::string all;
  std::size_t count = 0;
  for (const Consumer& each : impact.consumers) {
    if (!each.breaks) continue;
    if (++count > kNamed) continue;
    if (!all.empty()) all += ", ";
    if (each.kind == "query")
      all += format("a query of {} (`{}`, {}, last {}: {})", each.principal, shortened(each.name), times(each.uses),
                    each.last_use.substr(0, 10), each.why);
    else
      all += format("{} {} of {} ({})", each.kind, each.name, each.owner, each.why);
  }
  if (count > kNamed) all += format(" and {} more", count - kNamed);
  return all;
}

void decide(Impact& impact) {
  const auto broken =
      std::count_if(impact.consumers.begin(), impact.consumers.end(), [](const Consumer& each) { return each.breaks; });
  const bool is_breaking = !impact.changes.empty() && impact.changes.front().rule->weight == odcs::Weight::breaking;
  if (broken > 0) {
    impact.verdict = Verdict::refused;
    impact.reasons.push_back(format("{} of {} observed consumers would break", broken, impact.observed));
  } else if (is_breaking && !impact.version_problem.empty()) {
    impact.verdict = Verdict::needs_new_major;
    impact.reasons.push_back(impact.version_problem);
  } else if (is_breaking) {
    impact.verdict = Verdict::accept_with_notice;
    impact.reasons.push_back("the change is breaking by its text, and nobody was observed to read what it touches");
  } else if (!impact.consumers.empty() || !impact.version_problem.empty()) {
    impact.verdict = Verdict::accept_with_notice;
    if (!impact.consumers.empty())
      impact.reasons.push_back(format("the answers of {} consumers become wider", impact.consumers.size()));
    if (!impact.version_problem.empty()) impact.reasons.push_back(impact.version_problem);
  } else {
    impact.reasons.push_back(impact.changes.empty() ? "nothing changes" : "nothing that exists is hurt");
  }
}

}  // namespace

struct Assessor::Asked {
  Consumer consumer;
  std::vector<std::string> columns;  // That the query was recorded to read.
};

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::accept:
      return "accept";
    case Verdict::accept_with_notice:
      return "accept with notice";
    case Verdict::needs_new_major:
      return "needs new major";
    case Verdict::refused:
      return "refused";
  }
  return "refused";
}

Result<std::vector<Assessor::Asked>> Assessor::asked(const mesh::PortName& port) const {
  const std::int64_t since = micros(clock_.now() - kWindow);
  return store_.read_value<std::vector<Asked>>([&](store::Session& session) -> Result<std::vector<Asked>> {
    std::vector<Asked> all;
    TRY(session.each(kAsked, {mesh::to_string(port), since, std::int64_t{kShapesMax}},
                     [&](const store::Row& row) -> Result<> {
                       Asked one{.consumer = {.kind = "query",
                                              .name = row.text(0),
                                              .owner = {},
                                              .principal = row.text(1),
                                              .uses = row.integer(2),
                                              .last_use = to_rfc3339(time_of(row.integer(3))),
                                              .column = {},
                                              .why = {}},
                                 .columns = {}};
                       const auto columns = json::parse(row.text(4));
                       if (columns && columns->is_array()) {
                         for (const json::Value& each : columns->array()) one.columns.emplace_back(each.text_or(""));
                       }
                       all.push_back(std::move(one));
                       return {};
                     }));
    return all;
  });
}

namespace {

// A text that somebody keeps in the mesh: a view's or a pipeline's.
struct Kept {
  Consumer consumer;
  std::string before, after;
};

std::vector<Kept> kept_texts(const mesh::MeshState& before, const mesh::MeshState& after, const mesh::PortName& port) {
  std::vector<Kept> all;
  const auto add = [&](std::string_view kind, std::string name, std::string owner, const std::string& was,
                       const std::string& is) {
    if (may_read(was, port))
      all.push_back({{.kind = std::string(kind),
                      .name = std::move(name),
                      .owner = std::move(owner),
                      .principal = {},
                      .last_use = {},
                      .column = {},
                      .why = {}},
                     was,
                     is});
  };
  for (const auto& [name, product] : before.products) {
    for (const mesh::Port& view : product.ports) {
      const mesh::Port* now = view.view_sql.empty() ? nullptr : after.port(view.name);
      if (now != nullptr && view.name != port && !now->view_sql.empty())
        add("view", mesh::to_string(view.name), name.domain, view.view_sql, now->view_sql);
    }
  }
  for (const auto& [name, pipeline] : before.pipelines) {
    const auto now = after.pipelines.find(name);
    if (now != after.pipelines.end() && pipeline.output != port)
      add("pipeline", name, pipeline.domain, pipeline.sql, now->second.sql);
  }
  return all;
}

}  // namespace

Result<Impact> Assessor::assess(const mesh::MeshState& before, const mesh::MeshState& after, const mesh::PortName& port,
                                std::stop_token stop) const {
  Impact impact{.port = port, .changes = {}, .version_problem = {}, .consumers = {}, .reasons = {}};
  const mesh::Port *old = before.port(port), *now = after.port(port);
  CHECK(old != nullptr && now != nullptr);
  const mesh::Contract *was = before.contract(old->contract_id), *is = after.contract(now->contract_id);
  if (was != nullptr && is != nullptr) {
    impact.changes = odcs::diff(was->document, is->document);
    impact.version_problem = odcs::version_problem(was->document, is->document, impact.changes);
  }
  const Touched touched = touched_of(*old, *now);
  auto queries = TRY(asked(port));
  Rebinding rebinding(before, after, port, touched, engine_, stop);
  for (Kept& each : kept_texts(before, after, port)) {
    const Seen seen = touched.any() || each.before != each.after
                          ? TRY(rebinding.look(each.before, each.after, each.consumer))
                          : Seen::fine;
    if (seen != Seen::unrelated) ++impact.observed;
    if (seen == Seen::hurt) impact.consumers.push_back(std::move(each.consumer));
  }
  std::map<std::string, std::pair<Seen, Consumer>> known;  // One binding for all who ask the same.
  for (Asked& each : queries) {
    ++impact.observed;
    const std::string& sql = each.consumer.name;
    const bool is_touched = !first_common(touched.changed, each.columns).empty() || means_all_columns(sql) ||
                            names_any(sql, touched.added) || names_any(sql, touched.changed);
    if (!touched.any() || !is_touched) continue;
    auto found = known.find(sql);
    if (found == known.end()) {
      Consumer about;
      const Seen seen = TRY(rebinding.look(sql, sql, about));
      found = known.emplace(sql, std::pair(seen, std::move(about))).first;
    }
    if (found->second.first != Seen::hurt) continue;
    each.consumer.column = found->second.second.column;
    each.consumer.why = found->second.second.why;
    each.consumer.breaks = found->second.second.breaks;
    impact.consumers.push_back(std::move(each.consumer));
  }
  sort_consumers(impact.consumers);
  decide(impact);
  return impact;
}

void Assessor::check(const mesh::MeshState& before, const mesh::MeshState& after,
                     std::vector<catalog::Problem>& problems) const {
  for (const auto& [name, product] : before.products) {
    for (const mesh::Port& port : product.ports) {
      const mesh::Port* now = after.port(port.name);
      if (now == nullptr || !touched_of(port, *now).any()) continue;
      const auto impact = assess(before, after, port.name, {});
      catalog::Problem problem{
          .file = now->contract_id.empty() ? std::string() : after.contract(now->contract_id)->origin.file,
          .line = now->contract_id.empty() ? 0 : after.contract(now->contract_id)->origin.line,
          .column = 1};
      if (!impact) {
        problem.code = impact.error().code;
        problem.message =
            format("who reads {} cannot be judged: {}", mesh::to_string(port.name), impact.error().message);
        problems.push_back(std::move(problem));
        continue;
      }
      if (impact->verdict != Verdict::refused) continue;
      problem.code = "contract.breaks_consumers";
      problem.message =
          format("{} would break {}; keep the old columns, or add the new ones as a port of a new major version",
                 mesh::to_string(port.name), broken_names(*impact));
      problems.push_back(std::move(problem));
    }
  }
}

}  // namespace weft::impact
