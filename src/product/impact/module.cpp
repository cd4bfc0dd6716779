#include "app/module.h"

#include "base/check.h"
#include "base/text.h"
#include "product/governance/governance.h"
#include "product/impact/commands.h"
#include "product/impact/impact.h"

namespace weft::impact {
namespace {

constexpr std::size_t kBodyMax = 24 << 20;

constexpr std::string_view kRequest = R"json({
  "type": "object", "required": ["contract"], "additionalProperties": false,
  "properties": {"contract": {"type": "string", "description": "The proposed contract, as YAML or JSON text; its id names the one that it replaces."}}})json";

constexpr std::string_view kAnswer = R"json({
  "type": "object", "required": ["port", "verdict", "reasons", "changes", "consumers", "observed"],
  "properties": {
    "port": {"type": "string"}, "verdict": {"enum": ["accept", "accept with notice", "needs new major", "refused"]},
    "reasons": {"type": "array", "items": {"type": "string"}}, "observed": {"type": "integer"},
    "changes": {"type": "array", "items": {"type": "object"}},
    "consumers": {"type": "array", "items": {"type": "object"}}}})json";

Answer answer_impact(const Assessor& assessor, catalog::Catalog& catalog, Clock& clock, Request& request) {
  const mesh::PortName port{std::string(request.param("domain")), std::string(request.param("product")),
                            std::string(request.param("port"))};
  const auto before = catalog.current();
  if (before->port(port) == nullptr) {
    TRY(before->resolve(mesh::to_string(port)));  // Says what there is instead.
    return fail(ErrorKind::not_found, "port.unknown", "there is no port {}", mesh::to_string(port));
  }
  // Who sees others' queries must answer for the product.
  const auto action = governance::Action::declare;
  const auto decision = governance::decide(*before, request.principal, action, port, clock.now());
  TRY(governance::require(decision, request.principal, action, mesh::to_string(port)));
  const json::Value body = TRY(request.json(kBodyMax));
  const auto after =
      TRY(catalog.with_contract({.path = "proposed", .text = std::string(body["contract"].text_or(""))}));
  if (after->port(port) == nullptr)
    return fail(ErrorKind::invalid, "contract.port", "the proposed contract no longer has the object of {}",
                mesh::to_string(port));
  return Response::json(to_json(TRY(assessor.assess(*before, *after, port, request.cancelled))));
}

Result<> install(App& app) {
  auto& catalog = app.use<catalog::Catalog>();
  auto& assessor = app.emplace<Assessor>(app.store(), app.engine(), app.clock());
  app.route({.method = "POST",
             .path = "/v1/products/{domain}/{product}/ports/{port}:impact",
             .access = Access::signed_in,
             .summary = "Who would be hurt by a proposed contract of a port, and the verdict",
             .handler = [&](Request& request) { return answer_impact(assessor, catalog, app.clock(), request); },
             .lane = Lane::heavy,
             .request_schema = std::string(kRequest),
             .response_schema = std::string(kAnswer)});
  catalog.add_participant(
      {.check = [&assessor](const mesh::MeshState& before, const mesh::MeshState& after,
                            std::vector<catalog::Problem>& problems) { assessor.check(before, after, problems); },
       .commit = {}});
  return {};
}

}  // namespace

json::Value to_json(const Impact& impact) {
  json::Array changes, consumers, reasons;
  for (const odcs::Change& each : impact.changes) {
    changes.push_back(json::Object{{"weight", odcs::to_string(each.rule->weight)},
                                   {"code", each.rule->code},
                                   {"where", each.where},
                                   {"hurts", each.rule->hurts},
                                   {"message", each.message}});
  }
  for (const Consumer& each : impact.consumers) {
    if (consumers.size() >= kConsumersShown) break;
    consumers.push_back(
        json::Object{{"kind", each.kind},
                     {"name", each.name},
                     {"owner", each.owner.empty() ? json::Value() : json::Value(each.owner)},
                     {"principal", each.principal.empty() ? json::Value() : json::Value(each.principal)},
                     {"uses", each.uses},
                     {"last_use", each.last_use.empty() ? json::Value() : json::Value(each.last_use)},
                     {"column", each.column.empty() ? json::Value() : json::Value(each.column)},
                     {"breaks", each.breaks},
                     {"why", each.why}});
  }
  for (const std::string& each : impact.reasons) reasons.emplace_back(each);
  json::Object answer{{"port", mesh::to_string(impact.port)}, {"verdict", to_string(impact.verdict)}};
  answer.set("reasons", std::move(reasons));
  answer.set("observed", impact.observed);
  answer.set("affected", impact.consumers.size());
  answer.set("changes", std::move(changes));
  answer.set("consumers", std::move(consumers));
  return json::Value(std::move(answer));
}

extern const Module kModule;
const Module kModule{.name = "impact", .migrations = {}, .install = install, .commands = commands};

}  // namespace weft::impact
